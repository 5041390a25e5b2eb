package db

import (
	"context"
	"database/sql"

	"github.com/bakplane/bakplane/internal/policy"
)

// Work implements backuprun.Store.
func (d *BackupRuns) Work(ctx context.Context, id string) (policy.Work, error) {
	return one(ctx, d.read, "work", `SELECT work FROM works WHERE id = ?`, func(r *sql.Rows) (w policy.Work, err error) {
		var content string
		if err := r.Scan(&content); err != nil {
			return w, err
		}
		return w, parse(content, &w)
	}, id)
}
