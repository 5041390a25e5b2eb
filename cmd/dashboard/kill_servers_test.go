package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	smcemu "github.com/bakplane/bakplane/internal/emulator/smc"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// serverJourney is one server on its way: made, started, synchronised by hand,
// verified, completed with a last synchronisation, cleared.
type serverJourney struct {
	*journey
	smc control.Remote
	job string
}

// leg is one order, the call of the service that it needs, and where the job
// stands when it may be given.
type leg struct {
	what servermigration.What
	call string
	from servermigration.Status
}

var serverLegs = []leg{
	{servermigration.Create, "CreateReplicationJob", ""},
	{servermigration.Start, "StartReplicationJob", servermigration.Ready},
	{servermigration.Sync, "StartReplicationJob", servermigration.Waiting},
	{servermigration.Verify, "StartExecution", servermigration.Waiting},
	{servermigration.Complete, "CutOverReplicationJob", servermigration.Waiting},
	{servermigration.Delete, "DeleteReplicationJob", servermigration.Finished},
}

var operator = audit.Actor{Name: "test", Via: "command"}

// newServerJourney looks at the demo's account; phases of jobs take well below a
// second there.
func newServerJourney(t testing.TB) *serverJourney {
	t.Helper()
	c := startCloud(t)
	j := &serverJourney{journey: &journey{t: t, cloud: c, data: t.TempDir()}, smc: control.Remote{URL: c.SMCControl}}
	if err := j.smc.Call(t.Context(), "PATCH", "/settings", map[string]any{"pace": 60_000, "start_waiting": true}, nil); err != nil {
		t.Fatal(err)
	}
	j.open(func(d *sqlite.DB) {
		furnish := demo.Furnisher{App: &app.App{DB: d, Ports: app.NewPorts(d, j.data)}, Cloud: c.Addresses}
		if err := furnish.Places(t.Context(), t.TempDir()); err != nil {
			t.Fatal(err)
		}
		if err := d.Servers().Watch(t.Context(), demo.Account, true, furnish.Entry("server-account")); err != nil {
			t.Fatal(err)
		}
	})
	return j
}

// order gives an order while the dashboard is down.
func (j *serverJourney) order(l leg) (id string) {
	j.t.Helper()
	ctx := context.Background()
	j.open(func(d *sqlite.DB) {
		desk := &servermigration.Desk{Store: d.Servers(), Ports: app.NewPorts(d, j.data), Now: time.Now, NewID: app.NewID}
		var err error
		if l.what == servermigration.Create {
			id, _, err = desk.Draft(ctx, demo.Account, servermigration.Draft{SourceID: emulators.SourceSQL, Region: emulators.Region, Name: "sqldemo", Target: servermigration.ToImage, ImageName: "sqldemo", Every: 168, Keep: 5,
				Network: servermigration.Private, VPC: emulators.VPC, VSwitch: emulators.VSwitch, ValidTill: time.Now().Add(30 * 24 * time.Hour), Disks: []servermigration.DraftDisk{{GiB: 80}, {Index: 1, GiB: 200}}}, operator)
			if err != nil {
				j.t.Fatal(err)
			}
			return
		}
		job, err := d.Servers().Job(ctx, demo.Account, j.job)
		if err != nil {
			j.t.Fatal(err)
		}
		ask := servermigration.Ask{}
		switch l.what {
		case servermigration.Complete:
			ask.Last = true
			for _, i := range servermigration.BeforeComplete(servermigration.Server{}, true) {
				if err := d.Servers().Tick(ctx, demo.Account, j.job, servermigration.Tick{Item: i.Key, By: operator.Name, At: time.Now()}, true, audit.New(operator, time.Now(), "server.tick", "server-job/"+j.job, "Ticked.")); err != nil {
					j.t.Fatal(err)
				}
			}
		case servermigration.Verify:
			ask.Check = &servermigration.Check{ImageID: job.ImageID, Zone: "cn-hangzhou-i", Host: "verify-1", Type: "ecs.g7.large", Private: "172.16.0.9", Windows: true, Folder: `C:\`}
		}
		if id, err = desk.Order(ctx, demo.Account, j.job, l.what, ask, job.Name, operator); err != nil {
			j.t.Fatalf("%s: %v", l.what, err)
		}
	})
	return id
}

// until waits for what a dashboard at work writes.
func (j *serverJourney) until(what string, is func(*sqlite.DB) bool) {
	j.t.Helper()
	d, err := sqlite.Inspect(context.Background(), j.data, j.keys(), run.NewNotifier())
	if err != nil {
		j.t.Fatal(err)
	}
	defer d.Close()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if is(d) {
			return
		}
	}
	j.t.Fatalf("waited for: %s", what)
}

// ended waits for an order to be carried out.
func (j *serverJourney) ended(l leg, id string) {
	j.t.Helper()
	j.until(string(l.what), func(d *sqlite.DB) bool {
		o, err := d.Servers().Order(context.Background(), id)
		if err != nil {
			j.t.Fatal(err)
		}
		if !o.Finished.IsZero() && !o.Why.IsZero() {
			j.t.Fatalf("%s was not done: %s %s", l.what, o.Code, o.Why)
		}
		if l.what == servermigration.Create && !o.Finished.IsZero() {
			j.job = o.Made
		}
		r, err := d.Run(context.Background(), id)
		return err == nil && !o.Finished.IsZero() && r.State == run.Succeeded
	})
}

// stands waits until a look has found the job in a state; empty means that the
// source server is known.
func (j *serverJourney) stands(s servermigration.Status) {
	j.t.Helper()
	j.until("the job to be "+string(s), func(d *sqlite.DB) bool {
		if s == "" {
			k, err := d.Servers().Server(context.Background(), demo.Account, emulators.SourceSQL)
			return err == nil && k.State == servermigration.ServerAvailable
		}
		k, err := d.Servers().Job(context.Background(), demo.Account, j.job)
		if err != nil && !fault.Is(err, fault.NotFound) {
			j.t.Fatal(err)
		}
		return err == nil && k.Status == s
	})
}

// proof: every call had one effect, nothing is left, and the trail is whole.
func (j *serverJourney) proof() {
	j.t.Helper()
	ctx := context.Background()
	var st smcemu.State
	if err := j.smc.Call(ctx, "GET", "/state", nil, &st); err != nil {
		j.t.Fatal(err)
	}
	made := 0
	for _, i := range st.Images {
		if i.Job == j.job {
			made++
		}
	}
	if len(st.Jobs) != 0 || len(st.Executions) != 1 || made != 3 || len(st.Images) != 3 || len(st.Instances) != 0 {
		j.t.Errorf("left: %d jobs, %d executions, %d images, %d of the job, instances %v", len(st.Jobs), len(st.Executions), len(st.Images), made, st.Instances)
	}
	counts, err := j.smc.Counts(ctx)
	if err != nil {
		j.t.Fatal(err)
	}
	for op, want := range map[string]int{"StartReplicationJob": 2, "CutOverReplicationJob": 1, "DeleteReplicationJob": 1} {
		if n := counts.Operations[op].Acted; n != want {
			j.t.Errorf("%s was carried out %d times, want %d", op, n, want)
		}
	}
	j.open(func(d *sqlite.DB) {
		if k, err := d.Servers().Job(ctx, demo.Account, j.job); err != nil || k.Status != servermigration.Gone || len(k.Cycles) != 3 {
			j.t.Errorf("kept %+v, %v", k.Job, err)
		}
		if _, err := d.VerifyAudit(ctx); err != nil {
			j.t.Error(err)
		}
		left, err := d.Runs(ctx, run.Filter{States: []run.State{run.Running, run.Queued, run.Waiting, run.Failed, run.Paused}})
		if err != nil || len(left) > 0 {
			j.t.Errorf("runs left behind: %+v, %v", left, err)
		}
	})
}

// travel carries out all legs; disturb has a life or some that are killed while an
// order is to be carried out, and the next one has to end it.
func (j *serverJourney) travel(disturb func(leg)) {
	j.t.Helper()
	p := j.serve()
	j.stands("")
	for _, l := range serverLegs {
		if l.from != "" {
			j.stands(l.from)
		}
		p.kill()
		id := j.order(l)
		disturb(l)
		p = j.serve()
		j.ended(l, id)
	}
	j.stands(servermigration.Gone)
	p.kill()
	j.proof()
}

// TestAServersMoveIsKilledAtEveryBoundary kills the dashboard while the call of
// every order is held by the service: before it acts, and after it acted with the
// answer not sent. Everything is done once.
func TestAServersMoveIsKilledAtEveryBoundary(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			j := newServerJourney(t)
			j.travel(func(l leg) {
				if _, err := j.smc.Add(t.Context(), control.Rule{Operation: l.call, Hold: when}); err != nil {
					t.Fatal(err)
				}
				life := j.serve()
				held, err := j.smc.Held(t.Context(), time.Minute)
				if err != nil || len(held) == 0 {
					t.Fatalf("%s: no call came: %v", l.what, err)
				}
				life.kill()
				if err := j.smc.Release(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
				for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // what was received is acted on before the next life begins
					counts, err := j.smc.Counts(t.Context())
					if n := counts.Operations[l.call]; err == nil && n.Ended == n.Seen {
						break
					}
					if err != nil || time.Now().After(end) {
						t.Fatalf("%s: %+v %v", l.call, counts.Operations, err)
					}
				}
			})
		})
	}
}

// TestAServersMoveIsKilledAtRandom kills it at random moments of every order.
// BAKPLANE_KILLS says of how many journeys one in ten is such a move: each has up
// to twenty lives.
func TestAServersMoveIsKilledAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	journeys := 1
	if n, err := strconv.Atoi(os.Getenv("BAKPLANE_KILLS")); err == nil {
		journeys = max(1, n/10)
	}
	for i := range journeys {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(i), 20261201))
			j := newServerJourney(t)
			j.travel(func(leg) {
				for range random.IntN(4) {
					life := j.serve()
					time.Sleep(time.Duration(random.IntN(120)) * time.Millisecond)
					life.kill()
				}
			})
		})
	}
}
