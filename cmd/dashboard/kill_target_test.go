package main

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// TestACopyToAServerOfOnesOwnIsKilledAtRandom kills the dashboard at random
// moments of a migration between two databases of one server, the full restore
// slow enough to be hit. It ends open with equal contents and asks nobody.
func TestACopyToAServerOfOnesOwnIsKilledAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	for i := range 3 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			ctx := context.Background()
			random := rand.New(rand.NewPCG(uint64(i), 33))
			c := startCloud(t)
			control := control.Remote{URL: c.SQLControl}
			j := &journey{t: t, cloud: c, data: t.TempDir(), files: c.SQLBackups, database: "shop copy"}
			if err := control.Call(ctx, "POST", "/databases/shop/load", map[string]any{"rate": 50}, nil); err != nil {
				t.Fatal(err)
			}
			if err := control.Call(ctx, "PUT", "/disk", sqlserveremu.Disk{Rate: 4 << 20}, nil); err != nil {
				t.Fatal(err)
			}
			j.open(func(d *sqlite.DB) {
				p := app.NewPorts(d, j.data)
				furnish := demo.Furnisher{App: &app.App{DB: d, Ports: p}, Cloud: c.Addresses}
				if err := furnish.Places(ctx, t.TempDir()); err != nil {
					t.Fatal(err)
				}
				m, err := migration.LiveRequest{ServerID: demo.Server, Source: "shop", InstanceID: demo.Server, Database: "shop copy", StagingID: demo.Backups, Traits: sqlserver.Traits(), Every: time.Hour}.Draft(demo.Backups)
				if err != nil {
					t.Fatal(err)
				}
				findings, facts, err := preflight.Live(ctx, p, m, time.Now)
				if err != nil {
					t.Fatal(err)
				}
				if j.id, err = migration.StartLive(ctx, d.Migrations(), m, facts.Origin(), findings, app.NewID, furnish.By()); err != nil {
					t.Fatal(err)
				}
			})
			ordered := false
			for life := 0; life < 40 && (!ordered || life < 5); life++ {
				p := j.serve()
				time.Sleep(time.Duration(100+random.IntN(500)) * time.Millisecond * time.Duration(1+life/4)) // a slow machine comes to something, too
				p.kill()
				ordered = ordered || j.orderCutover()
				if life == 3 { // it has been hit often enough
					if err := control.Call(ctx, "PUT", "/disk", sqlserveremu.Disk{}, nil); err != nil {
						t.Fatal(err)
					}
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
			if err := errors.Join(control.Call(ctx, "GET", "/databases/shop", nil, &source), control.Call(ctx, "GET", "/databases/shop%20copy", nil, &target)); err != nil {
				t.Fatal(err)
			}
			if source.Writable || !target.Writable || len(source.Tables) == 0 || !maps.Equal(source.Tables, target.Tables) {
				t.Fatalf("source %+v, target %+v", source, target)
			}
			j.open(func(d *sqlite.DB) {
				m, err := d.Migrations().Migration(ctx, j.id)
				if err != nil {
					t.Fatal(err)
				}
				replaced := 0
				for _, call := range m.Calls {
					if strings.Contains(call.Request, "REPLACE") {
						replaced++
					}
				}
				t.Logf("%d calls, the half-made database was replaced %d times", len(m.Calls), replaced)
			})
		})
	}
}
