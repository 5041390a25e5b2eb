package server

import (
	"fmt"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// comparedShown is how many tables a page names.
const comparedShown = 200

// contentsView is the card of what both sides hold. It says no more than was
// compared; where nothing was it says why.
func contentsView(z templates.Zone, m migration.Migration, last *migration.Comparison, here string) *templates.Contents {
	if m.Opened.IsZero() {
		return nil
	}
	v := &templates.Contents{Badge: contentsBadge(last)}
	ok, why, fix := migration.Comparable(m)
	switch {
	case !ok:
		v.Badge = templates.Badge{Text: "not compared", Tone: templates.ToneIdle}
		v.Words, v.Fix = why, fix
		return v
	case last == nil:
		v.Words = "It is compared once the check has ended."
		v.Actions = []templates.Action{compareAction("Compare now", here)}
		return v
	}
	v.Words, v.Fix = last.Words(), last.Fix
	v.Actions = []templates.Action{{Label: "Its run", Href: "/runs/" + last.ID, Small: true}}
	if last.Verdict() != migration.Comparing {
		again := compareAction("Compare again", here)
		again.Small = true
		v.Actions = append([]templates.Action{again}, v.Actions...)
	}
	if last.Compared == 0 {
		return v
	}
	v.Notes = []string{readWords(z, "Source", last.Source), readWords(z, "Target", last.Target),
		fmt.Sprintf("Took %s.", spanOf(later(last.Source.Ended, last.Target.Ended).Sub(earlier(last.Source.Began, last.Target.Began)))),
		"The sum of a table is CHECKSUM_AGG over BINARY_CHECKSUM(*): equal sums are strong evidence and no proof. Each table is read at its own moment."}
	for i, t := range last.Tables {
		if i == comparedShown {
			v.More = fmt.Sprintf("and %d more, equal ones last", last.Compared-i)
			break
		}
		v.Rows = append(v.Rows, comparedRow(t))
	}
	return v
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func compareAction(label, here string) templates.Action {
	return templates.Action{Label: label, Href: here + "/compare", Post: true}
}

func readWords(z templates.Zone, side string, r migration.SideRead) string {
	return fmt.Sprintf("%s: %s with %s, read %s to %s UTC. %s", side, templates.Count(r.Tables, "table", "tables"), templates.Count(int(r.Rows), "row", "rows"),
		z.At(r.Began).UTC, z.Clock(r.Ended).UTC, r.Note)
}

func comparedRow(t migration.ComparedTable) templates.ContentsRow {
	row := templates.ContentsRow{Table: t.Table, Source: rowsOf(t.Source), Target: rowsOf(t.Target), Badge: templates.Badge{Text: "equal", Tone: templates.ToneOK}}
	switch {
	case t.Source < 0:
		row.Badge = templates.Badge{Text: "not at the source", Tone: templates.ToneBad}
	case t.Target < 0:
		row.Badge = templates.Badge{Text: "not at the target", Tone: templates.ToneBad}
	case t.Source != t.Target:
		row.Badge = templates.Badge{Text: "rows differ", Tone: templates.ToneBad}
	case !t.SumsEqual:
		row.Badge = templates.Badge{Text: "sums differ", Tone: templates.ToneBad}
	}
	if len(t.NotCompared) > 0 {
		row.Note = "not compared: " + strings.Join(t.NotCompared, ", ")
	}
	return row
}

func rowsOf(n int64) string {
	if n < 0 {
		return "–"
	}
	return templates.Count(int(n), "row", "rows")
}

func contentsBadge(last *migration.Comparison) templates.Badge {
	if last == nil {
		return templates.Badge{Text: "not yet", Tone: templates.ToneIdle}
	}
	switch last.Verdict() {
	case migration.Comparing:
		return templates.Badge{Text: "comparing", Tone: templates.ToneRun}
	case migration.ContentsEqual:
		return templates.Badge{Text: "equal", Tone: templates.ToneOK}
	case migration.ContentsDifferent:
		return templates.Badge{Text: "different", Tone: templates.ToneBad}
	}
	return templates.Badge{Text: "not compared", Tone: templates.ToneWarn}
}

// contentsNeeds is said loudly when the sides differ: the migration is
// finished, and a person should look before the source is given up.
func contentsNeeds(m migration.Migration, last *migration.Comparison, here string) []templates.Help {
	if last == nil || last.Verdict() != migration.ContentsDifferent {
		return nil
	}
	h := templates.Help{Title: "Source and target do not hold the same", Cause: last.Words(),
		Fix:     "When the application has written to the target since it was opened, that is why. If not, keep the source as it is and look at the tables named below before anything is given up.",
		Actions: []templates.Action{compareAction("Compare again", here)}}
	if strings.HasPrefix(last.Target.Note, "It was READ_ONLY") {
		h.Fix = "The target was READ_ONLY while it was read, so nobody wrote there. Keep the source as it is, and look at the tables named below before anything is given up."
	}
	return []templates.Help{h}
}

// contentsStep is the comparison as a phase of the migration.
func contentsStep(z templates.Zone, m migration.Migration, last *migration.Comparison) []templates.Step {
	const title = "Compare contents"
	if ok, _, _ := migration.Comparable(m); !ok && !m.Opened.IsZero() {
		return []templates.Step{{State: "skipped", Title: title, Note: "the source is closed"}}
	}
	if m.LiveSource.Freeze == migration.FreezeTail || m.Stage == migration.StageTerminated {
		return nil
	}
	if last == nil {
		return []templates.Step{{State: "todo", Title: title}}
	}
	out := templates.Step{Title: title, Note: last.Words(), At: took(last.Ordered, last.Finished), AtExact: z.At(last.Ordered).Exact}
	out.State = map[migration.ComparisonVerdict]string{migration.Comparing: "now", migration.ContentsEqual: "done", migration.ContentsDifferent: "failed", migration.NotCompared: "skipped"}[last.Verdict()]
	if out.State == "now" {
		out.At = "since " + z.Clock(last.Ordered).UTC
	}
	return []templates.Step{out}
}

// contentsPair is the line of a report; none while there is nothing to say.
func contentsPair(z templates.Zone, m migration.Migration, last *migration.Comparison) (templates.Pair, bool) {
	if m.LiveSource == nil || m.Opened.IsZero() {
		return templates.Pair{}, false
	}
	if ok, why, _ := migration.Comparable(m); !ok {
		return templates.Pair{Key: "Contents", Badge: templates.Badge{Text: "not compared", Tone: templates.ToneIdle}, Value: why}, true
	}
	p := templates.Pair{Key: "Contents", Badge: contentsBadge(last), Value: "Not compared yet."}
	if last == nil {
		return p, true
	}
	p.Value = last.Words()
	if last.Compared > 0 {
		p.Value += fmt.Sprintf(" Source read %s UTC, target %s UTC.", z.At(last.Source.Ended).UTC, z.At(last.Target.Ended).UTC)
	}
	for i, t := range last.Tables {
		if t.Equal() || i == 5 {
			break
		}
		p.Value += fmt.Sprintf(" %s: %s at the source, %s at the target.", t.Table, rowsOf(t.Source), rowsOf(t.Target))
	}
	return p, true
}

// migrationCompare begins to compare, again if need be.
func (s *Server) migrationCompare(c echo.Context) error {
	err := migration.OrderComparison(c.Request().Context(), s.Migrations, c.Param("id"), s.NewID, s.by(c))
	return s.ordered(c, err, "Both sides are read and compared.")
}

func (s *Server) apiMigrationCompare(c echo.Context) error {
	return s.obeyed(c, migration.OrderComparison(c.Request().Context(), s.Migrations, c.Param("id"), s.NewID, s.by(c)))
}

type sideJSON struct {
	Began  *time.Time `json:"began"`
	Ended  *time.Time `json:"ended"`
	Tables int        `json:"tables"`
	Rows   int64      `json:"rows"`
	Note   string     `json:"note,omitempty"`
}

type comparedTableJSON struct {
	Table       string   `json:"table"`
	Source      int64    `json:"source_rows"` // -1: no such table
	Target      int64    `json:"target_rows"`
	SumsEqual   bool     `json:"sums_equal"`
	NotCompared []string `json:"columns_not_compared"`
}

// contentsJSON is the newest comparison of what both sides hold.
type contentsJSON struct {
	RunID     string              `json:"run_id"`
	Verdict   string              `json:"verdict"` // comparing, equal, different or not compared
	Words     string              `json:"words"`
	Fix       string              `json:"fix,omitempty"`
	Compared  int                 `json:"tables_compared"`
	Different int                 `json:"tables_different"`
	Source    sideJSON            `json:"source"`
	Target    sideJSON            `json:"target"`
	Tables    []comparedTableJSON `json:"tables"`
	Ordered   time.Time           `json:"ordered"`
	Finished  *time.Time          `json:"finished"`
}

func contentsAnswer(c *migration.Comparison) *contentsJSON {
	if c == nil {
		return nil
	}
	side := func(r migration.SideRead) sideJSON {
		return sideJSON{moment(r.Began), moment(r.Ended), r.Tables, r.Rows, r.Note}
	}
	out := &contentsJSON{RunID: c.ID, Verdict: string(c.Verdict()), Words: c.Words(), Fix: c.Fix, Compared: c.Compared, Different: c.Different, Source: side(c.Source), Target: side(c.Target),
		Tables: []comparedTableJSON{}, Ordered: c.Ordered.UTC(), Finished: moment(c.Finished)}
	for _, t := range c.Tables {
		out.Tables = append(out.Tables, comparedTableJSON{t.Table, t.Source, t.Target, t.SumsEqual, append([]string{}, t.NotCompared...)})
	}
	return out
}
