package scheduler

import (
	"container/heap"
	"errors"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/policy"
)

// Book has every policy read and ready, in the order in which their next slots
// are due. It is not safe for use by several goroutines.
type Book struct {
	NewID func() string

	pages map[string]*page
	queue queue
}

// page is one policy with what is decided of it.
type page struct {
	calendar *policy.Calendar
	marks    []policy.Mark
	at       time.Time // when it is to be asked again
	place    int       // in the queue; -1 = nothing is due by itself
}

// NewBook makes an empty book.
func NewBook(newID func() string) *Book {
	return &Book{NewID: newID, pages: map[string]*page{}}
}

// Remember takes over marks as the store has them, before the policies are
// put in.
func (b *Book) Remember(marks []policy.Mark) {
	for _, m := range marks {
		p := b.page(m.PolicyID)
		p.marks = append(p.marks, m)
	}
}

func (b *Book) page(id string) *page {
	p, ok := b.pages[id]
	if !ok {
		p = &page{place: -1}
		b.pages[id] = p
	}
	return p
}

// Put takes policies in, or their new versions; each is asked at once. The
// error joins what is wrong with those that cannot be read: they rest until
// they are put in again, and keep nobody else from his slots.
func (b *Book) Put(policies []policy.Policy) error {
	var errs []error
	for _, p := range policies {
		c, err := policy.NewCalendar(p)
		if err != nil && !p.Enabled { // what it says does not matter any more
			c, err = &policy.Calendar{Policy: p}, nil
		}
		page := b.page(p.ID)
		page.calendar = c
		if err != nil {
			b.ask(page, time.Time{})
			errs = append(errs, fmt.Errorf("policy %s: %w", p.Name, err))
			continue
		}
		b.ask(page, time.Unix(0, 0))
	}
	return errors.Join(errs...)
}

// Again has every policy asked at once, as after the clock was changed.
func (b *Book) Again() {
	for _, p := range b.pages {
		if p.calendar != nil {
			b.ask(p, time.Unix(0, 0))
		}
	}
}

// ask puts a page where it belongs in the queue; the zero time takes it out.
func (b *Book) ask(p *page, at time.Time) {
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
func (b *Book) Next() time.Time {
	if len(b.queue) == 0 {
		return time.Time{}
	}
	return b.queue[0].at
}

// Entry is what one policy has decided and the store does not know yet.
type Entry struct {
	policy.Batch
	page *page
	next time.Time
}

// Due takes up to most policies out of the queue whose slots are due, those
// that are due for longest first. Give each back with Done or with Later.
func (b *Book) Due(now time.Time, most int) (entries []Entry) {
	for len(b.queue) > 0 && len(entries) < most && !b.queue[0].at.After(now) {
		p := b.queue[0]
		d := p.calendar.Due(p.marks, now)
		e := Entry{Batch: policy.Batch{Marks: d.Marks, Slots: d.Slots}, page: p, next: d.Next}
		for _, s := range d.Slots {
			e.Runs = append(e.Runs, policy.Queue(p.calendar.Policy, s, now, b.NewID)...)
		}
		b.ask(p, time.Time{})
		entries = append(entries, e)
	}
	return entries
}

// Done notes that the store has an entry.
func (b *Book) Done(e Entry) {
	for _, m := range e.Marks {
		e.page.mark(m)
	}
	b.ask(e.page, e.next)
}

// Later has an entry's policy asked again at a moment: the store would not
// take it.
func (b *Book) Later(e Entry, at time.Time) { b.ask(e.page, at) }

func (p *page) mark(m policy.Mark) {
	for i := range p.marks {
		if p.marks[i].Kind == m.Kind {
			p.marks[i] = m
			return
		}
	}
	p.marks = append(p.marks, m)
}

// queue is a heap of pages by the time they are to be asked.
type queue []*page

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i]; q[i].place, q[j].place = i, j }
func (q *queue) Push(x any)        { p := x.(*page); p.place = len(*q); *q = append(*q, p) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	p := (*q)[last]
	(*q)[last] = nil
	*q, p.place = (*q)[:last], -1
	return p
}
