package migration

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
)

// cutOver is a migration whose source is frozen and whose tail is applied.
func cutOver(freeze Freeze, edit func(*Migration)) Migration {
	return fed(func(m *Migration) {
		f := m.LiveSource
		f.Freeze, f.CutoverAsked, f.Frozen, f.Tail = freeze, t0, t0, lsn(30)
		f.SourceBackups = append(f.SourceBackups, SourceBackup{ID: "3", Kind: "log", Tail: true, Intended: t0, Settled: t0, Verdict: Accepted, File: 3})
		m.Files = append(m.Files, file(3, "log", FileApplied, 20, 30))
		m.TargetState = TargetState{At: t0.Add(time.Hour), Task: Task{Status: TaskWaiting}}
		if edit != nil {
			edit(m)
		}
	})
}

// TestAProofIsFreshWhenTheTargetIsOpened: a stopped application may be started
// again, so only a look of the last seconds counts.
func TestAProofIsFreshWhenTheTargetIsOpened(t *testing.T) {
	now := t0.Add(time.Hour)
	for _, tc := range []struct {
		name   string
		m      Migration
		proven time.Time
		prove  bool
		want   Do
	}{
		{"never proven", cutOver(FreezeStopped, nil), time.Time{}, true, DoAwait},
		{"proven now", cutOver(FreezeStopped, nil), now, false, DoOpen},
		{"proven almost five seconds ago", cutOver(FreezeStopped, nil), now.Add(-5*time.Second + 1), false, DoOpen},
		{"proven five seconds ago", cutOver(FreezeStopped, nil), now.Add(-5 * time.Second), true, DoAwait},
		{"proven an hour ago", cutOver(FreezeStopped, nil), t0, true, DoAwait},
		{"the tail needs no proof", cutOver(FreezeTail, nil), time.Time{}, false, DoOpen},
		{"READ_ONLY needs none", cutOver(FreezeReadOnly, nil), time.Time{}, false, DoOpen},
		{"the tail is not applied", cutOver(FreezeStopped, func(m *Migration) { m.Files[2].State = FileSent }), time.Time{}, false, DoWait},
		{"it stands elsewhere", cutOver(FreezeStopped, func(m *Migration) { m.Files[2].LastLSN = lsn(31) }), time.Time{}, false, DoFollow},
		{"no LSN of the tail", cutOver(FreezeStopped, func(m *Migration) { m.LiveSource.Tail, m.Files = bakfile.LSN{}, nil }), time.Time{}, false, DoFollow},
		{"the last log is not the tail", cutOver(FreezeStopped, func(m *Migration) { m.LiveSource.SourceBackups[2].Tail = false }), time.Time{}, false, DoFollow},
		{"told to open", cutOver(FreezeStopped, func(m *Migration) { m.Calls = []Call{{Verb: VerbOpen, Intended: t0, Verdict: Accepted}} }), time.Time{}, false, DoWait},
		{"the order to open never arrived", cutOver(FreezeStopped, func(m *Migration) { m.Calls = []Call{{Verb: VerbOpen, Intended: t0, Verdict: Void}} }), time.Time{}, true, DoAwait},
		{"open", cutOver(FreezeStopped, func(m *Migration) { m.Opened = t0 }), time.Time{}, false, DoWait},
	} {
		tc.m.LiveSource.Proven = tc.proven
		if got := NextAtSource(tc.m, Budget{}, now, sourceRules); (got.Do == SourceProve) != tc.prove {
			t.Errorf("%s: at the source %q, want a proof: %v", tc.name, got.Do, tc.prove)
		}
		if open, why := Gate(tc.m, now); tc.prove && open || !open && why == "" || tc.want == DoOpen && !open {
			t.Errorf("%s: the gate is open: %v (%s)", tc.name, open, why)
		}
		if got := Next(tc.m, Budget{}, now, rules); got.Do != tc.want {
			t.Errorf("%s: at the target %q, want %q", tc.name, got.Do, tc.want)
		}
	}
	if open, why := Gate(cutOver(FreezeStopped, nil), t0); open || why == "" {
		t.Error("the gate opens without any proof")
	}
	if open, _ := Gate(Migration{}, t0); !open {
		t.Error("there is no gate where files are given")
	}
}

// TestTheTailIsTheEndOfTheLog: only the newest backup that was taken can be it.
func TestTheTailIsTheEndOfTheLog(t *testing.T) {
	tail, log := SourceBackup{Kind: "log", Tail: true, Verdict: Accepted}, SourceBackup{Kind: "log", Verdict: Adopted}
	with := func(b SourceBackup, v Verdict) SourceBackup { b.Verdict = v; return b }
	for _, tc := range []struct {
		name   string
		frozen bool
		taken  []SourceBackup
		want   bool
	}{
		{"taken", true, []SourceBackup{log, tail}, true},
		{"found again", true, []SourceBackup{log, with(tail, Adopted)}, true},
		{"one more log came after it", true, []SourceBackup{tail, log}, false},
		{"one more was refused", true, []SourceBackup{tail, with(log, Refused)}, true},
		{"one more never arrived", true, []SourceBackup{tail, with(log, Void)}, true},
		{"refused", true, []SourceBackup{log, with(tail, Refused)}, false},
		{"never arrived", true, []SourceBackup{log, with(tail, Void)}, false},
		{"without an answer", true, []SourceBackup{log, with(tail, Unknown)}, false},
		{"not frozen any more", false, []SourceBackup{tail}, false},
	} {
		f := LiveSource{SourceBackups: tc.taken}
		if tc.frozen {
			f.Frozen = t0
		}
		if got := f.tailTaken(); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
		if ever := f.EverFrozen(); !ever {
			t.Errorf("%s: a freeze was ordered and is forgotten", tc.name)
		}
	}
	if (&LiveSource{SourceBackups: []SourceBackup{log}}).EverFrozen() {
		t.Error("an ordinary log is no freeze")
	}
	if !(&LiveSource{Frozen: t0}).EverFrozen() {
		t.Error("frozen, and never so")
	}
}

// TestWhenSomethingIsDueAtTheSource pins each bound, just before, at, and just
// after, and what wins over what.
func TestWhenSomethingIsDueAtTheSource(t *testing.T) {
	const refused, old = Refused, 16 * time.Second
	settled := t0.Add(11 * time.Minute) // of the differential of fed
	now := t0.Add(20 * time.Minute)
	frees := now.Add(time.Hour)
	looked := func(m *Migration) { m.LiveSource.HistoryAt = now }
	ordered := func(age time.Duration) func(*Migration) {
		return func(m *Migration) {
			looked(m)
			m.LiveSource.CutoverAsked, m.LiveSource.SourceBackups[1].Settled = now, now.Add(-age)
		}
	}
	every := func(d time.Duration) func(*Migration) {
		return func(m *Migration) { looked(m); m.LiveSource.Every = d }
	}
	turn := func(ahead int) func(*Migration) {
		return func(m *Migration) { m.Files, m.LiveSource.SourceBackups, m.Ahead = nil, nil, ahead }
	}
	for _, tc := range []struct {
		name  string
		edit  func(*Migration)
		used  int
		want  SourceDo
		kind  string
		until time.Time
	}{
		{"ended", func(m *Migration) { looked(m); m.Stage = StageTerminated }, 0, SourceNothing, "", time.Time{}},
		{"being terminated", func(m *Migration) { looked(m); m.TerminateAsked = now }, 0, SourceNothing, "", time.Time{}},
		{"standing still, an order without an answer", func(m *Migration) { m.Problem = &Problem{}; m.LiveSource.SourceBackups[1].Verdict = Unknown }, 0, SourceNothing, "", time.Time{}},

		// its turn in a wave
		{"three come before it", turn(3), 0, SourceQueue, "", now.Add(15 * time.Second)},
		{"twelve come before it", turn(12), 0, SourceQueue, "", now.Add(time.Minute)},
		{"a hundred come before it", turn(100), 0, SourceQueue, "", now.Add(time.Minute)},
		{"it has begun", func(m *Migration) {
			looked(m)
			m.Ahead = 3
			m.LiveSource.SourceBackups[0].Verdict = refused
			m.LiveSource.SourceBackups[1].Verdict = refused
		}, 0, SourceBackUp, "full", time.Time{}},

		// the history of others
		{"looked in the instant of the last backup", func(m *Migration) { m.LiveSource.HistoryAt = now; m.LiveSource.SourceBackups[1].Settled = now }, 0, SourceRest, "", t0.Add(40 * time.Minute)},
		{"looked before the last backup ended", func(m *Migration) { m.LiveSource.HistoryAt = now.Add(-1); m.LiveSource.SourceBackups[1].Settled = now }, 0, SourceHistory, "", time.Time{}},
		{"looked in the instant of the cutover", func(m *Migration) { ordered(0)(m) }, 0, SourceFreeze, "log", time.Time{}},
		{"looked before the cutover", func(m *Migration) {
			ordered(0)(m)
			m.LiveSource.SourceBackups[1].Settled = settled
			m.LiveSource.HistoryAt = now.Add(-1)
		}, 0, SourceHistory, "", time.Time{}},
		{"looked a minute ago", func(m *Migration) { m.LiveSource.HistoryAt = now.Add(-time.Minute) }, 0, SourceRest, "", t0.Add(40 * time.Minute)},
		{"looked more than a minute ago", func(m *Migration) { m.LiveSource.HistoryAt = now.Add(-time.Minute - 1) }, 0, SourceHistory, "", time.Time{}},
		{"a lost log is covered before anything is looked at", func(m *Migration) { m.LiveSource.GapDifferentialAsked, m.LiveSource.HistoryAt = now, t0 }, 0, SourceBackUp, "differential", time.Time{}},

		// after the full backup
		{"the full is on its way", func(m *Migration) {
			looked(m)
			m.Files, m.LiveSource.SourceBackups, m.Files[0].State = m.Files[:1], m.LiveSource.SourceBackups[:1], FileStaged
		}, 0, SourceRest, "", now.Add(time.Minute)},
		{"a differential was refused", func(m *Migration) { looked(m); m.Files = m.Files[:1]; m.LiveSource.SourceBackups[1].Verdict = refused }, 0, SourceBackUp, "differential", time.Time{}},
		{"a differential never arrived", func(m *Migration) { looked(m); m.Files = m.Files[:1]; m.LiveSource.SourceBackups[1].Verdict = Void }, 0, SourceBackUp, "differential", time.Time{}},
		{"logs follow already", func(m *Migration) { every(10 * time.Minute)(m); m.LiveSource.SourceBackups[1].Kind = "log" }, 0, SourceBackUp, "log", time.Time{}},
		{"others' log waits before the differential", func(m *Migration) {
			looked(m)
			m.Files, m.LiveSource.SourceBackups = append(m.Files[:1], file(2, "log", FileSent, 10, 20)), m.LiveSource.SourceBackups[:1]
		}, 0, SourceRest, "", now.Add(time.Minute)},

		// the ordinary log
		{"a log is due", every(10 * time.Minute), 0, SourceBackUp, "log", time.Time{}},
		{"a log is due in an instant", every(10*time.Minute + 1), 0, SourceRest, "", now.Add(1)},
		{"due, one more import than is kept", every(10 * time.Minute), 16, SourceBackUp, "log", time.Time{}},
		{"due, only those kept", every(10 * time.Minute), 17, SourceRest, "", frees},
		{"due, the target is at work", func(m *Migration) { every(10 * time.Minute)(m); m.Files[1].State = FileSent }, 0, SourceRest, "", now.Add(time.Minute)},

		// the cutover
		{"the last log is just fresh", ordered(15 * time.Second), 0, SourceFreeze, "log", time.Time{}},
		{"the last log is just old", ordered(15*time.Second + 1), 0, SourceBackUp, "log", time.Time{}},
		{"old, two imports are left", ordered(old), 18, SourceBackUp, "log", time.Time{}},
		{"old, one import is left", ordered(old), 19, SourceFreeze, "log", time.Time{}},
		{"old, no import is left", ordered(old), 20, SourceRest, "", frees},
		{"fresh, no import is left", ordered(0), 20, SourceRest, "", frees},
		{"the target has not applied all", func(m *Migration) { ordered(0)(m); m.Files[1].State = FileSent }, 0, SourceRest, "", now.Add(time.Minute)},

		// writes stand still
		{"frozen, no import is left", func(m *Migration) { ordered(0)(m); m.LiveSource.Frozen = now }, 20, SourceFreeze, "log", time.Time{}},
		{"frozen, the history is old", func(m *Migration) { ordered(old)(m); m.LiveSource.Frozen, m.LiveSource.HistoryAt = now, t0 }, 0, SourceFreeze, "log", time.Time{}},
		{"frozen, the target is at work", func(m *Migration) { ordered(old)(m); m.LiveSource.Frozen, m.Files[1].State = now, FileSent }, 0, SourceFreeze, "log", time.Time{}},
		{"frozen, being terminated", func(m *Migration) { ordered(old)(m); m.LiveSource.Frozen, m.TerminateAsked = now, now }, 0, SourceNothing, "", time.Time{}},
	} {
		m := fed(tc.edit)
		got := NextAtSource(m, Budget{Most: m.Traits.Calls, Database: tc.used, DatabaseFrees: frees}, now, sourceRules)
		if got.Do != tc.want || got.Kind != tc.kind || !got.Until.Equal(tc.until) {
			t.Errorf("%s: %q %q until %s, want %q %q until %s", tc.name, got.Do, got.Kind, got.Until, tc.want, tc.kind, tc.until)
		}
	}
}

func TestWhatIsLeftOfADay(t *testing.T) {
	early, late := t0, t0.Add(time.Hour)
	for _, tc := range []struct {
		name  string
		most  endpoint.Calls
		used  [2]int // database, instance
		left  int
		frees time.Time
	}{
		{"nothing is counted", endpoint.Calls{}, [2]int{7, 9}, math.MaxInt32, early},
		{"the database is the narrower", endpoint.Calls{Database: 20, Instance: 500}, [2]int{15, 400}, 5, early},
		{"the instance is the narrower", endpoint.Calls{Database: 20, Instance: 500}, [2]int{10, 496}, 4, late},
		{"both are as narrow", endpoint.Calls{Database: 20, Instance: 500}, [2]int{15, 495}, 5, early},
		{"only the instance counts", endpoint.Calls{Instance: 500}, [2]int{99, 498}, 2, late},
		{"only the database counts", endpoint.Calls{Database: 20}, [2]int{18, 900}, 2, early},
	} {
		b := Budget{Most: tc.most, Database: tc.used[0], Instance: tc.used[1], DatabaseFrees: early, InstanceFrees: late}
		if b.Left() != tc.left || !b.Frees().Equal(tc.frees) {
			t.Errorf("%s: %d left, more at %s", tc.name, b.Left(), b.Frees())
		}
	}
	for _, tc := range []struct {
		calls, reserve int
		want           time.Duration
	}{
		{20, 3, 96 * time.Minute}, {0, 3, time.Minute}, {5, 3, time.Minute}, {6, 3, 24 * time.Hour}, {7, 3, 12 * time.Hour}, {12, 3, 206 * time.Minute},
	} {
		if got := SmallestEvery(endpoint.Calls{Database: tc.calls}, tc.reserve); got != tc.want {
			t.Errorf("%d calls with %d kept: every %s, want %s", tc.calls, tc.reserve, got, tc.want)
		}
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
