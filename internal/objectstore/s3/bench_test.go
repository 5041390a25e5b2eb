package s3_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"golang.org/x/sync/errgroup"

	ossemu "github.com/bakplane/bakplane/internal/emulator/oss"
	emulator "github.com/bakplane/bakplane/internal/emulator/s3"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
	"github.com/bakplane/bakplane/internal/objectstore/s3"
)

// serveIn names the folder when this binary is to be a server, serveAs which.
const (
	serveIn = "BAKPLANE_TEST_SERVE_IN"
	serveAs = "BAKPLANE_TEST_SERVE_AS"
)

const region = "eu-central-1"

var alibaba = ossemu.Account{KeyID: "LTAIBENCH", Secret: secret, Owner: "1"}

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveIn); dir != "" {
		os.Exit(beServer(dir, os.Getenv(serveAs)))
	}
	os.Exit(m.Run())
}

// beServer serves until its parent closes standard input.
func beServer(dir, kind string) int {
	url, end, err := "", func() error { return nil }, os.MkdirAll(dir, 0o700)
	switch {
	case err != nil:
	case kind == "oss":
		var run *ossemu.Running
		if run, err = ossemu.Start(ossemu.Config{Dir: dir, Accounts: []ossemu.Account{alibaba}, Buckets: []ossemu.Bucket{{Name: "backups"}}}, "", ""); err == nil {
			url, end = run.URL, run.Close
		}
	default:
		var run *emulator.Running
		if run, err = emulator.Start(emulator.Config{Dir: dir, Region: region, Accounts: []emulator.Account{us}, Buckets: []emulator.Bucket{{Name: "backups"}}}, "", ""); err == nil {
			url, end = run.URL, run.Close
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_ = json.NewEncoder(os.Stdout).Encode(url)
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = end()
	return 0
}

// separate starts a server as a process of its own.
func separate(tb testing.TB, dir, kind string) (url string) {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), serveIn+"="+dir, serveAs+"="+kind), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	for dec := json.NewDecoder(out); url == ""; {
		if err := dec.Decode(&url); err != nil {
			tb.Fatal(err)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return url
}

func bytesOf(b *testing.B) int64 {
	size := int64(256 << 20)
	if text := os.Getenv("BAKPLANE_BENCH_BYTES"); text != "" {
		var err error
		if size, err = strconv.ParseInt(text, 10, 64); err != nil {
			b.Fatal(err)
		}
	}
	return size
}

// file is a source on the disk.
func file(path string) (*objectstore.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return objectstore.NewFile(path, f, func() (os.FileInfo, error) { return os.Stat(path) })
}

func send(ctx context.Context, to objectstore.Bucket, key, path string) error {
	source, err := file(path)
	if err != nil {
		return err
	}
	defer source.Close()
	o, err := objectstore.Upload{Bucket: to, Key: key, Source: source, Ledger: new(objectstoretest.Memory)}.Run(ctx)
	if err == nil && o.Size != source.Size() {
		err = fmt.Errorf("uploaded %+v", o)
	}
	return err
}

// BenchmarkUpload compares the resumable upload with a bare HTTP PUT of the
// same file, and with MinIO's client where there is one, to the same emulator,
// which is a process of its own; each iteration does all, in turn first.
// BAKPLANE_BENCH_BYTES sets the size of the file (256 MiB), BAKPLANE_MC the
// client.
//
//	BAKPLANE_BENCH_BYTES=4294967296 go test ./internal/objectstore/s3 -run '^$' -bench Upload -benchtime 3x
func BenchmarkUpload(b *testing.B) {
	size, dir := bytesOf(b), b.TempDir()
	path := filepath.Join(dir, "full.bak")
	noise(b, path, size)
	url := separate(b, filepath.Join(dir, "service"), "s3")
	bucket := open(b, s3.Config{Endpoint: url, Region: region, Bucket: "backups", AccessKeyID: us.KeyID, Secret: us.Secret})
	mc := client(b, dir, url)
	debug.FreeOSMemory()
	idle := resident()
	var peak int64
	ways := []struct {
		name string
		do   func() error
	}{
		{"put", func() error { return bare(url, path, size) }},
		{"upload", func() error {
			stop := watch()
			defer func() { peak = max(peak, stop()) }()
			return send(b.Context(), bucket, "upload", path)
		}},
		{"mc", mc},
	}
	rates := map[string][]float64{}
	var toPut, toMC []float64
	for i := 0; b.Loop(); i++ {
		last := map[string]float64{}
		for n := range ways {
			w := ways[(n+i)%len(ways)]
			if w.do == nil {
				continue
			}
			last[w.name] = timed(b, size, w.do)
			rates[w.name] = append(rates[w.name], last[w.name])
			if err := bucket.Delete(b.Context(), w.name); err != nil {
				b.Fatal(err)
			}
		}
		toPut = append(toPut, last["upload"]/last["put"])
		if last["mc"] > 0 {
			toMC = append(toMC, last["upload"]/last["mc"])
		}
	}
	b.ReportMetric(median(rates["put"]), "put-MB/s")
	b.ReportMetric(median(rates["upload"]), "upload-MB/s")
	b.ReportMetric(median(toPut), "ratio")
	if len(toMC) > 0 {
		b.ReportMetric(median(rates["mc"]), "mc-MB/s")
		b.ReportMetric(median(toMC), "mc-ratio")
	}
	b.ReportMetric(float64(peak-idle)/1e6, "grown-MB")
	b.Logf("beside the PUT %.2f, beside mc %.2f", toPut, toMC)
}

// BenchmarkCopy compares copying from S3 to OSS with reading from the one and
// writing to the other alone, each over as many connections.
func BenchmarkCopy(b *testing.B) {
	size, dir := bytesOf(b), b.TempDir()
	path := filepath.Join(dir, "full.bak")
	noise(b, path, size)
	from := open(b, s3.Config{Endpoint: separate(b, filepath.Join(dir, "s3"), "s3"), Region: region, Bucket: "backups", AccessKeyID: us.KeyID, Secret: us.Secret})
	to, err := oss.Open(oss.Config{Endpoint: separate(b, filepath.Join(dir, "oss"), "oss"), Region: "cn-hangzhou", Bucket: "backups", AccessKeyID: alibaba.KeyID, Secret: secret})
	if err != nil {
		b.Fatal(err)
	}
	defer to.Close()
	if err := send(b.Context(), from, "full.bak", path); err != nil {
		b.Fatal(err)
	}
	debug.FreeOSMemory()
	idle := resident()
	var peak int64
	ways := []struct {
		name string
		do   func() error
	}{
		{"read", func() error { return readAll(b.Context(), from, "full.bak", size) }},
		{"write", func() error { return send(b.Context(), to, "write", path) }},
		{"copy", func() error {
			stop := watch()
			defer func() { peak = max(peak, stop()) }()
			source, err := objectstore.OpenSource(b.Context(), from, "full.bak")
			if err != nil {
				return err
			}
			_, err = objectstore.Upload{Bucket: to, Key: "copy", Source: source, Ledger: new(objectstoretest.Memory)}.Run(b.Context())
			return err
		}},
	}
	rates := map[string][]float64{}
	var ratios []float64
	for i := 0; b.Loop(); i++ {
		last := map[string]float64{}
		for n := range ways {
			w := ways[(n+i)%len(ways)]
			last[w.name] = timed(b, size, w.do)
			rates[w.name] = append(rates[w.name], last[w.name])
			if err := to.Delete(b.Context(), w.name); err != nil {
				b.Fatal(err)
			}
		}
		ratios = append(ratios, last["copy"]/min(last["read"], last["write"]))
	}
	for _, w := range ways {
		b.ReportMetric(median(rates[w.name]), w.name+"-MB/s")
	}
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(float64(peak-idle)/1e6, "grown-MB")
	b.Logf("beside the slower of reading and writing %.2f", ratios)
}

// readAll reads an object over three connections, as an upload reads a source.
func readAll(ctx context.Context, from objectstore.Bucket, key string, size int64) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(3)
	const piece = 8 << 20
	for at := int64(0); at < size; at += piece {
		g.Go(func() error {
			body, err := from.Read(ctx, key, at, min(piece, size-at))
			if err != nil {
				return err
			}
			defer body.Close()
			n, err := io.Copy(io.Discard, body)
			if err == nil && n != min(piece, size-at) {
				err = io.ErrUnexpectedEOF
			}
			return err
		})
	}
	return g.Wait()
}

// client prepares MinIO's own client, nil when there is none.
func client(b *testing.B, dir, url string) func() error {
	name := os.Getenv("BAKPLANE_MC")
	if name == "" {
		name = "mc"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		b.Logf("%s is not here: go install github.com/minio/mc@latest", name)
		return nil
	}
	run := func(args ...string) error {
		cmd := exec.CommandContext(b.Context(), path, append([]string{"--config-dir", filepath.Join(dir, "mc"), "--quiet"}, args...)...)
		cmd.Env = append(os.Environ(), "MC_UPDATE=off")
		if said, err := cmd.CombinedOutput(); err != nil {
			return errors.Join(err, errors.New(string(said)))
		}
		return nil
	}
	if err := run("alias", "set", "peer", url, us.KeyID, us.Secret, "--api", "S3v4", "--path", "on"); err != nil {
		b.Logf("%s cannot be used: %v", name, err)
		return nil
	}
	return func() error { return run("cp", filepath.Join(dir, "full.bak"), "peer/backups/mc") }
}

// bare is net/http and nothing else; the SDK only signs the address.
func bare(url, path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := http.NewRequest(http.MethodPut, url+"/backups/put", f)
	if err != nil {
		return err
	}
	r.ContentLength = size
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	err = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).
		SignHTTP(context.Background(), aws.Credentials{AccessKeyID: us.KeyID, SecretAccessKey: us.Secret}, r, "UNSIGNED-PAYLOAD", "s3", region, time.Now())
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		return fmt.Errorf("bare PUT answered %d: %s", res.StatusCode, text)
	}
	return nil
}

// timed returns a rate in MB (10^6 bytes) per second.
func timed(b *testing.B, size int64, f func() error) float64 {
	b.Helper()
	begun := time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	return float64(size) / 1e6 / time.Since(begun).Seconds()
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

// noise writes a file that is on the disk and in the page cache.
func noise(b *testing.B, path string, size int64) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	src := rand.NewChaCha8([32]byte{1})
	buf := make([]byte, 1<<20)
	for left := size; left > 0; {
		n := min(left, int64(len(buf)))
		_, _ = src.Read(buf[:n])
		if _, err := f.Write(buf[:n]); err != nil {
			b.Fatal(err)
		}
		left -= n
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
}

// resident is the process's memory in bytes, 0 where /proc does not tell.
func resident() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(text, "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// watch samples the memory until it is stopped and returns the most it saw.
func watch() (stop func() int64) {
	var most atomic.Int64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			most.Store(max(most.Load(), resident()))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() int64 { close(done); <-ended; return most.Load() }
}
