package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
)

// grace is how long a backup that began in time may take before it counts as
// missing, beyond what the policy's window allows: nobody is told of a backup
// that is just being written.
const grace = time.Minute

// Promises tells what policies promise for one database, given what is known
// of it. Of several policies that choose it the one with the shortest
// objective counts; a backup is due for each of them.
//
// A backup is due when its slot has come and no set of its kind, or of one that
// holds as much, finished since; it counts as missing when the window in which
// it may still start is over and a minute has passed. Logs are expected of
// databases whose recovery model has them, from the first slot on, and of those
// that ever had one.
//
// A database that rightly gets no backups of a kind that the policy takes, as a
// run leaves it out, is not expected to have them. Its objective, which those
// are to keep, does not count either: what the other rules owe it does.
func Promises(calendars []*Calendar, is backup.Protection, now time.Time) backup.Promise {
	out := backup.Promise{InstanceID: is.InstanceID, Database: is.Database}
	for _, c := range calendars {
		p := &c.Policy
		if chosen, _ := p.Databases.Chooses(is.Database, is.Collation); !chosen || !p.Enabled || !names(p.Servers, is) {
			continue
		}
		objective := p.Objective
		if c.exempts(is.Exempt) {
			objective = 0
		}
		if out.PolicyID == "" || objective > 0 && (out.Objective == 0 || objective < out.Objective) {
			out.PolicyID, out.Objective = p.ID, objective
		}
		if at := c.missing(is, now); !at.IsZero() && (out.Due.IsZero() || at.Before(out.Due)) {
			out.Due = at
		}
	}
	if out.PolicyID == "" {
		return out
	}
	if out.Since = is.Since; out.PolicyID != is.PolicyID || out.Since.IsZero() {
		out.Since = now.UTC().Truncate(time.Microsecond)
	}
	return out
}

// LeftOut is the word of the policy that names a database's server and leaves the
// database out by a pattern, where no policy chooses it; its PolicyID is empty
// when none does.
func LeftOut(calendars []*Calendar, is backup.Protection) backup.Waiver {
	out := backup.Waiver{InstanceID: is.InstanceID, Database: is.Database}
	for _, c := range calendars {
		p := &c.Policy
		if !p.Enabled || !names(p.Servers, is) {
			continue
		}
		chosen, why := p.Databases.Chooses(is.Database, is.Collation)
		if chosen {
			return backup.Waiver{InstanceID: is.InstanceID, Database: is.Database}
		}
		if p.Databases.Excludes(is.Database, is.Collation) && out.PolicyID == "" {
			out.PolicyID, out.Why = p.ID, fmt.Sprintf("The policy %s leaves it out: %s.", p.Name, why)
		}
	}
	return out
}

// names reports whether a policy names the database's instance, or one that
// shares its backups: who names one replica of a group has named the database.
func names(servers []string, is backup.Protection) bool {
	return slices.Contains(servers, is.InstanceID) || slices.ContainsFunc(is.Replicas, func(id string) bool { return slices.Contains(servers, id) })
}

// exempts reports whether a policy has a rule whose backups a database rightly
// does not get.
func (c *Calendar) exempts(s backup.Exempt) bool {
	return slices.ContainsFunc(c.rules, func(r schedule) bool {
		return r.Kind == backup.Full && s.NoFull != "" || r.Kind == backup.Log && s.NoLog != "" || r.Kind == backup.Differential && s.NoDifferential != ""
	})
}

// missing is when the next backup of a database counts as missing by a policy.
func (c *Calendar) missing(is backup.Protection, now time.Time) (due time.Time) {
	allowed := grace
	if c.Policy.Missed == MissedLate {
		allowed += c.Policy.Window
	}
	for i := range c.rules {
		r := &c.rules[i]
		last := is.LastFull
		switch r.Kind {
		case backup.Full:
			if is.NoFull != "" {
				continue
			}
		case backup.Differential:
			if is.LastFull.IsZero() || IsSystem(is.Database) || is.NoDifferential != "" {
				continue
			}
			last = Latest(last, is.LastDifferential)
		case backup.Log:
			if is.NoLog != "" || is.LastLog.IsZero() && (!is.Logged || !c.logs(is.Database)) {
				continue
			}
			// Where no log was ever taken a full backup stands for those before it.
			if last = is.LastLog; last.IsZero() {
				last = is.LastFull
			}
		}
		// A policy that was just made or changed owes nothing of before.
		from := Latest(last, c.Policy.Changed)
		if is.PolicyID == c.Policy.ID {
			from = Latest(from, is.Since)
		}
		next, ok := r.after(from)
		if !ok {
			continue
		}
		if at := next.At.Add(allowed); due.IsZero() || at.Before(due) {
			due = at
		}
	}
	return due
}

// logs reports whether a policy's log rule takes the database's logs at all.
func (c *Calendar) logs(database string) bool { return !strings.EqualFold(database, "master") }

// Promising keeps what policies promise written beside each database, as
// policies change and databases come, and as backups move what is due next.
type Promising struct {
	Policies interface {
		Policies(ctx context.Context) ([]Policy, error)
	}
	Sets interface {
		Protections(ctx context.Context, f backup.ProtectionFilter) ([]backup.Protection, error)
		Promise(ctx context.Context, p []backup.Promise) error
		LeaveOut(ctx context.Context, all []backup.Waiver) error
	}
	// Versions has policies of the cloud as they were last read.
	Versions interface {
		Versions(ctx context.Context, subject string, limit int) ([]Version, error)
	}
	// Clouds tells what a policy of the cloud promises of a database, by its
	// versions, newest first; false when none can be read.
	Clouds    func([]Version) (promises func(backup.Protection, time.Time) backup.Promise, known bool)
	Instances func(ctx context.Context) ([]endpoint.Instance, error)
	Now       func() time.Time
}

// sameVersions bounds how far back it is looked since when a policy of the
// cloud is as it is.
const sameVersions = 10

// promisePage is how many databases are looked at and written together.
const promisePage = 500

// Turn looks at every database of every instance once and writes what differs.
// It asks no server and no service.
func (k Promising) Turn(ctx context.Context) error {
	all, err := k.Policies.Policies(ctx)
	if err != nil {
		return err
	}
	of := map[string][]*Calendar{}
	for _, p := range all {
		c, err := NewCalendar(p)
		if err != nil || !p.Enabled {
			continue // it rests, as in the scheduler
		}
		for _, server := range p.Servers {
			of[server] = append(of[server], c)
		}
	}
	instances, err := k.Instances(ctx)
	if err != nil {
		return err
	}
	for _, in := range instances {
		about := func(is backup.Protection) []*Calendar {
			calendars := of[in.ID]
			for _, replica := range is.Replicas {
				for _, c := range of[replica] {
					if !slices.Contains(calendars, c) {
						calendars = append(slices.Clone(calendars), c)
					}
				}
			}
			return calendars
		}
		want := func(is backup.Protection, now time.Time) backup.Promise { return Promises(about(is), is, now) }
		left := func(is backup.Protection) backup.Waiver { return LeftOut(about(is), is) }
		if in.Traits.BacksUpItself {
			versions, err := k.Versions.Versions(ctx, InstanceSubject(in.ID), sameVersions)
			if err != nil {
				return err
			}
			promises, known := k.Clouds(versions)
			if !known {
				continue // what was promised before is not taken back
			}
			want = promises
		}
		if err := k.instance(ctx, in.ID, want, left); err != nil {
			return err
		}
	}
	return nil
}

func (k Promising) instance(ctx context.Context, id string, wanted func(backup.Protection, time.Time) backup.Promise, leaves func(backup.Protection) backup.Waiver) error {
	now := k.Now()
	f := backup.ProtectionFilter{InstanceID: id, Now: now, Limit: promisePage}
	var changed []backup.Promise
	var left []backup.Waiver
	for {
		page, err := k.Sets.Protections(ctx, f)
		if err != nil {
			return err
		}
		for _, is := range page {
			if want := wanted(is, now); !alike(want, is.Promise) {
				changed = append(changed, want)
			}
			if w := leaves(is); supersedes(w, is, wanted(is, now), now) {
				left = append(left, w)
			}
		}
		if len(page) < promisePage {
			break
		}
		f.After = page[len(page)-1].Key()
	}
	for part := range slices.Chunk(changed, promisePage) {
		if err := k.Sets.Promise(ctx, part); err != nil {
			return err
		}
	}
	return k.Sets.LeaveOut(ctx, left)
}

// supersedes reports whether what policies leave out changes what was said of a
// database. A person's word stands while it holds; that of the house, of a copy
// which was just restored, until a policy chooses it.
func supersedes(w backup.Waiver, is backup.Protection, promised backup.Promise, now time.Time) bool {
	said := is.Waiver
	switch {
	case said.PolicyID != "":
		return w.PolicyID != said.PolicyID || w.Why != said.Why
	case said.By == backup.ByHouse && said.Holds(now):
		return promised.PolicyID != ""
	}
	return w.PolicyID != "" && !said.Holds(now)
}

func alike(a, b backup.Promise) bool {
	return a.PolicyID == b.PolicyID && a.Objective == b.Objective && a.Slack == b.Slack && a.Since.Equal(b.Since) && a.Due.Equal(b.Due)
}
