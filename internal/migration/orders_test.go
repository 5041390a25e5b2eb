package migration

import (
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

// TestAnAbortIsTyped: by the name of the database, to the letter.
func TestAnAbortIsTyped(t *testing.T) {
	for typed, ok := range map[string]bool{"orders": true, "Orders": false, "": false} {
		d, _ := at(fed(nil), t0)
		if err := OrderAbort(t.Context(), d, "m", typed, By{At: t0}); (err == nil) != ok || (len(d.decided) == 1 && d.decided[0].Abort) != ok {
			t.Errorf("%q: %v", typed, err)
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
