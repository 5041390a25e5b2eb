package backupjob

import (
	"context"
	"fmt"
	"path"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// copyOn brings a set's files into the policy's bucket, each as a resumable
// upload whose checksum is compared at the end.
func (j *job) copyOn(ctx context.Context, s Plan, o *Order) error {
	_, place, err := j.Ports.Server(ctx, s.Job.ServerID)
	if err != nil {
		return err
	}
	if !o.Seen {
		if o.Size, o.Seen, err = j.sizes(ctx, place.BucketID, o.Keys); err != nil {
			return err
		}
		if !o.Seen {
			return unseen(s, *o)
		}
	}
	if err := j.lies(ctx, place.BucketID, s.How.Key, *o); err != nil {
		return err
	}
	leave, err := j.Limits.Enter(ctx, run.AtUploads, j.Rules.Uploads)
	if err != nil {
		return err
	}
	defer leave()
	step := run.Step{Key: stepCopy(*o), Title: words.Say("Copy the backup of %s to the bucket", o.Database), State: run.StepActive, Started: j.Now(), Attempt: s.Attempt, Total: o.Size, Unit: "bytes"}
	if err := j.note(ctx, *o, Change{Steps: []run.Step{step}}); err != nil {
		return err
	}
	files := make([]carried, len(o.Keys))
	copied := backup.Copy{BucketID: s.BucketID, Size: o.Size}
	for i, k := range o.Keys {
		files[i] = carried{From: place.BucketID, Key: k, To: BucketKey(s.Server, o.Database, o.Kind, path.Base(k))}
		copied.Keys = append(copied.Keys, files[i].To)
	}
	if err := j.carry(ctx, j.claim, s.BucketID, o.ID, step, files); err != nil {
		return err
	}
	now := j.Now()
	set := backup.Set{ID: o.SetID, Kind: o.Kind, Database: o.Database}
	if r, ok, err := j.recorded(ctx, s.Job.ServerID, o.Database, o.SetID); err != nil {
		return err
	} else if ok {
		set = r.Set
	}
	copied.At = now
	r := recordOf(s, *o, set, place.BucketID, now)
	r.Copies = append(r.Copies, copied)
	if err := j.Catalogue.Put(ctx, []backup.Record{r}); err != nil {
		return &noteError{err}
	}
	o.Copied = now
	step.State, step.Finished, step.Done = run.StepDone, now, o.Size
	if took := now.Sub(step.Started).Seconds(); took > 0 {
		step.Rate = float64(o.Size) / took
	}
	return j.note(ctx, *o, Change{Steps: []run.Step{step},
		Events: event(now, step.Key, run.Info, words.Say("The backup of %s is in the bucket (%s); its checksum equals the files'.", o.Database, words.Bytes(o.Size)))})
}

// unseen is the fault of files that the server wrote and we do not find.
func unseen(s Plan, o Order) error {
	return fault.Newf(fault.Conflict, "The backup of %s was taken, but %s is not in the backup folder as this machine sees it.", o.Database, o.Keys[0]).
		WithFix("Check on the page of %s that both paths of the backup folder mean the same place, then retry: the backup is not taken again.", s.Server)
}

// recorded finds what the catalogue knows of a set.
func (k *Kit) recorded(ctx context.Context, instanceID, database string, id backup.GUID) (backup.Record, bool, error) {
	records, err := k.Catalogue.Sets(ctx, instanceID, database, 1000)
	if err != nil {
		return backup.Record{}, false, err
	}
	for i := len(records) - 1; i >= 0; i-- {
		if records[i].Set.ID == id {
			return records[i], true, nil
		}
	}
	return backup.Record{}, false, nil
}

// carried is one file on its way from one bucket to another.
type carried struct{ From, Key, To string }

// carry uploads files one after the other under the ledgers of an owner.
func (k *Kit) carry(ctx context.Context, g run.Claim, toID, owner string, step run.Step, files []carried) error {
	to, err := k.Ports.Bucket(ctx, toID)
	if err != nil {
		return err
	}
	var m meter
	stop := m.run(ctx, k.Runs, g, step.Key, k.Now)
	defer stop()
	var before int64
	for i, f := range files {
		from, err := k.Ports.Bucket(ctx, f.From)
		if err != nil {
			return err
		}
		source, err := objectstore.OpenSource(ctx, from, f.Key)
		if err != nil {
			return err
		}
		o, err := objectstore.Upload{Bucket: to, Key: f.To, Source: source, Ledger: k.Store.Ledger(g, owner, i+1),
			Parallel: k.Upload.Parallel, PartSize: k.Upload.PartSize, Limit: k.Upload.Limit,
			Progress: func(done, _ int64) { m.set(before+done, step.Total) }}.Run(ctx)
		source.Close()
		if err != nil {
			return fmt.Errorf("copy %s: %w", f.Key, err)
		}
		before += o.Size
	}
	return nil
}
