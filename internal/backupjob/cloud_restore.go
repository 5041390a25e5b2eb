package backupjob

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// RunCloudRestore is the kind of runs that have a cloud restore databases into
// an existing instance.
const RunCloudRestore = "cloudrestore"

// CloudRestore is an order to copy databases of a set or a moment into an
// existing instance under other names.
type CloudRestore struct {
	InstanceID string            // whose backups
	SetID      string            // either a set of the cloud
	At         time.Time         // or a moment, UTC, to the second
	TargetID   string            // endpoint of the instance restored into
	Databases  map[string]string // name in the backup → name at the target
	Typed      string            // name of the target instance, typed by the person
}

type cloudRestoreProgress struct {
	Before   []string  // names at the target before the call
	Intended time.Time // zero = not yet ordered
	Accepted time.Time // the service took the order
}

// CloudRestorer drives runs of kind RunCloudRestore.
type CloudRestorer struct{ CloudKit }

var _ run.Worker = (*CloudRestorer)(nil)

// Check says what is wrong with a restore; names are those at the target now.
func (o CloudRestore) Check(source, target endpoint.Instance, names []string, now time.Time) (wrong []Wrong) {
	add := func(field string, message, fix words.Text) { wrong = append(wrong, Wrong{field, message, fix}) }
	if len(o.Databases) == 0 {
		add(FieldDatabases, words.Say("No database is chosen."), words.Say("Choose at least one."))
	}
	switch {
	case (o.SetID == "") == o.At.IsZero():
		add(FieldTime, words.Say("A restore goes to a backup set or to a moment."), words.Say("Choose one of the two."))
	case o.At.After(now):
		add(FieldTime, words.Say("The moment lies in the future."), words.Say("Choose one inside the recovery window."))
	}
	if source.Region != target.Region || source.AccountID != target.AccountID {
		add(FieldServer, words.Say("The target is in another region or account."), words.Say("The service restores inside one region of one account."))
	}
	if source.InstanceID != "" && source.InstanceID == target.InstanceID {
		add(FieldServer, words.Say("The service does not restore into the instance that the backup is of."), words.Say("Choose another instance of the same account and region."))
	}
	seen := map[string]bool{}
	for _, from := range slices.Sorted(maps.Keys(o.Databases)) {
		to := o.Databases[from]
		switch low := strings.ToLower(to); {
		case strings.TrimSpace(to) == "":
			add(FieldName, words.Say("%s has no name at the target.", from), words.Say("Give it one."))
		case policy.IsSystem(to):
			add(FieldName, words.Say("%s is a system database.", to), words.Say("Choose another name."))
		case seen[low]:
			add(FieldName, words.Say("%s is named twice.", to), words.Say("Give each database a name of its own."))
		case slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, to) }):
			add(FieldName, words.Say("%s has a database %s already.", target.Name, to), words.Say("Choose another name: nothing is ever restored over a database there."))
		default:
			seen[low] = true
		}
	}
	if o.Typed != target.Name {
		add(FieldTyped, words.Say("The name of the target does not match."), words.Say("Type %s to confirm where the databases go.", target.Name))
	}
	return wrong
}

// RestoreCloud orders a restore by the service after the guard against a wrong
// target.
func RestoreCloud(ctx context.Context, k *CloudKit, o CloudRestore, by By) (runID string, err error) {
	var wrong []Wrong
	source, err := instanceOf(ctx, k.Ports, o.InstanceID, servicesBackups, &wrong)
	if err != nil {
		return "", err
	}
	target, err := instanceOf(ctx, k.Ports, o.TargetID, servicesBackups, &wrong)
	if err != nil {
		return "", err
	}
	if source.ID == "" || target.ID == "" {
		wrong = append(wrong, Wrong{FieldServer, words.Say("An instance is missing."), words.Say("Choose whose backups, and the instance to restore into.")})
	}
	if err := refusal(wrong); err != nil {
		return "", err
	}
	cloud, err := k.Clouds.Cloud(ctx, source.ID)
	if err != nil {
		return "", err
	}
	names, err := cloud.Names(ctx, target.InstanceID)
	if err != nil {
		return "", err
	}
	if err := refusal(o.Check(source, target, names, by.At)); err != nil {
		return "", err
	}
	from := words.Say("set %s", o.SetID)
	if !o.At.IsZero() {
		from = words.Say("%s", o.At)
	}
	title := words.Say("Restore %s of %s into %s (%s)", strings.Join(slices.Sorted(maps.Keys(o.Databases)), ", "), source.Name, target.Name, from)
	return send(ctx, k.Store, RunCloudRestore, source.ID, o, title, k.NewID, by.entry("restore.order", "instance/"+target.ID, title.String()+".").With(nil, o))
}

// Work implements run.Worker.
func (w *CloudRestorer) Work(ctx context.Context, r run.Run, g run.Claim) (run.Outcome, error) {
	j, err := pick[CloudRestore, cloudRestoreProgress](ctx, &w.Kit, r, g)
	if err != nil {
		return run.Outcome{}, err
	}
	target, err := w.Ports.Instance(ctx, j.request.TargetID)
	if err != nil {
		return run.Outcome{}, err
	}
	cloud, err := w.Clouds.Cloud(ctx, j.instanceID)
	if err != nil {
		return run.Outcome{}, err
	}
	order := backup.RestoreOrder{SetID: j.request.SetID, At: j.request.At, Target: target.InstanceID, Databases: j.request.Databases}
	for {
		if ctx.Err() != nil {
			return run.Outcome{}, context.Cause(ctx)
		}
		names, err := cloud.Names(ctx, target.InstanceID)
		if err != nil {
			return run.Outcome{}, err
		}
		p := &j.progress
		switch {
		case p.Intended.IsZero():
			if err := w.order(ctx, j, cloud, order, target, names); err != nil {
				return run.Outcome{}, err
			}
			continue
		case p.Accepted.IsZero():
			switch backup.ReconcileRestore(order, p.Before, names, p.Intended, j.Now(), w.Settle) {
			case backup.OrderAdopted:
				p.Accepted = j.Now()
				if err := j.note(ctx, Change{Events: event(j.Now(), stepOrder, run.Warning, words.Say("The order had taken effect although its answer was lost."))}); err != nil {
					return run.Outcome{}, err
				}
				continue
			case backup.OrderVoid:
				*p = cloudRestoreProgress{}
				if err := j.note(ctx, Change{Events: event(j.Now(), stepOrder, run.Warning, words.Say("The order never arrived; it is made again."))}); err != nil {
					return run.Outcome{}, err
				}
				continue
			}
			return w.rest(j, words.Say("Looking whether the order took effect.")), nil
		}
		usable, err := cloud.Usable(ctx, target.InstanceID)
		if err != nil {
			return run.Outcome{}, err
		}
		missing := notYet(order, usable)
		done := int64(len(order.Databases) - len(missing))
		step := run.Step{Key: stepOrder, Title: words.Say("Restore by the service"), State: run.StepActive, Done: done, Total: int64(len(order.Databases))}
		if len(missing) > 0 {
			_ = j.Runs.Progress(ctx, g, stepOrder, done, step.Total, 0)
			return w.rest(j, words.Say("Waiting for %s at %s.", strings.Join(missing, ", "), target.Name)), nil
		}
		step.State, step.Finished = run.StepDone, j.Now()
		text := words.Say("%s has %s open.", target.Name, strings.Join(slices.Sorted(maps.Values(order.Databases)), ", "))
		err = j.note(ctx, Change{Steps: []run.Step{step}, Events: event(j.Now(), stepOrder, run.Info, text), Audit: j.audit("restore.done", "instance/"+target.ID, text.String())})
		return run.Outcome{State: run.Succeeded, Message: text}, err
	}
}

func (w *CloudRestorer) rest(j *operation[CloudRestore, cloudRestoreProgress], message words.Text) run.Outcome {
	return run.Outcome{State: run.Waiting, WakeAt: j.Now().Add(w.pause(j.run, j.Now())), Message: message}
}

// notYet are the names that the target does not list.
func notYet(o backup.RestoreOrder, names []string) (missing []string) {
	for _, to := range slices.Sorted(maps.Values(o.Databases)) {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, to) }) {
			missing = append(missing, to)
		}
	}
	return missing
}

// order looks a last time for names that are taken, notes the intent, and
// makes the call.
func (w *CloudRestorer) order(ctx context.Context, j *operation[CloudRestore, cloudRestoreProgress], cloud backup.Cloud, o backup.RestoreOrder, target endpoint.Instance, names []string) error {
	if missing := notYet(o, names); len(missing) != len(o.Databases) {
		return fault.Newf(fault.Conflict, "%s has a database of one of these names by now.", target.Name).WithFix("Order the restore again under other names: nothing was changed.")
	}
	now := j.Now()
	j.progress = cloudRestoreProgress{Before: names, Intended: now}
	step := run.Step{Key: stepOrder, Title: words.Say("Restore by the service"), State: run.StepActive, Started: now, Total: int64(len(o.Databases))}
	if err := j.note(ctx, Change{Steps: []run.Step{step}}); err != nil {
		return err
	}
	err := cloud.Restore(ctx, o)
	message, _ := fault.Texts(err)
	switch {
	case err == nil:
		j.progress.Accepted = j.Now()
		text := words.Say("CopyDatabaseBetweenInstances accepted.")
		return j.note(ctx, Change{Events: event(j.Now(), stepOrder, run.Info, text), Audit: j.audit("restore.cloud", "instance/"+target.ID, text.String())})
	case errors.Is(err, backup.ErrUndone):
		j.progress = cloudRestoreProgress{}
		return errors.Join(err, j.note(ctx, Change{}))
	case passes(err):
		j.progress = cloudRestoreProgress{} // ordered when the instance is free
		return errors.Join(fault.Later(err), j.note(ctx, Change{}))
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case fault.Is(err, fault.Unavailable):
		return j.note(ctx, Change{Events: event(j.Now(), stepOrder, run.Warning, words.Say("The answer was lost (%s). Looking whether it took effect.", message))})
	}
	j.progress = cloudRestoreProgress{}
	step.State, step.Finished, step.Message = run.StepFailed, j.Now(), message
	return errors.Join(err, j.note(ctx, Change{Steps: []run.Step{step}}))
}
