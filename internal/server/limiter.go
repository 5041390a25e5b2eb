package server

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// door slows down whoever tries passwords: by address and by name, five at
// once and then one every twelve seconds. It also bounds how many passwords
// are hashed at the same time, because each takes 19 MiB.
type limiter struct {
	now  func() time.Time
	hash chan struct{}

	mu    sync.Mutex
	tries map[string]*try
}

type try struct {
	limit *rate.Limiter
	last  time.Time
}

const (
	limiterBurst = 5
	limiterEvery = 12 * time.Second
	limiterKeys  = 10_000 // more callers than this are remembered only in part
)

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, hash: make(chan struct{}, 2), tries: map[string]*try{}}
}

// Open reports whether a try may be made under all keys.
func (d *limiter) Open(keys ...string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, ok := d.now(), true
	for _, k := range keys {
		t := d.tries[k]
		if t == nil {
			d.sweep(now)
			t = &try{limit: rate.NewLimiter(rate.Every(limiterEvery), limiterBurst)}
			d.tries[k] = t
		}
		t.last = now
		ok = t.limit.AllowN(now, 1) && ok
	}
	return ok
}

// welcome forgets the tries of somebody who got in.
func (d *limiter) welcome(keys ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range keys {
		delete(d.tries, k)
	}
}

// sweep forgets callers whose tries have all grown back, and anybody when too
// many are remembered.
func (d *limiter) sweep(now time.Time) {
	if len(d.tries) < limiterKeys {
		return
	}
	for k, t := range d.tries {
		if now.Sub(t.last) > limiterBurst*limiterEvery || len(d.tries) >= limiterKeys {
			delete(d.tries, k)
		}
	}
}

// Hashing runs f when a place is free.
func (d *limiter) Hashing(f func()) {
	d.hash <- struct{}{}
	defer func() { <-d.hash }()
	f()
}
