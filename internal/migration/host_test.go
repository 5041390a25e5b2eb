package migration

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestOnlyOurOwnHalfIsReplaced(t *testing.T) {
	call := func(v Verdict) []Call { return []Call{{Verb: VerbRestore, Intended: noon, Verdict: v}} }
	for name, c := range map[string]struct {
		own     bool
		calls   []Call
		created time.Time
		want    bool
	}{
		"made after the order":             {true, call(Accepted), noon.Add(time.Second), true},
		"made after one without an answer": {true, call(Unknown), noon.Add(time.Second), true},
		"made after one that was void":     {true, call(Void), noon.Add(time.Second), true},
		"there before the order":           {true, call(Accepted), noon.Add(-time.Minute), false},
		"the order was refused":            {true, call(Refused), noon.Add(time.Second), false},
		"no order":                         {true, nil, noon, false},
		"not half-made":                    {true, call(Accepted), time.Time{}, false},
		"in the cloud":                     {false, call(Accepted), noon.Add(time.Second), false},
	} {
		m := Migration{Traits: traitsOf(c.own), Calls: c.calls}
		if got := OurInterrupted(m, c.created); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := RestoresAgain(m, Task{InterruptedRestore: c.created}); got != c.want {
			t.Errorf("%s: again %v", name, got)
		}
	}
	many := Migration{Traits: serverTraits}
	for range restoresByItself + 1 {
		many.Calls = append(many.Calls, call(Void)...)
	}
	if RestoresAgain(many, Task{InterruptedRestore: noon.Add(time.Second)}) || !OurInterrupted(many, noon.Add(time.Second)) {
		t.Error("what is interrupted again and again asks nobody")
	}
}

func TestAFreezeThatTravelledIsNotOpenYet(t *testing.T) {
	frozen := Migration{Traits: serverTraits, Database: "shop", LiveSource: &LiveSource{Freeze: FreezeReadOnly}}
	task := Task{Status: TaskSuccess, ReadOnly: true}
	if got := asWanted(frozen, task); got.Status != TaskWaiting {
		t.Errorf("read-only, and called %s", got.Status)
	}
	if got := asWanted(frozen, task); got.Code != "read-only" {
		t.Errorf("explained as %s", got.Code)
	}
	for name, m := range map[string]Migration{
		"tail": {Traits: serverTraits, LiveSource: &LiveSource{Freeze: FreezeTail}}, "cloud": {LiveSource: &LiveSource{Freeze: FreezeReadOnly}}, "files": {Traits: serverTraits},
		"open before": {Traits: serverTraits, LiveSource: &LiveSource{Freeze: FreezeReadOnly}, Opened: noon},
	} {
		if got := asWanted(m, task); got.Status != TaskSuccess {
			t.Errorf("%s: %s", name, got.Status)
		}
	}
	if got := asWanted(frozen, Task{Status: TaskSuccess}); got.Status != TaskSuccess {
		t.Errorf("writable: %s", got.Status)
	}
}

// Stripes of one set wait for one another and are told to the target once.
func TestStripesAreOneSet(t *testing.T) {
	set := bakfile.GUID{1}
	m := Migration{Traits: serverTraits, Mode: Pending, Checked: noon, Files: []File{
		{Ord: 1, Kind: "full", SetGUID: set, Key: "a", State: FileStaged, LastLSN: bakfile.LSN{VLF: 1, Block: 5}}, {Ord: 2, Kind: "full", SetGUID: set, Key: "b", State: FileUploading, LastLSN: bakfile.LSN{VLF: 1, Block: 5}},
		{Ord: 3, Kind: "log", SetGUID: bakfile.GUID{2}, Key: "c", State: FilePlanned, FirstLSN: bakfile.LSN{VLF: 1, Block: 5}, LastLSN: bakfile.LSN{VLF: 1, Block: 9}}}}
	if act := Next(m, Budget{}, noon, Rules{Poll: time.Second}); act.Do != DoAwait || act.File.Ord != 2 {
		t.Errorf("%+v", act)
	}
	m.Files[1].State = FileStaged
	if act := Next(m, Budget{}, noon, Rules{Poll: time.Second}); act.Do != DoRestore || act.File.Ord != 1 {
		t.Errorf("%+v", act)
	}
	got := applied(m, m.Files[0], noon)
	if len(got.Files) != 2 || got.Files[0].State != FileApplied || got.Files[1].State != FileApplied || m.Files[1].State != FileStaged {
		t.Errorf("%+v", got.Files)
	}
}

func TestStripesOfATake(t *testing.T) {
	own, cloud := Migration{ID: "01a1f9d0-a8cc-7a0c-b5af-d7dd7c6e2fdf", Traits: serverTraits, SourceDatabase: "s1of4"}, Migration{SourceDatabase: "shop"}
	for _, c := range []struct {
		m     Migration
		kind  string
		bytes int64
		want  int
	}{
		{own, "full", 0, 1}, {own, "full", StripeBytes - 1, 1}, {own, "full", 2 * StripeBytes, 2}, {own, "full", 1 << 50, MostStripes},
		{own, "differential", 1 << 50, 1}, {own, "log", 1 << 50, 1}, {cloud, "full", 1 << 50, 1},
	} {
		if got := StripesFor(c.m, c.kind, c.bytes, StripeBytes); got != c.want {
			t.Errorf("%s of %d bytes over %d files, want %d", c.kind, c.bytes, got, c.want)
		}
	}
	_, key := SourceBackupName(own, "full", noon)
	if got := StripeKeys(StripedKey(key, 1)); len(got) != 1 || got[0] != key {
		t.Errorf("%q of %q", got, key)
	}
	seen := map[string]bool{}
	for n := 2; n <= MostStripes; n++ {
		keys := StripeKeys(StripedKey(key, n))
		if len(keys) != n || keys[0] != StripedKey(key, n) {
			t.Errorf("%d stripes: %q", n, keys)
		}
		for _, k := range keys {
			if why, _ := RefusedKey(serviceTraits.Keys, k); seen[k] || !why.IsZero() {
				t.Errorf("%q: %s", k, why)
			}
			seen[k] = true
		}
	}
}

// TestAServicesOpeningIsOrderedAgain: its task does not set READ_WRITE, so an
// order without an answer is not taken for carried out while the task is at work.
func TestAServicesOpeningIsOrderedAgain(t *testing.T) {
	for _, tc := range []struct {
		name   string
		edit   func(*Migration)
		status TaskStatus
	}{
		{"as it is", func(*Migration) {}, TaskWaiting},
		{"the order is answered", func(m *Migration) { m.Calls[0].Verdict = Accepted }, TaskRunning},
		{"another call is open", func(m *Migration) { m.Calls[0].Verb = VerbImport }, TaskRunning},
		{"the source was not READ_ONLY", func(m *Migration) { m.LiveSource.Freeze = FreezeStopped }, TaskRunning},
		{"a server of one's own", func(m *Migration) { m.Traits.Reads = nil }, TaskRunning},
	} {
		m := Migration{Traits: endpoint.Traits{Reads: []endpoint.BucketKind{"s3"}, OpensWritable: true}, LiveSource: &LiveSource{Freeze: FreezeReadOnly}, Calls: []Call{{Verb: VerbOpen}}}
		tc.edit(&m)
		if got := asWanted(m, Task{Status: TaskRunning}); got.Status != tc.status {
			t.Errorf("%s: %s, want %s", tc.name, got.Status, tc.status)
		}
	}
}
