package verify_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile/verify"
	"github.com/bakplane/bakplane/internal/bakfile/verify/verifytest"
)

// damagedEach is how many damages one round of the benchmark makes.
const damagedEach = 100_000

// BenchmarkRandomDamage counts damages that what guards the bytes must see, and
// those among them that were found. It fails when one was not.
func BenchmarkRandomDamage(b *testing.B) {
	type sample struct {
		name    string
		content []byte
		guarded []verifytest.Unit
	}
	var all []sample
	for _, path := range samples(b) {
		name := filepath.Base(path)
		if zeroed[name] {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, sample{name, content, verifytest.Guarded(content)})
	}
	type count struct{ must, missed, found int }
	workers := runtime.GOMAXPROCS(0)
	counts := make([]count, workers)
	b.ResetTimer()
	for range b.N {
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				r := rand.New(rand.NewPCG(uint64(w), 14))
				var scratch []byte
				for i := range damagedEach / workers {
					s := all[i%len(all)]
					d := verifytest.Random(r, s.content, s.guarded, all[r.IntN(len(all))].content, scratch)
					scratch = d.Bytes
					f, err := verify.Read(b.Context(), bytes.NewReader(d.Bytes), 1)
					if err != nil {
						b.Error(err)
						return
					}
					is := verify.Together(f).Verdict == verify.Damaged
					if is {
						counts[w].found++
					}
					if !d.Must {
						continue
					}
					if counts[w].must++; !is {
						counts[w].missed++
						b.Errorf("missed in %s: %s", s.name, d.What)
					}
				}
			})
		}
		group.Wait()
	}
	var c count
	for _, n := range counts {
		c = count{c.must + n.must, c.missed + n.missed, c.found + n.found}
	}
	b.ReportMetric(float64(c.must-c.missed)/float64(max(c.must, 1)), "ratio")
	b.ReportMetric(float64(c.must), "must")
	b.ReportMetric(float64(c.missed), "missed")
	b.ReportMetric(float64(c.found), "found")
}
