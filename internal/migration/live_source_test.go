package migration

import (
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

var sourceRules = SourceRules{Reserve: 3, Settle: 20 * time.Second, Fresh: 15 * time.Second}

// fed is a migration that follows a source: its full backup and the
// differential after it are applied.
func fed(edit func(*Migration)) Migration {
	m := Migration{ID: "m", Database: "orders", SourceDatabase: "orders", Mode: Pending, Check: CheckAsync, TaskID: "t1", Checked: t0, Created: t0, Traits: serviceTraits,
		Files: []File{file(1, "full", FileApplied, 1, 10), file(2, "differential", FileApplied, 10, 20)},
		LiveSource: &LiveSource{ServerID: "s", Every: 30 * time.Minute, Freeze: FreezeTail, HistoryAt: t0.Add(20 * time.Minute), SourceBackups: []SourceBackup{
			{ID: "1", Kind: "full", Intended: t0, Settled: t0.Add(time.Minute), Verdict: Accepted, File: 1},
			{ID: "2", Kind: "differential", Intended: t0.Add(10 * time.Minute), Settled: t0.Add(11 * time.Minute), Verdict: Accepted, File: 2},
		}},
	}
	if edit != nil {
		edit(&m)
	}
	return m
}

func TestNextAtSource(t *testing.T) {
	soon, due := t0.Add(20*time.Minute), t0.Add(41*time.Minute)
	looked := func(m *Migration) { m.LiveSource.HistoryAt = due }
	for name, tc := range map[string]struct {
		m    Migration
		b    Budget
		at   time.Time
		want SourceDo
		kind string
	}{
		"not a feed":              {Migration{Checked: t0}, Budget{}, soon, SourceNothing, ""},
		"before preflight":        {fed(func(m *Migration) { m.Checked = time.Time{} }), Budget{}, soon, SourceNothing, ""},
		"first of all the full":   {fed(func(m *Migration) { m.LiveSource.SourceBackups, m.Files = nil, nil }), Budget{}, soon, SourceBackUp, "full"},
		"order without an answer": {fed(func(m *Migration) { m.LiveSource.SourceBackups[1].Verdict = Unknown }), Budget{}, soon, SourceReconcile, ""},
		"full on its way": {fed(func(m *Migration) {
			m.Files, m.LiveSource.SourceBackups = m.Files[:1], m.LiveSource.SourceBackups[:1]
			m.Files[0].State = FileSent
		}), Budget{}, soon, SourceRest, ""},
		"full applied":               {fed(func(m *Migration) { m.Files, m.LiveSource.SourceBackups = m.Files[:1], m.LiveSource.SourceBackups[:1] }), Budget{}, soon, SourceBackUp, "differential"},
		"differential on its way":    {fed(func(m *Migration) { m.Files[1].State = FileSent }), Budget{}, soon, SourceRest, ""},
		"log not due":                {fed(nil), Budget{}, soon, SourceRest, ""},
		"log due":                    {fed(looked), Budget{}, due, SourceBackUp, "log"},
		"only the reserve is left":   {fed(looked), Budget{Database: 17}, due, SourceRest, ""},
		"history looked at long ago": {fed(nil), Budget{}, due, SourceHistory, ""},
		"a problem stands":           {fed(func(m *Migration) { m.Problem = &Problem{} }), Budget{}, due, SourceNothing, ""},

		// a lost log
		"a differential was ordered": {fed(func(m *Migration) { m.LiveSource.GapDifferentialAsked = soon }), Budget{}, due, SourceBackUp, "differential"},
		"it is taken":                {fed(func(m *Migration) { looked(m); m.LiveSource.GapDifferentialAsked = t0.Add(9 * time.Minute) }), Budget{}, due, SourceBackUp, "log"},
		"it was refused": {fed(func(m *Migration) {
			m.LiveSource.GapDifferentialAsked = soon
			m.LiveSource.SourceBackups = append(m.LiveSource.SourceBackups, SourceBackup{ID: "3", Kind: "differential", Intended: soon, Verdict: Refused})
		}), Budget{}, due, SourceBackUp, "differential"},

		// the cutover
		"ordered, history not looked at": {fed(func(m *Migration) { m.LiveSource.CutoverAsked = soon.Add(time.Second) }), Budget{}, soon, SourceHistory, ""},
		"ordered, last log is old":       {fed(func(m *Migration) { m.LiveSource.CutoverAsked = soon }), Budget{}, soon, SourceBackUp, "log"},
		"ordered, last log is fresh": {fed(func(m *Migration) {
			m.LiveSource.CutoverAsked = soon
			m.LiveSource.SourceBackups[1].Settled = soon.Add(-5 * time.Second)
		}), Budget{}, soon, SourceFreeze, "log"},
		"ordered, last import of all": {fed(func(m *Migration) { m.LiveSource.CutoverAsked = soon }), Budget{Database: 19}, soon, SourceFreeze, "log"},
		"ordered, a log on its way":   {fed(func(m *Migration) { m.LiveSource.CutoverAsked = soon; m.Files[1].State = FileSent }), Budget{}, soon, SourceRest, ""},
		"frozen, the tail not taken":  {fed(func(m *Migration) { m.LiveSource.Frozen = soon }), Budget{}, due, SourceFreeze, "log"},
		"frozen, the tail taken": {fed(func(m *Migration) {
			m.LiveSource.Frozen = soon
			m.LiveSource.SourceBackups = append(m.LiveSource.SourceBackups, SourceBackup{ID: "3", Kind: "log", Tail: true, Verdict: Accepted})
		}), Budget{}, due, SourceNothing, ""},

		"ordered, no import is left": {fed(func(m *Migration) { m.LiveSource.CutoverAsked = soon }), Budget{Database: 20}, soon, SourceRest, ""},

		// more logs of others than the day has imports
		"three logs wait, four imports are to spare": {fed(func(m *Migration) { looked(m); wait(m, 3) }), Budget{Database: 13}, due, SourceRest, ""},
		"three logs wait, two imports are to spare":  {fed(func(m *Migration) { looked(m); wait(m, 3) }), Budget{Database: 15}, due, SourceBackUp, "differential"},
		"three logs wait, none is to spare":          {fed(func(m *Migration) { looked(m); wait(m, 3) }), Budget{Database: 17}, due, SourceRest, ""},
		"the differential for them is on its way": {fed(func(m *Migration) {
			looked(m)
			wait(m, 3)
			m.Files = append(m.Files, file(6, "differential", FileStaged, 1, 60))
		}), Budget{Database: 15}, due, SourceRest, ""},
		"the last differential built on another full":   {fed(func(m *Migration) { looked(m); wait(m, 3); m.LiveSource.SourceBackups[1].File = 0 }), Budget{Database: 15}, due, SourceRest, ""},
		"a self-managed server has no such bound":       {fed(func(m *Migration) { looked(m); wait(m, 3); m.Traits = serverTraits }), Budget{Database: 15}, due, SourceRest, ""},
		"the cutover was ordered while three logs wait": {fed(func(m *Migration) { looked(m); wait(m, 3); m.LiveSource.CutoverAsked = soon }), Budget{Database: 17}, due, SourceBackUp, "differential"},

		// the way back
		"aborted":                   {fed(func(m *Migration) { m.LiveSource.AbortAsked = soon }), Budget{}, soon, SourceGiveBack, ""},
		"aborted while frozen":      {fed(func(m *Migration) { m.LiveSource.Frozen, m.LiveSource.AbortAsked = soon, soon }), Budget{}, soon, SourceGiveBack, ""},
		"aborted, order unanswered": {fed(func(m *Migration) { m.LiveSource.SourceBackups[1].Verdict = Unknown; m.LiveSource.AbortAsked = soon }), Budget{}, soon, SourceReconcile, ""},
		"aborted with a problem":    {fed(func(m *Migration) { m.Problem, m.LiveSource.AbortAsked = &Problem{}, soon }), Budget{}, soon, SourceGiveBack, ""},
		"given back":                {fed(func(m *Migration) { m.LiveSource.AbortAsked, m.LiveSource.GivenBack = soon, soon }), Budget{}, soon, SourceNothing, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tc.b.Most = tc.m.Traits.Calls
			got := NextAtSource(tc.m, tc.b, tc.at, sourceRules)
			if got.Do != tc.want || (tc.kind != "" && got.Kind != tc.kind) {
				t.Errorf("NextAtSource = %q %q (%s), want %q %q", got.Do, got.Kind, got.Why, tc.want, tc.kind)
			}
		})
	}
}

// wait adds logs that the target was not given yet.
func wait(m *Migration, logs uint32) {
	for i := range logs {
		m.Files = append(m.Files, file(3+int(i), "log", FileStaged, 20+10*i, 30+10*i))
	}
}

// TestADifferentialTakesThePlaceOfWhatWaits: the target is given nothing before
// the differential is there, and then that one alone; what is kept for the
// cutover stays.
func TestADifferentialTakesThePlaceOfWhatWaits(t *testing.T) {
	m := fed(func(m *Migration) { m.TaskID = "1"; m.TargetState.At = t0; wait(m, 3) })
	r := rules
	r.Reserve = 3
	now := t0.Add(time.Second)
	m.TargetState.At = now
	next := func(used int) Action {
		return Next(m, Budget{Most: serviceTraits.Calls, Database: used, DatabaseFrees: now.Add(time.Hour)}, now, r)
	}
	if got := next(13); got.Do != DoImport || got.File.Ord != 3 {
		t.Errorf("with four imports to spare: %q of file %d, want the first log", got.Do, got.File.Ord)
	}
	if got := next(15); got.Do != DoAwait {
		t.Errorf("with two to spare: %q, want to await the differential", got.Do)
	}
	m.Files = append(m.Files, file(6, "differential", FileStaged, 1, 60), file(7, "log", FileStaged, 50, 70))
	if got := next(15); got.Do != DoImport || got.File.Ord != 6 {
		t.Errorf("with the differential there: %q of file %d, want it", got.Do, got.File.Ord)
	}
	if got := next(17); got.Do != DoWait || !got.Until.Equal(now.Add(time.Hour)) {
		t.Errorf("with none to spare: %q until %s, want to wait for the next import", got.Do, got.Until)
	}
	m.Files[5].State = FileRefused
	if got := next(13); got.Do != DoAsk && got.File.Ord == 7 {
		t.Errorf("the logs it would have covered are passed over although the target refused it: %q of file %d", got.Do, got.File.Ord)
	}
}

// TestTheGateOpensOnlyAtTheTail: whatever else is true, the target is opened
// only when it stands exactly where the source was frozen.
func TestTheGateOpensOnlyAtTheTail(t *testing.T) {
	tail := func(m *Migration) {
		m.LiveSource.Frozen, m.LiveSource.Tail, m.LiveSource.CutoverAsked = t0, lsn(30), t0
		m.LiveSource.SourceBackups = append(m.LiveSource.SourceBackups, SourceBackup{ID: "3", Kind: "log", Tail: true, Verdict: Accepted, File: 3})
		m.Files = append(m.Files, file(3, "log", FileApplied, 20, 30))
	}
	for name, tc := range map[string]struct {
		edit func(*Migration)
		open bool
	}{
		"tail applied":                {func(*Migration) {}, true},
		"tail on its way":             {func(m *Migration) { m.Files[2].State = FileSent }, false},
		"tail refused":                {func(m *Migration) { m.Files[2].State = FileRefused }, false},
		"another log applied instead": {func(m *Migration) { m.Files[2].LastLSN = lsn(29) }, false},
		"more applied than was taken": {func(m *Migration) { m.Files[2].LastLSN = lsn(31) }, false},
		"tail not taken":              {func(m *Migration) { m.LiveSource.SourceBackups = m.LiveSource.SourceBackups[:2] }, false},
		"tail's answer lost":          {func(m *Migration) { m.LiveSource.SourceBackups[2].Verdict = Unknown }, false},
		"not frozen":                  {func(m *Migration) { m.LiveSource.Frozen = time.Time{} }, false},
		"no LSN of the tail":          {func(m *Migration) { m.LiveSource.Tail = bakfile.LSN{} }, false},
		"aborted":                     {func(m *Migration) { m.LiveSource.AbortAsked = t0 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := fed(tail)
			tc.edit(&m)
			m.TargetState = TargetState{At: t0.Add(time.Minute), Task: Task{Status: TaskWaiting}}
			open, why := Gate(m, t0)
			if open != tc.open || (!open && why == "") {
				t.Errorf("gate open %v (%s), want %v", open, why, tc.open)
			}
			if got := Next(m, Budget{}, t0.Add(time.Minute), rules); (got.Do == DoOpen) != tc.open {
				t.Errorf("Next = %s", got.Do)
			}
		})
	}
}

func TestAbortIsTooLateOnceTheOrderToOpenWasGiven(t *testing.T) {
	for verdict, late := range map[Verdict]bool{Unknown: true, Accepted: true, Adopted: true, Refused: false, Void: false} {
		m := fed(func(m *Migration) { m.Calls = []Call{{ID: "o", Verb: VerbOpen, Intended: t0, Verdict: verdict}} })
		if _, err := Abort(m); (err != nil) != late {
			t.Errorf("order to open %q: abort says %v", verdict, err)
		}
	}
}

func TestTheSourceComesBackBeforeTheTargetIsLetGo(t *testing.T) {
	m := fed(func(m *Migration) {
		m.LiveSource.Frozen, m.LiveSource.AbortAsked, m.TerminateAsked = t0, t0, t0
		m.TargetState = TargetState{At: t0.Add(time.Minute), Task: Task{Status: TaskWaiting}}
	})
	if got := Next(m, Budget{}, t0.Add(time.Minute), rules); got.Do != DoAwait {
		t.Fatalf("before the source is back: %s", got.Do)
	}
	m.LiveSource.GivenBack = t0
	if got := Next(m, Budget{}, t0.Add(time.Minute), rules); got.Do != DoTerminate {
		t.Fatalf("after: %s", got.Do)
	}
}

func TestPredict(t *testing.T) {
	m := fed(nil)
	at := t0
	m.Files, m.LiveSource.SourceBackups, m.Calls = nil, nil, nil
	// 1 GB full at 100 MB/s everywhere; logs of 10 MB with 2, 3 and 4 s overhead.
	for i, size := range []int64{1e9, 1e7, 1e7, 1e7} {
		phase := func(overhead time.Duration) time.Duration {
			if i == 0 {
				overhead = 0
			}
			return overhead + time.Duration(float64(size)/1e8*float64(time.Second))
		}
		f := file(i+1, "log", FileApplied, 1, uint32(i+2))
		f.Size = size
		take := SourceBackup{ID: f.Key, Kind: "log", File: f.Ord, Intended: at, Settled: at.Add(phase(2 * time.Second)), Verdict: Accepted}
		f.Staged = take.Settled.Add(phase(3 * time.Second))
		call := Call{ID: f.Key, Verb: VerbImport, File: f.Ord, Intended: f.Staged, Verdict: Accepted}
		f.Applied = call.Intended.Add(phase(4 * time.Second))
		at = f.Applied
		m.Files, m.LiveSource.SourceBackups, m.Calls = append(m.Files, f), append(m.LiveSource.SourceBackups, take), append(m.Calls, call)
	}
	s := Predict(m, 2e8, []time.Duration{6 * time.Second})
	if !s.Known || s.Tail != 4*time.Second || s.Upload != 5*time.Second || s.Apply != 6*time.Second || s.Open != 6*time.Second {
		t.Fatalf("predicted %+v", s)
	}
	if s := Predict(fed(nil), 1, nil); s.Known {
		t.Fatalf("predicted without anything measured: %+v", s)
	}
}

func TestGapDifferential(t *testing.T) {
	offered := func(p Problem) func(*Migration) {
		return func(m *Migration) {
			p.Actions = []Button{ButtonGapDifferential, ButtonAbort}
			m.Problem = &p
			m.Files = append(m.Files, file(3, "log", FileRefused, 30, 40), file(4, "log", FileStaged, 40, 50))
		}
	}
	for name, tc := range map[string]struct {
		m       Migration
		ok      bool
		dropped int
	}{
		"nothing stands":     {fed(nil), false, 0},
		"another problem":    {fed(func(m *Migration) { m.Problem = &Problem{Actions: []Button{ButtonRetry}} }), false, 0},
		"a log is lost":      {fed(offered(Problem{Code: CodeLogLost})), true, 0},
		"the target refused": {fed(offered(Problem{Code: "gap", File: 3})), true, 2},
		"one is half-sent": {fed(func(m *Migration) {
			offered(Problem{Code: "gap", File: 3})(m)
			m.Files = append(m.Files, file(5, "log", FileUploading, 50, 60), file(6, "log", FilePlanned, 60, 70))
		}), true, 4},
		"frozen":              {fed(func(m *Migration) { offered(Problem{})(m); m.LiveSource.Frozen = t0 }), false, 0},
		"aborted":             {fed(func(m *Migration) { offered(Problem{})(m); m.LiveSource.AbortAsked = t0 }), false, 0},
		"ended":               {fed(func(m *Migration) { offered(Problem{})(m); m.Stage = StageTerminated }), false, 0},
		"made of given files": {Migration{Problem: &Problem{Actions: []Button{ButtonGapDifferential}}}, false, 0},
	} {
		d, err := GapDifferential(tc.m)
		if (err == nil) != tc.ok || d.GapDifferential != tc.ok || d.Go != tc.ok || len(d.Files) != tc.dropped {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		for _, f := range d.Files {
			if f.State != FileDropped {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// Where files are taken from a source nobody adds files or opens by hand, and
// giving up gives the source back.
func TestExplanationsOfAFeed(t *testing.T) {
	m := fed(nil)
	for code, want := range map[fault.Code][]Button{
		"space":       {ButtonRetry, ButtonAbort},
		"gap":         {ButtonGapDifferential, ButtonRetry, ButtonAbort},
		"covered":     {ButtonGapDifferential, ButtonRetry, ButtonAbort},
		"daily-limit": {ButtonRetry, ButtonAbort},
	} {
		p := m.problem(code, "import/2", 2, "said").told(m, words.Say("A cause of its own."), words.Say("A fix of its own."))
		if !slices.Equal(p.Actions, want) {
			t.Errorf("%q offers %v, want %v", code, p.Actions, want)
		}
		if covered := p.Fix.String() == explain.BridgeFix; covered != (want[0] == ButtonGapDifferential) || p.Cause.String() != "A cause of its own." {
			t.Errorf("%q: %+v", code, p)
		}
	}
}

// TestASourceIsBeingFrozenUntilItsTailIsTaken, whatever log came after it; one
// whose application is said to be stopped never is.
func TestASourceIsBeingFrozenUntilItsTailIsTaken(t *testing.T) {
	at := time.Unix(1, 0)
	tail := func(v Verdict) SourceBackup { return SourceBackup{Kind: "log", Tail: true, Verdict: v} }
	for name, tc := range map[string]struct {
		f    LiveSource
		want bool
	}{
		"not ordered":         {LiveSource{Freeze: FreezeTail}, false},
		"ordered":             {LiveSource{Freeze: FreezeTail, Frozen: at}, true},
		"under way":           {LiveSource{Freeze: FreezeTail, Frozen: at, SourceBackups: []SourceBackup{tail(Unknown)}}, true},
		"refused":             {LiveSource{Freeze: FreezeTail, Frozen: at, SourceBackups: []SourceBackup{tail(Refused)}}, true},
		"a log before it":     {LiveSource{Freeze: FreezeReadOnly, Frozen: at, SourceBackups: []SourceBackup{{Kind: "log", Verdict: Accepted}}}, true},
		"taken":               {LiveSource{Freeze: FreezeReadOnly, Frozen: at, SourceBackups: []SourceBackup{tail(Accepted)}}, false},
		"found to be taken":   {LiveSource{Freeze: FreezeTail, Frozen: at, SourceBackups: []SourceBackup{tail(Adopted)}}, false},
		"one more log":        {LiveSource{Freeze: FreezeTail, Frozen: at, SourceBackups: []SourceBackup{tail(Accepted), {Kind: "log", Verdict: Accepted}}}, false},
		"application stopped": {LiveSource{Freeze: FreezeStopped, Frozen: at}, false},
	} {
		if got := tc.f.Freezing(); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
