package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// TestWhatChangedSince holds each policy once, at its newest, also one that left.
func TestWhatChangedSince(t *testing.T) {
	d, ctx := open(t), t.Context()
	s := d.Policies()
	save := func(p policy.Policy) policy.Policy {
		t.Helper()
		p, err := s.Save(ctx, p, "", entry("policy.save"))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	seen := func(since int64) (names string, newest int64) {
		t.Helper()
		changed, newest, err := s.Since(ctx, since)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range changed {
			names += fmt.Sprintf("%s %d %v, ", p.Name, p.Version, p.Enabled)
		}
		return strings.TrimSuffix(names, ", "), newest
	}
	if names, at := seen(0); names != "" || at != 0 {
		t.Errorf("of none: %q, %d", names, at)
	}
	b := save(policy.Policy{ID: "1", Name: "b", Enabled: true})
	save(policy.Policy{ID: "2", Name: "A"})
	names, at := seen(0)
	if names != "b 1 true, A 1 false" {
		t.Error(names)
	}
	if names, again := seen(at); names != "" || again != at {
		t.Errorf("again: %q, %d", names, again)
	}
	save(b)
	if err := s.Remove(ctx, "2", entry("policy.remove")); err != nil {
		t.Fatal(err)
	}
	if names, _ := seen(at); names != "b 2 true, A 1 false" {
		t.Error(names)
	}
	if all, err := s.Policies(ctx); err != nil || len(all) != 1 || all[0].Name != "b" {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := s.Policy(ctx, "2"); !fault.Is(err, fault.NotFound) {
		t.Errorf("one that left: %v", err)
	}
	if _, err := s.Save(ctx, policy.Policy{ID: "2", Name: "A", Version: 1}, "", entry("policy.save")); !fault.Is(err, fault.NotFound) {
		t.Errorf("one that left is changed: %v", err)
	}
	if err := s.AddVersion(ctx, policy.Version{Subject: "x", Content: []byte("no JSON")}, nil); err == nil {
		t.Error("a version that cannot be read again")
	}
}

// TestPagesOfSlots: newest first, of one moment by kind, each once.
func TestPagesOfSlots(t *testing.T) {
	d, ctx := open(t), t.Context()
	s := d.Policies()
	for _, id := range []string{"p", "q"} {
		if _, err := s.Save(ctx, policy.Policy{ID: id, Name: id}, "", entry("policy.save")); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	var batch policy.Batch
	for _, local := range []string{"2026-03-02T00:00", "2026-03-01T00:00"} {
		for _, kind := range []backup.Kind{backup.Log, backup.Full, backup.Differential} {
			batch.Slots = append(batch.Slots, policy.Decided{Slot: policy.Slot{PolicyID: "p", Kind: kind, Local: local, At: noon}, Verdict: policy.Fired, Count: 1})
			want = append(want, local+" "+string(kind))
		}
	}
	slices.Sort(want)
	slices.Reverse(want)
	other := batch.Slots[0]
	other.PolicyID = "q"
	batch.Slots = append(batch.Slots, other)
	if err := s.Decide(ctx, batch); err != nil {
		t.Fatal(err)
	}
	for size := 1; size <= len(want)+1; size++ {
		var got []string
		for before := ""; ; {
			page, err := s.Slots(ctx, "p", before, size)
			if err != nil || len(page) > size {
				t.Fatal(err)
			}
			if len(page) == 0 || len(got) > len(want) {
				break
			}
			for _, p := range page {
				got = append(got, p.Local+" "+string(p.Kind))
			}
			before = page[len(page)-1].Key()
		}
		if !slices.Equal(got, want) {
			t.Errorf("by %d: %v", size, got)
		}
	}
}

// TestWhichJobsASlotHas: its own, by server, and none of those ordered by hand.
func TestWhichJobsASlotHas(t *testing.T) {
	d, ctx := open(t), t.Context()
	s := d.Policies()
	slot := policy.Slot{PolicyID: "p", Kind: backup.Full, Local: "2026-03-01T00:00", At: noon}
	edited := func(f func(*policy.Slot)) policy.Slot { o := slot; f(&o); return o }
	for i, j := range []struct {
		slot   policy.Slot
		policy string
		server string
	}{{slot, "p", "z"}, {slot, "p", "a"}, {edited(func(s *policy.Slot) { s.Local = "2026-03-02T00:00" }), "p", "a"}, {edited(func(s *policy.Slot) { s.Kind = backup.Log }), "p", "a"}, {slot, "q", "a"}, {policy.Slot{}, "", "a"}} {
		id := fmt.Sprint("j", i)
		w := policy.BackupJob{ID: id, RunID: "r" + id, PolicyID: j.policy, Version: 1, Slot: j.slot, ServerID: j.server, Kind: j.slot.Kind}
		if w.Kind == "" {
			w.Kind = backup.Full
		}
		if err := s.Order(ctx, w, run.Run{ID: "r" + id, Kind: "k", Subject: id, Title: words.Say("t"), Created: noon}, entry("order")); err != nil {
			t.Fatal(err)
		}
		if again := w; w.PolicyID != "" {
			again.ID, again.RunID = "again", "again"
			if err := s.Order(ctx, again, run.Run{ID: "again", Kind: "k", Subject: "again", Title: words.Say("t"), Created: noon}, entry("order")); !fault.Is(err, fault.Conflict) {
				t.Errorf("a second one beside %s: %v", id, err)
			}
		}
		if err := d.Move(ctx, "r"+id, run.Canceled, entry("cancel")); err != nil {
			t.Fatal(err)
		}
	}
	names := func(jobs []policy.BackupJob, err error) (out string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			out += j.ID + " "
		}
		return strings.TrimSpace(out)
	}
	if got := names(s.Jobs(ctx, slot)); got != "j1 j0" {
		t.Error(got)
	}
	if got := names(s.Jobs(ctx, policy.Slot{Kind: backup.Full})); got != "" {
		t.Errorf("of no slot: %s", got)
	}
	if got := names(s.Recent(ctx, "p", 10)); got != "j2 j3 j1 j0" {
		t.Error(got)
	}
	if got := names(s.Recent(ctx, "p", 2)); got != "j2 j3" {
		t.Error(got)
	}
	if got := names(s.Recent(ctx, "", 10)); got != "" {
		t.Errorf("by hand: %s", got)
	}
	if j, err := s.Job(ctx, "j0"); err != nil || j.Slot != slot {
		t.Errorf("%+v, %v", j, err)
	}
	if j, err := s.Job(ctx, "j5"); err != nil || j.Slot != (policy.Slot{}) {
		t.Errorf("%+v, %v", j, err)
	}
}

// TestPagesOfRunsAndTheirEvents: filtered, newest first, none twice.
func TestPagesOfRunsAndTheirEvents(t *testing.T) {
	d, ctx := open(t), t.Context()
	queued(t, d, "a", "b", "c", "d")
	turn(t, d, `state='failed' WHERE id='b'`)
	turn(t, d, `kind='other' WHERE id='c'`)
	for _, tc := range []struct {
		f    run.Filter
		want string
	}{
		{run.Filter{}, "d c b a"}, {run.Filter{Limit: 2}, "d c"}, {run.Filter{Before: "c"}, "b a"}, {run.Filter{Kind: "k"}, "d b a"},
		{run.Filter{States: []run.State{run.Failed}}, "b"}, {run.Filter{States: []run.State{run.Failed, run.Queued}, Kind: "other"}, "c"}, {run.Filter{States: []run.State{run.Queued}, Before: "d", Kind: "k"}, "a"},
	} {
		all, err := d.Runs(ctx, tc.f)
		var got []string
		for _, r := range all {
			got = append(got, r.ID)
		}
		if err != nil || strings.Join(got, " ") != tc.want {
			t.Errorf("%+v: %v, %v", tc.f, got, err)
		}
	}
	for limit, want := range map[int]int{-1: 50, 0: 50, 1: 1, 500: 500, 501: 50} {
		if got := page(limit); got != want {
			t.Errorf("a page of %d has %d", limit, got)
		}
	}
	for i := range 6 {
		if _, err := d.write.ExecContext(ctx, `INSERT INTO run_events (run_id, at, step, level, text) VALUES (?, ?, '', 'info', 'x')`, string("ab"[i%2]), i); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		run    string
		before int64
		limit  int
		want   []int64
	}{{"", 0, 10, []int64{6, 5, 4, 3, 2, 1}}, {"", 3, 10, []int64{2, 1}}, {"a", 0, 10, []int64{5, 3, 1}}, {"a", 5, 1, []int64{3}}, {"b", 6, 10, []int64{4, 2}}} {
		events, err := d.Events(ctx, tc.run, tc.before, tc.limit)
		var got []int64
		for _, e := range events {
			got = append(got, e.ID)
		}
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%q before %d: %v, %v", tc.run, tc.before, got, err)
		}
	}
	if last, err := d.LastEvent(ctx); err != nil || last != 6 {
		t.Errorf("%d, %v", last, err)
	}
}

// TestASessionIsProlongedAndReplaced under its token alone.
func TestASessionIsProlongedAndReplaced(t *testing.T) {
	s, ctx := open(t).Sessions(), context.Background()
	at := time.Now()
	for _, c := range []struct {
		token, data string
		expiry      time.Time
	}{{"a", "one", at.Add(time.Hour)}, {"b", "other", at.Add(time.Hour)}, {"a", "two", at.Add(2 * time.Hour)}} {
		if err := s.Commit(c.token, []byte(c.data), c.expiry); err != nil {
			t.Fatal(err)
		}
	}
	for token, want := range map[string]string{"a": "two", "b": "other", "c": ""} {
		if data, found, err := s.Find(token); string(data) != want || found != (want != "") || err != nil {
			t.Errorf("%s: %q %v %v", token, data, found, err)
		}
	}
	var expiry int64
	if err := s.Read.QueryRowContext(ctx, `SELECT expiry FROM sessions WHERE token='a'`).Scan(&expiry); err != nil || expiry != micros(at.Add(2*time.Hour)) {
		t.Errorf("ends at %d, %v", expiry, err)
	}
	if err := s.Delete("none"); err != nil {
		t.Error(err)
	}
	if err := s.Delete("a"); err != nil {
		t.Error(err)
	}
	if _, found, _ := s.Find("b"); !found {
		t.Error("another session ended with it")
	}
}
