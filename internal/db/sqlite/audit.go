package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bakplane/bakplane/internal/audit"
)

const auditColumns = `seq, at, actor, via, address, action, subject, summary, before, after, prev, hash`

// record seals entries onto the end of the chain, inside the transaction that
// does what they tell of.
func (d *DB) record(ctx context.Context, tx *sql.Tx, entries ...audit.Entry) error {
	for _, e := range entries {
		seq, prev, err := head(ctx, tx)
		if err != nil {
			return err
		}
		e = d.chain.Seal(e, seq+1, prev)
		_, err = tx.ExecContext(ctx, `INSERT INTO audit (`+auditColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`, entryValues(e)...)
		if err != nil {
			return fmt.Errorf("record audit entry: %w", err)
		}
	}
	return nil
}

func entryValues(e audit.Entry) []any {
	return []any{e.Seq, micros(e.At), e.Actor.Name, e.Actor.Via, e.Actor.Address, e.Action, e.Subject, e.Summary, jsonText(e.Before), jsonText(e.After), e.Prev.String(), e.Hash.String()}
}

type queryer interface {
	QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row
	QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
}

func head(ctx context.Context, q queryer) (seq int64, hash audit.Hash, err error) {
	var text string
	err = q.QueryRowContext(ctx, `SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`).Scan(&seq, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, audit.Hash{}, nil
	}
	if err != nil {
		return 0, audit.Hash{}, fmt.Errorf("read newest audit entry: %w", err)
	}
	hash, err = audit.ParseHash(text)
	return seq, hash, err
}

func jsonText(m json.RawMessage) sql.NullString {
	return sql.NullString{String: string(m), Valid: m != nil}
}

// Record writes an entry about something that changes nothing else here, such
// as a sign-in.
func (d *DB) Record(ctx context.Context, e audit.Entry) error {
	return d.tx(ctx, "record audit entry", func(tx *sql.Tx) error { return d.record(ctx, tx, e) })
}

// AuditEntries returns at most limit entries numbered below before (0 =
// newest), newest first; an empty subject means all.
func (d *DB) AuditEntries(ctx context.Context, subject string, before int64, limit int) ([]audit.Entry, error) {
	q, args := `SELECT `+auditColumns+` FROM audit WHERE (?1 = 0 OR seq < ?1) ORDER BY seq DESC LIMIT ?2`, []any{before, limit}
	if subject != "" {
		q, args = `SELECT `+auditColumns+` FROM audit WHERE subject = ?1 AND (?2 = 0 OR seq < ?2) ORDER BY seq DESC LIMIT ?3`, []any{subject, before, limit}
	}
	rows, err := d.read.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, stored("read audit entries", err)
	}
	return scanEntries(rows)
}

func scanEntries(rows *sql.Rows) (out []audit.Entry, err error) {
	defer rows.Close()
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, stored("read audit entries", err)
		}
		out = append(out, e)
	}
	return out, stored("read audit entries", rows.Err())
}

func scanEntry(rows *sql.Rows) (e audit.Entry, err error) {
	var at int64
	var before, after sql.NullString
	var prev, hash string
	err = rows.Scan(&e.Seq, &at, &e.Actor.Name, &e.Actor.Via, &e.Actor.Address, &e.Action, &e.Subject, &e.Summary, &before, &after, &prev, &hash)
	if err != nil {
		return e, err
	}
	e.At = moment(at)
	if before.Valid {
		e.Before = json.RawMessage(before.String)
	}
	if after.Valid {
		e.After = json.RawMessage(after.String)
	}
	// A hash that is no hash any more is a broken entry, not a broken read.
	e.Prev, _ = audit.ParseHash(prev)
	e.Hash, _ = audit.ParseHash(hash)
	return e, nil
}

// VerifyAudit walks the chain from the first entry and returns how far it is
// whole. A broken chain is an *audit.Broken, and so is one that does not come to
// the entry that was noted as the newest once.
func (d *DB) VerifyAudit(ctx context.Context) (audit.Walk, error) {
	return d.VerifyAuditFrom(ctx, audit.Walk{})
}

// VerifyAuditFrom goes on behind a walk that came so far. That the entry it
// ended at is still there, with that hash, is looked at too.
func (d *DB) VerifyAuditFrom(ctx context.Context, w audit.Walk) (audit.Walk, error) {
	noted, missing, err := d.kept(ctx) // before the walk: others may note more meanwhile
	if err != nil {
		return w, err
	}
	if err := d.walk(ctx, &w); err != nil {
		return w, err
	}
	if err := d.lasts(ctx, w, noted, missing); err != nil {
		return w, err
	}
	if far := d.far.Load(); far != nil {
		return w, d.lasts(ctx, w, far.head, far.missing)
	}
	return w, nil
}

// walk steps over the entries behind w.
func (d *DB) walk(ctx context.Context, w *audit.Walk) error {
	w.Chain = d.chain
	tx, err := d.read.BeginTx(ctx, nil) // entries may be cut off at the beginning meanwhile
	if err != nil {
		return stored("read audit entries", err)
	}
	defer tx.Rollback()
	cut, err := d.cut(ctx, tx)
	if err != nil {
		return err
	}
	found := w.Seq == 0
	if w.Seq <= cut.Seq && cut.Seq > 0 {
		w.Seq, w.Head, found = cut.Seq, cut.Hash, true
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+auditColumns+` FROM audit WHERE seq >= ? ORDER BY seq`, w.Seq)
	if err != nil {
		return stored("read audit entries", err)
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return stored("read audit entries", err)
		}
		if !found {
			if e.Seq != w.Seq || e.Hash != w.Head {
				break
			}
			found = true
			continue
		}
		if err := w.Step(e); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return stored("read audit entries", err)
	}
	if !found {
		return &audit.Broken{Seq: w.Seq, Why: "was there before, and is gone or another now"}
	}
	return nil
}

// HasAudit reports whether an entry has this hash.
func (d *DB) HasAudit(ctx context.Context, hash string) (ok bool, err error) {
	err = d.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM audit WHERE hash = ?)`, hash).Scan(&ok)
	return ok, stored("look for audit entry", err)
}
