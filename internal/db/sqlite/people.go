package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
)

var _ person.Store = (*DB)(nil)

const personColumns = `id, name, hash, created, changed`

func scanPerson(r *sql.Rows) (p person.Person, err error) {
	var created, changed int64
	err = r.Scan(&p.ID, &p.Name, &p.Hash, &created, &changed)
	p.Created, p.Changed = moment(created), moment(changed)
	return p, err
}

// People implements person.Store.
func (d *DB) People(ctx context.Context) ([]person.Person, error) {
	return rows(ctx, d.read, "person", `SELECT `+personColumns+` FROM people ORDER BY folded`, scanPerson)
}

// Person implements person.Store.
func (d *DB) Person(ctx context.Context, id string) (person.Person, error) {
	return one(ctx, d.read, "person", `SELECT `+personColumns+` FROM people WHERE id = ?`, scanPerson, id)
}

// PersonNamed implements person.Store.
func (d *DB) PersonNamed(ctx context.Context, name string) (person.Person, error) {
	return one(ctx, d.read, "person", `SELECT `+personColumns+` FROM people WHERE folded = ?`, scanPerson, strings.ToLower(name))
}

// AddFirst implements person.Store. Writing transactions run one after the
// other, so nobody can come between the look and the insert.
func (d *DB) AddFirst(ctx context.Context, p person.Person, e audit.Entry) error {
	return d.tx(ctx, "add first person", func(tx *sql.Tx) error {
		n, err := count(ctx, tx, `SELECT count(*) FROM people`)
		if err != nil {
			return err
		}
		if n > 0 {
			return fault.New(fault.Conflict, "There is an administrator already.", "Sign in, or ask the administrator for an account.")
		}
		return d.addPerson(ctx, tx, p, e)
	})
}

// AddPerson implements person.Store.
func (d *DB) AddPerson(ctx context.Context, p person.Person, e audit.Entry) error {
	return d.tx(ctx, "add person", func(tx *sql.Tx) error { return d.addPerson(ctx, tx, p, e) })
}

func (d *DB) addPerson(ctx context.Context, tx *sql.Tx, p person.Person, e audit.Entry) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO people (id, name, folded, hash, created, changed) VALUES (?,?,?,?,?,?)`,
		p.ID, p.Name, strings.ToLower(p.Name), p.Hash, micros(p.Created), micros(p.Changed))
	if err != nil {
		return err
	}
	return d.record(ctx, tx, e)
}

// SetPassword implements person.Store.
func (d *DB) SetPassword(ctx context.Context, id, hash string, e audit.Entry) error {
	return d.tx(ctx, "set password", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE people SET hash = ?, changed = ? WHERE id = ?`, hash, micros(e.At), id)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return sql.ErrNoRows
		}
		return d.record(ctx, tx, e)
	})
}

// RemovePerson implements person.Store.
func (d *DB) RemovePerson(ctx context.Context, id string, e audit.Entry) error {
	return d.tx(ctx, "remove person", func(tx *sql.Tx) error {
		n, err := count(ctx, tx, `SELECT count(*) FROM people WHERE id <> ?`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "This is the last person: nobody could sign in any more.", "Add somebody else first.")
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM people WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return sql.ErrNoRows
		}
		return d.record(ctx, tx, e)
	})
}

func count(ctx context.Context, q queryer, query string, args ...any) (n int, err error) {
	err = q.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

const tokenColumns = `id, person_id, name, hash, created, used`

func scanToken(r *sql.Rows) (t person.Token, err error) {
	var created, used int64
	err = r.Scan(&t.ID, &t.PersonID, &t.Name, &t.Hash, &created, &used)
	t.Created, t.Used = moment(created), moment(used)
	return t, err
}

// Tokens implements person.Store.
func (d *DB) Tokens(ctx context.Context, personID string) ([]person.Token, error) {
	return rows(ctx, d.read, "token", `SELECT `+tokenColumns+` FROM tokens WHERE person_id = ? ORDER BY id DESC`, scanToken, personID)
}

// AddToken implements person.Store.
func (d *DB) AddToken(ctx context.Context, t person.Token, e audit.Entry) error {
	return d.tx(ctx, "add token", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tokens (`+tokenColumns+`) VALUES (?,?,?,?,?,0)`, t.ID, t.PersonID, t.Name, t.Hash, micros(t.Created))
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
	if at.Sub(t.Used) >= time.Hour {
		t.Used = at
		err = d.silently(ctx, "note use of token", func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE tokens SET used = ? WHERE id = ?`, micros(at), t.ID)
			return err
		})
	}
	return p, t, err
}
