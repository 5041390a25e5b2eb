package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

func TestABackupOfEveryDatabase(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	id := y.backUp(backupjob.BackUp{Kind: backup.Full, How: policy.How{Compress: true, Verify: true, Stripes: 2}, BucketID: demo.Staging})
	r := y.ends(id, run.Succeeded)
	says(t, r.Message.String(), "3 full backups of SQLDEMO", "3 databases")
	records := y.sets()
	if len(records) != 3 {
		t.Fatalf("%d records", len(records))
	}
	bucket, err := y.app.Ports.Bucket(t.Context(), demo.Staging)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if rec.Set.Last.IsZero() || rec.Verified.IsZero() || len(rec.Copies) != 2 || rec.Origin != backup.ByUs || rec.State != backup.Complete || rec.Set.Database != rec.Database {
			t.Errorf("record %+v", rec)
		}
		for _, c := range rec.Copies {
			if c.BucketID != demo.Staging {
				continue
			}
			for i, k := range c.Keys {
				if !strings.HasPrefix(k, "backups/SQLDEMO/"+rec.Database+"/full/SQLDEMO_"+rec.Database+"_FULL_manual_") || !strings.HasSuffix(k, fmt.Sprintf("_%dof2.bak", i+1)) {
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
	all, _ := y.app.DB.Catalogue().Sets(t.Context(), demo.Server, "shop", 100)
	for _, rec := range all {
		sets = append(sets, rec.Set)
	}
	plans := backup.Plans(sets, backup.Options{})
	if len(plans) != 1 || !plans[0].Whole() || len(plans[0].Steps) != 4 {
		t.Errorf("plans %+v", plans)
	}
}

func TestABackupThatFailsInTheMiddle(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	some := int64(100 << 10)
	y.cloud.SQL.SetDisk(sqlserveremu.Disk{FailAfter: &some})
	id := y.backUp(backupjob.BackUp{Kind: backup.Full})
	r := y.ends(id, run.Failed)
	says(t, r.Message.String()+r.Fix.String(), "0 of 3 databases", "is full", "Make room there")
	if n := len(y.sets()); n != 0 {
		t.Errorf("%d records", n)
	}
	y.cloud.SQL.SetDisk(sqlserveremu.Disk{})
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
	t.Parallel()
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			y := newYard(t)
			if _, err := y.cloud.SQL.ControlPort().Add(control.Rule{Operation: "BACKUP DATABASE", Hold: when}); err != nil {
				t.Fatal(err)
			}
			id := y.backUp(backupjob.BackUp{Kind: backup.Full, Databases: []string{"shop"}})
			if !held(y.cloud.SQL.ControlPort()) {
				t.Fatal("no backup came")
			}
			y.cloud.SQL.Cut(emulators.Login)
			y.cloud.SQL.ControlPort().Release("")
			y.ends(id, run.Succeeded)
			y.once(id)
		})
	}
}

// TestLivesOfABackupEndAtEveryBoundary ends the engine while a statement or a
// request is held, before and after it acted; a new life ends the run with
// everything done once.
func TestLivesOfABackupEndAtEveryBoundary(t *testing.T) {
	t.Parallel()
	type boundary struct{ limiter, operation string }
	for _, b := range []boundary{{"sql", "BACKUP DATABASE"}, {"sql", "RESTORE VERIFYONLY"}, {"oss", "PutObject"}} {
		for _, when := range []string{"before", "after"} {
			t.Run(b.operation+" "+when, func(t *testing.T) {
				y := newYard(t)
				d := y.cloud.SQL.ControlPort()
				if b.limiter == "oss" {
					d = y.cloud.OSS.ControlPort()
				}
				if _, err := d.Add(control.Rule{Operation: b.operation, Hold: when}); err != nil {
					t.Fatal(err)
				}
				id := y.backUp(backupjob.BackUp{Kind: backup.Full, Databases: []string{"shop", "stock"}, How: policy.How{Verify: true}, BucketID: demo.Staging})
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
	t.Parallel()
	y := newYard(t)
	rate := int64(64 << 10)
	if err := y.cloud.SQL.SetServer("", "", &rate); err != nil {
		t.Fatal(err)
	}
	id := y.backUp(backupjob.BackUp{Kind: backup.Full, Databases: []string{"shop"}})
	server, _, err := y.app.Ports.Server(t.Context(), demo.Server)
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
