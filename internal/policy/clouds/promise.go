package clouds

import (
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
)

const (
	// logSlack is how long after its time a log backup of the service may
	// become known: it is taken, listed, and found by a look every five minutes.
	// How fast the service lists one is not documented.
	logSlack = 15 * time.Minute
	// dataSlack is how long a data backup may take from the end of the hour in
	// which it starts until it is known. The service does not tell how long one
	// takes; several terabytes take hours.
	dataSlack = 4 * time.Hour
)

// LastPolicy is an instance's policy as it was last read.
type LastPolicy struct {
	Content Content
	Since   time.Time // UTC, when it was first seen as it is
}

// ReadLast finds the policy in its versions, newest first; false when none was
// read, or none that this version understands. Acknowledging a change or
// naming it again does not begin it anew.
func ReadLast(versions []policy.Version) (k LastPolicy, known bool) {
	for i, v := range versions {
		c, err := ReadContent(v)
		switch {
		case err != nil && i == 0:
			return LastPolicy{}, false
		case err != nil || i > 0 && len(DiffContent(c, k.Content)) > 0:
			return k, true
		case i == 0:
			k.Content = c
		}
		k.Since = v.At
	}
	return k, len(versions) > 0
}

// Promises tells what an instance's own policy promises for one of its
// databases. The objective is the most that the policy lets a loss of the disks
// cost; nobody is asked for another one.
//
// The next data backup is due when its hour is over, the next log after the
// log's interval, each with the time in which it becomes known. Logs are
// expected of databases that ever had one: of others the objective tells.
func Promises(k LastPolicy, is backup.Protection, now time.Time) backup.Promise {
	out := backup.Promise{InstanceID: is.InstanceID, Database: is.Database, Slack: logSlack}
	s := k.Content.effective()
	if out.Objective, _ = WorstRPO(s); s.Log == LogAsData {
		out.Slack = dataSlack
	}
	if out.Since = is.Since; !promised(is.Promise) || out.Since.IsZero() {
		out.Since = now.UTC().Truncate(time.Microsecond)
	}
	// A policy that was just changed, or a database that just came, owes
	// nothing of before.
	owed := policy.Latest(k.Since, out.Since)
	if next := k.Content.nextData(policy.Latest(owed, policy.Latest(is.LastFull, is.LastDifferential))); !next.IsZero() {
		out.Due = next.Add(time.Hour + dataSlack)
	}
	if s.Log != LogAsData && !is.LastLog.IsZero() {
		if due := policy.Latest(owed, is.LastLog).Add(out.Objective + logSlack); out.Due.IsZero() || due.Before(out.Due) {
			out.Due = due
		}
	}
	return out
}

// Promised tells what an instance's own policy promises of its databases, by
// its versions, newest first; false when none can be read.
func Promised(versions []policy.Version) (promises func(backup.Protection, time.Time) backup.Promise, known bool) {
	kept, known := ReadLast(versions)
	return func(is backup.Protection, now time.Time) backup.Promise { return Promises(kept, is, now) }, known
}

// promised reports whether anything is promised.
func promised(p backup.Promise) bool {
	return p.PolicyID != "" || p.Objective > 0 || !p.Due.IsZero()
}

// effective is the standard policy that promises as much as the one that is
// on. Of an advanced policy the weekly rules count: the others only add days.
func (c Content) effective() Standard {
	if !c.AdvancedOn || c.Advanced == nil {
		return c.Standard
	}
	s := Standard{Hour: c.Advanced.Hour, Log: c.Advanced.Log}
	for _, r := range c.Advanced.Rows {
		if r.Cycle != Weekly {
			continue
		}
		for _, d := range r.Days {
			s.Days = append(s.Days, time.Weekday(d%7))
		}
	}
	return s
}

// nextData is when the hour of the first data backup after a moment begins
// (UTC); zero = none is planned. Whether the service means the days in UTC is
// not documented; its hour is.
func (c Content) nextData(after time.Time) time.Time {
	hour, wanted := c.Standard.Hour, func(day time.Time) bool { return slices.Contains(c.Standard.Days, day.Weekday()) }
	if c.AdvancedOn && c.Advanced != nil {
		hour, wanted = c.Advanced.Hour, func(day time.Time) bool {
			return slices.ContainsFunc(c.Advanced.Rows, func(r Sparse) bool { return r.Wants(day) })
		}
	}
	after = after.UTC()
	for d := range 366 {
		at := time.Date(after.Year(), after.Month(), after.Day()+d, hour, 0, 0, 0, time.UTC)
		if at.After(after) && wanted(at) {
			return at
		}
	}
	return time.Time{}
}
