package sqlite

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// TestWhatBecomesOfARecord, by what happens to it: to its copies, its pin, and
// where it lies.
func TestWhatBecomesOfARecord(t *testing.T) {
	ctx, c := t.Context(), open(t).Catalogue()
	at := noon.Add(time.Hour)
	both := func(r *backup.Record) {
		r.Copies = append(r.Copies, backup.Copy{BucketID: "c", Keys: []string{"k"}, Size: 100, At: noon})
	}
	cloud := func(r *backup.Record) {
		r.Origin, r.Set.ID = backup.InCloud, backup.GUID{}
		r.Cloud = &backup.CloudSet{ID: "1", Kind: backup.Full, Started: noon, Finished: noon, Usable: true, Size: 9}
	}
	bare := func(r *backup.Record) { r.Copies = nil }
	drop := func(bucket string) func(string) error {
		return func(id string) error { return c.DropCopies(ctx, []string{id}, bucket, at, entry("drop")) }
	}
	forget := func(id string) error { return c.Forget(ctx, []string{id}, at, entry("forget")) }
	for i, tc := range []struct {
		name  string
		edits []func(*backup.Record)
		do    []func(id string) error
		want  string
	}{
		{"nothing", nil, nil, "complete, 1 copies, gone false"},
		{"its only copy is dropped", nil, []func(string) error{drop("b")}, "removed, 0 copies, gone true"},
		{"a copy it does not have", nil, []func(string) error{drop("x")}, "complete, 1 copies, gone false"},
		{"one of two copies", []func(*backup.Record){both}, []func(string) error{drop("b")}, "complete, 1 copies, gone false"},
		{"both copies", []func(*backup.Record){both}, []func(string) error{drop("b"), drop("c")}, "removed, 0 copies, gone true"},
		{"a copy of a set of the cloud", []func(*backup.Record){cloud}, []func(string) error{drop("b")}, "complete, 0 copies, gone false, usable true"},
		{"the service drops it", []func(*backup.Record){cloud, bare}, []func(string) error{forget}, "removed, 0 copies, gone true, usable true"},
		{"the service drops it, a copy stays", []func(*backup.Record){cloud}, []func(string) error{forget}, "complete, 1 copies, gone false, usable false"},
		{"then the copy goes", []func(*backup.Record){cloud}, []func(string) error{forget, drop("b")}, "complete, 0 copies, gone false, usable false"},
		{"ours is not at the service", nil, []func(string) error{forget}, "complete, 1 copies, gone false"},
	} {
		r := set(fmt.Sprint("i", i), "orders", 0)
		for _, f := range tc.edits {
			f(&r)
		}
		put(t, c, r)
		id := mustSets(t, c, r.InstanceID, "orders")[0].ID
		for _, f := range tc.do {
			if err := f(id); err != nil {
				t.Fatal(tc.name, err)
			}
		}
		now, err := c.Record(ctx, id)
		got := fmt.Sprintf("%s, %d copies, gone %v", now.State, len(now.Copies), now.Gone.Equal(at))
		if now.Cloud != nil {
			got += fmt.Sprintf(", usable %v", now.Cloud.Usable)
		}
		if err != nil || got != tc.want || now.Gone.IsZero() == (now.State == backup.Removed) {
			t.Errorf("%s: %s, want %s; %v", tc.name, got, tc.want, err)
		}
		left, err := c.Sets(ctx, r.InstanceID, "orders", 10)
		if p, _ := c.Protection(ctx, r.InstanceID, "orders"); err != nil || (len(left) == 0) != (now.State == backup.Removed) || p.Unprotected() != (now.State == backup.Removed || now.Cloud != nil && !now.Cloud.Usable) {
			t.Errorf("%s: %d sets are left, %+v, %v", tc.name, len(left), p, err)
		}
	}
}

// TestAPinStaysUntilItIsTaken, with its reason, over anything that is found.
func TestAPinStaysUntilItIsTaken(t *testing.T) {
	ctx, c := t.Context(), open(t).Catalogue()
	put(t, c, set("i", "orders", 0), set("i", "orders", 1))
	ids := mustSets(t, c, "i", "orders")
	look := func(want string) {
		t.Helper()
		one, err := c.Record(ctx, ids[0].ID)
		other, err2 := c.Record(ctx, ids[1].ID)
		if got := fmt.Sprint(one.Pinned, " ", one.PinNote); err != nil || err2 != nil || got != want || other.Pinned {
			t.Errorf("%s, want %s; the other %v", got, want, other.Pinned)
		}
	}
	pin := func(on bool, note string) {
		t.Helper()
		if err := c.Pin(ctx, ids[0].ID, on, note, entry("pin")); err != nil {
			t.Fatal(err)
		}
	}
	pin(true, "for the audit")
	look("true for the audit")
	again := set("i", "orders", 0)
	again.Seen = noon.Add(100 * time.Hour)
	put(t, c, again)
	look("true for the audit")
	pin(true, "for good")
	look("true for good")
	pin(false, "not needed")
	look("false ")
}

// TestWhenASightIsWorthAWrite: after more than a day, or with anything new.
func TestWhenASightIsWorthAWrite(t *testing.T) {
	old := set("i", "orders", 0)
	for _, tc := range []struct {
		name string
		edit func(*backup.Record)
		want bool
	}{
		{"nothing", func(*backup.Record) {}, false},
		{"seen a day later", func(r *backup.Record) { r.Seen = old.Seen.Add(24 * time.Hour) }, false},
		{"seen more than a day later", func(r *backup.Record) { r.Seen = old.Seen.Add(24*time.Hour + time.Microsecond) }, true},
		{"an instance", func(r *backup.Record) { r.InstanceID = "j" }, true},
		{"a policy", func(r *backup.Record) { r.PolicyID = "p" }, true},
		{"a start", func(r *backup.Record) { r.Set.Started = utc(noon.Add(-time.Hour)) }, true},
		{"a finish", func(r *backup.Record) { r.Set.Finished = utc(noon.Add(time.Hour)) }, true},
		{"how far it leads", func(r *backup.Record) { r.Set.ValidUntil = utc(noon.Add(time.Hour)) }, true},
		{"an LSN", func(r *backup.Record) { r.Set.Last.Block++ }, true},
		{"the service's word", func(r *backup.Record) { r.Cloud = &backup.CloudSet{ID: "1"} }, true},
		{"apart", func(r *backup.Record) { r.Apart = true }, true},
		{"a size", func(r *backup.Record) { r.Copies = []backup.Copy{{BucketID: "b", Keys: r.Copies[0].Keys, Size: 101}} }, true},
		{"verified", func(r *backup.Record) { r.Verified = noon }, true},
		{"a pin", func(r *backup.Record) { r.Pinned = true }, true},
		{"why it is pinned", func(r *backup.Record) { r.PinNote = "x" }, true},
		{"an expiry", func(r *backup.Record) { r.Expires = noon }, true},
		{"gone", func(r *backup.Record) { r.Gone = noon }, true},
		{"a state", func(r *backup.Record) { r.State = backup.Broken }, true},
		{"a key", func(r *backup.Record) { r.Copies = []backup.Copy{{BucketID: "b", Keys: []string{"x"}, Size: 100}} }, true},
		{"a bucket", func(r *backup.Record) { r.Copies = []backup.Copy{{BucketID: "c", Keys: r.Copies[0].Keys, Size: 100}} }, true},
		{"when a copy came", func(r *backup.Record) {
			r.Copies = []backup.Copy{{BucketID: "b", Keys: r.Copies[0].Keys, Size: 100, At: noon.Add(9 * time.Hour)}}
		}, false},
	} {
		now := old
		tc.edit(&now)
		if got := changed(old, now); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

// TestDatabasesThatComeAndGo: one that left is neither late nor counted, keeps
// its sets, and counts again when it is back.
func TestDatabasesThatComeAndGo(t *testing.T) {
	ctx, c := t.Context(), open(t).Catalogue()
	put(t, c, set("i", "orders", 0), set("other", "orders", 0))
	if err := c.Promise(ctx, []backup.Promise{{InstanceID: "i", Database: "orders", Objective: time.Hour, Since: noon}, {InstanceID: "i", Database: "stock", Objective: time.Minute, Since: noon}}); err != nil {
		t.Fatal(err)
	}
	for i, tc := range []struct {
		names   []string
		shown   []string
		dropped int // step at which orders was seen to be gone; -1 = it is there
	}{
		{[]string{"orders", "stock"}, []string{"orders", "stock"}, -1},
		{[]string{"stock", "fresh"}, []string{"fresh", "stock"}, 1},
		{[]string{"stock"}, []string{"stock"}, 1},
		{[]string{"orders", "stock", "fresh"}, []string{"fresh", "orders", "stock"}, -1},
		{nil, nil, 4},
	} {
		step := func(n int) time.Time { return noon.Add(time.Duration(n+10) * time.Hour) }
		if err := c.Exist(ctx, "i", tc.names, "", step(i)); err != nil {
			t.Fatal(err)
		}
		all, err := c.Protections(ctx, backup.ProtectionFilter{InstanceID: "i", Now: step(i), Limit: 50})
		var shown []string
		for _, p := range all {
			shown = append(shown, p.Database)
		}
		slices.Sort(shown)
		tally, err2 := c.Count(ctx, step(i))
		if err != nil || err2 != nil || !slices.Equal(shown, tc.shown) || tally.Databases != len(tc.shown)+1 {
			t.Errorf("%d: %v are shown, %d are counted, %v %v", i, shown, tally.Databases, err, err2)
		}
		late := 0
		for _, name := range tc.names {
			if name == "orders" || name == "stock" {
				late++
			}
		}
		if tally.Late != late || len(mustSets(t, c, "i", "orders")) != 1 {
			t.Errorf("%d: %d are late, want %d", i, tally.Late, late)
		}
		p, err := c.Protection(ctx, "i", "orders")
		if err != nil || p.Dropped.IsZero() != (tc.dropped < 0) || tc.dropped >= 0 && !p.Dropped.Equal(step(tc.dropped)) || p.Objective != time.Hour {
			t.Errorf("%d: %+v, %v", i, p, err)
		}
	}
}

// TestWhenTheNextOneIsLate: after now, and of those that are shown.
func TestWhenTheNextOneIsLate(t *testing.T) {
	ctx, c := t.Context(), open(t).Catalogue()
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
	if next, err := c.NextLate(ctx, noon); err != nil || !next.IsZero() {
		t.Errorf("of nothing: %s, %v", next, err)
	}
	if err := c.Promise(ctx, []backup.Promise{{InstanceID: "i", Database: "a", Objective: time.Hour, Since: noon}, {InstanceID: "i", Database: "b", Due: at(3)}, {InstanceID: "i", Database: "never"}, {InstanceID: "j", Database: "gone", Due: at(2)}}); err != nil {
		t.Fatal(err)
	}
	if err := c.Exist(ctx, "j", nil, "", noon); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		now, want time.Time
		late      int
	}{{noon, at(1), 0}, {at(1).Add(-time.Microsecond), at(1), 0}, {at(1), at(3), 1}, {at(2), at(3), 1}, {at(3), time.Time{}, 2}} {
		next, err := c.NextLate(ctx, tc.now)
		tally, err2 := c.Count(ctx, tc.now)
		if err != nil || err2 != nil || !next.Equal(tc.want) || tally.Late != tc.late {
			t.Errorf("at %s: next %s, %d late, %v %v", tc.now, next, tally.Late, err, err2)
		}
	}
}

// TestWhatDatabasesDoNotGet is kept by name, and what is not told stays.
func TestWhatDatabasesDoNotGet(t *testing.T) {
	ctx, c := t.Context(), open(t).Catalogue()
	put(t, c, set("i", "orders", 0), set("i", "stock", 0), set("j", "orders", 0))
	tell := func(m map[string]backup.Exempt) {
		t.Helper()
		if err := c.Exempt(ctx, "i", m); err != nil {
			t.Fatal(err)
		}
	}
	tell(map[string]backup.Exempt{"orders": {NoLog: "l", NoDifferential: "d"}, "none": {NoLog: "x"}})
	tell(map[string]backup.Exempt{"stock": {NoLog: "s"}})
	put(t, c, set("i", "orders", 1)) // what is judged anew keeps it
	for name, want := range map[[2]string]backup.Exempt{{"i", "orders"}: {NoLog: "l", NoDifferential: "d"}, {"i", "stock"}: {NoLog: "s"}, {"j", "orders"}: {}} {
		if p, err := c.Protection(ctx, name[0], name[1]); err != nil || p.Exempt != want {
			t.Errorf("%v: %+v, %v", name, p.Exempt, err)
		}
	}
	changes, stop := c.notifier.Listen()
	defer stop()
	tell(map[string]backup.Exempt{"stock": {NoLog: "s"}})
	select {
	case <-changes:
		t.Error("the same again is a write")
	default:
	}
	tell(map[string]backup.Exempt{"orders": {}})
	if p, _ := c.Protection(ctx, "i", "orders"); p.Exempt != (backup.Exempt{}) {
		t.Errorf("%+v", p.Exempt)
	}
}
