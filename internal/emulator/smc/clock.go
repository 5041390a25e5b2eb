package smcemu

import (
	"container/heap"
	"time"
)

// now is the clock that jobs go by: the machine's, and what was
// fast-forwarded. Signatures go by the machine's alone. The state is locked.
func (s *Server) now() time.Time { return time.Now().UTC().Add(s.st.Ahead) }

// Now is the clock that jobs go by.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Forward moves the clock ahead. What is due in between happens, in its order.
func (s *Server) Forward(d time.Duration) {
	s.mu.Lock()
	s.st.Ahead += max(d, 0)
	s.mu.Unlock()
	s.change(func(time.Time) {})
}

// event is the next thing that happens to a job.
type event struct {
	at  time.Time
	job *Job
}

type agenda []event

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].job.Number < a[j].job.Number
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(v any)   { *a = append(*a, v.(event)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	v := (*a)[last]
	*a = (*a)[:last]
	return v
}

// maxEvents bounds one catching up.
const maxEvents = 1_000_000

// catchUp lets everything happen that is due by now, over all jobs in the
// order of time, since jobs take names and quotas from one another.
func (s *Server) catchUp(now time.Time) (changed bool) {
	var due agenda
	push := func(j *Job) {
		if at := s.next(j); !at.IsZero() && !at.After(now) {
			heap.Push(&due, event{at, j})
		}
	}
	for _, j := range s.st.Jobs {
		push(j)
	}
	for range maxEvents {
		if len(due) == 0 {
			break
		}
		e := heap.Pop(&due).(event)
		s.happen(e.job, e.at)
		changed = true
		if s.st.Jobs[e.job.ID] != nil {
			push(e.job)
		}
	}
	for id, src := range s.st.Sources {
		if !src.Deleting.IsZero() && !src.Deleting.After(now) {
			delete(s.st.Sources, id)
			changed = true
		}
	}
	for _, e := range s.st.Executions {
		changed = s.settle(e, now) || changed
	}
	return changed
}

// next is when something happens to a job; zero means never by itself.
func (s *Server) next(j *Job) (at time.Time) {
	offer := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	switch j.Status {
	case "Running":
		if code, _ := s.broken(j); code != "" {
			offer(j.Since)
		} else if !j.Hangs {
			offer(j.Since.Add(max(s.length(j)-j.Spent, 0)))
		}
	case "Ready":
		if offer(j.Valid); !j.Scheduled.IsZero() {
			offer(later(j.Scheduled, j.NotBefore))
		}
	case "Stopped", "InError":
		offer(j.Valid)
	case "Waiting":
		if offer(later(j.Next, j.NotBefore)); s.st.Settings.ExpireWaiting {
			offer(j.Valid)
		}
	case "Expired", "Deleting":
		offer(j.Gone)
	}
	return at
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// happen does what is due to a job at a moment.
func (s *Server) happen(j *Job, at time.Time) {
	expired := !j.Valid.IsZero() && !j.Valid.After(at)
	switch j.Status {
	case "Running":
		if code, info := s.broken(j); code != "" {
			s.fail(j, at, code, info)
		} else if t := j.Trouble; t != nil && t.Phase == j.Phase {
			s.fail(j, at, t.Code, t.Info)
			if !t.Lasts {
				j.Trouble = nil
			}
		} else {
			s.advance(j, at)
		}
	case "Expired", "Deleting":
		s.release(j)
		delete(s.st.Jobs, j.ID)
	case "Ready", "Waiting", "Stopped", "InError":
		switch {
		case expired && (j.Status != "Waiting" || s.st.Settings.ExpireWaiting):
			s.release(j)
			j.Status, j.Phase, j.Gone = "Expired", "", j.Valid.Add(kept)
		case s.st.running(j.Account) >= or(s.st.Settings.Running, 50):
			j.NotBefore = at.Add(time.Minute) // there is no room yet
		default:
			begin(j, "Schedule", at)
		}
	}
}
