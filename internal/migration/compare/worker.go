package compare

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Store keeps comparisons. Every method is one transaction.
type Store interface {
	Migration(ctx context.Context, id string) (migration.Migration, error)
	// Comparison is the one with this id.
	Comparison(ctx context.Context, id string) (Comparison, error)
	// LastComparison is the newest of a migration; nil when there was none.
	LastComparison(ctx context.Context, migrationID string) (*Comparison, error)
	// BeginComparison lets decide look at the newest state and writes the
	// comparison that the run tells of, the run, queued, and the audit row.
	BeginComparison(ctx context.Context, migrationID string, decide func(migration.Migration, *Comparison) (run.Run, audit.Entry, error)) error
	// NoteComparison writes what is known of it now.
	NoteComparison(ctx context.Context, g run.Claim, c Comparison, n run.Note, e ...audit.Entry) error
}

// Order begins to compare the contents of both sides, again if need be.
func Order(ctx context.Context, s Store, id string, newID func() string, by migration.By) error {
	return s.BeginComparison(ctx, id, func(m migration.Migration, last *Comparison) (run.Run, audit.Entry, error) {
		return newRun(m, newID(), by.At), by.Entry("migration.compare", m.ID, "Ordered to compare the contents of "+m.Database+"."), MayAgain(m, last)
	})
}

// Worker compares contents: a worker for runs of Kind. Reading again
// from the start costs time and nothing else, so that is what follows a death.
type Worker struct {
	Store Store
	Runs  run.Store
	Ports migration.Ports
	Now   func() time.Time
}

var _ run.Worker = (*Worker)(nil)

// Steps of a comparison.
const (
	stepReadSource = "source"
	stepReadTarget = "target"
	stepCompare    = "compare"
)

// patienceToRead is how long a side that does not answer is asked again.
const patienceToRead = 2 * time.Minute

// Work implements run.Worker. What cannot be read is an answer too: the run
// ends, and says why nothing was compared.
func (w *Worker) Work(ctx context.Context, r run.Run, g run.Claim) (run.Outcome, error) {
	c, err := w.Store.Comparison(ctx, r.ID)
	if err != nil {
		return run.Outcome{}, err
	}
	m, err := w.Store.Migration(ctx, c.MigrationID)
	if err != nil {
		return run.Outcome{}, err
	}
	sides := []*side{{key: stepReadSource, title: words.Say("Read %s on %s", m.SourceDatabase, m.SourceServer), database: m.SourceDatabase, into: &c.Source},
		{key: stepReadTarget, title: words.Say("Read %s on the target", m.Database), database: m.Database, into: &c.Target}}
	err = w.read(ctx, g, m, sides)
	switch {
	case ctx.Err() != nil:
		return run.Outcome{}, context.Cause(ctx)
	case fault.Is(err, fault.Unavailable) && w.Now().Sub(c.Ordered) < patienceToRead:
		return run.Outcome{}, err
	}
	return w.end(ctx, g, m, c, sides, err)
}

// end compares what was read, or says why it was not.
func (w *Worker) end(ctx context.Context, g run.Claim, m migration.Migration, c Comparison, sides []*side, err error) (run.Outcome, error) {
	c.Finished = w.Now()
	step := run.Step{Key: stepCompare, Title: words.Say("Compare"), State: run.StepDone, Started: c.Finished, Finished: c.Finished}
	event := run.Event{At: c.Finished, Step: step.Key, Level: run.Info}
	if err != nil {
		c.Why, c.Fix = fault.Texts(err)
		step.State, event.Level = run.StepSkipped, run.Warning
	} else {
		c.Tables, c.Different = Contents(sides[0].sums, sides[1].sums)
		c.Compared = len(c.Tables)
		c.Tables = c.Tables[:min(len(c.Tables), MostTables)]
	}
	if c.Different > 0 {
		step.State, event.Level = run.StepFailed, run.Problem
	}
	step.Message, event.Text = c.Words(), c.Words()
	n := run.Note{Steps: []run.Step{step}, Events: []run.Event{event}}
	for _, s := range sides {
		if s.step.State == run.StepActive {
			s.step.State, s.step.Finished, s.step.Message = run.StepSkipped, c.Finished, words.Say("Not read.")
			n.Steps = append([]run.Step{s.step}, n.Steps...)
		}
	}
	return run.Outcome{State: run.Succeeded, Message: c.Words(), Fix: c.Fix}, w.Store.NoteComparison(ctx, g, c, n, comparedEntry(m, c))
}

// side is one of the two that are read.
type side struct {
	key, database string
	title         words.Text
	server        backup.Server
	into          *Side
	sums          []backup.TableSum
	step          run.Step
	still         func(backup.WriteActivity) (bool, string) // of a source that takes writes
}

// read reads both sides at once, so that their moments lie close together.
func (w *Worker) read(ctx context.Context, g run.Claim, m migration.Migration, sides []*side) (err error) {
	if ok, why, fix := May(m); !ok {
		return fault.Told(fault.Conflict, why, fix)
	}
	if sides[0].server, _, err = w.Ports.Server(ctx, m.LiveSource.ServerID); err != nil {
		return err
	}
	if sides[1].server, err = w.Ports.Reader(ctx, m.InstanceID); err != nil {
		return err
	}
	if m.LiveSource.Freeze == migration.FreezeStopped {
		sides[0].still = func(q backup.WriteActivity) (bool, string) {
			return backup.Still(m.LiveSource.Before, q, m.LiveSource.Tail)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range sides {
		group.Go(func() error {
			if err := w.readSide(ctx, g, s); err != nil {
				return fmt.Errorf("%s: %w", s.title, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (w *Worker) readSide(ctx context.Context, g run.Claim, s *side) error {
	s.into.Began = w.Now()
	s.step = run.Step{Key: s.key, Title: s.title, State: run.StepActive, Started: s.into.Began}
	if err := w.Runs.Note(ctx, g, run.Note{Steps: []run.Step{s.step}}); err != nil {
		return err
	}
	before, err := s.server.Database(ctx, s.database)
	if err != nil {
		return err
	}
	if before.State != "ONLINE" {
		return fault.Newf(fault.Conflict, "%s is %s and cannot be read.", s.database, before.State).WithFix("Compare again when it is ONLINE.")
	}
	last := time.Time{}
	s.sums, err = s.server.Contents(ctx, s.database, func(done, of int) {
		if now := w.Now(); now.Sub(last) >= time.Second {
			last = now
			_ = w.Runs.Progress(ctx, g, s.key, int64(done), int64(of), 0) // the next one makes up for a lost one
		}
	})
	if err != nil {
		return err
	}
	after, err := s.server.Database(ctx, s.database)
	if err != nil {
		return err
	}
	s.into.Ended, s.into.Tables = w.Now(), len(s.sums)
	for _, t := range s.sums {
		s.into.Rows += t.Rows
	}
	if s.still != nil {
		return w.stillNote(ctx, g, s)
	}
	s.into.Note = "It took writes while it was read; what was written since the cutover counts as a difference."
	if before.ReadOnly && after.ReadOnly {
		s.into.Note = "It was READ_ONLY before and after it was read."
	}
	return w.sideRead(ctx, g, s)
}

// stillNote tells by the server's counters whether a source whose application
// was stopped has been written to since the tail.
func (w *Worker) stillNote(ctx context.Context, g run.Claim, s *side) error {
	q, err := s.server.WriteActivity(ctx, s.database)
	if err != nil {
		return err
	}
	s.into.Note = "Nothing was written to it from before the last log until after it was read, by the server's counters."
	if still, seen := s.still(q); !still {
		s.into.Note = "It was written to after the last log: " + seen
	}
	return w.sideRead(ctx, g, s)
}

func (w *Worker) sideRead(ctx context.Context, g run.Claim, s *side) error {
	s.step.State, s.step.Finished, s.step.Done, s.step.Total = run.StepDone, s.into.Ended, int64(len(s.sums)), int64(len(s.sums))
	s.step.Message = words.Say("%s, %s. %s", words.Count(len(s.sums), "table", "tables"), words.Count(int(s.into.Rows), "row", "rows"), s.into.Note)
	return w.Runs.Note(ctx, g, run.Note{Steps: []run.Step{s.step}})
}
