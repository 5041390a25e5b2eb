package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/bakplane/bakplane/internal/fault"
)

// prepare sees that a database file is there that only its owner can read. A
// new one is made beside its place and moved there when it is whole, so that an
// empty file never is one of ours, and no file of it was ever readable by
// others: what SQLite puts beside it (-wal, -shm) gets the rights that it has.
func (d *DB) prepare(ctx context.Context, file string) error {
	switch f, err := os.Stat(file); {
	case err == nil && f.Size() == 0:
		return fault.Newf(fault.Invalid, "The database file %s is empty.", file).
			WithFix("Something emptied it, or it is a copy of one that was in use. Bring it back with `dashboard restore`. To begin anew with nothing, move the data folder away.")
	case err == nil:
		return protect(file)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look for database file: %w", err)
	}
	made := file + ".new"
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(made + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a database that was begun: %w", err)
		}
	}
	f, err := os.OpenFile(made, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("make database file: %w", err)
	}
	if d.write, err = pool(made, 1, "_txlock", "immediate"); err != nil {
		return err
	}
	// The last connection that closes takes everything out of the -wal file.
	if err := errors.Join(d.migrate(ctx), d.write.Close()); err != nil {
		return err
	}
	if err := os.Rename(made, file); err != nil {
		return fmt.Errorf("place database file: %w", err)
	}
	return syncFolder(filepath.Dir(file))
}

func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("sync data folder: %w", err)
	}
	_ = f.Sync() // some file systems cannot; the rename is then as safe as they are
	return f.Close()
}

// protect takes the database's files from everybody but their owner.
func protect(file string) error {
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Chmod(file+end, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("protect database file: %w", err)
		}
	}
	return nil
}

// damaged explains errors of a file that SQLite cannot read.
func damaged(file string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_NOTADB:
		return fault.Newf(fault.Invalid, "The file %s is no database of SQLite.", file).
			WithFix("Something overwrote it. Keep a copy of it as it is, and bring the data folder back with `dashboard restore`.").Because(err)
	case lib.SQLITE_CORRUPT:
		return fault.Newf(fault.Invalid, "The database file %s is damaged.", file).
			WithFix("Check the disk. Keep a copy of the data folder as it is, and bring it back with `dashboard restore`.").Because(err)
	}
	return err
}

// migrate brings the schema up to date. A newer one than this program knows is
// refused: what it would write there, the newer one may not understand.
func (d *DB) migrate(ctx context.Context) error {
	files, err := fs.Sub(schema, "schema")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, d.write, files)
	if err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	known := p.ListSources()
	has, err := d.schemaVersion(ctx)
	if err != nil {
		return err
	}
	if newest := known[len(known)-1].Version; has > newest {
		return fault.Newf(fault.Conflict, "The database was written by a newer Bakplane: its schema is %d, and this one knows %d.", has, newest).
			WithFix("Start the newer version again, or bring back a backup of the data folder from before the upgrade.")
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring schema up to date: %w", err)
	}
	return nil
}

// current refuses a database whose schema is not that of this version.
func (d *DB) current(ctx context.Context) error {
	files, err := fs.Glob(schema, "schema/*.sql")
	if err != nil {
		return err
	}
	has, err := d.schemaVersion(ctx)
	if err != nil {
		return err
	}
	if newest := fmt.Sprintf("schema/%04d_", has); !strings.HasPrefix(files[len(files)-1], newest) {
		return fault.New(fault.Conflict, "The database is of another version of Bakplane.", "Use the command of the version that is at work on it, or start this version once.")
	}
	return nil
}

// schemaVersion is the newest step that was taken; 0 = none. A database with
// tables of somebody else is refused.
func (d *DB) schemaVersion(ctx context.Context) (v int64, err error) {
	tables, ours := 0, 0
	if err := d.write.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(name = 'goose_db_version'), 0) FROM sqlite_master WHERE type = 'table'`).Scan(&tables, &ours); err != nil {
		return 0, fmt.Errorf("read schema: %w", err)
	}
	if tables > 0 && ours == 0 {
		return 0, fault.New(fault.Invalid, "The database file in the data folder is not Bakplane's: it has tables of another program.", "Choose another data folder with --data.")
	}
	if ours == 0 {
		return 0, nil
	}
	var newest sql.NullInt64
	if err := d.write.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&newest); err != nil {
		return 0, fmt.Errorf("read schema: %w", err)
	}
	return newest.Int64, nil
}
