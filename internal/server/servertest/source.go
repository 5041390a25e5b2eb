package servertest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// source is a SQL Server with one user database, as far as the pages look: it
// writes real backup files with joining LSNs into a folder and remembers them.
type source struct {
	dir  string // the backup folder as we see it
	name string // of the database

	mu       sync.Mutex
	Down     error // what every question is answered with
	Refuses  error // what every backup is answered with
	State    string
	ReadOnly bool
	Bytes    int64  // that it says to have; 64 MiB when less
	block    uint32 // the LSN clock
	since    uint32 // where the next log backup begins
	full     bakfile.Set
	Rows     []backup.HistoryRow
	Asked    int           // how often one database was asked about
	Hold     chan struct{} // a tail waits for it; nil = it does not
	Foreign  bool          // somebody else takes a log right after the differential
}

// ServerFolder is the folder as the server sees it.
const ServerFolder = `D:\backup`

// NewSource is a server that writes its backups into a folder.
func NewSource(dir string) *source {
	return &source{dir: dir, name: "orders", State: "ONLINE", block: 1000, since: 1000}
}

// Live plants a self-managed server beside the cloud.
func (h *House) Live(t *testing.T) *source {
	t.Helper()
	h.Cloud(t)
	dir := t.TempDir()
	h.Source = NewSource(dir)
	h.Ports.Set(h.Source)
	e := audit.New(audit.Actor{Name: "test", Via: "command"}, time.Now(), "instance.add", "instance/source", "Added.")
	for _, err := range []error{
		h.DB.SaveBucket(t.Context(), endpoint.Bucket{ID: "backups", Name: "backups of SQL1", Kind: folder.BucketKind, Path: dir}, e),
		h.DB.SaveInstance(t.Context(), endpoint.Instance{ID: "source", Name: "SQL1", Kind: sqlserver.InstanceKind, Host: "sql1.example.org", Login: "bakplane", Password: secret.NewText("s3cret"),
			Encrypt: endpoint.EncryptFull, ServerFolder: ServerFolder, FolderID: "backups"}, e),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return h.Source
}

func (s *source) With(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

var _ backup.Server = (*source)(nil)

func (s *source) Describe(context.Context) (backup.ServerInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return backup.ServerInfo{Name: "SQL1", Machine: "SQL1", VersionMajor: 13, Version: "13.0.5026.0", Edition: "Developer Edition (64-bit)", EngineEdition: 3, Login: "bakplane", Now: time.Now().UTC(), BackupPath: ServerFolder}, s.Down
}

func (s *source) Databases(ctx context.Context) ([]backup.Database, error) {
	d, err := s.Database(ctx, s.name)
	old := d
	old.Name, old.RecoveryModel, old.LastFull, old.LastLogBackupLSN = "archive", "SIMPLE", time.Time{}, bakfile.LSN{}
	master := backup.Database{Name: "master", State: "ONLINE", RecoveryModel: "SIMPLE", DataBytes: 6 << 20, LogBytes: 2 << 20}
	return []backup.Database{master, d, old}, err
}

func (s *source) Database(_ context.Context, name string) (backup.Database, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Asked++
	if s.Down != nil {
		return backup.Database{}, s.Down
	}
	if name != s.name {
		return backup.Database{}, fault.Newf(fault.NotFound, "There is no database %s.", name)
	}
	return backup.Database{ID: 5, Name: s.name, State: s.State, RecoveryModel: "FULL", ReadOnly: s.ReadOnly, UserAccess: "MULTI_USER", PageVerify: "CHECKSUM", CompatibilityLevel: 130,
		DataBytes: max(s.Bytes, 64<<20), LogBytes: 8 << 20, PreferredReplica: true, LastFull: time.Now().Add(-9*24*time.Hour - time.Minute), LastLogBackupLSN: bakfile.LSN{VLF: 34, Block: s.since, Slot: 1},
		LastGoodCheck: time.Now().Add(-time.Hour), FreeBackupBytes: 1 << 40, LogBytesSinceBackup: 2 << 20}, nil
}

func (s *source) MissingRights(context.Context, string) ([]backup.MissingRight, error) {
	return nil, nil
}

// Backup writes the file and the row of msdb; a tail leaves the database restoring.
func (s *source) Backup(ctx context.Context, c backup.BackupCall, progress func(float64)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if hold := s.Hold; c.Tail && hold != nil {
		s.mu.Unlock()
		select {
		case <-hold:
		case <-ctx.Done():
		}
		s.mu.Lock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	switch {
	case s.Refuses != nil:
		return s.Refuses
	case s.State != "ONLINE":
		return fault.Newf(fault.Conflict, "Database '%s' cannot be opened. It is in the middle of a restore.", c.Database)
	}
	progress(50)
	now := time.Now().UTC().Truncate(time.Second)
	at := func(block uint32) bakfile.LSN { return bakfile.LSN{VLF: 34, Block: block, Slot: 1} }
	guid := func(what string) (g bakfile.GUID) {
		h := sha256.Sum256([]byte(s.name + "/" + what))
		copy(g[:], h[:])
		return g
	}
	var offset time.Duration
	set := mtf.Set{Set: bakfile.Set{Name: c.Name, Database: s.name, ServerName: "SQL1", MachineName: "SQL1", UserName: "bakplane", VersionMajor: 13, VersionBuild: 5026, DatabaseVersion: 852, CompatibilityLevel: 130,
		RecoveryModel: bakfile.RecoveryFull, DatabaseCreated: bakfile.LocalTime{Time: now.Add(-time.Hour)}, Started: bakfile.LocalTime{Time: now}, Finished: bakfile.LocalTime{Time: now}, UTCOffset: &offset,
		SetGUID: guid(fmt.Sprintf("set %d", len(s.Rows)+1)), BindingID: guid("binding"), RecoveryForkID: guid("fork"), FirstRecoveryForkID: guid("fork"), FamilyGUID: guid("fork"),
		SortOrder: 52, UnicodeLocale: 1033, UnicodeCompare: 196609}, PayloadSize: 64 << 10}
	s.block += 100
	switch c.Kind {
	case backup.Full:
		set.Type, set.FirstLSN, set.CheckpointLSN, set.LastLSN = bakfile.TypeFull, at(s.block-50), at(s.block-50), at(s.block)
		set.Files = []bakfile.DataFile{{FileID: 1, LogicalName: s.name, PhysicalName: `D:\data\orders.mdf`, Type: "D", FilegroupID: 1, FilegroupName: "PRIMARY", Size: 64 << 20, UniqueID: guid("data"), SourceBlockSize: 512}}
		s.full = set.Set
	case backup.Differential:
		set.Type, set.FirstLSN, set.CheckpointLSN, set.LastLSN = bakfile.TypeDifferential, at(s.block-50), at(s.block-50), at(s.block)
		set.DifferentialBaseLSN, set.DifferentialBaseGUID, set.DatabaseBackupGUID = s.full.CheckpointLSN, s.full.SetGUID, s.full.SetGUID
	default:
		set.Type, set.FirstLSN, set.CheckpointLSN, set.LastLSN, set.DatabaseBackupGUID = bakfile.TypeLog, at(s.since), at(s.since), at(s.block), s.full.SetGUID
		s.since = s.block
	}
	set.DatabaseBackupLSN = s.full.CheckpointLSN
	name := path.Base(strings.ReplaceAll(c.Files[0], `\`, "/"))
	out, err := os.Create(filepath.Join(s.dir, name))
	if err != nil {
		return err
	}
	if err := mtf.Write(out, mtf.Spec{Media: bakfile.Media{SetGUID: guid("media " + name)}, Sets: []mtf.Set{set}}); err != nil {
		return err
	}
	if c.Tail {
		s.State = "RESTORING"
	}
	s.Rows = append(s.Rows, backup.HistoryRow{ID: int64(len(s.Rows) + 1), User: "bakplane", Files: c.Files, Disk: true,
		Set: backup.Set{Kind: c.Kind, ID: set.SetGUID, Name: c.Name, Database: s.name, First: set.FirstLSN, Last: set.LastLSN}})
	if s.Foreign && c.Kind == backup.Differential {
		s.Rows = append(s.Rows, backup.HistoryRow{ID: int64(len(s.Rows) + 1), User: `CORP\backup`, Files: []string{`E:\other\orders_log_1512.trn`}, Disk: true,
			Set: backup.Set{Kind: backup.Log, ID: guid("foreign"), Name: "nightly", Database: s.name, First: at(s.block), Last: at(s.block + 100), Finished: backup.Moment{Local: now, UTC: &now}}})
	}
	return out.Close()
}

func (s *source) Verify(context.Context, []string) error { return nil }

func (s *source) Headers(context.Context, []string) ([]backup.Set, error) { return nil, nil }

func (s *source) Named(ctx context.Context, database, name string, _ time.Time) (out []backup.HistoryRow, err error) {
	rows, err := s.History(ctx, database, 0, 1000)
	for _, r := range rows {
		if r.Set.Name == name {
			out = append(out, r)
		}
	}
	return out, err
}

func (s *source) History(_ context.Context, _ string, after int64, limit int) (out []backup.HistoryRow, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.Rows {
		if r.ID > after && len(out) < limit {
			out = append(out, r)
		}
	}
	return out, s.Down
}

func (s *source) Running(context.Context, string) ([]backup.RunningStatement, error) { return nil, nil }

func (s *source) Recover(context.Context, string) error {
	s.With(func() { s.State = "ONLINE" })
	return nil
}

func (s *source) SetReadOnly(_ context.Context, _ string, on bool) error {
	s.With(func() { s.ReadOnly = on })
	return nil
}

func (s *source) SetRecoveryModel(context.Context, string, string) error { return nil }

func (s *source) SetPageVerify(context.Context, string) error { return nil }

func (s *source) CheckDB(context.Context, string, bool) ([]string, error) { return nil, nil }

func (s *source) Contents(context.Context, string, func(done, of int)) ([]backup.TableSum, error) {
	return nil, nil
}

func (s *source) WriteActivity(context.Context, string) (backup.WriteActivity, error) {
	return backup.WriteActivity{}, nil
}

func (s *source) Folder(context.Context, string) ([]backup.FolderEntry, error) { return nil, nil }

func (s *source) MakeFolder(context.Context, string) error { return nil }

func (s *source) Recent(ctx context.Context, database string, limit int) ([]backup.HistoryRow, error) {
	rows, err := s.History(ctx, database, 0, math.MaxInt)
	slices.Reverse(rows)
	return rows[:min(limit, len(rows))], err
}

func (s *source) Newest(ctx context.Context) (newest int64, err error) {
	rows, err := s.History(ctx, "", 0, math.MaxInt)
	for _, r := range rows {
		newest = max(newest, r.ID)
	}
	return newest, err
}

func (s *source) RowIDs(context.Context, []backup.GUID) (map[backup.GUID]int64, error) {
	return nil, nil
}
