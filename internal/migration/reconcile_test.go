package migration

import (
	"testing"
	"time"
)

// TestALostCallIsGivenUpWhenItCanNoLongerArrive: never while it may still take
// effect, for a second restore would be started.
func TestALostCallIsGivenUpWhenItCanNoLongerArrive(t *testing.T) {
	c := Call{Intended: t0, Verb: VerbRestore}
	for after, want := range map[time.Duration]Verdict{0: Unknown, 2*time.Minute - 1: Unknown, 2 * time.Minute: Void, time.Hour: Void} {
		if got := giveUp(c, t0.Add(after), rules); got.Verdict != want || got.TaskID != "" {
			t.Errorf("after %s: %q, want %q", after, got.Verdict, want)
		}
	}
}

// TestAnOlderTaskIsNotOurs: a task of this name that was there before the call
// is never taken for its work.
func TestAnOlderTaskIsNotOurs(t *testing.T) {
	c := Call{Verb: VerbRestore, Intended: t0, KnownTasks: []string{"first", "second"}}
	for _, tc := range []struct {
		name  string
		tasks []Task
		want  string
	}{
		{"the second known one", []Task{{ID: "second", Database: "orders"}}, ""},
		{"known ones before it", []Task{{ID: "first", Database: "orders"}, {ID: "second", Database: "orders"}, {ID: "mine", Database: "ORDERS"}}, "mine"},
		{"another database's", []Task{{ID: "theirs", Database: "orders2"}, {ID: "mine", Database: "orders"}}, "mine"},
	} {
		got := ReconcileRestore(c, following(nil), tc.tasks, t0.Add(time.Second), rules)
		if got.TaskID != tc.want || (got.Verdict == Adopted) != (tc.want != "") {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}

func TestReconcileImport(t *testing.T) {
	f := file(2, "log", FileStaged, 10, 20)
	row, other := TaskFile{Name: "orderslog.bak"}, TaskFile{Name: "ordersfull.bak"}
	for _, tc := range []struct {
		name   string
		before int
		s      TargetState
		want   Verdict
	}{
		{"a row more than before", 1, TargetState{Files: []TaskFile{other, row, row}}, Adopted},
		{"as many as before", 1, TargetState{Files: []TaskFile{other, row}}, Unknown},
		{"the first row", 0, TargetState{Files: []TaskFile{row}}, Adopted},
		{"only rows of others, at work", 0, TargetState{Files: []TaskFile{other}, Task: Task{Status: TaskRunning}}, Unknown},
		{"no rows are told, at work", 0, TargetState{Task: Task{Status: TaskRunning}}, Adopted},
		{"no rows are told, about to", 0, TargetState{Task: Task{Status: TaskNoStart}}, Adopted},
		{"no rows are told, waiting", 0, TargetState{Task: Task{Status: TaskWaiting}}, Unknown},
	} {
		c := Call{Verb: VerbImport, File: 2, Intended: t0, RowsBefore: tc.before}
		if got := ReconcileImport(c, f, tc.s, t0.Add(time.Second), rules); got.Verdict != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got.Verdict, tc.want)
		}
	}
}

func TestReconcileEnd(t *testing.T) {
	for _, tc := range []struct {
		verb   Verb
		status TaskStatus
		want   Verdict
	}{
		{VerbOpen, TaskWaiting, Unknown}, {VerbOpen, TaskRunning, Adopted}, {VerbOpen, TaskNoStart, Adopted}, {VerbOpen, TaskSuccess, Adopted}, {VerbOpen, TaskFailed, Adopted},
		{VerbTerminate, TaskWaiting, Unknown}, {VerbTerminate, TaskRunning, Unknown}, {VerbTerminate, TaskNoStart, Unknown}, {VerbTerminate, TaskSuccess, Adopted}, {VerbTerminate, TaskFailed, Adopted},
	} {
		if got := ReconcileEnd(Call{Verb: tc.verb, Intended: t0}, Task{Status: tc.status}, t0.Add(time.Second), rules); got.Verdict != tc.want {
			t.Errorf("%s while the task is %s: %q, want %q", tc.verb, tc.status, got.Verdict, tc.want)
		}
	}
}
