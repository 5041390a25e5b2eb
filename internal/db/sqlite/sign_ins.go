package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/person"
)

const signInColumns = `id, person_id, began, seen, address, agent, browser`

func scanSignIn(r *sql.Rows) (s person.Session, err error) {
	var began, seen int64
	err = r.Scan(&s.ID, &s.PersonID, &began, &seen, &s.Address, &s.Agent, &s.Browser)
	s.Began, s.Seen = moment(began), moment(seen)
	return s, err
}

// BeginSession implements person.Store.
func (d *DB) BeginSession(ctx context.Context, s person.Session, e audit.Entry) error {
	return d.tx(ctx, "begin session", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sign_ins WHERE began < ?`, micros(s.Began.Add(-person.SessionsKept))); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO sign_ins (`+signInColumns+`) VALUES (?,?,?,?,?,?,?)`,
			s.ID, s.PersonID, micros(s.Began), micros(s.Seen), s.Address, s.Agent, s.Browser); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// PersonOfSession implements person.Store.
func (d *DB) PersonOfSession(ctx context.Context, id string) (p person.Person, s person.Session, err error) {
	s, err = one(ctx, d.read, "session", `SELECT `+signInColumns+` FROM sign_ins WHERE id = ? AND ended = 0`, scanSignIn, id)
	if err == nil {
		p, err = d.Person(ctx, s.PersonID)
	}
	return p, s, err
}

// SignIns implements person.Store.
func (d *DB) SignIns(ctx context.Context) ([]person.Session, error) {
	return rows(ctx, d.read, "session", `SELECT `+signInColumns+` FROM sign_ins WHERE ended = 0 ORDER BY began DESC, id DESC`, scanSignIn)
}

// SeeSession implements person.Store.
func (d *DB) SeeSession(ctx context.Context, id string, at time.Time) error {
	return d.silently(ctx, "note use of session", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE sign_ins SET seen = ? WHERE id = ?`, micros(at), id)
		return err
	})
}

// EndSession implements person.Store.
func (d *DB) EndSession(ctx context.Context, id string, e audit.Entry) error {
	return d.tx(ctx, "end session", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE sign_ins SET ended = ? WHERE id = ? AND ended = 0`, micros(e.At), id)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return sql.ErrNoRows
		}
		return d.record(ctx, tx, e)
	})
}

// KnowsBrowser implements person.Store.
func (d *DB) KnowsBrowser(ctx context.Context, personID, browser string) (bool, error) {
	n, err := count(ctx, d.read, `SELECT count(*) FROM sign_ins WHERE person_id = ? AND browser = ?`, personID, browser)
	return n > 0, stored("look for browser", err)
}
