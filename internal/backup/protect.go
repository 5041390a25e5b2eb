package backup

import (
	"fmt"
	"time"
)

// Protect answers for one database, from its records (and those of its whole
// instance, where the service takes them together), whether it is protected as
// promised.
func Protect(records []Record, promise Promise, now time.Time) Protection {
	p := Protection{Promise: promise}
	for i := range records {
		p.count(&records[i])
	}
	windows := Windows(records)
	if len(windows) == 0 {
		p.Words = withoutWindow(records)
		return p.Promised(promise, now)
	}
	w := windows[len(windows)-1]
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
		if next == nil && l.family != w.Family && len(l.windows()) == 0 && l.newest().After(w.To) {
			m := (&Plan{}).missingFull(l.in, Options{})
			next = &m
		}
	}
	p.Whole = next == nil
	if next != nil {
		p.BrokenSince = w.To
		p.Words = fmt.Sprintf("Nothing after %s can be restored. %s", w.To.UTC().Format("2006-01-02 15:04:05 UTC"), next.Words)
	}
	return p.Promised(promise, now)
}

func (p *Protection) count(r *Record) {
	if r.State == Removed || !r.Gone.IsZero() {
		return
	}
	p.Sets++
	p.Bytes += r.Bytes()
	if r.State != Complete {
		return
	}
	at := r.Finished()
	switch last := map[Kind]*time.Time{Full: &p.LastFull, Differential: &p.LastDifferential, Log: &p.LastLog}[r.Set.Kind]; {
	case last != nil && at.After(*last):
		*last = at
	}
}

// Promised returns p under another promise: when it will be broken follows
// from what is known of the backups, which a promise does not change.
func (p Protection) Promised(promise Promise, now time.Time) Protection {
	p.Promise, p.LateAt = promise, promise.Due
	if promise.Objective > 0 {
		from := p.RestorableTo
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
