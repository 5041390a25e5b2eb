package policy

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/run"
)

// Store keeps policies of our own, their versions and their slots. Every
// method is one transaction.
type Store interface {
	Policies(ctx context.Context) ([]Policy, error)
	Policy(ctx context.Context, id string) (Policy, error)
	// Save makes a policy (Version 0) or replaces the version it was read at;
	// Conflict when another change came between. The old version is kept.
	Save(ctx context.Context, p Policy, e audit.Entry) (Policy, error)
	// Remove takes a policy out of use; its versions, slots and sets stay.
	Remove(ctx context.Context, id string, e audit.Entry) error
	// Versions lists versions of a policy of ours or of an instance's policy
	// in the cloud (Subject), newest first, at most limit.
	Versions(ctx context.Context, subject string, limit int) ([]Version, error)
	// AddVersion notes a policy as it was seen or written in the cloud.
	AddVersion(ctx context.Context, v Version, e *audit.Entry) error

	// Marks are how far each rule's slots are decided.
	Marks(ctx context.Context) ([]Mark, error)
	// Decide writes slots with their verdicts and queues the runs of those
	// that fired, once: a slot that is there already is passed over with its
	// runs. It moves the mark.
	Decide(ctx context.Context, m Mark, slots []Decided, runs []Queued) error
	// Slots lists what became of a policy's slots, newest first, at most
	// limit, before the given local key (empty = from the newest).
	Slots(ctx context.Context, policyID string, before string, limit int) ([]Decided, error)
}

// Mark is how far the slots of one rule are decided.
type Mark struct {
	PolicyID string
	Kind     backup.Kind
	Cron     string // the rule as it was; another one begins anew from At
	Zone     string
	Local    string    // last slot decided, as in Slot.Local; empty = none
	At       time.Time // UTC; slots at or before it are decided
}

// Queued is a run that a slot asks for: backups of one kind at one server.
type Queued struct {
	Slot Slot
	Run  run.Run
	Work Work
}

// Work is what a backup run has to do; its id is the run's subject.
type Work struct {
	ID        string
	PolicyID  string // empty: a person ordered it by hand
	Version   int    // of the policy, whose Rules and How count
	Slot      Slot   // zero for a manual one
	ServerID  string
	Kind      backup.Kind
	Databases []string // a manual run's own choice; none = those the policy chooses
}

// Version is a policy as it stood from a moment on.
type Version struct {
	Subject string    // "policy/<id>" or "instance/<id>"
	Number  int       // from 1
	At      time.Time // UTC
	Actor   string    // who; empty = seen in the cloud, changed elsewhere
	Via     string    // web, api, engine
	Note    string    // such as "rolled back to version 3"
	Content []byte    // JSON of the Policy, Standard or Advanced
}
