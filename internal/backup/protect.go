package backup

import (
	"fmt"
	"slices"
	"time"
)

// Protect answers for one database, from its records (and those of its whole
// instance, where the service takes them together), whether it is protected as
// promised. is tells which history the database is in now: sets of what had its
// name before protect nothing of it.
//
// What is newest LSNs and forks say. Dates are labels: none counts that is later
// than the moment the set became known.
func Protect(records []Record, is Exempt, promise Promise, now time.Time) Protection {
	p := Protection{Promise: promise, Exempt: is}
	ages := Ages(records)
	for i := range records {
		p.count(&records[i], ages[i])
	}
	windows, others := Windows(records), 0
	if !is.Family.IsZero() {
		n := len(windows)
		windows = slices.DeleteFunc(windows, func(w Window) bool { return !w.Family.IsZero() && w.Family != is.Family })
		others = n - len(windows)
	}
	if len(windows) == 0 {
		p.Words = withoutWindow(records)
		if others > 0 {
			p.Words = "Its backups are of another database that had this name before, or that it was restored over: none of this one is known."
		}
		if !is.Held.To.IsZero() {
			p.RestorableFrom, p.RestorableTo, p.Whole, p.Words = is.Held.From, is.Held.To, true, byService
		}
		return p.Promised(promise, now)
	}
	w := standing(windows, is)
	p.RestorableFrom, p.RestorableTo = w.From, w.To
	for _, v := range windows {
		// A full backup that was just made waits for its first log, which
		// will join it to the logs before.
		if len(w.Logs) == 0 && len(v.Logs) > 0 && v.Fork == w.Fork && v.Family == w.Family && v.Next == nil && v.To.Before(w.From) {
			p.RestorableFrom = v.From
		}
	}
	next := w.Next
	for _, l := range lineagesOf(records) {
		if next == nil && l.family != w.Family && (is.Family.IsZero() || l.family == is.Family) && len(l.windows()) == 0 && l.newest().After(w.To) {
			m := (&Plan{}).missingFull(l.in, Options{})
			next = &m
		}
	}
	p.Whole = next == nil
	if next != nil {
		p.BrokenSince = w.To
		p.Words = fmt.Sprintf("Nothing after %s can be restored. %s", w.To.UTC().Format("2006-01-02 15:04:05 UTC"), next.Words)
	}
	p.believed(w)
	return p.Promised(promise, now)
}

// standing is the window of the history that the database is in: of its fork
// where anything leads there, and of one fork the one that leads furthest by
// LSN.
func standing(windows []Window, is Exempt) Window {
	if on := slices.DeleteFunc(slices.Clone(windows), func(w Window) bool { return w.Fork != is.Fork }); !is.Fork.IsZero() && len(on) > 0 {
		windows = on
	}
	newest := windows[0]
	for _, w := range windows[1:] {
		if w.Family == newest.Family && w.Fork == newest.Fork && !w.end.at.IsZero() {
			if c := w.end.at.Compare(newest.end.at); c != 0 {
				if c > 0 {
					newest = w
				}
				continue
			}
		}
		if !w.To.Before(newest.To) {
			newest = w
		}
	}
	return newest
}

// believed takes no moment for restorable that lies behind the one at which its
// backup became known, and says whose clock was wrong.
func (p *Protection) believed(w Window) {
	last := w.Starts[len(w.Starts)-1]
	if len(w.Logs) > 0 {
		last = w.Logs[len(w.Logs)-1]
	}
	if last.Known.IsZero() || !p.RestorableTo.After(last.Known.Add(clockSlack)) {
		return
	}
	said := fmt.Sprintf("Its newest backup is dated %s, and was here at %s: the clock of its server was ahead.", p.RestorableTo.UTC().Format("2006-01-02 15:04 UTC"), last.Known.UTC().Format("2006-01-02 15:04 UTC"))
	p.RestorableTo = last.Known
	if p.RestorableFrom.After(p.RestorableTo) {
		p.RestorableFrom = p.RestorableTo
	}
	if p.Words != "" {
		said = p.Words + " " + said
	}
	p.Words = said
}

// count counts a set. What cannot be restored from, and what is of another
// database that had the name before, is no last backup of anything.
func (p *Protection) count(r *Record, ended time.Time) {
	if r.State == Removed || !r.Gone.IsZero() {
		return
	}
	p.Sets++
	p.Bytes += r.Bytes()
	if r.State != Complete || r.Apart || r.Set.Snapshot || !p.Family.IsZero() && !r.Set.Family.IsZero() && r.Set.Family != p.Family {
		return
	}
	switch last := map[Kind]*time.Time{Full: &p.LastFull, Differential: &p.LastDifferential, Log: &p.LastLog}[r.Set.Kind]; {
	case last != nil && ended.After(*last):
		*last = ended
	}
}

// Promised returns p under another promise: when it will be broken follows
// from what is known of the backups, which a promise does not change.
func (p Protection) Promised(promise Promise, now time.Time) Protection {
	p.Promise, p.LateAt = promise, promise.Due
	if promise.Objective > 0 {
		from := p.RestorableTo
		if p.ByService() && promise.PolicyID != "" {
			from = time.Time{} // a policy of ours promises backups of its own
		}
		if from.IsZero() {
			from = promise.Since
		}
		if from.IsZero() {
			from = now.Add(-promise.Objective - promise.Slack)
		}
		if at := from.Add(promise.Objective + promise.Slack); p.LateAt.IsZero() || at.Before(p.LateAt) {
			p.LateAt = at
		}
	}
	return p
}

// newest is when the newest set of the lineage finished.
func (l *kept) newest() (at time.Time) {
	for s := range l.records {
		if t := s.Finished.Time(); t.After(at) {
			at = t
		}
	}
	return at
}

// withoutWindow says why nothing can be restored.
func withoutWindow(records []Record) string {
	var apartFrom *Set
	for _, l := range lineagesOf(records) {
		for _, s := range l.in.broken {
			if s.Kind == Full {
				return brokenSet(s).Words
			}
		}
		if len(l.records) > 0 {
			return (&Plan{}).missingFull(l.in, Options{}).Words
		}
		if len(l.apart) > 0 {
			apartFrom = l.apart[0]
		}
	}
	switch {
	case apartFrom != nil:
		return apart(apartFrom).Words
	case len(records) > 0:
		return "There is no full backup to begin with."
	}
	return "No backup of it is known."
}
