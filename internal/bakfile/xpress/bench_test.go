package xpress

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
)

// BenchmarkDecode decodes the records of a real backup; the rate is that of
// the compressed bytes.
func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"sql2016_tutorialdb_compressed_full.bak", "sql2016_tsql2012_compressed_4k_full.bak"} {
		b.Run(name, func(b *testing.B) {
			data, err := os.ReadFile(bakfiletest.Sample(b, name))
			if err != nil {
				b.Fatal(err)
			}
			var in [][]byte
			var size []int
			total, plain := 0, 0
			for p := 0x1e0; p < len(data); {
				n := int(binary.LittleEndian.Uint16(data[p+2:]))
				switch data[p] {
				case 0x21:
					in, size = append(in, data[p+0x1c:][:n]), append(size, int(data[p+1])*512)
					total, plain = total+n, plain+int(data[p+1])*512
					p += 0x1c + n
				case 0x24:
					p += 0x18 + n
				default:
					p = (p + 512) &^ 511
				}
			}
			var d Decoder
			out := make([]byte, 255*512)
			b.SetBytes(int64(total))
			for b.Loop() {
				for i := range in {
					if _, err := d.Decode(out[:size[i]], in[i]); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(plain)/float64(total), "ratio")
		})
	}
}
