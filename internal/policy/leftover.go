package policy

import (
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/words"
)

// Leftover is why a policy takes no further backups of a database of which it
// still has some.
type Leftover string

// Reasons in the order in which they are told: the first that holds counts.
const (
	InUse         Leftover = ""               // it goes on taking them
	PolicyRemoved Leftover = "policy-removed" // and its last version is the rule
	ServerLeft    Leftover = "server-left"    // the policy does not name the server any more
	Moved         Leftover = "moved"          // away from this server: it is at another one now
	Dropped       Leftover = "dropped"        // its server has it no more
	NotChosen     Leftover = "not-chosen"     // the policy's patterns do not choose it any more
)

// Family is a database elsewhere that is the same by its family GUID.
type Family struct{ InstanceID, Server, Database string }

// LeftoverOf judges by the policy as it was last saved. moved is a database of
// the same family that another server has now; nil = none is known.
func LeftoverOf(p Policy, removed bool, is backup.Protection, moved *Family) Leftover {
	switch chosen, _ := p.Databases.Chooses(is.Database, is.Collation); {
	case removed:
		return PolicyRemoved
	case !names(p.Servers, is):
		return ServerLeft
	case !is.Dropped.IsZero() && moved != nil:
		return Moved
	case !is.Dropped.IsZero():
		return Dropped
	case !chosen:
		return NotChosen
	}
	return InUse
}

// Unattended reports whether no backup run of the policy comes by any more that
// would carry its retention out.
func (l Leftover) Unattended() bool { return l == PolicyRemoved || l == ServerLeft }

// Words says the reason in a sentence.
func (l Leftover) Words(p Policy, is backup.Protection, moved *Family) words.Text {
	switch l {
	case PolicyRemoved:
		return words.Say("The policy %s was removed.", p.Name)
	case ServerLeft:
		return words.Say("The policy %s does not name its server any more.", p.Name)
	case Moved:
		return words.Say("Its server has it no more since %s; %s has %s of the same family.", is.Dropped.UTC().Format("2006-01-02 15:04 UTC"), moved.Server, moved.Database)
	case Dropped:
		return words.Say("Its server has it no more since %s.", is.Dropped.UTC().Format("2006-01-02 15:04 UTC"))
	case NotChosen:
		_, why := p.Databases.Chooses(is.Database, is.Collation)
		return words.Say("The policy %s leaves it out: %s.", p.Name, why)
	}
	return words.Text{}
}

// Clear is Prune for a database that a person lets go of altogether: no rule
// wants its sets any more, and nothing newer has to take their place. What is
// pinned or was taken to be kept until a day stays, with what it needs for its
// restore, as does what sets of others need.
func Clear(p Policy, sets []backup.Record, now time.Time) (Pruning, error) {
	r, err := retain(p, sets, now)
	if err != nil {
		return Pruning{}, err
	}
	for i := range sets {
		r.ours[i] = r.ours[i] && sets[i].PolicyID == p.ID
	}
	r.held()
	r.needed()
	out := r.pruning()
	for i := range out.Remove {
		out.Remove[i].Why = "A person lets go of all backups of the database that nothing else needs."
	}
	return out, nil
}
