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

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/run"
)

// prepareLive writes a started migration of the cloud's SQL Server into a new
// data folder, with a load going.
func prepareLive(t testing.TB, c *cloudProcess, freeze migration.Freeze) *journey {
	t.Helper()
	ctx := context.Background()
	j := &journey{t: t, cloud: c, data: t.TempDir(), files: c.SQLBackups, database: "shop", freeze: freeze}
	if err := (control.Remote{URL: c.SQLControl}).Call(ctx, "POST", "/databases/shop/load", map[string]any{"rate": 100}, nil); err != nil {
		t.Fatal(err)
	}
	j.open(func(d *sqlite.DB) {
		p := app.NewPorts(d, j.data)
		furnish := demo.Furnisher{App: &app.App{DB: d, Ports: p}, Cloud: c.Addresses}
		if err := furnish.Places(ctx, t.TempDir()); err != nil {
			t.Fatal(err)
		}
		m, err := migration.LiveRequest{ServerID: demo.Server, Source: "shop", InstanceID: demo.Instance, StagingID: demo.Staging, StagingPrefix: "live/", Traits: aliyun.Traits(), Every: time.Hour, Freeze: freeze}.Draft(demo.Backups)
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
	return j
}

// orderCutover writes the order while nobody is at work on the folder; false
// when it is too early for it.
func (j *journey) orderCutover() (ordered bool) {
	j.open(func(d *sqlite.DB) {
		ordered = migration.OrderCutover(context.Background(), d.Migrations(), j.id, demo.Furnisher{}.By()) == nil
	})
	return ordered
}

// equal compares the target's rows with those of the frozen source, or of the
// one whose application was stopped.
func (j *journey) equal() error {
	ctx := context.Background()
	var source sqlserveremu.DatabaseState
	if err := (control.Remote{URL: j.cloud.SQLControl}).Call(ctx, "GET", "/databases/shop", nil, &source); err != nil {
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
	frozen := !source.Writable || j.freeze == migration.FreezeStopped // that leaves it as it is
	if !frozen || !shop.Restored || len(sums) == 0 || !maps.Equal(sums, source.Tables) {
		return fmt.Errorf("source writable %v, target open %v, target %+v, source %+v", source.Writable, shop.Restored, sums, source.Tables)
	}
	return nil
}

// until waits, beside a dashboard at work on the folder, for a state of the
// migration; a problem ends the wait.
func (j *journey) until(what string, ok func(migration.Migration) bool) migration.Migration {
	j.t.Helper()
	d, err := sqlite.Inspect(context.Background(), j.data, j.keys(), run.NewNotifier())
	if err != nil {
		j.t.Fatal(err)
	}
	defer d.Close()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		m, err := d.Migrations().Migration(context.Background(), j.id)
		if err != nil {
			j.t.Fatal(err)
		}
		if ok(m) {
			return m
		}
		if m.Problem != nil || time.Now().After(deadline) {
			j.t.Fatalf("waiting for %s: stage %s, problem %+v", what, m.Stage, m.Problem)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// orderAbort is like orderCutover; false when it is too late for it.
func (j *journey) orderAbort() (ordered bool) {
	j.open(func(d *sqlite.DB) {
		ordered = migration.OrderAbort(context.Background(), d.Migrations(), j.id, j.database, demo.Furnisher{}.By()) == nil
	})
	return ordered
}

// givenBack: the source takes writes, and the target holds nothing of it.
func (j *journey) givenBack() error {
	ctx := context.Background()
	var source sqlserveremu.DatabaseState
	if err := (control.Remote{URL: j.cloud.SQLControl}).Call(ctx, "GET", "/databases/"+j.database, nil, &source); err != nil {
		return err
	}
	var target struct {
		Databases map[string]json.RawMessage `json:"databases"`
	}
	if err := j.cloud.rds.Call(ctx, "GET", "/instances/"+j.cloud.Instance, nil, &target); err != nil {
		return err
	}
	if there, ok := target.Databases[j.database]; ok || !source.Writable {
		return fmt.Errorf("source writable %v, target %s", source.Writable, there)
	}
	return nil
}

// cutoverKilled is a whole journey whose dashboard is killed twice in the
// cutover, at random moments. It ends open with equal contents, or aborted with
// the source writable.
func cutoverKilled(t *testing.T, random *rand.Rand, freeze migration.Freeze, abort bool) {
	t.Helper()
	j := prepareLive(t, startCloud(t), freeze)
	p := j.serve()
	j.until("the differential applied", follows)
	p.kill()
	if freeze == migration.FreezeStopped { // a person stops the application
		if err := (control.Remote{URL: j.cloud.SQLControl}).Call(t.Context(), "DELETE", "/databases/shop/load", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if !j.orderCutover() {
		t.Fatal("it follows, and the cutover cannot be ordered")
	}
	for range 2 {
		p = j.serve()
		time.Sleep(time.Duration(random.IntN(250)) * time.Millisecond)
		p.kill()
	}
	abort = abort && j.orderAbort() // too late: it goes on to the open database
	p = j.serve()
	m := j.until("the end", func(m migration.Migration) bool { return m.Stage.Ended() })
	p.kill()
	if abort {
		if err := j.givenBack(); err != nil || !m.Opened.IsZero() {
			t.Fatalf("aborted: opened %v, %v", m.Opened, err)
		}
		return
	}
	if freeze == migration.FreezeStopped && (m.LiveSource.Proven.IsZero() || m.LiveSource.Proven.After(m.Opened)) {
		t.Fatalf("opened %s, proven %s", m.Opened, m.LiveSource.Proven)
	}
	if err := j.equal(); err != nil {
		t.Fatal(err)
	}
}

// TestALiveMigrationIsKilledAtRandom kills the dashboard at random moments of
// a migration from a server under load, before, during and after the cutover.
// It always ends open with equal contents. BAKPLANE_KILLS says how many.
func TestALiveMigrationIsKilledAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	journeys := 2
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
				time.Sleep(time.Duration(30+random.IntN(400)) * time.Millisecond * time.Duration(1+life/6)) // a slow machine comes to something, too
				p.kill()
				ordered = ordered || j.orderCutover()
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
			if err := j.equal(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestCutoversKilled kills the dashboard in the cutover: every fourth is then
// given up, as long as that can be had. BAKPLANE_CUTOVERS says how many.
func TestCutoversKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	n := 2
	if s, err := strconv.Atoi(os.Getenv("BAKPLANE_CUTOVERS")); err == nil {
		n = s
	}
	for i := range n {
		freeze := []migration.Freeze{migration.FreezeTail, migration.FreezeStopped}[i%2]
		t.Run(fmt.Sprintf("%d %s", i, freeze), func(t *testing.T) {
			cutoverKilled(t, rand.New(rand.NewPCG(uint64(i), 7)), freeze, i%4 == 3)
		})
	}
}

func following(m migration.Migration) bool { return m.Stage == migration.StageFollowing }
func follows(m migration.Migration) bool   { return following(m) && len(m.Chain()) >= 2 }
