package migration

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

func TestVerdictOfAComparison(t *testing.T) {
	why := words.Say("It is gone.")
	for _, tc := range []struct {
		c    Comparison
		want ComparisonVerdict
	}{
		{Comparison{State: run.Running}, Comparing}, {Comparison{State: run.Paused}, Comparing},
		{Comparison{State: run.Canceled}, NotCompared}, {Comparison{State: run.Failed}, NotCompared}, {Comparison{State: run.Succeeded}, NotCompared},
		{Comparison{Finished: t0}, ContentsEqual}, {Comparison{Finished: t0, Different: 1}, ContentsDifferent},
		{Comparison{Finished: t0, Different: 1, Why: why}, NotCompared}, {Comparison{Finished: t0, State: run.Canceled}, ContentsEqual},
	} {
		if got := tc.c.Verdict(); got != tc.want || (got == NotCompared) == tc.c.Reason().IsZero() {
			t.Errorf("%+v: %s (%s), want %s", tc.c, got, tc.c.Reason(), tc.want)
		}
	}
}

// TestCompare: rows and sums must be equal, and both sides must have the table.
func TestCompare(t *testing.T) {
	sum := func(table string, rows, sum int64, left ...string) backup.TableSum {
		return backup.TableSum{Table: table, Rows: rows, Sum: sum, NotCompared: left}
	}
	rows, different := Compare([]backup.TableSum{sum("a", 1, 1, "x"), sum("b", 1, 1), sum("c", 1, 1), sum("only source", 0, 0)},
		[]backup.TableSum{sum("c", 1, 2), sum("b", 2, 1), sum("a", 1, 1, "x", "y"), sum("only target", 0, 0)})
	want := []string{"b", "c", "only source", "only target", "a"}
	if different != 4 || len(rows) != len(want) {
		t.Fatalf("%d of %d differ", different, len(rows))
	}
	for i, r := range rows {
		if r.Table != want[i] || r.Equal() != (r.Table == "a") {
			t.Errorf("%d: %+v, want %s", i, r, want[i])
		}
	}
	if rows[2].Target != -1 || rows[3].Source != -1 || len(rows[4].NotCompared) != 2 {
		t.Errorf("%+v", rows)
	}
}

func TestWhenContentsCanBeCompared(t *testing.T) {
	open := func(f Freeze) Migration { return cutOver(f, func(m *Migration) { m.Opened = t0 }) }
	for _, tc := range []struct {
		name string
		m    Migration
		last *Comparison
		ok   bool
	}{
		{"stopped", open(FreezeStopped), nil, true},
		{"READ_ONLY", open(FreezeReadOnly), nil, true},
		{"the tail closed the source", open(FreezeTail), nil, false},
		{"not open", cutOver(FreezeStopped, nil), nil, false},
		{"of files", Migration{Opened: t0}, nil, false},
		{"one goes on", open(FreezeStopped), &Comparison{}, false},
		{"one has ended", open(FreezeStopped), &Comparison{Finished: t0}, true},
		{"one was canceled", open(FreezeStopped), &Comparison{State: run.Canceled}, true},
	} {
		if err := CompareAgain(tc.m, tc.last); (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// TestOurOwnHalfAtTheBoundary: a second earlier than its order is allowed for
// the clocks, and ten restores go on by themselves.
func TestOurOwnHalfAtTheBoundary(t *testing.T) {
	calls := func(n int) (out []Call) {
		for range n {
			out = append(out, Call{Verb: VerbRestore, Intended: t0, Verdict: Void})
		}
		return append(out, Call{Verb: VerbImport, Intended: t0.Add(-time.Hour), Verdict: Accepted})
	}
	for _, tc := range []struct {
		calls   int
		created time.Time
		ours    bool
		again   bool
	}{
		{1, t0.Add(-time.Second), true, true}, {1, t0.Add(-time.Second - 1), false, false}, {10, t0, true, true}, {11, t0, true, false}, {0, t0, false, false},
	} {
		m := Migration{Traits: serverTraits, Calls: calls(tc.calls)}
		if ours, again := OurInterrupted(m, tc.created), RestoresAgain(m, Task{InterruptedRestore: tc.created}); ours != tc.ours || again != tc.again {
			t.Errorf("%d restores, made at %s: ours %v, again %v", tc.calls, tc.created, ours, again)
		}
	}
}

// TestPredictNeedsOneIncrement, and says what it does not know.
func TestPredictNeedsOneIncrement(t *testing.T) {
	measured := func(n int, check CheckMode) Migration {
		return fed(func(m *Migration) {
			m.Check, m.Files, m.LiveSource.SourceBackups = check, nil, nil
			for i := range n {
				f := file(i+1, "log", FileApplied, uint32(i), uint32(i+1))
				f.Staged, f.Applied = t0.Add(2*time.Second), t0.Add(3*time.Second)
				m.Files = append(m.Files, f)
				m.LiveSource.SourceBackups = append(m.LiveSource.SourceBackups, SourceBackup{Verdict: Accepted, File: f.Ord, Intended: t0, Settled: t0.Add(time.Second)})
				m.Calls = append(m.Calls, Call{Verb: VerbImport, File: f.Ord, Verdict: Accepted, Intended: t0.Add(2 * time.Second)})
			}
		})
	}
	six := []time.Duration{1 * time.Second, 2 * time.Second, 9 * time.Second, 8 * time.Second, 7 * time.Second, time.Hour, time.Hour, time.Hour}
	for _, tc := range []struct {
		n     int
		check CheckMode
		opens []time.Duration
		known bool
		open  time.Duration
	}{
		{1, CheckAsync, six, false, 0}, {2, CheckAsync, nil, true, time.Minute}, {2, CheckSync, nil, false, 0}, {2, CheckSync, six, true, 7 * time.Second},
	} {
		if s := Predict(measured(tc.n, tc.check), 0, tc.opens); s.Known != tc.known || s.Open != tc.open || s.Known && s.Samples != tc.n-1 || s.Why == "" {
			t.Errorf("%d measured, %s: %+v", tc.n, tc.check, s)
		}
	}
	if s := Measured(cutOver(FreezeTail, nil)); s.Known {
		t.Errorf("measured before it is over: %+v", s)
	}
	if s := Measured(fed(func(m *Migration) { m.Opened = t0 })); s.Known {
		t.Errorf("measured without a freeze: %+v", s)
	}
	done := cutOver(FreezeTail, func(m *Migration) {
		m.LiveSource.SourceBackups[2].Settled = t0.Add(2 * time.Second)
		m.Files[2].Staged, m.Files[2].Applied, m.Opened = t0.Add(5*time.Second), t0.Add(10*time.Second), t0.Add(20*time.Second)
		m.Calls = []Call{{Verb: VerbImport, File: 3, Verdict: Accepted, Intended: t0.Add(6 * time.Second)}, {Verb: VerbOpen, Verdict: Accepted, Intended: t0.Add(12 * time.Second)}}
	})
	if s := Measured(done); s.Tail != 2*time.Second || s.Upload != 3*time.Second || s.Apply != 4*time.Second || s.Open != 8*time.Second || s.Total() != 20*time.Second {
		t.Errorf("%+v", s)
	}
}
