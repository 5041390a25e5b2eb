package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/ownbackup"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/words"
)

// OwnPlace is where copies of the data folder go.
type OwnPlace struct {
	Bucket objectstore.Bucket
	Prefix string
	Name   string // of one copy that a person named; empty = names say when
	Words  string
	dir    string // on this machine
}

// FindOwnPlace reads what --to and --backup-to say: bucket:NAME or
// bucket:NAME/PREFIX names a bucket that the dashboard knows, anything else is a
// folder, or a file that does not exist yet.
func FindOwnPlace(ctx context.Context, db *sqlite.DB, ports Ports, to string) (p OwnPlace, err error) {
	p.Words = to
	if name, ok := strings.CutPrefix(to, "bucket:"); ok {
		name, prefix, _ := strings.Cut(name, "/")
		if prefix != "" && !strings.HasSuffix(prefix, "/") {
			prefix += "/"
		}
		all, err := db.Buckets(ctx)
		if err != nil {
			return p, err
		}
		for _, b := range all {
			if b.Name == name || b.ID == name {
				p.Prefix = prefix
				p.Bucket, err = ports.Bucket(ctx, b.ID)
				return p, err
			}
		}
		return p, fault.Newf(fault.NotFound, "The dashboard knows no bucket %q.", name).WithFix("Write its name as Settings shows it, or add it there first.")
	}
	p.dir = to
	switch f, err := os.Stat(to); {
	case err == nil && !f.IsDir():
		return p, fault.Newf(fault.Conflict, "%s exists already.", to).WithFix("Name a folder or a new file. Nothing is overwritten.")
	case errors.Is(err, fs.ErrNotExist):
		p.dir, p.Name = filepath.Dir(to), filepath.Base(to)
	case err != nil:
		return p, fmt.Errorf("look at the place of the copy: %w", err)
	}
	p.Bucket, err = folder.Open(p.dir)
	return p, err
}

// Take puts a copy there and keeps that it did in the audit trail.
func (p OwnPlace) Take(ctx context.Context, db *sqlite.DB, t ownbackup.Taker, by audit.Actor) (ownbackup.Copy, error) {
	c, err := t.Take(ctx, p.Bucket, cmp.Or(p.Name, ownbackup.Name(p.Prefix, t.Now())))
	if err != nil {
		return c, err
	}
	if p.dir != "" { // what a bucket lets others read is for its owner to say
		for _, end := range []string{"", ".key.age", ".json"} {
			if err := os.Chmod(filepath.Join(p.dir, filepath.FromSlash(c.Name+end)), 0o600); err != nil {
				return c, fmt.Errorf("protect the copy: %w", err)
			}
		}
	}
	e := audit.New(by, t.Now(), "house.backup", "house/", fmt.Sprintf("Took a copy of the data folder: %s (%s) to %s.", c.Name, words.Bytes(c.Bytes), p.Words)).With(nil, c)
	return c, db.Record(ctx, e)
}

// Passphrase reads what opens the sealed key: from a file, or from the variable.
func Passphrase(file string) (secret.Text, error) {
	if file == "" {
		return secret.NewText(os.Getenv("BAKPLANE_BACKUP_PASSPHRASE")), nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return secret.Text{}, fmt.Errorf("read the passphrase: %w", err)
	}
	return secret.NewText(strings.TrimRight(string(b), "\r\n")), nil
}

// ownBackups takes copies by itself.
type ownBackups struct {
	app        *App
	passphrase secret.Text

	mu    sync.Mutex
	asked bool      // the place was asked for its newest copy
	last  time.Time // when that was taken; zero = none
	next  time.Time // not before
	tries int
	why   error
	bytes int64
}

// due takes a copy when the newest is old enough, and lets go of the oldest.
// After a failure it tries again later and later, within an hour.
func (o *ownBackups) due(ctx context.Context) error {
	c := o.app.config
	now := c.Now()
	o.mu.Lock()
	wait := now.Before(o.next)
	o.mu.Unlock()
	if wait {
		return nil
	}
	p, err := FindOwnPlace(ctx, o.app.DB, o.app.Ports, c.BackupTo)
	if err == nil && p.Name != "" {
		err = fault.Newf(fault.NotFound, "The folder %s, where copies of the data folder go, does not exist.", c.BackupTo).WithFix("Make it, or name another with --backup-to.")
	}
	if err == nil {
		err = o.take(ctx, p, now)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.why = err; err != nil {
		o.tries++
		o.next = now.Add(min(time.Minute<<min(o.tries, 6), time.Hour))
		return err
	}
	o.tries = 0
	return nil
}

func (o *ownBackups) take(ctx context.Context, p OwnPlace, now time.Time) error {
	c := o.app.config
	if !o.asked {
		all, err := ownbackup.Copies(ctx, p.Bucket, p.Prefix)
		if err != nil {
			return err
		}
		o.mu.Lock()
		o.asked = true
		if len(all) > 0 {
			o.last = ownbackup.TakenAt(p.Prefix, all[len(all)-1])
			o.next = o.last.Add(c.BackupEvery)
		}
		o.mu.Unlock()
		if now.Before(o.next) && !o.last.After(now) { // one that a clock ahead took does not count
			return nil
		}
	}
	taken, err := p.Take(ctx, o.app.DB, ownbackup.Taker{Source: o.app.DB, Folder: c.Data, Passphrase: o.passphrase, Version: Version(), Now: c.Now}, audit.Engine)
	if err != nil {
		return err
	}
	o.mu.Lock()
	o.last, o.next, o.bytes = taken.Taken, now.Add(c.BackupEvery), taken.Bytes
	o.mu.Unlock()
	_, err = ownbackup.Prune(ctx, p.Bucket, p.Prefix, c.BackupKeep)
	return err
}

// own is what Settings tells of the data folder.
func (a *App) own() server.OwnData {
	d := server.OwnData{Folder: a.config.Data, To: a.config.BackupTo, Every: a.config.BackupEvery, Keep: a.config.BackupKeep,
		KeepRuns: a.config.KeepRuns, KeepRemoved: a.config.KeepRemoved, KeepAudit: a.config.KeepAudit, AuditTo: a.config.AuditFolder(), AuditFiles: a.exported()}
	for _, name := range []string{"bakplane.db", "bakplane.db-wal"} {
		if f, err := os.Stat(filepath.Join(a.config.Data, name)); err == nil {
			d.Bytes += f.Size()
		}
	}
	if o := a.copies; o != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		d.Last, d.Why = o.last, o.why
	}
	return d
}
