package backupjob

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// TestARunAtAHungServerEnds after the time that its policy gives it, and can be
// tried again.
func TestARunAtAHungServerEnds(t *testing.T) { synctest.Test(t, runAtAHungServerEnds) }

func runAtAHungServerEnds(t *testing.T) {
	w, p := shopping(t)
	w.box.have, w.box.hangs = []backup.Database{{Name: "shop", State: "ONLINE", PreferredReplica: true}}, true
	pol := sevenDays()
	pol.Longest = 50 * time.Millisecond
	worker := &Worker{Kit: w.kit, Pruner: p, Policies: &book{policy: pol, job: policy.BackupJob{ID: "w1", PolicyID: "p", ServerID: "i", Kind: backup.Full, Slot: policy.Slot{At: noon, Local: "2026-03-01T12:00"}}}}
	out, err := worker.Work(t.Context(), run.Run{Subject: "w1"}, run.Claim{})
	if err != nil || out.State != run.Failed || !strings.HasPrefix(out.Message.String(), "Ended after") || !strings.Contains(out.Fix.String(), "SQL1 hangs") {
		t.Fatalf("%+v %v", out, err)
	}
	if o := w.paper.orders[1]; o.State != OrderFailed || !o.Unanswered() || w.paper.plan.Closed.IsZero() {
		t.Errorf("%+v %+v", o, w.paper.plan)
	}
	if len(w.library.dropped) > 0 {
		t.Errorf("removed %v", w.library.dropped)
	}
	// The retry asks first what became of the statement, and has a time of its own.
	w.box.hangs, w.box.named, w.box.after = false, history(1, false), history(1, false)
	w.now = noon.Add(time.Hour)
	w.paper.plan.Longest = time.Hour
	before := len(w.box.calls)
	if out, err = worker.Work(t.Context(), run.Run{Subject: "w1"}, run.Claim{}); err != nil || out.State != run.Succeeded {
		t.Fatalf("%+v %v", out, err)
	}
	for _, c := range w.box.calls[before:] {
		if strings.HasPrefix(c, "backup") {
			t.Errorf("taken again: %v", w.box.calls[before:])
		}
	}
}
