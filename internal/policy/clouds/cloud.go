package clouds

import (
	"context"
	"time"
)

// Cloud reads and writes the backup policy of one instance whose service takes
// backups by itself. Errors are faults; where the service refuses one field, the
// fault's cause is a *Refusal that names it.
type Cloud interface {
	// Policy reads what is set, and what the instance can do (RDS API
	// DescribeBackupPolicy and DescribeDBInstanceAttribute).
	Policy(ctx context.Context) (Standing, error)
	// SetPolicy makes the call of StandardCall (RDS API ModifyBackupPolicy)
	// with exactly its parameters, so that what a person was shown is what is
	// sent. The answer does not repeat the policy: read it again. Repeating is
	// harmless.
	SetPolicy(ctx context.Context, s Standard, can Abilities) error
	// SetAdvanced makes the call of AdvancedCall, which turns was into a, where
	// the service takes it; it refuses with Conflict (IncorrectBackupPolicy)
	// where only the console may.
	SetAdvanced(ctx context.Context, was, a Advanced) error
}

// Refusal is what the service said about one field.
type Refusal struct {
	Code    string // such as InvalidPreferredBackupTime.Format
	Said    string
	Request string // RequestId
	Field   string // name of the field in forms, as the Field… words; empty = none in particular
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Said }

// Fields of the standard policy, as forms and refusals name them.
const (
	FieldRetention   = "retention"
	FieldDays        = "days"
	FieldMethod      = "method"
	FieldPriority    = "priority"
	FieldIncremental = "incremental"
	FieldHour        = "hour"
	FieldLog         = "log"
	FieldEvery       = "snapshot-minutes"
	FieldRows        = "rows" // of the advanced policy
	FieldLogKept     = "log-retention"
	// Of a manual backup and of a set's expiry.
	FieldMode   = "mode" // full or automatic
	FieldExpiry = "expiry"
)

// Method is how the service takes data backups.
type Method string

const (
	Physical Method = "Physical"
	Snapshot Method = "Snapshot"
)

// LogFrequency is how often the service takes log backups.
type LogFrequency string

const (
	LogAsData  LogFrequency = "as data" // with each data backup
	LogEvery30 LogFrequency = "30 min"
	LogEvery5  LogFrequency = "5 min"
)

// Priority is which node of a Cluster Edition instance backups are taken on.
type Priority int

const (
	PriorityNone   Priority = 0 // not Cluster Edition, or not told
	SecondaryFirst Priority = 1
	PrimaryOnly    Priority = 2
)

// Standard is the standard backup policy of an instance.
type Standard struct {
	RetentionDays int            // 7–730, of data and log backups alike
	Days          []time.Weekday // at least two, Monday first
	Hour          int            // 0–23, UTC: backups start within the hour that begins here
	Method        Method
	Incremental   bool
	Log           LogFrequency
	Priority      Priority
	// SnapshotMinutes is how often snapshots are taken besides those at the
	// hour, one of SnapshotIntervals; 0 = not at all, or not told.
	SnapshotMinutes int `json:",omitempty"`
}

// SnapshotIntervals are the minutes between snapshots that the service takes
// (RDS API ModifyBackupPolicy, BackupInterval).
var SnapshotIntervals = []int{15, 30, 60, 120, 180, 240, 360, 480, 720}

// Standing is what an instance's policy is, and what it could be.
type Standing struct {
	Standard   Standard
	Next       time.Time // UTC, the service's next data backup; zero = not told
	AdvancedOn bool
	Advanced   Advanced
	Can        Abilities
	Raw        map[string]string // fields the service told that are not among the above, for the page
	At         time.Time         // UTC, when it was read
}

// Abilities are what an instance's edition, disk and state allow.
type Abilities struct {
	Cluster       bool // Cluster Edition (Category AlwaysOn)
	SetPriority   bool // SupportModifyBackupPriority
	Snapshot      bool // cloud disk (SupportVolumeShadowCopy)
	FiveMinuteLog bool // SupportsHighFrequencyBackup
	StorageGB     int
	Running       bool
	Status        string // the service's own word
	Locked        string // LockMode and reason; empty = not locked
	CrossRegion   bool   // cross-region backup is on, which excludes snapshots
	WriteAdvanced bool   // the advanced policy is on and the service tells the ids of its rows, by which they are written
}

// Advanced is the advanced backup policy: several sparse rules whose sets
// overlap; a day that two rules want gives one set, kept for the longer time.
type Advanced struct {
	Rows             []Sparse
	Hour             int // UTC
	Method           Method
	Incremental      bool
	Log              LogFrequency // as data or 30 min
	LogRetentionDays int          // 7–7300, at most the longest retention of data
	LogID            string       // StrategyId of the log row; empty = none was told
	Unread           int          // rows that were told and could not be understood; such a policy is not written
}

// Cycle is what the days of a sparse rule are counted in.
type Cycle string

const (
	Weekly  Cycle = "weekly"
	Monthly Cycle = "monthly"
	Yearly  Cycle = "yearly"
)

// Sparse is one rule of an advanced policy.
type Sparse struct {
	ID            string // StrategyId; empty = new
	Cycle         Cycle
	Days          []int // weekly 1–7, Monday first; monthly 1–31 or LastDay; yearly month*100+day
	RetentionDays int   // 7–7300; Forever = long-term

	// As the service wrote it. How it writes the last day of a month and dates
	// of a year is not documented, so a row is written in the form that was
	// read from the instance, or not at all.
	FilterKey, FilterValue string
}

const (
	// LastDay is the last day of a month.
	LastDay = -1
	// Forever is a retention that never ends.
	Forever = -1
)
