package oss

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"time"
)

// store is the index of everything and the journal it is rebuilt from. Each
// change is one record; applying a record is the same work now and at the
// next start.
type store struct {
	dir string

	mu      sync.Mutex
	journal *os.File
	buckets map[string]*bucket
}

type bucket struct {
	Bucket
	objects map[string]*object
	uploads map[string]*upload
}

// object is a stored file: the files of its parts, one after the other.
type object struct {
	Key         string    `json:"key"`
	Size        int64     `json:"size"`
	ETag        string    `json:"etag"`
	CRC         uint64    `json:"crc"`
	Modified    time.Time `json:"modified"`
	Type        string    `json:"type"` // Normal or Multipart
	ContentType string    `json:"content_type"`
	kept
	Files []piece `json:"files"`

	readers int  // requests that are reading its files
	gone    bool // replaced or deleted: the last reader removes the files
}

type piece struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

type upload struct {
	ID          string    `json:"id"`
	Key         string    `json:"key"`
	Begun       time.Time `json:"begun"`
	ContentType string    `json:"content_type"`
	kept
	parts map[int]*part
}

type part struct {
	Number   int       `json:"number"`
	ETag     string    `json:"etag"`
	CRC      uint64    `json:"crc"`
	Modified time.Time `json:"modified"`
	File     piece     `json:"file"`
}

// The records of the journal.
const (
	opBucket = "bucket" // made or changed
	opDrop   = "drop"
	opPut    = "put"
	opDelete = "delete"
	opBegin  = "begin"
	opPart   = "part"
	opDone   = "done" // the upload became the object
	opAbort  = "abort"
)

type record struct {
	Op       string  `json:"op"`
	Bucket   string  `json:"bucket,omitempty"`
	Key      string  `json:"key,omitempty"`
	Upload   string  `json:"upload,omitempty"`
	Settings *Bucket `json:"settings,omitempty"`
	Object   *object `json:"object,omitempty"`
	Begun    *upload `json:"begun,omitempty"`
	Part     *part   `json:"part,omitempty"`
}

var errGone = errors.New("the bucket or upload is gone")

func openStore(dir string) (*store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		return nil, err
	}
	s := &store{dir: dir, buckets: map[string]*bucket{}}
	if err := s.replay(); err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	if err := s.rewrite(); err != nil {
		return nil, fmt.Errorf("write journal: %w", err)
	}
	return s, s.sweep()
}

func (s *store) do(r record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.doLocked(r)
}

func (s *store) doLocked(r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	unowned, err := s.apply(r)
	if err != nil {
		return err
	}
	if _, err := s.journal.Write(append(line, '\n')); err != nil {
		return err
	}
	s.remove(unowned)
	return nil
}

// apply changes the index and returns the files that lost their owner.
func (s *store) apply(r record) (unowned []piece, err error) {
	if r.Op == opBucket {
		b := s.buckets[r.Settings.Name]
		if b == nil {
			b = &bucket{objects: map[string]*object{}, uploads: map[string]*upload{}}
			s.buckets[r.Settings.Name] = b
		}
		b.Bucket = *r.Settings
		return nil, nil
	}
	b := s.buckets[r.Bucket]
	if b == nil {
		if r.Op == opDrop {
			return nil, nil
		}
		return nil, errGone
	}
	switch r.Op {
	case opDrop:
		for _, o := range b.objects {
			unowned = append(unowned, o.disown()...)
		}
		for _, u := range b.uploads {
			unowned = append(unowned, u.files(nil)...)
		}
		delete(s.buckets, r.Bucket)
	case opPut:
		unowned = b.objects[r.Object.Key].disown()
		b.objects[r.Object.Key] = r.Object
	case opDelete:
		unowned = b.objects[r.Key].disown()
		delete(b.objects, r.Key)
	case opBegin:
		u := *r.Begun
		u.parts = map[int]*part{}
		b.uploads[u.ID] = &u
	case opPart:
		u := b.uploads[r.Upload]
		if u == nil {
			return nil, errGone
		}
		if old := u.parts[r.Part.Number]; old != nil {
			unowned = []piece{old.File}
		}
		u.parts[r.Part.Number] = r.Part
	case opDone:
		u := b.uploads[r.Upload]
		if u == nil || !u.holds(r.Object.Files) {
			return nil, errGone
		}
		unowned = append(b.objects[r.Object.Key].disown(), u.files(r.Object.Files)...)
		b.objects[r.Object.Key] = r.Object
		delete(b.uploads, r.Upload)
	case opAbort:
		u := b.uploads[r.Upload]
		if u == nil {
			return nil, errGone
		}
		unowned = u.files(nil)
		delete(b.uploads, r.Upload)
	}
	return unowned, nil
}

// disown says which files of a replaced object can be removed now.
func (o *object) disown() []piece {
	if o == nil {
		return nil
	}
	o.gone = true
	if o.readers > 0 {
		return nil
	}
	return o.Files
}

// files are the upload's files without those that were kept.
func (u *upload) files(kept []piece) []piece {
	keep := map[string]bool{}
	for _, p := range kept {
		keep[p.Name] = true
	}
	var out []piece
	for _, p := range u.parts {
		if !keep[p.File.Name] {
			out = append(out, p.File)
		}
	}
	return out
}

// holds reports whether all files are still parts: one may have been sent
// again while the upload was being completed.
func (u *upload) holds(files []piece) bool {
	have := map[string]bool{}
	for _, p := range u.parts {
		have[p.File.Name] = true
	}
	for _, f := range files {
		if !have[f.Name] {
			return false
		}
	}
	return true
}

func (s *store) remove(files []piece) {
	for _, p := range files {
		_ = os.Remove(s.file(p.Name)) // what stays is swept at the next start
	}
}

func (s *store) file(name string) string { return filepath.Join(s.dir, "data", name) }

// create makes an empty file for a body.
func (s *store) create() (*os.File, error) {
	id := make([]byte, 12)
	_, _ = rand.Read(id)
	return os.OpenFile(s.file(hex.EncodeToString(id)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// bucket returns the settings of a bucket, nil when there is none.
func (s *store) bucket(name string) *Bucket {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[name]
	if b == nil {
		return nil
	}
	settings := b.Bucket
	return &settings
}

// open returns an object whose files stay until release is called.
func (s *store) open(bucket, key string) (*object, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil || b.objects[key] == nil {
		return nil, nil
	}
	o := b.objects[key]
	o.readers++
	return o, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		o.readers--
		if o.gone && o.readers == 0 {
			s.remove(o.Files)
		}
	}
}

// objects returns the objects of a bucket sorted by key.
func (s *store) objects(name string) []*object {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[name]
	if b == nil {
		return nil
	}
	out := make([]*object, 0, len(b.objects))
	for _, o := range b.objects {
		out = append(out, o)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
	return out
}

// upload returns an unfinished upload of exactly this key with its parts
// sorted by number.
func (s *store) upload(bucket, key, id string) (*upload, []*part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil || b.uploads[id] == nil || b.uploads[id].Key != key {
		return nil, nil
	}
	u := b.uploads[id]
	parts := make([]*part, 0, len(u.parts))
	for _, p := range u.parts {
		parts = append(parts, p)
	}
	sort.Slice(parts, func(i, j int) bool { return parts[i].Number < parts[j].Number })
	return u, parts
}

// uploads returns the unfinished uploads of a bucket sorted by key and id.
func (s *store) uploads(bucket string) []*upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil {
		return nil
	}
	out := make([]*upload, 0, len(b.uploads))
	for _, u := range b.uploads {
		out = append(out, u)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Key != out[j].Key {
			return out[i].Key < out[j].Key
		}
		return out[i].ID < out[j].ID
	})
	return out
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.journal.Close()
}
