package awsrds

import (
	"context"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

var _ migration.Keeper = (*Target)(nil)

// OpenKeeping implements migration.Keeper. The restore of the last file has
// opened the database with change data capture kept (migration.Migration.Opens);
// what is left is to let it be written to. One that still waits for its opening
// is finished without: the procedure has no parameter for it.
func (t *Target) OpenKeeping(ctx context.Context, taskID, database string, check migration.CheckMode, key string, write bool) error {
	if write {
		return t.OpenWritable(ctx, taskID, database, check, key)
	}
	return t.Open(ctx, taskID, database, check, key)
}

// Kept implements migration.Keeper. The owner is not told: it is not kept.
func (t *Target) Kept(ctx context.Context, database string) (k migration.Keeping, err error) {
	found := false
	err = t.server.Batch(ctx, "SELECT is_cdc_enabled FROM sys.databases WHERE name = @p1", []any{database}, func(columns []string, values []any) {
		found, k.CDC = true, recordOf(columns, values).number("is_cdc_enabled", 0) != 0
	}, nil)
	if err == nil && !found {
		err = fault.Newf(fault.NotFound, "The database %s is gone.", database).WithCode("gone")
	}
	return k, err
}

// Give implements migration.Keeper: owners are not given there.
func (t *Target) Give(context.Context, string, string) error {
	return fault.New(fault.Invalid, "The service keeps no owner: whoever restores a database owns it there.", "See to it by hand once the database is open.")
}
