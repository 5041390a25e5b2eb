package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/run"
)

const waveColumns = `id, name, findings, created`

func scanWave(r *sql.Rows) (w wave.Wave, err error) {
	var created int64
	var findings string
	if err = r.Scan(&w.ID, &w.Name, &findings, &created); err != nil {
		return w, err
	}
	w.Created = moment(created)
	return w, parse(findings, &w.Findings)
}

// CreateWave implements wave.Store.
func (d *Migrations) CreateWave(ctx context.Context, w wave.Wave, e audit.Entry) error {
	return d.tx(ctx, "create wave "+w.Name, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO waves (`+waveColumns+`) VALUES (?,?,?,?)`, w.ID, w.Name, list(w.Findings), micros(w.Created)); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// Wave implements wave.Store.
func (d *Migrations) Wave(ctx context.Context, id string) (wave.Wave, error) {
	return one(ctx, d.read, "wave", `SELECT `+waveColumns+` FROM waves WHERE id = ?`, scanWave, id)
}

// Waves implements wave.Store.
func (d *Migrations) Waves(ctx context.Context, before string, limit int) ([]wave.Wave, error) {
	return rows(ctx, d.read, "wave", `SELECT `+waveColumns+` FROM waves WHERE ?1 = '' OR id < ?1 ORDER BY id DESC LIMIT ?2`, scanWave, before, page(limit))
}

// Arrange implements wave.Store. Whoever is first now is woken: it may
// have been waiting for its turn.
func (d *Migrations) Arrange(ctx context.Context, waveID string, arrange func([]migration.Summary) (map[string]int, audit.Entry, error)) error {
	return d.tx(ctx, "arrange wave", func(tx *sql.Tx) error {
		members, err := summaries(ctx, tx, migration.Filter{Wave: waveID, Limit: wave.Most})
		if err != nil {
			return err
		}
		ranks, e, err := arrange(members)
		if err != nil {
			return err
		}
		for _, m := range members {
			if rank, ok := ranks[m.ID]; ok {
				if _, err := tx.ExecContext(ctx, `UPDATE runs SET rank = ? WHERE id = ?`, rank, m.RunID); err != nil {
					return err
				}
			}
		}
		if err := wakeFirst(ctx, tx, waveID, e.At); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// waits is true of a migration o with run w that has not begun and could.
const waits = `o.finished = 0 AND o.problem = '' AND o.abort_asked = 0 AND o.terminate_asked = 0 AND w.state IN ('queued', 'running', 'waiting')
	AND NOT EXISTS (SELECT 1 FROM source_backups t WHERE t.migration_id = o.id)`

// place is the rank of a migration in its wave and, while it has not begun,
// how many come before it and have not begun either.
func place(ctx context.Context, q queryer, m migration.Migration) (rank, ahead int, err error) {
	if err = q.QueryRowContext(ctx, `SELECT rank FROM runs WHERE id = ?`, m.RunID).Scan(&rank); err != nil || len(m.LiveSource.SourceBackups) > 0 {
		return rank, 0, err
	}
	err = q.QueryRowContext(ctx, `SELECT count(*) FROM migrations o JOIN runs w ON w.id = o.run_id
		WHERE o.wave_id = ?1 AND (w.rank, o.id) < (?2, ?3) AND `+waits, m.WaveID, rank, m.ID).Scan(&ahead)
	return rank, ahead, err
}

// wakeNext lets the next of a wave begin once this one has.
func wakeNext(ctx context.Context, tx *sql.Tx, id string, at time.Time) error {
	var wave sql.NullString
	if err := tx.QueryRowContext(ctx, `SELECT wave_id FROM migrations WHERE id = ?`, id).Scan(&wave); err != nil || !wave.Valid {
		return err
	}
	return wakeFirst(ctx, tx, wave.String, at)
}

func wakeFirst(ctx context.Context, tx *sql.Tx, waveID string, at time.Time) error {
	first, err := rows(ctx, tx, "run", `SELECT `+runColumns+` FROM runs WHERE id = (SELECT w.id FROM migrations o JOIN runs w ON w.id = o.run_id
		WHERE o.wave_id = ? AND `+waits+` ORDER BY w.rank, o.id LIMIT 1)`, scanRun, waveID)
	if err != nil || len(first) == 0 || first[0].Request != run.NoRequest {
		return err
	}
	return moveRun(ctx, tx, first[0], run.Queued, at)
}
