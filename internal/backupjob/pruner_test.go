package backupjob

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// fullOf is a full backup of days ago, in one file of the folder.
func fullOf(id string, days int) backup.Record {
	at := onClock(noon.AddDate(0, 0, -days), 0)
	return backup.Record{ID: id, InstanceID: "i", Database: "shop", Origin: backup.ByUs, PolicyID: "p", State: backup.Complete, Copies: []backup.Copy{{BucketID: "folder", Keys: []string{id + ".bak"}, Size: bakSize}},
		Set: backup.Set{Kind: backup.Full, ID: guid(id[0]), Started: at, Finished: at, Complete: true}}
}

// shopping is a world with a, b and c of 30, 20 and 1 days ago, of which the
// policy keeps c.
func shopping(t *testing.T) (*world, *Pruner) {
	w := newWorld(t)
	w.library.records = []backup.Record{fullOf("a", 30), fullOf("b", 20), fullOf("c", 1)}
	for _, r := range w.library.records {
		w.shelves["folder"].files[r.ID+".bak"] = bak(r.ID[0])
	}
	return w, &Pruner{Kit: w.kit, Policies: &book{policy: sevenDays()}}
}

func sevenDays() *policy.Policy {
	return &policy.Policy{ID: "p", Name: "Nightly", Enabled: true, Zone: "UTC", Servers: []string{"i"}, Rules: []policy.Rule{{Kind: backup.Full, Cron: "@daily", Keep: policy.Keep{Days: 7}}}}
}

func (w *world) prune(p *Pruner) removed {
	w.Helper()
	d, err := p.decide(w.Context(), *sevenDays(), "i", "shop", noon)
	if err != nil {
		w.Fatal(err)
	}
	done, err := p.remove(w.Context(), d)
	if err != nil {
		w.Fatal(err)
	}
	return done
}

func TestNothingGoesUnlessWhatStaysIsSeenWhole(t *testing.T) {
	for _, c := range []struct {
		what  string
		world func(*world, *backup.Record) // the record is that of the set that stays
		goes  bool
	}{
		{"it is whole", func(*world, *backup.Record) {}, true},
		{"it is cut short", func(w *world, _ *backup.Record) { w.shelves["folder"].files["c.bak"] = bak('c')[:bakSize-4096] }, false},
		{"its size is another than was noted", func(_ *world, r *backup.Record) { r.Copies[0].Size++ }, false},
		{"another set of its size lies there", func(w *world, _ *backup.Record) { w.shelves["folder"].files["c.bak"] = bak('x') }, false},
		{"others were appended to it", func(w *world, _ *backup.Record) { w.shelves["folder"].files["c.bak"] = bak('c', 'x') }, true},
		{"it is not there", func(w *world, _ *backup.Record) { delete(w.shelves["folder"].files, "c.bak") }, false},
		{"it cannot be looked at now", func(w *world, _ *backup.Record) { w.shelves["folder"].stat = map[string]error{"c.bak": errAway} }, false},
		{"it may not be looked at", func(w *world, _ *backup.Record) {
			w.shelves["folder"].stat = map[string]error{"c.bak": fault.New(fault.Denied, "No.", "")}
		}, false},
		{"its bucket is not known", func(_ *world, r *backup.Record) { r.Copies[0].BucketID = "gone" }, false},
		{"it names no files", func(_ *world, r *backup.Record) { r.Copies[0].Keys, r.Copies[0].Size = nil, 0 }, false},
		{"it has no copy", func(_ *world, r *backup.Record) { r.Copies = nil }, false},
		{"the second copy is whole", func(w *world, r *backup.Record) {
			w.shelves["folder"].files["c.bak"] = bak('x')
			w.shelves["b"] = &shelf{files: map[string][]byte{"c.bak": bak('c')}}
			r.Copies = append(r.Copies, backup.Copy{BucketID: "b", Keys: []string{"c.bak"}, Size: bakSize})
		}, true},
		{"the first copy is whole", func(w *world, r *backup.Record) {
			r.Copies = append(r.Copies, backup.Copy{BucketID: "gone", Keys: []string{"c.bak"}, Size: bakSize})
		}, true},
		{"one of its two files is missing", func(_ *world, r *backup.Record) { r.Copies[0].Keys = []string{"c.bak", "c2.bak"} }, false},
	} {
		w, p := shopping(t)
		c.world(w, &w.library.records[2])
		done := w.prune(p)
		if c.goes && (done.sets != 2 || done.bytes != 2*bakSize || done.files != 2 || len(done.kept) > 0) {
			t.Errorf("%s: %+v", c.what, done)
		}
		if !c.goes && (done.sets > 0 || len(w.shelves["folder"].deleted) > 0 || len(w.library.dropped) > 0 || len(done.kept) != 1) {
			t.Errorf("%s: %+v, removed %v", c.what, done, w.shelves["folder"].deleted)
		}
	}
}

func TestOnlyAFullThatStaysMakesRemovalSafe(t *testing.T) {
	kept := func(change func(*backup.Record)) policy.Kept {
		r := fullOf("k", 2)
		if change != nil {
			change(&r)
		}
		return policy.Kept{Record: r}
	}
	for _, c := range []struct {
		what string
		keep []policy.Kept
		safe bool
	}{
		{"a full", []policy.Kept{kept(nil)}, true},
		{"nothing", nil, false},
		{"a differential", []policy.Kept{kept(func(r *backup.Record) { r.Set.Kind = backup.Differential })}, false},
		{"a broken full", []policy.Kept{kept(func(r *backup.Record) { r.State = backup.Broken })}, false},
		{"a full that is gone", []policy.Kept{kept(func(r *backup.Record) { r.Gone = noon })}, false},
		{"a log behind the full", []policy.Kept{kept(nil), kept(func(r *backup.Record) { r.Set.Kind, r.Copies = backup.Log, nil })}, true},
		{"of two fulls the newest counts", []policy.Kept{kept(nil), kept(func(r *backup.Record) { r.Copies = nil })}, false},
		{"the older one may be unseen", []policy.Kept{kept(func(r *backup.Record) { r.Copies = nil }), kept(nil)}, true},
	} {
		w, p := shopping(t)
		w.shelves["folder"].files["k.bak"] = bak('k')
		why, err := p.unsafe(t.Context(), DatabasePruning{InstanceID: "i", Database: "shop", Pruning: policy.Pruning{Keep: c.keep}})
		if err != nil || c.safe != (why == "") {
			t.Errorf("%s: %q %v", c.what, why, err)
		}
	}
	w, p := shopping(t)
	w.shelves["folder"].stat = map[string]error{"k.bak": fault.New(fault.Invalid, "Odd.", "")}
	if _, err := p.unsafe(t.Context(), DatabasePruning{InstanceID: "i", Database: "shop", Pruning: policy.Pruning{Keep: []policy.Kept{kept(nil)}}}); err == nil {
		t.Error("an error that nobody knows is passed over")
	}
}

func TestASetIsLookedAtAgainBeforeItGoes(t *testing.T) {
	for _, c := range []struct {
		what    string
		now     func(*backup.Record)
		removed []string
	}{
		{"as it was", nil, []string{"b", "a"}},
		{"pinned meanwhile", func(r *backup.Record) { r.Pinned = true }, []string{"a"}},
		{"given an expiry", func(r *backup.Record) { r.Expires = noon.Add(time.Second) }, []string{"a"}},
		{"its expiry is reached", func(r *backup.Record) { r.Expires = noon }, []string{"b", "a"}},
		{"its expiry is over", func(r *backup.Record) { r.Expires = noon.Add(-time.Second) }, []string{"b", "a"}},
	} {
		w, p := shopping(t)
		if c.now != nil {
			r := fullOf("b", 20)
			c.now(&r)
			w.library.now = map[string]backup.Record{"b": r}
		}
		done := w.prune(p)
		var want []string
		for _, id := range c.removed { // the newest goes first
			want = append(want, id+".bak")
		}
		if !slices.Equal(w.shelves["folder"].deleted, want) || done.sets != len(want) || len(done.kept) != 2-len(want) || len(w.library.dropped) != len(want) {
			t.Errorf("%s: %v, %+v", c.what, w.shelves["folder"].deleted, done)
		}
	}
	w, p := shopping(t)
	if done, err := p.removeSet(t.Context(), policy.Removal{Record: fullOf("z", 40)}, &removals{pruner: p}); err != nil || done.sets != 0 || len(w.shelves["folder"].deleted) > 0 {
		t.Errorf("a set that is gone: %+v %v", done, err)
	}
}

func TestOnlyOurFilesAreRemoved(t *testing.T) {
	one, two := stripe(1, 2, 'a'), stripe(2, 2, 'a')
	for _, c := range []struct {
		what    string
		keys    []string
		size    int64 // noted; 0 = that of the files
		files   map[string][]byte
		shelf   func(*shelf)
		goes    bool
		deleted []string
	}{
		{what: "as noted", keys: []string{"x"}, files: map[string][]byte{"x": bak('a')}, goes: true, deleted: []string{"x"}},
		{what: "another set of the same name and size", keys: []string{"x"}, files: map[string][]byte{"x": bak('b')}},
		{what: "others were appended", keys: []string{"x"}, files: map[string][]byte{"x": bak('a', 'b')}},
		{what: "it stands behind others", keys: []string{"x"}, files: map[string][]byte{"x": bak('b', 'a')}},
		{what: "cut off", keys: []string{"x"}, files: map[string][]byte{"x": bak('a')[:bakSize-4096]}},
		{what: "of another size", keys: []string{"x"}, size: 7, files: map[string][]byte{"x": bak('a')}},
		{what: "no backup", keys: []string{"x"}, files: map[string][]byte{"x": []byte("somebody's notes")}},
		{what: "an empty stranger", keys: []string{"x"}, files: map[string][]byte{"x": nil}},
		{what: "gone already", keys: []string{"x"}, files: nil, goes: true, deleted: []string{"x"}},
		{what: "two stripes", keys: []string{"x", "y"}, files: map[string][]byte{"x": one, "y": two}, goes: true, deleted: []string{"x", "y"}},
		{what: "half of it was removed before", keys: []string{"x", "y"}, files: map[string][]byte{"y": two}, goes: true, deleted: []string{"x", "y"}},
		{what: "half of it, and a stranger", keys: []string{"x", "y"}, files: map[string][]byte{"y": stripe(2, 2, 'b')}},
		{what: "a stripe of another set", keys: []string{"x", "y"}, files: map[string][]byte{"x": one, "y": stripe(2, 2, 'b')}},
		{what: "one stripe twice", keys: []string{"x", "y"}, files: map[string][]byte{"x": one, "y": one}},
		{what: "a stripe that was never found", keys: []string{"", "y"}, files: map[string][]byte{"y": two}, goes: true, deleted: []string{"y"}},
		{what: "a stranger beside one that was never found", keys: []string{"", "y"}, files: map[string][]byte{"y": bak('b')}},
		{what: "the bucket does not answer", keys: []string{"x"}, files: map[string][]byte{"x": bak('a')}, shelf: func(s *shelf) { s.away = errAway }},
		{what: "a file cannot be looked at", keys: []string{"x", "y"}, files: map[string][]byte{"x": one, "y": two}, shelf: func(s *shelf) { s.stat = map[string]error{"y": errAway} }},
		{what: "it cannot be removed", keys: []string{"x"}, files: map[string][]byte{"x": bak('a')}, shelf: func(s *shelf) { s.sticky = true }, deleted: []string{"x"}},
	} {
		w, p := shopping(t)
		s := &shelf{files: c.files}
		if c.shelf != nil {
			c.shelf(s)
		}
		w.shelves["b"] = s
		r := fullOf("a", 30)
		if c.size == 0 {
			for _, f := range c.files {
				c.size += int64(len(f))
			}
		}
		r.Copies = []backup.Copy{{BucketID: "b", Keys: c.keys, Size: c.size}}
		w.library.now = map[string]backup.Record{"a": r}
		gone := &removals{pruner: p}
		done, err := p.removeSet(t.Context(), policy.Removal{Record: r}, gone)
		err = errors.Join(err, gone.note(t.Context()))
		if err != nil || c.goes != (done.sets == 1) || c.goes != (len(w.library.dropped) == 1) || c.goes == (len(done.kept) > 0) || !slices.Equal(s.deleted, c.deleted) {
			t.Errorf("%s: %+v %v, removed %v, noted %v", c.what, done, err, s.deleted, w.library.dropped)
		}
	}
}

func TestTheDigestNamesExactlyWhatGoes(t *testing.T) {
	all := func(change func(*backup.Record)) string {
		r := fullOf("a", 30)
		if change != nil {
			change(&r)
		}
		return digest([]DatabasePruning{{InstanceID: "i", Database: "shop", Pruning: policy.Pruning{Remove: []policy.Removal{{Record: r}, {Record: fullOf("b", 20)}}}}})
	}
	if once, again := all(nil), all(nil); once != again {
		t.Error("it is another each time")
	}
	for what, change := range map[string]func(*backup.Record){
		"another set":      func(r *backup.Record) { r.ID = "x" },
		"another bucket":   func(r *backup.Record) { r.Copies[0].BucketID = "b" },
		"another file":     func(r *backup.Record) { r.Copies[0].Keys = []string{"other.bak"} },
		"one more copy":    func(r *backup.Record) { r.Copies = append(r.Copies, r.Copies[0]) },
		"two files of one": func(r *backup.Record) { r.Copies[0].Keys = []string{"a.bak", ""} },
	} {
		if all(change) == all(nil) {
			t.Error(what, "has the same digest")
		}
	}
}

func TestWhenARunPrunes(t *testing.T) {
	done, failed := Order{Ord: 1, Database: "shop", State: OrderDone}, Order{Ord: 1, Database: "shop", State: OrderFailed}
	off := sevenDays()
	off.Enabled = false
	for _, c := range []struct {
		what   string
		policy *policy.Policy
		kind   backup.Kind
		order  Order
		goes   bool
	}{
		{"a full", sevenDays(), backup.Full, done, true},
		{"a differential", sevenDays(), backup.Differential, done, true},
		{"a log", sevenDays(), backup.Log, done, false},
		{"the policy is off", off, backup.Full, done, false},
		{"the policy is gone", nil, backup.Full, done, false},
		{"its database has no backup", sevenDays(), backup.Full, failed, false},
	} {
		w, p := shopping(t)
		j := w.job()
		j.Pruner, j.Policies = p, &book{policy: c.policy}
		err := j.prune(t.Context(), Plan{Job: policy.BackupJob{PolicyID: "p", ServerID: "i", Kind: c.kind}}, []Order{c.order})
		if err != nil || c.goes != (len(w.library.dropped) == 2) || !c.goes && len(w.shelves["folder"].deleted) > 0 || w.paper.plan == nil || w.paper.plan.Pruned.IsZero() {
			t.Errorf("%s: %v, removed %v", c.what, err, w.shelves["folder"].deleted)
		}
	}
}

func TestPruningByHandRemovesWhatWasShown(t *testing.T) {
	for _, c := range []struct {
		what  string
		shown []string
		world func(*world)
		gone  []string
		state run.State
	}{
		{"both", []string{"a", "b"}, nil, []string{"b.bak", "a.bak"}, run.Succeeded},
		{"what came since stays", []string{"a"}, nil, []string{"a.bak"}, run.Succeeded},
		{"what is wanted by now stays", []string{"a", "c"}, nil, []string{"a.bak"}, run.Failed},
		{"pinned meanwhile", []string{"a", "b"}, func(w *world) { w.library.records[0].Pinned = true }, []string{"b.bak"}, run.Failed},
	} {
		w, p := shopping(t)
		if c.world != nil {
			c.world(w)
		}
		w.now = noon.Add(time.Hour)
		w.paper.order(t, pruneRequest{PolicyID: "p", At: noon, Sets: c.shown, Places: [][2]string{{"i", "shop"}}}, pruneProgress{})
		out, err := p.Work(t.Context(), run.Run{Subject: "op"}, run.Claim{})
		if err != nil || out.State != c.state || !slices.Equal(w.shelves["folder"].deleted, c.gone) {
			t.Errorf("%s: %+v %v, removed %v", c.what, out, err, w.shelves["folder"].deleted)
		}
	}
	w, p := shopping(t)
	p.Policies = &book{}
	w.paper.order(t, pruneRequest{PolicyID: "p", At: noon, Sets: []string{"a"}, Places: [][2]string{{"i", "shop"}}}, pruneProgress{})
	if _, err := p.Work(t.Context(), run.Run{Subject: "op"}, run.Claim{}); !fault.Is(err, fault.Conflict) || len(w.shelves["folder"].deleted) > 0 {
		t.Errorf("without its policy: %v, removed %v", err, w.shelves["folder"].deleted)
	}
}

func TestOnlyAFreshPreviewIsOrdered(t *testing.T) {
	for _, c := range []struct {
		what  string
		at    time.Duration // of the preview, before the order
		world func(*world)
		wrong bool // the digest
		ok    bool
	}{
		{what: "at once", ok: true},
		{what: "within the hour", at: time.Hour, ok: true},
		{what: "an hour and a second ago", at: time.Hour + time.Second},
		{what: "from the future", at: -time.Second},
		{what: "of other sets", wrong: true},
		{what: "a set was pinned since", world: func(w *world) { w.library.records[1].Pinned = true }},
		{what: "a copy was made since", world: func(w *world) {
			w.library.records[0].Copies = append(w.library.records[0].Copies, backup.Copy{BucketID: "b", Keys: []string{"a"}})
		}},
	} {
		w, p := shopping(t)
		v, err := p.Preview(t.Context(), "p", noon)
		if err != nil || v.Sets != 2 || v.Bytes != 2*bakSize {
			t.Fatal(v, err)
		}
		if c.world != nil {
			c.world(w)
		}
		if c.wrong {
			v.Digest = strings.Repeat("0", 32)
		}
		_, err = PruneNow(t.Context(), p, "p", noon, v.Digest, p.NewID, By{At: noon.Add(c.at)})
		if c.ok != (err == nil) || !c.ok && !fault.Is(err, fault.Conflict) || c.ok != (len(w.paper.sent) == 1) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	w, p := shopping(t)
	w.library.records = w.library.records[2:]
	if _, err := PruneNow(t.Context(), p, "p", noon, digest(nil), p.NewID, By{At: noon}); !fault.Is(err, fault.Conflict) {
		t.Errorf("nothing to remove: %v", err)
	}
}

// TestOneSickDatabaseStopsRetentionForItselfOnly: a backup that failed keeps all
// of its database; the sets of one that was dropped go by their last rule.
func TestOneSickDatabaseStopsRetentionForItselfOnly(t *testing.T) {
	for _, c := range []struct {
		what string
		have string // the database that the server has, whose backup fails
		want int    // places of sets that went
	}{{"the sick one", "shop", 0}, {"a dropped one beside it", "sick", 2}} {
		w, p := shopping(t)
		w.library.gone = c.have != "shop"
		w.box.have, w.box.taking = []backup.Database{{Name: c.have, State: "ONLINE", PreferredReplica: true}}, errRefused
		worker := &Worker{Kit: w.kit, Pruner: p, Policies: &book{policy: sevenDays(), job: policy.BackupJob{ID: "w1", PolicyID: "p", ServerID: "i", Kind: backup.Full, Slot: policy.Slot{At: noon, Local: "2026-03-01T12:00"}}}}
		out, err := worker.Work(t.Context(), run.Run{Subject: "w1"}, run.Claim{})
		if err != nil || out.State != run.Failed || len(w.library.dropped) != c.want {
			t.Errorf("%s: %+v %v, removed %v", c.what, out, err, w.library.dropped)
		}
	}
}

// TestAPruningIsAuditedInFew: one entry names every set and file that went, and
// why; a death or an error on the way leaves none unnamed.
func TestAPruningIsAuditedInFew(t *testing.T) {
	w, p := shopping(t)
	const old = 2*notedTogether + 3
	w.library.records = w.library.records[2:]
	for i := range old {
		r := fullOf("a", 30)
		r.ID = fmt.Sprintf("old%03d", i)
		r.Set.ID = guid('a')
		r.Copies[0].Keys = []string{r.ID + ".bak"}
		r.Set.Finished.Local = r.Set.Finished.Local.Add(time.Duration(i) * time.Minute)
		w.library.records = append(w.library.records, r)
		w.shelves["folder"].files[r.ID+".bak"] = bak('a')
	}
	w.shelves["folder"].stat = map[string]error{"old000.bak": errAway} // the last to go
	done := w.prune(p)
	if done.sets != old-1 || len(w.library.audited) != 3 || len(w.library.dropped) != old-1 {
		t.Fatalf("%+v, %d entries of %d copies", done.sets, len(w.library.audited), len(w.library.dropped))
	}
	named := map[string]bool{}
	for _, e := range w.library.audited {
		var after struct {
			Database string
			Removed  []removedCopy
		}
		if err := json.Unmarshal(e.After, &after); err != nil || after.Database != "shop" || len(after.Removed) > notedTogether {
			t.Fatalf("%v %+v", err, after)
		}
		for _, r := range after.Removed {
			if len(r.Files) != 1 || r.Files[0] != r.Set+".bak" || r.Why == "" {
				t.Errorf("%+v", r)
			}
			named[r.Set] = true
		}
	}
	if len(named) != old-1 || named["old000"] || w.library.audited[0].Subject != "instance/i" {
		t.Errorf("%d sets are named, under %s", len(named), w.library.audited[0].Subject)
	}
}
