package bakfile

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// GUID is a SQL Server uniqueidentifier in the order its text shows it.
type GUID [16]byte

// GUIDFromWire turns Microsoft's mixed-endian form, as stored in backup files
// and sent by servers, into a GUID. It reads the first 16 bytes of b.
func GUIDFromWire(b []byte) GUID {
	return GUID{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6],
		b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

// Wire is the mixed-endian form.
func (g GUID) Wire() [16]byte { return GUIDFromWire(g[:]) }

// IsZero reports whether the GUID is absent.
func (g GUID) IsZero() bool { return g == GUID{} }

// String is the lower-case form with hyphens.
func (g GUID) String() string {
	h := hex.EncodeToString(g[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ParseGUID reads the text form in either case, with or without braces.
func ParseGUID(s string) (GUID, error) {
	t := strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}")
	var g GUID
	if len(t) == 36 && t[8] == '-' && t[13] == '-' && t[18] == '-' && t[23] == '-' {
		if n, err := hex.Decode(g[:], []byte(strings.ReplaceAll(t, "-", ""))); err == nil && n == 16 {
			return g, nil
		}
	}
	return GUID{}, fmt.Errorf("%q is not a GUID", s)
}

// MarshalText writes the lower-case form.
func (g GUID) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads the text form.
func (g *GUID) UnmarshalText(b []byte) (err error) {
	*g, err = ParseGUID(string(b))
	return err
}
