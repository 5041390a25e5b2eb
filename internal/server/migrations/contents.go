package migrations

import (
	"fmt"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/migrations"
)

// comparedShown is how many tables a page names.
const comparedShown = 200

// contentsView is the card of what both sides hold. It says no more than was
// compared; where nothing was it says why.
func contentsView(z kit.Zone, m migration.Migration, last *compare.Comparison, here string) *views.Contents {
	if m.Opened.IsZero() {
		return nil
	}
	v := &views.Contents{Badge: contentsBadge(last)}
	ok, why, fix := compare.May(m)
	switch {
	case !ok:
		v.Badge = kit.Badge{Text: "not compared", Tone: kit.ToneIdle}
		v.Words, v.Fix = why.String(), fix.String()
		return v
	case last == nil:
		v.Words = "It is compared once the check has ended."
		v.Actions = []kit.Action{compareAction("Compare now", here)}
		return v
	}
	v.Words, v.Fix = last.Words().String(), last.Fix.String()
	v.Actions = []kit.Action{{Label: "Its run", Href: "/runs/" + last.ID, Small: true}}
	if last.Verdict() != compare.Comparing {
		again := compareAction("Compare again", here)
		again.Small = true
		v.Actions = append([]kit.Action{again}, v.Actions...)
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

func compareAction(label, here string) kit.Action {
	return kit.Action{Label: label, Href: here + "/compare", Post: true}
}

func readWords(z kit.Zone, side string, r compare.Side) string {
	return fmt.Sprintf("%s: %s with %s, read %s to %s UTC. %s", side, kit.Count(r.Tables, "table", "tables"), kit.Count(int(r.Rows), "row", "rows"),
		z.At(r.Began).UTC, z.Clock(r.Ended).UTC, r.Note)
}

func comparedRow(t compare.Table) views.ContentsRow {
	row := views.ContentsRow{Table: t.Table, Source: rowsOf(t.Source), Target: rowsOf(t.Target), Badge: kit.Badge{Text: "equal", Tone: kit.ToneOK}}
	switch {
	case t.Source < 0:
		row.Badge = kit.Badge{Text: "not at the source", Tone: kit.ToneBad}
	case t.Target < 0:
		row.Badge = kit.Badge{Text: "not at the target", Tone: kit.ToneBad}
	case t.Source != t.Target:
		row.Badge = kit.Badge{Text: "rows differ", Tone: kit.ToneBad}
	case !t.SumsEqual:
		row.Badge = kit.Badge{Text: "sums differ", Tone: kit.ToneBad}
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
	return kit.Count(int(n), "row", "rows")
}

func contentsBadge(last *compare.Comparison) kit.Badge {
	if last == nil {
		return kit.Badge{Text: "not yet", Tone: kit.ToneIdle}
	}
	switch last.Verdict() {
	case compare.Comparing:
		return kit.Badge{Text: "comparing", Tone: kit.ToneRun}
	case compare.Equal:
		return kit.Badge{Text: "equal", Tone: kit.ToneOK}
	case compare.Different:
		return kit.Badge{Text: "different", Tone: kit.ToneBad}
	}
	return kit.Badge{Text: "not compared", Tone: kit.ToneWarn}
}

// contentsNeeds is said loudly when the sides differ: the migration is
// finished, and a person should look before the source is given up.
func contentsNeeds(m migration.Migration, last *compare.Comparison, here string) []kit.Help {
	if last == nil || last.Verdict() != compare.Different {
		return nil
	}
	h := kit.Help{Title: "Source and target do not hold the same", Cause: last.Words().String(),
		Fix:     "When the application has written to the target since it was opened, that is why. If not, keep the source as it is and look at the tables named below before anything is given up.",
		Actions: []kit.Action{compareAction("Compare again", here)}}
	if strings.HasPrefix(last.Target.Note, "It was READ_ONLY") {
		h.Fix = "The target was READ_ONLY while it was read, so nobody wrote there. Keep the source as it is, and look at the tables named below before anything is given up."
	}
	return []kit.Help{h}
}

// contentsStep is the comparison as a phase of the migration.
func contentsStep(z kit.Zone, m migration.Migration, last *compare.Comparison) []kit.Step {
	const title = "Compare contents"
	if ok, _, _ := compare.May(m); !ok && !m.Opened.IsZero() {
		return []kit.Step{{State: "skipped", Title: title, Note: "the source is closed"}}
	}
	if m.LiveSource.Freeze == migration.FreezeTail || m.Stage == migration.StageTerminated {
		return nil
	}
	if last == nil {
		return []kit.Step{{State: "todo", Title: title}}
	}
	out := kit.Step{Title: title, Note: last.Words().String(), At: server.Took(last.Ordered, last.Finished), AtExact: z.At(last.Ordered).Exact}
	out.State = map[compare.Verdict]string{compare.Comparing: "now", compare.Equal: "done", compare.Different: "failed", compare.NotCompared: "skipped"}[last.Verdict()]
	if out.State == "now" {
		out.At = "since " + z.Clock(last.Ordered).UTC
	}
	return []kit.Step{out}
}

// contentsPair is the line of a report; none while there is nothing to say.
func contentsPair(z kit.Zone, m migration.Migration, last *compare.Comparison) (kit.Pair, bool) {
	if m.LiveSource == nil || m.Opened.IsZero() {
		return kit.Pair{}, false
	}
	if ok, why, _ := compare.May(m); !ok {
		return kit.Pair{Key: "Contents", Badge: kit.Badge{Text: "not compared", Tone: kit.ToneIdle}, Value: why.String()}, true
	}
	p := kit.Pair{Key: "Contents", Badge: contentsBadge(last), Value: "Not compared yet."}
	if last == nil {
		return p, true
	}
	p.Value = last.Words().String()
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
func (s *Pages) migrationCompare(c echo.Context) error {
	err := compare.Order(c.Request().Context(), s.Migrations, c.Param("id"), s.NewID, s.By(c))
	return s.Ordered(c, err, "Both sides are read and compared.")
}
