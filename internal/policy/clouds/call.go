package clouds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// StandardCall is the call that writes a standard policy (RDS API
// ModifyBackupPolicy). The data mode demands the hour, the days and the
// retention every time; the method, the priority and incremental go along only
// where the instance takes them, the interval of snapshots only with snapshots.
// LogBackupRetentionPeriod is not sent: on SQL Server logs are kept as long as
// data, and the service refuses the parameter.
func StandardCall(instanceID string, s Standard, can Abilities) backup.Call {
	c := dataMode(instanceID, s.Hour, s.Days, s.RetentionDays)
	if can.Snapshot || s.Method == Snapshot {
		c = c.With("BackupMethod", string(s.Method))
	}
	if takesIncremental(s, can) {
		c = c.With("EnableIncrementDataBackup", strconv.FormatBool(s.Incremental))
	}
	c = withLog(c, s.Log)
	if s.Method == Snapshot && s.SnapshotMinutes > 0 {
		c = c.With("BackupInterval", strconv.Itoa(s.SnapshotMinutes))
	}
	if can.SetPriority && can.Cluster && s.Method == Physical && s.Priority != PriorityNone {
		c = c.With("BackupPriority", strconv.Itoa(int(s.Priority)))
	}
	return c
}

// takesIncremental reports whether incremental can be chosen at all: not with
// snapshots, and not on Cluster Edition with physical backups.
func takesIncremental(s Standard, can Abilities) bool { return s.Method == Physical && !can.Cluster }

func dataMode(instanceID string, hour int, days []time.Weekday, retention int) backup.Call {
	return backup.Call{Action: "ModifyBackupPolicy"}.With("DBInstanceId", instanceID).With("BackupPolicyMode", "DataBackupPolicy").
		With("PreferredBackupTime", HourText(hour)).With("PreferredBackupPeriod", DaysText(days)).
		With("BackupRetentionPeriod", strconv.Itoa(retention))
}

// withLog adds how often logs are backed up. Every call says it anew: BackupLog
// is the switch for every 5 minutes and sent for that alone, LogBackupFrequency
// LogInterval is every 30, and neither is with each data backup (RDS API
// ModifyBackupPolicy, as the comments of its SDKs of 2026 have it; sheet
// apsaradb, 1.5).
func withLog(c backup.Call, log LogFrequency) backup.Call {
	switch log {
	case LogEvery5:
		return c.With("BackupLog", "Enable")
	case LogEvery30:
		return c.With("LogBackupFrequency", "LogInterval")
	}
	return c
}

// HourText is the service's form of a backup hour in UTC, such as
// 18:00Z-19:00Z. The last hour of the day is written 23:00Z-24:00Z, as the
// backup service's own reference does.
func HourText(hour int) string { return fmt.Sprintf("%02d:00Z-%02d:00Z", hour, hour+1) }

// ReadHour reads the hour at which such a text begins; false when it cannot.
func ReadHour(s string) (int, bool) {
	begin, _, _ := strings.Cut(strings.TrimSpace(s), "-")
	h, _, ok := strings.Cut(begin, ":")
	n, err := strconv.Atoi(h)
	return n, ok && err == nil && n >= 0 && n <= 23
}

// DaysText is the service's form of days: English names, Monday first.
func DaysText(days []time.Weekday) string {
	var names []string
	for _, d := range sortDays(days) {
		names = append(names, d.String())
	}
	return strings.Join(names, ",")
}

// ReadDays reads such a text; names it does not know are left out.
func ReadDays(s string) []time.Weekday {
	var out []time.Weekday
	for name := range strings.SplitSeq(s, ",") {
		for d := time.Sunday; d <= time.Saturday; d++ {
			if strings.EqualFold(strings.TrimSpace(name), d.String()) {
				out = append(out, d)
			}
		}
	}
	return sortDays(out)
}

// sortDays sorts without doubles, Monday first.
func sortDays(days []time.Weekday) []time.Weekday {
	out := slices.Clone(days)
	slices.SortFunc(out, func(a, b time.Weekday) int { return isoDay(a) - isoDay(b) })
	return slices.Compact(out)
}

// isoDay counts Monday as 1 and Sunday as 7.
func isoDay(d time.Weekday) int { return (int(d)+6)%7 + 1 }
