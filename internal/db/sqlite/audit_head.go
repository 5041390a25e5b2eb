package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/secret"
)

// A chain whose end was cut off is whole in itself, and so is that of an older
// copy of the database, or of an emptied one. So the newest entry that a walk
// saw is noted, sealed, in a file beside the database and in the database, and a
// walk that does not come there again tells so.
const headFile = "bakplane.head"

// kept is the newest entry that was noted; the zero Head = none was. missing
// says why a note that must be there cannot be read.
func (d *DB) kept(ctx context.Context) (h audit.Head, missing string, err error) {
	var sealed string
	err = d.read.QueryRowContext(ctx, `SELECT head FROM house`).Scan(&sealed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, "", stored("read noted audit entry", err)
	}
	inside, _ := d.openHead(sealed)
	b, err := os.ReadFile(filepath.Join(d.folder, headFile))
	switch {
	case errors.Is(err, fs.ErrNotExist) && sealed == "":
		return h, "", nil
	case errors.Is(err, fs.ErrNotExist):
		return inside, "the file " + headFile + ", in which the newest entry is noted, is gone from the data folder", nil
	case err != nil:
		return h, "", fmt.Errorf("read noted audit entry: %w", err)
	}
	beside, ok := d.openHead(strings.TrimSpace(string(b)))
	if !ok {
		return inside, "the file " + headFile + ", in which the newest entry is noted, is of another key or was changed", nil
	}
	if inside.Seq > beside.Seq {
		return inside, "", nil // the file is that of an older copy of the folder
	}
	return beside, "", nil
}

func (d *DB) openHead(sealed string) (h audit.Head, ok bool) {
	text, err := d.keys.Open(sealed, headRecord)
	if err != nil || text.Empty() {
		return h, false
	}
	return h, json.Unmarshal([]byte(text.Reveal()), &h) == nil
}

// lasts compares how far a walk came with the newest entry that was noted; its
// error is an *audit.Broken.
func (d *DB) lasts(ctx context.Context, w audit.Walk, noted audit.Head, missing string) error {
	if missing != "" {
		return &audit.Broken{Seq: max(w.Seq, noted.Seq), Why: "cannot be told to be the newest: " + missing}
	}
	if noted.Seq == 0 {
		return nil
	}
	if w.Seq < noted.Seq {
		return &audit.Broken{Seq: w.Seq + 1, Why: fmt.Sprintf("is missing, and so are all up to entry %d, which was the newest once: they were cut off, or this is an older copy of the database", noted.Seq)}
	}
	var hash string
	err := d.read.QueryRowContext(ctx, `SELECT hash FROM audit WHERE seq = ?`, noted.Seq).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		if cut, err := d.cut(ctx, d.read); err != nil || noted.Seq <= cut.Seq {
			return err // an older note; what came behind it is whole
		}
	}
	if err != nil {
		return stored("read audit entry", err)
	}
	if hash != noted.Hash.String() {
		return &audit.Broken{Seq: noted.Seq, Why: "is another than the one that was noted: entries were cut off and others written in their place, or this goes on from an older copy of the database"}
	}
	return nil
}

// NoteHead walks over what came since the newest entry that was noted and notes
// the newest now. It reports the head and whether it is another; a chain that is
// broken is an *audit.Broken, and nothing is noted.
func (d *DB) NoteHead(ctx context.Context) (audit.Head, bool, error) {
	noted, missing, err := d.kept(ctx)
	if err != nil || missing != "" {
		if err == nil {
			err = &audit.Broken{Seq: noted.Seq, Why: "cannot be told to be the newest: " + missing}
		}
		return noted, false, err
	}
	w, err := d.VerifyAuditFrom(ctx, audit.Walk{Seq: noted.Seq, Head: noted.Hash})
	if err != nil || w.Seq == noted.Seq {
		return noted, false, err
	}
	h := audit.Head{Seq: w.Seq, Hash: w.Head}
	return h, true, d.writeHead(ctx, h)
}

// AcceptHead takes the chain as it is, after a person said why: entries that
// were noted may be gone, those that are there must be whole. The entry that says
// so is part of it.
func (d *DB) AcceptHead(ctx context.Context, e audit.Entry) error {
	w := audit.Walk{}
	if err := d.walk(ctx, &w); err != nil {
		return err
	}
	if err := d.Record(ctx, e); err != nil {
		return err
	}
	return d.noteHead(ctx)
}

// noteHead notes the newest entry without asking what was noted before.
func (d *DB) noteHead(ctx context.Context) error {
	seq, hash, err := head(ctx, d.read)
	if err != nil {
		return err
	}
	return d.writeHead(ctx, audit.Head{Seq: seq, Hash: hash})
}

func (d *DB) writeHead(ctx context.Context, h audit.Head) error {
	sealed := d.keys.Seal(secret.NewText(text(h)), headRecord)
	file := filepath.Join(d.folder, headFile)
	f, err := os.OpenFile(file+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("note newest audit entry: %w", err)
	}
	_, err = f.WriteString(sealed + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(file+".new", file)
	}
	if err == nil {
		err = syncFolder(d.folder)
	}
	if err != nil {
		return fmt.Errorf("note newest audit entry: %w", err)
	}
	// The file comes first: a death between the two must not look like a file that
	// somebody took away.
	return d.silently(ctx, "note newest audit entry", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE house SET head = ?`, sealed)
		return err
	})
}
