package migration

import (
	"context"
	"errors"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// RunKind is the kind of the runs that drive migrations.
const RunKind = "migration"

// Store keeps migrations. Every method is one transaction. Methods with a Grip
// refuse with fault.Conflict when the run was claimed again since.
type Store interface {
	// Create writes a migration, its files and its run, queued.
	Create(ctx context.Context, m Migration, r run.Run, e audit.Entry) error
	// Migration returns the whole of one migration.
	Migration(ctx context.Context, id string) (Migration, error)
	// Migrations returns summaries, newest first.
	Migrations(ctx context.Context, f Filter) ([]Summary, error)
	// Calls counts the calls that happened, or may have, since a time.
	Calls(ctx context.Context, instanceID, database string, since time.Time) (Budget, error)

	// Note writes what the engine did or learned. A file that a person dropped
	// meanwhile stays dropped; a call that names one is refused with
	// ErrOvertaken, as is any call after an order to terminate but that of
	// terminating.
	Note(ctx context.Context, g run.Claim, id string, c Change) error
	// Opens are how long the newest openings at an instance took.
	Opens(ctx context.Context, instanceID string, limit int) ([]time.Duration, error)
	// Ledger remembers the upload of one file.
	Ledger(g run.Claim, id string, ord int) objectstore.Ledger

	// Ask lets decide look at the newest state, writes what it decided and
	// queues the run, all in one transaction: nobody can overtake a decision.
	Ask(ctx context.Context, id string, decide Decide) error
}

// Decide makes a decision from the present state; it is pure.
type Decide func(Migration) (Decision, audit.Entry, error)

// ErrOvertaken is in the chain of Note's error when a person's decision came
// between the engine's look and its act: nothing was written, look again.
var ErrOvertaken = errors.New("overtaken by a decision")

// Change is what one commit of the engine writes; nil and zero parts stay as
// they are. The stage is derived and written along.
type Change struct {
	Files        []File        // replaced by Ord
	Call         *Call         // made or replaced by ID
	AtMost       int           // with a new call for a file: refuse with ErrOvertaken when the instance has so many files of others; 0 = no bound
	SourceBackup *SourceBackup // made or replaced by ID
	Frozen       *time.Time    // zero time clears
	Tail         *bakfile.LSN
	GivenBack    *time.Time
	Before       *backup.WriteActivity // what is known of writes before the tail; clears the proof
	Proven       *time.Time
	Proof        string // with Proven
	History      *int64 // looked through up to here, at HistoryAt
	HistoryAt    time.Time
	Checked      *time.Time // zero time clears
	Findings     []Finding
	TaskID       *string
	TargetState  *TargetState
	Problem      **Problem // pointer to nil clears
	Opened       *time.Time
	Check        CheckResult
	Said         string
	Stage        Stage // opened and terminated only; others are derived
	Finished     *time.Time

	Comparison *run.Run // of contents, to begin with the end of the migration where none was before

	Steps  []run.Step
	Events []run.Event
	Audit  []audit.Entry // what the engine did to the outside world
}

// Decision is what a person asked for.
type Decision struct {
	Open            bool
	Check           CheckMode // with Open; empty keeps
	Terminate       bool
	Cutover         bool
	Predicted       Stop // with Cutover
	Abort           bool
	Why             string // with Abort
	OneMore         bool   // the tail was not the end: writes went on
	GapDifferential bool   // a differential covers the log that is lost
	Go              bool   // clear the problem and go on
	DropTask        bool   // the restore failed: begin it anew with a fresh task
	Files           []File // made or replaced by Ord
	Call            *Call  // replaced by ID: it is looked at again
}

// Filter chooses migrations, newest first; Before is the id of the last one of
// the page before.
type Filter struct {
	Stages []Stage // none = all
	Wave   string  // id; empty = all. They come in the order in which the wave begins.
	Before string
	Limit  int
}

// Summary is a row of the list.
type Summary struct {
	ID, RunID  string
	WaveID     string
	Rank       int  // place in its wave
	Begun      bool // the source was told to take a backup
	Database   string
	Source     string // server of the backups
	InstanceID string
	ServerID   string // of the server at work that it follows; empty = made of given files
	Stage      Stage
	RunState   run.State
	Message    words.Text // the run's
	Files      int
	Applied    int
	Bytes      int64 // of all files of the chain
	Uploaded   int64
	Problem    fault.Code // empty = none
	Created    time.Time
	Finished   time.Time
}
