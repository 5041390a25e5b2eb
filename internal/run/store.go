package run

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
)

// Store keeps runs. Every method is one transaction. Methods that take a Grip
// refuse with fault.Conflict when another claim was made since.
type Store interface {
	// Claim gives the caller a run that is due: queued, waiting with WakeAt
	// reached, or running with an expired lease. Runs of a place with fewer runs
	// at work come first, then the one that is due for longest. idle is how many
	// hands the caller has free, this one included: a place never gets more of
	// them than stay free for the others, so one that does not answer holds no
	// more than half; 0 = without that bound. fault.NotFound when none is due.
	Claim(ctx context.Context, owner string, now time.Time, lease time.Duration, idle int) (Run, Claim, error)
	// Renew prolongs the lease.
	Renew(ctx context.Context, g Claim, until time.Time) error
	// Request is what a person asked of the run meanwhile. It writes nothing, so
	// it may be asked at every ring of the notifier.
	Request(ctx context.Context, g Claim) (Request, error)
	// Note writes steps and events. Steps are made or replaced by key. A step
	// that is done sets the run's tries back to zero.
	Note(ctx context.Context, g Claim, n Note) error
	// Progress saves how far a step is, and nothing else: no event, no history.
	Progress(ctx context.Context, g Claim, step string, done, total int64, rate float64) error
	// RecordOutcome ends the claim. A request that came in the last moment is
	// heeded, as Outcome.Heeding says.
	RecordOutcome(ctx context.Context, g Claim, o Outcome, at time.Time, events ...Event) error
	// NextDue is when Claim may find something without anybody's doing; zero
	// when nothing waits.
	NextDue(ctx context.Context) (time.Time, error)
	// ReleaseOthers ends the leases of every owner but the given one. It is
	// right only where no other process can be alive on this store.
	ReleaseOthers(ctx context.Context, owner string) (int, error)

	Run(ctx context.Context, id string) (Run, error)
	Runs(ctx context.Context, f Filter) ([]Run, error)
	Steps(ctx context.Context, id string) ([]Step, error)
	// Events returns at most limit events before the id before (0 = newest),
	// newest first. An empty run id means all runs.
	Events(ctx context.Context, id string, before int64, limit int) ([]Event, error)
	// LastEvent is the newest event id of all.
	LastEvent(ctx context.Context) (int64, error)

	// Move does what a person asked: Queued (retry or go on), Paused or
	// Canceled. A run at work gets the request instead and moves when it stops.
	Move(ctx context.Context, id string, to State, e audit.Entry) error
}

// Note is what one commit writes about a run at work.
type Note struct {
	Steps  []Step
	Events []Event
}

// Filter chooses runs, newest first. Before is a run id; ids are in order of
// creation, so it is also the key of the next page.
type Filter struct {
	States []State // none = all
	Kind   string
	// Current leaves out what a later run of the same kind, subject and title
	// made good by succeeding.
	Current bool
	Before  string
	Limit   int
}
