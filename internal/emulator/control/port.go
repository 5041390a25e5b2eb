package control

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Bounds of what the door remembers.
const (
	maxRequests = 20_000
	maxDetails  = 200_000
)

// Port holds the rules and the memory of one emulator. Make it with New.
type Port struct {
	// Refuse writes a refusal in the vendor's format; set it before serving.
	// Nil writes code and message as plain text.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, code, message string)
	// OnReset is called by Reset, for an emulator with settings of its own.
	OnReset func()

	mux *http.ServeMux

	mu       sync.Mutex
	rules    []*rule
	next     int
	held     []*holding
	waiters  chan struct{} // closed and replaced whenever held grows
	requests []Request
	open     int
	ops      map[string]*Count
	details  map[string]*Count
}

// Request is one request as the door saw it.
type Request struct {
	Seq       int       `json:"seq"`
	Time      time.Time `json:"time"`
	Method    string    `json:"method"`
	Operation string    `json:"operation"`
	Target    string    `json:"target"` // escaped path and query
	Detail    string    `json:"detail,omitempty"`
	Status    int       `json:"status"` // of the emulator's own answer; 0 while or if there was none
	Sent      bool      `json:"sent"`   // the answer left unharmed by a rule
}

// Count says what became of the requests of an operation or a detail.
type Count struct {
	Seen    int `json:"seen"`    // arrived
	Acted   int `json:"acted"`   // the emulator itself produced a 2xx answer
	Refused int `json:"refused"` // the emulator itself produced another status
	Bitten  int `json:"bitten"`  // a rule refused, cut or hid the answer
	Ended   int `json:"ended"`   // no longer under way
}

// Counts is what /counts answers. Details are keyed "Operation detail".
type Counts struct {
	Operations map[string]Count `json:"operations"`
	Details    map[string]Count `json:"details"`
	// Open is the number of connections to the wire, where the emulator gave
	// ConnState to its server. At zero nothing that a dead client had sent can
	// still be acted on, once a request that came later was answered.
	Open int `json:"open"`
}

// Held is a request that waits to be released.
type Held struct {
	ID        string `json:"id"`
	Rule      string `json:"rule"`
	Operation string `json:"operation"`
	Target    string `json:"target"`
	When      string `json:"when"` // before or after
}

type holding struct {
	Held
	free chan struct{}
}

// New returns a door without rules.
func New() *Port {
	d := &Port{waiters: make(chan struct{}), ops: map[string]*Count{}, details: map[string]*Count{}}
	d.mux = http.NewServeMux()
	d.routes()
	return d
}

// Add puts a rule in force and returns it with its id.
func (d *Port) Add(in Rule) (Rule, error) {
	r, err := compile(in)
	if err != nil {
		return Rule{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next++
	r.ID = "r" + strconv.Itoa(d.next)
	d.rules = append(d.rules, r)
	return r.Rule, nil
}

// Rules lists the rules that still bite.
func (d *Port) Rules() []Rule {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Rule, 0, len(d.rules))
	for _, r := range d.rules {
		out = append(out, r.Rule)
	}
	return out
}

// Remove forgets one rule, or all when id is empty. Requests already held stay held.
func (d *Port) Remove(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := d.rules[:0]
	for _, r := range d.rules {
		if id != "" && r.ID != id {
			kept = append(kept, r)
		}
	}
	clear(d.rules[len(kept):])
	d.rules = kept
}

// bitesOf collects the actions for one request.
func (d *Port) bitesOf(req *http.Request, operation string) (Rule, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all Rule
	bitten := false
	kept := d.rules[:0]
	for _, r := range d.rules {
		spent := false
		if r.matches(req, operation) {
			var bite bool
			if bite, spent = r.take(); bite {
				if r.Hold != "" && all.Hold == "" {
					all.ID = r.ID
				}
				merge(&all, r.Rule)
				bitten = true
			}
		}
		if !spent {
			kept = append(kept, r)
		}
	}
	clear(d.rules[len(kept):])
	d.rules = kept
	return all, bitten
}

// Held lists held requests; it waits for the first one until ctx ends.
func (d *Port) Held(ctx context.Context) []Held {
	for {
		d.mu.Lock()
		out := make([]Held, 0, len(d.held))
		for _, h := range d.held {
			out = append(out, h.Held)
		}
		wait := d.waiters
		d.mu.Unlock()
		if len(out) > 0 {
			return out
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return out
		}
	}
}

// Release lets one held request go on, or all when id is empty. It reports how many.
func (d *Port) Release(id string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	kept := d.held[:0]
	for _, h := range d.held {
		if id == "" || h.ID == id {
			close(h.free)
			n++
		} else {
			kept = append(kept, h)
		}
	}
	clear(d.held[len(kept):])
	d.held = kept
	return n
}

// hold stops the calling request until it is released. A client that goes
// away does not end it: a service acts on what it has already received.
func (d *Port) hold(ruleID, operation, when string, req *http.Request) {
	d.mu.Lock()
	d.next++
	h := &holding{Held: Held{ID: "h" + strconv.Itoa(d.next), Rule: ruleID, Operation: operation, Target: target(req), When: when}, free: make(chan struct{})}
	d.held = append(d.held, h)
	close(d.waiters)
	d.waiters = make(chan struct{})
	d.mu.Unlock()
	<-h.free
}

// Reset releases everything held and forgets rules, counts and requests.
func (d *Port) Reset() {
	d.Remove("")
	d.Release("")
	d.mu.Lock()
	d.requests = nil
	d.ops, d.details = map[string]*Count{}, map[string]*Count{}
	d.mu.Unlock()
	if d.OnReset != nil {
		d.OnReset()
	}
}

// Counts returns what was counted since the start or the last Reset.
func (d *Port) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := Counts{Operations: map[string]Count{}, Details: map[string]Count{}, Open: d.open}
	for k, c := range d.ops {
		out.Operations[k] = *c
	}
	for k, c := range d.details {
		out.Details[k] = *c
	}
	return out
}

// ConnState is for http.Server.ConnState of the emulated wire.
func (d *Port) ConnState(_ net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch state {
	case http.StateNew:
		d.open++
	case http.StateClosed, http.StateHijacked:
		d.open--
	}
}

// Requests returns the last requests that were answered, oldest first; an
// empty operation means all.
func (d *Port) Requests(operation string) []Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []Request{}
	for _, r := range d.requests {
		if operation == "" || r.Operation == operation {
			out = append(out, r)
		}
	}
	return out
}
