package backup

import (
	"flag"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestMain tries each property on 7,000 cases unless told otherwise; CI passes
// -rapid.checks.
func TestMain(m *testing.M) {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "rapid.checks" })
	if !told {
		if err := flag.Set("rapid.checks", "7000"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func at(n int) LSN { return LSN{VLF: 30, Block: uint32(n), Slot: 1} }

func id(n int) (g GUID) {
	g[0], g[1], g[15] = byte(n), byte(n>>8), 1
	return g
}

func clock(n int) Moment {
	t := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
	return Moment{Local: t, UTC: &t}
}

// history is a database that lives at random: it is written to, backed up,
// restored to earlier moments and goes on from there on a new fork.
type history struct {
	t      *rapid.T
	sets   []Set
	lsn    int
	time   int
	fork   int
	forks  int
	ids    int
	base   int  // ID of the differential base, 0 = none
	chain  int  // where the next log backup begins
	began  bool // the log chain began, by a backup
	before int  // fork at chain
	point  int  // where the current fork began, if behind chain
}

func (h *history) add(s Set) *Set {
	h.ids++
	h.time += 10
	s.ID, s.Family, s.Database, s.Complete, s.FamilyCount = id(h.ids), id(9000), "orders", true, 1
	s.Fork = id(1000 + h.fork)
	if s.FirstFork.IsZero() {
		s.FirstFork = s.Fork
	}
	s.Started, s.Finished = clock(h.time), clock(h.time+1)
	s.Files = []SetFile{{Family: 1, Position: 1, Size: int64(h.ids)}}
	h.sets = append(h.sets, s)
	return &h.sets[len(h.sets)-1]
}

func (h *history) step() {
	h.lsn += rapid.IntRange(1, 3).Draw(h.t, "work")
	switch rapid.SampledFrom([]string{"full", "copy", "diff", "diff", "log", "log", "log", "log", "copy log", "restore", "simple"}).Draw(h.t, "event") {
	case "full":
		h.full(false)
	case "copy":
		h.full(true)
	case "diff":
		if h.base != 0 {
			d := h.add(Set{Kind: Differential, First: at(h.lsn), Last: at(h.lsn + 1), Checkpoint: at(h.lsn)})
			d.DifferentialBase = id(h.base)
		}
	case "log":
		h.log(true)
	case "copy log":
		h.log(false)
	case "simple":
		h.chain, h.began = h.lsn, false
	case "restore": // back to an earlier LSN of this life
		if h.began && h.lsn > h.chain {
			h.forks++
			h.before, h.point = h.fork, rapid.IntRange(h.chain, h.lsn).Draw(h.t, "point")
			h.fork, h.lsn = h.forks, h.point
		}
	}
}

func (h *history) full(copyOnly bool) {
	f := h.add(Set{Kind: Full, First: at(h.lsn), Last: at(h.lsn + 1), Checkpoint: at(h.lsn), CopyOnly: copyOnly})
	if !copyOnly {
		h.base = h.ids
		if !h.began && h.chain == 0 {
			h.chain = h.lsn
		}
	}
	f.DatabaseBackup = f.Checkpoint
}

func (h *history) log(truncates bool) {
	if h.chain == 0 || h.lsn <= h.chain {
		return
	}
	s := Set{Kind: Log, First: at(h.chain), Last: at(h.lsn), BeginsLogChain: !h.began, BulkLogged: rapid.IntRange(0, 9).Draw(h.t, "bulk") == 0}
	if h.point >= h.chain && h.point > 0 {
		s.FirstFork, s.ForkPoint = id(1000+h.before), at(h.point)
	}
	h.add(s)
	if truncates {
		h.chain, h.began, h.point = h.lsn, true, 0
	}
}

func anyHistory(t *rapid.T) []Set {
	h := &history{t: t, lsn: 1}
	for range rapid.IntRange(1, 14).Draw(t, "events") {
		h.step()
	}
	sets := h.sets
	for i := range sets { // some are lost, cut, striped, marked
		switch rapid.IntRange(0, 24).Draw(t, "fate") {
		case 0, 1:
			sets[i].Complete = false
		case 2:
			sets[i].FamilyCount = 2
		case 3:
			sets[i].Damaged = true
		case 4:
			sets[i].Kind = Other
		}
	}
	sets = slices.DeleteFunc(sets, func(Set) bool { return rapid.IntRange(0, 7).Draw(t, "lost") == 0 })
	return shuffled(t, sets)
}

// wildSets have small random numbers everywhere, as no server would write
// them: overlaps, empty logs, forks that meet again.
func wildSets(t *rapid.T) []Set {
	fork := rapid.Map(rapid.IntRange(1, 3), func(n int) GUID { return id(1000 + n) })
	n := rapid.IntRange(0, 12)
	var sets []Set
	for i := range rapid.IntRange(0, 9).Draw(t, "sets") {
		s := Set{ID: id(i + 1), Family: id(9000), Database: "orders", Complete: true, FamilyCount: 1, Files: []SetFile{{Family: 1, Position: 1, Size: 1}},
			Kind: rapid.SampledFrom([]Kind{Full, Differential, Log, Log, Log, Log}).Draw(t, "kind"), Finished: clock(n.Draw(t, "finished"))}
		s.Started = s.Finished
		s.First, s.Last = at(n.Draw(t, "first")), at(n.Draw(t, "last"))
		s.Fork = fork.Draw(t, "fork")
		s.FirstFork = s.Fork
		s.CopyOnly = rapid.IntRange(0, 5).Draw(t, "copy") == 0
		switch s.Kind {
		case Differential:
			s.DifferentialBase = id(rapid.IntRange(1, 9).Draw(t, "base"))
		case Log:
			s.BeginsLogChain = rapid.IntRange(0, 5).Draw(t, "begins") == 0
			if rapid.IntRange(0, 3).Draw(t, "spans") == 0 {
				s.FirstFork, s.ForkPoint = fork.Draw(t, "older fork"), at(n.Draw(t, "point"))
			}
		}
		sets = append(sets, s)
	}
	return sets
}

func shuffled(t *rapid.T, sets []Set) []Set {
	return rapid.Permutation(sets).Draw(t, "order")
}

// stance is where the reference stands, and by what it came there.
type stance struct {
	fork GUID
	at   LSN
	log  *Set // the last one, nil after a data backup
}

// reference tries everything: every full, every differential on it, every log
// that rules P3 to P6 let join, to the end.
type reference struct {
	logs []*Set
	seen map[stance]bool
}

func (ref *reference) joins(s stance, l *Set) (stance, bool) {
	if l.Last.Compare(s.at) <= 0 || l.Last.Compare(l.First) <= 0 {
		return s, false
	}
	point := l.ForkPoint
	if point.Compare(l.First) < 0 || point.Compare(l.Last) >= 0 {
		point = l.First
	}
	switch {
	case l.FirstFork == l.Fork && l.Fork == s.fork:
		if l.First.Compare(s.at) > 0 {
			return s, false
		}
	case l.FirstFork == l.Fork:
		return s, false
	case l.FirstFork == s.fork:
		if l.First.Compare(s.at) > 0 || s.at.Compare(point) > 0 {
			return s, false
		}
	case l.Fork == s.fork:
		if point.Compare(s.at) > 0 {
			return s, false
		}
	default:
		return s, false
	}
	if s.log != nil {
		for _, b := range ref.logs {
			if b.BeginsLogChain && b.Last.Compare(b.First) > 0 && (b.FirstFork == s.fork || b.Fork == s.fork) &&
				(s.log.First.Compare(b.First) < 0) != (l.First.Compare(b.First) < 0) {
				return s, false
			}
		}
	}
	return stance{l.Fork, l.Last, l}, true
}

func (ref *reference) explore(s stance) {
	if ref.seen[s] {
		return
	}
	ref.seen[s] = true
	for _, l := range ref.logs {
		if next, ok := ref.joins(s, l); ok {
			ref.explore(next)
		}
	}
}

func usable(s *Set) bool {
	return s.Kind != Other && s.Complete && !s.Damaged && len(s.MissingStripes()) == 0 && s.Last.Compare(s.First) >= 0 &&
		(s.Kind != Differential || !s.DifferentialBase.IsZero())
}

func start(base, diff *Set) stance {
	if diff != nil {
		return stance{diff.Fork, diff.Last, nil}
	}
	return stance{base.Fork, base.Last, nil}
}

// beginnings are all pairs of a full and at most one differential on it.
func beginnings(sets []Set) (pairs [][2]*Set) {
	for i := range sets {
		f := &sets[i]
		if f.Kind != Full || !usable(f) {
			continue
		}
		pairs = append(pairs, [2]*Set{f, nil})
		for j := range sets {
			if d := &sets[j]; d.Kind == Differential && usable(d) && d.DifferentialBase == f.ID && !f.CopyOnly {
				pairs = append(pairs, [2]*Set{f, d})
			}
		}
	}
	return pairs
}

func checkAgainstReference(t *rapid.T, sets []Set) {
	plans := Plans(sets, Options{})
	if len(sets) == 0 {
		if len(plans) != 0 {
			t.Fatal("a plan from nothing")
		}
		return
	}
	if len(plans) != 1 {
		t.Fatalf("%d plans for one lineage", len(plans))
	}
	p := plans[0]
	ref := &reference{}
	for i := range sets {
		if sets[i].Kind == Log && usable(&sets[i]) {
			ref.logs = append(ref.logs, &sets[i])
		}
	}
	everySetOnce(t, sets, p)
	pairs := beginnings(sets)
	if len(pairs) == 0 {
		if len(p.Steps) != 0 || p.Whole() {
			t.Fatalf("steps without a full backup: %+v", p)
		}
		return
	}
	best := map[GUID]LSN{} // over all beginnings
	reach := make([]map[GUID]LSN, len(pairs))
	all := map[stance]bool{}
	for i, pair := range pairs {
		reach[i] = map[GUID]LSN{}
		ref.seen = map[stance]bool{}
		ref.explore(start(pair[0], pair[1]))
		for s := range ref.seen {
			all[s] = true
			if m, ok := reach[i][s.fork]; !ok || s.at.Compare(m) > 0 {
				reach[i][s.fork] = s.at
			}
			if m, ok := best[s.fork]; !ok || s.at.Compare(m) > 0 {
				best[s.fork] = s.at
			}
		}
	}
	if p.Reaches != best[p.Fork] {
		t.Fatalf("reaches %s on %s, the reference %s", p.Reaches, p.Fork, best[p.Fork])
	}
	checkSteps(t, ref, p)
	checkBeginning(t, p, pairs, reach)
	checkForks(t, ref, p, best, all)
	for _, l := range ref.logs {
		if l.Fork == p.Fork && l.FirstFork == p.Fork && l.First.Compare(p.Reaches) > 0 && l.Last.Compare(l.First) > 0 && p.Whole() {
			t.Fatalf("a log behind a gap and nothing missing: %+v", p)
		}
	}
}

func everySetOnce(t *rapid.T, sets []Set, p Plan) {
	seen := map[*Set]int{}
	for _, s := range p.Steps {
		seen[s.Set]++
	}
	for _, l := range p.LeftOut {
		seen[l.Set]++
		if l.Words == "" {
			t.Fatalf("left out without a word: %+v", l)
		}
	}
	for i := range sets {
		if seen[&sets[i]] != 1 {
			t.Fatalf("set %d is told %d times", i, seen[&sets[i]])
		}
	}
}

// checkSteps applies the plan by the rules.
func checkSteps(t *rapid.T, ref *reference, p Plan) {
	steps := p.Steps
	base := steps[0].Set
	var diff *Set
	if steps = steps[1:]; len(steps) > 0 && steps[0].Set.Kind == Differential {
		diff, steps = steps[0].Set, steps[1:]
	}
	if base.Kind != Full || diff != nil && (diff.DifferentialBase != base.ID || base.CopyOnly) {
		t.Fatalf("begins with %+v, %+v", base, diff)
	}
	s := start(base, diff)
	for _, step := range steps {
		if step.Join.Have != s.at {
			t.Fatalf("joint has %s, stands at %s", step.Join.Have, s.at)
		}
		next, ok := ref.joins(s, step.Set)
		if !ok || step.Set.Kind != Log {
			t.Fatalf("%+v does not join at %+v", step.Set, s)
		}
		s = next
	}
	if s.at != p.Reaches || s.fork != p.Fork {
		t.Fatalf("ends at %+v, says %s on %s", s, p.Reaches, p.Fork)
	}
}

// checkBeginning: no newer full reaches as far, no newer differential either.
func checkBeginning(t *rapid.T, p Plan, pairs [][2]*Set, reach []map[GUID]LSN) {
	base := p.Steps[0].Set
	var diff *Set
	if len(p.Steps) > 1 && p.Steps[1].Set.Kind == Differential {
		diff = p.Steps[1].Set
	}
	for i, pair := range pairs {
		if reach[i][p.Fork] != p.Reaches {
			continue
		}
		if _, ok := reach[i][p.Fork]; !ok {
			continue
		}
		if pair[0] != base && newer(pair[0], base) {
			t.Fatalf("%+v is newer than %+v and reaches as far", pair[0], base)
		}
		if d := pair[1]; pair[0] == base && d != nil && (diff == nil || d.Last.Compare(diff.Last) > 0) {
			t.Fatalf("differential %+v is newer than %+v and reaches as far", d, diff)
		}
	}
}

// checkForks: a fork is offered exactly when a restore can end there for good.
func checkForks(t *rapid.T, ref *reference, p Plan, best map[GUID]LSN, all map[stance]bool) {
	must, may := map[GUID]bool{}, map[GUID]bool{}
	for f, furthest := range best {
		must[f] = true
		for s := range all {
			if s.fork != f || s.at != furthest {
				continue
			}
			leads := slices.ContainsFunc(ref.logs, func(l *Set) bool { _, ok := ref.joins(s, l); return ok })
			if leads {
				must[f] = false
			} else {
				may[f] = true
			}
		}
	}
	offered := map[GUID]bool{p.Fork: true}
	if p.Choice != nil {
		for _, c := range p.Choice.Candidates {
			offered[c.Fork] = true
		}
		if len(offered) < 2 {
			t.Fatalf("a choice of %d", len(offered))
		}
	}
	for f := range best {
		if must[f] && !offered[f] {
			t.Fatalf("fork %s is not offered", f)
		}
		if offered[f] && !may[f] {
			t.Fatalf("fork %s is offered and leads on", f)
		}
	}
}

func TestPlansAgreeWithTryingEverything(t *testing.T) {
	t.Run("lives of a database", rapid.MakeCheck(func(t *rapid.T) { checkAgainstReference(t, anyHistory(t)) }))
	t.Run("wild numbers", rapid.MakeCheck(func(t *rapid.T) { checkAgainstReference(t, wildSets(t)) }))
}

func TestPlansDoNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sets := anyHistory(t)
		again := shuffled(t, sets)
		a, b := Plans(sets, Options{}), Plans(again, Options{})
		if len(a) != len(b) {
			t.Fatal("other plans")
		}
		for i := range a {
			if len(a[i].Steps) != len(b[i].Steps) || a[i].Whole() != b[i].Whole() {
				t.Fatalf("%+v\n%+v", a[i], b[i])
			}
			for k := range a[i].Steps {
				if a[i].Steps[k].Set.ID != b[i].Steps[k].Set.ID {
					t.Fatalf("step %d differs", k)
				}
			}
		}
	})
}
