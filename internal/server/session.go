package server

import (
	"cmp"
	"context"
	"crypto/rand"
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
	sessionID     = "session" // of the person.Session
	sessionNotice = "notice"  // what to say on the next page
	sessionTone   = "tone"
)

func newSessions(cfg Config, store scs.CtxStore) *scs.SessionManager {
	m := scs.New()
	m.Store = store
	m.HashTokenInStore = true
	// Longer than a session may last, so that it is known for a while whose it was.
	m.Lifetime = cmp.Or(cfg.Sessions.Most, 12*time.Hour) + 12*time.Hour
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
	Person  person.Person
	Via     string // web or api
	Name    string // as audit entries call them
	Scope   person.Scope
	Session string    // id of the session; empty for a token
	Until   time.Time // when the token ends; zero for a session
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

// SessionOf finds whose session this is; false when it is nobody's or over.
func (s *Kit) SessionOf(ctx context.Context) (p person.Person, in person.Session, ok bool, err error) {
	id := s.sessions.GetString(ctx, sessionID)
	if id == "" {
		return p, in, false, nil
	}
	p, in, err = s.People.PersonOfSession(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return p, in, false, nil
	}
	return p, in, err == nil && !in.Over(s.Config.Sessions, s.Now()), err
}

// PersonOf is SessionOf for whom the person is enough.
func (s *Kit) PersonOf(ctx context.Context) (person.Person, bool, error) {
	p, _, ok, err := s.SessionOf(ctx)
	return p, ok, err
}

// recognise notes whose session this is, and that it is in use. A page that
// waits to be told of changes does not use it.
func (s *Kit) recognise(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		p, in, ok, err := s.SessionOf(ctx)
		if err != nil {
			return err
		}
		if ok {
			c.Set(WhoKey, SignedIn{Person: p, Via: "web", Name: p.Name, Scope: person.Administer, Session: in.ID})
			if now := s.Now(); !wantsStream(c) && now.Sub(in.Seen).Abs() >= time.Minute {
				if err := s.People.SeeSession(ctx, in.ID, now); err != nil {
					s.Log.Error("note use of session", "err", err) // it ends sooner, that is all
				}
			}
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
		switch r := c.Request(); {
		case r.Method == http.MethodGet && r.URL.Path != "/":
			to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
		case r.Method == http.MethodPost && s.keepUnsent(c):
			to += "?" + url.Values{"next": {"/unsent"}}.Encode()
		case r.Method == http.MethodPost:
			to += "?unsent=lost"
		}
		if c.Request().Header.Get("HX-Request") != "" { // else the sign-in would appear inside the page
			c.Response().Header().Set("HX-Redirect", to)
			return c.NoContent(http.StatusNoContent)
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

// Begin makes the session p's, under a new token, and keeps the entry that says
// so. The browser gets a mark by which it is known at the next sign-in.
func (s *Kit) Begin(c echo.Context, p person.Person, e audit.Entry) error {
	ctx := c.Request().Context()
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	mark := browserMark(c)
	if mark == "" {
		mark = rand.Text()
		c.SetCookie(&http.Cookie{Name: browserCookie, Value: mark, Path: "/sign-in", MaxAge: int(person.SessionsKept.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.Config.Secure})
	}
	now := s.Now().UTC()
	if old := s.sessions.GetString(ctx, sessionID); old != "" { // of this browser, until now
		if err := s.People.EndSession(ctx, old, audit.New(e.Actor, now, "session.end", e.Subject, "Signed in anew.")); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	in := person.Session{ID: s.NewID(), PersonID: p.ID, Began: now, Seen: now, Address: c.RealIP(), Agent: Clip(c.Request().UserAgent(), 200), Browser: person.HashToken(mark)}
	if err := s.People.BeginSession(ctx, in, e); err != nil {
		return err
	}
	s.sessions.Put(ctx, sessionID, in.ID)
	return nil
}

const browserCookie = "bakplane-browser"

// browserMark is what the browser keeps of its first sign-in; empty for none,
// or one that we never made.
func browserMark(c echo.Context) string {
	k, err := c.Cookie(browserCookie)
	if err != nil || len(k.Value) != len(rand.Text()) {
		return ""
	}
	return k.Value
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
// sends a token means it. It may do what its scope allows.
func (s *Kit) Bearer(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		scheme, text, found := strings.Cut(c.Request().Header.Get("Authorization"), " ")
		if !found || !strings.EqualFold(scheme, "Bearer") {
			return next(c)
		}
		ctx := c.Request().Context()
		p, t, err := s.People.PersonOfToken(ctx, person.HashToken(strings.TrimSpace(text)), s.Now().UTC())
		switch {
		case fault.Is(err, fault.NotFound):
			s.refuse(c, audit.New(audit.Actor{Name: "unknown", Via: "api", Address: c.RealIP()}, s.Now(), "token.refuse", "token/", "A request with a token that nobody has was refused."))
			return Unauthorized(c)
		case fault.Is(err, fault.Denied):
			s.refuse(c, audit.New(audit.Actor{Name: TokenName(p, t), Via: "api", Address: c.RealIP()}, s.Now(), "token.refuse", "token/"+t.ID, "A request with the expired token “"+t.Name+"” was refused."))
			return Unauthorized(c)
		case err != nil:
			return err
		}
		c.Set(WhoKey, SignedIn{Person: p, Via: "api", Name: TokenName(p, t), Scope: t.Scope, Until: t.Expires})
		return next(c)
	}
}

// TokenName is who acts with a token, for the audit trail.
func TokenName(p person.Person, t person.Token) string { return p.Name + " (token " + t.Name + ")" }

// Unauthorized refuses a program that is not known.
func Unauthorized(c echo.Context) error {
	c.Response().Header().Set("WWW-Authenticate", `Bearer realm="bakplane"`)
	return echo.NewHTTPError(http.StatusUnauthorized)
}
