package app_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// leftovers are those of the yard by database, judged now.
func (y *yard) leftovers(l *backupjob.Leftovers) map[string]backupjob.Leftover {
	y.t.Helper()
	if err := l.Turn(y.t.Context()); err != nil {
		y.t.Fatal(err)
	}
	all, err := l.Store.Leftovers(y.t.Context(), "", 100)
	if err != nil {
		y.t.Fatal(err)
	}
	out := map[string]backupjob.Leftover{}
	for _, one := range all {
		out[one.Database] = one
	}
	return out
}

// here counts the sets of a database that are not gone.
func (y *yard) here(database string) (n int) {
	for _, r := range y.sets() {
		if r.Database == database && r.Gone.IsZero() {
			n++
		}
	}
	return n
}

// TestBackupsThatNoRuleWants: a database that the policy leaves out, a server
// that left it, and the policy itself removed. What nobody prunes any more goes
// by the last rule; the newest chain, what is pinned and what a person took
// stays, until a person lets go of what may go.
func TestBackupsThatNoRuleWants(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	l := &backupjob.Leftovers{Pruner: y.pruner, Store: y.app.DB.Leftovers()}
	y.promise(policy.Policy{ID: app.NewID(), Name: "nightly", Enabled: true, Servers: []string{demo.Server}, Zone: "UTC", Window: time.Hour, Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *"}}})
	for _, local := range []string{"2026-11-20T02:00", "2026-11-21T02:00"} {
		y.ends(y.slot(backup.Full, local), run.Succeeded)
		y.tick()
	}
	y.ends(y.backUp(backupjob.BackUp{Kind: backup.Full, Databases: []string{"shop"}, How: policy.How{CopyOnly: true}}), run.Succeeded)
	if got := y.leftovers(l); len(got) != 0 {
		t.Fatalf("while the policy takes them: %+v", got)
	}

	y.policy.Databases.Exclude = []string{"sh*"}
	y.promise(y.policy)
	got := y.leftovers(l)
	if one := got["shop"]; len(got) != 1 || one.Reason != policy.NotChosen || one.Sets != 2 || one.Found.Bytes == 0 || one.Found.RunID != "" {
		t.Fatalf("left out: %+v", got)
	}
	says(t, got["shop"].Found.Why.String(), `nightly leaves it out: excluded by "sh*"`)

	// The server leaves the policy, whose rule is stricter by now.
	var pinned backup.Record
	for _, r := range y.sets() {
		if r.Database == "stock" && pinned.ID == "" {
			pinned = r
		}
	}
	if err := y.app.DB.Catalogue().Pin(t.Context(), pinned.ID, true, "for the audit", demo.Furnisher{}.Entry("pin")); err != nil {
		t.Fatal(err)
	}
	other := endpoint.Instance{ID: "other", Name: "other", Kind: "server", Host: "127.0.0.1", Login: "sa"}
	if err := y.app.DB.SaveInstance(t.Context(), other, demo.Furnisher{}.Entry("instance")); err != nil {
		t.Fatal(err)
	}
	y.policy.Databases.Exclude, y.policy.Servers = nil, []string{other.ID}
	y.policy.Rules[0].Keep = policy.Keep{Count: 1}
	y.promise(y.policy)
	got = y.leftovers(l)
	runs := map[string]bool{}
	for name, one := range got {
		if one.Reason != policy.ServerLeft || (one.Found.Goes == 1) == (name == "stock") {
			t.Errorf("%s: %+v", name, one)
		}
		if one.Found.RunID != "" {
			runs[one.Found.RunID] = true
		}
	}
	if len(got) < 3 || len(runs) != 1 {
		t.Fatalf("%d databases, runs %v", len(got), runs)
	}
	says(t, y.ends(slices.Collect(maps.Keys(runs))[0], run.Succeeded).Message.String(), "Removed 2 sets")
	if y.here("shop") != 2 || y.here("stock") != 2 {
		t.Errorf("%d of shop and %d of stock stay", y.here("shop"), y.here("stock"))
	}
	for name, one := range y.leftovers(l) {
		if one.Found.Goes != 0 || !one.Found.Ordered.Equal(got[name].Found.Ordered) {
			t.Errorf("ordered again: %s %+v", name, one)
		}
	}

	// The policy is removed: its last rule has nothing more to say, a person has.
	if err := y.app.DB.Policies().Remove(t.Context(), y.policy.ID, demo.Furnisher{}.Entry("remove")); err != nil {
		t.Fatal(err)
	}
	got = y.leftovers(l)
	if got["shop"].Reason != policy.PolicyRemoved {
		t.Fatalf("removed: %+v", got)
	}
	for name, stays := range map[string]int{"shop": 1, "stock": 1} { // the one that a person took; the pinned one
		now := time.Now()
		c, err := l.Clearing(t.Context(), got[name].ID, now)
		if err != nil || len(c.Goes.Remove) != 1 {
			t.Fatalf("%s: %+v %v", name, c, err)
		}
		if _, err := l.Clear(t.Context(), c.ID, now, "another", y.by()); !fault.Is(err, fault.Conflict) {
			t.Errorf("another digest: %v", err)
		}
		id, err := l.Clear(t.Context(), c.ID, now, c.Digest, y.by())
		if err != nil {
			t.Fatal(err)
		}
		says(t, y.ends(id, run.Succeeded).Message.String(), "Removed 1 set")
		if y.here(name) != stays {
			t.Errorf("%d of %s stay", y.here(name), name)
		}
	}
	if r, err := y.app.DB.Catalogue().Record(t.Context(), pinned.ID); err != nil || !r.Gone.IsZero() || !y.exists(r.Copies[0].BucketID, r.Copies[0].Keys[0]) {
		t.Errorf("the pinned one: %+v %v", r, err)
	}
	if got := y.leftovers(l); got["shop"].Sets != 0 || got["stock"].Sets != 1 {
		t.Errorf("afterwards: %+v", got)
	}
	if _, err := y.app.DB.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}
