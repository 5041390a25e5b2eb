package sqlite

import (
	"context"
	"database/sql"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/remedy"
	"github.com/bakplane/bakplane/internal/run"
)

var _ remedy.Store = (*Migrations)(nil)

const jobRows = `SELECT w.id, w.server_id, w.database, w.remedy, w.ordered, w.finished, w.found, w.why, w.fix, r.state FROM remedy_runs w JOIN runs r ON r.id = w.id `

func scanRemedy(r *sql.Rows) (w remedy.Run, err error) {
	var ordered, finished int64
	var found string
	err = r.Scan(&w.ID, &w.ServerID, &w.Database, &w.Remedy, &ordered, &finished, &found, told(&w.Why), told(&w.Fix), &w.State)
	if err != nil {
		return w, err
	}
	w.Ordered, w.Finished = moment(ordered), moment(finished)
	return w, parse(found, &w.Found)
}

// RemedyRun implements remedy.Store.
func (d *Migrations) RemedyRun(ctx context.Context, id string) (remedy.Run, error) {
	return one(ctx, d.read, "remedy", jobRows+`WHERE w.id = ?`, scanRemedy, id)
}

// LastRemedyRun implements remedy.Store.
func (d *Migrations) LastRemedyRun(ctx context.Context, serverID, database string, r migration.Remedy) (*remedy.Run, error) {
	return lastRemedyRun(ctx, d.read, serverID, database, r)
}

func lastRemedyRun(ctx context.Context, q queryer, serverID, database string, r migration.Remedy) (*remedy.Run, error) {
	all, err := rows(ctx, q, "remedy", jobRows+`WHERE w.server_id = ? AND w.database = ? AND w.remedy = ? ORDER BY w.id DESC LIMIT 1`, scanRemedy, serverID, database, r)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// BeginRemedyRun implements remedy.Store.
func (d *Migrations) BeginRemedyRun(ctx context.Context, w remedy.Run, r run.Run, e audit.Entry) error {
	return d.tx(ctx, "begin remedy", func(tx *sql.Tx) error {
		last, err := lastRemedyRun(ctx, tx, w.ServerID, w.Database, w.Remedy)
		if err != nil {
			return err
		}
		if last != nil && last.Going() {
			return fault.New(fault.Conflict, "This is under way already.", "Wait until it has ended, or cancel its run.")
		}
		if err := insertRun(ctx, tx, r); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO remedy_runs (id, server_id, database, remedy, ordered) VALUES (?,?,?,?,?)`, w.ID, w.ServerID, w.Database, w.Remedy, micros(w.Ordered))
		if err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// NoteRemedyRun implements remedy.Store.
func (d *Migrations) NoteRemedyRun(ctx context.Context, g run.Claim, w remedy.Run, n run.Note, e audit.Entry) error {
	return d.tx(ctx, "note remedy", func(tx *sql.Tx) error {
		if err := held(ctx, tx, g); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE remedy_runs SET finished = ?, found = ?, why = ?, fix = ? WHERE id = ?`, micros(w.Finished), list(w.Found), w.Why.Encode(), w.Fix.Encode(), w.ID)
		if err != nil {
			return err
		}
		if err := note(ctx, tx, g.RunID, n.Steps, n.Events); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}
