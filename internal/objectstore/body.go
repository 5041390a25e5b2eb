package objectstore

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// errStopped is what a transport reads that goes on after its call returned.
var errStopped = errors.New("the attempt is over")

// body is one attempt's bytes on their way out: throttled, counted, and
// refused when the source is shorter than it was.
type body struct {
	ctx   context.Context // io.Reader has no room for one
	limit *rate.Limiter
	meter *meter
	name  string
	other *Checksum // summed on the way; nil = none

	mu   sync.Mutex
	r    io.ReadCloser
	left int64
	sent int64
	over bool
	sum  uint64 // in other
	bad  error  // the source's own failure
}

func (j *job) open(ctx context.Context, offset, length int64) (*body, error) {
	r, err := j.Source.Open(ctx, offset, length)
	if err != nil {
		return nil, err
	}
	return &body{ctx: ctx, limit: j.Limit, meter: &j.meter, name: j.Key, other: j.other, r: r, left: length}, nil
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		return 0, errStopped
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), b.left)]
	if b.limit != nil && b.limit.Limit() != rate.Inf {
		p = p[:min(len(p), max(b.limit.Burst(), 1))]
	}
	n, err := b.r.Read(p)
	if n > 0 && b.limit != nil {
		if err := b.limit.WaitN(b.ctx, n); err != nil {
			return 0, err
		}
	}
	if b.other != nil {
		b.sum = b.other.Update(b.sum, p[:n])
	}
	b.left -= int64(n)
	b.sent += int64(n)
	b.meter.add(int64(n))
	switch {
	case errors.Is(err, io.EOF) && b.left > 0:
		b.bad = Changed(b.name)
		return n, b.bad
	case err != nil && !errors.Is(err, io.EOF):
		b.bad = err
		return n, err
	}
	return n, nil
}

// stop ends the attempt. A transport may still hold the body; it reads no
// more. What was sent in vain is taken off the count.
func (b *body) stop(arrived bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		return
	}
	b.over = true
	b.r.Close()
	if !arrived {
		b.meter.add(-b.sent)
	}
}

// summed is the sum of what was read, in the source's checksum; nil where it is
// not asked for.
func (b *body) summed() *uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.other == nil {
		return nil
	}
	sum := b.sum
	return &sum
}

// failure is what the source itself failed with.
func (b *body) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bad
}

// meter counts bytes and reports them, not too often.
type meter struct {
	mu     sync.Mutex
	done   int64
	total  int64
	last   time.Time
	report func(done, total int64)
}

func (m *meter) add(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n
	if now := time.Now(); m.report != nil && now.Sub(m.last) >= 100*time.Millisecond {
		m.last = now
		m.report(m.done, m.total)
	}
}

// finish reports the whole.
func (m *meter) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = m.total
	if m.report != nil {
		m.report(m.done, m.total)
	}
}
