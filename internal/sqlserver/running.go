package sqlserver

import (
	"context"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/tsql"
)

const (
	requests = `SELECT r.session_id, r.command, r.percent_complete, r.total_elapsed_time, r.database_id, DB_ID(@p1) AS wanted_id, GETUTCDATE() AS utc_now, t.text AS statement
 FROM sys.dm_exec_requests AS r OUTER APPLY sys.dm_exec_sql_text(r.sql_handle) AS t
 WHERE r.command LIKE N'BACKUP%' OR r.command LIKE N'RESTORE%' OR r.command LIKE N'DBCC%'`

	// A statement on a database holds a lock on it, also when it was sent from
	// master, as BACKUP and RESTORE mostly are.
	databaseLocks = `SELECT DISTINCT request_session_id AS session_id FROM sys.dm_tran_locks WHERE resource_type = N'DATABASE' AND resource_database_id = DB_ID(@p1)`
)

// Running implements backup.Server. A statement belongs to the database when
// its session is in it, holds a lock on it, or names it in the text.
func (s *Server) Running(ctx context.Context, database string) ([]backup.RunningStatement, error) {
	quotedName, err := tsql.Name(database)
	if err != nil {
		return nil, err
	}
	rows, err := s.ask(ctx, requests, database)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	locks, err := s.askIf(ctx, databaseLocks, database)
	if err != nil {
		return nil, err
	}
	locked := map[int64]bool{}
	for _, l := range locks {
		locked[l.integer("session_id")] = true
	}
	text := []string{strings.ToLower(quotedName), strings.ToLower(strings.TrimPrefix(tsql.ShownText(database), "N"))}
	var out []backup.RunningStatement
	for _, r := range rows {
		said := strings.ToLower(r.text("statement"))
		id := r.integer("session_id")
		in := r.has("wanted_id") && r.integer("database_id") == r.integer("wanted_id")
		if !in && !locked[id] && !strings.Contains(said, text[0]) && !strings.Contains(said, text[1]) {
			continue
		}
		elapsed := time.Duration(r.integer("total_elapsed_time")) * time.Millisecond
		out = append(out, backup.RunningStatement{Session: int(id), Command: r.text("command"), Percent: r.float("percent_complete"),
			Started: r.date("utc_now").Add(-elapsed).UTC()})
	}
	return out, nil
}
