package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/db/sqlite/sweep"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// runID is an id of a moment.
func runID(at time.Time, n int) string {
	id := uuid.UUID{6: 0x70, 8: 0x80, 15: byte(n)}
	for i := range 6 {
		id[i] = byte(at.UnixMilli() >> (40 - 8*i))
	}
	return id.String()
}

// ran writes a run of a policy with one backup, days before noon.
func ran(t *testing.T, d *DB, days int, state run.State, n int) string {
	t.Helper()
	at := noon.AddDate(0, 0, -days)
	r := run.Run{ID: runID(at, n), Kind: policy.RunKind, Subject: fmt.Sprintf("job-%d-%d", days, n), Title: words.Say("Log backups"), State: state, Created: at, Started: at}
	if state.Ended() {
		r.Finished = at
	}
	j := policy.BackupJob{ID: r.Subject, RunID: r.ID, PolicyID: "p", ServerID: "server", Kind: backup.Log}
	j.Slot.Local, j.Slot.At = at.Format("2006-01-02T15:04")+fmt.Sprint(n), at
	l := LoadedRun{Run: r, Job: j, Steps: []run.Step{{Key: "take", Title: words.Say("Take"), State: run.StepDone}}, Events: []run.Event{{At: at, Level: run.Info, Text: words.Say("It began.")}}}
	if err := d.LoadRuns(t.Context(), slices.Values([]LoadedRun{l})); err != nil {
		t.Fatal(err)
	}
	err := d.silently(t.Context(), "order", func(tx *sql.Tx) error {
		if err := putPlan(t.Context(), tx, backupjob.Plan{Job: j}); err != nil {
			return err
		}
		o := backupjob.Order{ID: runID(at, n+100), Database: "orders", Kind: backup.Log, State: backupjob.OrderDone}
		if err := putOrder(t.Context(), tx, j.ID, o); err != nil {
			return err
		}
		_, err := tx.ExecContext(t.Context(), `INSERT INTO policy_slots (policy_id, local, kind, at, verdict) VALUES (?,?,?,?,'fired')`, j.PolicyID, j.Slot.Local, j.Kind, micros(at))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

func swept(t *testing.T, d *DB, keep sweep.Keep) sweep.Swept {
	t.Helper()
	out, err := d.Sweeper(keep).Turn(t.Context(), noon)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func counted(t *testing.T, d *DB, q string) (n int) {
	t.Helper()
	if err := d.read.QueryRowContext(context.Background(), q).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func promised(t *testing.T, d *DB) {
	t.Helper()
	if _, err := d.Policies().Save(t.Context(), policy.Policy{ID: "p", Name: "p"}, "", entry("policy.make")); err != nil {
		t.Fatal(err)
	}
}

// TestRunsThatAreOverGoWithAllThatWasWritten, and those that somebody or
// something still needs stay.
func TestRunsThatAreOverGoWithAllThatWasWritten(t *testing.T) {
	d := open(t)
	promised(t, d)
	m := migrating(t, d, "1")
	if _, err := d.write.Exec(`UPDATE runs SET state = 'succeeded', finished = 1 WHERE id = ?`, m.RunID); err != nil {
		t.Fatal(err)
	}
	old := []string{ran(t, d, 100, run.Succeeded, 1), ran(t, d, 95, run.Canceled, 2), ran(t, d, 94, run.Failed, 3)}
	stay := []string{m.RunID, ran(t, d, 93, run.Paused, 4), ran(t, d, 92, run.Queued, 5), ran(t, d, 10, run.Succeeded, 6), ran(t, d, 1, run.Failed, 7)}
	if got := swept(t, d, sweep.Keep{}); got != (sweep.Swept{}) {
		t.Errorf("what is kept for ever went: %+v", got)
	}
	if got := swept(t, d, sweep.Keep{RunDays: 90}); got.Runs != 3 || got.Slots != 3 {
		t.Errorf("%+v, want 3 runs and 3 slots", got)
	}
	for _, id := range old {
		if _, err := d.Run(t.Context(), id); err == nil {
			t.Errorf("%s is still there", id)
		}
	}
	for _, id := range stay {
		if _, err := d.Run(t.Context(), id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	for _, table := range []string{"backup_jobs", "backup_plans", "backup_orders", "run_steps", "policy_slots"} {
		if n := counted(t, d, `SELECT count(*) FROM `+table); n != 4 {
			t.Errorf("%s has %d rows, want those of 4 runs", table, n)
		}
	}
	// The newest failure of a policy at a server stays, however old.
	if got := swept(t, d, sweep.Keep{RunDays: 1}); got.Runs != 1 {
		t.Errorf("%+v, want one run", got)
	}
	if _, err := d.Run(t.Context(), stay[4]); err != nil {
		t.Errorf("the newest failure went: %v", err)
	}
}

// TestVeryManyRunsGoBeforeTheirDays, the oldest first, by their number or by
// that of their backups.
func TestVeryManyRunsGoBeforeTheirDays(t *testing.T) {
	for name, keep := range map[string]sweep.Keep{"runs": {RunDays: 90, Runs: 1}, "backups": {RunDays: 90, Orders: 2}, "for ever": {Orders: 2}} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			promised(t, d)
			for i := range 5 {
				ran(t, d, 10-i, run.Succeeded, i)
			}
			swept(t, d, keep)
			if n := counted(t, d, `SELECT count(*) FROM runs`); n != 2 {
				t.Errorf("%d runs are left, want 2", n)
			}
		})
	}
}

// TestRecordsOfSetsThatAreGoneGo after their days, with the counts right;
// pinned ones, and those that an order under way names, stay.
func TestRecordsOfSetsThatAreGoneGo(t *testing.T) {
	d := open(t)
	c := d.Catalogue()
	for n := range 6 {
		put(t, c, set("i", "orders", n))
	}
	all := must[[]backup.Record](t)(c.Sets(t.Context(), "i", "orders", 10))
	for i, r := range all[:4] {
		e := entry("backup.prune")
		if err := c.DropCopies(t.Context(), []string{r.ID}, "b", noon.AddDate(0, 0, -60+20*min(i, 2)), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Pin(t.Context(), all[0].ID, true, "for the court", entry("set.pin")); err != nil {
		t.Fatal(err)
	}
	op := backupjob.Operation{ID: "op", Kind: "restore", InstanceID: "i", Request: []byte(`{"sets":["` + all[1].ID + `"]}`), Progress: []byte(`{}`)}
	if err := d.BackupRuns().Send(t.Context(), op, run.Run{ID: "r", Kind: "restore", Subject: "op", Title: words.Say("Restore"), Created: noon}, entry("backup.restore")); err != nil {
		t.Fatal(err)
	}
	if got := swept(t, d, sweep.Keep{RemovedDays: 30}); got.Records != 0 {
		t.Errorf("%d went that are needed", got.Records)
	}
	if _, err := d.write.Exec(`UPDATE runs SET state = 'succeeded', finished = 1 WHERE id = 'r'`); err != nil {
		t.Fatal(err)
	}
	if got := swept(t, d, sweep.Keep{RemovedDays: 30}); got.Records != 1 {
		t.Errorf("%d went, want 1", got.Records)
	}
	if got := swept(t, d, sweep.Keep{Removed: 2}); got.Records != 0 {
		t.Errorf("%d went beyond the limit, want none", got.Records)
	}
	if got := swept(t, d, sweep.Keep{RemovedDays: 10}); got.Records != 2 {
		t.Errorf("%d went, want 2", got.Records)
	}
	if sets, counts := counted(t, d, `SELECT count(*) FROM backup_sets`), counted(t, d, `SELECT sum(sets) FROM set_counts WHERE instance = 0`); sets != 3 || counts != sets {
		t.Errorf("%d sets are left, counted %d", sets, counts)
	}
	if counts := counted(t, d, `SELECT sum(sets) FROM set_counts WHERE instance > 0`); counts != 3 {
		t.Errorf("counted %d at instances", counts)
	}
}

// TestFreePagesGoBackToTheDisk in small portions while nothing is at work.
func TestFreePagesGoBackToTheDisk(t *testing.T) {
	d := open(t)
	if _, err := d.write.Exec(`CREATE TABLE much (b BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 4000) INSERT INTO much SELECT zeroblob(3000) FROM n; DELETE FROM much`); err != nil {
		t.Fatal(err)
	}
	before := counted(t, d, `SELECT page_count FROM pragma_page_count`)
	promised(t, d)
	id := ran(t, d, 1, run.Queued, 1)
	if _, err := d.write.Exec(`UPDATE runs SET state = 'running', owner = 'me' WHERE id = ?`, id); err != nil {
		t.Fatal(err)
	}
	if n := must[int64](t)(d.Sweeper(sweep.Keep{}).Free(t.Context())); n != 0 {
		t.Errorf("gave back %d bytes while a run is at work", n)
	}
	if _, err := d.write.Exec(`UPDATE runs SET state = 'paused', owner = '' WHERE id = ?`, id); err != nil {
		t.Fatal(err)
	}
	n := must[int64](t)(d.Sweeper(sweep.Keep{}).Free(t.Context()))
	if after := counted(t, d, `SELECT page_count FROM pragma_page_count`); after > before/2 || n != int64(before-after)*4096 {
		t.Errorf("%d pages, then %d; gave back %d", before, after, n)
	}
}

// TestAnOlderDatabaseLearnsToGivePagesBack.
func TestAnOlderDatabaseLearnsToGivePagesBack(t *testing.T) {
	d := open(t)
	if _, err := d.write.Exec(`PRAGMA auto_vacuum = NONE; VACUUM`); err != nil {
		t.Fatal(err)
	}
	mode := func() (n int) {
		if err := d.write.QueryRow(`PRAGMA auto_vacuum`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if mode() != 0 {
		t.Fatalf("mode %d", mode())
	}
	if err := d.shrinks(t.Context()); err != nil {
		t.Fatal(err)
	}
	if mode() != 2 {
		t.Errorf("mode %d, want 2", mode())
	}
}
