package objectstore

import "hash/crc64"

// ECMA is the table of the CRC64 that OSS and S3 speak (ECMA-182, reflected,
// inverted: CRC-64/XZ).
var ecma = crc64.MakeTable(crc64.ECMA)

// UpdateCRC64 adds bytes to a sum; the sum of nothing is 0.
func UpdateCRC64(sum uint64, p []byte) uint64 { return crc64.Update(sum, ecma, p) }

// CombineCRC64 returns the sum of A followed by B from the sum of A, the sum
// of B and the length of B in bytes.
//
// A sum is a polynomial over GF(2) modulo P. Appending len2 bytes multiplies
// it by x^(8·len2); the inversions at both ends cancel out.
func CombineCRC64(crc1, crc2 uint64, len2 int64) uint64 {
	const one, x8 = uint64(1) << 63, uint64(1) << 55 // reflected: the highest bit is x^0
	shift, square := one, x8
	for n := uint64(max(len2, 0)); n > 0; n >>= 1 {
		if n&1 != 0 {
			shift = multiply(shift, square)
		}
		square = multiply(square, square)
	}
	return multiply(crc1, shift) ^ crc2
}

// multiply is a·b modulo P, reflected.
func multiply(a, b uint64) uint64 {
	var product uint64
	for a != 0 {
		if a&(1<<63) != 0 {
			product ^= b
		}
		a <<= 1
		low := b & 1
		b >>= 1
		if low != 0 {
			b ^= crc64.ECMA
		}
	}
	return product
}
