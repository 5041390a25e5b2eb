package objectstoretest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/bakplane/bakplane/internal/objectstore"
)

func looksInside(t *testing.T, r *room) {
	data := Noise(5, 1<<20)
	r.put(t, "k", data)
	reader := objectstore.ReaderAt(t.Context(), r.Bucket, r.prefix+"k", int64(len(data)))
	for off := int64(0); off < 64<<10; off += 512 { // a header, block by block
		look(t, reader, data, off, 512)
	}
	for off := int64(len(data)) - 64<<10; off < int64(len(data)); off += 1024 { // a tail
		look(t, reader, data, off, 1024)
	}
	if n := reader.Reads(); n > 2 {
		t.Errorf("a head and a tail took %d ranged reads", n)
	}
	look(t, reader, data, 100_000, 500_000)
	if n, err := reader.ReadAt(make([]byte, 10), int64(len(data))-4); n != 4 || !errors.Is(err, io.EOF) {
		t.Errorf("read over the end: %d, %v", n, err)
	}
	if _, err := reader.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("read before the beginning")
	}
}

func look(t *testing.T, r io.ReaderAt, data []byte, off, n int64) {
	t.Helper()
	p := make([]byte, n)
	if _, err := r.ReadAt(p, off); err != nil || !bytes.Equal(p, data[off:off+n]) {
		t.Fatalf("look at %d: %v", off, err)
	}
}

func concurrent(t *testing.T, r *room) {
	size := int(max(r.Limits().MinPart, 64<<10))
	id := r.begin(t, "multi")
	parts := make([]objectstore.Part, 8)
	var all []byte
	for i := range parts {
		all = append(all, Noise(i, size)...)
	}
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() {
			key := fmt.Sprintf("%sobject-%d", r.prefix, i)
			if _, err := r.Put(t.Context(), key, bytes.NewReader(Noise(i, 1000)), 1000); err != nil {
				t.Errorf("put: %v", err)
			}
			if _, err := r.List(t.Context(), r.prefix, "", 100); err != nil {
				t.Errorf("list: %v", err)
			}
			var err error
			if parts[i], err = r.PutPart(t.Context(), r.prefix+"multi", id, i+1, bytes.NewReader(Noise(i, size)), int64(size)); err != nil {
				t.Errorf("part: %v", err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	if _, err := r.Complete(t.Context(), r.prefix+"multi", id, parts); err != nil {
		t.Fatal(err)
	}
	if got := r.read(t, "multi", 0, int64(len(all))); !bytes.Equal(got, all) {
		t.Error("the object is not its parts")
	}
}
