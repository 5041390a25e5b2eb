package sqlserver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Views that tell of writes. The documentation says of them: user_updates
// counts each INSERT, UPDATE and DELETE once, whatever rows it meets, from the
// start of the server on and not for memory-optimised tables; a transaction
// has written in state 4 (has log records), 5 (prepared) and 12 (committing).
const (
	processStart = `SELECT sqlserver_start_time, GETUTCDATE() AS utc_now, DATEDIFF(second, GETUTCDATE(), GETDATE()) AS utc_offset FROM sys.dm_os_sys_info`

	// Several indexes of a table count the same statement.
	changesByTable = `SELECT object_id, MAX(user_updates) AS updates, MAX(last_user_update) AS updated FROM sys.dm_db_index_usage_stats WHERE database_id = DB_ID(@p1) AND user_updates > 0 GROUP BY object_id`

	openWriters = `SELECT transaction_id, database_transaction_begin_time, database_transaction_log_record_count FROM sys.dm_tran_database_transactions
 WHERE database_id = DB_ID(@p1) AND database_transaction_type = 1 AND database_transaction_state IN (4, 5, 12)`

	transactionOwners = `SELECT transaction_id, session_id FROM sys.dm_tran_session_transactions`
	sessionNames      = `SELECT session_id, login_name, host_name, program_name FROM sys.dm_exec_sessions`
)

// WriteActivity implements backup.Server. The counters are read before the open
// transactions: what began later shows in the next count, what ended in
// between had been counted.
func (s *Server) WriteActivity(ctx context.Context, database string) (backup.WriteActivity, error) {
	q := backup.WriteActivity{Updates: map[string]int64{}}
	in, err := tsql.Name(database)
	if err != nil {
		return q, err
	}
	clock, err := s.askOne(ctx, processStart)
	if err != nil {
		return q, err
	}
	offset := time.Duration(clock.integer("utc_offset")) * time.Second
	q.At, q.Started = clock.date("utc_now").UTC(), clock.date("sqlserver_start_time").Add(-offset).UTC()
	if err := s.countChanges(ctx, &q, database, in, offset); err != nil {
		return q, err
	}
	if q.Writers, err = s.writers(ctx, database); err != nil {
		return q, err
	}
	d, err := s.Database(ctx, database)
	if err != nil {
		return q, err
	}
	q.LastLog, q.Logged = d.LastLogBackupLSN, d.LogBytesSinceBackup
	rows, err := s.askIf(ctx, `SELECT log_end_lsn FROM sys.dm_db_log_stats(@p1)`, d.ID)
	if err == nil && len(rows) > 0 {
		q.EndLSN = hexLSN(rows[0].text("log_end_lsn"))
	}
	return q, err
}

// hexLSN reads an LSN as management views write it, such as
// 0000002b:000001a8:0001; zero when it is none.
func hexLSN(text string) (l backup.LSN) {
	if _, err := fmt.Sscanf(text, "%x:%x:%x", &l.VLF, &l.Block, &l.Slot); err != nil {
		return backup.LSN{}
	}
	return l
}

// countChanges reads the counters and what tables and objects there are.
func (s *Server) countChanges(ctx context.Context, q *backup.WriteActivity, database, in string, offset time.Duration) error {
	names := map[int64]string{}
	tables, err := s.ask(ctx, "SELECT * FROM "+in+".sys.tables")
	if err != nil {
		return err
	}
	for _, t := range tables {
		names[t.integer("object_id")] = t.text("name")
		if t.bit("is_memory_optimized") {
			q.Uncounted = append(q.Uncounted, t.text("name"))
		}
	}
	counts, err := s.ask(ctx, changesByTable, database)
	if err != nil {
		return err
	}
	for _, c := range counts {
		name := names[c.integer("object_id")]
		if name == "" {
			name = "object " + c.text("object_id")
		}
		q.Updates[name] += c.integer("updates")
		if at := c.date("updated"); !at.IsZero() && at.Add(-offset).After(q.Updated) {
			q.Updated = at.Add(-offset).UTC()
		}
	}
	rows, err := s.askOne(ctx, "SELECT SUM(row_count) AS row_count FROM "+in+".sys.dm_db_partition_stats WHERE index_id < 2")
	if err != nil {
		return err
	}
	objects, err := s.askOne(ctx, "SELECT COUNT(*) AS objects, MAX(modify_date) AS modified FROM "+in+".sys.objects WHERE is_ms_shipped = 0")
	q.Rows, q.Objects, q.Altered = rows.integer("row_count"), int(objects.integer("objects")), objects.date("modified").UTC()
	return err
}

// writers lists who has written in a transaction that is open.
func (s *Server) writers(ctx context.Context, database string) ([]backup.Writer, error) {
	open, err := s.ask(ctx, openWriters, database)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	owners, err := s.ask(ctx, transactionOwners)
	if err != nil {
		return nil, err
	}
	sessions, err := s.ask(ctx, sessionNames)
	if err != nil {
		return nil, err
	}
	var out []backup.Writer
	for _, t := range open {
		w := backup.Writer{Began: t.date("database_transaction_begin_time"), Records: t.integer("database_transaction_log_record_count")}
		for _, o := range owners {
			if o.integer("transaction_id") == t.integer("transaction_id") {
				w.Session = int(o.integer("session_id"))
			}
		}
		for _, n := range sessions {
			if w.Session != 0 && int(n.integer("session_id")) == w.Session {
				w.Login, w.Host, w.Program = n.text("login_name"), strings.TrimSpace(n.text("host_name")), strings.TrimSpace(n.text("program_name"))
			}
		}
		out = append(out, w)
	}
	return out, nil
}
