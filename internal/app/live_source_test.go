package app_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// scriptedPorts reaches the scripted source; everything else is real.
type scriptedPorts struct {
	app.Ports
	source *scripted
}

func (p *scriptedPorts) Server(context.Context, string) (backup.Server, migration.Place, error) {
	return p.source, migration.Place{Folder: "/backup", BucketID: demo.Folder}, nil
}

// feed is a migration that follows a scripted source, with an engine of its
// own that can be stopped and started again.
type live struct {
	*house
	source   *scripted
	ports    *scriptedPorts
	worker   *migration.Worker
	notifier *run.Notifier
	stop     func()
	id       string
}

func newLiveSource(t *testing.T, freeze migration.Freeze) *live {
	t.Helper()
	h := &house{t: t, files: t.TempDir(), data: t.TempDir()}
	var err error
	if h.cloud, err = emulators.Start(t.TempDir(), emulators.Pace{Step: 5 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.cloud.Close() })
	keys, err := secret.OpenKeyring(filepath.Join(h.data, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	f := &live{house: h, source: newScripted(t, h.files), notifier: run.NewNotifier()}
	store, err := sqlite.Open(t.Context(), h.data, keys, f.notifier, app.Specs())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	h.app = &app.App{DB: store, Ports: app.NewPorts(store, h.data)}
	if err := (demo.Furnisher{App: h.app, Cloud: h.cloud.Addresses()}).Places(t.Context(), h.files); err != nil {
		t.Fatal(err)
	}
	server := endpoint.Instance{ID: "server", Name: "SCRIPTED", Kind: sqlserver.InstanceKind, Host: "localhost", Login: "sa", Password: secret.NewText("x"), Encrypt: endpoint.EncryptFull, ServerFolder: "/backup", FolderID: demo.Folder}
	if err := store.SaveInstance(t.Context(), server, demo.Furnisher{}.Entry("instance")); err != nil {
		t.Fatal(err)
	}
	f.ports = &scriptedPorts{h.app.Ports, f.source}
	f.worker = &migration.Worker{Store: store.Migrations(), Runs: store, Ports: f.ports, Now: time.Now, NewID: app.NewID, Preflight: preflight.Checker{Ports: f.ports, Now: time.Now}, Compare: compare.Follows,
		Rules:         migration.Rules{Poll: 10 * time.Millisecond, Settle: 500 * time.Millisecond},
		Upload:        migration.UploadRules{Parallel: 2},
		SourceBackups: migration.SourceRules{Reserve: 3, Settle: 200 * time.Millisecond, Fresh: 10 * time.Minute}}
	m, err := migration.LiveRequest{ServerID: "server", Source: "orders", InstanceID: demo.Instance, StagingID: demo.Staging, Traits: aliyun.Traits(), Every: time.Hour, Freeze: freeze}.Draft(demo.Folder)
	if err != nil {
		t.Fatal(err)
	}
	findings, facts, err := preflight.Live(t.Context(), f.ports, m, time.Now)
	if err != nil || !migration.MayStart(findings) {
		t.Fatalf("preflight %+v, %v", findings, err)
	}
	if f.id, err = migration.StartLive(t.Context(), store.Migrations(), m, facts.Origin(), findings, app.NewID, h.by()); err != nil {
		t.Fatal(err)
	}
	f.start()
	t.Cleanup(func() { f.stop() })
	return f
}

// start begins a new life of the engine.
func (f *live) start() {
	owner := app.NewID()
	if _, err := f.app.DB.ReleaseOthers(context.Background(), owner); err != nil {
		f.t.Fatal(err)
	}
	e := &run.Engine{Store: f.app.DB, Owner: owner, Notifier: f.notifier, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Parallel: 4, Lease: time.Minute, MaxTries: 100,
		Now: time.Now, Workers: map[string]run.Worker{migration.RunKind: f.worker}}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = e.Run(ctx) })
	f.stop = func() { cancel(); wg.Wait() }
}

func (f *live) cutover() {
	f.t.Helper()
	if err := migration.OrderCutover(f.t.Context(), f.app.DB.Migrations(), f.id, f.by()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *live) follows() migration.Migration {
	f.t.Helper()
	return f.until(f.id, "the differential applied", func(m migration.Migration) bool { return m.Stage == migration.StageFollowing && len(m.Chain()) >= 2 })
}

// standsAt is the LSN the target's database has applied.
func (f *live) standsAt() string {
	in, _ := f.cloud.RDS.Instance(emulators.Instance)
	if d := in.Databases["orders"]; d != nil {
		return d.LastLSN.String()
	}
	return ""
}

func (f *live) openedAtTheTail(m migration.Migration) {
	f.t.Helper()
	if f.source.write() {
		f.t.Error("both sides are writable")
	}
	if m.LiveSource.Tail.IsZero() || f.standsAt() != m.LiveSource.Tail.String() || m.AppliedTo() != m.LiveSource.Tail {
		f.t.Errorf("frozen at %s, applied to %s, the target stands at %s", m.LiveSource.Tail, m.AppliedTo(), f.standsAt())
	}
	if s := migration.Measured(m); !s.Known || s.Total() <= 0 || s.Ours < 0 {
		f.t.Errorf("measured %+v", s)
	}
}

func TestACutoverEndsAtTheTail(t *testing.T) {
	t.Parallel()
	for _, freeze := range []migration.Freeze{migration.FreezeTail, migration.FreezeReadOnly} {
		t.Run(string(freeze), func(t *testing.T) {
			f := newLiveSource(t, freeze)
			f.follows()
			for range 5 {
				f.source.write()
			}
			f.cutover()
			m := f.until(f.id, "the open database", opened)
			f.openedAtTheTail(m)
			t.Logf("stop of writes %+v", migration.Measured(m))
		})
	}
}

func TestAnAbortGivesTheSourceBack(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	abort := func(t *testing.T, f *live) {
		if err := migration.OrderAbort(t.Context(), f.app.DB.Migrations(), f.id, "orders", f.by()); err != nil {
			t.Fatal(err)
		}
		f.until(f.id, "the end", func(m migration.Migration) bool { return m.Stage == migration.StageTerminated })
		if !f.source.write() {
			t.Error("the source is not writable")
		}
		if in, _ := f.cloud.RDS.Instance(emulators.Instance); in.Databases["orders"] != nil {
			t.Error("the target still has the database")
		}
	}
	t.Run("while it follows", func(t *testing.T) {
		f := newLiveSource(t, migration.FreezeTail)
		f.follows()
		abort(t, f)
	})
	t.Run("after a tail that left it to one user alone", func(t *testing.T) {
		f := newLiveSource(t, migration.FreezeTail)
		f.follows()
		f.source.fail["before tail"], f.source.leaves = fault.New(fault.Conflict, "The database is not open to everybody.", ""), "SINGLE_USER"
		f.cutover()
		if m := f.until(f.id, "a problem", stands); m.LiveSource.Frozen.IsZero() {
			t.Error("the source is said to take writes while applications are shut out")
		}
		abort(t, f)
	})
	t.Run("while it is frozen", func(t *testing.T) {
		f := newLiveSource(t, migration.FreezeTail)
		f.follows()
		f.cloud.RDS.Hang("", true) // the tail is never applied
		f.cutover()
		f.until(f.id, "the freeze", func(m migration.Migration) bool {
			return m.LiveSource.Frozen != time.Time{} && !m.LiveSource.Tail.IsZero()
		})
		if f.source.write() {
			t.Fatal("the source takes writes while frozen")
		}
		if err := migration.OrderAbort(t.Context(), f.app.DB.Migrations(), f.id, "orders", f.by()); err != nil {
			t.Fatal(err)
		}
		f.cloud.RDS.Hang("", false)
		f.until(f.id, "the end", func(m migration.Migration) bool { return m.Stage == migration.StageTerminated })
		if !f.source.write() {
			t.Error("the source is not writable")
		}
	})
}

func TestTroubleAtTheSource(t *testing.T) {
	t.Parallel()
	lost := fault.New(fault.Unavailable, "The connection to the server was lost.", "")
	t.Run("the answer to a backup is lost", func(t *testing.T) {
		for _, step := range []string{"after full", "after differential", "after tail", "before tail", "before full"} {
			t.Run(step, func(t *testing.T) {
				f := newLiveSource(t, migration.FreezeTail)
				f.source.mu.Lock()
				f.source.fail[step] = lost
				f.source.mu.Unlock()
				f.follows()
				f.cutover()
				f.openedAtTheTail(f.until(f.id, "the open database", opened))
			})
		}
	})
	t.Run("the tail is refused, then retried", func(t *testing.T) {
		f := newLiveSource(t, migration.FreezeTail)
		f.source.mu.Lock()
		f.source.fail["before tail"] = fault.New(fault.Conflict, "The backup folder is full.", "Free some space there.")
		f.source.mu.Unlock()
		f.follows()
		f.cutover()
		m := f.until(f.id, "a problem", func(m migration.Migration) bool { return m.Problem != nil })
		says(t, m.Problem.Cause.String()+m.Problem.Fix.String(), "folder is full", "Free some space")
		if !f.source.write() {
			t.Fatal("the source is frozen although no tail was taken")
		}
		if err := migration.OrderRetry(t.Context(), f.app.DB.Migrations(), f.id, f.by()); err != nil {
			t.Fatal(err)
		}
		f.openedAtTheTail(f.until(f.id, "the open database", opened))
	})
	t.Run("read-only, and the last log is lost or refused", func(t *testing.T) {
		f := newLiveSource(t, migration.FreezeReadOnly)
		f.follows()
		f.source.mu.Lock()
		f.source.fail["before log"] = lost
		f.source.mu.Unlock()
		f.cutover()
		f.openedAtTheTail(f.until(f.id, "the open database", opened))

		f = newLiveSource(t, migration.FreezeReadOnly)
		f.follows()
		f.source.mu.Lock()
		f.source.fail["before log"] = fault.New(fault.Conflict, "The backup folder is full.", "Free some space there.")
		f.source.mu.Unlock()
		f.cutover()
		m := f.until(f.id, "a problem", func(m migration.Migration) bool { return m.Problem != nil })
		if m.LiveSource.Frozen.IsZero() || f.source.write() {
			t.Fatal("the source is read-only and said to take writes")
		}
		if err := migration.OrderRetry(t.Context(), f.app.DB.Migrations(), f.id, f.by()); err != nil {
			t.Fatal(err)
		}
		f.openedAtTheTail(f.until(f.id, "the open database", opened))
	})
	t.Run("the order to open is lost", func(t *testing.T) {
		f := newLiveSource(t, migration.FreezeTail)
		f.follows()
		if _, err := f.cloud.RDS.ControlPort().Add(control.Rule{Operation: "CreateOnlineDatabaseTask", Status: 502, Acted: true, Body: "<html/>", ContentType: "text/html"}); err != nil {
			t.Fatal(err)
		}
		f.cutover()
		f.openedAtTheTail(f.until(f.id, "the open database", opened))
	})
	t.Run("a log backup of others is followed", func(t *testing.T) {
		f := newLiveSource(t, migration.FreezeTail)
		f.follows()
		f.source.write()
		if err := f.source.Backup(t.Context(), backup.BackupCall{Database: "orders", Kind: backup.Log, Name: "nightly", Files: []string{"/backup/nightly.trn"}}, func(float64) {}); err != nil {
			t.Fatal(err)
		}
		f.source.write()
		f.cutover()
		m := f.until(f.id, "the open database", opened)
		f.openedAtTheTail(m)
		found := false
		for _, file := range m.Chain() {
			found = found || file.Source == "nightly.trn"
		}
		if !found {
			t.Error("the foreign log is not in the chain")
		}
	})
}

// TestALogOfOthersOutOfReach stops before the gap, and goes on when the file is
// brought.
func TestALogOfOthersOutOfReach(t *testing.T) {
	t.Parallel()
	f := newLiveSource(t, migration.FreezeTail)
	f.follows()
	f.source.write()
	if err := f.source.Backup(t.Context(), backup.BackupCall{Database: "orders", Kind: backup.Log, Name: "nightly", Files: []string{"/elsewhere/nightly.trn"}}, func(float64) {}); err != nil {
		t.Fatal(err)
	}
	away := filepath.Join(t.TempDir(), "nightly.trn")
	if err := os.Rename(filepath.Join(f.files, "nightly.trn"), away); err != nil {
		t.Fatal(err)
	}
	f.cutover()
	m := f.until(f.id, "a problem", func(m migration.Migration) bool { return m.Problem != nil })
	if m.Problem.Code != "foreign-log" || !m.LiveSource.Frozen.IsZero() {
		t.Fatalf("problem %+v, frozen %v", m.Problem, m.LiveSource.Frozen)
	}
	says(t, m.Problem.Cause.String()+m.Problem.Fix.String(), "nightly.trn", "Copy the file")
	if err := os.Rename(away, filepath.Join(f.files, "nightly.trn")); err != nil {
		t.Fatal(err)
	}
	if err := migration.OrderRetry(t.Context(), f.app.DB.Migrations(), f.id, f.by()); err != nil {
		t.Fatal(err)
	}
	f.openedAtTheTail(f.until(f.id, "the open database", opened))
}

// TestLivesEndAtAnyMoment stops the engine at random moments of a whole
// migration with cutover. Whatever happened, it ends open at the tail.
func TestLivesEndAtAnyMoment(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	for i := range 6 {
		f := newLiveSource(t, migration.FreezeTail)
		ordered := false
		for life := range 8 {
			time.Sleep(time.Duration(20+(i*37+life*53)%150) * time.Millisecond)
			if m := f.migration(f.id); !ordered && m.Stage == migration.StageFollowing && len(m.Chain()) >= 2 {
				f.cutover()
				ordered = true
			}
			f.stop()
			f.start()
		}
		if !ordered {
			f.follows()
			f.cutover()
		}
		f.openedAtTheTail(f.until(f.id, "the open database", opened))
	}
}
