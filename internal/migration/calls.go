package migration

import (
	"context"
	"errors"
	"path"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// placeOf says where the target finds a file.
func (j *job) placeOf(ctx context.Context, m Migration, f File) (RestoreCall, error) {
	bucket, err := j.Ports.Bucket(ctx, m.StagingID)
	if err != nil {
		return RestoreCall{}, err
	}
	info, err := bucket.Info(ctx)
	if err != nil {
		return RestoreCall{}, err
	}
	in := callFor(m, f, RestoreCall{Endpoint: info.Endpoint, Bucket: info.Name})
	if m.Traits.OwnFolder() {
		return j.atHome(ctx, m, f, in)
	}
	return in, nil
}

// callFor is the call for a file as it is shown before and made later; at says
// where the target finds it.
func callFor(m Migration, f File, at RestoreCall) RestoreCall {
	at.Database, at.Key, at.Kind, at.Position, at.Set, at.Mode, at.Check, at.StopAt = m.Database, f.Key, f.Kind, f.Position, f.SetGUID, m.Mode, m.Check, f.StopAt
	at.Stopped = !f.StopAt.IsZero() && slices.ContainsFunc(m.Chain(), func(o File) bool { return o.Ord < f.Ord && o.SetGUID != f.SetGUID && !o.StopAt.IsZero() })
	at.Opens = m.Keep.CDC && f.Ord != 0 && m.Opens(f)
	for _, s := range m.SetOf(f)[1:] {
		at.More = append(at.More, s.Key)
	}
	return at
}

// restore starts the full backup. The tasks of this name that exist before
// are written down with the call: whatever is there afterwards besides them is
// its work.
func (j *job) restore(ctx context.Context, m Migration, f File) error {
	in, err := j.placeOf(ctx, m, f)
	if err != nil {
		return err
	}
	if in.Replace, err = j.replaces(ctx, m); fault.Is(err, fault.Conflict) {
		return j.stand(ctx, m, m.refusal(err, stepOf(f), f.Ord))
	}
	if err != nil {
		return err
	}
	tasks, err := j.target.Tasks(ctx, j.Now().Add(-8*24*time.Hour))
	if err != nil {
		return err
	}
	if adopted, err := j.adoptSeen(ctx, m, f, tasks); adopted || err != nil {
		return err
	}
	c := j.newCall(m, VerbRestore, f, j.requests.Request(m, VerbRestore, in))
	for _, t := range tasks {
		c.KnownTasks = append(c.KnownTasks, t.ID)
	}
	if err := j.intend(ctx, m, c, stepOf(f), words.Say("Restore %s", f.base())); err != nil {
		return err
	}
	id, err := j.target.Restore(ctx, in)
	return j.record(ctx, m, c, f, id, err)
}

// importFile adds one increment. The rows of this name that the task shows
// before are counted with the call.
func (j *job) importFile(ctx context.Context, m Migration, f File) error {
	in, err := j.placeOf(ctx, m, f)
	if err != nil {
		return err
	}
	s, err := j.state(ctx, m)
	if err != nil {
		return err
	}
	c := j.newCall(m, VerbImport, f, j.requests.Request(m, VerbImport, in))
	c.TaskID, c.RowsBefore = m.TaskID, len(RowsOf(s.Files, f))
	if err := j.intend(ctx, m, c, stepOf(f), words.Say("Import %s", f.base())); err != nil {
		return err
	}
	return j.record(ctx, m, c, f, m.TaskID, j.target.Import(ctx, m.TaskID, in))
}

func (j *job) open(ctx context.Context, m Migration) error {
	in, err := j.placeOf(ctx, m, File{})
	if err != nil {
		return err
	}
	c := j.newCall(m, VerbOpen, File{}, j.requests.Request(m, VerbOpen, in))
	c.TaskID = m.TaskID
	if err := j.intend(ctx, m, c, StepOpen, stepTitle(m, StepOpen)); err != nil {
		return err
	}
	open := j.target.Open
	if u, ok := j.target.(Unfreezer); ok && Unfreezes(m) {
		open = u.OpenWritable
	}
	if k, ok := j.target.(Keeper); ok && m.Keep.CDC {
		open = func(ctx context.Context, id, database string, check CheckMode, key string) error {
			return k.OpenKeeping(ctx, id, database, check, key, Unfreezes(m))
		}
	}
	return j.record(ctx, m, c, File{}, m.TaskID, open(ctx, m.TaskID, m.Database, m.Check, c.ID))
}

func (j *job) terminate(ctx context.Context, m Migration) error {
	in, err := j.placeOf(ctx, m, File{})
	if err != nil {
		in = RestoreCall{} // a bucket that is gone does not keep anybody from ending
	}
	c := j.newCall(m, VerbTerminate, File{}, j.requests.Request(m, VerbTerminate, in))
	c.TaskID = m.TaskID
	if err := j.intend(ctx, m, c, StepEnd, stepTitle(m, StepEnd)); err != nil {
		return err
	}
	return j.record(ctx, m, c, File{}, m.TaskID, j.target.Terminate(ctx, m.TaskID))
}

func (j *job) newCall(m Migration, v Verb, f File, request string) Call {
	return Call{ID: j.NewID(), Verb: v, File: f.Ord, Request: request, Intended: j.Now()}
}

// intend writes the call down before it is made.
func (j *job) intend(ctx context.Context, m Migration, c Call, step string, title words.Text) error {
	attempt := 1
	for _, o := range m.Calls {
		if o.Verb == c.Verb && o.File == c.File {
			attempt++
		}
	}
	ch := Change{Call: &c, Steps: []run.Step{{Key: step, Title: title, State: run.StepActive, Attempt: attempt, Started: c.Intended}}}
	if c.File != 0 && (m.LiveSource == nil || m.LiveSource.Frozen.IsZero()) {
		ch.AtMost = j.Rules.Restores
	}
	return j.note(ctx, ch)
}

// record writes down what became of a call.
func (j *job) record(ctx context.Context, m Migration, c Call, f File, taskID string, err error) error {
	switch {
	case err == nil:
		return j.happened(ctx, m, c, f, Accepted, taskID)
	case errors.Is(err, ErrPassed):
		return j.passed(ctx, m, c, f)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, ErrUndone):
		c.Verdict, c.Settled, c.Error = Void, j.Now(), err.Error()
		return errors.Join(err, j.note(ctx, Change{Call: &c}))
	case fault.Is(err, fault.Unavailable):
		// The call stays without verdict: Next looks before it acts again.
		message, _ := fault.Texts(err)
		return j.note(ctx, Change{Events: j.event(stepOfVerb(c.Verb, f), run.Warning,
			words.Say("The answer to %s was lost (%s). Looking whether it took effect.", j.requests.Name(c.Verb), message))})
	}
	message, _ := fault.Texts(err)
	c.Verdict, c.Settled, c.Error = Refused, j.Now(), message.String()
	if fault.CodeOf(err) == "not-running" {
		// The instance is busy with itself, which passes without anybody.
		return errors.Join(fault.Later(err), j.note(ctx, Change{Call: &c}))
	}
	if done, err := j.refusedByOwn(ctx, m, c, f, err); done || err != nil {
		return err
	}
	return j.note(ctx, j.standing(m, c, m.refusal(err, stepOfVerb(c.Verb, f), f.Ord)))
}

// passed writes down that the target wanted nothing of a log, together with the
// file's end: no look at the target will show it.
func (j *job) passed(ctx context.Context, m Migration, c Call, f File) error {
	now := j.Now()
	c.Verdict, c.Settled, c.TaskID = Accepted, now, m.TaskID
	files := m.as(f, FileApplied, "", now)
	return j.note(ctx, Change{Call: &c, Files: files, Steps: []run.Step{j.endStep(files[0], now)}, Audit: j.audit(m, "migration."+string(c.Verb), c.Request),
		Events: j.event(stepOf(f), run.Info, words.Say("Nothing of %s is wanted: a log before it held the moment to stop at.", path.Base(f.Source)))})
}

// happened writes down that a call took effect.
func (j *job) happened(ctx context.Context, m Migration, c Call, f File, v Verdict, taskID string) error {
	c.Verdict, c.Settled, c.TaskID, c.Error = v, j.Now(), taskID, ""
	ch := Change{Call: &c, Audit: j.audit(m, "migration."+string(c.Verb), c.Request)}
	step := stepOfVerb(c.Verb, f)
	switch c.Verb {
	case VerbRestore, VerbImport:
		for _, s := range m.SetOf(f) {
			s.State = FileSent
			ch.Files = append(ch.Files, s)
		}
		ch.TaskID = &taskID
	case VerbTerminate:
		ch.Steps = []run.Step{{Key: step, Title: stepTitle(m, StepEnd), State: run.StepDone, Started: c.Intended, Finished: c.Settled}}
	}
	text := words.Say("%s accepted, task %s.", j.requests.Name(c.Verb), taskID)
	if v == Adopted {
		text = words.Say("%s had taken effect although its answer was lost, task %s.", j.requests.Name(c.Verb), taskID)
	}
	ch.Events = j.event(step, run.Info, text)
	return j.note(ctx, ch)
}

// reconcile finds out what became of a call without an answer.
func (j *job) reconcile(ctx context.Context, m Migration, c Call) error {
	var found Found
	var s TargetState
	var f File
	for _, o := range m.Files {
		if o.Ord == c.File {
			f = o
		}
	}
	if c.Verb == VerbRestore && c.TaskID != "" {
		return j.adopt(ctx, m, c, f)
	}
	if c.Verb == VerbRestore {
		tasks, err := j.target.Tasks(ctx, c.Intended.Add(-24*time.Hour))
		if err != nil {
			return err
		}
		found = ReconcileRestore(c, m, tasks, j.Now(), j.Rules)
		s = TargetState{At: j.Now()}
	} else {
		var err error
		if s, err = j.state(ctx, m); err != nil {
			return err
		}
		found = Found{TaskID: m.TaskID}
		if c.Verb == VerbImport {
			found.Verdict = ReconcileImport(c, f, s, j.Now(), j.Rules).Verdict
		} else {
			found.Verdict = ReconcileEnd(c, s.Task, j.Now(), j.Rules).Verdict
		}
	}
	switch found.Verdict {
	case Adopted:
		return j.happened(ctx, m, c, f, Adopted, found.TaskID)
	case Void:
		c.Verdict, c.Settled, c.Error = Void, j.Now(), neverArrived
		return j.note(ctx, Change{Call: &c, Events: j.event(stepOfVerb(c.Verb, f), run.Warning, words.Say("%s never arrived; making it again.", j.requests.Name(c.Verb)))})
	}
	return j.note(ctx, Change{TargetState: &s})
}

func stepOfVerb(v Verb, f File) string {
	switch v {
	case VerbOpen:
		return StepOpen
	case VerbTerminate:
		return StepEnd
	}
	return stepOf(f)
}
