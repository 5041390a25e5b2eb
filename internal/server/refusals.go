package server

import (
	"fmt"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/bakplane/bakplane/internal/audit"
)

// refusals bounds what strangers can write into the audit trail: fifty entries
// at once and then one every ten seconds, from everywhere together. What is left
// out is counted, and the next entry tells how many there were. The access log
// has them all.
type refusals struct {
	mu      sync.Mutex
	limit   *rate.Limiter
	unnoted int
}

// note reports whether an entry is to be written, and how many were not.
func (r *refusals) note(now time.Time) (left int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.limit == nil {
		r.limit = rate.NewLimiter(rate.Every(10*time.Second), 50)
	}
	if !r.limit.AllowN(now, 1) {
		r.unnoted++
		return 0, false
	}
	left, r.unnoted = r.unnoted, 0
	return left, true
}

// refuse keeps that somebody was not let in. Nobody is let in because it could
// not be kept, so that goes to the log.
func (s *Kit) refuse(c echo.Context, e audit.Entry) {
	left, ok := s.refusals.note(s.Now())
	if !ok {
		return
	}
	if left > 0 {
		e.Summary += fmt.Sprintf(" %d more refusals before it are in the access log alone.", left)
	}
	if err := s.Audit.Record(c.Request().Context(), e); err != nil {
		s.Log.Error("record refusal", "err", err)
	}
}
