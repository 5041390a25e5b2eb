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

func signInForm(name, next string) kit.Form {
	f := kit.Form{Action: "/sign-in", Submit: "Sign in", Fields: []kit.Field{
		{Name: "name", Label: "Name", Value: name, Autocomplete: "username", Focus: name == ""},
		{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password", Focus: name != ""},
	}}
	if next != "" {
		f.Hidden = []kit.Hidden{{Name: "next", Value: next}}
	}
	return f
}

// showSignIn asks who is there.
func (s *Kit) showSignIn(c echo.Context) error {
	ctx := c.Request().Context()
	if some, err := s.anybody(ctx); err != nil {
		return err
	} else if !some {
		return SeeOther(c, "/welcome")
	}
	if _, ok, err := s.PersonOf(ctx); err != nil {
		return err
	} else if ok {
		return SeeOther(c, "/")
	}
	v := kit.SignIn{Form: signInForm("", LocalPath(c.QueryParam("next"), ""))}
	if c.QueryParam("next") != "" {
		v.Reason = "Sign in to see that page."
	}
	return Render(c, http.StatusOK, kit.SignInPage(s.signedOutFrame(c, "Sign in"), v))
}

// signIn checks a password. Wrong names and wrong passwords get the same
// answer after the same time.
func (s *Kit) signIn(c echo.Context) error {
	ctx := c.Request().Context()
	name, password := strings.TrimSpace(c.FormValue("name")), secret.NewText(c.FormValue("password"))
	next := LocalPath(c.FormValue("next"), "")
	refuse := func(status int, message, fix string) error {
		f := signInForm(name, next)
		f.Problem = &kit.Help{Title: message, Fix: fix}
		return Render(c, status, kit.SignInPage(s.signedOutFrame(c, "Sign in"), kit.SignIn{Form: f}))
	}
	keys := []string{"from " + c.RealIP(), "name " + strings.ToLower(name)}
	if !s.Limiter.Open(keys...) {
		return refuse(http.StatusTooManyRequests, "Too many tries.", "Wait a minute, then try again.")
	}
	p, err := s.People.PersonNamed(ctx, name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	known, right := err == nil, false
	s.Limiter.Hashing(func() {
		if known {
			right = person.VerifyPassword(p.Hash, password)
		} else {
			person.WasteTime(password)
		}
	})
	who := audit.Actor{Name: Clip(name, 100), Via: "web", Address: c.RealIP()}
	if !right {
		if err := s.Audit.Record(ctx, audit.New(who, s.Now(), "session.refuse", "person/"+p.ID, "Sign-in refused: the name or the password is wrong.")); err != nil {
			return err
		}
		return refuse(http.StatusUnprocessableEntity, "The name or the password is not right.", "Type both again. Capital letters count in the password.")
	}
	s.Limiter.welcome(keys...)
	if err := s.Begin(ctx, p); err != nil {
		return err
	}
	if err := s.Audit.Record(ctx, audit.New(who, s.Now(), "session.begin", "person/"+p.ID, p.Name+" signed in.")); err != nil {
		return err
	}
	if next == "" {
		next = "/"
	}
	return SeeOther(c, next)
}

// signOut ends the session.
func (s *Kit) signOut(c echo.Context) error {
	ctx := c.Request().Context()
	if p, ok, _ := s.PersonOf(ctx); ok {
		e := audit.New(audit.Actor{Name: p.Name, Via: "web", Address: c.RealIP()}, s.Now(), "session.end", "person/"+p.ID, p.Name+" signed out.")
		if err := s.Audit.Record(ctx, e); err != nil {
			return err
		}
	}
	if err := s.sessions.Destroy(ctx); err != nil {
		return err
	}
	return SeeOther(c, "/sign-in")
}
