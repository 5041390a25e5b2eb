// Package sqlite keeps everything in one SQLite file: one writer connection with
// immediate transactions, a pool of readers beside it, WAL and full sync. Our
// writes are few and our promise is large.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite/schema"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

// DB is the store. It is safe for use by several goroutines.
type DB struct {
	// Now is the clock by which backups become late; Open makes it the
	// machine's. It is not to be changed once the store is in use.
	Now func() time.Time

	write    *sql.DB
	read     *sql.DB
	lock     *flock.Flock
	keys     *secret.Keyring
	chain    audit.Chain
	notifier *run.Notifier
	kinds    endpoint.Kinds

	folder  string
	roster  roster
	trouble atomic.Pointer[error] // with which writing failed last; nil = it does not
	far     atomic.Pointer[farHead]
}

// Open opens or makes the database in a folder and brings its schema up to
// date. The folder is locked: a second process on it is refused, which is what
// lets a new life take over the leases of a dead one at once. The kinds tell what
// targets of migrations are like.
func Open(ctx context.Context, folder string, keys *secret.Keyring, notifier *run.Notifier, kinds endpoint.Kinds) (*DB, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	lock := flock.New(filepath.Join(folder, "bakplane.lock"))
	if held, err := lock.TryLock(); err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	} else if !held {
		return nil, fault.Newf(fault.Conflict, "The data folder %s is in use by another Bakplane.", folder).WithFix("Stop that one first, or choose another folder.")
	}
	d := &DB{folder: folder, Now: time.Now, lock: lock, keys: keys, notifier: notifier, kinds: kinds, chain: audit.NewChain(keys.Derive("audit"))}
	if err := d.open(ctx, filepath.Join(folder, "bakplane.db")); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Inspect opens an existing database for reading, beside a Bakplane that may
// be running on it.
func Inspect(ctx context.Context, folder string, keys *secret.Keyring, notifier *run.Notifier) (*DB, error) {
	file := filepath.Join(folder, "bakplane.db")
	if _, err := os.Stat(file); err != nil {
		return nil, fault.Newf(fault.NotFound, "There is no Bakplane database in %s.", folder).Because(err)
	}
	read, err := pool(file, 2, "_pragma", "query_only(1)")
	if err != nil {
		return nil, err
	}
	d := &DB{folder: folder, Now: time.Now, read: read, keys: keys, chain: audit.NewChain(keys.Derive("audit")), notifier: notifier}
	if err := d.known(ctx); err != nil {
		return nil, errors.Join(damaged(file, err), d.Close())
	}
	return d, nil
}

// Beside opens an existing database for a single order from the command line,
// beside a Bakplane that may be at work on it. Its schema must be of this
// version: whoever is at work there is then of this version too.
func Beside(ctx context.Context, folder string, keys *secret.Keyring, notifier *run.Notifier, kinds endpoint.Kinds) (*DB, error) {
	d, err := Inspect(ctx, folder, keys, notifier)
	if err != nil {
		return nil, err
	}
	d.kinds = kinds
	if d.write, err = pool(filepath.Join(folder, "bakplane.db"), 1, "_txlock", "immediate"); err == nil {
		err = schema.Current(ctx, d.write)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// known is fits for who only reads.
func (d *DB) known(ctx context.Context) error {
	var canary string
	switch err := d.read.QueryRowContext(ctx, `SELECT canary FROM house`).Scan(&canary); {
	case err != nil && strings.Contains(err.Error(), "no such table"), errors.Is(err, sql.ErrNoRows):
		return fault.New(fault.Conflict, "The database is of an older Bakplane.", "Start this version once on it: that brings its schema up to date.")
	case err != nil:
		return err
	}
	if err := d.opens(canary); err != nil {
		return err
	}
	return d.loadChain(ctx, d.read)
}

func (d *DB) open(ctx context.Context, file string) (err error) {
	if err := d.prepare(ctx, file); err != nil {
		return err
	}
	if d.write, err = pool(file, 1, "_txlock", "immediate"); err != nil {
		return err
	}
	if err := schema.Up(ctx, d.write); err != nil {
		return damaged(file, err)
	}
	if err := d.fits(ctx); err != nil {
		return damaged(file, err)
	}
	if err := d.shrinks(ctx); err != nil {
		return damaged(file, err)
	}
	if err := protect(file); err != nil {
		return err
	}
	d.read, err = pool(file, 4, "_pragma", "query_only(1)")
	return err
}

// pool opens connections that all carry the same pragmas: they go in the
// connection string because the pool makes connections whenever it likes.
func pool(file string, size int, extra ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-16000)"}}
	q.Add(extra[0], extra[1])
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: q.Encode()}
	p, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	p.SetMaxOpenConns(size)
	p.SetMaxIdleConns(size)
	return p, nil
}

// Close lets go of the file and the folder.
func (d *DB) Close() error {
	var errs []error
	for _, p := range []*sql.DB{d.read, d.write} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Unlock())
	}
	return errors.Join(errs...)
}

// tx runs one writing transaction and notifies after its commit.
func (d *DB) tx(ctx context.Context, what string, f func(*sql.Tx) error) error {
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return d.noticed(stored(what, err))
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return d.noticed(stored(what, err))
	}
	if err := tx.Commit(); err != nil {
		return d.noticed(stored(what, err))
	}
	d.notifier.Notify()
	return nil
}
