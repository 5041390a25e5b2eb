package group

import "github.com/bakplane/bakplane/internal/bakfile"

// Columns of the views, as in CREATE TABLE.
const (
	GroupColumns         = "group_id uniqueidentifier, name nvarchar(128), resource_id nvarchar(40), automated_backup_preference tinyint, automated_backup_preference_desc nvarchar(60), is_distributed bit"
	ReplicaColumns       = "replica_id uniqueidentifier, group_id uniqueidentifier, replica_server_name nvarchar(256), availability_mode tinyint, availability_mode_desc nvarchar(60), failover_mode tinyint, failover_mode_desc nvarchar(60), secondary_role_allow_connections tinyint, secondary_role_allow_connections_desc nvarchar(60), backup_priority int"
	ClusterColumns       = "group_id uniqueidentifier, group_database_id uniqueidentifier, database_name nvarchar(128)"
	ListenerColumns      = "group_id uniqueidentifier, listener_id nvarchar(36), dns_name nvarchar(63), port int, is_conformant bit"
	GroupStateColumns    = "group_id uniqueidentifier, primary_replica nvarchar(128), primary_recovery_health_desc nvarchar(60), synchronization_health_desc nvarchar(60)"
	ReplicaStateColumns  = "replica_id uniqueidentifier, group_id uniqueidentifier, is_local bit, role tinyint, role_desc nvarchar(60), operational_state_desc nvarchar(60), connected_state tinyint, connected_state_desc nvarchar(60), synchronization_health_desc nvarchar(60)"
	DatabaseStateColumns = "database_id int, group_id uniqueidentifier, replica_id uniqueidentifier, group_database_id uniqueidentifier, is_local bit, is_primary_replica bit, synchronization_state tinyint, synchronization_state_desc nvarchar(60), synchronization_health_desc nvarchar(60), database_state tinyint, database_state_desc nvarchar(60), is_suspended bit, last_hardened_lsn numeric(25,0), log_send_queue_size bigint, redo_queue_size bigint"
)

// Groups are the rows of sys.availability_groups.
func (g *Group) Groups() [][]any {
	if g == nil {
		return nil
	}
	return [][]any{{g.ID, g.Name, g.ID.String(), int64(g.Preference), g.Preference.String(), false}}
}

// Servers are the rows of sys.availability_replicas.
func (g *Group) Servers() (out [][]any) {
	if g == nil {
		return nil
	}
	for _, r := range g.Replicas {
		allow, word := int64(0), "NO"
		if r.Readable {
			allow, word = 2, "ALL"
		}
		out = append(out, []any{r.ID, g.ID, r.Server, int64(1), "SYNCHRONOUS_COMMIT", int64(1), "MANUAL", allow, word, int64(r.Priority)})
	}
	return out
}

// States are the rows of sys.dm_hadr_availability_group_states. A secondary
// that lost its primary still names the last one it knew: not confirmed.
func (g *Group) States() [][]any {
	if g == nil {
		return nil
	}
	primary, health := any(g.Replicas[g.Primary].Server), "HEALTHY"
	if g.Resolving {
		primary, health = "", "NOT_HEALTHY"
	}
	return [][]any{{g.ID, primary, nil, health}}
}

// Cluster is the rows of sys.availability_databases_cluster.
func (g *Group) Cluster() (out [][]any) {
	if g == nil {
		return nil
	}
	for _, m := range g.Members {
		out = append(out, []any{g.ID, m.ID, m.Name})
	}
	return out
}

// Listeners are the rows of sys.availability_group_listeners.
func (g *Group) Listeners() [][]any {
	if g == nil || g.Port == 0 {
		return nil
	}
	return [][]any{{g.ID, g.ID.String(), g.Name, int64(g.Port), true}}
}

// seen are the replicas whose state a server knows: the primary all, others
// themselves.
func (g *Group) seen(server string) (out []int) {
	if g == nil {
		return nil
	}
	for i, r := range g.Replicas {
		if g.IsPrimary(server) || r.Server == server {
			out = append(out, i)
		}
	}
	return out
}

// ReplicaStates are the rows of sys.dm_hadr_availability_replica_states.
func (g *Group) ReplicaStates(server string) (out [][]any) {
	for _, i := range g.seen(server) {
		r := g.Replicas[i]
		role, word := int64(2), "SECONDARY"
		switch {
		case g.Resolving:
			role, word = 0, "RESOLVING"
		case i == g.Primary:
			role, word = 1, "PRIMARY"
		}
		connected, health := int64(1), "HEALTHY"
		if r.Lost || g.Resolving {
			connected, health = 0, "NOT_HEALTHY"
		}
		var operational any // known of the local replica
		if r.Server == server {
			operational = map[bool]string{false: "ONLINE", true: "PENDING"}[g.Resolving]
		}
		out = append(out, []any{r.ID, g.ID, r.Server == server, role, word, operational, connected, []string{"DISCONNECTED", "CONNECTED"}[connected], health})
	}
	return out
}

// DatabaseStates are the rows of sys.dm_hadr_database_replica_states; known
// tells a database's id and the end of its log.
func (g *Group) DatabaseStates(server string, known func(database string) (int64, any)) (out [][]any) {
	for _, i := range g.seen(server) {
		r := g.Replicas[i]
		state, word, health := int64(2), "SYNCHRONIZED", "HEALTHY"
		if r.Lost || g.Resolving {
			state, word, health = 0, "NOT SYNCHRONIZING", "NOT_HEALTHY"
		}
		for _, m := range g.Members {
			id, end := known(m.Name)
			out = append(out, []any{id, g.ID, r.ID, m.ID, r.Server == server, i == g.Primary && !g.Resolving, state, word, health, int64(0), "ONLINE", false, end, int64(0), int64(0)})
		}
	}
	return out
}

// Of gives the ids of a database in sys.databases, NULL when it is no member.
func (g *Group) Of(server, database string) (replica, id any) {
	m := g.Member(database)
	if m == nil {
		return nil, nil
	}
	if i := g.Place(server); i >= 0 {
		return g.Replicas[i].ID, m.ID
	}
	return bakfile.GUID{}, m.ID
}
