package backup

import (
	"context"
	"time"
)

// Holdings are the backups that a service takes of a whole instance by itself,
// as an account of its cloud sees them. A database alone is not restored from
// them: they come back as a new instance.
type Holdings struct {
	Retention int       // days that automated backups are kept; 0 = the service takes none
	Window    string    // of the day in which it takes them, UTC, as the service writes it
	Automated string    // state of the automated backups as the service writes it: active, creating, retained
	Earliest  time.Time // UTC, the first moment that can be restored; zero = not told
	Latest    time.Time // UTC, the last one
	Snapshots []HeldSnapshot
	More      bool // there are more snapshots than were read
}

// HeldSnapshot is one snapshot of an instance.
type HeldSnapshot struct {
	ID        string
	Manual    bool // a person ordered it: it stays until somebody deletes it
	Status    string
	Created   time.Time // UTC; zero while it is made
	Bytes     int64     // of the instance's storage
	Encrypted bool
}

// Usable reports whether an instance can be made of it.
func (s HeldSnapshot) Usable() bool { return s.Status == "available" && !s.Created.IsZero() }

// Holder is a Server whose service takes backups of the whole instance, where an
// account was given that may look at them.
type Holder interface {
	Holdings(ctx context.Context) (Holdings, error)
}

// What services are looked at for, as LookLog keeps it.
const (
	LookHoldings = "holdings" // Holdings
	LookLogs     = "logs"     // of the log backups a service takes; see logcopy
)

// LookLog keeps what services were last seen to hold, so that pages show it with
// the time of the look instead of asking each time.
type LookLog interface {
	// KeepLook keeps what was seen, as JSON, in place of the look before.
	KeepLook(ctx context.Context, instanceID, what string, at time.Time, seen any) error
	// LastLook reads the last look into seen; a zero time says that there was none.
	LastLook(ctx context.Context, instanceID, what string, seen any) (at time.Time, err error)
}

// Held is from and to when an instance can be made anew of what its service
// holds; zero = it cannot. Automated backups give every moment between; without
// them the newest snapshot gives one.
type Held struct{ From, To time.Time }

// heldGrain is how exactly the end of the automated backups is noted: it moves
// all the time, and each move judges every database of the instance anew.
const heldGrain = 5 * time.Minute

// Held is what h gives.
func (h Holdings) Held() (out Held) {
	if h.Retention > 0 && h.Automated == "active" && !h.Earliest.IsZero() && h.Latest.After(h.Earliest) {
		// The beginning moves on with every day's end of the oldest backup.
		return Held{From: h.Earliest.UTC().Truncate(time.Hour).Add(time.Hour), To: h.Latest.UTC().Truncate(heldGrain)}
	}
	for _, s := range h.Snapshots {
		if s.Usable() && s.Created.After(out.To) {
			out = Held{From: s.Created.UTC(), To: s.Created.UTC()}
		}
	}
	return out
}

// byService says how far a database that has no window of its own is protected
// by what its service holds.
const byService = "Only its service holds it, with the whole instance: that comes back as a new instance, and this database alone cannot be restored."

// ByService reports whether all that a database can be restored from is what its
// service holds of the whole instance.
func (p Protection) ByService() bool {
	return !p.Held.To.IsZero() && p.RestorableTo.Equal(p.Held.To) && p.Words == byService
}
