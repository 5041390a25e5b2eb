package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// TestSentencesKeepTheirFormat: another language words what was written down
// before it was chosen.
func TestSentencesKeepTheirFormat(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	r, g := claim(t, d, "me", noon)
	free := words.Say("%s of %s are free.", words.Bytes(1<<30), words.Bytes(2<<30))
	german := words.Table{"%s of %s are free.": "Von %[2]s sind %[1]s frei."}
	const want = "Von 2.0 GB sind 1.0 GB frei."
	p := &migration.Problem{Code: "space", Step: "restore", Said: "100 % of it", Cause: free, Fix: words.Say("Make room."), Actions: []migration.Button{migration.ButtonRetry}}
	err := d.Migrations().Note(ctx, g, m.ID, migration.Change{Problem: &p, Findings: []migration.Finding{{Code: "space", Level: migration.Barred, Text: free, Fix: words.Say("Make room.")}}, Checked: &time.Time{},
		Steps: []run.Step{{Key: "restore", State: run.StepFailed, Message: free}}, Events: []run.Event{{At: noon, Level: run.Problem, Text: free}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RecordOutcome(ctx, g, run.Outcome{State: run.Failed, Message: free, Fix: words.Say("Make room.")}, noon); err != nil {
		t.Fatal(err)
	}
	read, err := d.Migrations().Migration(ctx, m.ID)
	if err != nil || read.Problem == nil || len(read.Findings) != 1 {
		t.Fatalf("%+v, %v", read, err)
	}
	now, err := d.Run(ctx, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := d.Steps(ctx, r.ID)
	if err != nil || len(steps) != 1 {
		t.Fatalf("%+v, %v", steps, err)
	}
	events, err := d.Events(ctx, r.ID, 0, 10)
	if err != nil || len(events) != 1 {
		t.Fatalf("%+v, %v", events, err)
	}
	rows, err := d.Migrations().Migrations(ctx, migration.Filter{Limit: 10})
	if err != nil || len(rows) != 1 || rows[0].Problem != "space" {
		t.Fatalf("%+v, %v", rows, err)
	}
	for place, text := range map[string]words.Text{"problem": read.Problem.Cause, "finding": read.Findings[0].Text, "run": now.Message, "step": steps[0].Message, "event": events[0].Text, "summary": rows[0].Message} {
		if got := text.In(german); got != want {
			t.Errorf("%s reads %q, want %q", place, got, want)
		}
	}
	if read.Problem.Said != p.Said || read.Problem.Code != "space" || !slices.Equal(read.Problem.Actions, []migration.Button{migration.ButtonRetry}) || now.Fix.String() != "Make room." {
		t.Errorf("%+v, fix %q", read.Problem, now.Fix)
	}
}

// TestRowsOfEarlierVersionsAreRead: they hold plain sentences.
func TestRowsOfEarlierVersionsAreRead(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	const text = "It was 100 % full, \"%s\" stood there."
	err := d.tx(ctx, "write as before", func(tx *sql.Tx) error {
		for _, q := range []struct {
			statement string
			args      []any
		}{
			{`UPDATE runs SET message = ?, fix = ? WHERE id = ?`, []any{text, text, m.RunID}},
			{`INSERT INTO run_events (run_id, at, step, level, text) VALUES (?, 1, '', 'info', ?)`, []any{m.RunID, text}},
			{`UPDATE migrations SET problem = ?, findings = ? WHERE id = ?`, []any{
				`{"Code":"gap","Step":"import/2","File":2,"Said":"x","Cause":"It was 100 % full, \"%s\" stood there.","Fix":"","Actions":["add-files","retry"]}`,
				`[{"Code":"space","Title":"Space","Level":"failed","Text":"It was 100 % full, \"%s\" stood there.","Fix":"","Remedy":""}]`, m.ID}},
		} {
			if _, err := tx.ExecContext(ctx, q.statement, q.args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.Run(ctx, m.RunID)
	if err != nil {
		t.Fatal(err)
	}
	events, err := d.Events(ctx, m.RunID, 0, 10)
	if err != nil || len(events) != 1 {
		t.Fatalf("%+v, %v", events, err)
	}
	read, err := d.Migrations().Migration(ctx, m.ID)
	if err != nil || read.Problem == nil || len(read.Findings) != 1 {
		t.Fatalf("%+v, %v", read, err)
	}
	for place, got := range map[string]words.Text{"message": r.Message, "fix": r.Fix, "event": events[0].Text, "problem": read.Problem.Cause, "finding": read.Findings[0].Text} {
		if got.String() != text {
			t.Errorf("%s reads %q", place, got)
		}
	}
	if read.Problem.Code != "gap" || !slices.Equal(read.Problem.Actions, []migration.Button{migration.ButtonAddFiles, migration.ButtonRetry}) {
		t.Errorf("%+v", read.Problem)
	}
}
