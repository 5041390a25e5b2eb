package backupjob

import (
	"context"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// ordered holds one run and what was written of orders.
type ordered struct {
	run  run.Run
	said []string
}

func (o *ordered) Run(context.Context, string) (run.Run, error) { return o.run, nil }

func (o *ordered) Move(_ context.Context, _ string, to run.State, e audit.Entry) error {
	o.said = append(o.said, string(to)+" "+e.Action+": "+e.Summary)
	return nil
}

func (o *ordered) Pin(_ context.Context, _ string, on bool, note string, e audit.Entry) error {
	o.said = append(o.said, note+" "+e.Action+": "+e.Summary)
	return nil
}

// TestWhatMayBeOrderedOfARun: what has stopped is retried, anything may be
// canceled, and migrations are ordered elsewhere.
func TestWhatMayBeOrderedOfARun(t *testing.T) {
	for _, c := range []struct {
		kind  string
		state run.State
		to    run.State
		want  string // empty: refused with Conflict
	}{
		{RunBackup, run.Failed, run.Queued, "queued run.retry: Retried the run Full backup of shop."},
		{RunRestore, run.Paused, run.Queued, "queued run.retry: Retried the run Full backup of shop."},
		{RunBackup, run.Running, run.Queued, ""},
		{RunBackup, run.Waiting, run.Queued, ""},
		{RunBackup, run.Succeeded, run.Queued, ""},
		{RunCopy, run.Running, run.Canceled, "canceled run.cancel: Canceled the run Full backup of shop."},
		{RunCopy, run.Running, run.Paused, ""},
		{"migration", run.Failed, run.Queued, ""},
		{"migration", run.Running, run.Canceled, ""},
	} {
		o := &ordered{run: run.Run{ID: "r", Kind: c.kind, State: c.state, Title: words.Say("Full backup of %s", "shop")}}
		err := MoveRun(t.Context(), o, "r", c.to, By{})
		if got := strings.Join(o.said, "|"); got != c.want || (c.want == "") != fault.Is(err, fault.Conflict) {
			t.Errorf("%s, %s to %s: %q %v", c.kind, c.state, c.to, got, err)
		}
	}
}

// TestAPinNeedsAReason, and not a long one; letting go needs none.
func TestAPinNeedsAReason(t *testing.T) {
	for note, want := range map[string]string{
		"":                       "",
		"  ":                     "",
		" for the auditor. ":     "for the auditor. set.pin: Pinned the backup set: for the auditor.",
		strings.Repeat("x", 200): strings.Repeat("x", 200) + " set.pin: Pinned the backup set: " + strings.Repeat("x", 200) + ".",
		strings.Repeat("x", 201): "",
	} {
		o := &ordered{}
		err := Pin(t.Context(), o, "1", true, note, By{})
		if got := strings.Join(o.said, "|"); got != want || (want == "") != fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %q %v", note, got, err)
		}
	}
	o := &ordered{}
	if err := Pin(t.Context(), o, "1", false, "ignored", By{}); err != nil || strings.Join(o.said, "|") != " set.unpin: Unpinned the backup set." {
		t.Errorf("%q %v", o.said, err)
	}
}
