package scheduler

import "time"

// Next is when a slot is due next, so that tests need not live through the
// seconds before; zero = none.
func (s *Scheduler) Next() time.Time {
	if s.queue == nil {
		return time.Time{}
	}
	return s.queue.Next()
}
