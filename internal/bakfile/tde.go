package bakfile

import (
	"encoding/hex"
	"slices"
)

// Where a public reader found the key of a database with TDE in an
// uncompressed backup: u32 20, the thumbprint, u32 bits of the key, the key
// wrapped by the certificate.
const (
	tdeFrom, tdeUntil = 0x2000, 0xc000
	thumbprintSize    = 20
)

// tdeThumbprint looks for that record in the beginning of a file; empty = it is
// not there. The record has no mark of its own: a thumbprint is a hash, so at
// most a few of its bytes repeat, and the length before and the one behind it
// must both be right.
func tdeThumbprint(head []byte) string {
	if len(head) < 4 || string(head[:4]) != "TAPE" {
		return ""
	}
	for off := tdeFrom; off+8+thumbprintSize <= min(len(head), tdeUntil); off += 2 {
		if le.Uint32(head[off:]) != thumbprintSize {
			continue
		}
		print := head[off+4:][:thumbprintSize]
		switch le.Uint32(head[off+4+thumbprintSize:]) {
		case 128, 192, 256, 512:
			if hashLike(print) {
				return hex.EncodeToString(print)
			}
		}
	}
	return ""
}

func hashLike(b []byte) bool {
	sorted := slices.Clone(b)
	slices.Sort(sorted)
	return len(slices.Compact(sorted)) >= thumbprintSize*3/5
}

// TDEThumbprint looks for the record of a database's key in the first bytes of
// an uncompressed backup, 48 KiB at most, and gives the certificate's
// thumbprint in hexadecimal digits; empty = none is there. See
// File.TDEThumbprint for how far this can be trusted.
func TDEThumbprint(head []byte) string { return tdeThumbprint(head) }
