package server

import (
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/policy/clouds"
)

// glimpse is how long a page waits for the first answer of a service that it
// can do without.
const glimpse = 10 * time.Millisecond

// looks keeps what services said of instances, so that leafing through pages
// does not ask each time.
type looks struct {
	mu    sync.Mutex
	seen  map[string]clouds.Looked
	turns map[string]int    // grows when what was seen no longer counts
	asked map[string]*asked // by pages that do not wait
}

// asked is a question to a service that pages share.
type asked struct {
	ended chan struct{}
	err   error     // once ended
	at    time.Time // when it was asked
}

func (l *looks) get(id string) (clouds.Looked, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.seen[id]
	return s, ok
}

// turn is to be taken before a service is asked and given to keep: an answer
// from before a change is not kept after it.
func (l *looks) turn(id string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turns[id]
}

func (l *looks) keep(id string, turn int, s clouds.Looked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turns[id] != turn {
		return
	}
	if l.seen == nil {
		l.seen = map[string]clouds.Looked{}
	}
	l.seen[id] = s
}

func (l *looks) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turns == nil {
		l.turns = map[string]int{}
	}
	l.turns[id]++
	delete(l.seen, id)
	delete(l.asked, id)
}

// ask asks a service, unless that is being done, or was done in vain a moment
// ago.
func (l *looks) ask(id string, now time.Time, question func() error) *asked {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.asked[id]; a != nil && (!a.done() || a.err != nil && now.Sub(a.at) < freshFor) {
		return a
	}
	a := &asked{ended: make(chan struct{}), at: now}
	if l.asked == nil {
		l.asked = map[string]*asked{}
	}
	l.asked[id] = a
	go func() {
		defer close(a.ended)
		a.err = question()
	}()
	return a
}

func (a *asked) done() bool {
	select {
	case <-a.ended:
		return true
	default:
		return false
	}
}

// wait waits for the answer at most for a while; none yet is no error.
func (a *asked) wait(most time.Duration) error {
	if a.done() {
		return a.err
	}
	patience := time.NewTimer(most)
	defer patience.Stop()
	select {
	case <-a.ended:
		return a.err
	case <-patience.C:
		return nil
	}
}
