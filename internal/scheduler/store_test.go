package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scheduler"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// TestSlotsInTheStore does the same with the real store for a few policies and
// a shorter time, with every life opening it again.
func TestSlotsInTheStore(t *testing.T) {
	from := time.Date(2026, 10, 20, 0, 0, 30, 0, time.UTC)
	end := from.AddDate(0, 0, 21)
	w := &environment{t: t, rand: rand.New(rand.NewPCG(7, 7)), clock: from, high: from, templates: times(from.Truncate(time.Minute), end.AddDate(0, 0, 8))}
	folder := t.TempDir()
	var store *sqlite.DB
	open := func() *scheduler.Scheduler {
		if store != nil {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}
		store = openStore(t, folder)
		s := w.scheduler(prompt{store.Policies(), store})
		s.NewID = newID
		return s
	}
	s := open()
	furnishServer(t, store)
	ids := map[string]*template{}
	for i, tpl := range w.templates {
		p := tpl.Policy
		p.ID, p.Name, p.Version = fmt.Sprintf("p%02d", i), fmt.Sprintf("policy %d", i), 0
		e := audit.New(audit.Engine, from.Truncate(time.Minute), "policy.save", "policy/"+p.ID, "Saved.")
		if _, err := store.Policies().Save(t.Context(), p, "", e); err != nil {
			t.Fatal(err)
		}
		ids[p.ID] = tpl
	}
	first := true
	w.live(end, func() *scheduler.Scheduler {
		if first {
			first = false
			return s
		}
		return open()
	})
	for id, tpl := range ids {
		slots, counts := map[uint32]bool{}, 0
		for before := ""; ; {
			duePolicy, err := store.Policies().Slots(t.Context(), id, before, 100)
			if err != nil {
				t.Fatal(err)
			}
			if len(duePolicy) == 0 {
				break
			}
			for _, d := range duePolicy {
				slots[key(d.Local, d.Kind)], before = d.Verdict == policy.Fired, d.Key()
				counts += d.Count
				works, err := store.Policies().Jobs(t.Context(), d.Slot)
				if err != nil || (len(works) == 1) != (d.Verdict == policy.Fired) {
					t.Fatalf("%s has %d runs (%v)", d.Key(), len(works), err)
				}
			}
		}
		if why := tpl.differs(slots, counts); why != "" {
			t.Errorf("%s (%s, %+v): %s", id, tpl.Zone, tpl.Rules, why)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// prompt is a store whose runs end as soon as they are queued, so that each slot
// is free to have its own.
type prompt struct {
	scheduler.Store
	runs *sqlite.DB
}

func (p prompt) Decide(ctx context.Context, b policy.Batch) error {
	if err := p.Store.Decide(ctx, b); err != nil {
		return err
	}
	open, err := p.runs.Runs(ctx, run.Filter{States: []run.State{run.Queued}, Limit: 500})
	for _, r := range open {
		err = errors.Join(err, p.runs.Move(ctx, r.ID, run.Canceled, audit.New(audit.Engine, r.Created, "run.cancel", "run/"+r.ID, "It is over.")))
	}
	return err
}

func openStore(t testing.TB, folder string) *sqlite.DB {
	t.Helper()
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := sqlite.Open(t.Context(), folder, keys, run.NewNotifier(), endpoint.Kinds{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func furnishServer(t testing.TB, d *sqlite.DB) {
	t.Helper()
	e := audit.New(audit.Engine, time.Now(), "test", "test", "Furnished.")
	if err := d.SaveBucket(t.Context(), endpoint.Bucket{ID: "f", Name: "f", Kind: folder.BucketKind, Path: "/b"}, e); err != nil {
		t.Fatal(err)
	}
	if err := d.SaveInstance(t.Context(), endpoint.Instance{ID: "s", Name: "s", Kind: sqlserver.InstanceKind, Host: "h", Login: "sa", FolderID: "f"}, e); err != nil {
		t.Fatal(err)
	}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// TestManyPoliciesDueTogether has policies whose slots are all due at the same
// moment, in the real store and through the scheduler as it runs: each must
// have its run within the second.
func TestManyPoliciesDueTogether(t *testing.T) {
	n := 500
	if v, err := strconv.Atoi(os.Getenv("BAKPLANE_POLICIES")); err == nil {
		n = v
	}
	store := openStore(t, t.TempDir())
	defer store.Close()
	furnishServer(t, store)
	due := time.Date(2026, 6, 1, 2, 0, 0, 0, time.UTC)
	saved := audit.New(audit.Engine, due.Add(-time.Hour), "policy.save", "policy", "Saved.")
	for i := range n {
		p := policy.Policy{ID: fmt.Sprintf("%05d", i), Name: strconv.Itoa(i), Enabled: true, Servers: []string{"s"}, Zone: "UTC", Missed: policy.MissedSkip, Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *"}}}
		if _, err := store.Policies().Save(t.Context(), p, "", saved); err != nil {
			t.Fatal(err)
		}
	}
	clock, began := due.Add(-time.Minute), time.Now()
	s := &scheduler.Scheduler{Store: store.Policies(), Notifier: run.NewNotifier(), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return clock },
		Ran: func() time.Duration { return clock.Sub(due) }, NewID: newID}
	if err := s.Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	read := time.Since(began)
	clock, began = s.Next(), time.Now()
	if err := s.Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	watermarks, err := store.Policies().Watermarks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	queued := 0
	for _, m := range watermarks {
		if m.At.Equal(due) {
			queued++
		}
	}
	if !clock.Equal(due) || queued != n {
		t.Fatalf("%d of %d were decided at %s", queued, n, clock)
	}
	t.Logf("TOGETHER policies=%d queued=%d took_ms=%d read_ms=%d", n, queued, took.Milliseconds(), read.Milliseconds())
}
