package main

import (
	"context"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
	"github.com/bakplane/bakplane/internal/run"
)

// TestAComparisonThatWasKilledBeginsAnew: kill -9 while it reads is followed by
// a life that reads from the start.
func TestAComparisonThatWasKilledBeginsAnew(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	c := startCloud(t)
	j := prepareLive(t, c, migration.FreezeReadOnly)
	instance := control.Remote{URL: c.ReadingControl}
	if err := instance.Call(t.Context(), "POST", "/rules", control.Rule{Operation: "SELECT", Hold: "before"}, nil); err != nil {
		t.Fatal(err)
	}
	p := j.serve()
	j.until("the differential applied", follows)
	p.kill()
	if !j.orderCutover() {
		t.Fatal("it follows, and the cutover cannot be ordered")
	}
	p = j.serve()
	if err := j.finished(5 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if held, err := instance.Held(t.Context(), 5*time.Minute); err != nil || len(held) == 0 {
		t.Fatalf("nothing is read: %v", err)
	}
	p.kill()
	if last := j.comparison(); last.Verdict() != compare.Comparing {
		t.Fatalf("before the kill: %s", last.Words())
	}
	p = j.serve()
	defer p.kill()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		last := j.comparison()
		if last.Verdict() == compare.Equal {
			return
		}
		if time.Now().After(end) || last.Verdict() != compare.Comparing {
			t.Fatalf("after the kill: %s", last.Words())
		}
	}
}

// comparison is the newest one, read beside a dashboard that may be at work.
func (j *journey) comparison() compare.Comparison {
	j.t.Helper()
	d, err := sqlite.Inspect(context.Background(), j.data, j.keys(), run.NewNotifier())
	if err != nil {
		j.t.Fatal(err)
	}
	defer d.Close()
	last, err := d.Migrations().LastComparison(context.Background(), j.id)
	if err != nil || last == nil {
		j.t.Fatalf("%v %v", last, err)
	}
	return *last
}
