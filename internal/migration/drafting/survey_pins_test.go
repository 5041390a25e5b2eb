package drafting

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// onlyFile is a bucket with one file that is no backup; it counts how often
// the file is read.
type onlyFile struct {
	objectstore.Bucket
	file  objectstore.Object
	reads int
}

func (b *onlyFile) List(context.Context, string, string, int) ([]objectstore.Object, error) {
	return []objectstore.Object{b.file}, nil
}

func (b *onlyFile) Read(_ context.Context, _ string, offset, length int64) (io.ReadCloser, error) {
	b.reads++
	return io.NopCloser(bytes.NewReader(make([]byte, max(0, min(length, b.file.Size-offset))))), nil
}

// onlyPlace has that bucket under every id.
type onlyPlace struct {
	migration.Ports
	bucket *onlyFile
}

func (p onlyPlace) Bucket(context.Context, string) (objectstore.Bucket, error) { return p.bucket, nil }

// TestAFileIsReadAgainOnceItIsAnother: jobs write over their own file each
// night, often in the same size. What the file was yesterday must not be
// planned, and what has not changed is not read twice.
func TestAFileIsReadAgainOnceItIsAnother(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*objectstore.Object)
		bucket string
		again  bool
	}{
		{"nothing changed", func(*objectstore.Object) {}, "b", false},
		{"written anew in the same size", func(o *objectstore.Object) { o.Modified = o.Modified.Add(time.Millisecond) }, "b", true},
		{"another size at the same time", func(o *objectstore.Object) { o.Size++ }, "b", true},
		{"another name", func(o *objectstore.Object) { o.Key = "other.bak" }, "b", true},
		{"the same name elsewhere", func(*objectstore.Object) {}, "c", true},
	} {
		b := &onlyFile{file: objectstore.Object{Key: "shop.bak", Size: 4096, Modified: time.Date(2026, 11, 20, 13, 0, 0, 0, time.UTC)}}
		s := &Survey{Ports: onlyPlace{bucket: b}}
		first, err := s.Look(t.Context(), "b", "")
		if err != nil || len(first) != 1 || first[0].Trouble == "" || b.reads == 0 {
			t.Fatalf("%s: %+v, %v, %d reads", tc.name, first, err, b.reads)
		}
		b.reads = 0
		tc.change(&b.file)
		next, err := s.Look(t.Context(), tc.bucket, "")
		if err != nil || len(next) != 1 || (b.reads > 0) != tc.again {
			t.Fatalf("%s: %d reads, %v", tc.name, b.reads, err)
		}
		if got := next[0]; got.From != tc.bucket || got.Key != b.file.Key || got.Size != b.file.Size || !got.Modified.Equal(b.file.Modified) {
			t.Errorf("%s: %+v is told of %+v", tc.name, got, b.file)
		}
	}
}
