package migration

import (
	"context"
	"errors"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// sameBackup refuses a source that is no longer the backup that was planned.
func sameBackup(r objectstore.SizedReader, f File) error {
	if r.Size() != f.Size {
		return Changed(f)
	}
	file, err := bakfile.Read(r, r.Size())
	if err != nil {
		return Changed(f).Because(errors.Join(objectstore.ErrSourceChanged, err))
	}
	for _, s := range file.Sets {
		if f.Is(s) {
			return nil
		}
	}
	return Changed(f)
}

// Is reports whether a set found in the file is the one that was planned.
func (f File) Is(s bakfile.Set) bool {
	return s.SetGUID == f.SetGUID && s.Position == max(f.Position, 1)
}

// Changed is the error of a source that is no longer the file that was planned.
func Changed(f File) *fault.Error {
	return fault.Newf(fault.Conflict, "%s is no longer the file that was planned: its size or its backup set is another.", f.Source).
		WithFix("Put the planned file back and retry, or add the files again so that the chain is planned anew.").
		Because(objectstore.ErrSourceChanged)
}

// grew reports whether a file changed under its upload because others appended
// to it.
func (j *job) grew(ctx context.Context, m Migration, from objectstore.Bucket, f File) bool {
	source, err := objectstore.OpenSource(ctx, from, f.Source)
	if err != nil {
		return false
	}
	defer source.Close()
	_, ok := grown(m, source, f)
	return ok
}
