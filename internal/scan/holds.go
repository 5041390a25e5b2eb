package scan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/identity"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

const (
	// mostHeld bounds the sets that are noted of one file; one with more is read
	// again each time.
	mostHeld = 4096
	// still is how long a file must have been as it is before it counts as cut
	// off: while a set is appended its end is missing too.
	still = time.Hour
)

// fileOf is what is noted of a file that was read.
func fileOf(p identity.Piece) File {
	f := File{Key: p.Key, Size: p.Size, Modified: p.Modified.UTC().Truncate(time.Microsecond), Sets: len(p.Sets), Trouble: p.Unread.String()}
	if !p.Cut && len(p.Sets) <= mostHeld {
		for _, s := range p.Sets {
			f.Holds = append(f.Holds, s.ID)
		}
	}
	return f
}

// unchanged reports whether an object is as it was when it was read.
func (f File) unchanged(o objectstore.Object) bool {
	return f.Size == o.Size && f.Modified.Equal(o.Modified.UTC().Truncate(time.Microsecond))
}

// lies tells what lies at the places of a copy. A file that was read, and is as
// it was, is not read again: a stranger of the same name, size and time shows
// where the set is used.
func (c *Collector) lies(ctx context.Context, bucket objectstore.Bucket, r *backup.Record, k backup.Copy) (identity.Verdict, error) {
	known := !r.Set.ID.IsZero()
	for _, key := range k.Keys {
		if key == "" {
			continue
		}
		o, err := bucket.Stat(ctx, key)
		if fault.Is(err, fault.NotFound) {
			return identity.Verdict{Finding: identity.Absent}, nil
		}
		if err != nil {
			return identity.Verdict{}, fmt.Errorf("look for %s: %w", key, err)
		}
		if known {
			f, ok, err := c.Store.File(ctx, k.BucketID, key)
			if err != nil {
				return identity.Verdict{}, err
			}
			known = ok && f.unchanged(o) && slices.Contains(f.Holds, r.Set.ID)
		}
	}
	if known || r.Set.ID.IsZero() {
		return identity.Verdict{Finding: identity.Same}, nil
	}
	pieces, err := identity.Look(ctx, bucket, k.Keys)
	if err != nil {
		return identity.Verdict{}, fmt.Errorf("read %s: %w", k.Keys[0], err)
	}
	v := identity.Judge(identity.Of(r, k), pieces)
	var read []File
	for _, p := range pieces {
		if p.There && !p.Sealed {
			read = append(read, fileOf(p))
		}
		if p.Sealed { // others may have appended to it: who cannot read lets go of nothing
			v.Finding = identity.Sealed
		}
		if v.Finding == identity.Cut && c.Now().Sub(p.Modified) < still {
			v.Finding = identity.Same // perhaps another set is just being appended
		}
	}
	return v, c.Store.NoteFiles(ctx, k.BucketID, read)
}

// strayed reports whether a copy is not where its row says.
func strayed(v identity.Verdict) bool {
	return slices.Contains([]identity.Finding{identity.Another, identity.Mixed, identity.Foreign, identity.Cut}, v.Finding)
}
