package backup

import (
	"slices"
	"time"
)

// PlanOn tells which records of one database restore it to a moment (UTC), to
// the second, on one recovery fork. With the zero fork and several histories
// that hold the moment it asks to choose; Options of the choice are its forks.
// Sets of the cloud are no part of it: the service restores those by itself.
func PlanOn(records []Record, at time.Time, fork GUID) Plan {
	var best Plan
	var finished time.Time
	for i, l := range lineagesOf(records) {
		p := l.planAt(at, fork)
		var last time.Time
		if n := len(p.Steps); n > 0 {
			last = p.Steps[n-1].Set.Finished.Time()
		}
		if i == 0 || p.ReachesStop && !best.ReachesStop || p.ReachesStop == best.ReachesStop && last.After(finished) {
			best, finished = p, last
		}
	}
	return best
}

func (l *kept) planAt(at time.Time, fork GUID) Plan {
	var sets []*Set
	for s := range l.records {
		sets = append(sets, s)
	}
	slices.SortFunc(sets, func(a, b *Set) int { // maps have no order
		if c := a.Finished.Time().Compare(b.Finished.Time()); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	// A person names seconds, backups end between them.
	for _, s := range sets {
		if t := s.Finished.Time(); s.Kind != Log && t.After(at) && t.Before(at.Truncate(time.Second).Add(time.Second)) && flaw(s) == "" {
			at = t
		}
	}
	p := planFamily(sets, Options{StopAt: &at, Fork: fork})
	if ended := func(s *Set) bool { return s.Kind != Log && flaw(s) == "" && s.Finished.Time().Equal(at) }; !p.ReachesStop && slices.ContainsFunc(sets, ended) {
		// The log over this moment cannot stop in it, the data backup ends there.
		data := slices.DeleteFunc(sets, func(s *Set) bool { return s.Kind == Log })
		if p = planFamily(data, Options{StopAt: &at, Fork: fork}); len(p.Steps) == 0 { // a log would lead to that fork
			p = planFamily(data, Options{StopAt: &at})
		}
	}
	p.Family = l.family
	return p
}
