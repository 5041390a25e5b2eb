package sqlite

import (
	"context"
	"database/sql"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/logcopy"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
)

// BackupRuns is the store of backup runs and operations.
type BackupRuns struct{ *DB }

// BackupRuns keeps what backup runs have written down.
func (d *DB) BackupRuns() *BackupRuns { return &BackupRuns{d} }

var _ backupjob.Store = (*BackupRuns)(nil)

// Order implements backupjob.Store.
func (d *BackupRuns) Order(ctx context.Context, s backupjob.Plan, r run.Run, e audit.Entry) error {
	return d.tx(ctx, "order a backup", func(tx *sql.Tx) error {
		if err := putPlan(ctx, tx, s); err != nil {
			return err
		}
		if err := insertRun(ctx, tx, r); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

func putPlan(ctx context.Context, tx *sql.Tx, s backupjob.Plan) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO backup_plans (job_id, server_id, plan) VALUES (?1,?2,?3) ON CONFLICT (job_id) DO UPDATE SET plan=excluded.plan`,
		s.Job.ID, s.Job.ServerID, text(s))
	return err
}

// Plan implements backupjob.Store.
func (d *BackupRuns) Plan(ctx context.Context, jobID string) (s backupjob.Plan, orders []backupjob.Order, err error) {
	s, err = one(ctx, d.read, "backup plan", `SELECT plan FROM backup_plans WHERE job_id = ?`, func(r *sql.Rows) (s backupjob.Plan, err error) {
		var content string
		if err := r.Scan(&content); err != nil {
			return s, err
		}
		return s, parse(content, &s)
	}, jobID)
	if err != nil {
		return s, nil, err
	}
	orders, err = rows(ctx, d.read, "backup order", `SELECT `+orderColumns+` FROM backup_orders WHERE job_id = ? ORDER BY ord`, scanOrder, jobID)
	return s, orders, err
}

const orderColumns = `id, ord, database, kind, copy_only, note, bytes, name, paths, keys, state, message, fix, attempts, intended, settled, verdict, set_guid, finished, size, seen, verified, copied, logs`

func scanOrder(r *sql.Rows) (o backupjob.Order, err error) {
	var paths, keys, set, logs string
	var intended, settled, finished, verified, copied int64
	err = r.Scan(&o.ID, &o.Ord, &o.Database, &o.Kind, &o.CopyOnly, told(&o.Note), &o.Bytes, &o.Name, &paths, &keys, &o.State, told(&o.Message), told(&o.Fix), &o.Attempts,
		&intended, &settled, &o.Verdict, &set, &finished, &o.Size, &o.Seen, &verified, &copied, &logs)
	if err != nil {
		return o, err
	}
	o.Intended, o.Settled, o.Finished, o.Verified, o.Copied = moment(intended), moment(settled), moment(finished), moment(verified), moment(copied)
	if set != "" {
		if o.SetID, err = bakfile.ParseGUID(set); err != nil {
			return o, err
		}
	}
	if logs != "" {
		o.Logs = &logcopy.Progress{}
		if err := parse(logs, o.Logs); err != nil {
			return o, err
		}
	}
	if err := parse(paths, &o.Paths); err != nil {
		return o, err
	}
	return o, parse(keys, &o.Keys)
}

func putOrder(ctx context.Context, tx *sql.Tx, jobID string, o backupjob.Order) error {
	set := ""
	if o.SetID != (backup.GUID{}) {
		set = o.SetID.String()
	}
	logs := ""
	if o.Logs != nil {
		logs = text(o.Logs)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO backup_orders (job_id, `+orderColumns+`) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25)
		ON CONFLICT (job_id, ord) DO UPDATE SET kind=?5, copy_only=?6, note=?7, name=?9, paths=?10, keys=?11, state=?12, message=?13, fix=?14, attempts=?15,
			intended=?16, settled=?17, verdict=?18, set_guid=?19, finished=?20, size=?21, seen=?22, verified=?23, copied=?24, logs=?25`,
		jobID, o.ID, o.Ord, o.Database, o.Kind, o.CopyOnly, o.Note.Encode(), o.Bytes, o.Name, list(o.Paths), list(o.Keys), o.State, o.Message.Encode(), o.Fix.Encode(), o.Attempts,
		micros(o.Intended), micros(o.Settled), o.Verdict, set, micros(o.Finished), o.Size, o.Seen, micros(o.Verified), micros(o.Copied), logs)
	return err
}

// Note implements backupjob.Store.
func (d *BackupRuns) Note(ctx context.Context, g run.Claim, jobID string, c backupjob.Change) error {
	return d.tx(ctx, "note a backup", func(tx *sql.Tx) error {
		if err := held(ctx, tx, g); err != nil {
			return err
		}
		if c.Plan != nil {
			if err := putPlan(ctx, tx, *c.Plan); err != nil {
				return err
			}
		}
		for _, o := range c.Orders {
			if err := putOrder(ctx, tx, jobID, o); err != nil {
				return err
			}
		}
		return d.noteRun(ctx, tx, g, c)
	})
}

// noteRun writes the parts of a change that every run has.
func (d *DB) noteRun(ctx context.Context, tx *sql.Tx, g run.Claim, c backupjob.Change) error {
	if err := note(ctx, tx, g.RunID, c.Steps, c.Events); err != nil {
		return err
	}
	for _, e := range c.Audit {
		if err := d.record(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// Movers implements backupjob.Store.
func (d *BackupRuns) Movers(ctx context.Context, serverID string) ([]backupjob.Mover, error) {
	return rows(ctx, d.read, "migration", `SELECT id, source_database, database, cutover_asked > 0 OR frozen > 0 FROM migrations WHERE server_id = ? AND finished = 0`,
		func(r *sql.Rows) (m backupjob.Mover, err error) {
			return m, r.Scan(&m.MigrationID, &m.Database, &m.Target, &m.CuttingOver)
		}, serverID)
}

// Send implements backupjob.Store.
func (d *BackupRuns) Send(ctx context.Context, e backupjob.Operation, r run.Run, entry audit.Entry) error {
	return d.tx(ctx, "send an errand", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO operations (id, kind, instance_id, request, progress) VALUES (?,?,?,?,?)`, e.ID, e.Kind, e.InstanceID, string(e.Request), string(e.Progress)); err != nil {
			return err
		}
		if err := insertRun(ctx, tx, r); err != nil {
			return err
		}
		return d.record(ctx, tx, entry)
	})
}

// Operation implements backupjob.Store.
func (d *BackupRuns) Operation(ctx context.Context, id string) (backupjob.Operation, error) {
	return one(ctx, d.read, "operation", `SELECT id, kind, instance_id, request, progress FROM operations WHERE id = ?`, func(r *sql.Rows) (e backupjob.Operation, err error) {
		return e, r.Scan(&e.ID, &e.Kind, &e.InstanceID, &e.Request, &e.Progress)
	}, id)
}

// NoteOperation implements backupjob.Store.
func (d *BackupRuns) NoteOperation(ctx context.Context, g run.Claim, id string, progress []byte, c backupjob.Change) error {
	return d.tx(ctx, "note an errand", func(tx *sql.Tx) error {
		if err := held(ctx, tx, g); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE operations SET progress = ? WHERE id = ?`, string(progress), id); err != nil {
			return err
		}
		return d.noteRun(ctx, tx, g, c)
	})
}

// Ledger implements backupjob.Store.
func (d *BackupRuns) Ledger(g run.Claim, owner string, ord int) objectstore.Ledger {
	return &ledger{db: d.DB, claim: g, id: owner, ord: ord, uploads: "backup_uploads", parts: "backup_upload_parts", owner: "owner"}
}
