package server

import (
	"context"
	"fmt"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

const pageSize = 50

var endedStages = []migration.Stage{migration.StageOpened, migration.StageTerminated}

// migrationList shows where each database is on its way.
func (s *Server) migrationList(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	which, before := c.QueryParam("state"), c.QueryParam("before")
	st, err := s.activity(ctx)
	if err != nil {
		return view{}, err
	}
	var rows []migration.Summary
	switch which {
	case "needs":
		rows = st.needs
	case "active":
		rows, err = s.Migrations.Migrations(ctx, migration.Filter{Stages: atWork, Before: before, Limit: pageSize})
	case "ended":
		rows, err = s.Migrations.Migrations(ctx, migration.Filter{Stages: endedStages, Before: before, Limit: pageSize})
	default:
		which = ""
		rows, err = s.Migrations.Migrations(ctx, migration.Filter{Before: before, Limit: pageSize})
	}
	if err != nil {
		return view{}, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return view{}, err
	}
	v := templates.Migrations{
		Under: fmt.Sprintf("%d on their way", len(st.active)),
		Tabs:  migrationTabs(st, which),
		Empty: emptyMigrations(which),
	}
	for _, m := range rows {
		v.Rows = append(v.Rows, s.migrationRow(ctx, z, m, names))
	}
	if which != "needs" && len(rows) == pageSize {
		v.Pager.Older = "/migrations?" + url.Values{"state": {which}, "before": {rows[len(rows)-1].ID}}.Encode()
	}
	if before != "" {
		v.Pager.Newer = "/migrations?" + url.Values{"state": {which}}.Encode()
	}
	return view{title: "Migrations", section: "migrations", live: v.Fragments(),
		page: func(f templates.Frame) templ.Component { return templates.MigrationsPage(f, v) }}, nil
}

func (s *Server) migrationRow(ctx context.Context, z templates.Zone, m migration.Summary, names map[string]string) templates.MigrationRow {
	row := templates.MigrationRow{Name: templates.Link{Text: m.Database, Href: "/migrations/" + m.ID}, From: m.Source, To: names[m.InstanceID],
		Badge: summaryBadge(m), Progress: s.summaryProgress(ctx, m), Next: oneLine(m.Message, 140), Begun: z.At(m.Created)}
	if m.Problem != "" && !m.Stage.Ended() {
		row.Badge = templates.Badge{Text: problemWords(m.Problem), Tone: templates.ToneBad}
	}
	return row
}

// migrationTabs choose among the lists; which is "waves" on that of the waves.
func migrationTabs(st activity, which string) []templates.Tab {
	return []templates.Tab{
		{Label: "All", Href: "/migrations", Count: -1, Current: which == ""},
		{Label: "On their way", Href: "/migrations?state=active", Count: len(st.active), Current: which == "active"},
		{Label: "Need a person", Href: "/migrations?state=needs", Count: len(st.needs), Current: which == "needs"},
		{Label: "Ended", Href: "/migrations?state=ended", Count: -1, Current: which == "ended"},
		{Label: "Waves", Href: "/waves", Count: -1, Current: which == "waves"},
	}
}

func emptyMigrations(which string) templates.Empty {
	switch which {
	case "needs":
		return templates.Empty{Title: "Nothing waits for you.", Text: "Migrations that stop and cannot go on by themselves appear here."}
	case "active":
		return templates.Empty{Title: "Nothing is on its way.", Text: "Migrations that have not ended appear here.", Actions: []templates.Action{{Label: "New migration", Href: "/migrations/new"}}}
	case "ended":
		return templates.Empty{Title: "None has ended yet.", Text: "Migrations whose database was opened, or that were terminated, appear here."}
	}
	return templates.Empty{Title: "No migrations yet.", Text: "Choose a folder or bucket with backup files; Bakplane reads what they really are and shows what it would do before it does anything.",
		Actions: []templates.Action{{Label: "New migration", Href: "/migrations/new"}}}
}
