package objectstore_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
)

// onDisk opens a file as a source that follows its name.
func onDisk(t *testing.T, path string) *objectstore.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := objectstore.NewFile("full.bak", f, func() (fs.FileInfo, error) { return os.Stat(path) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestAFingerprintFollowsAFile while it is open, and from one opening to the
// next.
func TestAFingerprintFollowsAFile(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	data := objectstoretest.Noise(4, 300<<10)
	with := func(i int) []byte { d := bytes.Clone(data); d[i]++; return d }
	must := func(t *testing.T, errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name   string
		change func(t *testing.T, path string)
		open   fault.Kind // of the source that stayed open; empty = its fingerprint is as before
		fresh  bool       // a source opened anew tells the same content
	}{
		{"nothing", func(*testing.T, string) {}, "", true},
		{"written anew with the same bytes and time", func(t *testing.T, p string) {
			must(t, os.Remove(p), os.WriteFile(p+".2", data, 0o600), os.Rename(p+".2", p), os.Chtimes(p, at, at))
		}, fault.Conflict, true},
		{"a nanosecond later", func(t *testing.T, p string) { must(t, os.Chtimes(p, at, at.Add(1))) }, fault.Conflict, false},
		{"its first byte", func(t *testing.T, p string) { must(t, os.WriteFile(p, with(0), 0o600), os.Chtimes(p, at, at)) }, "", false},
		{"the last byte of its head", func(t *testing.T, p string) {
			must(t, os.WriteFile(p, with(64<<10-1), 0o600), os.Chtimes(p, at, at))
		}, "", false},
		{"the first byte of its tail", func(t *testing.T, p string) {
			must(t, os.WriteFile(p, with(len(data)-64<<10), 0o600), os.Chtimes(p, at, at))
		}, "", false},
		{"its last byte", func(t *testing.T, p string) {
			must(t, os.WriteFile(p, with(len(data)-1), 0o600), os.Chtimes(p, at, at))
		}, "", false},
		{"its middle, under the same time", func(t *testing.T, p string) {
			must(t, os.WriteFile(p, with(len(data)/2), 0o600), os.Chtimes(p, at, at))
		}, "", true},
		{"longer", func(t *testing.T, p string) {
			must(t, os.WriteFile(p, append(bytes.Clone(data), 1), 0o600), os.Chtimes(p, at, at))
		}, fault.Conflict, false},
	} {
		path := filepath.Join(t.TempDir(), "f")
		must(t, os.WriteFile(path, data, 0o600), os.Chtimes(path, at, at))
		s := onDisk(t, path)
		before, err := s.Fingerprint(t.Context())
		must(t, err)
		tc.change(t, path)
		now, err := s.Fingerprint(t.Context())
		if tc.open != "" && (!fault.Is(err, tc.open) || !errors.Is(err, objectstore.ErrSourceChanged)) || tc.open == "" && err != nil {
			t.Errorf("%s: %q, %v", tc.name, now, err)
		}
		fresh, err := onDisk(t, path).Fingerprint(t.Context())
		was, _, _ := strings.Cut(before, " ")
		is, place, two := strings.Cut(fresh, " ")
		if err != nil || !two || place == "" || (was == is) != tc.fresh {
			t.Errorf("%s: %q, was %q, %v", tc.name, fresh, before, err)
		}
		if (before == fresh) != (tc.name == "nothing") {
			t.Errorf("%s: %q, was %q: what was touched is not seen", tc.name, fresh, before)
		}
	}
}

func TestAFileThatIsGoneOrUnreadable(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want fault.Kind
	}{{fs.ErrNotExist, fault.NotFound}, {fs.ErrPermission, fault.Denied}, {errors.New("input/output error"), fault.Conflict}} {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := objectstore.NewFile("full.bak", f, func() (fs.FileInfo, error) { return nil, tc.err })
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.Fingerprint(t.Context()); !fault.Is(err, tc.want) || errors.Is(err, objectstore.ErrSourceChanged) {
			t.Errorf("%v: %v", tc.err, err)
		}
	}
	d, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := objectstore.NewFile("a folder", d, d.Stat); !fault.Is(err, fault.Conflict) {
		t.Errorf("a folder: %v", err)
	}
}

// TestAnObjectAsASource is the same one as long as all that the service tells
// of it is.
func TestAnObjectAsASource(t *testing.T) {
	data := four()
	for _, tc := range []struct {
		name   string
		change func(*service)
		want   fault.Kind
	}{
		{"it stays", func(*service) {}, ""},
		{"another of the same size", func(s *service) { s.objects["k"] = make([]byte, len(data)) }, fault.Conflict},
		{"a shorter one", func(s *service) { s.objects["k"] = data[1:] }, fault.Conflict},
		{"it is gone", func(s *service) { delete(s.objects, "k") }, fault.NotFound},
		{"the service is busy", func(s *service) { s.fails["stat"] = []failure{{busy, false}} }, fault.Unavailable},
	} {
		s := newService()
		s.objects["k"] = data
		o, err := objectstore.OpenSource(t.Context(), s, "k")
		if err != nil {
			t.Fatal(err)
		}
		before, err := o.Fingerprint(t.Context())
		if err != nil || strings.Count(before, " ") != 1 || o.Size() != int64(len(data)) {
			t.Fatalf("%q, %v", before, err)
		}
		tc.change(s)
		now, err := o.Fingerprint(t.Context())
		if tc.want == "" && (err != nil || now != before) || tc.want != "" && !fault.Is(err, tc.want) || errors.Is(err, objectstore.ErrSourceChanged) != (tc.want == fault.Conflict) {
			t.Errorf("%s: %q, %v", tc.name, now, err)
		}
	}
	a, b := newService(), newService()
	a.objects["k"], b.objects["k"] = data, data
	b.silent = true
	var prints []string
	for _, s := range []*service{a, b} {
		o, err := objectstore.OpenSource(t.Context(), s, "k")
		if err != nil {
			t.Fatal(err)
		}
		p, _ := o.Fingerprint(t.Context())
		prints = append(prints, p)
	}
	if prints[0] == prints[1] {
		t.Errorf("the checksum is no part of %q", prints[0])
	}
}
