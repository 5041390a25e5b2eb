package migration

import (
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// lostCall is a migration whose only restore call was given up.
func lostCall(edit func(*Migration)) Migration {
	m := Migration{ID: "m", Database: "orders", SourceDatabase: "orders", Checked: t0, Created: t0, Mode: Pending, StagingID: "b",
		Files: []File{file(1, "full", FileStaged, 10, 20)},
		Calls: []Call{{ID: "c1", Verb: VerbRestore, File: 1, Intended: t0, Settled: t0.Add(time.Minute), Verdict: Void, Error: neverArrived, KnownTasks: []string{"old"}}}}
	if edit != nil {
		edit(&m)
	}
	return m
}

var underWayFault = fault.New(fault.Conflict, "The RDS API refused the call.", "").WithCode("under-way")

// TestTheRefusalOfASecondRestoreLeadsToTheFirst: the task in the way is taken
// over where the refusal or the list leads to it and its files are ours.
func TestTheRefusalOfASecondRestoreLeadsToTheFirst(t *testing.T) {
	key := lostCall(nil).Files[0].Key
	ours, theirs := []TaskFile{{Name: key}}, []TaskFile{{Name: "other.bak"}}
	own := Task{ID: "t1", Database: "Orders", Status: TaskWaiting}
	named := fault.New(fault.Conflict, "Refused.", "").WithCode("under-way").Because(&ErrUnderWay{"t1"})
	for _, tc := range []struct {
		name       string
		edit       func(*Migration)
		listed     []Task // when it is refused
		task       Task
		files      []TaskFile
		err        error
		adopted    bool
		code       fault.Code
		candidates int
	}{
		{"the refusal names it", nil, nil, own, ours, named, true, "", 0},
		{"the refusal names another's", nil, nil, own, theirs, named, false, CodeOwnTask, 0},
		{"the refusal names one of another database", nil, nil, Task{ID: "t1", Database: "sales"}, ours, named, false, CodeOwnTask, 0},
		{"the list shows it now", nil, []Task{own}, Task{}, ours, underWayFault, true, "", 0},
		{"the list shows it, and no files", nil, []Task{own}, Task{}, nil, underWayFault, false, CodeOwnTask, 1},
		{"the list shows one that was there before", nil, []Task{{ID: "old", Database: "orders"}}, Task{}, ours, underWayFault, false, CodeOwnTask, 0},
		{"nothing is shown", nil, nil, Task{}, nil, underWayFault, false, CodeOwnTask, 0},
		{"no call was lost", func(m *Migration) { m.Calls = nil }, []Task{own}, own, ours, named, false, "under-way", 0},
		{"the lost one was turned away before it did anything", func(m *Migration) { m.Calls[0].Error = "Throttling" }, nil, own, ours, named, false, "under-way", 0},
		{"refused for another reason", nil, []Task{own}, own, ours, fault.New(fault.Conflict, "Full.", "").WithCode("space"), false, "space", 0},
	} {
		m := lostCall(tc.edit)
		d, j := at(m, t0.Add(time.Hour))
		d.target.tasks, d.target.task, d.target.files = tc.listed, tc.task, tc.files
		c := Call{ID: "c2", Verb: VerbRestore, File: 1, Intended: t0.Add(time.Hour)}
		if err := j.record(t.Context(), m, c, m.Files[0], "", tc.err); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		last := d.last()
		var code fault.Code
		n := 0
		if d.m.Problem != nil {
			code, n = d.m.Problem.Code, len(d.m.Problem.Candidates)
		}
		took := last.TaskID != nil && *last.TaskID == "t1" && last.Call.ID == "c1" && last.Call.Verdict == Adopted && d.m.Files[0].State == FileSent
		refused := slices.ContainsFunc(d.changes, func(c Change) bool { return c.Call != nil && c.Call.ID == "c2" && c.Call.Verdict == Refused })
		if took != tc.adopted || code != tc.code || n != tc.candidates || !refused {
			t.Errorf("%s: adopted %v, problem %q with %d candidates, refusal noted %v", tc.name, took, code, n, refused)
		}
	}
}

// TestRetryLooksForTheLostTaskFirst: what has become visible is taken over, and
// no second restore is ordered.
func TestRetryLooksForTheLostTaskFirst(t *testing.T) {
	m := lostCall(nil)
	for name, tc := range map[string]struct {
		files   []TaskFile
		restore bool
	}{
		"our file": {[]TaskFile{{Name: m.Files[0].Key}}, false}, "another file": {[]TaskFile{{Name: "x.bak"}}, true}, "no files told": {nil, true},
	} {
		d, j := at(lostCall(nil), t0.Add(time.Hour))
		d.target.tasks, d.target.files = []Task{{ID: "t1", Database: "orders"}}, tc.files
		if err := j.restore(t.Context(), d.m, d.m.Files[0]); err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(d.log, "restore"); got != tc.restore || (*d.last().TaskID == "t1") == tc.restore {
			t.Errorf("%s: restored again %v, task %s", name, got, *d.last().TaskID)
		}
	}
}

// TestAPersonsWordIsHeldToTheTarget before a task is taken over.
func TestAPersonsWordIsHeldToTheTarget(t *testing.T) {
	stands := func(m *Migration) {
		m.Calls = append(m.Calls, Call{ID: "c2", Verb: VerbRestore, File: 1, Intended: t0.Add(time.Hour), Settled: t0.Add(time.Hour), Verdict: Refused})
		m.Problem = m.problem(CodeOwnTask, StepRestore, 1, "")
	}
	for name, tc := range map[string]struct {
		task  Task
		files []TaskFile
		want  bool
	}{
		"ours":                    {Task{ID: "t1", Database: "orders"}, []TaskFile{{Name: lostCall(nil).Files[0].Key}}, true},
		"files are not told":      {Task{ID: "t1", Database: "orders"}, nil, true},
		"another file":            {Task{ID: "t1", Database: "orders"}, []TaskFile{{Name: "x.bak"}}, false},
		"another database":        {Task{ID: "t1", Database: "sales"}, nil, false},
		"it was there before":     {Task{ID: "old", Database: "orders"}, nil, false},
		"it failed, and was ours": {Task{ID: "t1", Database: "orders", Status: TaskFailed}, nil, true},
	} {
		m := lostCall(stands)
		id := tc.task.ID
		dec, err := Adopt(m, " "+id+" ")
		if err != nil || !dec.Go || dec.Call.ID != "c1" || dec.Call.Verdict != Unknown || dec.Call.TaskID != id {
			t.Fatalf("%s: %+v, %v", name, dec, err)
		}
		m.Problem, m.Calls[0] = nil, *dec.Call
		if act := Next(m, Budget{}, t0.Add(2*time.Hour), rules); act.Do != DoReconcile || act.Call.ID != "c1" {
			t.Fatalf("%s: then %+v", name, act)
		}
		d, j := at(m, t0.Add(2*time.Hour))
		d.target.task, d.target.files = tc.task, tc.files
		if err := j.reconcile(t.Context(), m, m.Calls[0]); err != nil {
			t.Fatal(err)
		}
		last := d.last()
		if got := last.TaskID != nil && *last.TaskID == id; got != tc.want || (d.m.Problem != nil) == tc.want {
			t.Errorf("%s: adopted %v, problem %+v", name, got, d.m.Problem)
		}
		if !tc.want && (last.Call.Verdict != Void || last.Call.TaskID != "" || !slices.Contains(d.m.Problem.Actions, ButtonAdopt)) {
			t.Errorf("%s: %+v, %+v", name, last.Call, d.m.Problem)
		}
	}
	for _, bad := range []string{"", "  ", "a b", "x\ny", "é"} {
		if _, err := Adopt(lostCall(stands), bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := Adopt(lostCall(nil), "t1"); !fault.Is(err, fault.Conflict) {
		t.Errorf("without a problem: %v", err)
	}
	if _, err := Adopt(lostCall(func(m *Migration) { stands(m); m.Stage = StageTerminated }), "t1"); !fault.Is(err, fault.Conflict) {
		t.Errorf("after the end: %v", err)
	}
}
