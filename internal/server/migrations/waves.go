package migrations

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// waveList shows the waves, newest first.
func (s *Pages) waveList(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	st, err := s.Progress.Activity(ctx)
	if err != nil {
		return server.View{}, err
	}
	before := c.QueryParam("before")
	waves, err := s.Migrations.Waves(ctx, before, server.PageSize)
	if err != nil {
		return server.View{}, err
	}
	v := views.Waves{Tabs: migrationTabs(st, "waves"), Empty: kit.Empty{Title: "No waves yet.", Text: "A wave takes many databases of a server together: they are checked, followed and cut over as one.",
		Actions: []kit.Action{{Label: "New wave", Href: "/waves/new"}}}}
	for _, w := range waves {
		rows, err := s.Migrations.Migrations(ctx, migration.Filter{Wave: w.ID, Limit: wave.Most})
		if err != nil {
			return server.View{}, err
		}
		t := progress.TallyOf(rows)
		row := views.WaveRow{Name: kit.Link{Text: w.Name, Href: "/waves/" + w.ID}, Databases: kit.Count(t.All, "database", "databases"), Badge: tallyBadge(t), Next: tallyWords(t), Begun: z.At(w.Created)}
		if t.Files > 0 && t.Ended < t.All {
			row.Progress = &kit.Progress{Label: "Files of " + w.Name + " applied", Value: int64(t.Applied), Max: int64(t.Files), Words: fmt.Sprintf("%d of %s applied", t.Applied, kit.Count(t.Files, "file", "files"))}
		}
		v.Rows = append(v.Rows, row)
	}
	if len(waves) == server.PageSize {
		v.Pager.Older = "/waves?" + url.Values{"before": {waves[len(waves)-1].ID}}.Encode()
	}
	if before != "" {
		v.Pager.Newer = "/waves"
	}
	return server.View{Title: "Waves", Section: "migrations", Live: v.Fragments(), Page: func(f kit.Frame) templ.Component { return views.WavesPage(f, v) }}, nil
}

func tallyBadge(t progress.Tally) kit.Badge {
	switch {
	case t.All == 0:
		return kit.Badge{Text: "empty"}
	case t.Needs > 0:
		return kit.Badge{Text: kit.Count(t.Needs, "needs you", "need you"), Tone: kit.ToneBad}
	case t.Open == t.All:
		return kit.Badge{Text: "all open", Tone: kit.ToneOK}
	case t.Ended == t.All:
		return kit.Badge{Text: "ended"}
	case t.Cutting > 0:
		return kit.Badge{Text: "cutting over", Tone: kit.ToneWarn}
	case t.Follow+t.Ended == t.All:
		return kit.Badge{Text: "all following", Tone: kit.ToneRun}
	}
	return kit.Badge{Text: "on its way", Tone: kit.ToneRun}
}

func tallyWords(t progress.Tally) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{t.Follow, "following"}, {t.Cutting, "cutting over"}, {t.Open, "open"}, {t.Ended - t.Open, "given up"}, {t.Needs, "waiting for a person"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, " · ")
}
