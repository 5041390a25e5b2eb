package app

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/fault"
)

const (
	farName  = "bakplane.head" // of the note, beside the copies of the data folder
	farEvery = 5 * time.Minute // at most so often it is written, and at the end: a bucket bills each request
	farBytes = 4 << 10
)

// farNote keeps the newest audit entry beside the copies of the data folder. What
// stands there is read before anything is written over it, and every walk is held
// to it.
type farNote struct {
	read  bool
	noted audit.Head
	wrote time.Time
}

// HoldToFarHead reads the note beside the copies and holds every walk of the
// database to it. Without a note there, which is so before the first is written,
// nothing is held to. It reports the entry noted.
func (p OwnPlace) HoldToFarHead(ctx context.Context, db *sqlite.DB) (audit.Head, error) {
	key := p.Prefix + farName
	o, err := p.Bucket.Stat(ctx, key)
	if fault.Is(err, fault.NotFound) {
		return audit.Head{}, nil
	}
	if err != nil {
		return audit.Head{}, fmt.Errorf("look for the audit entry noted at %s: %w", p.Words, err)
	}
	r, err := p.Bucket.Read(ctx, key, 0, min(o.Size, farBytes))
	if err != nil {
		return audit.Head{}, fmt.Errorf("read the audit entry noted at %s: %w", p.Words, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return audit.Head{}, fmt.Errorf("read the audit entry noted at %s: %w", p.Words, err)
	}
	h, ok := db.OpenHead(strings.TrimSpace(string(b)))
	noted := h.At
	if !ok {
		noted = o.Modified
	}
	if accepted, err := db.Accepted(ctx, noted); err != nil || accepted {
		return audit.Head{}, err
	}
	missing := ""
	if !ok {
		missing = "the note " + farName + " at " + p.Words + " is of another key or was changed"
	}
	db.HoldTo(h.Head, missing)
	return h.Head, nil
}

// farHead reads the note once, and then writes it when there is a newer entry.
// While the place is out of reach nothing is written there.
func (a *App) farHead(ctx context.Context, h audit.Head, now time.Time) error {
	if a.config.BackupTo == "" {
		return nil
	}
	p, err := FindOwnPlace(ctx, a.DB, a.Ports, a.config.BackupTo)
	if err != nil || p.Name != "" {
		return err // the copies say that the folder is missing
	}
	f := &a.far
	if !f.read {
		if f.noted, err = p.HoldToFarHead(ctx, a.DB); err != nil {
			return err
		}
		f.read = true
		if _, err := a.DB.VerifyAuditFrom(ctx, audit.Walk{Seq: h.Seq, Head: h.Hash}); err != nil {
			return err
		}
	}
	if h.Seq == 0 || h.Seq == f.noted.Seq && h.Hash == f.noted.Hash || now.Before(f.wrote.Add(farEvery)) {
		return nil
	}
	sealed := a.DB.SealHead(sqlite.FarHead{Head: h, At: now.UTC()}) + "\n"
	if _, err := p.Bucket.Put(ctx, p.Prefix+farName, strings.NewReader(sealed), int64(len(sealed))); err != nil {
		return fmt.Errorf("note the newest audit entry at %s: %w", p.Words, err)
	}
	f.noted, f.wrote = h, now
	a.DB.HoldTo(h, "")
	return nil
}
