package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

// yard is a server at work with an engine of its own that can be stopped and
// started again.
type yard struct {
	*house
	notifier *run.Notifier
	kit      backupjob.Kit
	limits   *run.Limits
	worker   *backupjob.Worker
	pruner   *backupjob.Pruner
	policy   policy.Policy
	cancel   func() // ends the life of the engine without waiting
	stop     func()
}

func newYard(t *testing.T) *yard {
	t.Helper()
	h := &house{t: t, files: t.TempDir(), data: t.TempDir()}
	var err error
	// A server at UTC would hide that its clock and ours are mixed up.
	if h.cloud, err = emulators.Start(t.TempDir(), emulators.Pace{Step: 5 * time.Millisecond, Load: 200, Ahead: 8 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.cloud.Close() })
	keys, err := secret.OpenKeyring(filepath.Join(h.data, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	y := &yard{house: h, notifier: run.NewNotifier(), limits: &run.Limits{}}
	store, err := sqlite.Open(t.Context(), h.data, keys, y.notifier, app.Specs())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	h.app = &app.App{DB: store, Ports: app.NewPorts(store, h.data)}
	if err := (demo.Furnisher{App: h.app, Cloud: h.cloud.Addresses()}).Places(t.Context(), h.files); err != nil {
		t.Fatal(err)
	}
	y.kit = backupjob.Kit{Store: store.BackupRuns(), Runs: store, Ports: h.app.Ports, Catalogue: store.Catalogue(), Limits: y.limits,
		Rules: backupjob.Rules{Settle: time.Second, Backups: 2, Uploads: 2}, Upload: migration.UploadRules{Parallel: 2}, Now: time.Now, NewID: app.NewID}
	y.pruner = &backupjob.Pruner{Kit: y.kit, Policies: store.Policies()}
	y.worker = &backupjob.Worker{Kit: y.kit, Policies: store.Policies(), Pruner: y.pruner}
	y.start()
	t.Cleanup(func() { y.stop() })
	return y
}

func (y *yard) start() {
	owner := app.NewID()
	if _, err := y.app.DB.ReleaseOthers(context.Background(), owner); err != nil {
		y.t.Fatal(err)
	}
	e := &run.Engine{Store: y.app.DB, Owner: owner, Notifier: y.notifier, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Parallel: 8, Lease: time.Minute, MaxTries: 100,
		Now: time.Now, Workers: map[string]run.Worker{backupjob.RunBackup: y.worker, backupjob.RunPrune: y.pruner, backupjob.RunRestore: &backupjob.Restoring{Kit: y.kit, Restorers: y.app.Ports}}}
	if testing.Verbose() {
		e.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = e.Run(ctx) })
	y.cancel, y.stop = cancel, func() { cancel(); wg.Wait() }
}

func (y *yard) by() backupjob.By {
	return backupjob.By{Actor: audit.Actor{Name: "test", Via: "command"}, At: time.Now()}
}

func (y *yard) backUp(b backupjob.BackUp) string {
	y.t.Helper()
	b.ServerID = demo.Server
	id, err := backupjob.BackUpNow(y.t.Context(), y.kit.Store, y.kit.Ports, b, app.NewID, y.by())
	if err != nil {
		y.t.Fatal(err)
	}
	return id
}

// ends waits until a run is in one of the states.
func (y *yard) ends(id string, states ...run.State) run.Run {
	y.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		r, err := y.app.DB.Run(y.t.Context(), id)
		if err != nil {
			y.t.Fatal(err)
		}
		if slices.Contains(states, r.State) {
			return r
		}
		if time.Now().After(deadline) || r.State == run.Failed || r.State == run.Succeeded {
			y.t.Fatalf("run is %s, want %v: %s %s\n%s", r.State, states, r.Message, r.Fix, y.tale(id))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (y *yard) tale(id string) string {
	var b strings.Builder
	steps, _ := y.app.DB.Steps(y.t.Context(), id)
	for _, s := range steps {
		fmt.Fprintf(&b, "%-10s %-8s %s: %s\n", s.Key, s.State, s.Title, s.Message)
	}
	events, _ := y.app.DB.Events(y.t.Context(), id, 0, 200)
	for _, e := range slices.Backward(events) {
		fmt.Fprintln(&b, e.At.Format("15:04:05.000"), e.Text)
	}
	return b.String()
}

func (y *yard) orders(id string) (backupjob.Plan, []backupjob.Order) {
	y.t.Helper()
	r, err := y.app.DB.Run(y.t.Context(), id)
	if err != nil {
		y.t.Fatal(err)
	}
	s, orders, err := y.kit.Store.Plan(y.t.Context(), r.Subject)
	if err != nil {
		y.t.Fatal(err)
	}
	return s, orders
}

// once counts the BACKUP statements that became sets, by their NAME.
func (y *yard) once(id string) {
	y.t.Helper()
	server, _, err := y.app.Ports.Server(y.t.Context(), demo.Server)
	if err != nil {
		y.t.Fatal(err)
	}
	_, orders := y.orders(id)
	for _, o := range orders {
		if o.State != backupjob.OrderDone {
			continue
		}
		rows, err := server.Named(y.t.Context(), o.Database, o.Name, time.Time{})
		if err != nil || len(rows) != 1 {
			y.t.Errorf("%s was taken %d times: %v\n%s", o.Name, len(rows), err, y.tale(id))
		}
	}
}

func held(d *control.Port) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	return len(d.Held(ctx)) > 0
}

// slot queues a run as the scheduler does.
func (y *yard) slot(kind backup.Kind, local string) string {
	y.t.Helper()
	at, err := time.Parse("2006-01-02T15:04", local)
	if err != nil {
		y.t.Fatal(err)
	}
	d := policy.Decided{Slot: policy.Slot{PolicyID: y.policy.ID, Kind: kind, Local: local, At: at}, Verdict: policy.Fired}
	queued := policy.Queue(y.policy, d, time.Now(), app.NewID)
	if err := y.app.DB.Policies().Decide(y.t.Context(), policy.Batch{Slots: []policy.Decided{d}, Runs: queued}); err != nil {
		y.t.Fatal(err)
	}
	return queued[0].Run.ID
}

// promise saves a policy.
func (y *yard) promise(p policy.Policy) {
	y.t.Helper()
	saved, err := y.app.DB.Policies().Save(y.t.Context(), p, "", demo.Furnisher{}.Entry("policy"))
	if err != nil {
		y.t.Fatal(err)
	}
	y.policy = saved
}

// sets are all that the catalogue knows of the server, oldest first.
func (y *yard) sets() []backup.Record {
	y.t.Helper()
	all, err := y.app.DB.Catalogue().Records(y.t.Context(), backup.RecordFilter{InstanceID: demo.Server, Limit: 200})
	if err != nil {
		y.t.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

// tick waits for the next second, of this machine's clock and of the server's,
// which may round it: msdb's times have seconds, and sets of one second have no
// order.
func (y *yard) tick() {
	y.t.Helper()
	server, _, err := y.app.Ports.Server(y.t.Context(), demo.Server)
	if err != nil {
		y.t.Fatal(err)
	}
	for first := ""; ; time.Sleep(10 * time.Millisecond) {
		ours := time.Now().Format(time.TimeOnly)
		info, err := server.Describe(y.t.Context())
		if err != nil {
			y.t.Fatal(err)
		}
		theirs := info.Now.Format(time.TimeOnly)
		if first == "" {
			first = max(ours, theirs)
		}
		if min(ours, theirs) > first {
			return
		}
	}
}

func (y *yard) exists(bucketID, key string) bool {
	y.t.Helper()
	b, err := y.app.Ports.Bucket(y.t.Context(), bucketID)
	if err != nil {
		y.t.Fatal(err)
	}
	_, err = b.Stat(y.t.Context(), key)
	if err != nil && !fault.Is(err, fault.NotFound) {
		y.t.Fatal(err)
	}
	return err == nil
}
