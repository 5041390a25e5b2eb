package migration

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// A restore call whose answer was lost may have begun a task that no list
// shows: a service's may leave pending ones out. The call is given up,
// the next one is refused because of its own predecessor, and what is in the
// way is ours. Here it is recognised and taken over.

// ErrUnderWay is in the chain of Restore's error when the target says which
// task is in the way.
type ErrUnderWay struct{ TaskID string }

func (e *ErrUnderWay) Error() string { return "task " + e.TaskID + " is under way" }

// CodeOwnTask is the problem of a task in the way that is probably ours.
const CodeOwnTask fault.Code = "own-task"

// neverArrived is the Error of a call that was given up because nothing
// showed its effect.
const neverArrived = "never arrived"

// lostRestore is the restore call of a file that was given up, unless a later
// one succeeded. What was refused behind it counts for nothing.
func (m Migration) lostRestore(f File) (Call, bool) {
	for _, c := range slices.Backward(m.Calls) {
		switch {
		case c.Verb != VerbRestore || c.File != f.Ord:
		case c.Happened():
			return Call{}, false
		case c.Verdict == Void && c.Error == neverArrived:
			return c, true
		}
	}
	return Call{}, false
}

// candidates are the tasks that a lost call may have begun: of this name, not
// there before it, and of no call whose task is known.
func candidates(m Migration, lost Call, tasks []Task) (out []Task) {
	for _, t := range tasks {
		other := slices.ContainsFunc(m.Calls, func(c Call) bool { return c.ID != lost.ID && c.TaskID == t.ID })
		if strings.EqualFold(t.Database, m.Database) && !known(lost, t.ID) && !other {
			out = append(out, t)
		}
	}
	return out
}

// belongs judges by the files of a task whether it restores our file: yes, no,
// or not told.
type belongs int

const (
	notTold belongs = iota
	isOurs
	isAnothers
)

func belongsTo(f File, files []TaskFile) belongs {
	switch {
	case len(files) == 0:
		return notTold
	case len(RowsOf(files, f)) > 0:
		return isOurs
	}
	return isAnothers
}

// claims asks the files of a task whose it is.
func (j *job) claims(ctx context.Context, f File, taskID string) (belongs, []TaskFile, error) {
	files, err := j.target.TaskFiles(ctx, taskID)
	if err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
		return notTold, nil, err
	}
	return belongsTo(f, files), files, nil
}

// ownTask looks for the one task that restores our file since the lost call.
// Those of which nothing is told are open to a person's word.
func (j *job) ownTask(ctx context.Context, m Migration, f File, lost Call, tasks []Task) (own string, open []Task, err error) {
	for _, t := range candidates(m, lost, tasks) {
		is, _, err := j.claims(ctx, f, t.ID)
		switch {
		case err != nil:
			return "", nil, err
		case is == isOurs:
			own = t.ID
		case is == notTold:
			open = append(open, t)
		}
	}
	return own, open, nil
}

// adoptSeen takes over the task of a lost call that has become visible since.
func (j *job) adoptSeen(ctx context.Context, m Migration, f File, tasks []Task) (bool, error) {
	lost, ok := m.lostRestore(f)
	if !ok {
		return false, nil
	}
	own, _, err := j.ownTask(ctx, m, f, lost, tasks)
	if err != nil || own == "" {
		return false, err
	}
	return true, j.happened(ctx, m, lost, f, Adopted, own)
}

// refusedByOwn deals with a restore that was refused because a task of this
// name is under way, when an earlier call was given up: that task is taken over
// where the refusal or the list lead to it, else a person is asked.
func (j *job) refusedByOwn(ctx context.Context, m Migration, c Call, f File, refused error) (bool, error) {
	lost, ok := m.lostRestore(f)
	if !ok || c.Verb != VerbRestore || fault.CodeOf(refused) != "under-way" {
		return false, nil
	}
	if err := j.note(ctx, Change{Call: &c}); err != nil {
		return false, err
	}
	tasks, err := j.target.Tasks(ctx, lost.Intended.Add(-24*time.Hour))
	if err != nil {
		return false, err
	}
	var told *ErrUnderWay
	if errors.As(refused, &told) && !slices.ContainsFunc(tasks, func(t Task) bool { return t.ID == told.TaskID }) {
		t, err := j.target.Task(ctx, told.TaskID)
		if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid) {
			return false, err
		}
		if err == nil {
			tasks = append(tasks, t)
		}
	}
	own, open, err := j.ownTask(ctx, m, f, lost, tasks)
	if err != nil {
		return false, err
	}
	if own != "" {
		return true, j.happened(ctx, m, lost, f, Adopted, own)
	}
	p := m.problem(CodeOwnTask, stepOf(f), f.Ord, fault.From(refused).Said.String())
	p.Candidates = open
	return true, j.note(ctx, j.standing(m, c, p))
}

// standing is the change that leaves a refused call behind with its problem.
func (j *job) standing(m Migration, c Call, p *Problem) Change {
	return Change{Call: &c, Problem: &p,
		Steps:  []run.Step{{Key: p.Step, Title: stepTitle(m, p.Step), State: run.StepFailed, Started: c.Intended, Finished: c.Settled, Message: p.Cause}},
		Events: j.event(p.Step, run.Problem, p.Cause),
		Audit:  j.audit(m, "migration."+string(c.Verb), "Refused: "+c.Request)}
}

// adopt looks at the task that a person called ours, and takes it over unless
// the target knows better.
func (j *job) adopt(ctx context.Context, m Migration, c Call, f File) error {
	t, err := j.target.Task(ctx, c.TaskID)
	var why words.Text
	switch {
	case fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid):
		why = words.Say("The target does not know a task %s.", c.TaskID)
	case err != nil:
		return err
	case !strings.EqualFold(t.Database, m.Database):
		why = words.Say("Task %s restores %s, not %s.", c.TaskID, t.Database, m.Database)
	case known(c, t.ID):
		why = words.Say("Task %s was there before the call whose answer was lost.", c.TaskID)
	default:
		is, files, err := j.claims(ctx, f, t.ID)
		if err != nil {
			return err
		}
		if is == isAnothers {
			why = words.Say("Task %s was given %s, not %s.", c.TaskID, files[0].Name, f.Key)
		}
	}
	if why.IsZero() {
		return j.happened(ctx, m, c, f, Adopted, c.TaskID)
	}
	c.Verdict, c.Settled, c.Error, c.TaskID = Void, j.Now(), neverArrived, ""
	p := m.problem(CodeOwnTask, stepOf(f), f.Ord, "").told(m, why, words.Text{})
	return j.note(ctx, j.standing(m, c, p))
}

// Adopt decides what a person's word that a task is ours changes: the call
// whose answer was lost is looked at again, with that task as its work.
func Adopt(m Migration, taskID string) (Decision, error) {
	taskID = strings.TrimSpace(taskID)
	switch {
	case m.Stage.Ended() || !m.Opened.IsZero():
		return Decision{}, ended(m)
	case m.Problem == nil || !slices.Contains(m.Problem.Actions, ButtonAdopt):
		return Decision{}, fault.New(fault.Conflict, "There is no task to take over now.", "See what the migration waits for.")
	case taskID == "" || len(taskID) > 64 || strings.ContainsFunc(taskID, func(r rune) bool { return r <= ' ' || r > '~' }):
		return Decision{}, fault.New(fault.Invalid, "That is no id of a task.", "Copy it from the instance's migration records.")
	}
	for _, f := range m.Chain() {
		if lost, ok := m.lostRestore(f); ok && f.Ord == m.Problem.File {
			lost.Verdict, lost.Settled, lost.Error, lost.TaskID = Unknown, time.Time{}, "", taskID
			return Decision{Call: &lost, Go: true}, nil
		}
	}
	return Decision{}, fault.New(fault.Conflict, "No call of this migration is without an answer.", "Retry looks again.")
}

// OrderAdopt says that a task at the target is ours.
func OrderAdopt(ctx context.Context, s Store, id, taskID string, by By) error {
	return s.Ask(ctx, id, func(m Migration) (Decision, audit.Entry, error) {
		d, err := Adopt(m, taskID)
		return d, by.Entry("migration.adopt", id, "Said that task "+strings.TrimSpace(taskID)+" is of the call whose answer was lost.").
			With(m.Problem, map[string]any{"task": strings.TrimSpace(taskID)}), err
	})
}
