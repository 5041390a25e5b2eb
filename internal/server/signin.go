package server

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/web/templates"
)

func signInForm(name, next string) templates.Form {
	f := templates.Form{Action: "/sign-in", Submit: "Sign in", Fields: []templates.Field{
		{Name: "name", Label: "Name", Value: name, Autocomplete: "username", Focus: name == ""},
		{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password", Focus: name != ""},
	}}
	if next != "" {
		f.Hidden = []templates.Hidden{{Name: "next", Value: next}}
	}
	return f
}

// showSignIn asks who is there.
func (s *Server) showSignIn(c echo.Context) error {
	ctx := c.Request().Context()
	if some, err := s.anybody(ctx); err != nil {
		return err
	} else if !some {
		return seeOther(c, "/welcome")
	}
	if _, ok, err := s.personOf(ctx); err != nil {
		return err
	} else if ok {
		return seeOther(c, "/")
	}
	v := templates.SignIn{Form: signInForm("", localPath(c.QueryParam("next"), ""))}
	if c.QueryParam("next") != "" {
		v.Reason = "Sign in to see that page."
	}
	return render(c, http.StatusOK, templates.SignInPage(s.signedOutFrame(c, "Sign in"), v))
}

// signIn checks a password. Wrong names and wrong passwords get the same
// answer after the same time.
func (s *Server) signIn(c echo.Context) error {
	ctx := c.Request().Context()
	name, password := strings.TrimSpace(c.FormValue("name")), secret.NewText(c.FormValue("password"))
	next := localPath(c.FormValue("next"), "")
	refuse := func(status int, message, fix string) error {
		f := signInForm(name, next)
		f.Problem = &templates.Help{Title: message, Fix: fix}
		return render(c, status, templates.SignInPage(s.signedOutFrame(c, "Sign in"), templates.SignIn{Form: f}))
	}
	keys := []string{"from " + c.RealIP(), "name " + strings.ToLower(name)}
	if !s.limiter.open(keys...) {
		return refuse(http.StatusTooManyRequests, "Too many tries.", "Wait a minute, then try again.")
	}
	p, err := s.People.PersonNamed(ctx, name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	known, right := err == nil, false
	s.limiter.hashing(func() {
		if known {
			right = person.VerifyPassword(p.Hash, password)
		} else {
			person.WasteTime(password)
		}
	})
	who := audit.Actor{Name: clip(name, 100), Via: "web", Address: c.RealIP()}
	if !right {
		if err := s.Audit.Record(ctx, audit.New(who, s.Now(), "session.refuse", "person/"+p.ID, "Sign-in refused: the name or the password is wrong.")); err != nil {
			return err
		}
		return refuse(http.StatusUnprocessableEntity, "The name or the password is not right.", "Type both again. Capital letters count in the password.")
	}
	s.limiter.welcome(keys...)
	if err := s.begin(ctx, p); err != nil {
		return err
	}
	if err := s.Audit.Record(ctx, audit.New(who, s.Now(), "session.begin", "person/"+p.ID, p.Name+" signed in.")); err != nil {
		return err
	}
	if next == "" {
		next = "/"
	}
	return seeOther(c, next)
}

// signOut ends the session.
func (s *Server) signOut(c echo.Context) error {
	ctx := c.Request().Context()
	if p, ok, _ := s.personOf(ctx); ok {
		e := audit.New(audit.Actor{Name: p.Name, Via: "web", Address: c.RealIP()}, s.Now(), "session.end", "person/"+p.ID, p.Name+" signed out.")
		if err := s.Audit.Record(ctx, e); err != nil {
			return err
		}
	}
	if err := s.sessions.Destroy(ctx); err != nil {
		return err
	}
	return seeOther(c, "/sign-in")
}

func clip(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n]) + "…"
	}
	return text
}
