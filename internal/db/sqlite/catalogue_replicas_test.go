package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// TestReplicasCountOnce: which row stands for a group as its replicas tell, fail
// over, leave and are dropped, and what it counts.
func TestReplicasCountOnce(t *testing.T) {
	ctx, c := t.Context(), open(t).Catalogue()
	put(t, c, set("i", "orders", 0), set("j", "orders", 1), set("j", "stock", 2), set("k", "orders", 3))
	member := func(role backup.Role, n byte) *backup.Member {
		return &backup.Member{Group: "AG", GroupID: backup.GUID{1}, DatabaseID: backup.GUID{n}, Role: role}
	}
	told := func(instance, database string, m *backup.Member) func() error {
		return func() error {
			return c.Replicas(ctx, instance, map[string]*backup.Member{database: m, "nobody": m})
		}
	}
	exist := func(instance string, names ...string) func() error {
		return func() error { return c.Exist(ctx, instance, names, "", noon) }
	}
	for _, tc := range []struct {
		name string
		do   func() error
		want string // shown rows: instance, database, sets, replicas
	}{
		{"nothing is told", func() error { return nil }, "i orders 1 [], j orders 1 [], j stock 1 [], k orders 1 []"},
		{"one replica tells", told("j", "orders", member(backup.Secondary, 1)), "i orders 1 [], j orders 1 [j], j stock 1 [], k orders 1 []"},
		{"the primary tells", told("i", "orders", member(backup.Primary, 1)), "i orders 2 [i j], j stock 1 [], k orders 1 []"},
		{"another database of the group", told("k", "orders", member(backup.Primary, 2)), "i orders 2 [i j], j stock 1 [], k orders 1 [k]"},
		{"the new primary tells first", told("j", "orders", member(backup.Primary, 1)), "j orders 2 [i j], j stock 1 [], k orders 1 [k]"},
		{"then the old one", told("i", "orders", member(backup.Secondary, 1)), "j orders 2 [i j], j stock 1 [], k orders 1 [k]"},
		{"a set of the one that is not shown", func() error { put(t, c, set("i", "orders", 4)); return nil }, "j orders 3 [i j], j stock 1 [], k orders 1 [k]"},
		{"there is no primary", told("j", "orders", member(backup.Resolving, 1)), "i orders 3 [i j], j stock 1 [], k orders 1 [k]"},
		{"the one that is shown is dropped", exist("i"), "j orders 3 [j], j stock 1 [], k orders 1 [k]"},
		{"it comes back", exist("i", "orders"), "i orders 3 [i j], j stock 1 [], k orders 1 [k]"},
		{"one leaves the group", told("j", "orders", nil), "i orders 2 [i], j orders 1 [], j stock 1 [], k orders 1 [k]"},
	} {
		if err := tc.do(); err != nil {
			t.Fatal(tc.name, err)
		}
		all, err := c.Protections(ctx, backup.ProtectionFilter{Now: noon, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range all {
			got = append(got, fmt.Sprint(p.InstanceID, " ", p.Database, " ", p.Sets, " ", p.Replicas))
			if sets := mustSets(t, c, p.InstanceID, p.Database); len(sets) != p.Sets {
				t.Errorf("%s: %s %s has %d sets, %d count", tc.name, p.InstanceID, p.Database, len(sets), p.Sets)
			}
			if in := p.Replicas != nil; in != (p.Group == "AG") {
				t.Errorf("%s: %+v", tc.name, p)
			}
		}
		if text := strings.Join(got, ", "); text != tc.want {
			t.Errorf("%s:\n%s, want\n%s", tc.name, text, tc.want)
		}
		if n, err := c.Count(ctx, noon); err != nil || n.Databases != len(all) {
			t.Errorf("%s: %d databases are counted, %d are shown, %v", tc.name, n.Databases, len(all), err)
		}
	}
	changes, stop := c.notifier.Listen()
	defer stop()
	if err := told("i", "orders", member(backup.Secondary, 1))(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changes:
		t.Error("the same again is a write")
	default:
	}
	// A page of sets is bounded over all replicas together, the newest last.
	if err := told("j", "orders", member(backup.Secondary, 1))(); err != nil {
		t.Fatal(err)
	}
	some, err := c.Sets(ctx, "i", "orders", 2)
	if err != nil || len(some) != 2 || some[0].InstanceID != "j" || some[1].InstanceID != "i" || !some[0].Finished().Before(some[1].Finished()) {
		t.Errorf("%+v, %v", some, err)
	}
	// A promise of the row that is not shown is never late.
	if err := c.Promise(ctx, []backup.Promise{{InstanceID: "j", Database: "orders", Objective: time.Minute, Since: noon.Add(-time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Count(ctx, noon.Add(24*time.Hour)); err != nil || n.Late != 0 {
		t.Errorf("%+v, %v", n, err)
	}
}
