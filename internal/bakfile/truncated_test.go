package bakfile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	"github.com/bakplane/bakplane/internal/fault"
)

func TestTruncatedFilesSayWhatTheirBeginningKnows(t *testing.T) {
	whole := synthetic(t, 3, bakfile.Media{})
	marks := marksOf(whole) // 7: before 1, behind 1's data, behind 1, …
	tests := []struct {
		name     string
		cut      int
		sets     int
		complete int
	}{
		{"within the first data", marks[0] + 10_000, 1, 0},
		{"before the first end of set", marks[1] + 512, 1, 0},
		{"behind the first set", marks[2] + 512, 1, 1},
		{"within the second data", marks[2] + 10_000, 2, 1},
		{"before the last filemark", marks[6], 3, 2},
		{"one byte short", len(whole) - 1, 3, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := mustRead(t, whole[:tt.cut])
			if tt.cut != marks[2]+512 && !f.Truncated {
				t.Error("not truncated")
			}
			complete := 0
			for _, s := range f.Sets {
				if s.Database != "orders" || len(s.Files) != 1 {
					t.Errorf("set %d: %+v", s.Position, s)
				}
				if s.Complete {
					complete++
				} else if !s.Finished.IsZero() || s.BackupSize != 0 {
					t.Errorf("set %d claims to know its end: %+v", s.Position, s)
				}
			}
			if len(f.Sets) != tt.sets || complete != tt.complete {
				t.Errorf("%d sets, %d complete, want %d, %d", len(f.Sets), complete, tt.sets, tt.complete)
			}
		})
	}
}

func TestZeroPaddingBehindTheEndIsHarmless(t *testing.T) {
	b := append(synthetic(t, 2, bakfile.Media{}), make([]byte, 10_000)...)
	if f := mustRead(t, b); f.Truncated || len(f.Sets) != 2 || !f.Sets[1].Complete {
		t.Errorf("%+v", f)
	}
}

func TestNewServersDoNotTellLSNsBeforehand(t *testing.T) {
	for name, trusted := range map[string]bool{"sql2016-sp2_restoretime_full.bak": true, "sql2019-cu10_linux_full.bak": false, "sql2022-rtm_ru_stripe2of2_full.bak": false, "sql2016_tutorialdb_compressed_full.bak": true} {
		b, err := os.ReadFile(bakfiletest.Sample(t, name))
		if err != nil {
			t.Fatal(err)
		}
		f := mustRead(t, b[:len(b)/2])
		s, d := f.Sets[0], f.Describe().Sets[0]
		if !f.Truncated || s.Complete || s.LSNsTrustworthy != trusted || (d.FirstLSN != nil) != trusted {
			t.Errorf("%s: %+v", name, s)
		}
		if d.BackupFinishDate != nil || d.BackupSize != nil || d.CompressedBackupSize != nil || f.Describe().BackupSetCount != nil {
			t.Errorf("%s describes what nobody knows: %+v", name, d)
		}
	}
}

func TestEveryCutOfASampleReadsOrIsRefused(t *testing.T) {
	for _, name := range []string{"sql2008r2_db1-three-files_checksum_log2.trn", "sql2016_tutorialdb_compressed_full.bak"} {
		b, err := os.ReadFile(bakfiletest.Sample(t, name))
		if err != nil {
			t.Fatal(err)
		}
		step := max(1, len(b)/2000)
		for cut := 1; cut < len(b); cut += step {
			f, err := bakfile.Read(bytes.NewReader(b[:cut]), int64(cut))
			switch {
			case err != nil && fault.Of(err) != fault.Invalid:
				t.Fatalf("%s cut at %d: %v", name, cut, err)
			case err == nil && !f.Truncated:
				t.Fatalf("%s cut at %d passes for whole", name, cut)
			}
		}
	}
}

// sparse is a huge file: head at the front, tail at the end, zeros between.
type sparse struct {
	head, tail []byte
	size       int64
}

func (s sparse) ReadAt(b []byte, off int64) (int, error) {
	clear(b)
	if off < int64(len(s.head)) {
		copy(b, s.head[off:])
	}
	if from := s.size - int64(len(s.tail)); off+int64(len(b)) > from {
		if off >= from {
			copy(b, s.tail[off-from:])
		} else {
			copy(b[from-off:], s.tail)
		}
	}
	if off+int64(len(b)) > s.size {
		return int(max(0, s.size-off)), io.EOF
	}
	return len(b), nil
}

// stretched moves everything behind the data of a one-set file to the end of
// a file of size bytes and corrects the filemarks.
func stretched(b []byte, size int64) sparse {
	marks := marksOf(b)
	cut := marks[1] - 16<<10
	s := sparse{head: bytes.Clone(b[:marks[0]+24<<10]), tail: bytes.Clone(b[cut:]), size: size}
	last := s.tail[marks[2]-cut:]
	le.PutUint64(last[0x48:], uint64(size)-uint64(len(s.tail))+uint64(marks[1]-cut))
	return s
}

func TestTerabyteFileCostsAsLittleAsASmallOne(t *testing.T) {
	b, err := os.ReadFile(bakfiletest.Sample(t, "sql2016-sp2_restoretime_full.bak"))
	if err != nil {
		t.Fatal(err)
	}
	want := mustRead(t, b)
	r := &counted{ReaderAt: stretched(b, 1<<40)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := bakfile.Read(r, 1<<40)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if f.Truncated || len(f.Sets) != 1 || f.Sets[0].LastLSN != want.Sets[0].LastLSN || !f.Sets[0].Complete {
		t.Errorf("%+v", f)
	}
	if n := r.bytes.Load(); n > 1<<20 {
		t.Errorf("read %d bytes", n)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("allocated %d bytes", n)
	}
	t.Logf("%d bytes in %d reads", r.bytes.Load(), r.reads.Load())
}

func TestWhatIsNoBackupIsNamed(t *testing.T) {
	zip := "PK\x03\x04\x14\x00\x00\x00"
	other := synthetic(t, 1, bakfile.Media{SoftwareName: "Backup Exec", SoftwareVendorID: 99})
	broken := synthetic(t, 1, bakfile.Media{})
	broken[0x20] ^= 1
	headless := synthetic(t, 1, bakfile.Media{})
	copy(headless[marksOf(headless)[0]+512:], "XXXX")
	locked := append([]byte("MSSQLBAK\x02\x00\x00\x00\x07\x00\x00\x00"), bytes.Repeat([]byte{0xa7, 0x31}, 100_000)...)
	older := append([]byte("MSSQLBAK\x01\x00\x00\x00\x03\x00\x00\x00"), bytes.Repeat([]byte{0xa7, 0x31}, 100_000)...)
	tests := []struct {
		name    string
		content string
		reason  bakfile.Reason
		words   string
	}{
		{"nothing", "", bakfile.Empty, "empty"},
		{"RDS log download", zip + "orders.lbak", bakfile.NotBackup, "ZIP archive"},
		{"bacpac", zip + strings.Repeat("x", 18) + "model.xml", bakfile.NotBackup, "data-tier"},
		{"gzip", "\x1f\x8b\x08", bakfile.NotBackup, "gzip"},
		{"7z", "7z\xbc\xaf\x27\x1c\x00", bakfile.NotBackup, "7-Zip"},
		{"mdf", "\x01\x0f\x00\x00\x08\x00\x00\x00" + strings.Repeat("\x00", 8184), bakfile.NotBackup, "database file itself"},
		{"error page", "\n<!DOCTYPE html><html>", bakfile.NotBackup, "HTML page"},
		{"object store error", `<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>`, bakfile.NotBackup, "XML text"},
		{"script", "-- restore it\nRESTORE DATABASE orders\n", bakfile.NotBackup, "text file"},
		{"UTF-16 script", "\xff\xfeU\x00S\x00E\x00", bakfile.NotBackup, "text file"},
		{"zeros", strings.Repeat("\x00", 5000), bakfile.NotBackup, "zero bytes"},
		{"noise", "\x93\x00\x01\x02noise", bakfile.NotBackup, "not a SQL Server backup"},
		{"another program's tape", string(other), bakfile.OtherTape, "Backup Exec"},
		{"broken media header", string(broken), bakfile.Damaged, "media header"},
		{"only a word", "TAPE", bakfile.Damaged, "media header"},
		{"cut in the first header", string(synthetic(t, 1, bakfile.Media{})[:2000]), bakfile.Damaged, "first header"},
		{"no start of set", string(headless), bakfile.Damaged, "no backup set"},
		{"encrypted", string(locked), bakfile.Encrypted, "encrypted"},
		{"old container", string(older), bakfile.Unsupported, "2012"},
		{"cut container", string(locked[:600]), bakfile.Damaged, "cut off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := bakfile.Read(strings.NewReader(tt.content), int64(len(tt.content)))
			if bakfile.ReasonOf(err) != tt.reason {
				t.Fatalf("reason %q, want %q: %v", bakfile.ReasonOf(err), tt.reason, err)
			}
			message, fix := fault.Words(err)
			if !strings.Contains(message, tt.words) || fix == "" || !fault.Is(err, fault.Invalid) {
				t.Errorf("says %q, %q", message, fix)
			}
		})
	}
}

// broken fails from a certain read on.
type broken struct {
	io.ReaderAt
	left int
}

var errLine = fault.New(fault.Unavailable, "The line is down.", "")

func (b *broken) ReadAt(p []byte, off int64) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errLine
	}
	return b.ReaderAt.ReadAt(p, off)
}

func TestFailuresOfTheReaderKeepTheirKind(t *testing.T) {
	whole := synthetic(t, 6, bakfile.Media{PhysicalBlockSize: 4096})
	for _, b := range [][]byte{whole, compress(t, synthetic(t, 6, bakfile.Media{}))} {
		for left := range 4 {
			_, err := bakfile.Read(&broken{bytes.NewReader(b), left}, int64(len(b)))
			if !fault.Is(err, fault.Unavailable) || bakfile.ReasonOf(err) != "" {
				t.Errorf("after %d reads: %v", left, err)
			}
		}
	}
	if _, err := bakfile.Read(bytes.NewReader(whole[:5000]), 6000); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file shorter than its size: %v", err)
	}
}

// FuzzRead begins with files of a few kilobytes: larger ones make the fuzzer
// spend its time on bytes that nobody reads.
func FuzzRead(f *testing.F) {
	f.Add(syntheticOf(f, 1, bakfile.Media{}, 0))
	f.Add(syntheticOf(f, 2, bakfile.Media{PhysicalBlockSize: 4096}, 0))
	f.Add(compress(f, syntheticOf(f, 1, bakfile.Media{}, 0)))
	if dir, err := filepath.Abs("../../../shared/testdata/bak"); err == nil {
		if b, err := os.ReadFile(filepath.Join(dir, "sql2008r2_stripe2of2_log.trn")); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := bakfile.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if fault.Of(err) != fault.Invalid {
				t.Errorf("neither a backup nor refused: %v", err)
			}
			return
		}
		if len(file.Sets) == 0 || len(file.Sets) > len(b)/1024 {
			t.Errorf("%d sets in %d bytes", len(file.Sets), len(b))
		}
		file.Describe()
	})
}
