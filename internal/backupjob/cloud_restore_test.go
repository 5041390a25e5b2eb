package backupjob

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
)

// service is a cloud whose answers are written down.
type service struct {
	backup.Cloud
	names, usable []string
	jobs          []backup.Job
	sets          []backup.CloudSet
	answer        error // to a changing call
	ordered       int
	during        func()
}

func (s *service) Names(context.Context, string) ([]string, error)     { return s.names, nil }
func (s *service) Usable(context.Context, string) ([]string, error)    { return s.usable, nil }
func (s *service) Jobs(context.Context, string) ([]backup.Job, error)  { return s.jobs, nil }
func (s *service) Restore(context.Context, backup.RestoreOrder) error  { return s.call() }
func (s *service) Order(context.Context, backup.Order) (string, error) { return "j1", s.call() }
func (s *service) Sets(context.Context, backup.SetQuery) (backup.SetPage, error) {
	return backup.SetPage{Sets: s.sets}, nil
}

func (s *service) call() error {
	s.ordered++
	if s.during != nil {
		s.during()
	}
	return s.answer
}

// at is the service as every instance has it.
type at struct{ *service }

func (a at) Cloud(context.Context, string) (backup.Cloud, error) { return a.service, nil }

func (w *world) cloud(s *service) CloudKit {
	rds := func(id string) endpoint.Instance {
		return endpoint.Instance{ID: id, Name: id, InstanceID: "rm-" + id, Region: "r", AccountID: "a", Traits: endpoint.Traits{BacksUpItself: true}}
	}
	w.traits["i"], w.traits["t"] = rds("i"), rds("t")
	return CloudKit{Kit: w.kit, Clouds: at{s}, Poll: time.Minute, Settle: 10 * time.Minute}
}

func TestWhatARestoreByTheServiceMustSay(t *testing.T) {
	source := endpoint.Instance{Region: "r", AccountID: "a", InstanceID: "rm-1"}
	for _, c := range []struct {
		what   string
		change func(*CloudRestore, *endpoint.Instance)
		field  string // empty = nothing is wrong
	}{
		{"all is said", func(*CloudRestore, *endpoint.Instance) {}, ""},
		{"a moment instead of a set", func(o *CloudRestore, _ *endpoint.Instance) { o.SetID, o.At = "", noon }, ""},
		{"a moment in the future", func(o *CloudRestore, _ *endpoint.Instance) { o.SetID, o.At = "", noon.Add(time.Second) }, FieldTime},
		{"both", func(o *CloudRestore, _ *endpoint.Instance) { o.At = noon }, FieldTime},
		{"neither", func(o *CloudRestore, _ *endpoint.Instance) { o.SetID = "" }, FieldTime},
		{"no database", func(o *CloudRestore, _ *endpoint.Instance) { o.Databases = nil }, FieldDatabases},
		{"another region", func(_ *CloudRestore, t *endpoint.Instance) { t.Region = "other" }, FieldServer},
		{"another account", func(_ *CloudRestore, t *endpoint.Instance) { t.AccountID = "other" }, FieldServer},
		{"into itself", func(_ *CloudRestore, t *endpoint.Instance) { t.InstanceID = "rm-1" }, FieldServer},
		{"no name", func(o *CloudRestore, _ *endpoint.Instance) { o.Databases["shop"] = " " }, FieldName},
		{"a system database", func(o *CloudRestore, _ *endpoint.Instance) { o.Databases["shop"] = "Master" }, FieldName},
		{"a name that is taken", func(o *CloudRestore, _ *endpoint.Instance) { o.Databases["shop"] = "TAKEN" }, FieldName},
		{"the same name twice", func(o *CloudRestore, _ *endpoint.Instance) { o.Databases["crm"] = "SHOP2" }, FieldName},
		{"two names", func(o *CloudRestore, _ *endpoint.Instance) { o.Databases["crm"] = "crm2" }, ""},
		{"the target is not typed", func(o *CloudRestore, _ *endpoint.Instance) { o.Typed = "" }, FieldTyped},
		{"the target is typed otherwise", func(o *CloudRestore, _ *endpoint.Instance) { o.Typed = "RDS2" }, FieldTyped},
	} {
		o, target := CloudRestore{SetID: "s", Databases: map[string]string{"shop": "shop2"}, Typed: "rds2"}, endpoint.Instance{Name: "rds2", Region: "r", AccountID: "a"}
		c.change(&o, &target)
		wrong := o.Check(source, target, []string{"taken"}, noon)
		if c.field == "" && len(wrong) > 0 || c.field != "" && (len(wrong) != 1 || wrong[0].Field != c.field) {
			t.Errorf("%s: %+v", c.what, wrong)
		}
	}
}

func TestARestoreByTheServiceIsOrderedOnce(t *testing.T) {
	asked := CloudRestore{InstanceID: "i", TargetID: "t", SetID: "s", Databases: map[string]string{"a": "a2", "b": "b2"}}
	for _, c := range []struct {
		what     string
		progress cloudRestoreProgress
		service  service
		ordered  int
		state    run.State // empty = an error
		accepted bool
		begun    bool // the intent stays noted
	}{
		{what: "it is taken", ordered: 1, state: run.Waiting, accepted: true, begun: true},
		{what: "a name is taken by now", service: service{names: []string{"B2"}}},
		{what: "it is refused", service: service{answer: errRefused}, ordered: 1},
		{what: "the instance is busy", service: service{answer: fault.New(fault.Conflict, "Busy.", "").WithCode("not-running")}, ordered: 1},
		{what: "it was never sent", service: service{answer: errors.Join(backup.ErrUndone, errAway)}, ordered: 1},
		{what: "its answer is lost", service: service{answer: errAway}, ordered: 1, state: run.Waiting, begun: true},
		{what: "a lost one shows", progress: cloudRestoreProgress{Intended: noon}, service: service{names: []string{"a2"}}, state: run.Waiting, accepted: true, begun: true},
		{what: "the name was there before", progress: cloudRestoreProgress{Intended: noon, Before: []string{"A2"}}, service: service{names: []string{"a2"}}, state: run.Waiting, begun: true},
		{what: "a lost one may still come", progress: cloudRestoreProgress{Intended: noon.Add(-10*time.Minute + 1)}, state: run.Waiting, begun: true},
		{what: "a lost one never arrived", progress: cloudRestoreProgress{Intended: noon.Add(-10 * time.Minute)}, ordered: 1, state: run.Waiting, accepted: true, begun: true},
		{what: "one of two is usable", progress: cloudRestoreProgress{Intended: noon, Accepted: noon}, service: service{names: []string{"a2", "b2"}, usable: []string{"a2"}}, state: run.Waiting, accepted: true, begun: true},
		{what: "both are listed, none is usable", progress: cloudRestoreProgress{Intended: noon, Accepted: noon}, service: service{names: []string{"a2", "b2"}}, state: run.Waiting, accepted: true, begun: true},
		{what: "both are usable", progress: cloudRestoreProgress{Intended: noon, Accepted: noon}, service: service{usable: []string{"A2", "b2"}}, state: run.Succeeded, accepted: true, begun: true},
	} {
		w, s := newWorld(t), c.service
		k := &CloudRestorer{w.cloud(&s)}
		w.paper.order(t, asked, c.progress)
		s.during = func() {
			if j, err := pick[CloudRestore, cloudRestoreProgress](t.Context(), &k.Kit, run.Run{Subject: "op"}, run.Claim{}); err != nil || j.progress.Intended.IsZero() {
				t.Errorf("%s: called before it was noted", c.what)
			}
		}
		out, err := k.Work(t.Context(), run.Run{Subject: "op", Created: noon}, run.Claim{})
		j, unread := pick[CloudRestore, cloudRestoreProgress](t.Context(), &k.Kit, run.Run{Subject: "op"}, run.Claim{})
		if unread != nil {
			t.Fatal(unread)
		}
		if out.State != c.state || (err != nil) != (c.state == "") || s.ordered != c.ordered || j.progress.Accepted.IsZero() == c.accepted || j.progress.Intended.IsZero() == c.begun {
			t.Errorf("%s: %+v %v, ordered %d times, %+v", c.what, out, err, s.ordered, j.progress)
		}
		if busy := c.what == "the instance is busy"; busy != (fault.Is(err, fault.Unavailable) && !errors.Is(err, backup.ErrUndone)) {
			t.Errorf("%s: %v", c.what, err)
		}
		if c.state == run.Waiting && !out.WakeAt.After(noon) {
			t.Errorf("%s: no rest", c.what)
		}
	}
}

func TestABackupByTheServiceIsOrderedOnce(t *testing.T) {
	intent := backup.NewOrderIntent(backup.Order{}, nil, nil, noon)
	old := intent
	old.At = noon.Add(-10 * time.Minute)
	job := backup.Job{ID: "j1", Status: "Running"}
	ours := backup.CloudSet{ID: "s1", Kind: backup.Full, Manual: true, Finished: noon}
	failed := ours
	failed.Failed = true
	for _, c := range []struct {
		what    string
		state   backup.OrderState
		service service
		ordered int
		out     run.State // empty = an error
		put     int
	}{
		{what: "it is taken and followed", service: service{jobs: []backup.Job{job}}, ordered: 1, out: run.Waiting},
		{what: "it is refused", service: service{answer: errRefused}, ordered: 1},
		{what: "the instance is busy", service: service{answer: fault.New(fault.Conflict, "Busy.", "").WithCode("not-running")}, ordered: 1},
		{what: "it was never sent", service: service{answer: errors.Join(backup.ErrUndone, errAway)}, ordered: 1},
		{what: "its answer is lost", service: service{answer: errAway}, ordered: 1, out: run.Waiting},
		{what: "a former life called", state: backup.OrderState{Intent: &intent, Called: true}, out: run.Waiting},
		{what: "a former life called, and it shows", state: backup.OrderState{Intent: &intent, Called: true}, service: service{sets: []backup.CloudSet{ours}}, out: run.Succeeded, put: 1},
		{what: "a former life called, and it never arrived", state: backup.OrderState{Intent: &old, Called: true}, service: service{jobs: nil, answer: errAway}, ordered: 1, out: run.Waiting},
		{what: "a former life meant to call", state: backup.OrderState{Intent: &intent}, service: service{answer: errAway}, ordered: 1, out: run.Waiting},
		{what: "its set is there", state: backup.OrderState{SetID: "s1"}, service: service{sets: []backup.CloudSet{ours}}, out: run.Succeeded, put: 1},
		{what: "another set is there", state: backup.OrderState{SetID: "s2"}, service: service{sets: []backup.CloudSet{ours}}, out: run.Waiting},
		{what: "its set failed", state: backup.OrderState{SetID: "s1"}, service: service{sets: []backup.CloudSet{failed}}, out: run.Failed},
	} {
		w, s := newWorld(t), c.service
		k := &CloudWorker{w.cloud(&s)}
		w.paper.order(t, backup.Order{}, c.state)
		s.during = func() {
			if j, err := pick[backup.Order, backup.OrderState](t.Context(), &k.Kit, run.Run{Subject: "op"}, run.Claim{}); err != nil || j.progress.Intent == nil || !j.progress.Called {
				t.Errorf("%s: called before it was noted", c.what)
			}
		}
		out, err := k.Work(t.Context(), run.Run{Subject: "op", Created: noon}, run.Claim{})
		if busy := c.what == "the instance is busy"; busy != (fault.Is(err, fault.Unavailable) && !errors.Is(err, backup.ErrUndone)) {
			t.Errorf("%s: %v", c.what, err)
		}
		if out.State != c.out || (err != nil) != (c.out == "") || s.ordered != c.ordered || len(w.library.put) != c.put {
			t.Errorf("%s: %+v %v, ordered %d times", c.what, out, err, s.ordered)
		}
	}
}

func TestPausesGrowWithTheRun(t *testing.T) {
	k := CloudKit{Poll: time.Minute}
	for lasts, want := range map[time.Duration]time.Duration{0: time.Minute, 10 * time.Minute: time.Minute, 20 * time.Minute: 2 * time.Minute, 150 * time.Minute: 15 * time.Minute, 24 * time.Hour: 15 * time.Minute} {
		if got := k.pause(run.Run{Created: noon}, noon.Add(lasts)); got != want {
			t.Errorf("after %s: %s", lasts, got)
		}
	}
}

func TestOneWhoBacksUpItselfIsNotBackedUpByStatements(t *testing.T) {
	w := newWorld(t)
	k := w.cloud(&service{})
	if _, err := BackUpNow(t.Context(), w.paper, w, BackUp{ServerID: "t", Kind: backup.Full}, k.NewID, By{At: noon}); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}
