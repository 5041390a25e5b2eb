package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
)

// waived is the condition on a row of protections that a waiver holds at a
// moment.
const waived = `(instance_id, database) IN (SELECT instance_id, database FROM waivers WHERE until > ?)`

func scanWaiver(r *sql.Rows) (w backup.Waiver, err error) {
	var until int64
	err = r.Scan(&w.InstanceID, &w.Database, &w.Why, &until, &w.By, &w.PolicyID)
	w.Until = moment(until)
	return w, err
}

// withWaivers adds what was said of databases. Those of a page are asked for one
// by one when anything was said at all.
func withWaivers(ctx context.Context, q queryer, list []backup.Protection) error {
	any, err := rows(ctx, q, "waiver", `SELECT 1 FROM waivers LIMIT 1`, func(r *sql.Rows) (n int, err error) { return n, r.Scan(&n) })
	if err != nil || len(any) == 0 {
		return err
	}
	for i, p := range list {
		found, err := rows(ctx, q, "waiver", `SELECT instance_id, database, why, until, person, policy_id FROM waivers WHERE instance_id = ? AND database = ?`, scanWaiver, p.InstanceID, p.Database)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			list[i].Waiver = found[0]
		}
	}
	return nil
}

// Waive implements backup.Catalogue.
func (d *Catalogue) Waive(ctx context.Context, w backup.Waiver, e audit.Entry) error {
	return d.tx(ctx, "write that backups are not needed", func(tx *sql.Tx) error {
		writer := newSetWriter(ctx, tx, e.At)
		p, err := writer.database(w.InstanceID, w.Database)
		if err != nil {
			return err
		}
		all, err := writer.sharing(p.shared)
		if err != nil {
			return err
		}
		for _, o := range append(all, p) {
			w.InstanceID, w.Database = o.InstanceID, o.Database
			if err := writeWaiver(ctx, tx, w, e.At); err != nil {
				return err
			}
		}
		if err := writer.protect(); err != nil { // one that was not known before
			return err
		}
		return d.record(ctx, tx, e)
	})
}

func writeWaiver(ctx context.Context, tx *sql.Tx, w backup.Waiver, now time.Time) (err error) {
	if w.Holds(now) {
		_, err = tx.ExecContext(ctx, `INSERT INTO waivers (instance_id, database, why, until, person, policy_id) VALUES (?1,?2,?3,?4,?5,?6)
			ON CONFLICT DO UPDATE SET why=?3, until=?4, person=?5, policy_id=?6`, w.InstanceID, w.Database, w.Why, micros(w.Until), w.By, w.PolicyID)
	} else {
		_, err = tx.ExecContext(ctx, `DELETE FROM waivers WHERE instance_id = ? AND database = ?`, w.InstanceID, w.Database)
	}
	if err != nil {
		return fmt.Errorf("write waiver of %s: %w", w.Database, err)
	}
	return nil
}

// LeaveOut implements backup.Catalogue.
func (d *Catalogue) LeaveOut(ctx context.Context, all []backup.Waiver) error {
	if len(all) == 0 {
		return nil
	}
	now := d.Now()
	return d.tx(ctx, "write what policies leave out", func(tx *sql.Tx) error {
		for _, w := range all {
			var said int
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM waivers WHERE instance_id = ? AND database = ? AND policy_id = '' AND person <> ? AND until > ?`, w.InstanceID, w.Database, backup.ByHouse, micros(now)).Scan(&said); err != nil {
				return fmt.Errorf("look for a waiver: %w", err)
			}
			if said > 0 {
				continue
			}
			w.Until = time.Time{}
			if w.PolicyID != "" {
				w.Until = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) // until the policy takes it back
			}
			if err := writeWaiver(ctx, tx, w, now); err != nil {
				return err
			}
		}
		return nil
	})
}
