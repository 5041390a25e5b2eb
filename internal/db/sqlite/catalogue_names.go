package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/bakplane/bakplane/internal/tsql"
)

// spelling is how the catalogue spells a database of an instance, whichever of
// the spellings that its server takes for one name is asked for; unknown ones
// stay as they are.
func spelling(ctx context.Context, q queryer, instanceID, database string) (string, error) {
	text := func(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) }
	found, err := rows(ctx, q, "database", `SELECT database FROM protections WHERE instance_id = ? AND database = ?`, text, instanceID, database)
	if err != nil || len(found) > 0 || database == "" {
		return database, err
	}
	by, err := collationOf(ctx, q, instanceID)
	if err != nil {
		return database, err
	}
	found, err = rows(ctx, q, "database", `SELECT database FROM protections WHERE instance_id = ? AND folded = ? LIMIT 1`, text, instanceID, by.Key(database))
	return append(found, database)[0], err
}

// collationOf is how an instance compares names; empty where it was not told.
func collationOf(ctx context.Context, q queryer, instanceID string) (tsql.Collation, error) {
	found, err := rows(ctx, q, "instance", `SELECT collation FROM catalogue_instances WHERE instance_id = ?`, func(r *sql.Rows) (c tsql.Collation, err error) { return c, r.Scan(&c) }, instanceID)
	return append(found, "")[0], err
}

// respell has the databases of an instance spelled as its server does and told
// apart as it tells them, and reports whether any was not. What jobs or files
// spelled otherwise joins the database it is.
func (d *Catalogue) respell(ctx context.Context, instanceID string, have []protectionRow, names []string, by tsql.Collation) (changed bool, err error) {
	was, err := collationOf(ctx, d.read, instanceID)
	if err != nil {
		return false, err
	}
	spelled, kept := map[string]string{}, map[string]protectionRow{}
	for _, n := range names {
		spelled[by.Key(n)] = n
	}
	changed = was != by
	for _, p := range have {
		key := by.Key(p.Database)
		_, twice := kept[key]
		kept[key] = p
		changed = changed || twice || p.folded != key || cmp.Or(spelled[key], p.Database) != p.Database
	}
	if !changed {
		return false, nil
	}
	// The row that is spelled as the server does stays, else one that it has.
	rank := func(p protectionRow) int {
		return 2*bit(!slices.Contains(names, p.Database)) + bit(!p.Dropped.IsZero())
	}
	slices.SortStableFunc(have, func(a, b protectionRow) int { return cmp.Compare(rank(a), rank(b)) })
	clear(kept)
	return true, d.tx(ctx, "write how databases are spelled", func(tx *sql.Tx) error {
		w := newSetWriter(ctx, tx, d.Now())
		if _, err := w.instance(instanceID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE catalogue_instances SET collation = ? WHERE instance_id = ?`, by, instanceID); err != nil {
			return err
		}
		for _, p := range have {
			key := by.Key(p.Database)
			into, twice := kept[key]
			if !twice {
				into = p
				if into.Database = cmp.Or(spelled[key], p.Database); into.Database != p.Database {
					if into.name, err = w.name(into.Database); err != nil {
						return err
					}
				}
				kept[key] = into
			}
			if err := w.join(p, into, key); err != nil {
				return err
			}
		}
		return w.protect()
	})
}

// join gives the sets and waivers of one row to another, or that row another
// spelling.
func (w *setWriter) join(p, into protectionRow, key string) error {
	if p.n != into.n {
		hidden := p
		hidden.shown = false // the tally lets go of it
		if err := saveProtection(w.ctx, w.tx, &p, hidden); err != nil {
			return err
		}
	}
	if p.Database != into.Database {
		w.touched[[2]string{into.InstanceID, into.Database}] = true
	}
	run := func(query string, args ...any) (err error) {
		_, err = w.tx.ExecContext(w.ctx, query, args...)
		return err
	}
	return errors.Join(w.touchShared(p.shared),
		run(`UPDATE backup_sets SET db = ?1, name = ?2 WHERE db = ?3 AND (?1 <> ?3 OR name <> ?2)`, into.n, into.name, p.n),
		run(`UPDATE OR IGNORE waivers SET database = ?1 WHERE instance_id = ?2 AND database = ?3`, into.Database, p.InstanceID, p.Database),
		run(`DELETE FROM waivers WHERE instance_id = ?2 AND database = ?3 AND ?1 <> ?3`, into.Database, p.InstanceID, p.Database),
		run(`DELETE FROM protections WHERE n = ?1 AND n <> ?2`, p.n, into.n),
		run(`UPDATE protections SET database = ?, name = ?, folded = ? WHERE n = ?`, into.Database, into.name, key, into.n))
}
