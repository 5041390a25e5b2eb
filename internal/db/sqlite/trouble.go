package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// noticed remembers that the disk refused a write. A busy database, a name that
// is taken and the like are no trouble of the house.
func (d *DB) noticed(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
			d.trouble.Store(&err)
		}
	}
	return err
}

// Trouble is why the database could not be written last; nil when it can.
func (d *DB) Trouble() error {
	if err := d.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// Probe writes something that changes nothing, and forgets the trouble when that
// is kept. A commit without a page to write would always succeed.
func (d *DB) Probe(ctx context.Context) error {
	err := d.silently(ctx, "write", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE house SET canary = canary || ''`)
		return err
	})
	if err == nil {
		d.trouble.Store(nil)
	}
	return err
}

// full reports whether the disk had no room.
func full(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_FULL
}
