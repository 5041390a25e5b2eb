package unpack

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
)

// shelf is the two buckets; free is what the second says it has free, -1 = all.
type shelf struct {
	from, to *folder.Bucket
	free     int64
}

type small struct {
	*folder.Bucket
	free int64
}

func (s small) FreeSpace(context.Context) (int64, error) { return s.free, nil }

func (s *shelf) Bucket(context.Context, string) (objectstore.Bucket, error) {
	return small{s.to, s.free}, nil
}

func open(t *testing.T) (*shelf, string) {
	t.Helper()
	s := &shelf{free: 1 << 40}
	dir := t.TempDir()
	for i, b := range []**folder.Bucket{&s.from, &s.to} {
		at := filepath.Join(dir, []string{"from", "to"}[i])
		if err := os.Mkdir(at, 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if *b, err = folder.Open(at); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = (*b).Close() })
	}
	return s, filepath.Join(dir, "to")
}

// packed is an archive with one file; raw writes it as it is said to be.
func packed(t *testing.T, name string, content []byte, change func(h *zip.FileHeader)) []byte {
	t.Helper()
	var squeezed bytes.Buffer
	f, err := flate.NewWriter(&squeezed, 9)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var sum bytes.Buffer
	honest := zip.NewWriter(&sum)
	w, err := honest.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := honest.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(sum.Bytes()), int64(sum.Len()))
	if err != nil {
		t.Fatal(err)
	}
	h := z.File[0].FileHeader
	h.CompressedSize64, h.UncompressedSize64, h.Flags = uint64(squeezed.Len()), uint64(len(content)), 0
	if change != nil {
		change(&h)
	}
	var out bytes.Buffer
	lying := zip.NewWriter(&out)
	raw, err := lying.CreateRaw(&h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Write(squeezed.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := lying.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestAnArchiveIsLookedAtBeforeAByteIsWritten, and what is wrong with it says
// nothing of the place it lies at.
func TestAnArchiveIsLookedAtBeforeAByteIsWritten(t *testing.T) {
	content := append([]byte("TAPE\x00\x00\x03\x8c"), bytes.Repeat([]byte("rows and rows "), 5000)...)
	random := binary.BigEndian.AppendUint64([]byte("TAPE"), 7)
	for name, c := range map[string]struct {
		file    string
		content []byte
		change  func(h *zip.FileHeader)
		free    int64
		kind    fault.Kind
		says    string
	}{
		"a backup":             {"log.lbak", content, nil, 1 << 40, fault.Unknown, ""},
		"no backup":            {"log.lbak", []byte("no backup at all, but text"), nil, 1 << 40, fault.Invalid, "is no backup"},
		"nothing of the kind":  {"notes.txt", content, nil, 1 << 40, fault.Invalid, "holds no backup file"},
		"no room":              {"log.lbak", content, nil, 64 << 20, fault.Conflict, "free"},
		"says more than it is": {"log.lbak", content, func(h *zip.FileHeader) { h.UncompressedSize64 += 10_000 }, 1 << 40, fault.Invalid, "something else than it says"},
		"says less than it is": {"log.lbak", content, func(h *zip.FileHeader) { h.UncompressedSize64 -= 1_000 }, 1 << 40, fault.Invalid, "something else than it says"},
		"another sum":          {"log.lbak", content, func(h *zip.FileHeader) { h.CRC32++ }, 1 << 40, fault.Invalid, "something else than it says"},
		"a bomb":               {"log.lbak", random, func(h *zip.FileHeader) { h.UncompressedSize64 = 100 << 30 }, 1 << 50, fault.Invalid, "which no backup does"},
		"beyond all":           {"log.lbak", random, func(h *zip.FileHeader) { h.UncompressedSize64 = 1 << 62 }, 1 << 50, fault.Invalid, "no backup does"},
		"unknown compression":  {"log.lbak", content, func(h *zip.FileHeader) { h.Method = 99 }, 1 << 40, fault.Invalid, "not known here"},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := open(t)
			s.free = c.free
			b := packed(t, c.file, c.content, c.change)
			o, err := s.from.Put(t.Context(), "a.zip.log", bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			a := &Archives{Ports: s, ToID: "to"}
			_, key, err := a.Unpack(t.Context(), "from", s.from, o)
			if fault.Of(err) != c.kind || err == nil != (c.says == "") {
				t.Fatalf("%v", err)
			}
			if err != nil {
				if message, fix := fault.Words(err); !strings.Contains(message, c.says) || fix == "" {
					t.Errorf("%q %q, want %q", message, fix, c.says)
				}
				if left, _ := filepath.Glob(filepath.Join(dir, "*", "*")); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
				return
			}
			if there, err := s.to.Stat(t.Context(), key); err != nil || there.Size != int64(len(content)) {
				t.Errorf("%+v %v", there, err)
			}
			if _, again, err := a.Unpack(t.Context(), "from", s.from, o); err != nil || again != key {
				t.Errorf("once more: %s %v", again, err)
			}
			soon, late := time.Now().Add(time.Hour), time.Now().Add(25*time.Hour)
			for _, turn := range []struct {
				inUse map[string]bool
				now   time.Time
				gone  int
			}{{nil, soon, 0}, {map[string]bool{key: true}, late, 0}, {nil, late, 1}, {nil, late, 0}} {
				if n, err := a.Sweep(t.Context(), turn.inUse, turn.now); err != nil || n != turn.gone {
					t.Errorf("%d went, want %d: %v", n, turn.gone, err)
				}
			}
		})
	}
}
