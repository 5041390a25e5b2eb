package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
)

// Claim implements run.Store. Claiming is compare-and-set: the transaction is
// the only writer, and the fence it raises is repeated by every later write.
func (d *DB) Claim(ctx context.Context, owner string, now time.Time, lease time.Duration, idle int) (r run.Run, g run.Claim, err error) {
	// Looking first on a reader keeps the frequent "nothing due" off the writer.
	if due, err := d.due(ctx, d.read, now, idle); err != nil || due == "" {
		if err == nil {
			err = fault.New(fault.NotFound, "No run is due.", "")
		}
		return r, g, err
	}
	err = d.tx(ctx, "claim run", func(tx *sql.Tx) error {
		id, err := d.due(ctx, tx, now, idle)
		if err != nil {
			return err
		}
		if id == "" {
			return fault.New(fault.NotFound, "No run is due.", "")
		}
		_, err = tx.ExecContext(ctx, `UPDATE runs SET state='running', owner=?1, fence=fence+1, lease_until=?2, wake_at=0, request=CASE request WHEN 'look' THEN '' ELSE request END,
			started=CASE started WHEN 0 THEN ?3 ELSE started END WHERE id=?4`, owner, micros(now.Add(lease)), micros(now), id)
		if err != nil {
			return err
		}
		r, err = one(ctx, tx, "run", `SELECT `+runColumns+` FROM runs WHERE id = ?`, scanRun, id)
		return err
	})
	return r, run.Claim{RunID: r.ID, Owner: r.Owner, Fence: r.Fence}, err
}

// due finds the run that Claim gives.
func (d *DB) due(ctx context.Context, q queryer, now time.Time, idle int) (id string, err error) {
	err = q.QueryRowContext(ctx, `WITH busy AS MATERIALIZED (SELECT place AS at, count(*) AS n FROM runs WHERE state = 'running' AND lease_until > ?1 AND place <> '' GROUP BY place)
		SELECT id FROM (
		SELECT id, place, rank, 0 AS since FROM runs WHERE state = 'queued'
		UNION ALL SELECT id, place, rank, wake_at FROM runs WHERE state = 'waiting' AND wake_at <= ?1
		UNION ALL SELECT id, place, rank, lease_until FROM runs WHERE state = 'running' AND lease_until <= ?1
		) LEFT JOIN busy ON at = place WHERE ?2 = 0 OR coalesce(n, 0) < ?2
		ORDER BY coalesce(n, 0), since, rank, id LIMIT 1`, micros(now), idle).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, stored("look for due runs", err)
}

// NextDue implements run.Store.
func (d *DB) NextDue(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	err := d.read.QueryRowContext(ctx, `SELECT min(t) FROM (
		SELECT 1 AS t FROM runs WHERE state = 'queued'
		UNION ALL SELECT wake_at FROM runs WHERE state = 'waiting'
		UNION ALL SELECT lease_until FROM runs WHERE state = 'running')`).Scan(&at)
	return moment(at.Int64), stored("look for due runs", err)
}

// ReleaseOthers implements run.Store.
func (d *DB) ReleaseOthers(ctx context.Context, owner string) (n int, err error) {
	err = d.tx(ctx, "release runs of a former life", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE runs SET state='queued', owner='', lease_until=0 WHERE state='running' AND owner<>?`, owner)
		if err != nil {
			return err
		}
		rows, err := res.RowsAffected()
		n = int(rows)
		return err
	})
	return n, err
}

// heldBy finds a run while a claim on it is the newest.
const heldBy = `id=? AND owner=? AND fence=? AND state='running'`

func lost() error {
	return fault.New(fault.Conflict, "The run was claimed by another.", "").Because(run.ErrLost)
}

// held refuses a writer whose claim is not the newest.
func held(ctx context.Context, tx *sql.Tx, g run.Claim) error {
	var ok int
	err := tx.QueryRowContext(ctx, `SELECT 1 FROM runs WHERE `+heldBy, g.RunID, g.Owner, g.Fence).Scan(&ok)
	if errors.Is(err, sql.ErrNoRows) {
		return lost()
	}
	return err
}

// Renew implements run.Store.
func (d *DB) Renew(ctx context.Context, g run.Claim, until time.Time) error {
	return d.silently(ctx, "renew lease", func(tx *sql.Tx) error {
		if err := held(ctx, tx, g); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE runs SET lease_until=? WHERE id=?`, micros(until), g.RunID)
		return err
	})
}

// Request implements run.Store.
func (d *DB) Request(ctx context.Context, g run.Claim) (request run.Request, err error) {
	err = d.read.QueryRowContext(ctx, `SELECT request FROM runs WHERE `+heldBy, g.RunID, g.Owner, g.Fence).Scan(&request)
	if errors.Is(err, sql.ErrNoRows) {
		return request, lost()
	}
	return request, stored("read a run's wish", err)
}

// silently is tx without the notifier, for writes that show nothing new.
func (d *DB) silently(ctx context.Context, what string, f func(*sql.Tx) error) error {
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return d.noticed(stored(what, err))
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return d.noticed(stored(what, err))
	}
	return d.noticed(stored(what, tx.Commit()))
}

// Note implements run.Store.
func (d *DB) Note(ctx context.Context, g run.Claim, n run.Note) error {
	return d.tx(ctx, "note", func(tx *sql.Tx) error {
		if err := held(ctx, tx, g); err != nil {
			return err
		}
		return note(ctx, tx, g.RunID, n.Steps, n.Events)
	})
}

// note writes steps and events of a run. A step given without attempt or start
// keeps those it has.
func note(ctx context.Context, tx *sql.Tx, runID string, steps []run.Step, events []run.Event) error {
	for _, s := range steps {
		_, err := tx.ExecContext(ctx, `INSERT INTO run_steps (run_id, key, seq, title, state, attempt, started, finished, done, total, unit, rate, message)
			VALUES (?1, ?2, (SELECT coalesce(max(seq), 0) + 1 FROM run_steps WHERE run_id = ?1), ?3, ?4, max(?5, 1), ?6, ?7, ?8, ?9, ?10, ?11, ?12)
			ON CONFLICT (run_id, key) DO UPDATE SET title=?3, state=?4, attempt=CASE ?5 WHEN 0 THEN attempt ELSE ?5 END, started=CASE ?6 WHEN 0 THEN started ELSE ?6 END, finished=?7, done=?8, total=?9, unit=?10, rate=?11, message=?12`,
			runID, s.Key, s.Title.Encode(), s.State, s.Attempt, micros(s.Started), micros(s.Finished), s.Done, s.Total, s.Unit, s.Rate, s.Message.Encode())
		if err != nil {
			return err
		}
		if s.State == run.StepDone {
			if _, err := tx.ExecContext(ctx, `UPDATE runs SET tries=0 WHERE id=?`, runID); err != nil {
				return err
			}
		}
	}
	for _, e := range events {
		level := e.Level
		if level == "" {
			level = run.Info
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO run_events (run_id, at, step, level, text) VALUES (?,?,?,?,?)`, runID, micros(e.At), e.Step, level, e.Text.Encode())
		if err != nil {
			return err
		}
	}
	return nil
}

// Progress implements run.Store.
func (d *DB) Progress(ctx context.Context, g run.Claim, step string, done, total int64, rate float64) error {
	return d.tx(ctx, "save progress", func(tx *sql.Tx) error {
		if err := held(ctx, tx, g); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE run_steps SET done=?, total=?, rate=? WHERE run_id=? AND key=?`, done, total, rate, g.RunID, step)
		return err
	})
}

// RecordOutcome implements run.Store. What a person asked for in the last moment
// is heeded (run.Outcome.Heeding).
func (d *DB) RecordOutcome(ctx context.Context, g run.Claim, o run.Outcome, at time.Time, events ...run.Event) error {
	return d.tx(ctx, "settle run", func(tx *sql.Tx) error {
		if err := held(ctx, tx, g); err != nil {
			return err
		}
		var request run.Request
		if err := tx.QueryRowContext(ctx, `SELECT request FROM runs WHERE id=?`, g.RunID).Scan(&request); err != nil {
			return err
		}
		o = o.Heeding(request)
		if !run.CanMove(run.Running, o.State) {
			return fault.Newf(fault.Conflict, "A running run cannot become %q.", o.State)
		}
		var finished, wake int64
		if o.State.Ended() {
			finished = micros(at)
		}
		if o.State == run.Waiting {
			wake = max(micros(o.WakeAt), 1)
		}
		_, err := tx.ExecContext(ctx, `UPDATE runs SET state=?, owner='', lease_until=0, request='', wake_at=?, tries=?, message=?, fix=?, finished=? WHERE id=?`,
			o.State, wake, o.Tries, o.Message.Encode(), o.Fix.Encode(), finished, g.RunID)
		if err != nil {
			return err
		}
		for i := range events {
			events[i].At = at
		}
		return note(ctx, tx, g.RunID, nil, events)
	})
}
