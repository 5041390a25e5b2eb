package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Catalogue is the store seen as backup.Catalogue.
type Catalogue struct{ *DB }

var _ backup.Catalogue = (*Catalogue)(nil)

// Catalogue returns the store of backup sets.
func (d *DB) Catalogue() *Catalogue { return &Catalogue{d} }

// Put implements backup.Catalogue. What brings nothing new is found out on a
// reader, so that looking again and again costs no write.
func (d *Catalogue) Put(ctx context.Context, found []backup.Record, entries ...audit.Entry) error {
	var news []backup.Record
	for _, r := range found {
		known, err := d.known(ctx, d.read, &r)
		if err != nil {
			return err
		}
		if known == nil || changed(*known, known.Merge(r)) {
			news = append(news, r)
		}
	}
	if len(news) == 0 && len(entries) == 0 {
		return nil
	}
	return d.tx(ctx, "write backup sets", func(tx *sql.Tx) error {
		w := newSetWriter(ctx, tx, d.Now())
		for _, r := range news {
			known, err := d.known(ctx, tx, &r)
			if err != nil {
				return err
			}
			if known != nil {
				r = known.Merge(r)
			}
			if err := w.put(known, r); err != nil {
				return err
			}
		}
		if err := w.protect(); err != nil {
			return err
		}
		return d.record(ctx, tx, entries...)
	})
}

// known finds the record that is the same set: at its instance; elsewhere only
// when one of both sides does not know the instance.
func (d *Catalogue) known(ctx context.Context, q queryer, r *backup.Record) (*backup.Record, error) {
	if r.ID != "" {
		n, err := parseSetID(r.ID)
		if err != nil {
			return nil, err
		}
		found, err := recordOf(ctx, q, n)
		return &found, err
	}
	key, err := keyOf(r)
	if err != nil {
		return nil, err
	}
	found, err := recordsBy(ctx, q, oneRecord+`s.key = ? AND s.instance = (SELECT n FROM catalogue_instances WHERE instance_id = ?)`, key, r.InstanceID)
	if err == nil && len(found) == 0 && !r.Set.ID.IsZero() {
		found, err = recordsBy(ctx, q, oneRecord+`s.key = ? AND (?2 = '' OR p.instance_id = '') ORDER BY s.instance LIMIT 1`, key, r.InstanceID)
	}
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// seenAgain is how old the moment of the last sight may be before a new one is
// worth a write.
const seenAgain = 24 * time.Hour

// changed reports whether a record became another.
func changed(old, now backup.Record) bool {
	a, err := rowOf(&old)
	b, err2 := rowOf(&now)
	if err != nil || err2 != nil || b.seen-a.seen > seenAgain.Microseconds() {
		return true
	}
	return old.InstanceID != now.InstanceID || a.class != b.class || a.policy != b.policy || a.started != b.started || a.finished != b.finished || a.valid != b.valid || a.ahead != b.ahead ||
		!bytes.Equal(a.doc, b.doc) || !bytes.Equal(a.cloud, b.cloud) || a.apart != b.apart || a.bytes != b.bytes || a.verified != b.verified || a.pinned != b.pinned || a.pinNote != b.pinNote ||
		a.expires != b.expires || a.gone != b.gone ||
		!slices.EqualFunc(old.Copies, now.Copies, func(a, b backup.Copy) bool {
			return a.BucketID == b.BucketID && a.Size == b.Size && slices.Equal(a.Keys, b.Keys)
		})
}

// change alters one record inside a transaction and writes the entry.
func (d *Catalogue) change(ctx context.Context, what string, ids []string, e audit.Entry, f func(*backup.Record)) error {
	return d.tx(ctx, what, func(tx *sql.Tx) error {
		w := newSetWriter(ctx, tx, e.At)
		for _, id := range ids {
			n, err := parseSetID(id)
			if err != nil {
				return err
			}
			old, err := recordOf(ctx, tx, n)
			if err != nil {
				return err
			}
			r := old
			r.Copies = slices.Clone(old.Copies)
			f(&r)
			if err := w.put(&old, r); err != nil {
				return err
			}
		}
		if err := w.protect(); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

// Pin implements backup.Catalogue.
func (d *Catalogue) Pin(ctx context.Context, id string, on bool, note string, e audit.Entry) error {
	return d.change(ctx, "pin backup set", []string{id}, e, func(r *backup.Record) {
		if r.Pinned, r.PinNote = on, note; !on {
			r.PinNote = ""
		}
	})
}

// DropCopies implements backup.Catalogue. A set that lies at the service as well
// is not gone with its last copy.
func (d *Catalogue) DropCopies(ctx context.Context, ids []string, bucketID string, at time.Time, e audit.Entry) error {
	return d.change(ctx, "note that copies are gone", ids, e, func(r *backup.Record) {
		r.Copies = slices.DeleteFunc(r.Copies, func(c backup.Copy) bool { return c.BucketID == bucketID })
		if len(r.Copies) == 0 && r.Origin != backup.InCloud {
			r.State, r.Gone = backup.Removed, at
		}
	})
}

// Forget implements backup.Catalogue. A set that was copied elsewhere before
// stays.
func (d *Catalogue) Forget(ctx context.Context, ids []string, at time.Time, e audit.Entry) error {
	return d.change(ctx, "note that sets are gone", ids, e, func(r *backup.Record) {
		if len(r.Copies) == 0 {
			r.State, r.Gone = backup.Removed, at
		} else if r.Cloud != nil {
			gone := *r.Cloud
			gone.Usable = false
			r.Cloud = &gone
		}
	})
}

// Promise implements backup.Catalogue. Databases of an instance without a
// promise of their own have that of the whole instance.
func (d *Catalogue) Promise(ctx context.Context, promises []backup.Promise) error {
	return d.tx(ctx, "write promises", func(tx *sql.Tx) error {
		w := newSetWriter(ctx, tx, d.Now())
		for _, p := range promises {
			if err := w.promise(p); err != nil {
				return err
			}
		}
		return w.protect() // of those that were not known before
	})
}

// Exist implements backup.Catalogue.
func (d *Catalogue) Exist(ctx context.Context, instanceID string, names []string, by tsql.Collation, at time.Time) error {
	have, err := rows(ctx, d.read, "database", `SELECT `+protectionColumns+` FROM protections WHERE instance_id = ?`, scanProtection, instanceID)
	if err != nil {
		return err
	}
	if changed, err := d.respell(ctx, instanceID, have, names, by); err != nil {
		return err
	} else if changed {
		return d.Exist(ctx, instanceID, names, by, at) // nothing is left to be spelled otherwise
	}
	var drop, back []protectionRow
	known := map[string]bool{}
	for _, p := range have {
		known[p.Database] = true
		switch here := slices.Contains(names, p.Database); {
		case p.Database == "":
		case !here && p.Dropped.IsZero():
			drop = append(drop, p)
		case here && !p.Dropped.IsZero():
			back = append(back, p)
		}
	}
	fresh := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "" || known[n] })
	if len(drop)+len(back)+len(fresh) == 0 {
		return nil
	}
	return d.tx(ctx, "note databases", func(tx *sql.Tx) error {
		w := newSetWriter(ctx, tx, at)
		for _, p := range drop {
			old := p
			p.Dropped, p.shown = at, false
			if err := saveProtection(ctx, tx, &old, p); err != nil {
				return err
			}
			if p.shared != "" {
				w.touched[[2]string{instanceID, p.Database}] = true
			}
		}
		for _, p := range back {
			old := p
			p.Protection, p.shown = keepDropped(p.Promised(p.Promise, at), time.Time{}), true
			if err := saveProtection(ctx, tx, &old, p); err != nil {
				return err
			}
			if p.shared != "" {
				w.touched[[2]string{instanceID, p.Database}] = true
			}
		}
		for _, name := range fresh {
			w.touched[[2]string{instanceID, name}] = true
		}
		if known[""] {
			w.touched[[2]string{instanceID, ""}] = true
		}
		return w.protect()
	})
}

// told is what a server says now, with the lineage it told before where it tells
// none.
func (p *protectionRow) told(s backup.Exempt) backup.Exempt {
	if s.Family.IsZero() {
		s.Family, s.Fork = p.Family, p.Fork
	}
	return s
}

// Exempt implements backup.Catalogue. What is as it was costs no write.
func (d *Catalogue) Exempt(ctx context.Context, instanceID string, databases map[string]backup.Exempt) error {
	have, err := rows(ctx, d.read, "database", `SELECT `+protectionColumns+` FROM protections WHERE instance_id = ?`, scanProtection, instanceID)
	if err != nil {
		return err
	}
	have = slices.DeleteFunc(have, func(p protectionRow) bool {
		s, told := databases[p.Database]
		return !told || p.told(s) == p.Exempt
	})
	for part := range slices.Chunk(have, mostJudged) {
		if err := d.tx(ctx, "note what databases are judged by", func(tx *sql.Tx) error {
			w := newSetWriter(ctx, tx, d.Now())
			for _, p := range part {
				old := p
				p.Exempt = p.told(databases[p.Database])
				if err := saveProtection(ctx, tx, &old, p); err != nil {
					return err
				}
				w.touched[[2]string{instanceID, p.Database}] = true
			}
			return w.protect()
		}); err != nil {
			return err
		}
	}
	return nil
}

// mostJudged bounds the databases that one transaction judges anew: each asks
// for thousands of sets, and others wait to write.
const mostJudged = 20
