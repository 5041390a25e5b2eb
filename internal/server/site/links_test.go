package site_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/server/servertest"
)

// TestNoLinkIsDead follows every link of a house in which things were made and
// removed again.
func TestNoLinkIsDead(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of pages take their time")
	}
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get("/instances/target/logs").Submit("/instances/target/look")
	b.Get("/settings/accounts/new").Submit("/settings/accounts", "name", "short-lived", "access_key_id", "key-two", "secret", "s3cret", "region", "cn-hangzhou")
	b.Get("/settings").Sees(200, "short-lived")
	servertest.Each(b.Page, func(n *servertest.Node) {
		if href := servertest.Attr(n, "href"); strings.HasPrefix(href, "/settings/accounts/") && strings.HasSuffix(href, "/remove") && href != "/settings/accounts/account/remove" {
			b.Get(href).Submit(href, "confirm", "short-lived")
		}
	})
	from := map[string]string{"/": "the start", "/migrations/new": "the start"}
	todo := []string{"/", "/audit", "/settings", "/sets", "/instances", "/storage", "/runs", "/policies", "/migrations/new"}
	shapes := map[string]int{}
	for n := 0; len(todo) > 0 && n < 400; n++ {
		at := todo[0]
		todo = todo[1:]
		if b.Get(at); b.Code == 404 || b.Code >= 500 {
			t.Errorf("%s, linked from %s: %d %.120s", at, from[at], b.Code, b.Text())
		}
		if b.At.Path == "/sign-in" {
			t.Fatalf("%s signed us out", at)
		}
		servertest.Each(b.Page, func(n *servertest.Node) {
			href := servertest.Attr(n, "href")
			if n.Data != "a" || !strings.HasPrefix(href, "/") || strings.HasPrefix(href, "/static/") {
				return
			}
			u, err := url.Parse(href)
			if err != nil || strings.Contains(u.Path, "//") {
				t.Errorf("%s leads to %q", at, href)
				return
			}
			u.Fragment = ""
			to := u.String()
			// Of pages that differ by an id or a filter alone, a few are enough.
			shape := strings.Count(u.Path, "/")
			kind := u.Path
			if parts := strings.Split(u.Path, "/"); shape >= 2 {
				kind = parts[1] + "/…/" + strings.Join(parts[3:], "/")
			}
			if _, known := from[to]; known || shapes[kind] >= 12 {
				return
			}
			shapes[kind]++
			from[to] = at
			todo = append(todo, to)
		})
	}
	if len(from) < 60 {
		t.Errorf("only %d pages were found", len(from))
	}
}
