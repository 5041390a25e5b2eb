package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
)

// What is sealed for the database itself, by the names it is sealed under.
const (
	canaryRecord = "house/canary"
	canaryText   = "This database and this key belong together."
	headRecord   = "house/head"
)

func auditKeyRecord(seq int64) string { return fmt.Sprintf("audit-key/%d", seq) }

// Keys reads the key of a data folder. Only where there is no database yet a
// missing one is made. A change of keys that was interrupted is taken to its
// end: of the two keys the one that opens the database stays. While another
// process has the folder its files are left alone.
func Keys(ctx context.Context, folder string) (*secret.Keyring, error) {
	path := filepath.Join(folder, "bakplane.key")
	if _, err := os.Stat(filepath.Join(folder, "bakplane.db")); errors.Is(err, fs.ErrNotExist) {
		return secret.OpenKeyring(path)
	}
	fresh, err := secret.ReadKeyring(path + ".new")
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) { // none, or half of one that nothing was sealed with
		return secret.ReadKeyring(path)
	}
	if err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(folder, "bakplane.lock"))
	alone, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if alone {
		defer func() { _ = lock.Unlock() }()
	}
	unfit := opensFolder(ctx, folder, fresh)
	if unfit == nil {
		if alone {
			err = errors.Join(os.Rename(path+".new", path), syncFolder(folder))
		}
		return fresh, err
	}
	keys, err := secret.ReadKeyring(path)
	if err == nil {
		err = opensFolder(ctx, folder, keys)
	}
	if err != nil {
		return nil, errors.Join(err, unfit) // neither does: both stay
	}
	if alone {
		err = os.Remove(path + ".new")
	}
	return keys, err
}

// opensFolder reports whether a key is that of a folder's database.
func opensFolder(ctx context.Context, folder string, keys *secret.Keyring) error {
	d, err := Inspect(ctx, folder, keys, nil)
	if err != nil {
		return err
	}
	return d.Close()
}

// fits has the database know its key, or refuses another one: with it entries
// would be sealed that the right one does not know, and the chain would be broken
// for ever.
func (d *DB) fits(ctx context.Context) error {
	var canary string
	err := d.write.QueryRowContext(ctx, `SELECT canary FROM house`).Scan(&canary)
	if errors.Is(err, sql.ErrNoRows) {
		if err := d.fitsOlder(ctx, d.write); err != nil {
			return err
		}
		return d.introduce(ctx)
	}
	if err != nil {
		return fmt.Errorf("read key's mark: %w", err)
	}
	if err := d.opens(canary); err != nil {
		return err
	}
	return d.loadChain(ctx, d.write)
}

// opens reports whether the key opens the mark.
func (d *DB) opens(canary string) error {
	if text, err := d.keys.Open(canary, canaryRecord); err != nil || text.Reveal() != canaryText {
		return d.foreignKey(err)
	}
	return nil
}

func (d *DB) foreignKey(why error) error {
	return fault.Newf(fault.Conflict, "The key file does not belong to this database: it holds key %s.", d.keys.ID()).
		WithFix("Put the bakplane.key of this data folder back beside the database. With another one stored credentials cannot be opened and the audit trail would be damaged.").Because(why)
}

// fitsOlder judges the key of a database from before it knew its key, by what
// was sealed with it.
func (d *DB) fitsOlder(ctx context.Context, q queryer) error {
	all, err := rows(ctx, q, "audit entry", `SELECT `+auditColumns+` FROM audit ORDER BY seq DESC LIMIT 1`, scanEntry)
	if err != nil {
		return err
	}
	for _, e := range all {
		if d.chain.Seal(e, e.Seq, e.Prev).Hash != e.Hash {
			return d.foreignKey(nil)
		}
	}
	return nil
}

// introduce writes down which key this is.
func (d *DB) introduce(ctx context.Context) error {
	return d.silently(ctx, "note the key", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO house (one, canary) VALUES (1, ?)`, d.keys.Seal(secret.NewText(canaryText), canaryRecord)); err != nil {
			return err
		}
		return d.addAuditKey(ctx, tx, d.keys, 1)
	})
}

func (d *DB) addAuditKey(ctx context.Context, tx *sql.Tx, keys *secret.Keyring, seq int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO audit_keys (seq, key) VALUES (?,?)`, seq, keys.Seal(secret.NewText(hex.EncodeToString(keys.Derive("audit"))), auditKeyRecord(seq)))
	return err
}

// auditKey is one row of audit_keys.
type auditKey struct {
	seq    int64
	sealed string
}

func scanAuditKey(r *sql.Rows) (k auditKey, err error) {
	err = r.Scan(&k.seq, &k.sealed)
	return k, err
}

// loadChain reads with which keys the audit trail was sealed.
func (d *DB) loadChain(ctx context.Context, q queryer) error {
	all, err := rows(ctx, q, "audit key", `SELECT seq, key FROM audit_keys ORDER BY seq`, scanAuditKey)
	if err != nil {
		return err
	}
	chain := audit.Chain{}
	for _, k := range all {
		text, err := d.keys.Open(k.sealed, auditKeyRecord(k.seq))
		if err != nil {
			return d.foreignKey(err)
		}
		key, err := hex.DecodeString(text.Reveal())
		if err != nil {
			return fmt.Errorf("read audit key: %w", err)
		}
		chain = chain.From(k.seq, key)
	}
	if len(all) == 0 {
		return fault.New(fault.Invalid, "The database does not say with which key its audit trail was sealed.", "Somebody changed it outside of Bakplane. Keep a copy of it as it is, and bring the data folder back with `dashboard restore`.")
	}
	d.chain = chain
	return nil
}

// Rotate seals everything anew with another key, whose file lies beside the one
// in use as bakplane.key.new until it has taken its place. The entry that says
// so is the first that the new key seals. Nobody else may use the store
// meanwhile.
func (d *DB) Rotate(ctx context.Context, folder string, e audit.Entry) (err error) {
	path := filepath.Join(folder, "bakplane.key")
	fresh, err := secret.OpenKeyring(path + ".new")
	if err != nil {
		return err
	}
	oldKeys, oldChain := d.keys, d.chain
	err = d.silently(ctx, "change the key", func(tx *sql.Tx) error { return d.reseal(ctx, tx, fresh, e) })
	if err != nil {
		d.keys, d.chain = oldKeys, oldChain
		return err // which of the two opens the database is for Keys to find out
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("place the new key: %w", err) // Keys does it at the next start
	}
	return errors.Join(syncFolder(folder), d.noteHead(ctx))
}

// sealedColumns are the credentials that are stored, with what stands before
// the id in the name they are sealed under.
var sealedColumns = []struct{ table, column, record string }{
	{"accounts", "secret_sealed", "account/"}, {"instances", "password_sealed", "instance/"},
}

type sealedRow struct{ id, sealed string }

func scanSealed(r *sql.Rows) (s sealedRow, err error) {
	err = r.Scan(&s.id, &s.sealed)
	return s, err
}

func (d *DB) reseal(ctx context.Context, tx *sql.Tx, fresh *secret.Keyring, e audit.Entry) error {
	again := func(sealed, record string) (string, error) {
		text, err := d.keys.Open(sealed, record)
		return fresh.Seal(text, record), err
	}
	for _, c := range sealedColumns {
		all, err := rows(ctx, tx, c.table, `SELECT id, `+c.column+` FROM `+c.table, scanSealed)
		if err != nil {
			return err
		}
		for _, r := range all {
			sealed, err := again(r.sealed, c.record+r.id)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE `+c.table+` SET `+c.column+` = ? WHERE id = ?`, sealed, r.id); err != nil {
				return err
			}
		}
	}
	old, err := rows(ctx, tx, "audit key", `SELECT seq, key FROM audit_keys`, scanAuditKey)
	if err != nil {
		return err
	}
	for _, k := range old {
		sealed, err := again(k.sealed, auditKeyRecord(k.seq))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE audit_keys SET key = ? WHERE seq = ?`, sealed, k.seq); err != nil {
			return err
		}
	}
	seq, _, err := head(ctx, tx)
	if err != nil {
		return err
	}
	if seq == 0 { // nothing was sealed with the old key
		if _, err := tx.ExecContext(ctx, `DELETE FROM audit_keys`); err != nil {
			return err
		}
	}
	if err := d.addAuditKey(ctx, tx, fresh, seq+1); err != nil {
		return err
	}
	if err := d.resealCut(ctx, tx, fresh); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE house SET canary = ?, head = ''`, fresh.Seal(secret.NewText(canaryText), canaryRecord)); err != nil {
		return err
	}
	d.keys = fresh
	if err := d.loadChain(ctx, tx); err != nil {
		return err
	}
	return d.record(ctx, tx, e)
}
