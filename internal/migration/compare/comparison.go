// Package compare reads a source and its target after the cutover and sets them
// beside one another, as a run of its own.
package compare

import (
	"cmp"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Comparison is one comparing of what source and target hold, after the target
// was opened. It claims no more than was read: which tables, when, and which
// columns took no part.
type Comparison struct {
	ID          string // of its run too
	MigrationID string
	Ordered     time.Time
	Finished    time.Time // zero while it goes on

	Source, Target Side
	Tables         []Table // different ones first, at most MostTables
	Compared       int     // tables in all
	Different      int     // tables that differ

	Why, Fix words.Text // why nothing could be compared; empty when it was
	State    run.State  // of the run, as the store tells it
}

// Side is how one side was read. Its tables are read one after the other,
// each as it was at its own moment between Began and Ended.
type Side struct {
	Began, Ended time.Time // UTC
	Tables       int
	Rows         int64
	Note         string // what may have changed it meanwhile, or why nothing did
}

// Table is one table on both sides.
type Table struct {
	Table          string // schema.name
	Source, Target int64  // rows; -1 = the side has no such table
	SumsEqual      bool
	NotCompared    []string // columns whose values took no part in the sum
}

// Equal reports whether rows and sums are the same.
func (t Table) Equal() bool { return t.Source == t.Target && t.SumsEqual }

// MostTables is how many tables a comparison keeps by name.
const MostTables = 2000

// Verdict is how a comparison ended.
type Verdict string

const (
	Comparing   Verdict = "comparing"
	Equal       Verdict = "equal"
	Different   Verdict = "different"
	NotCompared Verdict = "not compared"
)

// Verdict is how it ended, or that it has not.
func (c Comparison) Verdict() Verdict {
	switch {
	case c.Finished.IsZero() && (c.State == run.Canceled || c.State == run.Failed || c.State == run.Succeeded):
		return NotCompared
	case c.Finished.IsZero():
		return Comparing
	case !c.Why.IsZero():
		return NotCompared
	case c.Different > 0:
		return Different
	}
	return Equal
}

// Reason is why nothing was compared, a sentence; empty when something was.
func (c Comparison) Reason() words.Text {
	switch {
	case c.Verdict() != NotCompared:
		return words.Text{}
	case c.Why.IsZero() && c.State == run.Canceled:
		return words.Say("A person canceled the comparison.")
	case c.Why.IsZero():
		return words.Say("The comparison did not end.")
	}
	return c.Why
}

// Words says the result in one sentence.
func (c Comparison) Words() words.Text {
	switch c.Verdict() {
	case Comparing:
		return words.Say("The contents are being compared.")
	case NotCompared:
		return words.Say("Not compared: %s", c.Reason())
	case Different:
		return words.Say("%d of %s differ.", c.Different, words.Count(c.Compared, "table", "tables"))
	}
	if c.Compared == 0 {
		return words.Say("Neither side has a table of users.")
	}
	left := words.Text{}
	if n := c.left(); n > 0 {
		left = words.Say("; %s took no part in the sums", words.Count(n, "column", "columns"))
	}
	return words.Say("%s with %s are equal in rows and sums%s.", words.Count(c.Compared, "table", "tables"), words.Count(c.Source.Rows, "row", "rows"), left)
}

func (c Comparison) left() (n int) {
	for _, t := range c.Tables {
		n += len(t.NotCompared)
	}
	return n
}

// Contents sets the tables of both sides beside one another. Different ones
// come first, then by name.
func Contents(source, target []backup.TableSum) (tables []Table, different int) {
	there := map[string]backup.TableSum{}
	for _, t := range target {
		there[t.Table] = t
	}
	for _, s := range source {
		row := Table{Table: s.Table, Source: s.Rows, Target: -1, NotCompared: s.NotCompared}
		if t, ok := there[s.Table]; ok {
			row.Target, row.SumsEqual, row.NotCompared = t.Rows, s.Sum == t.Sum, both(s.NotCompared, t.NotCompared)
			delete(there, s.Table)
		}
		tables = append(tables, row)
	}
	for _, t := range there {
		tables = append(tables, Table{Table: t.Table, Source: -1, Target: t.Rows, NotCompared: t.NotCompared})
	}
	for _, t := range tables {
		if !t.Equal() {
			different++
		}
	}
	slices.SortFunc(tables, func(a, b Table) int {
		if a.Equal() != b.Equal() {
			return map[bool]int{true: 1, false: -1}[a.Equal()]
		}
		return cmp.Compare(a.Table, b.Table)
	})
	return tables, different
}

func both(a, b []string) []string {
	out := slices.Clone(a)
	for _, name := range b {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// May says whether both sides can be read at moments that can be
// compared, and why not.
func May(m migration.Migration) (ok bool, why, fix words.Text) {
	switch {
	case m.Opened.IsZero():
		return false, words.Say("The target is not open."), words.Say("Wait until it is.")
	case m.LiveSource == nil:
		return false, words.Say("The migration was made of given files: there is no source to read."), words.Text{}
	case m.LiveSource.Freeze == migration.FreezeTail:
		return false, words.Say("The tail of the log closed the source: it is RESTORING, and nobody can read it. What proves equality here is the LSN: the target has applied %s, where the tail ends.", m.LiveSource.Tail),
			words.Say("Where contents are to be compared too, freeze by READ_ONLY or by stopping the application.")
	}
	return true, words.Text{}, words.Text{}
}

// MayAgain decides whether a comparison may begin now. last is the newest
// one; nil = there was none.
func MayAgain(m migration.Migration, last *Comparison) error {
	if ok, why, fix := May(m); !ok {
		return fault.Told(fault.Conflict, why, fix)
	}
	if last != nil && last.Verdict() == Comparing {
		return fault.New(fault.Conflict, "The contents are being compared already.", "Wait for the result, or cancel its run.")
	}
	return nil
}

// Kind is the kind of the runs that compare contents.
const Kind = "comparison"

// newRun makes the run of a comparison. Where and when it was ordered is told
// by its subject and time.
func newRun(m migration.Migration, id string, at time.Time) run.Run {
	return run.Run{ID: id, Kind: Kind, Subject: m.ID, Title: words.Say("Compare contents of %s", m.Database), Created: at}
}

// Follows makes the comparison that begins with the end of a migration.
func Follows(m migration.Migration, newID func() string, at time.Time) (run.Run, bool) {
	if ok, _, _ := May(m); !ok {
		return run.Run{}, false
	}
	return newRun(m, newID(), at), true
}

// comparedEntry is the audit row of a comparison that ended.
func comparedEntry(m migration.Migration, c Comparison) audit.Entry {
	return audit.New(audit.Engine, c.Finished, "migration.compared", "migration/"+m.ID, "Compared "+m.Database+": "+c.Words().String()).
		With(nil, map[string]any{"verdict": c.Verdict(), "tables": c.Compared, "different": c.Different, "source_read": c.Source.Ended, "target_read": c.Target.Ended})
}
