package scheduler

import (
	"container/heap"
	"errors"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/policy"
)

// DueQueue has every policy read and ready, in the order in which their next slots
// are due. It is not safe for use by several goroutines.
type DueQueue struct {
	NewID func() string

	pages map[string]*duePolicy
	queue queue
}

// duePolicy is one policy with what is decided of it.
type duePolicy struct {
	calendar   *policy.Calendar
	watermarks []policy.Watermark
	at         time.Time // when it is to be asked again
	place      int       // in the queue; -1 = nothing is due by itself
}

// NewDueQueue makes an empty book.
func NewDueQueue(newID func() string) *DueQueue {
	return &DueQueue{NewID: newID, pages: map[string]*duePolicy{}}
}

// Remember takes over watermarks as the store has them, before the policies are
// put in.
func (b *DueQueue) Remember(watermarks []policy.Watermark) {
	for _, m := range watermarks {
		p := b.duePolicy(m.PolicyID)
		p.watermarks = append(p.watermarks, m)
	}
}

func (b *DueQueue) duePolicy(id string) *duePolicy {
	p, ok := b.pages[id]
	if !ok {
		p = &duePolicy{place: -1}
		b.pages[id] = p
	}
	return p
}

// Put takes policies in, or their new versions; each is asked at once. The
// error joins what is wrong with those that cannot be read: they rest until
// they are put in again, and keep nobody else from his slots.
func (b *DueQueue) Put(policies []policy.Policy) error {
	var errs []error
	for _, p := range policies {
		c, err := policy.NewCalendar(p)
		if err != nil && !p.Enabled { // what it says does not matter any more
			c, err = &policy.Calendar{Policy: p}, nil
		}
		duePolicy := b.duePolicy(p.ID)
		duePolicy.calendar = c
		if err != nil {
			b.ask(duePolicy, time.Time{})
			errs = append(errs, fmt.Errorf("policy %s: %w", p.Name, err))
			continue
		}
		b.ask(duePolicy, time.Unix(0, 0))
	}
	return errors.Join(errs...)
}

// Again has every policy asked at once, as after the clock was changed.
func (b *DueQueue) Again() {
	for _, p := range b.pages {
		if p.calendar != nil {
			b.ask(p, time.Unix(0, 0))
		}
	}
}

// ask puts a page where it belongs in the queue; the zero time takes it out.
func (b *DueQueue) ask(p *duePolicy, at time.Time) {
	p.at = at
	switch {
	case at.IsZero() && p.place >= 0:
		heap.Remove(&b.queue, p.place)
	case at.IsZero():
	case p.place < 0:
		heap.Push(&b.queue, p)
	default:
		heap.Fix(&b.queue, p.place)
	}
}

// Next is when something is due; zero = never.
func (b *DueQueue) Next() time.Time {
	if len(b.queue) == 0 {
		return time.Time{}
	}
	return b.queue[0].at
}

// Entry is what one policy has decided and the store does not know yet.
type Entry struct {
	policy.Batch
	duePolicy *duePolicy
	next      time.Time
}

// Due takes up to most policies out of the queue whose slots are due, those
// that are due for longest first. Give each back with Done or with Later.
func (b *DueQueue) Due(now time.Time, most int) (entries []Entry) {
	for len(b.queue) > 0 && len(entries) < most && !b.queue[0].at.After(now) {
		p := b.queue[0]
		d := p.calendar.Due(p.watermarks, now)
		e := Entry{Batch: policy.Batch{Watermarks: d.Watermarks, Slots: d.Slots}, duePolicy: p, next: d.Next}
		for _, s := range d.Slots {
			e.Runs = append(e.Runs, policy.Queue(p.calendar.Policy, s, now, b.NewID)...)
		}
		b.ask(p, time.Time{})
		entries = append(entries, e)
	}
	return entries
}

// Done notes that the store has an entry.
func (b *DueQueue) Done(e Entry) {
	for _, m := range e.Watermarks {
		e.duePolicy.watermark(m)
	}
	b.ask(e.duePolicy, e.next)
}

// Later has an entry's policy asked again at a moment: the store would not
// take it.
func (b *DueQueue) Later(e Entry, at time.Time) { b.ask(e.duePolicy, at) }

func (p *duePolicy) watermark(m policy.Watermark) {
	for i := range p.watermarks {
		if p.watermarks[i].Kind == m.Kind {
			p.watermarks[i] = m
			return
		}
	}
	p.watermarks = append(p.watermarks, m)
}

// queue is a heap of pages by the time they are to be asked.
type queue []*duePolicy

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i]; q[i].place, q[j].place = i, j }
func (q *queue) Push(x any)        { p := x.(*duePolicy); p.place = len(*q); *q = append(*q, p) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	p := (*q)[last]
	(*q)[last] = nil
	*q, p.place = (*q)[:last], -1
	return p
}
