package wave

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/words"
)

func TestAWholeWaveIsJudged(t *testing.T) {
	base := func() Facts {
		return Facts{Traits: serviceTraits, Every: 4 * time.Hour, Members: []Need{need("billing", 100, 20), need("crm", 50, 10)}, Bucket: objectstore.Info{Name: "moves"}, BucketMay: -1,
			Instance: migration.TargetInstance{Region: "cn-hangzhou", StorageBytes: 1000 << 30, UsedBytes: 800 << 30, MaxDatabases: 10}, Databases: []string{"a", "b"}}
	}
	many := func(n int) (out []Need) {
		for i := range n {
			out = append(out, need(fmt.Sprintf("db%03d", i), 0, 0))
		}
		return out
	}
	for _, tc := range []struct {
		name   string
		change func(*Facts)
		code   string
		level  migration.Level
		says   string // in text or fix
	}{
		{"all fits", func(*Facts) {}, "wave-space", migration.Passed, "180 GB of 200 GB free"},
		{"each fits alone, not together", func(f *Facts) { f.Instance.UsedBytes = 850 << 30 }, "wave-space", migration.Barred, "Enlarge its storage by 30.0 GB"},
		{"target tells no size", func(f *Facts) { f.Instance.StorageBytes = 0 }, "wave-space", migration.Warned, "not told"},
		{"folder is full with all", func(f *Facts) { f.Members[1].FreeBackup = 120 << 30 }, "wave-folder", migration.Barred, "Free 30.0 GB"},
		{"folder tells nothing", func(f *Facts) { f.Members[0].FreeBackup, f.Members[1].FreeBackup = -1, -1 }, "wave-folder", migration.Warned, "not told"},
		{"bucket has no bound", func(*Facts) {}, "wave-bucket", migration.Passed, "no bound"},
		{"bucket is a small disk", func(f *Facts) { f.BucketMay = 149 << 30 }, "wave-bucket", migration.Barred, "149 GB are free in moves"},
		{"bucket is a disk just large enough", func(f *Facts) { f.BucketMay = 150 << 30 }, "wave-bucket", migration.Passed, ""},
		{"as many as it may hold", func(f *Facts) { f.Instance.MaxDatabases = 4 }, "wave-count", migration.Passed, "4 of 4"},
		{"one too many", func(f *Facts) { f.Instance.MaxDatabases = 3 }, "wave-count", migration.Barred, "Leave out 1"},
		{"others on their way count", func(f *Facts) { f.Instance.MaxDatabases, f.Coming = 4, []string{"A", "hr"} }, "wave-count", migration.Barred, "3 are there or on their way"},
		{"class unknown", func(f *Facts) { f.Instance.MaxDatabases = 0 }, "wave-count", migration.Warned, "not told"},
		{"one name twice", func(f *Facts) { f.Members[1].Name, f.Members[1].Source = "BILLING", "BILLING" }, "wave-names", migration.Barred, "billing and BILLING"},
		{"fifty at the shortest interval of one", func(f *Facts) { f.Members, f.Every, f.Instance.MaxDatabases = many(50), 96*time.Minute, 0 }, "wave-calls", migration.Warned, "every 4 h 48 min or more"},
		{"fifty at what was advised", func(f *Facts) { f.Members, f.Every, f.Instance.MaxDatabases = many(50), 288*time.Minute, 0 }, "wave-calls", migration.Passed, "500"},
		{"others follow too", func(f *Facts) { f.CallsPlan = 490 }, "wave-calls", migration.Warned, "10 of 500 are left"},
		{"nothing is left", func(f *Facts) { f.CallsHost = 500 }, "wave-calls", migration.Barred, "another instance"},
		{"so many that none follows", func(f *Facts) { f.Members, f.Instance.MaxDatabases = many(120), 0 }, "wave-calls", migration.Barred, "waves of at most 83 databases"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := base()
			tc.change(&f)
			found := false
			for _, got := range Judge(f) {
				if got.Code != tc.code {
					continue
				}
				found = true
				if got.Level != tc.level || !strings.Contains(words.Join(got.Text, got.Fix).String(), tc.says) {
					t.Errorf("%+v, want %s with %q", got, tc.level, tc.says)
				}
				if got.Level != migration.Passed && got.Fix.IsZero() {
					t.Errorf("%s says no fix", got.Code)
				}
			}
			if !found {
				t.Errorf("no finding %s", tc.code)
			}
		})
	}
	if got := Judge(Facts{}); got != nil {
		t.Errorf("an empty wave: %+v", got)
	}
	own := base()
	own.Instance.Region, own.Traits, own.CallsHost = "", serverTraits, 9999
	for _, f := range Judge(own) {
		if f.Code == "wave-calls" {
			t.Errorf("a self-managed server has no calls to count: %+v", f)
		}
	}
}

// TestTheIntervalAdvisedFits: what is advised stays within what is left, and a
// minute less would not, unless one database alone sets the bound.
func TestTheIntervalAdvisedFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, left := rapid.IntRange(1, Most).Draw(t, "databases"), rapid.IntRange(0, serviceTraits.Calls.Instance).Draw(t, "left")
		every, ok := FittingEvery(serviceTraits.Calls, n, left)
		if !ok {
			if n*PlannedCalls(serviceTraits.Calls, 24*time.Hour) <= left {
				t.Fatalf("%d databases with one log a day fit into %d", n, left)
			}
			return
		}
		if need := n * PlannedCalls(serviceTraits.Calls, every); need > left {
			t.Fatalf("every %s needs %d of %d", every, need, left)
		}
		if shorter := every - time.Minute; n*PlannedCalls(serviceTraits.Calls, shorter) <= left && every > migration.SmallestEvery(serviceTraits.Calls, migration.ImportsKept) {
			t.Fatalf("%s would fit too", shorter)
		}
	})
}

// TestAWaveAtItsBounds pins what fits together to the byte and the call.
func TestAWaveAtItsBounds(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*Facts)
		code string
		want migration.Level
	}{
		{"the target just fits", func(f *Facts) { f.Instance.UsedBytes = 70 }, "wave-space", migration.Passed},
		{"a byte too little", func(f *Facts) { f.Instance.UsedBytes = 71 }, "wave-space", migration.Barred},
		{"the bucket just fits", func(f *Facts) { f.BucketMay = 20 }, "wave-bucket", migration.Passed},
		{"the bucket is a byte too small", func(f *Facts) { f.BucketMay = 19 }, "wave-bucket", migration.Barred},
		{"a full bucket is told", func(f *Facts) { f.BucketMay = 0 }, "wave-bucket", migration.Barred},
		{"the folder just fits", func(f *Facts) { f.Members[1].FreeBackup = 20 }, "wave-folder", migration.Passed},
		{"the folder is a byte too small", func(f *Facts) { f.Members[1].FreeBackup = 19 }, "wave-folder", migration.Barred},
		{"a full folder is told", func(f *Facts) { f.Members[1].FreeBackup = 0 }, "wave-folder", migration.Barred},
		{"as many calls as are left", func(f *Facts) { f.CallsHost = 478 }, "wave-calls", migration.Passed},
		{"one call too few", func(f *Facts) { f.CallsHost = 479 }, "wave-calls", migration.Warned},
		{"one call too few by what is planned", func(f *Facts) { f.CallsPlan, f.CallsHost = 479, 1 }, "wave-calls", migration.Warned},
		{"just the full backups and the cutover", func(f *Facts) { f.CallsHost = 490 }, "wave-calls", migration.Warned},
		{"not even these", func(f *Facts) { f.CallsHost = 491 }, "wave-calls", migration.Barred},
	} {
		f := Facts{Traits: serviceTraits, Every: 4 * time.Hour, BucketMay: -1, Instance: migration.TargetInstance{StorageBytes: 100, MaxDatabases: 9},
			Members: []Need{{Name: "a", DataBytes: 10, LogBytes: 5, FreeBackup: 99}, {Name: "b", DataBytes: 10, LogBytes: 5, FreeBackup: 99}}}
		tc.edit(&f)
		if got := levelsOf(t, Judge(f))[tc.code]; got != tc.want {
			t.Errorf("%s: %s is %q, want %q", tc.name, tc.code, got, tc.want)
		}
	}
}

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

// need is a database of a wave, sizes in GiB.
func need(name string, data, log int64) Need {
	return Need{Name: name, Source: name, DataBytes: data << 30, LogBytes: log << 30, FreeBackup: 500 << 30}
}
