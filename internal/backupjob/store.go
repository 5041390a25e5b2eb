package backupjob

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// Store keeps what backup runs and operations have written down. Every method is
// one transaction. Methods with a Grip refuse with fault.Conflict when the run
// was claimed again since.
type Store interface {
	// Order writes a manual backup's plan and its run, queued.
	Order(ctx context.Context, s Plan, r run.Run, e audit.Entry) error
	// Plan returns the plan of a work with its orders by Ord; NotFound
	// before it was written.
	Plan(ctx context.Context, jobID string) (Plan, []Order, error)
	// Note writes what the engine did or learned.
	Note(ctx context.Context, g run.Claim, jobID string, c Change) error
	// Movers lists live migrations under way from a server.
	Movers(ctx context.Context, serverID string) ([]Mover, error)

	// Send writes an operation and its run, queued.
	Send(ctx context.Context, e Operation, r run.Run, entry audit.Entry) error
	Operation(ctx context.Context, id string) (Operation, error)
	// NoteOperation writes how far an operation is, with steps, events and audit.
	NoteOperation(ctx context.Context, g run.Claim, id string, progress []byte, c Change) error

	// Ledger remembers one upload: of one file of an order or operation.
	Ledger(g run.Claim, owner string, ord int) objectstore.Ledger
}

// Change is what one commit of the engine writes; nil and zero parts stay as
// they are.
type Change struct {
	Plan   *Plan   // made or replaced
	Orders []Order // made or replaced by Ord
	Steps  []run.Step
	Events []run.Event
	Audit  []audit.Entry
}

// Operation is one order other than a self-managed backup: its Wish stays as it
// was ordered, its Progress is the worker's. Both are JSON; neither ever holds
// a download link or another secret.
type Operation struct {
	ID         string // UUIDv7, the subject of its run
	Kind       string // of the run
	InstanceID string
	Request    []byte
	Progress   []byte
}

// Ports reaches the places that backups touch, by the ids of their endpoints.
type Ports interface {
	Instance(ctx context.Context, id string) (endpoint.Instance, error)
	Bucket(ctx context.Context, id string) (objectstore.Bucket, error)
	// Server reaches a self-managed server and says where its backups lie.
	Server(ctx context.Context, instanceID string) (backup.Server, migration.Place, error)
}

// Clouds reaches instances whose service takes backups.
type Clouds interface {
	Cloud(ctx context.Context, instanceID string) (backup.Cloud, error)
}

// Policies are what a run must know of policies.
type Policies interface {
	Policy(ctx context.Context, id string) (policy.Policy, error)
	// Last is a policy as it was last saved, also when it was removed; NotFound
	// when there never was one.
	Last(ctx context.Context, id string) (p policy.Policy, removed bool, err error)
	Version(ctx context.Context, subject string, number int) (policy.Version, error)
	// Work is what a slot asked for, by the subject of its run.
	Job(ctx context.Context, id string) (policy.BackupJob, error)
}

// Catalogue is what runs read and write of backup.Catalogue.
type Catalogue interface {
	Put(ctx context.Context, records []backup.Record, entries ...audit.Entry) error
	Record(ctx context.Context, id string) (backup.Record, error)
	Records(ctx context.Context, f backup.RecordFilter) ([]backup.Record, error)
	Sets(ctx context.Context, instanceID, database string, limit int) ([]backup.Record, error)
	DropCopies(ctx context.Context, ids []string, bucketID string, at time.Time, e audit.Entry) error
	Protections(ctx context.Context, f backup.ProtectionFilter) ([]backup.Protection, error)
	Waive(ctx context.Context, w backup.Waiver, e audit.Entry) error
}
