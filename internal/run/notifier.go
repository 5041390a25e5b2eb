package run

import "sync"

// Notifier tells whoever listens that something was committed. It carries no
// news: a listener reads the store again. Rings that come while a listener is
// busy melt into one.
type Notifier struct {
	mu        sync.Mutex
	listeners map[chan struct{}]struct{}
}

// NewNotifier makes a notifier.
func NewNotifier() *Notifier { return &Notifier{listeners: map[chan struct{}]struct{}{}} }

// Notify wakes every listener; it never blocks.
func (b *Notifier) Notify() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.listeners {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Listen returns a channel that receives after rings, and the end of listening.
func (b *Notifier) Listen() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listeners[c] = struct{}{}
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.listeners, c)
	}
}
