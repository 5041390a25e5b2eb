package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	mssql "github.com/microsoft/go-mssqldb"
)

// followFast follows a database with a log backup every so often.
func (h *house) followFast(database string, every time.Duration, change ...func(*migration.LiveRequest)) string {
	h.t.Helper()
	w := migration.LiveRequest{ServerID: demo.Server, Source: database, InstanceID: demo.Instance, StagingID: demo.Staging, Traits: aliyun.Traits(), Every: time.Hour}
	for _, f := range change {
		f(&w)
	}
	m, err := w.Draft(demo.Backups)
	if err != nil {
		h.t.Fatal(err)
	}
	findings, facts, err := preflight.Live(h.t.Context(), h.app.Ports, m, time.Now)
	if err != nil {
		h.t.Fatal(err)
	}
	m.LiveSource.Every = every
	id, err := migration.StartLive(h.t.Context(), h.app.DB.Migrations(), m, facts.Origin(), findings, app.NewID, h.by())
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func (h *house) retry(id string) {
	h.t.Helper()
	if err := migration.OrderRetry(h.t.Context(), h.app.DB.Migrations(), id, h.by()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) gives(id string) {
	h.t.Helper()
	m := h.migration(id)
	if err := migration.OrderAbort(h.t.Context(), h.app.DB.Migrations(), id, m.Database, h.by()); err != nil {
		h.t.Fatal(err)
	}
	h.until(id, "the end", func(m migration.Migration) bool { return m.Stage == migration.StageTerminated })
}

// at is a session of a DBA at the source.
func (h *house) at(statements ...string) {
	h.t.Helper()
	db := h.application("master")
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			_, err := db.ExecContext(h.t.Context(), s)
			if err == nil {
				break
			}
			if !busy(err) || time.Now().After(end) {
				h.t.Fatalf("%s: %v", s, err)
			}
		}
	}
	db.Close()
}

// busy is a refusal for what the dashboard does at the source in this moment: a
// backup of the same database (3023), or a session in it that came back between
// two statements (3101, 5064). Who types the statement tries again.
func busy(err error) bool {
	var all mssql.Error
	return errors.As(err, &all) && slices.ContainsFunc(append(all.All, all), func(e mssql.Error) bool {
		return slices.Contains([]int32{3023, 3101, 5064}, e.Number)
	})
}

// changeServer changes what the dashboard knows of the source server.
func (h *house) changeServer(change func(*endpoint.Instance)) {
	h.t.Helper()
	i, err := h.app.DB.Instance(h.t.Context(), demo.Server)
	if err != nil {
		h.t.Fatal(err)
	}
	change(&i)
	h.save(func(d demo.Furnisher) error { return d.App.DB.SaveInstance(h.t.Context(), i, d.Entry("instance")) })
}

// problemHas waits for a problem and fails unless it offers the buttons.
func (h *house) problemHas(id string, code fault.Code, buttons ...migration.Button) migration.Migration {
	h.t.Helper()
	m := h.until(id, "a problem", stands)
	h.t.Logf("%s: %s → %s", m.Problem.Code, m.Problem.Cause, m.Problem.Fix)
	if m.Problem.Code != code || !slices.Equal(m.Problem.Actions, buttons) {
		h.t.Fatalf("%+v, want code %s, buttons %v", m.Problem, code, buttons)
	}
	return m
}

// fastLog is shorter than any test: the next log is always due.
const fastLog = 300 * time.Millisecond

// TestAccessToTheSourceIsLost: login, certificate, folder. Each is named, the
// settings of the server are one click away, and retrying goes on.
func TestAccessToTheSourceIsLost(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	buttons := []migration.Button{migration.ButtonRetry, migration.ButtonServer, migration.ButtonAbort}
	for name, tc := range map[string]struct {
		wrong, mend func(*house)
		says        []string
	}{
		"wrong login": {func(h *house) {
			h.cloud.SQL.PatchLogin(emulators.Login, sqlserveremu.LoginPatch{Password: new("other-Password-1")})
		},
			func(h *house) {
				h.changeServer(func(i *endpoint.Instance) { i.Password = secret.NewText("other-Password-1") })
			}, []string{"login or its password is wrong", "mixed mode"}},
		"certificate not trusted": {func(h *house) { h.changeServer(func(i *endpoint.Instance) { i.CAPEM = "" }) },
			func(h *house) {}, []string{"certificate", "not trusted", "authority"}},
		"a path the service account cannot write": {func(h *house) { h.cloud.SQL.SetDisk(sqlserveremu.Disk{Denied: true}) },
			func(h *house) { h.cloud.SQL.SetDisk(sqlserveremu.Disk{}) }, []string{"service account", "may not use", "right to change files"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			was, err := h.app.DB.Instance(t.Context(), demo.Server)
			if err != nil {
				t.Fatal(err)
			}
			id := h.followFast("shop", fastLog)
			h.until(id, "the differential applied", follows)
			tc.wrong(h)
			h.cloud.SQL.Cut("")
			h.problemHas(id, migration.CodeAccess, buttons...)
			r := h.reader()
			r.sees("/migrations/"+id, append(tc.says, "the source refuses access", "Retry from here", "Settings of the server", "</settings/servers/"+demo.Server+">", "Abort…")...)
			says(t, r.get("/settings/servers/"+demo.Server), "Login", "Encryption")
			tc.mend(h)
			if name == "certificate not trusted" {
				h.save(func(d demo.Furnisher) error { return d.App.DB.SaveInstance(t.Context(), was, d.Entry("instance")) })
			}
			have := len(h.migration(id).Chain())
			h.retry(id)
			h.until(id, "the next log", func(m migration.Migration) bool { return len(m.Chain()) > have })
		})
	}
}

// TestAProblemOfTheSourceIsToldOnce: what refuses before a backup is ordered is
// written down once, and the run then leaves its hands off it until a person
// decides.
func TestAProblemOfTheSourceIsToldOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	was, err := h.app.DB.Instance(t.Context(), demo.Server)
	if err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", time.Hour)
	m := h.until(id, "the differential applied", follows)
	h.changeServer(func(i *endpoint.Instance) { i.CAPEM = "" })
	h.cloud.SQL.Cut("")
	h.cutOver(id) // before it orders anything it looks at the server's history
	h.problemHas(id, migration.CodeAccess, migration.ButtonRetry, migration.ButtonServer, migration.ButtonAbort)
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if r, err := h.app.DB.Run(t.Context(), m.RunID); err != nil || time.Now().After(end) {
			t.Fatalf("the run is %s, %v\n%s", r.State, err, h.story(m))
		} else if r.State == run.Failed {
			break
		}
	}
	if n := strings.Count(h.story(m), "is not trusted"); n != 1 {
		t.Errorf("told %d times\n%s", n, h.story(m))
	}
	h.save(func(d demo.Furnisher) error { return d.App.DB.SaveInstance(t.Context(), was, d.Entry("instance")) })
	h.retry(id)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}

// TestTheRecoveryModelIsSwitchedMidway: logs cannot go on; one click takes a
// differential, with which they do, and the cutover ends equal.
func TestTheRecoveryModelIsSwitchedMidway(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	for name, tc := range map[string]struct {
		models []string
		code   fault.Code
		button string
		says   []string
	}{
		"to SIMPLE":          {[]string{"SIMPLE"}, migration.CodeSimple, "Set FULL and take a differential…", []string{"recovery model of shop to SIMPLE", "no log backups"}},
		"to SIMPLE and back": {[]string{"SIMPLE", "FULL"}, migration.CodeChainBroken, "Take a differential…", []string{"log chain of shop is broken", "was SIMPLE for a while"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			if err := h.cloud.SQL.Load("shop", 100); err != nil {
				t.Fatal(err)
			}
			id := h.followFast("shop", fastLog)
			h.until(id, "a log applied", func(m migration.Migration) bool { return following(m) && len(m.Chain()) >= 3 })
			for _, model := range tc.models {
				h.at("ALTER DATABASE shop SET RECOVERY " + model)
			}
			h.problemHas(id, tc.code, migration.ButtonGapDifferential, migration.ButtonRetry, migration.ButtonAbort)
			r := h.reader()
			here := "/migrations/" + id
			r.sees(here, append(tc.says, tc.button, "<"+here+"/bridge>", "holds everything since the full backup")...)
			says(t, r.get(here+"/bridge"), "BACKUP DATABASE [shop] TO DISK", "DIFFERENTIAL", "Nothing is stopped")
			r.post(here+"/bridge", nil)
			h.until(id, "the chain goes on", func(m migration.Migration) bool {
				n := len(m.Chain())
				return following(m) && m.Chain()[n-1].Kind == "log" && slices.ContainsFunc(m.Chain()[3:], func(f migration.File) bool { return f.Kind == "differential" })
			})
			h.cutOver(id)
			h.until(id, "the open database", opened)
			h.sameContents("shop")
		})
	}
}

// TestASelfManagedServerGetsAGapDifferentialToo: RESTORE takes the differential behind logs.
func TestASelfManagedServerGetsAGapDifferentialToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.another(nil)
	if err := h.cloud.SQL.Load("shop", 100); err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", fastLog, toOther)
	h.until(id, "a log applied", func(m migration.Migration) bool { return following(m) && len(m.Chain()) >= 3 })
	h.at("ALTER DATABASE shop SET RECOVERY SIMPLE", "ALTER DATABASE shop SET RECOVERY FULL")
	h.problemHas(id, migration.CodeChainBroken, migration.ButtonGapDifferential, migration.ButtonRetry, migration.ButtonAbort)
	if err := migration.OrderGapDifferential(t.Context(), h.app.DB.Migrations(), id, h.by()); err != nil {
		t.Fatal(err)
	}
	h.until(id, "the chain goes on", func(m migration.Migration) bool {
		return following(m) && m.Chain()[len(m.Chain())-1].Kind == "log" && slices.ContainsFunc(m.Chain()[3:], func(f migration.File) bool { return f.Kind == "differential" })
	})
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameRows(h.cloud.SQL, "shop", other, "shop")
}

// TestAForeignLogIsDeleted: somebody takes a log backup and throws it away.
func TestAForeignLogIsDeleted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if err := h.cloud.SQL.Load("shop", 100); err != nil {
		t.Fatal(err)
	}
	id := h.follow("shop", nil)
	h.until(id, "the differential applied", follows)
	file := filepath.ToSlash(filepath.Join(h.cloud.Backups, "thrown-away.trn"))
	if err := h.cloud.SQL.Backup(t.Context(), emulators.Login, "shop", file, true); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	h.cutOver(id)
	h.problemHas(id, "foreign-log", migration.ButtonGapDifferential, migration.ButtonRetry, migration.ButtonAbort)
	r := h.reader()
	here := "/migrations/" + id
	r.sees(here, "foreign log backup", "thrown-away.trn", "Take a differential…", "Copy the file", "Abort…")
	r.post(here+"/bridge", nil)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}

// TestAFullBackupOfOthersMovesTheBase: the differential would build on theirs,
// so it is not offered over a lost log, and left out at the beginning.
func TestAFullBackupOfOthersMovesTheBase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.followFast("shop", fastLog)
	h.until(id, "a log applied", func(m migration.Migration) bool { return following(m) && len(m.Chain()) >= 3 })
	if err := h.cloud.SQL.Backup(t.Context(), emulators.Login, "shop", h.cloud.Backups+"/nightly-full.bak", false); err != nil {
		t.Fatal(err)
	}
	h.at("ALTER DATABASE shop SET RECOVERY SIMPLE")
	m := h.problemHas(id, migration.CodeSimple, migration.ButtonRetry, migration.ButtonAbort)
	says(t, m.Problem.Fix.String(), "would not help", "full backup", "start again")
	if err := migration.OrderGapDifferential(t.Context(), h.app.DB.Migrations(), id, h.by()); !fault.Is(err, fault.Conflict) {
		t.Errorf("bridged all the same: %v", err)
	}
	h.gives(id)

	h = newHouse(t)
	h.bites(h.cloud.RDS.ControlPort(), control.Rule{Operation: "CreateMigrateTask", DelayMS: 800})
	id = h.followFast("shop", fastLog)
	h.until(id, "the full backup", func(m migration.Migration) bool { return len(m.Chain()) == 1 })
	if err := h.cloud.SQL.Backup(t.Context(), emulators.Login, "shop", h.cloud.Backups+"/nightly-full.bak", false); err != nil {
		t.Fatal(err)
	}
	m = h.until(id, "a log applied", follows)
	for _, f := range m.Chain()[1:] {
		if f.Kind != "log" {
			t.Errorf("%s of another base is in the chain", f.Kind)
		}
	}
	says(t, h.story(m), "builds on that one", "Log backups follow instead")
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}

// TestTheSourceIsDroppedOrRenamed midway: it is told which, and an abort ends
// although nothing is left to ask.
func TestTheSourceIsDroppedOrRenamed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	buttons := []migration.Button{migration.ButtonRetry, migration.ButtonAbort}
	t.Run("dropped", func(t *testing.T) {
		h := newHouse(t)
		id := h.followFast("shop", fastLog)
		h.until(id, "the differential applied", follows)
		h.at("DROP DATABASE shop")
		h.problemHas(id, migration.CodeGone, buttons...)
		h.reader().sees("/migrations/"+id, "the source is gone", "no database shop at the source any more", "Retry from here", "Abort…")
		h.gives(id)
		h.reader().sees("/migrations/"+id, "writes to the source were never stopped")
		if in, _ := h.cloud.RDS.Instance(emulators.Instance); in.Databases["shop"] != nil {
			t.Error("the target still has the database")
		}
	})
	t.Run("renamed", func(t *testing.T) {
		h := newHouse(t)
		id := h.followFast("shop", fastLog)
		h.until(id, "the differential applied", follows)
		h.at("ALTER DATABASE shop MODIFY NAME = [shop old]")
		m := h.problemHas(id, migration.CodeGone, buttons...)
		says(t, m.Problem.Cause.String(), "called shop old")
		h.reader().sees("/migrations/"+id, "is called shop old at the source now", "ALTER DATABASE [shop old] MODIFY NAME = [shop]")
		have := len(m.Chain())
		h.at("ALTER DATABASE [shop old] MODIFY NAME = [shop]")
		h.retry(id)
		h.until(id, "the next log", func(m migration.Migration) bool { return len(m.Chain()) > have })
	})
}

// TestTheSourceIsRestoring: before the start a line of preflight, midway a
// problem that says how to open it.
func TestTheSourceIsRestoring(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.followFast("shop", fastLog)
	h.until(id, "the differential applied", follows)
	h.at("BACKUP LOG shop TO DISK = '" + h.cloud.Backups + "/their-tail.trn' WITH NORECOVERY")
	h.problemHas(id, migration.CodeRestoring, migration.ButtonRetry, migration.ButtonAbort)
	h.reader().sees("/migrations/"+id, "the source is restoring", "RESTORE DATABASE [shop] WITH RECOVERY", "Retry from here")
	if f := h.line("shop", "source-state"); f.Level != migration.Barred {
		t.Errorf("preflight %+v", f)
	} else {
		says(t, f.Text.String()+f.Fix.String(), "RESTORING")
	}
	have := len(h.migration(id).Chain())
	h.at("RESTORE DATABASE shop WITH RECOVERY")
	h.retry(id)
	h.until(id, "logs go on", func(m migration.Migration) bool { return len(m.Chain()) > have+1 })
}

// TestTheSourceIsRestoredOverItself while it is followed: nothing is frozen for logs that cannot join, and no differential is
// tried that cannot fit.
func TestTheSourceIsRestoredOverItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.followFast("shop", fastLog)
	h.until(id, "a log applied", func(m migration.Migration) bool { return following(m) && len(m.Chain()) >= 3 })
	h.at("BACKUP DATABASE shop TO DISK = 'before.bak' WITH COPY_ONLY")
	// What the source goes back to must lie before what the target has: the
	// first of two more logs may have been begun before the backup ended.
	have := len(h.migration(id).Chain())
	h.until(id, "logs taken after the backup", func(m migration.Migration) bool { return len(m.Chain()) > have+1 })
	h.at("USE master; ALTER DATABASE shop SET SINGLE_USER WITH ROLLBACK IMMEDIATE; RESTORE DATABASE shop FROM DISK = 'before.bak' WITH REPLACE",
		"BACKUP LOG shop TO DISK = 'after.trn'")
	h.problemHas(id, migration.CodeSourceForked, migration.ButtonAbort)
	if m := h.migration(id); m.LiveSource.EverFrozen() {
		t.Error("the source was frozen")
	}
	h.reader().sees("/migrations/"+id, "does not follow what the target has", "start again with a new full backup")
}
