package bakfile

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// LSN is a log sequence number: where in a database's log something stands.
// Its decimal form, the one RESTORE HEADERONLY shows in a numeric(25,0)
// column, is VLF × 10^15 + Block × 10^5 + Slot.
type LSN struct {
	VLF   uint32 // sequence number of the virtual log file
	Block uint32 // offset of the log block inside it, in 512-byte units
	Slot  uint16 // record inside the block
}

// IsZero reports whether the LSN is absent; HEADERONLY shows 0 for it.
func (l LSN) IsZero() bool { return l == LSN{} }

// Compare is negative, zero or positive as l lies before, at or after m.
func (l LSN) Compare(m LSN) int {
	return cmp.Or(cmp.Compare(l.VLF, m.VLF), cmp.Compare(l.Block, m.Block), cmp.Compare(l.Slot, m.Slot))
}

// String is the decimal form without leading zeros, "0" for the zero LSN.
func (l LSN) String() string {
	s := strings.TrimLeft(fmt.Sprintf("%d%010d%05d", l.VLF, l.Block, l.Slot), "0")
	if s == "" {
		return "0"
	}
	return s
}

// ParseLSN reads the decimal form. It refuses text that no LSN can have
// produced, such as a block above 2^32 or more than 25 digits.
func ParseLSN(s string) (LSN, error) {
	if len(s) == 0 || len(s) > 25 || strings.Trim(s, "0123456789") != "" {
		return LSN{}, fmt.Errorf("%q is not a log sequence number", s)
	}
	padded := strings.Repeat("0", 25-len(s)) + s
	vlf, err1 := strconv.ParseUint(padded[:10], 10, 32)
	block, err2 := strconv.ParseUint(padded[10:20], 10, 32)
	slot, err3 := strconv.ParseUint(padded[20:], 10, 16)
	if err1 != nil || err2 != nil || err3 != nil {
		return LSN{}, fmt.Errorf("%q is not a log sequence number", s)
	}
	return LSN{VLF: uint32(vlf), Block: uint32(block), Slot: uint16(slot)}, nil
}

// MarshalText writes the decimal form; in JSON an LSN is a string because it
// has up to 25 digits.
func (l LSN) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the decimal form.
func (l *LSN) UnmarshalText(b []byte) (err error) {
	*l, err = ParseLSN(string(b))
	return err
}
