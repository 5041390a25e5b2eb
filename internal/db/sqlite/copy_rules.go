package sqlite

import (
	"context"
	"database/sql"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backupjob"
)

var _ backupjob.CopyRules = (*BackupRuns)(nil)

// CopyRules implements backupjob.CopyRules.
func (d *BackupRuns) CopyRules(ctx context.Context) ([]backupjob.CopyRule, error) {
	return rows(ctx, d.read, "copy rule", `SELECT instance_id, bucket_id, since FROM copy_rules ORDER BY instance_id`, func(r *sql.Rows) (c backupjob.CopyRule, err error) {
		var since int64
		err = r.Scan(&c.InstanceID, &c.BucketID, &since)
		c.Since = moment(since)
		return c, err
	})
}

// SetCopyRule implements backupjob.CopyRules. A rule that only changes its
// bucket keeps the moment it counts from.
func (d *BackupRuns) SetCopyRule(ctx context.Context, c backupjob.CopyRule, e audit.Entry) error {
	return d.tx(ctx, "set copy rule", func(tx *sql.Tx) error {
		var err error
		if c.BucketID == "" {
			_, err = tx.ExecContext(ctx, `DELETE FROM copy_rules WHERE instance_id = ?`, c.InstanceID)
		} else {
			_, err = tx.ExecContext(ctx, `INSERT INTO copy_rules (instance_id, bucket_id, since) VALUES (?1,?2,?3) ON CONFLICT (instance_id) DO UPDATE SET bucket_id=?2`,
				c.InstanceID, c.BucketID, micros(c.Since))
		}
		if err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}
