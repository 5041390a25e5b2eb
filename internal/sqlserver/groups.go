package sqlserver

import (
	"context"

	"github.com/bakplane/bakplane/internal/backup"
)

const (
	preferred = `SELECT name, sys.fn_hadr_backup_is_preferred_replica(name) AS is_preferred FROM sys.databases WHERE replica_id IS NOT NULL { AND name = @p1 }`

	// A member's group as this replica tells it. The views of groups need VIEW
	// ANY DEFINITION, the state VIEW SERVER STATE.
	members = `SELECT d.name AS name, g.name AS group_name, c.group_id, c.group_database_id, g.automated_backup_preference_desc AS preference, r.secondary_role_allow_connections AS readable,
 s.role_desc AS role, t.primary_replica, CONVERT(int, SERVERPROPERTY('ProductMajorVersion')) AS major FROM sys.databases AS d
 JOIN sys.availability_databases_cluster AS c ON c.group_database_id = d.group_database_id
 JOIN sys.availability_groups AS g ON g.group_id = c.group_id
 JOIN sys.availability_replicas AS r ON r.replica_id = d.replica_id
 LEFT JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = d.replica_id
 LEFT JOIN sys.dm_hadr_availability_group_states AS t ON t.group_id = c.group_id
 WHERE d.replica_id IS NOT NULL { AND d.name = @p1 }`
)

// secondaryTakesAll is the first version whose secondaries take plain fulls and
// differentials (Microsoft's blog of 2025-06-09). Whether it needs trace flags
// there, as its previews did, is not confirmed.
const secondaryTakesAll = 17

// addGroups adds what members of availability groups are told of them.
func (a about) addGroups(ctx context.Context, list []backup.Database, byName map[string]int) error {
	rows, err := a.askIf(ctx, preferred)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if i, ok := byName[r.text("name")]; ok {
			list[i].PreferredReplica = r.bit("is_preferred")
		}
	}
	if rows, err = a.askIf(ctx, members); err != nil {
		return err
	}
	for _, r := range rows {
		if i, ok := byName[r.text("name")]; ok {
			list[i].Member = &backup.Member{Group: r.text("group_name"), GroupID: r.guid("group_id"), DatabaseID: r.guid("group_database_id"),
				Role: backup.Role(r.text("role")), Primary: r.text("primary_replica"), Preference: r.text("preference"),
				Readable: r.integer("readable") > 0, AnyKind: r.integer("major") >= secondaryTakesAll}
		}
	}
	return nil
}
