// Package schema holds the steps that make the tables of the store, one file
// each, and takes those that a database has not taken yet. A file is never
// changed once somebody has taken it.
package schema

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/bakplane/bakplane/internal/fault"
)

//go:embed *.sql
var files embed.FS

// Up brings the schema up to date. A newer one than this program knows is
// refused: what it would write there, the newer one may not understand.
func Up(ctx context.Context, db *sql.DB) error {
	names, newest, err := steps()
	if err != nil {
		return err
	}
	switch has, err := version(ctx, db); {
	case err != nil:
		return err
	case has > newest:
		return fault.Newf(fault.Conflict, "The database was written by a newer Bakplane: its schema is %d, and this one knows %d.", has, newest).
			WithFix("Start the newer version again, or bring back a backup of the data folder from before the upgrade.")
	case has == newest:
		return nil
	}
	options, err := whole(names)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, append(options, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring schema up to date: %w", err)
	}
	return nil
}

// Current refuses a database whose schema is not that of this version.
func Current(ctx context.Context, db *sql.DB) error {
	_, newest, err := steps()
	if err != nil {
		return err
	}
	has, err := version(ctx, db)
	if err != nil {
		return err
	}
	if has != newest {
		return fault.New(fault.Conflict, "The database is of another version of Bakplane.", "Use the command of the version that is at work on it, or start this version once.")
	}
	return nil
}

// version is the newest step that was taken; 0 = none. A database with
// tables of somebody else is refused.
func version(ctx context.Context, db *sql.DB) (v int64, err error) {
	tables, ours := 0, 0
	if err := db.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(name = 'goose_db_version'), 0) FROM sqlite_master WHERE type = 'table'`).Scan(&tables, &ours); err != nil {
		return 0, fmt.Errorf("read schema: %w", err)
	}
	if tables > 0 && ours == 0 {
		return 0, fault.New(fault.Invalid, "The database file in the data folder is not Bakplane's: it has tables of another program.", "Choose another data folder with --data.")
	}
	if ours == 0 {
		return 0, nil
	}
	var newest sql.NullInt64
	if err := db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&newest); err != nil {
		return 0, fmt.Errorf("read schema: %w", err)
	}
	return newest.Int64, nil
}

// steps are the files in order, and the number of the last.
func steps() (names []string, newest int64, err error) {
	if names, err = fs.Glob(files, "*.sql"); err != nil {
		return nil, 0, err
	}
	newest, err = stepOf(names[len(names)-1])
	return names, newest, err
}
