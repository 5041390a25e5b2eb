package server

import (
	"context"
	"fmt"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// waveReport is the account of a wave on one page, to be printed or saved.
func (s *Server) waveReport(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	w, err := s.Migrations.Wave(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	rows, err := s.Migrations.Migrations(ctx, migration.Filter{Wave: w.ID, Limit: migration.MaxWave})
	if err != nil {
		return view{}, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return view{}, err
	}
	v := templates.WaveReport{Name: "Report of " + w.Name, Crumbs: []templates.Link{{Text: "Waves", Href: "/waves"}, {Text: w.Name, Href: "/waves/" + w.ID}, {Text: "Report"}},
		Under: "as of " + z.At(z.Now).UTC + " UTC · print or save this page"}
	longest, finished, calls := time.Duration(0), time.Time{}, endpoint.Calls{}
	for _, row := range rows {
		m, err := s.Migrations.Migration(ctx, row.ID)
		if err != nil {
			return view{}, err
		}
		account, err := s.waveAccount(ctx, z, m, row, names)
		if err != nil {
			return view{}, err
		}
		if m.Traits.Calls.Counted() {
			calls = m.Traits.Calls
		}
		longest = max(longest, migration.Measured(m).Total())
		if m.Finished.After(finished) {
			finished = m.Finished
		}
		hand := byHand(m)
		for _, tick := range hand {
			account.Hand = append(account.Hand, tick.What)
		}
		if v.ByHand == nil && hand != nil {
			m.Database = "database" // the list holds for each of them
			v.ByHand = byHand(m)
		}
		v.Members = append(v.Members, account)
	}
	v.Checks, v.Bounds = checks(w.Findings), s.waveBounds(calls)
	t := tally(rows)
	v.Facts = []templates.Fact{{Label: "Databases", Value: fmt.Sprint(t.all), Note: tallyWords(t)}, {Label: "Begun", Value: z.At(w.Created).UTC, Note: "UTC", Words: true}}
	if longest > 0 {
		v.Facts = append(v.Facts, templates.Fact{Label: "Writes stopped at most", Value: templates.Span(longest), Note: "from freeze to open database"})
	}
	if t.all > 0 && t.ended == t.all {
		v.Facts = append(v.Facts, templates.Fact{Label: "Ended", Value: z.At(finished).UTC, Note: "UTC", Words: true})
	}
	return view{title: v.Name, section: "migrations", page: func(f templates.Frame) templ.Component { return templates.WaveReportPage(f, v) }}, nil
}

// waveAccount is what happened to one database.
func (s *Server) waveAccount(ctx context.Context, z templates.Zone, m migration.Migration, row migration.Summary, names map[string]string) (templates.WaveAccount, error) {
	a := templates.WaveAccount{Name: m.Database, Badge: migrationBadge(m, row.RunState)}
	source := m.SourceDatabase + " on " + m.SourceServer
	if m.LiveSource != nil {
		i, err := s.Endpoints.Instance(ctx, m.LiveSource.ServerID)
		if err != nil {
			return a, err
		}
		source = m.SourceDatabase + " on " + i.Name + " (" + m.SourceServer + ")"
	}
	side, sideWhy := migration.WritableAt(m)
	a.Pairs = []templates.Pair{{Key: "Source", Value: source}, {Key: "Target", Value: m.Database + " on " + names[m.InstanceID]},
		{Key: "Began as", Value: fmt.Sprintf("number %d of its wave", row.Rank)},
		{Key: "Writable at", Badge: sideBadge(side), Value: sideWhy},
		{Key: "Files", Value: fmt.Sprintf("%d of %d applied, %s", row.Applied, row.Files, templates.Bytes(row.Bytes).Text)}}
	if live := m.Live(); len(live) > 0 && live[0].DataBytes > 0 {
		a.Pairs = append(a.Pairs, templates.Pair{Key: "Size of the database", Value: templates.Bytes(live[0].DataBytes).Text})
	}
	a.Pairs = append(a.Pairs, templates.Pair{Key: "Begun (UTC)", When: z.At(m.Created)})
	if first, last := chainEnds(m); first.Key != "" {
		a.Pairs = append(a.Pairs, templates.Pair{Key: "First and last LSN", Value: first.FirstLSN.String() + " to " + last.LastLSN.String()})
	}
	if m.LiveSource != nil {
		if !m.LiveSource.Frozen.IsZero() {
			a.Pairs = append(a.Pairs, templates.Pair{Key: "Writes stopped (UTC)", Value: toTheSecond(m.LiveSource.Frozen)})
		}
		if !m.LiveSource.Tail.IsZero() {
			a.Pairs = append(a.Pairs, templates.Pair{Key: "Gate", Value: gateWords(m)})
		}
		if !m.LiveSource.AbortAsked.IsZero() {
			why := m.LiveSource.AbortWhy
			if why == "" {
				why = "No reason was given."
			}
			a.Pairs = append(a.Pairs, templates.Pair{Key: "Aborted (UTC)", When: z.At(m.LiveSource.AbortAsked)}, templates.Pair{Key: "Why", Value: why})
		}
		if m.LiveSource.Proof != "" {
			a.Pairs = append(a.Pairs, templates.Pair{Key: "Nothing written since", Value: m.LiveSource.Proof})
		}
		if !m.LiveSource.GivenBack.IsZero() {
			a.Pairs = append(a.Pairs, templates.Pair{Key: "Source writable again (UTC)", Value: toTheSecond(m.LiveSource.GivenBack)})
		}
	}
	if !m.Opened.IsZero() {
		a.Pairs = append(a.Pairs, templates.Pair{Key: "Open (UTC)", Value: toTheSecond(m.Opened)}, templates.Pair{Key: "From begin to open", Value: templates.Span(m.Opened.Sub(m.Created))})
	}
	a.Pairs = append(a.Pairs, stopPairs(m)...)
	if m.CheckResult != "" || m.CheckText != "" {
		a.Pairs = append(a.Pairs, templates.Pair{Key: "DBCC CHECKDB", Badge: checkBadge(m.CheckResult), Value: oneLine(m.CheckText, 400)})
	}
	last, err := s.Migrations.LastComparison(ctx, m.ID)
	if err != nil {
		return a, err
	}
	if pair, ok := contentsPair(z, m, last); ok {
		a.Pairs = append(a.Pairs, pair)
	}
	if p := m.Problem; p != nil && !m.Stage.Ended() {
		a.Pairs = append(a.Pairs, templates.Pair{Key: "Stands still", Value: p.Cause + " " + p.Fix})
	}
	return a, nil
}

// toTheSecond words a time for paper, where nothing can be hovered.
func toTheSecond(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04:05") }

// stopPairs are the stop of writes as it was foretold and as it came.
func stopPairs(m migration.Migration) (out []templates.Pair) {
	stop := migration.Measured(m)
	if stop.Known {
		out = append(out, templates.Pair{Key: "Writes were stopped for", Value: spanOf(stop.Total()) + ": " + stopParts(stop) + "; a tail of " + templates.Bytes(stop.Bytes).Text})
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
		return append(out, templates.Pair{Key: "Foretold", Value: "nothing: " + why})
	}
	words := spanOf(told.Total()) + ": " + stopParts(told) + "; a tail of " + templates.Bytes(told.Bytes).Text
	if stop.Known && told.Total() > 0 {
		off, more := 100*(stop.Total().Seconds()/told.Total().Seconds()-1), "more"
		if off < 0 {
			off, more = -off, "less"
		}
		words += fmt.Sprintf(". What came was %.0f %% %s.", off, more)
	}
	return append(out, templates.Pair{Key: "Foretold", Value: words})
}

// chainEnds are the first and the last file that the target has applied.
func chainEnds(m migration.Migration) (first, last migration.File) {
	for _, f := range m.Live() {
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

func gateWords(m migration.Migration) string {
	tail := "tail ends at LSN " + m.LiveSource.Tail.String()
	if open, why := migration.Gate(m); !open {
		return tail + "; closed: " + why
	}
	return tail + ", and the target applied it"
}

func checkBadge(r migration.CheckResult) templates.Badge {
	switch r {
	case migration.CheckPassed:
		return templates.Badge{Text: "no errors", Tone: templates.ToneOK}
	case migration.CheckFailed:
		return templates.Badge{Text: "errors found", Tone: templates.ToneBad}
	case "":
		return templates.Badge{}
	}
	return templates.Badge{Text: "not told", Tone: templates.ToneWarn}
}
