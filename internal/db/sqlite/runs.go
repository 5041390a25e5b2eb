package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
)

var _ run.Store = (*DB)(nil)

const runColumns = `id, kind, subject, place, title, state, owner, fence, lease_until, wake_at, tries, rank, request, message, fix, created, started, finished`

func scanRun(r *sql.Rows) (v run.Run, err error) {
	var lease, wake, created, started, finished int64
	err = r.Scan(&v.ID, &v.Kind, &v.Subject, &v.Place, told(&v.Title), &v.State, &v.Owner, &v.Fence, &lease, &wake, &v.Tries, &v.Rank, &v.Request, told(&v.Message), told(&v.Fix), &created, &started, &finished)
	v.LeaseUntil, v.WakeAt, v.Created, v.Started, v.Finished = moment(lease), moment(wake), moment(created), moment(started), moment(finished)
	return v, err
}

// insertRun writes a new run, queued.
func insertRun(ctx context.Context, tx *sql.Tx, r run.Run) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO runs (id, kind, subject, place, title, state, rank, created) VALUES (?,?,?,?,?,?,?,?)`,
		r.ID, r.Kind, r.Subject, r.Place, r.Title.Encode(), run.Queued, r.Rank, micros(r.Created))
	return err
}

// Run implements run.Store.
func (d *DB) Run(ctx context.Context, id string) (run.Run, error) {
	return one(ctx, d.read, "run", `SELECT `+runColumns+` FROM runs WHERE id = ?`, scanRun, id)
}

// Runs implements run.Store.
func (d *DB) Runs(ctx context.Context, f run.Filter) ([]run.Run, error) {
	var where []string
	var args []any
	if len(f.States) > 0 {
		where = append(where, `state IN (?`+strings.Repeat(`,?`, len(f.States)-1)+`)`)
		for _, s := range f.States {
			args = append(args, s)
		}
	}
	if f.Kind != "" {
		where, args = append(where, `kind = ?`), append(args, f.Kind)
	}
	if f.Before != "" {
		where, args = append(where, `id < ?`), append(args, f.Before)
	}
	if f.Current {
		where = append(where, `NOT EXISTS (SELECT 1 FROM runs l WHERE l.subject = runs.subject AND l.id > runs.id AND l.kind = runs.kind AND l.title = runs.title AND l.state = 'succeeded')`)
	}
	q := `SELECT ` + runColumns + ` FROM runs`
	if len(where) > 0 {
		q += ` WHERE ` + strings.Join(where, ` AND `)
	}
	return rows(ctx, d.read, "run", q+` ORDER BY id DESC LIMIT ?`, scanRun, append(args, page(f.Limit))...)
}

// page bounds the size of a page whatever was asked for.
func page(limit int) int {
	if limit <= 0 || limit > 500 {
		return 50
	}
	return limit
}

// Steps implements run.Store.
func (d *DB) Steps(ctx context.Context, id string) ([]run.Step, error) {
	return rows(ctx, d.read, "step", `SELECT key, title, state, attempt, started, finished, done, total, unit, rate, message FROM run_steps WHERE run_id = ? ORDER BY seq`,
		func(r *sql.Rows) (s run.Step, err error) {
			var started, finished int64
			err = r.Scan(&s.Key, told(&s.Title), &s.State, &s.Attempt, &started, &finished, &s.Done, &s.Total, &s.Unit, &s.Rate, told(&s.Message))
			s.Started, s.Finished = moment(started), moment(finished)
			return s, err
		}, id)
}

func scanEvent(r *sql.Rows) (e run.Event, err error) {
	var at int64
	err = r.Scan(&e.ID, &e.RunID, &at, &e.Step, &e.Level, told(&e.Text))
	e.At = moment(at)
	return e, err
}

// Events implements run.Store.
func (d *DB) Events(ctx context.Context, id string, before int64, limit int) ([]run.Event, error) {
	const columns = `SELECT id, run_id, at, step, level, text FROM run_events `
	if id == "" {
		return rows(ctx, d.read, "event", columns+`WHERE (?1 = 0 OR id < ?1) ORDER BY id DESC LIMIT ?2`, scanEvent, before, page(limit))
	}
	return rows(ctx, d.read, "event", columns+`WHERE run_id = ?1 AND (?2 = 0 OR id < ?2) ORDER BY id DESC LIMIT ?3`, scanEvent, id, before, page(limit))
}

// LastEvent implements run.Store.
func (d *DB) LastEvent(ctx context.Context) (id int64, err error) {
	err = d.read.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM run_events`).Scan(&id)
	return id, stored("read newest event", err)
}

// Move implements run.Store.
func (d *DB) Move(ctx context.Context, id string, to run.State, e audit.Entry) error {
	return d.tx(ctx, "move run", func(tx *sql.Tx) error {
		r, err := one(ctx, tx, "run", `SELECT `+runColumns+` FROM runs WHERE id = ?`, scanRun, id)
		if err != nil {
			return err
		}
		if err := moveRun(ctx, tx, r, to, e.At); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// moveRun does what a person asked. A run at work only gets the request: its
// worker stops at the next safe place.
func moveRun(ctx context.Context, tx *sql.Tx, r run.Run, to run.State, at time.Time) error {
	if r.State == run.Running {
		request := map[run.State]run.Request{run.Paused: run.RequestPause, run.Canceled: run.RequestCancel, run.Queued: run.RequestLook}[to]
		_, err := tx.ExecContext(ctx, `UPDATE runs SET request = ? WHERE id = ?`, request, r.ID)
		return err
	}
	if r.State == to {
		return nil
	}
	if !run.CanMove(r.State, to) {
		return fault.Newf(fault.Conflict, "A run that is %s cannot become %s.", r.State, to)
	}
	var finished int64
	if to.Ended() {
		finished = micros(at)
	}
	_, err := tx.ExecContext(ctx, `UPDATE runs SET state=?, request='', wake_at=0, tries=0, message='', fix='', finished=? WHERE id=?`, to, finished, r.ID)
	return err
}
