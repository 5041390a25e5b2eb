package backupjob

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// RunRestore is the kind of runs that restore a database at a self-managed
// server.
const RunRestore = "restore"

// Restorers reaches self-managed servers to restore at, and says where they
// find backup files.
type Restorers interface {
	Restorer(ctx context.Context, instanceID string) (backup.Restorer, migration.Place, error)
}

// Restore is an order to restore a database to a moment, at an existing
// self-managed server, under a name of its own.
type Restore struct {
	InstanceID string      // whose backups
	Database   string      // as it is called there
	At         time.Time   // UTC, to the second
	Fork       backup.GUID // where several histories hold the moment; zero = there is one
	TargetID   string      // server restored to
	Name       string      // of the restored database
	Typed      string      // the name again, which allows to replace a database that exists
}

// RestoreStep is one set that a restore applies, with where its files are
// taken from.
type RestoreStep struct {
	RecordID string
	Kind     backup.Kind
	BucketID string
	Keys     []string
	SetID    backup.GUID // files may hold others too
	Position int         // of the set in the files, where the record tells; 0 = 1
	Size     int64
	Key      string    `json:",omitempty"` // under which the files are encrypted
	StopAt   time.Time // on the clock of the server that took the log; zero = to its end
}

// RestoreDraft is what a restore will do, shown before it is ordered.
type RestoreDraft struct {
	Plan  backup.Plan
	Steps []RestoreStep
	Bytes int64
	Wrong []Wrong
}

type restoreRequest struct {
	Restore
	Steps   []RestoreStep
	Replace bool
}

type restoreProgress struct {
	Began   time.Time // the name was free, or may be replaced; from here on it is ours
	Applied int       // steps that are through
}

// Restoring drives runs of kind RunRestore.
type Restoring struct {
	Kit
	Restorers Restorers
}

var _ run.Worker = (*Restoring)(nil)

// Draft plans a restore and guards its target. It changes nothing.
func (w *Restoring) Draft(ctx context.Context, o Restore) (d RestoreDraft, err error) {
	add := func(field string, message, fix words.Text) { d.Wrong = append(d.Wrong, Wrong{field, message, fix}) }
	target, err := instanceOf(ctx, w.Ports, o.TargetID, ordersOverSQL, &d.Wrong)
	if err != nil {
		return d, err
	}
	if target.ID == "" {
		add(FieldServer, words.Say("No server to restore to is chosen."), words.Say("Choose a self-managed server."))
	}
	switch {
	case strings.TrimSpace(o.Name) == "" || len([]rune(o.Name)) > 128:
		add(FieldName, words.Say("The restored database needs a name of 1 to 128 characters."), words.Say("Give it one."))
	case policy.IsSystem(o.Name):
		add(FieldName, words.Say("%s is a system database.", o.Name), words.Say("Choose another name."))
	}
	sets, err := w.Catalogue.Sets(ctx, o.InstanceID, o.Database, mostSets)
	if err != nil {
		return d, err
	}
	d.Plan = backup.PlanOn(sets, o.At, o.Fork)
	for _, m := range d.Plan.Missing {
		add(FieldTime, words.Plain(m.Words), words.Plain(m.Fix))
	}
	if d.Plan.Choice != nil {
		add(FieldTime, words.Plain(d.Plan.Choice.Words), words.Plain(d.Plan.Choice.Fix))
	}
	if len(d.Wrong) > 0 {
		return d, nil
	}
	if !d.Plan.ReachesStop || len(d.Plan.Steps) == 0 {
		add(FieldTime, words.Say("No backup reaches this moment."), words.Say("Choose a moment inside a recovery window."))
		return d, nil
	}
	d.steps(sets, o.At, target.FolderID)
	if i := slices.IndexFunc(d.Steps, func(s RestoreStep) bool { return s.Key != "" }); i >= 0 && target.Traits.Lacks.Keys {
		add(FieldServer, words.Say("The files are encrypted under %s: no SQL Server but an instance of that cloud reads them, and %s would say that they are incorrectly formed (3241).", d.Steps[i].Key, target.Name),
			words.Say("Restore them at an instance of the cloud that may use the key, then back up from there without a key."))
		return d, nil
	}
	return d, w.guard(ctx, o, target, &d)
}

// steps finds the files of each set of the plan: best where the target reads
// them anyway.
func (d *RestoreDraft) steps(sets []backup.Record, at time.Time, folderID string) {
	for _, planned := range d.Plan.Steps {
		var step RestoreStep
		for _, r := range sets {
			if r.Set.ID != planned.Set.ID {
				continue
			}
			for _, c := range r.Copies {
				if len(c.Keys) > 0 && (step.BucketID == "" || c.BucketID == folderID) {
					step = RestoreStep{RecordID: r.ID, Kind: r.Set.Kind, BucketID: c.BucketID, Keys: c.Keys, SetID: r.Set.ID, Size: c.Size, Key: r.Set.Key}
					if len(r.Set.Files) > 0 {
						step.Position = r.Set.Files[0].Position
					}
				}
			}
		}
		if step.BucketID == "" {
			d.Wrong = append(d.Wrong, Wrong{FieldTime, words.Say("The files of the %s backup of %s are in no folder or bucket that is known here.", planned.Set.Kind, planned.Set.Finished.Time().Format("2006-01-02 15:04 UTC")),
				words.Say("Add the bucket they lie in under Storage, or copy them to one.")})
			return
		}
		if planned.StopAt {
			step.StopAt = planned.Set.OnClock(at)
		}
		d.Steps, d.Bytes = append(d.Steps, step), d.Bytes+step.Size
	}
}

// guard refuses a target that is somebody else's.
func (w *Restoring) guard(ctx context.Context, o Restore, target endpoint.Instance, d *RestoreDraft) error {
	server, _, err := w.Restorers.Restorer(ctx, target.ID)
	if err != nil {
		return err
	}
	have, err := server.Databases(ctx)
	if err != nil {
		return err
	}
	info, err := server.Describe(ctx)
	if err != nil {
		return err
	}
	movers, err := w.Store.Movers(ctx, target.ID)
	if err != nil {
		return err
	}
	if m := moverOf(movers, o.Name, info.Collation); m != nil {
		d.Wrong = append(d.Wrong, Wrong{FieldName, words.Say("%s is on its way in migration %s.", o.Name, m.MigrationID), words.Say("Choose another name.")})
	}
	var old backup.Database
	i := slices.IndexFunc(have, func(d backup.Database) bool { return info.Collation.Same(d.Name, o.Name) })
	if i >= 0 {
		old = have[i]
	}
	if i >= 0 && target.Traits.Lacks.Replace {
		d.Wrong = append(d.Wrong, Wrong{FieldName, words.Say("%s has a database %s already (%s), and restores over none.", target.Name, old.Name, old.State), words.Say("Choose another name. Drop the old database when the new one is proven.")})
	} else if i >= 0 && o.Typed != o.Name {
		d.Wrong = append(d.Wrong, Wrong{FieldName, words.Say("%s has a database %s already (%s).", target.Name, old.Name, old.State), words.Say("Choose another name, or type this one again to replace that database: what it holds is lost.")})
	}
	return nil
}

// Order plans once more and orders exactly that.
func (w *Restoring) Order(ctx context.Context, o Restore, by By) (runID string, err error) {
	d, err := w.Draft(ctx, o)
	if err != nil {
		return "", err
	}
	if err := refusal(d.Wrong); err != nil {
		return "", err
	}
	title := words.Say("Restore %s as %s to %s", o.Database, o.Name, o.At)
	request := restoreRequest{Restore: o, Steps: d.Steps, Replace: o.Typed == o.Name}
	return send(ctx, w.Store, RunRestore, o.InstanceID, request, title, w.NewID, by.entry("restore.order", "instance/"+o.TargetID, title.String()+".").With(nil, request))
}

// Work implements run.Worker.
func (w *Restoring) Work(ctx context.Context, r run.Run, g run.Claim) (run.Outcome, error) {
	j, err := pick[restoreRequest, restoreProgress](ctx, &w.Kit, r, g)
	if err != nil {
		return run.Outcome{}, err
	}
	server, place, err := w.Restorers.Restorer(ctx, j.request.TargetID)
	if err != nil {
		return run.Outcome{}, err
	}
	leave, err := backup.Enter(ctx, w.Limits, j.request.TargetID, j.request.Name, 0)
	if err != nil {
		return run.Outcome{}, err
	}
	defer leave()
	if j.progress.Began.IsZero() { // what is replaced is lost: every file first
		for _, s := range j.request.Steps {
			if err := w.planned(ctx, &s); err != nil {
				return run.Outcome{}, err
			}
		}
	}
	if err := w.begin(ctx, j, server); err != nil {
		return run.Outcome{}, err
	}
	for i := j.progress.Applied; i < len(j.request.Steps); i++ {
		if err := w.apply(ctx, j, server, place, i); err != nil {
			return run.Outcome{}, err
		}
	}
	return w.open(ctx, j, server, place)
}

// begin looks a last time whether the name is free, and notes that it is ours.
func (w *Restoring) begin(ctx context.Context, j *operation[restoreRequest, restoreProgress], server backup.Restorer) error {
	d, err := server.Database(ctx, j.request.Name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	exists := err == nil
	switch {
	case j.progress.Began.IsZero() && exists && !j.request.Replace:
		return fault.Newf(fault.Conflict, "%s exists by now; nothing was changed.", d.Name).WithFix("Order the restore again under another name.")
	case j.progress.Began.IsZero():
		j.progress.Began = j.Now()
		return j.note(ctx, Change{Audit: j.audit("restore.begin", "instance/"+j.request.TargetID, "Began to restore "+j.request.Name+".")})
	case exists && d.State == "ONLINE" && j.progress.Applied > 0 && j.progress.Applied < len(j.request.Steps):
		return fault.Newf(fault.Conflict, "Somebody opened %s in the middle of its restore.", d.Name).WithFix("It stays as it is. Order the restore again under another name.")
	case !exists && j.progress.Applied > 0:
		j.progress.Applied = 0 // it was dropped: begin with the full backup again
		return j.note(ctx, Change{})
	}
	return nil
}

// fetched is the name under which a file is brought into the server's folder.
func (j *operation[W, P]) fetched(step, file int) string {
	return fmt.Sprintf("restore_%s_%d_%d.bak", short(j.id), step+1, file+1)
}

// apply brings the files of one set where the server reads them, and has them
// restored.
func (w *Restoring) apply(ctx context.Context, j *operation[restoreRequest, restoreProgress], server backup.Restorer, place migration.Place, i int) error {
	s := j.request.Steps[i]
	keys := s.Keys
	if err := w.planned(ctx, &s); err != nil {
		return err
	}
	if s.BucketID != place.BucketID {
		step := run.Step{Key: fmt.Sprintf("fetch/%d", i+1), Title: words.Say("Fetch the %s backup", s.Kind), State: run.StepActive, Started: j.Now(), Total: s.Size, Unit: "bytes"}
		if err := j.note(ctx, Change{Steps: []run.Step{step}}); err != nil {
			return err
		}
		files := make([]carried, len(s.Keys))
		keys = make([]string, len(s.Keys))
		for k, from := range s.Keys {
			keys[k] = j.fetched(i, k)
			files[k] = carried{From: s.BucketID, Key: from, To: keys[k]}
		}
		if err := j.carry(ctx, j.claim, place.BucketID, fmt.Sprintf("%s/%d", j.id, i+1), step, files); err != nil {
			return err
		}
		step.State, step.Finished, step.Done = run.StepDone, j.Now(), s.Size
		if err := j.note(ctx, Change{Steps: []run.Step{step}}); err != nil {
			return err
		}
	}
	running, err := server.Running(ctx, j.request.Name)
	if err != nil {
		return err
	}
	if len(running) > 0 { // perhaps the statement of a former life
		return fault.Newf(fault.Unavailable, "Session %d is at work on %s (%s).", running[0].Session, j.request.Name, running[0].Command)
	}
	c := backup.ApplyCall{Database: j.request.Name, Kind: s.Kind, Set: s.SetID, Position: s.Position, StopAt: s.StopAt, Stopped: stopped(j.request.Steps, i), Key: s.Key, Replace: s.Kind == backup.Full && (j.request.Replace || w.interruptedRestore(ctx, server, j.request.Name))}
	for _, k := range keys {
		c.Files = append(c.Files, place.Path(k))
	}
	step := run.Step{Key: fmt.Sprintf("apply/%d", i+1), Title: words.Say("Restore the %s backup", s.Kind), State: run.StepActive, Started: j.Now(), Total: 100}
	if err := j.note(ctx, Change{Steps: []run.Step{step}}); err != nil {
		return err
	}
	last := time.Time{}
	err = server.Apply(ctx, c, func(p float64) {
		if now := j.Now(); now.Sub(last) >= time.Second {
			last = now
			_ = j.Runs.Progress(ctx, j.claim, step.Key, int64(p), 100, 0)
		}
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	j.progress.Applied = i + 1
	step.State, step.Finished, step.Done = run.StepDone, j.Now(), 100
	return j.note(ctx, Change{Steps: []run.Step{step}})
}

// stopped reports whether a log of a restore that stops has one before it that
// may have held the moment. Between the two may be one that certainly ends before.
func stopped(steps []RestoreStep, i int) bool {
	return !steps[i].StopAt.IsZero() && slices.ContainsFunc(steps[:i], func(s RestoreStep) bool { return !s.StopAt.IsZero() })
}

// interruptedRestore reports whether an interrupted restore of ours stands there.
func (w *Restoring) interruptedRestore(ctx context.Context, server backup.Restorer, name string) bool {
	d, err := server.Database(ctx, name)
	return err == nil && d.State != "ONLINE"
}

// open ends the restore, and removes the files that were brought for it.
func (w *Restoring) open(ctx context.Context, j *operation[restoreRequest, restoreProgress], server backup.Restorer, place migration.Place) (run.Outcome, error) {
	d, err := server.Database(ctx, j.request.Name)
	if err != nil {
		return run.Outcome{}, err
	}
	step := run.Step{Key: "open", Title: words.Say("Open %s", j.request.Name), State: run.StepActive, Started: j.Now()}
	if d.State == "RESTORING" {
		if err := server.Recover(ctx, j.request.Name); err != nil {
			return run.Outcome{}, err
		}
		if d, err = server.Database(ctx, j.request.Name); err != nil {
			return run.Outcome{}, err
		}
	}
	if d.State != "ONLINE" {
		return run.Outcome{}, fault.Newf(fault.Conflict, "%s is %s after its restore.", j.request.Name, d.State).WithFix("Look at the server's error log.")
	}
	var left []string
	bucket, err := w.Ports.Bucket(ctx, place.BucketID)
	for i, s := range j.request.Steps {
		for k := range s.Keys {
			if s.BucketID == place.BucketID || err != nil {
				continue
			}
			if gone := bucket.Delete(ctx, j.fetched(i, k)); gone != nil {
				left = append(left, j.fetched(i, k))
			}
		}
	}
	step.State, step.Finished = run.StepDone, j.Now()
	text := words.Say("%s is open as it was at %s.", j.request.Name, j.request.At.UTC().Format("2006-01-02 15:04:05 UTC"))
	if len(left) > 0 {
		text = words.Join(text, words.Say("Files brought for it stay in the backup folder: %s.", few(left)))
	}
	if !j.request.Replace {
		if err := w.fresh(ctx, j); err != nil {
			return run.Outcome{}, err
		}
	}
	err = j.note(ctx, Change{Steps: []run.Step{step}, Events: event(j.Now(), "open", run.Info, text), Audit: j.audit("restore.done", "instance/"+j.request.TargetID, text.String())})
	return run.Outcome{State: run.Succeeded, Message: text}, err
}
