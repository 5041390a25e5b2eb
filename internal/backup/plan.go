package backup

import "time"

// Options narrow what a plan aims at. The zero Options aim at the furthest
// point that the sets reach.
type Options struct {
	StopAt  *time.Time // restore to this moment (UTC) and no further
	Base    GUID       // set GUID of the full backup to begin with; zero = the planner chooses
	Clock   bool       // StopAt is on the clock of the source, whose distance from UTC the sets do not tell
	Fork    GUID       // recovery fork to end on; zero = there must be only one
	Family  GUID       // lineage to plan for; zero = every lineage gets its own plan
	Applied *Applied   // what the target has already; nil = nothing
}

// Applied is the state of a database that is being restored: plans continue
// from there.
type Applied struct {
	Base GUID // set GUID of the full backup it began with
	Last LSN  // Last of the set applied last
	Fork GUID // Fork of that set
	Logs bool // a log was among them: a differential can follow on the same fork only
}

// Plan is what restores one database, and what does not.
type Plan struct {
	Database string // of the newest set in the plan
	Family   GUID

	Steps   []Step
	LeftOut []LeftOut
	Missing []Missing
	Choice  *Choice // not nil: a person must choose; Steps shows the first candidate
	Notes   []string

	Reaches     LSN  // Last of the last step; zero without steps
	Fork        GUID // the fork it ends on
	ReachesStop bool // with StopAt: the last step goes as far
}

// Whole reports whether nothing is missing up to the newest set, or up to
// StopAt, and nothing must be chosen.
func (p *Plan) Whole() bool { return len(p.Missing) == 0 && p.Choice == nil }

// Step is one set to apply, after all before it.
type Step struct {
	Set  *Set
	Join Joint
	// StopAt: the log may hold the moment asked for and is restored WITH
	// STOPAT. Which of neighbouring logs holds it, times alone do not tell: one
	// that ends before it is applied whole all the same, and one applied whole
	// without it may lead past the moment.
	StopAt bool
}

// Joint is where a step meets what has been restored before it. A log joins
// when First is at or before Have and Last is behind it.
type Joint struct {
	Have  LSN  // restored up to here; zero for the full backup
	First LSN  // of the step
	Last  LSN  // of the step
	Exact bool // a log that begins exactly where the restore stands
}

// Reason says why a set is not in the plan.
type Reason string

const (
	NotTheBase       Reason = "not_the_base"      // a full backup that another one makes unnecessary
	Superseded       Reason = "superseded"        // a differential with a newer one on the same base
	Covered          Reason = "covered"           // a log that ends before the restore stands
	WrongBase        Reason = "wrong_base"        // a differential on another full backup
	OtherFork        Reason = "other_fork"        // on a recovery fork the plan does not follow
	BeyondGap        Reason = "beyond_gap"        // a log that begins behind a gap
	BrokenChain      Reason = "broken_chain"      // a log of another log chain
	AfterStop        Reason = "after_stop"        // not needed to reach StopAt
	Foreign          Reason = "foreign"           // another database's lineage
	DamagedSet       Reason = "damaged"           // marked damaged by SQL Server
	Truncated        Reason = "truncated"         // the file's end is missing
	Unsupported      Reason = "unsupported"       // a kind no plain chain uses
	Duplicate        Reason = "duplicate"         // the same set as another file's
	StripeIncomplete Reason = "stripe_incomplete" // a file of the striped set is not here
)

// LeftOut is a set that is not applied, and why.
type LeftOut struct {
	Set    *Set
	Reason Reason
	Words  string // the reason as a sentence
}

// MissingKind is a kind of missing piece.
type MissingKind string

const (
	MissingFull   MissingKind = "full"   // no usable full backup
	MissingBase   MissingKind = "base"   // the full backup a differential needs
	MissingLog    MissingKind = "log"    // log between two points
	MissingStripe MissingKind = "stripe" // a file of a striped set
	MissingStop   MissingKind = "stop"   // nothing reaches StopAt
	MissingNewer  MissingKind = "newer"  // what would take the plan up to a newer set that cannot be used
	MissingSet    MissingKind = "set"    // a whole copy of a cut or damaged set
)

// Missing is a piece without which the plan ends early or cannot begin.
type Missing struct {
	MissingKind   MissingKind
	From, To      LSN    // MissingLog: the log between these
	Before, After *Set   // MissingLog: the sets on both sides of the gap
	SetID         GUID   // MissingBase: the full backup's GUID; MissingStripe and MissingSet: the set's
	Stripes       []int  // MissingStripe: family numbers
	Of            int    // MissingStripe: how many there are
	Words         string // what is missing, a sentence
	Fix           string // what to do, a sentence
}

// Choice is asked when the sets lead to more than one recovery fork.
type Choice struct {
	Candidates []Candidate // the proposed one first
	Words      string
	Fix        string
}

// Candidate is one of several forks a chain can end on.
type Candidate struct {
	Fork     GUID
	Base     GUID // set GUID of its full backup
	Database string
	Server   string
	Reaches  LSN
	Finished Moment // of its last set
	Sets     int
}
