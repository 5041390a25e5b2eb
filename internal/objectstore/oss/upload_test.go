package oss_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/bakplane/bakplane/internal/emulator/control"
	emulator "github.com/bakplane/bakplane/internal/emulator/oss"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
)

const (
	key      = "chains/sales full.bak"
	partSize = 100 << 10
)

// scene is a file on its way into the emulator.
type scene struct {
	run    *emulator.Running
	bucket *oss.Bucket
	path   string
	data   []byte
	ledger *objectstoretest.Memory
}

func stage(t *testing.T, run *emulator.Running, size int) *scene {
	t.Helper()
	run.ControlPort().Reset()
	s := &scene{run: run, bucket: open(t, config(run)), path: filepath.Join(t.TempDir(), "full.bak"), ledger: new(objectstoretest.Memory)}
	s.data = objectstoretest.Noise(size, size)
	if err := os.WriteFile(s.path, s.data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.bucket.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	run.ControlPort().Reset()
	return s
}

// upload opens the file anew, as a new process would.
func (s *scene) upload(ctx context.Context, change func(*objectstore.Upload)) (objectstore.Object, error) {
	source, err := openFile(s.path)
	if err != nil {
		return objectstore.Object{}, err
	}
	defer source.Close()
	u := objectstore.Upload{Bucket: s.bucket, Key: key, Source: source, Ledger: s.ledger, PartSize: partSize, Patience: 10 * time.Second}
	if change != nil {
		change(&u)
	}
	return u.Run(ctx)
}

// whole checks that the object is the file and nothing else stayed.
func (s *scene) whole(t *testing.T) {
	t.Helper()
	body, err := s.bucket.Read(t.Context(), key, 0, int64(len(s.data))+1)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, s.data) {
		t.Errorf("the object is not the file (%d of %d bytes, %v)", len(got), len(s.data), err)
	}
	if left, err := s.bucket.Uploads(t.Context(), "", 100); err != nil || len(left) != 0 {
		t.Errorf("uploads left behind: %v, %v", left, err)
	}
	if st, err := s.ledger.Load(t.Context()); err != nil || st.Object == nil || st.Object.Size != int64(len(s.data)) {
		t.Errorf("ledger holds %+v, %v", st, err)
	}
}

// once checks that no part of any upload was stored twice, and one upload was
// begun and completed.
func (s *scene) once(t *testing.T) {
	t.Helper()
	counts := s.run.ControlPort().Counts()
	perPart := map[string]int{}
	for detail, c := range counts.Details {
		if part, ok := strings.CutPrefix(detail, "UploadPart "); ok {
			_, number, _ := strings.Cut(part, "/")
			perPart[number] += c.Acted
		}
	}
	for number, n := range perPart {
		if n > 1 {
			t.Errorf("part %s was stored %d times", number, n)
		}
	}
	for _, op := range []string{"InitiateMultipartUpload", "CompleteMultipartUpload"} {
		if n := counts.Operations[op].Acted; n != 1 {
			t.Errorf("%s happened %d times", op, n)
		}
	}
}

func TestUploadSendsEveryPartOnce(t *testing.T) {
	s := stage(t, service(t), 13*partSize+4321)
	var mu sync.Mutex
	var seen []int64
	o, err := s.upload(t.Context(), func(u *objectstore.Upload) {
		u.Progress = func(done, total int64) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, done)
			if total != int64(len(s.data)) {
				t.Errorf("total %d", total)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if o.Size != int64(len(s.data)) || *o.CRC64 != objectstore.UpdateCRC64(0, s.data) {
		t.Errorf("object %+v", o)
	}
	if len(seen) == 0 || seen[len(seen)-1] != int64(len(s.data)) {
		t.Errorf("progress %v", seen)
	}
	s.whole(t)
	s.once(t)
	if _, err := s.upload(t.Context(), nil); err != nil { // nothing is left to do
		t.Error(err)
	}
	s.once(t)
	// The ledger is lost, the object is not.
	s.ledger = new(objectstoretest.Memory)
	if _, err := s.upload(t.Context(), nil); err != nil {
		t.Error(err)
	}
	s.whole(t)
	s.once(t)
}

var errDied = errors.New("the process died")

// death kills a process at its nth step: from then on nothing is done and
// nothing is heard. Every call counts twice, before and after it acts.
type death struct {
	mu    sync.Mutex
	steps int
	at    int
}

func (d *death) step() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps++
	if d.steps >= d.at {
		return errDied
	}
	return nil
}

func dying[T any](d *death, f func() (T, error)) (T, error) {
	var zero T
	if err := d.step(); err != nil {
		return zero, err
	}
	v, err := f()
	if dead := d.step(); dead != nil {
		return zero, dead
	}
	return v, err
}

func dies(d *death, f func() error) error {
	_, err := dying(d, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

type mortalBucket struct {
	objectstore.Bucket
	*death
}

func (m mortalBucket) Begin(ctx context.Context, key string) (objectstore.UploadID, error) {
	return dying(m.death, func() (objectstore.UploadID, error) { return m.Bucket.Begin(ctx, key) })
}

func (m mortalBucket) PutPart(ctx context.Context, key string, id objectstore.UploadID, n int, body io.Reader, size int64) (objectstore.Part, error) {
	return dying(m.death, func() (objectstore.Part, error) { return m.Bucket.PutPart(ctx, key, id, n, body, size) })
}

func (m mortalBucket) Complete(ctx context.Context, key string, id objectstore.UploadID, parts []objectstore.Part) (objectstore.Object, error) {
	return dying(m.death, func() (objectstore.Object, error) { return m.Bucket.Complete(ctx, key, id, parts) })
}

func (m mortalBucket) Stat(ctx context.Context, key string) (objectstore.Object, error) {
	return dying(m.death, func() (objectstore.Object, error) { return m.Bucket.Stat(ctx, key) })
}

type mortalLedger struct {
	objectstore.Ledger
	*death
}

func (m mortalLedger) Begun(ctx context.Context, b objectstore.Begun) error {
	return dies(m.death, func() error { return m.Ledger.Begun(ctx, b) })
}

func (m mortalLedger) PartDone(ctx context.Context, p objectstore.Part) error {
	return dies(m.death, func() error { return m.Ledger.PartDone(ctx, p) })
}

func (m mortalLedger) Completed(ctx context.Context, o objectstore.Object) error {
	return dies(m.death, func() error { return m.Ledger.Completed(ctx, o) })
}

func TestDeathAtEveryStepIsSurvived(t *testing.T) {
	run := service(t)
	for _, parallel := range []int{1, 3} {
		for at := 1; ; at++ {
			s := stage(t, run, 5*partSize+99)
			d := &death{at: at}
			_, err := s.upload(t.Context(), func(u *objectstore.Upload) {
				u.Bucket, u.Ledger, u.Parallel = mortalBucket{u.Bucket, d}, mortalLedger{u.Ledger, d}, parallel
			})
			if err == nil {
				if at < 20 {
					t.Fatalf("only %d steps", at)
				}
				s.bucket.Close()
				break
			}
			if !errors.Is(err, errDied) {
				t.Fatalf("step %d: %v", at, err)
			}
			s.settle(t) // what the service has received it finishes
			if _, err := s.upload(t.Context(), nil); err != nil {
				t.Fatalf("after death at step %d: %v", at, err)
			}
			s.whole(t)
			s.once(t)
			if t.Failed() {
				t.Fatalf("after death at step %d of %d at once", at, parallel)
			}
			s.bucket.Close() // the next scene waits for its own connections only
		}
	}
}

// settle waits until the emulator works on nothing that was sent so far.
func (s *scene) settle(t *testing.T) {
	t.Helper()
	s.bucket.Close()
	rest(t, s.run.URL, control.Remote{URL: s.run.ControlURL})
}

func TestCancelledAtRandomMomentsItGoesOn(t *testing.T) {
	run := service(t)
	for range 5 {
		s := stage(t, run, 11*partSize+1)
		for tries := 0; ; tries++ {
			ctx, cancel := context.WithCancel(t.Context())
			stop := time.AfterFunc(time.Duration(rand.IntN(15_000))*time.Microsecond, cancel)
			_, err := s.upload(ctx, func(u *objectstore.Upload) {
				u.Limit = rate.NewLimiter(20<<20, 64<<10)
			})
			stop.Stop()
			cancel()
			s.settle(t)
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if tries > 300 {
				t.Fatal("no progress")
			}
		}
		s.whole(t)
		s.once(t)
		s.bucket.Close()
	}
}

func TestFaultsOnTheWayAreOvercome(t *testing.T) {
	run := service(t)
	html := func(r control.Rule) control.Rule {
		r.Body, r.ContentType = "<html>gateway</html>", "text/html"
		return r
	}
	zero, some := int64(0), int64(5000)
	for name, tc := range map[string]struct {
		rules []control.Rule
		twice bool // a part is stored twice, rightly
	}{
		"parts refused":                  {rules: []control.Rule{{Operation: "UploadPart", Times: 4, Status: 503, Code: "ServiceUnavailable"}}},
		"parts throttled":                {rules: []control.Rule{{Operation: "UploadPart", Times: 2, Status: 429, Code: "QpsLimitExceeded"}}},
		"part cut on its way":            {rules: []control.Rule{{Operation: "UploadPart", Skip: 2, CutRequest: &some}}},
		"part stored, answer lost":       {rules: []control.Rule{{Operation: "UploadPart", Skip: 1, Times: 3, CutAnswer: &zero}}},
		"part stored, gateway gave up":   {rules: []control.Rule{html(control.Rule{Operation: "UploadPart", Status: 504, Acted: true})}},
		"part damaged":                   {rules: []control.Rule{{Operation: "UploadPart", Effects: map[string]string{"corrupt_data": ""}}}, twice: true},
		"checksum of a part damaged":     {rules: []control.Rule{{Operation: "UploadPart", Effects: map[string]string{"corrupt_crc": ""}}}},
		"begun, answer lost":             {rules: []control.Rule{{Operation: "InitiateMultipartUpload", CutAnswer: &zero}}},
		"begun, gateway gave up":         {rules: []control.Rule{html(control.Rule{Operation: "InitiateMultipartUpload", Status: 502, Acted: true})}},
		"begin refused":                  {rules: []control.Rule{{Operation: "InitiateMultipartUpload", Status: 500, Code: "InternalError"}}},
		"completed, answer lost":         {rules: []control.Rule{{Operation: "CompleteMultipartUpload", CutAnswer: &zero}}},
		"completed, gateway gave up":     {rules: []control.Rule{html(control.Rule{Operation: "CompleteMultipartUpload", Status: 502, Acted: true})}},
		"complete refused":               {rules: []control.Rule{{Operation: "CompleteMultipartUpload", Times: 2, Status: 503, Code: "ServiceUnavailable"}}},
		"checksum of the object damaged": {rules: []control.Rule{{Operation: "CompleteMultipartUpload", Effects: map[string]string{"corrupt_crc": ""}}}},
		"lists fail too":                 {rules: []control.Rule{{Operation: "UploadPart", Skip: 3, CutAnswer: &zero}, {Operation: "ListParts", Times: 2, Status: 503}}},
		"everything once":                {rules: []control.Rule{{Operation: "HeadObject", Status: 503}, {Operation: "ListMultipartUploads", Status: 502}, {Operation: "InitiateMultipartUpload", CutAnswer: &zero}, {Operation: "ListParts", Status: 500}, {Operation: "UploadPart", CutAnswer: &zero}, {Operation: "CompleteMultipartUpload", CutAnswer: &zero}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := stage(t, run, 6*partSize+7)
			bite(t, run, tc.rules...)
			if _, err := s.upload(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if left := run.ControlPort().Rules(); len(left) != 0 {
				t.Errorf("rules never bit: %+v", left)
			}
			s.whole(t)
			if !tc.twice {
				s.once(t)
			}
		})
	}
}

func TestSmallFilesSurviveFaultsToo(t *testing.T) {
	run := service(t)
	zero := int64(0)
	for name, rule := range map[string]control.Rule{
		"refused": {Status: 503, Code: "ServiceUnavailable"}, "answer lost": {CutAnswer: &zero},
		"damaged": {Effects: map[string]string{"corrupt_data": ""}}, "checksum damaged": {Effects: map[string]string{"corrupt_crc": ""}},
	} {
		for _, size := range []int{0, 5000} {
			s := stage(t, run, size)
			if rule.Effects["corrupt_data"] == "" && size == 0 && name == "damaged" {
				continue // nothing to damage
			}
			rule.Operation = "PutObject"
			bite(t, run, rule)
			if _, err := s.upload(t.Context(), nil); err != nil {
				t.Errorf("%s, %d bytes: %v", name, size, err)
			}
			s.whole(t)
		}
	}
}

func TestAnObjectThatDiffersIsNotAccepted(t *testing.T) {
	s := stage(t, service(t), 4*partSize)
	wrong := control.Rule{Times: -1, Effects: map[string]string{"corrupt_crc": ""}}
	complete, head := wrong, wrong
	complete.Operation, head.Operation = "CompleteMultipartUpload", "HeadObject"
	bite(t, s.run, complete, head)
	_, err := s.upload(t.Context(), nil)
	if message, fix := fault.Words(err); fault.Of(err) != fault.Conflict || !strings.Contains(message, "differs from the file") || fix == "" {
		t.Fatalf("got %v", err)
	}
	if st, _ := s.ledger.Load(t.Context()); st.Object != nil {
		t.Error("the object was noted")
	}
	s.run.ControlPort().Remove("")
	if _, err := s.bucket.Stat(t.Context(), key); fault.Of(err) != fault.NotFound {
		t.Errorf("the object stayed: %v", err)
	}
	if _, err := s.upload(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.whole(t)
}

func TestAnObjectReplacedAfterwardsIsNoticed(t *testing.T) {
	s := stage(t, service(t), 3*partSize)
	if _, err := s.upload(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.bucket.Put(t.Context(), key, bytes.NewReader(make([]byte, 3*partSize)), 3*partSize); err != nil {
		t.Fatal(err)
	}
	if _, err := s.upload(t.Context(), nil); fault.Of(err) != fault.Conflict {
		t.Errorf("replaced: %v", err)
	}
	if err := s.bucket.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.upload(t.Context(), nil); err != nil {
		t.Errorf("deleted: %v", err)
	}
	s.whole(t)
}

// half uploads until the nth part is held, then does something to the world
// and lets go.
func (s *scene) half(t *testing.T, n int, during func()) error {
	t.Helper()
	bite(t, s.run, control.Rule{Operation: "UploadPart", Skip: n - 1, Hold: "after"})
	ended := make(chan error, 1)
	go func() {
		_, err := s.upload(t.Context(), func(u *objectstore.Upload) { u.Parallel = 1 })
		ended <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if len(s.run.ControlPort().Held(ctx)) == 0 {
		t.Fatal("nothing was held")
	}
	during()
	s.run.ControlPort().Release("")
	return <-ended
}

func (s *scene) write(t *testing.T, off int64, text string) {
	t.Helper()
	f, err := os.OpenFile(s.path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(text), off); err != nil {
		t.Fatal(err)
	}
}

// slyly changes the file and sets its time of change back.
func (s *scene) slyly(t *testing.T, change func()) {
	t.Helper()
	info, err := os.Stat(s.path)
	if err != nil {
		t.Fatal(err)
	}
	change()
	if err := os.Chtimes(s.path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

func TestASourceThatChangesIsRefused(t *testing.T) {
	run := service(t)
	middle := int64(partSize + 500) // in the second part, away from both ends
	for name, tc := range map[string]struct {
		change func(t *testing.T, s *scene)
		kind   fault.Kind
	}{
		"written to":        {func(t *testing.T, s *scene) { s.write(t, middle, "changed") }, fault.Conflict},
		"written to slyly":  {func(t *testing.T, s *scene) { s.slyly(t, func() { s.write(t, middle, "changed") }) }, fault.Conflict},
		"appended to":       {func(t *testing.T, s *scene) { s.write(t, int64(len(s.data)), "more") }, fault.Conflict},
		"truncated":         {func(t *testing.T, s *scene) { _ = os.Truncate(s.path, 2*partSize) }, fault.Conflict},
		"truncated to zero": {func(t *testing.T, s *scene) { _ = os.Truncate(s.path, 0) }, fault.Conflict},
		"replaced": {func(t *testing.T, s *scene) {
			_ = os.WriteFile(s.path+".new", objectstoretest.Noise(1, len(s.data)), 0o600)
			_ = os.Rename(s.path+".new", s.path)
		}, fault.Conflict},
		"moved away": {func(t *testing.T, s *scene) { _ = os.Rename(s.path, s.path+".away") }, fault.NotFound},
	} {
		for _, when := range []string{"during", "between"} {
			t.Run(name+" "+when, func(t *testing.T) {
				s := stage(t, run, 6*partSize)
				var err error
				if when == "during" {
					err = s.half(t, 3, func() { tc.change(t, s) })
				} else {
					ctx, cancel := context.WithCancel(t.Context())
					bite(t, run, control.Rule{Operation: "UploadPart", Skip: 3, Hold: "before"})
					go func() { run.ControlPort().Held(ctx); cancel() }()
					if _, err := s.upload(ctx, func(u *objectstore.Upload) { u.Parallel = 1 }); !errors.Is(err, context.Canceled) {
						t.Fatal(err)
					}
					run.ControlPort().Release("")
					s.settle(t)
					tc.change(t, s)
					_, err = s.upload(t.Context(), nil)
				}
				message, fix := fault.Words(err)
				if fault.Of(err) != tc.kind || fix == "" || (tc.kind == fault.Conflict) != errors.Is(err, objectstore.ErrSourceChanged) {
					t.Fatalf("kind %q, %q, fix %q: %v", fault.Of(err), message, fix, err)
				}
				if _, err := s.bucket.Stat(t.Context(), key); fault.Of(err) != fault.NotFound {
					t.Errorf("an object appeared: %v", err)
				}
				// What the person does next: begin anew, or put the file back.
				if tc.kind == fault.NotFound {
					if err := os.Rename(s.path+".away", s.path); err != nil {
						t.Fatal(err)
					}
					if _, err := s.upload(t.Context(), nil); err != nil {
						t.Fatal(err)
					}
					s.whole(t)
					s.once(t)
					return
				}
				if err := objectstore.Forget(t.Context(), s.bucket, key, s.ledger); err != nil {
					t.Fatal(err)
				}
				if s.data, err = os.ReadFile(s.path); err != nil {
					t.Fatal(err)
				}
				if _, err := s.upload(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
				s.whole(t)
			})
		}
	}
}

func TestATouchedSourceIsLookedAtAndBelieved(t *testing.T) {
	s := stage(t, service(t), 6*partSize)
	d := &death{at: 10}
	if _, err := s.upload(t.Context(), func(u *objectstore.Upload) {
		u.Bucket, u.Ledger, u.Parallel = mortalBucket{u.Bucket, d}, mortalLedger{u.Ledger, d}, 1
	}); !errors.Is(err, errDied) {
		t.Fatal(err)
	}
	if err := os.Chmod(s.path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := s.upload(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.whole(t)
	s.once(t)
}

func TestForgetLeavesNothingBehind(t *testing.T) {
	run := service(t)
	for at := 1; at < 12; at++ {
		s := stage(t, run, 4*partSize)
		d := &death{at: at}
		if _, err := s.upload(t.Context(), func(u *objectstore.Upload) {
			u.Bucket, u.Ledger, u.Parallel = mortalBucket{u.Bucket, d}, mortalLedger{u.Ledger, d}, 1
		}); !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		for range 2 {
			if err := objectstore.Forget(t.Context(), s.bucket, key, s.ledger); err != nil {
				t.Fatal(err)
			}
		}
		if left, err := s.bucket.Uploads(t.Context(), "", 10); err != nil || len(left) != 0 {
			t.Errorf("after death at step %d: %v, %v", at, left, err)
		}
		if st, _ := s.ledger.Load(t.Context()); st.ID != "" {
			t.Errorf("after death at step %d the ledger holds %+v", at, st)
		}
	}
}

func TestUploadsOfOthersAreLeftAlone(t *testing.T) {
	s := stage(t, service(t), 4*partSize)
	foreign, err := s.bucket.Begin(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.bucket.PutPart(t.Context(), key, foreign, 1, strings.NewReader("not ours"), 8); err != nil {
		t.Fatal(err)
	}
	neighbour, err := s.bucket.Begin(t.Context(), key+".2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.upload(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	left, err := s.bucket.Uploads(t.Context(), "", 10)
	if err != nil || len(left) != 2 {
		t.Fatalf("left %v, %v", left, err)
	}
	for _, id := range []objectstore.UploadID{foreign, neighbour} {
		if id != left[0].ID && id != left[1].ID {
			t.Errorf("%s is gone", id)
		}
	}
}

func TestAnAbortedUploadBeginsAnew(t *testing.T) {
	s := stage(t, service(t), 4*partSize)
	d := &death{at: 9}
	if _, err := s.upload(t.Context(), func(u *objectstore.Upload) {
		u.Bucket, u.Ledger, u.Parallel = mortalBucket{u.Bucket, d}, mortalLedger{u.Ledger, d}, 1
	}); !errors.Is(err, errDied) {
		t.Fatal(err)
	}
	st, _ := s.ledger.Load(t.Context())
	if err := s.bucket.Abort(t.Context(), key, st.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.upload(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.whole(t)
}

func TestWhatAPersonMustMendStopsTheUploadAndLosesNothing(t *testing.T) {
	run := service(t)
	for name, tc := range map[string]struct {
		harm func()
		heal func()
		kind fault.Kind
		says string
	}{
		"clock":        {func() { run.SetSkew(20 * time.Minute) }, func() { run.SetSkew(0) }, fault.Denied, "20 min behind"},
		"key disabled": {func() { bite(t, run, control.Rule{Times: -1, Status: 403, Code: "InvalidAccessKeyId"}) }, func() { run.ControlPort().Remove("") }, fault.Denied, "disabled"},
		"rights taken": {func() {
			bite(t, run, control.Rule{Times: -1, Operation: "UploadPart", Status: 403, Code: "AccessDenied"})
		}, func() { run.ControlPort().Remove("") }, fault.Denied, "no right"},
		"rights to complete": {func() {
			bite(t, run, control.Rule{Times: -1, Operation: "CompleteMultipartUpload", Status: 403, Code: "AccessDenied"})
		}, func() { run.ControlPort().Remove("") }, fault.Denied, "no right"},
	} {
		t.Run(name, func(t *testing.T) {
			s := stage(t, run, 5*partSize)
			err := s.half(t, 2, tc.harm)
			if message, fix := fault.Words(err); fault.Of(err) != tc.kind || !strings.Contains(message, tc.says) || fix == "" {
				t.Fatalf("got %v", err)
			}
			tc.heal()
			if _, err := s.upload(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			s.whole(t)
			s.once(t)
		})
	}
}

func TestABucketThatVanishes(t *testing.T) {
	run := service(t)
	s := stage(t, run, 5*partSize)
	err := s.half(t, 2, func() {
		if err := run.DropBucket("backups"); err != nil {
			t.Error(err)
		}
	})
	if message, _ := fault.Words(err); fault.Of(err) != fault.NotFound || !strings.Contains(message, "bucket backups does not exist") {
		t.Fatalf("got %v", err)
	}
	_, err = s.upload(t.Context(), nil)
	if message, _ := fault.Words(err); fault.Of(err) != fault.NotFound || !strings.Contains(message, "bucket backups does not exist") {
		t.Fatalf("got %v", err)
	}
}

func TestFromBucketToBucket(t *testing.T) {
	run := service(t)
	s := stage(t, run, 5*partSize+3)
	cfg := config(run)
	cfg.Bucket = "others"
	from := open(t, cfg)
	if _, err := from.Put(t.Context(), "source", bytes.NewReader(s.data), int64(len(s.data))); err != nil {
		t.Fatal(err)
	}
	send := func() error {
		source, err := objectstore.OpenSource(t.Context(), from, "source")
		if err != nil {
			return err
		}
		defer source.Close()
		_, err = objectstore.Upload{Bucket: s.bucket, Key: key, Source: source, Ledger: s.ledger, PartSize: partSize, Parallel: 1, Patience: 5 * time.Second}.Run(t.Context())
		return err
	}
	bite(t, run, control.Rule{Operation: "GetObject", Skip: 2, Status: 503, Code: "ServiceUnavailable"})
	if err := send(); err != nil {
		t.Fatal(err)
	}
	s.whole(t)

	// The same while the source is replaced.
	s.ledger = new(objectstoretest.Memory)
	if err := s.bucket.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	bite(t, run, control.Rule{Operation: "UploadPart", Skip: 2, Hold: "after"})
	ended := make(chan error, 1)
	go func() { ended <- send() }()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	run.ControlPort().Held(ctx)
	if _, err := from.Put(t.Context(), "source", bytes.NewReader(make([]byte, len(s.data))), int64(len(s.data))); err != nil {
		t.Fatal(err)
	}
	run.ControlPort().Release("")
	if err := <-ended; !errors.Is(err, objectstore.ErrSourceChanged) {
		t.Errorf("replaced source: %v", err)
	}
	if err := from.Delete(t.Context(), "source"); err != nil {
		t.Fatal(err)
	}
	if err := send(); fault.Of(err) != fault.NotFound {
		t.Errorf("deleted source: %v", err)
	}
}

func TestThrottleHolds(t *testing.T) {
	s := stage(t, service(t), 6*partSize)
	begun := time.Now()
	if _, err := s.upload(t.Context(), func(u *objectstore.Upload) { u.Limit = rate.NewLimiter(1<<20, 32<<10) }); err != nil {
		t.Fatal(err)
	}
	least := time.Duration(float64(6*partSize-32<<10) / (1 << 20) * float64(time.Second))
	if took := time.Since(begun); took < least {
		t.Errorf("600 KiB at 1 MiB/s took %s, less than %s", took, least)
	}
	s.whole(t)
}

func TestTwoUploadsAtOnceKeepApart(t *testing.T) {
	run := service(t)
	b := open(t, config(run))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			path := filepath.Join(t.TempDir(), "f")
			data := objectstoretest.Noise(i, 4*partSize+i)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Error(err)
				return
			}
			source, err := openFile(path)
			if err != nil {
				t.Error(err)
				return
			}
			defer source.Close()
			o, err := objectstore.Upload{Bucket: b, Key: fmt.Sprintf("f-%d", i), Source: source, Ledger: new(objectstoretest.Memory), PartSize: partSize}.Run(t.Context())
			if err != nil || *o.CRC64 != objectstore.UpdateCRC64(0, data) {
				t.Errorf("upload %d: %+v, %v", i, o, err)
			}
		})
	}
	wg.Wait()
}
