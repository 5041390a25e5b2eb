package preflight

import (
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/words"
)

// replica judges a source that is a member of an availability group. A
// migration begins with a full backup and builds on it, which before SQL Server
// 2025 the primary alone takes, whatever the group prefers.
func (j *judge) replica(d backup.Database) {
	const title = "Availability group"
	m := d.Member
	switch {
	case !d.InAvailabilityGroup:
	case m == nil || m.Role == "":
		j.add("replica", title, migration.Warned, words.Say("The database is a member of an availability group, and the login may not see which replica this is."),
			words.Say("Make sure that it is the primary: a secondary takes no full backup that a migration could build on. GRANT VIEW SERVER STATE and VIEW ANY DEFINITION let it be seen."))
	case m.Role == backup.Secondary && !m.AnyKind:
		j.add("replica", title, migration.Barred, words.Say("This is a secondary replica of %s, and a migration begins with a full backup that the primary alone takes.", m.Group), startAt(m))
	case m.Role != backup.Primary && m.Role != backup.Secondary:
		j.add("replica", title, migration.Barred, words.Say("%s has no primary replica now (%s).", m.Group, m.Role), words.Say("Wait until the group has failed over, then check again."))
	default:
		j.add("replica", title, migration.Warned, words.Say("The database is a member of %s (%s here). Log backups that other replicas take are links of the same chain, and this server's history does not know them.", m.Group, m.Role),
			words.Say("Pause log backups at the other replicas until the cutover, and start again from the new primary if the group fails over."))
	}
}

func startAt(m *backup.Member) words.Text {
	if m.Primary == "" {
		return words.Say("Add the primary replica as a server, and start from there.")
	}
	return words.Say("Add the primary replica, %s, as a server, and start from there.", m.Primary)
}

// grouped bars the freezes that a member of a group refuses (error 1468), and
// reports whether it did.
func (j *judge) grouped(f SourceFacts) bool {
	d := f.Database
	if !d.InAvailabilityGroup || f.Freeze == migration.FreezeStopped {
		return false
	}
	why := words.Say("While the database is a member of its availability group, its tail cannot be taken WITH NORECOVERY (error 1468).")
	if f.Freeze == migration.FreezeReadOnly {
		why = words.Say("While the database is a member of its availability group, it cannot be set READ_ONLY (error 1468).")
	}
	j.add("freeze", "Freeze", migration.Barred, why,
		words.Say("Choose the application stopped as freeze. Or take it out of the group first, on the primary: %s. The copies at the secondaries stay there, restoring.", outOfGroup(d)))
	return true
}

func outOfGroup(d backup.Database) string {
	m := d.Member
	if m == nil {
		m = &backup.Member{Group: "…"}
	}
	return m.RemoveFromGroup(d.Name)
}

// otherFreeze is what to do where it cannot be shown that nothing was written.
func otherFreeze(d backup.Database) words.Text {
	if d.InAvailabilityGroup {
		return words.Say("Take the database out of its group on the primary (%s); then choose the tail of the log or READ_ONLY as freeze.", outOfGroup(d))
	}
	return words.Say("Choose the tail of the log or READ_ONLY as freeze.")
}
