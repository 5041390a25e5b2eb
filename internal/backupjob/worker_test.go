package backupjob

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

func TestAPlanIsFixedFromItsPolicy(t *testing.T) {
	full, log := policy.Rule{Kind: backup.Full}, policy.Rule{Kind: backup.Log}
	for _, c := range []struct {
		what   string
		kind   backup.Kind
		p      policy.Policy
		first  bool
		window time.Duration
	}{
		{"a log beside fulls", backup.Log, policy.Policy{Rules: []policy.Rule{full, log}, Window: time.Hour}, true, time.Hour},
		{"a differential beside fulls", backup.Differential, policy.Policy{Rules: []policy.Rule{full}, Window: 5 * time.Minute}, true, 5 * time.Minute},
		{"a full comes first anyway", backup.Full, policy.Policy{Rules: []policy.Rule{full}, Window: 4 * time.Minute}, false, 5 * time.Minute},
		{"no rule for fulls", backup.Log, policy.Policy{Rules: []policy.Rule{log}}, false, 5 * time.Minute},
		{"nothing builds on copies", backup.Log, policy.Policy{Rules: []policy.Rule{full, log}, How: policy.How{CopyOnly: true}, Window: 301 * time.Second}, false, 301 * time.Second},
	} {
		got := planOf(policy.BackupJob{Kind: c.kind, Slot: policy.Slot{At: noon}}, c.p, "SQL1")
		if got.FullFirst != c.first || !got.Until.Equal(noon.Add(c.window)) || got.Attempt != 1 {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}

func TestASlotKeepsTheVersionItWasDecidedWith(t *testing.T) {
	then, err := json.Marshal(policy.Policy{Name: "then", BucketID: "old"})
	if err != nil {
		t.Fatal(err)
	}
	now := &policy.Policy{ID: "p", Name: "now", Version: 3}
	old := &policy.Version{Subject: "policy/p", Number: 2, Content: then}
	for _, c := range []struct {
		what    string
		book    book
		version int
		want    string // name; empty = an error
	}{
		{"the newest", book{policy: now, then: old}, 3, "now"},
		{"an older one", book{policy: now, then: old}, 2, "then"},
		{"any", book{policy: now, then: old}, 0, "now"},
		{"an older one that nobody kept", book{policy: now}, 1, "now"},
		{"the policy is gone", book{then: old}, 2, "then"},
		{"everything is gone", book{}, 2, ""},
	} {
		w := newWorld(t)
		j := w.job()
		j.Policies = &c.book
		p, err := j.policy(t.Context(), policy.BackupJob{PolicyID: "p", Version: c.version})
		if c.want == "" && !fault.Is(err, fault.NotFound) || c.want != "" && (err != nil || p.Name != c.want || p.ID != "p") {
			t.Errorf("%s: %+v %v", c.what, p, err)
		}
	}
}

func TestWhoMayWait(t *testing.T) {
	unanswered := Order{Intended: noon}
	for _, c := range []struct {
		what  string
		until time.Duration
		o     Order
		part  Part
		tries int
		want  bool
	}{
		{"a server in its window", time.Second, Order{}, PartBackUp, 100, true},
		{"at its end", 0, Order{}, PartBackUp, 0, false},
		{"behind it", -time.Second, Order{}, PartVerify, 0, false},
		{"behind it, without an answer", -time.Second, unanswered, PartReconcile, 59, true},
		{"without an answer, for too long", -time.Second, unanswered, PartReconcile, 60, false},
		{"without an answer, in the window", time.Second, unanswered, PartReconcile, 60, true},
		{"a bucket behind the window", -time.Hour, Order{}, PartCopy, 59, true},
		{"a bucket for too long", time.Hour, Order{}, PartCopy, 60, false},
	} {
		w := newWorld(t)
		j := w.job()
		j.run.Tries = c.tries
		if got := j.mayWait(Plan{Until: noon.Add(c.until)}, c.o, c.part); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

func TestAServerThatIsAwayIsAskedUntilTheWindowCloses(t *testing.T) {
	for _, c := range []struct {
		what  string
		left  time.Duration // of the window
		tries int           // 3 tries wait for eight seconds
		err   error
		state run.State // empty = the error comes back
	}{
		{"the window is open", time.Minute, 3, errAway, run.Waiting},
		{"the next look is just inside", 8*time.Second + 1, 3, errAway, run.Waiting},
		{"the next look is at its end", 8 * time.Second, 3, errAway, run.Failed},
		{"it is closed", -time.Second, 0, errAway, run.Failed},
		{"it is no matter of time", time.Minute, 0, errRefused, ""},
	} {
		w := newWorld(t)
		w.box.away = c.err
		j := w.job()
		j.run.Tries = c.tries
		out, err := j.list(t.Context(), Plan{Until: noon.Add(c.left), Server: "SQL1"})
		if out.State != c.state || (err != nil) != (c.state == "") {
			t.Errorf("%s: %+v %v", c.what, out, err)
		}
		switch c.state {
		case run.Waiting:
			if !out.WakeAt.Equal(noon.Add(8*time.Second)) || out.Tries != 4 {
				t.Errorf("%s: %+v", c.what, out)
			}
		case run.Failed: // a retry has a window of its own
			if p := w.paper.plan; p == nil || !p.Until.Equal(noon.Add(leastWindow)) || !p.Listed.IsZero() {
				t.Errorf("%s: %+v", c.what, p)
			}
		}
	}
}

func TestARetryOpensWhatFailed(t *testing.T) {
	good, damaged := shopOrder(), shopOrder()
	good.State, good.Attempts, good.Verdict, good.Intended = OrderFailed, maxStatements, Void, noon
	damaged.Ord, damaged.State, damaged.Verdict, damaged.SetID, damaged.Verified, damaged.Intended = 2, OrderFailed, Refused, guid(1), noon, noon
	unanswered := shopOrder()
	unanswered.Ord, unanswered.State, unanswered.Intended = 3, OrderFailed, noon
	done := shopOrder()
	done.Ord, done.State = 4, OrderDone
	refused := shopOrder()
	refused.Ord, refused.State, refused.Verdict, refused.Intended = 5, OrderFailed, Refused, noon
	w := newWorld(t)
	err := w.job().reopen(t.Context(), Plan{Closed: noon, Attempt: 1, Until: noon.Add(-time.Hour)}, []Order{good, damaged, unanswered, done, refused})
	if err != nil {
		t.Fatal(err)
	}
	if p := w.paper.plan; !p.Closed.IsZero() || p.Attempt != 2 || !p.Until.Equal(noon.Add(leastWindow)) {
		t.Errorf("plan %+v", p)
	}
	o := w.paper.orders
	if len(o) != 4 || o[1].State != OrderOpen || o[1].Attempts != 0 || o[1].Name != good.Name || o[1].Keys[0] != "shop.bak" {
		t.Errorf("what failed: %+v", o[1])
	}
	if d := o[2]; d.State != OrderOpen || d.Name == damaged.Name || d.Keys[0] != "shop_r2.bak" || d.Paths[0] != "/bak/shop_r2.bak" || !d.SetID.IsZero() || d.Unanswered() || d.Taken() || !d.Verified.IsZero() || d.Verdict != NoVerdict {
		t.Errorf("a damaged set is taken under another name: %+v", d)
	}
	if u := o[3]; !u.Unanswered() || u.Name != unanswered.Name {
		t.Errorf("without an answer: %+v", u)
	}
	if r := o[5]; r.Name != refused.Name || r.Keys[0] != "shop.bak" {
		t.Errorf("what was refused keeps its name: %+v", r)
	}
	later := noon.Add(time.Hour)
	if err := w.job().reopen(t.Context(), Plan{Closed: noon, Until: later}, nil); err != nil || !w.paper.plan.Until.Equal(later) {
		t.Errorf("a longer window is cut: %+v %v", w.paper.plan, err)
	}
}

func TestARunThatMissedADatabaseFailed(t *testing.T) {
	for _, c := range []struct {
		what  string
		other OrderState
		state run.State
	}{
		{"all done", OrderDone, run.Succeeded},
		{"one left out", OrderLeftOut, run.Succeeded},
		{"one failed", OrderFailed, run.Failed},
	} {
		w := newWorld(t)
		out, err := w.job().finish(t.Context(), shopPlan, []Order{{Ord: 1, State: OrderDone}, {Ord: 2, State: c.other}})
		if err != nil || out.State != c.state || (w.paper.plan != nil && !w.paper.plan.Closed.IsZero()) != (c.state == run.Failed) {
			t.Errorf("%s: %+v %v", c.what, out, err)
		}
	}
}

func TestAWholeRun(t *testing.T) {
	for _, c := range []struct {
		what  string
		taken error
		want  run.State
	}{{"it is taken", nil, run.Succeeded}, {"it is refused", errRefused, run.Failed}} {
		w, p := shopping(t)
		w.box.have = []backup.Database{{Name: "shop", State: "ONLINE", PreferredReplica: true}}
		w.box.after, w.box.taking = history(1, false), c.taken
		if c.taken != nil {
			w.box.after = nil
		}
		worker := &Worker{Kit: w.kit, Pruner: p, Policies: &book{policy: sevenDays(), job: policy.BackupJob{ID: "w1", PolicyID: "p", ServerID: "i", Kind: backup.Full, Slot: policy.Slot{At: noon, Local: "2026-03-01T12:00"}}}}
		out, err := worker.Work(t.Context(), run.Run{Subject: "w1"}, run.Claim{})
		if err != nil || out.State != c.want || (len(w.library.dropped) > 0) != (c.taken == nil) {
			t.Errorf("%s: %+v %v, removed %v", c.what, out, err, w.library.dropped)
		}
	}
	w, _ := shopping(t)
	w.paper.refuses = fault.New(fault.Conflict, "The run was claimed by another.", "").Because(run.ErrLost)
	w.box.have = []backup.Database{{Name: "shop", State: "ONLINE", PreferredReplica: true}}
	plan := shopPlan
	plan.Listed, plan.Until, w.paper.plan, w.paper.orders[1] = noon, noon.Add(time.Hour), nil, shopOrder()
	w.paper.plan = &plan
	if _, err := (&Worker{Kit: w.kit, Policies: &book{}}).Work(t.Context(), run.Run{Subject: "w1"}, run.Claim{}); err == nil || w.box.did("backup") {
		t.Errorf("a worker that lost its claim goes on: %v, %v", err, w.box.calls)
	}
}
