package run

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// queue is a store of runs that are due, each claimed once; it writes nothing
// for who was cancelled.
type queue struct {
	Store
	mu   sync.Mutex
	due  []Run
	left map[string]Outcome
}

func (q *queue) Claim(context.Context, string, time.Time, time.Duration, int) (Run, Claim, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.due) == 0 {
		return Run{}, Claim{}, fault.New(fault.NotFound, "No run is due.", "")
	}
	r := q.due[0]
	q.due = q.due[1:]
	return r, Claim{RunID: r.ID, Owner: "me", Fence: 1}, nil
}

func (q *queue) NextDue(context.Context) (time.Time, error)      { return time.Time{}, nil }
func (q *queue) Renew(context.Context, Claim, time.Time) error   { return nil }
func (q *queue) Request(context.Context, Claim) (Request, error) { return NoRequest, nil }

func (q *queue) Run(ctx context.Context, id string) (Run, error) {
	return Run{ID: id, Tries: 1}, ctx.Err()
}

func (q *queue) RecordOutcome(ctx context.Context, g Claim, o Outcome, _ time.Time, _ ...Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.left[g.RunID] = o
	return nil
}

func dues(kinds ...string) *queue {
	q := &queue{left: map[string]Outcome{}}
	for i, kind := range kinds {
		q.due = append(q.due, Run{ID: string(rune('a' + i)), Kind: kind, Tries: 2})
	}
	return q
}

func driven(q *queue, parallel int, work workFunc) *Engine {
	return &Engine{Store: q, Owner: "me", Notifier: NewNotifier(), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Parallel: parallel, Lease: 30 * time.Second, MaxTries: 3, Now: time.Now, Workers: map[string]Worker{"k": work}}
}

// TestSoManyRunsAreAtWork, no more, and the next begins when one is left.
func TestSoManyRunsAreAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := dues("k", "k", "k", "k", "k")
		var mu sync.Mutex
		now, most := 0, 0
		e := driven(q, 2, func(context.Context) (Outcome, error) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return Outcome{State: Succeeded}, nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = e.Run(ctx) }()
		time.Sleep(3*time.Second + time.Millisecond)
		synctest.Wait()
		q.mu.Lock()
		defer q.mu.Unlock()
		if most != 2 || len(q.left) != 5 {
			t.Errorf("%d at once, %d done within three seconds of work", most, len(q.left))
		}
	})
}

// TestAStopIsWaitedFor: the worker hears why, its run is left for the next life
// with the tries it has, and nothing new is begun.
func TestAStopIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := dues("k", "k")
		begun := make(chan struct{}, 2)
		e := driven(q, 1, func(ctx context.Context) (Outcome, error) {
			begun <- struct{}{}
			select {
			case <-ctx.Done():
			case <-time.After(time.Hour):
			}
			if !errors.Is(context.Cause(ctx), ErrStopping) {
				t.Errorf("stopped by %v", context.Cause(ctx))
			}
			time.Sleep(5 * time.Second) // it comes to a safe place
			return Outcome{}, context.Cause(ctx)
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = e.Run(ctx) }()
		<-begun
		cancel()
		<-ended
		q.mu.Lock()
		defer q.mu.Unlock()
		if o, ok := q.left["a"]; !ok || o.State != Queued || o.Tries != 1 || len(q.left) != 1 || len(q.due) != 1 {
			t.Errorf("left %+v, due %+v", q.left, q.due)
		}
	})
}

// TestARunOfAnUnknownKindFails, and a panic does: both with words for a person.
func TestARunOfAnUnknownKindFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := dues("new", "k")
		e := driven(q, 1, func(context.Context) (Outcome, error) { panic("boom") })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = e.Run(ctx) }()
		time.Sleep(time.Minute)
		cancel()
		<-ended
		if a, b := q.left["a"], q.left["b"]; a.State != Failed || !strings.Contains(a.Message.String(), `"new"`) || b.State != Failed || strings.Contains(b.Message.String(), "boom") || b.Message.IsZero() {
			t.Errorf("%+v", q.left)
		}
	})
}
