package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/db"
	"github.com/bakplane/bakplane/internal/emulator/door"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/migration"
)

// prepareLive writes a started migration of the cloud's SQL Server into a new
// data folder, with a load going.
func prepareLive(t testing.TB, c *cloudProcess, freeze migration.Freeze) *journey {
	t.Helper()
	ctx := context.Background()
	j := &journey{t: t, cloud: c, data: t.TempDir(), files: c.SQLBackups, database: "shop"}
	if err := (door.Remote{URL: c.SQLControl}).Call(ctx, "POST", "/databases/shop/load", map[string]any{"rate": 100}, nil); err != nil {
		t.Fatal(err)
	}
	j.open(func(d *db.DB) {
		p := newPorts(d, j.data)
		furnish := demo{app: &App{DB: d, Ports: p}, cloud: c.addresses}
		if err := furnish.places(ctx, t.TempDir()); err != nil {
			t.Fatal(err)
		}
		m, err := migration.LiveWish{ServerID: demoServer, Source: "shop", InstanceID: demoInstance, StagingID: demoStaging, StagingPrefix: "live/", Every: time.Hour, Freeze: freeze}.Draft(demoBackups)
		if err != nil {
			t.Fatal(err)
		}
		findings, facts, err := migration.LivePreflight(ctx, p, m, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if j.id, err = migration.StartLive(ctx, d.Migrations(), m, facts, findings, newID, furnish.by()); err != nil {
			t.Fatal(err)
		}
	})
	return j
}

// orderCutover writes the order while nobody is at work on the folder; false
// when it is too early for it.
func (j *journey) orderCutover() (ordered bool) {
	j.open(func(d *db.DB) {
		ordered = migration.OrderCutover(context.Background(), d.Migrations(), j.id, demo{}.by()) == nil
	})
	return ordered
}

// equal compares the target's rows with the frozen source's.
func (j *journey) equal() error {
	ctx := context.Background()
	var source sqlserveremu.DatabaseState
	if err := (door.Remote{URL: j.cloud.SQLControl}).Call(ctx, "GET", "/databases/shop", nil, &source); err != nil {
		return err
	}
	var target struct {
		Databases map[string]struct {
			Restored bool            `json:"restored"`
			Contents json.RawMessage `json:"contents"`
		} `json:"databases"`
	}
	if err := j.cloud.rds.Call(ctx, "GET", "/instances/"+j.cloud.Instance, nil, &target); err != nil {
		return err
	}
	shop := target.Databases["shop"]
	sums, err := sqlserveremu.Sums(shop.Contents)
	if err != nil {
		return err
	}
	if source.Writable || !shop.Restored || len(sums) == 0 || !maps.Equal(sums, source.Tables) {
		return fmt.Errorf("source writable %v, target open %v, target %+v, source %+v", source.Writable, shop.Restored, sums, source.Tables)
	}
	return nil
}

// TestALiveMigrationIsKilledAtRandom kills the dashboard at random moments of
// a migration from a server under load, before, during and after the cutover.
// It always ends open with equal contents. BAKPLANE_KILLS says how many.
func TestALiveMigrationIsKilledAtRandom(t *testing.T) {
	journeys := 6
	if n, err := strconv.Atoi(os.Getenv("BAKPLANE_KILLS")); err == nil {
		journeys = n
	}
	for i := range journeys {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(i), 20260302))
			c := startCloud(t)
			j := prepareLive(t, c, migration.FreezeTail)
			ordered := false
			for life := 0; life < 60 && (!ordered || life < 6); life++ {
				p := j.serve()
				time.Sleep(time.Duration(30+random.IntN(400)) * time.Millisecond)
				p.kill()
				ordered = ordered || j.orderCutover()
			}
			if !ordered {
				t.Fatal("the full backup was never applied")
			}
			p := j.serve()
			defer p.kill()
			if err := j.finished(60 * time.Second); err != nil {
				t.Fatal(err)
			}
			p.kill()
			if err := j.equal(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
