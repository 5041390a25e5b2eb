package backup

import (
	"time"

	"github.com/bakplane/bakplane/internal/tsql"
)

// Exempt is what a server says of a database that its backups are judged by: why
// it rightly gets no backups of a kind, each a sentence (empty = it gets them),
// and which history it is in. What a policy does and what it promises both go
// by it.
type Exempt struct {
	NoFull, NoLog, NoDifferential string
	State                         string // in words, where it is not simply open: "OFFLINE", "in standby"; empty = open
	Logged                        bool   // its recovery model has log backups
	// Family and Fork are the lineage and recovery fork that the database is in
	// now. Sets of another lineage are of what had this name before; zero = not
	// told.
	Family, Fork GUID
	ClockAhead   time.Duration  // of the server against ours; zero = as good as equal, or not known
	Collation    tsql.Collation // by which its server compares names of databases; empty = not told
	Held         Held           // by its service, with the whole instance
}

// Exempt tells it of a database as its server describes it.
func (d Database) Exempt() (s Exempt) {
	s.Logged = d.RecoveryModel == "FULL" || d.RecoveryModel == "BULK_LOGGED"
	s.Family, s.Fork = d.Family, d.Fork
	if word, why := d.closing(); why != "" {
		s.State, s.NoFull, s.NoLog, s.NoDifferential = word, why, why, why
		return s
	}
	if d.State != "ONLINE" {
		s.State = d.State
	}
	if d.Asleep {
		s.State = "asleep (AUTO_CLOSE)"
	}
	switch {
	case d.RecoveryModel == "SIMPLE":
		s.NoLog = "Recovery model SIMPLE has no log backups."
	case d.ReadOnly && d.LastLogBackupLSN.IsZero() && !d.Asleep:
		s.NoLog = "It is read-only, and no log chain was begun."
	case d.ReadOnly && !d.LastFull.IsZero() && !d.LastLog.IsZero():
		s.NoLog = "It is read-only: there is no new log."
	}
	if d.ReadOnly && (!d.LastFull.IsZero() || !d.BaseGUID.IsZero()) {
		s.NoDifferential = "It is read-only: its full backup holds everything."
	}
	if d.InAvailabilityGroup && d.Member != nil && d.Member.Role == Secondary {
		for kind, why := range map[Kind]*string{Full: &s.NoFull, Differential: &s.NoDifferential, Log: &s.NoLog} {
			if share := d.ShareOf(kind, false); !share.Take && !share.Failed && *why == "" {
				*why = share.Why.String()
			}
		}
		s.State = "secondary of " + d.Member.Group
	}
	return s
}

// Closed says why a database in its state is rightly backed up by nobody, a
// sentence; empty = it is, or somebody should look at it.
func (d Database) Closed() string {
	_, why := d.closing()
	return why
}

func (d Database) closing() (word, why string) {
	switch {
	case d.Standby:
		return "in standby", "It is a standby copy, which logs are restored to: SQL Server takes no backup of it (3036). Back up the database it is a copy of."
	case d.State == "RESTORING":
		return d.State, "It is RESTORING: nothing can be backed up until somebody opens it."
	case d.State == "OFFLINE":
		return d.State, "It is OFFLINE: nobody can write to it, and nothing can be backed up until it is set online."
	case d.State == "COPYING":
		return d.State, "It is being copied: it can be backed up when that is done."
	}
	return "", ""
}
