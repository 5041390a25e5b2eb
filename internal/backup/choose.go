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
	whole      bool // with StopAt: the last set ends at the moment and is applied to its end
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

// newer tells which of two data backups that lead to one place is nearer to it:
// LSNs grow on every way. Dates decide where they do not tell.
func newer(a, b *Set) bool {
	if c := a.Last.Compare(b.Last); c != 0 {
		return c > 0
	}
	return a.Finished.Time().After(b.Finished.Time())
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
	base := basesOf(in.fulls)
	onBase, onID := map[*Set][]*Set{}, map[GUID][]*Set{}
	for _, d := range in.diffs {
		if finishedAfter(d, o.StopAt) {
			continue
		}
		onID[d.DifferentialBase] = append(onID[d.DifferentialBase], d)
		if f := base.of(d); f != nil {
			onBase[f] = append(onBase[f], d)
		}
	}
	if a := o.Applied; a != nil {
		consider(nil, nil, place{a.Fork, a.Last, anyChain})
		alone := maps.Clone(best)
		for _, d := range onID[a.Base] {
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
			if f.CopyOnly {
				continue
			}
			for _, d := range onBase[f] {
				consider(f, d, place{d.Fork, d.Last, anyChain})
			}
		}
	}
	return g.walk(best, in, o)
}

// walk finds the logs of each route, cuts them at StopAt and drops routes that
// only begin others: those from whose end a log leads on to another fork, and
// those that have become the same.
func (g *lineage) walk(best map[GUID]route, in sorted, o Options) []route {
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
			r.cut(in, *o.StopAt)
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
