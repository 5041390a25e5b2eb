package migrations

import (
	"context"
	"fmt"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// migrationList shows where each database is on its way.
func (s *Pages) migrationList(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	which, before := c.QueryParam("state"), c.QueryParam("before")
	st, err := s.Progress.Activity(ctx)
	if err != nil {
		return server.View{}, err
	}
	var rows []migration.Summary
	switch which {
	case "needs":
		rows = st.Needs
	case "active":
		rows, err = s.Migrations.Migrations(ctx, migration.Filter{Stages: progress.AtWork, Before: before, Limit: server.PageSize})
	case "ended":
		rows, err = s.Migrations.Migrations(ctx, migration.Filter{Stages: progress.EndedStages, Before: before, Limit: server.PageSize})
	default:
		which = ""
		rows, err = s.Migrations.Migrations(ctx, migration.Filter{Before: before, Limit: server.PageSize})
	}
	if err != nil {
		return server.View{}, err
	}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.Migrations{
		Under: fmt.Sprintf("%d on their way", len(st.Active)),
		Tabs:  migrationTabs(st, which),
		Empty: emptyMigrations(which),
	}
	for _, m := range rows {
		v.Rows = append(v.Rows, s.migrationRow(ctx, z, m, names))
	}
	if which != "needs" && len(rows) == server.PageSize {
		v.Pager.Older = "/migrations?" + url.Values{"state": {which}, "before": {rows[len(rows)-1].ID}}.Encode()
	}
	if before != "" {
		v.Pager.Newer = "/migrations?" + url.Values{"state": {which}}.Encode()
	}
	return server.View{Title: "Migrations", Section: "migrations", Live: v.Fragments(),
		Page: func(f kit.Frame) templ.Component { return views.MigrationsPage(f, v) }}, nil
}

func (s *Pages) migrationRow(ctx context.Context, z kit.Zone, m migration.Summary, names map[string]string) views.MigrationRow {
	row := views.MigrationRow{Name: kit.Link{Text: m.Database, Href: "/migrations/" + m.ID}, From: m.Source, To: names[m.InstanceID],
		Badge: server.SummaryBadge(m), Progress: s.SummaryProgress(ctx, m), Next: server.OneLine(m.Message.String(), 140), Begun: z.At(m.Created)}
	if m.Problem != "" && !m.Stage.Ended() {
		row.Badge = kit.Badge{Text: server.ProblemWords(m.Problem), Tone: kit.ToneBad}
	}
	return row
}

// migrationTabs choose among the lists; which is "waves" on that of the waves.
func migrationTabs(st progress.Activity, which string) []kit.Tab {
	return []kit.Tab{
		{Label: "All", Href: "/migrations", Count: -1, Current: which == ""},
		{Label: "On their way", Href: "/migrations?state=active", Count: len(st.Active), Current: which == "active"},
		{Label: "Need a person", Href: "/migrations?state=needs", Count: len(st.Needs), Current: which == "needs"},
		{Label: "Ended", Href: "/migrations?state=ended", Count: -1, Current: which == "ended"},
		{Label: "Waves", Href: "/waves", Count: -1, Current: which == "waves"},
	}
}

func emptyMigrations(which string) kit.Empty {
	switch which {
	case "needs":
		return kit.Empty{Title: "Nothing waits for you.", Text: "Migrations that stop and cannot go on by themselves appear here."}
	case "active":
		return kit.Empty{Title: "Nothing is on its way.", Text: "Migrations that have not ended appear here.", Actions: []kit.Action{{Label: "New migration", Href: "/migrations/new"}}}
	case "ended":
		return kit.Empty{Title: "None has ended yet.", Text: "Migrations whose database was opened, or that were terminated, appear here."}
	}
	return kit.Empty{Title: "No migrations yet.", Text: "Choose a folder or bucket with backup files; Bakplane reads what they really are and shows what it would do before it does anything.",
		Actions: []kit.Action{{Label: "New migration", Href: "/migrations/new"}}}
}
