package settings

import (
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/settings"
)

// settingForm asks for an endpoint, new or as it is.
func (s *Pages) settingForm(c echo.Context, k setting) (server.View, error) {
	fields, err := s.settingFields(c.Request().Context(), k, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	if c.Param("id") == "" {
		for i := range fields { // what a list of the cloud filled in
			if value := c.QueryParam(fields[i].Name); value != "" && fields[i].Type != "password" {
				fields[i].Value = server.Clip(value, mostGiven)
			}
		}
	}
	return settingView(k, c.Param("id"), fields, nil), nil
}

// mostGiven is how much of a query fills a field, in bytes.
const mostGiven = 500

// settingFields are the fields of a kind with what an endpoint has in them.
func (s *Pages) settingFields(ctx context.Context, k setting, id string) ([]kit.Field, error) {
	asked, err := k.fields(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []kit.Field
	for i, f := range asked {
		field := kit.Field{Name: f.Name, Label: f.Label, Hint: f.Hint, Heading: f.Heading, Under: f.Under, Placeholder: f.Placeholder,
			Type: string(f.Type), Value: f.Value, Optional: f.Optional, Mono: f.Mono, Focus: i == 0}
		if f.Mono && f.Type == endpoint.Line && (f.Name == "login" || f.Name == "access_key_id") {
			field.Autocomplete = "off"
		}
		for _, o := range f.Options {
			field.Options = append(field.Options, kit.Option{Value: o.Value, Label: o.Label, Hint: o.Hint})
		}
		switch f.Type {
		case endpoint.Password:
			field.Autocomplete, field.Hint = "off", "Stored sealed; nobody can read it here afterwards."
			if id != "" {
				field.Optional, field.Hint = true, "Leave empty to keep the stored one."
			}
		case endpoint.Accounts:
			field.Type = "select"
			if f.Optional {
				field.Options = append(field.Options, kit.Option{Label: f.Placeholder})
			}
			err = s.accountOptions(ctx, &field)
		case endpoint.Folders:
			field.Type = "select"
			err = s.folderOptions(ctx, &field)
		case endpoint.Services:
			field.Type = "select"
			if f.Optional {
				field.Options = append(field.Options, kit.Option{Label: f.Placeholder})
			}
			err = s.serviceOptions(ctx, &field)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, field)
	}
	return out, nil
}

func (s *Pages) accountOptions(ctx context.Context, f *kit.Field) error {
	accounts, err := s.Endpoints.Accounts(ctx)
	for _, a := range accounts {
		f.Options = append(f.Options, kit.Option{Value: a.ID, Label: accountLabel(a)})
	}
	if len(accounts) == 0 && !f.Optional {
		f.Hint = "There is none yet: add a cloud account first."
	}
	return err
}

func accountLabel(a endpoint.Account) string {
	if a.AccessKeyID == "" || a.Name == a.AccessKeyID {
		return a.Name
	}
	return a.Name + " · " + a.AccessKeyID
}

// folderOptions offers the folders that this machine sees.
func (s *Pages) folderOptions(ctx context.Context, f *kit.Field) error {
	buckets, err := s.Endpoints.Buckets(ctx)
	for _, b := range buckets {
		if !b.Service {
			f.Options = append(f.Options, kit.Option{Value: b.ID, Label: b.Name + " · " + b.Path})
		}
	}
	if len(f.Options) == 0 {
		f.Hint = "There is none yet: add the folder under Settings, Folders, first."
	}
	return err
}

// serviceOptions offers the buckets that services keep.
func (s *Pages) serviceOptions(ctx context.Context, f *kit.Field) error {
	buckets, err := s.Endpoints.Buckets(ctx)
	for _, b := range buckets {
		if b.Service {
			f.Options = append(f.Options, kit.Option{Value: b.ID, Label: b.Name + " · " + b.Bucket})
		}
	}
	return err
}

func settingView(k setting, id string, fields []kit.Field, refused error) server.View {
	v := views.FormPage{Title: "Add " + article(k.thing) + " " + k.thing, Intro: k.intro, Crumbs: []kit.Link{{Text: "Settings", Href: "/settings"}, {Text: server.Capital(k.thing)}},
		Form: kit.Form{Action: "/settings/" + k.page, Submit: "Save", Cancel: "/settings#" + k.page, Fields: fields, Problem: server.ProblemOf(refused)}}
	if id != "" {
		v.Title, v.Form.Action = "Change the "+k.thing, "/settings/"+k.page+"/"+id
	}
	out := server.View{Title: v.Title, Section: "settings", Page: func(f kit.Frame) templ.Component { return views.FormPageView(f, v) }}
	if refused != nil {
		out.Status = http.StatusUnprocessableEntity
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

func (s *Pages) settingSave(c echo.Context, k setting) error {
	id := c.Param("id")
	form := func(name string) string {
		if v := c.FormValue(name); name == "password" {
			return v
		}
		return strings.TrimSpace(c.FormValue(name))
	}
	err := k.save(c.Request().Context(), s.Editing(c), id, form)
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
		return s.Refused(c, settingView(k, id, fields, err))
	}
	if err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "The "+k.thing+" is saved.")
	return server.SeeOther(c, "/settings#"+k.page)
}

// settingAskRemove asks for the name before a thing is forgotten.
func (s *Pages) settingAskRemove(c echo.Context, k setting) (server.View, error) {
	name, err := k.name(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return server.Removal{Thing: k.thing, Name: name, Href: "/settings/" + k.page + "/" + c.Param("id"), Back: "/settings#" + k.page,
		Points: []string{"Bakplane forgets how to reach it. The thing itself, and everything in it, stays as it is.", "What still needs it keeps it from being removed."}}.Ask(nil), nil
}

func (s *Pages) settingRemove(c echo.Context, k setting) error {
	ctx, id := c.Request().Context(), c.Param("id")
	name, err := k.name(ctx, id)
	if err != nil {
		return err
	}
	if err = server.Typed(c, name); err == nil {
		err = k.remove(ctx, id, s.Entry(c, k.subject+".remove", k.subject+"/"+id, "Removed the "+k.thing+" "+name+"."))
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.settingAskRemove(c, k)
		return s.AskAgain(c, v, viewErr, err)
	}
	if err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "The "+k.thing+" is removed.")
	return server.SeeOther(c, "/settings#"+k.page)
}
