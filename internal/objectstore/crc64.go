package objectstore

import (
	"encoding/binary"
	"hash/crc32"
	"hash/crc64"

	"github.com/minio/crc64nvme"
)

// Checksum is a sum over bytes that services compute of what they are sent,
// and that can be put together from the sums of its pieces. The sum of nothing
// is 0. Of 32 bits the lower half is used.
type Checksum struct {
	name       string
	width      uint
	polynomial uint64 // reflected: the highest bit is x^0
	update     func(sum uint64, p []byte) uint64
}

// The checksums that buckets tell.
var (
	// CRC64 is that of OSS and of folders: ECMA-182, reflected, inverted
	// (CRC-64/XZ in the catalogue of CRC algorithms).
	CRC64 = &Checksum{"CRC64", 64, crc64.ECMA, UpdateCRC64}
	// CRC64NVME is the one S3 recommends and adds to objects by itself.
	CRC64NVME = &Checksum{"CRC64NVME", 64, 0x9a6c9329ac4bc9b5, crc64nvme.Update}
	// CRC32C is for stores that speak S3 and do not know CRC64NVME.
	CRC32C = &Checksum{"CRC32C", 32, crc32.Castagnoli, func(sum uint64, p []byte) uint64 {
		return uint64(crc32.Update(uint32(sum), castagnoli, p))
	}}
)

// Checksummed is a bucket whose objects and parts have another checksum than
// CRC64. What their fields CRC64 say is then this one.
type Checksummed interface {
	Checksum() *Checksum
}

// ChecksumOf is the checksum of a bucket's objects and parts.
func ChecksumOf(b Bucket) *Checksum {
	if c, ok := b.(Checksummed); ok {
		return c.Checksum()
	}
	return CRC64
}

// String is the name as the documentation of services writes it.
func (c *Checksum) String() string { return c.name }

// Bytes is the length of a sum in bytes.
func (c *Checksum) Bytes() int { return int(c.width / 8) }

// Update adds bytes to a sum.
func (c *Checksum) Update(sum uint64, p []byte) uint64 { return c.update(sum, p) }

// Combine returns the sum of A followed by B from the sum of A, the sum of B
// and the length of B in bytes.
//
// A sum is a polynomial over GF(2) modulo P. Appending lenB bytes multiplies
// it by x^(8·lenB); the inversions at both ends cancel out.
func (c *Checksum) Combine(a, b uint64, lenB int64) uint64 {
	return c.multiply(a, c.power(lenB)) ^ b
}

// power is x^(8n) modulo P.
func (c *Checksum) power(n int64) uint64 {
	product, square := uint64(1)<<(c.width-1), uint64(1)<<(c.width-9)
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			product = c.multiply(product, square)
		}
		square = c.multiply(square, square)
	}
	return product
}

// multiply is a·b modulo P, reflected.
func (c *Checksum) multiply(a, b uint64) uint64 {
	var product uint64
	for a <<= 64 - c.width; a != 0; a <<= 1 {
		product ^= b & -(a >> 63)
		b = b>>1 ^ c.polynomial&-(b&1)
	}
	return product
}

// lane is how many bytes each of three sums takes at a time.
const lane = 16 << 10

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	ecma       = crc64.MakeTable(crc64.ECMA)
	// wide[j][b] is the sum of byte b followed by j zero bytes.
	wide = widen(ecma)
	// past moves a sum past zero bytes and pastLane is one lane of them.
	past     = &Checksum{width: 64, polynomial: crc64.ECMA}
	pastLane = past.power(lane)
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

// UpdateCRC64 adds bytes to a CRC64.
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
		sum = past.multiply(past.multiply(^x, pastLane)^^y, pastLane) ^ ^z
		p = p[3*lane:]
	}
	return crc64.Update(sum, ecma, p)
}

func eight(t *[8]crc64.Table, v uint64) uint64 {
	return t[7][byte(v)] ^ t[6][byte(v>>8)] ^ t[5][byte(v>>16)] ^ t[4][byte(v>>24)] ^
		t[3][byte(v>>32)] ^ t[2][byte(v>>40)] ^ t[1][byte(v>>48)] ^ t[0][byte(v>>56)]
}

// CombineCRC64 is CRC64.Combine.
func CombineCRC64(crc1, crc2 uint64, len2 int64) uint64 { return past.Combine(crc1, crc2, len2) }
