package sqlserveremu

import (
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/disk"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/query"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// view is a catalog or management view: its columns as in CREATE TABLE, and
// its rows, asked with the lock held. A view of the server is the same in all
// databases; msdb's tables are only there.
type view struct {
	columns string
	rows    func(n *session, db *database) [][]any
	needs   string // server permission
	msdb    bool
}

// Table gives the rows of a view or of a user's table.
func (n *session) Table(name tsql.Name) (*query.Relation, error) {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(name) > 3 {
		return nil, refusal(7202, 11, "Could not find server '%s' in sys.servers.", name[0])
	}
	database := n.database
	if len(name) == 3 && name[0] != "" {
		database = name[0]
	}
	db := s.find(database)
	if db == nil {
		return nil, errNoDatabase(database)
	}
	schema := name.Part(1)
	if schema == "" {
		schema = "dbo"
	}
	key := strings.ToLower(schema + "." + name.Last())
	v, isView := views[key]
	if isView && n.server.fold.CaseSensitive && schema+"."+name.Last() != key && !strings.HasPrefix(schema+"."+name.Last(), "INFORMATION_SCHEMA.") {
		isView = false
	}
	if isView && v.msdb && !strings.EqualFold(db.name, "msdb") {
		isView = false
	}
	if db.name != n.database || !isView {
		if err := s.opens(db); err != nil {
			return nil, err
		}
		if s.taken(db, n) {
			return nil, errTaken(db.name)
		}
		if !n.rights().enters(db) {
			return nil, errNoAccess(n.login, db.name)
		}
	}
	if isView {
		if v.needs != "" && !n.rights().server(v.needs) {
			return nil, refusals{refusal(300, 14, "%s permission was denied on object 'server', database 'master'.", v.needs),
				refusal(297, 16, "The user does not have permission to perform this action.")}
		}
		if v.msdb && !n.rights().role(db, "db_datareader") {
			return nil, errSelect(name.Last(), db.name, schema)
		}
		return &query.Relation{Columns: query.ColumnsOf(v.columns), Rows: v.rows(n, db)}, nil
	}
	if columns, by, rows := s.history.Table(name.Last(), n.Collation()); rows != nil && n.Collation().Equal(schema, "dbo") && strings.EqualFold(db.name, "msdb") {
		if !n.rights().role(db, "db_datareader") {
			return nil, errSelect(name.Last(), db.name, schema)
		}
		return &query.Relation{Columns: query.ColumnsOf(columns), Stream: rows, By: by}, nil
	}
	t := db.tables[key]
	if t == nil || !n.Collation().Equal(t.FullName(), schema+"."+name.Last()) {
		return nil, errNoObject(strings.Join(name, "."))
	}
	if !n.rights().role(db, "db_datareader") {
		return nil, errSelect(t.Name, db.name, t.Schema)
	}
	return relationOf(t, n.server.now(), db.name)
}

func errSelect(object, database, schema string) error {
	return refusal(229, 14, "The SELECT permission was denied on the object '%s', database '%s', schema '%s'.", object, database, schema)
}

// relationOf is the table's rows with typed values.
func relationOf(t *contents.Table, now time.Time, database string) (*query.Relation, error) {
	r := &query.Relation{}
	for _, c := range t.Columns {
		typ, err := value.ParseType(c.Type)
		if err != nil {
			return nil, err
		}
		r.Columns = append(r.Columns, query.Column{Name: c.Name, Type: typ, Hidden: c.Hidden})
	}
	for _, id := range t.IDs() {
		row := make([]any, len(r.Columns))
		for i, cell := range t.Rows[id] {
			v, err := value.FromCell(cell, r.Columns[i].Type)
			if err != nil {
				return nil, err
			}
			row[i] = v
		}
		t.Compute(row, now, database)
		r.Rows = append(r.Rows, row)
	}
	return r, nil
}

// TableFunction gives the rows of a function in FROM.
func (n *session) TableFunction(name tsql.Name, args []any) (*query.Relation, error) {
	s := n.server
	if r, known, err := n.servicedRows(name, args); known {
		return r, err
	}
	arg := func(i int) any {
		if i < len(args) {
			return args[i]
		}
		return nil
	}
	switch strings.ToLower(name.Last()) {
	case "dm_os_enumerate_filesystem":
		rows, err := disk.Reach(s.reach).Enumerate(value.Text(arg(0)), value.Text(arg(1)), s.config.UTCOffset)
		if err != nil {
			return nil, refusal(12310, 16, "Cannot enumerate '%s'. Operating system error %s.", value.Text(arg(0)), err)
		}
		return &query.Relation{Columns: query.ColumnsOf(disk.EnumerateColumns), Rows: rows}, nil
	case "dm_os_file_exists":
		return &query.Relation{Columns: query.ColumnsOf(disk.ExistsColumns), Rows: [][]any{disk.Reach(s.reach).Exists(value.Text(arg(0)))}}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	byID := func(v any) *database {
		for _, db := range s.databases {
			if v != nil && int64(db.id) == value.Whole(v) {
				return db
			}
		}
		return nil
	}
	switch strings.ToLower(name.Last()) {
	case "dm_os_volume_stats":
		r := &query.Relation{Columns: query.ColumnsOf("database_id int, file_id int, volume_mount_point nvarchar(512), volume_id nvarchar(512), logical_volume_name nvarchar(512), file_system_type nvarchar(512), total_bytes bigint, available_bytes bigint")}
		if db := byID(arg(0)); db != nil {
			for _, f := range db.files {
				if int64(f.id) == value.Whole(arg(1)) {
					r.Rows = append(r.Rows, []any{int64(db.id), int64(f.id), "/", "volume-1", "", "ext4", 2 * s.config.DataFree, max(0, s.config.DataFree-s.used())})
				}
			}
		}
		return r, nil
	case "dm_exec_sql_text":
		r := &query.Relation{Columns: query.ColumnsOf("dbid smallint, objectid int, number smallint, encrypted bit, text nvarchar(max)")}
		if h, ok := arg(0).([]byte); ok {
			for _, o := range s.sessions {
				if o.activity != nil && string(sqlHandle(o.id)) == string(h) {
					r.Rows = append(r.Rows, []any{nil, nil, nil, false, o.activity.text})
				}
			}
		}
		return r, nil
	case "dm_db_log_stats":
		r := &query.Relation{Columns: query.ColumnsOf("database_id int, recovery_model nvarchar(60), log_min_lsn nvarchar(24), log_end_lsn nvarchar(24), total_log_size_mb float, active_log_size_mb float, log_truncation_holdup_reason nvarchar(60), log_backup_time datetime, log_backup_lsn nvarchar(24), log_since_last_log_backup_mb float, recovery_vlf_count bigint, log_checkpoint_lsn nvarchar(24)")}
		if db := byID(arg(0)); db != nil && db.state == online {
			mb := float64(int64(len(db.log))*db.rowBytes) / (1 << 20)
			var at any
			if !db.lastLogAt.IsZero() {
				at = db.lastLogAt
			}
			r.Rows = append(r.Rows, []any{int64(db.id), db.model(), value.HexLSN(db.lastLog), value.HexLSN(db.next), max(8, mb), mb, db.reuseWait(), at, value.HexLSN(db.lastLog), mb, int64(1), value.HexLSN(db.lastLog)})
		}
		return r, nil
	case "dm_io_virtual_file_stats":
		r := &query.Relation{Columns: query.ColumnsOf("database_id smallint, file_id smallint, sample_ms bigint, num_of_reads bigint, num_of_bytes_read bigint, num_of_writes bigint, num_of_bytes_written bigint, size_on_disk_bytes bigint")}
		for _, db := range s.sorted() {
			for _, f := range db.files {
				if arg(0) != nil && int64(db.id) != value.Whole(arg(0)) || arg(1) != nil && int64(f.id) != value.Whole(arg(1)) {
					continue
				}
				written := int64(db.next.VLF)<<26 + int64(db.next.Block)*512
				r.Rows = append(r.Rows, []any{int64(db.id), int64(f.id), int64(1), int64(1), int64(1), int64(1), written, f.size})
			}
		}
		return r, nil
	}
	return nil, errNoObject(strings.Join(name, "."))
}

// used is what all data files take; the lock is held.
func (s *Server) used() (total int64) {
	for _, db := range s.databases {
		for _, f := range db.files {
			total += f.size
		}
	}
	return total
}

func (db *database) model() string { return strings.ReplaceAll(string(db.recovery), "-", "_") }

func (db *database) reuseWait() string {
	switch {
	case db.dataBusy:
		return "ACTIVE_BACKUP_OR_RESTORE"
	case db.chained() && len(db.log) > 0:
		return "LOG_BACKUP"
	}
	return "NOTHING"
}

func sqlHandle(session int) []byte {
	return []byte{2, 0, 0, 0, byte(session), byte(session >> 8), byte(session >> 16), 0}
}
