package sqlserveremu

import (
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Config describes one SQL Server.
type Config struct {
	Name    string // of the server, MACHINE or MACHINE\INSTANCE; default EMULATED
	Version string // product version such as 16.0.4165.4 (the default)
	Edition string // enterprise, standard, developer (the default), web or express

	Logins    []Login // default: sa with the password Emulated-1, a sysadmin
	Databases []DatabaseSpec

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
