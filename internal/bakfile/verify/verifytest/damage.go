package verifytest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// Damage is one random damage to a file.
type Damage struct {
	Bytes []byte
	What  string
	// Must be found: it cuts the file, or changes something in a way that what
	// guards it has to see.
	Must bool
}

// Random damages the file b, in one of the ways in which
// files get damaged: bits, bytes, blocks exchanged, wiped or repeated, the end
// cut off, a part of another file put in. The bytes are valid until the next
// call with the same scratch.
func Random(r *rand.Rand, b []byte, guarded []Unit, other []byte, scratch []byte) Damage {
	out := append(scratch[:0], b...)
	at := r.IntN(len(b))
	what := ""
	switch r.IntN(8) {
	case 0:
		out[at] ^= 1 << r.IntN(8)
		what = fmt.Sprintf("bit of byte %d", at)
	case 1:
		out[at] ^= byte(1 + r.IntN(255))
		what = fmt.Sprintf("byte %d", at)
	case 2:
		n := min(1+r.IntN(64), len(b)-at)
		for i := range n {
			out[at+i] = byte(r.Uint32())
		}
		what = fmt.Sprintf("%d bytes from %d", n, at)
	case 3, 4:
		n := 512 << r.IntN(5)
		from, to := r.IntN(len(b)/n)*n, r.IntN(len(b)/n)*n
		copy(out[from:from+n], b[to:to+n])
		copy(out[to:to+n], b[from:from+n])
		what = fmt.Sprintf("%d bytes at %d and %d exchanged", n, from, to)
	case 5:
		n := min(512<<r.IntN(5), len(b))
		at = r.IntN(len(b)/n) * n
		clear(out[at : at+n])
		what = fmt.Sprintf("%d bytes at %d wiped", n, at)
	case 6:
		return Damage{out[:at], fmt.Sprintf("cut at %d", at), true}
	case 7:
		n := min(512<<r.IntN(6), len(b), len(other))
		at = r.IntN(len(b)/n) * n
		from := r.IntN(len(other)/n) * n
		copy(out[at:at+n], other[from:from+n])
		what = fmt.Sprintf("%d bytes at %d from %d of another file", n, at, from)
	}
	return Damage{out, what, must(b, out, guarded)}
}

// must tells whether a guard has to see the change.
func must(b, out []byte, guarded []Unit) bool {
	for _, u := range guarded {
		before, after := b[u.from:u.end], out[u.from:u.end]
		if !bytes.Equal(before, after) && u.broken(before, after) {
			return true
		}
	}
	return false
}
