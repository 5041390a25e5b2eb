package migration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/words"
)

// need is a database of a wave, sizes in GiB.
func need(name string, data, log int64) WaveNeed {
	return WaveNeed{Name: name, Source: name, DataBytes: data << 30, LogBytes: log << 30, FreeBackup: 500 << 30}
}

func TestAWholeWaveIsJudged(t *testing.T) {
	base := func() WaveFacts {
		return WaveFacts{Traits: serviceTraits, Every: 4 * time.Hour, Members: []WaveNeed{need("billing", 100, 20), need("crm", 50, 10)}, Bucket: objectstore.Info{Name: "moves"}, BucketMay: -1,
			Instance: TargetInstance{Region: "cn-hangzhou", StorageBytes: 1000 << 30, UsedBytes: 800 << 30, MaxDatabases: 10}, Databases: []string{"a", "b"}}
	}
	many := func(n int) (out []WaveNeed) {
		for i := range n {
			out = append(out, need(fmt.Sprintf("db%03d", i), 0, 0))
		}
		return out
	}
	for _, tc := range []struct {
		name   string
		change func(*WaveFacts)
		code   string
		level  Level
		says   string // in text or fix
	}{
		{"all fits", func(*WaveFacts) {}, "wave-space", Passed, "180 GB of 200 GB free"},
		{"each fits alone, not together", func(f *WaveFacts) { f.Instance.UsedBytes = 850 << 30 }, "wave-space", Barred, "Enlarge its storage by 30.0 GB"},
		{"target tells no size", func(f *WaveFacts) { f.Instance.StorageBytes = 0 }, "wave-space", Warned, "not told"},
		{"folder is full with all", func(f *WaveFacts) { f.Members[1].FreeBackup = 120 << 30 }, "wave-folder", Barred, "Free 30.0 GB"},
		{"folder tells nothing", func(f *WaveFacts) { f.Members[0].FreeBackup, f.Members[1].FreeBackup = -1, -1 }, "wave-folder", Warned, "not told"},
		{"bucket has no bound", func(*WaveFacts) {}, "wave-bucket", Passed, "no bound"},
		{"bucket is a small disk", func(f *WaveFacts) { f.BucketMay = 149 << 30 }, "wave-bucket", Barred, "149 GB are free in moves"},
		{"bucket is a disk just large enough", func(f *WaveFacts) { f.BucketMay = 150 << 30 }, "wave-bucket", Passed, ""},
		{"as many as it may hold", func(f *WaveFacts) { f.Instance.MaxDatabases = 4 }, "wave-count", Passed, "4 of 4"},
		{"one too many", func(f *WaveFacts) { f.Instance.MaxDatabases = 3 }, "wave-count", Barred, "Leave out 1"},
		{"others on their way count", func(f *WaveFacts) { f.Instance.MaxDatabases, f.Coming = 4, []string{"A", "hr"} }, "wave-count", Barred, "3 are there or on their way"},
		{"class unknown", func(f *WaveFacts) { f.Instance.MaxDatabases = 0 }, "wave-count", Warned, "not told"},
		{"one name twice", func(f *WaveFacts) { f.Members[1].Name, f.Members[1].Source = "BILLING", "BILLING" }, "wave-names", Barred, "billing and BILLING"},
		{"fifty at the shortest interval of one", func(f *WaveFacts) { f.Members, f.Every, f.Instance.MaxDatabases = many(50), 96*time.Minute, 0 }, "wave-calls", Warned, "every 4 h 48 min or more"},
		{"fifty at what was advised", func(f *WaveFacts) { f.Members, f.Every, f.Instance.MaxDatabases = many(50), 288*time.Minute, 0 }, "wave-calls", Passed, "500"},
		{"others follow too", func(f *WaveFacts) { f.CallsPlan = 490 }, "wave-calls", Warned, "10 of 500 are left"},
		{"nothing is left", func(f *WaveFacts) { f.CallsHost = 500 }, "wave-calls", Barred, "another instance"},
		{"so many that none follows", func(f *WaveFacts) { f.Members, f.Instance.MaxDatabases = many(120), 0 }, "wave-calls", Barred, "waves of at most 83 databases"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := base()
			tc.change(&f)
			found := false
			for _, got := range JudgeWave(f) {
				if got.Code != tc.code {
					continue
				}
				found = true
				if got.Level != tc.level || !strings.Contains(words.Join(got.Text, got.Fix).String(), tc.says) {
					t.Errorf("%+v, want %s with %q", got, tc.level, tc.says)
				}
				if got.Level != Passed && got.Fix.IsZero() {
					t.Errorf("%s says no fix", got.Code)
				}
			}
			if !found {
				t.Errorf("no finding %s", tc.code)
			}
		})
	}
	if got := JudgeWave(WaveFacts{}); got != nil {
		t.Errorf("an empty wave: %+v", got)
	}
	own := base()
	own.Instance.Region, own.Traits, own.CallsHost = "", serverTraits, 9999
	for _, f := range JudgeWave(own) {
		if f.Code == "wave-calls" {
			t.Errorf("a self-managed server has no calls to count: %+v", f)
		}
	}
}

// TestTheIntervalAdvisedFits: what is advised stays within what is left, and a
// minute less would not, unless one database alone sets the bound.
func TestTheIntervalAdvisedFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, left := rapid.IntRange(1, MaxWave).Draw(t, "databases"), rapid.IntRange(0, serviceTraits.Calls.Instance).Draw(t, "left")
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
		if shorter := every - time.Minute; n*PlannedCalls(serviceTraits.Calls, shorter) <= left && every > SmallestEvery(serviceTraits.Calls, ImportsKept) {
			t.Fatalf("%s would fit too", shorter)
		}
	})
}

// TestAnOrderKeepsWhatHasBegun: whatever a person types, those that have begun
// keep their places, the others share the places they had among themselves.
func TestAnOrderKeepsWhatHasBegun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []Summary
		wanted, free := map[string]int{}, map[int]bool{}
		for i := range rapid.IntRange(1, 30).Draw(t, "databases") {
			m := Summary{ID: fmt.Sprint(i), Rank: i + 1, Begun: rapid.Bool().Draw(t, "begun")}
			if !m.Begun {
				free[m.Rank] = true
				if rapid.Bool().Draw(t, "named") {
					wanted[m.ID] = rapid.IntRange(1, 9).Draw(t, "place")
				}
			}
			all = append(all, m)
		}
		ranks, err := Arrange(all, wanted)
		if (err != nil) != (len(free) == 0) {
			t.Fatalf("%d can move: %v", len(free), err)
		}
		if err != nil {
			return
		}
		for id, rank := range ranks {
			if !free[rank] {
				t.Fatalf("%s got place %d", id, rank)
			}
			delete(free, rank)
		}
		if len(free) > 0 {
			t.Fatalf("places left over: %v", free)
		}
		for a, pa := range wanted {
			for b, pb := range wanted {
				if pa < pb && ranks[a] > ranks[b] {
					t.Fatalf("%s (%d) comes after %s (%d)", a, pa, b, pb)
				}
			}
		}
		for _, m := range all {
			if m.Begun {
				if _, err := Arrange(all, map[string]int{m.ID: 1}); err == nil {
					t.Fatal("what has begun was moved")
				}
			}
		}
	})
}

func TestWhoIsWritable(t *testing.T) {
	at := time.Unix(1, 0)
	opening := []Call{{Verb: VerbOpen, Verdict: Accepted}}
	for _, tc := range []struct {
		name string
		m    Migration
		want Side
		says string
	}{
		{"follows", Migration{LiveSource: &LiveSource{}}, SideSource, "never stopped"},
		{"frozen", Migration{LiveSource: &LiveSource{Frozen: at}}, SideNeither, "target is not open"},
		{"told to open", Migration{LiveSource: &LiveSource{Frozen: at}, Calls: opening}, SideNeither, "told to open"},
		{"the order to open never arrived", Migration{LiveSource: &LiveSource{Frozen: at}, Calls: []Call{{Verb: VerbOpen, Verdict: Void}}}, SideNeither, "not open"},
		{"open", Migration{LiveSource: &LiveSource{Frozen: at}, Opened: at}, SideTarget, "kept frozen"},
		{"open after READ_ONLY", Migration{Database: "a]b", LiveSource: &LiveSource{Frozen: at, Freeze: FreezeReadOnly}, Opened: at}, SideNeither, "ALTER DATABASE [a]]b] SET READ_WRITE"},
		{"open after READ_ONLY, set READ_WRITE at a self-managed server", Migration{Traits: serverTraits, LiveSource: &LiveSource{Frozen: at, Freeze: FreezeReadOnly}, Opened: at}, SideTarget, "was set READ_WRITE"},
		{"application stopped", Migration{LiveSource: &LiveSource{Frozen: at, Freeze: FreezeStopped}}, SideSource, "said to be stopped"},
		{"application stopped, told to open", Migration{LiveSource: &LiveSource{Frozen: at, Freeze: FreezeStopped}, Calls: opening}, SideSource, "not carried over"},
		{"application stopped, open", Migration{LiveSource: &LiveSource{Frozen: at, Freeze: FreezeStopped}, Opened: at}, SideTarget, "keep everybody away"},
		{"application stopped, aborted", Migration{LiveSource: &LiveSource{Frozen: at, Freeze: FreezeStopped, AbortAsked: at, GivenBack: at}}, SideSource, "left as it is"},
		{"being given back", Migration{LiveSource: &LiveSource{Frozen: at, AbortAsked: at}}, SideNeither, "being given back"},
		{"given back", Migration{LiveSource: &LiveSource{Frozen: at, AbortAsked: at, GivenBack: at}}, SideSource, "given back"},
		{"aborted before the freeze", Migration{LiveSource: &LiveSource{AbortAsked: at, GivenBack: at}, Stage: StageTerminated}, SideSource, "never stopped"},
		{"of files", Migration{}, SideSource, "not known"},
	} {
		if side, why := WritableAt(tc.m); side != tc.want || !strings.Contains(why, tc.says) {
			t.Errorf("%s: %s, %q", tc.name, side, why)
		}
	}
}

// TestTheRestOfACutover: what stands still goes on, what was not ordered is
// ordered, what cannot says why.
func TestTheRestOfACutover(t *testing.T) {
	at := time.Unix(1, 0)
	full := []File{{Kind: "full", State: FileApplied}}
	for _, tc := range []struct {
		name    string
		m       Migration
		ok      bool
		cutover bool
	}{
		{"can", Migration{Files: full, LiveSource: &LiveSource{}}, true, true},
		{"stands still in its cutover", Migration{Files: full, LiveSource: &LiveSource{CutoverAsked: at}, Problem: &Problem{}}, true, false},
		{"is on its way", Migration{Files: full, LiveSource: &LiveSource{CutoverAsked: at}}, false, false},
		{"has no full backup applied", Migration{LiveSource: &LiveSource{}}, false, false},
		{"was aborted", Migration{Files: full, LiveSource: &LiveSource{CutoverAsked: at, AbortAsked: at}, Problem: &Problem{}}, false, false},
		{"is open", Migration{Files: full, LiveSource: &LiveSource{CutoverAsked: at}, Opened: at, Stage: StageOpened}, false, false},
	} {
		if d, err := Resume(tc.m); (err == nil) != tc.ok || d.Cutover != tc.cutover {
			t.Errorf("%s: %+v, %v", tc.name, d, err)
		}
	}
	if CutoverBegan([]Migration{{LiveSource: &LiveSource{}}, {}}) || !CutoverBegan([]Migration{{LiveSource: &LiveSource{}}, {LiveSource: &LiveSource{CutoverAsked: at}}}) {
		t.Error("whether the cutover began")
	}
}

// TestADatabaseWaitsForItsTurn: nothing is taken while others of the wave come
// first, and their order no longer matters once it has begun.
func TestADatabaseWaitsForItsTurn(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	m := Migration{Checked: now, Ahead: 3, LiveSource: &LiveSource{Every: time.Hour}}
	act := NextAtSource(m, Budget{}, now, SourceRules{})
	if act.Do != SourceQueue || !act.Until.After(now) || !strings.Contains(act.Why.String(), "3 databases") {
		t.Errorf("%+v", act)
	}
	m.Ahead = 0
	if act = NextAtSource(m, Budget{}, now, SourceRules{}); act.Do != SourceBackUp || act.Kind != "full" {
		t.Errorf("its turn: %+v", act)
	}
	m.Ahead, m.LiveSource.SourceBackups = 3, []SourceBackup{{Kind: "full"}}
	if act = NextAtSource(m, Budget{}, now, SourceRules{}); act.Do != SourceReconcile {
		t.Errorf("it has begun: %+v", act)
	}
	m.LiveSource.SourceBackups, m.LiveSource.AbortAsked = nil, now
	if act = NextAtSource(m, Budget{}, now, SourceRules{}); act.Do != SourceGiveBack {
		t.Errorf("aborted before its turn: %+v", act)
	}
}

// TestAWaveAtItsBounds pins what fits together to the byte and the call.
func TestAWaveAtItsBounds(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*WaveFacts)
		code string
		want Level
	}{
		{"the target just fits", func(f *WaveFacts) { f.Instance.UsedBytes = 70 }, "wave-space", Passed},
		{"a byte too little", func(f *WaveFacts) { f.Instance.UsedBytes = 71 }, "wave-space", Barred},
		{"the bucket just fits", func(f *WaveFacts) { f.BucketMay = 20 }, "wave-bucket", Passed},
		{"the bucket is a byte too small", func(f *WaveFacts) { f.BucketMay = 19 }, "wave-bucket", Barred},
		{"a full bucket is told", func(f *WaveFacts) { f.BucketMay = 0 }, "wave-bucket", Barred},
		{"the folder just fits", func(f *WaveFacts) { f.Members[1].FreeBackup = 20 }, "wave-folder", Passed},
		{"the folder is a byte too small", func(f *WaveFacts) { f.Members[1].FreeBackup = 19 }, "wave-folder", Barred},
		{"a full folder is told", func(f *WaveFacts) { f.Members[1].FreeBackup = 0 }, "wave-folder", Barred},
		{"as many calls as are left", func(f *WaveFacts) { f.CallsHost = 478 }, "wave-calls", Passed},
		{"one call too few", func(f *WaveFacts) { f.CallsHost = 479 }, "wave-calls", Warned},
		{"one call too few by what is planned", func(f *WaveFacts) { f.CallsPlan, f.CallsHost = 479, 1 }, "wave-calls", Warned},
		{"just the full backups and the cutover", func(f *WaveFacts) { f.CallsHost = 490 }, "wave-calls", Warned},
		{"not even these", func(f *WaveFacts) { f.CallsHost = 491 }, "wave-calls", Barred},
	} {
		f := WaveFacts{Traits: serviceTraits, Every: 4 * time.Hour, BucketMay: -1, Instance: TargetInstance{StorageBytes: 100, MaxDatabases: 9},
			Members: []WaveNeed{{Name: "a", DataBytes: 10, LogBytes: 5, FreeBackup: 99}, {Name: "b", DataBytes: 10, LogBytes: 5, FreeBackup: 99}}}
		tc.edit(&f)
		if got := levelsOf(t, JudgeWave(f))[tc.code]; got != tc.want {
			t.Errorf("%s: %s is %q, want %q", tc.name, tc.code, got, tc.want)
		}
	}
}

// levelsOf are the levels of the findings by code; the worst where a code
// comes twice.
func levelsOf(t *testing.T, fs []Finding) map[string]Level {
	t.Helper()
	out := map[string]Level{}
	for _, f := range fs {
		if (f.Level == Passed) != f.Fix.IsZero() {
			t.Errorf("%s is %s with the fix %q", f.Code, f.Level, f.Fix)
		}
		if f.Level != Passed || out[f.Code] == "" {
			out[f.Code] = f.Level
		}
	}
	return out
}
