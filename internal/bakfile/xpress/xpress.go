// Package xpress decodes LZ77+Huffman data ("Xpress Huffman") as the open
// specification MS-XCA, section 2.2, describes it: the method of SQL Server's
// compressed backups.
package xpress

import (
	"encoding/binary"
	"errors"
)

const (
	tableSize = 256 // bytes of code lengths before the bit stream
	symbols   = 512
	longest   = 15 // bits of a code
	quick     = 11 // bits looked up at once; longer codes are rare
	overRead  = 8  // bytes that a decoder may read past the end of honest data
)

// ErrMalformed is data that no encoder writes.
var ErrMalformed = errors.New("malformed Xpress Huffman data")

// Decoder holds the code table of the block at hand. The zero value is ready;
// one decoder serves one goroutine.
type Decoder struct {
	quick  [1 << quick]uint16  // by the next bits: symbol<<4 | length, 0 = longer or none
	limit  [longest + 1]uint32 // by length: the first code, left-aligned, behind those of it
	base   [longest + 1]int    // by length: place in sorted of its code zero
	sorted [symbols]uint16     // by code
	counts [longest + 1]uint16 // codes of each length
}

// Decode fills out from one block. Input that ends early reads as zero, since
// records of SQL Server may be up to four bytes short. used is how much of in
// was taken, more than len(in) where it was short. Nothing is allocated.
func (d *Decoder) Decode(out, in []byte) (used int, err error) {
	if len(in) < tableSize {
		return 0, ErrMalformed
	}
	if err := d.table(in[:tableSize]); err != nil {
		return 0, err
	}
	pos, n := tableSize, 0
	// word holds the next bits left-aligned; spare counts those beyond the
	// first 16 and is filled up by words of 16 bits. Single bytes are taken from
	// the same place of the input, behind the words already taken.
	word := uint32(at16(in, pos))<<16 | uint32(at16(in, pos+2))
	pos += 4
	spare := 16
	for n < len(out) {
		if pos > len(in)+overRead {
			return pos, ErrMalformed
		}
		entry := d.quick[word>>(32-quick)]
		if entry == 0 {
			if entry = d.long(word >> (32 - longest)); entry == 0 {
				return pos, ErrMalformed
			}
		}
		length := int(entry & 15)
		word <<= length
		if spare -= length; spare < 0 {
			word |= uint32(at16(in, pos)) << -spare
			spare += 16
			pos += 2
		}
		symbol := int(entry >> 4)
		if symbol < 256 {
			out[n] = byte(symbol)
			n++
			continue
		}
		run, width := symbol&15, symbol>>4&15
		if run == 15 {
			run = 15 + int(at8(in, pos))
			if pos++; run == 15+255 {
				run = int(at16(in, pos))
				if pos += 2; run < 15 {
					return pos, ErrMalformed
				}
			}
		}
		back := 1<<width + int(word>>1>>(31-width))
		word <<= width
		if spare -= width; spare < 0 {
			word |= uint32(at16(in, pos)) << -spare
			spare += 16
			pos += 2
		}
		if back > n {
			return pos, ErrMalformed
		}
		run = min(run+3, len(out)-n)
		if end := n + run; back >= 8 && end+8 <= len(out) {
			for ; n < end; n += 8 { // eight at once, what is too much is overwritten
				binary.LittleEndian.PutUint64(out[n:], binary.LittleEndian.Uint64(out[n-back:]))
			}
			n = end
			continue
		}
		if back >= run {
			copy(out[n:n+run], out[n-back:])
			n += run
			continue
		}
		from := n - back
		for end := n + run; n < end; { // overlapping: what is there doubles
			n += copy(out[n:end], out[from:n])
		}
	}
	return pos, nil
}

// long finds a code of more bits than are looked up at once.
func (d *Decoder) long(code uint32) uint16 {
	for length := quick + 1; length <= longest; length++ {
		if code < d.limit[length] {
			return d.sorted[d.base[length]+int(code>>(longest-length))]<<4 | uint16(length)
		}
	}
	return 0
}

// table reads the code lengths. Codes are canonical: shorter first, then by
// symbol.
func (d *Decoder) table(lengths []byte) error {
	d.counts = [longest + 1]uint16{}
	for _, pair := range lengths {
		d.counts[pair&15]++
		d.counts[pair>>4]++
	}
	var next [longest + 1]int
	code, place := uint32(0), 0
	for length := 1; length <= longest; length++ {
		first, count := code>>(longest-length), int(d.counts[length])
		d.base[length], next[length] = place-int(first), place
		place += count
		code += uint32(count) << (longest - length)
		d.limit[length] = code
	}
	if code > 1<<longest {
		return ErrMalformed
	}
	for i, pair := range lengths {
		if n := pair & 15; n != 0 {
			d.sorted[next[n]] = uint16(2 * i)
			next[n]++
		}
		if n := pair >> 4; n != 0 {
			d.sorted[next[n]] = uint16(2*i + 1)
			next[n]++
		}
	}
	at := 0
	place = 0
	for length := 1; length <= quick; length++ {
		span := 1 << (quick - length)
		for range d.counts[length] {
			entry := d.sorted[place]<<4 | uint16(length)
			place++
			fill := d.quick[at : at+span]
			for i := range fill {
				fill[i] = entry
			}
			at += span
		}
	}
	clear(d.quick[at:])
	return nil
}

func at8(in []byte, pos int) byte {
	if pos < len(in) {
		return in[pos]
	}
	return 0
}

func at16(in []byte, pos int) uint16 {
	if pos+2 <= len(in) {
		return binary.LittleEndian.Uint16(in[pos:])
	}
	return uint16(at8(in, pos+1))<<8 | uint16(at8(in, pos))
}
