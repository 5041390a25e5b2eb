package migrations

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// waveReport is the account of a wave on one page, to be printed or saved.
func (s *Pages) waveReport(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	w, err := s.Migrations.Wave(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	rows, err := s.Migrations.Migrations(ctx, migration.Filter{Wave: w.ID, Limit: wave.Most})
	if err != nil {
		return server.View{}, err
	}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.WaveReport{Name: "Report of " + w.Name, Crumbs: []kit.Link{{Text: "Waves", Href: "/waves"}, {Text: w.Name, Href: "/waves/" + w.ID}, {Text: "Report"}},
		Under: "as of " + z.At(z.Now).UTC + " UTC · print or save this page"}
	longest, finished, calls := time.Duration(0), time.Time{}, endpoint.Calls{}
	for _, row := range rows {
		m, err := s.Migrations.Migration(ctx, row.ID)
		if err != nil {
			return server.View{}, err
		}
		account, err := s.waveAccount(ctx, z, m, row, names)
		if err != nil {
			return server.View{}, err
		}
		if m.Traits.Calls.Counted() {
			calls = m.Traits.Calls
		}
		longest = max(longest, migration.Measured(m).Total())
		if m.Finished.After(finished) {
			finished = m.Finished
		}
		for _, tick := range byHand(m) {
			account.Hand = append(account.Hand, tick.What)
		}
		m.Database = "database" // one list, of what any of them needs
		for _, tick := range byHand(m) {
			if !slices.ContainsFunc(v.ByHand, func(t views.Tick) bool { return t.What == tick.What }) {
				v.ByHand = append(v.ByHand, tick)
			}
		}
		v.Members = append(v.Members, account)
	}
	v.Checks, v.Bounds = checks(w.Findings), s.waveBounds(calls)
	t := progress.TallyOf(rows)
	v.Facts = []kit.Fact{{Label: "Databases", Value: fmt.Sprint(t.All), Note: tallyWords(t)}, {Label: "Begun", Value: z.At(w.Created).UTC, Note: "UTC", Words: true}}
	if longest > 0 {
		v.Facts = append(v.Facts, kit.Fact{Label: "Writes stopped at most", Value: kit.Span(longest), Note: "from freeze to open database"})
	}
	if t.All > 0 && t.Ended == t.All {
		v.Facts = append(v.Facts, kit.Fact{Label: "Ended", Value: z.At(finished).UTC, Note: "UTC", Words: true})
	}
	return server.View{Title: v.Name, Section: "migrations", Page: func(f kit.Frame) templ.Component { return views.WaveReportPage(f, v) }}, nil
}

// waveAccount is what happened to one database.
func (s *Pages) waveAccount(ctx context.Context, z kit.Zone, m migration.Migration, row migration.Summary, names map[string]string) (views.WaveAccount, error) {
	a := views.WaveAccount{Name: m.Database, Badge: migrationBadge(m, row.RunState)}
	source := m.SourceDatabase + " on " + m.SourceServer
	if m.LiveSource != nil {
		i, err := s.Endpoints.Instance(ctx, m.LiveSource.ServerID)
		if err != nil {
			return a, err
		}
		source = m.SourceDatabase + " on " + i.Name + " (" + m.SourceServer + ")"
	}
	side, sideWhy := wave.WritableAt(m)
	a.Pairs = []kit.Pair{{Key: "Source", Value: source}, {Key: "Target", Value: m.Database + " on " + names[m.InstanceID]},
		{Key: "Began as", Value: fmt.Sprintf("number %d of its wave", row.Rank)},
		{Key: "Writable at", Badge: sideBadge(side), Value: sideWhy},
		{Key: "Files", Value: fmt.Sprintf("%d of %d applied, %s", row.Applied, row.Files, kit.Bytes(row.Bytes).Text)}}
	if chain := m.Chain(); len(chain) > 0 && chain[0].DataBytes > 0 {
		a.Pairs = append(a.Pairs, kit.Pair{Key: "Size of the database", Value: kit.Bytes(chain[0].DataBytes).Text})
	}
	a.Pairs = append(a.Pairs, kit.Pair{Key: "Begun (UTC)", When: z.At(m.Created)})
	if first, last := chainEnds(m); first.Key != "" {
		a.Pairs = append(a.Pairs, kit.Pair{Key: "First and last LSN", Value: first.FirstLSN.String() + " to " + last.LastLSN.String()})
	}
	if m.LiveSource != nil {
		if !m.LiveSource.Frozen.IsZero() {
			a.Pairs = append(a.Pairs, kit.Pair{Key: "Writes stopped (UTC)", Value: toTheSecond(m.LiveSource.Frozen)})
		}
		if !m.LiveSource.Tail.IsZero() {
			a.Pairs = append(a.Pairs, kit.Pair{Key: "Gate", Value: gateWords(m, s.Now())})
		}
		if !m.LiveSource.AbortAsked.IsZero() {
			why := m.LiveSource.AbortWhy
			if why == "" {
				why = "No reason was given."
			}
			a.Pairs = append(a.Pairs, kit.Pair{Key: "Aborted (UTC)", When: z.At(m.LiveSource.AbortAsked)}, kit.Pair{Key: "Why", Value: why})
		}
		if m.LiveSource.Proof != "" {
			a.Pairs = append(a.Pairs, kit.Pair{Key: "Nothing written since", Value: m.LiveSource.Proof})
		}
		if !m.LiveSource.GivenBack.IsZero() {
			a.Pairs = append(a.Pairs, kit.Pair{Key: "Source writable again (UTC)", Value: toTheSecond(m.LiveSource.GivenBack)})
		}
	}
	if !m.Opened.IsZero() {
		a.Pairs = append(a.Pairs, kit.Pair{Key: "Open (UTC)", Value: toTheSecond(m.Opened)}, kit.Pair{Key: "From begin to open", Value: kit.Span(m.Opened.Sub(m.Created))})
	}
	a.Pairs = append(a.Pairs, stopPairs(m)...)
	if m.CheckResult != "" || m.CheckText != "" {
		a.Pairs = append(a.Pairs, kit.Pair{Key: "DBCC CHECKDB", Badge: checkBadge(m.CheckResult), Value: server.OneLine(m.CheckText, 400)})
	}
	last, err := s.Migrations.LastComparison(ctx, m.ID)
	if err != nil {
		return a, err
	}
	if pair, ok := contentsPair(z, m, last); ok {
		a.Pairs = append(a.Pairs, pair)
	}
	if p := m.Problem; p != nil && !m.Stage.Ended() {
		a.Pairs = append(a.Pairs, kit.Pair{Key: "Stands still", Value: p.Cause.String() + " " + p.Fix.String()})
	}
	return a, nil
}

// toTheSecond words a time for paper, where nothing can be hovered.
func toTheSecond(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04:05") }

// stopPairs are the stop of writes as it was foretold and as it came.
func stopPairs(m migration.Migration) (out []kit.Pair) {
	stop := migration.Measured(m)
	if stop.Known {
		out = append(out, kit.Pair{Key: "Writes were stopped for", Value: spanOf(stop.Total()) + ": " + stopParts(stop) + "; a tail of " + kit.Bytes(stop.Bytes).Text})
	}
	if m.LiveSource == nil || m.LiveSource.CutoverAsked.IsZero() {
		return out
	}
	told := m.LiveSource.Predicted
	if !told.Known {
		why := told.Why
		if why == "" {
			why = "It was ordered without a prediction."
		}
		return append(out, kit.Pair{Key: "Foretold", Value: "nothing: " + why})
	}
	words := spanOf(told.Total()) + ": " + stopParts(told) + "; a tail of " + kit.Bytes(told.Bytes).Text
	if stop.Known && told.Total() > 0 {
		off, more := 100*(stop.Total().Seconds()/told.Total().Seconds()-1), "more"
		if off < 0 {
			off, more = -off, "less"
		}
		words += fmt.Sprintf(". What came was %.0f %% %s.", off, more)
	}
	return append(out, kit.Pair{Key: "Foretold", Value: words})
}

// chainEnds are the first and the last file that the target has applied.
func chainEnds(m migration.Migration) (first, last migration.File) {
	for _, f := range m.Chain() {
		if f.State != migration.FileApplied {
			continue
		}
		if first.Key == "" {
			first = f
		}
		last = f
	}
	return first, last
}

func gateWords(m migration.Migration, now time.Time) string {
	tail := "tail ends at LSN " + m.LiveSource.Tail.String()
	if open, why := migration.Gate(m, now); !open {
		return tail + "; closed: " + why
	}
	return tail + ", and the target applied it"
}

func checkBadge(r migration.CheckResult) kit.Badge {
	switch r {
	case migration.CheckPassed:
		return kit.Badge{Text: "no errors", Tone: kit.ToneOK}
	case migration.CheckFailed:
		return kit.Badge{Text: "errors found", Tone: kit.ToneBad}
	case "":
		return kit.Badge{}
	}
	return kit.Badge{Text: "not told", Tone: kit.ToneWarn}
}
