package db

import (
	"context"
	"database/sql"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/collect"
	"github.com/bakplane/bakplane/internal/run"
)

// Collecting is the store seen as collect.Store.
type Collecting struct{ *DB }

var _ collect.Store = (*Collecting)(nil)

// Collecting returns the store of looks.
func (d *DB) Collecting() *Collecting { return &Collecting{d} }

const lookColumns = `subject, cursor, good, next, failures, message, fix`

func scanLook(r *sql.Rows) (l collect.Look, err error) {
	var good, next int64
	err = r.Scan(&l.Subject, &l.Cursor, &good, &next, &l.Failures, &l.Message, &l.Fix)
	l.Good, l.Next = moment(good), moment(next)
	return l, err
}

// Looks implements collect.Store.
func (d *Collecting) Looks(ctx context.Context) ([]collect.Look, error) {
	return rows(ctx, d.read, "look", `SELECT `+lookColumns+` FROM looks ORDER BY subject`, scanLook)
}

// Look implements collect.Store.
func (d *Collecting) Look(ctx context.Context, s collect.Subject) (collect.Look, error) {
	found, err := rows(ctx, d.read, "look", `SELECT `+lookColumns+` FROM looks WHERE subject = ?`, scanLook, s)
	if err != nil || len(found) == 0 {
		return collect.Look{Subject: s}, err
	}
	return found[0], nil
}

// SaveLook implements collect.Store. It rings no bell: that all is as before
// is no news to open pages; what is new comes with the sets.
func (d *Collecting) SaveLook(ctx context.Context, l collect.Look) error {
	return d.quiet(ctx, "save look", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO looks (`+lookColumns+`) VALUES (?1,?2,?3,?4,?5,?6,?7)
			ON CONFLICT (subject) DO UPDATE SET cursor=?2, good=?3, next=?4, failures=?5, message=?6, fix=?7`,
			l.Subject, l.Cursor, micros(l.Good), micros(l.Next), l.Failures, l.Message, l.Fix)
		return err
	})
}

// Files implements collect.Store.
func (d *Collecting) Files(ctx context.Context, bucketID, after, last string) ([]collect.File, error) {
	return rows(ctx, d.read, "file", `SELECT key, size, modified, sets, trouble FROM bucket_files WHERE bucket_id = ? AND key > ? AND key <= ?`,
		func(r *sql.Rows) (f collect.File, err error) {
			var modified int64
			err = r.Scan(&f.Key, &f.Size, &modified, &f.Sets, &f.Trouble)
			f.Modified = moment(modified)
			return f, err
		}, bucketID, after, last)
}

// NoteFiles implements collect.Store.
func (d *Collecting) NoteFiles(ctx context.Context, bucketID string, files []collect.File) error {
	return d.quiet(ctx, "note files", func(tx *sql.Tx) error {
		for _, f := range files {
			if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO bucket_files (bucket_id, key, size, modified, sets, trouble) VALUES (?,?,?,?,?,?)`,
				bucketID, f.Key, f.Size, micros(f.Modified), f.Sets, f.Trouble); err != nil {
				return err
			}
		}
		return nil
	})
}

// Order implements collect.Store.
func (d *Collecting) Order(ctx context.Context, r run.Run, e audit.Entry) error {
	return d.tx(ctx, "order a look", func(tx *sql.Tx) error {
		if err := insertRun(ctx, tx, r); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}
