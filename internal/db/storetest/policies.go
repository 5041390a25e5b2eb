package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

func policiesKeepTheirVersions(t *testing.T, open Open) {
	d, ctx := open(t), context.Background()
	s := d.Policies()
	p := looked(t, d)
	changed, revision, err := s.Since(ctx, 0)
	if err != nil || len(changed) != 1 || changed[0].Version != 1 || changed[0].Window != time.Hour || !changed[0].Changed.Equal(noon) {
		t.Fatal(changed, revision, err)
	}
	old := p
	p.Rules[0].Keep.Days = 60
	if p, err = s.Save(ctx, p, "longer", entry("policy.save")); err != nil || p.Version != 2 {
		t.Fatal(p, err)
	}
	if _, err := s.Save(ctx, old, "", entry("policy.save")); !fault.Is(err, fault.Conflict) {
		t.Errorf("an old version was replaced: %v", err)
	}
	if _, err := s.Save(ctx, policy.Policy{ID: "q", Name: "NIGHTLY"}, "", entry("policy.save")); !fault.Is(err, fault.Conflict) {
		t.Errorf("two of a name: %v", err)
	}
	versions, err := s.Versions(ctx, "policy/p", 10)
	if err != nil || len(versions) != 2 || versions[0].Number != 2 || versions[0].Note != "longer" || versions[1].Actor != "ana" {
		t.Fatal(versions, err)
	}
	if err := d.RemoveInstance(ctx, "s", entry("instance.remove")); !fault.Is(err, fault.Conflict) {
		t.Errorf("a server that is looked after was removed: %v", err)
	}
	if err := s.Remove(ctx, "p", entry("policy.remove")); err != nil {
		t.Fatal(err)
	}
	if changed, _, err = s.Since(ctx, revision); err != nil || len(changed) != 1 || changed[0].Enabled {
		t.Fatal(changed, err)
	}
	if all, err := s.Policies(ctx); err != nil || len(all) != 0 {
		t.Fatal(all, err)
	}
	if err := d.RemoveInstance(ctx, "s", entry("instance.remove")); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := s.AddVersion(ctx, policy.Version{Subject: "instance/i", At: noon, Content: []byte(`{}`)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if v, err := s.Version(ctx, "instance/i", 2); err != nil || v.Actor != "" {
		t.Error(v, err)
	}
}

func aSlotQueuesItsRunsOnce(t *testing.T, open Open) {
	d, ctx := open(t), context.Background()
	s, p := d.Policies(), looked(t, d)
	n := 0
	newID := func() string { n++; return fmt.Sprint("id", n) }
	slot := policy.Decided{Slot: policy.Slot{PolicyID: "p", Kind: backup.Full, Local: "2026-03-02T00:00", At: noon}, Verdict: policy.Fired, Why: "It is late.", Late: true, Count: 1}
	watermark := policy.Watermark{PolicyID: "p", Kind: backup.Full, Cron: "@daily", Zone: "Asia/Shanghai", Local: slot.Local, At: noon}
	for range 3 {
		b := policy.Batch{Watermarks: []policy.Watermark{watermark}, Slots: []policy.Decided{slot}, Runs: policy.Queue(p, slot, noon, newID)}
		if err := s.Decide(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	runs, err := d.Runs(ctx, run.Filter{Kind: policy.RunKind})
	if err != nil || len(runs) != 1 || runs[0].State != run.Queued {
		t.Fatal(runs, err)
	}
	w, err := s.Job(ctx, runs[0].Subject)
	if err != nil || w.RunID != runs[0].ID || w.Slot != slot.Slot || w.ServerID != "s" || w.Version != 1 {
		t.Fatalf("%+v %v", w, err)
	}
	next := slot // while that run is open
	next.Local, next.At, next.Late, next.Why = "2026-03-02T12:00", noon.Add(12*time.Hour), false, ""
	if err := s.Decide(ctx, policy.Batch{Slots: []policy.Decided{next}, Runs: policy.Queue(p, next, noon, newID)}); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Slots(ctx, "p", "", 1); err != nil || len(all) != 1 || all[0].Verdict != policy.Skipped || all[0].Why != "The one before is still at work at s." {
		t.Fatalf("the slot of a run that is held back: %+v %v", all, err)
	}
	if works, err := s.Jobs(ctx, next.Slot); err != nil || len(works) != 0 {
		t.Fatal(works, err)
	}
	if works, err := s.Jobs(ctx, slot.Slot); err != nil || len(works) != 1 {
		t.Fatal(works, err)
	}
	if events, err := d.Events(ctx, runs[0].ID, 0, 10); err != nil || len(events) != 1 || events[0].Text.String() != "It is late." {
		t.Error(events, err)
	}
	if watermarks, err := s.Watermarks(ctx); err != nil || len(watermarks) != 1 || watermarks[0] != watermark {
		t.Errorf("%+v %v", watermarks, err)
	}
	skipped := slot
	skipped.Local, skipped.Verdict, skipped.Count = "2026-03-03T00:00", policy.Skipped, 7
	if err := s.Decide(ctx, policy.Batch{Slots: []policy.Decided{skipped}}); err != nil {
		t.Fatal(err)
	}
	all, err := s.Slots(ctx, "p", "", 1)
	if err != nil || len(all) != 1 || all[0] != skipped {
		t.Fatalf("%+v %v", all, err)
	}
	if all, err = s.Slots(ctx, "p", all[0].Key(), 10); err != nil || len(all) != 2 || all[1] != slot {
		t.Fatalf("%+v %v", all, err)
	}
	order := policy.BackupJob{ID: "w", RunID: "r", ServerID: "s", Kind: backup.Log, Databases: []string{"orders"}}
	if err := s.Order(ctx, order, run.Run{ID: "r", Kind: policy.RunKind, Subject: "w", Title: words.Say("By hand"), Created: noon}, entry("backup.order")); err != nil {
		t.Fatal(err)
	}
	if w, err := s.Job(ctx, "w"); err != nil || len(w.Databases) != 1 || w.Slot != (policy.Slot{}) {
		t.Errorf("%+v %v", w, err)
	}
}
