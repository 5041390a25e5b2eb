package preflight

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// levelsOf are the levels of the findings by code; the worst where a code
// comes twice.
func levelsOf(t *testing.T, fs []migration.Finding) map[string]migration.Level {
	t.Helper()
	out := map[string]migration.Level{}
	for _, f := range fs {
		if (f.Level == migration.Passed) != f.Fix.IsZero() {
			t.Errorf("%s is %s with the fix %q", f.Code, f.Level, f.Fix)
		}
		if f.Level != migration.Passed || out[f.Code] == "" {
			out[f.Code] = f.Level
		}
	}
	return out
}

// cloudFacts are those of a full, a differential and two logs that fit.
func cloudFacts() Facts {
	diff := file(2, "differential", migration.FilePlanned, 1, 20)
	diff.BaseGUID = bakfile.GUID{1}
	m := migration.Migration{ID: "m", Database: "orders", Mode: migration.Pending, Traits: serviceTraits,
		Files: []migration.File{file(1, "full", migration.FilePlanned, 1, 10), diff, file(3, "log", migration.FilePlanned, 20, 30), file(4, "log", migration.FilePlanned, 30, 40)}}
	m.Files[0].DataBytes = 100
	f := Facts{Migration: m,
		Bucket:   objectstore.Info{Name: "moves", Location: "oss-cn-hangzhou", StorageClass: "Standard", Owner: "1", Endpoint: "host"},
		Instance: migration.TargetInstance{Status: "Running", LockMode: "Unlock", Region: "cn-hangzhou", Owner: "1", VersionMajor: 15, StorageBytes: 300, UsedBytes: 200, MaxDatabases: 3}, Databases: []string{"a", "b"}}
	for _, file := range f.Migration.Files {
		f.Sets = append(f.Sets, SetFacts{File: file, VersionMajor: 15, RecoveryModel: "FULL", Position: 1, SetsInFile: 1, FamilyCount: 1, Complete: true})
	}
	return f
}

func TestJudge(t *testing.T) {
	for code, level := range levelsOf(t, Judge(cloudFacts())) {
		if level != migration.Passed {
			t.Errorf("what fits: %s is %s", code, level)
		}
	}
	for _, tc := range []struct {
		name string
		edit func(*Facts)
		code string
		want migration.Level // empty = no such line
	}{
		// the chain
		{"no file", func(f *Facts) { f.Migration.Files = nil }, "chain", migration.Barred},
		{"immediate with increments", func(f *Facts) { f.Migration.Mode = migration.Immediate }, "chain", migration.Barred},
		{"immediate alone", func(f *Facts) { f.Migration.Mode, f.Migration.Files = migration.Immediate, f.Migration.Files[:1] }, "chain", migration.Passed},
		{"SIMPLE, pending", func(f *Facts) { f.Sets[3].RecoveryModel = "SIMPLE" }, "recovery", migration.Warned},
		{"SIMPLE, immediate", func(f *Facts) {
			f.Migration.Mode, f.Migration.Files, f.Sets[3].RecoveryModel = migration.Immediate, f.Migration.Files[:1], "SIMPLE"
		}, "recovery", migration.Passed},
		{"BULK-LOGGED", func(f *Facts) { f.Sets[3].RecoveryModel = "BULK-LOGGED" }, "recovery", migration.Warned},
		{"no model told", func(f *Facts) { f.Sets = nil }, "recovery", ""},
		{"the last increment is large", func(f *Facts) { f.Migration.Files[3].Size = LastFileAdvice + 1 }, "last-size", migration.Warned},
		{"the last increment is as large as advised", func(f *Facts) { f.Migration.Files[3].Size = LastFileAdvice }, "last-size", ""},
		{"a large full is no increment", func(f *Facts) { f.Migration.Files = f.Migration.Files[:1]; f.Migration.Files[0].Size = 1 << 40 }, "last-size", ""},

		// the files
		{"a stripe", func(f *Facts) { f.Sets[0].FamilyCount = 2 }, "stripe", migration.Barred},
		{"a stripe where they are taken", func(f *Facts) { f.Sets[0].FamilyCount, f.Migration.Traits.Stripes = 2, true }, "stripe", ""},
		{"the second set of a file", func(f *Facts) { f.Sets[0].Position, f.Sets[0].SetsInFile = 2, 2 }, "position", migration.Barred},
		{"the first of two sets", func(f *Facts) { f.Sets[0].SetsInFile = 2 }, "sets", migration.Warned},
		{"the second set where any is taken", func(f *Facts) {
			f.Sets[0].Position, f.Sets[0].SetsInFile, f.Migration.Traits.Positions = 2, 2, true
		}, "position", ""},
		{"several sets where any is taken", func(f *Facts) { f.Sets[0].SetsInFile, f.Migration.Traits.Positions = 2, true }, "sets", ""},
		{"cut off", func(f *Facts) { f.Sets[2].Complete = false }, "truncated", migration.Barred},
		{"as large as may be", func(f *Facts) { f.Sets[0].File.Size = f.Migration.Traits.MaxFile }, "too-large", ""},
		{"a byte larger", func(f *Facts) { f.Sets[0].File.Size = f.Migration.Traits.MaxFile + 1 }, "too-large", migration.Barred},
		{"no bound", func(f *Facts) { f.Migration.Traits.MaxFile = 0; f.Sets[0].File.Size = 1 << 60 }, "too-large", ""},
		{"a key that is refused", func(f *Facts) { f.Sets[0].File.Key = "a b.bak" }, "key", migration.Barred},
		{"a key with an underscore", func(f *Facts) { f.Sets[0].File.Key = "a_b.bak" }, "key-advice", migration.Warned},
		{"a folder with an underscore", func(f *Facts) { f.Sets[0].File.Key = "a_b/c.bak" }, "key-advice", ""},

		// the version
		{"newer than the target", func(f *Facts) { f.Sets[1].VersionMajor = 16 }, "version", migration.Barred},
		{"older than the target", func(f *Facts) { f.Instance.VersionMajor = 16 }, "version", migration.Passed},
		{"not known", func(f *Facts) { f.Instance.VersionMajor = 0 }, "version", migration.Warned},

		// the bucket
		{"a folder", func(f *Facts) { f.Bucket = objectstore.Info{} }, "bucket", migration.Barred},
		{"another class", func(f *Facts) { f.Bucket.StorageClass = "IA" }, "bucket-class", migration.Barred},
		{"encrypted", func(f *Facts) { f.Bucket.Encryption = "AES256" }, "bucket-encryption", migration.Barred},
		{"none in words", func(f *Facts) { f.Bucket.Encryption = "none" }, "bucket-encryption", ""},
		{"another region", func(f *Facts) { f.Instance.Region = "cn-beijing" }, "bucket-region", migration.Barred},
		{"another account", func(f *Facts) { f.Bucket.Owner = "2" }, "bucket-account", migration.Barred},
		{"the bucket's account is unknown", func(f *Facts) { f.Bucket.Owner = "" }, "bucket-account", ""},
		{"the instance's account is unknown", func(f *Facts) { f.Instance.Owner = "" }, "bucket-account", ""},

		// the instance
		{"not running", func(f *Facts) { f.Instance.Status = "Restarting" }, "instance-state", migration.Barred},
		{"locked", func(f *Facts) { f.Instance.LockMode = "LockByDiskQuota" }, "instance-lock", migration.Barred},
		{"no word of a lock", func(f *Facts) { f.Instance.LockMode = "" }, "instance-lock", ""},
		{"as many as it may hold", func(f *Facts) { f.Instance.MaxDatabases = 2 }, "instance-count", migration.Barred},
		{"not told how many", func(f *Facts) { f.Instance.MaxDatabases = 0 }, "instance-count", ""},

		// its space
		{"a byte too little", func(f *Facts) { f.Instance.UsedBytes = 201 }, "space", migration.Barred},
		{"no size told", func(f *Facts) { f.Instance.StorageBytes = 0 }, "space", migration.Warned},
		{"nothing is used", func(f *Facts) { f.Instance.UsedBytes = 0 }, "space", migration.Passed},
		{"no use told", func(f *Facts) { f.Instance.UsedBytes = -1 }, "space", migration.Warned},
		{"a later backup needs more", func(f *Facts) { f.Migration.Files[1].DataBytes = 101 }, "space", migration.Barred},

		{"the name is taken", func(f *Facts) { f.Databases[1] = "ORDERS" }, "name", migration.Barred},
		{"the name cannot be", func(f *Facts) { f.Migration.Database = "msdb" }, "name", migration.Barred},

		// the day's calls
		{"as many as are left", func(f *Facts) { f.CallsDay = 16 }, "calls", migration.Passed},
		{"one too few", func(f *Facts) { f.CallsDay = 17 }, "calls", migration.Warned},
		{"one too few at the instance", func(f *Facts) { f.CallsHost = 497 }, "calls", migration.Warned},
		{"more than a day has", func(f *Facts) { f.Migration.Traits.Calls.Database = 3 }, "calls", migration.Warned},
		{"not counted", func(f *Facts) { f.Migration.Traits.Calls.Database, f.Migration.Traits.Calls.Instance = 0, 0 }, "calls", ""},
	} {
		f := cloudFacts()
		tc.edit(&f)
		found := Judge(f)
		if got := levelsOf(t, found)[tc.code]; got != tc.want {
			t.Errorf("%s: %s is %q, want %q", tc.name, tc.code, got, tc.want)
		}
		if migration.MayStart(found) == (tc.want == migration.Barred) {
			t.Errorf("%s: may start %v", tc.name, migration.MayStart(found))
		}
		if tc.want == migration.Barred && strings.Contains(tc.code, "-") && levelsOf(t, found)[strings.Split(tc.code, "-")[0]] == migration.Passed {
			t.Errorf("%s: and yet its line says that all is well", tc.name)
		}
	}
	three := cloudFacts()
	three.Migration.Traits.Calls.Database = 3
	for _, f := range Judge(three) {
		if f.Code == "calls" && !strings.Contains(f.Text.String(), "take 2 days") {
			t.Errorf("four files of three a day: %s", f.Text)
		}
	}
}

func TestGap(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func([]migration.File) []migration.File
		says string
	}{
		{"joins", func(f []migration.File) []migration.File { return f }, ""},
		{"no full", func(f []migration.File) []migration.File { return f[1:] }, "does not begin"},
		{"a second full", func(f []migration.File) []migration.File {
			return append(f, file(9, "full", migration.FilePlanned, 1, 99))
		}, "second full"},
		{"another base", func(f []migration.File) []migration.File { f[1].BaseGUID = bakfile.GUID{8}; return f }, "another full"},
		{"a log begins one record late", func(f []migration.File) []migration.File { f[3].FirstLSN = lsn(31); return f }, "is missing"},
		{"a log begins earlier", func(f []migration.File) []migration.File { f[3].FirstLSN = lsn(5); return f }, ""},
		{"a log ends where it was reached", func(f []migration.File) []migration.File { f[3].LastLSN = lsn(30); return f }, "already covered"},
		{"a log goes one record further", func(f []migration.File) []migration.File { f[3].LastLSN = lsn(31); return f }, ""},
		{"a log of the middle is gone", func(f []migration.File) []migration.File { return append(f[:2], f[3]) }, "is missing"},
		{"two files without a set are no stripes", func(f []migration.File) []migration.File {
			f[2].SetGUID, f[3].SetGUID, f[3].FirstLSN = bakfile.GUID{}, bakfile.GUID{}, lsn(35)
			return f
		}, "is missing"},
	} {
		why := gap(tc.edit(cloudFacts().Migration.Files)).String()
		if (why == "") != (tc.says == "") || !strings.Contains(why, tc.says) {
			t.Errorf("%s: %q, want %q", tc.name, why, tc.says)
		}
	}
}
