package run_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/words"
)

// soon is long on a busy machine, and short of the test binary's own patience.
const soon = 40 * time.Second

// within waits for a sign, and not for ever.
func within(t *testing.T, what string, sign <-chan struct{}) {
	t.Helper()
	select {
	case <-sign:
	case <-time.After(soon):
		t.Fatal(what)
	}
}

type workFunc func(ctx context.Context, r run.Run, g run.Claim) (run.Outcome, error)

func (f workFunc) Work(ctx context.Context, r run.Run, g run.Claim) (run.Outcome, error) {
	return f(ctx, r, g)
}

// engine runs one queued run with a worker on a real store.
type engine struct {
	t        *testing.T
	store    *counted
	notifier *run.Notifier
	id       string
	stop     func()
}

// counted is a store that counts what holding a run asks of it.
type counted struct {
	*sqlite.DB
	renewals, looks atomic.Int64
}

func (c *counted) Renew(ctx context.Context, g run.Claim, until time.Time) error {
	c.renewals.Add(1)
	return c.DB.Renew(ctx, g, until)
}

func (c *counted) Request(ctx context.Context, g run.Claim) (run.Request, error) {
	c.looks.Add(1)
	return c.DB.Request(ctx, g)
}

func newEngine(t *testing.T, lease time.Duration, work workFunc) *engine {
	t.Helper()
	ctx, folder := context.Background(), t.TempDir()
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{t: t, notifier: run.NewNotifier(), id: "run-1"}
	store, err := sqlite.Open(ctx, folder, keys, e.notifier, endpoint.Kinds{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	e.store = &counted{DB: store}
	entry := audit.New(audit.Engine, time.Now(), "test", "test/1", "Prepared.")
	err = errors.Join(
		e.store.SaveAccount(ctx, endpoint.Account{ID: "a", Name: "a", AccessKeyID: "LTAI", Secret: secret.NewText("s"), Region: "cn-hangzhou"}, entry),
		e.store.SaveBucket(ctx, endpoint.Bucket{ID: "f", Name: "f", Kind: "folder", Path: "/b"}, entry),
		e.store.SaveInstance(ctx, endpoint.Instance{ID: "i", Name: "i", Kind: "service", AccountID: "a", Region: "cn-hangzhou", InstanceID: "rm-1"}, entry),
		e.queue(e.id))
	if err != nil {
		t.Fatal(err)
	}
	engine := &run.Engine{Store: e.store, Owner: "me", Notifier: e.notifier, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Parallel: 32, Lease: lease, MaxTries: 3, Now: time.Now,
		Workers: map[string]run.Worker{"k": work}}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = engine.Run(ctx) })
	e.stop = func() {
		cancel()
		ended := make(chan struct{})
		go func() { wg.Wait(); close(ended) }()
		within(t, "the engine does not end", ended)
	}
	t.Cleanup(func() { e.stop() })
	return e
}

// queue writes a run down that is to be worked on.
func (e *engine) queue(id string) error {
	m := migration.Migration{ID: "m-" + id, RunID: id, Database: "d-" + id, InstanceID: "i", SourceID: "f", StagingID: "f", Mode: migration.Pending, Check: migration.CheckAsync, Created: time.Now()}
	return e.store.Migrations().Create(context.Background(), m, run.Run{ID: id, Kind: "k", Subject: m.ID, Title: words.Say("Work"), Created: time.Now()},
		audit.New(audit.Engine, time.Now(), "test", "test/1", "Prepared."))
}

func (e *engine) until(want run.State) run.Run {
	e.t.Helper()
	deadline := time.Now().Add(soon)
	for {
		r, err := e.store.Run(context.Background(), e.id)
		if err != nil {
			e.t.Fatal(err)
		}
		if r.State == want {
			return r
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("the run is %s (%s), want %s", r.State, r.Message, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (e *engine) move(to run.State) {
	e.t.Helper()
	if err := e.store.Move(context.Background(), e.id, to, audit.New(audit.Actor{Name: "ana", Via: "web"}, time.Now(), "run.move", "run/1", "Moved.")); err != nil {
		e.t.Fatal(err)
	}
}

func TestAPanicFailsTheRunAndNotTheEngine(t *testing.T) {
	e := newEngine(t, time.Minute, func(context.Context, run.Run, run.Claim) (run.Outcome, error) { panic("boom") })
	if r := e.until(run.Failed); r.Message.IsZero() || r.Message.String() == "panic: boom" {
		t.Fatalf("message %q: want a sentence without the panic's own words", r.Message)
	}
}

func TestWhatIsUnavailableIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		e := newEngine(t, time.Minute, func(context.Context, run.Run, run.Claim) (run.Outcome, error) {
			tries++
			return run.Outcome{}, fault.New(fault.Unavailable, "The cloud does not answer.", "Wait.")
		})
		r := e.until(run.Waiting)
		if r.Tries != 1 || r.Message.String() != "The cloud does not answer." || !r.WakeAt.After(time.Now()) {
			t.Fatalf("run %+v", r)
		}
		if r = e.until(run.Failed); tries != 3 { // MaxTries
			t.Fatalf("tried %d times", tries)
		}
	})
}

func TestAnyOtherErrorAsksAPerson(t *testing.T) {
	e := newEngine(t, time.Minute, func(context.Context, run.Run, run.Claim) (run.Outcome, error) {
		return run.Outcome{}, fault.New(fault.Denied, "The secret is wrong.", "Enter it again.")
	})
	if r := e.until(run.Failed); r.Message.String() != "The secret is wrong." || r.Fix.String() != "Enter it again." {
		t.Fatalf("run %+v", r)
	}
}

func TestAPersonEndsWorkUnderWay(t *testing.T) {
	for to, state := range map[run.State]run.State{run.Paused: run.Paused, run.Canceled: run.Canceled} {
		t.Run(string(to), func(t *testing.T) {
			begun := make(chan struct{}, 1)
			e := newEngine(t, time.Minute, func(ctx context.Context, _ run.Run, _ run.Claim) (run.Outcome, error) {
				begun <- struct{}{}
				<-ctx.Done()
				return run.Outcome{}, ctx.Err()
			})
			within(t, "the work does not begin", begun)
			e.move(to)
			e.until(state)
		})
	}
}

// TestRingsOfTheBellWriteNoLeases: each commit notifies for every run at
// work, and a lease is a write with full sync.
func TestRingsOfTheBellWriteNoLeases(t *testing.T) {
	const idle = 20
	e := newEngine(t, time.Hour, func(ctx context.Context, _ run.Run, _ run.Claim) (run.Outcome, error) {
		<-ctx.Done()
		return run.Outcome{}, ctx.Err()
	})
	for i := range idle - 1 {
		if err := e.queue(fmt.Sprint("idle-", i)); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(soon); e.store.looks.Load() < 4*idle; { // each of them has looked about four times
		if time.Now().After(deadline) {
			t.Fatalf("%d looks at what is asked of the runs", e.store.looks.Load())
		}
		e.notifier.Notify()
		time.Sleep(time.Millisecond)
	}
	if n := e.store.renewals.Load(); n != 0 {
		t.Errorf("%d leases were renewed before the first was due", n)
	}
	e.move(run.Canceled)
	e.until(run.Canceled)
}

func TestStoppingLeavesTheRunForTheNextLife(t *testing.T) {
	begun := make(chan struct{}, 1)
	e := newEngine(t, time.Minute, func(ctx context.Context, _ run.Run, _ run.Claim) (run.Outcome, error) {
		begun <- struct{}{}
		<-ctx.Done()
		return run.Outcome{}, ctx.Err()
	})
	within(t, "the work does not begin", begun)
	e.stop()
	if r := e.until(run.Queued); r.Owner != "" {
		t.Fatalf("run %+v", r)
	}
}

func TestALongWorkKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, 6*time.Second, func(ctx context.Context, _ run.Run, _ run.Claim) (run.Outcome, error) {
			select {
			case <-ctx.Done():
				return run.Outcome{}, ctx.Err()
			case <-time.After(30 * time.Second): // five leases
				return run.Outcome{State: run.Succeeded}, nil
			}
		})
		if r := e.until(run.Succeeded); r.Fence != 1 {
			t.Fatalf("claimed %d times", r.Fence)
		}
		if n := e.store.renewals.Load(); n < 14 || n > 16 {
			t.Errorf("the lease was renewed %d times in five leases", n)
		}
	})
}
