package progress

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

func TestGlancesAskSeldomAndNeverHoldAPageUp(t *testing.T) {
	var g Glances
	now := time.Date(2026, 11, 20, 13, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	var asked atomic.Int32
	answer := func(context.Context) ([]backup.Database, error) {
		asked.Add(1)
		return []backup.Database{{Name: "orders", LogBytesSinceBackup: 7}}, nil
	}
	for range 10 {
		if got := g.Look(t.Context(), "a", clock, answer); waiting(got) != 7 || !got.At.Equal(now) {
			t.Fatalf("%+v", got)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
	// A source that fails keeps its last answer, and says that it failed.
	now = now.Add(glanceEvery)
	got := g.Look(t.Context(), "a", clock, func(context.Context) ([]backup.Database, error) { return nil, errors.New("gone") })
	if got.Err == nil || waiting(got) != 7 || got.At.Equal(now) {
		t.Errorf("%+v", got)
	}
	// One that hangs is waited for a moment only, and asked once.
	now = now.Add(glanceEvery)
	hang := make(chan struct{})
	defer close(hang)
	got = g.Look(t.Context(), "a", clock, func(context.Context) ([]backup.Database, error) {
		<-hang
		return nil, nil
	})
	if waiting(got) != 7 {
		t.Errorf("%+v", got)
	}
}

func TestGlancesAreBounded(t *testing.T) {
	var g Glances
	now := time.Unix(0, 0)
	for i := range 3 * glancesMost {
		now = now.Add(time.Second)
		g.Look(t.Context(), fmt.Sprint(i), func() time.Time { return now }, func(context.Context) ([]backup.Database, error) { return nil, nil })
	}
	if len(g.seen) != glancesMost {
		t.Errorf("%d are remembered", len(g.seen))
	}
}

// waiting is how much log orders holds, by what was said.
func waiting(g glance) int64 {
	d, _ := g.of("orders")
	return d.LogBytesSinceBackup
}
