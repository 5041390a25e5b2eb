package aliyun

import (
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
)

// fields says to which field of a form a refusal belongs.
var fields = map[string]string{
	"InvalidBackupRetentionPeriod.Malformed":            clouds.FieldRetention,
	"InvalidPreferredBackupPeriod.Malformed":            clouds.FieldDays,
	"InvalidPreferredBackupTime.Format":                 clouds.FieldHour,
	"InvalidLogBackupFrequency.Malformed":               clouds.FieldLog,
	"OperationDenied.ApiForbiddenForLogBackupFrequency": clouds.FieldLog,
	"OperationDenied.ModifyBackupSwitchOff":             clouds.FieldLog,
	"OperationDenied.SwitchToSnapshot":                  clouds.FieldMethod,
	"OperationDenied.SwitchSnapshotToPhysical":          clouds.FieldMethod,
	"OperationDenied.NotSupportedBackupMethod":          clouds.FieldMethod,
	"InvalidBackupMethod.Format":                        clouds.FieldMethod,
	"IncorrectCategory":                                 clouds.FieldPriority,
	"IncorrectBackupPolicy":                             clouds.FieldRows,
	"InvalidBackupType.Format":                          clouds.FieldMode,
	"InvalidBackupStrategy.Format":                      policy.FieldDatabases,
	"InvalidDBName":                                     policy.FieldDatabases,
	"InvalidDBName.NotFound":                            policy.FieldDatabases,
	"InvalidDBName.Duplicate":                           policy.FieldDatabases,
	"InvalidExpectExpireTime.Format":                    clouds.FieldExpiry,
}

// backupCodes are those of the public pages ModifyBackupPolicy, CreateBackup and
// of the calls that restore.
var backupCodes = map[string]meaning{
	"InvalidBackupRetentionPeriod.Malformed":            {fault.Invalid, "retention"},
	"InvalidPreferredBackupPeriod.Malformed":            {fault.Invalid, "backup-days"},
	"InvalidPreferredBackupTime.Format":                 {fault.Invalid, "backup-hour"},
	"InvalidLogBackupFrequency.Malformed":               {fault.Invalid, "log-frequency"},
	"OperationDenied.ApiForbiddenForLogBackupFrequency": {fault.Conflict, "log-as-data"},
	"OperationDenied.ModifyBackupSwitchOff":             {fault.Conflict, "log-always"},
	"OperationDenied.SwitchToSnapshot":                  {fault.Conflict, "cross-region"},
	"OperationDenied.SwitchSnapshotToPhysical":          {fault.Conflict, "snapshots-stay"},
	"OperationDenied.NotSupportedBackupMethod":          {fault.Conflict, "method"},
	"InvalidBackupMethod.Format":                        {fault.Invalid, "method"},
	"IncorrectCategory":                                 {fault.Conflict, "edition-setting"},
	"IncorrectBackupPolicy":                             {fault.Conflict, "advanced-policy"},
	"BackupPropertyNotFound":                            {fault.NotFound, "no-policy"},
	"InvalidReleasedKeepPolicy.Format":                  {fault.Invalid, "released"},
	"BackupJobExists":                                   {fault.Conflict, "backup-running"},
	"BackupTimesExceeded":                               {fault.Conflict, "daily-backups"},
	"InvalidBackupType.Format":                          {fault.Invalid, "backup-type"},
	"InvalidDBName.Duplicate":                           {fault.Conflict, "name-exists"},
	"InvalidRestoreTime.NotFound":                       {fault.Conflict, "restore-time"},
	"InvalidParameterCombination":                       {fault.Invalid, "combination"},
}
