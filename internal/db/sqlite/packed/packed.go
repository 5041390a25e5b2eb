// Package packed writes what the catalogue knows of a backup set as few bytes.
package packed

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
)

// setParts are the fields of a set without a column of their own. A field's
// place in the list is its number in stored sets: new ones go to the end, none
// ever moves. Sets are packed because a page reads hundreds of them: this is
// ten times as quick as JSON, and half its size.
func setParts(s *backup.Set) [39]any {
	return [39]any{&s.Type, &s.ID, &s.Name, &s.Database, &s.Server, &s.Machine, &s.Family, &s.BindingID,
		&s.VersionMajor, &s.VersionMinor, &s.VersionBuild, &s.DatabaseVersion, &s.CompatibilityLevel, &s.RecoveryModel,
		&s.First, &s.Last, &s.Checkpoint, &s.DatabaseBackup, &s.DifferentialBase, &s.DifferentialBaseLSN, &s.FirstFork, &s.Fork, &s.ForkPoint,
		&s.CopyOnly, &s.Damaged, &s.BulkLogged, &s.BeginsLogChain, &s.Snapshot, &s.TailLog, &s.Compressed, &s.Checksums,
		&s.Size, &s.CompressedSize, &s.DatabaseSize, &s.Complete, &s.MediaSet, &s.FamilyCount, &s.Files, &s.Key}
}

// cloudParts are the fields of a set of the cloud, under the same rule.
func cloudParts(c *backup.CloudSet) [17]any {
	return [17]any{&c.ID, &c.Failed, &c.Kind, &c.Manual, &c.Snapshot, &c.CopyOnly, &c.Started, &c.Finished, &c.Size, &c.Expires,
		&c.Usable, &c.Databases, &c.Downloads, &c.Kept, &c.Archived, &c.Checksum, &c.Region}
}

// Set packs the fields of a set that have no column of their own.
func Set(s *backup.Set) []byte {
	parts := setParts(s)
	return pack(make([]byte, 0, 256), parts[:])
}

// Cloud packs what a service tells of a set.
func Cloud(c *backup.CloudSet) []byte {
	parts := cloudParts(c)
	return pack(make([]byte, 0, 128), parts[:])
}

// pack writes number and value of every part that is not zero.
func pack(b []byte, parts []any) []byte {
	for i, part := range parts {
		n := byte(i)
		switch v := part.(type) {
		case *backup.GUID:
			if !v.IsZero() {
				b = append(append(b, n), v[:]...)
			}
		case *backup.LSN:
			if !v.IsZero() {
				b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(append(b, n), v.VLF), v.Block), v.Slot)
			}
		case *string:
			if *v != "" {
				b = packText(append(b, n), *v)
			}
		case *bakfile.RecoveryModel:
			if *v != "" {
				b = packText(append(b, n), string(*v))
			}
		case *backup.Kind:
			if *v != "" {
				b = packText(append(b, n), string(*v))
			}
		case *time.Time:
			b = packNumber(b, n, Micros(*v))
		case *[]string:
			if len(*v) == 0 {
				continue
			}
			b = binary.AppendVarint(append(b, n), int64(len(*v)))
			for _, s := range *v {
				b = packText(b, s)
			}
		case *bool:
			if *v {
				b = append(b, n)
			}
		case *int64:
			b = packNumber(b, n, *v)
		case *int:
			b = packNumber(b, n, int64(*v))
		case *bakfile.Type:
			b = packNumber(b, n, int64(*v))
		case *[]backup.SetFile:
			if len(*v) == 0 {
				continue
			}
			b = binary.AppendVarint(append(b, n), int64(len(*v)))
			for _, f := range *v {
				b = packText(b, f.Name)
				for _, k := range []int64{f.Size, int64(f.Family), int64(f.Position), int64(f.Row)} {
					b = binary.AppendVarint(b, k)
				}
			}
		}
	}
	return b
}

func packNumber(b []byte, n byte, v int64) []byte {
	if v == 0 {
		return b
	}
	return binary.AppendVarint(append(b, n), v)
}

func packText(b []byte, s string) []byte {
	return append(binary.AppendVarint(b, int64(len(s))), s...)
}

// unpacking reads what pack wrote; the first thing that does not fit ends it.
type unpacking struct {
	rest []byte
	bad  bool
}

func (u *unpacking) take(n int64) []byte {
	if n < 0 || n > int64(len(u.rest)) {
		u.bad, n = true, int64(len(u.rest))
	}
	b := u.rest[:n]
	u.rest = u.rest[n:]
	return b
}

func (u *unpacking) number() int64 {
	v, n := binary.Varint(u.rest)
	u.bad = u.bad || n <= 0
	u.rest = u.rest[max(n, 0):]
	return v
}

func (u *unpacking) text() string { return string(u.take(u.number())) }

// OpenSet reads what Set packed; fields with columns are left zero.
func OpenSet(b []byte) (s backup.Set, err error) {
	parts := setParts(&s)
	return s, unpack(b, parts[:])
}

// OpenCloud reads what Cloud packed.
func OpenCloud(b []byte) (c backup.CloudSet, err error) {
	parts := cloudParts(&c)
	return c, unpack(b, parts[:])
}

func unpack(b []byte, parts []any) error {
	u := unpacking{rest: b}
	for len(u.rest) > 0 && !u.bad {
		n := u.take(1)[0]
		if int(n) >= len(parts) {
			return fmt.Errorf("a stored backup set has a part %d that this version does not know", n)
		}
		switch v := parts[n].(type) {
		case *backup.GUID:
			copy(v[:], u.take(16))
		case *backup.LSN:
			if l := u.take(10); len(l) == 10 {
				*v = backup.LSN{VLF: binary.BigEndian.Uint32(l), Block: binary.BigEndian.Uint32(l[4:]), Slot: binary.BigEndian.Uint16(l[8:])}
			}
		case *string:
			*v = u.text()
		case *bakfile.RecoveryModel:
			*v = bakfile.RecoveryModel(u.text())
		case *backup.Kind:
			*v = backup.Kind(u.text())
		case *time.Time:
			*v = Moment(u.number())
		case *[]string:
			for n := u.number(); n > 0 && !u.bad; n-- {
				*v = append(*v, u.text())
			}
		case *bool:
			*v = true
		case *int64:
			*v = u.number()
		case *int:
			*v = int(u.number())
		case *bakfile.Type:
			*v = bakfile.Type(u.number())
		case *[]backup.SetFile:
			for range min(max(u.number(), 0), 64) {
				*v = append(*v, backup.SetFile{Name: u.text(), Size: u.number(), Family: int(u.number()), Position: int(u.number()), Row: int(u.number())})
			}
		default:
			return fmt.Errorf("a stored backup set has a part %d that this version does not know", n)
		}
	}
	if u.bad {
		return fmt.Errorf("a stored backup set of %d bytes is damaged", len(b))
	}
	return nil
}

// Micros is how a time is stored, in columns too: microseconds since 1970; the
// zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Moment reads a stored time.
func Moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
