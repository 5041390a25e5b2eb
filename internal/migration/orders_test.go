package migration

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
)

func TestStartRefusesWhatIsNotWhole(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*Draft)
		fs   []Finding
		ok   bool
	}{
		{"whole", func(*Draft) {}, []Finding{{Level: Passed}, {Level: Warned}}, true},
		{"a finding bars", func(*Draft) {}, []Finding{{Level: Passed}, {Level: Barred}}, false},
		{"no plan", func(d *Draft) { d.Plan = nil }, nil, false},
		{"no file", func(d *Draft) { d.Files = nil }, nil, false},
		{"something is missing", func(d *Draft) { d.Plan.Missing = make([]backup.Missing, 1) }, nil, false},
		{"something is missing, agreed", func(d *Draft) { d.Plan.Missing, d.Request.Partly = make([]backup.Missing, 1), true }, nil, true},
		{"something is missing, and it opens by itself", func(d *Draft) {
			d.Plan.Missing, d.Request.Partly, d.Request.OpenWhenApplied = make([]backup.Missing, 1), true, true
		}, nil, false},
		{"whole, opens by itself", func(d *Draft) { d.Request.Partly, d.Request.OpenWhenApplied = true, true }, nil, true},
		{"a choice is open, agreed to part", func(d *Draft) { d.Plan.Choice, d.Request.Partly = &backup.Choice{}, true }, nil, false},
		{"a choice is open", func(d *Draft) { d.Plan.Choice = &backup.Choice{} }, nil, false},
	} {
		d, _ := at(Migration{}, t0)
		draft := Draft{Plan: &backup.Plan{}, Files: []File{{}}, Migration: Migration{Database: "orders"}}
		tc.edit(&draft)
		id, err := Start(t.Context(), d, draft, tc.fs, func() string { return "new" }, By{At: t0})
		if (err == nil) != tc.ok || (id != "") != tc.ok || (len(d.log) == 1) != tc.ok {
			t.Errorf("%s: %q, %v, %v", tc.name, id, err, d.log)
		}
	}
}

// TestAnAbortIsTyped: by the name of the database or of the wave, to the
// letter.
func TestAnAbortIsTyped(t *testing.T) {
	for typed, ok := range map[string]bool{"orders": true, "Orders": false, "": false} {
		d, _ := at(fed(nil), t0)
		if err := OrderAbort(t.Context(), d, "m", typed, By{At: t0}); (err == nil) != ok || (len(d.decided) == 1 && d.decided[0].Abort) != ok {
			t.Errorf("%q: %v", typed, err)
		}
	}
	for typed, ok := range map[string]bool{"spring": true, "Spring": false, "": false} {
		d, _ := at(Migration{}, t0)
		d.others = []Migration{fed(nil)}
		if _, err := OrderWaveAbort(t.Context(), d, "w", typed, "", By{At: t0}); (err == nil) != ok || (len(d.decided) == 1) != ok {
			t.Errorf("wave %q: %v", typed, err)
		}
	}
}

// of makes a migration of a wave under an id.
func of(id string, edit func(*Migration)) Migration {
	m := fed(edit)
	m.ID, m.Database = id, id
	return m
}

// TestAWaveIsOrderedTogether: the cutover of all or of none, the rest and the
// abort of those that can.
func TestAWaveIsOrderedTogether(t *testing.T) {
	ready := of("ready", nil)
	early := of("early", func(m *Migration) { m.Files[0].State = FileSent })
	ordered := of("ordered", func(m *Migration) { m.LiveSource.CutoverAsked = t0 })
	stuck := of("stuck", func(m *Migration) { m.LiveSource.CutoverAsked, m.Problem = t0, &Problem{} })
	opening := of("opening", func(m *Migration) {
		m.LiveSource.CutoverAsked = t0
		m.Calls = []Call{{Verb: VerbOpen, Verdict: Accepted}}
	})
	ended := of("ended", func(m *Migration) { m.Stage, m.LiveSource.CutoverAsked = StageOpened, t0 })
	aborted := of("aborted", func(m *Migration) { m.LiveSource.AbortAsked = t0 })
	for _, tc := range []struct {
		name                 string
		all                  []Migration
		cutover, rest, abort []string // who takes the order; nil = the order is refused
	}{
		{"all can", []Migration{ready, of("two", nil)}, []string{"ready", "two"}, nil, []string{"ready", "two"}},
		{"one cannot yet", []Migration{ready, early}, nil, nil, []string{"ready", "early"}},
		{"one has ended", []Migration{ended, ready}, []string{"ready"}, []string{"ready"}, []string{"ready"}},
		{"all have ended", []Migration{ended}, nil, nil, nil},
		{"one is ordered", []Migration{ordered, ready}, nil, []string{"ready"}, []string{"ordered", "ready"}},
		{"one stands still", []Migration{stuck, ready, early}, nil, []string{"stuck", "ready"}, []string{"stuck", "ready", "early"}},
		{"nothing is left that can", []Migration{ordered, early}, nil, nil, []string{"ordered", "early"}},
		{"one is opening", []Migration{opening, ready}, nil, []string{"ready"}, []string{"ready"}},
		{"all are opening", []Migration{opening}, nil, nil, nil},
		{"one was aborted", []Migration{aborted, ready}, nil, nil, []string{"ready"}},
		{"all were aborted", []Migration{aborted}, nil, nil, nil},
	} {
		for what, order := range map[string]func(*desk) ([]Result, error){
			"cutover": func(d *desk) ([]Result, error) { return OrderWaveCutover(t.Context(), d, "w", nil, By{At: t0}) },
			"rest":    func(d *desk) ([]Result, error) { return OrderWaveRest(t.Context(), d, "w", nil, By{At: t0}) },
			"abort":   func(d *desk) ([]Result, error) { return OrderWaveAbort(t.Context(), d, "w", "spring", "", By{At: t0}) },
		} {
			want := map[string][]string{"cutover": tc.cutover, "rest": tc.rest, "abort": tc.abort}[what]
			d, _ := at(Migration{}, t0)
			d.others = tc.all
			_, err := order(d)
			var asked []string
			for _, id := range want {
				asked = append(asked, "asked "+id)
			}
			if !slices.Equal(d.log, asked) || (err == nil) != (want != nil) {
				t.Errorf("%s, %s: %v, %v; want %v", tc.name, what, d.log, err, want)
			}
			for _, c := range d.decided {
				if c.Abort != (what == "abort") {
					t.Errorf("%s, %s: %+v", tc.name, what, c)
				}
			}
		}
	}
}

func TestStartWave(t *testing.T) {
	item := func(name string, fs ...Finding) WaveItem {
		return WaveItem{Migration: Migration{Database: name, LiveSource: &LiveSource{}}, Findings: fs}
	}
	many := func(n int) (out []WaveItem) {
		for i := range n {
			out = append(out, item(fmt.Sprint(i)))
		}
		return out
	}
	for _, tc := range []struct {
		name, wave string
		items      []WaveItem
		whole      []Finding
		created    int // -1 = no wave
	}{
		{"two", "spring", []WaveItem{item("a"), item("b")}, nil, 2},
		{"one of them is barred", "spring", []WaveItem{item("a", Finding{Level: Barred}), item("b")}, nil, 1},
		{"the wave is barred", "spring", []WaveItem{item("a")}, []Finding{{Level: Barred}}, -1},
		{"the wave is warned of", "spring", []WaveItem{item("a")}, []Finding{{Level: Warned}}, 1},
		{"no name", "", []WaveItem{item("a")}, nil, -1},
		{"none", "spring", nil, nil, -1},
		{"as many as may be", "spring", many(MaxWave), nil, MaxWave},
		{"one too many", "spring", many(MaxWave + 1), nil, -1},
	} {
		d, _ := at(Migration{}, t0)
		_, got, err := StartWave(t.Context(), d, tc.wave, tc.items, tc.whole, func() string { return "id" }, By{At: t0})
		if (err == nil) != (tc.created >= 0) || len(d.log) != tc.created+1 || tc.created >= 0 && (d.log[0] != "wave" || len(got) != len(tc.items)) {
			t.Errorf("%s: %d created, %v", tc.name, len(d.log)-1, err)
		}
		if tc.created > 0 && (d.m.Rank != len(tc.items) || d.m.WaveID != "id") {
			t.Errorf("%s: the last begins at place %d of %q", tc.name, d.m.Rank, d.m.WaveID)
		}
	}
}

// TestALiveRequestIsCheckedBeforeAnythingIsAsked.
func TestALiveRequestIsCheckedBeforeAnythingIsAsked(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*LiveRequest)
		ok   bool
	}{
		{"as it is", func(*LiveRequest) {}, true},
		{"a minute", func(w *LiveRequest) { w.Every = time.Minute }, true},
		{"less than a minute", func(w *LiveRequest) { w.Every = time.Minute - 1 }, false},
		{"a day", func(w *LiveRequest) { w.Every = 24 * time.Hour }, true},
		{"more than a day", func(w *LiveRequest) { w.Every = 24*time.Hour + 1 }, false},
		{"an unknown freeze", func(w *LiveRequest) { w.Freeze = "ice" }, false},
		{"stopped", func(w *LiveRequest) { w.Freeze = FreezeStopped }, true},
		{"an unknown check", func(w *LiveRequest) { w.Check = "later" }, false},
		{"over itself", func(w *LiveRequest) { w.InstanceID, w.Database = "s", "ORDERS" }, false},
		{"beside itself", func(w *LiveRequest) { w.InstanceID, w.Database = "s", "orders2" }, true},
		{"a system's name", func(w *LiveRequest) { w.Database = "master" }, false},
	} {
		w := LiveRequest{ServerID: "s", Source: "orders", InstanceID: "t", Traits: serviceTraits}
		tc.edit(&w)
		m, err := w.Draft("folder")
		if (err == nil) != tc.ok || tc.ok && (m.Mode != Pending || m.SourceID != "folder" || m.StagingPrefix != "bakplane/") {
			t.Errorf("%s: %+v, %v", tc.name, m, err)
		}
	}
	w := LiveRequest{Source: "orders", ServerID: "s", InstanceID: "t", Traits: serviceTraits}
	if m, _ := w.Draft(""); m.LiveSource.Every != 96*time.Minute || m.LiveSource.Freeze != FreezeTail || m.Check != CheckAsync || m.Database != "orders" {
		t.Errorf("what is left open: %+v %+v", m, m.LiveSource)
	}
	w.Traits = serverTraits
	if m, _ := w.Draft(""); m.LiveSource.Every != UsualEvery {
		t.Errorf("where nothing is counted: every %s", m.LiveSource.Every)
	}
}

// TestMorePlansFromWhatTheTargetHas, or will have: files sent count, files
// waiting do not.
func TestMorePlansFromWhatTheTargetHas(t *testing.T) {
	data, known := chainFiles(t, "orders")
	var seen []Seen
	for name, b := range data {
		file, err := bakfile.Read(bytesAt(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, Seen{From: "b", Key: name, Name: name, Size: int64(len(b)), File: file})
	}
	for _, tc := range []struct {
		name string
		full FileState
		log  FileState
		want []string // kinds
	}{
		{"the full is applied, the log too", FileApplied, FileApplied, []string{"log"}},
		{"the log is on its way", FileApplied, FileSent, []string{"log"}},
		{"the log waits", FileApplied, FileStaged, []string{"log", "log"}},
	} {
		full, log := known["full"], known["log 1"]
		full.State, log.State, log.Ord = tc.full, tc.log, 2
		d, err := More(Migration{SourceID: "b", Files: []File{full, log}, Traits: serviceTraits, Mode: Pending}, seen, false)
		var kinds []string
		for _, f := range d.Files {
			if f.Kind == "log" {
				kinds = append(kinds, f.Kind)
			}
		}
		if err != nil || !slices.Equal(kinds, tc.want) {
			t.Errorf("%s: %v, %v", tc.name, kinds, err)
		}
	}
	if _, err := More(Migration{}, seen, false); err == nil {
		t.Error("of a migration without files")
	}
}
