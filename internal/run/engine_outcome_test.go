package run

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

var (
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	errAway = fault.New(fault.Unavailable, "It does not answer.", "Wait.")
	errOdd  = fault.New(fault.Denied, "The secret is wrong.", "Enter it again.")
)

func TestHowARunIsLeft(t *testing.T) {
	done, waits, paused := Outcome{State: Succeeded}, Outcome{State: Waiting, WakeAt: noon.Add(time.Hour)}, Outcome{State: Paused}
	for _, c := range []struct {
		what  string
		tries int
		out   Outcome
		err   error
		cause error
		want  State
		left  int   // tries
		level Level // of the event; empty = none
	}{
		{what: "it succeeded", out: done, want: Succeeded},
		{what: "it waits", tries: 2, out: waits, want: Waiting},
		{what: "canceled, with an error", err: context.Canceled, cause: ErrCancel, want: Canceled, level: Info},
		{what: "canceled, and it waits", out: waits, cause: ErrCancel, want: Canceled, level: Info},
		{what: "canceled, and it asks a person", out: paused, cause: ErrCancel, want: Canceled, level: Info},
		{what: "canceled, and it failed", out: Outcome{State: Failed}, cause: ErrCancel, want: Canceled, level: Info},
		{what: "canceled, and it was quicker", out: done, cause: ErrCancel, want: Succeeded},
		{what: "canceled, and it says so itself", out: Outcome{State: Canceled, Message: words.Say("Mine.")}, cause: ErrCancel, want: Canceled},
		{what: "paused, with an error", err: context.Canceled, cause: ErrPause, want: Paused, level: Info},
		{what: "paused, and it waits", out: waits, cause: ErrPause, want: Paused, level: Info},
		{what: "paused, and it wants to go on", out: Outcome{State: Queued}, cause: ErrPause, want: Paused, level: Info},
		{what: "paused, and it was quicker", out: done, cause: ErrPause, want: Succeeded},
		{what: "paused, and it failed", out: Outcome{State: Failed}, cause: ErrPause, want: Failed},
		{what: "stopped, with an error", tries: 2, err: errAway, cause: ErrStopping, want: Queued, left: 2},
		{what: "stopped, and it waits", out: waits, cause: ErrStopping, want: Waiting},
		{what: "stopped, and it was quicker", out: done, cause: ErrStopping, want: Succeeded},
		{what: "unavailable, the first time", err: errAway, want: Waiting, left: 1, level: Warning},
		{what: "unavailable, the last try but one", tries: 1, err: errAway, want: Waiting, left: 2, level: Warning},
		{what: "unavailable, the last try", tries: 2, err: errAway, want: Failed, level: Problem},
		{what: "unavailable, once too often", tries: 3, err: errAway, want: Failed, level: Problem},
		{what: "anything else asks a person", err: errOdd, want: Failed, level: Problem},
		{what: "an error of no kind does, too", err: errors.New("odd"), want: Failed, level: Problem},
	} {
		e := &Engine{MaxTries: 3, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time { return noon }}
		got, events := e.outcome(Run{Tries: c.tries}, c.out, c.err, c.cause)
		if got.State != c.want || got.Tries != c.left || (len(events) == 1) != (c.level != "") || len(events) == 1 && events[0].Level != c.level {
			t.Errorf("%s: %+v %v", c.what, got, events)
		}
		if c.level == Warning && !got.WakeAt.Equal(noon.Add(Backoff(c.tries))) {
			t.Errorf("%s: comes back at %s", c.what, got.WakeAt)
		}
		if c.level == "" && c.cause == nil && got.WakeAt != c.out.WakeAt {
			t.Errorf("%s: the worker's own outcome is changed", c.what)
		}
	}
}

func TestPausesDoubleUpToFiveMinutes(t *testing.T) {
	for tries, want := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 3: 8 * time.Second, 8: 256 * time.Second, 9: 5 * time.Minute, 10: 5 * time.Minute, 63: 5 * time.Minute, 1000: 5 * time.Minute} {
		if got := Backoff(tries); got != want {
			t.Errorf("after %d tries: %s, want %s", tries, got, want)
		}
	}
}

func TestWhatAHolderHears(t *testing.T) {
	for _, c := range []struct {
		what    string
		request Request
		err     error
		cause   error
		ours    bool
	}{
		{"nothing", NoRequest, nil, nil, true},
		{"pause", RequestPause, nil, ErrPause, true},
		{"cancel", RequestCancel, nil, ErrCancel, true},
		{"look", RequestLook, nil, nil, true},
		{"another has it", NoRequest, fault.New(fault.Conflict, "No.", ""), ErrLost, false},
		{"the store is away", NoRequest, errAway, nil, true},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		e := &Engine{Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
		if ours := e.heard(ctx, cancel, Claim{}, c.request, c.err); ours != c.ours || !errors.Is(context.Cause(ctx), c.cause) {
			t.Errorf("%s: ours %v, %v", c.what, ours, context.Cause(ctx))
		}
		cancel(nil)
	}
}

// desk is a store of one run; another may take it.
type desk struct {
	Store
	mu       sync.Mutex
	claimed  bool
	taken    bool // by another
	away     bool
	renewed  []time.Time // until when
	at       []time.Time // when it was renewed
	outcomes []Outcome
	tries    int // by now
	due      time.Time
}

func (d *desk) Claim(context.Context, string, time.Time, time.Duration, int) (Run, Claim, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.claimed {
		return Run{}, Claim{}, fault.New(fault.NotFound, "No run is due.", "")
	}
	d.claimed = true
	return Run{ID: "r", Kind: "k", Tries: 7}, Claim{RunID: "r", Owner: "me", Fence: 1}, nil
}

func (d *desk) lost() error {
	if d.away {
		return errAway
	}
	if d.taken {
		return fault.New(fault.Conflict, "The run was claimed by another.", "").Because(ErrLost)
	}
	return nil
}

func (d *desk) Renew(_ context.Context, _ Claim, until time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.renewed, d.at = append(d.renewed, until), append(d.at, time.Now())
	return d.lost()
}

func (d *desk) Request(context.Context, Claim) (Request, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return NoRequest, d.lost()
}

func (d *desk) RecordOutcome(_ context.Context, _ Claim, o Outcome, _ time.Time, _ ...Event) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outcomes = append(d.outcomes, o)
	return nil
}

func (d *desk) Run(context.Context, string) (Run, error) { return Run{ID: "r", Tries: d.tries}, nil }

func (d *desk) NextDue(context.Context) (time.Time, error) { return d.due, nil }

func (d *desk) take() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.taken = true
}

type workFunc func(ctx context.Context) (Outcome, error)

func (f workFunc) Work(ctx context.Context, _ Run, _ Claim) (Outcome, error) { return f(ctx) }

// during runs an engine over a desk until the work is left.
func during(t *testing.T, d *desk, work workFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{})
	e := &Engine{Store: d, Owner: "me", Notifier: NewNotifier(), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Parallel: 1, Lease: 30 * time.Second, MaxTries: 3, Now: time.Now,
		Workers: map[string]Worker{"k": workFunc(func(ctx context.Context) (Outcome, error) { defer close(ended); return work(ctx) })}}
	var wg sync.WaitGroup
	wg.Go(func() { _ = e.Run(ctx) })
	select {
	case <-ended:
	case <-time.After(2 * time.Hour): // of the bubble's clock: seconds
		t.Error("the work does not begin, or does not end")
	}
	synctest.Wait()
	cancel()
	wg.Wait()
}

func TestAWorkerThatLostItsClaimStopsAndSettlesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		begun := time.Now()
		during(t, d, func(ctx context.Context) (Outcome, error) {
			d.take()
			select {
			case <-ctx.Done():
				if !errors.Is(context.Cause(ctx), ErrLost) {
					t.Errorf("stopped by %v", context.Cause(ctx))
				}
			case <-time.After(time.Hour):
				t.Error("the worker goes on")
			}
			return Outcome{}, context.Cause(ctx)
		})
		if len(d.outcomes) > 0 || time.Since(begun) > 10*time.Second {
			t.Errorf("settled %v after %s", d.outcomes, time.Since(begun))
		}
	})
}

func TestALeaseIsRenewedEachThirdOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		begun := time.Now()
		during(t, d, func(context.Context) (Outcome, error) {
			time.Sleep(35 * time.Second)
			return Outcome{State: Succeeded}, nil
		})
		if len(d.renewed) != 3 || !d.at[0].Equal(begun.Add(10*time.Second)) || !d.renewed[0].Equal(begun.Add(40*time.Second)) || len(d.outcomes) != 1 {
			t.Errorf("renewed at %v until %v, %v", d.at, d.renewed, d.outcomes)
		}
	})
}

func TestAStoreThatIsAwayForAWhileEndsNoWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{away: true}
		during(t, d, func(ctx context.Context) (Outcome, error) {
			select {
			case <-ctx.Done():
				t.Errorf("ended by %v", context.Cause(ctx))
			case <-time.After(35 * time.Second):
			}
			return Outcome{State: Succeeded}, nil
		})
		if len(d.outcomes) != 1 || d.outcomes[0].State != Succeeded {
			t.Errorf("%v", d.outcomes)
		}
	})
}

func TestProgressBeginsTheCountOfTriesAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{tries: 0} // 7 when it was claimed
		during(t, d, func(context.Context) (Outcome, error) { return Outcome{}, errAway })
		if len(d.outcomes) != 1 || d.outcomes[0].State != Waiting || d.outcomes[0].Tries != 1 {
			t.Errorf("%+v", d.outcomes)
		}
	})
}

func TestAnEngineSleepsUntilSomethingIsDue(t *testing.T) {
	for due, want := range map[time.Duration]time.Duration{-time.Hour: 50 * time.Millisecond, 0: 50 * time.Millisecond, time.Millisecond: 5 * time.Millisecond, 2 * time.Second: 2 * time.Second, 5 * time.Second: 5 * time.Second, time.Hour: 5 * time.Second} {
		e := &Engine{Store: &desk{due: noon.Add(due)}, Now: func() time.Time { return noon }}
		if got := e.sleep(t.Context()); got != want {
			t.Errorf("due in %s: sleeps %s", due, got)
		}
	}
	if got := (&Engine{Store: &desk{}, Now: func() time.Time { return noon }}).sleep(t.Context()); got != 5*time.Second {
		t.Errorf("nothing is due: sleeps %s", got)
	}
}
