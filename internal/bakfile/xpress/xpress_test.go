package xpress

import (
	"bytes"
	"strings"
	"testing"
)

// lengthTable is the 256-byte table with the given code lengths.
func lengthTable(lengths map[int]byte) []byte {
	t := make([]byte, tableSize)
	for symbol, n := range lengths {
		t[symbol/2] |= n << (symbol % 2 * 4)
	}
	return t
}

// literals encodes b with all 256 literals eight bits long: canonical codes
// are then the bytes themselves, in words of two.
func literals(b []byte) []byte {
	lengths := map[int]byte{}
	for i := range 256 {
		lengths[i] = 8
	}
	out := lengthTable(lengths)
	for i := 0; i < len(b); i += 2 {
		pair := append(bytes.Clone(b[i:min(i+2, len(b))]), 0)
		out = append(out, pair[1], pair[0])
	}
	return out
}

// alphabet and repeated are the two worked examples of MS-XCA, section 3.2.
func alphabet() (encoded []byte, plain string) {
	lengths := map[int]byte{256: 4}
	for c := 'a'; c <= 'z'; c++ {
		lengths[int(c)] = 5
		if c >= 'w' {
			lengths[int(c)] = 4
		}
	}
	return append(lengthTable(lengths), 0xd8, 0x52, 0x3e, 0xd7, 0x94, 0x11, 0x5b, 0xe9, 0x19, 0x5f,
		0xf9, 0xd6, 0x7c, 0xdf, 0x8d, 0x04, 0, 0, 0, 0), "abcdefghijklmnopqrstuvwxyz"
}

func repeated() (encoded []byte, plain string) {
	table := lengthTable(map[int]byte{'a': 3, 'b': 3, 'c': 2, 256: 2, 287: 2})
	return append(table, 0xa8, 0xdc, 0, 0, 0xff, 0x26, 0x01), strings.Repeat("abc", 100)
}

func TestDecodeXpress(t *testing.T) {
	for name, example := range map[string]func() ([]byte, string){
		"literals of several lengths": alphabet,
		"a long match":                repeated,
		"plain bytes":                 func() ([]byte, string) { return literals([]byte("TAPE, plain")), "TAPE, plain" },
	} {
		t.Run(name, func(t *testing.T) {
			in, want := example()
			got := make([]byte, len(want))
			_, err := new(Decoder).Decode(got, in)
			if err != nil || string(got) != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestDecodeXpressRefuses(t *testing.T) {
	over := lengthTable(map[int]byte{'a': 1, 'b': 1, 'c': 1})
	matchFirst := lengthTable(map[int]byte{'a': 1, 256: 1})
	for name, in := range map[string][]byte{
		"a short table":            make([]byte, 255),
		"a table without codes":    make([]byte, 300),
		"more codes than bits":     append(over, 0, 0, 0, 0),
		"a match before any byte":  append(matchFirst, 0xff, 0xff, 0xff, 0xff),
		"input that ends too soon": literals([]byte("short")),
	} {
		t.Run(name, func(t *testing.T) {
			if used, err := new(Decoder).Decode(make([]byte, 1000), in); err == nil {
				t.Errorf("decoded from %d bytes", used)
			}
		})
	}
}

func FuzzDecodeXpress(f *testing.F) {
	for _, example := range []func() ([]byte, string){alphabet, repeated} {
		in, want := example()
		f.Add(in, len(want))
	}
	f.Add(literals([]byte("backup")), 6)
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		d, out := new(Decoder), make([]byte, int(uint(size)%(255*512+1)))
		used, err := d.Decode(out, in)
		if used > len(in)+2*overRead {
			t.Errorf("took %d bytes of %d", used, len(in))
		}
		again := make([]byte, len(out))
		if used2, err2 := d.Decode(again, in); used2 != used || (err2 == nil) != (err == nil) || !bytes.Equal(out, again) {
			t.Errorf("a second time %d, %v, and before %d, %v", used2, err2, used, err)
		}
	})
}
