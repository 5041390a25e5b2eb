package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// scope is the part of a list that an index begins with: everything, an
// instance, one database of an instance, or databases of a name anywhere.
type scope struct {
	column string // empty = everything
	n      int64
	whole  int64 // of the whole instance, whose sets hold the database too; 0 = none do
	counts int64 // the instance whose classes there are; 0 = all
	empty  bool  // nothing can be in it
}

// scopeOf finds the numbers a filter means.
func scopeOf(ctx context.Context, q queryer, f backup.RecordFilter) (s scope, err error) {
	number := func(query string, args ...any) (n int64, found bool, err error) {
		all, err := rows(ctx, q, "backup set", query, func(r *sql.Rows) (n int64, err error) { return n, r.Scan(&n) }, args...)
		if err != nil || len(all) == 0 {
			return 0, false, err
		}
		return all[0], true, nil
	}
	found := true
	if f.InstanceID != "" {
		if s.counts, found, err = number(`SELECT n FROM catalogue_instances WHERE instance_id = ?`, f.InstanceID); err != nil || !found {
			return scope{empty: true}, err
		}
		s.column, s.n = "instance", s.counts
	}
	if f.Database == "" {
		return s, nil
	}
	if f.InstanceID == "" {
		s.column = "name"
		s.n, found, err = number(`SELECT n FROM catalogue_names WHERE name = ?`, f.Database)
		s.empty = !found
		return s, err
	}
	s.column = "db"
	database, err := spelling(ctx, q, f.InstanceID, f.Database)
	if err != nil {
		return s, err
	}
	if s.whole, _, err = number(`SELECT n FROM protections WHERE instance_id = ? AND database = ''`, f.InstanceID); err != nil {
		return s, err
	}
	s.n, found, err = number(`SELECT n FROM protections WHERE instance_id = ? AND database = ?`, f.InstanceID, database)
	s.empty = !found
	return s, err
}

// setPage is a page of sets: at most limit, newest first, ids in [from, before).
type setPage struct {
	scope        scope
	classes      []class
	from, before int64
	limit        int
}

// query merges the newest rows of each class, so that a page costs the same
// however many sets the filter leaves out. Without scope and filter the table
// itself is in order.
func (p setPage) query(every bool) (string, []any) {
	const outer = `SELECT s.` // columns of backup_sets, then the names of instance and database
	columns := strings.ReplaceAll(recordColumns, ", ", ", s.") + `, p.instance_id, p.database`
	if every && p.scope.column == "" {
		return outer + columns + ` FROM backup_sets s JOIN protections p ON p.n = s.db WHERE s.id >= ? AND s.id < ? ORDER BY s.id DESC LIMIT ?`, []any{p.from, p.before, p.limit}
	}
	ids, args := p.ids()
	return outer + columns + ` FROM (` + ids + `) m JOIN backup_sets s ON s.id = m.id JOIN protections p ON p.n = s.db ORDER BY s.id DESC`, args
}

// ids selects the numbers of a page's sets, newest first.
func (p setPage) ids() (string, []any) {
	var parts []string
	var args []any
	numbers := []int64{p.scope.n}
	if p.scope.whole != 0 {
		numbers = append(numbers, p.scope.whole)
	}
	for _, n := range numbers {
		for _, c := range p.classes {
			where := `class = ? AND id >= ? AND id < ?`
			if p.scope.column != "" {
				where = p.scope.column + ` = ? AND ` + where
				args = append(args, n)
			}
			parts = append(parts, `SELECT id FROM (SELECT id FROM backup_sets WHERE `+where+` ORDER BY id DESC LIMIT ?)`)
			args = append(args, c, p.from, p.before, p.limit)
		}
	}
	return `SELECT id FROM (` + strings.Join(parts, ` UNION ALL `) + `) ORDER BY id DESC LIMIT ?`, append(args, p.limit)
}

// classesOf lists the classes that exist in a scope and fit a filter.
func classesOf(ctx context.Context, q queryer, s scope, f backup.RecordFilter) (fitting []class, every bool, err error) {
	all, err := rows(ctx, q, "backup set", `SELECT class FROM set_counts WHERE instance = ? AND sets > 0`, func(r *sql.Rows) (c class, err error) { return c, r.Scan(&c) }, s.counts)
	fitting = slices.DeleteFunc(slices.Clone(all), func(c class) bool { return !c.fits(f) })
	return fitting, len(fitting) == len(all), err
}

// Records implements backup.Catalogue.
func (d *Catalogue) Records(ctx context.Context, f backup.RecordFilter) ([]backup.Record, error) {
	s, err := scopeOf(ctx, d.read, f)
	if err != nil || s.empty {
		return nil, err
	}
	p := setPage{scope: s, from: idAt(f.From), before: 1<<63 - 1, limit: page(f.Limit)}
	if !f.To.IsZero() {
		p.before = idAt(f.To)
	}
	if f.Before != "" {
		n, err := parseSetID(f.Before)
		if err != nil {
			return nil, err
		}
		p.before = min(p.before, n)
	}
	every := false
	if p.classes, every, err = classesOf(ctx, d.read, s, f); err != nil || len(p.classes) == 0 {
		return nil, err
	}
	query, args := p.query(every)
	return recordsBy(ctx, d.read, query, args...)
}

func recordsBy(ctx context.Context, q queryer, query string, args ...any) ([]backup.Record, error) {
	var ids []int64
	out, err := rows(ctx, q, "backup set", query, func(r *sql.Rows) (backup.Record, error) {
		s, instanceID, database, err := scanSet(r)
		if err != nil {
			return backup.Record{}, err
		}
		ids = append(ids, s.id)
		return s.record(instanceID, database)
	}, args...)
	if err != nil {
		return out, err
	}
	return out, addCopies(ctx, q, out, ids)
}

// outlines reads a page of one database without what windows are not worked
// out of: each column of thousands of rows counts.
func outlines(ctx context.Context, q queryer, p setPage, instanceID, database string) ([]backup.Record, error) {
	ids, args := p.ids()
	return rows(ctx, q, "backup set", `SELECT s.id, s.class, s.started, s.finished, s.valid, s.ahead, s.doc, s.cloud, s.apart, s.bytes, s.gone, s.known
		FROM (`+ids+`) m JOIN backup_sets s ON s.id = m.id ORDER BY s.id DESC`, func(r *sql.Rows) (backup.Record, error) {
		var s setRow
		if err := r.Scan(&s.id, &s.class, &s.started, &s.finished, &s.valid, &s.ahead, &s.doc, &s.cloud, &s.apart, &s.bytes, &s.gone, &s.known); err != nil {
			return backup.Record{}, err
		}
		rec, err := s.record(instanceID, database)
		if rec.Cloud == nil {
			rec.Copies = []backup.Copy{{Size: s.bytes}}
		}
		return rec, err
	}, args...)
}

// addCopies reads the copies of a page of records.
func addCopies(ctx context.Context, q queryer, out []backup.Record, ids []int64) error {
	at := map[int64]int{}
	for i, id := range ids {
		at[id] = i
	}
	for chunk := range slices.Chunk(ids, 500) {
		args := make([]any, len(chunk))
		for i, id := range chunk {
			args[i] = id
		}
		_, err := rows(ctx, q, "backup set", `SELECT set_id, bucket_id, keys, size, at FROM set_copies WHERE set_id IN (?`+strings.Repeat(`,?`, len(chunk)-1)+`)`,
			func(r *sql.Rows) (c backup.Copy, err error) {
				var id, when int64
				var keys string
				if err = r.Scan(&id, &c.BucketID, &keys, &c.Size, &when); err != nil {
					return c, err
				}
				c.At = moment(when)
				err = parse(keys, &c.Keys)
				out[at[id]].Copies = append(out[at[id]].Copies, c)
				return c, err
			}, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

const oneRecord = `SELECT s.id, s.db, s.instance, s.name, s.class, s.key, s.policy_id, s.started, s.finished, s.valid, s.ahead, s.doc, s.cloud, s.apart, s.bytes, s.verified, s.pinned, s.pin_note, s.expires, s.gone, s.seen, s.known,
	p.instance_id, p.database FROM backup_sets s JOIN protections p ON p.n = s.db WHERE `

// Record implements backup.Catalogue.
func (d *Catalogue) Record(ctx context.Context, id string) (backup.Record, error) {
	n, err := parseSetID(id)
	if err != nil {
		return backup.Record{}, err
	}
	return recordOf(ctx, d.read, n)
}

func recordOf(ctx context.Context, q queryer, n int64) (backup.Record, error) {
	found, err := recordsBy(ctx, q, oneRecord+`s.id = ?`, n)
	if err == nil && len(found) == 0 {
		_, err = parseSetID("")
	}
	if err != nil {
		return backup.Record{}, err
	}
	return found[0], nil
}

// Sets implements backup.Catalogue.
func (d *Catalogue) Sets(ctx context.Context, instanceID, database string, limit int) ([]backup.Record, error) {
	return d.setsWith(ctx, instanceID, database, limit, false)
}

// setsWith are the sets of a database with those of its whole instance that hold
// it: a service backs up instances, and restores their databases one by one.
func (d *Catalogue) setsWith(ctx context.Context, instanceID, database string, limit int, outline bool) ([]backup.Record, error) {
	database, err := spelling(ctx, d.read, instanceID, database)
	if err != nil {
		return nil, err
	}
	own, err := setsOf(ctx, d.read, instanceID, database, limit, outline)
	if err != nil || database == "" {
		return own, err
	}
	whole, err := setsOf(ctx, d.read, instanceID, "", limit, outline)
	if err != nil || len(whole) == 0 {
		return own, err
	}
	own = append(own, slices.DeleteFunc(whole, func(r backup.Record) bool { return !holds(&r, database) })...)
	slices.SortStableFunc(own, func(a, b backup.Record) int { return strings.Compare(a.ID, b.ID) })
	if limit > 0 {
		own = own[max(0, len(own)-limit):]
	}
	return own, nil
}

// Outlines implements backup.Catalogue.
func (d *Catalogue) Outlines(ctx context.Context, instanceID, database string, limit int) ([]backup.Record, error) {
	return d.setsWith(ctx, instanceID, database, limit, true)
}

func setsOf(ctx context.Context, q queryer, instanceID, database string, limit int, outline bool) ([]backup.Record, error) {
	type place struct {
		scope
		instanceID, database string
	}
	// The replicas of a group share their sets.
	all, err := rows(ctx, q, "backup set", `SELECT n, instance, instance_id, database FROM protections WHERE instance_id = ?1 AND database = ?2
		UNION SELECT o.n, o.instance, o.instance_id, o.database FROM protections p JOIN protections o ON o.shared = p.shared AND o.shared <> ''
		WHERE p.instance_id = ?1 AND p.database = ?2`, func(r *sql.Rows) (s place, err error) {
		s.column = "db"
		return s, r.Scan(&s.n, &s.counts, &s.instanceID, &s.database)
	}, instanceID, database)
	if err != nil {
		return nil, err
	}
	if limit <= 0 || limit > backup.MaxSets {
		limit = backup.MaxSets
	}
	var out []backup.Record
	for _, at := range all {
		present, _, err := classesOf(ctx, q, at.scope, backup.RecordFilter{})
		if err != nil {
			return nil, err
		}
		present = slices.DeleteFunc(present, func(c class) bool { return c.state() == backup.Removed })
		if len(present) == 0 {
			continue
		}
		p := setPage{scope: at.scope, classes: present, before: 1<<63 - 1, limit: limit}
		var own []backup.Record
		if outline {
			own, err = outlines(ctx, q, p, at.instanceID, at.database)
		} else {
			query, args := p.query(false)
			own, err = recordsBy(ctx, q, query, args...)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, own...)
	}
	if len(all) > 1 {
		slices.SortStableFunc(out, func(a, b backup.Record) int { return strings.Compare(b.ID, a.ID) })
		out = out[:min(limit, len(out))]
	}
	slices.Reverse(out)
	return out, nil
}

// Copies implements backup.Catalogue.
func (d *Catalogue) Copies(ctx context.Context, bucketID, after string, limit int) ([]backup.Record, error) {
	n := int64(-1)
	if after != "" {
		var err error
		if n, err = parseSetID(after); err != nil {
			return nil, err
		}
	}
	return recordsBy(ctx, d.read, oneRecord+`s.id IN (SELECT set_id FROM set_copies WHERE bucket_id = ? AND set_id > ? ORDER BY set_id LIMIT ?) ORDER BY s.id`, bucketID, n, page(limit))
}

// CountRecords implements backup.Catalogue.
func (d *Catalogue) CountRecords(ctx context.Context, f backup.RecordFilter) (sets, bytes int64, err error) {
	f.Database, f.From, f.To = "", time.Time{}, time.Time{}
	s, err := scopeOf(ctx, d.read, f)
	if err != nil || s.empty {
		return 0, 0, err
	}
	_, err = rows(ctx, d.read, "backup set", `SELECT class, sets, bytes FROM set_counts WHERE instance = ?`, func(r *sql.Rows) (c class, err error) {
		var n, b int64
		if err = r.Scan(&c, &n, &b); err == nil && c.fits(f) {
			sets, bytes = sets+n, bytes+b
		}
		return c, err
	}, s.counts)
	return sets, bytes, err
}
