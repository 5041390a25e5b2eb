package policy

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bakplane/bakplane/internal/backup"
)

// TestMain tries each property on 1,500 cases unless told otherwise; the bench
// passes -rapid.checks.
func TestMain(m *testing.M) {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "rapid.checks" })
	if !told {
		if err := flag.Set("rapid.checks", "1500"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func lsn(n int) backup.LSN { return backup.LSN{VLF: 30, Block: uint32(n), Slot: 1} }

func guid(n int) (g backup.GUID) {
	g[0], g[1], g[15] = byte(n), byte(n>>8), 1
	return g
}

// life is a database that is backed up by us and by others, restored to
// earlier moments, and whose sets are verified, copied, pinned and broken.
type life struct {
	t                           *rapid.T
	sets                        []backup.Record
	now                         time.Time
	lsn, chain, base, fork, ids int
	forks, before, point        int
	began                       bool
}

func (l *life) draw(of ...int) int { return rapid.SampledFrom(of).Draw(l.t, "one of") }

func (l *life) add(s backup.Set) {
	l.ids++
	s.ID, s.Family, s.Database, s.Complete = guid(l.ids), guid(9000), "orders", true
	s.Fork = guid(1000 + l.fork)
	if s.FirstFork.IsZero() {
		s.FirstFork = s.Fork
	}
	at, known := l.now, time.Time{}
	switch l.draw(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3) { // the server's clock was wrong
	case 1:
		at, known = at.AddDate(0, 0, l.draw(1, 40, 400)), at
	case 2:
		at = at.AddDate(0, 0, -l.draw(1, 40, 400))
	case 3:
		known = at
	}
	s.Started, s.Finished = backup.Moment{Local: at, UTC: &at}, backup.Moment{Local: at, UTC: &at}
	r := backup.Record{ID: fmt.Sprintf("%04d", l.ids), InstanceID: "i", Database: "orders", Origin: backup.ByUs, PolicyID: "p", Set: s, State: backup.Complete, Known: known}
	switch l.draw(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5) {
	case 1:
		r.Origin, r.PolicyID = backup.ByOthers, ""
	case 2:
		r.PolicyID = "another"
	case 3:
		r.PolicyID = ""
		if l.draw(0, 1) == 0 {
			r.Expires = at.AddDate(0, 0, l.draw(1, 30, 400))
		}
	case 4:
		r.Origin = backup.InBucket
		if l.draw(0, 1) == 0 {
			r.PolicyID = ""
		}
	case 5:
		if l.draw(0, 1) == 0 {
			r.Expires = at.AddDate(0, 0, l.draw(1, 30, 400))
		}
	}
	if l.draw(0, 0, 0, 1) == 0 {
		r.Verified = at
	}
	if l.draw(0, 0, 0, 0, 1) == 0 {
		r.Copies = []backup.Copy{{BucketID: "b", Size: 1}}
	}
	switch l.draw(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4) {
	case 1:
		r.State = backup.Broken
	case 2:
		r.Pinned = true
	case 3:
		r.Gone = at.Add(time.Minute)
	case 4:
		r.Set.Damaged = true
	}
	l.sets = append(l.sets, r)
}

func (l *life) step(pace []int) {
	l.lsn += l.draw(1, 1, 2, 3)
	l.now = l.now.Add(time.Duration(l.draw(pace...)) * time.Minute)
	switch rapid.SampledFrom([]string{"full", "full", "copy", "diff", "diff", "log", "log", "log", "log", "copy log", "restore", "simple"}).Draw(l.t, "event") {
	case "full":
		l.add(backup.Set{Kind: backup.Full, First: lsn(l.lsn), Last: lsn(l.lsn + 1)})
		l.base = l.ids
		if !l.began && l.chain == 0 {
			l.chain = l.lsn
		}
	case "copy":
		l.add(backup.Set{Kind: backup.Full, First: lsn(l.lsn), Last: lsn(l.lsn + 1), CopyOnly: true})
	case "diff":
		if l.base != 0 {
			l.add(backup.Set{Kind: backup.Differential, First: lsn(l.lsn), Last: lsn(l.lsn + 1), DifferentialBase: guid(l.base)})
		}
	case "log":
		l.log(true)
	case "copy log":
		l.log(false)
	case "simple":
		l.chain, l.began = l.lsn, false
	case "restore":
		if l.began && l.lsn > l.chain {
			l.forks++
			l.before, l.point = l.fork, rapid.IntRange(l.chain, l.lsn).Draw(l.t, "point")
			l.fork, l.lsn = l.forks, l.point
		}
	}
}

func (l *life) log(cuts bool) {
	if l.chain == 0 || l.lsn <= l.chain {
		return
	}
	s := backup.Set{Kind: backup.Log, First: lsn(l.chain), Last: lsn(l.lsn), BeginsLogChain: !l.began, BulkLogged: l.draw(0, 0, 0, 0, 0, 0, 0, 1) == 1}
	if l.point >= l.chain && l.point > 0 {
		s.FirstFork, s.ForkPoint = guid(1000+l.before), lsn(l.point)
	}
	l.add(s)
	if cuts {
		l.chain, l.began, l.point = l.lsn, true, 0
	}
}

func anyLife(t *rapid.T) (*life, Policy) {
	zones := []string{"UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati"}
	begins := []string{"2024-02-26T10:00", "2023-12-29T20:00", "2026-03-07T22:00", "2026-10-24T22:00", "2020-12-30T01:00", "2011-12-28T09:00"}
	l := &life{t: t, lsn: 1, now: utc(rapid.SampledFrom(begins).Draw(t, "begin"))}
	pace := rapid.SampledFrom([][]int{{1, 15, 30, 60}, {60, 360, 720, 1440}, {1440, 2880, 10080, 10081}, {10080, 43200, 100000}}).Draw(t, "pace")
	for range rapid.IntRange(1, 18).Draw(t, "events") {
		l.step(pace)
	}
	l.now = l.now.Add(time.Duration(l.draw(0, 1, 60, 1440, 100000)) * time.Minute)
	keep := func() Keep {
		some := func() int { return l.draw(0, 0, 1, 2, 3) }
		return Keep{Days: l.draw(0, 0, 1, 2, 7, 30), Count: some(), Daily: some(), Weekly: some(), Monthly: some(), Yearly: some()}
	}
	p := Policy{ID: "p", Zone: rapid.SampledFrom(zones).Draw(t, "zone"), How: How{Verify: l.draw(0, 0, 1) == 1}, Rules: []Rule{{Kind: backup.Full, Keep: keep()}}}
	if l.draw(0, 1) == 1 {
		p.BucketID = "b"
	}
	if l.draw(0, 1) == 1 {
		p.Rules = append(p.Rules, Rule{Kind: backup.Differential, Keep: keep()})
	}
	if l.draw(0, 1) == 1 {
		p.Rules = append(p.Rules, Rule{Kind: backup.Log, Keep: keep()})
	}
	return l, p
}

func TestPruningAgreesWithTryingEverything(t *testing.T) {
	t.Run("lives of a database", rapid.MakeCheck(func(t *rapid.T) {
		l, p := anyLife(t)
		sets := rapid.Permutation(l.sets).Draw(t, "order")
		got, err := Prune(p, sets, l.now)
		if err != nil {
			t.Fatal(err)
		}
		newSlow(t, p, sets, l.now).check(got)
	}))
}

// slow decides the same by asking every set about every other.
type slow struct {
	t       *rapid.T
	p       Policy
	sets    []backup.Record
	now     time.Time
	zone    *time.Location
	removed map[string]bool
}

func newSlow(t *rapid.T, p Policy, sets []backup.Record, now time.Time) *slow {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return &slow{t: t, p: p, sets: sets, now: now, zone: zone, removed: map[string]bool{}}
}

func (s *slow) there(r backup.Record) bool {
	return r.State == backup.Complete && r.Gone.IsZero() && !r.Set.Damaged && !s.removed[r.ID]
}

func (s *slow) ours(r backup.Record) bool {
	mine := r.PolicyID == "p" && (r.Origin == backup.ByUs || r.Origin == backup.InBucket)
	byHand := r.PolicyID == "" && r.Origin == backup.ByUs && !r.Expires.IsZero()
	return r.Gone.IsZero() && (mine || byHand)
}

func (s *slow) proven(r backup.Record) bool {
	if r.Origin == backup.ByOthers || s.p.How.Verify && r.Verified.IsZero() {
		return false
	}
	return s.p.BucketID == "" || r.PolicyID != "p" || len(r.Copies) > 0
}

// way is a chain that restores a set, by ids.
type way struct {
	ids   []string
	start backup.Record // the data backup behind which logs begin
	level int           // 0 = something that others took begins it, 1 = not
}

// ways are all chains to every set from what is there, beginning with some data backups only.
func (s *slow) ways(only func(backup.Record) bool) map[string][]way {
	out := map[string][]way{}
	var grow func(w way, last backup.Record)
	grow = func(w way, last backup.Record) {
		out[last.ID] = append(out[last.ID], w)
		for _, l := range s.sets {
			if l.Set.Kind == backup.Log && s.there(l) && s.joins(last.Set, l.Set) {
				grow(way{append(slices.Clone(w.ids), l.ID), w.start, w.level}, l)
			}
		}
	}
	for _, f := range s.sets {
		if f.Set.Kind != backup.Full || !s.there(f) || !only(f) {
			continue
		}
		level := 1
		if f.Origin == backup.ByOthers {
			level = 0
		}
		grow(way{[]string{f.ID}, f, level}, f)
		for _, d := range s.sets {
			if d.Set.Kind != backup.Differential || !s.there(d) || !only(d) || d.Set.DifferentialBase != f.Set.ID || f.Set.CopyOnly {
				continue
			}
			both := level
			if d.Origin == backup.ByOthers {
				both = 0
			}
			grow(way{[]string{f.ID, d.ID}, d, both}, d)
		}
	}
	return out
}

// joins is the rule of the log in plain words: the log begins at or before
// where the restore stands and ends behind it, on the same fork, or leads over
// from one; and no new log chain began between two logs.
func (s *slow) joins(have, l backup.Set) bool {
	at := have.Last
	if l.First.Compare(at) > 0 || l.Last.Compare(at) <= 0 {
		return false
	}
	for _, b := range s.sets {
		if have.Kind == backup.Log && b.Set.Kind == backup.Log && b.Set.BeginsLogChain && s.there(b) && (b.Set.Fork == have.Fork || b.Set.FirstFork == have.Fork) &&
			(have.First.Compare(b.Set.First) < 0) != (l.First.Compare(b.Set.First) < 0) {
			return false
		}
	}
	if l.FirstFork == l.Fork {
		return have.Fork == l.Fork
	}
	point := l.ForkPoint
	if point.Compare(l.First) < 0 || point.Compare(l.Last) >= 0 {
		point = l.First
	}
	return have.Fork == l.FirstFork && at.Compare(point) <= 0 || have.Fork == l.Fork && at.Compare(point) >= 0
}

// label is when a set ended by its server's clock, which a restore goes by.
func label(r backup.Record) time.Time { return *r.Set.Finished.UTC }

// ended is when a set ended: no later than it was known, and no earlier than
// any of its fork with a lower LSN.
func (s *slow) ended(r backup.Record) (at time.Time) {
	for _, o := range s.sets {
		if o.ID != r.ID && (o.Set.Family != r.Set.Family || o.Set.Fork != r.Set.Fork || o.Set.Last.Compare(r.Set.Last) >= 0) {
			continue
		}
		label := *o.Set.Finished.UTC
		if !o.Known.IsZero() && label.Sub(o.Known) > 5*time.Minute {
			label = o.Known
		}
		if label.After(at) {
			at = label
		}
	}
	return at
}

func (s *slow) older(a, b backup.Record) bool {
	if x, y := s.ended(a), s.ended(b); !x.Equal(y) {
		return x.Before(y)
	}
	if c := a.Set.Last.Compare(b.Set.Last); c != 0 {
		return c < 0
	}
	return a.ID < b.ID
}

// best are the ways that Prune promises to keep: of the most trusted
// beginnings the newest, and from there the shortest.
func (s *slow) best(ways []way) (out []way) {
	for _, w := range ways {
		beaten := slices.ContainsFunc(ways, func(o way) bool {
			return o.level > w.level || o.level == w.level && (o.start.Set.Last.Compare(w.start.Set.Last) > 0 ||
				o.start.Set.Last == w.start.Set.Last && (o.start.Set.Finished.UTC.After(*w.start.Set.Finished.UTC) || o.start.ID == w.start.ID && len(o.ids) < len(w.ids)))
		})
		if !beaten {
			out = append(out, w)
		}
	}
	return out
}

// dayNumber counts days from 1970-01-01 by the rule of the Gregorian calendar.
func dayNumber(y, m, d int) int {
	days := 0
	leap := func(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }
	for i := 1970; i < y; i++ {
		days += 365
		if leap(i) {
			days++
		}
	}
	for i, n := range []int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31} {
		if i+1 < m {
			days += n
			if i == 1 && leap(y) {
				days++
			}
		}
	}
	return days + d - 1
}

// period names the day, week, month or year of a moment on the zone's clock.
func (s *slow) period(at time.Time, of Ground) string {
	var y, m, d int
	if _, err := fmt.Sscanf(at.In(s.zone).Format("2006-01-02"), "%d-%d-%d", &y, &m, &d); err != nil {
		s.t.Fatal(err)
	}
	switch of {
	case ByDay:
		return fmt.Sprint(dayNumber(y, m, d))
	case ByWeek:
		return fmt.Sprint((dayNumber(y, m, d) + 3) / 7) // 1970-01-01 was a Thursday: weeks begin on Monday
	case ByMonth:
		return fmt.Sprint(y, "-", m)
	}
	return fmt.Sprint(y)
}

// rules are the grounds that rules give a set.
func (s *slow) rules(r backup.Record) (grounds []Ground) {
	mine := func(o backup.Record) bool {
		return s.ours(o) && o.PolicyID == "p" && s.there(o) && o.Expires.IsZero() && o.Set.Kind == r.Set.Kind
	}
	if !mine(r) {
		return nil
	}
	keep := s.p.Rules[0].Keep
	for _, rule := range s.p.Rules {
		if rule.Kind == r.Set.Kind {
			keep = rule.Keep
		}
	}
	if keep.Days+keep.Count+keep.Daily+keep.Weekly+keep.Monthly+keep.Yearly == 0 {
		return []Ground{ForEver}
	}
	var y, m, d, hh, mm int
	if _, err := fmt.Sscanf(s.now.In(s.zone).Format("2006-01-02 15:04"), "%d-%d-%d %d:%d", &y, &m, &d, &hh, &mm); err != nil {
		s.t.Fatal(err)
	}
	for range keep.Days {
		if d--; d == 0 {
			if m--; m == 0 {
				y, m = y-1, 12
			}
			for d = 31; dayNumber(y, m, d) >= dayNumber(y+m/12, m%12+1, 1); d-- {
			}
		}
	}
	if keep.Days > 0 && !s.ended(r).Before(time.Date(y, time.Month(m), d, hh, mm, 0, 0, s.zone)) {
		grounds = append(grounds, ByDays)
	}
	newer := 0
	for _, o := range s.sets {
		if mine(o) && s.older(r, o) {
			newer++
		}
	}
	if newer < keep.Count {
		grounds = append(grounds, ByCount)
	}
	for g, most := range map[Ground]int{ByDay: keep.Daily, ByWeek: keep.Weekly, ByMonth: keep.Monthly, ByYear: keep.Yearly} {
		first, later := true, map[string]bool{}
		for _, o := range s.sets {
			if !mine(o) {
				continue
			}
			same := s.period(s.ended(o), g) == s.period(s.ended(r), g)
			first = first && !(same && s.older(o, r))
			if !same && s.older(r, o) {
				later[s.period(s.ended(o), g)] = true
			}
		}
		if first && len(later) < most {
			grounds = append(grounds, g)
		}
	}
	return grounds
}

func (s *slow) check(got Pruning) {
	t := s.t
	every := func(backup.Record) bool { return true }
	all := s.ways(every)
	provenWays := s.ways(s.proven)
	relieved := func(r backup.Record) bool {
		return slices.ContainsFunc(s.sets, func(o backup.Record) bool {
			return len(provenWays[o.ID]) > 0 && s.ended(o).After(s.ended(r)) && (o.Set.Kind == backup.Full || o.Set.Kind == backup.Differential && r.Set.Kind != backup.Full)
		})
	}
	byID := map[string]backup.Record{}
	var newest, newestFull, newestProven *backup.Record
	for i := range s.sets {
		r := &s.sets[i]
		byID[r.ID] = *r
		if len(all[r.ID]) > 0 && (newest == nil || s.older(*newest, *r)) {
			newest = r
		}
		if len(provenWays[r.ID]) > 0 && (newestProven == nil || s.older(*newestProven, *r)) {
			newestProven = r
		}
		if r.Set.Kind == backup.Full && s.there(*r) && r.Origin != backup.ByOthers && (newestFull == nil || s.older(*newestFull, *r)) {
			newestFull = r
		}
	}
	kept := map[string]Kept{}
	for _, k := range got.Keep {
		kept[k.Record.ID] = k
	}
	for _, r := range got.Remove {
		if r.Why == "" || kept[r.Record.ID].Record.ID != "" {
			t.Fatalf("%+v goes", r)
		}
		s.removed[r.Record.ID] = true
	}
	for _, r := range s.sets {
		if s.ours(r) == (kept[r.ID].Record.ID == "" && !s.removed[r.ID]) {
			t.Fatalf("set %s is decided upon although it must not be, or the other way round", r.ID)
		}
	}
	left := s.ways(every)
	leftProven := s.ways(s.proven)

	// None is kept that no rule keeps.
	for id, k := range kept {
		r := byID[id]
		want := s.rules(r)
		if r.Pinned {
			want = append(want, Pinned)
		}
		if r.Expires.After(s.now) {
			want = append(want, Unexpired)
		}
		if !relieved(r) {
			want = append(want, Unrelieved)
		}
		var other []Ground
		for _, g := range k.Grounds {
			if g == Needed || g == Newest {
				other = append(other, g)
			} else if !slices.Contains(want, g) {
				t.Fatalf("%s is kept as %s", id, g)
			}
		}
		if len(k.Grounds) != len(want)+len(other) || len(k.Grounds) == 0 || k.Why == "" {
			t.Fatalf("%s is kept as %v, the reference says %v", id, k.Grounds, want)
		}
		if slices.Contains(other, Needed) {
			f := byID[k.For]
			asks := kept[f.ID].Record.ID != "" || !s.ours(f)
			if !asks || f.ID == id || !slices.ContainsFunc(s.best(all[f.ID]), func(w way) bool { return slices.Contains(w.ids, id) }) {
				t.Fatalf("%s is kept for %q, which does not need it", id, k.For)
			}
			s.chainOfReasons(id, kept, byID)
		}
		if slices.Contains(other, Newest) {
			in := func(ws []way) bool {
				return slices.ContainsFunc(ws, func(w way) bool { return slices.Contains(w.ids, id) })
			}
			if !(newestFull != nil && newestFull.ID == id || newest != nil && in(s.best(all[newest.ID])) || newestProven != nil && in(s.best(provenWays[newestProven.ID]))) {
				t.Fatalf("%s is kept as newest", id)
			}
		}
	}

	// None goes that a rule keeps, that is not relieved, or that a kept one needs.
	for id := range s.removed {
		r := byID[id]
		if g := s.rules(r); len(g) > 0 || r.Pinned || r.Expires.After(s.now) || !relieved(r) {
			t.Fatalf("%s goes, the reference keeps it: %v", id, g)
		}
	}
	for _, r := range s.sets {
		if s.removed[r.ID] || len(all[r.ID]) == 0 || r.Origin == backup.ByOthers && !r.Pinned {
			continue
		}
		before, after := s.best(all[r.ID]), s.best(left[r.ID])
		if len(after) == 0 || before[0].level != after[0].level || before[0].start.ID != after[0].start.ID || len(before[0].ids) != len(after[0].ids) {
			t.Fatalf("%s stays, and what it is restored with went: %v, now %v", r.ID, before, after)
		}
	}
	for _, r := range []*backup.Record{newest, newestFull} {
		if r != nil && len(left[r.ID]) == 0 {
			t.Fatalf("%s was the newest, and went", r.ID)
		}
	}
	if newestProven != nil && len(leftProven[newestProven.ID]) == 0 {
		t.Fatalf("%s was the newest that is proven, and went", newestProven.ID)
	}
	s.checkLost(got.Lost, all, left)
}

// chainOfReasons follows who needs whom until somebody has a ground of his own.
func (s *slow) chainOfReasons(id string, kept map[string]Kept, byID map[string]backup.Record) {
	for range len(s.sets) + 1 {
		k, ours := kept[id]
		if !ours {
			return
		}
		if k.For == "" || len(k.Grounds) > 1 {
			return
		}
		id = k.For
	}
	s.t.Fatalf("%s is kept in a circle", id)
}

// reaches reports whether a moment can be restored to.
func (s *slow) reaches(at time.Time, ways map[string][]way) bool {
	for _, r := range s.sets {
		if len(ways[r.ID]) == 0 {
			continue
		}
		if label(r).Equal(at) {
			return true
		}
		if r.Set.Kind != backup.Log || r.Set.BulkLogged || at.After(label(r)) {
			continue
		}
		for _, b := range s.sets {
			if len(ways[b.ID]) > 0 && !label(b).After(at) && s.joins(b.Set, r.Set) {
				return true
			}
		}
	}
	return false
}

// checkLost asks about the middle between any two ends of backups, which is
// where stretches are whole or gone, never half.
func (s *slow) checkLost(lost []Span, all, left map[string][]way) {
	gone := s.removed
	for _, a := range s.sets {
		for _, b := range s.sets {
			at := label(a).Add(label(b).Sub(label(a)) / 2)
			if slices.ContainsFunc(s.sets, func(r backup.Record) bool { return label(r).Equal(at) }) {
				continue
			}
			s.removed = nil
			before := s.reaches(at, all)
			s.removed = gone
			after := s.reaches(at, left)
			if told := slices.ContainsFunc(lost, func(l Span) bool { return l.Holds(at) }); told != (before && !after) {
				s.t.Fatalf("%s is told lost: %v; before %v, after %v; %v", at, told, before, after, lost)
			}
		}
	}
}
