package backup

import "sort"

// reach is how far logs lead on the place's own fork, and by which chain.
func (g *lineage) reach(p place) (LSN, int) {
	f := g.forks[p.fork]
	if f == nil {
		return p.at, p.segment
	}
	runs := f.all
	if p.segment != anyChain {
		if p.segment >= len(f.runs) {
			return p.at, p.segment
		}
		runs = f.runs[p.segment]
	}
	i := sort.Search(len(runs), func(i int) bool { return runs[i].from.Compare(p.at) > 0 }) - 1
	if i < 0 || runs[i].to.Compare(p.at) <= 0 {
		return p.at, p.segment
	}
	return runs[i].to, runs[i].segment
}

// bridgesFrom are the logs that lead to another fork and can be reached.
func (g *lineage) bridgesFrom(p place) (usable []*link) {
	f := g.forks[p.fork]
	if f == nil {
		return nil
	}
	for _, b := range f.bridges {
		if (p.segment == anyChain || p.segment == b.segment) &&
			b.least.Compare(p.at) <= 0 && p.at.Compare(b.until) <= 0 && p.at.Compare(b.to) < 0 {
			usable = append(usable, b)
		}
	}
	return usable
}

// behind is the place after a bridge.
func (g *lineage) behind(b *link) place {
	return place{b.dest, b.to, g.forks[b.dest].segmentOf(b.set)}
}

// endsFrom lists the furthest place on each fork that can be reached.
func (g *lineage) endsFrom(p place) []end {
	at, _ := g.reach(p)
	ends := []end{{p.fork, at}}
	for _, b := range g.bridgesFrom(p) {
		ends = merge(ends, g.endsBehind(b))
	}
	return ends
}

func (g *lineage) endsBehind(b *link) []end {
	ends, ok := g.ends[b]
	if !ok {
		ends = g.endsFrom(g.behind(b)) // ends: a bridge always leads further
		g.ends[b] = ends
	}
	return ends
}

func merge(ends, more []end) []end {
	for _, e := range more {
		known := false
		for i := range ends {
			if ends[i].fork == e.fork {
				ends[i].at, known = later(ends[i].at, e.at), true
			}
		}
		if !known {
			ends = append(ends, e)
		}
	}
	return ends
}

// furthest is how far one can come on the fork, and whether one comes there.
func furthest(ends []end, fork GUID) (LSN, bool) {
	for _, e := range ends {
		if e.fork == fork {
			return e.at, true
		}
	}
	return LSN{}, false
}

// path lists the logs from p to the end, as few as possible on each stretch.
func (g *lineage) path(p place, to end) []*Set {
	if at, segment := g.reach(p); p.fork == to.fork && at == to.at {
		if at == p.at {
			return nil
		}
		return g.sweep(place{p.fork, p.at, segment}, to.at, to.at)
	}
	for _, b := range g.bridgesFrom(p) {
		if at, ok := furthest(g.endsBehind(b), to.fork); ok && at == to.at {
			var logs []*Set
			if p.at.Compare(b.from) < 0 {
				logs = g.sweep(place{p.fork, p.at, b.segment}, b.from, b.until)
			}
			return append(append(logs, b.set), g.path(g.behind(b), to)...)
		}
	}
	return nil
}

// sweep applies the logs of one chain from p until it stands at goal or
// behind it, never behind limit, always the one that leads furthest.
func (g *lineage) sweep(p place, goal, limit LSN) (logs []*Set) {
	links := g.forks[p.fork].parts[p.segment]
	next := 0
	var best *link
	for at := p.at; at.Compare(goal) < 0; at = best.to {
		for ; next < len(links) && links[next].from.Compare(at) <= 0; next++ {
			l := links[next]
			if l.to.Compare(limit) > 0 {
				continue
			}
			if c := compareTo(best, l); c < 0 || c == 0 && l.set.FileSize() < best.set.FileSize() {
				best = l
			}
		}
		if best == nil || best.to.Compare(at) <= 0 {
			return logs
		}
		logs = append(logs, best.set)
	}
	return logs
}

func compareTo(best, l *link) int {
	if best == nil {
		return -1
	}
	return best.to.Compare(l.to)
}
