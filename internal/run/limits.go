package run

import (
	"context"
	"sync"
)

// Limits bound what goes on at once at a place, over all kinds of runs of this
// process; the folder lock makes sure that there is no other process. The zero
// Limits are ready, and nil ones hold nobody up.
type Limits struct {
	mu    sync.Mutex
	slots map[string]chan struct{}
}

// Enter waits for a free slot of a place and returns its release. most is how
// many slots the place has, the same in every call; zero means no bound. Who
// needs two places enters the narrower one first.
func (g *Limits) Enter(ctx context.Context, place string, most int) (leave func(), err error) {
	if most <= 0 || g == nil {
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

// AtUploads is the place of uploads of files, over everything.
const AtUploads = "uploads"
