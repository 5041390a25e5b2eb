package policies

import (
	"context"
	"testing"

	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// states are runs named by their state.
type states struct{ run.Store }

func (states) Run(_ context.Context, id string) (run.Run, error) {
	return run.Run{ID: id, State: run.State(id)}, nil
}

// TestASlotIsAsGoodAsItsRuns: that it fired is no backup.
func TestASlotIsAsGoodAsItsRuns(t *testing.T) {
	k, err := server.New(server.Config{}, server.Deps{Runs: states{}, Notifier: run.NewNotifier()})
	if err != nil {
		t.Fatal(err)
	}
	s := New(k)
	for _, c := range []struct {
		runs []run.State
		late bool
		text string
		tone kit.Tone
	}{
		{[]run.State{run.Succeeded, run.Succeeded}, false, "taken", kit.ToneOK},
		{[]run.State{run.Succeeded}, true, "taken late", kit.ToneWarn},
		{[]run.State{run.Failed}, false, "failed", kit.ToneBad},
		{[]run.State{run.Succeeded, run.Failed, run.Running}, true, "1 of 3 failed", kit.ToneBad},
		{[]run.State{run.Running, run.Queued, run.Waiting}, false, "at work", kit.ToneRun},
		{[]run.State{run.Succeeded, run.Queued}, false, "1 of 2 at work", kit.ToneRun},
		{[]run.State{run.Canceled}, false, "canceled", kit.ToneWarn},
		{[]run.State{run.Paused, run.Succeeded}, false, "1 of 2 paused", kit.ToneWarn},
		{nil, false, "no server took it", kit.ToneWarn},
	} {
		w := slotWords(kit.Zone{}, policy.Decided{Verdict: policy.Fired, Late: c.late})
		if w.Badge.Tone == kit.ToneOK {
			t.Error("green before anything is known of its runs")
		}
		var jobs []policy.BackupJob
		for _, r := range c.runs {
			jobs = append(jobs, policy.BackupJob{RunID: string(r)})
		}
		if b, err := s.became(t.Context(), w.Badge, jobs); err != nil || b.Text != c.text || b.Tone != c.tone {
			t.Errorf("%v: %+v, want %s %s: %v", c.runs, b, c.tone, c.text, err)
		}
	}
}
