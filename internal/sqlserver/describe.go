package sqlserver

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/tsql"
)

// InstanceDefaultBackupPath exists since 2019, the other paths since 2012; a
// property that a version does not know is NULL.
const whoAnswers = `SELECT @@SERVERNAME AS server_name,
 CONVERT(nvarchar(128), SERVERPROPERTY('ServerName')) AS property_name,
 CONVERT(nvarchar(128), SERVERPROPERTY('MachineName')) AS machine,
 CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')) AS version,
 CONVERT(nvarchar(128), SERVERPROPERTY('Edition')) AS edition,
 CONVERT(int, SERVERPROPERTY('EngineEdition')) AS engine_edition,
 CONVERT(nvarchar(128), SERVERPROPERTY('Collation')) AS collation,
 CONVERT(nvarchar(260), SERVERPROPERTY('InstanceDefaultBackupPath')) AS backup_path,
 CONVERT(nvarchar(260), SERVERPROPERTY('InstanceDefaultDataPath')) AS data_path,
 CONVERT(nvarchar(260), SERVERPROPERTY('InstanceDefaultLogPath')) AS log_path,
 SUSER_SNAME() AS login_name, IS_SRVROLEMEMBER('sysadmin') AS is_sysadmin, @@VERSION AS full_version,
 GETUTCDATE() AS utc_now, DATEDIFF(second, GETUTCDATE(), GETDATE()) AS utc_offset`

// The registry value that setup writes; readable on Windows and emulated on
// Linux by most builds.
const backupPathInRegistry = `EXEC master.dbo.xp_instance_regread N'HKEY_LOCAL_MACHINE', N'Software\Microsoft\MSSQLServer\MSSQLServer', N'BackupDirectory'`

// Describe implements backup.Server.
func (s *Server) Describe(ctx context.Context) (backup.ServerInfo, error) {
	r, err := s.askOne(ctx, whoAnswers)
	if err != nil {
		return backup.ServerInfo{}, err
	}
	in := backup.ServerInfo{
		Name: r.text("server_name"), Property: r.text("property_name"), Machine: r.text("machine"),
		Version: r.text("version"), Edition: r.text("edition"), EngineEdition: int(r.integer("engine_edition")),
		Login: r.text("login_name"), Sysadmin: r.bit("is_sysadmin"),
		Now: r.date("utc_now").UTC(), UTCOffset: quarters(r.integer("utc_offset")),
		BackupPath: r.text("backup_path"), DataPath: r.text("data_path"), LogPath: r.text("log_path"),
		Linux: strings.Contains(r.text("full_version"), "on Linux"), Collation: tsql.Collation(r.text("collation")),
	}
	if in.Name == "" {
		in.Name = in.Property // @@SERVERNAME is NULL after some renames
	}
	major, _, _ := strings.Cut(in.Version, ".")
	in.VersionMajor, _ = strconv.Atoi(major)
	if s.config.Folder != "" {
		in.BackupPath = s.config.Folder
	}
	if in.BackupPath == "" {
		rows, err := s.askIf(ctx, backupPathInRegistry)
		if err != nil {
			return in, err
		}
		if len(rows) > 0 {
			in.BackupPath = rows[0].text("data")
		}
	}
	return in, nil
}

// quarters rounds seconds to the quarter hours that time zones are made of.
func quarters(seconds int64) time.Duration {
	return (time.Duration(seconds) * time.Second).Round(15 * time.Minute)
}
