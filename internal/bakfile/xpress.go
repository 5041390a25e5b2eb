package bakfile

import "errors"

const (
	xpressTable   = 256 // bytes of code lengths before the bit stream
	xpressSymbols = 512
	xpressBits    = 15 // longest code
)

var errXpress = errors.New("malformed Xpress Huffman data")

// decodeXpress decodes one block of LZ77+Huffman data as MS-XCA 2.2 describes
// it, until size bytes are out. Input that ends early reads as zero: SQL
// Server's records may be up to four bytes short. The result never grows past
// size, and every round of the loop adds to it.
func decodeXpress(in []byte, size int) ([]byte, error) {
	if len(in) < xpressTable {
		return nil, errXpress
	}
	codes, err := xpressCodes(in[:xpressTable])
	if err != nil {
		return nil, err
	}
	bits := newBitReader(in[xpressTable:])
	out := make([]byte, 0, size)
	for len(out) < size {
		if bits.exhausted() {
			return nil, errXpress
		}
		entry := codes[bits.peek(xpressBits)]
		symbol, length := entry>>4, entry&15
		if length == 0 {
			return nil, errXpress
		}
		bits.skip(int(length))
		if symbol < 256 {
			out = append(out, byte(symbol))
			continue
		}
		symbol -= 256
		n := int(symbol & 15)
		if n == 15 {
			n = 15 + int(bits.u8())
			if n == 15+255 {
				if n = int(bits.u16()); n < 15 {
					return nil, errXpress
				}
			}
		}
		n += 3
		width := int(symbol >> 4)
		back := 1<<width + int(bits.peek(width))
		bits.skip(width)
		if back > len(out) {
			return nil, errXpress
		}
		for n = min(n, size-len(out)); n > 0; n-- {
			out = append(out, out[len(out)-back])
		}
	}
	return out, nil
}

// xpressCodes builds the table that maps the next 15 bits to symbol<<4|length.
// Codes are canonical: shorter first, then by symbol.
func xpressCodes(lengths []byte) (*[1 << xpressBits]uint16, error) {
	table := new([1 << xpressBits]uint16)
	next := 0
	for length := 1; length <= xpressBits; length++ {
		for symbol := range xpressSymbols {
			nibble := lengths[symbol/2] >> (symbol % 2 * 4) & 15
			if int(nibble) != length {
				continue
			}
			span := 1 << (xpressBits - length)
			if next+span > len(table) {
				return nil, errXpress
			}
			for i := range span {
				table[next+i] = uint16(symbol<<4 | length)
			}
			next += span
		}
	}
	return table, nil
}

// bitReader holds the next bits left-aligned in a 32-bit word that is refilled
// with little-endian 16-bit words. Single bytes are taken from the same place
// in the input, behind the words already taken.
type bitReader struct {
	in   []byte
	pos  int
	word uint32
	free int // bits of word beyond the first 16 still filled
}

func newBitReader(in []byte) *bitReader {
	b := &bitReader{in: in, free: 16}
	b.word = uint32(b.u16()) << 16
	b.word |= uint32(b.u16())
	return b
}

func (b *bitReader) u8() (v byte) {
	if b.pos < len(b.in) {
		v = b.in[b.pos]
	}
	b.pos++
	return v
}

func (b *bitReader) u16() uint16 { lo := b.u8(); return uint16(b.u8())<<8 | uint16(lo) }

func (b *bitReader) peek(n int) uint32 {
	if n == 0 {
		return 0
	}
	return b.word >> (32 - n)
}

func (b *bitReader) skip(n int) {
	b.word <<= n
	b.free -= n
	if b.free < 0 {
		b.word |= uint32(b.u16()) << -b.free
		b.free += 16
	}
}

// exhausted reports that more was read than the few bytes a decoder may read
// past the end of honest data.
func (b *bitReader) exhausted() bool { return b.pos > len(b.in)+8 }
