package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite/leftover"
	"github.com/bakplane/bakplane/internal/db/sqlite/sweep"
	"github.com/bakplane/bakplane/internal/db/sqlite/tasklog"
	"github.com/bakplane/bakplane/internal/secret"
)

// The trail loses its oldest entries only after they were exported. The last of
// them is kept, sealed, as where the chain in the database begins: what stands
// behind it is proven by its hash, and without it a missing beginning is told as
// ever.
const cutRecord = "house/audit-cut"

// cutAtOnce is how many entries go with one transaction.
const cutAtOnce = 2000

// Sweeper lets go of what else is over.
func (d *DB) Sweeper(keep sweep.Keep) *sweep.Sweeper {
	return &sweep.Sweeper{Read: d.read, Write: d.silently, Keep: keep, Pause: 50 * time.Millisecond}
}

// TaskLog keeps what services told of their tasks.
func (d *DB) TaskLog() *tasklog.Log { return &tasklog.Log{Read: d.read, Write: d.silently} }

// Leftovers keeps of what each policy has sets.
func (d *DB) Leftovers() *leftover.Owned { return &leftover.Owned{Read: d.read, Write: d.silently} }

// cut is the last entry that was cut off; the zero Head = none was. One that the
// key does not open is an *audit.Broken.
func (d *DB) cut(ctx context.Context, q queryer) (h audit.Head, err error) {
	var sealed string
	err = q.QueryRowContext(ctx, `SELECT audit_cut FROM house`).Scan(&sealed)
	if err != nil && strings.Contains(err.Error(), "no such column") {
		return h, nil // a folder that only is looked at, before its upgrade
	}
	if err != nil || sealed == "" {
		return h, stored("read where the audit trail begins", err)
	}
	text, err := d.keys.Open(sealed, cutRecord)
	if err != nil || json.Unmarshal([]byte(text.Reveal()), &h) != nil {
		return h, &audit.Broken{Seq: 1, Why: "is missing: the note of which entries were exported is of another key or was changed"}
	}
	return h, nil
}

// AuditBegins is the number of the last entry that was exported and removed
// here; 0 = none was.
func (d *DB) AuditBegins(ctx context.Context) (int64, error) {
	h, err := d.cut(ctx, d.read)
	return h.Seq, err
}

// VerifyExported walks over the exported files of a folder and has them end
// where the trail here begins; a folder without any leaves the walk at 0. Its
// error is an *audit.Broken where they do not.
func (d *DB) VerifyExported(ctx context.Context, folder string, each func(audit.Entry)) (audit.Walk, error) {
	w := audit.Walk{Chain: d.chain}
	h, err := d.cut(ctx, d.read)
	if err != nil {
		return w, err
	}
	joins := false
	err = audit.Exported(folder, &w, func(e audit.Entry) { joins = joins || e.Seq == h.Seq && e.Hash == h.Hash; each(e) })
	if err == nil && w.Seq > 0 && !joins {
		err = &audit.Broken{Seq: min(w.Seq, h.Seq) + 1, Why: "is missing, or the exported files end otherwise than the trail in the database begins"}
	}
	return w, err
}

// CutAudit exports the oldest entries and removes them: those from before a
// moment, and those beyond the newest most (audit.Beyond), at most cutAtOnce. It
// tells how many went. They must be whole, and older than the newest that was
// noted; export must have them on its disk when it returns, and says where. That
// they went is an entry itself.
func (d *DB) CutAudit(ctx context.Context, before time.Time, most int, now time.Time, export func([]audit.Entry) (string, error)) (int, error) {
	from, err := d.cut(ctx, d.read)
	if err != nil {
		return 0, err
	}
	noted, missing, err := d.kept(ctx)
	if err != nil || missing != "" {
		return 0, err
	}
	newest, _, err := head(ctx, d.read)
	if err != nil {
		return 0, err
	}
	limit := audit.Beyond(from.Seq, newest, most)
	rows, err := d.read.QueryContext(ctx, `SELECT `+auditColumns+` FROM audit WHERE seq < ? ORDER BY seq LIMIT ?`, noted.Seq, cutAtOnce)
	if err != nil {
		return 0, stored("read audit entries", err)
	}
	all, err := scanEntries(rows)
	if err != nil {
		return 0, err
	}
	w, n := audit.Walk{Chain: d.chain, Seq: from.Seq, Head: from.Hash}, 0
	for ; n < len(all) && (all[n].At.Before(before) || all[n].Seq <= limit); n++ {
		if err := w.Step(all[n]); err != nil {
			return 0, err
		}
	}
	if n == 0 {
		return 0, nil
	}
	place, err := export(all[:n])
	if err != nil {
		return 0, err
	}
	e := audit.New(audit.Engine, now, "audit.export", "audit/", "Exported the oldest audit entries and removed them from the database.").
		With(nil, map[string]any{"from": all[0].Seq, "to": w.Seq, "file": place, "hash": w.Head.String()})
	return n, d.silently(ctx, "cut the audit trail", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM audit WHERE seq <= ?`, w.Seq); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE house SET audit_cut = ?`, d.keys.Seal(secret.NewText(text(audit.Head{Seq: w.Seq, Hash: w.Head})), cutRecord)); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// resealCut keeps where the trail begins when the key changes.
func (d *DB) resealCut(ctx context.Context, tx *sql.Tx, fresh *secret.Keyring) error {
	h, err := d.cut(ctx, tx)
	if err != nil || h.Seq == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE house SET audit_cut = ?`, fresh.Seal(secret.NewText(text(h)), cutRecord))
	return err
}

// shrinks has free pages given back to the disk in small portions from now on. A
// database from before that is written anew once for it; where the disk has no
// room for that it stays as it is.
func (d *DB) shrinks(ctx context.Context) error {
	var mode int
	if err := d.write.QueryRowContext(ctx, `PRAGMA auto_vacuum`).Scan(&mode); err != nil || mode != 0 {
		return stored("look how free pages are kept", err)
	}
	_, err := d.write.ExecContext(ctx, `PRAGMA auto_vacuum = INCREMENTAL; VACUUM`)
	if full(err) {
		return nil
	}
	return stored("write the database anew", err)
}
