package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"iter"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// LoadedRun is a run of the past as LoadRuns writes it, with the backups that
// it had to take.
type LoadedRun struct {
	Run    run.Run
	Steps  []run.Step
	Events []run.Event
	Job    policy.BackupJob
}

// LoadRuns writes runs of the past, much faster than they would come about.
// Like Catalogue.Load it is for measuring and for tests of size.
func (d *DB) LoadRuns(ctx context.Context, all iter.Seq[LoadedRun]) error {
	return stored("load runs", inBatches(ctx, d, all, func(tx *sql.Tx, batch []LoadedRun) error {
		type step struct {
			run string
			seq int
			run.Step
		}
		var steps []step
		var events []run.Event
		for _, l := range batch {
			for i, s := range l.Steps {
				steps = append(steps, step{l.Run.ID, i + 1, s})
			}
			for _, e := range l.Events {
				e.RunID = l.Run.ID
				events = append(events, e)
			}
		}
		return errors.Join(
			insertMany(ctx, tx, `INSERT INTO runs (id, kind, subject, title, state, message, fix, created, started, finished) VALUES`, ``, batch, func(l LoadedRun) []any {
				r := l.Run
				return []any{r.ID, r.Kind, r.Subject, r.Title.Encode(), r.State, r.Message.Encode(), r.Fix.Encode(), micros(r.Created), micros(r.Started), micros(r.Finished)}
			}, nil),
			insertMany(ctx, tx, `INSERT INTO backup_jobs (`+jobColumns+`) VALUES`, ``, batch, func(l LoadedRun) []any { return jobValues(l.Job) }, nil),
			insertMany(ctx, tx, `INSERT INTO run_steps (run_id, key, seq, title, state, attempt, started, finished, done, total, unit, rate, message) VALUES`, ``, steps, func(s step) []any {
				return []any{s.run, s.Key, s.seq, s.Title.Encode(), s.State, max(s.Attempt, 1), micros(s.Started), micros(s.Finished), s.Done, s.Total, s.Unit, s.Rate, s.Message.Encode()}
			}, nil),
			insertMany(ctx, tx, `INSERT INTO run_events (run_id, at, step, level, text) VALUES`, ``, events, func(e run.Event) []any {
				return []any{e.RunID, micros(e.At), e.Step, e.Level, e.Text.Encode()}
			}, nil))
	}))
}

// LoadAudit seals entries of the past onto the end of the chain, for the same
// purpose.
func (d *DB) LoadAudit(ctx context.Context, all iter.Seq[audit.Entry]) error {
	return stored("load audit entries", inBatches(ctx, d, all, func(tx *sql.Tx, batch []audit.Entry) error {
		seq, prev, err := head(ctx, tx)
		if err != nil {
			return err
		}
		for i, e := range batch {
			seq++
			batch[i] = d.chain.Seal(e, seq, prev)
			prev = batch[i].Hash
		}
		return insertMany(ctx, tx, `INSERT INTO audit (`+auditColumns+`) VALUES`, ``, batch, entryValues, nil)
	}))
}

func inBatches[T any](ctx context.Context, d *DB, all iter.Seq[T], write func(*sql.Tx, []T) error) error {
	return d.hastily(ctx, func() error {
		var batch []T
		flush := func() error {
			defer func() { batch = batch[:0] }()
			return d.silently(ctx, "load", func(tx *sql.Tx) error { return write(tx, batch) })
		}
		for v := range all {
			if batch = append(batch, v); len(batch) == loadBatch {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return flush()
	})
}
