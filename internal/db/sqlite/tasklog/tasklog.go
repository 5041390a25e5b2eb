// Package tasklog keeps what services told of their tasks, for longer than they
// keep it themselves.
package tasklog

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

const (
	// Most is how many tasks of one instance are kept, the newest.
	Most = 20_000
	// mostText bounds what one task says, in bytes; the end of it counts.
	mostText = 8 << 10
)

// Log works on one database.
type Log struct {
	Read  *sql.DB
	Write func(ctx context.Context, what string, f func(*sql.Tx) error) error // one transaction
}

var _ backup.TaskLog = (*Log)(nil)

// KeepTasks implements backup.TaskLog.
func (l *Log) KeepTasks(ctx context.Context, instanceID string, tasks []backup.ServiceTask) error {
	tasks = tasks[:min(len(tasks), Most)]
	known, err := l.known(ctx, instanceID, len(tasks)+1000)
	if err != nil {
		return err
	}
	type row struct {
		id, content string
		created     int64
	}
	var fresh []row
	for _, t := range tasks {
		t.CanCancel = false // who shows it knows whether the service still has it
		if n := len(t.Text) - mostText; n > 0 {
			t.Text = "… " + strings.ToValidUTF8(t.Text[n:], "")
		}
		content, err := json.Marshal(t)
		if err != nil {
			return fmt.Errorf("write task %s: %w", t.ID, err)
		}
		if known[t.ID] != string(content) {
			fresh = append(fresh, row{t.ID, string(content), t.Created.UnixMicro()})
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return l.Write(ctx, "keep tasks of a service", func(tx *sql.Tx) error {
		for _, r := range fresh {
			if _, err := tx.ExecContext(ctx, `INSERT INTO service_tasks (instance_id, task, created, content) VALUES (?1,?2,?3,?4) ON CONFLICT (instance_id, task) DO UPDATE SET created=?3, content=?4`,
				instanceID, r.id, r.created, r.content); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM service_tasks WHERE instance_id = ?1 AND created < (SELECT created FROM service_tasks WHERE instance_id = ?1 ORDER BY created DESC, task DESC LIMIT 1 OFFSET ?2)`, instanceID, Most-1)
		return err
	})
}

// known is what is kept of the newest tasks, by id.
func (l *Log) known(ctx context.Context, instanceID string, limit int) (map[string]string, error) {
	out := map[string]string{}
	err := l.each(ctx, `SELECT task, content FROM service_tasks WHERE instance_id = ? ORDER BY created DESC, task DESC LIMIT ?`, func(id, content string) error {
		out[id] = content
		return nil
	}, instanceID, limit)
	return out, err
}

// Tasks implements backup.TaskLog.
func (l *Log) Tasks(ctx context.Context, instanceID, before string, limit int) (out []backup.ServiceTask, next string, err error) {
	at, task := int64(1<<62), ""
	if before != "" {
		number, id, ok := strings.Cut(before, ".")
		if at, err = strconv.ParseInt(number, 10, 64); err != nil || !ok {
			return nil, "", fault.Newf(fault.Invalid, "%q is no place in the list of tasks.", before).WithFix("Begin with the newest ones.")
		}
		task = id
	}
	err = l.each(ctx, `SELECT task, content FROM service_tasks WHERE instance_id = ? AND (created, task) < (?, ?) ORDER BY created DESC, task DESC LIMIT ?`, func(_, content string) error {
		var t backup.ServiceTask
		if err := json.Unmarshal([]byte(content), &t); err != nil {
			return fmt.Errorf("read a task: %w", err)
		}
		out = append(out, t)
		return nil
	}, instanceID, at, task, limit+1)
	if err != nil || len(out) <= limit {
		return out, "", err
	}
	out = out[:limit]
	last := out[limit-1]
	return out, strconv.FormatInt(last.Created.UnixMicro(), 10) + "." + last.ID, nil
}

func (l *Log) each(ctx context.Context, query string, row func(id, content string) error, args ...any) error {
	rows, err := l.Read.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read tasks of a service: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, content string
		if err := rows.Scan(&id, &content); err != nil {
			return fmt.Errorf("read tasks of a service: %w", err)
		}
		if err := row(id, content); err != nil {
			return err
		}
	}
	return rows.Err()
}
