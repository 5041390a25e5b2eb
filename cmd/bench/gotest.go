package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize"
)

// upload runs the benchmark beside the OSS adapter, which reports the rates of
// the resumable upload and of a bare HTTP PUT of the same file to the same
// emulator, measured in turn, and the memory over idle.
func (b *bench) upload(ctx context.Context) error {
	// The file, the PUT's object, the upload's parts and the object made of them.
	if free, known := freeBytes(b.tmp); known && free < 5*b.bytes {
		b.add("upload", "", false, "left out: needs %s of disk, %s are free", humanize.IBytes(uint64(5*b.bytes)), humanize.IBytes(uint64(free)))
		return nil
	}
	values, err := b.figuresOf(ctx, "./internal/objectstore/oss", "Upload")
	if err != nil {
		return err
	}
	size := humanize.IBytes(uint64(b.bytes))
	b.add("upload of "+size+" beside a bare HTTP PUT", "≥ 0.7 of its rate", values["ratio"] >= 0.7, "%.2f, median of 3 (upload %.0f, PUT %.0f MB/s)", values["ratio"], values["upload-MB/s"], values["put-MB/s"])
	b.add("upload of "+size+", memory over idle", "< 100 MB", values["grown-MB"] < 100, "%.0f MB", values["grown-MB"])
	return nil
}

// figuresOf runs a benchmark three times over a file of b.bytes.
func (b *bench) figuresOf(ctx context.Context, folder, name string, env ...string) (map[string]float64, error) {
	cmd := b.goTest(ctx, folder, "-run", "^$", "-bench", "^Benchmark"+name+"$", "-benchtime", "3x", "-timeout", "20m")
	cmd.Env = append(append(os.Environ(), fmt.Sprintf("BAKPLANE_BENCH_BYTES=%d", b.bytes), "TMPDIR="+b.tmp), env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	failed := cmd.Run()
	values, ok := metrics(said.String())
	if !ok {
		return nil, fmt.Errorf("%w: %s", errors.Join(errors.New("the benchmark reported no figures"), failed), said.String())
	}
	return values, nil
}

// s3 is the same for S3, beside MinIO's client as well; and what a copy from S3
// to OSS reaches of reading or writing alone.
func (b *bench) s3(ctx context.Context) error {
	if free, known := freeBytes(b.tmp); known && free < 5*b.bytes {
		b.add("upload to S3", "", false, "left out: needs %s of disk, %s are free", humanize.IBytes(uint64(5*b.bytes)), humanize.IBytes(uint64(free)))
		return nil
	}
	mc, err := b.mc(ctx)
	if err != nil {
		return err
	}
	values, err := b.figuresOf(ctx, "./internal/objectstore/s3", "Upload", "BAKPLANE_MC="+mc)
	if err != nil {
		return err
	}
	size := humanize.IBytes(uint64(b.bytes))
	b.add("upload of "+size+" to S3 beside a bare HTTP PUT", "≥ 0.9 of its rate", values["ratio"] >= 0.9, "%.2f, median of 3 (upload %.0f, PUT %.0f MB/s)", values["ratio"], values["upload-MB/s"], values["put-MB/s"])
	b.add("the same beside mc", "≥ its rate", values["mc-ratio"] >= 1, "%.2f, median of 3 (mc %.0f MB/s)", values["mc-ratio"], values["mc-MB/s"])
	b.add("the same, memory over idle", "< 100 MB", values["grown-MB"] < 100, "%.0f MB", values["grown-MB"])
	if values, err = b.figuresOf(ctx, "./internal/objectstore/s3", "Copy"); err != nil {
		return err
	}
	b.add("copy of "+size+" from S3 to OSS beside the slower of reading and writing alone", "≥ 0.8 of its rate", values["ratio"] >= 0.8, "%.2f, median of 3 (copy %.0f, read %.0f, write %.0f MB/s)", values["ratio"], values["copy-MB/s"], values["read-MB/s"], values["write-MB/s"])
	b.add("the same, memory over idle", "< 100 MB", values["grown-MB"] < 100, "%.0f MB", values["grown-MB"])
	return nil
}

// mc finds MinIO's client, or installs it as a tool; it is never linked.
func (b *bench) mc(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("mc"); err == nil {
		return path, nil
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOPATH").Output()
	if err != nil {
		return "", fmt.Errorf("find GOPATH: %w", err)
	}
	path := filepath.Join(strings.TrimSpace(string(out)), "bin", "mc")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	fmt.Fprint(os.Stderr, " installing mc …")
	cmd := exec.CommandContext(ctx, "go", "install", "github.com/minio/mc@latest")
	cmd.Dir = b.tmp
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("install mc: %w: %s", err, said)
	}
	return path, nil
}

// metrics reads the line of a benchmark's result: its name, how often it ran,
// then pairs of value and unit.
func metrics(output string) (map[string]float64, bool) {
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		at := len(fields)
		for i, f := range fields {
			if f == "ns/op" {
				at = i + 1
			}
		}
		if !strings.Contains(line, "ratio") || at >= len(fields) {
			continue
		}
		values := map[string]float64{}
		for i := at; i+1 < len(fields); i += 2 {
			var v float64
			if _, err := fmt.Sscan(fields[i], &v); err != nil {
				return nil, false
			}
			values[fields[i+1]] = v
		}
		return values, true
	}
	return nil, false
}

// kill runs the tests that kill the dashboard as a power cut does. Each
// journey proves afterwards that every task was created once, every part sent
// once, the objects equal the files, the audit chain is whole and no run is
// left.
func (b *bench) kill(ctx context.Context) error {
	cmd := b.goTest(ctx, "./cmd/dashboard", "-run", "^Test(KilledAt(EveryBoundary|Random)|ALiveMigrationIsKilledAtRandom|ABackupWithLogCopiesIsKilledAtEveryBoundary|AMoveToAWSIsKilledAt(EveryBoundary|Random)|AServersMoveIsKilledAt(EveryBoundary|Random))$", "-count", "1", "-timeout", "40m", "-json")
	cmd.Env = append(os.Environ(), fmt.Sprintf("BAKPLANE_KILLS=%d", b.kills), "TMPDIR="+b.tmp)
	passed, all, err := journeysOf(cmd)
	if err != nil {
		return err
	}
	for _, k := range []struct{ test, name string }{
		{"TestKilledAtEveryBoundary", "killed at every boundary, finished with everything done once"},
		{"TestKilledAtRandom", "killed at random moments, finished with everything done once"},
		{"TestALiveMigrationIsKilledAtRandom", "killed at random moments with a server at work, ended open with equal contents"},
		{"TestAMoveToAWSIsKilledAtEveryBoundary", "a move to AWS RDS killed at each procedure of full, differential, three logs and finish, no task submitted twice"},
		{"TestAMoveToAWSIsKilledAtRandom", "killed at random moments of a move to AWS RDS, no task submitted twice"},
		{"TestABackupWithLogCopiesIsKilledAtEveryBoundary", "a backup at AWS RDS with copies of its logs killed before and after each task was queued, no task submitted twice"},
		{"TestAServersMoveIsKilledAtEveryBoundary", "a server's move killed at each of its six calls, before and after the service acted, every call carried out once"},
		{"TestAServersMoveIsKilledAtRandom", "a server's move killed at random moments of every order, every call carried out once"},
	} {
		b.add(k.name, fmt.Sprintf("all %d", all[k.test]), all[k.test] > 0 && passed[k.test] == all[k.test], "%d", passed[k.test])
	}
	return nil
}

// journeysOf runs a go test -json and counts its subtests.
func journeysOf(cmd *exec.Cmd) (passed, all map[string]int, err error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	if passed, all, err = journeys(out); err != nil {
		return nil, nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	_ = cmd.Wait() // a test that failed is told in the table
	return passed, all, nil
}

// journeys counts the subtests of each test in the output of go test -json.
func journeys(out io.Reader) (passed, all map[string]int, err error) {
	passed, all = map[string]int{}, map[string]int{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event struct{ Action, Test string }
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return nil, nil, fmt.Errorf("read test output: %w", err)
		}
		test, _, sub := strings.Cut(event.Test, "/")
		if !sub {
			continue
		}
		switch event.Action {
		case "run":
			all[test]++
		case "pass":
			passed[test]++
		}
	}
	return passed, all, lines.Err()
}

// goTest prepares a go test; when the measurement is stopped, its children
// get the chance to end their own.
func (b *bench) goTest(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test"}, args...)...)
	cmd.Dir = b.root
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd
}
