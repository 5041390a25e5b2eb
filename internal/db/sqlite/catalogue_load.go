package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// loadBatch is how many sets one transaction of Load writes.
const loadBatch = 20_000

// Load fills an empty catalogue, one database after the other, much faster
// than Put: indexes are built at the end, and nothing is durable until then.
// It is for measuring and for tests of size; it must not be cut short.
func (d *Catalogue) Load(ctx context.Context, all iter.Seq2[backup.Promise, []backup.Record]) error {
	var any int
	if err := d.read.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM protections LIMIT 1)`).Scan(&any); err != nil {
		return stored("look at the catalogue", err)
	}
	if any > 0 {
		return fault.New(fault.Conflict, "The catalogue is not empty.", "Load fills new data folders only.")
	}
	indexes, err := rows(ctx, d.read, "index", `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('backup_sets', 'set_copies') AND sql IS NOT NULL`,
		func(r *sql.Rows) (i [2]string, err error) { return i, r.Scan(&i[0], &i[1]) })
	if err != nil {
		return err
	}
	for _, i := range indexes {
		if _, err := d.write.ExecContext(ctx, `DROP INDEX `+i[0]); err != nil {
			return stored("drop index", err)
		}
	}
	if err := d.loadRows(ctx, all); err != nil {
		return stored("load backup sets", err)
	}
	for _, i := range indexes {
		if _, err := d.write.ExecContext(ctx, i[1]); err != nil {
			return stored("build index", err)
		}
	}
	d.notifier.Notify()
	return nil
}

// hastily lets f write with a large cache and without waiting for the disk.
func (d *DB) hastily(ctx context.Context, f func() error) (err error) {
	if _, err := d.write.ExecContext(ctx, `PRAGMA synchronous = OFF; PRAGMA cache_size = -400000`); err != nil {
		return err
	}
	defer func() {
		_, last := d.write.ExecContext(ctx, `PRAGMA synchronous = FULL; PRAGMA cache_size = -16000`)
		err = errors.Join(err, last)
	}()
	return f()
}

func (d *Catalogue) loadRows(ctx context.Context, all iter.Seq2[backup.Promise, []backup.Record]) error {
	return d.hastily(ctx, func() error {
		l := &loader{d: d, counts: map[[2]int64][2]int64{}}
		for promise, records := range all {
			if err := l.database(ctx, promise, records); err != nil {
				return errors.Join(err, l.end(ctx, false))
			}
		}
		return l.end(ctx, true)
	})
}

type loader struct {
	d         *Catalogue
	tx        *sql.Tx
	w         *setWriter
	set, copy *sql.Stmt
	written   int
	counts    map[[2]int64][2]int64 // by instance and class: sets and bytes
}

func (l *loader) begin(ctx context.Context) (err error) {
	if l.tx != nil {
		return nil
	}
	if l.tx, err = l.d.write.BeginTx(ctx, nil); err != nil {
		return err
	}
	l.w = newSetWriter(ctx, l.tx, l.d.Now())
	if l.set, err = l.tx.PrepareContext(ctx, `INSERT INTO backup_sets (`+recordColumns+`) VALUES (?`+strings.Repeat(`,?`, strings.Count(recordColumns, ","))+`) ON CONFLICT (id) DO NOTHING`); err != nil {
		return err
	}
	l.copy, err = l.tx.PrepareContext(ctx, `INSERT INTO set_copies (set_id, bucket_id, keys, size, at) VALUES (?,?,?,?,?)`)
	return err
}

func (l *loader) database(ctx context.Context, promise backup.Promise, records []backup.Record) error {
	if err := l.begin(ctx); err != nil {
		return err
	}
	p, err := l.w.database(promise.InstanceID, promise.Database)
	if err != nil {
		return err
	}
	old := p
	p.Protection = backup.Protect(records, p.Exempt, promise, l.w.now)
	if err := saveProtection(ctx, l.tx, &old, p); err != nil {
		return err
	}
	for i := range records {
		row, err := rowOf(&records[i])
		if err != nil {
			return err
		}
		row.id, row.db, row.instance, row.name = newSetID(records[i].Finished(), promise.InstanceID, row.key), p.n, p.instance, p.name
		if err := l.insert(ctx, &row); err != nil {
			return err
		}
		for _, c := range records[i].Copies {
			if _, err := l.copy.ExecContext(ctx, row.id, c.BucketID, list(c.Keys), c.Size, micros(c.At)); err != nil {
				return fmt.Errorf("write copy: %w", err)
			}
		}
		for _, n := range []int64{0, row.instance} {
			at := [2]int64{n, int64(row.class)}
			sum := l.counts[at]
			l.counts[at] = [2]int64{sum[0] + 1, sum[1] + row.bytes}
		}
		l.written++
	}
	if l.written >= loadBatch {
		l.written = 0
		err, l.tx = l.tx.Commit(), nil
	}
	return err
}

// insert takes the next free number when another set has this one.
func (l *loader) insert(ctx context.Context, row *setRow) error {
	for {
		res, err := l.set.ExecContext(ctx, row.values()...)
		if err != nil {
			return fmt.Errorf("write backup set: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		row.id++
	}
}

func (l *loader) end(ctx context.Context, good bool) error {
	if l.tx == nil && len(l.counts) > 0 {
		if err := l.begin(ctx); err != nil {
			return err
		}
	}
	if l.tx == nil {
		return nil
	}
	if !good {
		return l.tx.Rollback()
	}
	for at, sum := range l.counts {
		if err := l.w.add(at[0], class(at[1]), sum[0], sum[1]); err != nil {
			return err
		}
	}
	return l.tx.Commit()
}
