package sqlserveremu

import (
	"net"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/group"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

var noRows = func(*session, *database) [][]any { return nil }

// views are all there are, by schema.name in lower case.
var views = map[string]view{
	"sys.databases":                {columns: "name nvarchar(128), database_id int, source_database_id int, owner_sid varbinary(85), create_date datetime, compatibility_level tinyint, collation_name nvarchar(128), user_access tinyint, user_access_desc nvarchar(60), is_read_only bit, is_auto_close_on bit, is_auto_shrink_on bit, state tinyint, state_desc nvarchar(60), is_in_standby bit, is_cleanly_shutdown bit, snapshot_isolation_state tinyint, is_read_committed_snapshot_on bit, recovery_model tinyint, recovery_model_desc nvarchar(60), page_verify_option tinyint, page_verify_option_desc nvarchar(60), is_trustworthy_on bit, is_broker_enabled bit, is_published bit, is_distributor bit, service_broker_guid uniqueidentifier, log_reuse_wait tinyint, log_reuse_wait_desc nvarchar(60), is_cdc_enabled bit, is_encrypted bit, replica_id uniqueidentifier, group_database_id uniqueidentifier, containment tinyint, containment_desc nvarchar(60), target_recovery_time_in_seconds int, is_query_store_on bit", rows: databasesView},
	"sys.master_files":             {columns: fileColumns, rows: filesView(true)},
	"sys.database_files":           {columns: strings.Replace(fileColumns, "database_id int, ", "", 1), rows: filesView(false)},
	"sys.database_recovery_status": {columns: "database_id int, database_guid uniqueidentifier, family_guid uniqueidentifier, last_log_backup_lsn numeric(25,0), recovery_fork_guid uniqueidentifier, first_recovery_fork_guid uniqueidentifier, fork_point_lsn numeric(25,0)", rows: recoveryView},
	"sys.database_mirroring":       {columns: "database_id int, mirroring_guid uniqueidentifier, mirroring_state tinyint", rows: noRows},
	"sys.dm_exec_requests":         {columns: "session_id smallint, request_id int, start_time datetime, status nvarchar(30), command nvarchar(32), sql_handle varbinary(64), database_id smallint, user_id int, blocking_session_id smallint, wait_type nvarchar(60), wait_time int, last_wait_type nvarchar(60), percent_complete real, estimated_completion_time bigint, cpu_time int, total_elapsed_time int, reads bigint, writes bigint, open_transaction_count int", rows: requestsView},
	"sys.dm_exec_sessions":         {columns: "session_id smallint, login_time datetime, host_name nvarchar(128), program_name nvarchar(128), client_interface_name nvarchar(32), login_name nvarchar(128), original_login_name nvarchar(128), status nvarchar(30), last_request_start_time datetime, is_user_process bit, open_transaction_count int, database_id smallint", rows: sessionsView},
	"sys.dm_exec_connections":      {columns: "session_id int, connect_time datetime, net_transport nvarchar(40), protocol_type nvarchar(40), encrypt_option nvarchar(40), auth_scheme nvarchar(40), client_net_address varchar(48), client_tcp_port int, local_net_address varchar(48), local_tcp_port int", rows: connectionsView, needs: "VIEW SERVER STATE"},
	"sys.dm_server_services":       {columns: "servicename nvarchar(256), startup_type int, startup_type_desc nvarchar(256), status int, status_desc nvarchar(256), process_id int, last_startup_time datetimeoffset(7), service_account nvarchar(256), filename nvarchar(256), is_clustered nvarchar(1), instant_file_initialization_enabled nvarchar(1)", rows: servicesView, needs: "VIEW SERVER STATE"},
	"sys.dm_os_sys_info": {columns: "cpu_count int, physical_memory_kb bigint, sqlserver_start_time datetime", rows: func(n *session, _ *database) [][]any {
		return [][]any{{int64(4), int64(8 << 20), n.server.started.UTC().Add(n.server.config.UTCOffset)}}
	}, needs: "VIEW SERVER STATE"},
	"sys.dm_os_host_info":           {columns: "host_platform nvarchar(256), host_distribution nvarchar(256), host_release nvarchar(256)", rows: func(*session, *database) [][]any { return [][]any{{"Linux", "Emulator", "1"}} }},
	"sys.configurations":            {columns: "configuration_id int, name nvarchar(35), value int, minimum int, maximum int, value_in_use int, description nvarchar(255)", rows: configurationsView},
	"sys.change_tracking_databases": {columns: "database_id int, is_auto_cleanup_on bit, retention_period int, retention_period_units_desc nvarchar(60), max_cleanup_version bigint", rows: trackingView},
	"sys.server_principals":         {columns: "name nvarchar(128), principal_id int, sid varbinary(85), type char(1), type_desc nvarchar(60), is_disabled bit, create_date datetime, default_database_name nvarchar(128)", rows: principalsView},
	"sys.sql_logins":                {columns: "name nvarchar(128), principal_id int, sid varbinary(85), type char(1), type_desc nvarchar(60), is_disabled bit, create_date datetime, default_database_name nvarchar(128)", rows: principalsView},
	"sys.servers": {columns: "server_id int, name nvarchar(128), product nvarchar(128), provider nvarchar(128), is_linked bit", rows: func(n *session, _ *database) [][]any {
		return [][]any{{int64(0), n.server.config.Name, "SQL Server", "SQLNCLI", false}}
	}},

	"sys.availability_groups":               {columns: group.GroupColumns, rows: grouped((*group.Group).Groups)},
	"sys.availability_replicas":             {columns: group.ReplicaColumns, rows: grouped((*group.Group).Servers)},
	"sys.availability_databases_cluster":    {columns: group.ClusterColumns, rows: grouped((*group.Group).Cluster)},
	"sys.availability_group_listeners":      {columns: group.ListenerColumns, rows: grouped((*group.Group).Listeners)},
	"sys.dm_hadr_availability_group_states": {columns: group.GroupStateColumns, rows: grouped((*group.Group).States)},
	"sys.dm_hadr_database_replica_states": {columns: group.DatabaseStateColumns, rows: func(n *session, _ *database) [][]any {
		return n.server.group.DatabaseStates(n.server.name, func(name string) (int64, any) {
			db := n.server.find(name)
			return int64(db.id), value.LSN(db.next)
		})
	}, needs: "VIEW SERVER STATE"},
	"sys.dm_hadr_availability_replica_states": {columns: group.ReplicaStateColumns, rows: func(n *session, _ *database) [][]any {
		return n.server.group.ReplicaStates(n.server.name)
	}, needs: "VIEW SERVER STATE"},
	"sys.dm_database_encryption_keys": {columns: "database_id int, encryption_state int, encryption_state_desc nvarchar(32), encryptor_thumbprint varbinary(20), percent_complete real", rows: encryptionView, needs: "VIEW SERVER STATE"},

	"sys.tables":  {columns: "name nvarchar(128), object_id int, principal_id int, schema_id int, parent_object_id int, type char(2), type_desc nvarchar(60), create_date datetime, modify_date datetime, is_ms_shipped bit, is_memory_optimized bit, temporal_type tinyint", rows: tablesView},
	"sys.objects": {columns: "name nvarchar(128), object_id int, principal_id int, schema_id int, parent_object_id int, type char(2), type_desc nvarchar(60), create_date datetime, modify_date datetime, is_ms_shipped bit, is_memory_optimized bit, temporal_type tinyint", rows: tablesView},
	"sys.schemas": {columns: "name nvarchar(128), schema_id int, principal_id int", rows: schemasView},
	"sys.columns": {columns: "object_id int, name nvarchar(128), column_id int, system_type_name nvarchar(128), is_nullable bit, is_computed bit, is_hidden bit", rows: columnsView},
	"sys.indexes": {columns: "object_id int, name nvarchar(128), index_id int, type tinyint, type_desc nvarchar(60)", rows: perTable(func(_ *database, t *contents.Table) []any { return []any{int64(t.ID), nil, int64(0), int64(0), "HEAP"} })},
	"sys.partitions": {columns: "partition_id bigint, object_id int, index_id int, partition_number int, hobt_id bigint, rows bigint, data_compression tinyint", rows: perTable(func(_ *database, t *contents.Table) []any {
		return []any{int64(t.ID) << 8, int64(t.ID), int64(0), int64(1), int64(t.ID) << 8, int64(len(t.Rows)), int64(0)}
	})},
	"sys.dm_db_partition_stats": {columns: "partition_id bigint, object_id int, index_id int, partition_number int, in_row_data_page_count bigint, used_page_count bigint, reserved_page_count bigint, row_count bigint", rows: perTable(func(_ *database, t *contents.Table) []any {
		n := int64(len(t.Rows))
		return []any{int64(t.ID) << 8, int64(t.ID), int64(0), int64(1), n/60 + 1, n/60 + 2, n/60 + 8, n}
	})},
	"sys.dm_db_persisted_sku_features": {columns: "feature_name nvarchar(60), feature_id int", rows: func(_ *session, db *database) (out [][]any) {
		for i, f := range db.features {
			out = append(out, []any{f, int64(100 * (i + 1))})
		}
		return out
	}},
	"sys.dm_db_index_usage_stats":       {columns: "database_id smallint, object_id int, index_id int, user_seeks bigint, user_scans bigint, user_lookups bigint, user_updates bigint, last_user_seek datetime, last_user_scan datetime, last_user_lookup datetime, last_user_update datetime, system_updates bigint", rows: usageView, needs: "VIEW SERVER STATE"},
	"sys.dm_tran_database_transactions": {columns: "transaction_id bigint, database_id int, database_transaction_begin_time datetime, database_transaction_type int, database_transaction_state int, database_transaction_log_record_count bigint, database_transaction_log_bytes_used bigint", rows: transactionsView, needs: "VIEW SERVER STATE"},
	"sys.dm_tran_session_transactions":  {columns: "session_id int, transaction_id bigint, is_user_transaction bit, is_local bit", rows: sessionTransactionsView, needs: "VIEW SERVER STATE"},
	"sys.filegroups":                    {columns: spaceColumns, rows: func(_ *session, db *database) [][]any { return db.filegroups() }},
	"sys.data_spaces": {columns: strings.TrimSuffix(spaceColumns, ", is_read_only bit"), rows: func(_ *session, db *database) (out [][]any) {
		for _, row := range db.filegroups() {
			out = append(out, row[:len(row)-1])
		}
		return out
	}},
	"sys.dm_db_log_space_usage": {columns: "database_id int, total_log_size_in_bytes bigint, used_log_space_in_bytes bigint, used_log_space_in_percent real, log_space_in_bytes_since_last_backup bigint", rows: func(_ *session, db *database) [][]any {
		used := int64(len(db.log)) * db.rowBytes
		total := max(8<<20, used)
		return [][]any{{int64(db.id), total, used, 100 * float64(used) / float64(total), used}}
	}},
	"information_schema.tables":          {columns: "TABLE_CATALOG nvarchar(128), TABLE_SCHEMA nvarchar(128), TABLE_NAME nvarchar(128), TABLE_TYPE varchar(10)", rows: perTable(func(db *database, t *contents.Table) []any { return []any{db.name, t.Schema, t.Name, "BASE TABLE"} })},
	"dbo.restorefile":                    {columns: "restore_history_id int, file_number numeric(10,0), destination_phys_drive nvarchar(260), destination_phys_name nvarchar(260)", rows: noRows, msdb: true},
	"dbo.suspect_pages":                  {columns: "database_id int, file_id int, page_id bigint, event_type int, error_count int, last_update_date datetime", rows: noRows, msdb: true},
	"dbo.sysjobs":                        {columns: "job_id uniqueidentifier, name nvarchar(128), enabled tinyint, description nvarchar(512), owner_sid varbinary(85), date_created datetime", rows: noRows, msdb: true},
	"dbo.sysjobsteps":                    {columns: "job_id uniqueidentifier, step_id int, step_name nvarchar(128), subsystem nvarchar(40), command nvarchar(max), database_name nvarchar(128)", rows: noRows, msdb: true},
	"dbo.log_shipping_primary_databases": {columns: "primary_id uniqueidentifier, primary_database nvarchar(128), backup_directory nvarchar(500), backup_share nvarchar(500)", rows: noRows, msdb: true},
}

const spaceColumns = "name nvarchar(128), data_space_id int, type char(2), type_desc nvarchar(60), is_default bit, is_read_only bit"

const fileColumns = "database_id int, file_id int, file_guid uniqueidentifier, type tinyint, type_desc nvarchar(60), data_space_id int, name nvarchar(128), physical_name nvarchar(260), state tinyint, state_desc nvarchar(60), size int, max_size int, growth int, is_media_read_only bit, is_read_only bit, is_sparse bit, is_percent_growth bit, create_lsn numeric(25,0), differential_base_lsn numeric(25,0), differential_base_guid uniqueidentifier, differential_base_time datetime, redo_start_lsn numeric(25,0)"

func grouped(rows func(*group.Group) [][]any) func(*session, *database) [][]any {
	return func(n *session, _ *database) [][]any { return rows(n.server.group) }
}

func databasesView(n *session, _ *database) (out [][]any) {
	for _, db := range n.server.sorted() {
		compat, collation := any(int64(db.compat)), any(n.server.config.Collation)
		if db.state == offline {
			collation = nil
		}
		replica, member := n.server.group.Of(n.server.name, db.name)
		containment := int64(0)
		if db.contained {
			containment = 1
		}
		access := slices.Index([]string{"MULTI_USER", "SINGLE_USER", "RESTRICTED_USER"}, db.access)
		model := map[bakfile.RecoveryModel]int64{bakfile.RecoveryFull: 1, bakfile.RecoveryBulkLogged: 2, bakfile.RecoverySimple: 3}[db.recovery]
		verify := slices.Index([]string{"NONE", "TORN_PAGE_DETECTION", "CHECKSUM"}, db.verify)
		wait := map[string]int64{"NOTHING": 0, "LOG_BACKUP": 2, "ACTIVE_BACKUP_OR_RESTORE": 3}[db.reuseWait()]
		out = append(out, []any{db.name, int64(db.id), nil, []byte(db.owner), db.created, compat, collation, int64(access), db.access, db.readOnly || db.standing(), false, false,
			int64(db.state), db.state.String(), db.standing(), false, int64(0), false, model, db.model(), int64(verify), db.verify, db.trustworthy, db.broker, db.published, false, db.binding,
			wait, db.reuseWait(), db.cdc, db.tde, replica, member, containment, map[int64]string{0: "NONE", 1: "PARTIAL"}[containment], int64(60), false})
	}
	return out
}

func filesView(all bool) func(*session, *database) [][]any {
	return func(n *session, of *database) (out [][]any) {
		list := []*database{of}
		if all {
			list = n.server.sorted()
		}
		for _, db := range list {
			for _, f := range db.files {
				kind, desc := int64(0), "ROWS"
				switch f.kind {
				case "L":
					kind, desc = 1, "LOG"
				case "S":
					kind, desc = 2, "FILESTREAM"
				}
				var baseLSN, baseGUID, baseAt any
				if f.kind == "D" && !db.base.set.IsZero() {
					baseLSN, baseGUID, baseAt = value.LSN(db.base.checkpoint), db.base.set, db.base.at
				}
				var redo any // none after a full restore that broke off: not confirmed
				if db.redo != nil && !db.redo.broken && !db.redo.at.IsZero() {
					redo = value.LSN(db.redo.at)
				}
				row := []any{int64(db.id), int64(f.id), f.guid, kind, desc, int64(f.space), f.logical, f.physical, int64(db.state), db.state.String(), f.size / 8192, int64(-1),
					int64(8192), false, false, false, false, value.LSN(bakfile.LSN{}), baseLSN, baseGUID, baseAt, redo}
				if !all {
					row = row[1:]
				}
				out = append(out, row)
			}
		}
		return out
	}
}

func recoveryView(n *session, _ *database) (out [][]any) {
	for _, db := range n.server.sorted() {
		if db.state != online {
			out = append(out, []any{int64(db.id), nil, nil, nil, nil, nil, nil})
			continue
		}
		first, point := any(nil), any(nil)
		if !db.forkPoint.IsZero() {
			first, point = db.forkBefore, value.LSN(db.forkPoint)
		}
		out = append(out, []any{int64(db.id), db.binding, db.family, value.LSNOrNull(db.lastLog), db.fork, first, point})
	}
	return out
}

// visible lists the sessions that a login may see: its own, or all.
func visible(n *session) (out []*session) {
	s := n.server
	all := n.rights().server("VIEW SERVER STATE") || n.rights().server("VIEW SERVER PERFORMANCE STATE")
	for _, o := range s.sessions {
		if all || o == n {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b *session) int { return a.id - b.id })
	return out
}

func requestsView(n *session, _ *database) (out [][]any) {
	now := n.server.now()
	for _, o := range visible(n) {
		a := o.activity
		if a == nil {
			continue
		}
		elapsed := now.Sub(a.started)
		left := time.Duration(0)
		if a.percent > 0 && a.percent < 100 {
			left = time.Duration(float64(elapsed) * (100 - a.percent) / a.percent)
		}
		id := int64(1)
		if db := n.server.find(a.target); db != nil {
			id = int64(db.id)
		}
		status, wait := "running", any(nil)
		if a.wait != "" {
			status, wait = "suspended", a.wait
		}
		command := a.command
		if command == "OTHER" {
			command = "SELECT"
		}
		out = append(out, []any{int64(o.id), int64(0), a.started, status, value.Cut(command, 32), sqlHandle(o.id), id, int64(1), int64(0), wait, int64(0), "MISCELLANEOUS",
			a.percent, left.Milliseconds(), int64(0), elapsed.Milliseconds(), int64(0), int64(0), int64(0)})
	}
	return out
}

func sessionsView(n *session, _ *database) (out [][]any) {
	for _, o := range visible(n) {
		status := "sleeping"
		if o.activity != nil {
			status = "running"
		}
		id := int64(1)
		if db := n.server.find(o.database); db != nil {
			id = int64(db.id)
		}
		out = append(out, []any{int64(o.id), o.started, o.host, o.app, o.library, o.login, o.login, status, o.last, true, int64(0), id})
	}
	return out
}

func connectionsView(n *session, _ *database) (out [][]any) {
	for _, o := range visible(n) {
		host, port := "", int64(0)
		if a, ok := o.link.Remote.(*net.TCPAddr); ok {
			host, port = a.IP.String(), int64(a.Port)
		}
		encrypted := "FALSE"
		if o.encrypted {
			encrypted = "TRUE"
		}
		out = append(out, []any{int64(o.id), o.started, "TCP", "TSQL", encrypted, "SQL", host, port, "127.0.0.1", int64(1433)})
	}
	return out
}

func servicesView(n *session, _ *database) [][]any {
	s := n.server
	return [][]any{{"SQL Server (" + s.instance() + ")", int64(2), "Automatic", int64(4), "Running", int64(1), s.started, `mssql`, "/opt/mssql/bin/sqlservr", "N", "N"}}
}

func configurationsView(n *session, _ *database) [][]any {
	row := func(id int64, name string, value int64) []any {
		return []any{id, name, value, int64(0), int64(1), value, name}
	}
	contained := int64(0)
	if n.server.config.ContainedAuthentication {
		contained = 1
	}
	return [][]any{row(1579, "backup compression default", 0), row(1584, "backup checksum default", 0), row(16390, "xp_cmdshell", 0), row(16393, "contained database authentication", contained)}
}

func trackingView(n *session, _ *database) (out [][]any) {
	for _, db := range n.server.sorted() {
		if db.tracking {
			out = append(out, []any{int64(db.id), true, int64(2), "DAYS", nil})
		}
	}
	return out
}

func principalsView(n *session, _ *database) (out [][]any) {
	for i, l := range n.server.logins {
		out = append(out, []any{l.Name, int64(i + 1), []byte(l.Name), "S", "SQL_LOGIN", l.Disabled, n.server.started, "master"})
	}
	return out
}

func encryptionView(n *session, _ *database) (out [][]any) {
	for _, db := range n.server.sorted() {
		if db.tde {
			out = append(out, []any{int64(db.id), int64(3), "ENCRYPTED", db.binding[:], 0.0})
		}
	}
	return out
}

func perTable(f func(*database, *contents.Table) []any) func(*session, *database) [][]any {
	return func(_ *session, db *database) (out [][]any) {
		for _, t := range db.tables.Sorted() {
			out = append(out, f(db, t))
		}
		return out
	}
}

func tablesView(_ *session, db *database) (out [][]any) {
	ids := schemas(db)
	for _, t := range db.tables.Sorted() {
		out = append(out, []any{t.Name, int64(t.ID), nil, int64(ids[t.Schema]), int64(0), "U ", "USER_TABLE", madeAt(db, t), madeAt(db, t), false, false, int64(0)})
	}
	return out
}

// madeAt is when a table was made: nothing changes one afterwards here.
func madeAt(db *database, t *contents.Table) time.Time {
	if t.Made.IsZero() {
		return db.created
	}
	return t.Made
}

func schemasView(_ *session, db *database) (out [][]any) {
	for name, id := range schemas(db) {
		out = append(out, []any{name, int64(id), int64(1)})
	}
	slices.SortFunc(out, func(a, b []any) int { return int(a[1].(int64) - b[1].(int64)) })
	return out
}

func columnsView(_ *session, db *database) (out [][]any) {
	for _, t := range db.tables.Sorted() {
		for i, c := range t.Columns {
			out = append(out, []any{int64(t.ID), c.Name, int64(i + 1), c.Type, c.Null, c.Computed != "", c.Hidden})
		}
	}
	return out
}
