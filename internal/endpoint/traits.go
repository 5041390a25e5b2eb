package endpoint

import "slices"

// Traits are what the rest of the house must know of a kind of instance. They
// say what can be done, never who made it.
type Traits struct {
	// As a target of migrations.

	Reads   []BucketKind // kinds of buckets that its restores read; none = its own backup folder
	Calls   Calls        // changing calls to the service that it takes
	Task    TaskShape
	Keys    KeyRule // names of files that it takes
	MaxFile int64   // bytes of one backup file; 0 = no bound
	Bucket  BucketRule

	Increments bool // takes differential and log backups behind the full
	Stripes    bool // takes a set that is striped over several files
	Prefixed   bool // is told the files of a striped set by what their keys begin with
	Positions  bool // takes any set of a file that holds several; else the first only
	StopAt     bool // can stop inside a log, at a moment
	// Certificate is how the certificate of a database under TDE comes there, a
	// sentence of words.Text; empty = it takes no such database.
	Certificate   string
	Filestream    bool // takes FILESTREAM data
	OpensWritable bool // a database that was READ_ONLY at its source can be opened writable
	// KeepsWithLast says that change data capture alone is kept, by the restore of
	// the last file, which opens the database too.
	KeepsWithLast bool
	// Capture turns change data capture on there, before the database's name as a
	// text; empty: sys.sp_cdc_enable_db in the database.
	Capture string
	Keeps   bool // change data capture and an owner are kept on request when a database is opened

	// As a source of migrations.

	Source  bool     // backups of its databases are ordered over SQL, into its backup folder
	Freezes []Freeze // how writes can be stopped there, the usual one first
	Lacks   Lacks    // what cannot be ordered there

	// As something that is looked after.

	Readable      bool // its contents can be read over SQL as it is; else a login for reading has to be given
	Restores      bool // RESTORE statements are carried out there
	BacksUpItself bool // its service takes backups by a policy of its own
	CopiesLogs    bool // its service takes log backups by itself, and copies them to a bucket when asked
	Holds         bool // its service takes backups of the whole instance, which an account of its cloud may look at
}

// Calls bound the changing calls that restores need; 0 = no bound.
type Calls struct {
	Database int // in 24 hours, for one database
	Instance int // in 24 hours, for all databases of the instance
}

// Counted reports whether calls are bounded at all.
func (c Calls) Counted() bool { return c.Database > 0 || c.Instance > 0 }

// TaskShape is how the restore of a chain appears at the target.
type TaskShape string

const (
	OneTask     TaskShape = "one"      // one task that grows by each file given to it
	TaskPerFile TaskShape = "per file" // every file is a task of its own
)

// Freeze is how writes at the source are stopped.
type Freeze string

const (
	// FreezeTail takes the tail of the log WITH NORECOVERY: the source is
	// restoring from the same instant on, and nobody can write to it.
	FreezeTail Freeze = "tail"
	// FreezeReadOnly sets the source READ_ONLY, then takes the last log.
	FreezeReadOnly Freeze = "readonly"
	// FreezeStopped leaves the source as it is: a person has stopped the
	// application. The last log is an ordinary one, and the gate opens only
	// with the proof that nothing was written since.
	FreezeStopped Freeze = "stopped"
)

// OwnFolder reports whether files reach the instance in its own backup folder
// and not in a bucket that a service reads.
func (t Traits) OwnFolder() bool { return len(t.Reads) == 0 }

// ReadsFrom reports whether restores of the instance can read a kind of bucket.
func (t Traits) ReadsFrom(k BucketKind) bool { return slices.Contains(t.Reads, k) }

// Lacks is what cannot be ordered or had where backups and restores are ordered
// of an instance. The zero value lacks nothing.
type Lacks struct {
	Logs     bool // log backups: its service takes them by itself (Traits.CopiesLogs: they can be had as copies)
	CopyOnly bool // backups that are no base for differentials
	Names    bool // a NAME by which a set is found again: its files, fixed before, tell
	Stripes  bool // names of the files of a striped set: they are made of a pattern with one asterisk
	Verify   bool // reading a set through there
	Replace  bool // restoring over a database that exists
	Keys     bool // encrypting files under a key of a cloud's key service, and reading such files
	Follow   bool // being followed by a migration while it is at work
}

// BucketRule says which of the buckets that it reads an instance can be given.
type BucketRule struct {
	Location string // stands before the region in the bucket's own, such as "oss-"
	Class    string // the one storage class; empty = any
	Sealed   bool   // with server-side encryption as well
}

// KeyRule says which keys of files an instance can be given.
type KeyRule struct {
	Refuses    string   // characters that a key cannot have
	Plain      bool     // ASCII without blanks alone
	Extensions []string // with the dot, lower case; none = any
}
