package bakfile_test

import (
	"bytes"
	"encoding/hex"
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
	sealed := strings.Replace(string(locked), "\x07", "\x05", 1)
	sealedTDE := strings.Replace(string(locked), "\x07", "\x2f", 1)
	odd := compress(t, synthetic(t, 1, bakfile.Media{}))
	clear(odd[0x1e0+0x1c:][:256]) // a table of no codes, with its right check value
	le.PutUint32(odd[0x1e0+0x18:], checkOf(odd[0x1e0+0x1c:][:le.Uint16(odd[0x1e2:])]))
	altered := compress(t, synthetic(t, 1, bakfile.Media{}))
	altered[0x1e0+0x1c+300] ^= 0x10
	page := func(begin string, at int, then string) string {
		return begin + strings.Repeat("\x00", at-len(begin)) + then + strings.Repeat("\x00", 4096)
	}
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
		{"tar", page("orders.bak", 257, "ustar\x0000"), bakfile.NotBackup, "tar archive"},
		{"Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", bakfile.NotBackup, "Git LFS pointer"},
		{"git-annex", "/annex/objects/SHA256E-s12--ab.bak\n", bakfile.NotBackup, "git-annex"},
		{"pg_dump", "PGDMP\x01\x0e\x00\x04\x08\x01", bakfile.NotBackup, "PostgreSQL"},
		{"pg_dump in tar", page("toc.dat", 257, "ustar\x0000"), bakfile.NotBackup, "PostgreSQL"},
		{"pg_dump as a script", "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n", bakfile.NotBackup, "PostgreSQL"},
		{"mysqldump", "-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\n", bakfile.NotBackup, "MySQL"},
		{"mariadb-dump", "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n", bakfile.NotBackup, "MariaDB"},
		{"xtrabackup", "XBSTCK01\x00P\x00\x00", bakfile.NotBackup, "XtraBackup"},
		{"exp", "\x03\x00\x01EXPORT:V11.02.00\nUSCOTT\n", bakfile.NotBackup, "Oracle"},
		{"expdp", page("\x04\x01\x0f\xe8", 48, `"SCOTT"."SYS_EXPORT_SCHEMA_01"x86_64/Linux 2.4.xx`), bakfile.NotBackup, "Data Pump"},
		{"Oracle file", page("\x00\xa2\x00\x00\x00\x00\xc0\xff", 28, "}|{z\xa0\x81"), bakfile.NotBackup, "Oracle"},
		{"mdb", "\x00\x01\x00\x00Standard Jet DB\x00\x01\x00", bakfile.NotBackup, "Access"},
		{"accdb", "\x00\x01\x00\x00Standard ACE DB\x00\x02\x00", bakfile.NotBackup, "Access"},
		{"Firebird 2.5", page("\x01\x00\x39\x30\x02", 16, "\x00\x10\x0b\x80"), bakfile.NotBackup, "Firebird"},
		{"Firebird 4", page("\x01\x00\x00\x00\x02", 16, "\x00\x20\x0d\x80"), bakfile.NotBackup, "Firebird"},
		{"gbak", "\x00\x02\x04\x0a\x00\x00\x00\x06\x04\x00\x40\x00\x00", bakfile.NotBackup, "gbak"},
		{"SQLite", "SQLite format 3\x00\x10\x00", bakfile.NotBackup, "SQLite"},
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
		{"encrypted and compressed", string(locked), bakfile.Encrypted, "WITH ENCRYPTION"},
		{"encrypted", sealed, bakfile.Encrypted, "WITH ENCRYPTION"},
		{"compressed with TDE", sealedTDE, bakfile.Encrypted, "TDE"},
		{"compressed otherwise", string(odd), bakfile.Encrypted, "other than MS_XPRESS"},
		{"a damaged first record", string(altered), bakfile.Damaged, "check value"},
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

// TestADamagedRecordMakesNoFacts: whatever byte of a compressed record is
// altered, its content is not believed.
func TestADamagedRecordMakesNoFacts(t *testing.T) {
	b, err := os.ReadFile(bakfiletest.Sample(t, "sql2016_tutorialdb_compressed_full.bak"))
	if err != nil {
		t.Fatal(err)
	}
	first := int(le.Uint16(b[0x1e2:]))
	for at := range first {
		altered := bytes.Clone(b)
		altered[0x1e0+0x1c+at] ^= byte(1 + at%255)
		if _, err := bakfile.Read(bytes.NewReader(altered), int64(len(b))); bakfile.ReasonOf(err) != bakfile.Damaged {
			t.Fatalf("byte %d of the first record: %v", at, err)
		}
	}
	// The record with what is known at the end is named by the index's last entry.
	want := mustRead(t, b).Sets[0]
	mark := bytes.LastIndex(b[:len(b)-512], []byte("SFMB"))
	for mark%512 != 0 || !bytes.Equal(b[mark-16:mark-12], []byte{1, 0, 1, 0}) {
		mark = bytes.LastIndex(b[:mark], []byte("SFMB"))
	}
	index := bytes.LastIndex(b[:mark-16], b[mark-16:mark])
	last := int(le.Uint64(b[index+16*int(le.Uint32(b[mark-12:]))+8:]))
	for at := 0; at < int(le.Uint16(b[last+2:])); at += 7 {
		altered := bytes.Clone(b)
		altered[last+0x1c+at] ^= 0x41
		f := mustRead(t, altered)
		if s := f.Sets[0]; s.Complete || !f.Truncated || !s.Finished.IsZero() || s.SetGUID != want.SetGUID {
			t.Fatalf("byte %d of the last record: %+v", at, s)
		}
	}
}

func TestTDEIsSeenInAnUncompressedBackup(t *testing.T) {
	b := synthetic(t, 1, bakfile.Media{})
	if f := mustRead(t, b); f.TDEThumbprint != "" {
		t.Errorf("%q in a backup without", f.TDEThumbprint)
	}
	print := "8f1d3a5c7e9b02461357acbd00ff11ee22dd33cc"
	key, err := hex.DecodeString("14000000" + print + "00010000")
	if err != nil {
		t.Fatal(err)
	}
	copy(b[0x3000:], key)
	if f := mustRead(t, b); f.TDEThumbprint != print || f.Describe().TDEThumbprint != print {
		t.Errorf("%q, want %q", f.TDEThumbprint, print)
	}
}

func TestTailAndNoRecoveryAreTwoThings(t *testing.T) {
	for flags, want := range map[uint32][3]bool{0x40: {true, false, false}, 0x100: {false, true, false}, 0x140: {true, true, false}, 0x400: {false, false, true}} {
		s := bakfile.Set{Flags: flags | 0x200}
		f := bakfile.File{Sets: []bakfile.Set{s}}
		d := f.Describe().Sets[0]
		if got := [3]bool{s.IsTailLog(), s.HasNoRecovery(), s.LooksCopyOnly()}; got != want || got != [3]bool{d.TailLog, d.NoRecovery, d.CopyOnly} {
			t.Errorf("flags %#x: %v, want %v, described %+v", flags, got, want, d)
		}
	}
}
