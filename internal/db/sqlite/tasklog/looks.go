package tasklog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

var _ backup.LookLog = (*Log)(nil)

// KeepLook implements backup.LookLog.
func (l *Log) KeepLook(ctx context.Context, instanceID, what string, at time.Time, seen any) error {
	content, err := json.Marshal(seen)
	if err != nil {
		return fmt.Errorf("write what was seen: %w", err)
	}
	return l.Write(ctx, "keep what a service was seen to hold", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO service_looks (instance_id, what, at, content) VALUES (?1,?2,?3,?4) ON CONFLICT (instance_id, what) DO UPDATE SET at=?3, content=?4`, instanceID, what, at.UnixMicro(), string(content))
		return err
	})
}

// LastLook implements backup.LookLog. What another version wrote and is not
// understood counts as never seen.
func (l *Log) LastLook(ctx context.Context, instanceID, what string, seen any) (time.Time, error) {
	var at int64
	var content string
	err := l.Read.QueryRowContext(ctx, `SELECT at, content FROM service_looks WHERE instance_id = ? AND what = ?`, instanceID, what).Scan(&at, &content)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read what was seen: %w", err)
	}
	if json.Unmarshal([]byte(content), seen) != nil {
		return time.Time{}, nil
	}
	return time.UnixMicro(at).UTC(), nil
}
