package backupjob

import (
	"context"
	"errors"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// RunCloudBackup is the kind of runs that have a cloud take a backup.
const RunCloudBackup = "cloudbackup"

// CloudKit is what workers need that deal with the backups of a cloud.
type CloudKit struct {
	Kit
	Clouds Clouds
	Poll   time.Duration // shortest pause between two looks
	Settle time.Duration // how long a call whose answer was lost may still take effect, and be listed: sets are listed about a minute after their end
}

// CloudWorker drives runs of kind RunCloudBackup. What is next is decided by
// backup.NextOrder.
type CloudWorker struct{ CloudKit }

var _ run.Worker = (*CloudWorker)(nil)

// CheckCloudOrder says what is wrong with a manual backup of a cloud before it
// is sent; the page shows its call as backup.OrderCall words it.
func CheckCloudOrder(in endpoint.Instance, o backup.Order) (wrong []Wrong) {
	if in.ID == "" {
		return []Wrong{{FieldServer, words.Say("No instance is chosen."), words.Say("Choose an instance whose service takes backups.")}}
	}
	if _, err := backup.OrderCall(in.InstanceID, o); err != nil {
		field := FieldKind
		switch {
		case len(o.Databases) > 0 && !o.Snapshot && !o.Automatic && o.RetentionDays != 0:
			field = FieldRetention
		case len(o.Databases) > 0:
			field = FieldDatabases
		case o.RetentionDays != 0:
			field = FieldRetention
		}
		message, fix := fault.Texts(err)
		wrong = append(wrong, Wrong{field, message, fix})
	}
	return wrong
}

// BackUpCloud orders a manual backup of an instance whose service takes backups.
func BackUpCloud(ctx context.Context, s Store, ports Ports, instanceID string, o backup.Order, newID func() string, by By) (runID string, err error) {
	var wrong []Wrong
	in, err := instanceOf(ctx, ports, instanceID, servicesBackups, &wrong)
	if err != nil {
		return "", err
	}
	if len(wrong) == 0 {
		wrong = CheckCloudOrder(in, o)
	}
	if err := refusal(wrong); err != nil {
		return "", err
	}
	method := words.Say("physical")
	if o.Snapshot {
		method = words.Say("snapshot")
	}
	what := words.Say("the whole instance")
	if n := len(o.Databases); n > 0 {
		what = words.Count(n, "database", "databases")
	}
	title := words.Say("Back up %s of %s (%s)", what, in.Name, method)
	e := by.entry("backup.cloud-order", "instance/"+instanceID, title.String()+".").With(nil, o)
	return send(ctx, s, RunCloudBackup, instanceID, o, title, newID, e)
}

// Work implements run.Worker.
func (w *CloudWorker) Work(ctx context.Context, r run.Run, g run.Claim) (run.Outcome, error) {
	j, err := pick[backup.Order, backup.OrderState](ctx, &w.Kit, r, g)
	if err != nil {
		return run.Outcome{}, err
	}
	cloud, err := w.Clouds.Cloud(ctx, j.instanceID)
	if err != nil {
		return run.Outcome{}, err
	}
	c := &cloudJob{operation: j, worker: w, cloud: cloud}
	for {
		if ctx.Err() != nil {
			return run.Outcome{}, context.Cause(ctx)
		}
		out, err := c.turn(ctx)
		if err != nil || out.State != "" {
			return out, err
		}
	}
}

type cloudJob struct {
	*operation[backup.Order, backup.OrderState]
	worker *CloudWorker
	cloud  backup.Cloud
}

const stepOrder = "order"

func (c *cloudJob) step(state run.StepState, done int64, message words.Text) []run.Step {
	s := run.Step{Key: stepOrder, Title: words.Say("Backup by the service"), State: state, Done: done, Total: 100, Message: message}
	if state != run.StepActive {
		s.Finished = c.Now()
	}
	return []run.Step{s}
}

// turn does one thing; an outcome without state means: go on.
func (c *cloudJob) turn(ctx context.Context) (out run.Outcome, err error) {
	st := &c.progress
	switch backup.NextOrder(*st) {
	case backup.OrderLook:
		jobs, sets, err := c.look(ctx)
		if err != nil {
			return out, err
		}
		in := backup.NewOrderIntent(c.request, jobs, sets, c.Now())
		st.Intent = &in
		steps := c.step(run.StepActive, 0, words.Text{})
		steps[0].Started = c.Now()
		return out, c.note(ctx, Change{Steps: steps})
	case backup.OrderMake:
		return out, c.order(ctx)
	case backup.OrderReconcile:
		jobs, sets, err := c.look(ctx)
		if err != nil {
			return out, err
		}
		f := backup.ReconcileOrder(*st.Intent, jobs, sets, c.Now(), c.worker.Settle)
		if f.Verdict == backup.OrderUnknown {
			return c.rest(words.Say("Looking whether the order took effect.")), nil
		}
		*st = st.Found(f)
		text := words.Say("The order had taken effect although its answer was lost.")
		if f.Verdict == backup.OrderVoid {
			text = words.Say("The order never arrived; it is made again.")
		}
		return out, c.note(ctx, Change{Events: event(c.Now(), stepOrder, run.Warning, text)})
	case backup.OrderFollow:
		return c.follow(ctx)
	case backup.OrderFailed:
		*st = backup.OrderState{} // a retry orders anew
		text := words.Say("The service says that the backup failed.")
		err := c.note(ctx, Change{Steps: c.step(run.StepFailed, 0, text), Events: event(c.Now(), stepOrder, run.Problem, text)})
		return run.Outcome{State: run.Failed, Message: text, Fix: words.Say("Look at the instance's events in the console, then retry: another backup is ordered.")}, err
	}
	return c.there(ctx)
}

// look lists jobs under way and the newest sets.
func (c *cloudJob) look(ctx context.Context) ([]backup.Job, []backup.CloudSet, error) {
	jobs, err := c.cloud.Jobs(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	page, err := c.cloud.Sets(ctx, backup.SetQuery{Page: 1})
	return jobs, page.Sets, err
}

// order makes the call, whose intent is noted.
func (c *cloudJob) order(ctx context.Context) error {
	st := &c.progress
	st.Called = true
	if err := c.note(ctx, Change{}); err != nil {
		return err
	}
	id, err := c.cloud.Order(ctx, c.request)
	message, _ := fault.Texts(err)
	call := "CreateBackup" // parameters stand in the order's audit entry
	switch {
	case err == nil:
		st.JobID, st.Known = id, true
		text := words.Say("%s accepted, job %s.", call, id)
		return c.note(ctx, Change{Events: event(c.Now(), stepOrder, run.Info, text), Audit: c.audit("backup.cloud", "instance/"+c.instanceID, text.String())})
	case errors.Is(err, backup.ErrUndone):
		*st = backup.OrderState{}
		return errors.Join(err, c.note(ctx, Change{}))
	case passes(err):
		*st = backup.OrderState{} // ordered when the instance is free
		return errors.Join(fault.Later(err), c.note(ctx, Change{}))
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case fault.Is(err, fault.Unavailable):
		return c.note(ctx, Change{Events: event(c.Now(), stepOrder, run.Warning, words.Say("The answer to %s was lost (%s). Looking whether it took effect.", call, message))})
	}
	*st = backup.OrderState{} // a retry orders anew
	return errors.Join(err, c.note(ctx, Change{Steps: c.step(run.StepFailed, 0, message)}))
}

// passes reports a refusal that ends without anybody: the instance is busy with
// itself, or another backup of it is under way (sheet apsaradb, 20.6).
func passes(err error) bool {
	code := fault.CodeOf(err)
	return code == "not-running" || code == "backup-running"
}

func (c *cloudJob) follow(ctx context.Context) (out run.Outcome, err error) {
	jobs, err := c.cloud.Jobs(ctx, c.progress.JobID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return out, err
	}
	var found *backup.Job
	for i := range jobs {
		if jobs[i].ID == c.progress.JobID {
			found = &jobs[i]
		}
	}
	before := c.progress
	c.progress = c.progress.Saw(found)
	if c.progress != before {
		return out, c.note(ctx, Change{})
	}
	if found == nil {
		return c.rest(words.Say("Waiting for the backup.")), nil
	}
	_ = c.Runs.Progress(ctx, c.claim, stepOrder, int64(max(found.Percent, 0)), 100, 0)
	return c.rest(words.Say("The service is at work: %s.", found.Status)), nil
}

// there ends the run once the set is listed.
func (c *cloudJob) there(ctx context.Context) (out run.Outcome, err error) {
	page, err := c.cloud.Sets(ctx, backup.SetQuery{ID: c.progress.SetID, Page: 1})
	if err != nil && !fault.Is(err, fault.NotFound) {
		return out, err
	}
	for _, set := range page.Sets {
		if set.ID != c.progress.SetID {
			continue
		}
		if set.Failed {
			c.progress.Failed = true
			return out, c.note(ctx, Change{})
		}
		if err := c.Catalogue.Put(ctx, []backup.Record{cloudRecord(c.instanceID, set, c.Now())}); err != nil {
			return out, err
		}
		text := words.Say("Backup set %s is there, %s.", set.ID, words.Bytes(set.Size))
		err := c.note(ctx, Change{Steps: c.step(run.StepDone, 100, words.Text{}), Events: event(c.Now(), stepOrder, run.Info, text)})
		return run.Outcome{State: run.Succeeded, Message: text}, err
	}
	return c.rest(words.Say("The job has ended; its set is not listed yet.")), nil
}

// cloudRecord is a set of a cloud as the catalogue keeps it.
func cloudRecord(instanceID string, set backup.CloudSet, now time.Time) backup.Record {
	utc := func(t time.Time) backup.Moment {
		if t.IsZero() {
			return backup.Moment{}
		}
		return backup.Moment{Local: t, UTC: &t}
	}
	r := backup.Record{InstanceID: instanceID, Origin: backup.InCloud, State: backup.Complete, Seen: now, Expires: set.Expires, Cloud: &set,
		Set: backup.Set{Kind: set.Kind, CopyOnly: set.CopyOnly, Snapshot: set.Snapshot, Started: utc(set.Started), Finished: utc(set.Finished), Complete: true}}
	if set.Failed {
		r.State = backup.Broken
	}
	if len(set.Databases) == 1 {
		r.Database = set.Databases[0]
	}
	return r
}

// rest leaves the run until the next look; pauses grow with the time it lasts.
func (c *cloudJob) rest(message words.Text) run.Outcome {
	return run.Outcome{State: run.Waiting, WakeAt: c.Now().Add(c.worker.pause(c.run, c.Now())), Message: message}
}

// pause is a tenth of the time that a run lasts, between Poll and fifteen
// times that.
func (k *CloudKit) pause(r run.Run, now time.Time) time.Duration {
	return min(max(now.Sub(r.Created)/10, k.Poll), 15*k.Poll)
}
