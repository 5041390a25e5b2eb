package policy

import (
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// Policy says what is backed up of self-managed servers, how, when, and how
// long it is kept. Bakplane's own cron carries it out.
type Policy struct {
	ID      string
	Name    string
	Enabled bool
	Version int       // from 1; grows with every change
	Changed time.Time // UTC, when this version was saved: new rules begin here

	Servers   []string // ids of self-managed instances
	Databases Selection
	Rules     []Rule // at most one per kind; without a full nothing else runs
	Zone      string // IANA name in which the rules' hours are meant, such as Asia/Shanghai
	Missed    Missed
	Window    time.Duration // a slot may still start this long after its time
	Longest   time.Duration // a run that is at work for longer ends as failed, as at a server that hangs; zero = UsualLongest
	How       How
	BucketID  string        // sets are copied on to this bucket; empty = they stay in the server's folder
	Objective time.Duration // promised RPO; zero = none is promised
}

// UsualLongest is how long a run of a policy may be at work that says nothing
// of it: longer than any backup that is worth its name, so that none of today's
// is cut off.
const UsualLongest = 72 * time.Hour

// Rule is when one kind of backup is taken and how long its sets are kept.
type Rule struct {
	Kind backup.Kind // Full, Differential or Log
	Cron string      // five fields, or a descriptor such as @daily; no zone of its own
	Keep Keep
}

// Selection chooses databases by name. Patterns are matched as each server
// compares names, which mostly ignores case; * is any run of characters, ? is one. New databases join by
// themselves. tempdb is never chosen; master, model and msdb only with System,
// and they get full backups only where their recovery model is SIMPLE.
type Selection struct {
	Include []string // none = every database
	Exclude []string // stronger than Include
	System  bool
}

// Missed says what becomes of a slot that could not start at its time, as when
// Bakplane did not run.
type Missed string

const (
	MissedLate Missed = "late" // the newest one starts as soon as it can, while its window is open
	MissedSkip Missed = "skip" // it is noted as skipped
)

// Keep says how long sets of a kind are kept. A set is kept while any rule
// wants it; the zero Keep wants every set for ever. Sets that a kept set needs
// for its restore are kept as well, and so are pinned ones.
type Keep struct {
	Days    int // sets finished within these days
	Count   int // the newest ones, by number
	Daily   int // GFS: of each of so many days that have a set, the first
	Weekly  int // of each of so many ISO weeks that have a set, the first
	Monthly int
	Yearly  int
}

// Forever reports whether no rule ever lets go of a set.
func (k Keep) Forever() bool { return k == Keep{} }

// Rule returns the rule for a kind; false when there is none.
func (p *Policy) Rule(k backup.Kind) (Rule, bool) {
	for _, r := range p.Rules {
		if r.Kind == k {
			return r, true
		}
	}
	return Rule{}, false
}
