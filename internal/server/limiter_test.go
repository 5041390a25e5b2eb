package server

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
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
	if n := tries(8, "from 1", "name ana"); n != 5 {
		t.Errorf("%d tries at once", n)
	}
	for _, c := range []struct {
		what string
		wait time.Duration
		keys []string
		open int
	}{
		{"another address, the same name", 0, []string{"from 2", "name ana"}, 0},
		{"the same address, another name", 0, []string{"from 1", "name bob"}, 0},
		{"just before it has grown back", 12*time.Second - 1, []string{"from 1", "name ana"}, 0},
		{"grown back", 1, []string{"from 1", "name ana"}, 1},
		{"everything has grown back", time.Minute, []string{"from 1", "name ana"}, 5},
		{"never more than five", time.Hour, []string{"from 1", "name ana"}, 5},
		{"strangers", 0, []string{"from 3", "name cyd"}, 5},
	} {
		now = now.Add(c.wait)
		if n := tries(8, c.keys...); n != c.open {
			t.Errorf("%s: %d tries, want %d", c.what, n, c.open)
		}
	}
	d.welcome("from 1", "name ana")
	if n := tries(8, "from 1", "name ana"); n != 5 {
		t.Errorf("after getting in: %d tries", n)
	}
}

func TestARefusalCountsUnderEveryKey(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := newLimiter(func() time.Time { return now })
	for range limiterBurst + 1 { // the first key is full, and the second pays all the same
		d.Open("from 1", "name ana")
	}
	if d.Open("name ana") {
		t.Error("a name is tried from one address as often as one likes")
	}
}

func TestOnlySoManyCallersAreRemembered(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := newLimiter(func() time.Time { return now })
	for i := range limiterKeys {
		d.Open(fmt.Sprint("old ", i))
	}
	if len(d.tries) != limiterKeys {
		t.Errorf("%d are remembered, want %d", len(d.tries), limiterKeys)
	}
	now = now.Add(limiterBurst*limiterEvery + 1)
	d.Open("new")
	if len(d.tries) > limiterKeys || d.tries["new"] == nil {
		t.Errorf("%d are remembered", len(d.tries))
	}
}

func TestTwoPasswordsAreHashedAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newLimiter(time.Now)
		begun := time.Now()
		ended := make(chan struct{})
		for range 4 {
			go func() { d.Hashing(func() { time.Sleep(time.Second) }); ended <- struct{}{} }()
		}
		for range 4 {
			<-ended
		}
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("four take %s, want two after two", took)
		}
	})
}
