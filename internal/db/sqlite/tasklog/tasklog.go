// Package tasklog keeps what services told: of their tasks, for longer than they
// keep it themselves, and of what they held when they were last looked at.
package tasklog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
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
	known, err := l.known(ctx, instanceID, tasks)
	if err != nil {
		return err
	}
	type row struct {
		id, content   string
		turn, created int64
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
		k, kept := known[t.ID]
		switch {
		case kept && k.content == string(content):
			continue
		case kept && !k.task.Same(t): // the instance counts from the beginning again
			k.turn++
		}
		fresh = append(fresh, row{t.ID, string(content), k.turn, t.Created.UnixMicro()})
	}
	if len(fresh) == 0 {
		return nil
	}
	return l.Write(ctx, "keep tasks of a service", func(tx *sql.Tx) error {
		for _, r := range fresh {
			if _, err := tx.ExecContext(ctx, `INSERT INTO service_tasks (instance_id, task, turn, created, content) VALUES (?1,?2,?3,?4,?5) ON CONFLICT (instance_id, task, turn) DO UPDATE SET created=?4, content=?5`,
				instanceID, r.id, r.turn, r.created, r.content); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM service_tasks WHERE instance_id = ?1 AND created < (SELECT created FROM service_tasks WHERE instance_id = ?1 ORDER BY created DESC, task DESC LIMIT 1 OFFSET ?2)`, instanceID, Most-1)
		return err
	})
}

// kept is the newest task under a number.
type kept struct {
	task    backup.ServiceTask
	content string
	turn    int64
}

// known is what is kept under the numbers of tasks.
func (l *Log) known(ctx context.Context, instanceID string, tasks []backup.ServiceTask) (map[string]kept, error) {
	ids := make([]string, len(tasks))
	for i, t := range tasks {
		ids[i] = t.ID
	}
	asked, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("read tasks of a service: %w", err)
	}
	out := map[string]kept{}
	err = l.each(ctx, `SELECT turn, content FROM service_tasks WHERE instance_id = ? AND task IN (SELECT value FROM json_each(?)) ORDER BY turn`, func(turn int64, content string) error {
		k := kept{content: content, turn: turn}
		if err := json.Unmarshal([]byte(content), &k.task); err != nil {
			return fmt.Errorf("read a task: %w", err)
		}
		out[k.task.ID] = k
		return nil
	}, instanceID, string(asked))
	return out, err
}

// Tasks implements backup.TaskLog.
func (l *Log) Tasks(ctx context.Context, instanceID, before string, limit int) (out []backup.ServiceTask, next string, err error) {
	at, turn, task, last := int64(1<<62), int64(0), "", int64(0)
	if before != "" {
		place := strings.SplitN(before, ".", 3)
		if len(place) == 3 {
			task = place[2]
			var wrong error
			at, err = strconv.ParseInt(place[0], 10, 64)
			turn, wrong = strconv.ParseInt(place[1], 10, 64)
			err = errors.Join(err, wrong)
		}
		if len(place) < 3 || err != nil {
			return nil, "", fault.Newf(fault.Invalid, "%q is no place in the list of tasks.", before).WithFix("Begin with the newest ones.")
		}
	}
	err = l.each(ctx, `SELECT turn, content FROM service_tasks WHERE instance_id = ? AND (created, task, turn) < (?, ?, ?) ORDER BY created DESC, task DESC, turn DESC LIMIT ?`, func(turn int64, content string) error {
		var t backup.ServiceTask
		if err := json.Unmarshal([]byte(content), &t); err != nil {
			return fmt.Errorf("read a task: %w", err)
		}
		if out = append(out, t); len(out) == limit {
			last = turn
		}
		return nil
	}, instanceID, at, task, turn, limit+1)
	if err != nil || len(out) <= limit {
		return out, "", err
	}
	out = out[:limit]
	end := out[limit-1]
	return out, fmt.Sprintf("%d.%d.%s", end.Created.UnixMicro(), last, end.ID), nil
}

func (l *Log) each(ctx context.Context, query string, row func(turn int64, content string) error, args ...any) error {
	rows, err := l.Read.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read tasks of a service: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var turn int64
		var content string
		if err := rows.Scan(&turn, &content); err != nil {
			return fmt.Errorf("read tasks of a service: %w", err)
		}
		if err := row(turn, content); err != nil {
			return err
		}
	}
	return rows.Err()
}
