package site_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/server/site"
)

// somebody is a house whose only person is not here.
type somebody struct{ person.Store }

func (somebody) People(context.Context) ([]person.Person, error) {
	return []person.Person{{ID: "1"}}, nil
}

// nothing keeps no sessions.
type nothing struct{}

func (nothing) Find(string) ([]byte, bool, error)                          { return nil, false, nil }
func (nothing) Commit(string, []byte, time.Time) error                     { return nil }
func (nothing) Delete(string) error                                        { return nil }
func (nothing) FindCtx(context.Context, string) ([]byte, bool, error)      { return nil, false, nil }
func (nothing) CommitCtx(context.Context, string, []byte, time.Time) error { return nil }
func (nothing) DeleteCtx(context.Context, string) error                    { return nil }

// TestEveryRouteWantsToKnowWhoAsks, but for the few by which people come in.
func TestEveryRouteWantsToKnowWhoAsks(t *testing.T) {
	open := []string{"GET /sign-in", "POST /sign-in", "POST /sign-out", "GET /welcome", "POST /welcome", "POST /theme", "GET /healthz", "GET /static/*", "HEAD /static/*", "GET /api/v1/openapi.json", "GET /api/v1/openapi.yaml"}
	h, err := site.New(server.Config{PublicURL: &url.URL{Scheme: "http", Host: "example.com"}}, server.Deps{People: somebody{}, Sessions: nothing{}, Notifier: run.NewNotifier(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, r := range h.(*echo.Echo).Routes() {
		name := r.Method + " " + r.Path
		if slices.Contains(open, name) || strings.HasPrefix(r.Path, "/static") || r.Method == echo.RouteNotFound {
			continue
		}
		asked++
		func() {
			defer func() {
				if recover() != nil {
					t.Errorf("%s is answered without asking who is there", name)
				}
			}()
			w := httptest.NewRecorder()
			path := strings.NewReplacer(":id", "1", ":", "").Replace(strings.ReplaceAll(r.Path, "*", "x"))
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), r.Method, path, nil))
			led := w.Code == http.StatusSeeOther && strings.HasPrefix(w.Header().Get("Location"), "/sign-in")
			if api := strings.HasPrefix(r.Path, "/api/"); api && w.Code != http.StatusUnauthorized || !api && !led {
				t.Errorf("%s: %d to %q", name, w.Code, w.Header().Get("Location"))
			}
		}()
	}
	if asked < 100 {
		t.Errorf("only %d routes were asked", asked)
	}
}
