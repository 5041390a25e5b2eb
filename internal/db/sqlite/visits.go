package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
)

// Scanning is the store seen as scan.Store.
type Scanning struct{ *DB }

var _ scan.Store = (*Scanning)(nil)

// Scanning returns the store of looks.
func (d *DB) Scanning() *Scanning { return &Scanning{d} }

const visitColumns = `subject, cursor, good, next, failures, message, fix`

func scanVisit(r *sql.Rows) (l scan.Visit, err error) {
	var good, next int64
	err = r.Scan(&l.Subject, &l.Cursor, &good, &next, &l.Failures, told(&l.Message), told(&l.Fix))
	l.Good, l.Next = moment(good), moment(next)
	return l, err
}

// Visits implements scan.Store.
func (d *Scanning) Visits(ctx context.Context) ([]scan.Visit, error) {
	return rows(ctx, d.read, "visit", `SELECT `+visitColumns+` FROM visits ORDER BY subject`, scanVisit)
}

// Visit implements scan.Store.
func (d *Scanning) Visit(ctx context.Context, s scan.Subject) (scan.Visit, error) {
	found, err := rows(ctx, d.read, "visit", `SELECT `+visitColumns+` FROM visits WHERE subject = ?`, scanVisit, s)
	if err != nil || len(found) == 0 {
		return scan.Visit{Subject: s}, err
	}
	return found[0], nil
}

// SaveVisit implements scan.Store. It notifies nobody: that all is as before
// is no news to open pages; what is new comes with the sets.
func (d *Scanning) SaveVisit(ctx context.Context, l scan.Visit) error {
	return d.silently(ctx, "save look", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO visits (`+visitColumns+`) VALUES (?1,?2,?3,?4,?5,?6,?7)
			ON CONFLICT (subject) DO UPDATE SET cursor=?2, good=?3, next=?4, failures=?5, message=?6, fix=?7`,
			l.Subject, l.Cursor, micros(l.Good), micros(l.Next), l.Failures, l.Message.Encode(), l.Fix.Encode())
		return err
	})
}

const bucketFileColumns = `key, size, modified, sets, trouble, holds`

func scanBucketFile(r *sql.Rows) (f scan.File, err error) {
	var modified int64
	var holds string
	if err = r.Scan(&f.Key, &f.Size, &modified, &f.Sets, &f.Trouble, &holds); err != nil {
		return f, err
	}
	f.Modified = moment(modified)
	for _, id := range strings.Fields(holds) {
		g, err := bakfile.ParseGUID(id)
		if err != nil {
			return f, err
		}
		f.Holds = append(f.Holds, g)
	}
	return f, nil
}

// Files implements scan.Store.
func (d *Scanning) Files(ctx context.Context, bucketID, after, last string) ([]scan.File, error) {
	return rows(ctx, d.read, "file", `SELECT `+bucketFileColumns+` FROM bucket_files WHERE bucket_id = ? AND key > ? AND key <= ?`, scanBucketFile, bucketID, after, last)
}

// File implements scan.Store.
func (d *Scanning) File(ctx context.Context, bucketID, key string) (scan.File, bool, error) {
	found, err := rows(ctx, d.read, "file", `SELECT `+bucketFileColumns+` FROM bucket_files WHERE bucket_id = ? AND key = ?`, scanBucketFile, bucketID, key)
	if err != nil || len(found) == 0 {
		return scan.File{}, false, err
	}
	return found[0], true, nil
}

// NoteFiles implements scan.Store.
func (d *Scanning) NoteFiles(ctx context.Context, bucketID string, files []scan.File) error {
	return d.silently(ctx, "note files", func(tx *sql.Tx) error {
		for _, f := range files {
			holds := make([]string, len(f.Holds))
			for i, id := range f.Holds {
				holds[i] = id.String()
			}
			if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO bucket_files (bucket_id, `+bucketFileColumns+`) VALUES (?,?,?,?,?,?,?)`,
				bucketID, f.Key, f.Size, micros(f.Modified), f.Sets, f.Trouble, strings.Join(holds, " ")); err != nil {
				return err
			}
		}
		return nil
	})
}

// Order implements scan.Store.
func (d *Scanning) Order(ctx context.Context, r run.Run, e audit.Entry) error {
	return d.tx(ctx, "order a look", func(tx *sql.Tx) error {
		if err := insertRun(ctx, tx, r); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}
