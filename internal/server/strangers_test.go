package server_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

// TestStrangersCostNoMemory: neither long names of methods, of paths or of
// people, nor made-up tokens and cookies are kept.
func TestStrangersCostNoMemory(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Admin(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, path, body string, header ...string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
	heap := func() int64 {
		client.CloseIdleConnections()
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	ask("GET", "/sign-in", "")
	before := heap()
	long := strings.Repeat("A", 50_000)
	for i := range 150 {
		ask(fmt.Sprintf("M%d%s", i, long), "/", "")
		ask("GET", fmt.Sprintf("/%d%s", i, long), "")
		ask("POST", "/sign-in", url.Values{"name": {fmt.Sprint(i, long)}, "password": {long[:9000]}}.Encode())
		ask("GET", "/api/v1/runs", "", "Authorization", fmt.Sprint("Bearer ", i, long))
		ask("GET", "/", "", "Cookie", fmt.Sprintf("bakplane=%d%s; zone=%d%s", i, long[:3000], i, long[:3000]))
	}
	if grown := heap() - before; grown > 20<<20 {
		t.Errorf("750 requests of strangers cost %d MB", grown>>20)
	}
	if code := ask("POST", "/sign-in", "name="+strings.Repeat("x", 100<<10)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a long form of a stranger: %d", code)
	}
}

// TestOneAddressLocksNobodyOut: whoever tries a name from one address without
// end slows down themselves; its person gets in from elsewhere, and with a
// browser that is known even from the same address.
func TestOneAddressLocksNobodyOut(t *testing.T) {
	h := servertest.NewHouse(t, func(c *app.Config) {
		if err := c.TrustProxy.UnmarshalText([]byte("127.0.0.1")); err != nil {
			t.Fatal(err)
		}
	})
	known := h.SignedIn(t)
	known.Submit("/sign-out")
	try := func(from, password string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/sign-in", strings.NewReader(url.Values{"name": {servertest.AdminName}, "password": {password}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", from)
		res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	for i := range 30 {
		if code := try("203.0.113.9", "guess"); i >= 5 && code != http.StatusTooManyRequests && code != http.StatusUnprocessableEntity {
			t.Fatalf("try %d: %d", i, code)
		}
	}
	if code := try("203.0.113.9", "guess"); code != http.StatusTooManyRequests {
		t.Errorf("the guesser is not slowed down: %d", code)
	}
	if code := try("198.51.100.7", servertest.AdminPassword); code != http.StatusSeeOther {
		t.Errorf("the person is locked out elsewhere: %d", code)
	}
	for range 10 {
		try("127.0.0.1", "guess")
	}
	known.Get("/sign-in").Submit("/sign-in", "name", servertest.AdminName, "password", servertest.AdminPassword).Sees(http.StatusOK, "Overview")
	for i := range 8 { // IPv6: a home has 2^64 addresses
		if code := try(fmt.Sprintf("2001:db8:1:2::%d", i), "guess"); i >= 7 && code != http.StatusTooManyRequests {
			t.Errorf("another address of the same network: %d", code)
		}
	}
}

// TestTheFirstAdministratorKnowsTheCode: whoever can read what was printed at
// the start, and not whoever comes first.
func TestTheFirstAdministratorKnowsTheCode(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.Browser(t)
	form := []string{"name", servertest.AdminName, "password", servertest.AdminPassword, "again", servertest.AdminPassword}
	for _, code := range []string{"", "0000-0000-0000"} {
		b.Get("/welcome").Submit("/welcome", append([]string{"code", code}, form...)...).Sees(http.StatusUnprocessableEntity, "This is not the set-up code.")
	}
	if people, err := h.DB.People(t.Context()); err != nil || len(people) != 0 {
		t.Fatalf("a stranger is administrator: %v %v", people, err)
	}
	code := strings.ToLower(strings.ReplaceAll(h.App.SetUpCode().Reveal(), "-", " "))
	b.Get("/welcome").Submit("/welcome", append([]string{"code", code}, form...)...).Sees(http.StatusOK, "Overview")
}

// TestOnlyOurOwnNamesAreAnswered: a page whose name was pointed at this machine
// (DNS rebinding) asks under that name.
func TestOnlyOurOwnNamesAreAnswered(t *testing.T) {
	h := servertest.NewHouse(t, func(c *app.Config) { c.PublicURL = &url.URL{Scheme: "https", Host: "backups.example.com"} })
	port := strings.TrimPrefix(h.URL, "http://127.0.0.1")
	for host, want := range map[string]int{
		"127.0.0.1" + port: 200, "localhost" + port: 200, "[::1]" + port: 200, "192.0.2.5": 200, "backups.example.com": 200, "Backups.Example.COM:443": 200,
		"evil.example" + port: 421, "backups.example.com.evil.example": 421, "127.0.0.1.evil.example": 421, "": 400,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/welcome", nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Host = host; host == "" {
			continue // the client would put its own there
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != want || want == 421 && !bytes.Contains(body, []byte("--public-url")) {
			t.Errorf("%q: %d, want %d", host, res.StatusCode, want)
		}
		if want == 200 && res.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%q: no Strict-Transport-Security although people come by https", host)
		}
	}
	res, err := http.PostForm(h.URL+"/theme", url.Values{"theme": {"dark"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	h.Admin(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err = client.PostForm(h.URL+"/sign-in", url.Values{"name": {servertest.AdminName}, "password": {servertest.AdminPassword}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if len(res.Cookies()) != 2 {
		t.Errorf("cookies of a sign-in: %v", res.Cookies())
	}
	for _, k := range res.Cookies() {
		if !k.Secure || !k.HttpOnly {
			t.Errorf("%s may travel in the clear although people come by https", k.Name)
		}
	}
}

// TestABodyThatNeverEndsIsCutOff, and a page that is told of changes for longer
// than that is not.
func TestABodyThatNeverEndsIsCutOff(t *testing.T) {
	h := servertest.NewHouse(t, func(c *app.Config) { c.ReadTimeout = 300 * time.Millisecond })
	h.Admin(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nname=a"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(bufio.NewReader(conn)); err != nil {
		t.Errorf("the connection is held open: %v", err)
	}
	b := h.Browser(t)
	b.Get("/sign-in").Submit("/sign-in", "name", servertest.AdminName, "password", servertest.AdminPassword)
	stream := b.Listen("/runs")
	time.Sleep(time.Second) // longer than a request may take to be sent
	if err := h.DB.EndSession(t.Context(), sessionOf(t, h), audit.New(audit.Actor{Name: "test"}, time.Now(), "session.end", "person/admin", "Ended.")); err != nil {
		t.Fatal(err)
	}
	told := 0
	for range stream {
		told++
	}
	if told == 0 {
		t.Error("the stream told nothing")
	}
}

func sessionOf(t *testing.T, h *servertest.House) string {
	t.Helper()
	all, err := h.DB.SignIns(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0].ID
}

// TestWrongMethodsAreToldWhichAreRight, on pages and in the API.
func TestWrongMethodsAreToldWhichAreRight(t *testing.T) {
	h := servertest.NewHouse(t)
	p := h.Program(t)
	for _, c := range []struct {
		method, path string
		code         int
		allow        string
	}{
		{"DELETE", "/sign-in", 405, "GET, POST"},
		{"PUT", "/settings", 405, "GET"},
		{"GET", "/sign-out", 405, "POST"},
		{"BREW", "/sign-in", 405, "GET, POST"},
		{"POST", "/healthz", 405, "GET"},
		{"POST", "/api/v1/runs", 405, "GET"},
		{"GET", "/api/v1/plans", 405, "POST"},
		{"DELETE", "/api/v1/policies/x/rollback", 405, "POST"},
		{"GET", "/nowhere", 404, ""},
		{"GET", "/api/v1/nowhere", 404, ""},
		{"POST", "/nowhere/at/all", 404, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, h.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+p.Token)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.code || res.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, allows %q, want %d and %q", c.method, c.path, res.StatusCode, res.Header.Get("Allow"), c.code, c.allow)
		}
	}
}

// TestWhatAStrangerTypesIsNotKept: it may be a password in the wrong field. Of
// people, refused sign-ins are kept with their name, and refused tokens are kept.
func TestWhatAStrangerTypesIsNotKept(t *testing.T) {
	h := servertest.NewHouse(t)
	p := h.Program(t)
	b := h.Browser(t)
	b.Get("/sign-in").Submit("/sign-in", "name", "hunter2hunter2", "password", "x")
	b.Submit("/sign-in", "name", servertest.AdminName, "password", "x")
	(&servertest.Program{T: t, H: h, Token: "bkp_made-up"}).Ask("GET", "/api/v1/runs", nil, 401, nil)
	_ = p
	entries, err := h.DB.AuditEntries(t.Context(), "", 0, 50)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range entries {
		if strings.Contains(fmt.Sprint(e), "hunter2") || strings.Contains(fmt.Sprint(e), "made-up") {
			t.Errorf("kept: %+v", e)
		}
		if strings.HasSuffix(e.Action, ".refuse") {
			told = append(told, e.Action+" "+e.Actor.Name)
		}
	}
	if got := strings.Join(told, ", "); got != "token.refuse unknown, session.refuse "+servertest.AdminName+", session.refuse unknown" {
		t.Errorf("refused: %s", got)
	}
}

func testEntry() audit.Entry {
	return audit.New(audit.Actor{Name: "test", Via: "command"}, time.Now(), "person.add", "person/2", "Added.")
}
