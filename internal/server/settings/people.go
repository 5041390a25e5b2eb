package settings

import (
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/settings"
)

func personView(f kit.Form, title, intro string, status int) server.View {
	v := views.FormPage{Title: title, Intro: intro, Crumbs: []kit.Link{{Text: "Settings", Href: "/settings"}, {Text: title}}, Form: f}
	return server.View{Title: title, Section: "settings", Status: status, Page: func(f kit.Frame) templ.Component { return views.FormPageView(f, v) }}
}

const personIntro = "Everybody here is an administrator. What each does is kept in the audit trail under their own name."

func newPersonForm(name string) kit.Form {
	f := server.WelcomeForm(name)
	f.Action, f.Submit, f.Cancel = "/settings/people", "Add the person", "/settings#people"
	return f
}

func (s *Pages) personForm(c echo.Context) (server.View, error) {
	return personView(newPersonForm(""), "Add a person", personIntro, 0), nil
}

// personAdd makes an account for somebody.
func (s *Pages) personAdd(c echo.Context) error {
	name, password := strings.TrimSpace(c.FormValue("name")), secret.NewText(c.FormValue("password"))
	f := newPersonForm(name)
	if !server.CheckNewPerson(&f, name, password, c.FormValue("again")) {
		return s.Refused(c, personView(f, "Add a person", personIntro, 0))
	}
	p, err := s.NewPerson(c, name, password)
	if err != nil {
		return err
	}
	err = s.People.AddPerson(c.Request().Context(), p, s.Entry(c, "person.add", "person/"+p.ID, "Added "+name+"."))
	if fault.Is(err, fault.Conflict) {
		f.Fields[0].Error = "Somebody has this name already."
		return s.Refused(c, personView(f, "Add a person", personIntro, 0))
	}
	if err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, name+" can sign in now.")
	return server.SeeOther(c, "/settings#people")
}

// personAskRemove asks for the name before an account is taken away.
func (s *Pages) personAskRemove(c echo.Context) (server.View, error) {
	p, err := s.People.Person(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return server.Removal{Thing: "person", Name: p.Name, Href: "/settings/people/" + p.ID, Back: "/settings#people",
		Points: []string{p.Name + " cannot sign in any more.", "Their sessions and API tokens end.", "The audit trail keeps what they did."}}.Ask(nil), nil
}

// personRemove takes somebody's account away, with their tokens and sessions.
func (s *Pages) personRemove(c echo.Context) error {
	ctx, me := c.Request().Context(), server.Actor(c)
	p, err := s.People.Person(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if p.Name == me.Name {
		return fault.New(fault.Conflict, "This is your own account.", "Let somebody else remove it.")
	}
	if err := server.Typed(c, p.Name); err != nil {
		v, viewErr := s.personAskRemove(c)
		return s.AskAgain(c, v, viewErr, err)
	}
	if err := s.People.RemovePerson(ctx, p.ID, s.Entry(c, "person.remove", "person/"+p.ID, "Removed "+p.Name+".")); err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, p.Name+" cannot sign in any more.")
	return server.SeeOther(c, "/settings#people")
}

func passwordChangeForm() kit.Form {
	return kit.Form{Action: "/settings/password", Submit: "Change it", Cancel: "/settings#people", Fields: []kit.Field{
		{Name: "old", Label: "Password until now", Type: "password", Autocomplete: "current-password", Focus: true},
		{Name: "password", Label: "New password", Type: "password", Autocomplete: "new-password", Hint: "At least 10 characters."},
		{Name: "again", Label: "New password again", Type: "password", Autocomplete: "new-password"},
	}}
}

const passwordIntro = "Your other sessions end when the password changes. Tokens stay; remove those that somebody else may know."

func (s *Pages) passwordForm(echo.Context) (server.View, error) {
	return personView(passwordChangeForm(), "Change your password", passwordIntro, 0), nil
}

// passwordSet changes one's own password; every other session of the person
// is over with it.
func (s *Pages) passwordSet(c echo.Context) error {
	ctx := c.Request().Context()
	me, _ := server.Who(c)
	if !s.Limiter.Open("password " + me.Person.ID) {
		return fault.New(fault.Unavailable, "Too many tries.", "Wait a minute, then try again.")
	}
	f, password := passwordChangeForm(), secret.NewText(c.FormValue("password"))
	right, hash := false, ""
	if err := s.Limiter.Hashing(ctx, true, func() { right = person.VerifyPassword(me.Person.Hash, secret.NewText(c.FormValue("old"))) }); err != nil {
		return err
	}
	if !right {
		f.Fields[0].Error = "This is not your password."
	}
	if !server.CheckNewPerson(&f, me.Person.Name, password, c.FormValue("again")) || !right {
		return s.Refused(c, personView(f, "Change your password", passwordIntro, 0))
	}
	if err := s.Limiter.Hashing(ctx, true, func() { hash = person.HashPassword(password) }); err != nil {
		return err
	}
	if err := s.People.SetPassword(ctx, me.Person.ID, hash, s.Entry(c, "person.password", "person/"+me.Person.ID, me.Person.Name+" changed their password.")); err != nil {
		return err
	}
	if err := s.Begin(c, me.Person, s.Entry(c, "session.begin", "person/"+me.Person.ID, me.Person.Name+" goes on with the new password.")); err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "Your password is changed, and your other sessions are over.")
	return server.SeeOther(c, "/settings#people")
}
