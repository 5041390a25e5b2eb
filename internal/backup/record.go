package backup

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Record is a backup set in the catalogue, wherever it was found.
type Record struct {
	ID         string // ours, given by the catalogue, in order of Finished: the key of pages
	InstanceID string // the instance it was taken of; empty = found in a bucket, of a server that is not known here
	Database   string // as it is called there; empty = a whole instance of the cloud
	Origin     Origin
	PolicyID   string    // of ours that took it; empty = none
	Set        Set       // what is known of it as a set; LSNs are zero for sets of the cloud
	Cloud      *CloudSet // of the cloud alone; a log has the ID CloudLogID gives it

	// Apart tells that the data is not in files on disk: on a virtual device
	// of another tool, on tape, behind a URL, or thrown away (NUL). It takes
	// part in the chain, and Bakplane cannot restore from it.
	Apart bool

	State    RecordState
	Copies   []Copy
	Verified time.Time // UTC; zero = not
	Pinned   bool      // a person keeps it
	PinNote  string
	Expires  time.Time // UTC; zero = by the policy's rules, or never
	Gone     time.Time // UTC, when it was found or made to be nowhere
	Seen     time.Time // UTC, when it was last seen where it lies
	Known    time.Time // UTC, when it became known here; zero = not noted. The catalogue writes it
}

// Origin is how a set came into the catalogue.
type Origin string

const (
	ByUs     Origin = "us"     // taken by Bakplane
	ByOthers Origin = "others" // found in the server's history
	InBucket Origin = "bucket" // found as files
	InCloud  Origin = "cloud"  // the service's own
)

// RecordState is how far a set is.
type RecordState string

const (
	Complete RecordState = "complete"
	Broken   RecordState = "broken" // failed, damaged or cut off
	Removed  RecordState = "removed"
)

// Finished is when the set was complete (UTC).
func (r *Record) Finished() time.Time {
	if r.Cloud != nil && !r.Cloud.Finished.IsZero() {
		return r.Cloud.Finished
	}
	return r.Set.Finished.Time()
}

// Bytes is the size of all copies; of a set without any, what its server told.
func (r *Record) Bytes() (n int64) {
	for _, c := range r.Copies {
		n += c.Size
	}
	if n == 0 && r.Cloud != nil {
		return r.Cloud.Size
	}
	return n
}

// Manual reports whether a person ordered the set.
func (r *Record) Manual() bool {
	if r.Cloud != nil {
		return r.Cloud.Manual
	}
	return r.Origin == ByUs && r.PolicyID == ""
}

// Snapshot reports whether the set is a snapshot of disks.
func (r *Record) Snapshot() bool { return r.Set.Snapshot || r.Cloud != nil && r.Cloud.Snapshot }

// Copy is where the files of a set lie.
type Copy struct {
	BucketID string
	Keys     []string // by stripe; empty = this stripe was not found there
	Size     int64    // bytes, all of them
	At       time.Time
}

// Catalogue keeps records of backup sets and, per database, what they promise.
// Every method is one transaction; what a Put or a change of a record does to
// a database's Protection is written in the same one.
type Catalogue interface {
	// Put makes records or adds to those it knows: by instance and set GUID,
	// or by instance and the cloud's id. Copies are joined, nothing a person
	// set is lost. A set without an instance joins the one of that GUID, or is
	// adopted when its instance is found. Records that bring nothing new cost
	// no write and notifies nobody.
	Put(ctx context.Context, records []Record, entries ...audit.Entry) error
	Record(ctx context.Context, id string) (Record, error)
	// Records lists one page, newest first.
	Records(ctx context.Context, f RecordFilter) ([]Record, error)
	// Sets lists every record of a database that is not gone, oldest first: at
	// most limit, beginning with the newest limit of them.
	Sets(ctx context.Context, instanceID, database string, limit int) ([]Record, error)
	// Outlines lists the same sets with what windows and protection are worked
	// out of; who took them, pins, expiries and where copies lie are left out.
	Outlines(ctx context.Context, instanceID, database string, limit int) ([]Record, error)
	// Pin keeps a set until it is unpinned, and says why.
	Pin(ctx context.Context, id string, on bool, note string, e audit.Entry) error
	// DropCopies notes that the copies of sets in a bucket were removed; a record
	// without copies is gone.
	DropCopies(ctx context.Context, ids []string, bucketID string, at time.Time, e audit.Entry) error
	// Forget notes that sets of the cloud are no longer there.
	Forget(ctx context.Context, ids []string, at time.Time, e audit.Entry) error
	// Copies lists records with a copy in a bucket, at most limit, after the
	// given id, for looking whether the files are still there.
	Copies(ctx context.Context, bucketID, after string, limit int) ([]Record, error)

	Protections(ctx context.Context, f ProtectionFilter) ([]Protection, error)
	Protection(ctx context.Context, instanceID, database string) (Protection, error)
	// Count sums up the protections of everything, without reading every row
	// each time a page is drawn.
	Count(ctx context.Context, now time.Time) (Tally, error)
	// Promise sets what is promised for databases of an instance, as its
	// policy changes or new databases come.
	Promise(ctx context.Context, p []Promise) error
	// Exist notes which databases an instance has, and by which collation it
	// compares their names (empty = not told). Those it no longer has keep their
	// sets and are neither late nor counted, until they come back. Every method
	// takes any spelling that the instance takes for the name; what came in under
	// another one belongs to the database, which is spelled as it is here.
	Exist(ctx context.Context, instanceID string, names []string, by tsql.Collation, at time.Time) error
	// Exempt notes what a server says of its databases that their backups are
	// judged by, by name. Those that are not named are left as they are, and so
	// is a lineage that is not told now. It is a few transactions where many
	// databases changed: each is a fact of its own.
	Exempt(ctx context.Context, instanceID string, databases map[string]Exempt) error
	// Replicas notes which databases of an instance are members of availability
	// groups, by name; nil = of none. Those of one key share their sets and
	// their protection over all instances, and one of them is shown: the
	// primary's. Databases that are not named are left as they are.
	Replicas(ctx context.Context, instanceID string, databases map[string]*Member) error
	// Waive writes down that backups of a database are not needed, for every
	// replica of it; one whose end is not after its time takes it back.
	Waive(ctx context.Context, w Waiver, e audit.Entry) error
	// LeaveOut writes the words of policies and takes back those whose PolicyID
	// is empty; a person's word that holds is left as it is.
	LeaveOut(ctx context.Context, all []Waiver) error
	// NextLate is the next moment after now at which a promise will be broken, or
	// a waiver ends;
	// zero = none.
	NextLate(ctx context.Context, now time.Time) (time.Time, error)
	// CountRecords sums up records by instance, kind, snapshot, mode, state and
	// origin; a filter's database and times are left aside.
	CountRecords(ctx context.Context, f RecordFilter) (sets, bytes int64, err error)
}

// MaxSets bounds how many sets of one database are looked at together.
const MaxSets = 5000

// RecordFilter chooses records; empty fields choose all. Databases are compared as
// their instance does; without one, without regard to case.
type RecordFilter struct {
	InstanceID, Database string
	Kind                 Kind
	Snapshot, Manual     *bool
	State                RecordState
	Origin               Origin
	From, To             time.Time // finished, UTC: at or after From, before To
	Before               string    // id of the last record of the page before
	Limit                int
}

// Promise is what a policy promises for one database.
type Promise struct {
	InstanceID, Database string
	PolicyID             string        // ours; empty = the cloud's policy, or none
	Objective            time.Duration // RPO; zero = none
	Slack                time.Duration // how much longer it may be before it counts as late: the time in which a service's backup becomes known
	Since                time.Time     // UTC, when it was promised: a database without any backup has the objective's time from then on
	Due                  time.Time     // UTC, when the next backup will count as missing; zero = nothing is due
}

// Protection answers for one database whether it is protected as promised.
type Protection struct {
	Promise
	Waiver                              Waiver    // the last one, whether it still holds or not; zero = none
	Exempt                                        // as its server was last seen
	LastFull, LastDifferential, LastLog time.Time // UTC, finished; zero = none known
	RestorableFrom, RestorableTo        time.Time // the newest recovery window, UTC; zero = cannot be restored
	Whole                               bool      // the newest sets join: what gap there was lies behind a newer full or differential
	BrokenSince                         time.Time // UTC, from when on nothing can be restored; zero = whole, or never restorable
	Words                               string    // what is wrong, a sentence; empty = nothing
	Bytes                               int64     // of all copies
	Sets                                int
	LateAt                              time.Time // UTC, from when on the promise is broken; zero = never
	Group                               string    // availability group; empty = none
	Replicas                            []string  // instances whose backups count together, this one among them; empty = it is alone
	Dropped                             time.Time // UTC, when its instance was first seen without it; zero = it exists, or nobody looked
}

// Unprotected reports whether nothing can be restored.
func (p Protection) Unprotected() bool { return p.RestorableTo.IsZero() }

// NotNeeded reports whether nobody expects backups of it, and why: its state
// allows none, or another replica takes them; tempdb is made anew at each start;
// and of the other system databases only those that a policy
// promises are expected.
func (p Protection) NotNeeded() (why string, ok bool) {
	switch name := strings.ToLower(p.Database); {
	case p.NoFull != "":
		return p.NoFull, true
	case name == "tempdb":
		return "tempdb is made anew at each start: there is nothing to restore.", true
	case (name == "master" || name == "model" || name == "msdb") && p.PolicyID == "" && p.Objective == 0 && p.Due.IsZero():
		return "A system database that no policy promises backups of. One that takes system databases along protects logins, jobs and history.", true
	}
	return "", false
}

// Key is p's place in the order of Protections.
func (p Protection) Key() string {
	at := int64(math.MaxInt64)
	if !p.LateAt.IsZero() {
		at = p.LateAt.UnixMicro()
	}
	return fmt.Sprintf("%019d/%s/%s", at, p.InstanceID, p.Database)
}

// Late reports whether the promise is broken at a moment, and nobody said that
// its backups are not needed.
func (p Protection) Late(now time.Time) bool {
	return !p.LateAt.IsZero() && !now.Before(p.LateAt) && !p.Waiver.Holds(now)
}

// ProtectionFilter chooses protections: those that are late longest come first.
type ProtectionFilter struct {
	InstanceID      string
	OnlyLate        bool
	OnlyBroken      bool // not whole, yet restorable to some time
	OnlyUnprotected bool // restorable to no time
	OnlyClosed      bool // not simply open: OFFLINE, RESTORING, in standby, …
	OnlyDropped     bool // those that their instance no longer has, which the other lists leave out
	OnlyWaived      bool // of which somebody said that no backups are needed; the other lists leave them out
	Now             time.Time
	After           string // Key of the last row of the page before
	Limit           int
}

// CloudLogID names a log backup of the service, which gives it no id.
func CloudLogID(l CloudLog) string {
	return "log/" + l.From.UTC().Format(time.RFC3339) + "/" + l.To.UTC().Format(time.RFC3339)
}

// StateCount is how many databases are in a state.
type StateCount struct {
	State     string // as Exempt tells it
	Databases int
}

// Tally counts databases by how they are protected.
type Tally struct {
	Databases, Late, Broken, Unprotected int          // the last three without those that are waived
	Waived                               int          // databases with a waiver that holds
	States                               []StateCount // of those that are not simply open, by state
	Sets                                 int64
	Bytes                                int64
}
