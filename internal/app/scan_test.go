package app_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
)

func TestTheHistoryOfAServerIsCollected(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	me := scan.InstanceSubject(demo.Server)
	s.at(me)
	if p := s.protection(demo.Server, "shop"); !p.Unprotected() || p.Words == "" {
		t.Errorf("before any backup: %+v", p)
	}
	s.take(backup.Full, "full-1.bak", "full-2.bak")
	s.take(backup.Log, "one.trn")
	s.take(backup.Differential, "diff.bak")
	time.Sleep(1100 * time.Millisecond) // msdb tells seconds
	s.take(backup.Log, "two.trn")
	s.at(me)
	sets := s.sets(demo.Server, "shop")
	if len(sets) != 4 {
		t.Fatalf("%d sets", len(sets))
	}
	full := sets[slices.IndexFunc(sets, func(r backup.Record) bool { return r.Set.Kind == backup.Full })]
	if full.Origin != backup.ByOthers || full.Set.Kind != backup.Full || len(full.Copies) != 1 || strings.Join(full.Copies[0].Keys, " ") != "full-1.bak full-2.bak" || full.Copies[0].Size == 0 {
		t.Errorf("%+v", full)
	}
	p := s.protection(demo.Server, "shop")
	if !p.Whole || p.LastFull.IsZero() || p.LastDifferential.IsZero() || p.LastLog.IsZero() || !p.RestorableTo.After(p.RestorableFrom) || p.Sets != 4 {
		t.Errorf("%+v", p)
	}
	if plan := backup.PlanOn(sets, p.RestorableTo, backup.GUID{}); !plan.ReachesStop || len(plan.Steps) < 3 {
		t.Errorf("to %s leads %+v", p.RestorableTo, plan)
	}

	t.Log("msdb that counts from the beginning again is read again")
	looks := s.store.Scanning()
	l, err := looks.Visit(t.Context(), me)
	if err != nil || l.Good.IsZero() {
		t.Fatalf("%+v, %v", l, err)
	}
	l.Cursor = strings.Replace(l.Cursor, `"after":`, `"after":9`, 1)
	if err := looks.SaveVisit(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond)
	s.take(backup.Log, "four.trn")
	s.at(me)
	if got := s.sets(demo.Server, "shop"); len(got) != 5 {
		t.Errorf("%d sets", len(got))
	}
}

func TestADeletedFileIsNoticed(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.take(backup.Full, "full.bak")
	s.take(backup.Log, "one.trn")
	s.take(backup.Log, "two.trn")
	s.at(scan.InstanceSubject(demo.Server))
	if err := os.Remove(filepath.Join(s.cloud.Backups, "one.trn")); err != nil {
		t.Fatal(err)
	}
	s.at(scan.BucketSubject(s.backups))
	p := s.protection(demo.Server, "shop")
	if p.Whole || p.Sets != 2 || !strings.Contains(p.Words, "Log is missing") {
		t.Errorf("%+v", p)
	}
	removed, err := s.store.Catalogue().Records(t.Context(), backup.RecordFilter{State: backup.Removed})
	if err != nil || len(removed) != 1 || removed[0].Gone.IsZero() {
		t.Errorf("%+v, %v", removed, err)
	}
}

// TestTheCatalogueIsRebuiltFromABucket loses the data folder, and then the
// server too.
func TestTheCatalogueIsRebuiltFromABucket(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.take(backup.Full, "full-1.bak", "full-2.bak")
	s.take(backup.Log, "one.trn")
	s.at(scan.InstanceSubject(demo.Server))
	want := s.protection(demo.Server, "shop")
	if err := os.WriteFile(filepath.Join(s.cloud.Backups, "notes.txt"), []byte("no backup"), 0o600); err != nil {
		t.Fatal(err)
	}

	s.open(t.TempDir())
	s.at(scan.BucketSubject(s.backups))
	got := s.protection("", "shop")
	if !got.RestorableFrom.Equal(want.RestorableFrom.Truncate(time.Second)) || !got.Whole || got.Bytes != want.Bytes {
		t.Errorf("from the files: %+v\nfrom msdb: %+v", got, want)
	}
	known, err := s.store.Scanning().Files(t.Context(), s.backups, "", "zzz")
	if err != nil || len(known) != 4 || known[2].Key != "notes.txt" || known[2].Trouble == "" {
		t.Errorf("%+v, %v", known, err)
	}
	s.at(scan.InstanceSubject(demo.Server)) // the server is there after all
	if left := s.sets("", "shop"); len(left) != 0 {
		t.Errorf("%d sets of an unknown server", len(left))
	}
	if mine := s.sets(demo.Server, "shop"); len(mine) != 2 || len(mine[0].Copies) != 1 || len(mine[1].Copies) != 1 {
		t.Errorf("%+v", mine)
	}
}

func TestABucketOfTheCloudIsWalked(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.take(backup.Full, "full.bak")
	file, err := os.ReadFile(filepath.Join(s.cloud.Backups, "full.bak"))
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := s.app.Ports.Bucket(t.Context(), demo.Staging)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a/full.bak", "b/cut.bak"} {
		body := file
		if key == "b/cut.bak" {
			body = file[:len(file)/2]
		}
		if _, err := bucket.Put(t.Context(), key, bytes.NewReader(body), int64(len(body))); err != nil {
			t.Fatal(err)
		}
	}
	s.at(scan.BucketSubject(demo.Staging))
	sets := s.sets("", "shop")
	if len(sets) != 1 || sets[0].Origin != backup.InBucket || sets[0].State != backup.Complete || sets[0].Copies[0].Keys[0] != "a/full.bak" {
		t.Errorf("%+v", sets)
	}
	if err := bucket.Delete(t.Context(), "a/full.bak"); err != nil {
		t.Fatal(err)
	}
	s.at(scan.BucketSubject(demo.Staging))
	if sets := s.sets("", "shop"); len(sets) != 0 {
		t.Errorf("%+v", sets)
	}
}

func TestSetsOfTheCloudAreCollected(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	cloud, err := s.app.Ports.Cloud(t.Context(), demo.Instance)
	if err != nil {
		t.Fatal(err)
	}
	job, err := cloud.Order(t.Context(), backup.Order{})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		jobs, err := cloud.Jobs(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		if len(jobs) == 1 && jobs[0].Ended() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v", jobs)
		}
	}
	me := scan.InstanceSubject(demo.Instance)
	s.at(me)
	known := func() (ids []string) {
		all, err := s.store.Catalogue().Records(t.Context(), backup.RecordFilter{InstanceID: demo.Instance, Origin: backup.InCloud})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, r := range all {
			ids = append(ids, r.ID)
			found = found || r.Cloud != nil && r.Cloud.ID != "" && r.Cloud.Manual && r.Set.Kind == backup.Full
		}
		if !found {
			t.Fatalf("the backup is not among %+v", all)
		}
		return ids
	}
	changes, stop := s.notifier.Listen()
	defer stop()
	for before, after := known(), []string(nil); !slices.Equal(before, after); { // the service may take a backup of its own
		select {
		case <-changes:
		default:
		}
		before = known()
		s.at(me)
		after = known()
	}
	select {
	case <-changes:
		t.Error("a look that found nothing new rang the bell")
	default:
	}
}

func TestAServerThatIsDownIsToldAndTriedLater(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	me := scan.InstanceSubject(demo.Server)
	s.at(me)
	good, err := s.store.Scanning().Visit(t.Context(), me)
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.store.Instance(t.Context(), demo.Server)
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	in.Port, _ = strconv.Atoi(port)
	if err := s.store.SaveInstance(t.Context(), in, audit.New(audit.Engine, time.Now(), "instance.save", "instance/x", "Moved.")); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 2; n++ {
		if err := s.look.Scan(t.Context(), me, nil); !fault.Is(err, fault.Unavailable) {
			t.Fatalf("%v", err)
		}
		l, err := s.store.Scanning().Visit(t.Context(), me)
		if err != nil || l.Failures != n || l.Message.IsZero() || !l.Good.Equal(good.Good) || time.Until(l.Next) < time.Duration(n)*90*time.Second {
			t.Errorf("%+v, %v", l, err)
		}
	}
}

func TestALookIsOrdered(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.take(backup.Full, "full.bak")
	e := &run.Engine{Store: s.store, Owner: "me", Notifier: s.notifier, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Parallel: 2, Lease: time.Minute, MaxTries: 3, Now: time.Now,
		Workers: map[string]run.Worker{scan.RunKind: &scan.Worker{Collector: s.look, Runs: s.store}}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	for _, subject := range []scan.Subject{scan.InstanceSubject(demo.Server), scan.BucketSubject(s.backups)} {
		id := app.NewID()
		if err := scan.ScanNow(t.Context(), s.store.Scanning(), s.store, subject, id, audit.Actor{Name: "ana", Via: "web"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
			r, err := s.store.Run(t.Context(), id)
			if err != nil || r.State == run.Failed || time.Now().After(deadline) {
				t.Fatalf("%+v, %v", r, err)
			}
			if r.State == run.Succeeded {
				break
			}
		}
		if steps, err := s.store.Steps(t.Context(), id); err != nil || len(steps) == 0 || steps[0].State != run.StepDone {
			t.Errorf("%+v, %v", steps, err)
		}
	}
	if len(s.sets(demo.Server, "shop")) != 1 {
		t.Error("nothing was found")
	}
}

// TestLatenessRings: nothing is written when a backup becomes late, and open
// pages hear of it all the same. The loop finds the sets by itself.
func TestLatenessRings(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.take(backup.Full, "full.bak")
	writes := slog.New(slog.NewTextHandler(io.Discard, nil))
	go (&scan.Loop{Collector: s.look, Parallel: 3, Every: 20 * time.Millisecond, Limit: time.Minute, Log: writes}).Run(ctx)
	for deadline := time.Now().Add(5 * time.Minute); len(s.sets(demo.Server, "shop")) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the loop found nothing")
		}
	}
	cancel()
	due := time.Now().Add(1500 * time.Millisecond)
	if err := s.store.Catalogue().Promise(t.Context(), []backup.Promise{{InstanceID: demo.Server, Database: "shop", Due: due}}); err != nil {
		t.Fatal(err)
	}
	watching, stop := context.WithCancel(t.Context())
	defer stop()
	go scan.Watch(watching, s.store.Catalogue(), s.notifier, time.Now)
	changes, end := s.notifier.Listen()
	defer end()
	for {
		select {
		case <-changes:
			if n, err := s.store.Catalogue().Count(t.Context(), time.Now()); err != nil || n.Late == 1 {
				if err != nil || time.Now().Before(due) {
					t.Errorf("rang %s after, %v", time.Since(due), err)
				}
				return
			}
		case <-time.After(5 * time.Minute):
			t.Fatal("no ring")
		}
	}
}
