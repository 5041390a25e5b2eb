package app_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/fault"
)

// scripted is a source made by hand, for failures at chosen moments: one
// database with an LSN clock that writes real backup files.
type scripted struct {
	t      testing.TB
	folder string

	mu       sync.Mutex
	clock    uint32 // where the next log record goes
	logged   uint32 // Last of the newest log backup
	state    string
	readOnly bool
	access   string // MULTI_USER, or who is let in; empty = MULTI_USER
	leaves   string // the access that a tail which fails leaves behind
	sets     int
	base     bakfile.Set
	rows     []backup.HistoryRow
	fail     map[string]error  // by step: "before log", "after log", "before tail", …
	swept    map[string]string // by step: where somebody moves the file to at once
	writes   int
}

var _ backup.Server = (*scripted)(nil)

func newScripted(t testing.TB, folder string) *scripted {
	return &scripted{t: t, folder: folder, clock: 1000, state: "ONLINE", fail: map[string]error{}, swept: map[string]string{}}
}

// write changes the database; false when it takes no writes.
func (s *scripted) write() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != "ONLINE" || s.readOnly || s.access != "" {
		return false
	}
	s.clock += 10
	s.writes++
	return true
}

func (s *scripted) once(step string) error {
	err := s.fail[step]
	delete(s.fail, step)
	return err
}

func guidOf(text string) bakfile.GUID {
	sum := sha256.Sum256([]byte(text))
	return bakfile.GUID(sum[:16])
}

func (s *scripted) at(block uint32) bakfile.LSN { return bakfile.LSN{VLF: 34, Block: block, Slot: 1} }

func (s *scripted) Backup(_ context.Context, c backup.BackupCall, progress func(float64)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	step := string(c.Kind)
	if c.Tail {
		step = "tail"
	}
	if err := s.once("before " + step); err != nil {
		if c.Tail {
			s.access = s.leaves
		}
		return err
	}
	if s.state != "ONLINE" {
		return fault.New(fault.Conflict, "The database is restoring.", "")
	}
	s.clock++
	set, err := s.writeFile(c)
	if err != nil {
		return err
	}
	s.rows = append(s.rows, backup.HistoryRow{ID: int64(s.sets), User: "bakplane", Disk: true, Files: c.Files, Set: backup.Set{
		Kind: c.Kind, ID: set.SetGUID, Name: c.Name, First: set.FirstLSN, Last: set.LastLSN, Finished: backup.Moment{Local: time.Now(), UTC: new(time.Now().UTC())}}})
	if c.Kind == backup.Log {
		s.logged = set.LastLSN.Block
	}
	if c.Tail {
		s.state = "RESTORING"
	}
	if away := s.swept[step]; away != "" {
		delete(s.swept, step)
		if err := os.Rename(filepath.Join(s.folder, filepath.Base(c.Files[0])), away); err != nil {
			return err
		}
	}
	progress(100)
	return s.once("after " + step)
}

func (s *scripted) writeFile(c backup.BackupCall) (bakfile.Set, error) {
	s.sets++
	first := s.logged
	kind := map[backup.Kind]bakfile.Type{backup.Full: bakfile.TypeFull, backup.Differential: bakfile.TypeDifferential, backup.Log: bakfile.TypeLog}[c.Kind]
	if first == 0 || c.Kind != backup.Log {
		first = s.clock
		if c.Kind == backup.Log {
			first = s.base.CheckpointLSN.Block
		}
	}
	now := time.Now().UTC()
	zero := time.Duration(0)
	set := bakfile.Set{Type: kind, Name: c.Name, Database: c.Database, ServerName: "SCRIPTED", MachineName: "SCRIPTED", VersionMajor: 13, VersionBuild: 1601,
		DatabaseVersion: 852, CompatibilityLevel: 130, RecoveryModel: bakfile.RecoveryFull,
		Started: bakfile.LocalTime{Time: now}, Finished: bakfile.LocalTime{Time: now}, DatabaseCreated: bakfile.LocalTime{Time: now}, UTCOffset: &zero,
		FirstLSN: s.at(first), LastLSN: s.at(s.clock + 1), CheckpointLSN: s.at(first), DatabaseBackupLSN: s.base.CheckpointLSN,
		SetGUID: guidOf(fmt.Sprint(c.Name, s.sets)), BindingID: guidOf("b"), RecoveryForkID: guidOf("f"), FirstRecoveryForkID: guidOf("f"), FamilyGUID: guidOf("f"),
		BeginsLogChain: s.logged == 0 && c.Kind == backup.Log, HasChecksums: true,
		Files: []bakfile.DataFile{{FileID: 1, LogicalName: "d", PhysicalName: `C:\d.mdf`, Type: "D", FilegroupID: 1, FilegroupName: "PRIMARY", Size: 8 << 20, SourceBlockSize: 512, UniqueID: guidOf("u")},
			{FileID: 2, LogicalName: "l", PhysicalName: `C:\l.ldf`, Type: "L", Size: 8 << 20, SourceBlockSize: 512, UniqueID: guidOf("v")}}}
	s.clock++
	if kind == bakfile.TypeFull {
		s.base = set
	}
	if kind == bakfile.TypeDifferential {
		set.DifferentialBaseLSN, set.DifferentialBaseGUID = s.base.CheckpointLSN, s.base.SetGUID
	}
	out, err := os.Create(filepath.Join(s.folder, filepath.Base(c.Files[0])))
	if err != nil {
		return set, err
	}
	defer out.Close()
	return set, mtf.Write(out, mtf.Spec{Sets: []mtf.Set{{Set: set, DatabaseBackupGUID: s.base.SetGUID, PayloadSize: 200 << 10}}})
}

func (s *scripted) Database(context.Context, string) (backup.Database, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return backup.Database{Name: "orders", State: s.state, ReadOnly: s.readOnly, UserAccess: cmp.Or(s.access, "MULTI_USER"), RecoveryModel: "FULL", PageVerify: "CHECKSUM", Family: guidOf("f"), Fork: guidOf("f"),
		DataBytes: 8 << 20, LogBytes: 8 << 20, FreeBackupBytes: -1, LastGoodCheck: time.Now(), LastLogBackupLSN: s.at(max(s.logged, 1)), LogBytesSinceBackup: int64(s.clock-s.logged) * 512}, nil
}

func (s *scripted) Named(ctx context.Context, database, name string, _ time.Time) (out []backup.HistoryRow, err error) {
	rows, err := s.History(ctx, database, 0, 1000)
	for _, r := range rows {
		if r.Set.Name == name {
			out = append(out, r)
		}
	}
	return out, err
}

func (s *scripted) History(_ context.Context, _ string, after int64, limit int) (out []backup.HistoryRow, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		if r.ID > after && len(out) < limit {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *scripted) Recover(context.Context, string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.once("before recover"); err != nil {
		return err
	}
	s.state, s.access = "ONLINE", ""
	return s.once("after recover")
}

func (s *scripted) SetReadOnly(_ context.Context, _ string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readOnly = on
	return nil
}

func (s *scripted) Describe(context.Context) (backup.ServerInfo, error) {
	return backup.ServerInfo{Name: "SCRIPTED", VersionMajor: 13, Version: "13.0.1601.5", Edition: "Developer Edition", EngineEdition: 3, Now: time.Now().UTC()}, nil
}
func (s *scripted) Databases(ctx context.Context) ([]backup.Database, error) {
	d, err := s.Database(ctx, "orders")
	return []backup.Database{d}, err
}
func (s *scripted) MissingRights(context.Context, string) ([]backup.MissingRight, error) {
	return nil, nil
}
func (s *scripted) Verify(context.Context, []string) error { return nil }

func (s *scripted) Headers(context.Context, []string) ([]backup.Set, error) { return nil, nil }
func (s *scripted) Running(context.Context, string) ([]backup.RunningStatement, error) {
	return nil, nil
}
func (s *scripted) SetRecoveryModel(context.Context, string, string) error  { return nil }
func (s *scripted) SetPageVerify(context.Context, string) error             { return nil }
func (s *scripted) CheckDB(context.Context, string, bool) ([]string, error) { return nil, nil }
func (s *scripted) Contents(context.Context, string, func(done, of int)) ([]backup.TableSum, error) {
	return nil, nil
}

func (s *scripted) WriteActivity(context.Context, string) (backup.WriteActivity, error) {
	return backup.WriteActivity{}, nil
}
func (s *scripted) Folder(context.Context, string) ([]backup.FolderEntry, error) { return nil, nil }
func (s *scripted) MakeFolder(context.Context, string) error                     { return nil }

func (s *scripted) Recent(ctx context.Context, database string, limit int) ([]backup.HistoryRow, error) {
	rows, err := s.History(ctx, database, 0, math.MaxInt)
	slices.Reverse(rows)
	return rows[:min(limit, len(rows))], err
}

func (s *scripted) Newest(ctx context.Context) (newest int64, err error) {
	rows, err := s.History(ctx, "", 0, math.MaxInt)
	for _, r := range rows {
		newest = max(newest, r.ID)
	}
	return newest, err
}

func (s *scripted) RowIDs(context.Context, []backup.GUID) (map[backup.GUID]int64, error) {
	return nil, nil
}
