package backupjob

import (
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/logcopy"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

// RunBackup is the kind of runs that take backups of a self-managed server;
// their subject is the id of a policy.Work.
const RunBackup = policy.RunKind

// Plan is what one backup run has to do, fixed when it begins, and how far it
// is: a policy that is changed meanwhile counts from its next slot on.
type Plan struct {
	Job        policy.BackupJob `json:"Work"` // the name under which plans are stored
	Title      string           // of the policy; empty = ordered by hand
	Server     string           // name of the instance
	Selection  policy.Selection
	How        policy.How
	BucketID   string         // sets are copied there; empty = they stay in the server's folder
	Lacks      endpoint.Lacks `json:",omitzero"`  // of the server, when the databases were chosen
	Collation  tsql.Collation `json:",omitempty"` // of the server then: how it compares names
	CopiesLogs bool           `json:",omitempty"` // logs are the service's own: they are copied, and none is taken
	FullFirst  bool           // a log or differential with nothing to build on becomes a full backup
	Until      time.Time      // UTC; until then it waits for a server that does not answer, or for other backups

	Longest time.Duration `json:",omitempty"` // an attempt may be at work; zero in plans of older versions
	Ends    time.Time     `json:",omitzero"`  // when the attempt has taken that long

	Listed  time.Time // when the databases were chosen
	Attempt int       // from 1; grows when a person retries
	Closed  time.Time // when the present attempt ended with something missing; zero while it lasts
	Pruned  time.Time
}

// Order is one database of a backup run. Its NAME and files are written down
// before the backup is ordered.
type Order struct {
	ID       string // UUIDv7, the upload ledger's name
	Ord      int    // from 1, in the order of taking
	Database string
	Kind     backup.Kind // what is taken: differs from the work's where a full must come first
	CopyOnly bool
	Note     words.Text // why it is taken otherwise than ordered; a sentence
	Bytes    int64      // of the database's data files; 0 = unknown

	Name  string   // NAME of the set
	Paths []string // files as the server sees them
	Keys  []string // the same in the folder as we see it

	State    OrderState
	Message  words.Text // why it failed or is left out; a sentence
	Fix      words.Text
	Attempts int       // BACKUP statements sent
	Intended time.Time // of the last one; zero = none
	Settled  time.Time
	Verdict  Verdict

	Logs *logcopy.Progress // how far copies of the service's own log backups are; nil = a backup is taken

	SetID    backup.GUID
	Finished time.Time // of the set, UTC
	Size     int64     // bytes of its files
	Seen     bool      // its files lie in the folder as we see it
	Verified time.Time
	Copied   time.Time
}

// OrderState is where one database stands.
type OrderState string

const (
	OrderOpen    OrderState = "open"
	OrderDone    OrderState = "done"
	OrderFailed  OrderState = "failed"
	OrderLeftOut OrderState = "left out"
)

// Ended reports whether nothing more is done for the database in this attempt.
func (o Order) Ended() bool { return o.State != OrderOpen }

// Verdict is what became of a statement that was sent.
type Verdict string

const (
	NoVerdict Verdict = ""         // no answer yet: look
	Accepted  Verdict = "accepted" // answered
	Adopted   Verdict = "adopted"  // found in the history although the answer was lost
	Refused   Verdict = "refused"
	Void      Verdict = "void" // never carried out
)

// Taken reports whether the set exists.
func (o Order) Taken() bool { return o.Verdict == Accepted || o.Verdict == Adopted }

// Unanswered reports whether a statement was sent of which nobody knows what
// became.
func (o Order) Unanswered() bool { return !o.Intended.IsZero() && o.Verdict == NoVerdict }
