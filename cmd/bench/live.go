package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	mostOurs    = 2000 // ms that Bakplane adds to a stop of writes
	mostOff     = 20   // percent between prediction and measurement
	mostOfWave  = 200 << 20
	plannerRuns = 100_000
)

// cutovers runs whole migrations of a database under load, with something
// going wrong in each. Every journey compares the contents, or proves that the
// source was given back.
func (b *bench) cutovers(ctx context.Context) error {
	killed := b.cutoverRuns * 2 / 13 // as many of each kind of trouble
	whole, done := 0, 0
	for _, of := range []struct {
		pkg, test string
		runs      int
	}{{"./internal/app", "TestCutoversInTrouble", b.cutoverRuns - killed}, {"./cmd/dashboard", "TestCutoversKilled", killed}} {
		cmd := b.goTest(ctx, of.pkg, "-run", "^"+of.test+"$", "-count", "1", "-timeout", "8m", "-json")
		cmd.Env = append(os.Environ(), fmt.Sprintf("BAKPLANE_CUTOVERS=%d", of.runs), "TMPDIR="+b.tmp)
		passed, all, err := journeysOf(cmd)
		if err != nil {
			return err
		}
		whole, done = whole+all[of.test], done+passed[of.test]
	}
	b.add("cutovers in trouble: ended open with equal contents, or aborted with the source writable", fmt.Sprintf("all %d", b.cutoverRuns), whole == b.cutoverRuns && done == whole, "%d", done)
	const aws = "TestCutoversToAWSInTrouble"
	cmd := b.goTest(ctx, "./internal/app", "-run", "^"+aws+"$", "-count", "1", "-timeout", "15m", "-json")
	cmd.Env = append(os.Environ(), fmt.Sprintf("BAKPLANE_CUTOVERS=%d", b.cutoverRuns), "TMPDIR="+b.tmp)
	passed, all, err := journeysOf(cmd)
	if err != nil {
		return err
	}
	b.add("the same to an instance of AWS RDS", fmt.Sprintf("all %d", b.cutoverRuns), all[aws] == b.cutoverRuns && passed[aws] == b.cutoverRuns, "%d", passed[aws])
	return nil
}

// stops cuts databases over one after the other and reads what the test says
// of each: with the product's pause between two looks, and with a short one.
func (b *bench) stops(ctx context.Context) error {
	usual, err := b.stopsAt(ctx, time.Second)
	if err != nil {
		return err
	}
	scaled, err := b.stopsAt(ctx, 0)
	if err != nil {
		return err
	}
	most := usual[0]
	for _, s := range append(usual, scaled...) {
		if s["ours_ms"] > most["ours_ms"] {
			most = s
		}
	}
	n := len(usual) + len(scaled)
	b.add(fmt.Sprintf("stop of writes, added by Bakplane itself, the most of %d cutovers", n), "≤ 2 s", most["ours_ms"] <= mostOurs, "%.0f ms, beside %.0f ms of the emulated server and cloud", most["ours_ms"], most["emulated_ms"])
	worst, after := 0.0, 0
	for _, s := range append(usual, scaled...) {
		if s["after"] > 0 {
			after++
			if math.Abs(s["off_percent"]) > math.Abs(worst) {
				worst = s["off_percent"]
			}
		}
	}
	b.add(fmt.Sprintf("stop of writes, prediction beside what came, the worst of %d from the second at an instance on", after), "within 20 %", after > 0 && math.Abs(worst) <= mostOff, "%+.1f %%", worst)
	return nil
}

// stopsAt is one run of the test; a pause of zero leaves the test's own.
func (b *bench) stopsAt(ctx context.Context, poll time.Duration) ([]map[string]float64, error) {
	cmd := b.goTest(ctx, "./internal/app", "-run", "^TestStopOfWritesIsShortAndPredicted$", "-count", "1", "-timeout", "3m", "-v")
	cmd.Env = append(os.Environ(), "BAKPLANE_STOPS=3", "TMPDIR="+b.tmp)
	if poll > 0 {
		cmd.Env = append(cmd.Env, "BAKPLANE_STOP_POLL="+poll.String())
	}
	out, failed := cmd.Output()
	said := lines(string(out), "STOP ")
	if len(said) != 3 {
		return nil, fmt.Errorf("%d cutovers of 3 were measured (%v): %s", len(said), failed, tail(out))
	}
	return said, nil
}

// wave takes fifty databases to their joint cutover. The process that is
// measured holds the dashboard, the emulated cloud, the server and the browser.
func (b *bench) wave(ctx context.Context) error {
	binary := filepath.Join(b.tmp, "server.test")
	if out, err := b.goTest(ctx, "-c", "-o", binary, "./internal/server/migrations").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	cmd := exec.CommandContext(ctx, binary, "-test.run", "^TestFiftyDatabasesKeepToTheCaps$", "-test.v", "-test.timeout", "5m")
	cmd.Dir, cmd.Env = filepath.Join(b.root, "internal", "server", "migrations"), append(os.Environ(), "TMPDIR="+b.tmp)
	out, failed := cmd.Output()
	said := lines(string(out), "WAVE ")
	if len(said) != 1 {
		return fmt.Errorf("the wave was not measured (%v): %s", failed, tail(out))
	}
	w := said[0]
	b.add("wave of 50: most backups and files at the instance at once", fmt.Sprintf("caps of %.0f and %.0f", w["backups_cap"], w["files_cap"]), w["backups"] <= w["backups_cap"] && w["files"] <= w["files_cap"], "%.0f and %.0f", w["backups"], w["files"])
	b.add("wave of 50: databases cut over", "all 50", failed == nil && w["open"] == 50, "%.0f", w["open"])
	if peak, known := peakMemory(cmd.ProcessState); known {
		b.add("wave of 50: peak memory of the dashboard and the emulators together", "< 200 MB", peak < mostOfWave, "%d MB", peak>>20)
	}
	return nil
}

// planner lets the planner of chains and a slow reference that tries
// everything plan the same cases: histories of databases that are backed up,
// restored and forked at random, and sets whose numbers make no sense together.
func (b *bench) planner(ctx context.Context) error {
	for _, of := range []struct{ subtest, name string }{{"lives_of_a_database", "random histories"}, {"wild_numbers", "sets that contradict one another"}} {
		cmd := b.goTest(ctx, "./internal/backup", "-run", "^TestPlansAgreeWithTryingEverything$/^"+of.subtest+"$", "-count", "1", "-v", "-timeout", "5m", fmt.Sprintf("-rapid.checks=%d", plannerRuns), "-rapid.nofailfile")
		out, failed := cmd.Output()
		var agreed int
		var broke bool
		for line := range strings.Lines(string(out)) {
			for word, bad := range map[string]bool{"[rapid] OK, passed ": false, "[rapid] failed after ": true} {
				if _, after, ok := strings.Cut(line, word); ok {
					broke = broke || bad
					if _, err := fmt.Sscan(after, &agreed); err != nil {
						return fmt.Errorf("read %q: %w", line, err)
					}
				}
			}
		}
		if agreed == 0 && !broke {
			return fmt.Errorf("no case was tried (%v): %s", failed, tail(out))
		}
		b.add("chain planner equal to a slow reference: "+of.name, fmt.Sprintf("all %d", plannerRuns), failed == nil && agreed == plannerRuns, "%d", agreed)
	}
	return nil
}

// lines are the numbers of the lines that have a mark, as name=number.
func lines(output, watermark string) (out []map[string]float64) {
	for line := range strings.Lines(output) {
		_, after, ok := strings.Cut(line, watermark)
		if !ok {
			continue
		}
		values := map[string]float64{}
		for _, f := range strings.Fields(after) {
			name, value, _ := strings.Cut(f, "=")
			var v float64
			if _, err := fmt.Sscan(value, &v); err == nil {
				values[name] = v
			}
		}
		if len(values) > 0 {
			out = append(out, values)
		}
	}
	return out
}

// tail is the end of a long output.
func tail(out []byte) []byte {
	return bytes.TrimSpace(out[max(0, len(out)-4000):])
}
