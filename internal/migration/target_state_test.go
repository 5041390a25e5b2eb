package migration

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// sentLog is a migration whose log is in the target's hands since t0.
func sentLog(edit func(*Migration)) Migration {
	return following(func(m *Migration) {
		m.Files[1].State = FileSent
		m.Calls = append(m.Calls, Call{ID: "c2", Verb: VerbImport, File: 2, TaskID: "t1", Intended: t0, Settled: t0, Verdict: Accepted})
		if edit != nil {
			edit(m)
		}
	})
}

// TestAFileWithoutARowGetsAMoment pins how long the target may say nothing.
func TestAFileWithoutARowGetsAMoment(t *testing.T) {
	others := []TaskFile{{Name: "ordersfull.bak", Status: "Restored"}}
	for _, tc := range []struct {
		name  string
		files []TaskFile
		code  fault.Code // of the task
		after time.Duration
		want  FileState
	}{
		{"no rows told, just before the poll", nil, "", time.Second - 1, ""},
		{"no rows told, at the poll", nil, "", time.Second, FileApplied},
		{"no rows told, a refusal too early to belong to it", nil, "gap", time.Second - 1, ""},
		{"no rows told, refused", nil, "gap", time.Second, FileRefused},
		{"no rows told, a word nobody knows", nil, "unknown", time.Second, FileApplied},
		{"rows of others, at the settling", others, "", 2 * time.Minute, ""},
		{"rows of others, after it", others, "", 2*time.Minute + 1, FileRefused},
		{"rows of others are no refusal", others, "gap", time.Minute, ""},
	} {
		got := Read(sentLog(nil), TargetState{Task: Task{Status: TaskWaiting, Code: tc.code, Description: "said"}, Files: tc.files}, t0.Add(tc.after), rules)
		var state FileState
		if len(got.Files) == 1 {
			state = got.Files[0].State
		}
		if state != tc.want || (got.Problem != nil) != (tc.want == FileRefused) {
			t.Errorf("%s: %q, %+v, want %q", tc.name, state, got.Problem, tc.want)
		}
	}
	now := t0.Add(time.Minute)
	if got := Read(sentLog(nil), TargetState{Task: Task{Status: TaskWaiting}}, now, rules); !got.Files[0].Applied.Equal(now) {
		t.Errorf("applied at %s", got.Files[0].Applied)
	}
	for _, status := range []string{"Downloading", "NoStart", "Restoring"} {
		if got := Read(sentLog(nil), TargetState{Task: Task{Status: TaskWaiting}, Files: []TaskFile{{Name: "orderslog.bak", Status: status}}}, t0.Add(time.Hour), rules); len(got.Files) > 0 || got.Problem != nil {
			t.Errorf("%s: %+v", status, got)
		}
	}
}

// TestOnlyTheNewestRowSpeaks: rows of earlier calls, of earlier tasks and of
// dropped files with the same object come before it.
func TestOnlyTheNewestRowSpeaks(t *testing.T) {
	bad, good := TaskFile{Name: "dir/orderslog.bak", Status: "RestoreFailed"}, TaskFile{Name: "orderslog.bak", Status: "Restored"}
	retried := func(edit func(*Call)) func(*Migration) {
		return func(m *Migration) {
			c := Call{Verb: VerbImport, File: 2, TaskID: "t1", Intended: t0, Settled: t0, Verdict: Accepted}
			edit(&c)
			m.Calls = append(m.Calls, c)
		}
	}
	droppedTwin := func(state func(*Call)) func(*Migration) {
		return func(m *Migration) {
			m.Files = append(m.Files, File{Ord: 7, Kind: "log", Key: m.Files[1].Key, State: FileDropped})
			c := Call{Verb: VerbImport, File: 7, TaskID: "t1", Verdict: Accepted}
			state(&c)
			m.Calls = append(m.Calls, c)
		}
	}
	for _, tc := range []struct {
		name string
		edit func(*Migration)
		rows []TaskFile
		told bool
		want string
	}{
		{"one call, one row", nil, []TaskFile{good}, true, "Restored"},
		{"two calls, one row", retried(func(*Call) {}), []TaskFile{bad}, false, ""},
		{"two calls, two rows", retried(func(*Call) {}), []TaskFile{bad, good}, true, "Restored"},
		{"a call that was refused has no row", retried(func(c *Call) { c.Verdict = Refused }), []TaskFile{good}, true, "Restored"},
		{"a call of a former task has none here", retried(func(c *Call) { c.TaskID = "t0" }), []TaskFile{good}, true, "Restored"},
		{"a call without a task yet counts", retried(func(c *Call) { c.TaskID = "" }), []TaskFile{good}, false, ""},
		{"another verb has none", retried(func(c *Call) { c.Verb = VerbTerminate }), []TaskFile{good}, true, "Restored"},
		{"a dropped file's row comes before", droppedTwin(func(*Call) {}), []TaskFile{bad}, false, ""},
		{"both rows are there", droppedTwin(func(*Call) {}), []TaskFile{bad, good}, true, "Restored"},
		{"the dropped file's call was refused", droppedTwin(func(c *Call) { c.Verdict = Refused }), []TaskFile{good}, true, "Restored"},
		{"no row", nil, []TaskFile{{Name: "other"}}, false, ""},
	} {
		m := sentLog(func(m *Migration) {
			m.Files[1].Key = "dir/orderslog.bak"
			if tc.edit != nil {
				tc.edit(m)
			}
		})
		row, told := newestRow(m, TargetState{Files: tc.rows}, m.Files[1])
		if told != tc.told || row.Status != tc.want {
			t.Errorf("%s: %v %q", tc.name, told, row.Status)
		}
	}
}

// TestAnOrderToOpenGetsAMoment before it is said that the database is pending
// still.
func TestAnOrderToOpenGetsAMoment(t *testing.T) {
	m := following(func(m *Migration) {
		m.Files[1].State = FileApplied
		m.Calls = append(m.Calls, Call{Verb: VerbOpen, Intended: t0, Settled: t0.Add(time.Second), Verdict: Accepted})
	})
	for _, tc := range []struct {
		after time.Duration
		code  fault.Code
		want  fault.Code
	}{
		{2*time.Minute + time.Second - 1, "", ""}, {2*time.Minute + time.Second, "", CodePending}, {time.Hour, "unknown", CodePending}, {time.Hour, "space", "space"},
	} {
		got := Read(m, TargetState{Task: Task{Status: TaskWaiting, Code: tc.code}}, t0.Add(tc.after), rules)
		var code fault.Code
		if got.Problem != nil {
			code = got.Problem.Code
		}
		if code != tc.want || got.Problem != nil && got.Problem.Step != StepOpen {
			t.Errorf("after %s: %q, want %q", tc.after, code, tc.want)
		}
	}
	idle := following(func(m *Migration) { m.Files[1].State = FileApplied })
	if got := Read(idle, TargetState{Task: Task{Status: TaskWaiting}}, t0.Add(time.Hour), rules); got.Problem != nil || got.Opened {
		t.Errorf("nobody asked to open: %+v", got)
	}
	failed := TargetState{Task: Task{Status: TaskFailed, Code: "space"}}
	if got := Read(m, failed, t0, rules); got.Problem == nil || got.Problem.Step != StepOpen {
		t.Errorf("failed while opening: %+v", got.Problem)
	}
	if got := Read(idle, failed, t0, rules); got.Problem == nil || got.Problem.Step != "import" {
		t.Errorf("failed while nothing was asked: %+v", got.Problem)
	}
	if got := Read(sentLog(nil), TargetState{Task: Task{Status: TaskSuccess}}, t0, rules); !got.Opened || len(got.Files) != 1 || got.Files[0].State != FileApplied {
		t.Errorf("open with a file on its way: %+v", got)
	}
}

func TestTheCheckIsToldWithinADay(t *testing.T) {
	for _, tc := range []struct {
		name   string
		opened time.Duration // before now; 0 = not open
		mode   CheckMode
		task   Task
		want   CheckResult
	}{
		{"a day", 24 * time.Hour, CheckAsync, Task{Status: TaskSuccess}, CheckUnknown},
		{"more than a day", 24*time.Hour + 1, CheckAsync, Task{Status: TaskSuccess}, CheckUntold},
		{"told after a day", 25 * time.Hour, CheckAsync, Task{Status: TaskSuccess, Check: CheckPassed}, CheckPassed},
		{"failed though synchronous", 0, CheckSync, Task{Status: TaskSuccess, Check: CheckFailed}, CheckFailed},
		{"synchronous", 0, CheckSync, Task{Status: TaskSuccess}, CheckPassed},
		{"synchronous, not through", time.Hour, CheckSync, Task{Status: TaskRunning}, CheckUnknown},
		{"asynchronous, just open", 0, CheckAsync, Task{Status: TaskSuccess}, CheckUnknown},
	} {
		m := following(func(m *Migration) { m.Check = tc.mode })
		if tc.opened != 0 {
			m.Opened = t0.Add(-tc.opened)
		}
		if got := Read(m, TargetState{Task: tc.task}, t0, rules); got.Check != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got.Check, tc.want)
		}
	}
}

// TestOurOwnHalfAtTheBoundary: a second earlier than its order is allowed for
// the clocks, and ten restores go on by themselves.
func TestOurOwnHalfAtTheBoundary(t *testing.T) {
	calls := func(n int) (out []Call) {
		for range n {
			out = append(out, Call{Verb: VerbRestore, Intended: t0, Verdict: Void})
		}
		return append(out, Call{Verb: VerbImport, Intended: t0.Add(-time.Hour), Verdict: Accepted})
	}
	for _, tc := range []struct {
		calls   int
		created time.Time
		ours    bool
		again   bool
	}{
		{1, t0.Add(-time.Second), true, true}, {1, t0.Add(-time.Second - 1), false, false}, {10, t0, true, true}, {11, t0, true, false}, {0, t0, false, false},
	} {
		m := Migration{Traits: serverTraits, Calls: calls(tc.calls)}
		if ours, again := OurInterrupted(m, tc.created), RestoresAgain(m, Task{InterruptedRestore: tc.created}); ours != tc.ours || again != tc.again {
			t.Errorf("%d restores, made at %s: ours %v, again %v", tc.calls, tc.created, ours, again)
		}
	}
}
