package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// Watermarks implements policy.Store.
func (d *Policies) Watermarks(ctx context.Context) ([]policy.Watermark, error) {
	return rows(ctx, d.read, "watermark", `SELECT policy_id, kind, cron, zone, local, at FROM policy_watermarks ORDER BY policy_id, kind`,
		func(r *sql.Rows) (m policy.Watermark, err error) {
			var at int64
			err = r.Scan(&m.PolicyID, &m.Kind, &m.Cron, &m.Zone, &m.Local, &at)
			m.At = moment(at)
			return m, err
		})
}

// Decide implements policy.Store. Thousands of slots may be due together, so
// each table is written many rows at a time.
func (d *Policies) Decide(ctx context.Context, b policy.Batch) error {
	return d.tx(ctx, "decide slots", func(tx *sql.Tx) error {
		open, err := openRuns(ctx, tx, b)
		if err != nil {
			return err
		}
		b = policy.HoldBack(b, open)
		fresh := make(map[slotKey]bool, len(b.Slots))
		err = insertMany(ctx, tx, `INSERT INTO policy_slots (policy_id, local, kind, at, verdict, why, late, count) VALUES`, ` ON CONFLICT DO NOTHING RETURNING policy_id, local, kind`,
			b.Slots, func(s policy.Decided) []any {
				return []any{s.PolicyID, s.Local, s.Kind, micros(s.At), s.Verdict, s.Why, s.Late, max(s.Count, 1)}
			}, func(r *sql.Rows) error {
				var k slotKey
				err := r.Scan(&k.policy, &k.local, &k.kind)
				fresh[k] = true
				return err
			})
		if err != nil {
			return err
		}
		queued := make([]policy.Queued, 0, len(b.Runs))
		var notes []policy.Queued
		for _, q := range b.Runs {
			if !fresh[slotKey{q.Slot.PolicyID, q.Slot.Local, q.Slot.Kind}] {
				continue
			}
			if queued = append(queued, q); q.Note != "" {
				notes = append(notes, q)
			}
		}
		return errors.Join(
			insertMany(ctx, tx, `INSERT INTO runs (id, kind, subject, place, title, state, created) VALUES`, ``, queued,
				func(q policy.Queued) []any {
					return []any{q.Run.ID, q.Run.Kind, q.Run.Subject, q.Run.Place, q.Run.Title.Encode(), run.Queued, micros(q.Run.Created)}
				}, nil),
			insertMany(ctx, tx, `INSERT INTO backup_jobs (`+jobColumns+`) VALUES`, ``, queued, func(q policy.Queued) []any { return jobValues(q.Job) }, nil),
			insertMany(ctx, tx, `INSERT INTO run_events (run_id, at, level, text) VALUES`, ``, notes,
				func(q policy.Queued) []any { return []any{q.Run.ID, micros(q.Run.Created), run.Info, q.Note} }, nil),
			insertMany(ctx, tx, `INSERT INTO policy_watermarks (policy_id, kind, cron, zone, local, at) VALUES`,
				` ON CONFLICT (policy_id, kind) DO UPDATE SET cron=excluded.cron, zone=excluded.zone, local=excluded.local, at=excluded.at`, b.Watermarks,
				func(m policy.Watermark) []any {
					return []any{m.PolicyID, m.Kind, m.Cron, m.Zone, m.Local, micros(m.At)}
				}, nil))
	})
}

// openRuns are the backup runs of policies that have not ended.
func openRuns(ctx context.Context, tx *sql.Tx, b policy.Batch) ([]policy.OpenRun, error) {
	if len(b.Runs) == 0 {
		return nil, nil
	}
	return rows(ctx, tx, "open run", `SELECT j.policy_id, j.server_id, coalesce(i.name, ''), j.kind, r.state = 'paused'
		FROM runs r JOIN backup_jobs j ON j.run_id = r.id LEFT JOIN instances i ON i.id = j.server_id
		WHERE r.state IN ('queued', 'running', 'waiting', 'paused') AND j.policy_id <> ''`,
		func(r *sql.Rows) (o policy.OpenRun, err error) {
			return o, r.Scan(&o.PolicyID, &o.ServerID, &o.ServerName, &o.Kind, &o.Paused)
		})
}

// slotKey is what makes a slot one in the store.
type slotKey struct {
	policy, local string
	kind          backup.Kind
}

const jobInsert = `INSERT INTO backup_jobs (` + jobColumns + `) VALUES (?,?,?,?,?,?,?,?,?)`

func jobValues(w policy.BackupJob) []any {
	return []any{w.ID, w.RunID, w.PolicyID, w.Version, w.Slot.Local, micros(w.Slot.At), w.ServerID, w.Kind, list(w.Databases)}
}

// Order implements policy.Store.
func (d *Policies) Order(ctx context.Context, w policy.BackupJob, r run.Run, e audit.Entry) error {
	return d.tx(ctx, "order backup", func(tx *sql.Tx) error {
		var before string
		switch err := tx.QueryRowContext(ctx, `SELECT r.id FROM runs r JOIN backup_jobs j ON j.run_id = r.id
			WHERE r.state IN ('queued', 'running', 'waiting', 'paused') AND j.policy_id = ? AND j.policy_id <> '' AND j.server_id = ? AND j.kind = ? LIMIT 1`, w.PolicyID, w.ServerID, w.Kind).Scan(&before); {
		case err == nil:
			return fault.Newf(fault.Conflict, "The %s backup before is still at work there (run %s).", w.Kind, before).WithFix("Wait until it ends, or cancel it.")
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if err := insertRun(ctx, tx, r); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, jobInsert, jobValues(w)...); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

const jobColumns = `id, run_id, policy_id, version, local, at, server_id, kind, databases`

func scanJob(r *sql.Rows) (w policy.BackupJob, err error) {
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

// Job implements policy.Store.
func (d *Policies) Job(ctx context.Context, id string) (policy.BackupJob, error) {
	return one(ctx, d.read, "backup job", `SELECT `+jobColumns+` FROM backup_jobs WHERE id = ?`, scanJob, id)
}

// Jobs implements policy.Store.
func (d *Policies) Jobs(ctx context.Context, s policy.Slot) ([]policy.BackupJob, error) {
	return rows(ctx, d.read, "backup job", `SELECT `+jobColumns+` FROM backup_jobs WHERE policy_id = ? AND policy_id <> '' AND local = ? AND kind = ? ORDER BY server_id`, scanJob, s.PolicyID, s.Local, s.Kind)
}

// Recent implements policy.Store.
func (d *Policies) Recent(ctx context.Context, policyID string, limit int) ([]policy.BackupJob, error) {
	return rows(ctx, d.read, "backup job", `SELECT `+jobColumns+` FROM backup_jobs WHERE policy_id = ? AND policy_id <> '' ORDER BY local DESC, kind DESC, server_id LIMIT ?`, scanJob, policyID, page(limit))
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
