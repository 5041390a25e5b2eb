package servermigration_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// center is a service with one source server and one job, whose answers can be
// lost and whose calls are counted.
// port has the methods that nobody calls here.
type port interface{ servermigration.Center }

type center struct {
	port
	mu     sync.Mutex
	job    servermigration.Job
	there  bool
	server servermigration.Server
	calls  []string
	lose   bool  // the next call is done and its answer lost
	refuse error // the next call is refused
}

var errLost = fault.New(fault.Unavailable, "The service did not answer.", "")

func (c *center) do(what string, f func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, what)
	if err := c.refuse; err != nil {
		c.refuse = nil
		return err
	}
	f()
	if c.lose {
		c.lose = false
		return errLost
	}
	return nil
}

func (c *center) called(what string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.calls {
		if s == what {
			n++
		}
	}
	return n
}

func (c *center) Jobs(context.Context, ...string) ([]servermigration.Job, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, "jobs")
	if !c.there {
		return nil, nil
	}
	return []servermigration.Job{c.job}, nil
}

func (c *center) Servers(context.Context, ...string) ([]servermigration.Server, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return []servermigration.Server{c.server}, nil
}

func (c *center) Create(_ context.Context, d servermigration.Draft, token string) (string, error) {
	return "j-1", c.do("create "+token, func() {
		c.there, c.job = true, servermigration.Job{ID: "j-1", SourceID: d.SourceID, Name: d.Name, Status: servermigration.Ready, Region: d.Region, Every: d.Every, Keep: d.Keep, Created: time.Now().UTC()}
	})
}

func (c *center) Start(context.Context, string) error {
	return c.do("start", func() { c.job.Status, c.job.Phase = servermigration.Running, servermigration.Preparing })
}

func (c *center) Complete(context.Context, string, bool) error {
	return c.do("complete", func() { c.job.Status, c.job.Phase = servermigration.Running, servermigration.Cleaning })
}

func (c *center) Delete(context.Context, string) error {
	return c.do("delete", func() { c.there = false })
}

func (c *center) NewToken(context.Context, servermigration.TokenDraft) (string, secret.Text, error) {
	return "at-1", secret.NewText("code"), c.do("token", func() {})
}

func (c *center) Center(context.Context, string) (servermigration.Center, error) { return c, nil }

// yard is a store in a file, the service, the desk and an engine at work.
type yard struct {
	t      *testing.T
	db     *sqlite.DB
	center *center
	desk   *servermigration.Desk
	watch  *servermigration.Watcher
}

var ana = audit.Actor{Name: "ana", Via: "page"}

func newYard(t *testing.T) *yard {
	t.Helper()
	dir := t.TempDir()
	keys, err := sqlite.Keys(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	bell := run.NewNotifier()
	db, err := sqlite.Open(t.Context(), dir, keys, bell, endpoint.Kinds{})
	if err != nil {
		t.Fatal(err, filepath.Base(dir))
	}
	t.Cleanup(func() { db.Close() })
	if err := db.SaveAccount(t.Context(), endpoint.Account{ID: "a", Name: "acme", Kind: "alibaba"}, audit.New(ana, time.Now(), "x", "y", "z")); err != nil {
		t.Fatal(err)
	}
	y := &yard{t: t, db: db, center: &center{server: servermigration.Server{ID: "s-1", Name: "SQL01", State: servermigration.ServerAvailable, Platform: "Windows Server 2019", Disks: []servermigration.Disk{{Index: 0, GiB: 100}}}}}
	id := 0
	newID := func() string { id++; return "o" + string(rune('a'+id)) }
	y.desk = &servermigration.Desk{Store: db.Servers(), Ports: y.center, Now: time.Now, NewID: newID}
	y.watch = &servermigration.Watcher{Store: db.Servers(), Ports: y.center, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	w := &servermigration.Worker{Store: db.Servers(), Runs: db, Ports: y.center, Now: time.Now, Settle: 20 * time.Millisecond, Poll: 10 * time.Millisecond}
	w.Moved = y.watch.Hurry
	t.Cleanup(y.watch.Wait)
	e := &run.Engine{Store: db, Workers: map[string]run.Worker{servermigration.Kind: w}, Owner: "t", Notifier: bell, Log: slog.New(slog.DiscardHandler), Parallel: 4, Lease: time.Minute, MaxTries: 20, Now: time.Now}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = e.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	if err := db.Servers().Watch(t.Context(), "a", true, audit.New(ana, time.Now(), "server.watch", "account/a", "Watch.")); err != nil {
		t.Fatal(err)
	}
	y.look()
	return y
}

func (y *yard) look() {
	y.t.Helper()
	if err := y.watch.Look(y.t.Context(), "a"); err != nil {
		y.t.Fatal(err)
	}
}

// ends waits until an order has ended.
func (y *yard) ends(id string) servermigration.Order {
	y.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		o, err := y.db.Servers().Order(y.t.Context(), id)
		if err != nil {
			y.t.Fatal(err)
		}
		if !o.Finished.IsZero() {
			return o
		}
		if time.Now().After(deadline) {
			y.t.Fatalf("%+v does not end; %v", o, y.center.calls)
		}
	}
}

func (y *yard) order(w servermigration.What, typed string) (string, error) {
	return y.desk.Order(y.t.Context(), "a", "j-1", w, servermigration.Ask{}, typed, ana)
}

func draft() servermigration.Draft {
	return servermigration.Draft{SourceID: "s-1", Region: "cn-hangzhou", Name: "move-sql01", Target: servermigration.ToImage, ImageName: "sql01", Disks: []servermigration.DraftDisk{{Index: 0, GiB: 120}},
		Every: 6, Keep: 3, ValidTill: time.Now().Add(30 * 24 * time.Hour)}
}

// TestAServerMovesOnce: made although the answer was lost, started, completed
// behind its checklist and the name typed, deleted; each call once.
func TestAServerMovesOnce(t *testing.T) {
	y := newYard(t)
	y.center.lose = true
	id, _, err := y.desk.Draft(t.Context(), "a", draft(), ana)
	if err != nil {
		t.Fatal(err)
	}
	if o := y.ends(id); !o.Why.IsZero() || o.JobID != "j-1" {
		t.Fatalf("%+v", o)
	}
	if n := y.center.called("create " + id); n != 1 {
		t.Errorf("created by %d calls: a job that is there is found", n)
	}
	y.look()
	if id, err = y.order(servermigration.Start, ""); err != nil {
		t.Fatal(err)
	}
	if o := y.ends(id); !o.Why.IsZero() {
		t.Fatalf("%+v", o)
	}
	y.look()
	if _, err := y.order(servermigration.Complete, "move-sql01"); !fault.Is(err, fault.Conflict) {
		t.Errorf("completed while it runs: %v", err)
	}
	y.center.job.Status, y.center.job.Phase = servermigration.Waiting, ""
	y.center.job.Cycles = []servermigration.Cycle{{ImageID: "m-1", Start: time.Now().Add(-time.Hour).UTC(), End: time.Now().UTC()}}
	y.look()
	if _, err := y.order(servermigration.Complete, "move-sql01"); err == nil || !strings.Contains(err.Error(), "checklist") {
		t.Errorf("without its checklist: %v", err)
	}
	for _, i := range servermigration.BeforeComplete(y.center.server, false) {
		if err := y.db.Servers().Tick(t.Context(), "a", "j-1", servermigration.Tick{Item: i.Key, By: "ana", At: time.Now()}, true, audit.New(ana, time.Now(), "server.tick", "server-job/j-1", i.Key)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := y.order(servermigration.Complete, "move"); !fault.Is(err, fault.Invalid) {
		t.Errorf("another name typed: %v", err)
	}
	y.center.lose = true
	if id, err = y.order(servermigration.Complete, "move-sql01"); err != nil {
		t.Fatal(err)
	}
	for y.center.called("complete") == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := y.order(servermigration.Pause, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("two orders at once: %v", err)
	}
	y.center.mu.Lock()
	y.center.job.Status, y.center.job.Phase = servermigration.Finished, ""
	y.center.mu.Unlock()
	if o := y.ends(id); !o.Why.IsZero() {
		t.Fatalf("%+v", o)
	}
	if n := y.center.called("complete"); n != 1 {
		t.Errorf("completed by %d calls", n)
	}
	y.look()
	if id, err = y.order(servermigration.Delete, "move-sql01"); err != nil {
		t.Fatal(err)
	}
	if o := y.ends(id); !o.Why.IsZero() {
		t.Fatalf("%+v", o)
	}
	y.look()
	k, err := y.db.Servers().Job(t.Context(), "a", "j-1")
	if err != nil || k.Status != servermigration.Gone || len(k.Cycles) != 1 {
		t.Errorf("what was known of a deleted job: %+v %v", k, err)
	}
	said, err := y.db.Servers().Happened(t.Context(), "a", "j-1", 100)
	if err != nil || len(said) < 4 {
		t.Errorf("%v %v", said, err)
	}
}

// TestARefusalIsToldWithWhatToDo: the service refuses, and nothing is sent again.
func TestARefusalIsToldWithWhatToDo(t *testing.T) {
	y := newYard(t)
	y.center.there, y.center.job = true, servermigration.Job{ID: "j-1", SourceID: "s-1", Name: "move-sql01", Status: servermigration.Waiting, Every: 6, Keep: 3}
	y.look()
	y.center.refuse = fault.New(fault.Conflict, "The service refuses this.", "").WithCode("smc-status")
	id, err := y.order(servermigration.Sync, "")
	if err != nil {
		t.Fatal(err)
	}
	if o := y.ends(id); o.Code != "smc-sync-refused" || !strings.Contains(o.Fix.String(), "one last synchronisation") || y.center.called("start") != 1 {
		t.Errorf("%+v after %d calls", o, y.center.called("start"))
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		r, err := y.db.Run(t.Context(), id)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%+v %v", r, err)
		}
		if r.State == run.Failed {
			break
		}
	}
}

// TestWhatAnOrderChangedIsSeenAtOnce: nobody waits for the next look to read of
// what was ordered.
func TestWhatAnOrderChangedIsSeenAtOnce(t *testing.T) {
	y := newYard(t)
	y.watch.Busy, y.watch.Quiet = time.Hour, time.Hour
	y.center.there, y.center.job = true, servermigration.Job{ID: "j-1", SourceID: "s-1", Name: "move-sql01", Status: servermigration.Ready, Every: 6, Keep: 3}
	y.look()
	looks := y.center.called("jobs")
	if err := y.watch.Turn(t.Context()); err != nil || y.center.called("jobs") != looks {
		t.Fatalf("looked again after %d looks: %v", looks, err)
	}
	id, err := y.order(servermigration.Start, "")
	if err != nil {
		t.Fatal(err)
	}
	y.ends(id)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // it is told after it is written
		if err := y.watch.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if k, err := y.db.Servers().Job(t.Context(), "a", "j-1"); err == nil && k.Status == servermigration.Running {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("what was ordered is not seen")
		}
	}
}

// TestALookThatFailedKeepsWhatWasKnown, and says so.
func TestALookThatFailedKeepsWhatWasKnown(t *testing.T) {
	y := newYard(t)
	broken := &servermigration.Watcher{Store: y.db.Servers(), Ports: away{}, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	if err := broken.Look(t.Context(), "a"); err == nil {
		t.Fatal("a look that failed is an error")
	}
	w, err := y.db.Servers().Watches(t.Context())
	if err != nil || len(w) != 1 || w[0].Why.IsZero() || w[0].Good.IsZero() || !w[0].Tried.After(w[0].Good) {
		t.Errorf("%+v %v", w, err)
	}
	all, err := y.db.Servers().Servers(t.Context(), servermigration.ServerFilter{AccountID: "a"})
	if err != nil || !slices.ContainsFunc(all, func(s servermigration.KeptServer) bool { return s.ID == "s-1" && s.Gone.IsZero() }) {
		t.Errorf("%+v %v", all, err)
	}
}

type away struct{}

func (away) Center(context.Context, string) (servermigration.Center, error) {
	return nil, fault.New(fault.Unavailable, "The service does not answer.", "").Because(errors.New("timeout"))
}

// TestACodeIsToldOnceAndWrittenDownBefore: nobody sees the code again, the trail
// knows who asked.
func TestACodeIsToldOnceAndWrittenDownBefore(t *testing.T) {
	y := newYard(t)
	if _, _, err := y.desk.NewToken(t.Context(), "a", servermigration.TokenDraft{Name: "batch", Count: 0, Days: 30}, ana); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	_, code, err := y.desk.NewToken(t.Context(), "a", servermigration.TokenDraft{Name: "batch", Count: 5, Days: 30}, ana)
	if err != nil || code.Reveal() != "code" {
		t.Fatal(err)
	}
	y.center.lose = true
	if _, _, err := y.desk.NewToken(t.Context(), "a", servermigration.TokenDraft{Name: "batch", Count: 5, Days: 30}, ana); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "told once") {
		t.Error(err)
	}
}

// hung is a service that answers nobody for one account.
type hung struct {
	*center
	began chan string
}

func (h hung) Center(ctx context.Context, id string) (servermigration.Center, error) {
	if id == "a" {
		return h.center, nil
	}
	h.began <- id
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// TestAnAccountThatHangsKeepsNobodyWaiting: the others are looked at meanwhile,
// again and again.
func TestAnAccountThatHangsKeepsNobodyWaiting(t *testing.T) {
	y := newYard(t)
	if err := y.db.SaveAccount(t.Context(), endpoint.Account{ID: "b", Name: "hung", Kind: "alibaba"}, audit.New(ana, time.Now(), "x", "y", "z")); err != nil {
		t.Fatal(err)
	}
	if err := y.db.Servers().Watch(t.Context(), "b", true, audit.New(ana, time.Now(), "server.watch", "account/b", "Watch.")); err != nil {
		t.Fatal(err)
	}
	h := hung{y.center, make(chan string, 10)}
	w := &servermigration.Watcher{Store: y.db.Servers(), Ports: h, Log: slog.New(slog.DiscardHandler), Now: time.Now, Busy: time.Nanosecond, Quiet: time.Nanosecond}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(func() { stop(); w.Wait() })
	looks := y.center.called("jobs")
	for deadline := time.Now().Add(time.Minute); y.center.called("jobs") < looks+3; time.Sleep(time.Millisecond) {
		if err := w.Turn(ctx); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("the other account is not looked at")
		}
	}
	if n := len(h.began); n != 1 {
		t.Errorf("the one that hangs is asked %d times at once", n)
	}
}
