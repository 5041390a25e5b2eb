package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/bakplane/bakplane/internal/migration"
)

type node = html.Node

func TestNobodySeesAnythingBeforeTheSignIn(t *testing.T) {
	h := newHouse(t)
	h.admin(t)
	b := h.browser(t)
	for _, path := range []string{"/", "/migrations", "/migrations/new", "/storage", "/runs", "/audit", "/settings", "/metrics", "/migrations/x/details"} {
		b.get(path)
		if b.at.Path != "/sign-in" {
			t.Errorf("%s leads to %s", path, b.at)
		}
	}
	b.get("/audit?before=7").submit("/sign-in", "name", strings.ToUpper(adminName), "password", adminPassword)
	if b.at.RequestURI() != "/audit?before=7" {
		t.Errorf("after the sign-in: %s, want the page that was asked for", b.at)
	}
	b.submit("/sign-out")
	if b.get("/").at.Path != "/sign-in" {
		t.Errorf("after signing out: %s", b.at)
	}
}

func TestWrongPasswordsAreSlowedDown(t *testing.T) {
	h := newHouse(t)
	h.admin(t)
	b := h.browser(t)
	b.get("/sign-in")
	for i := range 5 {
		b.submit("/sign-in", "name", adminName, "password", "wrong").sees(http.StatusUnprocessableEntity, "The name or the password is not right.")
		if i == 0 && !strings.Contains(b.text(), "Sign in") {
			t.Error("the form did not come back")
		}
	}
	b.submit("/sign-in", "name", adminName, "password", adminPassword).sees(http.StatusTooManyRequests, "Too many tries.")
	entries, err := h.db.AuditEntries(t.Context(), "person/admin", 0, 20)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, e := range entries {
		if e.Action == "session.refuse" {
			refused++
		}
	}
	if refused != 5 {
		t.Errorf("%d refused sign-ins in the audit trail, want 5", refused)
	}
}

func TestSignInNeverLeadsToAnotherSite(t *testing.T) {
	h := newHouse(t)
	h.admin(t)
	for _, next := range []string{"https://example.com/", "//example.com/", `/\example.com`, "javascript:alert(1)", "/%5cexample.com"} {
		b := h.browser(t)
		b.get("/sign-in?"+url.Values{"next": {next}}.Encode()).submit("/sign-in", "name", adminName, "password", adminPassword, "next", next)
		if b.at.Host != strings.TrimPrefix(h.URL, "http://") {
			t.Errorf("next=%s leads to %s", next, b.at)
		}
	}
}

func TestRequestsFromOtherSitesAreNotObeyed(t *testing.T) {
	h := newHouse(t)
	b := h.signedIn(t)
	for name, header := range map[string][2]string{"fetch metadata": {"Sec-Fetch-Site", "cross-site"}, "origin": {"Origin", "https://example.com"}} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/settings/tokens", strings.NewReader("name=stolen"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(header[0], header[1])
		resp, err := b.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", name, resp.StatusCode)
		}
	}
	if tokens, _ := h.db.Tokens(t.Context(), "admin"); len(tokens) != 0 {
		t.Error("a token was made for another site")
	}
}

func TestANewPasswordEndsOtherSessions(t *testing.T) {
	h := newHouse(t)
	here := h.signedIn(t)
	there := h.browser(t)
	there.get("/sign-in").submit("/sign-in", "name", adminName, "password", adminPassword).sees(200, "Overview")
	here.get("/settings/password").submit("/settings/password", "old", "not this", "password", "another long one", "again", "another long one").sees(422, "This is not your password.")
	here.submit("/settings/password", "old", adminPassword, "password", "another long one", "again", "another long one").sees(200, "Your password is changed")
	if there.get("/").at.Path != "/sign-in" {
		t.Error("the other session goes on")
	}
	here.get("/").sees(200, "Overview")
}

func TestCookiesAndHeadersAreStrict(t *testing.T) {
	h := newHouse(t)
	h.admin(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(h.URL+"/sign-in", url.Values{"name": {adminName}, "password": {adminPassword}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	var session *http.Cookie
	for _, c := range resp.Cookies() {
		if c.Name == "bakplane" {
			session = c
		}
	}
	if session == nil || !session.HttpOnly || session.SameSite != http.SameSiteLaxMode || session.Path != "/" {
		t.Errorf("session cookie: %+v", session)
	}
	for header, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
	} {
		if !strings.HasPrefix(resp.Header.Get(header), want) {
			t.Errorf("%s: %q", header, resp.Header.Get(header))
		}
	}
	if strings.Contains(resp.Header.Get("Content-Security-Policy"), "unsafe") {
		t.Error("the policy allows something unsafe")
	}
}

func TestProblemsKeepTheirStatus(t *testing.T) {
	h := newHouse(t)
	b := h.signedIn(t)
	b.get("/nowhere").sees(404, "There is no such page", "Overview")
	b.get("/migrations/0198").sees(404, "does not exist")
	b.do(http.MethodPost, "/migrations/0198/retry", "").sees(404, "does not exist")
	b.do(http.MethodPost, "/sign-in", "name="+strings.Repeat("x", 2<<20)).sees(413, "larger than 1 MB")
	b.do(http.MethodDelete, "/settings", "").sees(404, "There is no such page")
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	b.get("/audit").sees(500, "Something went wrong", "In the log of the dashboard:")
	if strings.Contains(b.text(), "sql:") {
		t.Error("driver text reaches the browser")
	}
}

func TestStagesAndStatesHaveWords(t *testing.T) {
	h := newHouse(t)
	b := h.signedIn(t)
	for _, state := range []string{"", "active", "needs", "ended"} {
		b.get("/migrations?state=" + state)
		if b.code != 200 {
			t.Errorf("state %q: %d", state, b.code)
		}
		b.get("/runs?state=" + state)
		if b.code != 200 {
			t.Errorf("state %q: %d", state, b.code)
		}
	}
	if rows, err := h.db.Migrations().Migrations(t.Context(), migration.Filter{}); err != nil || len(rows) != 0 {
		t.Errorf("looking made %d migrations: %v", len(rows), err)
	}
}
