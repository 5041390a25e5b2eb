// Package site puts the web server together: the kit, every family of pages
// and the JSON API.
package site

import (
	"net/http"

	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/server/activity"
	"github.com/bakplane/bakplane/internal/server/api"
	"github.com/bakplane/bakplane/internal/server/catalogue"
	"github.com/bakplane/bakplane/internal/server/instances"
	"github.com/bakplane/bakplane/internal/server/migrations"
	"github.com/bakplane/bakplane/internal/server/policies"
	"github.com/bakplane/bakplane/internal/server/servers"
	"github.com/bakplane/bakplane/internal/server/settings"
)

// New makes the handler of the whole site. Streams to browsers end with their
// request's context: give the http.Server a BaseContext that ends at shutdown.
func New(cfg server.Config, deps server.Deps) (http.Handler, error) {
	kit, err := server.New(cfg, deps)
	if err != nil {
		return nil, err
	}
	return kit.Handler(api.New(kit),
		activity.New(kit), migrations.New(kit), instances.New(kit), policies.New(kit), catalogue.New(kit), servers.New(kit), settings.New(kit)), nil
}
