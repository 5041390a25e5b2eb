package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates"
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

// trail remembers how far the chain of entries was walked, so that a page
// checks what came since and not everything.
type trail struct {
	mu     sync.Mutex
	known  wholeness
	going  bool
	before audit.Walk // where the next walk goes on
}

// wholeness is what walks over the chain of entries found.
type wholeness struct {
	entries int64
	head    audit.Hash
	broken  *audit.Broken
	whole   time.Time // when the newest walk from the first entry ended; zero = none did
	checked int64     // how many entries that one had
	at      time.Time // when the newest walk ended
	going   bool      // another one is under way
}

// verified walks the chain from where a walk ended.
func (s *Server) verified(ctx context.Context, from audit.Walk) (w wholeness, err error) {
	walk, err := s.Audit.VerifyAuditFrom(ctx, from)
	if err != nil && !errors.As(err, &w.broken) {
		return w, err
	}
	w.entries, w.head, w.at = walk.Seq, walk.Head, s.Now()
	return w, nil
}

// wholeness walks over the entries that are new, or over all of them, and
// waits for it a moment. A walk that takes longer goes on without the page.
func (s *Server) wholeness(ctx context.Context, all bool) (wholeness, error) {
	s.trail.mu.Lock()
	if s.trail.going {
		defer s.trail.mu.Unlock()
		known := s.trail.known
		known.going = true
		return known, nil
	}
	s.trail.going = true
	all = all || s.Now().Sub(s.trail.known.whole) > walkAgain
	from := audit.Walk{}
	if !all {
		from = s.trail.before
	}
	s.trail.mu.Unlock()

	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), walkLimit)
		defer cancel()
		found, err := s.verified(ctx, from)
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
	known.going = s.trail.going
	return known, err
}

// note takes in what a walk found. One that goes on behind a broken chain
// finds it broken still.
func (t *trail) note(found wholeness, all bool) {
	found.whole, found.checked = t.known.whole, t.known.checked
	if all {
		found.whole, found.checked = found.at, found.entries
	}
	t.known, t.before = found, audit.Walk{Seq: found.entries, Head: found.head}
}

// auditCheck begins a walk over the whole chain.
func (s *Server) auditCheck(c echo.Context) error {
	if _, err := s.wholeness(c.Request().Context(), true); err != nil {
		return err
	}
	return seeOther(c, "/audit")
}

func (w wholeness) words(z templates.Zone) templates.Help {
	switch {
	case w.whole.IsZero():
		return templates.Help{Tone: templates.ToneRun, Title: "The chain of entries is being checked.", Cause: "From the first to the last, for the first time since Bakplane was started.", Fix: "Look again in a moment."}
	case w.broken != nil:
		return templates.Help{Title: fmt.Sprintf("The chain is broken at entry %d.", w.broken.Seq), Cause: fmt.Sprintf("Entry %d %s. The %s before it are as they were written.", w.broken.Seq, w.broken.Why, templates.Count(int(w.entries), "entry", "entries")),
			Fix: "Somebody or something changed the database file outside of Bakplane. Keep a copy of it as it is, and compare it with your backups of the data folder."}
	}
	h := templates.Help{Tone: templates.ToneOK, Title: fmt.Sprintf("The chain of %s entries is whole.", words.Number(w.entries))}
	switch since := w.entries - w.checked; {
	case w.going:
		h.Cause = "That was found " + z.At(w.at).Exact + "; it is being checked again now."
	case since > 0:
		h.Cause = fmt.Sprintf("The first %s were checked %s, the %s since then just now.", words.Number(w.checked), z.At(w.whole).Exact, words.Number(since))
	case w.at.After(w.whole):
		h.Cause = "Checked " + z.At(w.whole).Exact + ", from the first to the last; none came since."
	default:
		h.Cause = "Checked just now, from the first to the last."
	}
	h.Cause += " Newest hash " + w.head.String()[:16] + "…: noted elsewhere, it also shows entries cut off at the end."
	return h
}
