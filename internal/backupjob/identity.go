package backupjob

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/identity"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// vacant refuses to write over somebody's backup. What a broken attempt of this
// order left behind is its own. A folder that this machine does not see now
// keeps no backup from being taken: names carry their server.
func (j *job) vacant(ctx context.Context, s Plan, o Order) error {
	_, place, err := j.Ports.Server(ctx, s.Job.ServerID)
	if err != nil {
		return err
	}
	bucket, err := j.Ports.Bucket(ctx, place.BucketID)
	if err != nil || strings.Contains(o.Keys[0], "*") || s.How.Overwrite {
		return nil
	}
	pieces, err := identity.Look(ctx, bucket, o.Keys)
	if err != nil {
		return nil
	}
	for _, p := range pieces {
		if i := slices.IndexFunc(p.Sets, func(h identity.Held) bool { return h.Name != o.Name }); i >= 0 && !p.Cut {
			return fault.Newf(fault.Conflict, "%s holds another backup already (%s, of %s): nothing was written over it.", p.Key, words.Visible(p.Sets[i].Name), words.Visible(p.Sets[i].Database)).
				WithFix("Find out who writes to this folder. Move that file away, then retry.").WithCode(identity.CodeOtherSet)
		}
	}
	return nil
}

// lies refuses when what lies in a bucket is not the set of an order.
func (j *job) lies(ctx context.Context, bucketID, key string, o Order) error {
	bucket, err := j.Ports.Bucket(ctx, bucketID)
	if err != nil {
		return err
	}
	v, err := identity.Compare(ctx, bucket, identity.Want{ID: o.SetID, Noted: j.Now(), Key: key}, o.Keys)
	if err != nil {
		return err
	}
	return v.Whole()
}

// read refuses when what the server reads is not the set of an order.
func (j *job) read(ctx context.Context, server backup.Server, o Order) error {
	sets, err := server.Headers(ctx, o.Paths)
	if err != nil {
		return err
	}
	return identity.Judge(identity.Want{ID: o.SetID}, identity.OfHeaders(o.Keys[0], sets)).Proven()
}

// strayed notes that a set that was taken does not lie where it was written:
// nothing can be restored from it. A retry takes it anew under another name.
func (j *job) strayed(ctx context.Context, s Plan, o *Order, set backup.Set, folderID string, why error) error {
	now := j.Now()
	r := recordOf(s, *o, set, folderID, now)
	r.Copies = []backup.Copy{{BucketID: folderID, Keys: o.Keys, Size: o.Size, At: now}}
	if err := j.Catalogue.Put(ctx, []backup.Record{r}); err != nil {
		return &noteError{err}
	}
	known, ok, err := j.recorded(ctx, s.Job.ServerID, o.Database, set.ID)
	if err != nil {
		return &noteError{err}
	}
	if ok {
		message, _ := fault.Words(why)
		e := audit.New(audit.Engine, now, "set.replaced", "set/"+known.ID, fmt.Sprintf("A backup of %s does not lie where it was written. %s", o.Database, message))
		if err := j.Catalogue.DropCopies(ctx, []string{known.ID}, folderID, now, e); err != nil {
			return &noteError{err}
		}
	}
	o.Verdict, o.Settled, o.Seen = Refused, now, false
	return errors.Join(why, j.note(ctx, *o, Change{}))
}

// planned refuses when what lies at the places of a step is not its set, and
// corrects where in its files it stands.
func (w *Restoring) planned(ctx context.Context, s *RestoreStep) error {
	bucket, err := w.Ports.Bucket(ctx, s.BucketID)
	if err != nil {
		return err
	}
	v, err := identity.Compare(ctx, bucket, identity.Want{ID: s.SetID, Noted: w.Now(), Key: s.Key}, s.Keys)
	if err != nil {
		return err
	}
	if v.Position > 0 {
		s.Position = v.Position
	}
	return v.Whole()
}
