package server

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/web/templates"
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

// loadSession is the session manager's own middleware, except that a broken
// store becomes our error page and a stream is left alone: its answer never
// ends, so nothing may be kept back to be saved behind it.
func (s *Server) loadSession(next http.Handler) http.Handler {
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

const whoKey = "who"

// signedIn is who asks.
type signedIn struct {
	person person.Person
	via    string // web or api
	name   string // as audit entries call them
}

func who(c echo.Context) (signedIn, bool) {
	p, ok := c.Get(whoKey).(signedIn)
	return p, ok
}

// actor is who asks, for the audit trail.
func actor(c echo.Context) audit.Actor {
	p, _ := who(c)
	return audit.Actor{Name: p.name, Via: p.via, Address: c.RealIP()}
}

// entry begins an audit entry about what this request does.
func (s *Server) entry(c echo.Context, action, subject, summary string) audit.Entry {
	return audit.New(actor(c), s.Now(), action, subject, summary)
}

// personOf finds whose session this is; false when it is nobody's or over.
func (s *Server) personOf(ctx context.Context) (person.Person, bool, error) {
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
func (s *Server) recognise(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		p, ok, err := s.personOf(c.Request().Context())
		if err != nil {
			return err
		}
		if ok {
			c.Set(whoKey, signedIn{person: p, via: "web", name: p.Name})
		}
		return next(c)
	}
}

// required lets only people who are signed in pass.
func (s *Server) required(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, ok := who(c); ok {
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
			return seeOther(c, "/welcome")
		}
		to := "/sign-in"
		if r := c.Request(); r.Method == http.MethodGet && r.URL.Path != "/" {
			to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
		}
		return seeOther(c, to)
	}
}

// anybody reports whether there is a person who could sign in.
func (s *Server) anybody(ctx context.Context) (bool, error) {
	if s.peopled.Load() {
		return true, nil
	}
	people, err := s.People.People(ctx)
	if err == nil && len(people) > 0 {
		s.peopled.Store(true)
	}
	return len(people) > 0, err
}

// begin makes the session p's, under a new token.
func (s *Server) begin(ctx context.Context, p person.Person) error {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, sessionPerson, p.ID)
	s.sessions.Put(ctx, sessionSince, s.Now().UnixMicro())
	return nil
}

// say leaves a sentence for the next page.
func (s *Server) say(c echo.Context, tone templates.Tone, text string) {
	ctx := c.Request().Context()
	s.sessions.Put(ctx, sessionNotice, text)
	s.sessions.Put(ctx, sessionTone, string(tone))
}

// keep leaves a text with the session of who asks.
func (s *Server) keep(c echo.Context, key, text string) {
	s.sessions.Put(c.Request().Context(), key, text)
}

// kept is a text that was left; empty when there is none.
func (s *Server) kept(c echo.Context, key string) string {
	return s.sessions.GetString(c.Request().Context(), key)
}
