package server

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// firstForm asks the first administrator for the set-up code as well: whoever
// can read what the dashboard printed when it was started may become it, and
// not whoever comes first.
func firstForm(name string) kit.Form {
	f := WelcomeForm(name)
	f.Fields = append([]kit.Field{{Name: "code", Label: "Set-up code", Mono: true, Focus: true, Autocomplete: "one-time-code",
		Hint: "Bakplane printed it when it was started, beside its address; in a container it is in the log. A restart makes a new one."}}, f.Fields...)
	f.Fields[1].Focus = false
	return f
}

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
	return Render(c, http.StatusOK, kit.FirstStartPage(s.signedOutFrame(c, "Welcome"), kit.FirstStart{Form: firstForm("")}))
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
	f := firstForm(Clip(name, 100))
	if !s.Limiter.Open("from " + network(c.RealIP())) {
		c.Response().Header().Set(echo.HeaderRetryAfter, "12")
		return echo.NewHTTPError(http.StatusTooManyRequests)
	}
	known := s.knowsCode(c.FormValue("code"))
	if !known {
		f.Fields[0].Error = "This is not the set-up code. See what Bakplane printed when it was started."
	}
	if !CheckNewPerson(&f, name, password, c.FormValue("again")) || !known {
		return Render(c, http.StatusUnprocessableEntity, kit.FirstStartPage(s.signedOutFrame(c, "Welcome"), kit.FirstStart{Form: f}))
	}
	p, err := s.NewPerson(c, name, password)
	if err != nil {
		return err
	}
	e := audit.New(audit.Actor{Name: name, Via: "web", Address: c.RealIP()}, s.Now(), "person.first", "person/"+p.ID, name+" became the first administrator.")
	if err := s.People.AddFirst(ctx, p, e); fault.Is(err, fault.Conflict) {
		return SeeOther(c, "/sign-in")
	} else if err != nil {
		return err
	}
	if err := s.Begin(c, p, audit.New(e.Actor, s.Now(), "session.begin", "person/"+p.ID, p.Name+" signed in.")); err != nil {
		return err
	}
	return SeeOther(c, "/")
}

// knowsCode compares with the set-up code, without regard to case, hyphens and
// blanks. Without a code nobody knows it.
func (s *Kit) knowsCode(typed string) bool {
	plain := func(t string) []byte {
		return []byte(strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(t)))
	}
	return !s.Config.SetUpCode.Empty() && subtle.ConstantTimeCompare(plain(typed), plain(s.Config.SetUpCode.Reveal())) == 1
}

// NewPerson is a person with a password, not kept yet. Who asks is trusted to:
// they are signed in or know the set-up code.
func (s *Kit) NewPerson(c echo.Context, name string, password secret.Text) (person.Person, error) {
	now := s.Now().UTC()
	p := person.Person{ID: s.NewID(), Name: name, Created: now, Changed: now}
	return p, s.Limiter.Hashing(c.Request().Context(), true, func() { p.Hash = person.HashPassword(password) })
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
