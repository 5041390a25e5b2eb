package s3

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strings"
)

// Names of checksums as the API writes them.
const (
	crc32IEEE = "CRC32"
	crc32C    = "CRC32C"
	crc64NVME = "CRC64NVME"
	sha256Sum = "SHA256"
)

// polynomials, reflected, by name.
var polynomials = map[string]struct {
	width int
	value uint64
}{crc32IEEE: {32, crc32.IEEE}, crc32C: {32, crc32.Castagnoli}, crc64NVME: {64, 0x9a6c9329ac4bc9b5}}

var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// hashOf makes the checksum of a name; nil for those that are not done here.
func hashOf(name string) hash.Hash {
	switch name {
	case crc32IEEE:
		return crc32.NewIEEE()
	case crc32C:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case crc64NVME:
		return crc64.New(nvme)
	case sha256Sum:
		return sha256.New()
	}
	return nil
}

// number is a CRC from its bytes, 0 for others.
func number(sum []byte) uint64 {
	switch len(sum) {
	case 4:
		return uint64(binary.BigEndian.Uint32(sum))
	case 8:
		return binary.BigEndian.Uint64(sum)
	}
	return 0
}

// wire is a CRC as it goes over the wire.
func wire(name string, sum uint64) string {
	p := binary.BigEndian.AppendUint64(nil, sum)
	if polynomials[name].width == 32 {
		p = p[4:]
	}
	return base64.StdEncoding.EncodeToString(p)
}

// header is the name of a checksum's header.
func header(name string) string { return "x-amz-checksum-" + strings.ToLower(name) }

// matrix is a linear map over GF(2): what each bit becomes.
type matrix [64]uint64

func (m *matrix) apply(v uint64) (out uint64) {
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 != 0 {
			out ^= m[i]
		}
	}
	return out
}

func (m *matrix) squared(width int) *matrix {
	var out matrix
	for i := range width {
		out[i] = m.apply(m[i])
	}
	return &out
}

// combine is the CRC of A followed by B, from the CRCs of both and the length
// of B: A's goes past as many zero bits, by squaring the map of a single one.
func combine(name string, a, b uint64, lenB int64) uint64 {
	p := polynomials[name]
	one := &matrix{p.value}
	for i := 1; i < p.width; i++ {
		one[i] = 1 << (i - 1)
	}
	step := one.squared(p.width).squared(p.width).squared(p.width) // eight bits
	for n := lenB; n > 0; n >>= 1 {
		if n&1 != 0 {
			a = step.apply(a)
		}
		step = step.squared(p.width)
	}
	return a ^ b
}
