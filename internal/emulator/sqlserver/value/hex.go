package value

import "github.com/bakplane/bakplane/internal/bakfile"

// HexLSN is how management views write an LSN: 00000027:00000010:0001; NULL for
// a zero one.
func HexLSN(l bakfile.LSN) any {
	if l.IsZero() {
		return nil
	}
	const digits = "0123456789abcdef"
	out := []byte{}
	put := func(v uint64, n int) {
		for i := n - 1; i >= 0; i-- {
			out = append(out, digits[v>>(4*i)&15])
		}
	}
	put(uint64(l.VLF), 8)
	out = append(out, ':')
	put(uint64(l.Block), 8)
	out = append(out, ':')
	put(uint64(l.Slot), 4)
	return string(out)
}
