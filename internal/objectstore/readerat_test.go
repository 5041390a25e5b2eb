package objectstore_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
)

// TestSmallLooksBecomeFewReads, each of at least 128 KiB inside the object;
// large ones are read as they are, and no more than 4 MiB is kept.
func TestSmallLooksBecomeFewReads(t *testing.T) {
	const kb, mb = 1 << 10, 1 << 20
	type look struct{ off, n int }
	for _, tc := range []struct {
		name  string
		size  int
		looks []look
		reads []string
	}{
		{"a small object is one read", 100, []look{{0, 4}, {50, 50}, {99, 1}}, []string{"read k 0+100"}},
		{"the head, twice", mb, []look{{0, 512}, {512, 512}, {128*kb - 1, 1}}, []string{"read k 0+131072"}},
		{"behind what is kept", mb, []look{{0, 512}, {128 * kb, 1}}, []string{"read k 0+131072", "read k 131072+131072"}},
		{"over the joint", mb, []look{{0, 512}, {128*kb - 2, 4}}, []string{"read k 0+131072", "read k 131072+131072"}},
		{"the tail is one read", mb, []look{{mb - 4, 4}, {mb - 128*kb, 9}}, []string{"read k 917504+131072"}},
		{"a larger look", mb, []look{{5, 200 * kb}, {9, 9}}, []string{"read k 5+204800"}},
		{"half of what is kept is kept", 8 * mb, []look{{0, 2 * mb}, {7, 7}}, []string{"read k 0+2097152"}},
		{"a byte more is not", 8 * mb, []look{{0, 2*mb + 1}, {7, 7}}, []string{"read k 0+2097153", "read k 7+131072"}},
		{"the oldest makes room", 8 * mb, []look{{0, 2 * mb}, {2 * mb, 2 * mb}, {0, 9}, {4 * mb, 9}, {0, 9}, {2 * mb, 9}},
			[]string{"read k 0+2097152", "read k 2097152+2097152", "read k 4194304+131072", "read k 0+131072"}},
	} {
		s, data := newService(), objectstoretest.Noise(2, tc.size)
		s.objects["k"] = data
		r := objectstore.ReaderAt(t.Context(), s, "k", int64(tc.size))
		for _, l := range tc.looks {
			p := make([]byte, l.n)
			if n, err := r.ReadAt(p, int64(l.off)); err != nil || n != l.n || !bytes.Equal(p, data[l.off:l.off+l.n]) {
				t.Errorf("%s: %d bytes at %d: %d, %v", tc.name, l.n, l.off, n, err)
			}
		}
		if !slices.Equal(s.calls, tc.reads) || r.Reads() != len(tc.reads) {
			t.Errorf("%s: %q, want %q", tc.name, s.calls, tc.reads)
		}
	}
}

func TestLooksPastTheEnd(t *testing.T) {
	s := newService()
	s.objects["k"] = []byte("0123456789")
	for _, tc := range []struct {
		off  int64
		n    int
		want string
		eof  bool
	}{{0, 10, "0123456789", false}, {0, 11, "0123456789", true}, {9, 1, "9", false}, {9, 2, "9", true}, {10, 1, "", true}, {11, 1, "", true}, {10, 0, "", false}} {
		p := make([]byte, tc.n)
		n, err := objectstore.ReaderAt(t.Context(), s, "k", 10).ReadAt(p, tc.off)
		if string(p[:n]) != tc.want || errors.Is(err, io.EOF) != tc.eof || err != nil && !tc.eof {
			t.Errorf("%d at %d: %q, %v", tc.n, tc.off, p[:n], err)
		}
	}
	if _, err := objectstore.ReaderAt(t.Context(), s, "k", 10).ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("before the beginning")
	}
	if _, err := objectstore.ReaderAt(t.Context(), s, "k", 11).ReadAt(make([]byte, 11), 0); err == nil {
		t.Error("an object that is shorter than it was")
	}
}
