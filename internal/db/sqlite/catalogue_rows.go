package sqlite

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db/sqlite/packed"
	"github.com/bakplane/bakplane/internal/fault"
)

// class folds what lists are filtered by into one small number.
type class int

var (
	kinds   = []backup.Kind{backup.Full, backup.Differential, backup.Log, backup.Other}
	states  = []backup.RecordState{backup.Complete, backup.Broken, backup.Removed}
	origins = []backup.Origin{backup.ByUs, backup.ByOthers, backup.InBucket, backup.InCloud}
)

func classOf(r *backup.Record) (class, error) {
	c, err := digit(0, kinds, r.Set.Kind, "kind")
	c = c*4 + class(bit(r.Snapshot())*2+bit(r.Manual()))
	if err == nil {
		c, err = digit(c, states, r.State, "state")
	}
	if err == nil {
		c, err = digit(c, origins, r.Origin, "origin")
	}
	return c, err
}

func digit[T ~string](c class, words []T, w T, what string) (class, error) {
	for i, v := range words {
		if v == w {
			return c*class(len(words)) + class(i), nil
		}
	}
	return 0, fault.Newf(fault.Invalid, "%q is not a %s of a backup set.", string(w), what)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c class) kind() backup.Kind         { return kinds[c/48] }
func (c class) snapshot() bool            { return c/24%2 == 1 }
func (c class) manual() bool              { return c/12%2 == 1 }
func (c class) state() backup.RecordState { return states[c/4%3] }
func (c class) origin() backup.Origin     { return origins[c%4] }
func (c class) fits(f backup.RecordFilter) bool {
	return (f.Kind == "" || f.Kind == c.kind()) && (f.State == "" || f.State == c.state()) && (f.Origin == "" || f.Origin == c.origin()) &&
		(f.Snapshot == nil || *f.Snapshot == c.snapshot()) && (f.Manual == nil || *f.Manual == c.manual())
}

// hashBits is how many low bits of a set's number tell sets apart that
// finished in the same millisecond.
const hashBits = 21

// idAt is the least number of a set that finished at a time.
func idAt(t time.Time) int64 {
	if t.IsZero() || t.UnixMilli() < 0 {
		return 0
	}
	return t.UnixMilli() << hashBits
}

func newSetID(finished time.Time, instance string, key []byte) int64 {
	sum := sha256.Sum256(append([]byte(instance+"\x00"), key...))
	return idAt(finished) | int64(binary.BigEndian.Uint32(sum[:4])>>(32-hashBits))
}

func setIDText(n int64) string { return fmt.Sprintf("%016x", n) }

func parseSetID(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 16, 64)
	if err != nil || len(s) != 16 {
		return 0, fault.New(fault.NotFound, "This backup set does not exist (any more).", "")
	}
	return n, nil
}

// keyOf names a set at its instance.
func keyOf(r *backup.Record) ([]byte, error) {
	switch {
	case r.Cloud != nil && r.Cloud.ID != "":
		return []byte("c:" + r.Cloud.ID), nil
	case !r.Set.ID.IsZero():
		return r.Set.ID[:], nil
	case len(r.Copies) > 0 && len(r.Copies[0].Keys) > 0:
		return []byte("f:" + r.Copies[0].BucketID + "/" + r.Copies[0].Keys[0]), nil
	}
	return nil, fault.New(fault.Invalid, "A backup set has neither a GUID nor an id of the cloud.", "")
}

// setRow is a row of backup_sets.
type setRow struct {
	id, db, instance, name   int64
	class                    class
	key                      []byte
	policy                   string
	started, finished, valid int64
	ahead                    sql.NullInt64
	doc                      []byte
	cloud                    []byte
	apart                    bool
	bytes, verified          int64
	pinned                   bool
	pinNote                  string
	expires, gone            int64
	seen, known              int64
}

const recordColumns = `id, db, instance, name, class, key, policy_id, started, finished, valid, ahead, doc, cloud, apart, bytes, verified, pinned, pin_note, expires, gone, seen, known`

func (s *setRow) values() []any {
	return []any{s.id, s.db, s.instance, s.name, s.class, s.key, s.policy, s.started, s.finished, s.valid, s.ahead, s.doc, s.cloud, s.apart, s.bytes, s.verified, s.pinned, s.pinNote, s.expires, s.gone, s.seen, s.known}
}

// rowOf is the row of a record, without its numbers.
func rowOf(r *backup.Record) (s setRow, err error) {
	if s.key, err = keyOf(r); err != nil {
		return s, err
	}
	if s.class, err = classOf(r); err != nil {
		return s, err
	}
	set := r.Set
	s.started, s.finished, s.valid = micros(set.Started.Local), micros(set.Finished.Local), micros(set.ValidUntil.Local)
	if m := set.Finished; m.UTC != nil {
		s.ahead = sql.NullInt64{Int64: m.Local.Sub(*m.UTC).Microseconds(), Valid: true}
	} else if m := set.Started; m.UTC != nil {
		s.ahead = sql.NullInt64{Int64: m.Local.Sub(*m.UTC).Microseconds(), Valid: true}
	}
	if set.FirstFork == set.Fork {
		set.FirstFork = backup.GUID{}
	}
	if set.Database == r.Database {
		set.Database = ""
	}
	s.doc = packed.Set(&set)
	if r.Cloud != nil {
		s.cloud = packed.Cloud(r.Cloud)
	}
	s.policy, s.apart, s.bytes, s.verified, s.pinned, s.pinNote = r.PolicyID, r.Apart, r.Bytes(), micros(r.Verified), r.Pinned, r.PinNote
	s.expires, s.gone, s.seen, s.known = micros(r.Expires), micros(r.Gone), micros(r.Seen), micros(r.Known)
	return s, nil
}

// record is the row's record, without copies.
func (s *setRow) record(instanceID, database string) (r backup.Record, err error) {
	set, err := packed.OpenSet(s.doc)
	if err != nil {
		return r, err
	}
	r = backup.Record{ID: setIDText(s.id), InstanceID: instanceID, Database: database, Origin: s.class.origin(), PolicyID: s.policy, Set: set,
		Apart: s.apart, State: s.class.state(), Verified: moment(s.verified), Pinned: s.pinned, PinNote: s.pinNote,
		Expires: moment(s.expires), Gone: moment(s.gone), Seen: moment(s.seen), Known: moment(s.known)}
	r.Set.Kind = s.class.kind()
	r.Set.Started, r.Set.Finished, r.Set.ValidUntil = s.moment(s.started), s.moment(s.finished), s.moment(s.valid)
	if r.Set.FirstFork.IsZero() {
		r.Set.FirstFork = r.Set.Fork
	}
	if r.Set.Database == "" {
		r.Set.Database = database
	}
	if len(s.cloud) > 0 {
		c, err := packed.OpenCloud(s.cloud)
		if err != nil {
			return r, err
		}
		r.Cloud = &c
	}
	return r, nil
}

func (s *setRow) moment(local int64) backup.Moment {
	m := backup.Moment{Local: moment(local)}
	if local != 0 && s.ahead.Valid {
		utc := moment(local - s.ahead.Int64)
		m.UTC = &utc
	}
	return m
}

func scanSet(r *sql.Rows) (s setRow, instanceID, database string, err error) {
	err = r.Scan(&s.id, &s.db, &s.instance, &s.name, &s.class, &s.key, &s.policy, &s.started, &s.finished, &s.valid, &s.ahead, &s.doc, &s.cloud, &s.apart, &s.bytes,
		&s.verified, &s.pinned, &s.pinNote, &s.expires, &s.gone, &s.seen, &s.known, &instanceID, &database)
	return s, instanceID, database, err
}
