package servermigration

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Watched is a cloud account whose servers are looked at.
type Watched struct {
	AccountID string
	Since     time.Time
	Tried     time.Time // the last look
	Good      time.Time // the last look that worked
	Why, Fix  words.Text
}

// KeptServer is a source server as it was last seen.
type KeptServer struct {
	Server
	AccountID string
	Looked    time.Time
	Gone      time.Time // the service does not list it since; zero = it does
	// InstanceID is the instance of this dashboard that lives on it, as a person
	// confirmed; empty = nobody did.
	InstanceID string
	NewID      string // the instance it has become, as a person told
	// Last is its last job as it was last seen; nil = none that is known.
	Last *Job
	// Counts is what its databases held when somebody counted them; none = nobody
	// did.
	Counts []Counted
}

// KeptJob is a job as it was last seen, with what is kept beside it.
type KeptJob struct {
	Job
	AccountID  string
	Looked     time.Time
	Samples    []Sample
	Transition Presence
	Checked    time.Time // when the intermediate instance was looked at
	WaveID     string    // empty = none
	SourceName string    // of its source server; empty = not known
}

// Happened is a change of a job that a look found.
type Happened struct {
	At   time.Time
	Text words.Text
}

// Tick is an item of a checklist that a person has done.
type Tick struct {
	Item string
	By   string
	At   time.Time
}

// Seen is what one look at an account found.
type Seen struct {
	At      time.Time
	Servers []Server
	Jobs    []Job
	// Why, Fix: the look failed; nothing else of it is said.
	Why, Fix words.Text
}

// Wave is servers that move together.
type Wave struct {
	ID        string
	AccountID string
	Name      string
	Created   time.Time
	By        string
}

// Filter chooses jobs, newest first.
type Filter struct {
	AccountID string // empty = all accounts
	WaveID    string
	States    []Status // none = all
	// EndsBefore: those whose validity is told and ends before; zero = all.
	EndsBefore time.Time
	Before     Key // of the last row of the page before
	Limit      int
}

// Key is the place of a job in a list.
type Key struct {
	Created time.Time
	ID      string
}

// ServerFilter chooses source servers: those that are listed by id, then those
// that are gone.
type ServerFilter struct {
	AccountID string // empty = all accounts
	After     ServerKey
	Limit     int // 0 = as many as an account may have
}

// ServerKey is the place of a source server in a list; the zero one is its
// beginning.
type ServerKey struct {
	Gone          bool
	AccountID, ID string
}

// Key is the place of a source server in a list.
func (k KeptServer) Key() ServerKey { return ServerKey{!k.Gone.IsZero(), k.AccountID, k.ID} }

// Store keeps what is known of servers. Every method is one transaction.
type Store interface {
	// Watch begins or ends looking at an account.
	Watch(ctx context.Context, accountID string, on bool, e audit.Entry) error
	Watches(ctx context.Context) ([]Watched, error)
	// NoteSeen keeps what a look found: what was not listed is gone since then,
	// runs of a job that are no longer listed stay, and what changed is kept as
	// happened. A failed look changes nothing but the watch, and one that began
	// before the newest good one nothing at all.
	NoteSeen(ctx context.Context, accountID string, s Seen) error
	// NoteTransitions keeps whether the intermediate instances of jobs are there,
	// by the job's id.
	NoteTransitions(ctx context.Context, accountID string, are map[string]Presence, at time.Time) error

	Servers(ctx context.Context, f ServerFilter) ([]KeptServer, error)
	Server(ctx context.Context, accountID, id string) (KeptServer, error)
	Jobs(ctx context.Context, f Filter) ([]KeptJob, error)
	// Counts are the numbers of jobs by state, over those that account and wave of
	// the filter choose.
	Counts(ctx context.Context, f Filter) (map[Status]int, error)
	// Costly counts the jobs whose intermediate instance costs, as Costs tells it.
	Costly(ctx context.Context) (int, error)
	Job(ctx context.Context, accountID, id string) (KeptJob, error)
	// JobsOf lists the jobs of a source server, newest first.
	JobsOf(ctx context.Context, accountID, sourceID string) ([]KeptJob, error)
	Happened(ctx context.Context, accountID, jobID string, limit int) ([]Happened, error)
	// AtWork counts the jobs of an account that run, and those whose start is
	// under way.
	AtWork(ctx context.Context, accountID string) (int, error)

	Order(ctx context.Context, id string) (Order, error)
	// Orders are those about a job or, without one, about a source server, newest
	// first.
	Orders(ctx context.Context, accountID, jobID, sourceID string, limit int) ([]Order, error)
	// BeginOrder writes an order and its run, queued; Conflict while another order
	// about the same job goes on, or about the same source where it has no job.
	BeginOrder(ctx context.Context, o Order, r run.Run, e audit.Entry) error
	// NoteOrder writes how far an order is. An entry with no action is not kept.
	NoteOrder(ctx context.Context, g run.Claim, o Order, n run.Note, e audit.Entry) error

	Ticks(ctx context.Context, accountID, jobID string) ([]Tick, error)
	Tick(ctx context.Context, accountID, jobID string, t Tick, on bool, e audit.Entry) error
	// Link says which instance lives on a source server, or with moved, which it
	// has become; an empty id ends that.
	Link(ctx context.Context, accountID, sourceID, instanceID string, moved bool, e audit.Entry) error

	// NoteCounts keeps what the databases of a source server hold.
	NoteCounts(ctx context.Context, accountID, sourceID string, all []Counted, e audit.Entry) error

	// NewWave makes a wave of jobs; Conflict when one of them is in another.
	NewWave(ctx context.Context, w Wave, jobs []string, e audit.Entry) error
	Wave(ctx context.Context, id string) (Wave, error)
	Waves(ctx context.Context, limit int) ([]Wave, error)
	// NoteAudit keeps an entry about something that the service alone holds.
	NoteAudit(ctx context.Context, e audit.Entry) error
}
