package migration

import (
	"context"
	"errors"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

// ErrUndone marks an error of a changing call that certainly had no effect,
// such as a throttled request or a connection that was never made. It may be
// made again without looking.
var ErrUndone = backup.ErrUndone

// ErrPassed is the answer to Import of a log behind the moment to stop at:
// nothing of it is wanted, and nothing was changed. No later look at the target
// tells of such a log.
var ErrPassed = errors.New("the moment to stop at lies before this log")

// Target is the instance where a database comes to life. Errors are faults:
// Unavailable means the same call may succeed later (throttling, a gateway's
// HTML, a lost connection) — for a call that changes something it also means
// that nobody knows whether it happened: look with Tasks or Files before
// calling again. Denied, Invalid, Conflict and NotFound are answers.
type Target interface {
	// Instance describes the server now.
	Instance(ctx context.Context) (TargetInstance, error)
	// Databases lists the names that exist there, in any state.
	Databases(ctx context.Context) ([]string, error)

	// Restore starts restoring the full backup and returns the task's id. It
	// has no idempotency key.
	Restore(ctx context.Context, in RestoreCall) (taskID string, err error)
	// Import adds one differential or log backup to a pending restore; ErrPassed
	// for a log of which a target that stops wanted nothing.
	Import(ctx context.Context, taskID string, in RestoreCall) error
	// Open brings a pending database online. The key makes a repetition harmless.
	Open(ctx context.Context, taskID, database string, check CheckMode, key string) error
	// Terminate ends a task under way.
	Terminate(ctx context.Context, taskID string) error

	// Tasks lists restore tasks created at or after since, newest last. The
	// service forgets after about a week and may leave pending ones out.
	Tasks(ctx context.Context, since time.Time) ([]Task, error)
	// Task describes one task; NotFound when the service does not know it.
	Task(ctx context.Context, taskID string) (Task, error)
	// TaskFiles lists the files given to a task, in the order given.
	TaskFiles(ctx context.Context, taskID string) ([]TaskFile, error)
}

// RestoreCall names what is restored from where.
type RestoreCall struct {
	Database string // name on the target
	Endpoint string // object store's host, without scheme
	Bucket   string
	Key      string
	Kind     string   // of the backup: full, differential or log
	More     []string // keys of the further stripes, by family; Key is the first
	Mode     AccessMode
	Check    CheckMode // used with Immediate only
	Opens    bool      // its restore opens the database, with change data capture kept; see Migration.Opens
	StopAt   time.Time // of a log: STOPAT, on the clock of the server that took it; zero = to its end

	// A self-managed server alone:
	Position int         // of the set in the file, for the words; 0 = 1
	Set      backup.GUID // the set that is wanted; zero = the one at Position
	Folder   string      // where the keys lie, as the server sees it; for the words, the server knows its own
	Moves    []Move      // where the database's files go; for the words
	Stopped  bool        // a log before this one had the same StopAt: the moment may have been in that one
	Replace  bool        // the database of this name is the half-restored one of an earlier call
}

// Keys are all files of the backup set, in order of their families.
func (c RestoreCall) Keys() []string { return append([]string{c.Key}, c.More...) }

// Move is where a file of the database goes at a self-managed server.
type Move struct {
	Logical string // name inside the database
	To      string // path as the server sees it
	Size    int64  // bytes
	Taken   string // who has that path already; empty = nobody
}

// Host is a Target that is a self-managed SQL Server. It answers what a cloud
// does not: preflight sees more there, and more can be decided.
type Host interface {
	Target
	// HostFacts tells what a restore of a database with these files would meet.
	// Nothing is changed.
	HostFacts(ctx context.Context, database string, files []bakfile.DataFile) (HostFacts, error)
	// InterruptedRestore tells when the database of this name was created, by this
	// machine's clock, if it is what a RESTORE left whose full backup never got
	// through, lying where Restore places files, with no RESTORE at work on it;
	// else zero.
	InterruptedRestore(ctx context.Context, database string) (time.Time, error)
	Unfreezer
}

// Unfreezer is a Target that can open a database that was READ_ONLY at its
// source as a writable one.
type Unfreezer interface {
	// OpenWritable is Open for a database that was set READ_ONLY at its source:
	// it is set READ_WRITE before the check begins.
	OpenWritable(ctx context.Context, taskID, database string, check CheckMode, key string) error
}

// HostFacts is what a restore meets at a self-managed server.
type HostFacts struct {
	Missing    []backup.MissingRight
	Folder     string   // backup folder as the server sees it
	FolderSays error    // why the server cannot list it; nil when it can
	Names      []string // what it sees there, at the top
	Moves      []Move
	Volumes    []Volume
	LargestMDF int64 // most bytes of data that the edition allows in one database; 0 = no bound
}

// Volume is a volume that files of the database go to.
type Volume struct {
	Path string // its mount point, or the folder where that is not told
	Need int64  // bytes
	Free int64  // bytes; -1 = not told
}

// AccessMode says what becomes of the database after the full backup.
type AccessMode string

const (
	// Immediate opens it at once.
	Immediate AccessMode = "immediate"
	// Pending keeps it restoring, ready for increments.
	Pending AccessMode = "pending"
)

// CheckMode says when DBCC CHECKDB runs.
type CheckMode string

const (
	// CheckAsync opens first and checks afterwards.
	CheckAsync CheckMode = "async"
	// CheckSync opens only after the check.
	CheckSync CheckMode = "sync"
)

// TargetInstance is what preflight must know of a server.
type TargetInstance struct {
	ID           string
	Description  string
	Region       string // such as cn-hangzhou
	Status       string // as the service writes it; Running is the good one
	LockMode     string // Unlock or empty is the good one
	LockReason   string
	Engine       string
	VersionMajor int    // 9 … 17; 0 = the version string is not known to us
	Version      string // as the service writes it, such as 2019_std_ha
	Edition      string // ent, std, web or empty
	Category     string // Basic, HighAvailability, AlwaysOn …
	StorageBytes int64
	UsedBytes    int64          // -1 = not told
	MaxDatabases int            // 0 = not told
	Collation    tsql.Collation // by which it compares names of databases; empty = not told
	Owner        string         // account id; empty = unknown
}

// TaskStatus is the state of a restore task.
type TaskStatus string

const (
	TaskNoStart TaskStatus = "NoStart"
	TaskRunning TaskStatus = "Running"
	TaskWaiting TaskStatus = "Waiting" // for an increment, or to be opened
	TaskSuccess TaskStatus = "Success"
	TaskFailed  TaskStatus = "Failed"
)

// Task is one restore on the target. A status that is none of the constants
// is kept as the service wrote it and treated as still running.
type Task struct {
	ID          string
	Database    string
	BackupMode  string
	Status      TaskStatus
	Created     time.Time   // UTC
	Ended       time.Time   // UTC, zero while it lasts
	Description string      // progress, result of the check, or the error
	Check       CheckResult // what the description says of a check

	// Why it failed, or why it waits again after a refusal: the code of what the
	// description says, empty when that is no error. Cause and Fix are zero where
	// internal/explain says all.
	Code       fault.Code
	Cause, Fix words.Text

	InterruptedRestore time.Time // see Host; zero = it is not
	ReadOnly           bool      // the database is open and takes no writes
}

// TaskFile is one file of a task as the target sees it.
type TaskFile struct {
	Name        string      // object name on the store
	Set         backup.GUID // which set it is of, where the target tells; else zero
	Size        string      // as the service writes it, megabytes
	BackupMode  string
	Status      string // NoStart, Downloading, …, Restored, RestoreFailed
	Created     time.Time
	Ended       time.Time
	Available   string
	Description string
	Code        fault.Code // of what the description says; empty when that is no error
}

// Restored reports whether the target has applied the file.
func (f TaskFile) Restored() bool { return f.Status == "Restored" || f.Status == "Deleted" }

// Failed reports whether the target gave up on the file.
func (f TaskFile) Failed() bool {
	switch f.Status {
	case "DownloadFailed", "VerifyFailed", "CheckFailed", "RestoreFailed":
		return true
	}
	return false
}
