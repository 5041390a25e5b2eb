package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
)

// Note implements migration.Store: what the engine did or learned, its events
// and its audit rows become true together.
func (d *Migrations) Note(ctx context.Context, g run.Claim, id string, c migration.Change) error {
	return d.tx(ctx, "note migration", func(tx *sql.Tx) error {
		if err := held(ctx, tx, g); err != nil {
			return err
		}
		if err := putLiveFiles(ctx, tx, id, c.Files); err != nil {
			return err
		}
		if c.Call != nil {
			if err := notOvertaken(ctx, tx, id, *c.Call, c.AtMost); err != nil {
				return err
			}
			if err := putCall(ctx, tx, id, *c.Call); err != nil {
				return err
			}
		}
		if err := setColumns(ctx, tx, id, c); err != nil {
			return err
		}
		if err := setLiveSource(ctx, tx, id, c); err != nil {
			return err
		}
		if c.SourceBackup != nil && c.SourceBackup.Settled.IsZero() {
			if err := wakeNext(ctx, tx, id, c.SourceBackup.Intended); err != nil {
				return err
			}
		}
		if err := d.deriveStage(ctx, tx, id); err != nil {
			return err
		}
		if c.Comparison != nil {
			last, err := lastComparison(ctx, tx, id)
			if err == nil && last == nil {
				err = insertComparison(ctx, tx, *c.Comparison)
			}
			if err != nil {
				return err
			}
		}
		if err := note(ctx, tx, g.RunID, c.Steps, c.Events); err != nil {
			return err
		}
		return d.record(ctx, tx, c.Audit...)
	})
}

// putLiveFiles leaves alone what a person dropped since the engine looked, and
// never takes a file back from the target's hands to the bucket: only a
// person's decision does that.
func putLiveFiles(ctx context.Context, tx *sql.Tx, id string, files []migration.File) error {
	for _, f := range files {
		var state migration.FileState
		err := tx.QueryRowContext(ctx, `SELECT state FROM migration_files WHERE migration_id = ? AND ord = ?`, id, f.Ord).Scan(&state)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		inBucket := f.State == migration.FileUploading || f.State == migration.FileStaged
		further := state == migration.FileSent || state == migration.FileApplied || state == migration.FileRefused
		if state == migration.FileDropped || (inBucket && further) {
			continue
		}
		if err := putFiles(ctx, tx, id, []migration.File{f}); err != nil {
			return err
		}
	}
	return nil
}

// notOvertaken refuses to write down a new call that a decision made wrong.
func notOvertaken(ctx context.Context, tx *sql.Tx, id string, c migration.Call, atMost int) error {
	if c.Verdict != migration.Unknown {
		return nil
	}
	var overtaken bool
	err := tx.QueryRowContext(ctx, `SELECT
			EXISTS (SELECT 1 FROM migration_files WHERE migration_id = ?1 AND ord = ?2 AND state = 'dropped')
			OR EXISTS (SELECT 1 FROM migrations WHERE id = ?1 AND terminate_asked > 0 AND ?3 <> 'terminate')`, id, c.File, c.Verb).Scan(&overtaken)
	if err != nil {
		return err
	}
	if overtaken {
		return fault.New(fault.Conflict, "A decision came first.", "").Because(migration.ErrOvertaken)
	}
	if atMost == 0 {
		return nil
	}
	var instance, database string
	if err := tx.QueryRowContext(ctx, `SELECT instance_id, database FROM migrations WHERE id = ?`, id).Scan(&instance, &database); err != nil {
		return err
	}
	if n, err := atWork(ctx, tx, instance, database); err != nil || n < atMost {
		return err
	}
	return fault.New(fault.Conflict, "Another file came first.", "").Because(migration.ErrOvertaken)
}

// atWork counts the files of other migrations that an instance has in its
// hands, or that are on their way there.
func atWork(ctx context.Context, q queryer, instance, database string) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT count(*) FROM migrations m JOIN migration_files f ON f.migration_id = m.id
		WHERE m.instance_id = ?1 AND m.finished = 0 AND lower(m.database) <> lower(?2) AND (f.state = 'sent'
			OR EXISTS (SELECT 1 FROM migration_calls c WHERE c.migration_id = m.id AND c.file = f.ord AND c.verdict = ''))`, instance, database).Scan(&n)
	return n, err
}

func putCall(ctx context.Context, tx *sql.Tx, id string, c migration.Call) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO migration_calls (id, migration_id, instance_id, database, verb, file, request, intended, settled, verdict, task_id, error, known_tasks, rows_before)
		SELECT ?1, id, instance_id, database, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 FROM migrations WHERE id = ?2
		ON CONFLICT (id) DO UPDATE SET settled=?7, verdict=?8, task_id=?9, error=?10`,
		c.ID, id, c.Verb, c.File, c.Request, micros(c.Intended), micros(c.Settled), c.Verdict, c.TaskID, c.Error, list(c.KnownTasks), c.RowsBefore)
	return err
}

// setColumns writes the parts of a change that are columns of the migration.
func setColumns(ctx context.Context, tx *sql.Tx, id string, c migration.Change) error {
	set := func(column string, value any) error {
		_, err := tx.ExecContext(ctx, `UPDATE migrations SET `+column+` = ? WHERE id = ?`, value, id)
		return err
	}
	type column struct {
		name  string
		value any
	}
	var cs []column
	if c.Checked != nil {
		cs = append(cs, column{"checked", micros(*c.Checked)}, column{"findings", list(c.Findings)})
	}
	if c.TaskID != nil {
		cs = append(cs, column{"task_id", *c.TaskID})
	}
	if c.TargetState != nil {
		cs = append(cs, column{"target_state", text(c.TargetState)}, column{"target_state_at", micros(c.TargetState.At)})
	}
	if c.Problem != nil {
		value := ""
		if *c.Problem != nil {
			value = text(*c.Problem)
		}
		cs = append(cs, column{"problem", value})
	}
	if c.Opened != nil {
		cs = append(cs, column{"opened", micros(*c.Opened)})
	}
	if c.Check != "" {
		cs = append(cs, column{"check_result", c.Check}, column{"check_text", c.Said})
	}
	for _, col := range cs {
		if err := set(col.name, col.value); err != nil {
			return err
		}
	}
	if c.Finished != nil {
		_, err := tx.ExecContext(ctx, `UPDATE migrations SET stage = ?, finished = ? WHERE id = ?`, c.Stage, micros(*c.Finished), id)
		return err
	}
	return nil
}

// deriveStage writes down what follows from the rest, for lists that do not
// load files.
func (d *Migrations) deriveStage(ctx context.Context, tx *sql.Tx, id string) error {
	m, err := d.readMigration(ctx, tx, id)
	if err != nil || m.Stage.Ended() {
		return err
	}
	stage := migration.StageOf(m)
	if stage.Ended() {
		stage = migration.StageChecking // ended is said with the time of the end only
	}
	_, err = tx.ExecContext(ctx, `UPDATE migrations SET stage = ? WHERE id = ?`, stage, id)
	return err
}

// Ask implements migration.Store.
func (d *Migrations) Ask(ctx context.Context, id string, decide migration.Decide) error {
	return d.tx(ctx, "note decision", func(tx *sql.Tx) error {
		m, err := d.readMigration(ctx, tx, id)
		if err != nil {
			return err
		}
		dec, e, err := decide(m)
		if err != nil {
			return err
		}
		if err := putFiles(ctx, tx, id, dec.Files); err != nil {
			return err
		}
		if dec.Call != nil {
			if err := putCall(ctx, tx, id, *dec.Call); err != nil {
				return err
			}
		}
		if err := setDecision(ctx, tx, id, dec, micros(e.At)); err != nil {
			return err
		}
		if err := d.deriveStage(ctx, tx, id); err != nil {
			return err
		}
		r, err := one(ctx, tx, "run", `SELECT `+runColumns+` FROM runs WHERE id = ?`, scanRun, m.RunID)
		if err != nil {
			return err
		}
		if err := moveRun(ctx, tx, r, run.Queued, e.At); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

func setDecision(ctx context.Context, tx *sql.Tx, id string, dec migration.Decision, at int64) error {
	for _, part := range []struct {
		when  bool
		query string
		args  []any
	}{
		{dec.Open, `UPDATE migrations SET open_asked = ? WHERE id = ?`, []any{at, id}},
		{dec.Open && dec.Check != "", `UPDATE migrations SET check_mode = ? WHERE id = ?`, []any{dec.Check, id}},
		{dec.Terminate, `UPDATE migrations SET terminate_asked = ? WHERE id = ?`, []any{at, id}},
		{dec.Cutover, `UPDATE migrations SET cutover_asked = ?, predicted = ? WHERE id = ?`, []any{at, text(dec.Predicted), id}},
		{dec.Abort, `UPDATE migrations SET abort_asked = ?, abort_why = ? WHERE id = ?`, []any{at, dec.Why, id}},
		{dec.OneMore, `UPDATE migrations SET frozen = 0, tail_lsn = '0', write_activity = '', proven = 0, proof = '' WHERE id = ?`, []any{id}},
		{dec.GapDifferential, `UPDATE migrations SET gap_differential_asked = ? WHERE id = ?`, []any{at, id}},
		{dec.Go, `UPDATE migrations SET problem = '' WHERE id = ?`, []any{id}},
		{dec.DropTask, `UPDATE migrations SET task_id = '', target_state = '', target_state_at = 0 WHERE id = ?`, []any{id}},
	} {
		if part.when {
			if _, err := tx.ExecContext(ctx, part.query, part.args...); err != nil {
				return err
			}
		}
	}
	return nil
}
