package objectstore

import (
	"encoding/binary"
	"hash/crc64"
)

// lane is how many bytes each of three sums takes at a time.
const lane = 16 << 10

var (
	// ecma is the table of the CRC64 that OSS and S3 speak (ECMA-182,
	// reflected, inverted: CRC-64/XZ).
	ecma = crc64.MakeTable(crc64.ECMA)
	// wide[j][b] is the sum of byte b followed by j zero bytes.
	wide = widen(ecma)
	// pastLane moves a sum past one lane of bytes.
	pastLane = power(lane)
)

func widen(t *crc64.Table) *[8]crc64.Table {
	w := &[8]crc64.Table{*t}
	for b := range 256 {
		for j := 1; j < 8; j++ {
			w[j][b] = w[0][byte(w[j-1][b])] ^ w[j-1][b]>>8
		}
	}
	return w
}

// UpdateCRC64 adds bytes to a sum; the sum of nothing is 0.
//
// hash/crc64 takes eight bytes a step and waits for each step's result; three
// sums side by side wait together, which is half again as fast. On the upload
// of a large file this is the client's largest cost.
func UpdateCRC64(sum uint64, p []byte) uint64 {
	for len(p) >= 3*lane {
		a, b, c := p[:lane], p[lane:2*lane], p[2*lane:3*lane]
		x, y, z := ^sum, ^uint64(0), ^uint64(0)
		for i := 0; i < lane; i += 8 {
			x = eight(wide, x^binary.LittleEndian.Uint64(a[i:]))
			y = eight(wide, y^binary.LittleEndian.Uint64(b[i:]))
			z = eight(wide, z^binary.LittleEndian.Uint64(c[i:]))
		}
		sum = multiply(multiply(^x, pastLane)^^y, pastLane) ^ ^z
		p = p[3*lane:]
	}
	return crc64.Update(sum, ecma, p)
}

func eight(t *[8]crc64.Table, v uint64) uint64 {
	return t[7][byte(v)] ^ t[6][byte(v>>8)] ^ t[5][byte(v>>16)] ^ t[4][byte(v>>24)] ^
		t[3][byte(v>>32)] ^ t[2][byte(v>>40)] ^ t[1][byte(v>>48)] ^ t[0][byte(v>>56)]
}

// CombineCRC64 returns the sum of A followed by B from the sum of A, the sum
// of B and the length of B in bytes.
//
// A sum is a polynomial over GF(2) modulo P. Appending len2 bytes multiplies
// it by x^(8·len2); the inversions at both ends cancel out.
func CombineCRC64(crc1, crc2 uint64, len2 int64) uint64 {
	return multiply(crc1, power(len2)) ^ crc2
}

// power is x^(8n) modulo P.
func power(n int64) uint64 {
	product, square := uint64(1)<<63, uint64(1)<<55 // reflected: the highest bit is x^0
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			product = multiply(product, square)
		}
		square = multiply(square, square)
	}
	return product
}

// multiply is a·b modulo P, reflected.
func multiply(a, b uint64) uint64 {
	var product uint64
	for a != 0 {
		product ^= b & -(a >> 63)
		a <<= 1
		b = b>>1 ^ crc64.ECMA&-(b&1)
	}
	return product
}
