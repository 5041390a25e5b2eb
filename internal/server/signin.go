package server

import (
	"context"
	"net/http"
	"net/netip"
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
	switch {
	case c.QueryParam("unsent") != "":
		v.Reason = "Your order was not carried out: the session had ended. Sign in and give it again."
	case c.QueryParam("next") == "/unsent":
		v.Reason = "Your session has ended, and your order was not carried out. Sign in: it is kept, and you can give it again."
	case c.QueryParam("next") != "":
		v.Reason = "Sign in to see that page."
	}
	return Render(c, http.StatusOK, kit.SignInPage(s.signedOutFrame(c, "Sign in"), v))
}

// signIn checks a password. Wrong names and wrong passwords get the same
// answer after the same time. What was typed as a name is kept of people alone:
// others may have typed their password there.
func (s *Kit) signIn(c echo.Context) error {
	ctx := c.Request().Context()
	name, password := strings.TrimSpace(c.FormValue("name")), secret.NewText(c.FormValue("password"))
	next := LocalPath(c.FormValue("next"), "")
	refuse := func(status int, message, fix string) error {
		f := signInForm(Clip(name, 100), next)
		f.Problem = &kit.Help{Title: message, Fix: fix}
		return Render(c, status, kit.SignInPage(s.signedOutFrame(c, "Sign in"), kit.SignIn{Form: f}))
	}
	const wrong, wrongFix = "The name or the password is not right.", "Type both again. Capital letters count in the password."
	keys, known, err := s.tryKeys(c, name)
	if err != nil {
		return err
	}
	if !s.Limiter.Open(keys...) {
		c.Response().Header().Set(echo.HeaderRetryAfter, "12")
		return refuse(http.StatusTooManyRequests, "Too many tries.", "Wait a minute, then try again.")
	}
	if person.CheckName(name) != nil || len(password.Reveal()) > person.LongestPassword {
		return refuse(http.StatusUnprocessableEntity, wrong, wrongFix) // nobody has such a one
	}
	folded := strings.ToLower(name)
	if !known {
		err = s.Limiter.slow(ctx, folded)
	}
	p, right := person.Person{}, false
	if err == nil {
		p, right, err = s.fits(ctx, known, name, password)
	}
	if fault.Is(err, fault.Unavailable) {
		c.Response().Header().Set(echo.HeaderRetryAfter, "5")
		message, fix := fault.Words(err)
		return refuse(http.StatusServiceUnavailable, message, fix)
	}
	if err != nil {
		return err
	}
	who := audit.Actor{Name: p.Name, Via: "web", Address: c.RealIP()}
	if !right {
		s.Limiter.missed(folded)
		if p.ID == "" {
			who.Name = "unknown"
		}
		s.refuse(c, audit.New(who, s.Now(), "session.refuse", "person/"+p.ID, "Sign-in refused: the name or the password is wrong."))
		return refuse(http.StatusUnprocessableEntity, wrong, wrongFix)
	}
	s.Limiter.welcome(keys...)
	if err := s.Begin(c, p, audit.New(who, s.Now(), "session.begin", "person/"+p.ID, p.Name+" signed in.")); err != nil {
		return err
	}
	if next == "" {
		next = "/"
	}
	return SeeOther(c, next)
}

// tryKeys are the keys under which a try is counted: that of the browser when
// the person signed in with it before, so that others at the same address
// cannot use its tries up, else that of the address.
func (s *Kit) tryKeys(c echo.Context, name string) (keys []string, known bool, err error) {
	if mark := browserMark(c); mark != "" && person.CheckName(name) == nil {
		p, err := s.People.PersonNamed(c.Request().Context(), name)
		if err == nil {
			known, err = s.People.KnowsBrowser(c.Request().Context(), p.ID, person.HashToken(mark))
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, false, err
		}
		if known {
			return []string{"browser " + mark + " " + p.ID}, true, nil
		}
	}
	return []string{"from " + network(c.RealIP())}, false, nil
}

// network is an address as one who guesses has them: of IPv6 a home has 2^64.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

// fits finds the person and whether the password is theirs.
func (s *Kit) fits(ctx context.Context, known bool, name string, password secret.Text) (p person.Person, right bool, err error) {
	p, err = s.People.PersonNamed(ctx, name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return p, false, err
	}
	there := err == nil
	err = s.Limiter.Hashing(ctx, known, func() {
		if there {
			right = person.VerifyPassword(p.Hash, password)
		} else {
			person.WasteTime(password)
		}
	})
	return p, right, err
}

// signOut ends the session.
func (s *Kit) signOut(c echo.Context) error {
	ctx := c.Request().Context()
	if p, in, ok, _ := s.SessionOf(ctx); ok {
		e := audit.New(audit.Actor{Name: p.Name, Via: "web", Address: c.RealIP()}, s.Now(), "session.end", "person/"+p.ID, p.Name+" signed out.")
		if err := s.People.EndSession(ctx, in.ID, e); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	if err := s.sessions.Destroy(ctx); err != nil {
		return err
	}
	return SeeOther(c, "/sign-in")
}
