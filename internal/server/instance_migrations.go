package server

import (
	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// cloudMigrations lists the migrations to an instance, newest first.
func (s *Server) cloudMigrations(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	in, err := s.glimpsed(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	v := templates.CloudMigrations{Head: s.cloudHead(c, in, "migrations"), Migrations: templates.Migrations{Empty: templates.Empty{Title: "No database was brought here yet.", Text: "Migrations to this instance appear here.",
		Actions: []templates.Action{{Label: "New migration", Href: "/migrations/new"}}}}}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return view{}, err
	}
	f := migration.Filter{Before: c.QueryParam("before"), Limit: pageSize}
	for range maxBatches { // those to other instances lie between
		got, err := s.Migrations.Migrations(ctx, f)
		if err != nil {
			return view{}, err
		}
		for _, m := range got {
			if m.InstanceID == in.ID && len(v.Migrations.Rows) < pageSize {
				v.Migrations.Rows = append(v.Migrations.Rows, s.migrationRow(ctx, z, m, names))
			}
			f.Before = m.ID
			if len(v.Migrations.Rows) == pageSize {
				break
			}
		}
		if len(got) < pageSize {
			break
		}
		if len(v.Migrations.Rows) == pageSize {
			v.Migrations.Pager.Older = "/instances/" + in.ID + "/migrations?before=" + f.Before
			break
		}
	}
	return cloudPage("Migrations to "+in.Name, func(f templates.Frame) templ.Component { return templates.CloudMigrationsPage(f, v) }), nil
}
