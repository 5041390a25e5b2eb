package sweep

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

const (
	runsAtOnce = 200  // looked for at once
	rowsAtOnce = 1000 // deleted in one transaction, or those of one run
)

// over are runs that ended before ?1 (an id) and ?2 (µs). Those of migrations,
// of remedies before them and of comparisons after them belong to the migration
// and stay with it.
const over = `SELECT r.id FROM runs r WHERE r.state IN ('succeeded', 'canceled') AND r.id < ?1 AND r.id > ?3 AND r.finished < ?2` + belongsToNone

// failedOver are failed runs from before ?1 that a newer one of the same policy,
// server and kind, or operation at the same instance, has taken the place of. The
// newest stays however old it is: somebody has to look at it.
const failedOver = `SELECT r.id FROM runs r WHERE r.state = 'failed' AND r.id < ?1 AND r.id > ?3 AND r.created < ?2` + belongsToNone + `
	AND (EXISTS (SELECT 1 FROM backup_jobs j JOIN backup_jobs l ON l.policy_id = j.policy_id AND l.kind = j.kind AND l.server_id = j.server_id AND l.local > j.local
			WHERE j.run_id = r.id AND j.policy_id <> '')
		OR EXISTS (SELECT 1 FROM operations o JOIN operations l ON l.instance_id = o.instance_id AND l.kind = o.kind AND l.id > o.id WHERE o.id = r.subject)
		OR EXISTS (SELECT 1 FROM runs l WHERE l.subject = r.subject AND l.kind = r.kind AND l.id > r.id))`

const belongsToNone = ` AND NOT EXISTS (SELECT 1 FROM migrations m WHERE m.run_id = r.id)
	AND NOT EXISTS (SELECT 1 FROM migration_comparisons c WHERE c.id = r.id) AND NOT EXISTS (SELECT 1 FROM remedy_runs w WHERE w.id = r.id)`

// runs lets go of runs that ended, with all that was written for them.
func (s *Sweeper) runs(ctx context.Context, now time.Time) (step, error) {
	type search struct {
		query, before string
		at            time.Time
	}
	var searches []search
	if at, ok := since(now, s.Keep.RunDays); ok {
		searches = append(searches, search{over, idAt(at), at}, search{failedOver, idAt(at), at})
	}
	limit, err := s.runLimit(ctx)
	if err != nil {
		return nil, err
	}
	if limit != "" {
		searches = append(searches, search{over, limit, now.Add(time.Minute)})
	}
	var ids []string
	after := ""
	return func(ctx context.Context) (n int64, more bool, err error) {
		for len(ids) == 0 && len(searches) > 0 {
			at := searches[0]
			if ids, err = s.strings(ctx, at.query+fmt.Sprintf(` ORDER BY r.id LIMIT %d`, runsAtOnce), at.before, at.at.UnixMicro(), after); err != nil {
				return 0, false, err
			}
			if len(ids) == 0 {
				searches, after = searches[1:], ""
			} else {
				after = ids[len(ids)-1]
			}
		}
		if len(ids) == 0 {
			return 0, false, nil
		}
		err = s.Write(ctx, "let go of runs", func(tx *sql.Tx) error {
			for rows := int64(0); len(ids) > 0 && rows < rowsAtOnce; ids = ids[1:] {
				gone, err := removeRun(ctx, tx, ids[0])
				if err != nil {
					return err
				}
				if gone > 0 {
					rows += gone
					n++
				}
			}
			return nil
		})
		return n, true, err
	}, nil
}

// runLimit is the id before which runs that ended are too many; empty = none
// are. Ids are in the order of time, and a backup's order is written when its
// run begins.
func (s *Sweeper) runLimit(ctx context.Context) (limit string, err error) {
	for _, l := range []struct {
		table string
		most  int
	}{{`runs INDEXED BY runs_by_state WHERE state = 'succeeded'`, s.Keep.Runs}, {`backup_orders`, s.Keep.Orders}} {
		if l.most == 0 {
			continue
		}
		ids, err := s.strings(ctx, `SELECT id FROM `+l.table+` ORDER BY id DESC LIMIT 1 OFFSET ?`, l.most)
		if err != nil {
			return "", err
		}
		if len(ids) == 1 {
			limit = max(limit, ids[0])
		}
	}
	return limit, nil
}

// removeRun removes a run that is still over, and tells how many rows went.
func removeRun(ctx context.Context, tx *sql.Tx, id string) (rows int64, err error) {
	var subject string
	err = tx.QueryRowContext(ctx, `SELECT subject FROM runs WHERE id = ? AND state IN ('succeeded', 'canceled', 'failed')`, id).Scan(&subject)
	if err == sql.ErrNoRows {
		return 0, nil // a person ordered it again meanwhile
	}
	if err != nil {
		return 0, err
	}
	for _, d := range []struct {
		q  string
		of string
	}{
		{`DELETE FROM backup_uploads WHERE owner IN (SELECT id FROM backup_orders WHERE job_id = ?1) OR owner = ?1`, subject}, // their parts go with them
		{`DELETE FROM backup_orders WHERE job_id = ?`, subject},
		{`DELETE FROM backup_plans WHERE job_id = ?`, subject},
		{`DELETE FROM operations WHERE id = ?`, subject},
		{`DELETE FROM backup_jobs WHERE run_id = ?`, id},
		{`DELETE FROM run_steps WHERE run_id = ?`, id},
		{`DELETE FROM run_events WHERE run_id = ?`, id},
		{`DELETE FROM runs WHERE id = ?`, id},
	} {
		res, err := tx.ExecContext(ctx, d.q, d.of)
		if err != nil {
			return rows, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return rows, err
		}
		rows += n
	}
	return rows, nil
}

// idAt comes before every id (UUIDv7) that was made at a moment or later.
func idAt(at time.Time) string {
	ms := fmt.Sprintf("%012x", max(at.UnixMilli(), 0))
	return strings.Join([]string{ms[:8], ms[8:], ""}, "-")
}
