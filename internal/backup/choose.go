package backup

import (
	"maps"
	"slices"
	"time"
)

// maxCandidates bounds how many forks are offered.
const maxCandidates = 20

// route is a way from a data backup to the furthest place on a fork.
type route struct {
	base, diff *Set // base is nil when continuing an applied state
	start      place
	furthest   place // on the fork
	to         LSN   // how much of that counts: with StopAt no more than reaches it
	fork       GUID  // it ends on
	logs       []*Set
}

// better prefers what reaches further, then the newer full, then the newer
// differential. Of equal routes the one found first stays.
func (r route) better(than route) bool {
	if c := r.to.Compare(than.to); c != 0 {
		return c > 0
	}
	if r.base != than.base {
		return newer(r.base, than.base)
	}
	if r.diff == nil || than.diff == nil {
		return r.diff != nil
	}
	return r.diff.Last.Compare(than.diff.Last) > 0
}

func newer(a, b *Set) bool {
	if c := a.Finished.Time().Compare(b.Finished.Time()); c != 0 {
		return c > 0
	}
	return a.Last.Compare(b.Last) > 0
}

// routes finds the best route to every fork that can be reached, the one that
// finished last first.
func routes(in sorted, o Options) []route {
	g := newLineage(in.logs)
	best := map[GUID]route{}
	limit := stopLimits(in.logs, o.StopAt)
	consider := func(base, diff *Set, p place) {
		for _, e := range g.endsFrom(p) {
			if !o.Fork.IsZero() && e.fork != o.Fork {
				continue
			}
			r := route{base: base, diff: diff, start: p, furthest: e, to: e.at, fork: e.fork}
			if l, ok := limit[e.fork]; ok {
				r.to = earlier(e.at, later(l, p.at))
			}
			if old, ok := best[e.fork]; !ok || r.better(old) {
				best[e.fork] = r
			}
		}
	}
	onBase := map[GUID][]*Set{}
	for _, d := range in.diffs {
		if !finishedAfter(d, o.StopAt) {
			onBase[d.DifferentialBase] = append(onBase[d.DifferentialBase], d)
		}
	}
	if a := o.Applied; a != nil {
		consider(nil, nil, place{a.Fork, a.Last, anyChain})
		alone := maps.Clone(best)
		for _, d := range onBase[a.Base] {
			if (!a.Logs || d.Fork == a.Fork) && d.Last.Compare(a.Last) > 0 {
				consider(nil, d, place{d.Fork, d.Last, anyChain})
			}
		}
		for fork, r := range alone { // after logs a differential only bridges a gap
			if a.Logs && best[fork].to == r.to {
				best[fork] = r
			}
		}
	} else {
		for _, f := range in.fulls {
			if !o.Base.IsZero() && f.ID != o.Base || finishedAfter(f, o.StopAt) {
				continue
			}
			consider(f, nil, place{f.Fork, f.Last, anyChain})
			if f.CopyOnly || f.ID.IsZero() {
				continue
			}
			for _, d := range onBase[f.ID] {
				consider(f, d, place{d.Fork, d.Last, anyChain})
			}
		}
	}
	return g.walk(best, o)
}

// walk finds the logs of each route, cuts them at StopAt and drops routes that
// only begin others: those from whose end a log leads on to another fork, and
// those that have become the same.
func (g *lineage) walk(best map[GUID]route, o Options) []route {
	found := slices.Collect(maps.Values(best))
	slices.SortFunc(found, func(a, b route) int {
		return slices.Compare(a.fork[:], b.fork[:]) // maps have no order
	})
	var routes []route
	for _, r := range found {
		if o.Fork.IsZero() && len(g.bridgesFrom(r.furthest)) > 0 {
			continue
		}
		r.logs = g.path(r.start, r.furthest)
		if o.StopAt != nil {
			r.cut(*o.StopAt)
		}
		if !slices.ContainsFunc(routes, r.sameSteps) {
			routes = append(routes, r)
		}
	}
	slices.SortStableFunc(routes, func(a, b route) int {
		return b.finished().Compare(a.finished())
	})
	return routes[:min(len(routes), maxCandidates)]
}

// cut ends a route at the first log that reaches the moment for certain, else
// at the first that may.
func (r *route) cut(stop time.Time) {
	for _, sure := range []bool{true, false} {
		i := slices.IndexFunc(r.logs, func(l *Set) bool { return reaches(l, stop, sure) })
		if i >= 0 {
			r.logs = r.logs[:i+1]
			break
		}
	}
	if n := len(r.logs); n > 0 {
		r.fork, r.to = r.logs[n-1].Fork, r.logs[n-1].Last
	} else {
		r.fork, r.to = r.start.fork, r.start.at
	}
}

func (r route) sameSteps(other route) bool {
	return r.base == other.base && r.diff == other.diff && slices.Equal(r.logs, other.logs)
}

func (r route) last() *Set {
	switch {
	case len(r.logs) > 0:
		return r.logs[len(r.logs)-1]
	case r.diff != nil:
		return r.diff
	}
	return r.base
}

func (r route) finished() time.Time {
	if s := r.last(); s != nil {
		return s.Finished.Time()
	}
	return time.Time{}
}

func (r route) sets() (sets []*Set) {
	if r.base != nil {
		sets = append(sets, r.base)
	}
	if r.diff != nil {
		sets = append(sets, r.diff)
	}
	return append(sets, r.logs...)
}

// finishedAfter reports whether a data backup is too new for the moment: a
// restore cannot stop before the backup's end.
func finishedAfter(s *Set, stop *time.Time) bool {
	return stop != nil && s.Finished.Time().After(*stop)
}

// reaches reports whether restoring the log can stop at the moment. Newer
// servers say so. Otherwise a log whose backup began afterwards does for
// certain; one that ended afterwards only may.
func reaches(s *Set, stop time.Time, sure bool) bool {
	at := s.Finished
	switch {
	case !s.ValidUntil.IsZero():
		at = s.ValidUntil
	case sure:
		at = s.Started
	}
	return !at.IsZero() && !at.Time().Before(stop)
}

// stopLimits is, for each fork, the lowest end of a log that reaches the
// moment: what lies behind it is no merit of a route.
func stopLimits(logs []*Set, stop *time.Time) map[GUID]LSN {
	if stop == nil {
		return nil
	}
	limits := map[GUID]LSN{}
	for _, sure := range []bool{false, true} { // the sure ones replace the others
		found := map[GUID]LSN{}
		for _, l := range logs {
			if at, ok := found[l.Fork]; reaches(l, *stop, sure) && (!ok || l.Last.Compare(at) < 0) {
				found[l.Fork] = l.Last
			}
		}
		maps.Copy(limits, found)
	}
	return limits
}
