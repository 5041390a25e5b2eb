package migration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Ports reaches the places a migration touches, by the ids of their endpoints.
type Ports interface {
	Bucket(ctx context.Context, id string) (objectstore.Bucket, error)
	Target(ctx context.Context, instanceID string) (Target, error)
	// Server reaches a self-managed server and says where its backups lie.
	Server(ctx context.Context, instanceID string) (backup.Server, Place, error)
	// Reader reaches a target over SQL, to read what it holds; NotFound when
	// nobody has said how.
	Reader(ctx context.Context, instanceID string) (backup.Server, error)
	// Requests words changing calls to an instance. It asks nobody.
	Requests(ctx context.Context, instanceID string) (Requests, error)
}

// Compare makes the run that compares the contents of both sides once a
// migration has ended; false where they cannot be compared.
type Compare func(m Migration, newID func() string, at time.Time) (run.Run, bool)

// Worker drives migrations: it asks Next what to do, does it through the
// ports, and notes it. Three lanes run side by side: backups at a source at
// work, uploads, and the target.
type Worker struct {
	Store         Store
	Runs          run.Store
	Ports         Ports
	Preflight     Preflight
	Rules         Rules
	Upload        UploadRules
	SourceBackups SourceRules
	Caps          Caps
	Now           func() time.Time
	NewID         func() string // time-ordered
	Compare       Compare
	Replicas      func(ctx context.Context, serverID, database string) []string // other instances that have a server's database in a group; nil = none are known
	Limits        *run.Limits                                                   // shared with everybody who takes backups or uploads; nil = no caps
}

var _ run.Worker = (*Worker)(nil)

// Work implements run.Worker.
func (w *Worker) Work(ctx context.Context, r run.Run, g run.Claim) (run.Outcome, error) {
	m, err := w.Store.Migration(ctx, r.Subject)
	if err != nil {
		return run.Outcome{}, err
	}
	j := &job{Worker: w, claim: g, id: m.ID}
	if j.target, err = w.Ports.Target(ctx, m.InstanceID); err != nil {
		return run.Outcome{}, err
	}
	if j.requests, err = w.Ports.Requests(ctx, m.InstanceID); err != nil {
		return run.Outcome{}, err
	}
	lanes := newLanes(ctx)
	defer lanes.stop()
	for {
		out, done, err := j.turn(ctx, lanes)
		if errors.Is(err, ErrOvertaken) {
			continue
		}
		if done || err != nil {
			return out, err
		}
	}
}

// job is one claim on one migration.
type job struct {
	*Worker
	requests Requests // of the target
	claim    run.Claim
	id       string
	target   Target

	aborting bool // what the takes lane did before the abort was ended
}

// turn does one thing. Everything is read again before: a person may have
// decided something since.
func (j *job) turn(ctx context.Context, lanes *lanes) (out run.Outcome, done bool, err error) {
	if err := ctx.Err(); err != nil {
		return out, false, context.Cause(ctx)
	}
	m, err := j.Store.Migration(ctx, j.id)
	if err != nil {
		return out, false, err
	}
	if m.Problem == nil { // a person decided
		lanes.uploads.again()
		lanes.sourceBackups.again()
	}
	if f, err := lanes.uploads.failed(); err != nil {
		if err = j.uploadFailed(ctx, m, f, err); err == nil {
			lanes.uploads.tell()
		}
		return out, false, err
	}
	if _, err := lanes.sourceBackups.failed(); err != nil {
		if err = j.backupFailed(ctx, m, err); err == nil {
			lanes.sourceBackups.tell()
		}
		return out, false, err
	}
	if f, ok := NextUpload(m); ok {
		lanes.uploads.start(f, func(ctx context.Context) error {
			most := j.Caps.Uploads
			if m.LiveSource != nil && !m.LiveSource.Frozen.IsZero() {
				most = 0 // writes stand still until it is there
			}
			leave, err := j.Limits.Enter(ctx, run.AtUploads, most)
			if err != nil {
				return err
			}
			defer leave()
			return j.bringNext(ctx)
		})
	}
	b, err := j.Store.Calls(ctx, m.InstanceID, m.Database, j.Now().Add(-24*time.Hour))
	if err != nil {
		return out, false, err
	}
	take := NextAtSource(m, b, j.Now(), j.SourceBackups)
	if m.LiveSource != nil && !m.LiveSource.AbortAsked.IsZero() && !j.aborting {
		j.aborting = true // an hour's backup is not waited for
		lanes.sourceBackups.interrupt()
		lanes.sourceBackups.again()
		return out, false, nil
	}
	if take.Do != SourceNothing && take.Do != SourceRest && take.Do != SourceQueue {
		lanes.sourceBackups.start(File{}, j.backUpNext)
	}
	act := Next(m, b, j.Now(), j.Rules)
	switch act.Do {
	case DoPreflight:
		return out, false, j.preflight(ctx, m, b)
	case DoRestore:
		return out, false, j.restore(ctx, m, act.File)
	case DoImport:
		return out, false, j.importFile(ctx, m, act.File)
	case DoOpen:
		return out, false, j.open(ctx, m)
	case DoTerminate:
		lanes.stop()
		return out, false, j.terminate(ctx, m)
	case DoReconcile:
		return out, false, j.reconcile(ctx, m, act.Call)
	case DoLook:
		return out, false, j.look(ctx, m)
	case DoAwait:
		if take.Do == SourceQueue && !lanes.busy() {
			return run.Outcome{State: run.Waiting, WakeAt: take.Until, Message: take.Why}, true, nil
		}
		return out, false, lanes.wait(ctx, 2*time.Second)
	case DoWait, DoFollow, DoAsk:
		return j.rest(ctx, m, act, take, lanes)
	case DoFinish:
		lanes.stop()
		return j.finish(ctx, m)
	}
	return out, false, fmt.Errorf("nothing is known about doing %q", act.Do)
}

// rest waits beside an upload that is still going, or leaves the run until
// later.
func (j *job) rest(ctx context.Context, m Migration, act Action, take SourceAction, lanes *lanes) (run.Outcome, bool, error) {
	until := act.Until
	if act.Do == DoFollow {
		until = m.TargetState.At.Add(Pause(m, j.Now(), j.Rules))
		if take.Do == SourceRest && take.Until.Before(until) {
			until = take.Until
		}
	}
	left := until.Sub(j.Now())
	if lanes.busy() {
		return run.Outcome{}, false, lanes.wait(ctx, min(max(left, 50*time.Millisecond), 2*time.Second))
	}
	switch act.Do {
	case DoAsk:
		return run.Outcome{State: run.Failed, Message: act.Problem.Cause, Fix: act.Problem.Fix}, true, nil
	case DoFollow:
		if m.LiveSource != nil {
			return run.Outcome{State: run.Waiting, WakeAt: until, Message: take.Why}, true, nil
		}
		if f, held := m.Held(); held {
			return run.Outcome{State: run.Waiting, WakeAt: until,
				Message: words.Say("%s is held back: its restore opens the database with change data capture kept. Add the next increment, or open the database.", f.base())}, true, nil
		}
		return run.Outcome{State: run.Waiting, WakeAt: until,
			Message: words.Say("Every file is applied. Add the next increment, or open the database.")}, true, nil
	}
	if left < 2*time.Second {
		return run.Outcome{}, false, lanes.wait(ctx, left)
	}
	return run.Outcome{State: run.Waiting, WakeAt: until, Message: act.Why}, true, nil
}

// finish says how it ended.
func (j *job) finish(ctx context.Context, m Migration) (run.Outcome, bool, error) {
	now := j.Now()
	c := Change{Stage: StageOpened, Finished: &now, Events: j.event("", run.Info, words.Say("The migration is finished."))}
	out := run.Outcome{State: run.Succeeded, Message: words.Say("The database is open.")}
	if m.Opened.IsZero() {
		if err := j.abortUploads(ctx, m); err != nil {
			return run.Outcome{}, false, err
		}
		c.Stage = StageTerminated
		c.Events = j.event("", run.Info, words.Say("The migration is terminated. Files that were uploaded stay."))
		out = run.Outcome{State: run.Canceled, Message: words.Say("Terminated.")}
	}
	if r, ok := j.Compare(m, j.NewID, now); ok {
		c.Comparison = &r
	}
	if !m.Stage.Ended() {
		if err := j.note(ctx, c); err != nil {
			return run.Outcome{}, false, err
		}
	}
	return out, true, nil
}

// look asks the target how things stand and notes what that teaches.
func (j *job) look(ctx context.Context, m Migration) error {
	s, err := j.state(ctx, m)
	if err != nil {
		return fmt.Errorf("look at the target: %w", err)
	}
	now := j.Now()
	if m.TaskID != "" && s.Task.Status == TaskFailed && RestoresAgain(m, s.Task) {
		return j.restoreAgain(ctx, m, s)
	}
	got := Read(m, s, now, j.Rules)
	c := Change{TargetState: &s, Files: got.Files, Check: got.Check, Said: got.Said}
	step := StepRestore
	for _, f := range got.Files {
		if m.Further(f) {
			continue // a further stripe
		}
		step = stepOf(f)
		c.Steps = append(c.Steps, j.endStep(f, now))
	}
	if got.Problem != nil {
		step = got.Problem.Step
		c.Problem = &got.Problem
		c.Steps = append(c.Steps, run.Step{Key: step, Title: stepTitle(m, step), State: run.StepFailed, Finished: now, Message: got.Problem.Cause})
	}
	if got.Opened {
		c.Opened = &now
		c.Steps = append(c.Steps, run.Step{Key: StepOpen, Title: stepTitle(m, StepOpen), State: run.StepDone, Finished: now})
		if Unfreezes(m) {
			c.Steps = append(c.Steps, run.Step{Key: StepWritable, Title: stepTitle(m, StepWritable), State: run.StepDone, Finished: now, Message: words.Say("The freeze of the source had travelled along.")})
		}
		if got.Check == CheckUnknown {
			c.Steps = append(c.Steps, run.Step{Key: StepCheck, Title: stepTitle(m, StepCheck), State: run.StepActive, Started: now})
		}
	}
	if got.Check != CheckUnknown {
		c.Steps = append(c.Steps, j.checkStep(m, got, now))
	}
	if !got.Text.IsZero() {
		level := run.Info
		if got.Problem != nil || got.Check == CheckFailed {
			level = run.Problem
		}
		c.Events = j.event(step, level, got.Text)
	}
	if got.Opened {
		c.Audit = j.audit(m, "migration.opened", got.Text.String())
		kept, said, err := j.keep(ctx, m)
		if err != nil {
			return err
		}
		if kept.Key != "" {
			c.Steps, c.Events = append(c.Steps, kept), append(c.Events, said...)
		}
	}
	return j.note(ctx, c)
}

// state reads the task and its files. Versions that do not tell about files
// answer Invalid or NotFound there; the task alone must do then.
func (j *job) state(ctx context.Context, m Migration) (TargetState, error) {
	t, err := j.target.Task(ctx, m.TaskID)
	if err != nil {
		return TargetState{}, err
	}
	files, err := j.target.TaskFiles(ctx, m.TaskID)
	if err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
		return TargetState{}, err
	}
	return TargetState{At: j.Now(), Task: asWanted(m, t), Files: files}, nil
}

func (j *job) note(ctx context.Context, c Change) error {
	return j.Store.Note(ctx, j.claim, j.id, c)
}

func (j *job) event(step string, l run.Level, text words.Text) []run.Event {
	return []run.Event{{At: j.Now(), Step: step, Level: l, Text: text}}
}

func (j *job) audit(m Migration, action, summary string) []audit.Entry {
	return []audit.Entry{audit.New(audit.Engine, j.Now(), action, "migration/"+m.ID, summary)}
}

// uploadFailed tells an upload that may work later from one a person must look
// at.
func (j *job) uploadFailed(ctx context.Context, m Migration, f File, err error) error {
	if fault.Is(err, fault.Unavailable) || ctx.Err() != nil || errors.Is(err, context.Canceled) || fault.Of(err) == fault.Unknown {
		return err
	}
	p := m.refusal(err, StepUpload(f.Ord), f.Ord)
	switch {
	case errors.Is(err, objectstore.ErrSourceChanged):
		p.Code = CodeSourceChanged
	case p.Code == explain.Unknown:
		p.Code = "upload"
	}
	p.Actions = []Button{ButtonRetry, ButtonAddFiles, ButtonTerminate}
	if m.LiveSource != nil && fault.Is(err, fault.NotFound) {
		if gone := j.removed(ctx, m, f); gone != nil {
			p = gone
		}
	}
	return j.stand(ctx, m, p)
}

// CodeSourceChanged is the problem of a source file that is not what it was.
const CodeSourceChanged = "source-changed"

// stand notes why the migration stands still.
func (j *job) stand(ctx context.Context, m Migration, p *Problem) error {
	now := j.Now()
	return j.note(ctx, Change{Problem: &p,
		Steps:  []run.Step{{Key: p.Step, Title: stepTitle(m, p.Step), State: run.StepFailed, Finished: now, Message: p.Cause}},
		Events: j.event(p.Step, run.Problem, p.Cause)})
}
