package migration

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// TestTheTasksThereBeforeAreKnown: they are written down with the call, before
// it is made.
func TestTheTasksThereBeforeAreKnown(t *testing.T) {
	d, j := at(planned(nil), t0)
	d.target.tasks = []Task{{ID: "old", Database: "orders"}, {ID: "else", Database: "stock"}}
	d.target.refuses = errLost
	if err := j.restore(t.Context(), d.m, d.m.Files[0]); err != nil {
		t.Fatal(err)
	}
	c := d.changes[0].Call
	if !slices.Equal(d.log, []string{"note", "restore", "note"}) || c == nil || !slices.Equal(c.KnownTasks, []string{"old", "else"}) || c.Verdict != Unknown || !c.Intended.Equal(t0) {
		t.Errorf("%v, %+v", d.log, c)
	}
	d, j = at(following(nil), t0)
	d.target.files, d.target.refuses = []TaskFile{{Name: "orderslog.bak"}, {Name: "ordersfull.bak"}}, errLost
	if err := j.importFile(t.Context(), d.m, d.m.Files[1]); err != nil {
		t.Fatal(err)
	}
	if c := d.changes[0].Call; !slices.Equal(d.log, []string{"note", "import", "note"}) || c.RowsBefore != 1 || c.TaskID != "t1" || c.File != 2 {
		t.Errorf("%v, %+v", d.log, c)
	}
}

// TestWhatBecomesOfACall: a lost answer settles nothing, a call without effect
// is made again, an answer is an answer.
func TestWhatBecomesOfACall(t *testing.T) {
	for _, tc := range []struct {
		name    string
		err     error
		want    Verdict
		problem bool
		returns bool
	}{
		{"accepted", nil, Accepted, false, false},
		{"nothing of it is wanted", fault.New(fault.Conflict, "Passed.", "").Because(ErrPassed), Accepted, false, false},
		{"the answer is lost", errLost, Unknown, false, false},
		{"it had no effect", errors.Join(errLost, ErrUndone), Void, false, true},
		{"refused", errRefused, Refused, true, false},
		{"the instance is busy with itself", fault.New(fault.Conflict, "Busy.", "").WithCode("not-running"), Refused, false, true},
	} {
		d, j := at(following(nil), t0)
		d.target.refuses = tc.err
		err := j.importFile(t.Context(), d.m, d.m.Files[1])
		var got Verdict
		if c := d.last().Call; c != nil {
			got = c.Verdict
		}
		if got != tc.want || (d.m.Problem != nil) != tc.problem || (err != nil) != tc.returns || tc.returns && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %q, %+v, %v", tc.name, got, d.m.Problem, err)
		}
		state := FileStaged
		switch {
		case errors.Is(tc.err, ErrPassed):
			state = FileApplied
		case tc.want == Accepted:
			state = FileSent
		}
		if f := d.m.Files[1]; f.State != state || f.Applied.IsZero() != (state != FileApplied) {
			t.Errorf("%s: the log is %s, applied %s", tc.name, f.State, f.Applied)
		}
	}
}

// TestNoCapOnceWritesStandStill: the store refuses a call beyond the cap, but
// not one that stops writes.
func TestNoCapOnceWritesStandStill(t *testing.T) {
	for _, tc := range []struct {
		name string
		m    Migration
		verb Verb
		want int
	}{
		{"of files", following(nil), VerbImport, 2},
		{"follows", fed(func(m *Migration) { wait(m, 1) }), VerbImport, 2},
		{"frozen", fed(func(m *Migration) { wait(m, 1); m.LiveSource.Frozen = t0 }), VerbImport, 0},
		{"the opening names no file", following(nil), VerbOpen, 0},
	} {
		d, j := at(tc.m, t0)
		j.Rules.Restores = 2
		d.target.refuses = errLost
		var err error
		if tc.verb == VerbOpen {
			err = j.open(t.Context(), d.m)
		} else {
			err = j.importFile(t.Context(), d.m, d.m.Files[len(d.m.Files)-1])
		}
		if err != nil || d.changes[0].AtMost != tc.want {
			t.Errorf("%s: at most %d, %v", tc.name, d.changes[0].AtMost, err)
		}
	}
}

// TestALostAnswerIsSettledByWhatIsThere at the target.
func TestALostAnswerIsSettledByWhatIsThere(t *testing.T) {
	for _, tc := range []struct {
		name  string
		verb  Verb
		after time.Duration
		edit  func(*cloud)
		want  Verdict
	}{
		{"a restore's task", VerbRestore, time.Second, func(c *cloud) { c.tasks = []Task{{ID: "new", Database: "orders"}} }, Adopted},
		{"only the task before", VerbRestore, time.Second, func(c *cloud) { c.tasks = []Task{{ID: "t1", Database: "orders"}} }, Unknown},
		{"only the task before, long after", VerbRestore, time.Hour, func(c *cloud) { c.tasks = []Task{{ID: "t1", Database: "orders"}} }, Void},
		{"an import's row", VerbImport, time.Second, func(c *cloud) { c.files = []TaskFile{{Name: "orderslog.bak"}} }, Adopted},
		{"no row", VerbImport, time.Second, func(c *cloud) { c.task.Status = TaskWaiting }, Unknown},
		{"an opening", VerbOpen, time.Second, func(c *cloud) { c.task.Status = TaskRunning }, Adopted},
		{"terminating a task at work", VerbTerminate, time.Second, func(c *cloud) { c.task.Status = TaskRunning }, Unknown},
		{"terminated", VerbTerminate, time.Second, func(c *cloud) { c.task.Status = TaskFailed }, Adopted},
	} {
		d, j := at(following(nil), t0.Add(tc.after))
		tc.edit(&d.target)
		ord := map[Verb]int{VerbRestore: 1, VerbImport: 2}[tc.verb]
		if err := j.reconcile(t.Context(), d.m, Call{ID: "c", Verb: tc.verb, File: ord, Intended: t0, KnownTasks: []string{"t1"}}); err != nil {
			t.Fatal(err)
		}
		var got Verdict
		if c := d.last().Call; c != nil {
			got = c.Verdict
		}
		if got != tc.want || (tc.want == Unknown) != (d.last().TargetState != nil) || tc.want == Adopted && tc.verb == VerbRestore && *d.last().TaskID != "new" {
			t.Errorf("%s: %q, %+v", tc.name, got, d.last())
		}
	}
}

// TestTheCallShownIsTheCallMade: both are made by callFor, with every stripe,
// and only a log behind another one that stops may have nothing to give.
func TestTheCallShownIsTheCallMade(t *testing.T) {
	m := planned(func(m *Migration) {
		m.Traits = serverTraits
		m.Files = []File{file(1, "full", FileStaged, 1, 10), file(2, "full", FileStaged, 1, 10), file(3, "log", FileStaged, 10, 20), file(4, "log", FileStaged, 20, 30), file(5, "log", FileStaged, 30, 40)}
		m.Files[0].SetGUID, m.Files[1].SetGUID, m.Files[2].StopAt, m.Files[4].StopAt = backup.GUID{7}, backup.GUID{7}, t0, t0
		m.Files[1].Key, m.Files[2].SetGUID, m.Files[3].SetGUID, m.Files[4].SetGUID = "second.bak", backup.GUID{3}, backup.GUID{4}, backup.GUID{5}
	})
	full := callFor(m, m.Files[0], RestoreCall{Folder: "/backup"})
	if full.Folder != "/backup" || full.Database != m.Database || !slices.Equal(full.Keys(), []string{m.Files[0].Key, "second.bak"}) {
		t.Errorf("%+v", full)
	}
	for i, want := range []bool{false, false, false, false, true} {
		if in := callFor(m, m.Files[i], RestoreCall{}); in.Stopped != want || !in.StopAt.Equal(m.Files[i].StopAt) {
			t.Errorf("file %d: %+v", i+1, in)
		}
	}
	texts := (Draft{Migration: m, Files: m.Files}).Requests(calling{}, RestoreCall{Folder: "/backup"})
	if len(texts) != 5 || texts[3].Text != "true" || texts[2].Text != "false" {
		t.Errorf("%+v", texts)
	}
}

// calling words a call by whether it may have nothing to give.
type calling struct{ plainWords }

func (calling) Request(_ Migration, _ Verb, in RestoreCall) string { return fmt.Sprint(in.Stopped) }
