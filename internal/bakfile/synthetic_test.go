package bakfile_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
)

var le = binary.LittleEndian

// synthetic is a file of n small sets, log backups after a full one.
func synthetic(t testing.TB, n int, media bakfile.Media) []byte {
	t.Helper()
	return syntheticOf(t, n, media, 20_000)
}

func syntheticOf(t testing.TB, n int, media bakfile.Media, payload int64) []byte {
	t.Helper()
	spec := mtf.Spec{Media: media}
	zone := time.Hour
	for i := range n {
		at := bakfile.LSN{VLF: 30, Block: uint32(100 * i), Slot: 1}
		s := bakfile.Set{
			Type: bakfile.TypeLog, Database: "orders", ServerName: "EMULATED", VersionMajor: 13, VersionBuild: 1601,
			FirstLSN: at, LastLSN: bakfile.LSN{VLF: 30, Block: uint32(100*i + 100), Slot: 1}, CheckpointLSN: at,
			Started:  bakfile.LocalTime{Time: time.Date(2026, 11, 20, 1, 0, i, 0, time.UTC)},
			Finished: bakfile.LocalTime{Time: time.Date(2026, 11, 20, 1, 0, i+1, 0, time.UTC)}, UTCOffset: &zone,
			Files: []bakfile.DataFile{{FileID: 1, LogicalName: "orders", PhysicalName: `C:\orders.mdf`, Type: "D", FilegroupID: 1, FilegroupName: "PRIMARY", Size: 8 << 20}},
		}
		if i == 0 {
			s.Type = bakfile.TypeFull
		}
		s.SetGUID[15] = byte(i + 1)
		spec.Sets = append(spec.Sets, mtf.Set{Set: s, PayloadSize: payload})
	}
	var out bytes.Buffer
	if err := mtf.Write(&out, spec); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func marksOf(b []byte) (marks []int) {
	for off := 0; off+512 <= len(b); off += 512 {
		if string(b[off:off+4]) == "SFMB" {
			marks = append(marks, off)
		}
	}
	return marks
}

// compress puts a plain file with 512-byte blocks into the compressed
// container. Its records hold literals only.
func compress(t testing.TB, plain []byte) []byte {
	t.Helper()
	return compressBy(t, plain, 32<<10)
}

// compressBy makes records of so many bytes of content.
func compressBy(t testing.TB, plain []byte, content int) []byte {
	t.Helper()
	out := make([]byte, 0x1e0)
	copy(out, "MSSQLBAK")
	out[8], out[12] = 2, 3
	record := func(content []byte) {
		h := make([]byte, 0x1c)
		data := literals(content)
		h[0], h[1] = 0x21, byte(len(content)/512)
		le.PutUint16(h[2:], uint16(len(data)))
		le.PutUint32(h[0x18:], checkOf(data))
		out = append(append(out, h...), data...)
	}
	pad := func() {
		n := (512 - (len(out)+0x18)%512) % 512
		h := make([]byte, 0x18+n)
		h[0] = 0x24
		le.PutUint16(h[2:], uint16(n))
		out = append(out, h...)
	}
	moved := map[uint64]uint64{}
	begin := 0
	for i, mark := range marksOf(plain) {
		last := len(out)
		for p := begin; p < mark; p += content {
			last = len(out)
			record(plain[p:min(p+content, mark)])
		}
		if i%2 == 1 { // the data ends here: an index
			index := make([]byte, 0x18+16+16)
			index[0] = 0x2c
			head := index[0x18:]
			head[0], head[2], head[4] = 1, 1, 1
			le.PutUint32(head[12:], uint32(last))
			le.PutUint64(head[24:], uint64(last))
			end := (len(out) + len(index) + 16 + 511) &^ 511
			mark := bytes.Clone(head[:16])
			out = append(out, index...)
			out = append(out, make([]byte, end-16-len(out))...)
			out = append(out, mark...)
		} else {
			pad()
		}
		block := bytes.Clone(plain[mark : mark+512])
		for k := range int(le.Uint32(block[0x38:])) {
			at := block[0x48+8*k:]
			le.PutUint64(at, moved[le.Uint64(at)])
		}
		moved[uint64(mark)] = uint64(len(out))
		out = append(out, block...)
		begin = mark + 512
	}
	return out
}

// checkOf is the check value of a compressed record, written down a second time.
func checkOf(b []byte) (r uint32) {
	for len(b)%4 != 0 {
		b = append(bytes.Clone(b), 0)
	}
	for i := 0; i < len(b); i += 4 {
		r = (r<<1 | r>>31) ^ le.Uint32(b[i:])
	}
	return r
}

// literals is the simplest Xpress Huffman block: every literal eight bits.
func literals(b []byte) []byte {
	out := make([]byte, 256)
	for i := range 128 {
		out[i] = 0x88
	}
	for i := 0; i+1 < len(b); i += 2 {
		out = append(out, b[i+1], b[i])
	}
	return out
}

func mustRead(t testing.TB, b []byte) *bakfile.File {
	t.Helper()
	f, err := bakfile.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCompressedContainerSaysTheSame(t *testing.T) {
	for _, n := range []int{1, 3} {
		plain := synthetic(t, n, bakfile.Media{})
		want, got := mustRead(t, plain), mustRead(t, compress(t, plain))
		if got.Container != bakfile.Compressed || got.Truncated {
			t.Fatalf("container %s, truncated %v", got.Container, got.Truncated)
		}
		if len(got.Sets) != n {
			t.Fatalf("%d sets, want %d", len(got.Sets), n)
		}
		for i := range got.Sets {
			if g, w := got.Sets[i], want.Sets[i]; g.SetGUID != w.SetGUID || g.Finished != w.Finished || g.LastLSN != w.LastLSN || !g.IsCompressed {
				t.Errorf("set %d: got %+v, want %+v", i+1, g, w)
			}
		}
	}
}

func TestMoreFilemarksThanTheTableHolds(t *testing.T) {
	const n = 70 // 141 marks, a table of 55
	newest := synthetic(t, n, bakfile.Media{})
	marks := marksOf(newest)
	oldest := bytes.Clone(newest)
	for i := 56; i < len(marks); i++ { // tables that stop when full
		copy(oldest[marks[i]+0x34:marks[i]+512], oldest[marks[55]+0x34:marks[55]+512])
		reseal(oldest[marks[i]:])
	}
	for name, b := range map[string][]byte{"newest are kept": newest, "oldest are kept": oldest} {
		t.Run(name, func(t *testing.T) {
			f := mustRead(t, b)
			if f.Truncated || len(f.Sets) != n {
				t.Fatalf("truncated %v, %d sets, want %d", f.Truncated, len(f.Sets), n)
			}
			for i, s := range f.Sets {
				if s.Position != i+1 || s.SetGUID[15] != byte(i+1) || !s.Complete {
					t.Errorf("set %d: %+v", i+1, s)
				}
			}
		})
	}
}

func reseal(block []byte) {
	var x uint16
	for i := 0; i < 50; i += 2 {
		x ^= le.Uint16(block[i:])
	}
	le.PutUint16(block[50:], x)
}

func TestNineSetsTakeTenReads(t *testing.T) {
	r := &counted{ReaderAt: bytes.NewReader(synthetic(t, 9, bakfile.Media{}))}
	f, err := bakfile.Read(r, r.ReaderAt.(*bytes.Reader).Size())
	if err != nil || len(f.Sets) != 9 {
		t.Fatal(f, err)
	}
	if n := r.reads.Load(); n > 10 {
		t.Errorf("%d reads", n)
	}
}

// TestSixSetsCostLittle: a medium of six sets, each of megabytes, is told from
// at most 300,000 bytes in at most ten reads.
func TestSixSetsCostLittle(t *testing.T) {
	plain := syntheticOf(t, 6, bakfile.Media{}, 1<<20)
	for name, b := range map[string][]byte{
		"plain": plain, "compressed": compressBy(t, plain, 8<<10), "large blocks": syntheticOf(t, 6, bakfile.Media{PhysicalBlockSize: 4096}, 1<<20),
	} {
		r := &counted{ReaderAt: bytes.NewReader(b)}
		f, err := bakfile.Read(r, int64(len(b)))
		if err != nil {
			t.Fatal(name, err)
		}
		for _, s := range f.Sets {
			if !s.Complete {
				t.Errorf("%s: set %d is not complete", name, s.Position)
			}
		}
		if len(f.Sets) != 6 || f.Truncated || r.bytes.Load() > 300_000 || r.reads.Load() > 10 {
			t.Errorf("%s: %d sets, truncated %v, %d bytes in %d reads", name, len(f.Sets), f.Truncated, r.bytes.Load(), r.reads.Load())
		}
		t.Logf("%s: %d bytes in %d reads", name, r.bytes.Load(), r.reads.Load())
	}
}
