package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	benchPolicies  = 10_000
	latestSlot     = 1000 // ms after its time
	retentionCases = 100_000
)

// policies lets ten thousand policies live through a simulated year: the
// scheduler's own code and its rule of uniqueness over a store in memory, with
// every slot compared to a minute-by-minute look at the clocks. The real store
// takes all of them due at one moment.
func (b *bench) policies(ctx context.Context) error {
	binary := filepath.Join(b.tmp, "policies.test")
	if out, err := b.goTest(ctx, "-c", "-o", binary, "./internal/scheduler").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	run := func(test, watermark string) (map[string]float64, error) {
		cmd := exec.CommandContext(ctx, binary, "-test.run", "^"+test+"$", "-test.v", "-test.timeout", "10m")
		cmd.Dir = filepath.Join(b.root, "internal", "scheduler")
		cmd.Env = append(os.Environ(), fmt.Sprintf("BAKPLANE_POLICIES=%d", benchPolicies), "TMPDIR="+b.tmp)
		out, failed := cmd.Output()
		said := lines(string(out), watermark)
		if len(said) != 1 {
			return nil, fmt.Errorf("%s measured nothing (%v): %s", test, failed, tail(out))
		}
		said[0]["failed"] = 0
		if failed != nil {
			said[0]["failed"] = 1
		}
		return said[0], nil
	}
	year, err := run("TestAYearOfSlots", "YEAR ")
	if err != nil {
		return err
	}
	b.add(fmt.Sprintf("simulated year with %.0f lives and %.0f clock jumps: policies whose every slot fired once or was skipped by its rule", year["lives"], year["jumps"]), fmt.Sprintf("all %d", benchPolicies),
		year["failed"] == 0 && year["right"] == benchPolicies && year["worst_ms"] < latestSlot, "%.0f (%.0f slots fired, punctual ones at most %.0f ms late)", year["right"], year["fired"], year["worst_ms"])
	together, err := run("TestManyPoliciesDueTogether", "TOGETHER ")
	if err != nil {
		return err
	}
	b.add(fmt.Sprintf("%d policies due at one moment, in the real store: the last run queued", benchPolicies), "≤ 1 s", together["failed"] == 0 && together["queued"] == benchPolicies && together["took_ms"] <= latestSlot, "%.0f ms", together["took_ms"])
	return nil
}

// retention lets the retention and slow references that try everything decide
// the same random histories, calendars and zones.
func (b *bench) retention(ctx context.Context) error {
	for _, of := range []struct{ pkg, test, name string }{
		{"./internal/policy", "^TestPruningAgreesWithTryingEverything$", "retention equal to a slow reference: random histories and calendars"},
		{"./internal/backup", "^TestFootingsAgreeWithTryingEverything$/^lives_of_a_database$", "what each set stands on, equal to a slow reference: random histories"},
	} {
		cmd := b.goTest(ctx, of.pkg, "-run", of.test, "-count", "1", "-v", "-timeout", "10m", fmt.Sprintf("-rapid.checks=%d", retentionCases), "-rapid.nofailfile")
		out, failed := cmd.Output()
		agreed, err := agreedCases(string(out))
		if err != nil {
			return fmt.Errorf("%w (%v): %s", err, failed, tail(out))
		}
		b.add(of.name, fmt.Sprintf("all %d", retentionCases), failed == nil && agreed == retentionCases, "%d", agreed)
	}
	return nil
}

// agreedCases reads how many cases a property held in.
func agreedCases(output string) (n int, err error) {
	told := false
	for line := range strings.Lines(output) {
		for _, word := range []string{"[rapid] OK, passed ", "[rapid] failed after "} {
			if _, after, ok := strings.Cut(line, word); ok {
				told = true
				if _, err := fmt.Sscan(after, &n); err != nil {
					return 0, fmt.Errorf("read %q: %w", line, err)
				}
			}
		}
	}
	if !told {
		return 0, fmt.Errorf("no case was tried")
	}
	return n, nil
}
