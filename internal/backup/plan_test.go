package backup

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// build makes sets of one lineage from short lines: kind, number, first, last,
// then words: base=n, fork=n, from=n (older fork), point=n, stripe=k/n, cut,
// damaged, copy, begins, bulk, id=n.
func build(t testing.TB, lines ...string) []Set {
	t.Helper()
	var sets []Set
	for i, line := range lines {
		var kind string
		var number, first, last int
		if n, err := fmt.Sscanf(line, "%s %d %d %d", &kind, &number, &first, &last); n != 4 {
			t.Fatalf("%q: %v", line, err)
		}
		s := Set{ID: id(number), Family: id(9000), Database: "orders", First: at(first), Last: at(last), Checkpoint: at(first),
			Fork: id(1000), FirstFork: id(1000), Complete: true, FamilyCount: 1, Started: clock(number * 10), Finished: clock(number*10 + 1),
			Kind: map[string]Kind{"F": Full, "D": Differential, "L": Log, "O": Other}[kind]}
		s.Files = []SetFile{{Name: fmt.Sprintf("%s%d", kind, number), Family: 1, Position: 1, Row: i + 1}}
		for _, word := range strings.Fields(line)[4:] {
			name, value, _ := strings.Cut(word, "=")
			var v int
			_, _ = fmt.Sscan(value, &v)
			switch name {
			case "base":
				s.DifferentialBase = id(v)
			case "fork":
				s.Fork, s.FirstFork = id(1000+v), id(1000+v)
			case "from":
				s.FirstFork = id(1000 + v)
			case "point":
				s.ForkPoint = at(v)
			case "family":
				s.Family, s.Database = id(9000+v), fmt.Sprintf("other%d", v)
			case "id":
				s.ID = id(v)
			case "stripe":
				_, _ = fmt.Sscanf(value, "%d/%d", &s.Files[0].Family, &s.FamilyCount)
			case "cut":
				s.Complete = false
			case "damaged":
				s.Damaged = true
			case "copy":
				s.CopyOnly = true
			case "begins":
				s.BeginsLogChain = true
			case "bulk":
				s.BulkLogged = true
			case "unknown":
				s.First, s.Last, s.Checkpoint = LSN{}, LSN{}, LSN{}
			case "snapshot":
				s.Snapshot = true
			case "lsnbase":
				s.DifferentialBaseLSN = at(v)
			case "noid":
				s.ID = GUID{}
			case "idle":
				s.First = s.Last
			default:
				t.Fatalf("%q: what is %q?", line, word)
			}
		}
		sets = append(sets, s)
	}
	return sets
}

// picture draws a plan: steps | left out with reasons | what is missing.
func picture(p Plan) string {
	var steps, left, lacks []string
	for _, s := range p.Steps {
		steps = append(steps, s.Set.FileName())
	}
	for _, l := range p.LeftOut {
		left = append(left, l.Set.FileName()+":"+string(l.Reason))
	}
	for _, m := range p.Missing {
		lacks = append(lacks, string(m.MissingKind))
	}
	if p.Choice != nil {
		lacks = append(lacks, fmt.Sprintf("choice of %d", len(p.Choice.Candidates)))
	}
	return strings.Join(steps, " ") + " | " + strings.Join(left, " ") + " | " + strings.Join(lacks, " ")
}

func TestPlan(t *testing.T) {
	stop := func(minute int) Options {
		at := clock(minute).Time()
		return Options{StopAt: &at}
	}
	tests := []struct {
		name string
		o    Options
		sets []string
		want string
	}{
		// Chains that are whole.
		{"full, differential, logs", Options{}, []string{"F 1 10 12", "D 2 20 22 base=1", "L 3 10 30 begins", "L 4 30 40"},
			"F1 D2 L3 L4 |  | "},
		{"in any order", Options{}, []string{"L 4 30 40", "L 3 10 30 begins", "D 2 20 22 base=1", "F 1 10 12"},
			"F1 D2 L3 L4 |  | "},
		{"older differential and covered log", Options{}, []string{"F 1 10 12", "D 2 20 22 base=1", "L 3 10 21 begins", "D 4 30 32 base=1", "L 5 21 40"},
			"F1 D4 L5 | D2:superseded L3:covered | "},
		{"newer full on the way", Options{}, []string{"F 1 10 12", "L 2 10 20 begins", "F 3 25 27", "L 4 20 30"},
			"F3 L4 | F1:not_the_base L2:covered | "},
		{"newer full breaks the log behind it", Options{}, []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30", "F 4 15 17"},
			"F4 L2 L3 | F1:not_the_base | "},
		{"copy-only full cannot carry the differential", Options{}, []string{"F 1 10 12", "F 2 15 17 copy", "D 3 20 22 base=1"},
			"F1 D3 | F2:not_the_base | "},
		{"copy-only log overlaps", Options{}, []string{"F 1 10 12", "L 2 10 20 begins copy", "L 3 10 30 begins"},
			"F1 L3 | L2:covered | "},
		{"idle log", Options{}, []string{"F 1 10 12", "L 2 10 20", "L 3 20 20 idle", "L 4 20 30"},
			"F1 L2 L4 | L3:covered | "},
		{"a copy of a file", Options{}, []string{"F 1 10 12", "F 2 10 12 id=1"},
			"F1 | F2:duplicate | "},
		{"a cut copy of a file", Options{}, []string{"F 1 10 12 cut", "F 2 10 12 id=1"},
			"F2 | F1:duplicate | "},
		{"a file backup", Options{}, []string{"F 1 10 12", "O 2 20 22"},
			"F1 | O2:unsupported | newer"},

		// What is missing.
		{"nothing to begin with", Options{}, []string{"L 3 10 30"},
			" | L3:beyond_gap | full"},
		{"a differential without its base", Options{}, []string{"D 3 10 30 base=1"},
			" | D3:wrong_base | base"},
		{"a differential on another base", Options{}, []string{"F 1 10 12", "D 3 30 32 base=2", "L 4 10 20 begins"},
			"F1 L4 | D3:wrong_base | base"},
		{"an old differential on another base", Options{}, []string{"D 1 5 6 base=9", "F 2 10 12", "L 4 10 20 begins"},
			"F2 L4 | D1:wrong_base | "},
		{"a gap", Options{}, []string{"F 1 10 12", "L 2 10 20 begins", "L 4 30 40"},
			"F1 L2 | L4:beyond_gap | log"},
		{"two gaps", Options{}, []string{"F 1 10 12", "L 2 10 20 begins", "L 4 30 40", "L 5 40 50", "L 6 60 70"},
			"F1 L2 | L4:beyond_gap L5:beyond_gap L6:beyond_gap | log log"},
		{"a gap that a differential bridges", Options{}, []string{"F 1 10 12", "L 2 10 20 begins", "L 4 30 40", "D 3 32 34 base=1"},
			"F1 D3 L4 | L2:covered | "},
		{"a missing stripe that matters", Options{}, []string{"F 1 10 12", "L 2 10 20 begins stripe=1/3", "L 3 20 30"},
			"F1 | L2:stripe_incomplete L3:beyond_gap | stripe log"},
		{"a missing stripe that does not matter", Options{}, []string{"F 1 10 12", "F 2 15 17 stripe=2/2", "L 3 10 20 begins"},
			"F1 L3 | F2:stripe_incomplete | "},
		{"a cut log", Options{}, []string{"F 1 10 12", "L 2 10 20 begins cut", "L 3 20 30"},
			"F1 | L2:truncated L3:beyond_gap | set log"},
		{"a cut full", Options{}, []string{"F 1 10 12 cut", "L 2 10 20 begins"},
			" | F1:truncated L2:beyond_gap | full set"},
		{"a damaged log", Options{}, []string{"F 1 10 12", "L 2 10 20 begins damaged", "L 3 20 30"},
			"F1 | L2:damaged L3:beyond_gap | set log"},
		{"a cut log at the end", Options{}, []string{"F 1 10 12", "L 2 10 20 begins cut"},
			"F1 | L2:truncated | set"},
		{"a cut log that tells no LSNs", Options{}, []string{"F 1 10 12", "L 2 10 20 begins", "L 3 0 0 cut unknown"},
			"F1 L2 | L3:truncated | set"},
		{"an old cut file that tells no LSNs", Options{}, []string{"F 1 0 0 cut unknown", "F 2 10 12", "L 3 10 20 begins"},
			"F2 L3 | F1:truncated | "},
		{"a time in SIMPLE", Options{}, []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 40 begins"},
			"F1 L2 | L3:broken_chain | log"},

		// Forks.
		{"restored, and on from there", Options{}, []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30 fork=1 from=0 point=25", "L 4 30 40 fork=1"},
			"F1 L2 L3 L4 |  | "},
		{"two lives", Options{}, []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 40", "L 4 20 30 fork=1 from=0 point=25"},
			"F1 L2 L4 | L3:other_fork | choice of 2"},
		{"the other life chosen", Options{Fork: id(1000)}, []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 40", "L 4 20 30 fork=1 from=0 point=25"},
			"F1 L2 L3 | L4:other_fork | "},
		{"restored to before the full's end", Options{}, []string{"F 1 10 22", "L 2 10 30 fork=1 from=0 point=20"},
			"F1 | L2:other_fork | "},
		{"logs of a life without a full", Options{}, []string{"F 1 10 12", "L 2 10 20 begins", "L 3 30 40 fork=1"},
			"F1 L2 | L3:other_fork | full"},
		{"a full after the restore and the log around it", Options{}, []string{"F 1 26 28 fork=1", "L 2 20 30 fork=1 from=0 point=25"},
			"F1 L2 |  | "},

		// A moment.
		{"stop inside a log", stop(35), []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30", "L 4 30 40", "L 5 40 50"},
			"F1 L2 L3 L4 | L5:after_stop | "},
		{"stop before newer data backups", stop(25), []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30", "D 4 32 34 base=1", "F 5 40 42"},
			"F1 L2 L3 | F5:after_stop D4:after_stop | "},
		{"stop behind everything", stop(99), []string{"F 1 10 12", "L 2 10 20 begins"},
			"F1 L2 |  | stop"},
		{"stop before everything", stop(5), []string{"F 1 10 12", "L 2 10 20 begins"},
			" | F1:after_stop L2:beyond_gap | full"},
		{"stop inside minimally logged changes", stop(15), []string{"F 1 10 12", "L 2 10 20 begins bulk"},
			"F1 L2 |  | stop"},
		{"stop where a gap comes later", stop(15), []string{"F 1 10 12", "L 2 10 20 begins", "L 4 30 40"},
			"F1 L2 | L4:after_stop | "},
		{"stop where both lives are still one", stop(15), []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 40", "L 4 20 30 fork=1 from=0 point=25"},
			"F1 L2 | L3:after_stop L4:after_stop | "},

		// Continuing and choosing.
		{"logs were applied", Options{Applied: &Applied{Base: id(1), Last: at(20), Fork: id(1000), Logs: true}},
			[]string{"F 1 10 12", "D 2 15 16 base=1", "L 3 10 20 begins", "L 4 20 30", "D 5 25 26 base=1"},
			"L4 | F1:not_the_base D2:superseded D5:covered L3:covered | "},
		{"logs were applied, and a differential bridges a gap", Options{Applied: &Applied{Base: id(1), Last: at(20), Fork: id(1000), Logs: true}},
			[]string{"D 2 25 36 base=1", "L 3 30 40", "L 4 40 50"},
			"D2 L3 L4 |  | "},
		{"the full was applied", Options{Applied: &Applied{Base: id(1), Last: at(12), Fork: id(1000)}},
			[]string{"D 2 15 16 base=1", "D 3 15 18 base=7", "L 4 14 30"},
			"D2 L4 | D3:wrong_base | "},
		{"applied, and a gap", Options{Applied: &Applied{Base: id(1), Last: at(12), Fork: id(1000)}}, []string{"L 4 14 30"},
			" | L4:beyond_gap | log"},
		{"a base is chosen", Options{Base: id(1)}, []string{"F 1 10 12", "F 2 20 22", "L 3 10 30 begins"},
			"F1 L3 | F2:not_the_base | "},
		{"a base is chosen that is not here", Options{Base: id(7)}, []string{"F 1 10 12"},
			" | F1:not_the_base | full"},
		{"one family of two", Options{Family: id(9000)}, []string{"F 1 10 12", "F 2 10 12 family=1"},
			"F1 | F2:foreign | "},
		{"a family that is not here", Options{Family: id(7)}, []string{"F 1 10 12"},
			" | F1:foreign | full"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plans := Plans(build(t, tt.sets...), tt.o)
			if len(plans) != 1 {
				t.Fatalf("%d plans", len(plans))
			}
			if got := picture(plans[0]); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			for _, m := range plans[0].Missing {
				if m.Words == "" || m.Fix == "" {
					t.Errorf("missing without words: %+v", m)
				}
			}
		})
	}
}

func TestGapIsToldByItsEnds(t *testing.T) {
	p := Plans(build(t, "F 1 10 12", "L 2 10 20 begins", "L 4 30 40"), Options{})[0]
	m := p.Missing[0]
	if m.From != at(20) || m.To != at(30) || m.Before.FileName() != "L2" || m.After.FileName() != "L4" {
		t.Errorf("%+v", m)
	}
	want := "Log is missing between L2 and L4: from LSN 30000000002000001 to LSN 30000000003000001."
	if m.Words != want {
		t.Errorf("says %q", m.Words)
	}
}

func TestEveryLineageGetsItsPlan(t *testing.T) {
	plans := Plans(build(t, "F 1 10 12 family=2", "F 2 10 12", "L 3 10 20", "F 4 10 12 family=1"), Options{})
	var names []string
	for _, p := range plans {
		names = append(names, p.Database)
	}
	if got := strings.Join(names, " "); got != "orders other1 other2" {
		t.Errorf("plans for %s", got)
	}
}

func TestHundredThousandSetsArePlannedAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	sets := many(100_000)
	began := time.Now()
	p := Plans(sets, Options{})[0]
	took := time.Since(began)
	if !p.Whole() || p.Reaches != sets[len(sets)-1].Last {
		t.Errorf("reaches %s with %d missing, choice %v", p.Reaches, len(p.Missing), p.Choice != nil)
	}
	if took > 30*time.Second { // on a busy machine; the benchmark tells more
		t.Errorf("took %s", took)
	}
	t.Logf("%d steps in %s", len(p.Steps), took)
}

// many is a long life: logs, a differential every 20, a full every 1000 sets,
// and a restore that begins a fork every 5000.
func many(n int) []Set {
	var sets []Set
	base, fork := 0, 1000
	wide := func(n int) (g GUID) {
		copy(g[:], fmt.Sprintf("%016d", n))
		return g
	}
	for i := range n {
		s := Set{Kind: Log, ID: wide(i + 1), Family: wide(0), Database: "orders", First: at(10 * i), Last: at(10*i + 10),
			Complete: true, FamilyCount: 1, Started: clock(i), Finished: clock(i), Files: []SetFile{{Family: 1, Position: 1}}}
		s.FirstFork = id(fork)
		switch {
		case i%1000 == 0:
			s.Kind, s.Last, base = Full, at(10*i+15), i+1
		case i%20 == 0:
			s.Kind, s.DifferentialBase = Differential, wide(base)
		case i%5000 == 4999:
			fork++
			s.ForkPoint = at(10*i + 5)
		default:
			s.First = at(10 * (i - 1)) // overlaps what data backups stand between
		}
		s.Fork = id(fork)
		sets = append(sets, s)
	}
	return sets
}

func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		sets := many(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Plans(sets, Options{})
			}
		})
	}
}
