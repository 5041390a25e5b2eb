package sqlite

import (
	"context"
	"database/sql"
	"sync"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

var _ endpoint.Store = (*DB)(nil)

func rows[T any](ctx context.Context, q queryer, what, query string, scan func(*sql.Rows) (T, error), args ...any) (out []T, err error) {
	rs, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, stored(what, err)
	}
	defer rs.Close()
	for rs.Next() {
		v, err := scan(rs)
		if err != nil {
			return nil, stored(what, err)
		}
		out = append(out, v)
	}
	return out, stored(what, rs.Err())
}

// one is rows for a query that finds one thing or none.
func one[T any](ctx context.Context, q queryer, what, query string, scan func(*sql.Rows) (T, error), args ...any) (v T, err error) {
	all, err := rows(ctx, q, what, query, scan, args...)
	if err != nil {
		return v, err
	}
	if len(all) == 0 {
		return v, fault.Newf(fault.NotFound, "This %s does not exist (any more).", what)
	}
	return all[0], nil
}

// more is what a kind asks for beyond the common fields, as it is stored.
func more(m map[string]string) string {
	if len(m) == 0 {
		return "{}"
	}
	return text(m)
}

const accountColumns = `id, name, kind, access_key_id, secret_sealed, region, address, owner_id, more`

func (d *DB) scanAccount(r *sql.Rows) (a endpoint.Account, err error) {
	var sealed, more string
	if err := r.Scan(&a.ID, &a.Name, &a.Kind, &a.AccessKeyID, &sealed, &a.Region, &a.Address, &a.OwnerID, &more); err != nil {
		return a, err
	}
	if err := parse(more, &a.More); err != nil {
		return a, err
	}
	a.Secret, err = d.keys.Open(sealed, "account/"+a.ID)
	return a, err
}

// Accounts implements endpoint.Store.
func (d *DB) Accounts(ctx context.Context) ([]endpoint.Account, error) {
	return rows(ctx, d.read, "account", `SELECT `+accountColumns+` FROM accounts ORDER BY name`, d.scanAccount)
}

// Account implements endpoint.Store.
func (d *DB) Account(ctx context.Context, id string) (endpoint.Account, error) {
	return one(ctx, d.read, "account", `SELECT `+accountColumns+` FROM accounts WHERE id = ?`, d.scanAccount, id)
}

// SaveAccount implements endpoint.Store.
func (d *DB) SaveAccount(ctx context.Context, a endpoint.Account, e audit.Entry) error {
	return d.tx(ctx, "save account", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO accounts (`+accountColumns+`) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)
			ON CONFLICT (id) DO UPDATE SET name=?2, kind=?3, access_key_id=?4, secret_sealed=CASE ?5 WHEN '' THEN secret_sealed ELSE ?5 END, region=?6, address=?7, owner_id=?8, more=?9`,
			a.ID, a.Name, a.Kind, a.AccessKeyID, d.keys.Seal(a.Secret, "account/"+a.ID), a.Region, a.Address, a.OwnerID, more(a.More))
		if err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// RemoveAccount implements endpoint.Store.
func (d *DB) RemoveAccount(ctx context.Context, id string, e audit.Entry) error {
	return d.remove(ctx, "remove account", `DELETE FROM accounts WHERE id = ?`, id, e)
}

func (d *DB) remove(ctx context.Context, what, query, id string, e audit.Entry) error {
	return d.tx(ctx, what, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, query, id)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return sql.ErrNoRows
		}
		return d.record(ctx, tx, e)
	})
}

const bucketColumns = `id, name, kind, coalesce(account_id, ''), region, address, cloud_host, bucket, path, more`

func (d *DB) scanBucket(r *sql.Rows) (b endpoint.Bucket, err error) {
	var more string
	if err = r.Scan(&b.ID, &b.Name, &b.Kind, &b.AccountID, &b.Region, &b.Address, &b.CloudHost, &b.Bucket, &b.Path, &more); err != nil {
		return b, err
	}
	spec, _ := d.kinds.Bucket(b.Kind) // of an unknown kind nothing is known
	b.Service = spec.Service
	return b, parse(more, &b.More)
}

// Buckets implements endpoint.Store.
func (d *DB) Buckets(ctx context.Context) ([]endpoint.Bucket, error) {
	return rows(ctx, d.read, "bucket", `SELECT `+bucketColumns+` FROM buckets ORDER BY name`, d.scanBucket)
}

// Bucket implements endpoint.Store.
func (d *DB) Bucket(ctx context.Context, id string) (endpoint.Bucket, error) {
	return one(ctx, d.read, "bucket", `SELECT `+bucketColumns+` FROM buckets WHERE id = ?`, d.scanBucket, id)
}

// SaveBucket implements endpoint.Store.
func (d *DB) SaveBucket(ctx context.Context, b endpoint.Bucket, e audit.Entry) error {
	return d.tx(ctx, "save bucket", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO buckets (id, name, kind, account_id, region, address, cloud_host, bucket, path, more) VALUES (?1,?2,?3,nullif(?4,''),?5,?6,?7,?8,?9,?10)
			ON CONFLICT (id) DO UPDATE SET name=?2, kind=?3, account_id=nullif(?4,''), region=?5, address=?6, cloud_host=?7, bucket=?8, path=?9, more=?10`,
			b.ID, b.Name, b.Kind, b.AccountID, b.Region, b.Address, b.CloudHost, b.Bucket, b.Path, more(b.More))
		if err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// RemoveBucket implements endpoint.Store.
func (d *DB) RemoveBucket(ctx context.Context, id string, e audit.Entry) error {
	return d.remove(ctx, "remove bucket", `DELETE FROM buckets WHERE id = ?`, id, e)
}

const instanceColumns = `id, name, kind, coalesce(account_id, ''), region, instance_id, host, port, instance_name, login, password_sealed, encrypt, ca_pem, certificate_host, trust, server_folder, coalesce(folder_id, ''), more`

// sealedInstance is a row of instances, its password sealed.
type sealedInstance struct {
	endpoint.Instance
	password string
}

func (d *DB) scanInstance(r *sql.Rows) (i sealedInstance, err error) {
	var more string
	err = r.Scan(&i.ID, &i.Name, &i.Kind, &i.AccountID, &i.Region, &i.InstanceID, &i.Host, &i.Port, &i.InstanceName, &i.Login, &i.password, &i.Encrypt, &i.CAPEM, &i.CertificateHost, &i.Trust, &i.ServerFolder, &i.FolderID, &more)
	if err != nil {
		return i, err
	}
	i.Traits = d.kinds.Traits(i.Kind)
	return i, parse(more, &i.More)
}

func (d *DB) unseal(i sealedInstance) (_ endpoint.Instance, err error) {
	i.Password, err = d.keys.Open(i.password, "instance/"+i.ID)
	return i.Instance, err
}

// roster keeps the rows of all instances: most pages name some, few change
// them, and reading 500 takes longer than the rest of such a page. Passwords
// stay sealed in it.
type roster struct {
	mu      sync.Mutex
	rows    []sealedInstance
	changes int // so far
}

// changed is to be called after a change of instances was written.
func (r *roster) changed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes++
	r.rows = nil
}

// instances are the rows, kept or read. What was read before a change is not
// kept after it.
func (r *roster) instances(read func() ([]sealedInstance, error)) ([]sealedInstance, error) {
	r.mu.Lock()
	rows, changes := r.rows, r.changes
	r.mu.Unlock()
	if rows != nil {
		return rows, nil
	}
	rows, err := read()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && r.changes == changes {
		r.rows = rows
	}
	return rows, err
}

// Instances implements endpoint.Store.
func (d *DB) Instances(ctx context.Context) ([]endpoint.Instance, error) {
	read := func() ([]sealedInstance, error) {
		return rows(ctx, d.read, "instance", `SELECT `+instanceColumns+` FROM instances ORDER BY name`, d.scanInstance)
	}
	var sealed []sealedInstance
	var err error
	if d.lock == nil { // beside another process, whose changes are not told
		sealed, err = read()
	} else {
		sealed, err = d.roster.instances(read)
	}
	if err != nil {
		return nil, err
	}
	out := make([]endpoint.Instance, len(sealed))
	for i, s := range sealed {
		if out[i], err = d.unseal(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Instance implements endpoint.Store.
func (d *DB) Instance(ctx context.Context, id string) (endpoint.Instance, error) {
	i, err := one(ctx, d.read, "instance", `SELECT `+instanceColumns+` FROM instances WHERE id = ?`, d.scanInstance, id)
	if err != nil {
		return endpoint.Instance{}, err
	}
	return d.unseal(i)
}

// SaveInstance implements endpoint.Store.
func (d *DB) SaveInstance(ctx context.Context, i endpoint.Instance, e audit.Entry) error {
	defer d.roster.changed()
	return d.tx(ctx, "save instance", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO instances (id, name, kind, account_id, region, instance_id, host, port, instance_name, login, password_sealed, encrypt, ca_pem, certificate_host, trust, server_folder, folder_id, more)
			VALUES (?1,?2,?3,nullif(?4,''),?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,nullif(?17,''),?18)
			ON CONFLICT (id) DO UPDATE SET name=?2, kind=?3, account_id=nullif(?4,''), region=?5, instance_id=?6, host=?7, port=?8, instance_name=?9, login=?10,
				password_sealed=CASE WHEN ?10 = '' THEN '' WHEN ?11 = '' THEN password_sealed ELSE ?11 END, encrypt=?12, ca_pem=?13, certificate_host=?14, trust=?15, server_folder=?16, folder_id=nullif(?17,''), more=?18`,
			i.ID, i.Name, i.Kind, i.AccountID, i.Region, i.InstanceID, i.Host, i.Port, i.InstanceName, i.Login, d.keys.Seal(i.Password, "instance/"+i.ID),
			i.Encrypt, i.CAPEM, i.CertificateHost, i.Trust, i.ServerFolder, i.FolderID, more(i.More))
		if err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// RemoveInstance implements endpoint.Store.
func (d *DB) RemoveInstance(ctx context.Context, id string, e audit.Entry) error {
	defer d.roster.changed()
	return d.remove(ctx, "remove instance", `DELETE FROM instances WHERE id = ?`, id, e)
}
