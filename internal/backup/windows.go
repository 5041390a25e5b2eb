package backup

import (
	"cmp"
	"slices"
	"time"
)

// Window is a time from which to which a database can be restored to any
// second but those in Blind. Where From and To are equal there is one data
// backup and no log behind it: it can be restored to its end alone.
type Window struct {
	From, To time.Time // UTC
	Family   GUID      // lineage; zero for sets of the cloud
	Fork     GUID      // recovery fork it ends on
	Starts   []*Record // full and differential backups a restore may begin with, by time; a differential needs its full
	Logs     []*Record // in the order they are applied
	Blind    []Span    // inside logs with minimally logged changes: only their ends can be restored
	Next     *Missing  // what would take it further; nil when nothing is known to be missing

	end  place
	last *Set
}

// Span is a time between From and To (UTC), neither of them in it.
type Span struct{ From, To time.Time }

// Holds reports whether a restore can stop at the moment.
func (w *Window) Holds(at time.Time) bool {
	if at.Before(w.From) || at.After(w.To) {
		return false
	}
	return !slices.ContainsFunc(w.Blind, func(b Span) bool { return at.After(b.From) && at.Before(b.To) })
}

// Windows tells to which times records of one database lead, by ascending end.
// Records that are gone do not count, those whose data lies apart neither.
// Where the database was restored in between, windows of its histories
// (recovery forks) may overlap: they hold the same times with other contents.
//
// A log leads as far as the server says (SQL Server 2022 and later), else to
// where its backup began: what was committed while it ran may be in it.
func Windows(records []Record) []Window {
	var out []Window
	for _, l := range lineagesOf(records) {
		out = append(out, l.windows()...)
	}
	out = append(out, cloudWindows(records)...)
	slices.SortStableFunc(out, func(a, b Window) int {
		return cmp.Or(a.To.Compare(b.To), a.end.at.Compare(b.end.at), a.From.Compare(b.From))
	})
	return out
}

// kept is the records of one lineage that could be of use.
type kept struct {
	family  GUID
	records map[*Set]*Record
	in      sorted
	apart   []*Set
}

// lineagesOf groups records as Plans groups sets.
func lineagesOf(records []Record) []*kept {
	type key struct {
		family GUID
		name   string
	}
	var out []*kept
	byKey := map[key]int{}
	sets := map[int][]*Set{}
	for i := range records {
		r := &records[i]
		if r.Origin == InCloud || r.State == Removed || !r.Gone.IsZero() {
			continue
		}
		k := key{family: r.Set.Family}
		if k.family.IsZero() {
			k.name = r.Set.Database
		}
		at, ok := byKey[k]
		if !ok {
			at = len(out)
			byKey[k] = at
			out = append(out, &kept{family: k.family, records: map[*Set]*Record{}})
		}
		s := &r.Set
		switch {
		case r.Apart:
			out[at].apart = append(out[at].apart, s)
			continue
		case r.State == Broken && s.Complete && !s.Damaged:
			c := *s
			c.Damaged = true
			s = &c
		}
		out[at].records[s] = r
		sets[at] = append(sets[at], s)
	}
	for i, l := range out {
		l.in = sortOut(sets[i])
	}
	return out
}

// beginning is a data backup with which a restore can begin, or go on after
// its full backup.
type beginning struct {
	set *Set
	at  time.Time
}

func (l *kept) beginnings() (out []beginning) {
	for _, f := range l.in.fulls {
		out = append(out, beginning{f, f.Finished.Time()})
	}
	base := basesOf(l.in.fulls)
	for _, d := range l.in.diffs {
		if f := base.of(d); f != nil && !f.CopyOnly {
			out = append(out, beginning{d, d.Finished.Time()})
		}
	}
	slices.SortStableFunc(out, func(a, b beginning) int { return cmp.Or(a.at.Compare(b.at), a.set.Last.Compare(b.set.Last)) })
	return out
}

// windows finds the places where restores end for good and, for each, the
// earliest backup that leads there: the later ones lead through a part of the
// same times.
func (l *kept) windows() []Window {
	g := newLineage(l.in.logs)
	byEnd := map[place]*Window{}
	var all []*Window
	for _, b := range l.beginnings() {
		p := place{b.set.Fork, b.set.Last, anyChain}
		for _, e := range g.endsFrom(p) {
			if len(g.bridgesFrom(e)) > 0 {
				continue // a log leads on from there
			}
			w, ok := byEnd[e]
			if !ok {
				w = &Window{From: b.at, To: b.at, Family: l.family, Fork: e.fork, end: e, last: b.set}
				for _, s := range g.path(p, e) {
					w.add(s, l.records[s])
				}
				byEnd[e] = w
				all = append(all, w)
			}
			w.Starts = append(w.Starts, l.records[b.set])
		}
	}
	l.idle(all)
	l.next(g, all)
	out := make([]Window, len(all))
	for i, w := range all {
		out[i] = *w
	}
	return out
}

// add goes on by a log.
func (w *Window) add(s *Set, r *Record) {
	to := surely(s)
	if s.BulkLogged { // its end alone can be restored, and until when its changes reach is not told
		if s.ValidUntil.IsZero() && s.Finished.Time().After(to) {
			to = s.Finished.Time()
		}
		if to.After(w.To) {
			w.Blind = append(w.Blind, Span{w.To, to})
		}
	}
	if to.After(w.To) {
		w.To = to
	}
	w.Logs, w.last = append(w.Logs, r), s
}

// surely is the moment up to which a log certainly leads.
func surely(s *Set) time.Time {
	switch {
	case !s.ValidUntil.IsZero():
		return s.ValidUntil.Time()
	case !s.Started.IsZero():
		return s.Started.Time()
	}
	return s.Finished.Time()
}

// idle prolongs windows by later logs that end where the window does: nothing
// had changed until they were taken.
func (l *kept) idle(all []*Window) {
	type end struct {
		fork GUID
		at   LSN
	}
	latest := map[end]*Set{}
	consider := func(s *Set) {
		e := end{s.Fork, s.Last}
		if have := latest[e]; have == nil || surely(s).After(surely(have)) {
			latest[e] = s
		}
	}
	for _, s := range l.in.logs {
		consider(s)
	}
	for _, left := range l.in.leftOut {
		if left.Reason == Covered {
			consider(left.Set)
		}
	}
	for _, w := range all {
		if s := latest[end{w.end.fork, w.end.at}]; s != nil && surely(s).After(w.To) {
			w.To = surely(s)
			w.Logs = append(w.Logs, l.records[s])
		}
	}
}
