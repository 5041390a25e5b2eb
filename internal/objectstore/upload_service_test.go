package objectstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
)

var (
	busy   = fault.New(fault.Unavailable, "Busy.", "")
	denied = fault.New(fault.Denied, "No.", "")
	unseen = fault.New(fault.NotFound, "No.", "")
)

// four is a file of four parts; the last is short.
func four() []byte { return objectstoretest.Noise(9, parts*aPart-7) }

func piece(data []byte, number int) []byte {
	return data[(number-1)*aPart : min(number*aPart, len(data))]
}

func send(t *testing.T, s *service, f *fileOf, l objectstore.Ledger) (objectstore.Object, error) {
	t.Helper()
	return objectstore.Upload{Bucket: s, Key: resumed, Source: f, Ledger: l, PartSize: aPart, Parallel: 1}.Run(t.Context())
}

// TestWhatTheServiceHoldsDecidesWhatIsSent: of an upload that was begun before.
func TestWhatTheServiceHoldsDecidesWhatIsSent(t *testing.T) {
	data := four()
	noted := func(n int, edit ...func(*objectstore.Part)) objectstore.Part {
		p := objectstore.Part{Number: n, Size: int64(len(piece(data, n))), ETag: sumOf(piece(data, n)), CRC64: crcOf(piece(data, n))}
		for _, f := range edit {
			f(&p)
		}
		return p
	}
	other := make([]byte, aPart)
	for _, tc := range []struct {
		name   string
		held   [][]byte
		noted  []objectstore.Part
		print  string // noted with the upload
		sent   []int
		opened int // reads of the source besides those of sending
		lost   bool
	}{
		{"noted and held", [][]byte{piece(data, 1), piece(data, 2)}, []objectstore.Part{noted(1), noted(2)}, "file:1 a", []int{3, 4}, 0, false},
		{"held and not noted", [][]byte{piece(data, 1)}, nil, "file:1 a", []int{2, 3, 4}, 1, false},
		{"held, not noted, and another", [][]byte{other}, nil, "file:1 a", []int{1, 2, 3, 4}, 1, false},
		{"noted and not held", nil, []objectstore.Part{noted(1)}, "file:1 a", []int{1, 2, 3, 4}, 0, false},
		{"held in another size", [][]byte{piece(data, 1)[:9]}, nil, "file:1 a", []int{1, 2, 3, 4}, 0, false},
		{"noted without a sum", [][]byte{piece(data, 1)}, []objectstore.Part{noted(1, func(p *objectstore.Part) { p.CRC64 = nil })}, "file:1 a", []int{2, 3, 4}, 1, false},
		{"noted under another name", [][]byte{piece(data, 1)}, []objectstore.Part{noted(1, func(p *objectstore.Part) { p.ETag = "X" })}, "file:1 a", []int{2, 3, 4}, 1, false},
		{"touched, and the same", [][]byte{piece(data, 1)}, []objectstore.Part{noted(1)}, "file:1 b", []int{2, 3, 4}, 1, false},
		{"touched, and another in what was sent", [][]byte{other}, []objectstore.Part{{Number: 1, Size: aPart, ETag: sumOf(other), CRC64: crcOf(other)}}, "file:1 b", nil, 1, true},
		{"of another file", [][]byte{piece(data, 1)}, []objectstore.Part{noted(1)}, "file:2 a", nil, 0, true},
		{"of a file of another size under the same print", nil, nil, "size", nil, 0, true},
		{"all of it", [][]byte{piece(data, 1), piece(data, 2), piece(data, 3), piece(data, 4)}, []objectstore.Part{noted(1), noted(2), noted(3), noted(4)}, "file:1 a", nil, 0, false},
	} {
		s, f, l := newService(), newFileOf(data), new(objectstoretest.Memory)
		id := s.begin(resumed, time.Now(), tc.held...)
		begun := objectstore.Begun{ID: id, Size: int64(len(data)), PartSize: aPart, Parts: parts, Fingerprint: tc.print}
		if tc.print == "size" {
			begun.Size, begun.Fingerprint = begun.Size+1, "file:1 a"
		}
		_ = l.Begun(t.Context(), begun)
		for _, p := range tc.noted {
			_ = l.PartDone(t.Context(), p)
		}
		o, err := send(t, s, f, l)
		var sent []int
		for n := 1; n <= parts; n++ {
			for range s.made(fmt.Sprint("part ", n)) {
				sent = append(sent, n)
			}
		}
		if !slices.Equal(sent, tc.sent) || f.opened-len(sent) != tc.opened || errors.Is(err, objectstore.ErrSourceChanged) != tc.lost {
			t.Errorf("%s: sent %v, read %d times, %v", tc.name, sent, f.opened-len(sent), err)
		}
		if tc.lost {
			if s.made("complete")+s.made("abort") > 0 {
				t.Errorf("%s: %v", tc.name, s.calls)
			}
			continue
		}
		state, _ := l.Load(t.Context())
		if err != nil || !bytes.Equal(s.objects[resumed], data) || *o.CRC64 != *crcOf(data) || state.Object == nil || len(state.Done) != parts {
			t.Errorf("%s: %+v, noted %+v, %v", tc.name, o, state, err)
		}
	}
}

// TestAnswersThatAreLost: after one it is looked before it is done again.
func TestAnswersThatAreLost(t *testing.T) {
	data := four()
	again := func(n int, done bool) (q []failure) {
		for range n {
			q = append(q, failure{busy, done})
		}
		return q
	}
	for _, tc := range []struct {
		name            string
		call            string
		fails           []failure
		parts, complete int // calls
		want            fault.Kind
	}{
		{"none", "part", nil, 4, 1, ""},
		{"a part that arrived", "part", again(1, true), 4, 1, ""},
		{"a part that did not", "part", again(1, false), 5, 1, ""},
		{"a part, twice", "part", again(2, false), 6, 1, ""},
		{"a part that is refused", "part", []failure{{denied, false}}, 1, 0, fault.Denied},
		{"the end, which happened", "complete", again(1, true), 4, 1, ""},
		{"the end, which did not", "complete", again(1, false), 4, 2, ""},
		{"the end, of which nothing is known", "complete", []failure{{unseen, true}}, 4, 1, ""},
		{"the end of an upload that is gone", "complete", []failure{{unseen, false}}, 4, 1, fault.NotFound},
		{"the end is refused", "complete", []failure{{denied, false}}, 4, 1, fault.Denied},
		{"the beginning", "begin", again(1, true), 4, 1, ""},
		{"the list of uploads", "uploads", again(2, false), 4, 1, ""},
		{"the list of parts", "parts", again(2, false), 4, 1, ""},
		{"a look at the object", "stat", again(2, false), 4, 1, ""},
		{"a look at the object is refused", "stat", []failure{{denied, false}}, 0, 0, fault.Denied},
		{"for ever", "part", again(1000, false), 0, 0, fault.Unavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, l := newService(), new(objectstoretest.Memory)
			s.fails[tc.call] = tc.fails
			begun := time.Now()
			_, err := send(t, s, newFileOf(data), l)
			if tc.want == "" && err != nil || tc.want != "" && !fault.Is(err, tc.want) {
				t.Errorf("%s: %v", tc.name, err)
			}
			if tc.name == "for ever" {
				if took := time.Since(begun); took < 90*time.Second || took > 3*time.Minute {
					t.Errorf("%s: given up after %s", tc.name, took)
				}
				return
			}
			if s.made("part ") != tc.parts || s.made("complete") != tc.complete {
				t.Errorf("%s: %v", tc.name, s.calls)
			}
			if tc.want == "" && (!bytes.Equal(s.objects[resumed], data) || len(s.begun) != 0) {
				t.Errorf("%s: the object is not the file, or uploads are left: %d", tc.name, len(s.begun))
			}
		})
	}
}

// TestAnUploadThatTheServiceForgotBeginsAnew, unless it has become the object.
func TestAnUploadThatTheServiceForgotBeginsAnew(t *testing.T) {
	data := four()
	for _, tc := range []struct {
		name  string
		there []byte
		sent  int
	}{
		{"nothing is there", nil, 4},
		{"the object is there", data, 0},
		{"another is there", make([]byte, len(data)), 4},
		{"a shorter one is there", data[1:], 4},
	} {
		s, l := newService(), new(objectstoretest.Memory)
		if tc.there != nil {
			s.objects[resumed] = tc.there
		}
		_ = l.Begun(t.Context(), objectstore.Begun{ID: "gone", Size: int64(len(data)), PartSize: aPart, Parts: parts, Fingerprint: "file:1 a"})
		_ = l.PartDone(t.Context(), objectstore.Part{Number: 1, Size: aPart, ETag: "E", CRC64: crcOf(piece(data, 1))})
		_, err := send(t, s, newFileOf(data), l)
		if err != nil || s.made("part ") != tc.sent || !bytes.Equal(s.objects[resumed], data) {
			t.Errorf("%s: %v, %v", tc.name, s.calls, err)
		}
	}
}

// TestUploadsNobodyNotedAreTakenOverOrThrownAway, of this key alone.
func TestUploadsNobodyNotedAreTakenOverOrThrownAway(t *testing.T) {
	data := four()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name    string
		leave   func(s *service)
		begun   int // calls of begin
		sent    int
		aborted []string
		left    int
	}{
		{"none", func(*service) {}, 1, 4, nil, 0},
		{"an empty one", func(s *service) { s.begin(resumed, now) }, 0, 4, nil, 0},
		{"one with parts that fit", func(s *service) { s.begin(resumed, now, piece(data, 1), nil, nil, piece(data, 4)) }, 0, 2, nil, 0},
		{"one with a part of another size", func(s *service) { s.begin(resumed, now, piece(data, 1)[1:]) }, 1, 4, nil, 1},
		{"one whose last part is not short", func(s *service) { s.begin(resumed, now, nil, nil, nil, piece(data, 1)) }, 1, 4, nil, 1},
		{"one with a part too many", func(s *service) { s.begin(resumed, now, piece(data, 1), nil, nil, nil, piece(data, 1)) }, 1, 4, nil, 1},
		{"two empty ones: the newer goes on", func(s *service) { s.begin(resumed, now); s.begin(resumed, now.Add(time.Second)) }, 0, 4, []string{"u1"}, 0},
		{"of a longer key", func(s *service) { s.begin(resumed+".2", now) }, 1, 4, nil, 1},
	} {
		s := newService()
		tc.leave(s)
		_, err := send(t, s, newFileOf(data), new(objectstoretest.Memory))
		var aborted []string
		for _, c := range s.calls {
			if len(c) > 6 && c[:6] == "abort " {
				aborted = append(aborted, c[6:])
			}
		}
		if err != nil || s.made("begin") != tc.begun || s.made("part ") != tc.sent || !slices.Equal(aborted, tc.aborted) || len(s.begun) != tc.left {
			t.Errorf("%s: %v, %d left, %v", tc.name, s.calls, len(s.begun), err)
		}
	}
}

// TestForgettingAnUpload throws away what the service holds of it and nothing
// that is whole or another's.
func TestForgettingAnUpload(t *testing.T) {
	now := time.Now()
	for _, tc := range []struct {
		name  string
		noted objectstore.State
		fail  error
		left  []string
		kept  bool // what is noted
	}{
		{"noted", objectstore.State{Begun: objectstore.Begun{ID: "u2"}}, nil, []string{"u1", "u3", "u4"}, false},
		{"noted and gone", objectstore.State{Begun: objectstore.Begun{ID: "u9"}}, unseen, []string{"u1", "u2", "u3", "u4"}, false},
		{"it cannot be thrown away", objectstore.State{Begun: objectstore.Begun{ID: "u2"}}, denied, []string{"u1", "u2", "u3", "u4"}, true},
		{"completed", objectstore.State{Begun: objectstore.Begun{ID: "u2"}, Object: &objectstore.Object{}}, nil, []string{"u1", "u2", "u3", "u4"}, false},
		{"not noted", objectstore.State{}, nil, []string{"u2", "u3"}, false},
	} {
		s, l := newService(), new(objectstoretest.Memory)
		s.begin(resumed, now)
		s.begin(resumed, now, []byte("a part"))
		s.begin(resumed+".2", now)
		s.begin(resumed, now)
		if tc.fail != nil {
			s.fails["abort"] = []failure{{tc.fail, false}}
		}
		if tc.noted.ID != "" {
			_ = l.Begun(t.Context(), tc.noted.Begun)
		}
		if tc.noted.Object != nil {
			_ = l.Completed(t.Context(), *tc.noted.Object)
		}
		err := objectstore.Forget(t.Context(), s, resumed, l)
		var left []string
		for id := range s.begun {
			left = append(left, string(id))
		}
		slices.Sort(left)
		state, _ := l.Load(t.Context())
		if (err != nil) != tc.kept || !slices.Equal(left, tc.left) || (state.ID != "") != tc.kept || state.Object != nil {
			t.Errorf("%s: left %v, noted %+v, %v", tc.name, left, state, err)
		}
	}
}

// TestAPartIsNotedAlsoWhenItsUploadIsStopped: it was paid for.
func TestAPartIsNotedAlsoWhenItsUploadIsStopped(t *testing.T) {
	data, s, l := four(), newService(), new(objectstoretest.Memory)
	ctx, stop := context.WithCancel(t.Context())
	s.after = func(call string) {
		if call == "part 2" {
			stop()
		}
	}
	_, err := objectstore.Upload{Bucket: s, Key: resumed, Source: newFileOf(data), Ledger: strict{l}, PartSize: aPart, Parallel: 1}.Run(ctx)
	if state, _ := l.Load(t.Context()); !errors.Is(err, context.Canceled) || len(state.Done) != 2 || s.made("part ") != 2 || s.made("complete") != 0 {
		t.Errorf("%v, noted %+v, %v", s.calls, state.Done, err)
	}
}

// strict is a ledger that writes nothing once it was cancelled, as databases do.
type strict struct{ objectstore.Ledger }

func (s strict) PartDone(ctx context.Context, p objectstore.Part) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Ledger.PartDone(ctx, p)
}
