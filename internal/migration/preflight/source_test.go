package preflight

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
)

func sourceFacts() SourceFacts {
	return SourceFacts{Server: backup.ServerInfo{VersionMajor: 15, Now: t0, EngineEdition: 3}, Now: t0, Every: 96 * time.Minute, Freeze: migration.FreezeTail,
		Database: backup.Database{Name: "orders", State: "ONLINE", RecoveryModel: "FULL", PageVerify: "CHECKSUM", DataBytes: 100, LogBytes: 50, FreeBackupBytes: 100, LastGoodCheck: t0.Add(-14 * 24 * time.Hour)}}
}

func inGroup(role backup.Role, anyKind bool, freeze migration.Freeze) func(*SourceFacts) {
	return func(f *SourceFacts) {
		f.Freeze, f.Database.InAvailabilityGroup = freeze, true
		f.Database.Member = &backup.Member{Group: "AG 1", Role: role, Primary: "SQL01", AnyKind: anyKind}
	}
}

// TestTheWayOutOfAGroupIsShown with its exact statement.
func TestTheWayOutOfAGroupIsShown(t *testing.T) {
	const statement = "ALTER AVAILABILITY GROUP [AG 1] REMOVE DATABASE [orders]"
	for name, edit := range map[string]func(*SourceFacts){
		"tail": inGroup(backup.Primary, false, migration.FreezeTail), "READ_ONLY": inGroup(backup.Primary, false, migration.FreezeReadOnly),
		"uncounted": func(f *SourceFacts) {
			inGroup(backup.Primary, false, migration.FreezeStopped)(f)
			f.WriteActivity.Uncounted = []string{"t"}
		},
	} {
		f := sourceFacts()
		edit(&f)
		found := false
		for _, line := range JudgeSource(f, migration.TargetInstance{VersionMajor: 15}, endpoint.Traits{}) {
			found = found || line.Code == "freeze" && line.Level == migration.Barred && strings.Contains(line.Fix.String(), statement)
		}
		if !found {
			t.Errorf("%s: the statement is not shown", name)
		}
	}
}

func TestJudgeSource(t *testing.T) {
	for _, tc := range []struct {
		name   string
		edit   func(*SourceFacts)
		code   string
		want   migration.Level // empty = no such line
		remedy migration.Remedy
	}{
		{"not online", func(f *SourceFacts) { f.Database.State = "SUSPECT" }, "source-state", migration.Barred, ""},
		{"in standby", func(f *SourceFacts) { f.Database.ReadOnly, f.Database.Standby = true, true }, "source-state", migration.Barred, ""},
		{"read-only", func(f *SourceFacts) { f.Database.ReadOnly = true }, "source-state", migration.Warned, ""},
		{"a replica whose role is not told", func(f *SourceFacts) { f.Database.InAvailabilityGroup, f.Freeze = true, migration.FreezeStopped }, "replica", migration.Warned, ""},
		{"the primary, not preferred", inGroup(backup.Primary, false, migration.FreezeStopped), "replica", migration.Warned, ""},
		{"a secondary", inGroup(backup.Secondary, false, migration.FreezeStopped), "replica", migration.Barred, ""},
		{"a secondary of 2025", inGroup(backup.Secondary, true, migration.FreezeStopped), "replica", migration.Warned, ""},
		{"no primary", inGroup(backup.Resolving, false, migration.FreezeStopped), "replica", migration.Barred, ""},
		{"the tail of a member", inGroup(backup.Primary, false, migration.FreezeTail), "freeze", migration.Barred, ""},
		{"READ_ONLY of a member", inGroup(backup.Primary, false, migration.FreezeReadOnly), "freeze", migration.Barred, ""},
		{"a member whose application stops", inGroup(backup.Primary, false, migration.FreezeStopped), "freeze", migration.Warned, ""},
		{"in no group", func(*SourceFacts) {}, "replica", "", ""},
		{"a right is missing", func(f *SourceFacts) { f.Missing = []backup.MissingRight{{Right: "BACKUP LOG", Grant: "GRANT"}} }, "rights", migration.Barred, ""},
		{"BULK_LOGGED", func(f *SourceFacts) { f.Database.RecoveryModel = "BULK_LOGGED" }, "recovery", migration.Warned, migration.RemedyRecovery},
		{"SIMPLE", func(f *SourceFacts) { f.Database.RecoveryModel = "SIMPLE" }, "recovery", migration.Barred, migration.RemedyRecovery},
		{"newer than the target", func(f *SourceFacts) { f.Server.VersionMajor = 16 }, "version", migration.Barred, ""},
		{"older than the target", func(f *SourceFacts) { f.Server.VersionMajor = 14 }, "version", migration.Passed, ""},
		{"encrypted", func(f *SourceFacts) { f.Database.Encrypted = true }, "tde", migration.Barred, ""},
		{"memory-optimised tables", func(f *SourceFacts) { f.Database.MemoryOptimised = true }, "memory-optimised", migration.Warned, ""},
		{"in SINGLE_USER", func(f *SourceFacts) { f.Database.UserAccess = "SINGLE_USER" }, "access", migration.Barred, ""},
		{"in RESTRICTED_USER", func(f *SourceFacts) { f.Database.UserAccess = "RESTRICTED_USER" }, "access", migration.Warned, ""},
		{"FILESTREAM", func(f *SourceFacts) { f.Database.Filestream = true }, "filestream", migration.Barred, ""},
		{"features of Enterprise", func(f *SourceFacts) { f.Database.EditionFeatures = []string{"Partitioning"} }, "edition", migration.Warned, ""},
		{"Service Broker", func(f *SourceFacts) { f.Database.Broker = true }, "lost-broker", migration.Warned, ""},
		{"no Service Broker", func(*SourceFacts) {}, "lost-broker", "", ""},
		{"TRUSTWORTHY", func(f *SourceFacts) { f.Database.Trustworthy = true }, "lost-trustworthy", migration.Warned, ""},
		{"change data capture", func(f *SourceFacts) { f.Database.CDC = true }, "lost-cdc", migration.Warned, ""},
		{"change data capture that is kept", func(f *SourceFacts) { f.Database.CDC, f.Keep.CDC = true, true }, "kept-cdc", migration.Warned, ""},
		{"kept, and lost no more", func(f *SourceFacts) { f.Database.CDC, f.Keep.CDC = true, true }, "lost-cdc", "", ""},
		{"kept, and not used", func(f *SourceFacts) { f.Keep.CDC = true }, "kept-cdc", "", ""},
		{"change tracking", func(f *SourceFacts) { f.Database.Tracking = true }, "tracking", migration.Warned, ""},
		{"published tables", func(f *SourceFacts) { f.Database.Published = true }, "lost-replication", migration.Warned, ""},
		{"torn pages", func(f *SourceFacts) { f.Database.PageVerify = "NONE" }, "page-verify", migration.Warned, migration.RemedyPageVerify},
		{"page verify is not told", func(f *SourceFacts) { f.Database.PageVerify = "" }, "page-verify", "", ""},
		{"checked two weeks ago", func(*SourceFacts) {}, "checkdb", migration.Passed, ""},
		{"checked more than two weeks ago", func(f *SourceFacts) { f.Database.LastGoodCheck = t0.Add(-14*24*time.Hour - 1) }, "checkdb", migration.Warned, migration.RemedyCheck},
		{"never checked", func(f *SourceFacts) { f.Database.LastGoodCheck = time.Time{} }, "checkdb", migration.Warned, migration.RemedyCheck},
		{"its clock is a minute ahead", func(f *SourceFacts) { f.Server.Now = t0.Add(time.Minute) }, "clock", "", ""},
		{"its clock is more than a minute ahead", func(f *SourceFacts) { f.Server.Now = t0.Add(time.Minute + 1) }, "clock", migration.Warned, ""},
		{"its clock is more than a minute behind", func(f *SourceFacts) { f.Server.Now = t0.Add(-time.Minute - 1) }, "clock", migration.Warned, ""},
		{"Express compresses nothing", func(f *SourceFacts) { f.Compress, f.Server.EngineEdition = true, 4 }, "compress", migration.Barred, ""},
		{"Express without compression", func(f *SourceFacts) { f.Server.EngineEdition = 4 }, "compress", "", ""},
		{"another edition compresses", func(f *SourceFacts) { f.Compress = true }, "compress", "", ""},
		{"the folder just takes it", func(*SourceFacts) {}, "folder", migration.Passed, ""},
		{"the folder is a byte too small", func(f *SourceFacts) { f.Database.FreeBackupBytes = 99 }, "folder", migration.Barred, ""},
		{"an empty folder's space is told", func(f *SourceFacts) { f.Database.FreeBackupBytes, f.Database.DataBytes = 0, 0 }, "folder", migration.Passed, ""},
		{"the folder's space is not told", func(f *SourceFacts) { f.Database.FreeBackupBytes = -1 }, "folder", migration.Warned, ""},
		{"one side does not see the folder", func(f *SourceFacts) { f.FolderOK = errors.New("no") }, "folder", migration.Barred, ""},
		{"others take logs", func(f *SourceFacts) { f.Foreign = make([]backup.HistoryRow, 2) }, "others", migration.Warned, ""},
		{"the tail leaves no trace", func(*SourceFacts) {}, "freeze", "", ""},
		{"READ_ONLY leaves one", func(f *SourceFacts) { f.Freeze = migration.FreezeReadOnly }, "freeze", migration.Warned, ""},
		{"a stopped application", func(f *SourceFacts) { f.Freeze = migration.FreezeStopped }, "freeze", migration.Warned, ""},
		{"stopped, the log is not counted", func(f *SourceFacts) { f.Freeze, f.WriteActivity.Logged = migration.FreezeStopped, -1 }, "freeze", migration.Barred, ""},
		{"stopped, memory-optimised tables", func(f *SourceFacts) { f.Freeze, f.WriteActivity.Uncounted = migration.FreezeStopped, []string{"t"} }, "freeze", migration.Barred, ""},
		{"stopped, nothing is told", func(f *SourceFacts) { f.Freeze, f.WriteActivityErr = migration.FreezeStopped, errors.New("no") }, "freeze", migration.Barred, ""},
	} {
		f := sourceFacts()
		tc.edit(&f)
		found := JudgeSource(f, migration.TargetInstance{VersionMajor: 15, Edition: "std"}, serviceTraits)
		if tc.name != "one side does not see the folder" && tc.name != "stopped, nothing is told" { // an error without words says no fix
			levelsOf(t, found)
		}
		var got migration.Finding
		for _, f := range found {
			if f.Code == tc.code {
				got = f
			}
		}
		if got.Level != tc.want || got.Remedy != tc.remedy {
			t.Errorf("%s: %s is %q with %q, want %q with %q", tc.name, tc.code, got.Level, got.Remedy, tc.want, tc.remedy)
		}
		if migration.MayStart(found) == (tc.want == migration.Barred) {
			t.Errorf("%s: may start %v", tc.name, migration.MayStart(found))
		}
	}
	// A server of one's own takes more.
	own := sourceFacts()
	own.Database.Encrypted, own.Database.Filestream, own.Freeze = true, true, migration.FreezeReadOnly
	own.Database.EditionFeatures = []string{"Partitioning"}
	got := levelsOf(t, JudgeSource(own, migration.TargetInstance{VersionMajor: 15, Edition: "ent"}, serverTraits))
	if got["tde"] != migration.Warned || got["filestream"] != migration.Warned || got["freeze"] != migration.Passed || got["edition"] != "" {
		t.Errorf("a server of one's own: %v", got)
	}
	for _, edition := range []string{"web", "express"} {
		if got := levelsOf(t, JudgeSource(own, migration.TargetInstance{VersionMajor: 15, Edition: edition}, serverTraits)); got["edition"] != migration.Warned {
			t.Errorf("%s: %v", edition, got)
		}
	}
	if got := levelsOf(t, JudgeSource(own, migration.TargetInstance{}, serverTraits)); got["version"] != migration.Warned {
		t.Errorf("a version that is not known: %v", got)
	}
}

// TestJudgeLive: the target must hold data and log, and the day's imports the
// interval.
func TestJudgeLive(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*Facts, *SourceFacts)
		code string
		want migration.Level
	}{
		{"data and log just fit", func(f *Facts, _ *SourceFacts) { f.Instance.UsedBytes = 150 }, "space", migration.Passed},
		{"the log does not fit", func(f *Facts, _ *SourceFacts) { f.Instance.UsedBytes = 151 }, "space", migration.Barred},
		{"the shortest interval", func(*Facts, *SourceFacts) {}, "calls", migration.Passed},
		{"a shorter one", func(_ *Facts, s *SourceFacts) { s.Every = 96*time.Minute - 1 }, "calls", migration.Warned},
		{"the name is taken", func(f *Facts, _ *SourceFacts) { f.Databases = []string{"Orders"} }, "name", migration.Barred},
		{"not running", func(f *Facts, _ *SourceFacts) { f.Instance.Status = "x" }, "instance-state", migration.Barred},
		{"a prefix that the service refuses", func(f *Facts, _ *SourceFacts) { f.Migration.StagingPrefix = "新/" }, "key", migration.Barred},
		{"another region", func(f *Facts, _ *SourceFacts) { f.Instance.Region = "x" }, "bucket-region", migration.Barred},
		{"calls are not counted", func(f *Facts, _ *SourceFacts) { f.Migration.Traits = serverTraits }, "calls", ""},
	} {
		f, s := cloudFacts(), sourceFacts()
		f.Instance.UsedBytes = 100
		tc.edit(&f, &s)
		if got := levelsOf(t, JudgeLive(f, s))[tc.code]; got != tc.want {
			t.Errorf("%s: %s is %q, want %q", tc.name, tc.code, got, tc.want)
		}
	}
}
