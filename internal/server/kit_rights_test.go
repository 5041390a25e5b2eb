package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// few are the people of a house, by id.
type few struct {
	person.Store
	of map[string]person.Person
	in map[string]person.Session
}

func (f few) BeginSession(_ context.Context, s person.Session, _ audit.Entry) error {
	f.in[s.ID] = s
	return nil
}

func (f few) PersonOfSession(ctx context.Context, id string) (person.Person, person.Session, error) {
	p, err := f.Person(ctx, f.in[id].PersonID)
	return p, f.in[id], err
}

func (f few) People(context.Context) (out []person.Person, err error) {
	for _, p := range f.of {
		out = append(out, p)
	}
	return out, nil
}

func (f few) Person(_ context.Context, id string) (person.Person, error) {
	if id == "away" {
		return person.Person{}, fault.New(fault.Unavailable, "Busy.", "")
	}
	if p, ok := f.of[id]; ok {
		return p, nil
	}
	return person.Person{}, fault.New(fault.NotFound, "Nobody.", "")
}

func (f few) PersonOfToken(_ context.Context, hash string, _ time.Time) (person.Person, person.Token, error) {
	if hash == person.HashToken("right") {
		return f.of["1"], person.Token{Name: "script"}, nil
	}
	if hash == person.HashToken("old") {
		return f.of["1"], person.Token{Name: "script"}, fault.New(fault.Denied, "Expired.", "")
	}
	return person.Person{}, person.Token{}, fault.New(fault.NotFound, "No.", "")
}

// drawer keeps sessions in memory.
type drawer map[string][]byte

func (d drawer) Find(token string) ([]byte, bool, error)                   { b, ok := d[token]; return b, ok, nil }
func (d drawer) Commit(token string, b []byte, _ time.Time) error          { d[token] = b; return nil }
func (d drawer) Delete(token string) error                                 { delete(d, token); return nil }
func (d drawer) FindCtx(_ context.Context, t string) ([]byte, bool, error) { return d.Find(t) }
func (d drawer) CommitCtx(_ context.Context, t string, b []byte, at time.Time) error {
	return d.Commit(t, b, at)
}
func (d drawer) DeleteCtx(_ context.Context, t string) error { return d.Delete(t) }

type idle struct{ run.Store }

func (idle) LastEvent(context.Context) (int64, error) { return 7, nil }

type quiet struct{ AuditLog }

func (quiet) Record(context.Context, audit.Entry) error { return nil }

type one struct{ kit *Kit }

func (o one) Routes(on Router) {
	plain := func(status int) echo.HandlerFunc {
		return func(c echo.Context) error { return c.String(status, "done") }
	}
	on.Add("GET", "/page", plain(200))
	on.Post("/do", plain(200))
	on.Get("/live", func(echo.Context) (View, error) {
		return View{Page: func(kit.Frame) templ.Component { return templ.NopComponent }}, nil
	})
	on.Post("/panic", func(echo.Context) error { panic("boom") })
	on.Post("/fault", func(c echo.Context) error { return fault.New(fault.Kind(c.QueryParam("kind")), "No.", "Wait.") })
}

type none struct{}

func (none) Routes(*echo.Echo) {}

var since = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newKit(t *testing.T, people ...string) *Kit {
	t.Helper()
	f := few{of: map[string]person.Person{}, in: map[string]person.Session{}}
	for _, id := range people {
		f.of[id] = person.Person{ID: id, Name: "n" + id, Changed: since}
	}
	k, err := New(Config{PublicURL: &url.URL{Scheme: "http", Host: "example.com"}}, Deps{NewID: func() string { return "s" }, People: f, Sessions: drawer{}, Runs: idle{}, Audit: quiet{}, Notifier: run.NewNotifier(), Kinds: endpoint.Kinds{}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return since }})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestWhoseASessionIs: that of whom it began for, while it lasts.
func TestWhoseASessionIs(t *testing.T) {
	k := newKit(t, "1")
	for _, tc := range []struct {
		name        string
		id          string
		began, seen time.Time
		ok          bool
		want        error
	}{
		{"just begun", "1", since, since, true, nil},
		{"in use all day", "1", since.Add(-12*time.Hour + 1), since, true, nil},
		{"too long in all", "1", since.Add(-12 * time.Hour), since, false, nil},
		{"long without a click", "1", since.Add(-5 * time.Hour), since.Add(-4*time.Hour + 1), true, nil},
		{"too long without a click", "1", since.Add(-5 * time.Hour), since.Add(-4 * time.Hour), false, nil},
		{"begun while the clock was ahead", "1", since.Add(time.Hour), since.Add(time.Hour), false, nil},
		{"nobody's", "", since, since, false, nil},
		{"of somebody who left", "2", since, since, false, nil},
		{"the store is away", "away", since, since, false, errors.New("busy")},
	} {
		ctx, err := k.sessions.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if tc.id != "" {
			k.sessions.Put(ctx, sessionID, tc.id)
		}
		k.People.(few).in[tc.id] = person.Session{ID: tc.id, PersonID: tc.id, Began: tc.began, Seen: tc.seen}
		if p, ok, err := k.PersonOf(ctx); ok != tc.ok || (err != nil) != (tc.want != nil) || ok && p.ID != tc.id {
			t.Errorf("%s: %+v %v %v", tc.name, p, ok, err)
		}
	}
	for _, secure := range []bool{false, true} {
		m := newSessions(Config{Secure: secure}, drawer{})
		if m.Lifetime != 24*time.Hour || m.IdleTimeout != 0 || !m.HashTokenInStore || !m.Cookie.HttpOnly || m.Cookie.Secure != secure || m.Cookie.SameSite != http.SameSiteLaxMode || m.Cookie.Path != "/" {
			t.Errorf("%+v", m.Cookie)
		}
	}
}

// TestWhoGetsThrough: whoever is signed in, by session; all others are led to
// where they can, with the page they asked for, and other sites are refused.
func TestWhoGetsThrough(t *testing.T) {
	type head map[string]string
	for _, tc := range []struct {
		name, method, path string
		people             []string
		signed             bool
		head               head
		code               int
		to                 string
	}{
		{"a page", "GET", "/page", []string{"1"}, true, nil, 200, ""},
		{"a page, not signed in", "GET", "/page?a=b&c", []string{"1"}, false, nil, 303, "/sign-in?next=%2Fpage%3Fa%3Db%26c"},
		{"an order, not signed in", "POST", "/do", []string{"1"}, false, nil, 303, "/sign-in?unsent=lost"},
		{"nobody could sign in", "GET", "/page", nil, false, nil, 303, "/welcome"},
		{"a stream, not signed in", "GET", "/live", []string{"1"}, false, head{"Accept": streamType}, 204, ""},
		{"an order", "POST", "/do", []string{"1"}, true, nil, 200, ""},
		{"an order of our own pages", "POST", "/do", []string{"1"}, true, head{"Sec-Fetch-Site": "same-origin"}, 200, ""},
		{"an order typed in", "POST", "/do", []string{"1"}, true, head{"Sec-Fetch-Site": "none"}, 200, ""},
		{"an order of a neighbour", "POST", "/do", []string{"1"}, true, head{"Sec-Fetch-Site": "same-site"}, 403, ""},
		{"an order of another site", "POST", "/do", []string{"1"}, true, head{"Sec-Fetch-Site": "cross-site"}, 403, ""},
		{"an order by an old browser", "POST", "/do", []string{"1"}, true, head{"Origin": "http://other.example"}, 403, ""},
		{"an order by an old browser, our own", "POST", "/do", []string{"1"}, true, head{"Origin": "http://example.com"}, 200, ""},
		{"a page from a link elsewhere", "GET", "/page", []string{"1"}, true, head{"Sec-Fetch-Site": "cross-site"}, 200, ""},
		{"a panic", "POST", "/panic", []string{"1"}, true, nil, 500, ""},
		{"invalid", "POST", "/fault?kind=invalid", []string{"1"}, true, nil, 422, ""},
		{"denied", "POST", "/fault?kind=denied", []string{"1"}, true, nil, 403, ""},
		{"the sign-in, signed in", "GET", "/sign-in", []string{"1"}, true, nil, 303, "/"},
		{"the sign-in, nobody could", "GET", "/sign-in", nil, false, nil, 303, "/welcome"},
		{"the welcome, somebody is there", "GET", "/welcome", []string{"1"}, false, nil, 303, "/sign-in"},
		{"figures, not signed in", "GET", "/metrics", []string{"1"}, false, nil, 303, "/sign-in?next=%2Fmetrics"},
		{"figures, by a wrong token", "GET", "/metrics", []string{"1"}, true, head{"Authorization": "Bearer wrong"}, 401, ""},
		{"health", "GET", "/healthz", nil, false, nil, 200, ""},
	} {
		k := newKit(t, tc.people...)
		h := k.Handler(none{}, one{k})
		r := httptest.NewRequestWithContext(t.Context(), tc.method, "http://example.com"+tc.path, strings.NewReader(""))
		for name, value := range tc.head {
			r.Header.Set(name, value)
		}
		if tc.signed {
			ctx, err := k.sessions.Load(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			begins := httptest.NewRequestWithContext(ctx, "POST", "/sign-in", nil)
			if err := k.Begin(echo.New().NewContext(begins, httptest.NewRecorder()), person.Person{ID: "1"}, audit.Entry{}); err != nil {
				t.Fatal(err)
			}
			token, _, err := k.sessions.Commit(ctx)
			if err != nil {
				t.Fatal(err)
			}
			r.AddCookie(&http.Cookie{Name: "bakplane", Value: token})
		}
		if tc.code >= 400 {
			r.Header.Set("HX-Request", "true") // the problem alone, without a page around it
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tc.code || w.Header().Get("Location") != tc.to {
			t.Errorf("%s: %d to %q, want %d to %q", tc.name, w.Code, w.Header().Get("Location"), tc.code, tc.to)
		}
	}
}

// TestABearerIsWhoTheTokenIs.
func TestABearerIsWhoTheTokenIs(t *testing.T) {
	k := newKit(t, "1")
	for header, want := range map[string]string{"": "next", "Bearer right": "n1 (token script) api", "bearer  right ": "n1 (token script) api", "Bearer wrong": "401", "Bearer old": "401", "Bearer ": "401", "Bearer": "next", "Basic right": "next", "Token right": "next"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		got := "refused"
		err := k.Bearer(func(c echo.Context) error {
			got = "next"
			if who, ok := Who(c); ok {
				got = who.Name + " " + who.Via
			}
			return nil
		})(echo.New().NewContext(r, w))
		if err != nil && StatusOf(err) == 401 && w.Header().Get("WWW-Authenticate") != "" {
			got = "401"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

// TestWhoseAddressIsBelieved: what a named proxy says, and nobody else.
func TestWhoseAddressIsBelieved(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("2001:db8::/64")}
	for _, tc := range []struct {
		from, forwarded string
		trust           []netip.Prefix
		want            string
	}{
		{"10.0.0.5:1", "203.0.113.9", nil, "10.0.0.5"},
		{"10.0.0.5:1", "203.0.113.9", proxies, "203.0.113.9"},
		{"10.0.1.5:1", "203.0.113.9", proxies, "10.0.1.5"},
		{"127.0.0.1:1", "203.0.113.9", proxies, "127.0.0.1"},
		{"192.168.0.1:1", "203.0.113.9", proxies, "192.168.0.1"},
		{"[2001:db8::7]:1", "203.0.113.9", proxies, "203.0.113.9"},
		{"10.0.0.5:1", "198.51.100.1, 203.0.113.9, 10.0.0.7", proxies, "203.0.113.9"},
		{"10.0.0.5:1", "", proxies, "10.0.0.5"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = tc.from
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tc.forwarded)
		}
		if got := addresses(tc.trust)(r); got != tc.want {
			t.Errorf("from %s for %q: %s, want %s", tc.from, tc.forwarded, got, tc.want)
		}
	}
}

// TestOnlyOurOwnAddressesAreFollowed.
func TestOnlyOurOwnAddressesAreFollowed(t *testing.T) {
	for address, want := range map[string]string{
		"/a": "/a", "/a?b=c": "/a?b=c", "/a#x": "/a", "/%20": "/%20", "": "", "a": "", "//x/a": "", "https://x/a": "", "https://here/a?b": "/a?b", "http://here/": "/", "//here/a": "/a", "javascript:x": "", `/\x`: "/%5Cx", "mailto:a@b": "", "?a": "", "https:///a": "",
		// A browser reads a path that begins with two slashes as another host.
		"///x/a": "", "////x/a": "", "https://here//x/a": "", "//here//x/a": "", "/a//x": "/a//x",
	} {
		if got := LocalPath(address, "here"); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
	if got := LocalPath("https://here/a", ""); got != "" {
		t.Errorf("of no host: %q", got)
	}
}

// TestKindsOfFaultsAsStatusesAndWords.
func TestKindsOfFaultsAsStatusesAndWords(t *testing.T) {
	for kind, want := range map[fault.Kind]int{fault.Invalid: 422, fault.NotFound: 404, fault.Conflict: 409, fault.Denied: 403, fault.Unavailable: 503} {
		err := fault.New(kind, "No.", "Wait.")
		title, message, fix := WordsOf(err)
		if StatusOf(err) != want || KindOf(err, want) != string(kind) || message != "No." || fix != "Wait." || title == titleOf(500) {
			t.Errorf("%s: %d %q %q %q", kind, StatusOf(err), title, message, fix)
		}
	}
	for status, kind := range map[int]string{404: string(fault.NotFound), 401: string(fault.Denied), 403: string(fault.Denied), 429: string(fault.Unavailable), 503: string(fault.Unavailable), 400: string(fault.Invalid), 405: string(fault.Invalid), 413: string(fault.Invalid), 415: string(fault.Invalid), 500: "internal", 502: "internal"} {
		err := echo.NewHTTPError(status, "driver text")
		got := KindOf(err, status)
		if got != kind {
			t.Errorf("%d: %q, want %q", status, got, kind)
		}
		if _, message, fix := WordsOf(err); StatusOf(err) != status || strings.Contains(message+fix, "driver text") || message == "" {
			t.Errorf("%d: %d %q %q", status, StatusOf(err), message, fix)
		}
	}
	if _, message, _ := WordsOf(errors.New("sql: no")); StatusOf(errors.New("x")) != 500 || strings.Contains(message, "sql") {
		t.Error(message)
	}
}

// TestFormsAsTheyComeBack.
func TestFormsAsTheyComeBack(t *testing.T) {
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		text string
		end  bool
		want time.Time
		ok   bool
	}{{"", true, time.Time{}, true}, {"2026-11-20", false, day, true}, {"2026-11-20", true, day.AddDate(0, 0, 1), true}, {"2026-11-20 00:00", true, day, true}, {"soon", false, time.Time{}, false}} {
		if got, err := dayOrTime(tc.text, tc.end); !got.Equal(tc.want) || (err == nil) != tc.ok {
			t.Errorf("%q, end %v: %s, %v", tc.text, tc.end, got, err)
		}
	}
	if got := HiddenOf(url.Values{"b": {"2", "1"}, "a": {"3"}}); !slices.Equal(got, []kit.Hidden{{Name: "a", Value: "3"}, {Name: "b", Value: "2"}, {Name: "b", Value: "1"}}) {
		t.Errorf("%+v", got)
	}
	for typed, ok := range map[string]bool{"orders": true, "Orders": false, " orders": false, "": false} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/?confirm="+url.QueryEscape(typed), nil)
		if err := Typed(echo.New().NewContext(r, httptest.NewRecorder()), "orders"); (err == nil) != ok {
			t.Errorf("%q: %v", typed, err)
		}
	}
}
