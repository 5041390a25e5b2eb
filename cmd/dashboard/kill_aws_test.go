package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/awsrds"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
)

// prepareAWS writes a started migration from the SQL Server to the instance of
// Amazon RDS, with logs in a hurry and a load going.
func prepareAWS(t testing.TB, c *cloudProcess, freeze migration.Freeze, keep migration.Keeping) *journey {
	t.Helper()
	ctx := context.Background()
	j := &journey{t: t, cloud: c, data: t.TempDir(), files: c.SQLBackups, database: "shop"}
	if err := (control.Remote{URL: c.SQLControl}).Call(ctx, "POST", "/databases/shop/load", map[string]any{"rate": 50}, nil); err != nil {
		t.Fatal(err)
	}
	if err := (control.Remote{URL: c.SQLControl}).Call(ctx, "PATCH", "/databases/shop", map[string]any{"cdc": keep.CDC}, nil); err != nil {
		t.Fatal(err)
	}
	j.open(func(d *sqlite.DB) {
		p := app.NewPorts(d, j.data)
		furnish := demo.Furnisher{App: &app.App{DB: d, Ports: p}, Cloud: c.Addresses}
		if err := furnish.Places(ctx, t.TempDir()); err != nil {
			t.Fatal(err)
		}
		m, err := migration.LiveRequest{ServerID: demo.Server, Source: "shop", InstanceID: demo.RDS, StagingID: demo.S3, Traits: awsrds.Traits(), Every: time.Hour, Freeze: freeze, Keep: keep}.Draft(demo.Backups)
		if err != nil {
			t.Fatal(err)
		}
		findings, facts, err := preflight.Live(ctx, p, m, time.Now)
		if err != nil || !migration.MayStart(findings) {
			t.Fatalf("%+v, %v", findings, err)
		}
		m.LiveSource.Every = 500 * time.Millisecond
		if j.id, err = migration.StartLive(ctx, d.Migrations(), m, facts.Origin(), findings, app.NewID, furnish.By()); err != nil {
			t.Fatal(err)
		}
	})
	return j
}

// TestAMoveToAWSIsKilledAtRandom kills the dashboard at random moments of full,
// differential, logs and finish. It ends open with equal contents, and each file
// was restored by one task. BAKPLANE_KILLS says how many journeys.
func TestAMoveToAWSIsKilledAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	journeys := 1
	if n, err := strconv.Atoi(os.Getenv("BAKPLANE_KILLS")); err == nil {
		journeys = n
	}
	for i := range journeys {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(i), 20261130))
			c := startCloud(t)
			keep := migration.Keeping{CDC: i%3 == 0} // the tail opens it then, and nothing is finished
			j := prepareAWS(t, c, []migration.Freeze{migration.FreezeReadOnly, migration.FreezeTail}[i%2], keep)
			ordered := false
			for life := 0; life < 60 && (!ordered || life < 6); life++ {
				p := j.serve()
				time.Sleep(time.Duration(30+random.IntN(500)) * time.Millisecond * time.Duration(1+life/6)) // a slow machine comes to something, too
				p.kill()
				if life >= 3 {
					ordered = ordered || j.orderCutover()
				}
			}
			if !ordered {
				t.Fatal("the full backup was never applied")
			}
			p := j.serve()
			defer p.kill()
			if err := j.finished(5 * time.Minute); err != nil {
				t.Fatal(err)
			}
			p.kill()
			j.movedToAWS(keep)
		})
	}
}

// TestAMoveToAWSIsKilledAtEveryBoundary kills the dashboard while a procedure of
// full, differential, three logs and the finish is held by the service: before
// it queued a task, and with the task queued and the answer not yet sent. With
// BAKPLANE_KILLS, as cmd/bench sets it, every one is held; else the far side of
// the full's restore and of the finish.
func TestAMoveToAWSIsKilledAtEveryBoundary(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	every := os.Getenv("BAKPLANE_KILLS") != ""
	const full, log, finish = "rds_restore_database", "rds_restore_log", "rds_finish_restore"
	for _, b := range []struct {
		procedure string
		skip      int
	}{{full, 0}, {full, 1}, {log, 0}, {log, 1}, {log, 2}, {finish, 0}} {
		for _, when := range []string{"before", "after"} {
			if !every && (when == "before" || b.procedure == log || b.skip > 0) {
				continue
			}
			t.Run(fmt.Sprintf("%s_%d_%s", b.procedure, b.skip+1, when), func(t *testing.T) {
				ctx := t.Context()
				c := startCloud(t)
				aws := control.Remote{URL: c.AWSControl}
				j := prepareAWS(t, c, migration.FreezeReadOnly, migration.Keeping{})
				if _, err := aws.Add(ctx, control.Rule{Match: "^/EXECUTE/" + b.procedure, Skip: b.skip, Hold: when}); err != nil {
					t.Fatal(err)
				}
				held := func(p *process) {
					t.Helper()
					if held, err := aws.Held(ctx, 5*time.Minute); err != nil || len(held) == 0 {
						t.Fatalf("no %s number %d came: %v", b.procedure, b.skip+1, err)
					}
					p.kill()
					if err := aws.Release(ctx, ""); err != nil {
						t.Fatal(err)
					}
				}
				p := j.serve()
				if b.procedure != finish {
					held(p)
					p = j.serve()
				}
				j.until("three logs applied", threeLogs)
				p.kill()
				if !j.orderCutover() {
					t.Fatal("the cutover cannot be ordered")
				}
				p = j.serve()
				if b.procedure == finish {
					held(p)
					p = j.serve()
				}
				if err := j.finished(5 * time.Minute); err != nil {
					t.Fatal(err)
				}
				p.kill()
				j.movedToAWS(migration.Keeping{})
			})
		}
	}
}

// threeLogs: the differential and three logs behind it are applied.
func threeLogs(m migration.Migration) bool {
	kinds := map[string]int{}
	for _, f := range m.Chain() {
		if f.State == migration.FileApplied {
			kinds[f.Kind]++
		}
	}
	return kinds[string(backup.Differential)] == 1 && kinds[string(backup.Log)] >= 3
}

// movedToAWS proves what must hold after a move, whatever happened on the way:
// equal contents, one task for each file and one that opened the database, none
// that failed, and a whole audit chain.
func (j *journey) movedToAWS(keep migration.Keeping) {
	t, ctx := j.t, context.Background()
	t.Helper()
	var source, target sqlserveremu.DatabaseState
	if err := (control.Remote{URL: j.cloud.SQLControl}).Call(ctx, "GET", "/databases/shop", nil, &source); err != nil {
		t.Fatal(err)
	}
	if err := (control.Remote{URL: j.cloud.AWSControl}).Call(ctx, "GET", "/databases/shop", nil, &target); err != nil {
		t.Fatal(err)
	}
	if source.Writable || !target.Writable || len(source.Tables) == 0 || !maps.Equal(source.Tables, target.Tables) {
		t.Fatalf("source %+v, target %+v", source, target)
	}
	j.open(func(d *sqlite.DB) {
		server, _, err := app.NewPorts(d, j.data).Server(ctx, demo.RDS)
		if err != nil {
			t.Fatal(err)
		}
		tasks, err := server.(backup.TaskLister).ServiceTasks(ctx)
		if err != nil {
			t.Fatal(err)
		}
		once := map[string]int{}
		for _, k := range tasks {
			if k.Failed || !k.Over {
				t.Errorf("task %+v", k)
			}
			if strings.HasPrefix(k.Type, "RESTORE_DB") || k.Type == "FINISH_RESTORE" {
				once[k.Type+" "+k.Object]++
			}
		}
		for what, n := range once {
			if n != 1 {
				t.Errorf("%d tasks of %s", n, what)
			}
		}
		m, err := d.Migrations().Migration(ctx, j.id)
		want := len(m.Chain()) + 1
		if keep.CDC {
			want--
		}
		if err != nil || len(once) != want {
			t.Errorf("%d files, %d tasks, %v", len(m.Chain()), len(once), err)
		}
		if there, err := server.Database(ctx, "shop"); err != nil || there.CDC != keep.CDC {
			t.Errorf("change data capture is %v, %v", there.CDC, err)
		}
		if _, err := d.VerifyAudit(ctx); err != nil {
			t.Error(err)
		}
	})
}
