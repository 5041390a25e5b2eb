package aliyun

import (
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
)

// fields says to which field of a form a refusal belongs.
var fields = map[string]string{
	"InvalidBackupRetentionPeriod.Malformed":            policy.FieldRetention,
	"InvalidPreferredBackupPeriod.Malformed":            policy.FieldDays,
	"InvalidPreferredBackupTime.Format":                 policy.FieldHour,
	"InvalidLogBackupFrequency.Malformed":               policy.FieldLog,
	"OperationDenied.ApiForbiddenForLogBackupFrequency": policy.FieldLog,
	"OperationDenied.ModifyBackupSwitchOff":             policy.FieldLog,
	"OperationDenied.SwitchToSnapshot":                  policy.FieldMethod,
	"OperationDenied.SwitchSnapshotToPhysical":          policy.FieldMethod,
	"OperationDenied.NotSupportedBackupMethod":          policy.FieldMethod,
	"InvalidBackupMethod.Format":                        policy.FieldMethod,
	"IncorrectCategory":                                 policy.FieldPriority,
	"IncorrectBackupPolicy":                             policy.FieldRows,
	"InvalidBackupType.Format":                          policy.FieldMode,
	"InvalidBackupStrategy.Format":                      policy.FieldDatabases,
	"InvalidDBName":                                     policy.FieldDatabases,
	"InvalidDBName.NotFound":                            policy.FieldDatabases,
	"InvalidDBName.Duplicate":                           policy.FieldDatabases,
	"InvalidExpectExpireTime.Format":                    policy.FieldExpiry,
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
