package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
)

// Snapshot writes a consistent copy of the database into a file that must not
// exist, while others go on writing, checks the copy and tells the newest audit
// entry in it. Copying the file itself would not do: what was committed last
// lies in the -wal file beside it.
func (d *DB) Snapshot(ctx context.Context, file string) (h audit.Head, err error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return h, fmt.Errorf("make the copy's file: %w", err)
	}
	if err := f.Close(); err != nil {
		return h, fmt.Errorf("make the copy's file: %w", err)
	}
	// A connection of its own: readers may not write, also not elsewhere.
	p, err := pool(filepath.Join(d.folder, "bakplane.db"), 1, "_txlock", "deferred")
	if err != nil {
		return h, err
	}
	defer p.Close()
	if _, err := p.ExecContext(ctx, `VACUUM INTO ?`, file); err != nil {
		return h, stored("copy the database", err)
	}
	c, err := asItIs(file)
	if err != nil {
		return h, err
	}
	defer c.Close()
	if err := sound(ctx, c); err != nil {
		return h, err
	}
	h.Seq, h.Hash, err = head(ctx, c)
	return h, err
}

// asItIs opens a database without making files beside it.
func asItIs(file string) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: url.Values{"mode": {"ro"}, "immutable": {"1"}}.Encode()}
	p, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	p.SetMaxOpenConns(1)
	return p, nil
}

// sound has SQLite look through a database.
func sound(ctx context.Context, p *sql.DB) error {
	var said string
	if err := p.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said); err != nil {
		return damaged("of the copy", fmt.Errorf("check the copy: %w", err))
	}
	if said != "ok" {
		return fault.New(fault.Invalid, "The copy of the database is damaged, so the database is, too.", "Check the disk, and take an older copy to another machine.").Because(errors.New(said))
	}
	return nil
}

// CheckCopy judges a copy with its key before it takes the place of a database.
func CheckCopy(ctx context.Context, file string, keys *secret.Keyring) error {
	p, err := asItIs(file)
	if err != nil {
		return err
	}
	d := &DB{read: p, keys: keys}
	defer d.Close()
	if err := sound(ctx, p); err != nil {
		return err
	}
	return damaged(file, d.known(ctx))
}

// Restored has a database that was just made from a copy say so: sessions of
// then are over, and the trail goes on from here.
func (d *DB) Restored(ctx context.Context, e audit.Entry) error {
	err := d.silently(ctx, "note the restore", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE sign_ins SET ended = ? WHERE ended = 0`, micros(e.At)); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
	if err != nil {
		return err
	}
	return d.noteHead(ctx)
}
