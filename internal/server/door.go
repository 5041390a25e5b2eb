package server

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// door slows down whoever tries passwords: by address and by name, five at
// once and then one every twelve seconds. It also bounds how many passwords
// are hashed at the same time, because each takes 19 MiB.
type door struct {
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
	doorBurst = 5
	doorEvery = 12 * time.Second
	doorKeys  = 10_000 // more callers than this are remembered only in part
)

func newDoor(now func() time.Time) *door {
	return &door{now: now, hash: make(chan struct{}, 2), tries: map[string]*try{}}
}

// open reports whether a try may be made under all keys.
func (d *door) open(keys ...string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, ok := d.now(), true
	for _, k := range keys {
		t := d.tries[k]
		if t == nil {
			d.sweep(now)
			t = &try{limit: rate.NewLimiter(rate.Every(doorEvery), doorBurst)}
			d.tries[k] = t
		}
		t.last = now
		ok = t.limit.AllowN(now, 1) && ok
	}
	return ok
}

// welcome forgets the tries of somebody who got in.
func (d *door) welcome(keys ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range keys {
		delete(d.tries, k)
	}
}

// sweep forgets callers whose tries have all grown back, and anybody when too
// many are remembered.
func (d *door) sweep(now time.Time) {
	if len(d.tries) < doorKeys {
		return
	}
	for k, t := range d.tries {
		if now.Sub(t.last) > doorBurst*doorEvery || len(d.tries) >= doorKeys {
			delete(d.tries, k)
		}
	}
}

// hashing runs f when a place is free.
func (d *door) hashing(f func()) {
	d.hash <- struct{}{}
	defer func() { <-d.hash }()
	f()
}
