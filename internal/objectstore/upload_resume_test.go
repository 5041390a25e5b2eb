package objectstore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
)

const (
	resumed = "full.bak"
	aPart   = 64 << 10
	parts   = 4
)

// scene is a file of four parts on its way from one folder into another.
type scene struct {
	from, to *folder.Bucket
	ledger   *objectstoretest.Memory
	data     []byte
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{ledger: new(objectstoretest.Memory), data: objectstoretest.Noise(parts, parts*aPart)}
	for _, b := range []**folder.Bucket{&s.from, &s.to} {
		var err error
		if *b, err = folder.Open(t.TempDir()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = (*b).Close() })
	}
	s.write(t, s.data)
	return s
}

func (s *scene) write(t *testing.T, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.from.Dir(), resumed), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// upload goes on as another process would.
func (s *scene) upload(ctx context.Context, to objectstore.Bucket) (objectstore.Object, error) {
	source, err := objectstore.OpenSource(ctx, s.from, resumed)
	if err != nil {
		return objectstore.Object{}, err
	}
	defer source.Close()
	return objectstore.Upload{Bucket: to, Key: resumed, Source: source, Ledger: s.ledger, PartSize: aPart, Parallel: 1}.Run(ctx)
}

// counting is a folder that takes so many parts and refuses the next one.
type counting struct {
	*folder.Bucket
	most, sent int
}

func (c *counting) PutPart(ctx context.Context, key string, id objectstore.UploadID, number int, body io.Reader, size int64) (objectstore.Part, error) {
	if c.sent == c.most {
		return objectstore.Part{}, fault.New(fault.Denied, "No more.", "")
	}
	c.sent++
	return c.Bucket.PutPart(ctx, key, id, number, body, size)
}

// Stat tells a checksum too, as services do.
func (c *counting) Stat(ctx context.Context, key string) (objectstore.Object, error) {
	o, err := c.Bucket.Stat(ctx, key)
	if err != nil {
		return o, err
	}
	data, err := os.ReadFile(filepath.Join(c.Dir(), key))
	crc := objectstore.UpdateCRC64(0, data)
	o.CRC64 = &crc
	return o, err
}

// half leaves an upload with its first two parts sent and noted.
func (s *scene) half(t *testing.T) {
	t.Helper()
	c := &counting{Bucket: s.to, most: 2}
	if _, err := s.upload(t.Context(), c); !fault.Is(err, fault.Denied) || c.sent != 2 {
		t.Fatalf("%d parts sent, %v", c.sent, err)
	}
}

// TestAnUploadGoesOnWithTheFileItBeganWith and with no other, whatever part of
// it was written to since; what it has sent is not sent twice.
func TestAnUploadGoesOnWithTheFileItBeganWith(t *testing.T) {
	at := func(offset int) func([]byte) []byte {
		return func(d []byte) []byte { d = bytes.Clone(d); d[offset]++; return d }
	}
	for _, tc := range []struct {
		name   string
		change func([]byte) []byte
		ok     bool
	}{
		{"it is the same", nil, true},
		{"written to where it was sent", at(aPart / 2), false},
		{"written to where it was not sent yet", at(3*aPart - 1), false},
		{"written to at its end", at(parts*aPart - 1), false},
		{"longer", func(d []byte) []byte { return append(bytes.Clone(d), 1) }, false},
		{"shorter", func(d []byte) []byte { return d[:len(d)-1] }, false},
	} {
		s := newScene(t)
		s.half(t)
		if tc.change != nil {
			s.write(t, tc.change(s.data))
		}
		c := &counting{Bucket: s.to, most: parts}
		o, err := s.upload(t.Context(), c)
		if tc.ok {
			if err != nil || c.sent != parts-2 || *o.CRC64 != objectstore.UpdateCRC64(0, s.data) {
				t.Errorf("%s: %d parts sent, %v", tc.name, c.sent, err)
			}
			continue
		}
		if !errors.Is(err, objectstore.ErrSourceChanged) || c.sent != 0 {
			t.Errorf("%s: %d parts sent, %v", tc.name, c.sent, err)
		}
		if _, err := s.to.Stat(t.Context(), resumed); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: there is an object, %v", tc.name, err)
		}
	}
}

// TestAPartThatSomebodyReplacedIsSentAgain: the service's word for a part is
// compared with what was noted, not its number and size alone.
func TestAPartThatSomebodyReplacedIsSentAgain(t *testing.T) {
	s := newScene(t)
	s.half(t)
	noted, err := s.ledger.Load(t.Context())
	if err != nil || len(noted.Done) != 2 {
		t.Fatalf("%+v, %v", noted, err)
	}
	if _, err := s.to.PutPart(t.Context(), resumed, noted.ID, 1, bytes.NewReader(make([]byte, aPart)), aPart); err != nil {
		t.Fatal(err)
	}
	c := &counting{Bucket: s.to, most: parts}
	if _, err := s.upload(t.Context(), c); err != nil || c.sent != 3 {
		t.Errorf("%d parts sent, %v", c.sent, err)
	}
	if got, err := os.ReadFile(filepath.Join(s.to.Dir(), resumed)); err != nil || !bytes.Equal(got, s.data) {
		t.Errorf("the object is not the file, %v", err)
	}
}

// TestAFinishedUploadIsConfirmedByWhatLiesThere: an object of the same size is
// another one when its checksum is.
func TestAFinishedUploadIsConfirmedByWhatLiesThere(t *testing.T) {
	for _, tc := range []struct {
		name string
		now  func(data []byte) []byte // nil = it was removed
		want fault.Kind               // empty = it is confirmed, or sent again
		sent int
	}{
		{"as it was", func(d []byte) []byte { return d }, "", 0},
		{"another of the same size", func(d []byte) []byte { return make([]byte, len(d)) }, fault.Conflict, 0},
		{"a shorter one", func(d []byte) []byte { return d[:1] }, fault.Conflict, 0},
		{"removed", nil, "", parts},
	} {
		s := newScene(t)
		c := &counting{Bucket: s.to, most: 2 * parts}
		if _, err := s.upload(t.Context(), c); err != nil || c.sent != parts {
			t.Fatalf("%d parts sent, %v", c.sent, err)
		}
		there := filepath.Join(s.to.Dir(), resumed)
		err := os.Remove(there)
		if tc.now != nil {
			err = os.WriteFile(there, tc.now(s.data), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.upload(t.Context(), c)
		if (err == nil) != (tc.want == "") || err != nil && !fault.Is(err, tc.want) || c.sent-parts != tc.sent {
			t.Errorf("%s: %d parts sent again, %v", tc.name, c.sent-parts, err)
		}
	}
}
