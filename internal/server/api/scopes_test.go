package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
)

// TestEveryScopeIsOfARoute: a slip in the table would leave a route as open as
// its method says.
func TestEveryScopeIsOfARoute(t *testing.T) {
	k, err := server.New(server.Config{}, server.Deps{Notifier: run.NewNotifier()})
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, r := range k.Handler(New(k)).(*echo.Echo).Routes() {
		if path, ok := strings.CutPrefix(r.Path, "/api/v1"); ok {
			routes = append(routes, r.Method+" "+path)
		}
	}
	for name := range scopes {
		if !slices.Contains(routes, name) {
			t.Errorf("%s is no route", name)
		}
	}
	for name, want := range map[string]person.Scope{"GET /runs": person.Read, "POST /migrations": person.Operate, "DELETE /buckets/:id/uploads": person.Operate, "PUT /buckets/:id": person.Administer, "POST /plans": person.Read} {
		method, path, _ := strings.Cut(name, " ")
		if got := scopeOf(method, path); got != want {
			t.Errorf("%s needs %s, want %s", name, got, want)
		}
	}
}
