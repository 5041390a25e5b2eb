package activity

import (
	"context"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/server"
)

const (
	// walkPatience is how long a page waits for a walk over the chain. 200,000
	// entries take seconds; who comes meanwhile is told how far it is known.
	walkPatience = 200 * time.Millisecond
	// walkAgain is how old a walk from the first entry may be before the next
	// page begins another.
	walkAgain = time.Hour
	walkLimit = 10 * time.Minute
)

// wholeness walks over the entries that are new, or over all of them, and
// waits for it a moment. A walk that takes longer goes on without the page.
func (s *Pages) wholeness(ctx context.Context, all bool) (server.Wholeness, error) {
	s.trail.mu.Lock()
	if s.trail.going {
		defer s.trail.mu.Unlock()
		known := s.trail.known
		known.Going = true
		return known, nil
	}
	s.trail.going = true
	all = all || s.Now().Sub(s.trail.known.Whole) > walkAgain
	from := audit.Walk{}
	if !all {
		from = s.trail.before
	}
	s.trail.mu.Unlock()

	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), walkLimit)
		defer cancel()
		found, err := s.Verified(ctx, from)
		s.trail.mu.Lock()
		defer s.trail.mu.Unlock()
		s.trail.going = false
		if err == nil {
			s.trail.note(found, all)
		} else {
			s.Log.Error("walk over the audit trail", "err", err)
		}
		ended <- err
	}()
	patience := time.NewTimer(walkPatience)
	defer patience.Stop()
	var err error
	select {
	case err = <-ended:
	case <-patience.C:
	}
	s.trail.mu.Lock()
	defer s.trail.mu.Unlock()
	known := s.trail.known
	known.Going = s.trail.going
	return known, err
}

// auditCheck begins a walk over the whole chain.
func (s *Pages) auditCheck(c echo.Context) error {
	if _, err := s.wholeness(c.Request().Context(), true); err != nil {
		return err
	}
	return server.SeeOther(c, "/audit")
}

// trail remembers how far the chain of entries was walked, so that a page
// checks what came since and not everything.
type trail struct {
	mu     sync.Mutex
	known  server.Wholeness
	going  bool
	before audit.Walk // where the next walk goes on
}

// note takes in what a walk found. One that goes on behind a broken chain
// finds it broken still.
func (t *trail) note(found server.Wholeness, all bool) {
	found.Whole, found.Checked = t.known.Whole, t.known.Checked
	if all {
		found.Whole, found.Checked = found.At, found.Entries
	}
	t.known, t.before = found, audit.Walk{Seq: found.Entries, Head: found.Head}
}
