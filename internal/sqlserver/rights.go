package sqlserver

import (
	"context"
	"fmt"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/tsql"
)

// HAS_PERMS_BY_NAME is NULL for a name it cannot read. Whether a database's
// name must be delimited is not documented, so both forms are asked.
// IS_MEMBER and the like would tell of the current database.
const permissions = `SELECT IS_SRVROLEMEMBER('sysadmin') AS is_sysadmin, IS_SRVROLEMEMBER('dbcreator') AS is_dbcreator,
 SUSER_SNAME() AS login_name, HAS_DBACCESS(@p1) AS has_access, HAS_DBACCESS(N'msdb') AS has_msdb,
 COALESCE(HAS_PERMS_BY_NAME(@p2, 'DATABASE', 'BACKUP DATABASE'), HAS_PERMS_BY_NAME(@p1, 'DATABASE', 'BACKUP DATABASE')) AS may_backup,
 COALESCE(HAS_PERMS_BY_NAME(@p2, 'DATABASE', 'BACKUP LOG'), HAS_PERMS_BY_NAME(@p1, 'DATABASE', 'BACKUP LOG')) AS may_backup_log,
 COALESCE(HAS_PERMS_BY_NAME(@p2, 'DATABASE', 'ALTER'), HAS_PERMS_BY_NAME(@p1, 'DATABASE', 'ALTER')) AS may_alter,
 COALESCE(HAS_PERMS_BY_NAME(@p2, 'DATABASE', 'CONTROL'), HAS_PERMS_BY_NAME(@p1, 'DATABASE', 'CONTROL')) AS may_control,
 HAS_PERMS_BY_NAME(N'msdb.dbo.backupset', 'OBJECT', 'SELECT') AS may_history,
 HAS_PERMS_BY_NAME(N'msdb.dbo.backupmediafamily', 'OBJECT', 'SELECT') AS may_media,
 HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE') AS may_state,
 HAS_PERMS_BY_NAME(NULL, NULL, 'CREATE ANY DATABASE') AS may_create`

// MissingRights implements backup.Server. A sysadmin lacks nothing. What each
// statement needs is told by the documentation pages "BACKUP", "RESTORE
// HEADERONLY", "DBCC CHECKDB" and "sys.dm_exec_requests".
func (s *Server) MissingRights(ctx context.Context, database string) ([]backup.MissingRight, error) {
	quotedName, err := tsql.Name(database)
	if err != nil {
		return nil, err
	}
	r, err := s.askOne(ctx, permissions, database, quotedName)
	if err != nil || r.bit("is_sysadmin") {
		return nil, err
	}
	login, err := tsql.Name(r.text("login_name"))
	if err != nil {
		return nil, err
	}
	var missing []backup.MissingRight
	findMissing := func(right, grant string) { missing = append(missing, backup.MissingRight{Right: right, Grant: grant}) }
	user := func(in string, has bool) string {
		if has {
			return fmt.Sprintf("USE %s; ", in)
		}
		return fmt.Sprintf("USE %s; CREATE USER %s FOR LOGIN %s; ", in, login, login)
	}
	role := func(in string, has bool, role string) string {
		return user(in, has) + fmt.Sprintf("ALTER ROLE %s ADD MEMBER %s;", role, login)
	}
	access := r.bit("has_access")
	switch {
	case r.bit("may_control"):
	case r.bit("may_backup") && r.bit("may_backup_log") && r.bit("may_alter"):
		findMissing("check the database and read its tables to compare them (db_owner)", role(quotedName, access, "db_owner"))
	case r.bit("may_backup") && r.bit("may_backup_log"):
		findMissing("change the database's state and recovery model, check it, and read its tables (db_owner)", role(quotedName, access, "db_owner"))
	default:
		findMissing("back the database up (db_backupoperator)", role(quotedName, access, "db_backupoperator"))
		findMissing("change the database's state and recovery model, check it, and read its tables (db_owner)", role(quotedName, true, "db_owner"))
	}
	if !r.bit("may_history") || !r.bit("may_media") {
		findMissing("read the history of backups in msdb", user("[msdb]", r.bit("has_msdb"))+
			fmt.Sprintf("GRANT SELECT ON dbo.backupset TO %s; GRANT SELECT ON dbo.backupmediafamily TO %s;", login, login))
	}
	if !r.bit("may_state") {
		findMissing("see what runs on the server and how far it is", fmt.Sprintf("USE [master]; GRANT VIEW SERVER STATE TO %s;", login))
	}
	if !r.bit("is_dbcreator") {
		right := "open the database again after a tail-log backup (dbcreator)"
		if !r.bit("may_create") {
			right = "verify backups, and open the database again after a tail-log backup (dbcreator)"
		}
		findMissing(right, fmt.Sprintf("ALTER SERVER ROLE [dbcreator] ADD MEMBER %s;", login))
	}
	return missing, nil
}
