package objectstore_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// service is a bucket in memory whose answers can be lost: fails holds, by
// call, what the next calls of that name answer. A failure with done set did
// happen all the same.
type service struct {
	objectstore.Bucket // nil: a call that is not expected panics

	mu      sync.Mutex
	objects map[string][]byte
	begun   map[objectstore.UploadID]*sending
	ids     int
	silent  bool // tells no checksum of objects
	fails   map[string][]failure
	calls   []string
	spoil   func([]byte) []byte // what is stored instead; nil = what was sent
	after   func(call string)   // when a call has done its work
}

type sending struct {
	key   string
	at    time.Time
	parts map[int][]byte
}

type failure struct {
	err  error
	done bool
}

func newService() *service {
	return &service{objects: map[string][]byte{}, begun: map[objectstore.UploadID]*sending{}, fails: map[string][]failure{}}
}

// call notes one, does its work unless it fails before, and answers.
func (s *service) call(ctx context.Context, name string, work func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, name)
	word, _, _ := strings.Cut(name, " ")
	var fail failure
	if q := s.fails[word]; len(q) > 0 {
		fail, s.fails[word] = q[0], q[1:]
	}
	if fail.err == nil || fail.done {
		if err := work(); err != nil {
			return err
		}
	}
	if s.after != nil {
		s.after(name)
	}
	return fail.err
}

// made counts the calls whose names begin so.
func (s *service) made(prefix string) (n int) {
	for _, c := range s.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

func (s *service) object(key string) (objectstore.Object, error) {
	data, ok := s.objects[key]
	if !ok {
		return objectstore.Object{}, fault.New(fault.NotFound, "No such key.", "")
	}
	o := objectstore.Object{Key: key, Size: int64(len(data)), ETag: sumOf(data)}
	if !s.silent {
		o.CRC64 = crcOf(data)
	}
	return o, nil
}

func (s *service) store(key string, data []byte) {
	if s.spoil != nil {
		data = s.spoil(bytes.Clone(data))
	}
	s.objects[key] = data
}

func sumOf(data []byte) string { return fmt.Sprintf("%X", md5.Sum(data)) }

func crcOf(data []byte) *uint64 {
	crc := objectstore.UpdateCRC64(0, data)
	return &crc
}

func (s *service) Limits() objectstore.Limits { return objectstore.Limits{} }

func (s *service) Stat(ctx context.Context, key string) (o objectstore.Object, err error) {
	err = s.call(ctx, "stat "+key, func() (err error) { o, err = s.object(key); return err })
	return o, err
}

func (s *service) Read(ctx context.Context, key string, offset, length int64) (r io.ReadCloser, err error) {
	err = s.call(ctx, fmt.Sprintf("read %s %d+%d", key, offset, length), func() error {
		data := s.objects[key]
		from := min(offset, int64(len(data)))
		r = io.NopCloser(bytes.NewReader(data[from:min(from+length, int64(len(data)))]))
		return nil
	})
	return r, err
}

func (s *service) Put(ctx context.Context, key string, body io.Reader, _ int64) (o objectstore.Object, err error) {
	data, bad := io.ReadAll(body)
	err = s.call(ctx, "put "+key, func() (err error) {
		if bad != nil {
			return bad
		}
		s.store(key, data)
		o, err = s.object(key)
		return err
	})
	return o, err
}

func (s *service) Delete(ctx context.Context, key string) error {
	return s.call(ctx, "delete "+key, func() error { delete(s.objects, key); return nil })
}

func (s *service) Begin(ctx context.Context, key string) (id objectstore.UploadID, err error) {
	err = s.call(ctx, "begin "+key, func() error {
		id = s.begin(key, time.Now())
		return nil
	})
	return id, err
}

// begin leaves an upload as another process would; parts by number, from 1.
func (s *service) begin(key string, at time.Time, parts ...[]byte) objectstore.UploadID {
	s.ids++
	id := objectstore.UploadID(fmt.Sprint("u", s.ids))
	u := &sending{key: key, at: at, parts: map[int][]byte{}}
	for i, p := range parts {
		if p != nil {
			u.parts[i+1] = p
		}
	}
	s.begun[id] = u
	return id
}

func (s *service) upload(id objectstore.UploadID) (*sending, error) {
	if u := s.begun[id]; u != nil {
		return u, nil
	}
	return nil, fault.New(fault.NotFound, "No such upload.", "")
}

func (s *service) PutPart(ctx context.Context, _ string, id objectstore.UploadID, number int, body io.Reader, size int64) (p objectstore.Part, err error) {
	data, bad := io.ReadAll(body)
	err = s.call(ctx, fmt.Sprintf("part %d", number), func() error {
		u, err := s.upload(id)
		if err = errors.Join(bad, err); err != nil {
			return err
		}
		u.parts[number] = data
		p = objectstore.Part{Number: number, Size: size, ETag: sumOf(data), CRC64: crcOf(data)}
		return nil
	})
	return p, err
}

func (s *service) Parts(ctx context.Context, _ string, id objectstore.UploadID) (out []objectstore.Part, err error) {
	err = s.call(ctx, "parts "+string(id), func() error {
		u, err := s.upload(id)
		if err != nil {
			return err
		}
		for n, data := range u.parts {
			out = append(out, objectstore.Part{Number: n, Size: int64(len(data)), ETag: strings.ToLower(sumOf(data))})
		}
		slices.SortFunc(out, func(a, b objectstore.Part) int { return a.Number - b.Number })
		return nil
	})
	return out, err
}

func (s *service) Complete(ctx context.Context, key string, id objectstore.UploadID, parts []objectstore.Part) (o objectstore.Object, err error) {
	err = s.call(ctx, "complete "+key, func() error {
		u, err := s.upload(id)
		if err != nil {
			return err
		}
		var whole []byte
		for _, p := range parts {
			if !strings.EqualFold(p.ETag, sumOf(u.parts[p.Number])) {
				return fault.New(fault.Conflict, "Another part.", "")
			}
			whole = append(whole, u.parts[p.Number]...)
		}
		delete(s.begun, id)
		s.store(key, whole)
		o, err = s.object(key)
		return err
	})
	return o, err
}

func (s *service) Abort(ctx context.Context, _ string, id objectstore.UploadID) error {
	return s.call(ctx, "abort "+string(id), func() error { delete(s.begun, id); return nil })
}

func (s *service) Uploads(ctx context.Context, prefix string, _ int) (out []objectstore.Unfinished, err error) {
	err = s.call(ctx, "uploads "+prefix, func() error {
		for id, u := range s.begun {
			if strings.HasPrefix(u.key, prefix) {
				out = append(out, objectstore.Unfinished{Key: u.key, ID: id, Begun: u.at})
			}
		}
		slices.SortFunc(out, func(a, b objectstore.Unfinished) int { return strings.Compare(string(a.ID), string(b.ID)) })
		return nil
	})
	return out, err
}

// fileOf is a source in memory; prints are its fingerprints, one after
// another, the last one for ever.
type fileOf struct {
	*bytes.Reader
	mu     sync.Mutex
	data   []byte
	prints []string
	opened int
}

func newFileOf(data []byte, prints ...string) *fileOf {
	if prints == nil {
		prints = []string{"file:1 a"}
	}
	return &fileOf{Reader: bytes.NewReader(data), data: data, prints: prints}
}

func (f *fileOf) Fingerprint(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.prints[0]
	if len(f.prints) > 1 {
		f.prints = f.prints[1:]
	}
	return p, nil
}

func (f *fileOf) Open(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened++
	end := min(offset+length, int64(len(f.data)))
	return io.NopCloser(bytes.NewReader(f.data[offset:end])), nil
}

func (f *fileOf) Close() error { return nil }
