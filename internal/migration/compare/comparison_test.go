package compare

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestVerdictOfAComparison(t *testing.T) {
	why := words.Say("It is gone.")
	for _, tc := range []struct {
		c    Comparison
		want Verdict
	}{
		{Comparison{State: run.Running}, Comparing}, {Comparison{State: run.Paused}, Comparing},
		{Comparison{State: run.Canceled}, NotCompared}, {Comparison{State: run.Failed}, NotCompared}, {Comparison{State: run.Succeeded}, NotCompared},
		{Comparison{Finished: t0}, Equal}, {Comparison{Finished: t0, Different: 1}, Different},
		{Comparison{Finished: t0, Different: 1, Why: why}, NotCompared}, {Comparison{Finished: t0, State: run.Canceled}, Equal},
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
	rows, different := Contents([]backup.TableSum{sum("a", 1, 1, "x"), sum("b", 1, 1), sum("c", 1, 1), sum("only source", 0, 0)},
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
	cutOver := func(f migration.Freeze) migration.Migration {
		return migration.Migration{LiveSource: &migration.LiveSource{Freeze: f}}
	}
	open := func(f migration.Freeze) migration.Migration {
		m := cutOver(f)
		m.Opened = t0
		return m
	}
	for _, tc := range []struct {
		name string
		m    migration.Migration
		last *Comparison
		ok   bool
	}{
		{"stopped", open(migration.FreezeStopped), nil, true},
		{"READ_ONLY", open(migration.FreezeReadOnly), nil, true},
		{"the tail closed the source", open(migration.FreezeTail), nil, false},
		{"not open", cutOver(migration.FreezeStopped), nil, false},
		{"of files", migration.Migration{Opened: t0}, nil, false},
		{"one goes on", open(migration.FreezeStopped), &Comparison{}, false},
		{"one has ended", open(migration.FreezeStopped), &Comparison{Finished: t0}, true},
		{"one was canceled", open(migration.FreezeStopped), &Comparison{State: run.Canceled}, true},
	} {
		if err := MayAgain(tc.m, tc.last); (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
