package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/bakplane/bakplane/internal/backup"
)

// Replicas implements backup.Catalogue. What is as it was costs no write.
func (d *Catalogue) Replicas(ctx context.Context, instanceID string, databases map[string]*backup.Member) error {
	have, err := rows(ctx, d.read, "database", `SELECT `+protectionColumns+` FROM protections WHERE instance_id = ?`, scanProtection, instanceID)
	if err != nil {
		return err
	}
	var changed []protectionRow
	for _, p := range have {
		m, told := databases[p.Database]
		group, primary := seat(m)
		if told && (p.shared != m.Key() || p.Group != group || p.primaryHere != primary) {
			changed = append(changed, p)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return d.tx(ctx, "note replicas", func(tx *sql.Tx) error {
		w := newSetWriter(ctx, tx, d.Now())
		for _, p := range changed {
			m := databases[p.Database]
			// Those it shared with are judged anew too.
			if err := w.touchShared(p.shared); err != nil {
				return err
			}
			key := m.Key()
			group, primary := seat(m)
			if primary {
				// What another replica said of itself before the failover is old.
				if _, err := tx.ExecContext(ctx, `UPDATE protections SET primary_here = 0 WHERE shared = ? AND shared <> ''`, key); err != nil {
					return err
				}
			}
			if _, err := tx.ExecContext(ctx, `UPDATE protections SET shared = ?, group_name = ?, primary_here = ?, replicas = '' WHERE n = ?`, key, group, primary, p.n); err != nil {
				return err
			}
			w.touched[[2]string{instanceID, p.Database}] = true
		}
		return w.protect()
	})
}

// seat is the group of a database that shares its backups with other replicas,
// and whether this is its primary.
func seat(m *backup.Member) (group string, primary bool) {
	if m.Key() == "" {
		return "", false
	}
	return m.Group, m.Role == backup.Primary
}

// touchShared touches every database of a key.
func (w *setWriter) touchShared(key string) error {
	all, err := w.sharing(key)
	for _, o := range all {
		w.touched[[2]string{o.InstanceID, o.Database}] = true
	}
	return err
}

// sharing lists the rows of a key.
func (w *setWriter) sharing(key string) ([]protectionRow, error) {
	if key == "" {
		return nil, nil
	}
	return rows(w.ctx, w.tx, "database", `SELECT `+protectionColumns+` FROM protections WHERE shared = ? AND shared <> '' ORDER BY instance_id`, scanProtection, key)
}

// withShared touches what shares sets with a database that is touched.
func (w *setWriter) withShared() error {
	keys := map[string]bool{}
	for t := range w.touched {
		var key string
		err := w.tx.QueryRowContext(w.ctx, `SELECT shared FROM protections WHERE instance_id = ? AND database = ?`, t[0], t[1]).Scan(&key)
		if err != nil && err != sql.ErrNoRows {
			return fmt.Errorf("look for replicas: %w", err)
		}
		if key != "" {
			keys[key] = true
		}
	}
	for key := range keys {
		if err := w.touchShared(key); err != nil {
			return err
		}
	}
	return nil
}

// place tells which instances share a database, and whether this row is the one
// that is shown: the primary's, else the first.
func (w *setWriter) place(p protectionRow) (replicas []string, shown bool, err error) {
	all, err := w.sharing(p.shared)
	if err != nil || len(all) == 0 {
		return nil, true, err
	}
	all = slices.DeleteFunc(all, func(o protectionRow) bool { return !o.Dropped.IsZero() })
	leader := ""
	for _, o := range all {
		replicas = append(replicas, o.InstanceID)
		if leader == "" || o.primaryHere {
			leader = o.InstanceID
		}
	}
	return replicas, leader == p.InstanceID, nil
}
