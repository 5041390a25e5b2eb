package migration

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// keepsLast makes a target one that keeps change data capture by the last file,
// and wants it kept.
func keepsLast(m *Migration) { m.Traits.KeepsWithLast, m.Keep.CDC = true, true }

// TestTheLastFileOpensTheDatabase where only that keeps change data capture: it
// is held until the opening is ordered, or the gate is open.
func TestTheLastFileOpensTheDatabase(t *testing.T) {
	now := t0.Add(time.Hour)
	given := func(edit func(*Migration)) Migration {
		return following(func(m *Migration) {
			keepsLast(m)
			m.TargetState.At = now
			if edit != nil {
				edit(m)
			}
		})
	}
	cut := func(f Freeze, edit func(*Migration)) Migration {
		return cutOver(f, func(m *Migration) {
			keepsLast(m)
			m.Files[2].State, m.TargetState.At = FileStaged, now
			if edit != nil {
				edit(m)
			}
		})
	}
	for _, tc := range []struct {
		name  string
		m     Migration
		want  Do
		opens bool // the last file's call opens
		late  bool // it is too late to give the source back
		loses bool
		stage Stage
	}{
		{"given files, nobody has ordered", given(nil), DoFollow, true, false, false, StageFollowing},
		{"given files, ordered", given(func(m *Migration) { m.OpenAsked = t0 }), DoImport, true, false, false, StageImporting},
		{"given files, opened by itself", given(func(m *Migration) { m.OpenWhenApplied = true }), DoImport, true, false, false, StageImporting},
		{"nothing is to be kept", given(func(m *Migration) { m.Keep.CDC = false }), DoImport, false, false, false, StageImporting},
		{"a target that keeps it at the opening", given(func(m *Migration) { m.Traits.KeepsWithLast = false }), DoImport, false, false, false, StageImporting},
		{"another file follows", given(func(m *Migration) { m.Files = append(m.Files, file(3, "log", FilePlanned, 20, 30)) }), DoImport, true, false, false, StageImporting},
		{"the last is not there yet", given(func(m *Migration) { m.Files[1].State = FilePlanned }), DoAwait, true, false, false, StageUploading},
		{"a full backup alone, applied", given(func(m *Migration) { m.Files = m.Files[:1] }), DoFollow, false, false, true, StageFollowing},
		{"all applied before", given(func(m *Migration) { m.Files[1].State = FileApplied }), DoFollow, true, false, true, StageFollowing},
		{"a log that is not the tail", fed(func(m *Migration) {
			keepsLast(m)
			m.Files = append(m.Files, file(3, "log", FileStaged, 20, 30))
			m.TargetState = TargetState{At: now, Task: Task{Status: TaskWaiting}}
		}), DoImport, false, false, false, StageImporting},
		{"the tail", cut(FreezeTail, nil), DoImport, true, false, false, StageCutover},
		{"the tail of READ_ONLY", cut(FreezeReadOnly, nil), DoImport, true, false, false, StageCutover},
		{"the tail, not proven", cut(FreezeStopped, nil), DoAwait, true, false, false, StageCutover},
		{"the tail, proven", cut(FreezeStopped, func(m *Migration) { m.LiveSource.Proven = now }), DoImport, true, false, false, StageCutover},
		{"the tail, proven long ago", cut(FreezeStopped, func(m *Migration) { m.LiveSource.Proven = t0 }), DoAwait, true, false, false, StageCutover},
		{"a log before the tail is missing", cut(FreezeTail, func(m *Migration) {
			m.Files = append(m.Files[:2:2], file(4, "log", FileStaged, 20, 25), m.Files[2])
		}), DoImport, true, false, false, StageCutover},
		{"the tail ends elsewhere", cut(FreezeTail, func(m *Migration) { m.LiveSource.Tail = lsn(31) }), DoFollow, true, false, false, StageCutover},
		{"the tail is sent", cut(FreezeTail, func(m *Migration) { m.Files[2].State = FileSent }), DoWait, true, true, false, StageCutover},
		{"nobody knows whether the tail is sent", cut(FreezeTail, func(m *Migration) {
			m.Calls = append(m.Calls, Call{ID: "lost", Verb: VerbImport, File: 3, Intended: now})
		}), DoReconcile, true, true, false, StageCutover},
		{"the tail is applied, the database takes no writes yet", cut(FreezeReadOnly, func(m *Migration) { m.Files[2].State = FileApplied }), DoOpen, true, true, false, StageCutover},
		{"the tail was refused", cut(FreezeTail, func(m *Migration) {
			m.Files[2].State, m.Problem = FileRefused, &Problem{Code: "gap"}
		}), DoAsk, true, false, false, StageCutover},
	} {
		got := Next(tc.m, Budget{}, now, rules)
		last := tc.m.Files[len(tc.m.Files)-1]
		if got.Do != tc.want {
			t.Errorf("%s: %s (%s), want %s", tc.name, got.Do, got.Why, tc.want)
		}
		if in := callFor(tc.m, last, RestoreCall{}); in.Opens != tc.opens {
			t.Errorf("%s: opens %v, want %v", tc.name, in.Opens, tc.opens)
		}
		if got.Do == DoImport && got.File.Ord != last.Ord && callFor(tc.m, got.File, RestoreCall{}).Opens {
			t.Errorf("%s: file %d opens before the last", tc.name, got.File.Ord)
		}
		if tc.m.LiveSource != nil && tc.m.OpenOrdered() != tc.late {
			t.Errorf("%s: the opening is ordered: %v, want %v", tc.name, tc.m.OpenOrdered(), tc.late)
		}
		if tc.m.LosesCDC() != tc.loses || StageOf(tc.m) != tc.stage {
			t.Errorf("%s: loses it %v, stage %s", tc.name, tc.m.LosesCDC(), StageOf(tc.m))
		}
		if tc.m.LiveSource != nil && tc.late {
			if _, err := Abort(tc.m); err == nil {
				t.Errorf("%s: it can be aborted", tc.name)
			}
		}
	}
}

// TestAHeldFileIsOpenedWith: a person may order the opening while the last file
// is held, and not before it lies ready.
func TestAHeldFileIsOpenedWith(t *testing.T) {
	m := following(keepsLast)
	d, err := Open(m, CheckAsync)
	if err != nil || !d.Open || len(d.Files) > 0 {
		t.Errorf("%+v, %v", d, err)
	}
	m.Files[1].State = FileUploading
	if _, err := Open(m, CheckAsync); err == nil {
		t.Error("opened while its last file is on its way")
	}
	stripes := following(func(m *Migration) {
		keepsLast(m)
		m.Traits.Stripes = true
		m.Files[1].SetGUID = bakfile.GUID{7}
		again := m.Files[1]
		again.Ord = 3
		m.Files = append(m.Files, again)
	})
	for _, f := range stripes.Files[1:] {
		if !stripes.Opens(f) {
			t.Errorf("stripe %d does not open", f.Ord)
		}
	}
	if o, held := stripes.Held(); !held || o.Ord != 2 {
		t.Errorf("held: %+v", o)
	}
	if _, err := Open(stripes, CheckAsync); err != nil {
		t.Error(err)
	}
}

// TestAFileThatOpenedIsNoOpeningFromElsewhere: what the target says is read as
// the work of the file.
func TestAFileThatOpenedIsNoOpeningFromElsewhere(t *testing.T) {
	m := cutOver(FreezeTail, func(m *Migration) {
		keepsLast(m)
		m.Files[2].State = FileSent
	})
	got := Read(m, TargetState{At: t0, Task: Task{Status: TaskSuccess}}, t0.Add(time.Hour), rules)
	if !got.Opened || len(got.Files) != 1 || got.Files[0].State != FileApplied || got.Text.String() != "The target says the database is open." {
		t.Errorf("%+v", got)
	}
	for name, tc := range map[string]struct {
		k    Keeping
		mode AccessMode
		ok   bool
	}{"capture": {Keeping{CDC: true}, Pending, true}, "capture, at once": {Keeping{CDC: true}, Immediate, true}, "an owner": {Keeping{Owner: "app"}, Pending, false}} {
		if err := tc.k.check(m.Traits, tc.mode); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := (Migration{Database: "o'b", Traits: m.Traits}).captureStatement(); s != "EXEC [o'b].sys.sp_cdc_enable_db" {
		t.Error(s)
	}
	m.Traits.Capture = "EXEC enable"
	if s := m.captureStatement(); s != "EXEC enable N'orders'" {
		t.Error(s)
	}
}
