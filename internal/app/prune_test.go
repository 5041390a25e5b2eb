package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	ossemu "github.com/bakplane/bakplane/internal/emulator/oss"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

func TestAPolicyTakesCopiesAndPrunes(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.promise(policy.Policy{ID: app.NewID(), Name: "nightly", Enabled: true, Servers: []string{demo.Server}, Zone: "UTC", Window: time.Hour,
		Databases: policy.Selection{Exclude: []string{"sto*"}}, How: policy.How{Verify: true}, BucketID: demo.Staging,
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
	if _, err := backupjob.PruneNow(t.Context(), y.pruner, y.policy.ID, now, "another", app.NewID, y.by()); !fault.Is(err, fault.Conflict) {
		t.Errorf("another digest: %v", err)
	}
	id, err := backupjob.PruneNow(t.Context(), y.pruner, y.policy.ID, now, v.Digest, app.NewID, y.by())
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
	t.Parallel()
	y := newYard(t)
	y.promise(policy.Policy{ID: app.NewID(), Name: "nightly", Enabled: true, Servers: []string{demo.Server}, Zone: "UTC", Window: time.Hour,
		Databases: policy.Selection{Include: []string{"shop"}}, Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *"}}})
	y.ends(y.slot(backup.Full, "2026-11-20T02:00"), run.Succeeded)
	y.tick()
	y.ends(y.slot(backup.Full, "2026-11-21T02:00"), run.Succeeded)
	y.policy.Rules[0].Keep = policy.Keep{Count: 1}
	y.promise(y.policy)
	all := y.sets()
	if err := os.Remove(filepath.Join(y.cloud.Backups, all[1].Copies[0].Keys[0])); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	v, err := y.pruner.Preview(t.Context(), y.policy.ID, now)
	if err != nil || v.Sets != 1 {
		t.Fatalf("preview %+v, %v", v, err)
	}
	id, err := backupjob.PruneNow(t.Context(), y.pruner, y.policy.ID, now, v.Digest, app.NewID, y.by())
	if err != nil {
		t.Fatal(err)
	}
	says(t, y.ends(id, run.Failed).Message.String(), "not seen where it should lie")
	if !y.exists(demo.Backups, all[0].Copies[0].Keys[0]) {
		t.Error("the last full backup went")
	}
}

// TestABucketThatVanished: the backup is taken and kept where it lies, nothing
// goes, the run names the bucket, and the next slot still fires.
func TestABucketThatVanished(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.promise(policy.Policy{ID: app.NewID(), Name: "nightly", Enabled: true, Servers: []string{demo.Server}, Zone: "UTC", Window: time.Hour, BucketID: demo.Staging,
		Databases: policy.Selection{Include: []string{"shop"}}, Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *", Keep: policy.Keep{Count: 1}}}})
	y.ends(y.slot(backup.Full, "2026-11-20T02:00"), run.Succeeded)
	if err := y.cloud.OSS.DropBucket(emulators.Bucket); err != nil {
		t.Fatal(err)
	}
	y.tick()
	r := y.ends(y.slot(backup.Full, "2026-11-21T02:00"), run.Failed)
	says(t, r.Message.String()+r.Fix.String(), "1 database", emulators.Bucket)
	if all := y.sets(); len(all) != 2 || !all[0].Gone.IsZero() || !all[1].Gone.IsZero() {
		t.Errorf("want both sets in the catalogue: %+v", all)
	}
	for _, rec := range y.sets() {
		here := slices.IndexFunc(rec.Copies, func(c backup.Copy) bool { return c.BucketID == demo.Backups })
		if here < 0 || !y.exists(demo.Backups, rec.Copies[here].Keys[0]) {
			t.Errorf("%+v is gone from the server's folder", rec.Copies)
		}
	}
	if err := y.cloud.OSS.SetBucket(ossemu.Bucket{Name: emulators.Bucket, Region: emulators.Region, Owner: emulators.Owner}); err != nil {
		t.Fatal(err)
	}
	y.tick()
	y.ends(y.slot(backup.Full, "2026-11-22T02:00"), run.Succeeded)
}

func TestAServerThatIsDownAtItsHour(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.promise(policy.Policy{ID: app.NewID(), Name: "nightly", Enabled: true, Servers: []string{demo.Server}, Zone: "UTC", Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *"}}})
	disabled, enabled := true, false
	y.cloud.SQL.PatchLogin(emulators.Login, sqlserveremu.LoginPatch{Disabled: &disabled})
	y.cloud.SQL.Cut(emulators.Login)
	r := y.ends(y.slot(backup.Full, time.Now().UTC().Format("2006-01-02T15:04")), run.Failed)
	says(t, r.Message.String()+r.Fix.String(), "login or its password is wrong", "error log")
	y.cloud.SQL.PatchLogin(emulators.Login, sqlserveremu.LoginPatch{Disabled: &enabled})
	// The window of an old slot is over.
	if _, err := y.cloud.SQL.ControlPort().Add(control.Rule{Operation: "SELECT", Times: -1, CutAnswer: new(int64)}); err != nil {
		t.Fatal(err)
	}
	r = y.ends(y.slot(backup.Full, "2026-11-01T02:00"), run.Failed)
	says(t, r.Message.String(), "could not be reached until the window closed at 2026-11-01 02:05 UTC")
	// An open one waits.
	id := y.slot(backup.Full, time.Now().UTC().Add(-time.Minute).Format("2006-01-02T15:04"))
	says(t, y.ends(id, run.Waiting).Message.String(), "Asked again until")
	y.cloud.SQL.ControlPort().Reset()
	y.ends(id, run.Succeeded)
}

// TestARestoreToASecond restores from the bucket alone, under another name,
// and compares the rows.
func TestARestoreToASecond(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	take := func(k backup.Kind) {
		y.ends(y.backUp(backupjob.BackUp{Kind: k, Databases: []string{"shop"}, BucketID: demo.Staging}), run.Succeeded)
	}
	take(backup.Full)
	y.cloud.SQL.StopLoad("shop")
	y.tick()
	y.tick()
	want, _ := y.cloud.SQL.DatabaseNow("shop")
	at := time.Now().UTC().Truncate(time.Second)
	y.tick()
	y.tick()
	if err := y.cloud.SQL.Load("shop", 200); err != nil {
		t.Fatal(err)
	}
	y.tick()
	take(backup.Log)
	// The files in the server's folder are gone; those in the bucket are left.
	for _, rec := range y.sets() {
		for _, c := range rec.Copies {
			if c.BucketID == demo.Backups {
				if err := os.Remove(filepath.Join(y.cloud.Backups, c.Keys[0])); err != nil {
					t.Fatal(err)
				}
				if err := y.app.DB.Catalogue().DropCopies(t.Context(), []string{rec.ID}, c.BucketID, time.Now(), demo.Furnisher{}.Entry("set")); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	w := &backupjob.Restoring{Kit: y.kit, Restorers: y.app.Ports}
	o := backupjob.Restore{InstanceID: demo.Server, Database: "shop", At: at, TargetID: demo.Server, Name: "shop"}
	if _, err := w.Order(t.Context(), o, y.by()); !fault.Is(err, fault.Invalid) {
		t.Fatalf("over the database itself: %v", err)
	}
	o.Name = "shop_at"
	if _, err := y.cloud.SQL.ControlPort().Add(control.Rule{Operation: "RESTORE DATABASE", Hold: "after"}); err != nil {
		t.Fatal(err)
	}
	id, err := w.Order(t.Context(), o, y.by())
	if err != nil {
		t.Fatal(err)
	}
	if !held(y.cloud.SQL.ControlPort()) {
		t.Fatal("no restore came")
	}
	y.cancel() // a life ends in the middle
	y.cloud.SQL.ControlPort().Release("")
	y.stop()
	y.start()
	y.ends(id, run.Succeeded)
	got, ok := y.cloud.SQL.DatabaseNow("shop_at")
	if !ok || !got.Writable || fmt.Sprint(got.Tables) != fmt.Sprint(want.Tables) {
		t.Errorf("restored %+v\nwant %+v", got.Tables, want.Tables)
	}
	left, err := filepath.Glob(filepath.Join(y.cloud.Backups, "restore_*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
