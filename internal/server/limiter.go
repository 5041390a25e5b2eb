package server

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/bakplane/bakplane/internal/fault"
)

// limiter slows down whoever tries passwords: by address, five at once and then
// one every twelve seconds; by name, with a pause that grows with the wrong
// tries and refuses nobody, so that no stranger can lock a person out. It also
// bounds how many passwords are hashed at the same time, because each takes
// 19 MiB, and how many wait for that.
//
// What is kept does not grow: names and addresses share a fixed number of
// places, by a hash that nobody outside can foretell.
type limiter struct {
	now  func() time.Time
	seed maphash.Seed

	strangers, known hashing

	mu     sync.Mutex
	tries  [limiterPlaces]*rate.Limiter
	wrongs [limiterPlaces]wrong
	asleep int // tries that are being slowed down
}

// wrong counts the wrong tries of a name; they are forgotten one a minute.
type wrong struct {
	tries float64
	last  time.Time
}

const (
	limiterBurst  = 5
	limiterEvery  = 12 * time.Second
	limiterPlaces = 1 << 13

	wrongFree   = 10              // wrong tries of a name that cost nothing
	wrongPause  = time.Second     // of the first beyond them; it doubles
	wrongLonger = 8 * time.Second // and ends here
	wrongAsleep = 200             // tries slowed down at once
)

// hashing is room for passwords that are hashed at the same time.
type hashing struct {
	work chan struct{}
	room chan struct{} // at work or waiting for it
}

func newHashing(work, waiting int) hashing {
	return hashing{make(chan struct{}, work), make(chan struct{}, work+waiting)}
}

// errBusy is the answer when too many wait already.
var errBusy = fault.New(fault.Unavailable, "Too many people sign in at this moment.", "Wait a few seconds, then try again.")

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, seed: maphash.MakeSeed(), strangers: newHashing(2, 20), known: newHashing(1, 20)}
}

func (d *limiter) place(key string) uint64 { return maphash.String(d.seed, key) % limiterPlaces }

// Open reports whether a try may be made under all keys.
func (d *limiter) Open(keys ...string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, ok := d.now(), true
	for _, k := range keys {
		t := &d.tries[d.place(k)]
		if *t == nil {
			*t = rate.NewLimiter(rate.Every(limiterEvery), limiterBurst)
		}
		ok = (*t).AllowN(now, 1) && ok
	}
	return ok
}

// welcome forgets the tries of somebody who got in.
func (d *limiter) welcome(keys ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range keys {
		d.tries[d.place(k)] = nil
	}
}

// missed counts a wrong try of a name.
func (d *limiter) missed(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := &d.wrongs[d.place(name)]
	w.tries, w.last = w.now(d.now())+1, d.now()
}

// now is how many wrong tries are remembered. A clock that was set back forgets
// nothing.
func (w *wrong) now(at time.Time) float64 {
	return max(0, min(w.tries, w.tries-at.Sub(w.last).Minutes()))
}

// pause is how long the next try of a name has to wait.
func (d *limiter) pause(name string) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := d.wrongs[d.place(name)]
	pause := time.Duration(0)
	for n := w.now(d.now()); n >= wrongFree && pause < wrongLonger; n -= wrongFree {
		pause = max(wrongPause, 2*pause)
	}
	return pause
}

// slow waits as long as the next try of a name has to. Unavailable when too
// many are waiting already, or the browser does not.
func (d *limiter) slow(ctx context.Context, name string) error {
	p := d.pause(name)
	if p == 0 {
		return nil
	}
	d.mu.Lock()
	full := d.asleep >= wrongAsleep
	if !full {
		d.asleep++
	}
	d.mu.Unlock()
	if full {
		return errBusy
	}
	defer func() { d.mu.Lock(); d.asleep--; d.mu.Unlock() }()
	if !pause(ctx.Done(), p) {
		return errBusy
	}
	return nil
}

// Hashing runs f when a place is free. Who is known, signed in or with a
// browser that signed in before, has a place that strangers cannot take.
// Unavailable when too many wait, or the browser does not.
func (d *limiter) Hashing(ctx context.Context, known bool, f func()) error {
	h := d.strangers
	if known {
		h = d.known
	}
	select {
	case h.room <- struct{}{}:
		defer func() { <-h.room }()
	default:
		return errBusy
	}
	select {
	case h.work <- struct{}{}:
		defer func() { <-h.work }()
	case <-ctx.Done():
		return errBusy
	}
	f()
	return nil
}
