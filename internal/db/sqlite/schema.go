package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/bakplane/bakplane/internal/db/sqlite/schema"
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
	if err := errors.Join(schema.Up(ctx, d.write), d.write.Close()); err != nil {
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
