package identity

import (
	"context"
	"slices"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// Look reads what lies at the places of a set: the ends of each file, about a
// hundred kilobytes. An empty key is a stripe of which no file is known. What
// is not there and what is no backup is a finding; what cannot be looked at is
// an error.
func Look(ctx context.Context, b objectstore.Bucket, keys []string) ([]Piece, error) {
	pieces := make([]Piece, len(keys))
	for i, key := range keys {
		if key == "" {
			pieces[i].Unnamed = true
			continue
		}
		o, err := b.Stat(ctx, key)
		if fault.Is(err, fault.NotFound) {
			// A bucket that vanished has not lost its files one by one.
			if _, err := b.Info(ctx); err != nil {
				return nil, err
			}
			pieces[i].Key = key
			continue
		}
		if err != nil {
			return nil, err
		}
		if pieces[i], err = Read(ctx, b, o); err != nil {
			return nil, err
		}
	}
	return pieces, nil
}

// Read reads one object that is there.
func Read(ctx context.Context, b objectstore.Bucket, o objectstore.Object) (Piece, error) {
	p := Piece{Key: o.Key, There: true, Size: o.Size, Modified: o.Modified}
	f, err := bakfile.Read(objectstore.ReaderAt(ctx, b, o.Key, o.Size), o.Size)
	switch {
	case err == nil:
		p.of(f)
	case fault.CodeOf(err) == "archived", fault.Is(err, fault.Denied), slices.Contains([]bakfile.Reason{bakfile.Encrypted, bakfile.Unsupported}, bakfile.ReasonOf(err)):
		p.Sealed = true
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict):
		p.Unread, _ = fault.Texts(err)
	default:
		return p, err
	}
	return p, nil
}

// OfFile is a file that was read, under the name it is known by.
func OfFile(key string, f *bakfile.File) Piece {
	p := Piece{Key: key, There: true, Size: f.Size}
	p.of(f)
	return p
}

func (p *Piece) of(f *bakfile.File) {
	p.Cut, p.Media, p.Family, p.Families = f.Truncated, f.Media.SetGUID, f.Media.FamilySequence, f.Media.FamilyCount
	for i := range f.Sets {
		s := &f.Sets[i]
		p.Sets = append(p.Sets, Held{ID: s.SetGUID, Name: s.Name, Position: s.Position, Kind: backup.KindOf(s.Type), Database: s.Database, Server: s.ServerName, Finished: s.Finished.Time})
	}
}

// OfHeaders are files that a server read together (RESTORE HEADERONLY), which
// refuses what does not belong together.
func OfHeaders(file string, sets []backup.Set) []Piece {
	p := Piece{Key: file, There: true}
	for _, s := range sets {
		h := Held{ID: s.ID, Name: s.Name, Position: 1, Kind: s.Kind, Database: s.Database, Server: s.Server, Finished: s.Finished.Local}
		if len(s.Files) > 0 {
			h.Position = s.Files[0].Position
		}
		p.Cut = p.Cut || !s.Complete && !h.ID.IsZero()
		p.Sets = append(p.Sets, h)
	}
	return []Piece{p}
}

// Compare looks at the places of a set and judges.
func Compare(ctx context.Context, b objectstore.Bucket, w Want, keys []string) (Verdict, error) {
	pieces, err := Look(ctx, b, keys)
	if err != nil {
		return Verdict{}, err
	}
	return Judge(w, pieces), nil
}
