package objectstoretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

func infoNames(t *testing.T, r *room) {
	info, err := r.Info(t.Context())
	if err != nil || info.Name == "" {
		t.Errorf("info %+v, error %v", info, err)
	}
	if l := r.Limits(); l.MinPart < 1 || l.MaxPart < l.MinPart || l.MaxParts < 1 {
		t.Errorf("limits %+v", l)
	}
}

func keysKept(t *testing.T, r *room) {
	long := strings.Repeat("long/", 150) + "name"
	for i, key := range []string{"plain.bak", "dir/sub dir/a b+c.bak", "数据库/备份 %2F & ?=#.trn", "~tilde*'()!;:@", "UPPER/lower", "dot.d/..not up", ".hidden", long} {
		data := Noise(i, 1000*i)
		before := time.Now().Add(-time.Minute)
		o := r.put(t, key, data)
		crc := r.sum(data)
		if o.Key != r.prefix+key || o.Size != int64(len(data)) || o.CRC64 == nil || *o.CRC64 != crc {
			t.Errorf("put answers %+v for %q", o, key)
		}
		seen, err := r.Stat(t.Context(), r.prefix+key)
		if err != nil || seen.Size != o.Size || seen.Key != o.Key || seen.ETag == "" || seen.Modified.Before(before) {
			t.Errorf("stat answers %+v, %v for %q", seen, err, key)
		}
		if seen.CRC64 != nil && *seen.CRC64 != crc {
			t.Errorf("checksum of %q is %x, want %x", key, *seen.CRC64, crc)
		}
		if got := r.read(t, key, 0, int64(len(data))); !bytes.Equal(got, data) {
			t.Errorf("%q holds other bytes", key)
		}
		for range 2 { // repeating is fine
			if err := r.Delete(t.Context(), r.prefix+key); err != nil {
				t.Errorf("delete %q: %v", key, err)
			}
		}
	}
}

func putReplaces(t *testing.T, r *room) {
	first := r.put(t, "k", []byte("first content"))
	second := r.put(t, "k", []byte("second"))
	if got := r.read(t, "k", 0, 100); string(got) != "second" {
		t.Errorf("read %q", got)
	}
	if first.ETag == second.ETag {
		t.Errorf("the ETag %q stayed when the content changed", first.ETag)
	}
}

func readRanges(t *testing.T, r *room) {
	data := Noise(1, 10_000)
	r.put(t, "k", data)
	for _, c := range []struct{ offset, length, from, to int64 }{
		{0, 10_000, 0, 10_000}, {0, 1, 0, 1}, {9_999, 1, 9_999, 10_000}, {5_000, 100, 5_000, 5_100},
		{9_000, 5_000, 9_000, 10_000}, {0, 1 << 40, 0, 10_000}, // the object ends earlier
		{10_000, 1, 0, 0}, {20_000, 10, 0, 0}, {5, 0, 0, 0}, // nothing there
	} {
		if got := r.read(t, "k", c.offset, c.length); !bytes.Equal(got, data[c.from:c.to]) {
			t.Errorf("read(%d, %d) gives %d bytes, want %d", c.offset, c.length, len(got), c.to-c.from)
		}
	}
	r.put(t, "empty", nil)
	if got := r.read(t, "empty", 0, 10); len(got) != 0 {
		t.Errorf("empty object gives %d bytes", len(got))
	}
}

func listOrder(t *testing.T, r *room) {
	keys := []string{"a", "a.b", "a b/c", "b/c/d", "b/c.d", "b/c/e", "b-", "b0", "ä", "z/y/x/w"}
	for i := range 15 {
		keys = append(keys, fmt.Sprintf("n/%02d", i))
	}
	for i, k := range keys {
		r.put(t, k, make([]byte, i))
	}
	sort.Strings(keys)
	for _, c := range []struct {
		prefix, after string
		page          int
	}{
		{"", "", 1000}, {"", "", 1}, {"", "", 4}, {"n/", "", 6}, {"b", "", 2}, {"b/c", "b/c.d", 10}, {"", "b/c/d", 3}, {"", "b/c", 5}, {"n/", "n/07", 1000}, {"", "zz", 5}, {"nope", "", 5}, {"n/0", "m", 3},
	} {
		var wanted, got []string
		for _, k := range keys {
			if strings.HasPrefix(k, c.prefix) && k > c.after {
				wanted = append(wanted, k)
			}
		}
		after := ""
		if c.after != "" {
			after = r.prefix + c.after
		}
		for range len(keys) + 1 {
			page, err := r.List(t.Context(), r.prefix+c.prefix, after, c.page)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) > c.page {
				t.Fatalf("a page of %d has %d objects", c.page, len(page))
			}
			for _, o := range page {
				got = append(got, strings.TrimPrefix(o.Key, r.prefix))
				after = o.Key
			}
			if len(page) < c.page {
				break
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(wanted) {
			t.Errorf("list(%q, after %q) by %d:\n got %q\nwant %q", c.prefix, c.after, c.page, got, wanted)
		}
	}
	if none, err := r.List(t.Context(), r.prefix, "", 0); err != nil || len(none) != 0 {
		t.Errorf("a page of nothing holds %v, %v", none, err)
	}
}

func missing(t *testing.T, r *room) {
	key := r.prefix + "missing"
	_, err := r.Stat(t.Context(), key)
	want(t, "stat", err, fault.NotFound)
	_, err = r.Read(t.Context(), key, 0, 1)
	want(t, "read", err, fault.NotFound)
	if err := r.Delete(t.Context(), key); err != nil {
		t.Errorf("delete: %v", err)
	}
	r.put(t, "dir/file", []byte("x"))
	_, err = r.Stat(t.Context(), r.prefix+"dir")
	want(t, "stat of a folder", err, fault.NotFound)
	_, err = r.Read(t.Context(), r.prefix+"dir", 0, 1)
	want(t, "read of a folder", err, fault.NotFound)
}

func badKeys(t *testing.T, r *room) {
	for _, key := range []string{"", "/rooted", strings.Repeat("k", 1025)} {
		_, err := r.Put(t.Context(), key, strings.NewReader("x"), 1)
		want(t, "put "+key, err, fault.Invalid)
		_, err = r.Begin(t.Context(), key)
		want(t, "begin "+key, err, fault.Invalid)
		_, err = r.Stat(t.Context(), key)
		want(t, "stat "+key, err, fault.Invalid)
		_, err = r.Read(t.Context(), key, 0, 1)
		want(t, "read "+key, err, fault.Invalid)
	}
}

var errSource = errors.New("the disk is on fire")

type burning struct{ r io.Reader }

func (b burning) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = errSource
	}
	return n, err
}

func wholeBodies(t *testing.T, r *room) {
	size := int64(300 << 10)
	half := Noise(2, int(size/2))
	id, err := r.Begin(t.Context(), r.prefix+"multi")
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]func() io.Reader{
		"short":   func() io.Reader { return bytes.NewReader(half) },
		"burning": func() io.Reader { return burning{bytes.NewReader(half)} },
	} {
		_, err := r.Put(t.Context(), r.prefix+"k", body(), size)
		if err == nil || name == "burning" && !errors.Is(err, errSource) {
			t.Errorf("%s put: %v", name, err)
		}
		_, err = r.PutPart(t.Context(), r.prefix+"multi", id, 1, body(), size)
		if err == nil || name == "burning" && !errors.Is(err, errSource) {
			t.Errorf("%s part: %v", name, err)
		}
	}
	_, err = r.Stat(t.Context(), r.prefix+"k")
	want(t, "a half object", err, fault.NotFound)
	if parts, err := r.Parts(t.Context(), r.prefix+"multi", id); err != nil || len(parts) != 0 {
		t.Errorf("half parts are held: %v, %v", parts, err)
	}
}

// endless sends until its context ends, then a while longer.
type endless struct {
	once  sync.Once
	begun chan struct{}
}

func (e *endless) Read(p []byte) (int, error) {
	e.once.Do(func() { close(e.begun) })
	time.Sleep(time.Millisecond)
	return min(len(p), 1<<10), nil
}

func cancelled(t *testing.T, r *room) {
	ctx, cancel := context.WithCancel(t.Context())
	e := &endless{begun: make(chan struct{})}
	ended := make(chan error, 1)
	go func() {
		_, err := r.Put(ctx, r.prefix+"k", e, 1<<32)
		ended <- err
	}()
	<-e.begun
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled put: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("a cancelled put goes on")
	}
	_, err := r.Stat(t.Context(), r.prefix+"k")
	want(t, "after a cancelled put", err, fault.NotFound)
}
