package migration

import (
	"context"
	"sync"
)

// Caps bound what goes on at once on our side and at the source; what the
// target has in its hands is bounded by Rules.Restores, which outlives us.
// Zero means no bound.
type Caps struct {
	Backups int // at one source server
	Uploads int // files, over all migrations
}

// gates keep to the caps within this process; the folder lock makes sure that
// there is no other.
type gates struct {
	mu    sync.Mutex
	slots map[string]chan struct{}
}

// enter waits for a free slot of a place and returns its release.
func (g *gates) enter(ctx context.Context, place string, most int) (leave func(), err error) {
	if most <= 0 {
		return func() {}, nil
	}
	g.mu.Lock()
	if g.slots == nil {
		g.slots = map[string]chan struct{}{}
	}
	slots := g.slots[place]
	if slots == nil {
		slots = make(chan struct{}, most)
		g.slots[place] = slots
	}
	g.mu.Unlock()
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
