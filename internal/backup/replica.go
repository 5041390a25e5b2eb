package backup

import (
	"strings"

	"github.com/bakplane/bakplane/internal/tsql"
	told "github.com/bakplane/bakplane/internal/words"
)

// Member is a database's place in an availability group, as one replica tells
// it. The zero Role is that of a login that may not see it.
type Member struct {
	Group      string
	GroupID    GUID
	DatabaseID GUID // the same at every replica
	Role       Role
	Primary    string // server that is the primary replica; empty = not told
	Preference string // automated_backup_preference_desc
	Readable   bool   // a secondary here can be read
	// AnyKind: a secondary here takes plain fulls and differentials too, which
	// is so from SQL Server 2025 on.
	AnyKind bool
}

// Role is what a replica is in its group.
type Role string

const (
	Primary   Role = "PRIMARY"
	Secondary Role = "SECONDARY"
	Resolving Role = "RESOLVING"
)

// Key names the database over all replicas.
func (m *Member) Key() string {
	if m == nil || m.GroupID.IsZero() || m.DatabaseID.IsZero() {
		return ""
	}
	return strings.ToLower(m.GroupID.String() + "/" + m.DatabaseID.String())
}

// RemoveFromGroup is the statement that takes a database out of its group; it
// is for the primary replica.
func (m *Member) RemoveFromGroup(database string) string {
	return "ALTER AVAILABILITY GROUP " + tsql.Shown(m.Group) + " REMOVE DATABASE " + tsql.Shown(database)
}

// Share is whether a replica takes a backup of a group's database.
type Share struct {
	Take   bool
	Failed bool      // it should be taken and cannot
	Why    told.Text // why not; or, where it is taken although the group prefers another replica, why so
}

// ShareOf decides which replica takes a backup (documentation pages "Offload
// supported backups to secondary replicas" and "Configure backups on secondary
// replicas"). Before SQL Server 2025 plain fulls and differentials are possible
// on the primary alone, so they are taken there whatever the group prefers;
// copy-only fulls and logs go where it prefers. Each replica is asked by
// itself: exactly one takes each backup.
func (d Database) ShareOf(kind Kind, copyOnly bool) Share {
	m := d.Member
	switch {
	case !d.InAvailabilityGroup:
		return Share{Take: true}
	case m == nil || m.Role == "":
		if d.PreferredReplica {
			return Share{Take: true}
		}
		return Share{Why: told.Say("Its availability group prefers another replica for backups.")}
	case m.Role != Primary && m.Role != Secondary:
		return Share{Failed: true, Why: told.Say("Its availability group %s has no primary replica now (%s).", m.Group, m.Role)}
	case kind == Log && copyOnly && m.Role == Secondary:
		return Share{Why: told.Say("A secondary replica takes no copy-only logs.")}
	case kind == Log && copyOnly:
		return Share{Take: true}
	case kind == Log || copyOnly || m.AnyKind:
		if d.PreferredReplica {
			return Share{Take: true}
		}
		return Share{Why: told.Say("Its availability group %s (%s) prefers another replica for backups.", m.Group, m.Preference)}
	case m.Role == Secondary:
		return Share{Why: told.Say("This is a secondary replica of %s: full and differential backups are taken on the primary%s.", m.Group, named(m.Primary))}
	case !d.PreferredReplica:
		return Share{Take: true, Why: told.Say("Taken on the primary although %s prefers %s: before SQL Server 2025 full and differential backups are possible there alone.", m.Group, m.Preference)}
	}
	return Share{Take: true}
}

func named(server string) string {
	if server == "" {
		return ""
	}
	return ", " + server
}
