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

// backupVerdict is verdict for the calls about backups. The codes are those of
// the public pages ModifyBackupPolicy and CreateBackup.
func backupVerdict(code string) (kind fault.Kind, message, fix string, known bool) {
	switch code {
	case "InvalidBackupRetentionPeriod.Malformed":
		return fault.Invalid, "The service does not take this retention.", "Choose 7 to 730 days.", true
	case "InvalidPreferredBackupPeriod.Malformed":
		return fault.Invalid, "The service does not take these days.", "Choose at least two days a week.", true
	case "InvalidPreferredBackupTime.Format":
		return fault.Invalid, "The service does not take this hour.", "Choose a full hour, in UTC.", true
	case "InvalidLogBackupFrequency.Malformed":
		return fault.Invalid, "The service does not take this frequency of log backups.", "Choose every 30 minutes, or as data.", true
	case "OperationDenied.ApiForbiddenForLogBackupFrequency":
		return fault.Conflict, "With snapshots, logs cannot be backed up only as often as data.", "Choose every 30 minutes.", true
	case "OperationDenied.ModifyBackupSwitchOff":
		return fault.Conflict, "Log backup cannot be switched off.", "", true
	case "OperationDenied.SwitchToSnapshot":
		return fault.Conflict, "The instance cannot change to snapshots while cross-region backup is on.", "Switch cross-region backup off first.", true
	case "OperationDenied.SwitchSnapshotToPhysical":
		return fault.Conflict, "An instance that takes snapshots cannot go back to physical backups.", "Take physical backups by hand: that stays possible.", true
	case "OperationDenied.NotSupportedBackupMethod":
		return fault.Conflict, "The instance does not support this backup method; with more than 4,000 GB of storage only snapshots are.", "Choose the other method.", true
	case "InvalidBackupMethod.Format":
		return fault.Invalid, "The service does not take this backup method.", "", true
	case "IncorrectCategory":
		return fault.Conflict, "The edition of the instance does not have this setting.", "The priority of nodes is for Cluster Edition with physical backups.", true
	case "IncorrectBackupPolicy":
		return fault.Conflict, "The instance has an advanced backup policy, which the service lets nobody change through its API.", "Change it in the console.", true
	case "BackupPropertyNotFound":
		return fault.NotFound, "The service has no backup policy for this instance.", "Look at the instance in the console.", true
	case "InvalidReleasedKeepPolicy.Format":
		return fault.Invalid, "The service does not take this setting for released instances.", "", true
	case "BackupJobExists":
		return fault.Conflict, "Another backup of the instance is under way.", "Wait until it has ended.", true
	case "BackupTimesExceeded":
		return fault.Conflict, "The instance had 20 backups today, which is the service's limit.", "Go on tomorrow.", true
	case "InvalidBackupType.Format":
		return fault.Invalid, "The service does not take this type of backup.", "", true
	case "InvalidDBName.Duplicate":
		return fault.Conflict, "A database of this name exists at the target already.", "Choose another name.", true
	case "InvalidRestoreTime.NotFound":
		return fault.Conflict, "The instance cannot be restored to this moment.", "Choose a moment inside its recovery window.", true
	case "InvalidParameterCombination":
		return fault.Invalid, "", "Two of the choices exclude each other: see the reasons beside the fields.", true
	}
	return "", "", "", false
}
