package bakfile

import "time"

// Container is the outer form of a backup file.
type Container string

const (
	// Plain is an uncompressed backup, a Microsoft Tape Format file.
	Plain Container = "MTF"
	// Compressed is SQL Server's own container around the same blocks.
	Compressed Container = "MSSQLBAK"
)

// File is what one backup file says of itself. It is one media family: all of
// a backup, or one stripe of it.
type File struct {
	Container Container
	Size      int64 // bytes of the file as given to Read
	Media     Media
	Sets      []Set // in file order, positions 1..n

	// Truncated is set when the end of the file is missing or damaged. Sets
	// then holds what the beginning still says, each with Complete false.
	Truncated bool

	// TDEThumbprint is the thumbprint, in hexadecimal digits, of the
	// certificate that protects the database by TDE; empty = none was seen. It
	// follows a public description and no file that has one was at hand.
	TDEThumbprint string
}

// Media is RESTORE LABELONLY's row.
type Media struct {
	SetGUID           GUID // the same in every stripe
	FamilyCount       int  // how many stripes belong together; 1 = not striped
	FamilySequence    int  // which of them this file is, from 1
	FamilyID          uint32
	SequenceNumber    int
	Name, Description string
	SoftwareName      string
	SoftwareVendorID  int
	Date              LocalTime
	PhysicalBlockSize int // bytes: 512 or 4096
	HasPassword       bool
}

// LocalTime is a moment on the source server's own clock, to the second. The
// file tells the clock's distance from UTC beside it, once per set, and not
// always (Set.UTCOffset).
type LocalTime struct{ time.Time } // Location is UTC and means nothing

// Set is RESTORE HEADERONLY's row for one backup set.
type Set struct {
	Position    int
	Type        Type
	Name        string
	Description string
	UserName    string
	MachineName string
	ServerName  string
	Database    string

	VersionMajor, VersionMinor, VersionBuild int // of the SQL Server that wrote it
	DatabaseVersion                          int // internal version of the database, such as 852
	CompatibilityLevel                       int

	RecoveryModel RecoveryModel

	DatabaseCreated LocalTime
	Started         LocalTime
	Finished        LocalTime      // zero when not Complete
	UTCOffset       *time.Duration // local minus UTC, in quarter hours; nil = unknown

	FirstLSN            LSN
	LastLSN             LSN // the next record's: touching sets join
	CheckpointLSN       LSN
	DatabaseBackupLSN   LSN // checkpoint of the newest full backup before this one
	DifferentialBaseLSN LSN // differentials only

	SetGUID              GUID
	BindingID            GUID
	RecoveryForkID       GUID
	FirstRecoveryForkID  GUID
	ForkPointLSN         LSN // logs that span a fork
	FamilyGUID           GUID
	DifferentialBaseGUID GUID // differentials only

	Flags           uint32 // as stored; see the Has… methods
	BeginsLogChain  bool
	HasChecksums    bool
	IsCompressed    bool
	BackupSize      int64 // bytes, uncompressed, all stripes together
	CompressedSize  int64 // bytes; 0 = unknown (SQL Server 2005)
	SortOrder       int
	UnicodeLocale   int
	UnicodeCompare  int
	Files           []DataFile
	Complete        bool // false: only the part written before the data was readable
	LSNsTrustworthy bool // false: from the part before the data of a version that fills them later
}

// Type is HEADERONLY's BackupType.
type Type int

const (
	TypeFull                Type = 1
	TypeLog                 Type = 2
	TypeFile                Type = 4
	TypeDifferential        Type = 5
	TypeDifferentialFile    Type = 6
	TypePartial             Type = 7
	TypeDifferentialPartial Type = 8
)

// RecoveryModel as HEADERONLY spells it.
type RecoveryModel string

const (
	RecoveryFull       RecoveryModel = "FULL"
	RecoveryBulkLogged RecoveryModel = "BULK-LOGGED"
	RecoverySimple     RecoveryModel = "SIMPLE"
)

// DataFile is RESTORE FILELISTONLY's row for one file of the database.
type DataFile struct {
	FileID          int
	LogicalName     string
	PhysicalName    string
	Type            string // D data, L log
	FilegroupID     int
	FilegroupName   string // empty for logs
	Size            int64  // bytes on disk after a restore
	MaxSize         int64  // bytes
	UniqueID        GUID
	BackupSize      *int64 // bytes in this backup; nil where the file does not tell the truth
	SourceBlockSize int
	CreateLSN       LSN
}
