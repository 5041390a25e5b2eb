package run

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestGatesBoundAPlace(t *testing.T) {
	var g Limits
	var now, most atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			leave, err := g.Enter(context.Background(), "server", 3)
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Millisecond)
			now.Add(-1)
		})
	}
	wg.Wait()
	if n := most.Load(); n > 3 || n < 1 {
		t.Errorf("%d at once", n)
	}
}

func TestAGateIsLeftByWhoGivesUp(t *testing.T) {
	var g Limits
	leave, err := g.Enter(context.Background(), "database", 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(ErrCancel)
	if _, err := g.Enter(ctx, "database", 1); !errors.Is(err, ErrCancel) {
		t.Errorf("entered a full place: %v", err)
	}
	leave()
	if leave, err = g.Enter(context.Background(), "database", 1); err != nil {
		t.Fatal(err)
	}
	leave()
	if _, err := (*Limits)(nil).Enter(context.Background(), "database", 1); err != nil {
		t.Error(err)
	}
}

func TestPlacesAreBoundedEachForItself(t *testing.T) {
	full, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		what   string
		most   int
		inside int // enterings before
		place  string
		ok     bool
	}{
		{"the last of three", 3, 2, "server", true},
		{"one too many", 3, 3, "server", false},
		{"another place", 3, 3, "other", true},
		{"no bound", 0, 100, "server", true},
	} {
		var g Limits
		for range c.inside {
			if _, err := g.Enter(context.Background(), "server", c.most); err != nil {
				t.Fatal(err)
			}
		}
		entered := false
		for range 40 { // of two ways that are open, either may be taken
			if leave, err := g.Enter(full, c.place, c.most); err == nil {
				entered = true
				leave()
			}
		}
		if entered != c.ok {
			t.Errorf("%s: entered %v", c.what, entered)
		}
	}
}
