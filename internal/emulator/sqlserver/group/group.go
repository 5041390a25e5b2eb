// Package group is an availability group as its replicas know it: who is the
// primary, who should take backups, and what the catalog shows of it (public
// pages "sys.availability_groups" and its neighbours). The servers guard it.
package group

import (
	"cmp"
	"slices"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// Group is one availability group.
type Group struct {
	ID         bakfile.GUID
	Name       string
	Preference Preference
	Replicas   []Replica
	Primary    int  // in Replicas
	Resolving  bool // nobody is the primary
	Members    []Member
	Port       int // of the listener
}

// Replica is one server of the group.
type Replica struct {
	ID       bakfile.GUID
	Server   string
	Priority int // for backups, 0 to 100; 0 is never
	Readable bool
	Lost     bool // no connection to the primary
}

// Member is a database of the group.
type Member struct {
	ID   bakfile.GUID
	Name string
}

// Preference is automated_backup_preference.
type Preference int

const (
	OnPrimary     Preference = 0
	SecondaryOnly Preference = 1
	Secondary     Preference = 2 // the default of CREATE AVAILABILITY GROUP
	Anywhere      Preference = 3
)

func (p Preference) String() string {
	return []string{"PRIMARY", "SECONDARY_ONLY", "SECONDARY", "NONE"}[p]
}

// Place finds a replica by the name of its server, -1 when there is none.
func (g *Group) Place(server string) int {
	return slices.IndexFunc(g.Replicas, func(r Replica) bool { return r.Server == server })
}

// Member finds a database of the group; nil when it is none, or there is no
// group.
func (g *Group) Member(database string) *Member {
	if g == nil {
		return nil
	}
	for i := range g.Members {
		if g.Members[i].Name == database {
			return &g.Members[i]
		}
	}
	return nil
}

// IsPrimary reports whether the server is the primary replica.
func (g *Group) IsPrimary(server string) bool { return !g.Resolving && g.Place(server) == g.Primary }

// Preferred answers sys.fn_hadr_backup_is_preferred_replica: of the replicas
// that come into question and are connected the one with the highest priority.
// That names decide among equals is not confirmed.
func (g *Group) Preferred(server string) bool {
	best := func(may func(i int) bool) int {
		out := -1
		for i, r := range g.Replicas {
			if r.Priority == 0 || r.Lost || !may(i) {
				continue
			}
			if out < 0 || cmp.Or(r.Priority-g.Replicas[out].Priority, cmp.Compare(g.Replicas[out].Server, r.Server)) > 0 {
				out = i
			}
		}
		return out
	}
	place := best(func(i int) bool { return i != g.Primary })
	switch {
	case g.Preference == OnPrimary, g.Preference == Secondary && place < 0:
		place = g.Primary
	case g.Preference == Anywhere:
		place = best(func(int) bool { return true })
	}
	return place >= 0 && place == g.Place(server)
}
