package main

import (
	"context"
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
			ctx := context.Background()
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
			var source, target sqlserveremu.DatabaseState
			if err := (control.Remote{URL: c.SQLControl}).Call(ctx, "GET", "/databases/shop", nil, &source); err != nil {
				t.Fatal(err)
			}
			if err := (control.Remote{URL: c.AWSControl}).Call(ctx, "GET", "/databases/shop", nil, &target); err != nil {
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
			})
		})
	}
}
