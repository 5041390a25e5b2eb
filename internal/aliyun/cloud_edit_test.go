package aliyun

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
)

// After a lost answer the backup is there once, and is found.
func TestALostAnswerToCreateBackup(t *testing.T) {
	b := newBackups(t)
	b.bite(control.Rule{Operation: "CreateBackup", Times: 1, Acted: true, Status: 502, Body: "<html>bad gateway</html>", ContentType: "text/html"})
	_, err := b.cloud1.Order(t.Context(), backup.Order{})
	if !fault.Is(err, fault.Unavailable) || errors.Is(err, backup.ErrUndone) {
		t.Fatalf("got %v", err)
	}
	if _, fix := fault.Words(err); !strings.Contains(fix, "not known whether") {
		t.Errorf("fix %q", fix)
	}
	b.bite(control.Rule{Operation: "CreateBackup", Times: 1, Status: 400, Code: "Throttling.User", Message: "Request was denied due to user flow control."})
	if _, err := b.cloud1.Order(t.Context(), backup.Order{}); !errors.Is(err, backup.ErrUndone) {
		t.Errorf("throttled: %v", err)
	}
	if page, err := b.cloud1.Sets(t.Context(), backup.SetQuery{}); err != nil || len(page.Sets) > 1 {
		t.Errorf("%+v %v", page, err)
	}
}

// versions keeps versions in memory.
type versions struct {
	mu   sync.Mutex
	all  map[string][]policy.Version
	acts []audit.Entry
}

func (v *versions) Versions(_ context.Context, subject string, limit int) ([]policy.Version, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := slices.Clone(v.all[subject])
	slices.Reverse(out)
	return out[:min(limit, len(out))], nil
}

func (v *versions) Version(_ context.Context, subject string, number int) (policy.Version, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.all[subject][number-1], nil
}

func (v *versions) AddVersion(_ context.Context, one policy.Version, e *audit.Entry) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == nil {
		v.all = map[string][]policy.Version{}
	}
	one.Number = len(v.all[one.Subject]) + 1
	v.all[one.Subject] = append(v.all[one.Subject], one)
	if e != nil {
		v.acts = append(v.acts, *e)
	}
	return nil
}

func (v *versions) Record(_ context.Context, e audit.Entry) error {
	v.acts = append(v.acts, e)
	return nil
}

func (b *backups) CloudPolicy(_ context.Context, id string) (clouds.Cloud, error) {
	if id == "endpoint" {
		id = instance
	}
	return b.cloud1.client.Cloud(id), nil
}

// An edit, a change elsewhere, the way back, and answers that are lost.
func TestPolicyIsEditedDriftsAndIsRolledBack(t *testing.T) {
	b, kept := newBackups(t), &versions{}
	c := clouds.Editor{Ports: b, Versions: kept, Now: time.Now, Pause: time.Millisecond}
	dba := policy.By{Actor: audit.Actor{Name: "dba", Via: "web"}}
	first, err := c.Look(t.Context(), "endpoint")
	if err != nil || first.Drift != nil || len(first.Versions) != 1 {
		t.Fatalf("%+v %v", first, err)
	}
	seen, wanted := first.Standing.Content(), first.Standing.Standard
	wanted.RetentionDays, wanted.Hour, wanted.Log = 30, 3, clouds.LogEvery30
	w, err := c.Write(t.Context(), "endpoint", clouds.EditRequest{Seen: &seen, Standard: &wanted}, dba)
	if err != nil || len(w.Changes) != 3 || len(w.Differ) != 0 || w.Now.Standard.RetentionDays != 30 {
		t.Fatalf("%+v %v", w, err)
	}
	if n := len(kept.acts); n != 1 || !strings.Contains(kept.acts[0].Summary, "Kept: 7 days → 30 days") || !strings.Contains(string(kept.acts[0].After), "30 days") {
		t.Errorf("acts %+v", kept.acts)
	}
	if w, err := c.Write(t.Context(), "endpoint", clouds.EditRequest{Standard: &wanted}, dba); err != nil || len(w.Changes) != 0 || len(kept.acts) != 1 {
		t.Errorf("nothing to do: %+v %v", w, err)
	}
	if _, err := c.Write(t.Context(), "endpoint", clouds.EditRequest{Seen: &seen, Standard: &first.Standing.Standard}, dba); !fault.Is(err, fault.Conflict) {
		t.Errorf("seen before somebody else's change: %v", err)
	}
	var o *policy.Objection
	bad := wanted
	bad.Days = bad.Days[:1]
	if _, err := c.Write(t.Context(), "endpoint", clouds.EditRequest{Standard: &bad}, dba); !fault.Is(err, fault.Invalid) || !errors.As(err, &o) || o.Findings[0].Field != clouds.FieldDays {
		t.Errorf("one day: %v", err)
	}
	// Elsewhere.
	b.patch(map[string]any{"policy": map[string]any{"retention": 90}})
	for range 2 { // stays drift until a person decides
		l, err := c.Look(t.Context(), "endpoint")
		if err != nil || l.Drift == nil || len(l.Drift.Changes) != 1 || l.Drift.Changes[0].After != "90 days" || len(l.Versions) != 3 || l.Versions[0].Actor != "" {
			t.Fatalf("%+v %v", l, err)
		}
	}
	if w, err = c.RollBack(t.Context(), "endpoint", 2, false, dba); err != nil || w.Now.Standard.RetentionDays != 30 {
		t.Fatalf("%+v %v", w, err)
	}
	l, err := c.Look(t.Context(), "endpoint")
	if err != nil || l.Drift != nil || l.Versions[0].Note != "rolled back to version 2" || l.Versions[0].Actor != "dba" {
		t.Errorf("%+v %v", l.Versions[0], err)
	}
	b.patch(map[string]any{"policy": map[string]any{"retention": 91}})
	if err := c.Acknowledge(t.Context(), "endpoint", dba); err != nil {
		t.Fatal(err)
	}
	if l, err = c.Look(t.Context(), "endpoint"); err != nil || l.Drift != nil {
		t.Errorf("acknowledged: %+v %v", l.Drift, err)
	}
	// The answer is lost each time it is sent; the look afterwards finds it done.
	b.bite(control.Rule{Operation: "ModifyBackupPolicy", Times: -1, Acted: true, Status: 502, Body: "<html></html>", ContentType: "text/html"})
	b.cloud1 = b.client(func(c *Config) { c.Patience = 50 * time.Millisecond }).Cloud(instance)
	wanted.RetentionDays = 45
	if w, err = c.Write(t.Context(), "endpoint", clouds.EditRequest{Standard: &wanted}, dba); err != nil || w.Now.Standard.RetentionDays != 45 {
		t.Errorf("%+v %v", w, err)
	}
}

// One policy for many instances: a refusal at one holds no other, and a
// repetition goes on.
func TestOnePolicyForManyInstances(t *testing.T) {
	b := newBackups(t, func(c *aliyunemu.Config) {
		for i := range 8 {
			in := c.Instances[0]
			in.ID, in.Databases = fmt.Sprintf("rm-many%d", i), nil
			if i == 3 {
				in.Status = "Restarting"
			}
			if i == 5 {
				in.Category = "AlwaysOn"
			}
			c.Instances = append(c.Instances, in)
		}
	})
	kept := &versions{}
	c := clouds.Editor{Ports: b, Versions: kept, Now: time.Now, Pause: time.Millisecond}
	s := clouds.Standard{RetentionDays: 14, Days: []time.Weekday{time.Monday, time.Friday}, Hour: 20, Method: clouds.Physical, Log: clouds.LogEvery30}
	ids := []string{"rm-none"}
	for i := range 8 {
		ids = append(ids, fmt.Sprintf("rm-many%d", i))
	}
	for round := range 2 {
		for i, a := range c.Apply(t.Context(), ids, s, false, policy.By{Actor: audit.Actor{Name: "dba"}, Note: "applied to 9 instances"}) {
			switch {
			case i == 0 && !fault.Is(a.Err, fault.NotFound), i == 4 && !fault.Is(a.Err, fault.Invalid):
				t.Errorf("%s: %v", a.InstanceID, a.Err)
			case i == 0, i == 4:
			case a.Err != nil || (len(a.Written.Changes) == 0) != (round == 1) || len(clouds.Diff(s, a.Written.Now.Standard)) > 0:
				t.Errorf("round %d, %s: %+v %v", round, a.InstanceID, a.Written, a.Err)
			}
		}
	}
	if len(kept.acts) != 7 {
		t.Errorf("%d acts", len(kept.acts))
	}
}

func TestExpiryIsMovedAndNoted(t *testing.T) {
	b, kept := newBackups(t), &versions{}
	s := b.order(backup.Order{Databases: []string{"Shop"}})
	now := func() time.Time { return b.forward(0) }
	until, dba := s.Expires.AddDate(0, 0, 3).Truncate(time.Minute), audit.Actor{Name: "dba"}
	for range 2 {
		if got, err := clouds.Extend(t.Context(), b.cloud1, kept, "endpoint", s.ID, until, 2, dba, now); err != nil || !got.Expires.Equal(until) || len(kept.acts) != 1 {
			t.Fatalf("%+v %v", got, err)
		}
	}
	var o *policy.Objection
	if _, err := clouds.Extend(t.Context(), b.cloud1, kept, "endpoint", s.ID, s.Expires, 2, dba, now); !errors.As(err, &o) {
		t.Errorf("shorter: %v", err)
	}
	all := b.order(backup.Order{})
	_, err := clouds.Extend(t.Context(), b.cloud1, kept, "endpoint", all.ID, until.AddDate(0, 0, 9), 2, dba, now)
	refusal(t, err, fault.Conflict, "OperationDenied.BackupSet", clouds.FieldExpiry)
	if _, err := clouds.Extend(t.Context(), b.cloud1, kept, "endpoint", "9", until, 2, dba, now); !fault.Is(err, fault.NotFound) {
		t.Errorf("no set: %v", err)
	}
}

// An order whose answer was lost is looked for and adopted, and made once.
func TestLostOrdersAreAdopted(t *testing.T) {
	b := newBackups(t)
	b.order(backup.Order{})
	b.bite(control.Rule{Operation: "CreateBackup", Times: 1, Acted: true, Status: 502, Body: "<html></html>", ContentType: "text/html"})
	b.bite(control.Rule{Operation: "CreateBackup", Times: 1, Skip: 1, Status: 502, Body: "<html></html>", ContentType: "text/html"})
	order := backup.Order{Databases: []string{"Shop"}, RetentionDays: 30}
	for round, calls := range []int{1, 2} { // the first call arrives, that of the second round does not
		var s backup.OrderState
		made := 0
		ended := false
		for range 100 {
			now := b.forward(time.Second)
			jobs, err1 := b.cloud1.Jobs(t.Context(), s.JobID)
			page, err2 := b.cloud1.Sets(t.Context(), backup.SetQuery{})
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			switch backup.NextOrder(s) {
			case backup.OrderLook:
				in := backup.NewOrderIntent(order, jobs, page.Sets, now)
				s.Intent = &in
			case backup.OrderMake:
				s.Called, made = true, made+1
				id, err := b.cloud1.Order(t.Context(), order)
				if err != nil && !fault.Is(err, fault.Unavailable) {
					t.Fatal(err)
				}
				s.JobID = id
			case backup.OrderReconcile:
				s = s.Found(backup.ReconcileOrder(*s.Intent, jobs, page.Sets, now, 5*time.Second))
			case backup.OrderFollow:
				var job *backup.Job
				if len(jobs) == 1 {
					job = &jobs[0]
				}
				s = s.Saw(job)
			case backup.OrderDone:
				ended = true
			case backup.OrderFailed:
				t.Fatalf("failed: %+v", s)
			}
			if ended {
				break
			}
		}
		page, err := b.cloud1.Sets(t.Context(), backup.SetQuery{})
		if !ended || err != nil || len(page.Sets) != 2+round || made != calls || page.Sets[0].ID != s.SetID {
			t.Errorf("round %d: ended %v, %d calls, %d sets, %+v", round, ended, made, len(page.Sets), s)
		}
	}
}
