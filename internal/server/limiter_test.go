package server

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

func TestFiveTriesAndThenOneEachTwelveSeconds(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := newLimiter(func() time.Time { return now })
	tries := func(n int, keys ...string) (open int) {
		for range n {
			if d.Open(keys...) {
				open++
			}
		}
		return open
	}
	if n := tries(8, "from 1"); n != 5 {
		t.Errorf("%d tries at once", n)
	}
	for _, c := range []struct {
		what string
		wait time.Duration
		keys []string
		open int
	}{
		{"just before it has grown back", 12*time.Second - 1, []string{"from 1"}, 0},
		{"grown back", 1, []string{"from 1"}, 1},
		{"everything has grown back", time.Minute, []string{"from 1"}, 5},
		{"never more than five", time.Hour, []string{"from 1"}, 5},
		{"strangers", 0, []string{"from 3"}, 5},
		{"one of two keys is used up", 0, []string{"from 4", "from 1"}, 0},
		{"and the other paid all the same", 0, []string{"from 4"}, 0},
	} {
		now = now.Add(c.wait)
		if n := tries(8, c.keys...); n != c.open {
			t.Errorf("%s: %d tries, want %d", c.what, n, c.open)
		}
	}
	d.welcome("from 1")
	if n := tries(8, "from 1"); n != 5 {
		t.Errorf("after getting in: %d tries", n)
	}
}

// TestAFloodMakesNobodyForgotten: neither the memory taken nor what is known of
// whoever tried too often changes with a flood of others.
func TestAFloodMakesNobodyForgotten(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := newLimiter(func() time.Time { return now })
	for range limiterBurst {
		d.Open("the guesser")
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range 100_000 {
		d.Open(fmt.Sprint(i, strings.Repeat("x", 100)))
		d.missed(fmt.Sprint("name ", i, strings.Repeat("x", 100)))
	}
	if grown := int64(heap()) - int64(before); grown > 4<<20 {
		t.Errorf("100,000 strangers cost %d bytes", grown)
	}
	if d.Open("the guesser") {
		t.Error("a flood made the guesser forgotten")
	}
}

// TestANameIsSlowedDownAndNeverLocked, however often strangers are wrong.
func TestANameIsSlowedDownAndNeverLocked(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := newLimiter(func() time.Time { return now })
	for i, want := range map[int]time.Duration{0: 0} {
		if got := d.pause("ana"); got != want {
			t.Errorf("after %d: %s", i, got)
		}
	}
	wrongTries := 0
	for _, c := range []struct {
		tries int
		want  time.Duration
	}{{9, 0}, {10, time.Second}, {20, 2 * time.Second}, {30, 4 * time.Second}, {40, 8 * time.Second}, {5000, 8 * time.Second}} {
		for ; wrongTries < c.tries; wrongTries++ {
			d.missed("ana")
		}
		if got := d.pause("ana"); got != c.want {
			t.Errorf("after %d wrong tries: %s, want %s", c.tries, got, c.want)
		}
	}
	now = now.Add(-time.Hour)
	if got := d.pause("ana"); got != wrongLonger {
		t.Errorf("with the clock set back: %s", got)
	}
	now = now.Add(time.Hour + 5000*time.Minute)
	if got := d.pause("ana"); got != 0 {
		t.Errorf("when all is forgotten: %s", got)
	}
}

func TestSoManyPasswordsAreHashedAndWaitAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newLimiter(time.Now)
		var took []time.Duration
		var mu sync.Mutex
		refused := 0
		begun := time.Now()
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				err := d.Hashing(t.Context(), false, func() { time.Sleep(time.Second) })
				mu.Lock()
				defer mu.Unlock()
				if fault.Is(err, fault.Unavailable) {
					refused++
				} else if err == nil {
					took = append(took, time.Since(begun))
				}
			})
		}
		synctest.Wait()
		knownTook := time.Duration(0)
		all.Go(func() {
			if err := d.Hashing(t.Context(), true, func() { time.Sleep(time.Second) }); err != nil {
				t.Error(err)
			}
			knownTook = time.Since(begun)
		})
		gone, leave := context.WithCancel(t.Context())
		leave()
		all.Wait()
		if refused != 8 || len(took) != 22 || took[21] != 11*time.Second {
			t.Errorf("%d refused, %d hashed: %v; want 8, and 22 by two and two", refused, len(took), took)
		}
		if knownTook != time.Second {
			t.Errorf("who is known waited %s behind strangers", knownTook)
		}
		d.strangers.work <- struct{}{}
		d.strangers.work <- struct{}{}
		if err := d.Hashing(gone, false, func() { t.Error("hashed for nobody") }); !fault.Is(err, fault.Unavailable) {
			t.Error(err)
		}
	})
}
