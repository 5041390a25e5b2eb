package backupjob

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// take orders one backup: look whether it is there, write it down, have it
// taken. One database has one backup at a time, whoever takes it.
func (j *job) take(ctx context.Context, s Plan, o *Order) error {
	server, _, err := j.Ports.Server(ctx, s.Job.ServerID)
	if err != nil {
		return err
	}
	leave, err := backup.Enter(ctx, j.Limits, s.Job.ServerID, o.Database, j.Rules.Backups)
	if err != nil {
		return err
	}
	defer leave()
	if rows, err := server.Named(ctx, o.Database, o.Name, j.run.Created); err != nil {
		return err
	} else if len(rows) > 0 {
		return j.taken(ctx, s, o, server, rows, Adopted)
	}
	if err := j.alone(ctx, server, o.Database); err != nil {
		return err
	}
	if err := j.vacant(ctx, s, *o); err != nil {
		return err
	}
	now := j.Now()
	o.Intended, o.Settled, o.Verdict, o.Attempts = now, time.Time{}, NoVerdict, o.Attempts+1
	meter := &percent{job: j, step: run.Step{Key: stepBackup(*o), Title: title(*o), State: run.StepActive, Started: now, Total: 100, Message: o.Note}}
	if o.Kind == backup.Full && o.Bytes > 0 {
		meter.step.Total, meter.step.Unit = o.Bytes, "bytes"
	}
	if err := j.note(ctx, *o, Change{Steps: []run.Step{meter.step}}); err != nil {
		return err
	}
	err = server.Backup(ctx, callOf(s, *o),
		func(p float64) { meter.set(ctx, p) })
	message, _ := fault.Texts(err)
	switch {
	case err == nil:
		rows, err := server.Named(ctx, o.Database, o.Name, j.run.Created)
		if err != nil {
			return err // the next look adopts it
		}
		return j.taken(ctx, s, o, server, rows, Accepted)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, migration.ErrUndone):
		o.Verdict, o.Settled, o.Attempts = Void, j.Now(), o.Attempts-1
		return errors.Join(err, j.note(ctx, *o, Change{Events: event(j.Now(), stepBackup(*o), run.Warning, message)}))
	case fault.Is(err, fault.Unavailable):
		return j.note(ctx, *o, Change{Events: event(j.Now(), stepBackup(*o), run.Warning, words.Say("%s Looking whether the backup was taken.", message))})
	}
	o.Verdict, o.Settled = Refused, j.Now()
	return err
}

// callOf words an order for its server.
func callOf(s Plan, o Order) backup.BackupCall {
	h := s.How
	return backup.BackupCall{Database: o.Database, Kind: o.Kind, CopyOnly: o.CopyOnly, Name: o.Name, Files: o.Paths, Stripes: max(1, h.Stripes), Compress: h.Compress,
		BlockSize: h.BlockSize, Transfer: h.Transfer, Buffers: h.Buffers, Key: h.Key, AsBucket: h.AsBucket, Overwrite: h.Overwrite}
}

// alone refuses while others back up or restore the database.
func (j *job) alone(ctx context.Context, server backup.Server, database string) error {
	running, err := server.Running(ctx, database)
	if err != nil {
		return err
	}
	for _, r := range running {
		if strings.HasPrefix(r.Command, "BACKUP") || strings.HasPrefix(r.Command, "RESTORE") {
			return fault.Newf(fault.Unavailable, "%s: session %d is at work on it already (%s, %.0f%%).", database, r.Session, r.Command, r.Percent).
				WithFix("It is tried again when that is done.")
		}
	}
	return nil
}

// seek asks the server whether a statement without an answer became a backup.
func (j *job) seek(ctx context.Context, s Plan, o *Order) error {
	server, place, err := j.Ports.Server(ctx, s.Job.ServerID)
	if err != nil {
		return err
	}
	// Running comes before Named: what ends between the two is in the history.
	running, err := server.Running(ctx, o.Database)
	if err != nil {
		return err
	}
	rows, err := server.Named(ctx, o.Database, o.Name, j.run.Created)
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		return j.taken(ctx, s, o, server, rows, Adopted)
	}
	if len(running) > 0 || j.Now().Before(o.Intended.Add(j.Rules.Settle)) {
		return pause(ctx, max(min(j.Rules.Settle/4, time.Second), 10*time.Millisecond)) // at work, or perhaps on its way
	}
	// A server whose msdb takes no rows (error 3009) takes backups all the same.
	if err := j.found(ctx, s, o, place); err != nil {
		return err
	}
	if s.How.Key != "" { // nobody here reads its files: what lies there whole is the order's
		if _, seen, err := j.sizes(ctx, place.BucketID, o.Keys); err != nil {
			return err
		} else if seen {
			return j.taken(ctx, s, o, server, nil, Adopted)
		}
	}
	switch set, err := readSet(ctx, j.Ports, place.BucketID, o.Keys); {
	case fault.Is(err, fault.Unavailable):
		return err
	case err == nil && (set.Name == o.Name || s.Lacks.Names && strings.EqualFold(set.Database, o.Database)):
		return j.taken(ctx, s, o, server, nil, Adopted)
	}
	o.Verdict, o.Settled = Void, j.Now()
	return j.note(ctx, *o, Change{Events: event(o.Settled, stepBackup(*o), run.Warning, words.Say("The backup of %s was not taken; it is ordered again.", o.Database))})
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// taken writes a set into the catalogue and notes it. What msdb tells of it
// counts; where msdb has forgotten, its files do.
func (j *job) taken(ctx context.Context, s Plan, o *Order, server backup.Server, rows []backup.HistoryRow, v Verdict) error {
	_, place, err := j.Ports.Server(ctx, s.Job.ServerID)
	if err != nil {
		return err
	}
	if err := j.found(ctx, s, o, place); err != nil {
		return err
	}
	size, seen, err := j.sizes(ctx, place.BucketID, o.Keys)
	if err != nil {
		return err
	}
	set := backup.Set{}
	if s.How.Key != "" && len(rows) == 0 {
		if rows, err = j.sealed(ctx, s, *o, server); err != nil {
			return err
		}
	}
	switch {
	case len(rows) > 0:
		set = rows[0].Set
	case seen:
		if set, err = readSet(ctx, j.Ports, place.BucketID, o.Keys); err != nil {
			return err
		}
	default:
		return fault.Newf(fault.Conflict, "The server says that the backup of %s is complete, but neither its history nor the backup folder shows it.", o.Database).
			WithFix("Check who cleans up msdb, and whether this machine sees the server's backup folder.")
	}
	now := j.Now()
	set.Key = s.How.Key
	o.Verdict, o.Settled, o.SetID, o.Finished, o.Size, o.Seen = v, now, set.ID, set.Finished.Time(), size, seen
	if seen && len(rows) > 0 {
		if err := j.lies(ctx, place.BucketID, s.How.Key, *o); fault.Is(err, fault.Conflict) {
			return j.strayed(ctx, s, o, set, place.BucketID, err)
		} else if err != nil {
			return err
		}
	}
	if err := j.Catalogue.Put(ctx, []backup.Record{recordOf(s, *o, set, place.BucketID, now)}); err != nil {
		return &noteError{err}
	}
	text := words.Say("%s is taken: %s, up to LSN %s.", title(*o), words.Bytes(size), set.Last)
	switch {
	case v == Adopted && len(rows) == 0:
		text = words.Say("%s was found by its file, up to LSN %s; the server's history does not know it.", title(*o), set.Last)
	case v == Adopted:
		text = words.Say("%s was found in the server's history, up to LSN %s.", title(*o), set.Last)
	}
	step := run.Step{Key: stepBackup(*o), Title: title(*o), State: run.StepDone, Finished: now, Done: 100, Total: 100, Message: o.Note}
	if o.Kind == backup.Full && o.Bytes > 0 {
		step.Done, step.Total, step.Unit = o.Bytes, o.Bytes, "bytes"
	}
	if took := now.Sub(o.Intended).Seconds(); took > 0 && step.Unit != "" {
		step.Rate = float64(o.Bytes) / took
	}
	return j.note(ctx, *o, Change{Steps: []run.Step{step}, Events: event(now, step.Key, run.Info, text)})
}

// recordOf is the set as the catalogue keeps it.
func recordOf(s Plan, o Order, set backup.Set, folderID string, now time.Time) backup.Record {
	r := backup.Record{InstanceID: s.Job.ServerID, Database: o.Database, Origin: backup.ByUs, PolicyID: s.Job.PolicyID, Set: set,
		State: backup.Complete, Verified: o.Verified, Seen: now}
	if set.Damaged {
		r.State = backup.Broken
	}
	if o.Seen {
		r.Copies = []backup.Copy{{BucketID: folderID, Keys: o.Keys, Size: o.Size, At: now}}
	}
	return r
}

// sizes sums up the files as we see them; seen is false when one is not there.
func (j *job) sizes(ctx context.Context, bucketID string, keys []string) (size int64, seen bool, err error) {
	bucket, err := j.Ports.Bucket(ctx, bucketID)
	if fault.Is(err, fault.NotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	for _, k := range keys {
		o, err := bucket.Stat(ctx, k)
		if fault.Is(err, fault.NotFound) {
			return 0, false, nil
		}
		if err != nil {
			return 0, false, err
		}
		size += o.Size
	}
	return size, true, nil
}

// readSet reads a set from its files.
func readSet(ctx context.Context, ports Ports, bucketID string, keys []string) (backup.Set, error) {
	bucket, err := ports.Bucket(ctx, bucketID)
	if err != nil {
		return backup.Set{}, err
	}
	var files []backup.ReadFile
	for _, k := range keys {
		o, err := bucket.Stat(ctx, k)
		if err != nil {
			return backup.Set{}, err
		}
		f, err := bakfile.Read(objectstore.ReaderAt(ctx, bucket, k, o.Size), o.Size)
		if err != nil {
			return backup.Set{}, err
		}
		files = append(files, backup.ReadFile{Name: k, File: f})
	}
	sets := backup.FromFiles(files)
	if len(sets) != 1 || !sets[0].Complete {
		return backup.Set{}, fault.Newf(fault.Conflict, "%s is not one whole backup.", keys[0]).WithFix("Check the disk of the server's backup folder.")
	}
	return sets[0], nil
}

// verify has the server read the set through.
func (j *job) verify(ctx context.Context, s Plan, o *Order) error {
	server, place, err := j.Ports.Server(ctx, s.Job.ServerID)
	if err != nil {
		return err
	}
	leave, err := j.Limits.Enter(ctx, "backups "+s.Job.ServerID, j.Rules.Backups)
	if err != nil {
		return err
	}
	defer leave()
	now := j.Now()
	step := run.Step{Key: fmt.Sprintf("verify/%d", o.Ord), Title: words.Say("Verify the backup of %s", o.Database), State: run.StepActive, Started: now, Attempt: s.Attempt}
	if err := j.note(ctx, *o, Change{Steps: []run.Step{step}}); err != nil {
		return err
	}
	err = server.Verify(ctx, o.Paths)
	if err != nil && (ctx.Err() != nil || fault.Is(err, fault.Unavailable)) {
		return err
	}
	rows, named := server.Named(ctx, o.Database, o.Name, j.run.Created)
	if named != nil {
		return named
	}
	var set backup.Set
	if len(rows) > 0 {
		set = rows[0].Set
	} else if set, named = readSet(ctx, j.Ports, place.BucketID, o.Keys); named != nil {
		return named
	}
	step.Finished = j.Now()
	switch other := j.read(ctx, server, *o); {
	case fault.Is(other, fault.Conflict):
		message, _ := fault.Texts(other)
		step.State, step.Message = run.StepFailed, message
		return errors.Join(j.strayed(ctx, s, o, set, place.BucketID, other), j.note(ctx, *o, Change{Steps: []run.Step{step}}))
	case err == nil && other != nil:
		return other
	}
	if err != nil {
		message, _ := fault.Texts(err)
		r := recordOf(s, *o, set, place.BucketID, step.Finished)
		r.State = backup.Broken
		if err := j.Catalogue.Put(ctx, []backup.Record{r}); err != nil {
			return &noteError{err}
		}
		// A retry takes the backup anew, under the same name and file.
		o.Verdict, o.Settled = Refused, step.Finished
		step.State, step.Message = run.StepFailed, message
		return errors.Join(err, j.note(ctx, *o, Change{Steps: []run.Step{step}}))
	}
	o.Verified = step.Finished
	if err := j.Catalogue.Put(ctx, []backup.Record{recordOf(s, *o, set, place.BucketID, step.Finished)}); err != nil {
		return &noteError{err}
	}
	step.State = run.StepDone
	return j.note(ctx, *o, Change{Steps: []run.Step{step}})
}
