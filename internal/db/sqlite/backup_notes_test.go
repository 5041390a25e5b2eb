package sqlite

import (
	"errors"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// written is what a note about a run has left.
type written struct{ orders, steps, events, audits int }

// TestANoteOfABackupIsWrittenWholeOrNotAtAll: the state of each database, what
// is told of it and the audit trail become true together, and only by the
// claim that holds the run.
func TestANoteOfABackupIsWrittenWholeOrNotAtAll(t *testing.T) {
	order := backupjob.Order{ID: "o1", Ord: 1, Database: "shop", Kind: backup.Full, State: backupjob.OrderOpen}
	twin := order
	twin.Ord = 2 // another row with the same id, which the store refuses
	for _, tc := range []struct {
		name   string
		lost   bool
		orders []backupjob.Order
		want   written
	}{
		{"by the claim that holds it", false, []backupjob.Order{order}, written{1, 1, 1, 1}},
		{"by a claim that was lost", true, []backupjob.Order{order}, written{}},
		{"half of it is refused", false, []backupjob.Order{order, twin}, written{}},
	} {
		d, ctx := open(t), t.Context()
		b := d.BackupRuns()
		plan := backupjob.Plan{Job: policy.BackupJob{ID: "w", ServerID: "s", Kind: backup.Full}, Server: "srv", Attempt: 1}
		if err := b.Order(ctx, plan, run.Run{ID: "r", Kind: backupjob.RunBackup, Subject: "w", Title: words.Say("Back up"), Created: noon}, entry("backup.order")); err != nil {
			t.Fatal(err)
		}
		_, g := claim(t, d, "old", noon)
		if tc.lost {
			claim(t, d, "new", noon.Add(time.Hour))
		}
		later := plan
		later.Listed, later.Attempt = noon, 2
		err := b.Note(ctx, g, "w", backupjob.Change{Plan: &later, Orders: tc.orders, Audit: []audit.Entry{entry("backup.run")},
			Steps:  []run.Step{{Key: "backup/1", Title: words.Say("Back up shop"), State: run.StepActive, Started: noon}},
			Events: []run.Event{{At: noon, Level: run.Info, Text: words.Say("Begun.")}}})
		whole := tc.want != written{}
		if (err == nil) != whole || errors.Is(err, run.ErrLost) != tc.lost {
			t.Errorf("%s: %v", tc.name, err)
		}
		now, orders, err := b.Plan(ctx, "w")
		if err != nil || (now.Attempt == 2) != whole || now.Listed.IsZero() == whole {
			t.Errorf("%s: %+v, %v", tc.name, now, err)
		}
		steps, _ := d.Steps(ctx, "r")
		events, _ := d.Events(ctx, "r", 0, 10)
		if got := (written{len(orders), len(steps), len(events), recorded(t, d, "backup.run")}); got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
}

// TestANoteOfAnOperationIsWrittenWholeOrNotAtAll is the same of copies,
// restores and orders to a cloud.
func TestANoteOfAnOperationIsWrittenWholeOrNotAtAll(t *testing.T) {
	for _, lost := range []bool{false, true} {
		d, ctx := open(t), t.Context()
		b := d.BackupRuns()
		o := backupjob.Operation{ID: "op", Kind: backupjob.RunRestore, InstanceID: "i", Request: []byte(`{}`), Progress: []byte(`{"n":1}`)}
		if err := b.Send(ctx, o, run.Run{ID: "r", Kind: o.Kind, Subject: "op", Title: words.Say("Restore"), Created: noon}, entry("restore.order")); err != nil {
			t.Fatal(err)
		}
		_, g := claim(t, d, "old", noon)
		if lost {
			claim(t, d, "new", noon.Add(time.Hour))
		}
		err := b.NoteOperation(ctx, g, "op", []byte(`{"n":2}`), backupjob.Change{Audit: []audit.Entry{entry("restore.begin")}, Events: []run.Event{{At: noon, Text: words.Say("Begun.")}}})
		if (err == nil) == lost || errors.Is(err, run.ErrLost) != lost {
			t.Errorf("lost %v: %v", lost, err)
		}
		now, err := b.Operation(ctx, "op")
		events, _ := d.Events(ctx, "r", 0, 10)
		want, n := `{"n":2}`, 1
		if lost {
			want, n = `{"n":1}`, 0
		}
		if err != nil || string(now.Progress) != want || len(events) != n || recorded(t, d, "restore.begin") != n {
			t.Errorf("lost %v: %s, %d events, %d audit rows, %v", lost, now.Progress, len(events), recorded(t, d, "restore.begin"), err)
		}
	}
}

// recorded is how many audit rows tell of an action.
func recorded(t *testing.T, d *DB, action string) (n int) {
	t.Helper()
	all, err := d.AuditEntries(t.Context(), "", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Action == action {
			n++
		}
	}
	return n
}
