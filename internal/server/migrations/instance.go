package migrations

import (
	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// cloudMigrations lists the migrations to an instance, newest first.
func (s *Pages) cloudMigrations(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	in, err := s.Glimpsed(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	v := views.CloudMigrations{Head: s.CloudHead(c, in, "migrations"), Migrations: views.Migrations{Empty: kit.Empty{Title: "No database was brought here yet.", Text: "Migrations to this instance appear here.",
		Actions: []kit.Action{{Label: "New migration", Href: "/migrations/new"}}}}}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	f := migration.Filter{Before: c.QueryParam("before"), Limit: server.PageSize}
	for range server.MaxBatches { // those to other instances lie between
		got, err := s.Migrations.Migrations(ctx, f)
		if err != nil {
			return server.View{}, err
		}
		for _, m := range got {
			if m.InstanceID == in.ID && len(v.Migrations.Rows) < server.PageSize {
				v.Migrations.Rows = append(v.Migrations.Rows, s.migrationRow(ctx, z, m, names))
			}
			f.Before = m.ID
			if len(v.Migrations.Rows) == server.PageSize {
				break
			}
		}
		if len(got) < server.PageSize {
			break
		}
		if len(v.Migrations.Rows) == server.PageSize {
			v.Migrations.Pager.Older = "/instances/" + in.ID + "/migrations?before=" + f.Before
			break
		}
	}
	return server.CloudPage("Migrations to "+in.Name, func(f kit.Frame) templ.Component { return views.CloudMigrationsPage(f, v) }), nil
}
