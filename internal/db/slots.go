package db

import (
	"context"
	"database/sql"
	"strings"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// Marks implements policy.Store.
func (d *Policies) Marks(ctx context.Context) ([]policy.Mark, error) {
	return rows(ctx, d.read, "mark", `SELECT policy_id, kind, cron, zone, local, at FROM policy_marks ORDER BY policy_id, kind`,
		func(r *sql.Rows) (m policy.Mark, err error) {
			var at int64
			err = r.Scan(&m.PolicyID, &m.Kind, &m.Cron, &m.Zone, &m.Local, &at)
			m.At = moment(at)
			return m, err
		})
}

// Decide implements policy.Store.
func (d *Policies) Decide(ctx context.Context, b policy.Batch) error {
	return d.tx(ctx, "decide slots", func(tx *sql.Tx) error {
		w, err := newSlotWriter(ctx, tx)
		if err != nil {
			return err
		}
		defer w.close()
		fresh := make(map[policy.Slot]bool, len(b.Slots))
		for _, s := range b.Slots {
			if fresh[s.Slot], err = w.slot(ctx, s); err != nil {
				return err
			}
		}
		for _, q := range b.Runs {
			if !fresh[q.Slot] {
				continue
			}
			if err := w.queue(ctx, tx, q); err != nil {
				return err
			}
		}
		for _, m := range b.Marks {
			if _, err := w.marks.ExecContext(ctx, m.PolicyID, m.Kind, m.Cron, m.Zone, m.Local, micros(m.At)); err != nil {
				return err
			}
		}
		return nil
	})
}

// slotWriter has the statements ready that one transaction repeats for
// thousands of slots.
type slotWriter struct{ slots, runs, works, marks *sql.Stmt }

const (
	runInsert  = `INSERT INTO runs (id, kind, subject, title, state, created) VALUES (?,?,?,?,?,?)`
	workInsert = `INSERT INTO backup_works (id, run_id, policy_id, version, local, at, server_id, kind, databases) VALUES (?,?,?,?,?,?,?,?,?)`
)

func newSlotWriter(ctx context.Context, tx *sql.Tx) (w *slotWriter, err error) {
	w = &slotWriter{}
	for _, s := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&w.slots, `INSERT INTO policy_slots (policy_id, local, kind, at, verdict, why, late, count) VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`},
		{&w.runs, runInsert},
		{&w.works, workInsert},
		{&w.marks, `INSERT INTO policy_marks (policy_id, kind, cron, zone, local, at) VALUES (?1,?2,?3,?4,?5,?6)
			ON CONFLICT (policy_id, kind) DO UPDATE SET cron=?3, zone=?4, local=?5, at=?6`},
	} {
		if *s.to, err = tx.PrepareContext(ctx, s.query); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

func (w *slotWriter) close() {
	for _, s := range []*sql.Stmt{w.slots, w.runs, w.works, w.marks} {
		if s != nil {
			s.Close()
		}
	}
}

// slot reports whether the slot was not there before.
func (w *slotWriter) slot(ctx context.Context, s policy.Decided) (bool, error) {
	res, err := w.slots.ExecContext(ctx, s.PolicyID, s.Local, s.Kind, micros(s.At), s.Verdict, s.Why, s.Late, max(s.Count, 1))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func (w *slotWriter) queue(ctx context.Context, tx *sql.Tx, q policy.Queued) error {
	r := q.Run
	if _, err := w.runs.ExecContext(ctx, r.ID, r.Kind, r.Subject, r.Title, run.Queued, micros(r.Created)); err != nil {
		return err
	}
	if _, err := w.works.ExecContext(ctx, workValues(q.Work)...); err != nil {
		return err
	}
	if q.Note == "" {
		return nil
	}
	return note(ctx, tx, r.ID, nil, []run.Event{{At: r.Created, Text: q.Note}})
}

func workValues(w policy.Work) []any {
	return []any{w.ID, w.RunID, w.PolicyID, w.Version, w.Slot.Local, micros(w.Slot.At), w.ServerID, w.Kind, list(w.Databases)}
}

// Order implements policy.Store.
func (d *Policies) Order(ctx context.Context, w policy.Work, r run.Run, e audit.Entry) error {
	return d.tx(ctx, "order backup", func(tx *sql.Tx) error {
		if err := insertRun(ctx, tx, r); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, workInsert, workValues(w)...); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

const workColumns = `id, run_id, policy_id, version, local, at, server_id, kind, databases`

func scanWork(r *sql.Rows) (w policy.Work, err error) {
	var at int64
	var databases string
	if err = r.Scan(&w.ID, &w.RunID, &w.PolicyID, &w.Version, &w.Slot.Local, &at, &w.ServerID, &w.Kind, &databases); err != nil {
		return w, err
	}
	if w.Slot.Local != "" {
		w.Slot.PolicyID, w.Slot.Kind, w.Slot.At = w.PolicyID, w.Kind, moment(at)
	}
	return w, parse(databases, &w.Databases)
}

// Work implements policy.Store.
func (d *Policies) Work(ctx context.Context, id string) (policy.Work, error) {
	return one(ctx, d.read, "backup run's work", `SELECT `+workColumns+` FROM backup_works WHERE id = ?`, scanWork, id)
}

// Works implements policy.Store.
func (d *Policies) Works(ctx context.Context, s policy.Slot) ([]policy.Work, error) {
	return rows(ctx, d.read, "work", `SELECT `+workColumns+` FROM backup_works WHERE policy_id = ? AND policy_id <> '' AND local = ? AND kind = ? ORDER BY server_id`, scanWork, s.PolicyID, s.Local, s.Kind)
}

// Slots implements policy.Store.
func (d *Policies) Slots(ctx context.Context, policyID string, before string, limit int) ([]policy.Decided, error) {
	local, kind, _ := strings.Cut(before, " ")
	return rows(ctx, d.read, "slot", `SELECT policy_id, local, kind, at, verdict, why, late, count FROM policy_slots
		WHERE policy_id = ?1 AND (?2 = '' OR (local, kind) < (?2, ?3)) ORDER BY local DESC, kind DESC LIMIT ?4`,
		func(r *sql.Rows) (s policy.Decided, err error) {
			var at int64
			err = r.Scan(&s.PolicyID, &s.Local, &s.Kind, &at, &s.Verdict, &s.Why, &s.Late, &s.Count)
			s.At = moment(at)
			return s, err
		}, policyID, local, kind, page(limit))
}
