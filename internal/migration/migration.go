// Package migration takes a database to another server from backup files: a
// full, then differential and log backups, then the opening. What to do next
// is decided here by pure functions; adapters do it.
package migration

import (
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Migration is one database on its way.
type Migration struct {
	ID     string // UUIDv7
	RunID  string
	WaveID string // empty = on its own
	Rank   int    // place in the order in which the wave begins, from 1; 0 = on its own
	Ahead  int    // how many of the wave come before it and have not begun; told by the store, until it has begun itself

	Database       string // name on the target
	SourceDatabase string // name in the backup files
	SourceServer   string
	Family         bakfile.GUID // lineage of the source, kept through restores and renames

	InstanceID    string          // endpoint of the target
	Traits        endpoint.Traits // of the target; follow from its kind, told by the store
	SourceID      string          // bucket the files come from
	SourcePrefix  string
	StagingID     string // bucket the target reads; may be the source itself
	StagingPrefix string

	Mode            AccessMode
	Check           CheckMode
	OpenWhenApplied bool      // open by itself once every known file is applied
	Keep            Keeping   // of what RESTORE would lose
	StopAt          time.Time // UTC: restore to this moment and no further; zero = to the end

	LiveSource *LiveSource // nil when the files are given; else they are taken from a server at work

	Files []File // in order of application
	Calls []Call // changing calls to the target, oldest first

	Checked     time.Time   // when preflight passed; zero = not yet
	Findings    []Finding   // of the last preflight
	TaskID      string      // of the target's restore task
	TargetState TargetState // what the target said last
	Problem     *Problem    // why it stands still; nil when it does not

	OpenAsked      time.Time // a person asked to open; zero = not yet
	TerminateAsked time.Time

	Stage       Stage
	Opened      time.Time // when the target was first seen open
	CheckResult CheckResult
	CheckText   string // the target's words on the check
	Created     time.Time
	Finished    time.Time // zero until it ended
}

// Stage is the short answer to "where is it".
type Stage string

const (
	StagePreflight  Stage = "preflight"
	StageBackup     Stage = "backup" // the source takes its full backup
	StageUploading  Stage = "uploading"
	StageRestoring  Stage = "restoring" // the full backup
	StageImporting  Stage = "importing" // an increment
	StageFollowing  Stage = "following" // all known files applied; more may come
	StageCutover    Stage = "cutover"   // writes at the source have stopped
	StageOpening    Stage = "opening"
	StageChecking   Stage = "checking" // open, asynchronous check still running
	StageOpened     Stage = "opened"
	StageTerminated Stage = "terminated"
)

// Ended reports whether nothing more will be done.
func (s Stage) Ended() bool { return s == StageOpened || s == StageTerminated }

// File is one backup file of the chain.
type File struct {
	Ord    int    // order of application, from 1; numbers of dropped files stay unused
	From   string // bucket the file comes from where it is not the migration's, such as the folder of unpacked files
	Source string // key in the source bucket
	Size   int64  // bytes
	Key    string // key in the staging bucket, fixed before the upload begins

	Kind      string // full, differential or log
	Position  int    // of the set in its file, from 1, as SetGUID was found there; 0 = 1
	SetGUID   bakfile.GUID
	BaseGUID  bakfile.GUID // differentials
	ForkID    bakfile.GUID // recovery fork after applying it
	FirstLSN  bakfile.LSN
	LastLSN   bakfile.LSN
	Started   time.Time // UTC where the file tells its offset, else the server's clock
	DataBytes int64     // size of the database files after a restore
	StopAt    time.Time // of a log that may hold the moment asked for: on the clock of the server that took it; zero = applied to its end

	State    FileState
	Uploaded int64 // bytes in the staging bucket
	Staged   time.Time
	Applied  time.Time
	Message  string // why it was refused
}

// FileState is how far a file is.
type FileState string

const (
	FilePlanned   FileState = "planned"
	FileUploading FileState = "uploading"
	FileStaged    FileState = "staged"  // complete in the staging bucket, checksum equal
	FileSent      FileState = "sent"    // the target was told and has not finished
	FileApplied   FileState = "applied" // the target says so
	FileRefused   FileState = "refused" // the target says no
	FileDropped   FileState = "dropped" // no longer part of the chain
)

// Call is a changing call to the target. It is written down before it is
// made: after any death an unanswered call means "nobody knows, look".
type Call struct {
	ID       string // UUIDv7; also the idempotency key where the target takes one
	Verb     Verb
	File     int    // Ord; 0 where no file is named
	Request  string // the call as shown to people
	Intended time.Time
	Settled  time.Time // zero = nobody knows yet
	Verdict  Verdict
	TaskID   string
	Error    string

	// What was seen just before the call, to recognise its work afterwards.
	KnownTasks []string // restore: ids of tasks with this database name
	RowsBefore int      // import: rows with this file's name
}

// Verb is what a call asks for.
type Verb string

const (
	VerbRestore   Verb = "restore"
	VerbImport    Verb = "import"
	VerbOpen      Verb = "open"
	VerbTerminate Verb = "terminate"
)

// Verdict is what became of a call.
type Verdict string

const (
	Unknown  Verdict = ""
	Accepted Verdict = "accepted" // answered with success
	Adopted  Verdict = "adopted"  // the answer was lost, its effect was found
	Refused  Verdict = "refused"  // answered with an error: nothing happened
	Void     Verdict = "void"     // looked long enough: it never arrived
)

// Happened reports whether the call took effect, or may have.
func (c Call) Happened() bool { return c.Verdict != Refused && c.Verdict != Void }

// TargetState is what the target said when we last looked.
type TargetState struct {
	At    time.Time // UTC; zero = never
	Task  Task
	Files []TaskFile
}

// CheckResult is the outcome of DBCC CHECKDB at the target.
type CheckResult string

const (
	CheckUnknown CheckResult = ""
	CheckPassed  CheckResult = "passed"
	CheckFailed  CheckResult = "failed"
	CheckUntold  CheckResult = "untold" // the target never said
)

// Problem is why a migration stands still, for a person.
type Problem struct {
	Code    fault.Code // a row of internal/explain, such as "gap"
	Step    string     // key of the step it belongs to
	File    int        // Ord; 0 = none
	Said    string     // the other side's own words
	Cause   words.Text
	Fix     words.Text
	Actions []Button // what to offer, the likeliest first

	Candidates []Task `json:",omitempty"` // with ButtonAdopt: tasks that may be ours
}

// Button is a next action a person can take.
type Button = explain.Action

const (
	ButtonRetry           = explain.Retry
	ButtonAddFiles        = explain.AddFiles
	ButtonOpen            = explain.Open
	ButtonTerminate       = explain.Terminate
	ButtonAbort           = explain.Abort
	ButtonOneMore         = explain.OneMore
	ButtonGapDifferential = explain.GapDifferential
	ButtonServer          = explain.Server
	ButtonAdopt           = explain.Adopt
)

// SourceOf is the bucket a file comes from.
func (m Migration) SourceOf(f File) string {
	if f.From != "" {
		return f.From
	}
	return m.SourceID
}

// Chain lists the files that count, in order: those that were not dropped, and
// that no differential behind them makes unnecessary.
func (m Migration) Chain() []File {
	var covers File // the last differential on its way or applied
	for _, f := range m.Files {
		if f.Kind == string(backup.Differential) && f.State != FileDropped && f.State != FileRefused {
			covers = f
		}
	}
	var out []File
	for _, f := range m.Files {
		if f.State != FileDropped && !f.coveredBy(covers) {
			out = append(out, f)
		}
	}
	return out
}

// coveredBy reports whether a later differential holds all that the file would
// bring, before the file was given to the target.
func (f File) coveredBy(d File) bool {
	given := f.State == FileSent || f.State == FileApplied || f.State == FileRefused
	return !given && f.Kind != string(backup.Full) && f.Ord < d.Ord && f.LastLSN.Compare(d.LastLSN) <= 0
}

// AppliedTo returns the last LSN the target has applied, zero before the full.
func (m Migration) AppliedTo() (lsn bakfile.LSN) {
	for _, f := range m.Chain() {
		if f.State == FileApplied {
			lsn = f.LastLSN
		}
	}
	return lsn
}

// Unanswered returns the call of which nobody knows whether it happened.
func (m Migration) Unanswered() (Call, bool) {
	for _, c := range m.Calls {
		if c.Verdict == Unknown {
			return c, true
		}
	}
	return Call{}, false
}
