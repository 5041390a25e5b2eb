package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
)

var _ policy.Store = (*Policies)(nil)

// Policies keeps our own policies, and versions of the cloud's.
type Policies struct{ *DB }

// Policies gives the part of the store that keeps policies.
func (d *DB) Policies() *Policies { return &Policies{d} }

const policyColumns = `id, name, enabled, version, changed, content`

func scanPolicy(r *sql.Rows) (p policy.Policy, err error) {
	var id, name, content string
	var enabled bool
	var version int
	var changed int64
	if err := r.Scan(&id, &name, &enabled, &version, &changed, &content); err != nil {
		return p, err
	}
	err = parse(content, &p)
	p.ID, p.Name, p.Enabled, p.Version, p.Changed = id, name, enabled, version, moment(changed)
	return p, err
}

// Policies implements policy.Store.
func (d *Policies) Policies(ctx context.Context) ([]policy.Policy, error) {
	return rows(ctx, d.read, "policy", `SELECT `+policyColumns+` FROM policies WHERE removed = 0 ORDER BY folded`, scanPolicy)
}

// Policy implements policy.Store.
func (d *Policies) Policy(ctx context.Context, id string) (policy.Policy, error) {
	return one(ctx, d.read, "policy", `SELECT `+policyColumns+` FROM policies WHERE id = ? AND removed = 0`, scanPolicy, id)
}

// Last implements backupjob.LastPolicies.
func (d *Policies) Last(ctx context.Context, id string) (p policy.Policy, removed bool, err error) {
	p, err = one(ctx, d.read, "policy", `SELECT `+policyColumns+` FROM policies WHERE id = ?`, scanPolicy, id)
	if err == nil {
		err = d.read.QueryRowContext(ctx, `SELECT removed > 0 FROM policies WHERE id = ?`, id).Scan(&removed)
	}
	return p, removed, err
}

// Since implements policy.Store.
func (d *Policies) Since(ctx context.Context, revision int64) (changed []policy.Policy, newest int64, err error) {
	newest = revision
	changed, err = rows(ctx, d.read, "policy", `SELECT `+policyColumns+`, revision FROM policies WHERE revision > ? ORDER BY revision`,
		func(r *sql.Rows) (p policy.Policy, err error) {
			var id, name, content string
			var enabled bool
			var version int
			var at int64
			if err = r.Scan(&id, &name, &enabled, &version, &at, &content, &newest); err != nil {
				return p, err
			}
			err = parse(content, &p)
			p.ID, p.Name, p.Enabled, p.Version, p.Changed = id, name, enabled, version, moment(at)
			return p, err
		}, revision)
	return changed, newest, err
}

const nextRevision = `(SELECT coalesce(max(revision), 0) + 1 FROM policies)`

// Save implements policy.Store.
func (d *Policies) Save(ctx context.Context, p policy.Policy, note string, e audit.Entry) (policy.Policy, error) {
	read := p.Version
	p.Version, p.Changed = read+1, e.At
	err := d.tx(ctx, "save policy "+p.Name, func(tx *sql.Tx) error {
		if read == 0 {
			_, err := tx.ExecContext(ctx, `INSERT INTO policies (id, name, folded, enabled, version, changed, revision, bucket_id, content) VALUES (?,?,?,?,1,?,`+nextRevision+`,nullif(?,''),?)`,
				p.ID, p.Name, strings.ToLower(p.Name), p.Enabled, micros(p.Changed), p.BucketID, text(p))
			if err != nil {
				return err
			}
		} else if err := replacePolicy(ctx, tx, p, read); err != nil {
			return err
		}
		for _, server := range p.Servers {
			if _, err := tx.ExecContext(ctx, `INSERT INTO policy_servers (policy_id, instance_id) VALUES (?,?)`, p.ID, server); err != nil {
				return err
			}
		}
		v := policy.Version{Subject: "policy/" + p.ID, Number: p.Version, At: p.Changed, Actor: e.Actor.Name, Via: e.Actor.Via, Note: note, Content: []byte(text(p))}
		if err := insertVersion(ctx, tx, v); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
	return p, err
}

func replacePolicy(ctx context.Context, tx *sql.Tx, p policy.Policy, read int) error {
	res, err := tx.ExecContext(ctx, `UPDATE policies SET name=?, folded=?, enabled=?, version=?, changed=?, revision=`+nextRevision+`, bucket_id=nullif(?,''), content=? WHERE id=? AND version=? AND removed=0`,
		p.Name, strings.ToLower(p.Name), p.Enabled, p.Version, micros(p.Changed), p.BucketID, text(p), p.ID, read)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		var version int
		if err := tx.QueryRowContext(ctx, `SELECT version FROM policies WHERE id=? AND removed=0`, p.ID).Scan(&version); err != nil {
			return err
		}
		return fault.Newf(fault.Conflict, "The policy was changed meanwhile: it is at version %d, and this change was made to version %d.", version, read).
			WithFix("Look at the newest version, then change it again.")
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM policy_servers WHERE policy_id=?`, p.ID)
	return err
}

// Remove implements policy.Store.
func (d *Policies) Remove(ctx context.Context, id string, e audit.Entry) error {
	return d.tx(ctx, "remove policy", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE policies SET enabled=0, removed=?, revision=`+nextRevision+`, bucket_id=NULL WHERE id=? AND removed=0`, micros(e.At), id)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return sql.ErrNoRows
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM policy_servers WHERE policy_id=?`, id); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

const versionColumns = `subject, number, at, actor, via, note, content`

func scanVersion(r *sql.Rows) (v policy.Version, err error) {
	var at int64
	err = r.Scan(&v.Subject, &v.Number, &at, &v.Actor, &v.Via, &v.Note, &v.Content)
	v.At = moment(at)
	return v, err
}

func insertVersion(ctx context.Context, tx *sql.Tx, v policy.Version) error {
	if !json.Valid(v.Content) {
		return errors.New("the version's content is not JSON")
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO policy_versions (`+versionColumns+`) VALUES (?,?,?,?,?,?,?)`, v.Subject, v.Number, micros(v.At), v.Actor, v.Via, v.Note, string(v.Content))
	return err
}

// Versions implements policy.Store.
func (d *Policies) Versions(ctx context.Context, subject string, limit int) ([]policy.Version, error) {
	return rows(ctx, d.read, "version", `SELECT `+versionColumns+` FROM policy_versions WHERE subject = ? ORDER BY number DESC LIMIT ?`, scanVersion, subject, page(limit))
}

// Version implements policy.Store.
func (d *Policies) Version(ctx context.Context, subject string, number int) (policy.Version, error) {
	return one(ctx, d.read, fmt.Sprintf("version %d", number), `SELECT `+versionColumns+` FROM policy_versions WHERE subject = ? AND number = ?`, scanVersion, subject, number)
}

// AddVersion implements policy.Store.
func (d *Policies) AddVersion(ctx context.Context, v policy.Version, e *audit.Entry) error {
	return d.tx(ctx, "note version of "+v.Subject, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(number), 0) + 1 FROM policy_versions WHERE subject = ?`, v.Subject).Scan(&v.Number); err != nil {
			return err
		}
		if err := insertVersion(ctx, tx, v); err != nil {
			return err
		}
		if e == nil {
			return nil
		}
		return d.record(ctx, tx, *e)
	})
}
