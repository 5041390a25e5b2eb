package backupjob

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/logcopy"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// mostLogs is how many log backups one call copies: those of a day that has one
// every five minutes. What is copied is noted after each call.
const mostLogs = 288

// LogTarget says where an instance's log copies go as its service was told, and
// whether that is in the bucket of its backups. key is empty for the bucket
// itself.
func LogTarget(ctx context.Context, copier logcopy.Server, server string, place migration.Place) (key string, err error) {
	target, err := copier.Target(ctx)
	if err != nil {
		return "", err
	}
	should := copier.TargetStatement(place.Path(LogFolder(server)))
	if target == "" {
		return "", explain.Fault(fault.Conflict, "copy-setup", explain.AtService, "").WithFix("Set the target on the page Log copies of %s, or run there: %s", server, should)
	}
	if strings.EqualFold(strings.TrimRight(target, "/"), strings.TrimRight(place.Folder, "/")) {
		return "", nil
	}
	key, inside := place.Key(target)
	if !inside {
		f := explain.Fault(fault.Conflict, "copy-elsewhere", explain.AtService, target)
		return "", f.WithFix("Change the target on the page Log copies of %s, or run there: %s", server, should)
	}
	return strings.Trim(key, "/"), nil
}

// copyLogs has the service copy what is missing of a database's log backups, and
// puts them into the catalogue. Each call is written down before it is made:
// after any death it is gone on with, and nothing is copied twice.
func (j *job) copyLogs(ctx context.Context, s Plan, o *Order) error {
	server, place, err := j.Ports.Server(ctx, s.Job.ServerID)
	if err != nil {
		return err
	}
	copier, ok := server.(logcopy.Server)
	if !ok {
		return fault.Newf(fault.Invalid, "%s copies no log backups.", s.Server).WithFix("Leave the log rule out.")
	}
	folder, err := LogTarget(ctx, copier, s.Server, place)
	if err != nil {
		return err
	}
	leave, err := backup.Enter(ctx, j.Limits, s.Job.ServerID, o.Database, j.Rules.Backups)
	if err != nil {
		return err
	}
	defer leave()
	for {
		listed, err := copier.ServiceLogs(ctx, o.Database)
		if err != nil {
			return err
		}
		records, err := j.Catalogue.Sets(ctx, s.Job.ServerID, o.Database, mostSets)
		if err != nil {
			return err
		}
		stands := logcopy.Stand(o.Database, listed, records)
		if o.Logs.From == 0 { // else a call was made whose end nobody noted
			stretch := logcopy.Stretch(stands.Missing, mostLogs)
			if len(stretch) == 0 {
				return j.logsCopied(ctx, o, stands)
			}
			if o.Logs.After, err = copier.NewestTask(ctx); err != nil {
				return err
			}
			o.Logs.From, o.Logs.To = stretch[0].Seq, stretch[len(stretch)-1].Seq
			o.Intended, o.Settled, o.Verdict = j.Now(), time.Time{}, NoVerdict
		}
		if err := j.copyRange(ctx, o, copier, stands); err != nil {
			return err
		}
		if err := j.collect(ctx, s, o, copies{place.BucketID, folder, copier.Key(), records}, stands); err != nil {
			return err
		}
	}
}

// copyRange makes the call that is written down in the order.
func (j *job) copyRange(ctx context.Context, o *Order, copier logcopy.Server, stands logcopy.Standing) error {
	meter := &percent{job: j, step: run.Step{Key: stepBackup(*o), Title: title(*o), State: run.StepActive, Started: o.Intended, Total: 100,
		Message: words.Say("%s to copy.", words.Count(len(stands.Missing), "log backup", "log backups"))}}
	if err := j.note(ctx, *o, Change{Steps: []run.Step{meter.step}}); err != nil {
		return err
	}
	err := copier.CopyLogs(ctx, logcopy.Call{Database: o.Database, From: o.Logs.From, To: o.Logs.To, After: o.Logs.After}, func(p float64) { meter.set(ctx, p) })
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case fault.Is(err, fault.Unavailable):
		return err
	}
	o.Logs.From, o.Logs.To = 0, 0
	o.Verdict, o.Settled = Refused, j.Now()
	if !stands.Leaves.IsZero() {
		f := fault.From(err)
		err = fault.Told(f.Kind, words.Join(f.Message, f.Said), words.Join(f.Fix, words.Say("The oldest of %s that are not copied is gone for good at %s.",
			words.Count(len(stands.Missing), "log backup", "log backups"), stands.Leaves.UTC().Format("2006-01-02 15:04 UTC")))).WithCode(f.Code)
	}
	return errors.Join(err, j.note(ctx, *o, Change{}))
}

// copies is where copies of a database's logs lie, under which key, and what is
// known of it beside them.
type copies struct {
	bucketID, folder, key string
	known                 []backup.Record
}

// logSet reads what a copy holds; of one that nobody here reads it is what the
// service tells.
func (j *job) logSet(ctx context.Context, in copies, database, key string, l logcopy.Log) (backup.Set, error) {
	if in.key != "" {
		return logcopy.SetOf(l, database, in.key, in.known), nil
	}
	set, err := readSet(ctx, j.Ports, in.bucketID, []string{key})
	if err == nil && (set.Kind != backup.Log || set.First != l.First || set.Last != l.Last) {
		err = fault.Newf(fault.Conflict, "%s does not hold the log backup that the service lists under its name.", key).WithFix("Find out who else writes into this folder.")
	}
	return set, err
}

// collect reads what a call copied and puts it into the catalogue.
func (j *job) collect(ctx context.Context, s Plan, o *Order, in copies, stands logcopy.Standing) error {
	bucket, err := j.Ports.Bucket(ctx, in.bucketID)
	if err != nil {
		return err
	}
	var records []backup.Record
	now := j.Now()
	for _, l := range stands.Missing {
		if l.Seq < o.Logs.From || l.Seq > o.Logs.To {
			continue
		}
		at, err := copied(ctx, bucket, in.folder, l)
		if fault.Is(err, fault.NotFound) {
			return j.unfound(ctx, o, l)
		}
		if err != nil {
			return err
		}
		set, err := j.logSet(ctx, in, o.Database, at.Key, l)
		if err != nil {
			return err
		}
		records = append(records, backup.Record{InstanceID: s.Job.ServerID, Database: o.Database, Origin: backup.ByUs, PolicyID: s.Job.PolicyID, Set: set, State: backup.Complete, Seen: now,
			Copies: []backup.Copy{{BucketID: in.bucketID, Keys: []string{at.Key}, Size: at.Size, At: now}}})
		o.Logs.Copied++
		o.Logs.Bytes += at.Size
		o.Logs.Last, o.SetID, o.Finished = l.Last, set.ID, set.Finished.Time()
	}
	if err := j.Catalogue.Put(ctx, records); err != nil {
		return &noteError{err}
	}
	o.Logs.From, o.Logs.To = 0, 0
	if len(records) == 0 { // they were in the catalogue already
		return j.note(ctx, *o, Change{})
	}
	o.Attempts = 0
	return j.note(ctx, *o, Change{Events: event(now, stepBackup(*o), run.Info, words.Say("%s of %s copied, up to LSN %s.", words.Count(len(records), "log backup is", "log backups are"), o.Database, o.Logs.Last))})
}

// mostUnfound is how often a call may end without the file that it was made for:
// its task may have been another's.
const mostUnfound = 3

// unfound plans anew when a file is not in the bucket although a task is over.
func (j *job) unfound(ctx context.Context, o *Order, l logcopy.Log) error {
	o.Logs.From, o.Logs.To = 0, 0
	o.Attempts++
	if o.Attempts < mostUnfound {
		return j.note(ctx, *o, Change{})
	}
	o.Verdict, o.Settled = Refused, j.Now()
	return errors.Join(fault.Newf(fault.Conflict, "The service says that it copied the log backup of %s taken at %s, and %s is not in the bucket.", o.Database, l.Taken.UTC().Format("2006-01-02 15:04 UTC"), l.Name).
		WithFix("See the task at the instance, and whether somebody else empties this folder, such as a lifecycle rule of the bucket. A retry copies it again."), j.note(ctx, *o, Change{}))
}

// copied finds a copy: under the name it should have, or one that differs in
// case.
func copied(ctx context.Context, bucket objectstore.Bucket, folder string, l logcopy.Log) (objectstore.Object, error) {
	key := path.Join(folder, l.Name)
	at, err := bucket.Stat(ctx, key)
	if !fault.Is(err, fault.NotFound) {
		return at, err
	}
	after := ""
	for {
		page, listing := bucket.List(ctx, path.Dir(key)+"/", after, 1000)
		if listing != nil && !fault.Is(listing, fault.NotFound) {
			return at, listing
		}
		for _, o := range page {
			if strings.EqualFold(o.Key, key) {
				return o, nil
			}
			after = o.Key
		}
		if len(page) < 1000 {
			return at, err
		}
	}
}

// logsCopied closes the copying for one database. A gap that nothing closes is
// no success, whatever was copied.
func (j *job) logsCopied(ctx context.Context, o *Order, stands logcopy.Standing) error {
	now := j.Now()
	switch {
	case stands.Lost != nil:
		f := explain.Fault(fault.Conflict, "log-gap", explain.AtService, "")
		f.Said = words.Say("Between %s and %s.", stands.Lost.From.UTC().Format("2006-01-02 15:04 UTC"), stands.Lost.To.UTC().Format("2006-01-02 15:04 UTC"))
		return f
	case len(stands.Broken) > 0:
		f := explain.Fault(fault.Conflict, "log-broken", explain.AtService, "")
		f.Said = words.Say("The log backup of %s does not join the one before it.", stands.Broken[0].UTC().Format("2006-01-02 15:04 UTC"))
		return f
	}
	text := words.Say("Nothing new: every log backup of %s that its service lists is in the bucket.", o.Database)
	if o.Logs.Copied > 0 {
		text = words.Say("%s of %s: %s, up to LSN %s.", words.Count(o.Logs.Copied, "log backup", "log backups"), o.Database, words.Bytes(o.Logs.Bytes), o.Logs.Last)
	}
	o.Verdict, o.Settled, o.Seen, o.Size = Accepted, now, true, o.Logs.Bytes
	if o.Intended.IsZero() {
		o.Intended = now
	}
	step := run.Step{Key: stepBackup(*o), Title: title(*o), State: run.StepDone, Finished: now, Done: 100, Total: 100, Message: text}
	return j.note(ctx, *o, Change{Steps: []run.Step{step}})
}

// copyLogsOn brings copied logs into the policy's own bucket: all of the last
// days that are not there, so that what a former run left is not forgotten.
func (j *job) copyLogsOn(ctx context.Context, s Plan, o *Order) error {
	_, place, err := j.Ports.Server(ctx, s.Job.ServerID)
	if err != nil {
		return err
	}
	records, err := j.Catalogue.Sets(ctx, s.Job.ServerID, o.Database, mostSets)
	if err != nil {
		return err
	}
	step := run.Step{Key: stepCopy(*o), Title: words.Say("Copy the log backups of %s to the bucket", o.Database), State: run.StepActive, Started: j.Now(), Attempt: s.Attempt, Unit: "bytes"}
	var ways []carried
	var wanted []backup.Record
	for _, r := range records {
		from, ok := copyIn(r, place.BucketID)
		if _, there := copyIn(r, s.BucketID); !ok || there || r.Set.Kind != backup.Log || r.State != backup.Complete || j.Now().Sub(r.Finished()) > logcopy.Kept {
			continue
		}
		step.Total += from.Size
		wanted = append(wanted, r)
		ways = append(ways, carried{From: place.BucketID, Key: from.Keys[0], To: BucketKey(s.Server, o.Database, backup.Log, path.Base(from.Keys[0]))})
	}
	leave, err := j.Limits.Enter(ctx, run.AtUploads, j.Rules.Uploads)
	if err != nil {
		return err
	}
	defer leave()
	if err := j.note(ctx, *o, Change{Steps: []run.Step{step}}); err != nil {
		return err
	}
	for i, way := range ways {
		if err := j.carry(ctx, j.claim, s.BucketID, fmt.Sprintf("%s/%s", o.ID, wanted[i].ID), step, []carried{way}); err != nil {
			return err
		}
		r := wanted[i]
		from, _ := copyIn(r, place.BucketID)
		r.Copies = append(r.Copies, backup.Copy{BucketID: s.BucketID, Keys: []string{way.To}, Size: from.Size, At: j.Now()})
		r.Origin, r.Seen = backup.ByUs, j.Now()
		if err := j.Catalogue.Put(ctx, []backup.Record{r}); err != nil {
			return &noteError{err}
		}
	}
	o.Copied = j.Now()
	step.State, step.Finished, step.Done = run.StepDone, o.Copied, step.Total
	return j.note(ctx, *o, Change{Steps: []run.Step{step}, Events: event(o.Copied, step.Key, run.Info, words.Say("%s of %s are in the bucket (%s).", words.Count(len(ways), "log backup", "log backups"), o.Database, words.Bytes(step.Total)))})
}

// copyIn is a record's copy in a bucket.
func copyIn(r backup.Record, bucketID string) (backup.Copy, bool) {
	for _, c := range r.Copies {
		if c.BucketID == bucketID && len(c.Keys) > 0 {
			return c, true
		}
	}
	return backup.Copy{}, false
}
