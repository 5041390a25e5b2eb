package aliyun

import (
	"fmt"

	"github.com/bakplane/bakplane/internal/migration"
)

// wording words the calls of the RDS API.
type wording struct{}

var _ migration.Requests = wording{}

// Request implements migration.Requests (RDS API CreateMigrateTask,
// CreateOnlineDatabaseTask, TerminateMigrateTask).
func (wording) Request(m migration.Migration, verb migration.Verb, in migration.RestoreCall) string {
	switch verb {
	case migration.VerbRestore:
		if in.Mode == migration.Immediate {
			return fmt.Sprintf("CreateMigrateTask DBName=%s BackupMode=FULL IsOnlineDB=True CheckDBMode=%s OssObjectPositions=%s", in.Database, checkParameter(in.Check), position(in))
		}
		return fmt.Sprintf("CreateMigrateTask DBName=%s BackupMode=UPDF IsOnlineDB=False OssObjectPositions=%s", in.Database, position(in))
	case migration.VerbImport:
		task := m.TaskID
		if task == "" {
			task = "(id of the first task)"
		}
		return fmt.Sprintf("CreateMigrateTask DBName=%s BackupMode=UPDF IsOnlineDB=False MigrateTaskId=%s OssObjectPositions=%s", in.Database, task, position(in))
	case migration.VerbOpen:
		return fmt.Sprintf("CreateOnlineDatabaseTask DBName=%s MigrateTaskId=%s CheckDBMode=%s", m.Database, m.TaskID, checkParameter(m.Check))
	default:
		return fmt.Sprintf("TerminateMigrateTask MigrateTaskId=%s", m.TaskID)
	}
}

// Name implements migration.Requests.
func (wording) Name(verb migration.Verb) string {
	switch verb {
	case migration.VerbRestore, migration.VerbImport:
		return "CreateMigrateTask"
	case migration.VerbOpen:
		return "CreateOnlineDatabaseTask"
	}
	return "TerminateMigrateTask"
}

// position is the OssObjectPositions parameter: endpoint, bucket and key.
func position(in migration.RestoreCall) string { return in.Endpoint + ":" + in.Bucket + ":" + in.Key }

// checkParameter is CheckDBMode's value.
func checkParameter(c migration.CheckMode) string {
	if c == migration.CheckSync {
		return "SyncExecuteDBCheck"
	}
	return "AsyncExecuteDBCheck"
}
