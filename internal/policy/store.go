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
	// Policies lists every policy in use, by name.
	Policies(ctx context.Context) ([]Policy, error)
	Policy(ctx context.Context, id string) (Policy, error)
	// Since lists the policies that were saved or removed after a revision of
	// the whole, and the newest revision; 0 is before everything. Removed ones
	// come as disabled.
	Since(ctx context.Context, revision int64) (changed []Policy, newest int64, err error)
	// Save makes a policy (Version 0) or replaces the version it was read at;
	// Conflict when another change came between. Every version is kept, this
	// one with the note. It returns what it wrote.
	Save(ctx context.Context, p Policy, note string, e audit.Entry) (Policy, error)
	// Remove takes a policy out of use; its versions, slots and sets stay.
	Remove(ctx context.Context, id string, e audit.Entry) error
	// Versions lists versions of a policy of ours or of an instance's policy
	// in the cloud (Subject), newest first, at most limit.
	Versions(ctx context.Context, subject string, limit int) ([]Version, error)
	// Version reads one; NotFound when there is none of that number.
	Version(ctx context.Context, subject string, number int) (Version, error)
	// AddVersion notes a policy as it was seen or written in the cloud. The
	// number is the next one of the subject; Version.Number is not read.
	AddVersion(ctx context.Context, v Version, e *audit.Entry) error

	// Watermarks are how far each rule's slots are decided.
	Watermarks(ctx context.Context) ([]Watermark, error)
	// Decide writes slots with their verdicts and queues the runs of those
	// that fired, once: a slot that is there already is passed over with its
	// runs, and so are runs that HoldBack takes out. It moves the watermarks.
	Decide(ctx context.Context, b Batch) error
	// Order queues a backup that a person asked for; Conflict while a run of
	// that policy, server and kind is open.
	Order(ctx context.Context, w BackupJob, r run.Run, e audit.Entry) error
	// BackupJob reads what a run has to do, by the run's subject.
	Job(ctx context.Context, id string) (BackupJob, error)
	// Works lists the work of a slot, by server.
	Jobs(ctx context.Context, s Slot) ([]BackupJob, error)
	// Recent lists the work that slots and people asked for by a policy,
	// newest first, at most limit.
	Recent(ctx context.Context, policyID string, limit int) ([]BackupJob, error)
	// Slots lists what became of a policy's slots, newest first, at most
	// limit, before the slot with the given key (empty = from the newest).
	Slots(ctx context.Context, policyID string, before string, limit int) ([]Decided, error)
}

// Batch is what was decided about the slots of some policies at one moment.
// Those of one policy are never in two batches: a full and the differential
// that gives way to it are decided together.
type Batch struct {
	Watermarks []Watermark
	Slots      []Decided
	Runs       []Queued
}

// Watermark is how far the slots of one rule are decided.
type Watermark struct {
	PolicyID string
	Kind     backup.Kind
	Cron     string // the rule as it was; another one begins anew. Empty = at rest, as of a disabled policy
	Zone     string
	Local    string    // last slot decided, as in Slot.Local; empty = none
	At       time.Time // UTC; slots at or before it are decided
}

// RunKind is the kind of the runs that take backups; their subject is a Work.
const RunKind = "backup"

// Queued is a run that a slot asks for: backups of one kind at one server.
type Queued struct {
	Slot Slot
	Run  run.Run
	Job  BackupJob
	Note string // what the run's first event says; empty = none
}

// BackupJob is what a backup run has to do; its id is the run's subject.
type BackupJob struct {
	ID        string
	RunID     string
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
	Content []byte    // JSON of the Policy, or of the clouds.Content
}

// InstanceSubject names an instance's policy among the versions.
func InstanceSubject(instanceID string) string { return "instance/" + instanceID }
