package app_test

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// Another self-managed SQL Server beside the emulators's.
const (
	otherServer  = "other-server"
	otherFolder  = "other-server-folder"
	otherBackups = "/mnt/backup" // as the server sees it
)

// another starts a second SQL Server and adds it, with its folder.
func (h *house) another(change func(*sqlserveremu.Config)) *sqlserveremu.Running {
	h.t.Helper()
	dir := h.t.TempDir()
	c := sqlserveremu.Config{Name: "OTHER", Version: "16.0.4165.4", Edition: "standard", BackupFolder: dir,
		Logins: []sqlserveremu.Login{{Name: emulators.Login, Password: emulators.Password, Sysadmin: true}}}
	if change != nil {
		change(&c)
	}
	if err := os.WriteFile(filepath.Join(dir, "readme.txt"), []byte("both sides see this"), 0o644); err != nil {
		h.t.Fatal(err)
	}
	run, err := sqlserveremu.Start(c, "", "")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := run.Close(); err != nil {
			h.t.Error(err)
		}
	})
	host, port, err := net.SplitHostPort(run.Address)
	if err != nil {
		h.t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		h.t.Fatal(err)
	}
	bucket := endpoint.Bucket{ID: otherFolder, Name: "OTHER backups", Kind: folder.BucketKind, Path: dir}
	server := endpoint.Instance{ID: otherServer, Name: "OTHER", Kind: sqlserver.InstanceKind, Host: host, Port: number, Login: emulators.Login, Password: secret.NewText(emulators.Password),
		Encrypt: endpoint.EncryptFull, CAPEM: string(run.CA), CertificateHost: "OTHER", ServerFolder: dir, FolderID: otherFolder}
	if err := h.app.DB.SaveBucket(h.t.Context(), bucket, demo.Furnisher{}.Entry("bucket")); err != nil {
		h.t.Fatal(err)
	}
	if err := h.app.DB.SaveInstance(h.t.Context(), server, demo.Furnisher{}.Entry("instance")); err != nil {
		h.t.Fatal(err)
	}
	return run
}

func toOther(w *migration.LiveRequest) {
	w.InstanceID, w.StagingID, w.Traits = otherServer, otherFolder, sqlserver.Traits()
}

// sameRows compares a database of one server with one of another.
func (h *house) sameRows(source *sqlserveremu.Running, database string, target *sqlserveremu.Running, as string) {
	h.t.Helper()
	from, _ := source.DatabaseNow(database)
	to, ok := target.DatabaseNow(as)
	if !ok || !to.Writable {
		h.t.Fatalf("the target has %+v", to)
	}
	if from.Writable {
		h.t.Error("both sides are writable")
	}
	if len(from.Tables) == 0 || !maps.Equal(from.Tables, to.Tables) {
		h.t.Errorf("source %+v, target %+v", from.Tables, to.Tables)
	}
}

// TestALiveDatabaseGoesToAnotherServer takes a database under load from one
// SQL Server to another, through the gate, with equal contents. The statements
// written down are those that were sent.
func TestALiveDatabaseGoesToAnotherServer(t *testing.T) {
	t.Parallel()
	for _, freeze := range []migration.Freeze{migration.FreezeTail, migration.FreezeReadOnly} {
		t.Run(string(freeze), func(t *testing.T) {
			h := newHouse(t)
			other := h.another(nil)
			if err := h.cloud.SQL.Load("shop", 200); err != nil {
				t.Fatal(err)
			}
			id := h.follow("shop", func(w *migration.LiveRequest) { toOther(w); w.Freeze = freeze })
			h.until(id, "the differential applied", follows)
			h.loaded("shop", 20) // for the tail
			h.cutOver(id)
			m := h.until(id, "the open database", opened)
			h.sameRows(h.cloud.SQL, "shop", other, "shop")
			if m.CheckResult != migration.CheckPassed || m.AppliedTo() != m.LiveSource.Tail || m.LiveSource.Tail.IsZero() {
				t.Errorf("check %q (%s), applied to %s, tail %s", m.CheckResult, m.CheckText, m.AppliedTo(), m.LiveSource.Tail)
			}
			if stop := migration.Measured(m); !stop.Known || stop.Total() <= 0 {
				t.Errorf("stop of writes %+v", stop)
			}
			sent := map[string]bool{}
			for _, s := range other.Heard() {
				sent[s.Text] = true
			}
			for _, c := range m.Calls {
				for line := range strings.SplitSeq(c.Request, "\n") {
					if !sent[line] {
						t.Errorf("written down and not sent: %s", line)
					}
				}
			}
		})
	}
}

// TestADatabaseIsCopiedBesideItself: one server is source and target, under
// another name.
func TestADatabaseIsCopiedBesideItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	same := func(w *migration.LiveRequest) {
		w.InstanceID, w.StagingID, w.Traits = demo.Server, demo.Backups, sqlserver.Traits()
	}
	w := migration.LiveRequest{ServerID: demo.Server, Source: "shop"}
	same(&w)
	if _, err := w.Draft(demo.Backups); err == nil || !strings.Contains(err.Error(), "over itself") {
		t.Fatalf("it would be restored over itself: %v", err)
	}
	id := h.follow("shop", func(w *migration.LiveRequest) { same(w); w.Database = "shop copy" })
	h.until(id, "the differential applied", follows)
	h.cutOver(id)
	m := h.until(id, "the open database", opened)
	h.sameRows(h.cloud.SQL, "shop", h.cloud.SQL, "shop copy")
	for _, f := range m.Chain() {
		if f.Key != f.Source {
			t.Errorf("%s was copied to %s although the target reads it where it lies", f.Source, f.Key)
		}
	}
}

// TestStripedFilesGoToAnotherServer: a full backup in three files and a log in
// two are planned, uploaded and restored as sets.
func TestStripedFilesGoToAnotherServer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.another(nil)
	server, _, err := h.app.Ports.Server(t.Context(), demo.Server)
	if err != nil {
		t.Fatal(err)
	}
	take := func(kind backup.Kind, names ...string) {
		c := backup.BackupCall{Database: "stock", Kind: kind, Name: "striped " + string(kind)}
		for _, n := range names {
			c.Files = append(c.Files, filepath.Join(h.cloud.Backups, "striped", n))
		}
		if err := server.Backup(t.Context(), c, func(float64) {}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(h.cloud.Backups, "striped"), 0o755); err != nil {
		t.Fatal(err)
	}
	take(backup.Full, "a.bak", "b.bak", "c.bak")
	if err := h.cloud.SQL.Load("stock", 200); err != nil {
		t.Fatal(err)
	}
	h.loaded("stock", 10)
	h.cloud.SQL.StopLoad("stock")
	take(backup.Log, "d.trn", "e.trn")
	if err := server.SetReadOnly(t.Context(), "stock", true); err != nil {
		t.Fatal(err)
	}

	d := h.draft(func(w *migration.FilesRequest) {
		w.SourceID, w.SourcePrefix, w.StagingID, w.InstanceID, w.Traits, w.OpenWhenApplied = demo.Backups, "striped/", otherFolder, otherServer, sqlserver.Traits(), true
	})
	if len(d.Files) != 5 {
		t.Fatalf("planned %+v", d.Files)
	}
	target, err := h.app.Ports.Target(t.Context(), otherServer)
	if err != nil {
		t.Fatal(err)
	}
	findings, err := preflight.Files(t.Context(), h.app.Ports, target, d.Migration, migration.Budget{}, time.Now())
	if err != nil || !migration.MayStart(findings) {
		t.Fatalf("preflight %+v, %v", findings, err)
	}
	m := h.until(h.start(d), "the open database", opened)
	h.sameRows(h.cloud.SQL, "stock", other, "stock")
	if len(m.Calls) != 3 || strings.Count(m.Calls[0].Request, "DISK = ") != 3 || strings.Count(m.Calls[1].Request, "DISK = ") != 2 {
		t.Errorf("calls %+v", m.Calls)
	}
}

// TestALargeDatabaseIsTakenInStripes: the full backup of a live migration goes
// over several files, the others over one.
func TestALargeDatabaseIsTakenInStripes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.another(nil)
	h.app.Engine.Workers[migration.RunKind].(*migration.Worker).SourceBackups.StripeBytes = 256 << 10
	if err := h.cloud.SQL.Load("shop", 100); err != nil {
		t.Fatal(err)
	}
	id := h.follow("shop", toOther)
	h.until(id, "the differential applied", follows)
	h.cutOver(id)
	m := h.until(id, "the open database", opened)
	h.sameRows(h.cloud.SQL, "shop", other, "shop")
	full := 0
	for _, f := range m.Chain() {
		if f.Kind == "full" {
			full++
		}
	}
	if full < 3 || strings.Count(m.Calls[0].Request, "DISK = ") != full || strings.Count(m.Calls[1].Request, "DISK = ") != 1 || len(m.LiveSource.SourceBackups) != len(m.Chain())-full+1 {
		t.Errorf("%d stripes, calls %+v", full, m.Calls)
	}
	if stop := migration.Measured(m); !stop.Known || stop.Ours < 0 {
		t.Errorf("stop of writes %+v", stop)
	}
}

// TestARestoreThatIsCutBeginsAnew: the server ends the connection that
// restores; what it left is certainly ours and is replaced without asking.
func TestARestoreThatIsCutBeginsAnew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.another(nil)
	other.SetDisk(sqlserveremu.Disk{Rate: 256 << 10})
	id := h.follow("billing", toOther)
	h.until(id, "the restore at work", func(m migration.Migration) bool {
		return m.Stage == migration.StageRestoring && strings.Contains(m.TargetState.Task.Description, " percent") && !strings.Contains(m.TargetState.Task.Description, " 0 percent")
	})
	other.Cut("")
	other.SetDisk(sqlserveremu.Disk{})
	m := h.until(id, "the differential applied", follows)
	restores := 0
	for _, c := range m.Calls {
		if c.Verb == migration.VerbRestore {
			restores++
		}
	}
	if restores != 2 || !strings.Contains(m.Calls[1].Request, "REPLACE") || m.Calls[0].Verdict != migration.Void {
		t.Fatalf("calls %+v", m.Calls)
	}
}
