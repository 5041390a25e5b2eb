package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
)

// Ledger implements migration.Store: the part list of one file's upload,
// written under a claim.
func (d *Migrations) Ledger(g run.Claim, id string, ord int) objectstore.Ledger {
	return &ledger{db: d.DB, claim: g, id: id, ord: ord, uploads: "uploads", parts: "upload_parts", owner: "migration_id"}
}

// ledger is one upload. The names of its tables and of the column that says
// whose it is are constants of the code.
type ledger struct {
	db    *DB
	claim run.Claim
	id    string
	ord   int

	uploads, parts, owner string
}

// sql puts the names of tables and column into a statement.
func (l *ledger) sql(statement string) string {
	return strings.NewReplacer("{uploads}", l.uploads, "{parts}", l.parts, "{owner}", l.owner).Replace(statement)
}

var _ objectstore.Ledger = (*ledger)(nil)

// kept is what lies beside the parts, as JSON in one column.
type kept struct {
	objectstore.Begun
	Object *objectstore.Object `json:"object,omitempty"`
}

// Load implements objectstore.Ledger.
func (l *ledger) Load(ctx context.Context) (s objectstore.State, err error) {
	var state string
	err = l.db.read.QueryRowContext(ctx, l.sql(`SELECT state FROM {uploads} WHERE {owner} = ? AND ord = ?`), l.id, l.ord).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, stored("read upload", err)
	}
	var k kept
	if err := parse(state, &k); err != nil {
		return s, fmt.Errorf("read upload: %w", err)
	}
	s.Begun, s.Object = k.Begun, k.Object
	s.Done, err = rows(ctx, l.db.read, "part", l.sql(`SELECT number, size, etag, crc64 FROM {parts} WHERE {owner} = ? AND ord = ? ORDER BY number`),
		func(r *sql.Rows) (p objectstore.Part, err error) {
			var sums string
			if err := r.Scan(&p.Number, &p.Size, &p.ETag, &sums); err != nil {
				return p, err
			}
			own, other, _ := strings.Cut(sums, "/")
			if p.CRC64, err = sumOf(own); err == nil {
				p.Source, err = sumOf(other)
			}
			return p, err
		}, l.id, l.ord)
	return s, err
}

// sumText and sumOf keep a checksum in the column crc64, as 16 hex digits; one
// in the checksum of the source stands behind a slash.
func sumText(sum *uint64) string {
	if sum == nil {
		return ""
	}
	return fmt.Sprintf("%016x", *sum)
}

func sumOf(text string) (*uint64, error) {
	if text == "" {
		return nil, nil
	}
	sum, err := strconv.ParseUint(text, 16, 64)
	return &sum, err
}

// change runs one transaction under the claim.
func (l *ledger) change(ctx context.Context, what string, f func(*sql.Tx) error) error {
	return l.db.silently(ctx, what, func(tx *sql.Tx) error {
		if err := held(ctx, tx, l.claim); err != nil {
			return err
		}
		return f(tx)
	})
}

func (l *ledger) drop(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, l.sql(`DELETE FROM {uploads} WHERE {owner} = ? AND ord = ?`), l.id, l.ord)
	return err
}

func (l *ledger) put(ctx context.Context, tx *sql.Tx, k kept) error {
	_, err := tx.ExecContext(ctx, l.sql(`INSERT INTO {uploads} ({owner}, ord, upload_id, state) VALUES (?1,?2,?3,?4)
		ON CONFLICT ({owner}, ord) DO UPDATE SET upload_id=?3, state=?4`), l.id, l.ord, string(k.ID), text(k))
	return err
}

// Begun implements objectstore.Ledger.
func (l *ledger) Begun(ctx context.Context, b objectstore.Begun) error {
	return l.change(ctx, "note begun upload", func(tx *sql.Tx) error {
		if err := l.drop(ctx, tx); err != nil {
			return err
		}
		return l.put(ctx, tx, kept{Begun: b})
	})
}

// PartDone implements objectstore.Ledger.
func (l *ledger) PartDone(ctx context.Context, p objectstore.Part) error {
	sums := sumText(p.CRC64)
	if p.Source != nil {
		sums += "/" + sumText(p.Source)
	}
	return l.change(ctx, "note part", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, l.sql(`INSERT INTO {parts} ({owner}, ord, number, size, etag, crc64) VALUES (?1,?2,?3,?4,?5,?6)
			ON CONFLICT ({owner}, ord, number) DO UPDATE SET size=?4, etag=?5, crc64=?6`), l.id, l.ord, p.Number, p.Size, p.ETag, sums)
		return err
	})
}

// Completed implements objectstore.Ledger.
func (l *ledger) Completed(ctx context.Context, o objectstore.Object) error {
	return l.change(ctx, "note completed upload", func(tx *sql.Tx) error {
		var state string
		err := tx.QueryRowContext(ctx, l.sql(`SELECT state FROM {uploads} WHERE {owner} = ? AND ord = ?`), l.id, l.ord).Scan(&state)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var k kept
		if err := parse(state, &k); err != nil {
			return err
		}
		k.Object = &o
		return l.put(ctx, tx, k)
	})
}

// Forget implements objectstore.Ledger.
func (l *ledger) Forget(ctx context.Context) error {
	return l.change(ctx, "forget upload", func(tx *sql.Tx) error { return l.drop(ctx, tx) })
}
