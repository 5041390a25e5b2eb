package backupjob

import (
	"time"
)

// Rules are the limits by which backups are ordered.
type Rules struct {
	Settle  time.Duration // how long a statement without an answer may still become a backup
	Backups int           // at one server, shared with migrations; 0 = no bound
	Uploads int           // over everything; 0 = no bound
}

// lanes is how many databases of one run are under way at once: enough to keep
// the server's gate busy while others are on their way into a bucket.
func (r Rules) lanes() int {
	if r.Backups <= 0 {
		return 8
	}
	return r.Backups + 3
}

// maxStatements bounds how often one attempt of a run sends the same BACKUP.
const maxStatements = 5

// Do names what to do.
type Do string

const (
	DoList   Do = "list"   // choose the databases
	DoReopen Do = "reopen" // a person asked to retry: what failed is open again
	DoStart  Do = "start"  // go on with Orders
	DoRest   Do = "rest"   // until something ends or Until comes
	DoPrune  Do = "prune"  // remove what nothing keeps
	DoFinish Do = "finish"
)

// Action is the next thing to do in a backup run.
type Action struct {
	Do     Do
	Orders []int     // Ord, for DoStart
	Until  time.Time // for DoRest
}

// Pace is what a worker knows beside what is written down: which orders it has
// in hand, and which must rest.
type Pace struct {
	Busy  map[int]bool
	Later map[int]time.Time
}

// Next decides what a backup run does next. It looks at nothing but its
// arguments.
func Next(s Plan, orders []Order, p Pace, now time.Time, r Rules) Action {
	if s.Listed.IsZero() {
		return Action{Do: DoList}
	}
	if !s.Closed.IsZero() {
		return Action{Do: DoReopen}
	}
	free := r.lanes() - len(p.Busy)
	var start []int
	var until time.Time
	open := len(p.Busy) > 0
	for _, o := range orders {
		if o.Ended() || p.Busy[o.Ord] {
			continue
		}
		open = true
		if later := p.Later[o.Ord]; now.Before(later) {
			if until.IsZero() || later.Before(until) {
				until = later
			}
			continue
		}
		if free > 0 {
			start = append(start, o.Ord)
			free--
		}
	}
	switch {
	case len(start) > 0:
		return Action{Do: DoStart, Orders: start}
	case open:
		return Action{Do: DoRest, Until: until}
	case s.Job.PolicyID != "" && s.Pruned.IsZero():
		return Action{Do: DoPrune}
	}
	return Action{Do: DoFinish}
}

// Part names what is next for one database.
type Part string

const (
	PartReconcile Part = "reconcile" // find out whether the statement sent was carried out
	PartBackUp    Part = "back-up"
	PartVerify    Part = "verify"
	PartLogs      Part = "logs" // the service's own log backups are copied
	PartCopy      Part = "copy"
	PartDone      Part = "done"
	PartGiveUp    Part = "give up" // it was sent too often
)

// NextPart decides what is next for one database.
func NextPart(s Plan, o Order) Part {
	switch {
	case o.Logs != nil && !o.Taken():
		return PartLogs
	case o.Unanswered():
		return PartReconcile
	case !o.Taken() && o.Attempts >= maxStatements:
		return PartGiveUp
	case !o.Taken():
		return PartBackUp
	case s.How.Verify && o.Verified.IsZero() && o.Logs == nil:
		return PartVerify
	case s.BucketID != "" && o.Copied.IsZero():
		return PartCopy
	}
	return PartDone
}
