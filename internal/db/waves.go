package db

import (
	"context"
	"database/sql"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/migration"
)

func scanWave(r *sql.Rows) (w migration.Wave, err error) {
	var created int64
	err = r.Scan(&w.ID, &w.Name, &created)
	w.Created = moment(created)
	return w, err
}

// CreateWave implements migration.Store.
func (d *Migrations) CreateWave(ctx context.Context, w migration.Wave, e audit.Entry) error {
	return d.tx(ctx, "create wave "+w.Name, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO waves (id, name, created) VALUES (?,?,?)`, w.ID, w.Name, micros(w.Created)); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// Wave implements migration.Store.
func (d *Migrations) Wave(ctx context.Context, id string) (migration.Wave, error) {
	return one(ctx, d.read, "wave", `SELECT id, name, created FROM waves WHERE id = ?`, scanWave, id)
}

// Waves implements migration.Store.
func (d *Migrations) Waves(ctx context.Context, limit int) ([]migration.Wave, error) {
	return rows(ctx, d.read, "wave", `SELECT id, name, created FROM waves ORDER BY id DESC LIMIT ?`, scanWave, page(limit))
}
