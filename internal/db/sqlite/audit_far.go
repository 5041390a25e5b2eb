package sqlite

import (
	"context"
	"encoding/json"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/secret"
)

// Who replaces database, note and key by older ones together replaces what a walk
// is held to. So the newest entry may be noted in a place of its own too, sealed
// like the others, and every walk of this life is held to what was read there.

// farRecord is what the note in another place is sealed for.
const farRecord = "audit-head/far"

// farHead is what was noted in another place; missing says why it cannot be read.
type farHead struct {
	head    audit.Head
	missing string
}

// FarHead is a note of the newest entry for another place, with its time.
type FarHead struct {
	audit.Head
	At time.Time
}

// SealHead is the note as it is kept there.
func (d *DB) SealHead(h FarHead) string { return d.keys.Seal(secret.NewText(text(h)), farRecord) }

// OpenHead reads a note; false when it is of another key or was changed.
func (d *DB) OpenHead(sealed string) (h FarHead, ok bool) {
	t, err := d.keys.Open(sealed, farRecord)
	return h, err == nil && !t.Empty() && json.Unmarshal([]byte(t.Reveal()), &h) == nil
}

// HoldTo makes every later walk come as far as an entry that was noted in another
// place; missing says why the note there cannot be read, which breaks a walk too.
func (d *DB) HoldTo(h audit.Head, missing string) { d.far.Store(&farHead{h, missing}) }

// Accepted reports whether a person took the trail as it is, or changed the key,
// after a note was written: what was noted before does not count then. The entry
// that says so is part of the chain, which nobody makes without the key.
func (d *DB) Accepted(ctx context.Context, noted time.Time) (ok bool, err error) {
	err = d.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM audit WHERE action IN ('audit.accept', 'key.rotate') AND at > ?)`, micros(noted)).Scan(&ok)
	return ok, stored("look for audit entry", err)
}
