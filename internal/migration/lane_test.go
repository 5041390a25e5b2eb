package migration

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
)

// TestALaneDoesOneThingAfterTheOther: nothing begins beside what is going on,
// nor after a failure that nobody decided about.
func TestALaneDoesOneThingAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newLanes(t.Context())
		l, began, let := all.uploads, 0, make(chan error)
		work := func(ctx context.Context) error {
			began++
			select {
			case err := <-let:
				return err
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		begin := func(why string, want int) {
			t.Helper()
			l.start(File{Ord: began + 1}, work)
			synctest.Wait()
			if began != want {
				t.Errorf("%s: %d begun, want %d", why, began, want)
			}
		}
		end := func(err error) { let <- err; synctest.Wait() }
		begin("idle", 1)
		begin("at work", 1)
		if !all.busy() {
			t.Error("at work, and not busy")
		}
		end(nil)
		begin("after a good end", 2)
		broken := errors.New("broken")
		end(broken)
		begin("after a failure", 2)
		if f, err := l.failed(); !errors.Is(err, broken) || f.Ord != 2 {
			t.Errorf("failed on %d: %v", f.Ord, err)
		}
		l.again()
		begin("decided before it was told", 2)
		l.tell()
		if _, err := l.failed(); err != nil {
			t.Errorf("told twice: %v", err)
		}
		begin("told, not decided", 2)
		l.again()
		begin("told and decided", 3)
		end(ErrOvertaken)
		begin("overtaken by a decision", 4)
		l.interrupt()
		begin("interrupted", 5)
		all.stop()
		begin("stopped", 5)
		if all.busy() {
			t.Error("stopped, and busy")
		}
	})
}

// TestAWaitEndsWithTheWork, or when its time is over.
func TestAWaitEndsWithTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, began := newLanes(t.Context()), time.Now()
		all.sourceBackups.start(File{}, func(context.Context) error { time.Sleep(time.Second); return nil })
		if err := all.wait(t.Context(), time.Minute); err != nil || time.Since(began) != time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if err := all.wait(t.Context(), time.Minute); err != nil || time.Since(began) != 61*time.Second {
			t.Errorf("with nothing to wait for: after %s, %v", time.Since(began), err)
		}
		all.stop()
	})
}

// TestTheUploadOfTheTailDoesNotQueue behind other databases' uploads.
func TestTheUploadOfTheTailDoesNotQueue(t *testing.T) {
	data, known := chainFiles(t, "orders")
	for name, frozen := range map[string]time.Time{"follows": {}, "frozen": t0} {
		synctest.Test(t, func(t *testing.T) {
			d, j := at(fed(func(m *Migration) {
				f := known["log 1"]
				f.Ord, f.Source, f.Key, f.State = 3, "x.bak", "x.bak", FilePlanned
				m.Files = append(m.Files, f)
				m.SourceID, m.StagingID, m.LiveSource.Frozen = "b", "b", frozen
				m.LiveSource.SourceBackups = append(m.LiveSource.SourceBackups, SourceBackup{Kind: "log", Tail: true, Verdict: Accepted, Settled: t0})
				m.TargetState.At = t0
			}), t0)
			d.bucket.files["x.bak"] = data["log 1"]
			j.Caps.Uploads, j.Limits = 1, &run.Limits{}
			leave, err := j.Limits.Enter(t.Context(), run.AtUploads, 1)
			if err != nil {
				t.Fatal(err)
			}
			all := newLanes(t.Context())
			if _, _, err := j.turn(t.Context(), all); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			uploaded := func() bool {
				m, _ := d.Migration(t.Context(), "m")
				return m.Files[2].State == FileStaged || m.Files[2].State == FileSent
			}
			if uploaded() != !frozen.IsZero() {
				t.Errorf("%s: the log is %s while another is uploaded", name, d.m.Files[2].State)
			}
			leave()
			all.uploads.wait()
			if !uploaded() {
				t.Errorf("%s: the log is %s when the other is through", name, d.m.Files[2].State)
			}
			all.stop()
		})
	}
}

// TestAPlannedFileIsTheSameWhenItIsBrought: neither another size nor another
// SetOf is taken for it.
func TestAPlannedFileIsTheSameWhenItIsBrought(t *testing.T) {
	data, known := chainFiles(t, "orders")
	for _, tc := range []struct {
		name string
		edit func(*File)
		put  string
		ok   bool
	}{
		{"the same", func(*File) {}, "log 1", true},
		{"another size", func(f *File) { f.Size++ }, "log 1", false},
		{"another set of the same size", func(*File) {}, "log 2", false},
	} {
		d, j := at(following(nil), t0)
		f := known["log 1"]
		f.Ord, f.Key, f.Source = 2, "x.bak", "x.bak"
		tc.edit(&f)
		d.bucket.files["x.bak"] = data[tc.put]
		err := j.bring(t.Context(), d.m, f)
		if (err == nil) != tc.ok || (d.m.Files[1].State == FileStaged && d.m.Files[1].Uploaded == f.Size) != tc.ok || !tc.ok && !errors.Is(err, objectstore.ErrSourceChanged) {
			t.Errorf("%s: %v, %+v", tc.name, err, d.m.Files[1])
		}
	}
	// What may work later is tried again; what a person must look at stands.
	for _, tc := range []struct {
		err  error
		code fault.Code
	}{{errLost, ""}, {errors.New("unknown"), ""}, {context.Canceled, ""}, {errRefused, "upload"}, {Changed(File{}), CodeSourceChanged}, {fault.New(fault.Denied, "No.", "").WithCode("space"), "space"}} {
		d, j := at(following(nil), t0)
		err := j.uploadFailed(t.Context(), d.m, d.m.Files[1], tc.err)
		var code fault.Code
		if d.m.Problem != nil {
			code = d.m.Problem.Code
		}
		if code != tc.code || (err != nil) != (tc.code == "") {
			t.Errorf("%v: %q, %v", tc.err, code, err)
		}
	}
}

func TestTheRateIsOfTheLastSeconds(t *testing.T) {
	m := meter{}
	m.first.Store(-1)
	m.set(100, 1000) // sent by a former life
	for _, tc := range []struct {
		at   time.Duration
		done int64
		want float64
	}{{0, 100, 0}, {time.Second, 200, 100}, {10 * time.Second, 200, 10}, {11 * time.Second, 300, 10}, {30 * time.Second, 300, 0}} {
		m.set(tc.done, 1000)
		if got := m.rate(t0.Add(tc.at)); got != tc.want {
			t.Errorf("after %s: %v, want %v", tc.at, got, tc.want)
		}
	}
	if got := m.sent.Load(); got != 200 {
		t.Errorf("%d sent this time", got)
	}
}
