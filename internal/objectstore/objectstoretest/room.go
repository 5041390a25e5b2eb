package objectstoretest

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// room is a bucket and the prefix to stay under.
type room struct {
	objectstore.Bucket
	prefix string
}

func (r *room) clear(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ups, err := r.Uploads(ctx, r.prefix, 1000)
	if err != nil {
		t.Errorf("list uploads left: %v", err)
	}
	for _, u := range ups {
		if err := r.Abort(ctx, u.Key, u.ID); err != nil {
			t.Errorf("abort %s: %v", u.Key, err)
		}
	}
	objects, err := r.List(ctx, r.prefix, "", 10000)
	if err != nil {
		t.Errorf("list objects left: %v", err)
	}
	for _, o := range objects {
		if err := r.Delete(ctx, o.Key); err != nil {
			t.Errorf("delete %s: %v", o.Key, err)
		}
	}
}

// sum is what the bucket's checksum of some bytes must be.
func (r *room) sum(data []byte) uint64 { return objectstore.ChecksumOf(r.Bucket).Update(0, data) }

func (r *room) put(t *testing.T, key string, data []byte) objectstore.Object {
	t.Helper()
	o, err := r.Put(t.Context(), r.prefix+key, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return o
}

func (r *room) read(t *testing.T, key string, offset, length int64) []byte {
	t.Helper()
	body, err := r.Read(t.Context(), r.prefix+key, offset, length)
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	return data
}

// Noise is data that compresses badly and differs by seed.
func Noise(seed, n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(n)}).Read(data)
	return data
}

func want(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: got %v (kind %q), want kind %q", what, err, fault.Of(err), kind)
	}
}
