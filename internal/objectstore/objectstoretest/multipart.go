package objectstoretest

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

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
	if p.Number != number || p.Size != int64(len(data)) || p.CRC64 == nil || *p.CRC64 != r.sum(data) {
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
		if sum := fmt.Sprintf("%X", md5.Sum(pieces[i])); !strings.EqualFold(h.ETag, sum) {
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
		if o.Size != int64(len(data)) || o.CRC64 == nil || *o.CRC64 != r.sum(data) {
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
			Bucket: r.Bucket, Key: r.prefix + key, Source: source, Ledger: new(Memory), PartSize: part,
			Progress: func(d, total int64) { done = d },
		}.Run(t.Context())
		source.Close()
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if o.Size != size || o.CRC64 == nil || *o.CRC64 != r.sum(data) || done != size {
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
