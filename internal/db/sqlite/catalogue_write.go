package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// setWriter writes sets inside one transaction and remembers whose protection
// they change.
type setWriter struct {
	ctx     context.Context // lives as long as one transaction
	tx      *sql.Tx
	now     time.Time
	touched map[[2]string]bool // instance and database
	numbers map[string]int64   // of instances and names
}

func newSetWriter(ctx context.Context, tx *sql.Tx, now time.Time) *setWriter {
	return &setWriter{ctx: ctx, tx: tx, now: now.UTC(), touched: map[[2]string]bool{}, numbers: map[string]int64{}}
}

// number finds or makes the number of an instance or a name.
func (w *setWriter) number(table, column, value string) (n int64, err error) {
	id := table + "\x00" + value
	if n, ok := w.numbers[id]; ok {
		return n, nil
	}
	err = w.tx.QueryRowContext(w.ctx, `SELECT n FROM `+table+` WHERE `+column+` = ?`, value).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		var res sql.Result
		if res, err = w.tx.ExecContext(w.ctx, `INSERT INTO `+table+` (`+column+`) VALUES (?)`, value); err == nil {
			n, err = res.LastInsertId()
		}
	}
	if err == nil {
		w.numbers[id] = n
	}
	return n, err
}

func (w *setWriter) instance(id string) (int64, error) {
	return w.number("catalogue_instances", "instance_id", id)
}

func (w *setWriter) name(name string) (int64, error) {
	return w.number("catalogue_names", "name", name)
}

// database finds or makes the row of a database.
func (w *setWriter) database(instanceID, database string) (protectionRow, error) {
	database, err := spelling(w.ctx, w.tx, instanceID, database)
	if err != nil {
		return protectionRow{}, err
	}
	p, err := one(w.ctx, w.tx, "database", `SELECT `+protectionColumns+` FROM protections WHERE instance_id = ? AND database = ?`, scanProtection, instanceID, database)
	if err == nil {
		return p, nil
	}
	p = protectionRow{shown: true}
	p.InstanceID, p.Database = instanceID, database
	by, err := collationOf(w.ctx, w.tx, instanceID)
	if err != nil {
		return p, err
	}
	p.Collation, p.folded = by, by.Key(database)
	if p.instance, err = w.instance(instanceID); err != nil {
		return p, err
	}
	if p.name, err = w.name(database); err != nil {
		return p, err
	}
	if err := saveProtection(w.ctx, w.tx, nil, p); err != nil {
		return p, err
	}
	w.touched[[2]string{instanceID, database}] = true
	if _, err := one(w.ctx, w.tx, "database", `SELECT `+protectionColumns+` FROM protections WHERE instance_id = ? AND database = ''`, scanProtection, instanceID); err == nil {
		w.touched[[2]string{instanceID, ""}] = true // it gives way to the databases
	}
	return one(w.ctx, w.tx, "database", `SELECT `+protectionColumns+` FROM protections WHERE instance_id = ? AND database = ?`, scanProtection, instanceID, database)
}

// put writes a record over the one that is known, or a new one.
func (w *setWriter) put(known *backup.Record, r backup.Record) error {
	p, err := w.database(r.InstanceID, r.Database)
	if err != nil {
		return err
	}
	r.Database = p.Database
	row, err := rowOf(&r)
	if err != nil {
		return err
	}
	row.db, row.instance, row.name = p.n, p.instance, p.name
	w.touched[[2]string{r.InstanceID, r.Database}] = true
	if known != nil {
		err = w.replace(known, &row)
	} else {
		row.known = micros(w.now)
		row.id = newSetID(r.Finished(), r.InstanceID, row.key)
		err = w.insert(&row)
	}
	if err != nil {
		return err
	}
	return w.copies(row.id, r.Copies)
}

// insert takes the next free number when another set has this one.
func (w *setWriter) insert(row *setRow) error {
	for {
		res, err := w.tx.ExecContext(w.ctx, `INSERT INTO backup_sets (`+recordColumns+`) VALUES (?`+strings.Repeat(`,?`, len(row.values())-1)+`) ON CONFLICT (id) DO NOTHING`, row.values()...)
		if err != nil {
			return fmt.Errorf("write backup set: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return errors.Join(err, w.count(row.instance, row.class, 1, row.bytes))
		}
		row.id++
	}
}

func (w *setWriter) replace(known *backup.Record, row *setRow) error {
	id, err := parseSetID(known.ID)
	if err != nil {
		return err
	}
	was, err := rowOf(known)
	if err != nil {
		return err
	}
	if was.instance, err = w.instance(known.InstanceID); err != nil {
		return err
	}
	w.touched[[2]string{known.InstanceID, known.Database}] = true
	row.id, row.key = id, was.key
	_, err = w.tx.ExecContext(w.ctx, `UPDATE backup_sets SET db=?2, instance=?3, name=?4, class=?5, key=?6, policy_id=?7, started=?8, finished=?9, valid=?10, ahead=?11, doc=?12, cloud=?13, apart=?14, bytes=?15,
		verified=?16, pinned=?17, pin_note=?18, expires=?19, gone=?20, seen=?21, known=?22 WHERE id=?1`, row.values()...)
	if err != nil {
		return fmt.Errorf("change backup set: %w", err)
	}
	return errors.Join(w.count(was.instance, was.class, -1, -was.bytes), w.count(row.instance, row.class, 1, row.bytes))
}

// count keeps the numbers of sets by instance and class, and of all.
func (w *setWriter) count(instance int64, c class, sets, bytes int64) error {
	return errors.Join(w.add(0, c, sets, bytes), w.add(instance, c, sets, bytes))
}

func (w *setWriter) add(instance int64, c class, sets, bytes int64) error {
	_, err := w.tx.ExecContext(w.ctx, `INSERT INTO set_counts (instance, class, sets, bytes) VALUES (?1,?2,?3,?4) ON CONFLICT DO UPDATE SET sets = sets + ?3, bytes = bytes + ?4`, instance, c, sets, bytes)
	if err != nil {
		return fmt.Errorf("count backup sets: %w", err)
	}
	return nil
}

func (w *setWriter) copies(id int64, copies []backup.Copy) error {
	if _, err := w.tx.ExecContext(w.ctx, `DELETE FROM set_copies WHERE set_id = ?`, id); err != nil {
		return err
	}
	for _, c := range copies {
		if _, err := w.tx.ExecContext(w.ctx, `INSERT INTO set_copies (set_id, bucket_id, keys, size, at) VALUES (?,?,?,?,?)`, id, c.BucketID, list(c.Keys), c.Size, micros(c.At)); err != nil {
			return fmt.Errorf("write copy of a backup set: %w", err)
		}
	}
	return nil
}

// protect judges every database anew whose sets were touched. Sets of a whole
// instance count for each of its databases.
func (w *setWriter) protect() error {
	if err := w.withShared(); err != nil {
		return err
	}
	instances := map[string]map[string]bool{}
	for t := range w.touched {
		if instances[t[0]] == nil {
			instances[t[0]] = map[string]bool{}
		}
		instances[t[0]][t[1]] = true
	}
	for _, instanceID := range slices.Sorted(maps.Keys(instances)) {
		if err := w.protectInstance(instanceID, instances[instanceID]); err != nil {
			return err
		}
	}
	clear(w.touched)
	return nil
}

func (w *setWriter) protectInstance(instanceID string, databases map[string]bool) error {
	var shared []backup.Record
	whole, err := one(w.ctx, w.tx, "database", `SELECT `+protectionColumns+` FROM protections WHERE instance_id = ? AND database = ''`, scanProtection, instanceID)
	has := err == nil
	if has || databases[""] {
		if shared, err = setsOf(w.ctx, w.tx, instanceID, "", 0, true); err != nil {
			return err
		}
		all, err := rows(w.ctx, w.tx, "database", `SELECT database FROM protections WHERE instance_id = ?`, func(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) }, instanceID)
		if err != nil {
			return err
		}
		if databases[""] {
			for _, name := range all {
				databases[name] = true
			}
		}
	}
	// Databases without sets of their own all have the same answer.
	common := backup.Protect(shared, backup.Exempt{}, backup.Promise{}, w.now)
	names := slices.Sorted(maps.Keys(databases))
	slices.Reverse(names) // the whole instance last, when its databases are there
	for _, name := range names {
		p, err := w.database(instanceID, name)
		if err != nil {
			return err
		}
		old := p
		own, found := shared, common
		if name != "" {
			if own, err = setsOf(w.ctx, w.tx, instanceID, name, 0, true); err != nil {
				return err
			}
			with := slices.DeleteFunc(slices.Clone(shared), func(r backup.Record) bool { return !holds(&r, name) })
			if len(own) > 0 || len(with) < len(shared) || !p.Held.To.IsZero() {
				found = backup.Protect(append(own, with...), p.Exempt, backup.Promise{}, w.now)
			}
		}
		if p.inherited || has && name != "" && p.Promise == (backup.Promise{InstanceID: instanceID, Database: name}) {
			p.inherited = true
			p.PolicyID, p.Objective, p.Slack, p.Since, p.Due = whole.PolicyID, whole.Objective, whole.Slack, whole.Since, whole.Due
		}
		dropped, exempt, group := p.Dropped, p.Exempt, p.Group
		p.Protection = found.Promised(p.Promise, w.now)
		p.Dropped, p.Exempt, p.Group = dropped, exempt, group
		leads := true
		if p.Replicas, leads, err = w.place(p); err != nil {
			return err
		}
		p.shown = dropped.IsZero() && leads && (name != "" || !w.hasDatabases(instanceID))
		if err := saveProtection(w.ctx, w.tx, &old, p); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether a set of a whole instance has a database; where the
// service does not tell, it has all.
func holds(r *backup.Record, database string) bool {
	return r.Cloud == nil || len(r.Cloud.Databases) == 0 || slices.Contains(r.Cloud.Databases, database)
}

// hasDatabases reports whether databases of an instance are known by name.
func (w *setWriter) hasDatabases(instanceID string) bool {
	var one int
	err := w.tx.QueryRowContext(w.ctx, `SELECT 1 FROM protections WHERE instance_id = ? AND database > '' LIMIT 1`, instanceID).Scan(&one)
	return err == nil
}

// promise writes what is promised; the backups need not be looked at again.
func (w *setWriter) promise(promise backup.Promise) error {
	p, err := w.database(promise.InstanceID, promise.Database)
	if err != nil {
		return err
	}
	old := p
	p.Protection = keepDropped(p.Promised(promise, w.now), old.Dropped)
	p.inherited = false
	if err := saveProtection(w.ctx, w.tx, &old, p); err != nil || promise.Database != "" {
		return err
	}
	heirs, err := rows(w.ctx, w.tx, "database", `SELECT `+protectionColumns+` FROM protections WHERE instance_id = ? AND database > ''`, scanProtection, promise.InstanceID)
	if err != nil {
		return err
	}
	for _, h := range heirs {
		if !h.inherited && h.Promise != (backup.Promise{InstanceID: h.InstanceID, Database: h.Database}) {
			continue
		}
		old := h
		own := promise
		own.Database = h.Database
		h.Protection, h.inherited = keepDropped(h.Promised(own, w.now), old.Dropped), true
		if err := saveProtection(w.ctx, w.tx, &old, h); err != nil {
			return err
		}
	}
	return nil
}

func keepDropped(p backup.Protection, at time.Time) backup.Protection {
	p.Dropped = at
	return p
}
