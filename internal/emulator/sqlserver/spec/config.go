package spec

import (
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Config describes one SQL Server.
type Config struct {
	Name    string // of the server, MACHINE or MACHINE\INSTANCE; default EMULATED
	Version string // product version such as 16.0.4165.4 (the default)
	Edition string // enterprise, standard, developer (the default), web or express

	Logins    []Login // default: sa with the password Emulated-1, a sysadmin
	Databases []Database

	// BackupFolder is a folder of this machine: where backups go by default,
	// under the path by which the server knows it. It is required. Folders are
	// others that the service account may read and write.
	BackupFolder string
	Folders      []string
	// DataFolder is where database files would lie. Nothing is written there;
	// restored files must be placed in it. Default /var/opt/mssql/data.
	DataFolder string
	// DataFree is the free space of the data volume, in bytes; default 100 GiB.
	DataFree int64

	// Rate is how fast backups are written and restored, in bytes per second;
	// zero is as fast as the disk.
	Rate int64
	// CheckTime is how long DBCC CHECKDB lasts.
	CheckTime time.Duration
	// Clock is how far the server's clock is ahead of this machine's, and
	// UTCOffset the zone in which it shows local time, in quarter hours.
	Clock     time.Duration
	UTCOffset time.Duration

	// History is how many sets of somebody else's jobs msdb remembers from
	// before the start; a million costs nothing until it is asked for. Their
	// files are gone.
	History int

	// Filestream says that FILESTREAM is on; off by default, as in SQL Server.
	Filestream bool
	// Collation is the server's and every database's; one with _CS_ or _BIN in
	// it tells upper from lower case, in names as in values. Default
	// SQL_Latin1_General_CP1_CI_AS.
	Collation string
	// ContainedAuthentication lets contained databases in; off by default, as
	// in SQL Server.
	ContainedAuthentication bool

	// Encryption is what connections are offered; the certificate is made anew
	// at each start, see Running.CA.
	Encryption tds.Encryption
}

// Disk is what the backup folders' disk does.
type Disk struct {
	// Rate bounds writing and reading, bytes per second; zero = Config.Rate.
	Rate int64 `json:"rate,omitempty"`
	// FailAfter is how many bytes a backup may write before the disk is full;
	// nil = no limit.
	FailAfter *int64 `json:"fail_after,omitempty"`
	// Denied makes every file operation fail with access denied.
	Denied bool `json:"denied,omitempty"`
}

// Heard is a statement that a client sent, without its parameters.
type Heard struct {
	At       time.Time `json:"at"`
	Session  int       `json:"session"`
	Login    string    `json:"login"`
	Database string    `json:"database"`
	Text     string    `json:"text"`
	Error    int       `json:"error,omitempty"` // number of the first error
}

// DatabasePatch changes a database behind everybody's back.
type DatabasePatch struct {
	Recovery  *bakfile.RecoveryModel `json:"recovery,omitempty"`
	Corrupted *int                   `json:"corrupted,omitempty"` // damaged pages for CHECKDB and BACKUP WITH CHECKSUM
	ReadOnly  *bool                  `json:"read_only,omitempty"`
	Encrypted *bool                  `json:"encrypted,omitempty"`
	Features  []string               `json:"features,omitempty"`
	Deadlocks *int                   `json:"deadlocks,omitempty"` // the next so many SET MULTI_USER are chosen as victims (1205)
	Size      *int64                 `json:"size,omitempty"`
	// What a RESTORE elsewhere does not bring along, or only when asked to.
	Broker      *bool `json:"broker,omitempty"`
	Trustworthy *bool `json:"trustworthy,omitempty"`
	CDC         *bool `json:"cdc,omitempty"`
	Published   *bool `json:"published,omitempty"`
	Tracking    *bool `json:"tracking,omitempty"` // change tracking
}

// LoginPatch changes a login; sessions it already has go on with the new
// rights.
type LoginPatch struct {
	Password *string             `json:"password,omitempty"`
	Sysadmin *bool               `json:"sysadmin,omitempty"`
	Disabled *bool               `json:"disabled,omitempty"`
	Roles    map[string][]string `json:"roles,omitempty"`
	Server   []string            `json:"server,omitempty"`
}
