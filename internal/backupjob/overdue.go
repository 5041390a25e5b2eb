package backupjob

import (
	"context"
	"errors"
	"time"

	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// errOverdue ends the hands of a run that is at work for too long.
var errOverdue = errors.New("the run is at work for longer than it may")

// watch ends the run when its time is over. A statement that hangs is ended by
// an attention; what becomes of it is looked for when a person retries.
func (j *job) watch(s Plan) {
	if j.timer != nil || s.Ends.IsZero() || !s.Closed.IsZero() {
		return
	}
	j.timer = time.AfterFunc(max(s.Ends.Sub(j.Now()), 0), func() { j.fail(errOverdue) })
}

// overdue closes a run whose time is over: what is not through has failed, and
// the next slot's run may begin.
func (j *job) overdue(ctx context.Context) (run.Outcome, error) {
	s, orders, err := j.Store.Plan(ctx, j.id)
	if err != nil {
		return run.Outcome{}, err
	}
	now := j.Now()
	c := Change{}
	late := words.Say("It was not through after %s, the longest that a run may take.", words.Span(s.Longest))
	fix := words.Say("Look whether %s hangs, then retry. If its backups rightly take longer, let runs take longer in the policy.", s.Server)
	for i := range orders {
		o := &orders[i]
		if o.State != OrderOpen {
			continue
		}
		o.State, o.Message, o.Fix = OrderFailed, late, fix
		key, what := stepBackup(*o), title(*o)
		if o.Taken() {
			key, what = stepCopy(*o), words.Say("Copy the backup of %s to the bucket", o.Database)
		}
		c.Orders = append(c.Orders, *o)
		c.Steps = append(c.Steps, run.Step{Key: key, Title: what, State: run.StepFailed, Finished: now, Message: late})
	}
	text, _, _ := Summary(s, orders)
	text = words.Join(words.Say("Ended after %s, the longest that a run may take.", words.Span(s.Longest)), text)
	s.Closed = now
	c.Plan, c.Events, c.Audit = &s, event(now, "", run.Problem, text), j.audit(s, "backup.run", text.String())
	if err := j.Store.Note(ctx, j.claim, j.id, c); err != nil {
		return run.Outcome{}, err
	}
	return run.Outcome{State: run.Failed, Message: text, Fix: fix}, nil
}
