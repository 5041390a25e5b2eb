package remedy

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// patienceWithSource is how long a source that does not answer is asked again.
const patienceWithSource = 2 * time.Minute

// Worker does remedies: a worker for runs of Kind. Each may be done again
// after a death: the server is looked at first, or checked once more.
type Worker struct {
	Store Store
	Runs  run.Store
	Ports migration.Ports
	Now   func() time.Time
}

var _ run.Worker = (*Worker)(nil)

// Work implements run.Worker.
func (r *Worker) Work(ctx context.Context, it run.Run, g run.Claim) (run.Outcome, error) {
	w, err := r.Store.RemedyRun(ctx, it.ID)
	if err != nil {
		return run.Outcome{}, err
	}
	step := run.Step{Key: string(w.Remedy), Title: words.Plain(w.Remedy.Statement(w.Database)), State: run.StepActive, Started: r.Now()}
	if w.Remedy == migration.RemedyCheck {
		step.Total = 100
	}
	if err := r.Runs.Note(ctx, g, run.Note{Steps: []run.Step{step}}); err != nil {
		return run.Outcome{}, err
	}
	err = r.do(ctx, g, &w)
	switch {
	case ctx.Err() != nil:
		return run.Outcome{}, context.Cause(ctx)
	case fault.Is(err, fault.Unavailable) && r.Now().Sub(w.Ordered) < patienceWithSource:
		return run.Outcome{}, err
	}
	w.Finished = r.Now()
	step.State, step.Finished, step.Done = run.StepDone, w.Finished, step.Total
	level := run.Info
	if err != nil {
		w.Why, w.Fix = fault.Texts(err)
	}
	if err != nil || len(w.Found) > 0 {
		step.State, level = run.StepFailed, run.Problem
	}
	step.Message = w.Words()
	n := run.Note{Steps: []run.Step{step}, Events: []run.Event{{At: w.Finished, Step: step.Key, Level: level, Text: w.Words()}}}
	e := audit.New(audit.Engine, w.Finished, "source."+string(w.Remedy), "instance/"+w.ServerID, w.Database+": "+w.Words().String())
	out := run.Outcome{State: run.Succeeded, Message: w.Words(), Fix: w.Fix}
	if step.State == run.StepFailed { // what failed, or found damage, is not green
		out.State = run.Failed
	}
	return out, r.Store.NoteRemedyRun(ctx, g, w, n, e)
}

func (r *Worker) do(ctx context.Context, g run.Claim, w *Run) error {
	if w.Remedy == migration.RemedyWritable {
		target, err := r.Ports.Reader(ctx, w.ServerID)
		if err != nil {
			return err
		}
		return target.SetReadOnly(ctx, w.Database, false)
	}
	server, _, err := r.Ports.Server(ctx, w.ServerID)
	if err != nil {
		return err
	}
	switch w.Remedy {
	case migration.RemedyRecovery:
		return server.SetRecoveryModel(ctx, w.Database, "FULL")
	case migration.RemedyPageVerify:
		return server.SetPageVerify(ctx, w.Database)
	}
	asking, stop := context.WithCancel(ctx)
	ended, ordered := make(chan struct{}), *w
	go func() { defer close(ended); r.percent(asking, g, server, ordered) }()
	w.Found, err = server.CheckDB(ctx, w.Database, false)
	stop()
	<-ended
	return err
}

// percent saves how far the check is, as the server tells it.
func (r *Worker) percent(ctx context.Context, g run.Claim, server backup.Server, w Run) {
	for rest(ctx, time.Second) {
		running, err := server.Running(ctx, w.Database)
		if err != nil {
			continue // the check itself tells what is wrong
		}
		for _, s := range running {
			if len(s.Command) >= 4 && s.Command[:4] == "DBCC" {
				_ = r.Runs.Progress(ctx, g, string(w.Remedy), int64(s.Percent), 100, 0)
			}
		}
	}
}

// rest waits; false when there is nothing more to wait for.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
