package backupjob

import (
	"context"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// mostListed bounds what is looked at of what a pattern made.
const mostListed = 100

// found names the files of a set whose names were made of a pattern, once they
// are there. They are listed and never computed: how the number is written into
// the pattern is the service's own affair.
func (j *job) found(ctx context.Context, s Plan, o *Order, place migration.Place) error {
	if !s.Lacks.Stripes || len(o.Keys) != 1 {
		return nil
	}
	before, behind, many := strings.Cut(o.Keys[0], "*")
	if !many {
		return nil
	}
	bucket, err := j.Ports.Bucket(ctx, place.BucketID)
	if err != nil {
		return err
	}
	objects, err := bucket.List(ctx, before, "", mostListed)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	var keys, paths []string
	for _, object := range objects {
		if strings.HasSuffix(object.Key, behind) {
			keys, paths = append(keys, object.Key), append(paths, place.Path(object.Key))
		}
	}
	if len(keys) > 0 {
		o.Keys, o.Paths = keys, paths
	}
	return nil
}
