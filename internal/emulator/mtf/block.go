package mtf

import (
	"encoding/binary"
	"unicode/utf16"

	"github.com/bakplane/bakplane/internal/bakfile"
)

var le = binary.LittleEndian

const (
	streamHeader = 22
	grain        = 1024 // blocks of a set begin at multiples of this from their SSET
)

// build is a block or record under construction: a fixed part, strings behind it.
type build struct{ b []byte }

// newBlock begins an MTF block with a fixed part of n bytes.
func newBlock(kind string, n int) *build {
	d := &build{make([]byte, n)}
	copy(d.b, kind)
	d.b[0x0a], d.b[0x0b] = 0x0e, 1 // operating system and its version
	d.b[0x30] = 2                  // strings are UTF-16LE
	return d
}

// newRecord begins a record of the MQCI stream with a fixed part of n bytes.
func newRecord(tag string, n int) *build {
	d := &build{make([]byte, n)}
	copy(d.b, tag)
	return d
}

func (d *build) u8(off int, v int)      { d.b[off] = byte(v) }
func (d *build) u16(off int, v int)     { le.PutUint16(d.b[off:], uint16(v)) }
func (d *build) u32(off int, v uint32)  { le.PutUint32(d.b[off:], v) }
func (d *build) u64(off int, v int64)   { le.PutUint64(d.b[off:], uint64(v)) }
func (d *build) put(off int, v ...byte) { copy(d.b[off:], v) }

func (d *build) guid(off int, g bakfile.GUID) {
	wire := g.Wire()
	d.put(off, wire[:]...)
}

func (d *build) lsn(off int, l bakfile.LSN) {
	d.u32(off, l.VLF)
	d.u32(off+4, l.Block)
	d.u16(off+8, int(l.Slot))
}

// date writes an MTF date: 40 bits, big-endian.
func (d *build) date(off int, t bakfile.LocalTime) {
	if t.IsZero() {
		return
	}
	v := uint64(t.Year())<<26 | uint64(t.Month())<<22 | uint64(t.Day())<<17 |
		uint64(t.Hour())<<12 | uint64(t.Minute())<<6 | uint64(t.Second())
	for i := range 5 {
		d.b[off+i] = byte(v >> (32 - 8*i))
	}
}

// text appends a string and writes its length and place at off.
func (d *build) text(off int, s string) {
	if s == "" {
		return
	}
	units := utf16.Encode([]rune(s))
	d.u16(off, 2*len(units))
	d.u16(off+2, len(d.b))
	for _, u := range units {
		d.b = le.AppendUint16(d.b, u)
	}
}

// record closes a record: its size goes behind the tag.
func (d *build) record() []byte {
	d.u32(4, uint32(len(d.b)))
	return d.b
}

// number notes the control block number and the address relative to SSET.
func (d *build) number(controlURL int, fromSet int64) {
	d.u64(0x14, fromSet/grain)
	d.u32(0x24, uint32(controlURL))
}

// seal points the header at the first stream, which begins here or at least,
// and computes the header's checksum.
func (d *build) seal(least int) {
	d.b = append(d.b, make([]byte, max(0, least-len(d.b)))...)
	d.align()
	le.PutUint16(d.b[8:], uint16(len(d.b)))
	le.PutUint16(d.b[0x32:], xorWords(d.b[:0x32]))
}

func (d *build) align() {
	for len(d.b)%4 != 0 {
		d.b = append(d.b, 0)
	}
}

// stream appends a stream with its content.
func (d *build) stream(id string, attributes int, content []byte) {
	d.streamHead(id, attributes, int64(len(content)))
	d.b = append(d.b, content...)
}

// streamHead appends the header of a stream whose content follows elsewhere.
func (d *build) streamHead(id string, attributes int, size int64) {
	d.align()
	h := make([]byte, streamHeader)
	copy(h, id)
	le.PutUint16(h[6:], uint16(attributes))
	le.PutUint64(h[8:], uint64(size))
	le.PutUint16(h[20:], xorWords(h[:20]))
	d.b = append(d.b, h...)
}

// pad ends the block with SPAD so that the next one begins at a multiple of
// unit; base is where this buffer begins relative to what unit counts from.
func (d *build) pad(base, unit int64) {
	d.align()
	end := base + int64(len(d.b)) + streamHeader
	d.stream("SPAD", 0, make([]byte, (unit-end%unit)%unit))
}

// fill appends a padding stream so that content of a following stream, after
// its header and two bytes, begins at a multiple of unit from base.
func (d *build) fill(base, unit int64) {
	d.align()
	// APAD header, its content, the next header and the two bytes.
	end := base + int64(len(d.b)) + streamHeader
	n := (unit - (end+streamHeader+2)%unit) % unit
	d.stream("APAD", 0x80, make([]byte, n))
}

func xorWords(b []byte) (x uint16) {
	for i := 0; i+1 < len(b); i += 2 {
		x ^= le.Uint16(b[i:])
	}
	return x
}
