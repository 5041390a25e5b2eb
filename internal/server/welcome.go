package server

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// WelcomeForm asks for a name and a password.
func WelcomeForm(name string) kit.Form {
	return kit.Form{Action: "/welcome", Submit: "Make the account and sign in", Fields: []kit.Field{
		{Name: "name", Label: "Name", Value: name, Autocomplete: "username", Focus: true, Hint: "What you type to sign in; an e-mail address does well."},
		{Name: "password", Label: "Password", Type: "password", Autocomplete: "new-password", Hint: "At least 10 characters; a few words together are easy to remember."},
		{Name: "again", Label: "Password again", Type: "password", Autocomplete: "new-password"},
	}}
}

// showWelcome asks for the first administrator; later it leads to the sign-in.
func (s *Kit) showWelcome(c echo.Context) error {
	if some, err := s.anybody(c.Request().Context()); err != nil {
		return err
	} else if some {
		return SeeOther(c, "/sign-in")
	}
	return Render(c, http.StatusOK, kit.FirstStartPage(s.signedOutFrame(c, "Welcome"), kit.FirstStart{Form: WelcomeForm("")}))
}

// welcome makes the first administrator and signs them in.
func (s *Kit) welcome(c echo.Context) error {
	ctx := c.Request().Context()
	if some, err := s.anybody(ctx); err != nil {
		return err
	} else if some {
		return SeeOther(c, "/sign-in")
	}
	name := strings.TrimSpace(c.FormValue("name"))
	password := secret.NewText(c.FormValue("password"))
	f := WelcomeForm(name)
	if !CheckNewPerson(&f, name, password, c.FormValue("again")) {
		return Render(c, http.StatusUnprocessableEntity, kit.FirstStartPage(s.signedOutFrame(c, "Welcome"), kit.FirstStart{Form: f}))
	}
	p := s.NewPerson(name, password)
	e := audit.New(audit.Actor{Name: name, Via: "web", Address: c.RealIP()}, s.Now(), "person.first", "person/"+p.ID, name+" became the first administrator.")
	if err := s.People.AddFirst(ctx, p, e); fault.Is(err, fault.Conflict) {
		return SeeOther(c, "/sign-in")
	} else if err != nil {
		return err
	}
	if err := s.Begin(ctx, p); err != nil {
		return err
	}
	return SeeOther(c, "/")
}

// NewPerson is a person with a password, not kept yet.
func (s *Kit) NewPerson(name string, password secret.Text) person.Person {
	now := s.Now().UTC()
	p := person.Person{ID: s.NewID(), Name: name, Created: now, Changed: now}
	s.Limiter.Hashing(func() { p.Hash = person.HashPassword(password) })
	return p
}

// CheckNewPerson writes what is wrong beside the fields name, password and
// again of a form; false when something is.
func CheckNewPerson(f *kit.Form, name string, password secret.Text, again string) bool {
	ok := true
	wrong := func(field string, err error) {
		if err == nil {
			return
		}
		message, fix := fault.Words(err)
		ok = false
		for i := range f.Fields {
			if f.Fields[i].Name == field {
				f.Fields[i].Error = strings.TrimSpace(message + " " + fix)
			}
		}
	}
	wrong("name", person.CheckName(name))
	wrong("password", person.CheckPassword(password, name))
	if password.Reveal() != again {
		wrong("again", fault.New(fault.Invalid, "The two passwords differ.", "Type the same one twice."))
	}
	return ok
}
