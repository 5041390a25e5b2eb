package backup

import (
	"fmt"
	"slices"
	"sort"
	"time"
)

// next tells for each window what would take it further.
func (l *kept) next(g *lineage, all []*Window) {
	for _, w := range all {
		w.Next = l.after(g, w)
	}
	if w := newest(all); w != nil && w.Next == nil {
		w.Next = l.astray(g, all, w)
	}
}

func newest(all []*Window) (found *Window) {
	for _, w := range all {
		if found == nil || w.To.After(found.To) {
			found = w
		}
	}
	return found
}

// after looks for what lies right behind a window's end on its fork.
func (l *kept) after(g *lineage, w *Window) *Missing {
	at := w.end.at
	covers := func(s *Set) bool {
		return s.Kind == Log && s.FirstFork == w.end.fork && s.First.Compare(at) <= 0 && s.Last.Compare(at) > 0
	}
	if i := slices.IndexFunc(l.in.broken, covers); i >= 0 {
		return broken(l.in.broken[i])
	}
	if i := slices.IndexFunc(l.apart, covers); i >= 0 {
		return apart(l.apart[i])
	}
	f := g.forks[w.end.fork]
	if f == nil {
		return nil
	}
	for _, runs := range f.runs {
		i := sort.Search(len(runs), func(i int) bool { return runs[i].to.Compare(at) > 0 })
		if i < len(runs) && runs[i].from.Compare(at) <= 0 && runs[i].segment != w.end.segment {
			if k := slices.IndexFunc(f.parts[runs[i].segment], func(k *link) bool { return k.to.Compare(at) > 0 }); k >= 0 {
				m := interrupted(w.last, at, f.parts[runs[i].segment][k].set)
				return &m
			}
		}
	}
	if i := sort.Search(len(f.links), func(i int) bool { return f.links[i].from.Compare(at) > 0 }); i < len(f.links) {
		m := gap(w.last, at, f.links[i].set)
		return &m
	}
	return nil
}

// astray looks for what is newer than every window and part of none: broken
// data backups, differentials without their full, logs of a fork that no data
// backup leads to.
func (l *kept) astray(g *lineage, all []*Window, w *Window) *Missing {
	since := w.last.Finished.Time()
	if w.To.After(since) {
		since = w.To
	}
	behind := func(s *Set) bool { return s.Finished.Time().After(since) }
	for _, s := range slices.Concat(l.in.broken, l.in.unknown) {
		if s.Started.Time().After(since) {
			return broken(s)
		}
	}
	full := basesOf(l.in.fulls)
	for _, d := range l.in.diffs {
		if behind(d) && full.of(d) == nil {
			if i := slices.IndexFunc(l.apart, func(a *Set) bool { return a.ID == d.DifferentialBase }); i >= 0 {
				return apart(l.apart[i])
			}
			m := missingBase(d, l.in)
			return &m
		}
	}
	reached := map[GUID]bool{}
	for _, w := range all {
		reached[w.end.fork] = true
		for _, r := range w.Logs {
			reached[r.Set.FirstFork] = true
		}
	}
	for id, f := range g.forks {
		if reached[id] || len(f.links) == 0 {
			continue
		}
		if s := f.links[len(f.links)-1].set; behind(s) {
			first := f.links[0].set
			return &Missing{MissingKind: MissingFull, From: w.end.at, To: first.First, After: first,
				Words: fmt.Sprintf("%s and what follows it belong to another history of the database (recovery fork %s), to which no backup leads.", upper(first.label()), id),
				Fix:   "Take a full backup: it begins a chain on the history the database is in."}
		}
	}
	return nil
}

func broken(s *Set) *Missing {
	m := brokenSet(s)
	return &m
}

// apart words a set that exists where no restore by Bakplane reads it.
func apart(s *Set) *Missing {
	return &Missing{MissingKind: MissingSet, SetID: s.ID, After: s,
		Words: fmt.Sprintf("The %s backup of %s was not written to files on disk: another tool, a tape or a URL has it, or it was thrown away.", s.Kind, s.Finished.Time().UTC().Format(time.DateTime+" UTC")),
		Fix:   "Let one tool alone take the log backups, or take a full or differential backup to disk after it."}
}
