package sqlite

import (
	"context"
	"database/sql"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
	"github.com/bakplane/bakplane/internal/run"
)

var _ compare.Store = (*Migrations)(nil)

const comparisonRows = `SELECT c.id, c.migration_id, c.ordered, c.finished, c.result, r.state FROM migration_comparisons c JOIN runs r ON r.id = c.id `

func scanComparison(r *sql.Rows) (c compare.Comparison, err error) {
	var id, of, result string
	var ordered, finished int64
	var state run.State
	if err = r.Scan(&id, &of, &ordered, &finished, &result, &state); err != nil {
		return c, err
	}
	err = parse(result, &c)
	c.ID, c.MigrationID, c.Ordered, c.Finished, c.State = id, of, moment(ordered), moment(finished), state
	return c, err
}

// Comparison implements compare.Store.
func (d *Migrations) Comparison(ctx context.Context, id string) (compare.Comparison, error) {
	return one(ctx, d.read, "comparison", comparisonRows+`WHERE c.id = ?`, scanComparison, id)
}

// LastComparison implements compare.Store.
func (d *Migrations) LastComparison(ctx context.Context, migrationID string) (*compare.Comparison, error) {
	return lastComparison(ctx, d.read, migrationID)
}

func lastComparison(ctx context.Context, q queryer, migrationID string) (*compare.Comparison, error) {
	all, err := rows(ctx, q, "comparison", comparisonRows+`WHERE c.migration_id = ? ORDER BY c.id DESC LIMIT 1`, scanComparison, migrationID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// BeginComparison implements compare.Store.
func (d *Migrations) BeginComparison(ctx context.Context, migrationID string, decide func(migration.Migration, *compare.Comparison) (run.Run, audit.Entry, error)) error {
	return d.tx(ctx, "begin comparison", func(tx *sql.Tx) error {
		m, err := d.readMigration(ctx, tx, migrationID)
		if err != nil {
			return err
		}
		last, err := lastComparison(ctx, tx, migrationID)
		if err != nil {
			return err
		}
		r, e, err := decide(m, last)
		if err != nil {
			return err
		}
		if err := insertComparison(ctx, tx, r); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

func insertComparison(ctx context.Context, tx *sql.Tx, r run.Run) error {
	if err := insertRun(ctx, tx, r); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO migration_comparisons (id, migration_id, ordered) VALUES (?,?,?)`, r.ID, r.Subject, micros(r.Created))
	return err
}

// NoteComparison implements compare.Store.
func (d *Migrations) NoteComparison(ctx context.Context, g run.Claim, c compare.Comparison, n run.Note, e ...audit.Entry) error {
	return d.tx(ctx, "note comparison", func(tx *sql.Tx) error {
		if err := held(ctx, tx, g); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE migration_comparisons SET finished = ?, result = ? WHERE id = ?`, micros(c.Finished), text(c), c.ID)
		if err != nil {
			return err
		}
		if err := note(ctx, tx, g.RunID, n.Steps, n.Events); err != nil {
			return err
		}
		return d.record(ctx, tx, e...)
	})
}
