package backup

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/secret"
)

// Cloud is an instance whose service takes backups by itself, as they are seen
// and ordered. Errors are faults: Conflict for what the instance's state or a
// limit forbids now, Unavailable for what may work later. After an Unavailable
// answer of Order or Restore nobody knows whether it happened: neither call has
// a key against repetition, so look with Jobs or Sets first (ReconcileOrder), or at
// the names at the target (ReconcileRestore). ErrUndone in the chain says that it
// certainly did not happen.
type Cloud interface {
	// Order starts a backup (RDS API CreateBackup) and returns its job.
	Order(ctx context.Context, o Order) (jobID string, err error)
	// Jobs lists jobs under way; with an id, that job in whatever state (RDS
	// API DescribeBackupTasks).
	Jobs(ctx context.Context, jobID string) ([]Job, error)
	// Sets lists one page of backup sets (RDS API DescribeBackups).
	Sets(ctx context.Context, q SetQuery) (SetPage, error)
	// SetDatabases names the databases in a set (RDS API
	// DescribeBackupDatabase); none when the service does not tell.
	SetDatabases(ctx context.Context, setID string) ([]string, error)
	// Logs lists one page of log backups (RDS API DescribeLogBackupFiles).
	Logs(ctx context.Context, from, to time.Time, page int) (LogPage, error)
	// SetLinks fetches where a set can be downloaded for a while; LogLinks
	// that of a log. Whoever has a link has the data: it is not stored.
	SetLinks(ctx context.Context, setID string, at time.Time) ([]Link, error)
	LogLinks(ctx context.Context, from, to time.Time) ([]Link, error)
	// Extend moves a set's expiry to a later moment (RDS API
	// ModifyBackupSetExpireTime). Repeating is harmless.
	Extend(ctx context.Context, setID string, until time.Time) error
	// CrossRegion lists copies of sets in other regions (RDS API
	// DescribeCrossRegionBackups).
	CrossRegion(ctx context.Context, from, to time.Time, page int) (SetPage, error)
	// Restore copies databases of a set or a moment into an existing instance
	// (RDS API CopyDatabaseBetweenInstances). RecoveryDBInstance does the same,
	// and makes a new instance, which costs money, when the target is missing
	// from the call; the other one has no such other meaning.
	Restore(ctx context.Context, r RestoreOrder) error
	// Names lists the databases of another instance of the same account, for
	// the guard before a restore.
	Names(ctx context.Context, instanceID string) ([]string, error)
	// Usable are those of them that take queries: a database in restore is
	// listed before it does.
	Usable(ctx context.Context, instanceID string) ([]string, error)
}

// ErrUndone marks an error of a changing call that certainly had no effect,
// because it was never sent or was turned away before it was looked at.
var ErrUndone = errors.New("the call had no effect")

// Call is a call of a cloud's API as it will be made.
type Call struct {
	Action     string
	Parameters []Parameter // in the order of the API reference
}

// Parameter is one parameter of a Call.
type Parameter struct{ Name, Value string }

// With returns c with one more parameter; an empty value is left out.
func (c Call) With(name, value string) Call {
	if value != "" {
		c.Parameters = append(slices.Clip(c.Parameters), Parameter{name, value})
	}
	return c
}

// Order is a manual backup.
type Order struct {
	Snapshot      bool     // else physical
	Automatic     bool     // the service chooses full or differential; else full
	Databases     []string // none = the whole instance; else physical and full
	RetentionDays int      // of single databases: 7–730, or -1 for ever; 0 = the policy's
}

// Job is a backup at work at the service.
type Job struct {
	ID        string
	SetID     string // once it is done
	Status    string // NoStart, Checking, Preparing, Waiting, Uploading, Finished, Failed
	Percent   int    // as the service tells; -1 = it does not
	Automated bool
}

// Ended reports whether the service works no more on the job.
func (j Job) Ended() bool { return j.Status == "Finished" || j.Status == "Failed" }

// SetQuery narrows a page of sets.
type SetQuery struct {
	ID       string
	From, To time.Time // UTC, minutes; zero = open
	Page     int       // from 1
}

// SetPage is one page of cloud sets.
type SetPage struct {
	Sets  []CloudSet
	Total int
}

// CloudSet is a backup set as the service tells of it.
type CloudSet struct {
	ID        string
	Failed    bool
	Kind      Kind // Full or Differential (IncrementalBackup)
	Manual    bool
	Snapshot  bool
	CopyOnly  bool
	Started   time.Time // UTC
	Finished  time.Time
	Size      int64     // bytes
	Expires   time.Time // UTC; zero = not told
	Usable    bool      // IsAvail
	Databases []string  // where links by database tell them; none = the whole instance, or not told
	Downloads bool      // links exist
	Kept      bool      // StoreStatus Disabled: may not be deleted
	Archived  bool
	Checksum  string // CRC64 as the service tells
	Region    string // of a cross-region copy
}

// LogPage is one page of log backups.
type LogPage struct {
	Logs  []CloudLog
	Total int
	Bytes int64 // of all pages
}

// CloudLog is one log backup. The service gives it no id: from and to name it.
type CloudLog struct {
	From, To time.Time // UTC
	Size     int64     // bytes
}

// Link is where something can be downloaded for a while. Whoever has it has
// the data.
type Link struct {
	Database string // empty = the whole set
	Public   secret.Text
	Intranet secret.Text
	Expires  time.Time // UTC; zero = not told
}

// RestoreOrder copies databases into an existing instance.
type RestoreOrder struct {
	SetID     string            // either a set
	At        time.Time         // or a moment, UTC, to the second
	Target    string            // cloud id of the instance to restore into
	Databases map[string]string // name in the backup → name at the target
}
