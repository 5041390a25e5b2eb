package backup

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func recordsOf(sets []Set) []Record {
	out := make([]Record, len(sets))
	for i, s := range sets {
		out[i] = Record{ID: fmt.Sprint(i), Database: s.Database, Origin: ByOthers, State: Complete, Set: s}
	}
	return out
}

// draw shows windows as minutes: from-to, how many data backups and logs, what
// is missing behind.
func draw(windows []Window) string {
	minute := func(t time.Time) int { return int(t.Sub(clock(0).Time()) / time.Minute) }
	var out []string
	for _, w := range windows {
		s := fmt.Sprintf("%d-%d %d+%d", minute(w.From), minute(w.To), len(w.Starts), len(w.Logs))
		for _, b := range w.Blind {
			s += fmt.Sprintf(" blind %d-%d", minute(b.From), minute(b.To))
		}
		if w.Next != nil {
			s += " " + string(w.Next.MissingKind)
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// lines shows sets in the way build reads them.
func lines(sets []Set) (out string) {
	for _, s := range sets {
		out += fmt.Sprintf("\n%s at %s: %d %d fork %x from %x point %d base %x complete %v damaged %v bulk %v begins %v copy %v stripes %d", s.Kind, s.Started.Local.Format("15:04"), s.First.Block, s.Last.Block,
			s.Fork[:2], s.FirstFork[:2], s.ForkPoint.Block, s.DifferentialBase[:2], s.Complete, s.Damaged, s.BulkLogged, s.BeginsLogChain, s.CopyOnly, s.FamilyCount)
	}
	return out
}

func TestWindows(t *testing.T) {
	for _, test := range []struct {
		name string
		sets []string
		want string
	}{
		{"full, differential, logs", []string{"F 1 10 12", "D 2 20 22 base=1", "L 3 10 30 begins", "L 4 30 40"}, "11-40 2+2"},
		{"fulls alone", []string{"F 1 10 12", "F 2 20 22"}, "11-11 1+0, 21-21 1+0"},
		{"a full waits for its log", []string{"F 1 10 12", "L 2 10 20 begins", "F 3 25 27"}, "11-20 1+1, 31-31 1+0"},
		{"a gap", []string{"F 1 10 12", "L 2 10 20 begins", "L 4 30 40"}, "11-20 1+1 log"},
		{"a gap and a full behind it", []string{"F 1 10 12", "L 2 10 20 begins", "L 4 30 40", "F 5 35 36", "L 6 40 50"}, "11-20 1+1 log, 51-60 1+2"},
		{"a differential over a gap", []string{"F 1 10 12", "L 2 10 20 begins", "D 3 32 34 base=1", "L 4 30 40"}, "11-20 1+1 log, 31-40 1+1"},
		{"a differential on a copy-only full", []string{"F 1 10 12 copy", "D 3 32 34 base=1"}, "11-11 1+0"},
		{"a differential that tells its base by LSN", []string{"F 1 10 12", "D 3 32 34 lsnbase=10", "L 4 30 40"}, "11-11 1+0 log, 31-40 1+1"},
		{"a differential without its full", []string{"F 1 10 12", "D 3 32 34 base=7"}, "11-11 1+0 base"},
		{"a copy-only full begins as well", []string{"F 1 10 12 copy", "L 2 10 20 begins"}, "11-20 1+1"},
		{"minimally logged", []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30 bulk", "L 4 30 40"}, "11-40 1+3 blind 20-31"},
		{"a damaged log", []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30 damaged", "L 4 30 40"}, "11-20 1+1 set"},
		{"a missing stripe", []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30 stripe=1/2"}, "11-20 1+1 stripe"},
		{"an idle database", []string{"F 1 10 12", "L 2 10 20 begins", "L 5 20 20 idle", "L 6 20 20 idle"}, "11-60 1+2"},
		{"a time in SIMPLE", []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30 begins"}, "11-20 1+1 log"},
		{"restored to 15 in between, bridged", []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30 fork=1 from=0 point=20"}, "11-30 1+2"},
		{"two histories", []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30", "F 4 25 26 fork=1", "L 5 25 35 begins fork=1"}, "11-30 1+2, 41-50 1+1"},
		{"a history to which nothing leads", []string{"F 1 10 12", "L 2 10 20 begins", "L 5 25 35 fork=1"}, "11-20 1+1 full"},
		{"nothing to begin with", []string{"L 2 10 20 begins"}, ""},
	} {
		if got := draw(Windows(recordsOf(build(t, test.sets...)))); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestWindowsHoldWhatAPlanReaches asks the planner for many moments: a restore
// certainly stops there exactly when a window holds it.
func TestWindowsHoldWhatAPlanReaches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sets := anyHistory(t)
		for i := range sets {
			sets[i].BulkLogged = false
		}
		records := recordsOf(sets)
		windows := Windows(records)
		forks := map[GUID]bool{}
		for _, s := range sets {
			forks[s.Fork], forks[s.FirstFork] = true, true
		}
		for minute := 0; minute <= 160; minute++ {
			at := clock(minute).Time().Add(30 * time.Second)
			held := false
			for _, w := range windows {
				held = held || w.Holds(at)
			}
			reached := false
			for fork := range forks {
				p := PlanOn(records, at, fork)
				n := len(p.Steps)
				sure := n > 0 && (p.Steps[n-1].Set.Kind != Log || reaches(p.Steps[n-1].Set, at, true) || strings.Contains(strings.Join(p.Notes, " "), "stood like this"))
				reached = reached || p.ReachesStop && sure
			}
			if held != reached {
				t.Fatalf("%s: a window holds it: %v, a plan reaches it: %v\n%s", at, held, reached, draw(windows)+lines(sets))
			}
		}
	})
}

// TestWhatAWindowHoldsHasAPlan: every promised second has sets that restore it.
func TestWhatAWindowHoldsHasAPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sets := anyHistory(t)
		records := recordsOf(sets)
		for _, w := range Windows(records) {
			for _, at := range []time.Time{w.From, w.From.Add(w.To.Sub(w.From) / 3).Truncate(time.Second), w.To} {
				if at.Before(w.From) || !w.Holds(at) {
					continue
				}
				if p := PlanOn(records, at, w.Fork); !p.ReachesStop || len(p.Steps) == 0 {
					t.Fatalf("%s is promised by %s, the plan: %+v", at, draw([]Window{w})+lines(sets), picture(p))
				}
			}
		}
	})
}

func TestWindowsTakeAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := recordsOf(wildSets(t))
		for _, w := range Windows(records) {
			if w.To.Before(w.From) || len(w.Starts) == 0 {
				t.Fatalf("%+v", w)
			}
		}
		Protect(records, Exempt{}, Promise{Objective: time.Hour}, clock(100).Time())
	})
}

// TestManySetsAreQuick guards against work that grows with the square.
func TestManySetsAreQuick(t *testing.T) {
	records := recordsOf(longLife(MaxSets))
	began := time.Now()
	p := Protect(records, Exempt{}, Promise{Objective: time.Hour}, clock(0).Time())
	if took := time.Since(began); took > 30*time.Second { // on a busy machine; the square takes far longer
		t.Errorf("%d sets took %s", len(records), took)
	}
	if !p.Whole || p.Sets != MaxSets {
		t.Errorf("%+v", p)
	}
}

// longLife is a database with a full each 200 sets, a differential each 20,
// else logs.
func longLife(n int) (sets []Set) {
	base := 0
	for i := range n {
		s := Set{ID: id(i + 1), Family: id(9000), Database: "orders", Fork: id(1000), FirstFork: id(1000), Complete: true, FamilyCount: 1, Kind: Log,
			First: at(10 * i), Last: at(10*i + 10), Started: clock(i), Finished: clock(i), Files: []SetFile{{Family: 1, Position: 1}}}
		switch {
		case i%200 == 0:
			s.Kind, s.First, s.Last, base = Full, at(10*i+1), at(10*i+2), i+1
		case i%20 == 0:
			s.Kind, s.First, s.Last, s.DifferentialBase = Differential, at(10*i+1), at(10*i+2), id(base)
		case i%20 == 1:
			s.First = at(10*i - 10)
		}
		sets = append(sets, s)
	}
	return sets
}

func BenchmarkProtect(b *testing.B) {
	for _, n := range []int{50, 5000} {
		records := recordsOf(longLife(n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Protect(records, Exempt{}, Promise{}, time.Time{})
			}
		})
	}
}
