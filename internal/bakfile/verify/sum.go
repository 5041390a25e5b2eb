package verify

import (
	"encoding/binary"
	"math/bits"
)

const (
	sector   = 512
	pageSize = 8192
	extent   = 8 * pageSize
)

var le = binary.LittleEndian

// sectorXor joins the 128 little-endian words of a sector by XOR.
func sectorXor(b *[sector]byte) uint32 {
	var x0, x1, x2, x3 uint64
	for i := 0; i < sector; i += 64 {
		c := b[i : i+64 : i+64]
		x0 ^= le.Uint64(c) ^ le.Uint64(c[32:])
		x1 ^= le.Uint64(c[8:]) ^ le.Uint64(c[40:])
		x2 ^= le.Uint64(c[16:]) ^ le.Uint64(c[48:])
		x3 ^= le.Uint64(c[24:]) ^ le.Uint64(c[56:])
	}
	x0 ^= x1 ^ x2 ^ x3
	return uint32(x0) ^ uint32(x0>>32)
}

// sum continues the sum r over whole sectors: each turns it left by one bit and
// joins its words by XOR. Page checksums, checksums of log blocks and backup
// checksums are all this sum, with the field that holds it taken as zero. It is
// linear: every change of one word is seen, the same change twice in one column
// of a sector is not, nor the exchange of sectors a multiple of 32 apart.
func sum(r uint32, b []byte) uint32 {
	for ; len(b) >= sector; b = b[sector:] {
		r = bits.RotateLeft32(r, 1) ^ sectorXor((*[sector]byte)(b))
	}
	return r
}

// sumWithout is the sum of b with the word stored in its first sector as zero.
func sumWithout(b []byte, stored uint32) uint32 {
	return sum(0, b) ^ bits.RotateLeft32(stored, len(b)/sector-1)
}

func allZero(b []byte) bool {
	for len(b) >= 8 {
		if le.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
