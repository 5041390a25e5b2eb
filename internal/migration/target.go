package migration

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// ErrUndone marks an error of a changing call that certainly had no effect,
// such as a throttled request or a connection that was never made. It may be
// made again without looking.
var ErrUndone = backup.ErrUndone

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
	// Import adds one differential or log backup to a pending restore.
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
	Mode     AccessMode
	Check    CheckMode // used with Immediate only
}

// AccessMode says what becomes of the database after the full backup.
type AccessMode string

const (
	// Immediate opens it at once (BackupMode FULL, IsOnlineDB True).
	Immediate AccessMode = "immediate"
	// Pending keeps it restoring, ready for increments (UPDF, False).
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
	UsedBytes    int64  // -1 = not told
	MaxDatabases int    // 0 = not told
	Owner        string // account id; empty = unknown
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
	Created     time.Time // UTC
	Ended       time.Time // UTC, zero while it lasts
	Description string    // progress, result of the check, or the error
}

// TaskFile is one file of a task as the target sees it.
type TaskFile struct {
	Name        string // object name on the store
	Size        string // as the service writes it, megabytes
	BackupMode  string
	Status      string // NoStart, Downloading, …, Restored, RestoreFailed
	Created     time.Time
	Ended       time.Time
	Available   string
	Description string
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
