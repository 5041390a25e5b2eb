package bakfile_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
)

// counted counts what a reader is asked for.
type counted struct {
	io.ReaderAt
	reads, bytes atomic.Int64
}

func (c *counted) ReadAt(b []byte, off int64) (int, error) {
	c.reads.Add(1)
	c.bytes.Add(int64(len(b)))
	return c.ReaderAt.ReadAt(b, off)
}

func openSample(t testing.TB, path string) (*counted, int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return &counted{ReaderAt: f}, info.Size()
}

func expected(t testing.TB) map[string]json.RawMessage {
	t.Helper()
	b, err := os.ReadFile(bakfiletest.Sample(t, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]json.RawMessage{}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	return want
}

func TestSamplesReadAsRestoreCommandsWouldShowThem(t *testing.T) {
	want := expected(t)
	if len(want) < 41 {
		t.Fatalf("expected.json describes %d files, want at least 41", len(want))
	}
	var most, mostReads int64
	for name, raw := range want {
		t.Run(name, func(t *testing.T) {
			r, size := openSample(t, bakfiletest.Sample(t, name))
			f, err := bakfile.Read(r, size)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(f.Describe())
			if err != nil {
				t.Fatal(err)
			}
			compareJSON(t, raw, got)
			if n := r.bytes.Load(); n > 300_000 {
				t.Errorf("read %d bytes, want at most 300,000", n)
			}
			if n := r.reads.Load(); n > 10 {
				t.Errorf("%d reads, want at most 10", n)
			}
			most, mostReads = max(most, r.bytes.Load()), max(mostReads, r.reads.Load())
			for _, s := range f.Sets {
				if !s.Complete || !s.LSNsTrustworthy {
					t.Errorf("set %d: complete %v, LSNs trustworthy %v", s.Position, s.Complete, s.LSNsTrustworthy)
				}
			}
		})
	}
	t.Logf("at most %d bytes in at most %d reads", most, mostReads)
}

func compareJSON(t *testing.T, want, got []byte) {
	t.Helper()
	var w, g map[string]any
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatal(err)
	}
	difference(t, "", w, g)
}

func difference(t *testing.T, path string, want, got any) {
	t.Helper()
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s: got %v, want an object", path, got)
			return
		}
		for k := range g {
			if _, ok := w[k]; !ok {
				t.Errorf("%s.%s: unexpected, %v", path, k, g[k])
			}
		}
		for k := range w {
			if _, ok := g[k]; !ok {
				t.Errorf("%s.%s: missing", path, k)
				continue
			}
			difference(t, path+"."+k, w[k], g[k])
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			t.Errorf("%s: got %v, want %v", path, got, want)
			return
		}
		for i := range w {
			difference(t, path+"[]", w[i], g[i])
		}
	default:
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

func BenchmarkInspect(b *testing.B) {
	files, err := filepath.Glob(filepath.Join(bakfiletest.Samples(b), "*.[bt][ar][kn]"))
	if err != nil || len(files) == 0 {
		b.Fatal(err, files)
	}
	for _, path := range files {
		b.Run(filepath.Base(path), func(b *testing.B) {
			r, size := openSample(b, path)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bakfile.Read(r, size); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(r.bytes.Load())/float64(b.N), "bytes-read/op")
			b.ReportMetric(float64(r.reads.Load())/float64(b.N), "reads/op")
		})
	}
}
