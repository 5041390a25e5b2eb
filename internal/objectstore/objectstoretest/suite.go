// Package objectstoretest is what every objectstore.Bucket must do. An adapter
// proves itself by calling Run against whatever it is made for.
package objectstoretest

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// Run calls open for an existing bucket in every test. Everything is written
// under a prefix of its own and removed afterwards.
func Run(t *testing.T, open func(t *testing.T) objectstore.Bucket) {
	for _, test := range []struct {
		name string
		f    func(t *testing.T, r *room)
	}{
		{"InfoNamesTheBucket", infoNames},
		{"KeysOfAnyKindAreKept", keysKept},
		{"PutReplaces", putReplaces},
		{"ReadGivesRanges", readRanges},
		{"ListIsInByteOrderAndInPages", listOrder},
		{"MissingObjects", missing},
		{"BadKeysAreRefused", badKeys},
		{"BodiesMustBeWhole", wholeBodies},
		{"CancelledCallsEnd", cancelled},
		{"MultipartJoinsParts", multipart},
		{"PartsAreReplaced", partReplaced},
		{"CompleteRefusesOtherParts", completeRefuses},
		{"AbortForgets", abort},
		{"UploadsAreListed", uploads},
		{"UploadSendsFilesOfAnySize", uploadSizes},
		{"ReaderAtLooksInside", looksInside},
		{"ManyAtOnce", concurrent},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &room{Bucket: open(t), prefix: fmt.Sprintf("bakplane-test/%016x/", rand.Uint64())}
			t.Cleanup(func() { r.clear(t) })
			test.f(t, r)
		})
	}
}

// room is a bucket and the prefix to stay under.
type room struct {
	objectstore.Bucket
	prefix string
}

func (r *room) clear(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ups, err := r.Uploads(ctx, r.prefix, 1000)
	if err != nil {
		t.Errorf("list uploads left: %v", err)
	}
	for _, u := range ups {
		if err := r.Abort(ctx, u.Key, u.ID); err != nil {
			t.Errorf("abort %s: %v", u.Key, err)
		}
	}
	objects, err := r.List(ctx, r.prefix, "", 10000)
	if err != nil {
		t.Errorf("list objects left: %v", err)
	}
	for _, o := range objects {
		if err := r.Delete(ctx, o.Key); err != nil {
			t.Errorf("delete %s: %v", o.Key, err)
		}
	}
}

func (r *room) put(t *testing.T, key string, data []byte) objectstore.Object {
	t.Helper()
	o, err := r.Put(t.Context(), r.prefix+key, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return o
}

func (r *room) read(t *testing.T, key string, offset, length int64) []byte {
	t.Helper()
	body, err := r.Read(t.Context(), r.prefix+key, offset, length)
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	return data
}

// Noise is data that compresses badly and differs by seed.
func Noise(seed, n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(n)}).Read(data)
	return data
}

func want(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: got %v (kind %q), want kind %q", what, err, fault.Of(err), kind)
	}
}

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
		crc := objectstore.UpdateCRC64(0, data)
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
	for _, key := range []string{"", "/rooted", strings.Repeat("k", 1024)} {
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

// parts cuts data into pieces the bucket allows.
func (r *room) parts(data []byte) [][]byte {
	size := int(max(r.Limits().MinPart, 64<<10))
	var out [][]byte
	for len(data) > size {
		out = append(out, data[:size])
		data = data[size:]
	}
	return append(out, data)
}

func (r *room) part(t *testing.T, key string, id objectstore.UploadID, number int, data []byte) objectstore.Part {
	t.Helper()
	p, err := r.PutPart(t.Context(), r.prefix+key, id, number, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("part %d: %v", number, err)
	}
	if p.Number != number || p.Size != int64(len(data)) || p.CRC64 == nil || *p.CRC64 != objectstore.UpdateCRC64(0, data) {
		t.Fatalf("part %d answers %+v", number, p)
	}
	return p
}

func (r *room) begin(t *testing.T, key string) objectstore.UploadID {
	t.Helper()
	id, err := r.Begin(t.Context(), r.prefix+key)
	if err != nil || id == "" {
		t.Fatalf("begin: %q, %v", id, err)
	}
	return id
}

func multipart(t *testing.T, r *room) {
	data := Noise(3, int(max(r.Limits().MinPart, 64<<10))*4+1234)
	pieces := r.parts(data)
	id := r.begin(t, "dir/big +.bak")
	sent := make([]objectstore.Part, len(pieces))
	for i := len(pieces) - 1; i >= 0; i-- { // any order
		sent[i] = r.part(t, "dir/big +.bak", id, i+1, pieces[i])
	}
	held, err := r.Parts(t.Context(), r.prefix+"dir/big +.bak", id)
	if err != nil || len(held) != len(sent) {
		t.Fatalf("held %+v, %v", held, err)
	}
	for i, h := range held {
		if h.Number != i+1 || h.Size != int64(len(pieces[i])) || h.ETag != sent[i].ETag {
			t.Errorf("held part %+v, sent %+v", h, sent[i])
		}
		if sum := fmt.Sprintf("%X", md5.Sum(pieces[i])); h.ETag != sum {
			t.Logf("ETag %s is not the MD5 %s: lost notes will cost sending again", h.ETag, sum)
		}
	}
	_, err = r.Stat(t.Context(), r.prefix+"dir/big +.bak")
	want(t, "before completion", err, fault.NotFound)
	sent[0], sent[1] = sent[1], sent[0] // the numbers count, not the order
	for round := range 2 {              // repeating is fine
		o, err := r.Complete(t.Context(), r.prefix+"dir/big +.bak", id, sent)
		if err != nil {
			t.Fatalf("complete, round %d: %v", round, err)
		}
		if o.Size != int64(len(data)) || o.CRC64 == nil || *o.CRC64 != objectstore.UpdateCRC64(0, data) {
			t.Errorf("complete answers %+v", o)
		}
	}
	if got := r.read(t, "dir/big +.bak", 0, int64(len(data))); !bytes.Equal(got, data) {
		t.Error("the object is not its parts")
	}
	from := int64(len(pieces[0])) - 10
	if got := r.read(t, "dir/big +.bak", from, 20); !bytes.Equal(got, data[from:from+20]) {
		t.Error("a range over a joint differs")
	}
	_, err = r.Parts(t.Context(), r.prefix+"dir/big +.bak", id)
	want(t, "parts after completion", err, fault.NotFound)
}

func partReplaced(t *testing.T, r *room) {
	id := r.begin(t, "k")
	old := r.part(t, "k", id, 1, []byte("old"))
	fresh := r.part(t, "k", id, 1, []byte("fresh"))
	held, err := r.Parts(t.Context(), r.prefix+"k", id)
	if err != nil || len(held) != 1 || held[0].ETag != fresh.ETag || held[0].Size != 5 {
		t.Fatalf("held %+v, %v", held, err)
	}
	_, err = r.Complete(t.Context(), r.prefix+"k", id, []objectstore.Part{old})
	want(t, "complete with the old part", err, fault.Conflict)
	if _, err := r.Complete(t.Context(), r.prefix+"k", id, []objectstore.Part{fresh}); err != nil {
		t.Fatal(err)
	}
	if got := r.read(t, "k", 0, 100); string(got) != "fresh" {
		t.Errorf("read %q", got)
	}
}

func completeRefuses(t *testing.T, r *room) {
	size := int(max(r.Limits().MinPart, 1))
	id := r.begin(t, "k")
	one, two := r.part(t, "k", id, 1, Noise(1, size)), r.part(t, "k", id, 2, Noise(2, size))
	absent := objectstore.Part{Number: 3, Size: 1, ETag: one.ETag, CRC64: one.CRC64}
	_, err := r.Complete(t.Context(), r.prefix+"k", id, []objectstore.Part{one, two, absent})
	want(t, "an absent part", err, fault.Conflict)
	_, err = r.Complete(t.Context(), r.prefix+"k", id, nil)
	if err == nil {
		t.Error("completed without parts")
	}
	if min := r.Limits().MinPart; min > 1 {
		small := r.part(t, "k", id, 1, Noise(1, int(min)-1))
		_, err := r.Complete(t.Context(), r.prefix+"k", id, []objectstore.Part{small, two})
		want(t, "a part below the least size", err, fault.Conflict)
	}
	_, err = r.Stat(t.Context(), r.prefix+"k")
	want(t, "after refusals", err, fault.NotFound)
}

func abort(t *testing.T, r *room) {
	id := r.begin(t, "k")
	p := r.part(t, "k", id, 1, []byte("data"))
	_, err := r.Parts(t.Context(), r.prefix+"another key", id)
	want(t, "the id with another key", err, fault.NotFound)
	for range 2 { // repeating is fine
		if err := r.Abort(t.Context(), r.prefix+"k", id); err != nil {
			t.Fatalf("abort: %v", err)
		}
	}
	_, err = r.Parts(t.Context(), r.prefix+"k", id)
	want(t, "parts", err, fault.NotFound)
	_, err = r.PutPart(t.Context(), r.prefix+"k", id, 2, strings.NewReader("x"), 1)
	want(t, "part", err, fault.NotFound)
	_, err = r.Complete(t.Context(), r.prefix+"k", id, []objectstore.Part{p})
	want(t, "complete", err, fault.NotFound)
}

func uploads(t *testing.T, r *room) {
	ids := map[objectstore.UploadID]string{}
	for _, key := range []string{"x/1", "x/1", "x/2 +", "y"} {
		ids[r.begin(t, key)] = key
	}
	if len(ids) != 4 {
		t.Fatalf("ids repeat: %v", ids)
	}
	found, err := r.Uploads(t.Context(), r.prefix+"x/", 1000)
	if err != nil || len(found) != 3 {
		t.Fatalf("found %+v, %v", found, err)
	}
	for _, u := range found {
		if r.prefix+ids[u.ID] != u.Key || time.Since(u.Begun).Abs() > 10*time.Minute {
			t.Errorf("listed %+v", u)
		}
	}
	if two, err := r.Uploads(t.Context(), r.prefix, 2); err != nil || len(two) != 2 {
		t.Errorf("a page of two holds %v, %v", two, err)
	}
}

func uploadSizes(t *testing.T, r *room) {
	part := max(r.Limits().MinPart, 64<<10)
	for i, size := range []int64{0, 1, part - 1, part, part + 1, 5 * part, 7*part + 77} {
		data := Noise(i, int(size))
		r.put(t, "source", data)
		source, err := objectstore.OpenSource(t.Context(), r.Bucket, r.prefix+"source")
		if err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprintf("target-%d", size)
		var done int64
		o, err := objectstore.Upload{
			Bucket: r.Bucket, Key: r.prefix + key, Source: source, Ledger: new(objectstore.Memory), PartSize: part,
			Progress: func(d, total int64) { done = d },
		}.Run(t.Context())
		source.Close()
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if o.Size != size || o.CRC64 == nil || *o.CRC64 != objectstore.UpdateCRC64(0, data) || done != size {
			t.Errorf("%d bytes: %+v, progress %d", size, o, done)
		}
		if got := r.read(t, key, 0, size); !bytes.Equal(got, data) {
			t.Errorf("%d bytes differ", size)
		}
	}
	if left, err := r.Uploads(t.Context(), r.prefix, 10); err != nil || len(left) != 0 {
		t.Errorf("uploads left: %v, %v", left, err)
	}
}

func looksInside(t *testing.T, r *room) {
	data := Noise(5, 1<<20)
	r.put(t, "k", data)
	reader := objectstore.ReaderAt(t.Context(), r.Bucket, r.prefix+"k", int64(len(data)))
	for off := int64(0); off < 64<<10; off += 512 { // a header, block by block
		look(t, reader, data, off, 512)
	}
	for off := int64(len(data)) - 64<<10; off < int64(len(data)); off += 1024 { // a tail
		look(t, reader, data, off, 1024)
	}
	if n := reader.Reads(); n > 2 {
		t.Errorf("a head and a tail took %d ranged reads", n)
	}
	look(t, reader, data, 100_000, 500_000)
	if n, err := reader.ReadAt(make([]byte, 10), int64(len(data))-4); n != 4 || !errors.Is(err, io.EOF) {
		t.Errorf("read over the end: %d, %v", n, err)
	}
	if _, err := reader.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("read before the beginning")
	}
}

func look(t *testing.T, r io.ReaderAt, data []byte, off, n int64) {
	t.Helper()
	p := make([]byte, n)
	if _, err := r.ReadAt(p, off); err != nil || !bytes.Equal(p, data[off:off+n]) {
		t.Fatalf("look at %d: %v", off, err)
	}
}

func concurrent(t *testing.T, r *room) {
	size := int(max(r.Limits().MinPart, 64<<10))
	id := r.begin(t, "multi")
	parts := make([]objectstore.Part, 8)
	var all []byte
	for i := range parts {
		all = append(all, Noise(i, size)...)
	}
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() {
			key := fmt.Sprintf("%sobject-%d", r.prefix, i)
			if _, err := r.Put(t.Context(), key, bytes.NewReader(Noise(i, 1000)), 1000); err != nil {
				t.Errorf("put: %v", err)
			}
			if _, err := r.List(t.Context(), r.prefix, "", 100); err != nil {
				t.Errorf("list: %v", err)
			}
			var err error
			if parts[i], err = r.PutPart(t.Context(), r.prefix+"multi", id, i+1, bytes.NewReader(Noise(i, size)), int64(size)); err != nil {
				t.Errorf("part: %v", err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	if _, err := r.Complete(t.Context(), r.prefix+"multi", id, parts); err != nil {
		t.Fatal(err)
	}
	if got := r.read(t, "multi", 0, int64(len(all))); !bytes.Equal(got, all) {
		t.Error("the object is not its parts")
	}
}
