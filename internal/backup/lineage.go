package backup

import (
	"cmp"
	"slices"
	"sort"
)

// lineage is the log of one family as a graph. A node is a place (fork, LSN)
// where a restore can stand; a link is a log backup that takes it further.
//
// A log on one fork can be applied where its first LSN is at or before the
// place and its last behind it. A log that spans a fork does that for two
// forks: on the older one from its first LSN up to the fork point, from where
// it leads to the newer one; and on the newer one from the fork point on.
type lineage struct {
	forks map[GUID]*fork
	ends  map[*link]map[GUID]place // memory of endsBehind
}

// fork holds the links that are applied while standing on one recovery fork.
type fork struct {
	id      GUID
	links   []*link   // that stay on it, by ascending from
	bridges []*link   // that lead off it, by ascending from
	begins  []LSN     // where log chains begin on it, ascending: see segment
	parts   [][]*link // links by segment, each by ascending from
	runs    [][]run   // of each segment, ascending
	all     []run     // of all segments by ascending from, to = furthest so far
}

// link is a log backup on one fork: applicable where from ≤ place ≤ until and
// place < to.
type link struct {
	set     *Set
	from    LSN
	until   LSN
	to      LSN
	dest    GUID // fork it ends on
	segment int  // on the fork where it is applied
	least   LSN  // bridges: the lowest place of the same segment from which logs lead into it
}

// run is an unbroken stretch of log.
type run struct {
	from, to LSN
	segment  int
}

// place is where a restore stands. On a place reached by a log, only logs of
// the same chain join; from a data backup or an unknown past any chain does.
type place struct {
	fork    GUID
	at      LSN
	segment int // anyChain after a data backup
}

const anyChain = -1

func newLineage(logs []*Set) *lineage {
	g := &lineage{forks: map[GUID]*fork{}, ends: map[*link]map[GUID]place{}}
	for _, s := range logs {
		if s.Last.Compare(s.First) <= 0 {
			continue
		}
		f, last := g.fork(s.FirstFork), g.fork(s.Fork)
		if s.BeginsLogChain {
			f.begins = append(f.begins, s.First)
		}
		if f == last {
			f.links = append(f.links, &link{set: s, from: s.First, until: s.Last, to: s.Last, dest: f.id})
			continue
		}
		if s.BeginsLogChain {
			last.begins = append(last.begins, s.First)
		}
		// A point that is unknown or not inside the log lets it join only
		// where it begins.
		point := s.ForkPoint
		if point.Compare(s.First) < 0 || point.Compare(s.Last) >= 0 {
			point = s.First
		}
		f.bridges = append(f.bridges, &link{set: s, from: s.First, until: point, to: s.Last, dest: last.id})
		last.links = append(last.links, &link{set: s, from: point, until: s.Last, to: s.Last, dest: last.id})
	}
	for _, f := range g.forks {
		f.prepare()
	}
	return g
}

func (g *lineage) fork(id GUID) *fork {
	f, ok := g.forks[id]
	if !ok {
		f = &fork{id: id}
		g.forks[id] = f
	}
	return f
}

func byFrom(a, b *link) int {
	return cmp.Or(a.from.Compare(b.from), -a.to.Compare(b.to), cmp.Compare(a.set.FileSize(), b.set.FileSize()))
}

// prepare sorts the links and finds the unbroken stretches.
func (f *fork) prepare() {
	slices.SortFunc(f.begins, LSN.Compare)
	f.begins = slices.Compact(f.begins)
	slices.SortStableFunc(f.links, byFrom)
	slices.SortStableFunc(f.bridges, byFrom)
	f.parts = make([][]*link, len(f.begins)+1)
	for _, l := range f.links {
		l.segment = f.segmentOf(l.set)
		f.parts[l.segment] = append(f.parts[l.segment], l)
	}
	f.runs = make([][]run, len(f.parts))
	for i, part := range f.parts {
		for _, l := range part {
			if n := len(f.runs[i]); n > 0 && l.from.Compare(f.runs[i][n-1].to) <= 0 {
				f.runs[i][n-1].to = later(f.runs[i][n-1].to, l.to)
				continue
			}
			f.runs[i] = append(f.runs[i], run{l.from, l.to, i})
		}
		f.all = append(f.all, f.runs[i]...)
	}
	slices.SortFunc(f.all, func(a, b run) int { return a.from.Compare(b.from) })
	for i := 1; i < len(f.all); i++ {
		if f.all[i-1].to.Compare(f.all[i].to) > 0 {
			f.all[i].to, f.all[i].segment = f.all[i-1].to, f.all[i-1].segment
		}
	}
	f.prepareBridges()
}

// segmentOf numbers the log chains of a fork: a chain begins at a log marked
// so, and logs that began before it do not join (they are of the time before
// the recovery model was SIMPLE).
func (f *fork) segmentOf(s *Set) int {
	return sort.Search(len(f.begins), func(i int) bool { return f.begins[i].Compare(s.First) > 0 })
}

// prepareBridges finds for each bridge the lowest place from which logs of its
// chain lead to a place where it can be applied. Such places have no holes:
// each log that leads in adds the stretch it covers.
func (f *fork) prepareBridges() {
	bySegment := map[int][]*link{}
	for _, b := range f.bridges {
		b.segment = f.segmentOf(b.set)
		b.least = b.from
		bySegment[b.segment] = append(bySegment[b.segment], b)
	}
	for segment, bridges := range bySegment {
		links := slices.Clone(f.parts[segment])
		slices.SortFunc(links, func(a, b *link) int { return a.to.Compare(b.to) })
		slices.SortFunc(bridges, func(a, b *link) int { return a.until.Compare(b.until) })
		var m minima
		next := 0
		for _, b := range bridges {
			for next < len(links) && links[next].to.Compare(b.until) <= 0 {
				same := next
				for same < len(links) && links[same].to == links[next].to {
					same++
				}
				lowest := links[next].from
				for _, l := range links[next:same] {
					lowest = earlier(lowest, earlier(l.from, m.from(l.from, l.from)))
				}
				m.push(links[next].to, lowest)
				next = same
			}
			b.least = m.from(b.from, b.from)
		}
	}
}

// minima answers: what is the smallest value among entries at or behind a key,
// for keys pushed in ascending order.
type minima struct{ entries []entry }

type entry struct{ key, value LSN }

func (m *minima) push(key, value LSN) {
	for len(m.entries) > 0 && m.entries[len(m.entries)-1].value.Compare(value) >= 0 {
		m.entries = m.entries[:len(m.entries)-1]
	}
	m.entries = append(m.entries, entry{key, value})
}

func (m *minima) from(key, otherwise LSN) LSN {
	i := sort.Search(len(m.entries), func(i int) bool { return m.entries[i].key.Compare(key) >= 0 })
	if i == len(m.entries) {
		return otherwise
	}
	return earlier(otherwise, m.entries[i].value)
}

func later(a, b LSN) LSN {
	if a.Compare(b) > 0 {
		return a
	}
	return b
}

func earlier(a, b LSN) LSN {
	if a.Compare(b) < 0 {
		return a
	}
	return b
}
