package backupjob

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/words"
)

// notedTogether is how many removed copies are written down with one audit
// entry. A death before that loses none: what is removed already is Absent when
// it is looked at again.
const notedTogether = 50

// removals are copies whose files are gone, until they are written down. Retention
// of a large house lets go of a hundred thousand logs a day: an entry for each
// would push everything else out of the audit trail.
type removals struct {
	pruner *Pruner
	of     DatabasePruning
	copies map[string][]removedCopy // by bucket
	n      int
}

// removedCopy is what the audit trail keeps of one copy.
type removedCopy struct {
	Set   string   `json:"set"`
	Files []string `json:"files"`
	Why   string   `json:"why"`
}

// add takes a copy whose files are gone, and writes down what has come together.
func (r *removals) add(ctx context.Context, set string, c backup.Copy, why string) error {
	if r.copies == nil {
		r.copies = map[string][]removedCopy{}
	}
	r.copies[c.BucketID] = append(r.copies[c.BucketID], removedCopy{set, c.Keys, why})
	if r.n++; r.n < notedTogether {
		return nil
	}
	return r.note(ctx)
}

// note writes down what is gone, also when nobody waits for it any more.
func (r *removals) note(ctx context.Context) (err error) {
	ctx = context.WithoutCancel(ctx)
	at := r.pruner.Now()
	for _, bucketID := range slices.Sorted(maps.Keys(r.copies)) {
		gone := r.copies[bucketID]
		ids := make([]string, len(gone))
		for i, g := range gone {
			ids[i] = g.Set
		}
		subject, what := "instance/"+r.of.InstanceID, words.Count(len(gone), "copy", "copies")
		if len(gone) == 1 {
			subject = "set/" + gone[0].Set
		}
		e := audit.New(audit.Engine, at, "backup.prune", subject, fmt.Sprintf("Removed %s of backups of %s from %s.", what, r.of.Database, bucketID)).
			With(nil, map[string]any{"database": r.of.Database, "removed": gone})
		err = errors.Join(err, r.pruner.Catalogue.DropCopies(ctx, ids, bucketID, at, e))
	}
	r.copies, r.n = nil, 0
	return err
}
