package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

func TestNobodySeesAnythingBeforeTheSignIn(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Admin(t)
	b := h.Browser(t)
	for _, path := range []string{"/", "/migrations", "/migrations/new", "/storage", "/runs", "/audit", "/settings", "/metrics", "/migrations/x/details"} {
		b.Get(path)
		if b.At.Path != "/sign-in" {
			t.Errorf("%s leads to %s", path, b.At)
		}
	}
	b.Get("/audit?before=7").Submit("/sign-in", "name", strings.ToUpper(servertest.AdminName), "password", servertest.AdminPassword)
	if b.At.RequestURI() != "/audit?before=7" {
		t.Errorf("after the sign-in: %s, want the page that was asked for", b.At)
	}
	b.Submit("/sign-out")
	if b.Get("/").At.Path != "/sign-in" {
		t.Errorf("after signing out: %s", b.At)
	}
}

func TestWrongPasswordsAreSlowedDown(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Admin(t)
	b := h.Browser(t)
	b.Get("/sign-in")
	for i := range 5 {
		b.Submit("/sign-in", "name", servertest.AdminName, "password", "wrong").Sees(http.StatusUnprocessableEntity, "The name or the password is not right.")
		if i == 0 && !strings.Contains(b.Text(), "Sign in") {
			t.Error("the form did not come back")
		}
	}
	b.Submit("/sign-in", "name", servertest.AdminName, "password", servertest.AdminPassword).Sees(http.StatusTooManyRequests, "Too many tries.")
	entries, err := h.DB.AuditEntries(t.Context(), "person/admin", 0, 20)
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
	h := servertest.NewHouse(t)
	h.Admin(t)
	for _, next := range []string{"https://example.com/", "//example.com/", `/\example.com`, "javascript:alert(1)", "/%5cexample.com"} {
		b := h.Browser(t)
		b.Get("/sign-in?"+url.Values{"next": {next}}.Encode()).Submit("/sign-in", "name", servertest.AdminName, "password", servertest.AdminPassword, "next", next)
		if b.At.Host != strings.TrimPrefix(h.URL, "http://") {
			t.Errorf("next=%s leads to %s", next, b.At)
		}
	}
}

func TestRequestsFromOtherSitesAreNotObeyed(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	for name, header := range map[string][2]string{"fetch metadata": {"Sec-Fetch-Site", "cross-site"}, "origin": {"Origin", "https://example.com"}} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/settings/tokens", strings.NewReader("name=stolen"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(header[0], header[1])
		resp, err := b.Http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", name, resp.StatusCode)
		}
	}
	if tokens, _ := h.DB.Tokens(t.Context(), "admin"); len(tokens) != 0 {
		t.Error("a token was made for another site")
	}
}

func TestANewPasswordEndsOtherSessions(t *testing.T) {
	h := servertest.NewHouse(t)
	here := h.SignedIn(t)
	there := h.Browser(t)
	there.Get("/sign-in").Submit("/sign-in", "name", servertest.AdminName, "password", servertest.AdminPassword).Sees(200, "Overview")
	here.Get("/settings/password").Submit("/settings/password", "old", "not this", "password", "another long one", "again", "another long one").Sees(422, "This is not your password.")
	here.Submit("/settings/password", "old", servertest.AdminPassword, "password", "another long one", "again", "another long one").Sees(200, "Your password is changed")
	if there.Get("/").At.Path != "/sign-in" {
		t.Error("the other session goes on")
	}
	here.Get("/").Sees(200, "Overview")
}

func TestCookiesAndHeadersAreStrict(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Admin(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(h.URL+"/sign-in", url.Values{"name": {servertest.AdminName}, "password": {servertest.AdminPassword}})
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
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	b.Get("/nowhere").Sees(404, "There is no such page", "Overview")
	b.Get("/migrations/0198").Sees(404, "does not exist")
	b.Do(http.MethodPost, "/migrations/0198/retry", "").Sees(404, "does not exist")
	b.Do(http.MethodPost, "/sign-in", "name="+strings.Repeat("x", 2<<20)).Sees(413, "larger than what is taken here")
	b.Do(http.MethodDelete, "/settings", "").Sees(405, "does not take such a request")
	if err := h.DB.Close(); err != nil {
		t.Fatal(err)
	}
	b.Get("/audit").Sees(500, "Something went wrong", "In the log of the dashboard:")
	if strings.Contains(b.Text(), "sql:") {
		t.Error("driver text reaches the browser")
	}
}

func TestStagesAndStatesHaveWords(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	for _, state := range []string{"", "active", "needs", "ended"} {
		b.Get("/migrations?state=" + state)
		if b.Code != 200 {
			t.Errorf("state %q: %d", state, b.Code)
		}
		b.Get("/runs?state=" + state)
		if b.Code != 200 {
			t.Errorf("state %q: %d", state, b.Code)
		}
	}
	if rows, err := h.DB.Migrations().Migrations(t.Context(), migration.Filter{}); err != nil || len(rows) != 0 {
		t.Errorf("looking made %d migrations: %v", len(rows), err)
	}
}

func TestASignInBeginsUnderANewToken(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Admin(t)
	b := h.Browser(t)
	token := func() string {
		at, err := url.Parse(h.URL)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range b.Http.Jar.Cookies(at) {
			if c.Name == "bakplane" {
				return c.Value
			}
		}
		return ""
	}
	b.Get("/sign-in").Submit("/sign-in", "name", servertest.AdminName, "password", servertest.AdminPassword)
	first := token()
	// Somebody signs in again in the same browser: whoever knew the first
	// token must not be signed in with them.
	b.Do(http.MethodPost, "/sign-in", url.Values{"name": {servertest.AdminName}, "password": {servertest.AdminPassword}}.Encode())
	if second := token(); first == "" || second == "" || first == second {
		t.Fatalf("the token %q is kept over the sign-in: %q", first, second)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/audit", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "bakplane", Value: first})
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		t.Errorf("the first token still opens: %d", resp.StatusCode)
	}
}

func TestAnAuthorizationIsTakenAsItIsMeant(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	for _, c := range []struct {
		header string
		code   int
	}{
		{"", http.StatusOK}, // the session counts
		{"Bearer wrong", http.StatusUnauthorized},
		{"bearer wrong", http.StatusUnauthorized},
		{"Basic wrong", http.StatusOK},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", c.header)
		resp, err := b.Http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.code {
			t.Errorf("%q beside a session: %d, want %d", c.header, resp.StatusCode, c.code)
		}
	}
}
