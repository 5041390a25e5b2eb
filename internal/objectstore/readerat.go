package objectstore

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// Bounds of what a Reader keeps.
const (
	readAhead = 128 << 10 // least bytes of one ranged read
	keptBytes = 4 << 20
)

// Reader is an object seen as an io.ReaderAt. Small looks become few ranged
// reads: each fetches at least 128 KiB and stays in memory for the next look,
// 4 MiB at most.
type Reader struct {
	ctx    context.Context // io.ReaderAt has no room for one
	bucket Bucket
	key    string
	size   int64

	mu    sync.Mutex
	kept  []span
	bytes int
	reads int
}

type span struct {
	off  int64
	data []byte
}

var _ SizedReader = (*Reader)(nil)

// ReaderAt looks into an object of known size. The context ends its reads.
func ReaderAt(ctx context.Context, b Bucket, key string, size int64) *Reader {
	return &Reader{ctx: ctx, bucket: b, key: key, size: size}
}

// Size is the object's size.
func (r *Reader) Size() int64 { return r.size }

// Reads says how many ranged reads were made.
func (r *Reader) Reads() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reads
}

// ReadAt implements io.ReaderAt.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read %s at %d: negative offset", r.key, off)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	done := 0
	for done < len(p) {
		at := off + int64(done)
		if at >= r.size {
			return done, io.EOF
		}
		if n := r.fromKept(p[done:], at); n > 0 {
			done += n
			continue
		}
		n, err := r.fetch(p[done:], at)
		done += n
		if err != nil {
			return done, fmt.Errorf("read %s at %d: %w", r.key, at, err)
		}
	}
	return done, nil
}

func (r *Reader) fromKept(p []byte, at int64) int {
	for _, s := range r.kept {
		if from := at - s.off; from >= 0 && from < int64(len(s.data)) {
			return copy(p, s.data[from:])
		}
	}
	return 0
}

// fetch reads what p wants, and more of it when p is small. Near the end it
// begins earlier instead, so that the tail of a file is one read.
func (r *Reader) fetch(p []byte, at int64) (int, error) {
	want := min(int64(len(p)), r.size-at)
	r.reads++
	if want > keptBytes/2 {
		body, err := r.bucket.Read(r.ctx, r.key, at, want)
		if err != nil {
			return 0, err
		}
		defer body.Close()
		return io.ReadFull(body, p[:want])
	}
	start, length := at, max(want, readAhead)
	if start+length > r.size {
		length = min(length, r.size)
		start = r.size - length
	}
	body, err := r.bucket.Read(r.ctx, r.key, start, length)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	data := make([]byte, length)
	if _, err := io.ReadFull(body, data); err != nil {
		return 0, err
	}
	for r.bytes+len(data) > keptBytes && len(r.kept) > 0 {
		r.bytes -= len(r.kept[0].data)
		r.kept = r.kept[1:]
	}
	r.kept = append(r.kept, span{start, data})
	r.bytes += len(data)
	return copy(p[:want], data[at-start:]), nil
}
