package backup

import (
	"maps"
	"slices"
	"time"
)

// cut ends a route at the first log that reaches the moment for certain, else
// at the first that may. A log with minimally logged changes cannot be stopped
// in: where it, or what comes before it, ends at the moment, or nothing changed
// from there to the moment, the route ends there.
func (r *route) cut(in sorted, stop time.Time) {
	for _, sure := range []bool{true, false} {
		i := slices.IndexFunc(r.logs, func(l *Set) bool { return reaches(l, stop, sure) })
		if i >= 0 {
			r.logs = r.logs[:i+1]
			break
		}
	}
	if i := slices.IndexFunc(r.logs, func(l *Set) bool { return closed(l, stop) }); i >= 0 {
		for _, n := range []int{i + 1, i} {
			shorter := *r
			shorter.logs = r.logs[:n]
			fork, to := shorter.end()
			if last := shorter.last(); last != nil && (sameSecond(last.Finished.Time(), stop) || n == i && in.still(fork, to, stop)) {
				r.logs, r.whole = shorter.logs, true
				break
			}
		}
	}
	r.fork, r.to = r.end()
}

// end is the place where the sets of a route lead.
func (r *route) end() (GUID, LSN) {
	if n := len(r.logs); n > 0 {
		return r.logs[n-1].Fork, r.logs[n-1].Last
	}
	return r.start.fork, r.start.at
}

// withoutClosed is the way to the moment on a route's fork that needs no log
// which may hold it and can only be applied as a whole, where there is one: to a
// log that certainly holds the moment and can be stopped in, to a backup that
// ends at it, or to a place from which nothing changed until then.
func withoutClosed(in sorted, r route, o Options) (route, bool) {
	if o.StopAt == nil || r.whole || !slices.ContainsFunc(r.logs, func(l *Set) bool { return closed(l, *o.StopAt) }) {
		return route{}, false
	}
	rest := in
	rest.logs = slices.DeleteFunc(slices.Clone(in.logs), func(l *Set) bool { return closed(l, *o.StopAt) })
	o.Fork = r.fork
	for _, other := range routes(rest, o) {
		last := other.last()
		if last == nil || other.fork != r.fork {
			continue
		}
		ends := sameSecond(last.Finished.Time(), *o.StopAt)
		if !ends && last.Kind == Log && reaches(last, *o.StopAt, false) { // as a whole it leads past the moment
			if reaches(last, *o.StopAt, true) {
				return other, true
			}
			continue
		}
		if fork, to := other.end(); ends || in.still(fork, to, *o.StopAt) {
			other.whole = true
			return other, true
		}
	}
	return route{}, false
}

// closed reports whether the moment may lie in a log that can only be applied
// as a whole.
func closed(l *Set, stop time.Time) bool { return l.BulkLogged && reaches(l, stop, false) }

// mayHold reports whether the moment may lie in a log: all but those that are
// known to end before it. Files tell the second only.
func mayHold(l *Set, stop time.Time) bool {
	at := l.Finished
	if !l.ValidUntil.IsZero() {
		at = l.ValidUntil
	}
	if l.BulkLogged {
		return at.IsZero() || closed(l, stop)
	}
	return at.IsZero() || !at.Time().Add(time.Second).Before(stop)
}

// sameSecond: people name seconds, and backups end between them.
func sameSecond(a, b time.Time) bool { return a.Truncate(time.Second).Equal(b.Truncate(time.Second)) }

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

// standsStill reports whether a plan ends in what the database was at the
// moment although none of its logs leads over it: at the end of a data backup,
// or in a time in which nothing changed, as a log shows that was taken later
// and ends where the plan does.
func (p *Plan) standsStill(in sorted, at time.Time) bool {
	if len(p.Steps) == 0 {
		return false
	}
	last := p.Steps[len(p.Steps)-1].Set
	if last.Kind != Log && last.Finished.Time().Equal(at) {
		return true
	}
	return in.still(p.Fork, p.Reaches, at)
}

// still reports whether nothing changed from a place to the moment.
func (o sorted) still(fork GUID, to LSN, at time.Time) bool {
	shows := func(s *Set) bool {
		return s.Last == to && s.Fork == fork && (!surely(s).Before(at) || s.BulkLogged && sameSecond(s.Finished.Time(), at))
	}
	return slices.ContainsFunc(o.logs, shows) ||
		slices.ContainsFunc(o.leftOut, func(left LeftOut) bool { return left.Reason == Covered && shows(left.Set) })
}
