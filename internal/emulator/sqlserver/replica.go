package sqlserveremu

import "github.com/bakplane/bakplane/internal/emulator/sqlserver/order"

// What a replica allows with a database of its group (public pages "Offload
// supported backups to secondary replicas" and "About client connection
// access"). The lock is held everywhere here.

// secondary reports whether this server has the database as a secondary.
func (s *Server) secondary(db *database) bool {
	return s.group.Member(db.name) != nil && !s.group.IsPrimary(s.name)
}

// opens says why the database cannot be read here, or nothing.
func (s *Server) opens(db *database) error {
	if err := db.readable(); err != nil || !s.secondary(db) {
		return err
	}
	switch {
	case s.group.Resolving:
		return refusal(983, 14, "Unable to access database '%s' because its replica role is RESOLVING which does not allow connections. Try the operation again later.", db.name)
	case !s.group.Replicas[s.group.Place(s.name)].Readable:
		return refusal(976, 14, "The target database, '%s', is participating in an availability group and is currently not accessible for queries. Either data movement is suspended or the availability replica is not enabled for read access. To allow read-only access to this and other databases in the availability group, enable read access to one or more secondary availability replicas in the group.  For more information, see the ALTER AVAILABILITY GROUP statement in SQL Server Books Online.", db.name)
	}
	return nil
}

// changes says why the database cannot be written here, or nothing.
func (s *Server) changes(db *database) error {
	if err := db.writable(); err != nil || !s.secondary(db) {
		return err
	}
	if err := s.opens(db); err != nil {
		return err
	}
	return errReadOnly(db.name)
}

func errMember(name string) error {
	return refusal(1468, 16, "The operation cannot be performed on database \"%s\" because it is involved in a database mirroring session or an availability group. Some operations are not allowed on a database that is participating in a database mirroring session or in an availability group.", name)
}

// backs says why a backup cannot be taken here, or nothing. From SQL Server
// 2025 on secondaries take all kinds (Azure SQL blog of 2025-06-09). Which
// number a replica gives that lost its primary is not confirmed.
func (s *Server) backs(db *database, o order.Backup) error {
	if err := db.readable(); err != nil || s.group.Member(db.name) == nil {
		return err
	}
	switch {
	case o.NoRecovery:
		return errMember(db.name)
	case !s.secondary(db):
		return nil
	case s.group.Resolving:
		return s.opens(db)
	case s.group.Replicas[s.group.Place(s.name)].Lost:
		return refusal(35250, 16, "The connection to the primary replica is not active.  The command cannot be processed.")
	case s.version[0] < 17 && (o.Log == o.CopyOnly || o.Differential):
		return refusal(3059, 16, "This BACKUP or RESTORE command is not supported on a database mirror or secondary replica.")
	}
	return nil
}

// alters refuses options that a member of a group cannot have. Whether
// RESTRICTED_USER is one of them is not confirmed: it is allowed on the
// primary. What a secondary answers to ALTER DATABASE is not confirmed either.
func (s *Server) alters(db *database, word, value string) error {
	if s.group.Member(db.name) == nil {
		return nil
	}
	switch word {
	case "READ_ONLY", "SINGLE_USER", "OFFLINE", "EMERGENCY", "AUTO_CLOSE":
		return errMember(db.name)
	case "RECOVERY":
		if value != "FULL" {
			return errMember(db.name)
		}
	}
	if s.secondary(db) {
		return errMember(db.name)
	}
	return nil
}

func errRestoreMember(name string) error {
	return refusal(3104, 16, "RESTORE cannot operate on database '%s' because it is configured for database mirroring or has joined an availability group. If you intend to restore the database, use ALTER DATABASE to remove mirroring or to remove the database from its availability group.", name)
}
