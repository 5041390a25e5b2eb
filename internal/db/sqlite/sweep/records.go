package sweep

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

const recordsAtOnce = 250

// records lets go of what is known of backup sets that are gone: nothing can be
// restored from them, and no chain goes through them. Pinned ones stay, those of
// which a copy is known, and those that an operation under way names.
func (s *Sweeper) records(ctx context.Context, now time.Time) (step, error) {
	before, err := s.before(ctx, now, s.Keep.RemovedDays, s.Keep.Removed, `SELECT gone FROM backup_sets WHERE gone > 0 ORDER BY gone DESC LIMIT 1 OFFSET ?`)
	if err != nil || before == 0 {
		return nil, err
	}
	return func(ctx context.Context) (n int64, more bool, err error) {
		err = s.Write(ctx, "let go of records", func(tx *sql.Tx) error {
			ids, err := goneBefore(ctx, tx, before)
			if err != nil || len(ids) == 0 {
				return err
			}
			n = int64(len(ids))
			return removeRecords(ctx, tx, ids)
		})
		return n, n == recordsAtOnce, err
	}, nil
}

func goneBefore(ctx context.Context, tx *sql.Tx, before int64) (ids []any, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT s.id FROM backup_sets s INDEXED BY backup_sets_gone WHERE s.gone > 0 AND s.gone < ?1 AND s.pinned = 0
		AND NOT EXISTS (SELECT 1 FROM set_copies c WHERE c.set_id = s.id)
		AND NOT EXISTS (SELECT 1 FROM operations o JOIN runs r ON r.subject = o.id WHERE r.state NOT IN ('succeeded', 'canceled') AND instr(o.request, printf('%016x', s.id)) > 0)
		ORDER BY s.gone LIMIT ?2`, before, recordsAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// removeRecords keeps the counts of the catalogue right.
func removeRecords(ctx context.Context, tx *sql.Tx, ids []any) error {
	in := ` IN (?` + strings.Repeat(`,?`, len(ids)-1) + `)`
	for _, q := range []string{
		`INSERT INTO set_counts (instance, class, sets, bytes) SELECT instance, class, -count(*), -sum(bytes) FROM backup_sets WHERE id` + in + ` GROUP BY instance, class
			ON CONFLICT DO UPDATE SET sets = sets + excluded.sets, bytes = bytes + excluded.bytes`,
		`INSERT INTO set_counts (instance, class, sets, bytes) SELECT 0, class, -count(*), -sum(bytes) FROM backup_sets WHERE id` + in + ` GROUP BY class
			ON CONFLICT DO UPDATE SET sets = sets + excluded.sets, bytes = bytes + excluded.bytes`,
		`DELETE FROM backup_sets WHERE id` + in,
	} {
		if _, err := tx.ExecContext(ctx, q, ids...); err != nil {
			return fmt.Errorf("let go of records: %w", err)
		}
	}
	return nil
}
