package verify

import (
	"github.com/bakplane/bakplane/internal/bakfile"
)

const maxConfig = 4 << 20 // bytes of one configuration; more is not understood

// config is the content of an MQCI stream: records SCIN (the set), SFGI
// (filegroups) and SFIN (files).
type config struct {
	raw   []byte
	set   []byte
	files [][]byte
}

// place is a stretch of bytes of a record, end exclusive.
type place struct{ from, end int }

// mayDiffer are the bytes in which the configuration behind the data differs
// from the one before it: everything else is written twice. From SQL Server
// 2019 on the log sequence numbers before the data are those of an earlier
// checkpoint.
var (
	mayDiffer = map[string][]place{
		"SCIN": {{0x52, 0x57}, {0x60, 0x68}, {0x158, 0x160}},
		"SFIN": {{0x18, 0x1c}, {0x9e, 0xa8}, {0xaa, 0xba}, {0xfa, 0x102}, {0x106, 0x10e}},
	}
	mayDifferFrom15 = map[string][]place{
		"SCIN": {{0x20, 0x3e}, {0x90, 0x9a}, {0xf8, 0x102}, {0x14c, 0x156}},
		"SFGI": {{0x34, 0x3e}, {0x40, 0x4a}, {0x4c, 0x56}, {0x64, 0x6e}, {0x70, 0x7a}, {0x80, 0x8a}},
		"SFIN": {{0xca, 0xd4}, {0xda, 0xe4}, {0xea, 0xf4}},
	}
)

func parseConfig(b []byte) *config {
	c := &config{raw: b}
	for len(b) >= 8 {
		n := int64(le.Uint32(b[4:]))
		if n < 8 || n > int64(len(b)) {
			return nil
		}
		switch record := b[:n]; string(b[:4]) {
		case "SCIN":
			c.set = record
		case "SFIN":
			c.files = append(c.files, record)
		}
		b = b[n:]
	}
	if len(c.set) < 0x158 || len(b) > 0 {
		return nil
	}
	for _, f := range c.files {
		if len(f) < 0x102 {
			return nil
		}
	}
	return c
}

func (c *config) checksums() bool    { return le.Uint32(c.set[8:])&0x10 != 0 }
func (c *config) major() int         { return int(c.set[0x1b]) }
func (c *config) kind() bakfile.Type { return bakfile.TypeOf(rune(c.set[0x57])) }
func (c *config) snapshot() bool     { return le.Uint32(c.set[8:])&0x2 != 0 }
func (c *config) backupSize() int64  { return int64(le.Uint64(c.set[0x60:])) }
func (c *config) first() bakfile.LSN { return lsnAt(c.set[0x20:]) }
func (c *config) last() bakfile.LSN  { return lsnAt(c.set[0x2a:]) }

// pages is how many pages of data files the configuration counts.
func (c *config) pages() (n int64) {
	for _, f := range c.files {
		if fileType(f) == 1 {
			n += int64(le.Uint32(f[0x18:]))
		}
	}
	return n
}

func fileType(f []byte) uint32 { return le.Uint32(f[0x1c:]) }
func fileID(f []byte) uint32   { return le.Uint32(f[0x14:]) }
func fileSize(f []byte) int64  { return int64(le.Uint64(f[0x28:])) }

// hasData reports whether the database has a data file of this number.
func (c *config) hasData(id uint16) bool {
	for _, f := range c.files {
		if fileType(f) == 1 && fileID(f) == uint32(id) {
			return true
		}
	}
	return false
}

// known reports whether the rules for counts and for the walk through the log
// were seen to hold for backups like this one.
func (c *config) known() bool {
	logs := 0
	for _, f := range c.files {
		switch fileType(f) {
		case 1:
		case 2:
			logs++
		default:
			return false
		}
	}
	switch c.kind() {
	case bakfile.TypeFull, bakfile.TypeLog, bakfile.TypeDifferential, bakfile.TypeFile:
		return logs == 1 && !c.snapshot() && c.major() >= 9 && c.major() <= 17
	}
	return false
}

func lsnAt(b []byte) bakfile.LSN {
	return bakfile.LSN{VLF: le.Uint32(b), Block: le.Uint32(b[4:]), Slot: le.Uint16(b[8:])}
}

// configuration reads an MQCI stream, as far as it is there.
func (w *walk) configuration(kind string, size int64) error {
	at := w.c.off
	if size > maxConfig || w.set == nil {
		w.unknown(KindConfig, at, "The configuration of the backup is longer than is read.")
		return w.c.skip(size)
	}
	var b []byte
	for n := size; n > 0; {
		part, err := w.c.next(int(min(n, extent)))
		if err != nil {
			return err
		}
		b, n = append(b, part...), n-int64(len(part))
	}
	c := parseConfig(b)
	if c == nil {
		w.damaged(KindConfig, at, "The configuration of the backup cannot be read.")
		return nil
	}
	if kind == "MSCI" {
		w.set.before = c
		return nil
	}
	w.set.after = c
	if before := w.set.before; before != nil {
		if off := before.differs(c); off >= 0 {
			w.damaged(KindConfig, at+int64(off), "What the backup says of itself differs between its beginning and its end.")
		}
		// Of the first only counts are needed from here on.
		before.raw, c.raw = nil, nil
	}
	return nil
}

// differs compares with the configuration behind the data and gives the offset
// of the first byte that may not differ and does, −1 for none.
func (c *config) differs(d *config) int {
	if len(c.raw) != len(d.raw) {
		return min(len(c.raw), len(d.raw))
	}
	for at := 0; at+8 <= len(c.raw); {
		n := int(le.Uint32(c.raw[at+4:]))
		tag := c.raw[at : at+4]
		may := mayDiffer[string(tag)]
		for i := range n {
			if c.raw[at+i] != d.raw[at+i] && !within(may, i) && !(c.major() >= 15 && within(mayDifferFrom15[string(tag)], i)) {
				return at + i
			}
		}
		at += n
	}
	return -1
}

func within(list []place, i int) bool {
	for _, p := range list {
		if i >= p.from && i < p.end {
			return true
		}
	}
	return false
}
