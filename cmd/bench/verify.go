package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/bakplane/bakplane/internal/bakfile/verify"
)

const (
	leastPlain       = 1.5e9 // bytes a second, one core
	leastCompressed  = 150e6 // compressed bytes a second, one core
	verifyPlain      = "sql2017-cu5_products_full.bak"
	verifyCompressed = "sql2016_tsql2012_compressed_4k_full.bak"
)

// wiped are samples whose contents were filled with zeros: damaged, rightly.
var wiped = map[string]bool{"sql2012-rtm_medianame_checksum_full.bak": true, "sql2005-sp2_two-sets_full.bak": true}

// verify measures the walk over whole backups: its rate, its memory, and
// whether random damages to every sample are found.
func (b *bench) verify(ctx context.Context) error {
	if b.samples == "" {
		b.add("verify: real backup files", "", true, "left out: set BAKPLANE_SAMPLES to their folder")
		return nil
	}
	paths, err := filepath.Glob(filepath.Join(b.samples, "*.[bt][ar][kn]"))
	if err != nil || len(paths) == 0 {
		return fmt.Errorf("no samples in %s: %w", b.samples, err)
	}
	// First, while this process is small: a child's memory is counted from its parent's on.
	if err := b.verifyMemory(ctx, paths); err != nil {
		return err
	}
	whole := 0
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		v, err := verdictOf(ctx, content)
		if err != nil {
			return err
		}
		if wiped[filepath.Base(path)] == (v == verify.Damaged) && v != verify.NotUnderstood {
			whole++
		}
	}
	b.add("verify: real files judged rightly", fmt.Sprintf("all %d", len(paths)), whole == len(paths), "%d", whole)
	if err := b.verifyRates(ctx); err != nil {
		return err
	}
	return b.verifyDamages(ctx)
}

func verdictOf(ctx context.Context, content []byte) (verify.Verdict, error) {
	f, err := verify.Read(ctx, bytes.NewReader(content), 1)
	if err != nil {
		return "", err
	}
	return verify.Together(f).Verdict, nil
}

// verifyMemory runs the command over each sample and keeps the most.
func (b *bench) verifyMemory(ctx context.Context, paths []string) error {
	var most int64
	for _, path := range paths {
		cmd := exec.CommandContext(ctx, b.binary, "verify", "--json", path)
		if out, err := cmd.Output(); len(out) == 0 {
			return fmt.Errorf("verify %s: %w", filepath.Base(path), err)
		}
		if peak, known := peakMemory(cmd.ProcessState); known {
			most = max(most, peak)
		}
	}
	if most > 0 {
		b.add("verify: peak memory of the command", "≤ 64 MiB", most <= mostMemory, "%s", humanize.IBytes(uint64(most)))
	}
	return nil
}

// verifyRates walks one sample of each container again and again on one core,
// from memory, and takes the best round: what the disk or a neighbour takes is
// not the walk's.
func (b *bench) verifyRates(ctx context.Context) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, s := range []struct {
		name, what string
		least      float64
	}{{verifyPlain, "uncompressed", leastPlain}, {verifyCompressed, "compressed", leastCompressed}} {
		content, err := os.ReadFile(filepath.Join(b.samples, s.name))
		if err != nil {
			return err
		}
		best := 0.0
		for range 60 {
			began := time.Now()
			if _, err := verify.Read(ctx, bytes.NewReader(content), 1); err != nil {
				return err
			}
			best = max(best, float64(len(content))/time.Since(began).Seconds())
		}
		b.add("verify: "+s.what+", one core", "≥ "+humanize.Bytes(uint64(s.least))+"/s", best >= s.least, "%s/s", humanize.Bytes(uint64(best)))
	}
	return nil
}

// verifyDamages counts damages that what guards the bytes must see, and those
// among them that were not found.
func (b *bench) verifyDamages(ctx context.Context) error {
	cmd := b.goTest(ctx, "./internal/bakfile/verify", "-run", "^$", "-bench", "^BenchmarkRandomDamage$", "-benchtime", "1x", "-timeout", "60m")
	cmd.Env = append(os.Environ(), "BAKPLANE_SAMPLES="+b.samples)
	said, failed := cmd.CombinedOutput()
	values, ok := metrics(string(said))
	if !ok {
		return fmt.Errorf("%w: %s", errors.Join(errors.New("the benchmark reported no figures"), failed), said)
	}
	b.add("verify: random damages that must be found and are not", "0 of 100,000 made", failed == nil && values["missed"] == 0, "%.0f of %.0f (%.0f found in all)", values["missed"], values["must"], values["found"])
	return nil
}
