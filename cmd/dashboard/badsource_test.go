package main

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

// reader is a person who is signed in and reads pages.
type reader struct {
	h      *house
	client http.Client
}

func (h *house) reader() *reader {
	h.t.Helper()
	var out ready
	if err := (demo{app: h.app}).people(h.t.Context(), &out); err != nil {
		h.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r := &reader{h: h, client: http.Client{Jar: jar}}
	r.post("/sign-in", url.Values{"name": {demoUser}, "password": {out.Password}})
	return r
}

func (r *reader) post(path string, form url.Values) string {
	r.h.t.Helper()
	res, err := r.client.PostForm(r.h.app.URL()+path, form)
	if err != nil {
		r.h.t.Fatal(err)
	}
	return r.text(res)
}

func (r *reader) get(path string) string {
	r.h.t.Helper()
	res, err := r.client.Get(r.h.app.URL() + path)
	if err != nil {
		r.h.t.Fatal(err)
	}
	return r.text(res)
}

// text is what a person reads of a page: its words, and where links lead.
func (r *reader) text(res *http.Response) string {
	r.h.t.Helper()
	defer res.Body.Close()
	duePolicy, err := html.Parse(res.Body)
	if err != nil {
		r.h.t.Fatal(err)
	}
	var b strings.Builder
	for n := range duePolicy.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style":
			b.WriteString(n.Data + " ")
		case n.Type == html.ElementNode && (n.Data == "a" || n.Data == "form"):
			for _, a := range n.Attr {
				if a.Key == "href" || a.Key == "action" {
					b.WriteString("<" + a.Val + "> ")
				}
			}
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// sees waits until the page of a migration says all of it.
func (r *reader) sees(path string, fragments ...string) string {
	r.h.t.Helper()
	text := ""
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text = r.get(path)
		missing := func(f string) bool { return !strings.Contains(strings.ToLower(text), strings.ToLower(f)) }
		if !slices.ContainsFunc(fragments, missing) {
			return text
		}
	}
	says(r.h.t, text, fragments...)
	return text
}

// link is where a page leads under a path, of the links that hold a word.
func (r *reader) link(text, holds string) string {
	r.h.t.Helper()
	for _, word := range strings.Fields(text) {
		if href := strings.Trim(word, "<>"); strings.HasPrefix(word, "</") && strings.Contains(href, holds) {
			return href
		}
	}
	r.h.t.Fatalf("no link with %q in %s", holds, text)
	return ""
}

// followFast follows a database with a log backup every so often.
func (h *house) followFast(database string, every time.Duration, change ...func(*migration.LiveRequest)) string {
	h.t.Helper()
	w := migration.LiveRequest{ServerID: demoServer, Source: database, InstanceID: demoInstance, StagingID: demoStaging, Every: time.Hour}
	for _, f := range change {
		f(&w)
	}
	m, err := w.Draft(demoBackups)
	if err != nil {
		h.t.Fatal(err)
	}
	findings, facts, err := migration.LivePreflight(h.t.Context(), h.app.Ports, m, time.Now)
	if err != nil {
		h.t.Fatal(err)
	}
	m.LiveSource.Every = every
	id, err := migration.StartLive(h.t.Context(), h.app.DB.Migrations(), m, facts, findings, newID, h.by())
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
		if _, err := db.ExecContext(h.t.Context(), s); err != nil {
			h.t.Fatalf("%s: %v", s, err)
		}
	}
	db.Close()
}

// changeServer changes what the dashboard knows of the source server.
func (h *house) changeServer(change func(*endpoint.Instance)) {
	h.t.Helper()
	i, err := h.app.DB.Instance(h.t.Context(), demoServer)
	if err != nil {
		h.t.Fatal(err)
	}
	change(&i)
	h.save(func(d demo) error { return d.app.DB.SaveInstance(h.t.Context(), i, d.entry("instance")) })
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
	buttons := []migration.Button{migration.ButtonRetry, migration.ButtonServer, migration.ButtonAbort}
	for name, tc := range map[string]struct {
		wrong, mend func(*house)
		says        []string
	}{
		"wrong login": {func(h *house) {
			h.cloud.sql.PatchLogin(emulatedLogin, sqlserveremu.LoginPatch{Password: new("other-Password-1")})
		},
			func(h *house) {
				h.changeServer(func(i *endpoint.Instance) { i.Password = secret.NewText("other-Password-1") })
			}, []string{"login or its password is wrong", "mixed mode"}},
		"certificate not trusted": {func(h *house) { h.changeServer(func(i *endpoint.Instance) { i.CAPEM = "" }) },
			func(h *house) {}, []string{"certificate", "not trusted", "authority"}},
		"a path the service account cannot write": {func(h *house) { h.cloud.sql.SetDisk(sqlserveremu.Disk{Denied: true}) },
			func(h *house) { h.cloud.sql.SetDisk(sqlserveremu.Disk{}) }, []string{"service account", "may not use", "right to change files"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			was, err := h.app.DB.Instance(t.Context(), demoServer)
			if err != nil {
				t.Fatal(err)
			}
			id := h.followFast("shop", fastLog)
			h.until(id, "the differential applied", follows)
			tc.wrong(h)
			h.cloud.sql.Cut("")
			h.problemHas(id, migration.CodeAccess, buttons...)
			r := h.reader()
			r.sees("/migrations/"+id, append(tc.says, "the source refuses access", "Retry from here", "Settings of the server", "</settings/servers/"+demoServer+">", "Abort…")...)
			says(t, r.get("/settings/servers/"+demoServer), "Login", "Encryption")
			tc.mend(h)
			if name == "certificate not trusted" {
				h.save(func(d demo) error { return d.app.DB.SaveInstance(t.Context(), was, d.entry("instance")) })
			}
			have := len(h.migration(id).Live())
			h.retry(id)
			h.until(id, "the next log", func(m migration.Migration) bool { return len(m.Live()) > have })
		})
	}
}

// TestAProblemOfTheSourceIsToldOnce: what refuses before a backup is ordered is
// written down once, and the run then leaves its hands off it until a person
// decides.
func TestAProblemOfTheSourceIsToldOnce(t *testing.T) {
	h := newHouse(t)
	was, err := h.app.DB.Instance(t.Context(), demoServer)
	if err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", time.Hour)
	m := h.until(id, "the differential applied", follows)
	h.changeServer(func(i *endpoint.Instance) { i.CAPEM = "" })
	h.cloud.sql.Cut("")
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
	h.save(func(d demo) error { return d.app.DB.SaveInstance(t.Context(), was, d.entry("instance")) })
	h.retry(id)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}

// TestTheRecoveryModelIsSwitchedMidway: logs cannot go on; one click takes a
// differential, with which they do, and the cutover ends equal.
func TestTheRecoveryModelIsSwitchedMidway(t *testing.T) {
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
			if err := h.cloud.sql.Load("shop", 100); err != nil {
				t.Fatal(err)
			}
			id := h.followFast("shop", fastLog)
			h.until(id, "a log applied", func(m migration.Migration) bool { return following(m) && len(m.Live()) >= 3 })
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
				n := len(m.Live())
				return following(m) && m.Live()[n-1].Kind == "log" && slices.ContainsFunc(m.Live()[3:], func(f migration.File) bool { return f.Kind == "differential" })
			})
			h.cutOver(id)
			h.until(id, "the open database", opened)
			h.sameContents("shop")
		})
	}
}

// TestASelfManagedServerGetsAGapDifferentialToo: RESTORE takes the differential behind logs.
func TestASelfManagedServerGetsAGapDifferentialToo(t *testing.T) {
	h := newHouse(t)
	other := h.another(nil)
	if err := h.cloud.sql.Load("shop", 100); err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", fastLog, toOther)
	h.until(id, "a log applied", func(m migration.Migration) bool { return following(m) && len(m.Live()) >= 3 })
	h.at("ALTER DATABASE shop SET RECOVERY SIMPLE", "ALTER DATABASE shop SET RECOVERY FULL")
	h.problemHas(id, migration.CodeChainBroken, migration.ButtonGapDifferential, migration.ButtonRetry, migration.ButtonAbort)
	if err := migration.OrderGapDifferential(t.Context(), h.app.DB.Migrations(), id, h.by()); err != nil {
		t.Fatal(err)
	}
	h.until(id, "the chain goes on", func(m migration.Migration) bool {
		return following(m) && m.Live()[len(m.Live())-1].Kind == "log" && slices.ContainsFunc(m.Live()[3:], func(f migration.File) bool { return f.Kind == "differential" })
	})
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameRows(h.cloud.sql, "shop", other, "shop")
}

// TestAForeignLogIsDeleted: somebody takes a log backup and throws it away.
func TestAForeignLogIsDeleted(t *testing.T) {
	h := newHouse(t)
	if err := h.cloud.sql.Load("shop", 100); err != nil {
		t.Fatal(err)
	}
	id := h.follow("shop", nil)
	h.until(id, "the differential applied", follows)
	file := filepath.ToSlash(filepath.Join(h.cloud.backups, "thrown-away.trn"))
	if err := h.cloud.sql.Backup(t.Context(), emulatedLogin, "shop", file, true); err != nil {
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
	h := newHouse(t)
	id := h.followFast("shop", fastLog)
	h.until(id, "a log applied", func(m migration.Migration) bool { return following(m) && len(m.Live()) >= 3 })
	if err := h.cloud.sql.Backup(t.Context(), emulatedLogin, "shop", h.cloud.backups+"/nightly-full.bak", false); err != nil {
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
	h.bites(h.cloud.rds.ControlPort(), control.Rule{Operation: "CreateMigrateTask", DelayMS: 800})
	id = h.followFast("shop", fastLog)
	h.until(id, "the full backup", func(m migration.Migration) bool { return len(m.Live()) == 1 })
	if err := h.cloud.sql.Backup(t.Context(), emulatedLogin, "shop", h.cloud.backups+"/nightly-full.bak", false); err != nil {
		t.Fatal(err)
	}
	m = h.until(id, "a log applied", follows)
	for _, f := range m.Live()[1:] {
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
		if in, _ := h.cloud.rds.Instance(emulatedInstance); in.Databases["shop"] != nil {
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
		have := len(m.Live())
		h.at("ALTER DATABASE [shop old] MODIFY NAME = [shop]")
		h.retry(id)
		h.until(id, "the next log", func(m migration.Migration) bool { return len(m.Live()) > have })
	})
}

// TestTheSourceIsRestoring: before the start a line of preflight, midway a
// problem that says how to open it.
func TestTheSourceIsRestoring(t *testing.T) {
	h := newHouse(t)
	id := h.followFast("shop", fastLog)
	h.until(id, "the differential applied", follows)
	h.at("BACKUP LOG shop TO DISK = '" + h.cloud.backups + "/their-tail.trn' WITH NORECOVERY")
	h.problemHas(id, migration.CodeRestoring, migration.ButtonRetry, migration.ButtonAbort)
	h.reader().sees("/migrations/"+id, "the source is restoring", "RESTORE DATABASE [shop] WITH RECOVERY", "Retry from here")
	if f := h.line("shop", "source-state"); f.Level != migration.Barred {
		t.Errorf("preflight %+v", f)
	} else {
		says(t, f.Text.String()+f.Fix.String(), "RESTORING")
	}
	have := len(h.migration(id).Live())
	h.at("RESTORE DATABASE shop WITH RECOVERY")
	h.retry(id)
	h.until(id, "logs go on", func(m migration.Migration) bool { return len(m.Live()) > have+1 })
}

// TestTheImportsOfADayAreUsedUp: nothing stands still for a person; the page
// says until when no log follows, and that the cutover is still possible.
func TestTheImportsOfADayAreUsedUp(t *testing.T) {
	h := newHouse(t)
	id := h.followFast("shop", 10*time.Millisecond)
	h.until(id, "the day's imports", func(m migration.Migration) bool {
		return following(m) && len(m.Live()) >= aliyun.Traits().Calls.Database-3
	})
	h.reader().sees("/migrations/"+id, "Today's imports are used up", "of the 20 imports", "kept for the cutover", "No log backup is taken until", "It goes on by itself", "Cut over…")
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}

// TestMoreLogsOfOthersThanImports: somebody takes more log backups than the day
// has imports left. One differential takes their place, and the cutover still
// has its own.
func TestMoreLogsOfOthersThanImports(t *testing.T) {
	h := newHouse(t)
	if err := h.cloud.sql.Load("shop", 200); err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", fastLog)
	used := aliyun.Traits().Calls.Database - 6
	h.until(id, "most of the day's imports", func(m migration.Migration) bool { return following(m) && len(m.Live()) >= used })
	theirs := func(f migration.File) bool { return strings.Contains(f.Source, "theirs-") }
	for i := range 8 {
		if err := h.cloud.sql.Backup(t.Context(), emulatedLogin, "shop", fmt.Sprintf("%s/theirs-%d.trn", filepath.ToSlash(h.cloud.backups), i), true); err != nil {
			t.Fatal(err)
		}
	}
	m := h.until(id, "the differential applied", func(m migration.Migration) bool {
		return slices.ContainsFunc(m.Live()[3:], func(f migration.File) bool { return f.Kind == "differential" && f.State == migration.FileApplied })
	})
	known, sent := 0, 0
	for _, f := range m.Files {
		if theirs(f) {
			known++
		}
	}
	for _, f := range m.Live() {
		if theirs(f) {
			sent++
		}
	}
	if known != 8 || sent > 2 {
		t.Errorf("%d of %d log backups of others were imported one by one, want a differential instead of them", sent, known)
	}
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}

// TestTheTargetRunsOutOfSpace while it follows: retrying goes on when there is
// room, and an abort is offered, not a termination.
func TestTheTargetRunsOutOfSpace(t *testing.T) {
	h := newHouse(t)
	id := h.followFast("shop", fastLog)
	h.until(id, "the differential applied", follows)
	h.patch(`{"storage_gb":1,"used_bytes":1073741824}`)
	h.problemHas(id, "space", migration.ButtonRetry, migration.ButtonAbort)
	h.reader().sees("/migrations/"+id, "no space", "too little free storage", "Enlarge the instance's storage", "Retry from here", "Abort…")
	h.patch(`{"storage_gb":500}`)
	have := h.migration(id).AppliedTo()
	h.retry(id)
	h.until(id, "it goes on", func(m migration.Migration) bool { return m.AppliedTo().Compare(have) > 0 })
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}

// TestPreflightOfASourceNamesWhatIsWrong before anything is done.
func TestPreflightOfASourceNamesWhatIsWrong(t *testing.T) {
	ask := "/migrations/new/live/checks?" + url.Values{"server": {demoServer}, "source_database": {"shop"}, "instance": {demoInstance}, "staging": {demoStaging}, "every": {"2h"}}.Encode()
	for name, tc := range map[string]struct {
		wrong func(*house)
		says  []string
	}{
		"wrong login": {func(h *house) { h.changeServer(func(i *endpoint.Instance) { i.Password = secret.NewText("wrong") }) },
			[]string{"login or its password is wrong"}},
		"certificate not trusted": {func(h *house) { h.changeServer(func(i *endpoint.Instance) { i.CAPEM = "" }) },
			[]string{"certificate", "not trusted"}},
		"SIMPLE recovery": {func(h *house) {
			h.cloud.sql.PatchDatabase("shop", sqlserveremu.DatabasePatch{Recovery: new(bakfile.RecoverySimple)})
		}, []string{"SIMPLE: there are no log backups", "Set recovery"}},
		"already restoring": {func(h *house) {
			h.at("BACKUP DATABASE shop TO DISK = '"+h.cloud.backups+"/f.bak'", "BACKUP LOG shop TO DISK = '"+h.cloud.backups+"/l.trn' WITH NORECOVERY")
		}, []string{"RESTORING"}},
		"dropped": {func(h *house) { h.at("DROP DATABASE shop") }, []string{"shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			r := h.reader()
			tc.wrong(h)
			h.cloud.sql.Cut("")
			text := r.get(ask)
			says(t, text, tc.says...)
		})
	}
}
