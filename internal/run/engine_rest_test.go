package run

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// full is a store on a full disk, until it is not.
type full struct {
	*queue
	is     atomic.Bool
	claims atomic.Int64
}

var errFull = fault.New(fault.Unavailable, "The disk is full.", "Free some space.")

func (f *full) Claim(ctx context.Context, owner string, at time.Time, lease time.Duration, idle int) (Run, Claim, error) {
	f.claims.Add(1)
	if f.is.Load() {
		return Run{}, Claim{}, errFull
	}
	return f.queue.Claim(ctx, owner, at, lease, idle)
}

// NextDue says that something is due at once, as it is while nothing can be
// claimed.
func (f *full) NextDue(context.Context) (time.Time, error) { return time.Now(), nil }

// TestAFullDiskIsAskedNowAndThenAndToldOnce, whoever rings.
func TestAFullDiskIsAskedNowAndThenAndToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &full{queue: dues("k")}
		q.is.Store(true)
		var log bytes.Buffer
		e := driven(q.queue, 4, func(context.Context) (Outcome, error) { return Outcome{State: Succeeded}, nil })
		e.Store, e.Log = q, slog.New(slog.NewTextHandler(&log, nil))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- e.Run(ctx) }()
		for range 800 { // eight seconds in which others ring all the time
			e.Notifier.Notify()
			time.Sleep(10 * time.Millisecond)
		}
		if n := q.claims.Load(); n > 5 {
			t.Errorf("asked %d times in eight seconds", n)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("%d lines:\n%s", n, log.String())
		}
		q.is.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		q.mu.Lock()
		if q.left["a"].State != Succeeded {
			t.Errorf("when there is room again: %+v", q.left)
		}
		q.mu.Unlock()
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("%d lines:\n%s", n, log.String())
		}
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
