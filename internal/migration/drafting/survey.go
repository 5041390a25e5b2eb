package drafting

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// MaxSurvey is how many files one survey looks into.
const MaxSurvey = 2000

// Survey lists a prefix and reads the header of every file in it. Files whose
// name, size and time have not changed are not read again.
type Survey struct {
	Ports    migration.Ports
	Unpacker Unpacker // for archives that hold a backup; nil = leave them alone

	mu   sync.Mutex
	seen map[string]migration.Seen // by bucket, key, size and time
}

// Unpacker turns an archive into a backup file that can be read at any place,
// such as the .zip.log that the RDS console gives for log backups. It returns
// the bucket and key of the unpacked file. Unpacking the same archive again
// returns the same file.
type Unpacker interface {
	Unpack(ctx context.Context, bucketID string, from objectstore.Bucket, o objectstore.Object) (toID, key string, err error)
}

// Look surveys a prefix. Files that are no backups are part of the answer,
// each with its reason; the error is about the place as a whole.
func (s *Survey) Look(ctx context.Context, bucketID, prefix string) ([]migration.Seen, error) {
	bucket, err := s.Ports.Bucket(ctx, bucketID)
	if err != nil {
		return nil, err
	}
	objects, err := listAll(ctx, bucket, prefix)
	if err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		return nil, fault.Newf(fault.NotFound, "There is no file under %q.", prefix).
			WithFix("Check the folder or prefix; names are case-sensitive.")
	}
	out := make([]migration.Seen, len(objects))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i, o := range objects {
		g.Go(func() (err error) {
			out[i], err = s.one(ctx, bucketID, bucket, o)
			return err
		})
	}
	return out, g.Wait()
}

func listAll(ctx context.Context, b objectstore.Bucket, prefix string) (out []objectstore.Object, err error) {
	after := ""
	for {
		page, err := b.List(ctx, prefix, after, 500)
		if err != nil {
			return nil, err
		}
		for _, o := range page {
			if o.Size > 0 || path.Ext(o.Key) != "" { // "folders" of object stores are empty objects
				out = append(out, o)
			}
			after = o.Key
		}
		if len(page) < 500 {
			return out, nil
		}
		if len(out) > MaxSurvey {
			return nil, fault.Newf(fault.Invalid, "There are more than %d files under %q.", MaxSurvey, prefix).WithFix("Choose a longer prefix or a folder with the files of one database.")
		}
	}
}

func (s *Survey) one(ctx context.Context, bucketID string, bucket objectstore.Bucket, o objectstore.Object) (migration.Seen, error) {
	id := fmt.Sprintf("%s\x00%s\x00%d\x00%d", bucketID, o.Key, o.Size, o.Modified.UnixNano())
	if got, ok := s.remembered(id); ok && s.there(ctx, bucketID, got) {
		return got, nil
	}
	got := migration.Seen{From: bucketID, Key: o.Key, Name: o.Key, Size: o.Size, Modified: o.Modified}
	file, err := bakfile.Read(objectstore.ReaderAt(ctx, bucket, o.Key, o.Size), o.Size)
	if isArchive(err) && s.Unpacker != nil {
		return s.unpacked(ctx, id, bucketID, bucket, o)
	}
	if err != nil {
		if fault.Of(err) != fault.Invalid { // the place failed, not the file
			return got, err
		}
		got.Trouble, got.Fix = fault.Words(err)
	}
	got.File = file
	s.remember(id, got)
	return got, nil
}

// there reports whether what was unpacked before still lies there.
func (s *Survey) there(ctx context.Context, bucketID string, got migration.Seen) bool {
	if got.From == bucketID {
		return true
	}
	to, err := s.Ports.Bucket(ctx, got.From)
	if err == nil {
		_, err = to.Stat(ctx, got.Key)
	}
	return err == nil
}

// isArchive reports whether a file is a plain ZIP archive, as the RDS console
// gives for log backups.
func isArchive(err error) bool {
	var e *bakfile.Error
	return errors.As(err, &e) && e.Looks == "a ZIP archive"
}

func (s *Survey) unpacked(ctx context.Context, id, bucketID string, bucket objectstore.Bucket, o objectstore.Object) (migration.Seen, error) {
	toID, key, err := s.Unpacker.Unpack(ctx, bucketID, bucket, o)
	got := migration.Seen{From: bucketID, Key: o.Key, Name: o.Key, Size: o.Size, Modified: o.Modified}
	if err != nil {
		if fault.Is(err, fault.Unavailable) || fault.Of(err) == fault.Unknown {
			return got, err
		}
		got.Trouble, got.Fix = fault.Words(err)
		if fault.Is(err, fault.Invalid) { // room may come
			s.remember(id, got)
		}
		return got, nil
	}
	to, err := s.Ports.Bucket(ctx, toID)
	if err != nil {
		return got, err
	}
	object, err := to.Stat(ctx, key)
	if err != nil {
		return got, err
	}
	file, err := bakfile.Read(objectstore.ReaderAt(ctx, to, key, object.Size), object.Size)
	if err != nil {
		got.Trouble, got.Fix = fault.Words(err)
	} else {
		got.From, got.Key, got.Size, got.File = toID, key, object.Size, file
	}
	s.remember(id, got)
	return got, nil
}

func (s *Survey) remembered(id string) (migration.Seen, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	got, ok := s.seen[id]
	return got, ok
}

func (s *Survey) remember(id string, got migration.Seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil || len(s.seen) > 4*MaxSurvey {
		s.seen = map[string]migration.Seen{}
	}
	s.seen[id] = got
}
