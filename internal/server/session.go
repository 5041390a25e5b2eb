package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/web/templates/kit"
)

const (
	sessionPerson = "person" // id
	sessionSince  = "since"  // when the person signed in, microseconds since 1970
	sessionNotice = "notice" // what to say on the next page
	sessionTone   = "tone"
)

func newSessions(cfg Config, store scs.CtxStore) *scs.SessionManager {
	m := scs.New()
	m.Store = store
	m.HashTokenInStore = true
	m.Lifetime = 12 * time.Hour
	m.Cookie.Name = "bakplane"
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = cfg.Secure
	return m
}

// LoadSession is the session manager's own middleware, except that a broken
// store becomes our error page and a stream is left alone: its answer never
// ends, so nothing may be kept back to be saved behind it.
func (s *Kit) LoadSession(next http.Handler) http.Handler {
	save := s.sessions.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") != streamType {
			save.ServeHTTP(w, r)
			return
		}
		token := ""
		if cookie, err := r.Cookie(s.sessions.Cookie.Name); err == nil {
			token = cookie.Value
		}
		ctx, err := s.sessions.Load(r.Context(), token)
		if err != nil {
			s.Log.Error("load session", "err", err)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// WhoKey is where a request keeps who asks.
const WhoKey = "who"

// SignedIn is who asks.
type SignedIn struct {
	Person person.Person
	Via    string // web or api
	Name   string // as audit entries call them
}

// Who tells who asks; false when nobody is signed in.
func Who(c echo.Context) (SignedIn, bool) {
	p, ok := c.Get(WhoKey).(SignedIn)
	return p, ok
}

// Actor is who asks, for the audit trail.
func Actor(c echo.Context) audit.Actor {
	p, _ := Who(c)
	return audit.Actor{Name: p.Name, Via: p.Via, Address: c.RealIP()}
}

// Entry begins an audit entry about what this request does.
func (s *Kit) Entry(c echo.Context, action, subject, summary string) audit.Entry {
	return audit.New(Actor(c), s.Now(), action, subject, summary)
}

// PersonOf finds whose session this is; false when it is nobody's or over.
func (s *Kit) PersonOf(ctx context.Context) (person.Person, bool, error) {
	id := s.sessions.GetString(ctx, sessionPerson)
	if id == "" {
		return person.Person{}, false, nil
	}
	p, err := s.People.Person(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	return p, s.sessions.GetInt64(ctx, sessionSince) >= p.Changed.UnixMicro(), nil
}

// recognise notes whose session this is.
func (s *Kit) recognise(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		p, ok, err := s.PersonOf(c.Request().Context())
		if err != nil {
			return err
		}
		if ok {
			c.Set(WhoKey, SignedIn{Person: p, Via: "web", Name: p.Name})
		}
		return next(c)
	}
}

// required lets only people who are signed in pass.
func (s *Kit) required(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, ok := Who(c); ok {
			return next(c)
		}
		if wantsStream(c) {
			return c.NoContent(http.StatusNoContent) // tells the browser to stop asking
		}
		some, err := s.anybody(c.Request().Context())
		if err != nil {
			return err
		}
		if !some {
			return SeeOther(c, "/welcome")
		}
		to := "/sign-in"
		if r := c.Request(); r.Method == http.MethodGet && r.URL.Path != "/" {
			to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
		}
		return SeeOther(c, to)
	}
}

// anybody reports whether there is a person who could sign in.
func (s *Kit) anybody(ctx context.Context) (bool, error) {
	if s.peopled.Load() {
		return true, nil
	}
	people, err := s.People.People(ctx)
	if err == nil && len(people) > 0 {
		s.peopled.Store(true)
	}
	return len(people) > 0, err
}

// Begin makes the session p's, under a new token.
func (s *Kit) Begin(ctx context.Context, p person.Person) error {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, sessionPerson, p.ID)
	s.sessions.Put(ctx, sessionSince, s.Now().UnixMicro())
	return nil
}

// Say leaves a sentence for the next page.
func (s *Kit) Say(c echo.Context, tone kit.Tone, text string) {
	ctx := c.Request().Context()
	s.sessions.Put(ctx, sessionNotice, text)
	s.sessions.Put(ctx, sessionTone, string(tone))
}

// Keep leaves a text with the session of who asks.
func (s *Kit) Keep(c echo.Context, key, text string) {
	s.sessions.Put(c.Request().Context(), key, text)
}

// Kept is a text that was left; empty when there is none.
func (s *Kit) Kept(c echo.Context, key string) string {
	return s.sessions.GetString(c.Request().Context(), key)
}

// Bearer recognises a token. A wrong one is refused even beside a session: who
// sends a token means it.
func (s *Kit) Bearer(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		scheme, text, found := strings.Cut(c.Request().Header.Get("Authorization"), " ")
		if !found || !strings.EqualFold(scheme, "Bearer") {
			return next(c)
		}
		p, t, err := s.People.PersonOfToken(c.Request().Context(), person.HashToken(strings.TrimSpace(text)), s.Now().UTC())
		if fault.Is(err, fault.NotFound) {
			return Unauthorized(c)
		}
		if err != nil {
			return err
		}
		c.Set(WhoKey, SignedIn{Person: p, Via: "api", Name: p.Name + " (token " + t.Name + ")"})
		return next(c)
	}
}

// Unauthorized refuses a program that is not known.
func Unauthorized(c echo.Context) error {
	c.Response().Header().Set("WWW-Authenticate", `Bearer realm="bakplane"`)
	return echo.NewHTTPError(http.StatusUnauthorized)
}
