package sqlite

import (
	"context"
	"database/sql"
	"strings"

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
		if _, err := tx.ExecContext(ctx, `UPDATE sign_ins SET ended = ? WHERE person_id = ? AND ended = 0`, micros(e.At), id); err != nil {
			return err
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
