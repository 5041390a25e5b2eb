package mtf_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/bakfile/verify"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
)

func read(t rapid.TB, b []byte) *bakfile.File {
	t.Helper()
	f, err := bakfile.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec(t)
		var out bytes.Buffer
		if err := mtf.Write(&out, spec); err != nil {
			t.Fatal(err)
		}
		got := read(t, out.Bytes())
		if got.Truncated || got.Container != bakfile.Plain {
			t.Fatalf("truncated %v, container %s", got.Truncated, got.Container)
		}
		if !reflect.DeepEqual(got.Media, spec.Media) {
			t.Fatalf("media\n got %+v\nwant %+v", got.Media, spec.Media)
		}
		if len(got.Sets) != len(spec.Sets) {
			t.Fatalf("%d sets, want %d", len(got.Sets), len(spec.Sets))
		}
		for i, want := range spec.Sets {
			want.Position, want.Complete, want.LSNsTrustworthy = i+1, true, true
			if !reflect.DeepEqual(got.Sets[i], want.Set) {
				t.Fatalf("set %d\n got %+v\nwant %+v", i+1, got.Sets[i], want.Set)
			}
		}
	})
}

// anySpec draws a file with every field set explicitly.
func anySpec(t *rapid.T) mtf.Spec {
	word := rapid.StringMatching(`[A-Za-zäЖ中😀 _-]{1,40}`)
	guid := rapid.Custom(func(t *rapid.T) (g bakfile.GUID) {
		copy(g[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "guid"))
		g[0] |= 1
		return g
	})
	lsn := rapid.Custom(func(t *rapid.T) bakfile.LSN {
		return bakfile.LSN{VLF: rapid.Uint32().Draw(t, "vlf"), Block: rapid.Uint32().Draw(t, "block"), Slot: rapid.Uint16().Draw(t, "slot")}
	})
	date := rapid.Custom(func(t *rapid.T) bakfile.LocalTime {
		return bakfile.LocalTime{Time: time.Unix(rapid.Int64Range(1e9, 2e9).Draw(t, "time"), 0).UTC()}
	})
	families := rapid.IntRange(1, 8).Draw(t, "families")
	spec := mtf.Spec{Media: bakfile.Media{
		SetGUID: guid.Draw(t, "media"), FamilyCount: families, FamilySequence: rapid.IntRange(1, families).Draw(t, "family"),
		FamilyID: rapid.Uint32().Draw(t, "family id"), SequenceNumber: 1,
		Name: word.Draw(t, "media name"), Description: word.Draw(t, "media description"),
		SoftwareName: "Microsoft SQL Server", SoftwareVendorID: 0x1200, Date: date.Draw(t, "media date"),
		PhysicalBlockSize: rapid.SampledFrom([]int{512, 1024, 4096, 65536}).Draw(t, "block size"),
		HasPassword:       rapid.Bool().Draw(t, "password"),
	}}
	for range rapid.IntRange(1, 4).Draw(t, "sets") {
		offset := time.Duration(rapid.IntRange(-48, 56).Draw(t, "zone")) * 15 * time.Minute
		s := bakfile.Set{
			Type: rapid.SampledFrom([]bakfile.Type{bakfile.TypeFull, bakfile.TypeLog, bakfile.TypeDifferential, bakfile.TypeFile}).Draw(t, "type"),
			Name: word.Draw(t, "name"), Description: word.Draw(t, "description"), UserName: word.Draw(t, "user"),
			MachineName: word.Draw(t, "machine"), ServerName: word.Draw(t, "server"), Database: word.Draw(t, "database"),
			VersionMajor: rapid.IntRange(9, 17).Draw(t, "major"), VersionMinor: rapid.IntRange(0, 60).Draw(t, "minor"), VersionBuild: rapid.IntRange(0, 65535).Draw(t, "build"),
			DatabaseVersion: rapid.IntRange(1, 999).Draw(t, "version"), CompatibilityLevel: rapid.IntRange(80, 170).Draw(t, "level"),
			RecoveryModel:   rapid.SampledFrom([]bakfile.RecoveryModel{bakfile.RecoveryFull, bakfile.RecoverySimple, bakfile.RecoveryBulkLogged}).Draw(t, "model"),
			DatabaseCreated: date.Draw(t, "created"), Started: date.Draw(t, "started"), Finished: date.Draw(t, "finished"), UTCOffset: &offset,
			FirstLSN: lsn.Draw(t, "first"), LastLSN: lsn.Draw(t, "last"), CheckpointLSN: lsn.Draw(t, "checkpoint"),
			DatabaseBackupLSN: lsn.Draw(t, "backup lsn"), SetGUID: guid.Draw(t, "set"), BindingID: guid.Draw(t, "binding"),
			RecoveryForkID: guid.Draw(t, "fork"), FamilyGUID: guid.Draw(t, "lineage"),
			HasChecksums: rapid.Bool().Draw(t, "checksums"), BackupSize: rapid.Int64Range(1, 1<<50).Draw(t, "size"),
			SortOrder: rapid.IntRange(0, 255).Draw(t, "sort"), UnicodeLocale: 1033, UnicodeCompare: 196609,
			Flags: 0x200,
		}
		s.FirstRecoveryForkID = s.RecoveryForkID
		if s.HasChecksums {
			s.Flags |= 0x10
		}
		if s.Type == bakfile.TypeDifferential {
			s.Flags |= 0x800
			s.DifferentialBaseLSN, s.DifferentialBaseGUID = lsn.Draw(t, "base"), guid.Draw(t, "base set")
		}
		if s.Type == bakfile.TypeLog {
			if s.FirstLSN.Compare(s.LastLSN) > 0 {
				s.FirstLSN, s.LastLSN = s.LastLSN, s.FirstLSN
			}
			s.BeginsLogChain = !s.FirstLSN.IsZero() && rapid.Bool().Draw(t, "begins")
			if !s.FirstLSN.IsZero() && s.FirstLSN != s.LastLSN && rapid.Bool().Draw(t, "spans a fork") {
				s.ForkPointLSN, s.FirstRecoveryForkID = s.FirstLSN, guid.Draw(t, "older fork")
			}
		}
		if s.VersionMajor > 9 {
			s.CompressedSize = rapid.Int64Range(1, 1<<50).Draw(t, "compressed size")
		}
		for id := range rapid.IntRange(0, 3).Draw(t, "files") {
			s.Files = append(s.Files, bakfile.DataFile{
				FileID: id + 1, LogicalName: word.Draw(t, "logical"), PhysicalName: word.Draw(t, "physical"), Type: "D",
				FilegroupID: 1, FilegroupName: "PRIMARY", Size: rapid.Int64Range(0, 1<<50).Draw(t, "file size"), MaxSize: 1 << 40,
				UniqueID: guid.Draw(t, "file"), SourceBlockSize: 512, CreateLSN: lsn.Draw(t, "create"),
			})
			if s.Type != bakfile.TypeLog && s.VersionMajor < 15 {
				size := 8192 * rapid.Int64Range(0, 1<<30).Draw(t, "pages")
				s.Files[id].BackupSize = &size
			}
		}
		spec.Sets = append(spec.Sets, mtf.Set{Set: s, PayloadSize: rapid.Int64Range(0, 200_000).Draw(t, "payload")})
	}
	return spec
}

func TestALogOfUnknownLSNsBeginsNoChain(t *testing.T) {
	var out bytes.Buffer
	if err := mtf.Write(&out, mtf.Spec{Media: bakfile.Media{PhysicalBlockSize: 4096}, Sets: []mtf.Set{{Set: bakfile.Set{Type: bakfile.TypeLog, VersionMajor: 9, Database: " "}}}}); err != nil {
		t.Fatal(err)
	}
	if s := read(t, out.Bytes()).Sets[0]; s.BeginsLogChain {
		t.Errorf("%+v", s)
	}
}

func TestPayloadComesBack(t *testing.T) {
	contents := []string{"rows of a small database", "", "a differential", string(make([]byte, 100_000))}
	spec := mtf.Spec{Media: bakfile.Media{PhysicalBlockSize: 4096}}
	types := []bakfile.Type{bakfile.TypeFull, bakfile.TypeLog, bakfile.TypeDifferential, bakfile.TypeLog}
	for i, c := range contents {
		s := mtf.Set{Set: bakfile.Set{Type: types[i], VersionMajor: 13, Database: "orders", HasChecksums: i > 1}}
		s.Payload, s.PayloadSize = bytes.NewReader([]byte(c)), int64(len(c))
		spec.Sets = append(spec.Sets, s)
	}
	var out bytes.Buffer
	if err := mtf.Write(&out, spec); err != nil {
		t.Fatal(err)
	}
	for i, want := range contents {
		r, err := mtf.Payload(bytes.NewReader(out.Bytes()), i+1)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != want {
			t.Errorf("payload %d: %d bytes, %v, want %d", i+1, len(got), err, len(want))
		}
	}
	if _, err := mtf.Payload(bytes.NewReader(out.Bytes()), 5); err == nil {
		t.Error("a fifth payload was found in four sets")
	}
}

func TestACheckOfTheWholeFileFindsNoDamage(t *testing.T) {
	for _, version := range []int{9, 10, 11, 13, 15, 16, 17} {
		for _, block := range []int{512, 4096} {
			paths, err := mtf.Chain(t.TempDir(), mtf.Options{Database: "orders", Version: version, BlockSize: block, Checksums: version%2 == 0})
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range paths {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				f, err := verify.Read(t.Context(), bytes.NewReader(b), 1)
				if err != nil {
					t.Fatal(err)
				}
				if r := verify.Together(f); r.Verdict != verify.NotUnderstood {
					t.Errorf("version %d, block %d, %s: %s, %+v", version, block, filepath.Base(path), r.Verdict, r.Damage)
				}
				if f, err = verify.Read(t.Context(), bytes.NewReader(b[:len(b)-100]), 1); err != nil {
					t.Fatal(err)
				}
				if r := verify.Together(f); r.Verdict != verify.Damaged {
					t.Errorf("version %d, cut: %s", version, r.Verdict)
				}
			}
		}
	}
}

func TestShortPayloadIsAnError(t *testing.T) {
	spec := mtf.Spec{Sets: []mtf.Set{{Set: bakfile.Set{Type: bakfile.TypeFull, VersionMajor: 13}, Payload: bytes.NewReader(nil), PayloadSize: 1}}}
	if err := mtf.Write(io.Discard, spec); err == nil {
		t.Error("no error")
	}
}

func TestLargeFilesAreStreamed(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	spec := mtf.Spec{Sets: []mtf.Set{{Set: bakfile.Set{Type: bakfile.TypeFull, VersionMajor: 13}, PayloadSize: 256 << 20}}}
	if err := mtf.Write(io.Discard, spec); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("allocated %d bytes for 256 MiB of payload", n)
	}
}

func TestChainJoins(t *testing.T) {
	for _, version := range []int{9, 13, 16} {
		dir := t.TempDir()
		started := time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)
		paths, err := mtf.Chain(dir, mtf.Options{Database: "orders", Started: started, Version: version, Checksums: true})
		if err != nil {
			t.Fatal(err)
		}
		names := []string{"orders_FULL_20261120010000.bak", "orders_DIFF_20261120011500.bak", "orders_LOG_20261120013000.trn", "orders_LOG_20261120014500.trn"}
		var sets []bakfile.Set
		for i, p := range paths {
			if filepath.Base(p) != names[i] {
				t.Errorf("name %s, want %s", filepath.Base(p), names[i])
			}
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			f := read(t, b)
			if f.Truncated || len(f.Sets) != 1 {
				t.Fatalf("%s: %+v", p, f)
			}
			sets = append(sets, f.Sets[0])
		}
		full, diff, log1, log2 := sets[0], sets[1], sets[2], sets[3]
		if diff.DifferentialBaseGUID != full.SetGUID {
			t.Error("the differential names another base")
		}
		if log1.FirstLSN.Compare(diff.LastLSN) > 0 || log1.LastLSN.Compare(diff.LastLSN) <= 0 || log2.FirstLSN != log1.LastLSN {
			t.Error("the logs do not join")
		}
		if !log1.BeginsLogChain || log2.BeginsLogChain {
			t.Error("the first log, and only it, begins the chain")
		}
	}
}
