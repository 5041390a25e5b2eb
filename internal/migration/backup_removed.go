package migration

import (
	"context"
	"fmt"
	"path"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// A server's backup folder is often swept by somebody's clean-up job, which may
// take a backup of ours, or one of others that we follow, before it was brought
// to where the target reads. BACKUP LOG cannot be repeated: what the file held is
// in no other backup, but a differential covers it.

// CodeBackupRemoved is the problem of a backup of a source at work whose file is
// gone before it was brought away.
const CodeBackupRemoved fault.Code = "backup-removed"

// removed is the problem of a file of the chain that does not lie in its folder
// any more; nil where it does, or where the whole folder cannot be seen, which is
// told as that.
func (j *job) removed(ctx context.Context, m Migration, f File) *Problem {
	bucket, err := j.Ports.Bucket(ctx, m.SourceOf(f))
	if err != nil {
		return nil
	}
	if _, err := bucket.Info(ctx); err != nil {
		return nil
	}
	if _, err := bucket.Stat(ctx, f.Source); !fault.Is(err, fault.NotFound) {
		return nil
	}
	return j.backupRemoved(ctx, m, f.Kind, f.Source, StepUpload(f.Ord), f.Ord)
}

// backupRemoved says what is possible. Until writes are stopped a differential
// takes the place of a log or of another differential; of the full backup, on
// which everything builds, nothing does, nor of the tail.
func (j *job) backupRemoved(ctx context.Context, m Migration, kind, file, step string, ord int) *Problem {
	p := m.problem(CodeBackupRemoved, step, ord, "")
	p.Actions = []Button{ButtonRetry, ButtonAbort}
	p.Cause = words.Say("%s is gone from the backup folder before it was brought away: somebody removed or moved it, perhaps a clean-up job.", path.Base(file))
	back := words.Say("Put the file back under its own name (it may lie in a recycle bin, a snapshot of the disk or another copy), then retry.")
	again := words.Say("Keep clean-up jobs away from files that are younger than a day, or it happens again.")
	switch {
	case !m.LiveSource.Frozen.IsZero():
		p.Fix = words.Join(back, words.Say("If it is lost: abort, which makes the source writable again, and start again. Nothing of the source is lost; writes stay stopped until you decide."))
		return p
	case kind == string(backup.Full):
		p.Fix = words.Join(back, words.Say("If it is lost: abort and start again with a new full backup. Writes to the source were never stopped."), again)
		return p
	}
	server, _, err := j.Ports.Server(ctx, m.LiveSource.ServerID)
	if err != nil {
		p.Fix = words.Join(back, again)
		return p
	}
	p = j.offerGapDifferential(ctx, m, server, p)
	p.Fix = words.Join(back, words.Say("If it is lost:"), p.Fix, again)
	return p
}

// takenAndRemoved handles a backup whose file is gone before it was read. It
// stays without verdict, so that a retry finds a file that was put back, until
// a differential over it was ordered.
func (j *job) takenAndRemoved(ctx context.Context, m Migration, t SourceBackup, v Verdict, err error) error {
	_, place, serverErr := j.Ports.Server(ctx, m.LiveSource.ServerID)
	if serverErr != nil {
		return serverErr
	}
	bucket, bucketErr := j.Ports.Bucket(ctx, place.BucketID)
	if bucketErr != nil {
		return bucketErr
	}
	if _, infoErr := bucket.Info(ctx); infoErr != nil {
		return fmt.Errorf("read backup just taken: %w", err)
	}
	if m.LiveSource.coversGap() && t.Kind == string(backup.Log) {
		return j.unused(ctx, t, v, words.Say("Its file was removed before it was brought away; the differential that follows covers what it held."))
	}
	return j.stand(ctx, m, j.backupRemoved(ctx, m, t.Kind, t.Key, sourceBackupStep(t), 0))
}
