package verify_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	"github.com/bakplane/bakplane/internal/bakfile/verify"
	"github.com/bakplane/bakplane/internal/bakfile/verify/verifytest"
)

func verdict(t testing.TB, b []byte) verify.Result {
	t.Helper()
	f, err := verify.Read(t.Context(), bytes.NewReader(b), 1)
	if err != nil {
		t.Fatal(err)
	}
	return verify.Together(f)
}

func TestRandomDamageIsFound(t *testing.T) {
	const each = 40
	r := rand.New(rand.NewPCG(1, 2))
	var other, scratch []byte
	must, missed, all := 0, 0, 0
	for _, path := range samples(t) {
		name := filepath.Base(path)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if zeroed[name] || len(b) > 1<<20 && testing.Short() {
			continue
		}
		g := verifytest.Guarded(b)
		if other == nil {
			other = b
		}
		for range each {
			d := verifytest.Random(r, b, g, other, scratch)
			scratch = d.Bytes
			if bytes.Equal(d.Bytes, b) {
				continue
			}
			all++
			got := verdict(t, d.Bytes).Verdict
			if d.Must {
				if must++; got != verify.Damaged {
					missed++
					t.Errorf("%s, %s: %s", name, d.What, got)
				}
			}
		}
		other = b
	}
	t.Logf("%d of %d damages had to be found, %d were missed", must, all, missed)
}

func TestALogBlockThatLostItsFlagIsFound(t *testing.T) {
	b := sample(t, "sql2016-sp2_restoretime_log1.trn")
	flags := bytes.Index(b, []byte("MQTL")) + 22 + 2 + 8
	if b[flags] != 3 {
		t.Fatalf("the flags of the first log block are %d, want 3", b[flags])
	}
	for _, v := range []byte{0, 1, 4, 0x81, 0xfd} {
		b[flags] = v
		if r := verdict(t, b); r.Verdict != verify.Damaged {
			t.Errorf("flags %#x: %s", v, r.Verdict)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, path := range samples(f) {
		if b, err := os.ReadFile(path); err == nil && len(b) < 50_000 {
			f.Add(b)
		}
	}
	packed, err := os.ReadFile(bakfiletest.Sample(f, "sql2016_tutorialdb_compressed_full.bak"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed[:20_000])
	f.Add([]byte("TAPE"))
	f.Add([]byte("MSSQLBAK"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := verdict(t, b)
		if r.Bytes > int64(len(b)) {
			t.Errorf("read %d bytes of %d", r.Bytes, len(b))
		}
		if r.Verdict == verify.Damaged != (r.Damage.Count > 0) {
			t.Errorf("%s with %d damages", r.Verdict, r.Damage.Count)
		}
	})
}
