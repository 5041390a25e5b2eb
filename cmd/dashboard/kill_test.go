package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
)

// TestKilledAtEveryBoundary kills the dashboard while one of its requests is
// held by the cloud: before the cloud acts, and after it acted with the answer
// not yet sent. These are the two sides of every boundary between steps that
// the world can see. A new life must finish with everything done once.
//
// With BAKPLANE_KILLS, as cmd/bench sets it, every request of every kind is
// held; else both sides of the first of those that change something, and one of
// the others.
func TestKilledAtEveryBoundary(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	c := startCloud(t)
	type boundary struct {
		remote    control.Remote
		operation string
		skip      int
		when      string
	}
	var all []boundary
	every := os.Getenv("BAKPLANE_KILLS") != ""
	add := func(remote control.Remote, operation string, times int) {
		changes := !strings.HasPrefix(operation, "Describe")
		for skip := range times {
			for _, when := range []string{"before", "after"} {
				if every || skip == 0 && (changes || when == "after") {
					all = append(all, boundary{remote, operation, skip, when})
				}
			}
		}
	}
	// Two files, the full one in five parts, the other in two.
	add(c.oss, "InitiateMultipartUpload", 2)
	add(c.oss, "UploadPart", 7)
	add(c.oss, "CompleteMultipartUpload", 2)
	add(c.rds, "CreateMigrateTask", 2)
	add(c.rds, "CreateOnlineDatabaseTask", 1)
	add(c.rds, "DescribeDBInstanceAttribute", 1)
	add(c.rds, "DescribeMigrateTasks", 1)
	add(c.rds, "DescribeMigrateTaskById", 3)
	add(c.rds, "DescribeOssDownloads", 3)
	for i, b := range all {
		t.Run(fmt.Sprintf("%s_%d_%s", b.operation, b.skip+1, b.when), func(t *testing.T) {
			j := prepare(t, c, fmt.Sprintf("boundary%d", i))
			ctx := t.Context()
			if _, err := b.remote.Add(ctx, control.Rule{Operation: b.operation, Skip: b.skip, Hold: b.when}); err != nil {
				t.Fatal(err)
			}
			first := j.serve()
			held, err := b.remote.Held(ctx, 5*time.Minute)
			if err != nil || len(held) == 0 {
				t.Fatalf("no %s number %d came: %v", b.operation, b.skip+1, err)
			}
			first.kill()
			if err := b.remote.Release(ctx, ""); err != nil {
				t.Fatal(err)
			}
			second := j.serve()
			defer second.kill()
			if err := j.finished(5 * time.Minute); err != nil {
				t.Fatal(err)
			}
			second.kill()
			if err := j.proof(); err != nil {
				t.Fatal(err)
			}
			c.reset(t)
		})
	}
}

func (c *cloudProcess) reset(t testing.TB) {
	t.Helper()
	for _, r := range []control.Remote{c.oss, c.rds} {
		if err := r.Reset(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilledAtRandom kills the dashboard at random moments of the whole
// migration, one to three times each. BAKPLANE_KILLS says how many journeys.
func TestKilledAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	journeys := 3
	if n, err := strconv.Atoi(os.Getenv("BAKPLANE_KILLS")); err == nil {
		journeys = n
	}
	c := startCloud(t)
	began := time.Now()
	j := prepare(t, c, "undisturbed")
	p := j.serve()
	if err := j.finished(5 * time.Minute); err != nil {
		t.Fatal(err)
	}
	p.kill()
	if err := j.proof(); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(began)
	t.Logf("an undisturbed journey takes %s", whole.Round(time.Millisecond))
	for i := range journeys {
		seed := uint64(i)
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 20260301))
			j := prepare(t, c, fmt.Sprintf("random%d", i))
			for range 1 + random.IntN(3) {
				p := j.serve()
				time.Sleep(time.Duration(random.Int64N(int64(whole))))
				p.kill()
			}
			p := j.serve()
			defer p.kill()
			if err := j.finished(5 * time.Minute); err != nil {
				t.Fatal(err)
			}
			p.kill()
			if err := j.proof(); err != nil {
				t.Fatal(err)
			}
			c.reset(t)
		})
	}
}
