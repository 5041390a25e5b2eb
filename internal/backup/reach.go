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

// endsFrom tells the furthest place on each fork that can be reached.
func (g *lineage) endsFrom(p place) map[GUID]place {
	at, segment := g.reach(p)
	ends := map[GUID]place{p.fork: {p.fork, at, segment}}
	for _, b := range g.bridgesFrom(p) {
		for fork, e := range g.endsBehind(b) {
			if known, ok := ends[fork]; !ok || e.at.Compare(known.at) > 0 {
				ends[fork] = e
			}
		}
	}
	return ends
}

func (g *lineage) endsBehind(b *link) map[GUID]place {
	ends, ok := g.ends[b]
	if !ok {
		ends = g.endsFrom(g.behind(b)) // comes to an end: a bridge always leads further
		g.ends[b] = ends
	}
	return ends
}

// path lists the logs from p to the end, as few as possible on each stretch.
func (g *lineage) path(p, to place) []*Set {
	if at, segment := g.reach(p); p.fork == to.fork && at == to.at {
		if at == p.at {
			return nil
		}
		return g.sweep(place{p.fork, p.at, segment}, to.at, to.at)
	}
	for _, b := range g.bridgesFrom(p) {
		if e, ok := g.endsBehind(b)[to.fork]; ok && e.at == to.at {
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
