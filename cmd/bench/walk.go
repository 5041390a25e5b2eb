package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	pageSeconds = 90
	mostKnown   = 500 // addresses remembered of a kind of page
)

// leftOut are pages that show no state of ours but ask servers, clouds and
// buckets while the browser waits, or are forms.
var leftOut = []string{"/settings", "/storage", "/migrations/new", "/waves/new", "/sign-out", "/static", "/instances/…/tasks", "/instances/…/backup", "/instances/…/restore", "/instances/…/remedies"}

// walker goes through the pages as people do: from what a page offers to the
// next. Every kind of page is asked for equally often, one that was found
// before or the newest find, so that lists are followed far down.
type walker struct {
	client *http.Client
	at     string // address of the dashboard

	mu     sync.Mutex
	random *rand.Rand
	kinds  []string // shapes, in the order of their discovery
	known  map[string][]string
	forms  map[string]form // by action
	took   map[string][]time.Duration
	failed []string
	asked  int
}

func newWalker(client *http.Client, at string) *walker {
	w := &walker{client: client, at: at, random: rand.New(rand.NewPCG(5, 20)), known: map[string][]string{}, forms: map[string]form{}, took: map[string][]time.Duration{}}
	for _, seed := range []string{"/", "/instances", "/runs", "/audit"} {
		w.learn(seed)
	}
	for range 40 { // people come from lists that show few of many
		w.learn("/instances/" + serverID(w.random.IntN(wanted.servers)))
		w.learn("/instances/" + cloudID(w.random.IntN(wanted.clouds)))
	}
	return w
}

// learn remembers an address.
func (w *walker) learn(address string) {
	kind := shape(address)
	for _, no := range leftOut {
		if strings.HasPrefix(kind, no) {
			return
		}
	}
	have := w.known[kind]
	switch {
	case slices.Contains(have, address):
		return
	case have == nil:
		w.kinds = append(w.kinds, kind)
	case len(have) == mostKnown:
		have = slices.Delete(have, 0, 1)
	}
	w.known[kind] = append(have, address)
}

// next chooses where to go.
func (w *walker) next() (kind, address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kind = w.kinds[w.asked%len(w.kinds)]
	w.asked++
	have := w.known[kind]
	i := w.random.IntN(len(have))
	if w.random.IntN(2) == 0 {
		i = len(have) - 1
	}
	if f, ok := w.forms[have[i]]; ok && w.random.IntN(2) == 0 {
		return kind, f.fill(w.random)
	}
	return kind, have[i]
}

// visit asks for a page and learns what it offers.
func (w *walker) visit(ctx context.Context, kind, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.at+address, nil)
	if err != nil {
		return err
	}
	began := time.Now()
	body, err := fetch(w.client, req)
	took := time.Since(began)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", address, err)
	}
	offered, err := readDoors(strings.NewReader(body))
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took[kind] = append(w.took[kind], took)
	for _, l := range offered.links {
		w.learn(l)
	}
	for _, f := range offered.forms {
		w.forms[f.action] = f
	}
	return nil
}

// walk asks for pages at the rate of queryRate until the time is over.
func (w *walker) walk(ctx context.Context) {
	tick := time.NewTicker(time.Second / queryRate)
	defer tick.Stop()
	var asking sync.WaitGroup
	for range queryRate * pageSeconds {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		kind, address := w.next()
		asking.Go(func() {
			if err := w.visit(ctx, kind, address); err != nil {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.failed = append(w.failed, err.Error())
			}
		})
	}
	asking.Wait()
}
