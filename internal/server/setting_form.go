package server

import (
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/web/templates"
)

// settingForm asks for an endpoint, new or as it is.
func (s *Server) settingForm(c echo.Context, k setting) (view, error) {
	fields, err := s.settingFields(c.Request().Context(), k, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return settingView(k, c.Param("id"), fields, nil), nil
}

// settingFields are the fields of a kind with what an endpoint has in them.
func (s *Server) settingFields(ctx context.Context, k setting, id string) ([]templates.Field, error) {
	asked, err := k.fields(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []templates.Field
	for i, f := range asked {
		field := templates.Field{Name: f.Name, Label: f.Label, Hint: f.Hint, Heading: f.Heading, Under: f.Under, Placeholder: f.Placeholder,
			Type: string(f.Type), Value: f.Value, Optional: f.Optional, Mono: f.Mono, Focus: i == 0}
		if f.Mono && f.Type == endpoint.Line && (f.Name == "login" || f.Name == "access_key_id") {
			field.Autocomplete = "off"
		}
		for _, o := range f.Options {
			field.Options = append(field.Options, templates.Option{Value: o.Value, Label: o.Label, Hint: o.Hint})
		}
		switch f.Type {
		case endpoint.Password:
			field.Autocomplete, field.Hint = "off", "Stored sealed; nobody can read it here afterwards."
			if id != "" {
				field.Optional, field.Hint = true, "Leave empty to keep the stored one."
			}
		case endpoint.Accounts:
			field.Type = "select"
			err = s.accountOptions(ctx, &field)
		case endpoint.Folders:
			field.Type = "select"
			err = s.folderOptions(ctx, &field)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, field)
	}
	return out, nil
}

func (s *Server) accountOptions(ctx context.Context, f *templates.Field) error {
	accounts, err := s.Endpoints.Accounts(ctx)
	for _, a := range accounts {
		f.Options = append(f.Options, templates.Option{Value: a.ID, Label: a.Name + " · " + a.AccessKeyID})
	}
	if len(accounts) == 0 {
		f.Hint = "There is none yet: add a cloud account first."
	}
	return err
}

// folderOptions offers the folders that this machine sees.
func (s *Server) folderOptions(ctx context.Context, f *templates.Field) error {
	buckets, err := s.Endpoints.Buckets(ctx)
	for _, b := range buckets {
		if !b.Service {
			f.Options = append(f.Options, templates.Option{Value: b.ID, Label: b.Name + " · " + b.Path})
		}
	}
	if len(f.Options) == 0 {
		f.Hint = "There is none yet: add the folder under Settings, Folders, first."
	}
	return err
}

func settingView(k setting, id string, fields []templates.Field, refused error) view {
	v := templates.FormPage{Title: "Add " + article(k.thing) + " " + k.thing, Intro: k.intro, Crumbs: []templates.Link{{Text: "Settings", Href: "/settings"}, {Text: capital(k.thing)}},
		Form: templates.Form{Action: "/settings/" + k.page, Submit: "Save", Cancel: "/settings#" + k.page, Fields: fields, Problem: problemOf(refused)}}
	if id != "" {
		v.Title, v.Form.Action = "Change the "+k.thing, "/settings/"+k.page+"/"+id
	}
	out := view{title: v.Title, section: "settings", page: func(f templates.Frame) templ.Component { return templates.FormPageView(f, v) }}
	if refused != nil {
		out.status = http.StatusUnprocessableEntity
	}
	return out
}

// article is "an" before what is spoken with a vowel at the beginning.
func article(thing string) string {
	if strings.ContainsAny(thing[:1], "aeioAEIO") {
		return "an"
	}
	return "a"
}

func (s *Server) settingSave(c echo.Context, k setting) error {
	id := c.Param("id")
	form := func(name string) string {
		if v := c.FormValue(name); name == "password" {
			return v
		}
		return strings.TrimSpace(c.FormValue(name))
	}
	err := k.save(c.Request().Context(), s.editing(c), id, form)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		fields, fieldsErr := s.settingFields(c.Request().Context(), k, id)
		if fieldsErr != nil {
			return fieldsErr
		}
		for i := range fields {
			if fields[i].Type != "password" {
				fields[i].Value = c.FormValue(fields[i].Name)
			}
		}
		return s.refused(c, settingView(k, id, fields, err))
	}
	if err != nil {
		return err
	}
	s.say(c, templates.ToneOK, "The "+k.thing+" is saved.")
	return seeOther(c, "/settings#"+k.page)
}

// settingAskRemove asks for the name before a thing is forgotten.
func (s *Server) settingAskRemove(c echo.Context, k setting) (view, error) {
	name, err := k.name(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return removal{thing: k.thing, name: name, href: "/settings/" + k.page + "/" + c.Param("id"), back: "/settings#" + k.page,
		points: []string{"Bakplane forgets how to reach it. The thing itself, and everything in it, stays as it is.", "What still needs it keeps it from being removed."}}.ask(nil), nil
}

func (s *Server) settingRemove(c echo.Context, k setting) error {
	ctx, id := c.Request().Context(), c.Param("id")
	name, err := k.name(ctx, id)
	if err != nil {
		return err
	}
	if err = typed(c, name); err == nil {
		err = k.remove(ctx, id, s.entry(c, k.subject+".remove", k.subject+"/"+id, "Removed the "+k.thing+" "+name+"."))
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.settingAskRemove(c, k)
		return s.askAgain(c, v, viewErr, err)
	}
	if err != nil {
		return err
	}
	s.say(c, templates.ToneOK, "The "+k.thing+" is removed.")
	return seeOther(c, "/settings#"+k.page)
}
