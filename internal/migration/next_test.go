package migration

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
)

var (
	t0    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	rules = Rules{Poll: time.Second, Settle: 2 * time.Minute}
)

func lsn(block uint32) bakfile.LSN { return bakfile.LSN{VLF: 39, Block: block, Slot: 1} }

func file(ord int, kind string, state FileState, first, last uint32) File {
	return File{Ord: ord, Kind: kind, State: state, Key: "orders" + kind + ".bak", SetGUID: bakfile.GUID{byte(ord)}, FirstLSN: lsn(first), LastLSN: lsn(last)}
}

// following is a migration whose full backup is applied and whose first log
// lies in the bucket.
func following(edit func(*Migration)) Migration {
	m := Migration{
		ID: "m", Database: "orders", Mode: Pending, Check: CheckAsync, TaskID: "t1", Checked: t0, Created: t0, Traits: serviceTraits,
		Files:       []File{file(1, "full", FileApplied, 1, 10), file(2, "log", FileStaged, 10, 20)},
		Calls:       []Call{{ID: "c1", Verb: VerbRestore, File: 1, Intended: t0, Settled: t0, Verdict: Accepted, TaskID: "t1"}},
		TargetState: TargetState{At: t0.Add(time.Minute), Task: Task{ID: "t1", Database: "orders", Status: TaskWaiting}},
	}
	if edit != nil {
		edit(&m)
	}
	return m
}

func TestNext(t *testing.T) {
	now := t0.Add(time.Minute + 500*time.Millisecond)
	fresh := func(edit func(*Migration)) Migration {
		return following(func(m *Migration) {
			m.TaskID, m.Calls, m.TargetState = "", nil, TargetState{}
			m.Files[0].State, m.Files[1].State = FilePlanned, FilePlanned
			if edit != nil {
				edit(m)
			}
		})
	}
	for name, tc := range map[string]struct {
		m    Migration
		b    Budget
		want Do
	}{
		// before the full backup is given to the target
		"nothing checked yet":        {fresh(func(m *Migration) { m.Checked = time.Time{} }), Budget{}, DoPreflight},
		"full not in the bucket":     {fresh(nil), Budget{}, DoAwait},
		"full in the bucket":         {fresh(func(m *Migration) { m.Files[0].State = FileStaged }), Budget{}, DoRestore},
		"day's calls used up":        {fresh(func(m *Migration) { m.Files[0].State = FileStaged }), Budget{Database: 20}, DoWait},
		"instance's calls used up":   {fresh(func(m *Migration) { m.Files[0].State = FileStaged }), Budget{Instance: 500}, DoWait},
		"terminated before any task": {fresh(func(m *Migration) { m.TerminateAsked = t0 }), Budget{}, DoFinish},
		"restore call without an answer": {fresh(func(m *Migration) {
			m.Files[0].State = FileStaged
			m.Calls = []Call{{ID: "c", Verb: VerbRestore, File: 1, Intended: t0}}
		}), Budget{}, DoReconcile},
		"no file left": {fresh(func(m *Migration) { m.Files = nil }), Budget{}, DoAsk},

		// increments
		"log in the bucket":        {following(nil), Budget{}, DoImport},
		"log not in the bucket":    {following(func(m *Migration) { m.Files[1].State = FileUploading }), Budget{}, DoAwait},
		"log in the target's hand": {following(func(m *Migration) { m.Files[1].State = FileSent }), Budget{}, DoWait},
		"sight is old":             {following(func(m *Migration) { m.TargetState.At = t0.Add(-time.Hour) }), Budget{}, DoLook},
		"import without an answer": {following(func(m *Migration) {
			m.Calls = append(m.Calls, Call{ID: "c2", Verb: VerbImport, File: 2, Intended: t0.Add(50 * time.Second)})
			m.TargetState.At = t0
		}), Budget{}, DoReconcile},
		"just looked for a lost answer": {following(func(m *Migration) {
			m.Calls = append(m.Calls, Call{ID: "c2", Verb: VerbImport, File: 2, Intended: t0.Add(50 * time.Second)})
		}), Budget{}, DoWait},
		"log refused, nobody decided":  {following(func(m *Migration) { m.Files[1].State = FileRefused; m.Problem = &Problem{Code: "gap"} }), Budget{}, DoAsk},
		"a refused log is tried again": {following(func(m *Migration) { m.Files[1].State = FileStaged }), Budget{}, DoImport},
		"imports used up":              {following(nil), Budget{Database: 20}, DoWait},

		// the end
		"all applied":             {following(func(m *Migration) { m.Files[1].State = FileApplied }), Budget{}, DoFollow},
		"all applied, open asked": {following(func(m *Migration) { m.Files[1].State = FileApplied; m.OpenAsked = t0 }), Budget{}, DoOpen},
		"open asked too early":    {following(func(m *Migration) { m.OpenAsked = t0 }), Budget{}, DoImport},
		"opens by itself":         {following(func(m *Migration) { m.Files[1].State = FileApplied; m.OpenWhenApplied = true }), Budget{}, DoOpen},
		"opening": {following(func(m *Migration) {
			m.Files[1].State, m.OpenAsked = FileApplied, t0
			m.Calls = append(m.Calls, Call{ID: "c3", Verb: VerbOpen, Intended: t0.Add(time.Second), Settled: t0.Add(time.Second), Verdict: Accepted})
		}), Budget{}, DoWait},
		"asked to open once more": {following(func(m *Migration) {
			m.Files[1].State, m.OpenAsked = FileApplied, t0.Add(2*time.Second)
			m.Calls = append(m.Calls, Call{ID: "c3", Verb: VerbOpen, Intended: t0.Add(time.Second), Settled: t0.Add(time.Second), Verdict: Accepted})
		}), Budget{}, DoOpen},
		"open, check not told": {following(func(m *Migration) { m.Opened = t0.Add(time.Minute) }), Budget{}, DoWait},
		"open, check passed":   {following(func(m *Migration) { m.Opened, m.CheckResult = t0.Add(time.Minute), CheckPassed }), Budget{}, DoFinish},
		"terminate":            {following(func(m *Migration) { m.TerminateAsked = t0 }), Budget{}, DoTerminate},
		"terminate done": {following(func(m *Migration) {
			m.TerminateAsked = t0
			m.Calls = append(m.Calls, Call{ID: "c4", Verb: VerbTerminate, Intended: t0, Settled: t0, Verdict: Accepted})
		}), Budget{}, DoFinish},
		"terminate wins over a problem": {following(func(m *Migration) { m.TerminateAsked, m.Problem = t0, &Problem{Code: "gap"} }), Budget{}, DoTerminate},
		"ended":                         {following(func(m *Migration) { m.Stage = StageOpened }), Budget{}, DoFinish},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Next(tc.m, budget(tc.b, tc.m), now, rules); got.Do != tc.want {
				t.Errorf("Next = %s (%s), want %s", got.Do, got.Why, tc.want)
			}
		})
	}
}

// TestEarlierLogsGoFirst: whatever is staged, the first file that is not
// applied is the next one.
func TestEarlierLogsGoFirst(t *testing.T) {
	m := following(func(m *Migration) {
		m.Files[1].State = FileUploading
		m.Files = append(m.Files, file(3, "log", FileStaged, 20, 30))
	})
	got := Next(m, Budget{}, t0.Add(time.Minute), rules)
	if got.Do != DoAwait || got.File.Ord != 2 {
		t.Fatalf("Next = %s %d, want to await file 2", got.Do, got.File.Ord)
	}
}

func TestPauseGrowsWithTheWork(t *testing.T) {
	m := following(func(m *Migration) { m.Files[1].State = FileSent })
	for _, tc := range []struct{ after, want time.Duration }{
		{time.Second, time.Second},
		{100 * time.Second, 5 * time.Second},
		{19 * time.Hour, 15 * time.Second},
	} {
		if got := Pause(m, t0.Add(tc.after), rules); got != tc.want {
			t.Errorf("after %s: pause %s, want %s", tc.after, got, tc.want)
		}
	}
}

func TestRead(t *testing.T) {
	sent := func(edit func(*Migration)) Migration {
		return following(func(m *Migration) {
			m.Files[1].State = FileSent
			m.Calls = append(m.Calls, Call{ID: "c2", Verb: VerbImport, File: 2, TaskID: "t1", Intended: t0, Settled: t0, Verdict: Accepted})
			if edit != nil {
				edit(m)
			}
		})
	}
	rowOf := func(status, said string) TaskFile {
		return TaskFile{Name: "orderslog.bak", Status: status, Description: said}
	}
	refused := func(said string, code fault.Code) TaskFile {
		return TaskFile{Name: "orderslog.bak", Status: "RestoreFailed", Description: said, Code: code}
	}
	const tooRecent = "The log in this backup set begins at LSN 39000000002000001, which is too recent to apply to the database. RESTORE LOG is terminating abnormally."
	for name, tc := range map[string]struct {
		m       Migration
		s       TargetState
		state   FileState // of file 2; empty = unchanged
		problem string
		opened  bool
		check   CheckResult
	}{
		"at work":                   {m: sent(nil), s: TargetState{Task: Task{Status: TaskRunning}, Files: []TaskFile{rowOf("Restoring", "")}}},
		"unknown status is at work": {m: sent(nil), s: TargetState{Task: Task{Status: "Frobbing"}}},
		"applied":                   {m: sent(nil), s: TargetState{Task: Task{Status: TaskWaiting}, Files: []TaskFile{rowOf("Restored", "")}}, state: FileApplied},
		"waiting before its row":    {m: sent(func(m *Migration) { m.Calls[1].Settled = t0.Add(time.Hour) }), s: TargetState{Task: Task{Status: TaskWaiting}, Files: []TaskFile{{Name: "ordersfull.bak", Status: "Restored"}}}},
		"row of an earlier try only": {m: sent(func(m *Migration) {
			m.Calls[1].Settled = t0.Add(time.Hour)
			m.Calls = append(m.Calls, m.Calls[1])
		}), s: TargetState{Task: Task{Status: TaskWaiting}, Files: []TaskFile{refused(tooRecent, "gap")}}},
		"accepted and never seen":    {m: sent(nil), s: TargetState{Task: Task{Status: TaskWaiting}, Files: []TaskFile{{Name: "ordersfull.bak", Status: "Restored"}}}, state: FileRefused, problem: "unseen"},
		"gap":                        {m: sent(nil), s: TargetState{Task: Task{Status: TaskWaiting, Description: tooRecent, Code: "gap"}, Files: []TaskFile{refused(tooRecent, "gap")}}, state: FileRefused, problem: "gap"},
		"covered is left out":        {m: sent(nil), s: TargetState{Task: Task{Status: TaskWaiting}, Files: []TaskFile{refused("… which is too early to apply to the database.", "covered")}}, state: FileDropped},
		"no rows told, task waits":   {m: sent(nil), s: TargetState{Task: Task{Status: TaskWaiting}}, state: FileApplied},
		"no rows told, task says no": {m: sent(nil), s: TargetState{Task: Task{Status: TaskWaiting, Description: tooRecent, Code: "gap"}}, state: FileRefused, problem: "gap"},
		"refused in the task alone":  {m: sent(nil), s: TargetState{Task: Task{Status: TaskWaiting, Description: "said", Code: "fork"}, Files: []TaskFile{rowOf("RestoreFailed", "")}}, state: FileRefused, problem: "fork"},
		"refused without a word":     {m: sent(nil), s: TargetState{Task: Task{Status: TaskWaiting}, Files: []TaskFile{rowOf("RestoreFailed", "")}}, state: FileRefused, problem: "unknown"},
		"a text is not read here":    {m: sent(nil), s: TargetState{Task: Task{Status: TaskFailed, Description: tooRecent}}, state: FileRefused, problem: "unknown"},
		"task failed":                {m: sent(nil), s: TargetState{Task: Task{Status: TaskFailed, Description: "Not Enough Disk Space for restoring", Code: "space"}}, state: FileRefused, problem: "space"},
		"opened elsewhere":           {m: following(func(m *Migration) { m.Files[1].State = FileApplied }), s: TargetState{Task: Task{Status: TaskSuccess}}, opened: true},
		"opened, checked":            {m: following(nil), s: TargetState{Task: Task{Status: TaskSuccess, Description: "Success to DBCC checkdb asynchronously", Check: CheckPassed}}, opened: true, check: CheckPassed},
		"check fails afterwards": {m: following(func(m *Migration) { m.Opened = t0 }),
			s:     TargetState{Task: Task{Status: TaskSuccess, Description: "asynchronously DBCC checkdb failed: CHECKDB found 0 allocation errors and 2 consistency errors", Check: CheckFailed, Code: "check-after"}},
			check: CheckFailed},
		"check never told": {m: following(func(m *Migration) { m.Opened = t0.Add(-25 * time.Hour) }), s: TargetState{Task: Task{Status: TaskSuccess}}, check: CheckUntold},
		"sync check":       {m: following(func(m *Migration) { m.Check = CheckSync }), s: TargetState{Task: Task{Status: TaskSuccess}}, opened: true, check: CheckPassed},
	} {
		t.Run(name, func(t *testing.T) {
			got := Read(tc.m, tc.s, t0.Add(time.Hour), rules)
			var state FileState
			for _, f := range got.Files {
				if f.Ord == 2 {
					state = f.State
				}
			}
			code := ""
			if got.Problem != nil {
				code = string(got.Problem.Code)
			}
			if state != tc.state || code != tc.problem || got.Opened != tc.opened || got.Check != tc.check {
				t.Errorf("state %q problem %q opened %v check %q; want %q %q %v %q", state, code, got.Opened, got.Check, tc.state, tc.problem, tc.opened, tc.check)
			}
		})
	}
}

func TestReconcile(t *testing.T) {
	m := following(nil)
	c := Call{ID: "c", Verb: VerbRestore, Intended: t0, KnownTasks: []string{"old"}}
	for name, tc := range map[string]struct {
		tasks []Task
		after time.Duration
		want  Verdict
	}{
		"a new task of the name":     {[]Task{{ID: "old", Database: "orders"}, {ID: "new", Database: "Orders"}}, time.Second, Adopted},
		"only tasks known before":    {[]Task{{ID: "old", Database: "orders"}}, time.Second, Unknown},
		"another database":           {[]Task{{ID: "x", Database: "stock"}}, time.Second, Unknown},
		"nothing for long enough":    {nil, 3 * time.Minute, Void},
		"found however late we look": {[]Task{{ID: "new", Database: "orders"}}, time.Hour, Adopted},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ReconcileRestore(c, m, tc.tasks, t0.Add(tc.after), rules); got.Verdict != tc.want {
				t.Errorf("verdict %q, want %q", got.Verdict, tc.want)
			}
		})
	}
}
