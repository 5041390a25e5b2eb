package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
)

const tokenColumns = `id, person_id, name, hash, created, used, scope, expires`

func scanToken(r *sql.Rows) (t person.Token, err error) {
	var created, used, expires int64
	err = r.Scan(&t.ID, &t.PersonID, &t.Name, &t.Hash, &created, &used, &t.Scope, &expires)
	t.Created, t.Used, t.Expires = moment(created), moment(used), moment(expires)
	return t, err
}

// Tokens implements person.Store.
func (d *DB) Tokens(ctx context.Context, personID string) ([]person.Token, error) {
	return rows(ctx, d.read, "token", `SELECT `+tokenColumns+` FROM tokens WHERE person_id = ? ORDER BY id DESC`, scanToken, personID)
}

// AddToken implements person.Store.
func (d *DB) AddToken(ctx context.Context, t person.Token, e audit.Entry) error {
	return d.tx(ctx, "add token", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tokens (`+tokenColumns+`) VALUES (?,?,?,?,?,0,?,?)`, t.ID, t.PersonID, t.Name, t.Hash, micros(t.Created), t.Scope, micros(t.Expires))
		if err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// RemoveToken implements person.Store.
func (d *DB) RemoveToken(ctx context.Context, personID, id string, e audit.Entry) error {
	return d.tx(ctx, "remove token", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM tokens WHERE id = ? AND person_id = ?`, id, personID)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return sql.ErrNoRows
		}
		return d.record(ctx, tx, e)
	})
}

// PersonOfToken implements person.Store. The use is noted once an hour at
// most: a script that asks every second must not become a writer.
func (d *DB) PersonOfToken(ctx context.Context, hash string, at time.Time) (p person.Person, t person.Token, err error) {
	t, err = one(ctx, d.read, "token", `SELECT `+tokenColumns+` FROM tokens WHERE hash = ?`, scanToken, hash)
	if err != nil {
		return p, t, err
	}
	if p, err = d.Person(ctx, t.PersonID); err != nil {
		return p, t, err
	}
	if !at.Before(t.Expires) {
		return p, t, fault.Newf(fault.Denied, "The token %s has expired.", t.Name).WithFix("Make a new one in Settings.")
	}
	if at.Sub(t.Used) >= time.Hour {
		t.Used = at
		err = d.silently(ctx, "note use of token", func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE tokens SET used = ? WHERE id = ?`, micros(at), t.ID)
			return err
		})
	}
	return p, t, err
}
