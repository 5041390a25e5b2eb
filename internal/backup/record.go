package backup

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
)

// Record is a backup set in the catalogue, wherever it was found.
type Record struct {
	ID         string // ours, in order of Finished: a time-ordered key for pages
	InstanceID string // the instance it was taken of
	Database   string // empty = a whole instance of the cloud
	Origin     Origin
	PolicyID   string // of ours that took it; empty = none
	Set        Set    // what is known of it as a set; LSNs are zero for sets of the cloud
	Cloud      *CloudSet

	State    RecordState
	Copies   []Copy
	Verified time.Time // UTC; zero = not
	Pinned   bool      // a person keeps it
	PinNote  string
	Expires  time.Time // UTC; zero = by the policy's rules, or never
	Gone     time.Time // UTC, when it was found or made to be nowhere
	Seen     time.Time // UTC, when it was last seen where it lies
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

// Copy is where the files of a set lie.
type Copy struct {
	BucketID string
	Keys     []string // by stripe
	Size     int64    // bytes, all of them
	At       time.Time
}

// Catalogue keeps records of backup sets and, per database, what they promise.
// Every method is one transaction; what a Put or a change of a record does to
// a database's Protection is written in the same one.
type Catalogue interface {
	// Put makes records or adds to those it knows: by instance and set GUID,
	// or by instance and the cloud's id. Copies are joined, nothing a person
	// set is lost.
	Put(ctx context.Context, records []Record, entries ...audit.Entry) error
	Record(ctx context.Context, id string) (Record, error)
	// Records lists one page, newest first.
	Records(ctx context.Context, f RecordFilter) ([]Record, error)
	// Sets lists every record of a database that is not gone, oldest first: at
	// most limit, beginning with the newest limit of them.
	Sets(ctx context.Context, instanceID, database string, limit int) ([]Record, error)
	// Pin keeps a set until it is unpinned, and says why.
	Pin(ctx context.Context, id string, on bool, note string, e audit.Entry) error
	// DropCopy notes that a copy was removed; a record without copies is gone.
	DropCopy(ctx context.Context, id, bucketID string, at time.Time, e audit.Entry) error

	Protections(ctx context.Context, f ProtectionFilter) ([]Protection, error)
	Protection(ctx context.Context, instanceID, database string) (Protection, error)
	// Count sums up the protections of everything, without reading every row
	// each time a page is drawn.
	Count(ctx context.Context, now time.Time) (Tally, error)
	// Promise sets what is promised for databases of an instance, as its
	// policy changes or new databases come.
	Promise(ctx context.Context, p []Promise) error
}

// RecordFilter chooses records; empty fields choose all.
type RecordFilter struct {
	InstanceID, Database string
	Kind                 Kind
	Snapshot, Manual     *bool
	State                RecordState
	Origin               Origin
	From, To             time.Time // finished, UTC
	Before               string    // id of the last record of the page before
	Limit                int
}

// Promise is what a policy promises for one database.
type Promise struct {
	InstanceID, Database string
	PolicyID             string        // ours; empty = the cloud's policy, or none
	Objective            time.Duration // RPO; zero = none
	Due                  time.Time     // UTC, when the next backup will count as missing; zero = nothing is due
}

// Protection answers for one database whether it is protected as promised.
type Protection struct {
	Promise
	LastFull, LastDifferential, LastLog time.Time // UTC, finished; zero = none known
	RestorableFrom, RestorableTo        time.Time // the newest recovery window, UTC; zero = cannot be restored
	Whole                               bool      // every set since the newest full joins
	BrokenSince                         time.Time // UTC; zero = whole
	Words                               string    // what is wrong, a sentence; empty = nothing
	Bytes                               int64     // of all copies
	Sets                                int
	LateAt                              time.Time // UTC, from when on the promise is broken; zero = never
}

// Late reports whether the promise is broken at a moment.
func (p Protection) Late(now time.Time) bool { return !p.LateAt.IsZero() && !now.Before(p.LateAt) }

// ProtectionFilter chooses protections: those that are late longest come first.
type ProtectionFilter struct {
	InstanceID string
	OnlyLate   bool
	Now        time.Time
	After      string // key of the last row of the page before
	Limit      int
}

// Tally counts databases by how they are protected.
type Tally struct {
	Databases, Late, Broken, Unprotected int
	Sets                                 int64
	Bytes                                int64
}
