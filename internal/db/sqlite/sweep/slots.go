package sweep

import (
	"context"
	"database/sql"
	"time"
)

// slots lets go of slots that were decided long ago. A watermark says that what
// is before it is decided for ever; what is behind one is left alone, and so is
// a slot whose run is still there.
func (s *Sweeper) slots(ctx context.Context, now time.Time) (step, error) {
	before, err := s.before(ctx, now, s.Keep.RunDays, s.Keep.Slots, `SELECT at FROM policy_slots ORDER BY at DESC LIMIT 1 OFFSET ?`)
	if err != nil || before == 0 {
		return nil, err
	}
	return func(ctx context.Context) (n int64, more bool, err error) {
		err = s.Write(ctx, "let go of slots", func(tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, `DELETE FROM policy_slots WHERE (policy_id, local, kind) IN (
				SELECT s.policy_id, s.local, s.kind FROM policy_slots s LEFT JOIN policy_watermarks w ON w.policy_id = s.policy_id AND w.kind = s.kind
				WHERE s.at < ?1 AND s.at < coalesce(w.at, s.at + 1) AND NOT EXISTS (SELECT 1 FROM backup_jobs j WHERE j.policy_id = s.policy_id AND j.policy_id <> '' AND j.local = s.local AND j.kind = s.kind)
				LIMIT ?2)`, before, rowsAtOnce)
			if err != nil {
				return err
			}
			n, err = res.RowsAffected()
			return err
		})
		return n, n == rowsAtOnce, err
	}, nil
}
