package migration

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// planned is a migration of which the target was told nothing yet.
func planned(edit func(*Migration)) Migration {
	return following(func(m *Migration) {
		m.TaskID, m.Calls, m.TargetState = "", nil, TargetState{}
		m.Files[0].State, m.Files[1].State = FilePlanned, FilePlanned
		if edit != nil {
			edit(m)
		}
	})
}

func unanswered(m *Migration) {
	m.Calls = append(m.Calls, Call{ID: "lost", Verb: VerbImport, File: 2, Intended: t0.Add(50 * time.Second)})
}

// TestWhatNextDecidesFirst: of several things that could be done, the earlier
// row of the list wins.
func TestWhatNextDecidesFirst(t *testing.T) {
	now := t0.Add(time.Minute)
	problem := &Problem{Code: "gap"}
	for _, tc := range []struct {
		name string
		m    Migration
		want Do
	}{
		{"ended, a call without an answer", following(func(m *Migration) { unanswered(m); m.Stage = StageTerminated }), DoFinish},
		{"a call without an answer, an abort", fed(func(m *Migration) { unanswered(m); m.LiveSource.AbortAsked = t0 }), DoReconcile},
		{"a call without an answer, an order to terminate", following(func(m *Migration) { unanswered(m); m.TargetState.At, m.TerminateAsked = t0, t0 }), DoReconcile},
		{"a call without an answer, a problem", following(func(m *Migration) { unanswered(m); m.TargetState.At, m.Problem = t0, problem }), DoReconcile},
		{"an abort, an order to terminate", fed(func(m *Migration) { m.LiveSource.AbortAsked, m.TerminateAsked = t0, t0 }), DoAwait},
		{"an abort, a problem", fed(func(m *Migration) { m.LiveSource.AbortAsked, m.Problem = t0, problem }), DoAwait},
		{"given back, an order to terminate", fed(func(m *Migration) { m.LiveSource.AbortAsked, m.LiveSource.GivenBack, m.TerminateAsked = t0, t0, t0 }), DoTerminate},
		{"an order to terminate, nothing checked", following(func(m *Migration) { m.TerminateAsked, m.Checked = t0, time.Time{} }), DoTerminate},
		{"a problem, nothing checked", planned(func(m *Migration) { m.Problem, m.Checked = problem, time.Time{} }), DoAsk},
		{"a problem, an old look", following(func(m *Migration) { m.Problem, m.TargetState.At = problem, t0.Add(-time.Hour) }), DoAsk},
		{"nothing checked, the full staged", planned(func(m *Migration) { m.Files[0].State, m.Checked = FileStaged, time.Time{} }), DoPreflight},

		// what terminating is
		{"terminate an open database", following(func(m *Migration) { m.TerminateAsked, m.Opened = t0, t0 }), DoFinish},
		{"terminate, refused before", following(func(m *Migration) {
			m.TerminateAsked = t0
			m.Calls = append(m.Calls, Call{Verb: VerbTerminate, Verdict: Refused})
		}), DoTerminate},
		{"terminate, never arrived before", following(func(m *Migration) {
			m.TerminateAsked = t0
			m.Calls = append(m.Calls, Call{Verb: VerbTerminate, Verdict: Void})
		}), DoTerminate},
		{"terminate, its effect was found", following(func(m *Migration) {
			m.TerminateAsked = t0
			m.Calls = append(m.Calls, Call{Verb: VerbTerminate, Verdict: Adopted})
		}), DoFinish},

		// the first file
		{"a source whose full backup is not taken", fed(func(m *Migration) { m.Files, m.TaskID = nil, "" }), DoAwait},
		{"the full is dropped", planned(func(m *Migration) { m.Files = m.Files[:1]; m.Files[0].State = FileDropped }), DoAsk},
	} {
		if got := Next(tc.m, budget(Budget{}, tc.m), now, rules); got.Do != tc.want {
			t.Errorf("%s: %s (%s), want %s", tc.name, got.Do, got.Why, tc.want)
		}
	}
	if got := Next(planned(func(m *Migration) { m.Files = nil }), Budget{}, now, rules); got.Problem == nil || got.Problem.Code != "empty" {
		t.Errorf("no file is left: %+v", got.Problem)
	}
	full := planned(func(m *Migration) { m.Files[1].State = FileStaged })
	if got := Next(full, budget(Budget{Database: 20}, full), now, rules); got.Do != DoAwait || got.File.Ord != 1 {
		t.Errorf("the full is awaited, whatever is used up: %s of file %d", got.Do, got.File.Ord)
	}
}

// TestALostAnswerIsLookedForOncePerPoll pins when the search for a lost answer
// looks and when it waits.
func TestALostAnswerIsLookedForOncePerPoll(t *testing.T) {
	called := t0.Add(50 * time.Second)
	for _, tc := range []struct {
		name       string
		looked, at time.Time
		want       Do
	}{
		{"never looked", time.Time{}, called.Add(time.Millisecond), DoReconcile},
		{"looked before the call", called.Add(-time.Millisecond), called.Add(time.Millisecond), DoReconcile},
		{"looked in the same instant", called, called.Add(time.Millisecond), DoReconcile},
		{"looked just after", called.Add(1), called.Add(2), DoWait},
		{"the poll is nearly over", called.Add(time.Second), called.Add(2*time.Second - 1), DoWait},
		{"the poll is over", called.Add(time.Second), called.Add(2 * time.Second), DoReconcile},
	} {
		m := following(func(m *Migration) { unanswered(m); m.TargetState.At = tc.looked })
		got := Next(m, Budget{}, tc.at, rules)
		if got.Do != tc.want || got.Call.ID != "lost" || tc.want == DoWait && !got.Until.Equal(tc.looked.Add(rules.Poll)) {
			t.Errorf("%s: %s call %q until %s, want %s", tc.name, got.Do, got.Call.ID, got.Until, tc.want)
		}
	}
}

// TestTheTargetIsLookedAtWhenThePauseIsOver: at the boundary itself it is.
func TestTheTargetIsLookedAtWhenThePauseIsOver(t *testing.T) {
	at := t0.Add(time.Minute)
	sent := following(func(m *Migration) { m.Files[1].State = FileSent })
	idle := following(func(m *Migration) { m.Files[1].State = FileApplied })
	working := Pause(sent, at.Add(3*time.Second), rules)
	for _, tc := range []struct {
		name  string
		m     Migration
		after time.Duration
		want  Do
	}{
		{"at work, just before", sent, working - 1, DoWait},
		{"at work, over", sent, 4 * time.Second, DoLook},
		{"idle, just before", idle, 60*time.Second - 1, DoFollow},
		{"idle, over", idle, 60 * time.Second, DoLook},
	} {
		if got := Next(tc.m, Budget{}, at.Add(tc.after), rules); got.Do != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got.Do, tc.want)
		}
	}
	if got := Next(sent, Budget{}, at.Add(time.Second), rules); !got.Until.Equal(at.Add(Pause(sent, at.Add(time.Second), rules))) {
		t.Errorf("waits until %s", got.Until)
	}
	later := following(func(m *Migration) {
		m.Files[1].State = FileSent
		m.Calls = append(m.Calls, Call{Verb: VerbImport, File: 2, Intended: t0.Add(100 * time.Second), Verdict: Accepted}, Call{Intended: t0.Add(40 * time.Second), Verdict: Accepted})
	})
	if got := Pause(later, t0.Add(200*time.Second), rules); got != 5*time.Second {
		t.Errorf("100 s after the newest call: %s, want 5s", got)
	}
	if got := Pause(idle, t0.Add(200*time.Second), rules); got != time.Minute {
		t.Errorf("idle: %s, want a minute", got)
	}
}

// TestWhatKeepsACallBack pins each bound of the calls, just inside and at it.
func TestWhatKeepsACallBack(t *testing.T) {
	now := t0.Add(time.Minute)
	frees, later := now.Add(time.Hour), now.Add(2*time.Hour)
	full := planned(func(m *Migration) { m.Files[0].State = FileStaged })
	live := func(edit func(*LiveSource)) Migration {
		return fed(func(m *Migration) {
			m.TargetState.At = now
			wait(m, 1)
			if edit != nil {
				edit(m.LiveSource)
			}
		})
	}
	frozen := live(func(f *LiveSource) { f.Frozen = t0 })
	own := live(nil)
	own.Traits = serverTraits
	for _, tc := range []struct {
		name  string
		m     Migration
		b     Budget
		r     Rules
		want  Do
		until time.Time
	}{
		{"one file less than the instance takes", full, Budget{AtWork: 1}, Rules{Poll: time.Second, Restores: 2}, DoRestore, time.Time{}},
		{"as many files as the instance takes", full, Budget{AtWork: 2}, Rules{Poll: time.Second, Restores: 2}, DoWait, now.Add(time.Second)},
		{"a short poll", full, Budget{AtWork: 2}, Rules{Poll: time.Millisecond, Restores: 2}, DoWait, now.Add(200 * time.Millisecond)},
		{"no bound", full, Budget{AtWork: 99}, Rules{Poll: time.Second}, DoRestore, time.Time{}},
		{"the last call of the database", full, Budget{Database: 19}, rules, DoRestore, time.Time{}},
		{"none of the database is left", full, Budget{Database: 20}, rules, DoWait, frees},
		{"the last call of the instance", full, Budget{Instance: 499}, rules, DoRestore, time.Time{}},
		{"none of the instance is left", full, Budget{Instance: 500}, rules, DoWait, later},

		// a source at work keeps some for its cutover
		{"one more than is kept", live(nil), Budget{Database: 16}, Rules{Poll: time.Second, Reserve: 3}, DoImport, time.Time{}},
		{"only those kept", live(nil), Budget{Database: 17}, Rules{Poll: time.Second, Reserve: 3}, DoWait, frees},
		{"only those kept, the cutover ordered", live(func(f *LiveSource) { f.CutoverAsked = t0 }), Budget{Database: 17}, Rules{Poll: time.Second, Reserve: 3}, DoImport, time.Time{}},
		{"only the tail's, the cutover ordered", live(func(f *LiveSource) { f.CutoverAsked = t0 }), Budget{Database: 19}, Rules{Poll: time.Second, Reserve: 3}, DoWait, frees},
		{"of given files nothing is kept", following(nil), Budget{Database: 19}, Rules{Poll: time.Second, Reserve: 3}, DoImport, time.Time{}},
		{"where calls are not counted nothing is kept", own, Budget{Database: 99}, Rules{Poll: time.Second, Reserve: 3}, DoImport, time.Time{}},
		{"the import waits for its turn", live(nil), Budget{AtWork: 2}, Rules{Poll: time.Second, Restores: 2}, DoWait, now.Add(time.Second)},

		// what stops writes does not queue
		{"frozen, as many files as the instance takes", frozen, Budget{AtWork: 2}, Rules{Poll: time.Second, Restores: 2}, DoImport, time.Time{}},
		{"frozen, only the tail's is left", frozen, Budget{Database: 19}, Rules{Poll: time.Second, Reserve: 3}, DoImport, time.Time{}},
		{"frozen, none is left", frozen, Budget{Database: 20}, Rules{Poll: time.Second, Reserve: 3}, DoImport, time.Time{}},
	} {
		b := budget(tc.b, tc.m)
		b.DatabaseFrees, b.InstanceFrees = frees, later
		if got := Next(tc.m, b, now, tc.r); got.Do != tc.want || !got.Until.Equal(tc.until) {
			t.Errorf("%s: %s until %s, want %s until %s", tc.name, got.Do, got.Until, tc.want, tc.until)
		}
	}
}

// TestNoOrderGoesAroundTheGate: a source at work is opened by the gate alone.
func TestNoOrderGoesAroundTheGate(t *testing.T) {
	m := fed(func(m *Migration) { m.TargetState.At, m.OpenWhenApplied, m.OpenAsked = t0, true, t0 })
	if got := Next(m, Budget{}, t0, rules); got.Do != DoFollow {
		t.Errorf("%s, want to follow", got.Do)
	}
}

// TestAnOpeningIsWaitedFor: the newest order to open counts, when it happened
// and no person asked again since.
func TestAnOpeningIsWaitedFor(t *testing.T) {
	asked := t0.Add(10 * time.Second)
	for _, tc := range []struct {
		name  string
		calls []Call
		want  bool
	}{
		{"none", nil, false},
		{"in the instant of the asking", []Call{{Verb: VerbOpen, Intended: asked, Verdict: Accepted}}, true},
		{"before the asking", []Call{{Verb: VerbOpen, Intended: asked.Add(-1), Verdict: Accepted}}, false},
		{"without an answer", []Call{{Verb: VerbOpen, Intended: asked}}, true},
		{"refused", []Call{{Verb: VerbOpen, Intended: asked, Verdict: Refused}}, false},
		{"never arrived", []Call{{Verb: VerbOpen, Intended: asked, Verdict: Void}}, false},
		{"accepted, then refused", []Call{{Verb: VerbOpen, Intended: asked, Verdict: Accepted}, {Verb: VerbOpen, Intended: asked, Verdict: Refused}}, false},
		{"an import", []Call{{Verb: VerbImport, Intended: asked, Verdict: Accepted}}, false},
	} {
		m := Migration{OpenAsked: asked, Calls: tc.calls}
		if got := opening(m); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
		m.Opened = asked
		if opening(m) {
			t.Errorf("%s: still opening although it is open", tc.name)
		}
	}
}

func TestNextUpload(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*Migration)
		want int // Ord; 0 = none
	}{
		{"the first that is planned", nil, 1},
		{"one under way goes on before the next", func(m *Migration) { m.Files[0].State = FileUploading }, 1},
		{"what is staged is past", func(m *Migration) { m.Files[0].State = FileStaged }, 2},
		{"what the target has is past", func(m *Migration) { m.Files[0].State = FileApplied }, 2},
		{"a dropped file is not sent", func(m *Migration) { m.Files[1].State, m.Files[0].State = FileDropped, FileApplied }, 0},
		{"before preflight", func(m *Migration) { m.Checked = time.Time{} }, 0},
		{"ended", func(m *Migration) { m.Stage = StageTerminated }, 0},
		{"being terminated", func(m *Migration) { m.TerminateAsked = t0 }, 0},
		{"standing still", func(m *Migration) { m.Problem = &Problem{} }, 0},
	} {
		f, ok := NextUpload(planned(tc.edit))
		if f.Ord != tc.want || ok != (tc.want != 0) {
			t.Errorf("%s: file %d, %v", tc.name, f.Ord, ok)
		}
	}
}

func TestStageOf(t *testing.T) {
	opened := []Call{{Verb: VerbOpen, Intended: t0, Verdict: Accepted}}
	for _, tc := range []struct {
		m    Migration
		want Stage
	}{
		{Migration{Stage: StageTerminated, Opened: t0}, StageTerminated},
		{Migration{Opened: t0}, StageChecking},
		{Migration{Opened: t0, CheckResult: CheckUntold}, StageOpened},
		{planned(func(m *Migration) { m.Checked, m.Calls = time.Time{}, opened }), StagePreflight},
		{following(func(m *Migration) { m.Calls = opened }), StageOpening},
		{fed(func(m *Migration) { m.Files, m.LiveSource.Frozen = nil, t0 }), StageBackup},
		{fed(func(m *Migration) { m.LiveSource.Frozen = t0 }), StageCutover},
		{fed(nil), StageFollowing},
		{planned(nil), StageUploading},
		{planned(func(m *Migration) { m.Files[0].State = FileSent }), StageRestoring},
		{planned(func(m *Migration) { m.Files[0].State = FileStaged }), StageImporting},
		{following(func(m *Migration) { m.Files[1].State = FileSent }), StageImporting},
		{following(func(m *Migration) { m.Files[1].State = FileRefused }), StageImporting},
		{following(func(m *Migration) { m.Files[1].State = FileUploading }), StageUploading},
	} {
		if got := StageOf(tc.m); got != tc.want {
			t.Errorf("%s, want %s: %+v", got, tc.want, tc.m.Files)
		}
	}
}

// TestADifferentialCoversOnlyWhatItHolds: what the target has, what reaches
// further, and what comes behind it stay in the chain.
func TestADifferentialCoversOnlyWhatItHolds(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(log, diff *File)
		live bool
	}{
		{"covered", func(_, _ *File) {}, false},
		{"ends with it", func(log, _ *File) { log.LastLSN = lsn(60) }, false},
		{"reaches further", func(log, _ *File) { log.LastLSN = lsn(61) }, true},
		{"comes behind it", func(log, _ *File) { log.Ord = 9 }, true},
		{"is in the target's hands", func(log, _ *File) { log.State = FileSent }, true},
		{"is applied", func(log, _ *File) { log.State = FileApplied }, true},
		{"was refused", func(log, _ *File) { log.State = FileRefused }, true},
		{"a full is never covered", func(log, _ *File) { log.Kind = "full" }, true},
		{"a refused differential covers nothing", func(_, diff *File) { diff.State = FileRefused }, true},
		{"a dropped one neither", func(_, diff *File) { diff.State = FileDropped }, true},
	} {
		log, diff := file(3, "log", FileStaged, 20, 30), file(6, "differential", FileStaged, 1, 60)
		tc.edit(&log, &diff)
		m := Migration{Files: []File{file(1, "full", FileApplied, 1, 10), log, diff}}
		live := false
		for _, f := range m.Chain() {
			live = live || f.Ord == log.Ord
		}
		if live != tc.live {
			t.Errorf("%s: in the chain %v", tc.name, live)
		}
	}
	gone := Migration{Files: []File{file(1, "full", FileApplied, 1, 10), file(2, "log", FileSent, 10, 20)}}
	if got := gone.AppliedTo(); got != lsn(10) {
		t.Errorf("applied to %s", got)
	}
	if got := (Migration{}).AppliedTo(); got != (bakfile.LSN{}) {
		t.Errorf("applied to %s before the full", got)
	}
}
