package backup

import (
	"context"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Server is a self-managed SQL Server as backups and cutovers need it. Every
// BACKUP and RESTORE has a connection of its own; canceling its context ends
// the statement at the server. Errors are faults whose Message is made of the
// server's whole list of errors, the telling one first; Unavailable means the
// connection was lost or refused, and for a changing call that nobody knows
// whether it happened: look with History or State before calling again.
type Server interface {
	// Describe tells who answers.
	Describe(ctx context.Context) (ServerInfo, error)
	// Databases lists every database but tempdb and snapshots.
	Databases(ctx context.Context) ([]Database, error)
	// Database describes one; NotFound when it is gone.
	Database(ctx context.Context, name string) (Database, error)
	// MissingRights lists what the login may not do although backups of the
	// database need it, each with the exact statement that grants it.
	MissingRights(ctx context.Context, database string) ([]MissingRight, error)

	// Backup takes one backup set and returns when it is complete. The call's
	// Name is how it is found again in History.
	Backup(ctx context.Context, c BackupCall, progress func(percent float64)) error
	// Verify reads a finished backup through (RESTORE VERIFYONLY WITH CHECKSUM).
	Verify(ctx context.Context, files []string) error
	// Headers tells of the sets in files as the server reads them (RESTORE
	// HEADERONLY); several files are the stripes of one media set. Invalid where
	// a service offers no such look.
	Headers(ctx context.Context, files []string) ([]Set, error)
	// History lists sets of a database, of all with an empty name, in msdb with a backup_set_id above
	// after, oldest first, at most limit. Only completed backups are there.
	History(ctx context.Context, database string, after int64, limit int) ([]HistoryRow, error)
	// Recent lists the newest completed sets of a database in msdb, newest
	// first, at most limit: those of its own lineage, wherever they were taken.
	// However long the history is, only the newest rows are looked at.
	Recent(ctx context.Context, database string, limit int) ([]HistoryRow, error)
	// RowIDs tells the backup_set_id in msdb of sets; those that msdb has forgotten
	// are not among them.
	RowIDs(ctx context.Context, sets []GUID) (map[GUID]int64, error)
	// Newest is the newest backup_set_id in msdb; 0 where the history is empty.
	Newest(ctx context.Context) (int64, error)
	// Named finds completed sets of a database by their NAME, newest first, at
	// most ten: whether an order was carried out that was given at since (UTC)
	// or later.
	Named(ctx context.Context, database, name string, since time.Time) ([]HistoryRow, error)
	// Running tells of BACKUP, RESTORE and DBCC statements at work on a database.
	Running(ctx context.Context, database string) ([]RunningStatement, error)

	// Recover opens a database that a tail-log backup left restoring
	// (RESTORE DATABASE … WITH RECOVERY). Repeating it is harmless.
	Recover(ctx context.Context, database string) error
	// SetReadOnly and SetRecoveryModel change the database; repeating is harmless.
	// Going read-only ends open transactions of others.
	SetReadOnly(ctx context.Context, database string, on bool) error
	SetRecoveryModel(ctx context.Context, database, model string) error
	// SetPageVerify sets page verify CHECKSUM; repeating is harmless.
	SetPageVerify(ctx context.Context, database string) error
	// CheckDB runs DBCC CHECKDB and returns what it found; empty = no errors.
	CheckDB(ctx context.Context, database string, physicalOnly bool) ([]string, error)
	// Contents counts and sums the rows of every user table, for comparing
	// two databases that should be equal. progress is told the tables done; it
	// may be nil.
	Contents(ctx context.Context, database string, progress func(done, of int)) ([]TableSum, error)

	// WriteActivity tells what the server's views know of writes to a database now;
	// Denied without VIEW SERVER STATE.
	WriteActivity(ctx context.Context, database string) (WriteActivity, error)

	// Folder lists a folder of the server; MakeFolder makes one with parents.
	Folder(ctx context.Context, path string) ([]FolderEntry, error)
	MakeFolder(ctx context.Context, path string) error
}

// ServerInfo is who answers.
type ServerInfo struct {
	Name          string // @@SERVERNAME
	Property      string // SERVERPROPERTY('ServerName'), another one where a host was renamed without sp_addserver
	Machine       string
	VersionMajor  int    // 9 … 17
	Version       string // product version, such as 16.0.4236.2
	Edition       string // as the server writes it
	EngineEdition int    // 4 = Express
	Login         string
	Sysadmin      bool
	Now           time.Time     // the server's clock, UTC
	UTCOffset     time.Duration // of its local time
	BackupPath    string        // default folders; empty = not told
	DataPath      string
	LogPath       string
	Linux         bool
	Collation     tsql.Collation // by which it compares names of databases
}

// Is reports whether a row of msdb that names a server is of this one, by either
// of its names: which of them BACKUP writes is not documented.
func (i ServerInfo) Is(server string) bool {
	return strings.EqualFold(server, i.Name) || strings.EqualFold(server, i.Property)
}

// Database is one database of a server.
type Database struct {
	ID                  int
	Name                string
	State               string // ONLINE, RESTORING, …
	RecoveryModel       string // FULL, SIMPLE, BULK_LOGGED
	ReadOnly            bool
	Standby             bool   // restored WITH STANDBY: ONLINE, and between two restores
	Asleep              bool   // shut down by AUTO_CLOSE until somebody uses it: the engine tells little of it, and BACKUP wakes it
	UserAccess          string // MULTI_USER, …
	Encrypted           bool   // TDE
	PageVerify          string // CHECKSUM, …
	CompatibilityLevel  int
	DataBytes, LogBytes int64
	Family, Fork        GUID // of sys.database_recovery_status
	// Where Fork began, if this database was recovered on it: after which LSN of
	// which fork. Zero = it has been on one fork since it was made.
	FirstFork           GUID
	ForkPoint           LSN
	LastLogBackupLSN    LSN  // zero: FULL in name only, no log backup is possible yet
	PreferredReplica    bool // true outside availability groups
	InAvailabilityGroup bool
	Member              *Member // nil outside availability groups, or when nothing is told of its group
	// The full backup on which a differential would build, as the engine says:
	// its set, and when it was taken (UTC). Zero = none: no differential is
	// possible. msdb may know less or more of it.
	// BaseTold: the engine told of its base, or that there is none.
	BaseTold bool
	BaseGUID GUID
	BaseAt   time.Time
	// LastFull, LastDiff and LastLog are the newest backups of this lineage on
	// this server, UTC, finished; copy-only fulls and sets that a restore wrote
	// into msdb from elsewhere do not count. Zero = msdb knows none, or none
	// among its newest rows: further back only the base of differentials and the
	// last log of read-only databases are looked for. LastDiff and LastLog are
	// told by Databases alone: to find them is to look through msdb.
	LastFull, LastDiff, LastLog time.Time
	LastGoodCheck               time.Time          // UTC; zero = unknown
	EditionFeatures             []string           // sys.dm_db_persisted_sku_features
	Filestream                  bool               // has containers of FILESTREAM
	MemoryOptimised             bool               // has a filegroup of memory-optimised tables
	Broker, Trustworthy         bool               // Service Broker and TRUSTWORTHY are on
	CDC, Published              bool               // change data capture; tables are published for replication
	Tracking                    bool               // change tracking
	FreeBackupBytes             int64              // free space at the backup folder's volume; -1 = unknown
	LogBytesSinceBackup         int64              // log to be written by the next log backup; -1 = unknown
	Files                       []bakfile.DataFile // id, logical name, type and size; only where one database is asked for
}

// MissingRight is a right and the statement that grants it.
type MissingRight struct{ Right, Grant string }

// BackupCall is one BACKUP statement.
type BackupCall struct {
	Database string
	Kind     Kind // Full, Differential or Log
	CopyOnly bool
	Tail     bool     // log WITH NORECOVERY: the database stays restoring
	Name     string   // NAME, at most 128 characters; fixed before the call
	Files    []string // paths as the server sees them; several = stripes
	Stripes  int      // files of the set; more than Files where their names are made of a pattern
	Compress bool     // where the edition can; refused elsewhere

	BlockSize, Transfer, Buffers int // bytes of a block and of a transfer, number of buffers; 0 = as the engine sees fit

	Key       string // of a cloud's key service, under which files are encrypted; empty = none. Invalid where there is none
	AsBucket  bool   // encrypted as the bucket says by default
	Overwrite bool   // over what lies under the same name, where that is not the rule
}

// HistoryRow is a set in msdb with its files.
type HistoryRow struct {
	Set   Set
	ID    int64    // backup_set_id
	User  string   // login that took it
	Files []string // physical_device_name, by family
	Disk  bool     // on disk files, not a virtual device, tape or URL
}

// RunningStatement is a BACKUP, RESTORE or DBCC at work.
type RunningStatement struct {
	Session int
	Command string
	Percent float64
	Started time.Time // UTC
}

// TableSum is the number of a table's rows and a checksum over them that does
// not depend on their order.
type TableSum struct {
	Table       string // schema.name
	Rows        int64
	Sum         int64
	NotCompared []string // columns whose type takes no part in Sum
}

// FolderEntry is a file or folder on the server.
type FolderEntry struct {
	Name   string
	Folder bool
	Size   int64 // -1 = not told
}
