package aliyunemu

import (
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// tuesday is when the clock of these tests begins.
var tuesday = time.Date(2026, 3, 3, 1, 0, 0, 0, time.UTC)

func backing(t *testing.T, file string, change func(*Instance)) *Server {
	t.Helper()
	in := Instance{ID: "rm-1", Account: "1", Region: "cn-hangzhou", Version: "2019_std_ha", StorageGB: 20,
		Databases: map[string]*Database{"Shop": {DataBytes: 1 << 20}}}
	if change != nil {
		change(&in)
	}
	s, err := New(Config{Step: time.Millisecond, File: file, Clock: tuesday,
		Accounts: []Account{{ID: "1", Keys: []Key{{ID: keyID, Secret: secret}}}}, Instances: []Instance{in}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestBackupsOutliveTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	s := backing(t, file, nil)
	s.Forward(5 * 24 * time.Hour)
	before, _ := s.Instance("rm-1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = backing(t, file, nil)
	s.Forward(0)
	after, _ := s.Instance("rm-1")
	if len(before.Backups.Sets) != 2 || len(after.Backups.Sets) != 2 || before.Backups.Sets[0].ID != after.Backups.Sets[0].ID {
		t.Errorf("%d sets, then %d", len(before.Backups.Sets), len(after.Backups.Sets))
	}
	if now := s.Clock().Now; now.Sub(tuesday) < 5*24*time.Hour || now.Sub(tuesday) > 5*24*time.Hour+time.Hour {
		t.Errorf("the clock is at %v", now)
	}
}

// A history can be there at once, as it would have been made.
func TestAHistoryFromThePast(t *testing.T) {
	s := backing(t, "", func(in *Instance) {
		in.Backups.Since, in.Backups.Policy.LogMinutes = tuesday.AddDate(0, 0, -30), 30
	})
	s.Forward(0)
	in, _ := s.Instance("rm-1")
	b := in.Backups
	if len(b.Sets) != 4 || len(b.Logs) != 7*48 {
		t.Fatalf("%d sets, %d logs", len(b.Sets), len(b.Logs))
	}
	for i := 1; i < len(b.Logs); i++ {
		if !b.Logs[i].From.Equal(b.Logs[i-1].To) {
			t.Fatalf("logs %v and %v do not join", b.Logs[i-1], b.Logs[i])
		}
	}
	for _, one := range b.Sets {
		if !slices.Equal(one.Databases, []string{"Shop"}) || !slices.Contains(b.Policy.Days, one.Started.Weekday().String()) || one.Started.Hour() != 18 {
			t.Errorf("%+v", one)
		}
	}
}

// Scheduled backups that cannot begin are left out; stopped logs leave a gap.
func TestWhatIsMissed(t *testing.T) {
	s := backing(t, "", func(in *Instance) { in.Backups.Policy.LogMinutes = 30 })
	word := "Restarting"
	s.Patch("rm-1", InstancePatch{Status: &word})
	yes, no := true, false
	s.Forward(24 * time.Hour)
	s.PatchBackups("rm-1", BackupsPatch{StopLogs: &yes})
	s.Forward(24 * time.Hour) // over Wednesday, 18:00
	word = "Running"
	s.Patch("rm-1", InstancePatch{Status: &word})
	s.PatchBackups("rm-1", BackupsPatch{StopLogs: &no})
	s.Forward(3 * 24 * time.Hour)
	in, _ := s.Instance("rm-1")
	if len(in.Backups.Sets) != 1 || in.Backups.Sets[0].Started.Weekday() != time.Friday {
		t.Errorf("%+v", in.Backups.Sets)
	}
	gaps := 0
	for i := 1; i < len(in.Backups.Logs); i++ {
		if !in.Backups.Logs[i].From.Equal(in.Backups.Logs[i-1].To) {
			gaps++
		}
	}
	if gaps != 1 {
		t.Errorf("%d gaps", gaps)
	}
}

// The refusals of the wire that our client never provokes by itself.
func TestRefusedBackupCalls(t *testing.T) {
	policy := map[string]string{"DBInstanceId": "rm-1", "PreferredBackupTime": "18:00Z-19:00Z", "PreferredBackupPeriod": "Monday,Friday", "BackupRetentionPeriod": "7", "BackupLog": "Enable"}
	with := func(base map[string]string, name, value string) map[string]string {
		out := map[string]string{"DBInstanceId": "rm-1"}
		for k, v := range base {
			out[k] = v
		}
		out[name] = value
		return out
	}
	lists := map[string]string{"StartTime": "2026-03-03T00:00Z", "EndTime": "2026-03-04T00:00Z"}
	s := backing(t, "", nil)
	for _, c := range []struct {
		action string
		q      map[string]string
		want   string
	}{
		{"ModifyBackupPolicy", with(policy, "BackupLog", "Disabled"), "OperationDenied.ModifyBackupSwitchOff"},
		{"ModifyBackupPolicy", with(policy, "EnableBackupLog", "0"), "OperationDenied.ModifyBackupSwitchOff"},
		{"ModifyBackupPolicy", with(with(policy, "BackupLog", "Enable"), "LogBackupFrequency", "LogInterval"), "InvalidLogBackupFrequency.Malformed"},
		{"ModifyBackupPolicy", with(policy, "BackupInterval", "30"), "InvalidBackupInterval.Malformed"},
		{"ModifyBackupPolicy", with(policy, "Category", "Flash"), "InvalidParameter"},
		{"ModifyBackupPolicy", with(policy, "LogBackupRetentionPeriod", "7"), "InvalidParameter"},
		{"ModifyBackupPolicy", with(policy, "BackupPolicyMode", "LogBackupPolicy"), "InvalidParameter"},
		{"ModifyBackupPolicy", with(policy, "LogBackupFrequency", "5"), "InvalidLogBackupFrequency.Malformed"},
		{"ModifyBackupPolicy", with(policy, "BackupMethod", "Logical"), "InvalidBackupMethod.Format"},
		{"ModifyBackupPolicy", with(policy, "ReleasedKeepPolicy", "Latest"), "InvalidReleasedKeepPolicy.Format"},
		{"ModifyBackupPolicy", with(policy, "PreferredBackupTime", "18:30Z-19:30Z"), "InvalidPreferredBackupTime.Format"},
		{"ModifyBackupPolicy", with(policy, "PreferredBackupPeriod", "Monday,Montag"), "InvalidPreferredBackupPeriod.Malformed"},
		{"ModifyBackupPolicy", with(with(policy, "BackupMethod", "Snapshot"), "EnableIncrementDataBackup", "true"), "InvalidParameterCombination"},
		{"ModifyBackupPolicy", with(policy, "ReleasedKeepPolicy", "All"), ""},
		{"CreateBackup", with(nil, "BackupMethod", "Logical"), "InvalidBackupMethod.Format"},
		{"CreateBackup", with(nil, "BackupType", "IncrementalBackup"), "InvalidBackupType.Format"},
		{"CreateBackup", with(nil, "BackupStrategy", "table"), "InvalidBackupStrategy.Format"},
		{"CreateBackup", with(map[string]string{"BackupStrategy": "db"}, "DBName", "Shop"), "InvalidParameterCombination"},
		{"CreateBackup", with(map[string]string{"BackupStrategy": "db"}, "BackupType", "FullBackup"), "MissingDBName"},
		{"DescribeBackups", with(lists, "PageSize", "31"), "InvalidMaxRecordsPerPage.Malformed"},
		{"DescribeBackups", with(lists, "StartTime", "2026-03-03T00:00:00Z"), "InvalidStartTime.Format"},
		{"DescribeBackups", with(lists, "EndTime", "2026-03-02T00:00Z"), "InvalidParameterCombination"},
		{"DescribeLogBackupFiles", with(lists, "PageSize", "29"), "InvalidMaxRecordsPerPage.Malformed"},
		{"DescribeLogBackupFiles", with(nil, "StartTime", "2026-03-03T00:00Z"), "MissingEndTime"},
		{"DescribeLogBackupFiles", with(lists, "PageSize", "1000"), ""},
		{"DescribeBackupTasks", with(nil, "BackupJobId", "b-1"), "InvalidBackupJobId.Malformed"},
		{"DeleteBackup", with(nil, "BackupId", "1"), "InvalidDBInstanceEngineType.Format"},
	} {
		if _, code := sdk(t, s, keyID, secret, c.action, c.q); code != c.want {
			t.Errorf("%s %v: %q, want %q", c.action, c.q, code, c.want)
		}
	}
}
