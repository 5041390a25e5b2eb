package bakfile

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/bakplane/bakplane/internal/bakfile/layout"
)

const (
	maxStreams = 64      // of one block, a bound for hostile chains
	maxBlock   = 4 << 10 // of TAPE, SSET and VOLB as far as their fields reach
)

var errMalformed = errors.New("malformed block")

var le = binary.LittleEndian

// validBlock reports whether b begins with a block of this type: four letters
// and a checksum that XORs the 25 words before it.
func validBlock(b []byte, kind string) bool {
	if len(b) < layout.BlockHeader || string(b[:4]) != kind {
		return false
	}
	return layout.XorWords(b[:50]) == le.Uint16(b[0x32:])
}

// stream is one header in a block's list; data follows it at once.
type stream struct {
	id   string
	data int64 // offset of the data in the view
	size int64
}

// streams lists the streams of the block at off and the offset of the block
// after it. The list ends with SPAD, whose length leads there.
func streams(v view, off int64) (list []stream, next int64, err error) {
	head, err := v.at(off, layout.BlockHeader)
	if err != nil {
		return nil, 0, err
	}
	p := off + int64(le.Uint16(head[8:]))
	for range maxStreams {
		p = (p + 3) &^ 3
		h, err := v.at(p, layout.StreamHeader)
		if err != nil {
			return list, 0, err
		}
		size := le.Uint64(h[8:])
		if layout.XorWords(h[:20]) != le.Uint16(h[20:]) || size > 1<<60 {
			return list, 0, errMalformed
		}
		s := stream{string(h[:4]), p + layout.StreamHeader, int64(size)}
		if s.id == "SPAD" {
			return list, s.data + s.size, nil
		}
		list = append(list, s)
		p = s.data + s.size
		if p > 1<<61 {
			return list, 0, errMalformed
		}
	}
	return list, 0, errMalformed
}

// fields reads values out of a block or record by their offset. A value that
// does not lie inside the first fixed bytes is absent, which reads as zero.
type fields struct {
	b     []byte
	fixed int
}

func (f fields) has(off, n int) bool { return off+n <= min(f.fixed, len(f.b)) }

func (f fields) u8(off int) int {
	if !f.has(off, 1) {
		return 0
	}
	return int(f.b[off])
}

func (f fields) u16(off int) int {
	if !f.has(off, 2) {
		return 0
	}
	return int(le.Uint16(f.b[off:]))
}

func (f fields) u32(off int) uint32 {
	if !f.has(off, 4) {
		return 0
	}
	return le.Uint32(f.b[off:])
}

// i64 reads a size; one above 2^63 is nonsense and reads as zero.
func (f fields) i64(off int) int64 {
	if !f.has(off, 8) {
		return 0
	}
	return max(0, int64(le.Uint64(f.b[off:])))
}

func (f fields) lsn(off int) LSN {
	if !f.has(off, 10) {
		return LSN{}
	}
	return LSN{VLF: f.u32(off), Block: f.u32(off + 4), Slot: uint16(f.u16(off + 8))}
}

func (f fields) guid(off int) GUID {
	if !f.has(off, 16) {
		return GUID{}
	}
	return GUIDFromWire(f.b[off : off+16])
}

// text reads a string given as (byte length, offset from the block's start)
// of UTF-16LE without terminator; MTF calls string type 2.
func (f fields) text(off int) string {
	n, from := f.u16(off), f.u16(off+2)
	if n == 0 || from+n > len(f.b) {
		return ""
	}
	units := make([]uint16, n/2)
	for i := range units {
		units[i] = le.Uint16(f.b[from+2*i:])
	}
	return strings.TrimRight(string(utf16.Decode(units)), "\x00")
}

// date reads an MTF date: 40 bits, big-endian, year 14, month 4, day 5,
// hour 5, minute 6, second 6. All zero is none; a date no calendar has is none.
func (f fields) date(off int) LocalTime {
	if !f.has(off, 5) {
		return LocalTime{}
	}
	var v uint64
	for _, c := range f.b[off : off+5] {
		v = v<<8 | uint64(c)
	}
	year, month, day := int(v>>26), time.Month(v>>22&15), int(v>>17&31)
	t := time.Date(year, month, day, int(v>>12&31), int(v>>6&63), int(v&63), 0, time.UTC)
	if year == 0 || t.Month() != month || t.Day() != day {
		return LocalTime{}
	}
	return LocalTime{t}
}
