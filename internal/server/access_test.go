package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/server/servertest"
)

// TestATokenReachesAsFarAsItsScope, makes none that reaches further or lasts
// longer, and ends.
func TestATokenReachesAsFarAsItsScope(t *testing.T) {
	var clock servertest.Ahead
	h := servertest.NewHouse(t, clock.Of)
	all := h.Program(t)
	type made struct {
		Token, Scope string
		Expires      time.Time
	}
	token := func(by *servertest.Program, body map[string]any, status int) *servertest.Program {
		t.Helper()
		var out made
		by.Ask("POST", "/api/v1/tokens", body, status, &out)
		return &servertest.Program{T: t, H: h, Token: out.Token}
	}
	read := token(all, map[string]any{"name": "plain"}, 201)
	operate := token(all, map[string]any{"name": "works", "scope": "operate", "days": 3}, 201)
	token(all, map[string]any{"name": "odd", "scope": "everything"}, 422)
	token(all, map[string]any{"name": "long", "days": 400}, 422)
	for _, c := range []struct {
		method, path          string
		body                  any
		read, operate, admins int
	}{
		{"GET", "/runs", nil, 200, 200, 200},
		{"GET", "/tokens", nil, 200, 200, 200},
		{"GET", "/sessions", nil, 403, 403, 200},
		{"POST", "/policies/review", map[string]any{"name": "p"}, 200, 200, 200},
		{"POST", "/looks", map[string]any{}, 403, 404, 404},
		{"POST", "/runs/none/retry", nil, 403, 404, 404},
		{"POST", "/accounts", map[string]any{}, 403, 403, 422},
		{"DELETE", "/instances/none", nil, 403, 403, 404},
		{"POST", "/policies", map[string]any{}, 403, 403, 422},
		{"DELETE", "/tokens/none", nil, 403, 403, 404},
	} {
		for _, who := range []struct {
			p    *servertest.Program
			want int
		}{{read, c.read}, {operate, c.operate}, {all, c.admins}} {
			if c.path == "/looks" && who.want == 404 {
				continue // what it asks is not the matter here
			}
			who.p.Ask(c.method, "/api/v1"+c.path, c.body, who.want, nil)
		}
	}
	token(read, map[string]any{"name": "more"}, 403)
	token(operate, map[string]any{"name": "more", "scope": "administer"}, 403)
	var child made
	operate.Ask("POST", "/api/v1/tokens", map[string]any{"name": "child", "scope": "operate", "days": 100}, 201, &child)
	if left := time.Until(child.Expires); left > 3*24*time.Hour {
		t.Errorf("a token that ends in 3 days made one that ends in %s", left)
	}
	clock.Pass(4 * 24 * time.Hour)
	operate.Ask("GET", "/api/v1/runs", nil, 401, nil)
	(&servertest.Program{T: t, H: h, Token: child.Token}).Ask("GET", "/api/v1/runs", nil, 401, nil)
	read.Ask("GET", "/api/v1/runs", nil, 200, nil)
}

// TestSessionsEnd without a click, in all, and by whoever ends them; the pages
// that are open are told nothing more.
func TestSessionsEnd(t *testing.T) {
	var clock servertest.Ahead
	h := servertest.NewHouse(t, clock.Of)
	b := h.SignedIn(t)
	over := func(what string) {
		t.Helper()
		if b.Get("/runs"); b.At.Path != "/sign-in" {
			t.Errorf("%s: %s", what, b.At)
		}
		b.Get("/sign-in").Submit("/sign-in", "name", servertest.AdminName, "password", servertest.AdminPassword).Sees(200, "Overview")
	}
	for range 3 {
		clock.Pass(3*time.Hour + 59*time.Minute)
		if b.Get("/runs"); b.At.Path != "/runs" {
			t.Fatalf("a session in use ended: %s", b.At)
		}
	}
	clock.Pass(5 * time.Minute)
	over("after 12 hours in all")
	clock.Pass(4*time.Hour + time.Minute)
	over("after 4 hours without a click")
	clock.Pass(-8 * time.Hour)
	over("begun while the clock was ahead")

	other := h.Browser(t)
	other.Get("/sign-in").Submit("/sign-in", "name", servertest.AdminName, "password", servertest.AdminPassword).Sees(200, "Overview")
	stream := other.Listen("/runs")
	b.Get("/settings").Sees(200, "Sessions", "this one")
	action := ""
	servertest.Each(b.Page, func(n *servertest.Node) {
		if a := servertest.Attr(n, "action"); n.Data == "form" && strings.HasSuffix(a, "/end") && action == "" {
			action = a
		}
	})
	if action == "" {
		t.Fatal("no session can be ended")
	}
	b.Do(http.MethodPost, action, "").Sees(200, "The session is over.")
	for range stream { // it ends, or the test does
	}
	if other.Get("/runs"); other.At.Path != "/sign-in" {
		t.Errorf("an ended session goes on: %s", other.At)
	}
	if b.Get("/runs"); b.At.Path != "/runs" {
		t.Errorf("one's own session ended instead: %s", b.At)
	}
}
