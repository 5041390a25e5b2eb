package run_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

type workFunc func(ctx context.Context, r run.Run, g run.Grip) (run.Outcome, error)

func (f workFunc) Work(ctx context.Context, r run.Run, g run.Grip) (run.Outcome, error) {
	return f(ctx, r, g)
}

// engine runs one queued run with a worker on a real store.
type engine struct {
	t     *testing.T
	store *db.DB
	bell  *run.Bell
	id    string
	stop  func()
}

func newEngine(t *testing.T, lease time.Duration, work workFunc) *engine {
	t.Helper()
	ctx, folder := context.Background(), t.TempDir()
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{t: t, bell: run.NewBell(), id: "run-1"}
	if e.store, err = db.Open(ctx, folder, keys, e.bell); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.store.Close() })
	entry := audit.New(audit.Engine, time.Now(), "test", "test/1", "Prepared.")
	m := migration.Migration{ID: "m", RunID: e.id, Database: "d", InstanceID: "i", SourceID: "f", StagingID: "f", Mode: migration.Pending, Check: migration.CheckAsync, Created: time.Now()}
	err = errors.Join(
		e.store.SaveAccount(ctx, endpoint.Account{ID: "a", Name: "a", AccessKeyID: "LTAI", Secret: secret.NewText("s"), Region: "cn-hangzhou"}, entry),
		e.store.SaveBucket(ctx, endpoint.Bucket{ID: "f", Name: "f", Kind: endpoint.Folder, Path: "/b"}, entry),
		e.store.SaveInstance(ctx, endpoint.Instance{ID: "i", Name: "i", Kind: endpoint.ApsaraDB, AccountID: "a", Region: "cn-hangzhou", InstanceID: "rm-1"}, entry),
		e.store.Migrations().Create(ctx, m, run.Run{ID: e.id, Kind: "k", Subject: "m", Title: "Work", Created: time.Now()}, entry))
	if err != nil {
		t.Fatal(err)
	}
	engine := &run.Engine{Store: e.store, Owner: "me", Bell: e.bell, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Parallel: 2, Lease: lease, MaxTries: 3, Now: time.Now,
		Workers: map[string]run.Worker{"k": work}}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = engine.Run(ctx) })
	e.stop = func() { cancel(); wg.Wait() }
	t.Cleanup(func() { e.stop() })
	return e
}

func (e *engine) until(want run.State) run.Run {
	e.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
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
		time.Sleep(2 * time.Millisecond)
	}
}

func (e *engine) move(to run.State) {
	e.t.Helper()
	if err := e.store.Move(context.Background(), e.id, to, audit.New(audit.Actor{Name: "ana", Via: "web"}, time.Now(), "run.move", "run/1", "Moved.")); err != nil {
		e.t.Fatal(err)
	}
}

func TestAPanicFailsTheRunAndNotTheEngine(t *testing.T) {
	e := newEngine(t, time.Minute, func(context.Context, run.Run, run.Grip) (run.Outcome, error) { panic("boom") })
	if r := e.until(run.Failed); r.Message == "" || r.Message == "panic: boom" {
		t.Fatalf("message %q: want a sentence without the panic's own words", r.Message)
	}
}

func TestWhatIsUnavailableIsTriedAgain(t *testing.T) {
	tries := 0
	e := newEngine(t, time.Minute, func(context.Context, run.Run, run.Grip) (run.Outcome, error) {
		tries++
		return run.Outcome{}, fault.New(fault.Unavailable, "The cloud does not answer.", "Wait.")
	})
	r := e.until(run.Waiting)
	if r.Tries != 1 || r.Message != "The cloud does not answer." || !r.WakeAt.After(time.Now()) {
		t.Fatalf("run %+v", r)
	}
	if r = e.until(run.Failed); tries != 3 { // MaxTries
		t.Fatalf("tried %d times", tries)
	}
}

func TestAnyOtherErrorAsksAPerson(t *testing.T) {
	e := newEngine(t, time.Minute, func(context.Context, run.Run, run.Grip) (run.Outcome, error) {
		return run.Outcome{}, fault.New(fault.Denied, "The secret is wrong.", "Enter it again.")
	})
	if r := e.until(run.Failed); r.Message != "The secret is wrong." || r.Fix != "Enter it again." {
		t.Fatalf("run %+v", r)
	}
}

func TestAPersonEndsWorkUnderWay(t *testing.T) {
	for to, state := range map[run.State]run.State{run.Paused: run.Paused, run.Canceled: run.Canceled} {
		t.Run(string(to), func(t *testing.T) {
			begun := make(chan struct{}, 1)
			e := newEngine(t, time.Minute, func(ctx context.Context, _ run.Run, _ run.Grip) (run.Outcome, error) {
				begun <- struct{}{}
				<-ctx.Done()
				return run.Outcome{}, ctx.Err()
			})
			<-begun
			e.move(to)
			e.until(state)
		})
	}
}

func TestStoppingLeavesTheRunForTheNextLife(t *testing.T) {
	begun := make(chan struct{}, 1)
	e := newEngine(t, time.Minute, func(ctx context.Context, _ run.Run, _ run.Grip) (run.Outcome, error) {
		begun <- struct{}{}
		<-ctx.Done()
		return run.Outcome{}, ctx.Err()
	})
	<-begun
	e.stop()
	if r := e.until(run.Queued); r.Owner != "" {
		t.Fatalf("run %+v", r)
	}
}

func TestALongWorkKeepsItsLease(t *testing.T) {
	e := newEngine(t, 120*time.Millisecond, func(ctx context.Context, r run.Run, _ run.Grip) (run.Outcome, error) {
		select {
		case <-ctx.Done():
			return run.Outcome{}, ctx.Err()
		case <-time.After(600 * time.Millisecond): // five leases
			return run.Outcome{State: run.Succeeded}, nil
		}
	})
	if r := e.until(run.Succeeded); r.Fence != 1 {
		t.Fatalf("claimed %d times", r.Fence)
	}
}
