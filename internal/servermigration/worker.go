package servermigration

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Worker carries out orders: a worker for runs of Kind. It looks, writes down
// the call, makes it, and follows what the service shows until it is done.
type Worker struct {
	Store  Store
	Runs   run.Store
	Ports  Ports
	Now    func() time.Time
	Cap    int           // jobs of an account at work at once; 0 = MostAtWork
	Settle time.Duration // see Look
	Poll   time.Duration // between two looks at what goes on; 0 = as each step says
	// Moved is told of the account of an order that the service took or that has
	// ended: what was last seen there is old. Nil = nobody is.
	Moved func(accountID string)

	// What is at work of an account is counted and added to by one at a time.
	starting sync.Map // account id → *sync.Mutex
}

var _ run.Worker = (*Worker)(nil)

// Work implements run.Worker.
func (w *Worker) Work(ctx context.Context, it run.Run, g run.Claim) (run.Outcome, error) {
	o, err := w.Store.Order(ctx, it.ID)
	if err != nil {
		return run.Outcome{}, err
	}
	center, err := w.Ports.Center(ctx, o.AccountID)
	if err != nil {
		return run.Outcome{}, err
	}
	for {
		before := o
		out, more, err := w.turn(ctx, center, g, &o)
		if err == nil && w.Moved != nil && (!o.Answered.Equal(before.Answered) || !o.Finished.Equal(before.Finished)) {
			w.Moved(o.AccountID)
		}
		if err != nil || !more {
			return out, err
		}
	}
}

// turn looks and does one step.
func (w *Worker) turn(ctx context.Context, center Center, g run.Claim, o *Order) (out run.Outcome, more bool, err error) {
	if begins(o.What) && o.Answered.IsZero() {
		one, _ := w.starting.LoadOrStore(o.AccountID, new(sync.Mutex))
		one.(*sync.Mutex).Lock()
		defer one.(*sync.Mutex).Unlock()
	}
	l, err := w.look(ctx, center, *o)
	if err != nil {
		return out, false, stopped(ctx, err)
	}
	s := Next(*o, l)
	switch s.Do {
	case Call:
		return w.call(ctx, center, g, o, l)
	case Wait:
		if err := w.Runs.Note(ctx, g, run.Note{Steps: []run.Step{w.step(*o, s)}}); err != nil {
			return out, false, err
		}
		return run.Outcome{State: run.Waiting, WakeAt: w.Now().Add(cmp.Or(w.Poll, max(s.After, time.Second))), Message: s.Text}, false, nil
	}
	out, err = w.finish(ctx, g, o, s)
	return out, false, err
}

// stopped tells why work stopped: the order to stop is told as it is.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// begins reports whether an order sets a job to work.
func begins(w What) bool { return w == Start || w == Resume || w == Retry || w == Sync }

// call writes down that the call is about to be made, and makes it.
func (w *Worker) call(ctx context.Context, center Center, g run.Claim, o *Order, l Look) (out run.Outcome, more bool, err error) {
	o.Sent, o.Sends = w.Now(), o.Sends+1
	if l.Job != nil {
		o.Before = MarkOf(*l.Job)
	}
	text := words.Say("%s: the call is made.", o.What.Title())
	n := run.Note{Steps: []run.Step{w.step(*o, Step{Do: Wait, Text: text})}, Events: []run.Event{{At: o.Sent, Step: string(o.What), Level: run.Info, Text: text}}}
	if err := w.Store.NoteOrder(ctx, g, *o, n, audit.Entry{}); err != nil {
		return out, false, err
	}
	made, err := sendOnce(ctx, center, *o)
	switch {
	case ctx.Err() != nil:
		return out, false, context.Cause(ctx)
	case err == nil:
		o.Answered, o.Made = w.Now(), made
		n := run.Note{Events: []run.Event{{At: o.Answered, Step: string(o.What), Level: run.Info, Text: words.Say("The service took it.")}}}
		return out, true, w.Store.NoteOrder(ctx, g, *o, n, audit.Entry{})
	case fault.Is(err, fault.Unavailable), fault.Is(err, fault.Unknown):
		said, _ := fault.Texts(err)
		text := words.Join(said, words.Say("Whether the service did it is looked up before anything is sent again."))
		if err := w.Runs.Note(ctx, g, run.Note{Events: []run.Event{{At: w.Now(), Step: string(o.What), Level: run.Warning, Text: text}}}); err != nil {
			return out, false, err
		}
		return run.Outcome{State: run.Waiting, WakeAt: w.Now().Add(cmp.Or(w.Poll, 5*time.Second)), Message: text}, false, nil
	}
	return w.refused(ctx, center, g, o, err)
}

// sendOnce makes the one call of an order.
func sendOnce(ctx context.Context, center Center, o Order) (made string, err error) {
	switch o.What {
	case Create:
		return center.Create(ctx, *o.Ask.Draft, o.ID)
	case Start, Resume, Retry, Sync:
		return "", center.Start(ctx, o.JobID)
	case Pause:
		return "", center.Stop(ctx, o.JobID)
	case Complete:
		return "", center.Complete(ctx, o.JobID, o.Ask.Last)
	case Adjust:
		return "", center.Change(ctx, o.JobID, *o.Ask.Change)
	case Delete:
		return "", center.Delete(ctx, o.JobID)
	case Verify:
		return center.Verify(ctx, o.Ask.Region, *o.Ask.Check, o.ID)
	case Try:
		return center.NewMachine(ctx, o.Ask.Region, *o.Ask.Machine, o.ID)
	case Release:
		return o.Ask.Name, center.RemoveMachine(ctx, o.Ask.Region, o.Ask.Name)
	case Rename:
		return "", center.Rename(ctx, o.SourceID, o.Ask.Name, o.Ask.About)
	case Remove:
		return "", center.Remove(ctx, o.SourceID, o.Ask.Force)
	}
	return "", fault.Newf(fault.Invalid, "This version of Bakplane does not know the order %q.", o.What)
}

// refused settles an order that the service refused: it has done nothing now,
// but a call before, whose answer was lost, may be why.
func (w *Worker) refused(ctx context.Context, center Center, g run.Claim, o *Order, refusal error) (out run.Outcome, more bool, err error) {
	if o.Sends > 1 {
		l, err := w.look(ctx, center, *o)
		if err != nil {
			return out, false, stopped(ctx, err)
		}
		if s := Next(*o, l); s.Do == Done || (s.Do == Wait && l.Job != nil && MarkOf(*l.Job) != o.Before) {
			if s.Made != "" {
				o.Made = s.Made
			}
			o.Answered = w.Now()
			return out, true, w.Store.NoteOrder(ctx, g, *o, run.Note{}, audit.Entry{})
		}
	}
	text, fix := fault.Texts(refusal)
	s := Step{Do: Fail, Code: fault.CodeOf(refusal), Text: text, Fix: fix}
	switch {
	case o.What == Sync && s.Code == "smc-status":
		s = failWith("smc-sync-refused")
	case o.What == Verify && s.Code == "smc-rights":
		s = failWith("smc-oos-rights")
	}
	out, err = w.finish(ctx, g, o, s)
	return out, false, err
}

// finish writes what came of an order.
func (w *Worker) finish(ctx context.Context, g run.Claim, o *Order, s Step) (run.Outcome, error) {
	o.Finished = w.Now()
	if s.Made != "" {
		o.Made = s.Made
	}
	if o.What == Create && s.Do == Done {
		o.JobID = o.Made
	}
	level, out := run.Info, run.Outcome{State: run.Succeeded, Message: s.Text}
	o.Result = s.Text
	if s.Do == Fail {
		o.Result, o.Code, o.Why, o.Fix = words.Text{}, cmp.Or(s.Code, CodeRefused), s.Text, s.Fix
		level, out = run.Problem, run.Outcome{State: run.Failed, Message: s.Text, Fix: s.Fix}
	}
	n := run.Note{Steps: []run.Step{w.step(*o, s)}, Events: []run.Event{{At: o.Finished, Step: string(o.What), Level: level, Text: s.Text}}}
	e := audit.New(audit.Engine, o.Finished, "server."+string(o.What), o.Subject(), o.What.Title().String()+": "+s.Text.String())
	return out, w.Store.NoteOrder(ctx, g, *o, n, e)
}

// step is the one step of the run of an order.
func (w *Worker) step(o Order, s Step) run.Step {
	step := run.Step{Key: string(o.What), Title: o.What.Title(), State: run.StepActive, Started: o.Ordered, Attempt: max(1, o.Sends), Message: s.Text}
	if s.Progress > 0 {
		step.Done, step.Total = int64(s.Progress), 100
	}
	switch s.Do {
	case Done:
		step.State, step.Finished = run.StepDone, o.Finished
	case Fail:
		step.State, step.Finished = run.StepFailed, o.Finished
	}
	return step
}

// Subject is what an order is about, for the audit trail.
func (o Order) Subject() string {
	if o.JobID != "" {
		return "server-job/" + o.JobID
	}
	return "server/" + o.SourceID
}
