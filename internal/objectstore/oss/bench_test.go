package oss_test

import (
	"bufio"
	"encoding/json"
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

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	emulator "github.com/bakplane/bakplane/internal/emulator/oss"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
)

// emulateIn names the folder when this binary is to be the emulator, uploadAs
// what it is to upload when it is to be killed.
const (
	emulateIn = "BAKPLANE_TEST_EMULATE_IN"
	uploadAs  = "BAKPLANE_TEST_UPLOAD"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(emulateIn); dir != "" {
		os.Exit(emulate(dir))
	}
	if text := os.Getenv(uploadAs); text != "" {
		os.Exit(uploadOnce(text))
	}
	os.Exit(m.Run())
}

// emulate serves until its parent closes standard input.
func emulate(dir string) int {
	run, err := emulator.Start(emulator.Config{Dir: dir, Accounts: []emulator.Account{us}, Buckets: []emulator.Bucket{{Name: "backups"}}}, "", "")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_ = json.NewEncoder(os.Stdout).Encode([]string{run.URL, run.ControlURL})
	_, _ = io.Copy(io.Discard, os.Stdin)
	run.Close()
	return 0
}

// separate starts the emulator as a process of its own.
func separate(tb testing.TB, dir string) (url, controlURL string) {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), emulateIn+"="+dir)
	cmd.Stderr = os.Stderr
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
	var urls []string
	if err := json.NewDecoder(out).Decode(&urls); err != nil {
		tb.Fatal(err)
	}
	return urls[0], urls[1]
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

// BenchmarkUpload compares the resumable upload with a bare HTTP PUT of the
// same file to the same emulator, which is a process of its own; each
// iteration does both, in turn first. BAKPLANE_BENCH_BYTES sets the size of
// the file (default 256 MiB). It fails below 0.7 of the PUT's rate, or above
// 100 MB more memory than idle.
//
//	BAKPLANE_BENCH_BYTES=4294967296 go test ./internal/objectstore/oss -run '^$' -bench Upload -benchtime 3x
func BenchmarkUpload(b *testing.B) {
	size := int64(256 << 20)
	if text := os.Getenv("BAKPLANE_BENCH_BYTES"); text != "" {
		var err error
		if size, err = strconv.ParseInt(text, 10, 64); err != nil {
			b.Fatal(err)
		}
	}
	dir := b.TempDir()
	path := filepath.Join(dir, "full.bak")
	want := randomFile(b, path, size)
	url, _ := separate(b, filepath.Join(dir, "service"))
	bucket, err := oss.Open(oss.Config{Endpoint: url, Region: "cn-hangzhou", Bucket: "backups", AccessKeyID: us.KeyID, Secret: us.Secret})
	if err != nil {
		b.Fatal(err)
	}
	defer bucket.Close()
	debug.FreeOSMemory()
	idle := resident()

	var puts, uploads, ratios []float64
	var peak int64
	bare := func() float64 { return timed(b, size, func() error { return barePut(url, path, size) }) }
	ours := func() float64 {
		stop := watch()
		defer func() { peak = max(peak, stop()) }()
		return timed(b, size, func() error {
			source, err := openFile(path)
			if err != nil {
				return err
			}
			defer source.Close()
			o, err := objectstore.Upload{Bucket: bucket, Key: "upload", Source: source, Ledger: new(objectstoretest.Memory)}.Run(b.Context())
			if err == nil && *o.CRC64 != want {
				err = fmt.Errorf("checksum %x, want %x", *o.CRC64, want)
			}
			return err
		})
	}
	for i := 0; b.Loop(); i++ {
		var put, up float64
		if i%2 == 0 {
			put = bare()
			up = ours()
		} else {
			up = ours()
			put = bare()
		}
		puts, uploads, ratios = append(puts, put), append(uploads, up), append(ratios, up/put)
		for _, key := range []string{"bare", "upload"} {
			if err := bucket.Delete(b.Context(), key); err != nil {
				b.Fatal(err)
			}
		}
	}
	ratio, grown := median(ratios), float64(peak-idle)/1e6
	b.ReportMetric(median(puts), "put-MB/s")
	b.ReportMetric(median(uploads), "upload-MB/s")
	b.ReportMetric(ratio, "ratio")
	b.ReportMetric(grown, "grown-MB")
	b.Logf("bare PUT %.0f MB/s, upload %.0f MB/s, ratio %.2f %.2f, memory %.0f MB over %.0f MB idle",
		median(puts), median(uploads), ratio, ratios, grown, float64(idle)/1e6)
	if ratio < 0.7 {
		b.Errorf("the upload reaches %.2f of a bare PUT, want 0.7", ratio)
	}
	if grown > 100 {
		b.Errorf("the upload takes %.0f MB more memory than idle, want less than 100", grown)
	}
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
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

// barePut is net/http and nothing else; the SDK only signs the address.
func barePut(url, path string, size int64) error {
	c, err := sdk.New(url, us.KeyID, us.Secret, sdk.AuthVersion(sdk.AuthV4), sdk.Region("cn-hangzhou"))
	if err != nil {
		return err
	}
	bk, err := c.Bucket("backups")
	if err != nil {
		return err
	}
	signed, err := bk.SignURL("bare", sdk.HTTPPut, 3600)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	req, err := http.NewRequest(http.MethodPut, signed, f)
	if err != nil {
		return err
	}
	req.ContentLength = size
	res, err := http.DefaultClient.Do(req)
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

// randomFile writes a file that is on the disk and in the page cache, and
// returns its checksum.
func randomFile(b *testing.B, path string, size int64) (crc uint64) {
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
		crc = objectstore.UpdateCRC64(crc, buf[:n])
		if _, err := f.Write(buf[:n]); err != nil {
			b.Fatal(err)
		}
		left -= n
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	return crc
}
