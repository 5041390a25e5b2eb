package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Worker does one kind of run. Work goes as far as it can and says how it
// leaves the run; everything it did before is already noted through the store.
// It may be called again after any death, at any point. An error of kind
// Unavailable is tried again later, any other error fails the run.
type Worker interface {
	Work(ctx context.Context, r Run, g Claim) (Outcome, error)
}

// Causes with which the engine ends a worker's context.
var (
	ErrStopping = errors.New("the dashboard is stopping")
	ErrLost     = errors.New("the run was claimed by another")
	ErrPause    = errors.New("a person asked to pause")
	ErrCancel   = errors.New("a person asked to cancel")
)

// Engine claims due runs and drives their workers.
type Engine struct {
	Store    Store
	Workers  map[string]Worker // by Run.Kind
	Owner    string            // unique per process life
	Notifier *Notifier         // rung after commits, ours and others'
	Log      *slog.Logger

	Parallel int           // runs at work at once
	Lease    time.Duration // renewed every third of it
	MaxTries int           // tries without progress before a run fails
	Now      func() time.Time

	rest rest
}

// rest is how long nothing is claimed after the store failed: a full disk is not
// asked again at once, nor is each time told.
type rest struct {
	mu    sync.Mutex
	tries int
	until time.Time
}

// stumbled notes that the store failed, and tells it once.
func (e *Engine) stumbled(what string, err error) {
	e.rest.mu.Lock()
	defer e.rest.mu.Unlock()
	now := e.Now()
	if e.rest.tries == 0 {
		e.Log.Error(what+"; nothing is begun until the database can be used again", "err", err)
	}
	if !now.Before(e.rest.until) { // many runs stumble at once: that is one time
		e.rest.until = now.Add(min(Backoff(e.rest.tries), time.Minute))
		e.rest.tries++
	}
}

// steady notes that the store works.
func (e *Engine) steady() {
	e.rest.mu.Lock()
	defer e.rest.mu.Unlock()
	if e.rest.tries > 0 {
		e.Log.Info("the database can be used again")
	}
	e.rest.tries, e.rest.until = 0, time.Time{}
}

// resting is how long nothing is to be claimed; 0 = go on.
func (e *Engine) resting() time.Duration {
	e.rest.mu.Lock()
	defer e.rest.mu.Unlock()
	if e.rest.tries == 0 {
		return 0
	}
	return max(0, e.rest.until.Sub(e.Now()))
}

// Run works until ctx ends, then waits for the workers to leave their runs in
// a state from which the next life goes on at once.
func (e *Engine) Run(ctx context.Context) error {
	changes, stop := e.Notifier.Listen()
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, e.Parallel)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changes:
		case <-timer.C:
		}
		if wait := e.resting(); wait > 0 { // whatever rings
			timer.Reset(wait)
			continue
		}
		for e.claimOne(ctx, free, &wg) {
		}
		timer.Reset(max(e.sleep(ctx), e.resting()))
	}
}

// claimOne starts one due run; false when none is due or no hand is free.
func (e *Engine) claimOne(ctx context.Context, free chan struct{}, wg *sync.WaitGroup) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case free <- struct{}{}:
	default:
		return false
	}
	r, g, err := e.Store.Claim(ctx, e.Owner, e.Now(), e.Lease, cap(free)-len(free)+1)
	if err != nil {
		<-free
		if !fault.Is(err, fault.NotFound) && ctx.Err() == nil {
			e.stumbled("claim a run", err)
		}
		return false
	}
	wg.Go(func() {
		defer func() { <-free; e.Notifier.Notify() }()
		e.drive(ctx, r, g)
	})
	return true
}

// sleep is how long nothing can become due by itself.
func (e *Engine) sleep(ctx context.Context) time.Duration {
	const longest = 5 * time.Second
	due, err := e.Store.NextDue(ctx)
	if err != nil || due.IsZero() {
		return longest
	}
	wait := due.Sub(e.Now())
	if wait <= 0 { // it is due and may not begin yet: whoever ends rings
		wait = 50 * time.Millisecond
	}
	return min(max(wait, 5*time.Millisecond), longest)
}

// drive holds the lease while the worker works, and settles what it leaves.
func (e *Engine) drive(parent context.Context, r Run, g Claim) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	defer cancel(nil)
	stop := context.AfterFunc(parent, func() { cancel(ErrStopping) })
	defer stop()
	beat := make(chan struct{})
	go func() {
		defer close(beat)
		e.hold(ctx, cancel, g)
	}()
	out, err := e.work(ctx, r, g)
	cause := context.Cause(ctx)
	cancel(nil)
	<-beat
	if errors.Is(cause, ErrLost) {
		e.Log.Warn("run lost to another claim", "run", r.ID)
		return
	}
	if now, err := e.Store.Run(context.WithoutCancel(parent), r.ID); err == nil {
		r.Tries = now.Tries // progress made meanwhile begins the count anew
	}
	out, events := e.outcome(r, out, err, cause)
	// The settling itself must not die with the stop that caused it.
	last, done := context.WithTimeout(context.WithoutCancel(parent), 10*time.Second)
	defer done()
	switch err := e.Store.RecordOutcome(last, g, out, e.Now(), events...); {
	case err == nil:
		e.steady()
	case fault.Is(err, fault.Conflict):
		e.Log.Warn("run lost to another claim", "run", r.ID)
	default:
		e.stumbled("settle the run "+r.ID, err)
	}
}

// work calls the worker and turns a panic into an error: one broken run must
// not take the others with it.
func (e *Engine) work(ctx context.Context, r Run, g Claim) (out Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			e.Log.Error("panic in a run", "run", r.ID, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	w := e.Workers[r.Kind]
	if w == nil {
		return Outcome{}, fault.Newf(fault.Invalid, "This version of Bakplane does not know runs of kind %q.", r.Kind)
	}
	return w.Work(ctx, r, g)
}

// hold renews the lease until ctx ends and passes requests on. Only the tick
// writes; a ring reads, or every commit of one run would be a write by each of
// the others.
func (e *Engine) hold(ctx context.Context, cancel context.CancelCauseFunc, g Claim) {
	changes, stop := e.Notifier.Listen()
	defer stop()
	tick := time.NewTicker(e.Lease / 3)
	defer tick.Stop()
	for {
		request, err := e.Store.Request(ctx, g)
		if !e.heard(ctx, cancel, g, request, err) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if !e.heard(ctx, cancel, g, NoRequest, e.Store.Renew(ctx, g, e.Now().Add(e.Lease))) {
				return
			}
		case <-changes:
			// Soon after a person acts, but not at each commit of a busy run.
			select {
			case <-ctx.Done():
				return
			case <-time.After(min(250*time.Millisecond, e.Lease/3)):
			}
		}
	}
}

// heard passes on what the store said of a run at work; false when it is no
// longer ours.
func (e *Engine) heard(ctx context.Context, cancel context.CancelCauseFunc, g Claim, request Request, err error) bool {
	switch {
	case fault.Is(err, fault.Conflict):
		cancel(ErrLost)
		return false
	case err != nil && ctx.Err() == nil:
		e.stumbled("hold the run "+g.RunID, err)
	case request == RequestPause:
		cancel(ErrPause)
	case request == RequestCancel:
		cancel(ErrCancel)
	}
	return true
}

// outcome decides how a run is left.
func (e *Engine) outcome(r Run, out Outcome, err error, cause error) (Outcome, []Event) {
	event := func(l Level, text words.Text) []Event { return []Event{{Level: l, Text: text}} }
	switch {
	case errors.Is(cause, ErrCancel) && !out.State.Ended():
		return Outcome{State: Canceled, Message: words.Say("Canceled.")}, event(Info, words.Say("Canceled."))
	case errors.Is(cause, ErrPause) && (err != nil || out.State == Waiting || out.State == Queued):
		return Outcome{State: Paused, Message: words.Say("Paused by a person.")}, event(Info, words.Say("Paused."))
	case errors.Is(cause, ErrStopping) && err != nil:
		return Outcome{State: Queued, Tries: r.Tries}, nil
	case err == nil:
		return out, nil
	}
	message, fix := fault.Texts(err)
	e.Log.Error("run stopped", "run", r.ID, "kind", r.Kind, "err", err)
	if fault.Is(err, fault.Unavailable) && r.Tries+1 < e.MaxTries {
		wait := Backoff(r.Tries)
		text := words.Say("%s Trying again in %s.", message, words.Span(wait))
		return Outcome{State: Waiting, WakeAt: e.Now().Add(wait), Message: message, Fix: fix, Tries: r.Tries + 1}, event(Warning, text)
	}
	return Outcome{State: Failed, Message: message, Fix: fix}, event(Problem, message)
}

// Backoff is the pause after a number of failed tries without progress: one
// second, doubling, at most five minutes.
func Backoff(tries int) time.Duration {
	return min(time.Second<<min(tries, 10), 5*time.Minute)
}
