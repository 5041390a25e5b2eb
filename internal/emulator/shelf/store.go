// Package shelf keeps what emulated object stores hold: buckets, objects and
// unfinished uploads, their bodies in files of one folder and never in memory.
// A completed upload keeps its parts as they are, so completion copies nothing.
// The index is a journal in the same folder: a Store opened on it again is the
// same. Nothing is synced to disk, so it outlives the process but not the machine.
package shelf

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

// Store is the index of everything and the journal it is rebuilt from. Each
// change is one record; applying a record is the same work now and at the
// next start.
type Store[S any] struct {
	dir string

	mu      sync.Mutex
	journal *os.File
	buckets map[string]*bucket[S]
}

type bucket[S any] struct {
	settings S
	objects  map[string]*Object
	uploads  map[string]*Upload
}

// Kept is what a service keeps of an object beside its bytes.
type Kept struct {
	Class      string            `json:"class"`
	Encryption string            `json:"encryption,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`  // user metadata and what browsers are told, by lower-case name
	Checksum   string            `json:"checksum,omitempty"` // which one CRC is, where there are several
}

// Object is a stored file: the files of its parts, one after the other.
type Object struct {
	Key         string    `json:"key"`
	Size        int64     `json:"size"`
	ETag        string    `json:"etag"`
	CRC         uint64    `json:"crc"`
	Modified    time.Time `json:"modified"`
	Type        string    `json:"type"` // Normal or Multipart
	ContentType string    `json:"content_type"`
	Kept
	Files []Piece `json:"files"`

	readers int  // requests that are reading its files
	gone    bool // replaced or deleted: the last reader removes the files
}

// Piece is one file.
type Piece struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// Upload is an unfinished one.
type Upload struct {
	ID          string    `json:"id"`
	Key         string    `json:"key"`
	Begun       time.Time `json:"begun"`
	ContentType string    `json:"content_type"`
	Kept
	parts map[int]*Part
}

// Part is one that was sent.
type Part struct {
	Number   int       `json:"number"`
	ETag     string    `json:"etag"`
	CRC      uint64    `json:"crc"`
	Modified time.Time `json:"modified"`
	File     Piece     `json:"file"`
}

// The records of the journal.
const (
	OpBucket = "bucket" // made or changed
	OpDrop   = "drop"
	OpPut    = "put"
	OpDelete = "delete"
	OpBegin  = "begin"
	OpPart   = "part"
	OpDone   = "done" // the upload became the object
	OpAbort  = "abort"
)

// Record is one change.
type Record[S any] struct {
	Op       string  `json:"op"`
	Bucket   string  `json:"bucket,omitempty"`
	Key      string  `json:"key,omitempty"`
	Upload   string  `json:"upload,omitempty"`
	Settings *S      `json:"settings,omitempty"`
	Object   *Object `json:"object,omitempty"`
	Begun    *Upload `json:"begun,omitempty"`
	Part     *Part   `json:"part,omitempty"`
}

// ErrGone says that what a change belongs to is no longer there.
var ErrGone = errors.New("the bucket or upload is gone")

// Open reads what a folder holds. S is what a service keeps of a bucket.
func Open[S any](dir string) (*Store[S], error) {
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		return nil, err
	}
	s := &Store[S]{dir: dir, buckets: map[string]*bucket[S]{}}
	if err := s.replay(); err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	if err := s.rewrite(); err != nil {
		return nil, fmt.Errorf("write journal: %w", err)
	}
	return s, s.sweep()
}

// Do applies a record and writes it down.
func (s *Store[S]) Do(r Record[S]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.doLocked(r)
}

func (s *Store[S]) doLocked(r Record[S]) error {
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
	s.Remove(unowned)
	return nil
}

// apply changes the index and returns the files that lost their owner.
func (s *Store[S]) apply(r Record[S]) (unowned []Piece, err error) {
	if r.Op == OpBucket {
		b := s.buckets[r.Bucket]
		if b == nil {
			b = &bucket[S]{objects: map[string]*Object{}, uploads: map[string]*Upload{}}
			s.buckets[r.Bucket] = b
		}
		b.settings = *r.Settings
		return nil, nil
	}
	b := s.buckets[r.Bucket]
	if b == nil {
		if r.Op == OpDrop {
			return nil, nil
		}
		return nil, ErrGone
	}
	switch r.Op {
	case OpDrop:
		for _, o := range b.objects {
			unowned = append(unowned, o.disown()...)
		}
		for _, u := range b.uploads {
			unowned = append(unowned, u.files(nil)...)
		}
		delete(s.buckets, r.Bucket)
	case OpPut:
		unowned = b.objects[r.Object.Key].disown()
		b.objects[r.Object.Key] = r.Object
	case OpDelete:
		unowned = b.objects[r.Key].disown()
		delete(b.objects, r.Key)
	case OpBegin:
		u := *r.Begun
		u.parts = map[int]*Part{}
		b.uploads[u.ID] = &u
	case OpPart:
		u := b.uploads[r.Upload]
		if u == nil {
			return nil, ErrGone
		}
		if old := u.parts[r.Part.Number]; old != nil {
			unowned = []Piece{old.File}
		}
		u.parts[r.Part.Number] = r.Part
	case OpDone:
		u := b.uploads[r.Upload]
		if u == nil || !u.holds(r.Object.Files) {
			return nil, ErrGone
		}
		unowned = append(b.objects[r.Object.Key].disown(), u.files(r.Object.Files)...)
		b.objects[r.Object.Key] = r.Object
		delete(b.uploads, r.Upload)
	case OpAbort:
		u := b.uploads[r.Upload]
		if u == nil {
			return nil, ErrGone
		}
		unowned = u.files(nil)
		delete(b.uploads, r.Upload)
	}
	return unowned, nil
}

// disown says which files of a replaced object can be removed now.
func (o *Object) disown() []Piece {
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
func (u *Upload) files(kept []Piece) []Piece {
	keep := map[string]bool{}
	for _, p := range kept {
		keep[p.Name] = true
	}
	var out []Piece
	for _, p := range u.parts {
		if !keep[p.File.Name] {
			out = append(out, p.File)
		}
	}
	return out
}

// holds reports whether all files are still parts: one may have been sent
// again while the upload was being completed.
func (u *Upload) holds(files []Piece) bool {
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

// Remove deletes files that nobody owns.
func (s *Store[S]) Remove(files []Piece) {
	for _, p := range files {
		_ = os.Remove(s.Path(p.Name)) // what stays is swept at the next start
	}
}

// Path is where a file lies.
func (s *Store[S]) Path(name string) string { return filepath.Join(s.dir, "data", name) }

// Create makes an empty file for a body.
func (s *Store[S]) Create() (*os.File, error) {
	id := make([]byte, 12)
	_, _ = rand.Read(id)
	return os.OpenFile(s.Path(hex.EncodeToString(id)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// Bucket returns the settings of a bucket, nil when there is none.
func (s *Store[S]) Bucket(name string) *S {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[name]
	if b == nil {
		return nil
	}
	settings := b.settings
	return &settings
}

// Buckets returns the settings of all.
func (s *Store[S]) Buckets() []S {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]S, 0, len(s.buckets))
	for _, b := range s.buckets {
		out = append(out, b.settings)
	}
	return out
}

// Open returns an object whose files stay until release is called.
func (s *Store[S]) Open(bucket, key string) (*Object, func()) {
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
			s.Remove(o.Files)
		}
	}
}

// Objects returns the objects of a bucket sorted by key.
func (s *Store[S]) Objects(name string) []*Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[name]
	if b == nil {
		return nil
	}
	out := make([]*Object, 0, len(b.objects))
	for _, o := range b.objects {
		out = append(out, o)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
	return out
}

// Upload returns an unfinished upload of exactly this key with its parts
// sorted by number.
func (s *Store[S]) Upload(bucket, key, id string) (*Upload, []*Part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil || b.uploads[id] == nil || b.uploads[id].Key != key {
		return nil, nil
	}
	u := b.uploads[id]
	parts := make([]*Part, 0, len(u.parts))
	for _, p := range u.parts {
		parts = append(parts, p)
	}
	sort.Slice(parts, func(i, j int) bool { return parts[i].Number < parts[j].Number })
	return u, parts
}

// Uploads returns the unfinished uploads of a bucket sorted by key and id.
func (s *Store[S]) Uploads(bucket string) []*Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil {
		return nil
	}
	out := make([]*Upload, 0, len(b.uploads))
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

// Close ends the journal. Requests must have ended before.
func (s *Store[S]) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.journal.Close()
}
