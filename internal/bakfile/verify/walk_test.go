package verify_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	"github.com/bakplane/bakplane/internal/bakfile/verify"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(bakfiletest.Sample(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStripesAreJudgedTogether(t *testing.T) {
	for _, ending := range []string{"_full.bak", "_log.trn"} {
		one := walk(t, bakfiletest.Sample(t, "sql2008r2_stripe1of2"+ending))
		two := walk(t, bakfiletest.Sample(t, "sql2008r2_stripe2of2"+ending))
		if r := verify.Together(two, one); r.Verdict != verify.Whole || len(r.NotChecked) > 1 || r.Files != 2 {
			t.Errorf("%s: %+v", ending, r)
		}
		if r := verify.Together(one); r.Verdict != verify.Whole || !strings.Contains(strings.Join(r.NotChecked, " "), "1 of 2 stripes") {
			t.Errorf("%s, one of two: %+v", ending, r)
		}
		if r := verify.Together(one, one); r.Verdict != verify.Damaged {
			t.Errorf("%s, one twice: %s", ending, r.Verdict)
		}
	}
	full := walk(t, bakfiletest.Sample(t, "sql2008r2_stripe1of2_full.bak"))
	log := walk(t, bakfiletest.Sample(t, "sql2008r2_stripe2of2_log.trn"))
	if r := verify.Together(full, log); r.Verdict != verify.Damaged || r.Damage.First[0].Kind != verify.KindStripes {
		t.Errorf("stripes of two backups: %+v", r)
	}
}

func TestABadPageIsNamedAsDBCCDoes(t *testing.T) {
	for _, name := range []string{"sql2016-sp2_restoretime_full.bak", "sql2008r2_orphanusers_checksum_full.bak"} {
		b := sample(t, name)
		page := bytes.Index(b, []byte("MQDA")) + 22 + 2 // page 0 of file 1
		b[page+4000] ^= 1
		r := verdict(t, b)
		if r.Verdict != verify.Damaged || r.Pages.Bad != 1 || r.Pages.First[0].String() != "1:0" {
			t.Errorf("%s: %s, bad %d %v", name, r.Verdict, r.Pages.Bad, r.Pages.First)
		}
		b[page+0x20], b[page+0x24] = 77, 9 // its own number is wrong: its neighbours name it
		if r := verdict(t, b); r.Pages.Bad != 1 || r.Pages.First[0].String() != "1:0" {
			t.Errorf("%s: %v", name, r.Pages.First)
		}
	}
}

func TestEveryCutIsFound(t *testing.T) {
	b := sample(t, "sql2008r2_stopat_log1.trn")
	step := 97
	if testing.Short() {
		step = 997
	}
	for n := 0; n < len(b); n += step {
		if r := verdict(t, b[:n]); r.Verdict != verify.Damaged {
			t.Errorf("cut at %d: %s", n, r.Verdict)
		}
	}
	for n := 0; n < len(b); n += 512 {
		if r := verdict(t, b[:n]); r.Verdict != verify.Damaged {
			t.Errorf("cut at %d: %s", n, r.Verdict)
		}
	}
}

func TestWhatFollowsTheLastFilemark(t *testing.T) {
	b := sample(t, "sql2008r2_stopat_log1.trn")
	if r := verdict(t, append(bytes.Clone(b), make([]byte, 5000)...)); r.Verdict != verify.Whole || r.Unaccounted != 5000 {
		t.Errorf("zeros: %s, %d unaccounted", r.Verdict, r.Unaccounted)
	}
	if r := verdict(t, append(bytes.Clone(b), "leftovers"...)); r.Verdict != verify.Damaged {
		t.Errorf("something else: %s", r.Verdict)
	}
}

func TestPiecesOfAReaderMakeNoDifference(t *testing.T) {
	for _, name := range []string{"sql2016_tutorialdb_compressed_full.bak", "sql2019-cu10_linux_full.bak"} {
		b := sample(t, name)
		f, err := verify.Read(t.Context(), iotest.HalfReader(bytes.NewReader(b)), 2)
		if err != nil {
			t.Fatal(err)
		}
		got, want := verify.Together(f), verdict(t, b)
		if got.Verdict != want.Verdict || got.Pages.Checksum != want.Pages.Checksum || got.Bytes != want.Bytes {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// A reader that fails, or a context that ends, gives its error and no result.
func TestAReaderThatFailsIsNoDamage(t *testing.T) {
	for _, name := range []string{"sql2016_tutorialdb_compressed_full.bak", "sql2019-cu10_linux_full.bak"} {
		b := sample(t, name)
		broken := errors.New("the cable was pulled")
		for _, n := range []int{0, 3000, 100_000} {
			if _, err := verify.Read(t.Context(), io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(broken)), 2); !errors.Is(err, broken) {
				t.Errorf("%s after %d bytes: %v", name, n, err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err := verify.Read(ctx, bytes.NewReader(b), 2); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEncryptedBackupsAreNotCalledDamaged(t *testing.T) {
	b := sample(t, "sql2016_tutorialdb_compressed_full.bak")
	b[0x0c] = 7
	for i := 0x1e0; i < len(b); i++ {
		b[i] ^= 0x5a
	}
	if r := verdict(t, b); r.Verdict != verify.NotUnderstood {
		t.Errorf("%s %+v", r.Verdict, r.Damage)
	}
}

// The first stream of pages claims an exabyte.
func TestLengthsThatAFileClaimsCostNoMemory(t *testing.T) {
	b := sample(t, "sql2008r2_stopat_full.bak")
	at := bytes.Index(b, []byte("MQDA"))
	copy(b[at+8:], []byte{0, 0, 0, 0, 0, 0, 0, 0x10})
	x := uint16(0)
	for i := 0; i < 20; i += 2 {
		x ^= uint16(b[at+i]) | uint16(b[at+i+1])<<8
	}
	b[at+20], b[at+21] = byte(x), byte(x>>8)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := verdict(t, b)
	runtime.ReadMemStats(&after)
	if r.Verdict != verify.Damaged || after.TotalAlloc-before.TotalAlloc > 8<<20 {
		t.Errorf("%s, %d bytes allocated", r.Verdict, after.TotalAlloc-before.TotalAlloc)
	}
}

func BenchmarkRead(b *testing.B) {
	for _, path := range samples(b) {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(filepath.Base(path), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := verify.Read(b.Context(), bytes.NewReader(data), 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
