package backup

import (
	"slices"
	"sort"
	"time"
)

// RestorePath is what a set stands on: the set that is restored right before it,
// and so on down to a full backup.
type RestorePath struct {
	Sound bool // the sets that are there lead to it
	On    int  // index of the set before it; -1 for a full
	Start int  // index of the data backup behind which its logs begin; a data backup's own
	Steps int  // sets to apply up to it, itself included
	// From is the earliest moment to which a restore with this set can stop: of
	// a log the end of the oldest set it joins on, of others their own end.
	From time.Time
}

// Trust says how willingly a data backup is built upon.
type Trust int

const (
	Never      Trust = iota // as if it were not there as a beginning
	LastResort              // only where nothing better leads there
	Willingly
)

// Usable reports whether the set can be applied where a chain leads to it: it is
// whole, undamaged, all its stripes are there, and it is of a kind that chains
// are made of.
func (s *Set) Usable() bool { return flaw(s) == "" }

// RestorePaths finds for every set the chain that restores it: of the most trusted
// beginnings the newest one, and from there as few logs as can be. A nil set is
// one that is not there. Sets that no chain can use are never sound.
//
// It follows the same rules as Plans, for every set at once: where Plans asks
// how far sets reach, this asks what each of them needs.
func RestorePaths(sets []*Set, trust func(i int) Trust) []RestorePath {
	f := pathFinder{sets: sets, out: make([]RestorePath, len(sets)), trust: trust, lineage: map[GUID]*lineage{}}
	logs := map[GUID][]*Set{}
	fulls, index := map[fullsKey][]*Set{}, map[*Set]int{}
	for i, s := range sets {
		f.out[i].On, f.out[i].Start = -1, i
		if s == nil || flaw(s) != "" {
			continue
		}
		if s.Kind == Log {
			logs[s.Family] = append(logs[s.Family], s)
		}
		if s.Kind == Full {
			f.out[i] = RestorePath{Sound: trust(i) > Never, On: -1, Start: i, Steps: 1, From: s.Finished.Time()}
			at := fullsKey{s.Family, trust(i)}
			fulls[at], index[s] = append(fulls[at], s), i
		}
		f.order = append(f.order, i)
	}
	for family, of := range logs {
		f.lineage[family] = newLineage(of)
	}
	base := map[fullsKey]bases{}
	for at, of := range fulls {
		base[at] = basesOf(of)
	}
	for _, i := range f.order {
		if s := sets[i]; s.Kind == Differential {
			full := base[fullsKey{s.Family, Willingly}].of(s)
			if full == nil {
				full = base[fullsKey{s.Family, LastResort}].of(s)
			}
			f.out[i] = RestorePath{Sound: full != nil && trust(i) > Never && !full.CopyOnly, On: -1, Start: i, Steps: 2, From: s.Finished.Time()}
			if f.out[i].Sound {
				f.out[i].On = index[full]
			}
		}
	}
	slices.SortStableFunc(f.order, func(a, b int) int { return sets[a].Last.Compare(sets[b].Last) })
	for at, i := range f.order {
		if sets[i].Kind == Log {
			f.stand(at, i)
		}
	}
	return f.out
}

// fullsKey is where the full backups of a lineage are looked for, the willingly
// trusted before the others.
type fullsKey struct {
	family GUID
	trust  Trust
}

type pathFinder struct {
	sets    []*Set
	out     []RestorePath
	trust   func(int) Trust
	order   []int // usable sets by ascending Last
	lineage map[GUID]*lineage
}

// stand finds what the log at a place of the order is best applied on. All
// that it can follow ends at or behind its first LSN and before its last, and
// is decided already.
func (f *pathFinder) stand(at, i int) {
	l := f.sets[i]
	from := sort.Search(at, func(k int) bool { return f.sets[f.order[k]].Last.Compare(l.First) >= 0 })
	for _, j := range f.order[from:at] {
		if !f.out[j].Sound || !f.joins(f.sets[j], l) {
			continue
		}
		ended := f.sets[j].Finished.Time()
		if !f.out[i].Sound {
			f.out[i] = RestorePath{Sound: true, On: j, Start: f.out[j].Start, Steps: f.out[j].Steps + 1, From: ended}
			continue
		}
		if f.better(j, f.out[i].On) {
			f.out[i].On, f.out[i].Start, f.out[i].Steps = j, f.out[j].Start, f.out[j].Steps+1
		}
		if ended.Before(f.out[i].From) {
			f.out[i].From = ended
		}
	}
}

// better prefers the more trusted beginning, then the newer, then the shorter
// way. Of equal ones that found first stays.
func (f *pathFinder) better(j, than int) bool {
	a, b := f.out[j].Start, f.out[than].Start
	if x, y := f.standing(a), f.standing(b); x != y {
		return x > y
	}
	if a != b && (newer(f.sets[a], f.sets[b]) || newer(f.sets[b], f.sets[a])) {
		return newer(f.sets[a], f.sets[b])
	}
	return f.out[j].Steps < f.out[than].Steps
}

// standing is the trust in a beginning: that of a differential is no greater
// than that of its base.
func (f *pathFinder) standing(start int) Trust {
	t := f.trust(start)
	if base := f.out[start].On; base >= 0 {
		t = min(t, f.trust(base))
	}
	return t
}

// joins reports whether a log can be applied right after a set.
func (f *pathFinder) joins(before, l *Set) bool {
	if l.Family != before.Family || before.Last.Compare(l.First) < 0 || l.Last.Compare(before.Last) <= 0 {
		return false
	}
	g := f.lineage[l.Family]
	if before.Kind == Log && before.Last.Compare(before.First) > 0 {
		on := g.forks[before.Fork]
		if on == nil || on.segmentOf(before) != on.segmentOf(l) {
			return false
		}
	}
	if l.FirstFork == l.Fork {
		return before.Fork == l.Fork
	}
	point := l.ForkPoint
	if point.Compare(l.First) < 0 || point.Compare(l.Last) >= 0 {
		point = l.First
	}
	switch before.Fork {
	case l.FirstFork:
		return before.Last.Compare(point) <= 0
	case l.Fork:
		return before.Last.Compare(point) >= 0
	}
	return false
}
