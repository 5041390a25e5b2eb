package objectstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
)

// TestHowAFileIsSent: in one piece up to 8 MiB, unless parts were asked for.
func TestHowAFileIsSent(t *testing.T) {
	const small = 8 << 20
	for _, tc := range []struct {
		size     int
		partSize int64
		put      int
		parts    int
	}{
		{0, 0, 1, 0},
		{1, 0, 1, 0},
		{small, 0, 1, 0},
		{small + 1, 0, 0, 2},
		{small + 1, 2 * small, 0, 1},
		{small, small / 2, 0, 2},
	} {
		s, data := newService(), make([]byte, tc.size)
		var done, total int64
		o, err := objectstore.Upload{Bucket: s, Key: resumed, Source: newFileOf(data), Ledger: new(objectstoretest.Memory), PartSize: tc.partSize,
			Progress: func(d, of int64) { done, total = d, of }}.Run(t.Context())
		if err != nil || s.made("put") != tc.put || s.made("part ") != tc.parts || o.Size != int64(tc.size) || done != o.Size || total != o.Size {
			t.Errorf("%d bytes by %d: %v, %d of %d, %v", tc.size, tc.partSize, s.calls, done, total, err)
		}
	}
}

// TestAnObjectThatIsThereAlready is taken for the file only when its bytes are
// the file's; the service's silence of a checksum is broken by reading.
func TestAnObjectThatIsThereAlready(t *testing.T) {
	data := four()
	for _, tc := range []struct {
		name   string
		there  []byte
		silent bool
		sent   int
		read   bool // back from the service
		opened int  // reads of the source
	}{
		{"it is the file", data, false, 0, false, 1},
		{"it is the file, and no checksum is told", data, true, 0, true, 1},
		{"another of the same size", make([]byte, len(data)), false, 4, false, 5},
		{"another of the same size, and no checksum is told", make([]byte, len(data)), true, 4, true, 5},
		{"another size: the file is not even read", data[1:], false, 4, false, 4},
		{"none", nil, false, 4, false, 4},
	} {
		s, f, l := newService(), newFileOf(data), new(objectstoretest.Memory)
		s.silent = tc.silent
		if tc.there != nil {
			s.objects[resumed] = tc.there
		}
		o, err := send(t, s, f, l)
		state, _ := l.Load(t.Context())
		if err != nil || s.made("part ") != tc.sent || (s.made("read") > 0) != tc.read || f.opened != tc.opened || state.Object == nil || *o.CRC64 != *crcOf(data) || !bytes.Equal(s.objects[resumed], data) {
			t.Errorf("%s: %v, the file was read %d times, %v", tc.name, s.calls, f.opened, err)
		}
	}
}

// TestAnObjectThatDiffersIsRemoved, so that nobody takes it for the file.
func TestAnObjectThatDiffersIsRemoved(t *testing.T) {
	for _, small := range []bool{true, false} {
		for _, tc := range []struct {
			name   string
			silent bool
			spoil  func([]byte) []byte
			ok     bool
		}{
			{"it is the same", false, nil, true},
			{"it is the same, and no checksum is told", true, nil, true},
			{"a bit is another", false, func(d []byte) []byte { d[1]++; return d }, false},
			{"a bit is another, and no checksum is told", true, func(d []byte) []byte { d[1]++; return d }, false},
			{"it is shorter", false, func(d []byte) []byte { return d[1:] }, false},
		} {
			data := four()
			if small {
				data = data[:aPart]
			}
			s, l := newService(), new(objectstoretest.Memory)
			s.silent = tc.silent
			s.spoil = tc.spoil
			_, err := objectstore.Upload{Bucket: s, Key: resumed, Source: newFileOf(data), Ledger: l, PartSize: aPart}.Run(t.Context())
			state, _ := l.Load(t.Context())
			_, there := s.objects[resumed]
			if tc.ok && (err != nil || state.Object == nil || !there) {
				t.Errorf("small %v, %s: %v", small, tc.name, err)
			}
			if !tc.ok && (!fault.Is(err, fault.Conflict) || errors.Is(err, objectstore.ErrSourceChanged) || state.Object != nil || state.ID != "" || there) {
				t.Errorf("small %v, %s: %+v, there %v, %v", small, tc.name, state, there, err)
			}
		}
	}
}

// TestAFileThatChangesOnItsWay: what was sent of it is never taken for it.
func TestAFileThatChangesOnItsWay(t *testing.T) {
	for _, tc := range []struct {
		name   string
		prints []string // as the upload looks
		short  int      // bytes that are missing when it is read
		ok     bool
	}{
		{"it stays", []string{"f:1 a"}, 0, true},
		{"it is touched, and the same", []string{"f:1 a", "f:1 a", "f:1 b"}, 0, true},
		{"it changes while it is sent", []string{"f:1 a", "f:2 a"}, 0, false},
		{"it changes at the end", []string{"f:1 a", "f:1 a", "f:2 a"}, 0, false},
		{"it is cut", []string{"f:1 a"}, 1, false},
	} {
		for _, size := range []int{aPart, parts * aPart} {
			s, l, f := newService(), new(objectstoretest.Memory), newFileOf(objectstoretest.Noise(5, size), tc.prints...)
			if size == aPart && len(tc.prints) == 3 && !tc.ok {
				f.prints = f.prints[1:] // one look less
			}
			f.data = f.data[:size-tc.short]
			_, err := send(t, s, f, l)
			state, _ := l.Load(t.Context())
			if tc.ok && err != nil || !tc.ok && (!errors.Is(err, objectstore.ErrSourceChanged) || state.Object != nil || s.made("complete") > 0) {
				t.Errorf("%s, %d bytes: %v, %v", tc.name, size, s.calls, err)
			}
		}
	}
}

// TestNotesOfAFileThatWasTouchedAreNotItsBytes: an object that equals them is
// not taken for the file, which is read.
func TestNotesOfAFileThatWasTouchedAreNotItsBytes(t *testing.T) {
	for print, sent := range map[string]int{"f:1 a": 0, "f:1 b": parts} {
		old, s, l := four(), newService(), new(objectstoretest.Memory)
		s.objects[resumed] = old
		_ = l.Begun(t.Context(), objectstore.Begun{ID: "gone", Size: int64(len(old)), PartSize: aPart, Parts: parts, Fingerprint: "f:1 a"})
		for n := 1; n <= parts; n++ {
			_ = l.PartDone(t.Context(), objectstore.Part{Number: n, Size: int64(len(piece(old, n))), ETag: "E", CRC64: crcOf(piece(old, n))})
		}
		now := bytes.Clone(old)
		now[len(now)/2]++
		f := newFileOf(now, print)
		if _, err := send(t, s, f, l); err != nil || s.made("part ") != sent {
			t.Errorf("as %s: %v, %v", print, s.calls, err)
		}
	}
}

// TestAFileThatPretendsToBeTheSame was touched, and holds other bytes by then.
func TestAFileThatPretendsToBeTheSame(t *testing.T) {
	s, l, f := newService(), new(objectstoretest.Memory), newFileOf(four(), "f:1 a", "f:1 a", "f:1 b")
	s.after = func(call string) {
		if call == "part 4" {
			f.data = bytes.Clone(f.data)
			f.data[7]++
		}
	}
	if _, err := send(t, s, f, l); !errors.Is(err, objectstore.ErrSourceChanged) || s.made("complete") > 0 {
		t.Errorf("%v, %v", s.calls, err)
	}
}

// TestProgressGoesBackWhenAPartWasSentInVain and never says more than there is.
func TestProgressGoesBackWhenAPartWasSentInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, data := newService(), four()
		s.fails["part"] = []failure{{busy, false}, {busy, true}, {busy, false}}
		var last string
		_, err := objectstore.Upload{Bucket: s, Key: resumed, Source: newFileOf(data), Ledger: new(objectstoretest.Memory), PartSize: aPart, Parallel: 1,
			Progress: func(done, total int64) {
				last = fmt.Sprint(done, " of ", total)
				if done > total || done < 0 {
					t.Error(last)
				}
			}}.Run(t.Context())
		if want := fmt.Sprint(len(data), " of ", len(data)); err != nil || last != want {
			t.Errorf("%s, want %s: %v", last, want, err)
		}
	})
}

// TestAnObjectNotedWithoutAChecksumIsConfirmedByItsSize, and a look that fails
// confirms nothing.
func TestAnObjectNotedWithoutAChecksumIsConfirmedByItsSize(t *testing.T) {
	data := four()
	for _, tc := range []struct {
		name   string
		noted  objectstore.Object
		silent bool
		fail   error
		want   fault.Kind
	}{
		{"none was noted", objectstore.Object{Size: int64(len(data))}, false, nil, ""},
		{"none is told", objectstore.Object{Size: int64(len(data)), CRC64: crcOf(data)}, true, nil, ""},
		{"another size", objectstore.Object{Size: 1}, true, nil, fault.Conflict},
		{"another sum", objectstore.Object{Size: int64(len(data)), CRC64: crcOf(nil)}, false, nil, fault.Conflict},
		{"it cannot be looked at", objectstore.Object{Size: int64(len(data))}, false, denied, fault.Denied},
	} {
		s, l, f := newService(), new(objectstoretest.Memory), newFileOf(data)
		s.silent, s.objects[resumed] = tc.silent, data
		if tc.fail != nil {
			s.fails["stat"] = []failure{{tc.fail, false}}
		}
		_ = l.Completed(t.Context(), tc.noted)
		o, err := send(t, s, f, l)
		if (err == nil) != (tc.want == "") || err != nil && !fault.Is(err, tc.want) || f.opened > 0 || s.made("part")+s.made("put") > 0 {
			t.Errorf("%s: %v, %v", tc.name, s.calls, err)
		}
		if err == nil && (o.CRC64 == nil) != (tc.noted.CRC64 == nil) {
			t.Errorf("%s: %+v", tc.name, o)
		}
	}
}
