package main

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
	"github.com/bakplane/bakplane/internal/db"
	"github.com/bakplane/bakplane/internal/emulator/control"
	ossemu "github.com/bakplane/bakplane/internal/emulator/oss"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
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
	if h.cloud, err = start(t.TempDir(), emulatedPace{Step: 5 * time.Millisecond, Load: 200}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.cloud.close() })
	keys, err := secret.OpenKeyring(filepath.Join(h.data, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	y := &yard{house: h, notifier: run.NewNotifier(), limits: &run.Limits{}}
	store, err := db.Open(t.Context(), h.data, keys, y.notifier, app.Specs())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	h.app = &App{DB: store, Ports: app.Ports(store, h.data)}
	if err := (demo{app: h.app, cloud: h.cloud.addresses()}).places(t.Context(), h.files); err != nil {
		t.Fatal(err)
	}
	y.kit = backupjob.Kit{Store: store.BackupRuns(), Runs: store, Ports: h.app.Ports, Catalogue: store.Catalogue(), Limits: y.limits,
		Rules: backupjob.Rules{Settle: time.Second, Backups: 2, Uploads: 2}, Upload: migration.UploadRules{Parallel: 2}, Now: time.Now, NewID: newID}
	y.pruner = &backupjob.Pruner{Kit: y.kit, Policies: store.Policies()}
	y.worker = &backupjob.Worker{Kit: y.kit, Policies: store.Policies(), Pruner: y.pruner}
	y.start()
	t.Cleanup(func() { y.stop() })
	return y
}

func (y *yard) start() {
	owner := newID()
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
	b.ServerID = demoServer
	id, err := backupjob.BackUpNow(y.t.Context(), y.kit.Store, y.kit.Ports, b, newID, y.by())
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
	server, _, err := y.app.Ports.Server(y.t.Context(), demoServer)
	if err != nil {
		y.t.Fatal(err)
	}
	_, orders := y.orders(id)
	for _, o := range orders {
		if o.State != backupjob.OrderDone {
			continue
		}
		rows, err := server.Named(y.t.Context(), o.Database, o.Name)
		if err != nil || len(rows) != 1 {
			y.t.Errorf("%s was taken %d times: %v\n%s", o.Name, len(rows), err, y.tale(id))
		}
	}
}

func TestABackupOfEveryDatabase(t *testing.T) {
	y := newYard(t)
	id := y.backUp(backupjob.BackUp{Kind: backup.Full, How: policy.How{Compress: true, Verify: true, Stripes: 2}, BucketID: demoStaging})
	r := y.ends(id, run.Succeeded)
	says(t, r.Message.String(), "3 full backups of SQLDEMO", "3 databases")
	records := y.sets()
	if len(records) != 3 {
		t.Fatalf("%d records", len(records))
	}
	bucket, err := y.app.Ports.Bucket(t.Context(), demoStaging)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if rec.Set.Last.IsZero() || rec.Verified.IsZero() || len(rec.Copies) != 2 || rec.Origin != backup.ByUs || rec.State != backup.Complete || rec.Set.Database != rec.Database {
			t.Errorf("record %+v", rec)
		}
		for _, c := range rec.Copies {
			if c.BucketID != demoStaging {
				continue
			}
			for i, k := range c.Keys {
				if !strings.HasPrefix(k, "backups/SQLDEMO/"+rec.Database+"/full/"+rec.Database+"_FULL_manual_") || !strings.HasSuffix(k, fmt.Sprintf("_%dof2.bak", i+1)) {
					t.Errorf("key %s", k)
				}
				if _, err := bucket.Stat(t.Context(), k); err != nil {
					t.Error(err)
				}
			}
		}
	}
	y.once(id)
	steps, _ := y.app.DB.Steps(t.Context(), id)
	if len(steps) != 1+3*3 {
		t.Errorf("%d steps\n%s", len(steps), y.tale(id))
	}
	for _, s := range steps {
		if s.State != run.StepDone || s.Finished.IsZero() {
			t.Errorf("step %+v", s)
		}
	}
	if _, err := y.app.DB.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
	// The chain goes on: a differential and logs join.
	y.ends(y.backUp(backupjob.BackUp{Kind: backup.Differential, Databases: []string{"shop"}}), run.Succeeded)
	for range 2 {
		y.ends(y.backUp(backupjob.BackUp{Kind: backup.Log, Databases: []string{"shop"}}), run.Succeeded)
	}
	var sets []backup.Set
	all, _ := y.app.DB.Catalogue().Sets(t.Context(), demoServer, "shop", 100)
	for _, rec := range all {
		sets = append(sets, rec.Set)
	}
	plans := backup.Plans(sets, backup.Options{})
	if len(plans) != 1 || !plans[0].Whole() || len(plans[0].Steps) != 4 {
		t.Errorf("plans %+v", plans)
	}
}

func TestABackupThatFailsInTheMiddle(t *testing.T) {
	y := newYard(t)
	some := int64(100 << 10)
	y.cloud.sql.SetDisk(sqlserveremu.Disk{FailAfter: &some})
	id := y.backUp(backupjob.BackUp{Kind: backup.Full})
	r := y.ends(id, run.Failed)
	says(t, r.Message.String()+r.Fix.String(), "0 of 3 databases", "is full", "Make room there")
	if n := len(y.sets()); n != 0 {
		t.Errorf("%d records", n)
	}
	y.cloud.sql.SetDisk(sqlserveremu.Disk{})
	if err := y.app.DB.Move(t.Context(), id, run.Queued, audit.New(audit.Actor{Name: "test"}, time.Now(), "run.retry", "run/"+id, "Retried.")); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Minute)
	for r.State != run.Succeeded && time.Now().Before(deadline) {
		r, _ = y.app.DB.Run(t.Context(), id)
		time.Sleep(5 * time.Millisecond)
	}
	if r.State != run.Succeeded {
		t.Fatalf("%s: %s\n%s", r.State, r.Message, y.tale(id))
	}
	y.once(id)
}

// TestALostAnswerIsLookedUp cuts the connection on both sides of the backup.
func TestALostAnswerIsLookedUp(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			y := newYard(t)
			if _, err := y.cloud.sql.ControlPort().Add(control.Rule{Operation: "BACKUP DATABASE", Hold: when}); err != nil {
				t.Fatal(err)
			}
			id := y.backUp(backupjob.BackUp{Kind: backup.Full, Databases: []string{"shop"}})
			if !held(y.cloud.sql.ControlPort()) {
				t.Fatal("no backup came")
			}
			y.cloud.sql.Cut(emulatedLogin)
			y.cloud.sql.ControlPort().Release("")
			y.ends(id, run.Succeeded)
			y.once(id)
		})
	}
}

func held(d *control.Port) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	return len(d.Held(ctx)) > 0
}

// TestLivesOfABackupEndAtEveryBoundary ends the engine while a statement or a
// request is held, before and after it acted; a new life ends the run with
// everything done once.
func TestLivesOfABackupEndAtEveryBoundary(t *testing.T) {
	type boundary struct{ limiter, operation string }
	for _, b := range []boundary{{"sql", "BACKUP DATABASE"}, {"sql", "RESTORE VERIFYONLY"}, {"oss", "PutObject"}} {
		for _, when := range []string{"before", "after"} {
			t.Run(b.operation+" "+when, func(t *testing.T) {
				y := newYard(t)
				d := y.cloud.sql.ControlPort()
				if b.limiter == "oss" {
					d = y.cloud.oss.ControlPort()
				}
				if _, err := d.Add(control.Rule{Operation: b.operation, Hold: when}); err != nil {
					t.Fatal(err)
				}
				id := y.backUp(backupjob.BackUp{Kind: backup.Full, Databases: []string{"shop", "stock"}, How: policy.How{Verify: true}, BucketID: demoStaging})
				if !held(d) {
					t.Fatal("nothing was held")
				}
				y.cancel()
				d.Release("")
				y.stop()
				y.start()
				y.ends(id, run.Succeeded)
				y.once(id)
			})
		}
	}
}

func TestCancelEndsTheStatement(t *testing.T) {
	y := newYard(t)
	rate := int64(64 << 10)
	if err := y.cloud.sql.SetServer("", "", &rate); err != nil {
		t.Fatal(err)
	}
	id := y.backUp(backupjob.BackUp{Kind: backup.Full, Databases: []string{"shop"}})
	server, _, err := y.app.Ports.Server(t.Context(), demoServer)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if running, _ := server.Running(t.Context(), "shop"); len(running) > 0 {
			break
		}
	}
	if err := y.app.DB.Move(t.Context(), id, run.Canceled, audit.New(audit.Actor{Name: "test"}, time.Now(), "run.cancel", "run/"+id, "Canceled.")); err != nil {
		t.Fatal(err)
	}
	r := y.ends(id, run.Canceled)
	says(t, r.Message.String(), "Canceled by a person", "0 of 1 database")
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		running, err := server.Running(t.Context(), "shop")
		if err == nil && len(running) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running: %+v, %v", running, err)
		}
	}
}

// slot queues a run as the scheduler does.
func (y *yard) slot(kind backup.Kind, local string) string {
	y.t.Helper()
	at, err := time.Parse("2006-01-02T15:04", local)
	if err != nil {
		y.t.Fatal(err)
	}
	d := policy.Decided{Slot: policy.Slot{PolicyID: y.policy.ID, Kind: kind, Local: local, At: at}, Verdict: policy.Fired}
	queued := policy.Queue(y.policy, d, time.Now(), newID)
	if err := y.app.DB.Policies().Decide(y.t.Context(), policy.Batch{Slots: []policy.Decided{d}, Runs: queued}); err != nil {
		y.t.Fatal(err)
	}
	return queued[0].Run.ID
}

// promise saves a policy.
func (y *yard) promise(p policy.Policy) {
	y.t.Helper()
	saved, err := y.app.DB.Policies().Save(y.t.Context(), p, "", demo{}.entry("policy"))
	if err != nil {
		y.t.Fatal(err)
	}
	y.policy = saved
}

// sets are all that the catalogue knows of the server, oldest first.
func (y *yard) sets() []backup.Record {
	y.t.Helper()
	all, err := y.app.DB.Catalogue().Records(y.t.Context(), backup.RecordFilter{InstanceID: demoServer, Limit: 200})
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
	server, _, err := y.app.Ports.Server(y.t.Context(), demoServer)
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

func TestAPolicyTakesCopiesAndPrunes(t *testing.T) {
	y := newYard(t)
	y.promise(policy.Policy{ID: newID(), Name: "nightly", Enabled: true, Servers: []string{demoServer}, Zone: "UTC", Window: time.Hour,
		Databases: policy.Selection{Exclude: []string{"sto*"}}, How: policy.How{Verify: true}, BucketID: demoStaging,
		Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *", Keep: policy.Keep{Count: 2}}, {Kind: backup.Log, Cron: "*/15 * * * *", Keep: policy.Keep{Count: 1}}}})
	// A log slot before any full backup takes the full first.
	r := y.ends(y.slot(backup.Log, "2026-11-20T01:45"), run.Succeeded)
	says(t, r.Message.String(), "2 databases", `stock (Excluded by "sto*")`)
	for _, rec := range y.sets() {
		if rec.Set.Kind != backup.Full || rec.PolicyID != y.policy.ID {
			t.Errorf("%+v", rec)
		}
	}
	first := y.sets()
	for _, s := range []struct {
		kind  backup.Kind
		local string
	}{{backup.Log, "2026-11-20T02:00"}, {backup.Full, "2026-11-20T02:00"}, {backup.Log, "2026-11-20T02:15"}, {backup.Full, "2026-11-21T02:00"}} {
		y.tick()
		y.ends(y.slot(s.kind, s.local), run.Succeeded)
	}
	// Two fulls are kept of each database, and the newest log: the first full
	// and its log have gone, from folder and bucket.
	var stays int
	for _, rec := range y.sets() {
		gone := !rec.Gone.IsZero()
		if !gone {
			stays++
		}
	}
	if stays != 6 {
		t.Errorf("%d sets stay", stays)
		for _, rec := range y.sets() {
			t.Logf("%s %s %s gone %v", rec.Database, rec.Set.Kind, rec.Set.Finished.Time(), rec.Gone)
		}
	}
	for _, rec := range first {
		for _, c := range rec.Copies {
			for _, k := range c.Keys {
				if y.exists(c.BucketID, k) {
					t.Errorf("%s is still in %s", k, c.BucketID)
				}
			}
		}
	}
	// By hand: what the preview shows is what goes.
	y.ends(y.slot(backup.Log, "2026-11-21T02:15"), run.Succeeded)
	y.policy.Rules[0].Keep = policy.Keep{Count: 1}
	y.promise(y.policy)
	now := time.Now()
	v, err := y.pruner.Preview(t.Context(), y.policy.ID, now)
	if err != nil || v.Sets != 4 {
		t.Fatalf("preview %+v, %v", v, err)
	}
	if _, err := backupjob.PruneNow(t.Context(), y.pruner, y.policy.ID, now, "another", newID, y.by()); !fault.Is(err, fault.Conflict) {
		t.Errorf("another digest: %v", err)
	}
	id, err := backupjob.PruneNow(t.Context(), y.pruner, y.policy.ID, now, v.Digest, newID, y.by())
	if err != nil {
		t.Fatal(err)
	}
	says(t, y.ends(id, run.Succeeded).Message.String(), "Removed 4 sets")
	for _, d := range v.Databases {
		for _, gone := range d.Remove {
			if now, _ := y.app.DB.Catalogue().Record(t.Context(), gone.Record.ID); now.Gone.IsZero() {
				t.Errorf("%+v stays", now)
			}
		}
	}
	if again, err := y.pruner.Preview(t.Context(), y.policy.ID, time.Now()); err != nil || again.Sets != 0 {
		t.Errorf("afterwards %+v, %v", again, err)
	}
}

// TestNothingGoesWhileTheNewestIsNotSeen loses the newest full backup behind
// the catalogue's back.
func TestNothingGoesWhileTheNewestIsNotSeen(t *testing.T) {
	y := newYard(t)
	y.promise(policy.Policy{ID: newID(), Name: "nightly", Enabled: true, Servers: []string{demoServer}, Zone: "UTC", Window: time.Hour,
		Databases: policy.Selection{Include: []string{"shop"}}, Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *"}}})
	y.ends(y.slot(backup.Full, "2026-11-20T02:00"), run.Succeeded)
	y.tick()
	y.ends(y.slot(backup.Full, "2026-11-21T02:00"), run.Succeeded)
	y.policy.Rules[0].Keep = policy.Keep{Count: 1}
	y.promise(y.policy)
	all := y.sets()
	if err := os.Remove(filepath.Join(y.cloud.backups, all[1].Copies[0].Keys[0])); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	v, err := y.pruner.Preview(t.Context(), y.policy.ID, now)
	if err != nil || v.Sets != 1 {
		t.Fatalf("preview %+v, %v", v, err)
	}
	id, err := backupjob.PruneNow(t.Context(), y.pruner, y.policy.ID, now, v.Digest, newID, y.by())
	if err != nil {
		t.Fatal(err)
	}
	says(t, y.ends(id, run.Failed).Message.String(), "not seen where it should lie")
	if !y.exists(demoBackups, all[0].Copies[0].Keys[0]) {
		t.Error("the last full backup went")
	}
}

// TestABucketThatVanished: the backup is taken and kept where it lies, nothing
// goes, the run names the bucket, and the next slot still fires.
func TestABucketThatVanished(t *testing.T) {
	y := newYard(t)
	y.promise(policy.Policy{ID: newID(), Name: "nightly", Enabled: true, Servers: []string{demoServer}, Zone: "UTC", Window: time.Hour, BucketID: demoStaging,
		Databases: policy.Selection{Include: []string{"shop"}}, Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *", Keep: policy.Keep{Count: 1}}}})
	y.ends(y.slot(backup.Full, "2026-11-20T02:00"), run.Succeeded)
	if err := y.cloud.oss.DropBucket(emulatedBucket); err != nil {
		t.Fatal(err)
	}
	y.tick()
	r := y.ends(y.slot(backup.Full, "2026-11-21T02:00"), run.Failed)
	says(t, r.Message.String()+r.Fix.String(), "1 database", emulatedBucket)
	if all := y.sets(); len(all) != 2 || !all[0].Gone.IsZero() || !all[1].Gone.IsZero() {
		t.Errorf("want both sets in the catalogue: %+v", all)
	}
	for _, rec := range y.sets() {
		here := slices.IndexFunc(rec.Copies, func(c backup.Copy) bool { return c.BucketID == demoBackups })
		if here < 0 || !y.exists(demoBackups, rec.Copies[here].Keys[0]) {
			t.Errorf("%+v is gone from the server's folder", rec.Copies)
		}
	}
	if err := y.cloud.oss.SetBucket(ossemu.Bucket{Name: emulatedBucket, Region: emulatedRegion, Owner: emulatedOwner}); err != nil {
		t.Fatal(err)
	}
	y.tick()
	y.ends(y.slot(backup.Full, "2026-11-22T02:00"), run.Succeeded)
}

func TestAServerThatIsDownAtItsHour(t *testing.T) {
	y := newYard(t)
	y.promise(policy.Policy{ID: newID(), Name: "nightly", Enabled: true, Servers: []string{demoServer}, Zone: "UTC", Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *"}}})
	disabled, enabled := true, false
	y.cloud.sql.PatchLogin(emulatedLogin, sqlserveremu.LoginPatch{Disabled: &disabled})
	y.cloud.sql.Cut(emulatedLogin)
	r := y.ends(y.slot(backup.Full, time.Now().UTC().Format("2006-01-02T15:04")), run.Failed)
	says(t, r.Message.String()+r.Fix.String(), "login or its password is wrong", "error log")
	y.cloud.sql.PatchLogin(emulatedLogin, sqlserveremu.LoginPatch{Disabled: &enabled})
	// The window of an old slot is over.
	if _, err := y.cloud.sql.ControlPort().Add(control.Rule{Operation: "SELECT", Times: -1, CutAnswer: new(int64)}); err != nil {
		t.Fatal(err)
	}
	r = y.ends(y.slot(backup.Full, "2026-11-01T02:00"), run.Failed)
	says(t, r.Message.String(), "could not be reached until the window closed at 2026-11-01 02:05 UTC")
	// An open one waits.
	id := y.slot(backup.Full, time.Now().UTC().Add(-time.Minute).Format("2006-01-02T15:04"))
	says(t, y.ends(id, run.Waiting).Message.String(), "Asked again until")
	y.cloud.sql.ControlPort().Reset()
	y.ends(id, run.Succeeded)
}

// TestARestoreToASecond restores from the bucket alone, under another name,
// and compares the rows.
func TestARestoreToASecond(t *testing.T) {
	y := newYard(t)
	take := func(k backup.Kind) {
		y.ends(y.backUp(backupjob.BackUp{Kind: k, Databases: []string{"shop"}, BucketID: demoStaging}), run.Succeeded)
	}
	take(backup.Full)
	y.cloud.sql.StopLoad("shop")
	y.tick()
	y.tick()
	want, _ := y.cloud.sql.DatabaseNow("shop")
	at := time.Now().UTC().Truncate(time.Second)
	y.tick()
	y.tick()
	if err := y.cloud.sql.Load("shop", 200); err != nil {
		t.Fatal(err)
	}
	y.tick()
	take(backup.Log)
	// The files in the server's folder are gone; those in the bucket are left.
	for _, rec := range y.sets() {
		for _, c := range rec.Copies {
			if c.BucketID == demoBackups {
				if err := os.Remove(filepath.Join(y.cloud.backups, c.Keys[0])); err != nil {
					t.Fatal(err)
				}
				if err := y.app.DB.Catalogue().DropCopy(t.Context(), rec.ID, c.BucketID, time.Now(), demo{}.entry("set")); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	w := &backupjob.Restoring{Kit: y.kit, Restorers: y.app.Ports}
	o := backupjob.Restore{InstanceID: demoServer, Database: "shop", At: at, TargetID: demoServer, Name: "shop"}
	if _, err := w.Order(t.Context(), o, y.by()); !fault.Is(err, fault.Invalid) {
		t.Fatalf("over the database itself: %v", err)
	}
	o.Name = "shop_at"
	if _, err := y.cloud.sql.ControlPort().Add(control.Rule{Operation: "RESTORE DATABASE", Hold: "after"}); err != nil {
		t.Fatal(err)
	}
	id, err := w.Order(t.Context(), o, y.by())
	if err != nil {
		t.Fatal(err)
	}
	if !held(y.cloud.sql.ControlPort()) {
		t.Fatal("no restore came")
	}
	y.cancel() // a life ends in the middle
	y.cloud.sql.ControlPort().Release("")
	y.stop()
	y.start()
	y.ends(id, run.Succeeded)
	got, ok := y.cloud.sql.DatabaseNow("shop_at")
	if !ok || !got.Writable || fmt.Sprint(got.Tables) != fmt.Sprint(want.Tables) {
		t.Errorf("restored %+v\nwant %+v", got.Tables, want.Tables)
	}
	left, err := filepath.Glob(filepath.Join(y.cloud.backups, "restore_*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
