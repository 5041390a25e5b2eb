package backup

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// Bounds of the retention of single databases, in days (page "Back up data").
const (
	LeastRetention = 7
	MostRetention  = 730
	// ForEver is the retention of single databases that never ends.
	ForEver = -1
	// OrdersADay is how many backup sets of an instance the service makes in a
	// day (RDS API CreateBackup).
	OrdersADay = 20
)

// OrderCall is the call that an order makes (RDS API CreateBackup). Only what
// SQL Server takes is sent: the backup type goes with physical backups, single
// databases are physical and full, and a retention goes with single databases.
func OrderCall(instanceID string, o Order) (Call, error) {
	c := Call{Action: "CreateBackup"}.With("DBInstanceId", instanceID)
	single := len(o.Databases) > 0
	switch {
	case single && (o.Snapshot || o.Automatic):
		return Call{}, fault.New(fault.Invalid, "Single databases are backed up by physical full backups only.", "Choose physical and full, or the whole instance.")
	case o.Snapshot && o.Automatic:
		return Call{}, fault.New(fault.Invalid, "A snapshot is always full.", "Choose full, or a physical backup.")
	case !single && o.RetentionDays != 0:
		return Call{}, fault.New(fault.Invalid, "A backup of the whole instance is kept as long as the policy says.", "Choose databases to give their backup a retention of its own.")
	case single && o.RetentionDays != 0 && o.RetentionDays != ForEver && (o.RetentionDays < LeastRetention || o.RetentionDays > MostRetention):
		return Call{}, fault.Newf(fault.Invalid, "A backup of single databases is kept for %d to %d days, or for ever.", LeastRetention, MostRetention)
	}
	if o.Snapshot {
		return c.With("BackupMethod", "Snapshot").With("BackupStrategy", "instance"), nil
	}
	c = c.With("BackupMethod", "Physical")
	if o.Automatic {
		return c.With("BackupType", "Auto").With("BackupStrategy", "instance"), nil
	}
	c = c.With("BackupType", "FullBackup")
	if !single {
		return c.With("BackupStrategy", "instance"), nil
	}
	for _, name := range o.Databases {
		if name == "" || strings.Contains(name, ",") {
			return Call{}, fault.Newf(fault.Invalid, "The database %q cannot be named to the service, which separates names by commas.", name).
				WithFix("Back the whole instance up instead.")
		}
	}
	c = c.With("BackupStrategy", "db").With("DBName", strings.Join(o.Databases, ","))
	if o.RetentionDays != 0 {
		c = c.With("BackupRetentionPeriod", strconv.Itoa(o.RetentionDays))
	}
	return c, nil
}

// RestoreCall is the call that a restore makes (RDS API
// CopyDatabaseBetweenInstances). Logins' rights are not brought along. DbNames
// is the JSON map of the reference's example; its text speaks of a list.
func RestoreCall(instanceID string, r RestoreOrder) (Call, error) {
	switch {
	case r.Target == "":
		return Call{}, fault.New(fault.Invalid, "No instance to restore into is chosen.", "Choose one.")
	case r.Target == instanceID: // told by users of the console (sheet apsaradb, 20.7)
		return Call{}, fault.New(fault.Invalid, "The service does not restore into the instance that the backup is of.", "Choose another instance of the same account and region.")
	case len(r.Databases) == 0:
		return Call{}, fault.New(fault.Invalid, "No database to restore is chosen.", "Choose at least one.")
	case (r.SetID == "") == r.At.IsZero():
		return Call{}, fault.New(fault.Invalid, "A restore goes to a backup set or to a moment.", "Choose one of the two.")
	}
	targets := map[string]bool{}
	for from, to := range r.Databases {
		if low := strings.ToLower(to); from == "" || to == "" || targets[low] {
			return Call{}, fault.Newf(fault.Invalid, "The database %q has no name of its own at the target.", from).WithFix("Give each database another name.")
		} else {
			targets[low] = true
		}
	}
	names, err := json.Marshal(r.Databases) // sorted by key
	if err != nil {
		return Call{}, fmt.Errorf("name databases: %w", err)
	}
	c := Call{Action: "CopyDatabaseBetweenInstances"}.With("DBInstanceId", instanceID).With("TargetDBInstanceId", r.Target).
		With("DbNames", string(names)).With("BackupId", r.SetID)
	if !r.At.IsZero() {
		c = c.With("RestoreTime", r.At.UTC().Format("2006-01-02T15:04:05Z"))
	}
	return c.With("SyncUserPrivilege", "NO"), nil
}

// ExpiryMinute is the next moment, in UTC, that a set can expire at.
func ExpiryMinute(t time.Time) time.Time {
	if down := t.UTC().Truncate(time.Minute); !down.Equal(t) {
		return down.Add(time.Minute)
	}
	return t.UTC()
}

// ExtendCall is the call that moves a set's expiry to a whole minute (RDS API
// ModifyBackupSetExpireTime, whose text speaks of minutes).
func ExtendCall(instanceID, setID string, until time.Time) Call {
	return extendCall(instanceID, setID, ExpiryMinute(until).Format("2006-01-02T15:04Z"))
}

// ExtendCallInSeconds is the same call with seconds, as the examples of its page
// have them, for a service that refuses the form of the text.
func ExtendCallInSeconds(instanceID, setID string, until time.Time) Call {
	return extendCall(instanceID, setID, ExpiryMinute(until).Format("2006-01-02T15:04:05Z"))
}

func extendCall(instanceID, setID, until string) Call {
	return Call{Action: "ModifyBackupSetExpireTime"}.With("DBInstanceId", instanceID).With("BackupId", setID).With("ExpectExpireTime", until)
}
