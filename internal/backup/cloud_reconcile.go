package backup

import (
	"slices"
	"strings"
	"time"
)

// OrderIntent is what was known just before CreateBackup was called. It is
// written down first: the call has no key against repetition, so that after a
// lost answer only a look can tell whether it happened.
type OrderIntent struct {
	Order Order
	Jobs  []string  // ids of jobs under way before
	Sets  []string  // ids of manual sets that were there before, the newest ones
	At    time.Time // UTC, of this machine's clock
}

// NewOrderIntent notes what is there before an order.
func NewOrderIntent(o Order, jobs []Job, sets []CloudSet, at time.Time) OrderIntent {
	in := OrderIntent{Order: o, At: at.UTC()}
	for _, j := range jobs {
		in.Jobs = append(in.Jobs, j.ID)
	}
	for _, s := range sets {
		if s.Manual {
			in.Sets = append(in.Sets, s.ID)
		}
	}
	return in
}

// OrderVerdict is what became of an order.
type OrderVerdict string

const (
	OrderUnknown OrderVerdict = ""        // look again later
	OrderAdopted OrderVerdict = "adopted" // it happened: follow the job, or the set is there
	OrderVoid    OrderVerdict = "void"    // it never arrived and may be made again
)

// FoundOrder is the answer to "did the order happen?".
type FoundOrder struct {
	Verdict OrderVerdict
	JobID   string
	SetID   string
}

// ReconcileOrder looks for the work of an order whose answer was lost, among the
// jobs under way and the newest sets. Only one backup of an instance runs at a
// time, so that a manual job or a manual set of the same kind that was not
// there before is its work, or another person's order of the same thing at the
// same moment, which serves as well. After settle without either the order
// never arrived. While another job runs nothing is given up, as it may have
// been ours, told as something else.
func ReconcileOrder(in OrderIntent, jobs []Job, sets []CloudSet, now time.Time, settle time.Duration) FoundOrder {
	other := false
	for _, j := range jobs {
		switch {
		case slices.Contains(in.Jobs, j.ID):
		case j.Automated:
			other = true
		default:
			return FoundOrder{Verdict: OrderAdopted, JobID: j.ID, SetID: j.SetID}
		}
	}
	for _, s := range sets {
		if s.Manual && !slices.Contains(in.Sets, s.ID) && in.fits(s) {
			return FoundOrder{Verdict: OrderAdopted, SetID: s.ID}
		}
	}
	if other || now.Before(in.At.Add(settle)) {
		return FoundOrder{}
	}
	return FoundOrder{Verdict: OrderVoid}
}

// fits reports whether a set may be what the order made. A list of databases
// is compared only where both sides have one.
func (in OrderIntent) fits(s CloudSet) bool {
	o := in.Order
	switch {
	case s.Snapshot != o.Snapshot, !o.Automatic && s.Kind != Full:
		return false
	case len(o.Databases) > 0 && len(s.Databases) > 0:
		return len(o.Databases) == len(s.Databases) && !slices.ContainsFunc(o.Databases, func(name string) bool { return !holds(s.Databases, name) })
	}
	return true
}

func holds(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// ReconcileRestore looks whether a restore whose answer was lost took effect, by the
// names at the target: those that were free before and are there now. Names of
// databases in restore may not be listed at once, so that it is void only after
// settle.
func ReconcileRestore(r RestoreOrder, before, names []string, ordered, now time.Time, settle time.Duration) OrderVerdict {
	for _, to := range r.Databases {
		if holds(names, to) && !holds(before, to) {
			return OrderAdopted
		}
	}
	if now.Before(ordered.Add(settle)) {
		return OrderUnknown
	}
	return OrderVoid
}

// OrderAction is what a run does next about an order.
type OrderAction string

const (
	OrderLook      OrderAction = "look"      // note what is there: jobs and the newest sets
	OrderMake      OrderAction = "make"      // the intent is noted: CreateBackup
	OrderReconcile OrderAction = "reconcile" // a call has no answer: look for its work
	OrderFollow    OrderAction = "follow"    // look at the job
	OrderDone      OrderAction = "done"      // the set is there
	OrderFailed    OrderAction = "failed"    // the service says that it failed
)

// OrderState is what is written down of an order.
type OrderState struct {
	Intent *OrderIntent // noted before the call
	Called bool         // the call was begun; its answer may be lost
	Known  bool         // the service named a job for it: it certainly happened
	JobID  string
	SetID  string
	Failed bool
}

// NextOrder decides what comes next: look, note the intent, call, and after a
// call without an answer seek before anything else.
func NextOrder(s OrderState) OrderAction {
	switch {
	case s.Failed:
		return OrderFailed
	case s.SetID != "":
		return OrderDone
	case s.JobID != "":
		return OrderFollow
	case s.Intent == nil:
		return OrderLook
	case s.Called:
		return OrderReconcile
	}
	return OrderMake
}

// Found notes what seeking told. A void order is begun anew, unless the service
// once named its job: then it came to nothing.
func (s OrderState) Found(f FoundOrder) OrderState {
	switch {
	case f.Verdict == OrderAdopted:
		s.JobID, s.SetID, s.Known = f.JobID, f.SetID, true
	case f.Verdict == OrderVoid && s.Known:
		s.Failed = true
	case f.Verdict == OrderVoid:
		s = OrderState{}
	}
	return s
}

// Saw notes a look at the job. Where the service does not know the job any
// more, found is nil and only the sets can tell.
func (s OrderState) Saw(found *Job) OrderState {
	switch {
	case found == nil:
		s.JobID, s.Known = "", true
	case found.Status == "Failed":
		s.Failed = true
	case found.Ended() && found.SetID != "":
		s.SetID = found.SetID
	}
	return s
}
