package group

import (
	"slices"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Alters says why a server's statement cannot change which databases the group
// has, or nothing.
func Alters(g *Group, name, database, server string, add, allowed bool) error {
	switch {
	case g == nil || g.Name != name || !allowed:
		return tds.Refuse(15151, 16, "Cannot alter the availability group '%s', because it does not exist or you do not have permission.", name)
	case !g.IsPrimary(server):
		return tds.Refuse(41190, 16, "Availability group '%s' failed to process alter-database command.  The local availability replica is not in a state that could process the command.  Verify that the availability group is online and that the local availability replica is the primary replica, then retry the command.", name)
	case add && g.Member(database) != nil:
		return tds.Refuse(41145, 16, "Cannot join database '%s' to availability group '%s'.  The database has already joined the availability group.  This is an informational message.  No user action is required.", database, name)
	case !add && g.Member(database) == nil:
		return tds.Refuse(35236, 16, "Database '%s' is not a member of an availability group.", database)
	}
	return nil
}

// NotFit refuses a database that is not in recovery model FULL with a chain,
// writable and open to everybody. SQL Server has a number for each; which is not
// confirmed, this is the one for missing log backups.
func NotFit(database string) error {
	return tds.Refuse(1475, 16, "Database \"%s\" might contain bulk logged changes that have not been backed up. Take a log backup on the principal database or primary database. Then restore this backup either on the mirror database to enable database mirroring or on every secondary replica to enable you to join it to the availability group.", database)
}

// Set makes a database a member, or takes it out.
func (g *Group) Set(database string, id bakfile.GUID, member bool) {
	g.Members = slices.DeleteFunc(g.Members, func(m Member) bool { return m.Name == database })
	if member {
		g.Members = append(g.Members, Member{ID: id, Name: database})
	}
}
