// Package scheduler turns slots whose time has come into queued runs. It
// decides nothing: policy.Calendar says what becomes of a slot, and the store's key
// makes it happen once. What is here is the waiting.
package scheduler

import (
	"context"
	"log/slog"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

const (
	// tick is the longest sleep: a clock that was changed is noticed after it.
	tick = time.Second
	// chunk is how many policies are decided in one transaction. At a full hour
	// thousands are due together; one transaction each would take minutes on a
	// slow disk, one for all would keep every other writer waiting.
	chunk = 2000
	// jump is how far the clock may be from where it should be before every
	// policy is asked again.
	jump = 30 * time.Second
	// again is when a policy is tried again that the store refused.
	again = time.Minute
)

// Store is what the scheduler needs of policy.Store.
type Store interface {
	Since(ctx context.Context, revision int64) ([]policy.Policy, int64, error)
	Watermarks(ctx context.Context) ([]policy.Watermark, error)
	Decide(ctx context.Context, b policy.Batch) error
}

var _ Store = policy.Store(nil)

// Scheduler wakes when slots are due.
type Scheduler struct {
	Store    Store
	Notifier *run.Notifier // rung when policies may have changed
	Log      *slog.Logger
	Now      func() time.Time
	NewID    func() string

	// Ran is how long this process runs, by a clock that nobody sets.
	Ran func() time.Duration

	queue    *DueQueue
	revision int64
	last     time.Time     // when it looked last
	lastRan  time.Duration // the same by the other clock
}

// Run works until ctx ends. Nothing that goes wrong ends it: what could not be
// read or written is tried again.
func (s *Scheduler) Run(ctx context.Context) error {
	changes, stop := s.Notifier.Listen()
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changes:
		case <-timer.C:
		}
		if err := s.Turn(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("schedule", "err", err)
		}
		timer.Reset(s.Pause())
	}
}

// Pause is how long nothing has to be looked at, unless the notifier rings.
func (s *Scheduler) Pause() time.Duration {
	if s.queue == nil {
		return tick
	}
	next := s.queue.Next()
	if next.IsZero() {
		return tick
	}
	return min(max(next.Sub(s.now()), time.Millisecond), tick)
}

// now is the clock on the wall: a time that also carries the other clock's
// would hide that it was changed.
func (s *Scheduler) now() time.Time { return s.Now().Round(0) }

// Turn does once what Run does for ever: reads what changed, and decides what
// is due.
func (s *Scheduler) Turn(ctx context.Context) error {
	if err := s.read(ctx); err != nil {
		return err
	}
	now, ran := s.now(), s.Ran()
	if off := now.Sub(s.last) - (ran - s.lastRan); !s.last.IsZero() && (off > jump || off < -jump) {
		s.Log.Warn("the clock was changed, or this machine slept", "by", off.Round(time.Second).String())
		s.queue.Again()
	}
	s.last, s.lastRan = now, ran
	for ctx.Err() == nil {
		entries := s.queue.Due(s.now(), chunk)
		if len(entries) == 0 {
			return nil
		}
		if err := s.decide(ctx, entries); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// read takes in new versions of policies; the first time everything.
func (s *Scheduler) read(ctx context.Context) error {
	if s.queue == nil {
		watermarks, err := s.Store.Watermarks(ctx)
		if err != nil {
			return err
		}
		s.queue = NewDueQueue(s.NewID)
		s.queue.Remember(watermarks)
	}
	changed, revision, err := s.Store.Since(ctx, s.revision)
	if err != nil || len(changed) == 0 {
		return err
	}
	if err := s.queue.Put(changed); err != nil {
		message, _ := fault.Words(err)
		s.Log.Error("a policy cannot be read and rests", "err", err, "message", message)
	}
	s.revision = revision
	return nil
}

// decide writes entries together. Where the store refuses them it is asked for
// each alone, so that one policy does not keep the others from their slots.
func (s *Scheduler) decide(ctx context.Context, entries []Entry) error {
	var all policy.Batch
	for _, e := range entries {
		all.Watermarks, all.Slots, all.Runs = append(all.Watermarks, e.Watermarks...), append(all.Slots, e.Slots...), append(all.Runs, e.Runs...)
	}
	err := s.write(ctx, all)
	if err == nil {
		for _, e := range entries {
			s.queue.Done(e)
		}
		return nil
	}
	alone := len(entries) > 1 && !fault.Is(err, fault.Unavailable) && ctx.Err() == nil
	for _, e := range entries {
		failed := err
		if alone {
			failed = s.write(ctx, e.Batch)
		}
		switch {
		case failed == nil:
			s.queue.Done(e)
		case fault.Is(failed, fault.Unavailable) || ctx.Err() != nil:
			s.queue.Later(e, s.now().Add(tick))
		default:
			s.Log.Error("slots of a policy cannot be written", "policy", e.duePolicy.calendar.Policy.Name, "err", failed)
			s.queue.Later(e, s.now().Add(again))
		}
	}
	if alone {
		return nil
	}
	return err
}

func (s *Scheduler) write(ctx context.Context, b policy.Batch) error {
	if len(b.Watermarks)+len(b.Slots)+len(b.Runs) == 0 {
		return nil
	}
	return s.Store.Decide(ctx, b)
}
