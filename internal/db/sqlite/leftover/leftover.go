// Package leftover keeps of which databases each policy has sets, and which of
// those no rule takes further backups of. The counts follow the rows of the
// catalogue by triggers: no list walks all sets.
package leftover

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/db/sqlite/packed"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
)

// Owned works on one database.
type Owned struct {
	Read  *sql.DB
	Write func(ctx context.Context, what string, f func(*sql.Tx) error) error // one transaction
}

var _ backupjob.LeftoverStore = (*Owned)(nil)

// place parts the id of a row, which is its policy and the number of its
// database.
func place(id string) (policyID string, db int64, err error) {
	if id == "" {
		return "", 0, nil
	}
	policyID, n, ok := strings.Cut(id, ".")
	if db, err = strconv.ParseInt(n, 10, 64); err != nil || !ok || policyID == "" {
		return "", 0, fault.New(fault.NotFound, "There is no such database among the left-over backups.", "See the list.")
	}
	return policyID, db, nil
}

// Owned implements backupjob.LeftoverStore.
func (o *Owned) Owned(ctx context.Context, after string, limit int) ([]backupjob.Owned, error) {
	policyID, db, err := place(after)
	if err != nil {
		return nil, err
	}
	rows, err := o.Read.QueryContext(ctx, `SELECT o.policy_id, o.db, o.sets, o.reason, o.content, p.instance_id, p.database, p.collation, p.replicas, p.dropped, p.family
		FROM owned_sets o JOIN protections p ON p.n = o.db WHERE (o.policy_id, o.db) > (?, ?) ORDER BY o.policy_id, o.db LIMIT ?`, policyID, db, limit)
	if err != nil {
		return nil, fmt.Errorf("read what policies have: %w", err)
	}
	defer rows.Close()
	var out []backupjob.Owned
	for rows.Next() {
		var w backupjob.Owned
		var n, dropped int64
		var reason, content, replicas string
		var family []byte
		if err := rows.Scan(&w.PolicyID, &n, &w.Sets, &reason, &content, &w.Is.InstanceID, &w.Is.Database, &w.Is.Collation, &replicas, &dropped, &family); err != nil {
			return nil, fmt.Errorf("read what policies have: %w", err)
		}
		w.ID, w.Was = w.PolicyID+"."+strconv.FormatInt(n, 10), policy.Leftover(reason)
		w.Is.Replicas, w.Is.Dropped = strings.Fields(replicas), packed.Moment(dropped)
		copy(w.Is.Family[:], family)
		if json.Unmarshal([]byte(content), &w.Found) != nil {
			w.Found = backupjob.Found{} // of another version: it is judged anew
		}
		out = append(out, w)
	}
	return out, rows.Err()
}

// Relative implements backupjob.LeftoverStore.
func (o *Owned) Relative(ctx context.Context, family backup.GUID, instanceID, database string) (*policy.Family, error) {
	if family == (backup.GUID{}) {
		return nil, nil
	}
	var f policy.Family
	err := o.Read.QueryRowContext(ctx, `SELECT p.instance_id, i.name, p.database FROM protections p JOIN instances i ON i.id = p.instance_id
		WHERE p.family = ? AND p.dropped = 0 AND NOT (p.instance_id = ? AND p.database = ?) LIMIT 1`, family[:], instanceID, database).Scan(&f.InstanceID, &f.Server, &f.Database)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for a database of the same family: %w", err)
	}
	return &f, nil
}

// Judge implements backupjob.LeftoverStore.
func (o *Owned) Judge(ctx context.Context, all []backupjob.Leftover) error {
	if len(all) == 0 {
		return nil
	}
	return o.Write(ctx, "note which backups no rule wants", func(tx *sql.Tx) error {
		for _, l := range all {
			policyID, db, err := place(l.ID)
			if err != nil {
				return err
			}
			content, err := json.Marshal(l.Found)
			if err != nil {
				return fmt.Errorf("write why backups are left over: %w", err)
			}
			if _, err := tx.ExecContext(ctx, `UPDATE owned_sets SET reason=?, judged=?, content=? WHERE policy_id=? AND db=?`, string(l.Reason), packed.Micros(l.Judged), string(content), policyID, db); err != nil {
				return err
			}
		}
		return nil
	})
}

const columns = `SELECT o.policy_id, o.db, o.sets, o.reason, o.judged, o.content, p.instance_id, p.database FROM owned_sets o JOIN protections p ON p.n = o.db `

func scan(row interface{ Scan(...any) error }) (l backupjob.Leftover, err error) {
	var n, judged int64
	var reason, content string
	if err := row.Scan(&l.PolicyID, &n, &l.Sets, &reason, &judged, &content, &l.InstanceID, &l.Database); err != nil {
		return l, err
	}
	l.ID, l.Reason, l.Judged = l.PolicyID+"."+strconv.FormatInt(n, 10), policy.Leftover(reason), packed.Moment(judged)
	return l, json.Unmarshal([]byte(content), &l.Found)
}

// Leftovers implements backupjob.LeftoverStore.
func (o *Owned) Leftovers(ctx context.Context, after string, limit int) ([]backupjob.Leftover, error) {
	policyID, db, err := place(after)
	if err != nil {
		return nil, err
	}
	rows, err := o.Read.QueryContext(ctx, columns+`WHERE o.reason <> '' AND (o.policy_id, o.db) > (?, ?) ORDER BY o.policy_id, o.db LIMIT ?`, policyID, db, limit)
	if err != nil {
		return nil, fmt.Errorf("read left-over backups: %w", err)
	}
	defer rows.Close()
	var out []backupjob.Leftover
	for rows.Next() {
		l, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read left-over backups: %w", err)
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// Leftover implements backupjob.LeftoverStore.
func (o *Owned) Leftover(ctx context.Context, id string) (backupjob.Leftover, error) {
	policyID, db, err := place(id)
	if err != nil {
		return backupjob.Leftover{}, err
	}
	l, err := scan(o.Read.QueryRowContext(ctx, columns+`WHERE o.policy_id = ? AND o.db = ?`, policyID, db))
	if errors.Is(err, sql.ErrNoRows) {
		return l, fault.New(fault.NotFound, "No backups of that database are left of that policy.", "See the list.")
	}
	if err != nil {
		return l, fmt.Errorf("read left-over backups: %w", err)
	}
	return l, nil
}
