package app_test

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	smcemu "github.com/bakplane/bakplane/internal/emulator/smc"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/servermigration"
)

var dba = audit.Actor{Name: "dba", Via: "web"}

// serverYard is a house that looks at the source servers of the demo.
type serverYard struct{ *house }

func newServerYard(t *testing.T, pace emulators.Pace) *serverYard {
	t.Helper()
	h := newHouseBeside(t, pace, func(c *app.Config) { c.Settle = 2 * time.Second })
	h.watch()
	return &serverYard{h}
}

func (h *house) watch() {
	h.t.Helper()
	if err := h.app.DB.Servers().Watch(h.t.Context(), demo.Account, true, audit.New(dba, time.Now(), "server-account.save", "account/"+demo.Account, "Looks at its servers.")); err != nil {
		h.t.Fatal(err)
	}
}

// until waits for something that the looks find; hands is what a person or the
// service does meanwhile, after each look.
func (y *serverYard) until(what string, hands func(), is func() bool) {
	y.t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if is() {
			return
		}
		if hands != nil {
			hands()
		}
	}
	y.t.Fatalf("waited for: %s", what)
}

func (y *serverYard) job(id string) servermigration.KeptJob {
	y.t.Helper()
	j, err := y.app.DB.Servers().Job(y.t.Context(), demo.Account, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		y.t.Fatal(err)
	}
	return j
}

func (y *serverYard) order(id string) servermigration.Order {
	y.t.Helper()
	o, err := y.app.DB.Servers().Order(y.t.Context(), id)
	if err != nil {
		y.t.Fatal(err)
	}
	return o
}

// ended waits for an order.
func (y *serverYard) ended(id string, hands func()) servermigration.Order {
	y.t.Helper()
	y.until("the end of the order "+string(y.order(id).What), hands, func() bool { return !y.order(id).Finished.IsZero() })
	return y.order(id)
}

// about orders something about a job as soon as what was last seen allows it, and
// waits for it.
func (y *serverYard) about(id string, w servermigration.What, ask servermigration.Ask) servermigration.Order {
	y.t.Helper()
	var order string
	y.until(string(w)+" to be allowed", nil, func() bool {
		var err error
		order, err = y.app.Desk.Order(y.t.Context(), demo.Account, id, w, ask, y.job(id).Name, dba)
		if err != nil && !fault.Is(err, fault.Conflict) {
			y.t.Fatalf("%s: %v", w, err)
		}
		return err == nil
	})
	return y.ended(order, nil)
}

// tick ticks every line of the checklist.
func (y *serverYard) tick(id string) {
	y.t.Helper()
	for _, i := range servermigration.BeforeComplete(servermigration.Server{}, true) {
		if err := y.app.DB.Servers().Tick(y.t.Context(), demo.Account, id, servermigration.Tick{Item: i.Key, By: dba.Name, At: time.Now()}, true, audit.New(dba, time.Now(), "server.tick", "server-job/"+id, "Ticked a line.")); err != nil {
			y.t.Fatal(err)
		}
	}
}

// A server is moved over the wire: made, started, synchronised, paused, gone on
// with, completed with a last synchronisation, verified and cleared, each by one
// call of the service.
func TestAServerIsMovedOverTheWire(t *testing.T) {
	y := newServerYard(t, emulators.Pace{Step: time.Millisecond})
	store := y.app.DB.Servers()
	y.until("the servers", nil, func() bool {
		all, err := store.Servers(t.Context(), servermigration.ServerFilter{AccountID: demo.Account})
		return err == nil && len(all) == 3
	})
	d := servermigration.Draft{SourceID: emulators.SourceSQL, Region: emulators.Region, Name: "sqldemo", Target: servermigration.ToImage, ImageName: "sqldemo", Every: 24, Keep: 2, ValidTill: time.Now().Add(30 * 24 * time.Hour),
		Network: servermigration.Private, VPC: emulators.VPC, VSwitch: emulators.VSwitch,
		Disks: []servermigration.DraftDisk{{GiB: 80}, {Index: 1, GiB: 200}, {Index: 2, GiB: 100}}}
	id, findings, err := y.app.Desk.Draft(t.Context(), demo.Account, d, dba)
	if err != nil {
		t.Fatal(err, findings)
	}
	o := y.ended(id, nil)
	if o.Made == "" || !o.Why.IsZero() {
		t.Fatalf("made %+v", o)
	}
	job := o.Made
	y.until("the job", nil, func() bool { return y.job(job).ID != "" })

	counts := func(op string) int { return y.cloud.SMC.ControlPort().Counts().Operations[op].Acted }
	if o := y.about(job, servermigration.Start, servermigration.Ask{}); !o.Why.IsZero() {
		t.Fatalf("start: %s", o.Why)
	}
	y.until("the first image", nil, func() bool { j := y.job(job); return j.Status == servermigration.Waiting && len(j.Cycles) == 1 })

	// Where the API takes no synchronisation by hand, the two ways round are told.
	if o := y.about(job, servermigration.Sync, servermigration.Ask{}); o.Code != "smc-sync-refused" || o.Fix.IsZero() {
		t.Errorf("synchronised: %+v", o)
	}
	yes := true
	y.cloud.SMC.Settings(smcemu.SettingsPatch{StartWaiting: &yes})
	if o := y.about(job, servermigration.Sync, servermigration.Ask{}); !o.Why.IsZero() || o.Made == "" {
		t.Errorf("synchronised: %+v", o)
	}
	if o := y.about(job, servermigration.Adjust, servermigration.Ask{Change: &servermigration.Change{Every: 12, Keep: 3}}); !o.Why.IsZero() {
		t.Errorf("changed: %s", o.Why)
	}
	y.until("the new interval", nil, func() bool { return y.job(job).Every == 12 })
	if told, will := servermigration.NextSync(y.job(job).Job), y.cloud.SMC.State().Jobs[job].Next; told.Sub(will).Abs() > time.Second {
		t.Errorf("told to run next at %s, and will at %s", told, will)
	}
	if o := y.about(job, servermigration.Verify, servermigration.Ask{Region: emulators.Region, Check: &servermigration.Check{ImageID: y.job(job).ImageID, Zone: "cn-hangzhou-i", Host: "verify-1", Type: "ecs.g7.large", Private: "172.16.0.9", Windows: true, Folder: `C:\`}}); !o.Why.IsZero() {
		t.Errorf("verified: %s", o.Why)
	}
	y.tick(job)
	// The answer to the completion is lost; it is made once all the same.
	if _, err := y.cloud.SMC.ControlPort().Add(control.Rule{Operation: "CutOverReplicationJob", CutAnswer: new(int64)}); err != nil {
		t.Fatal(err)
	}
	if o := y.about(job, servermigration.Complete, servermigration.Ask{Last: true}); !o.Why.IsZero() {
		t.Errorf("completed: %s", o.Why)
	}
	if n := counts("CutOverReplicationJob"); n != 1 {
		t.Errorf("completed %d times", n)
	}
	y.until("the end", nil, func() bool { return y.job(job).Status == servermigration.Finished })
	if o := y.about(job, servermigration.Delete, servermigration.Ask{}); !o.Why.IsZero() {
		t.Errorf("cleared: %s", o.Why)
	}
	y.until("it gone", nil, func() bool { return y.job(job).Status == servermigration.Gone })
	if k := y.job(job); len(k.Cycles) != 3 {
		t.Errorf("kept %d runs", len(k.Cycles))
	}
	if st := y.cloud.SMC.State(); len(st.Instances) != 0 || len(st.Jobs) != 0 {
		t.Errorf("left: %v %v", st.Instances, st.Jobs)
	}
	for _, op := range []string{"CreateReplicationJob", "DeleteReplicationJob", "ModifyReplicationJobAttribute", "StartExecution"} {
		if n := counts(op); n != 1 {
			t.Errorf("%s was made %d times", op, n)
		}
	}
}
