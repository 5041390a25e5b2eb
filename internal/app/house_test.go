package app_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/migration/unpack"
	"github.com/bakplane/bakplane/internal/run"
)

// house is the whole dashboard beside an emulated cloud, in one process.
type house struct {
	t     *testing.T
	app   *app.App
	cloud *emulators.All
	files string // folder of backup files
	data  string

	person bool // somebody presses Retry when a migration stands
}

func newHouse(t *testing.T, change ...func(*app.Config)) *house {
	t.Helper()
	return newHouseBeside(t, emulators.Pace{Step: 10 * time.Millisecond}, change...)
}

// newHouseBeside is a house beside emulators of its own pace.
func newHouseBeside(t *testing.T, pace emulators.Pace, change ...func(*app.Config)) *house {
	t.Helper()
	h := &house{t: t, files: t.TempDir(), data: t.TempDir()}
	var err error
	if h.cloud, err = emulators.Start(t.TempDir(), pace); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	c := app.Config{Data: h.data, Listen: "127.0.0.1:0", Poll: 20 * time.Millisecond, Settle: time.Second, Runs: 4, UploadParallel: 3, Fresh: 10 * time.Minute}
	for _, f := range change {
		f(&c)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	if h.app, err = app.Open(t.Context(), c, log); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- h.app.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := h.app.Close(); err != nil {
			t.Error(err)
		}
	})
	d := demo.Furnisher{App: h.app, Cloud: h.cloud.Addresses()}
	if err := d.Places(t.Context(), h.files); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) by() migration.By {
	return migration.By{Actor: audit.Actor{Name: "test", Via: "command"}, At: time.Now()}
}

// sample copies real backup files into the folder.
func (h *house) sample(names ...string) {
	h.t.Helper()
	h.sampleIn("", names...)
}

func (h *house) sampleIn(sub string, names ...string) {
	h.t.Helper()
	from := bakfiletest.Samples(h.t)
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			h.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(h.files, sub, name), b, 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
}

// draft plans what lies in the folder.
func (h *house) draft(change func(*migration.FilesRequest)) migration.Draft {
	h.t.Helper()
	w := migration.FilesRequest{SourceID: demo.Folder, StagingID: demo.Staging, InstanceID: demo.Instance}
	if change != nil {
		change(&w)
	}
	target, err := h.app.DB.Instance(h.t.Context(), w.InstanceID)
	if err != nil {
		h.t.Fatal(err)
	}
	w.Traits = target.Traits
	seen := h.look(w.SourceID, w.SourcePrefix)
	d, err := migration.NewDraft(w, seen, w.SourceID == w.StagingID)
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

func (h *house) look(id, prefix string) []migration.Seen {
	h.t.Helper()
	s := drafting.Survey{Ports: h.app.Ports, Unpacker: &unpack.Archives{Ports: h.app.Ports, ToID: app.UnpackedID}}
	seen, err := s.Look(h.t.Context(), id, prefix)
	if err != nil {
		h.t.Fatal(err)
	}
	return seen
}

// loaded waits until the load of a database has changed so many more rows.
func (h *house) loaded(database string, more int64) {
	h.t.Helper()
	rows := func() int64 {
		for _, l := range h.cloud.SQL.Loads() {
			if l.Database == database {
				return l.Written
			}
		}
		h.t.Fatalf("%s is under no load", database)
		return 0
	}
	for want := rows() + more; rows() < want; {
		time.Sleep(2 * time.Millisecond)
	}
}

func (h *house) start(d migration.Draft) string {
	h.t.Helper()
	id, err := migration.Start(h.t.Context(), h.app.DB.Migrations(), d, nil, app.NewID, h.by())
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func (h *house) migration(id string) migration.Migration {
	h.t.Helper()
	m, err := h.app.DB.Migrations().Migration(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// until waits for a state of the migration; a problem that was not waited for
// ends the test.
func (h *house) until(id string, what string, ok func(migration.Migration) bool) migration.Migration {
	h.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		m := h.migration(id)
		if ok(m) {
			return m
		}
		if m.Problem != nil && h.person && time.Now().Before(deadline) {
			// What the engine settles at this moment refuses it; it is pressed again.
			_ = migration.OrderRetry(h.t.Context(), h.app.DB.Migrations(), id, h.by())
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if m.Problem != nil || time.Now().After(deadline) {
			r, _ := h.app.DB.Run(h.t.Context(), m.RunID)
			h.t.Fatalf("waiting for %s: stage %s, problem %+v, run %s: %s\n%s", what, m.Stage, m.Problem, r.State, r.Message, h.story(m))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// paused does something while a person has paused a migration.
func (h *house) paused(id string, f func()) {
	h.t.Helper()
	runID := h.migration(id).RunID
	move := func(to run.State) {
		h.t.Helper()
		if err := h.app.DB.Move(h.t.Context(), runID, to, audit.New(h.by().Actor, time.Now(), "run.move", "run/"+runID, "Moved.")); err != nil {
			h.t.Fatal(err)
		}
	}
	move(run.Paused)
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		r, err := h.app.DB.Run(h.t.Context(), runID)
		if err != nil || time.Now().After(end) {
			h.t.Fatalf("the run is %s, %v", r.State, err)
		}
		if r.State == run.Paused {
			break
		}
	}
	f()
	move(run.Queued)
}

func (h *house) story(m migration.Migration) string {
	var b strings.Builder
	events, err := h.app.DB.Events(h.t.Context(), m.RunID, 0, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := len(events) - 1; i >= 0; i-- {
		b.WriteString(events[i].At.Format("15:04:05.000 ") + events[i].Text.String() + "\n")
	}
	return b.String()
}

func following(m migration.Migration) bool { return m.Stage == migration.StageFollowing }
func opened(m migration.Migration) bool    { return m.Stage == migration.StageOpened }

var restoretime = []string{"sql2016-sp2_restoretime_full.bak", "sql2016-sp2_restoretime_diff.bak", "sql2016-sp2_restoretime_log1.trn", "sql2016-sp2_restoretime_log2.trn"}

func TestRealChainBecomesAnOpenDatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.sample(restoretime...)
	d := h.draft(nil)
	if d.Plan == nil || !d.Plan.Whole() || len(d.Files) == 0 {
		t.Fatalf("plan %+v", d.Plan)
	}
	target, err := h.app.Ports.Target(t.Context(), demo.Instance)
	if err != nil {
		t.Fatal(err)
	}
	findings, err := preflight.Files(t.Context(), h.app.Ports, target, d.Migration, migration.Budget{}, time.Now())
	if err != nil || !migration.MayStart(findings) {
		t.Fatalf("preflight %+v, %v", findings, err)
	}
	id := h.start(d)
	m := h.until(id, "every file applied", following)
	if got, want := m.AppliedTo(), d.Plan.Reaches; got != want {
		t.Fatalf("applied to %s, want %s", got, want)
	}
	if err := migration.OrderOpen(t.Context(), h.app.DB.Migrations(), id, migration.CheckAsync, h.by()); err != nil {
		t.Fatal(err)
	}
	m = h.until(id, "the open database", opened)
	if m.CheckResult != migration.CheckPassed {
		t.Errorf("check %q: %s", m.CheckResult, m.CheckText)
	}
	in, _ := h.cloud.RDS.Instance(emulators.Instance)
	db := in.Databases["RestoreTimeClean"]
	if db == nil || db.LastLSN.String() != d.Plan.Reaches.String() {
		t.Errorf("the instance holds %+v, want it at LSN %s", db, d.Plan.Reaches)
	}
	if w, err := h.app.DB.VerifyAudit(t.Context()); err != nil || w.Seq < 5 {
		t.Errorf("audit: %d entries, %v", w.Seq, err)
	}
	t.Log("\n" + h.story(m))
}
