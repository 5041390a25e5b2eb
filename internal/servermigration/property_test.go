package servermigration

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var sequences = flag.Int("sequences", 5000, "random sequences of TestNoSequenceMisleadsAnOrder")

// fakeService is one job at a service that keeps the published rules, and one
// source server. It is told apart from the orders: what it counts is the proof.
type fakeService struct {
	job         Job
	there       bool
	server      Server
	completions int // taken
	cleaning    bool
	syncWorks   bool // Start is taken while the job waits
}

func (s *fakeService) call(o Order) (taken bool) {
	if !s.there || s.server.State == ServerUnavailable && (begins(o.What) || o.What == Complete) {
		return false
	}
	j := &s.job
	switch o.What {
	case Start, Resume, Retry, Sync:
		if j.Status != Ready && j.Status != Stopped && j.Status != InError && (j.Status != Waiting || !s.syncWorks) {
			return false
		}
		j.Status, j.Phase, j.Progress, j.ErrorCode = Running, Preparing, 0, ""
	case Pause:
		if j.Status != Running || j.Phase != Syncing {
			return false
		}
		j.Status, j.Phase = Stopped, ""
	case Complete:
		if j.Status != Waiting {
			return false
		}
		s.completions++
		j.Status, j.Phase, s.cleaning = Running, Cleaning, true
		if o.Ask.Last {
			j.Phase = Syncing
		}
	case Adjust:
		if j.Status != Waiting && j.Status != Ready {
			return false
		}
		j.Every, j.Keep = o.Ask.Change.Every, o.Ask.Change.Keep
	case Delete:
		if j.Status == Running || j.Status == Deleting {
			return false
		}
		j.Status = Deleting
	}
	return true
}

// turn lets the service do what it does by itself.
func (s *fakeService) turn(r *rand.Rand, at time.Time) {
	j := &s.job
	switch {
	case !s.there:
	case j.Status == Deleting:
		s.there = false
	case j.Status == Running && r.IntN(8) == 0:
		j.Status, j.ErrorCode, j.Phase = InError, "InternalError", ""
	case j.Status == Running && j.Phase == Preparing:
		j.Phase = Syncing
	case j.Status == Running && j.Phase == Syncing:
		j.Phase, j.Progress = Processing, 60
	case j.Status == Running && j.Phase == Processing:
		j.Cycles = append(j.Cycles, Cycle{ImageID: fmt.Sprintf("m-%d", len(j.Cycles)), Start: at.Add(-time.Minute), End: at})
		j.Status, j.Phase, j.Progress = Waiting, "", 100
		if s.cleaning {
			j.Status, j.Phase = Running, Cleaning
		}
	case j.Status == Running && j.Phase == Cleaning:
		j.Status, j.Phase = Finished, ""
	case j.Status == Waiting && r.IntN(3) == 0: // its interval is over
		j.Status, j.Phase, j.Progress = Running, Preparing, 0
	case r.IntN(20) == 0 && (j.Status == Ready || j.Status == Stopped || j.Status == InError):
		j.Status = Expired
	}
	switch r.IntN(30) {
	case 0:
		s.server.State = ServerUnavailable
	case 1:
		s.server.State = ServerInUse
	case 2: // somebody is at work in the console
		w := []What{Start, Pause, Complete, Delete}[r.IntN(4)]
		s.call(Order{What: w})
	}
}

// TestNoSequenceMisleadsAnOrder drives orders through random sequences of changes
// at the service, lost answers, looks that fail and deaths at any point: no call
// is made that the state of a moment ago forbids, nothing is completed twice or
// without an order, what fails says why, and every order comes to an end.
func TestNoSequenceMisleadsAnOrder(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for n := range *sequences {
		if why := sequence(rand.New(rand.NewPCG(seed, uint64(n)))); why != "" {
			t.Fatalf("seed %d, sequence %d: %s", seed, n, why)
		}
	}
}

func sequence(r *rand.Rand) string {
	at := noon
	s := &fakeService{there: true, syncWorks: r.IntN(2) == 0, server: Server{ID: "s-1", State: ServerInUse},
		job: Job{ID: "j-1", Name: "move", Status: Ready, Every: 6, Keep: 3}}
	ordered := 0
	for range 6 {
		for range r.IntN(4) {
			s.turn(r, at)
			at = at.Add(time.Duration(r.IntN(20)) * time.Second)
		}
		w := ofJobs[r.IntN(len(ofJobs))]
		if w == Verify || w == Try || !s.there || !Allowed(w, Facts{Now: at, Job: s.job, Server: &s.server}).OK {
			continue
		}
		o := Order{ID: "o", JobID: "j-1", What: w, Ordered: at, Ask: Ask{Change: &Change{Every: 1 + r.IntN(168), Keep: 1 + r.IntN(10)}, Last: r.IntN(2) == 0}}
		mine := 0
		for turn := 0; ; turn++ {
			if turn > 400 {
				return fmt.Sprintf("%s of a job that is %s does not end", w, s.job.Status)
			}
			at = at.Add(time.Duration(1+r.IntN(40)) * time.Second)
			if r.IntN(4) == 0 {
				s.turn(r, at)
			}
			if r.IntN(6) == 0 { // the look failed, or the dashboard was away for a while
				continue
			}
			l := Look{At: at, Server: &s.server}
			if s.there {
				seen := s.job
				l.Job = &seen
			}
			step := Next(o, l)
			if step.Do == Fail && step.Text.IsZero() {
				return fmt.Sprintf("%s fails without a word", w)
			}
			if step.Do == Done || step.Do == Fail {
				if w == Complete && step.Do == Done && s.job.Status != Finished {
					return fmt.Sprintf("said to be completed while it is %s", s.job.Status)
				}
				if w == Delete && step.Do == Done && s.there {
					return "said to be deleted while it is there"
				}
				break
			}
			if step.Do == Wait {
				continue
			}
			if v := Allowed(w, Facts{Job: s.job, Server: &s.server}); !v.OK {
				return fmt.Sprintf("%s is called while the job is %s/%s", w, s.job.Status, s.job.Phase)
			}
			if !o.Answered.IsZero() {
				return fmt.Sprintf("%s is called again after the service took it", w)
			}
			o.Sent, o.Sends, o.Before = at, o.Sends+1, MarkOf(s.job)
			if r.IntN(8) == 0 { // killed before the call
				continue
			}
			if r.IntN(12) == 0 { // something moves between the look and the call
				s.turn(r, at)
			}
			taken := s.call(o)
			if taken && w == Complete {
				mine++
			}
			if r.IntN(4) == 0 { // killed after the call, or its answer lost
				continue
			}
			if !taken {
				if o.Sends == 1 {
					break // a refusal, which the worker tells
				}
				continue
			}
			o.Answered = at
		}
		if mine > 1 {
			return "completed twice by one order"
		}
		if mine > 0 {
			ordered++
		}
		if ordered > 1 {
			return "completed twice"
		}
	}
	return ""
}
