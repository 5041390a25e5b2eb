package backupjob

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/logcopy"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Kit is what every worker of this package needs.
type Kit struct {
	Store     Store
	Runs      run.Store
	Ports     Ports
	Catalogue Catalogue
	Limits    *run.Limits // shared with migrations
	Rules     Rules
	Upload    migration.UploadRules
	Now       func() time.Time
	NewID     func() string // time-ordered
}

// Worker drives runs of kind RunBackup: it asks Next what to do, does it
// through the ports, and notes it.
type Worker struct {
	Kit
	Policies Policies
	Pruner   *Pruner // removes, at the end of a run that succeeded, what nothing keeps
}

var _ run.Worker = (*Worker)(nil)

// Work implements run.Worker.
func (w *Worker) Work(ctx context.Context, r run.Run, g run.Claim) (run.Outcome, error) {
	j := &job{Worker: w, run: r, claim: g, id: r.Subject, ends: make(chan struct{}, 1), pace: Pace{Busy: map[int]bool{}, Later: map[int]time.Time{}}}
	ctx, cancel := context.WithCancelCause(ctx)
	defer j.hands.Wait()
	defer cancel(nil)
	j.fail = cancel
	out, err := j.drive(ctx)
	if j.timer != nil {
		j.timer.Stop()
	}
	if errors.Is(context.Cause(ctx), errOverdue) && !out.State.Ended() {
		cancel(nil)
		j.hands.Wait()
		return j.overdue(context.WithoutCancel(ctx))
	}
	if cause := context.Cause(ctx); errors.Is(cause, run.ErrCancel) {
		cancel(nil)
		j.hands.Wait()
		return j.canceled(context.WithoutCancel(ctx))
	} else if err != nil && cause != nil {
		err = cause
	}
	return out, err
}

// job is one claim on one backup run.
type job struct {
	*Worker
	run   run.Run
	claim run.Claim
	id    string // of the work

	hands sync.WaitGroup
	ends  chan struct{} // a database is through with its part
	fail  context.CancelCauseFunc
	timer *time.Timer // of Plan.Ends

	mu       sync.Mutex
	pace     Pace
	progress bool  // something was done in this claim
	waits    error // why the last one rests
}

func (j *job) drive(ctx context.Context) (run.Outcome, error) {
	for {
		if ctx.Err() != nil {
			return run.Outcome{}, context.Cause(ctx)
		}
		s, orders, err := j.plan(ctx)
		if err != nil {
			return run.Outcome{}, err
		}
		j.watch(s)
		j.mu.Lock()
		act := Next(s, orders, j.pace, j.Now(), j.Rules)
		j.mu.Unlock()
		switch act.Do {
		case DoList:
			if out, err := j.list(ctx, s); err != nil || out.State != "" {
				return out, err
			}
		case DoReopen:
			if err := j.reopen(ctx, s, orders); err != nil {
				return run.Outcome{}, err
			}
		case DoStart:
			for _, o := range orders {
				for _, ord := range act.Orders {
					if o.Ord == ord {
						j.start(ctx, s, o)
					}
				}
			}
		case DoRest:
			if out, leave, err := j.rest(ctx, act.Until); leave || err != nil {
				return out, err
			}
		case DoPrune:
			if err := j.prune(ctx, s, orders); err != nil {
				return run.Outcome{}, err
			}
		case DoFinish:
			return j.finish(ctx, s, orders)
		}
	}
}

// plan reads what is written down; before the first note it is made from the
// policy as it stood when the slot was due.
func (j *job) plan(ctx context.Context) (Plan, []Order, error) {
	s, orders, err := j.Store.Plan(ctx, j.id)
	if !fault.Is(err, fault.NotFound) {
		return s, orders, err
	}
	work, err := j.Policies.Job(ctx, j.id)
	if err != nil {
		return s, nil, err
	}
	p, err := j.policy(ctx, work)
	if err != nil {
		return s, nil, err
	}
	in, err := j.Ports.Instance(ctx, work.ServerID)
	if err != nil {
		return s, nil, err
	}
	return planOf(work, p, in.Name), nil, nil
}

// planOf fixes what a slot's run has to do.
func planOf(w policy.BackupJob, p policy.Policy, server string) Plan {
	_, hasFull := p.Rule(backup.Full)
	return Plan{Job: w, Title: p.Name, Server: server, Selection: p.Databases, How: p.How, BucketID: p.BucketID, Attempt: 1,
		Longest: cmp.Or(p.Longest, policy.UsualLongest), FullFirst: hasFull && w.Kind != backup.Full && !p.How.CopyOnly, Until: w.Slot.At.Add(max(p.Window, leastWindow))}
}

// leastWindow is how long a run waits for its server at least: a restart of
// the server must not cost a slot.
const leastWindow = 5 * time.Minute

// policy reads the policy at the version that the slot was decided with.
func (j *job) policy(ctx context.Context, w policy.BackupJob) (policy.Policy, error) {
	p, err := j.Policies.Policy(ctx, w.PolicyID)
	if err == nil && (w.Version == 0 || p.Version == w.Version) {
		return p, nil
	}
	v, old := j.Policies.Version(ctx, "policy/"+w.PolicyID, w.Version)
	if fault.Is(old, fault.NotFound) {
		return p, err
	}
	if old != nil {
		return p, old
	}
	var then policy.Policy
	if err := json.Unmarshal(v.Content, &then); err != nil {
		return p, fmt.Errorf("read version %d of the policy: %w", v.Number, err)
	}
	then.ID = w.PolicyID
	return then, nil
}

// list chooses the databases and writes every order down.
func (j *job) list(ctx context.Context, s Plan) (run.Outcome, error) {
	server, place, err := j.Ports.Server(ctx, s.Job.ServerID)
	if err != nil {
		return run.Outcome{}, err
	}
	info, err := server.Describe(ctx)
	var have []backup.Database
	if err == nil {
		have, err = server.Databases(ctx)
	}
	if err != nil {
		return j.away(ctx, s, err)
	}
	movers, err := j.Store.Movers(ctx, s.Job.ServerID)
	if err != nil {
		return run.Outcome{}, err
	}
	now := j.Now()
	if info.EngineEdition == 4 { // Express compresses nothing (error 1844)
		s.How.Compress = false
	}
	in, err := j.Ports.Instance(ctx, s.Job.ServerID)
	if err != nil {
		return run.Outcome{}, err
	}
	uncompressed := uncompressed(ctx, server, s)
	s.Lacks, s.CopiesLogs, s.Collation = in.Traits.Lacks, in.Traits.CopiesLogs, info.Collation
	s.How.Verify = s.How.Verify && !s.Lacks.Verify
	s.Listed, s.Attempt = now, max(s.Attempt, 1)
	s.Longest = cmp.Or(s.Longest, policy.UsualLongest)
	s.Ends = now.Add(s.Longest)
	held, err := j.holdings(ctx, s, have)
	if err != nil {
		return run.Outcome{}, err
	}
	orders := Choose(s, have, movers, held)
	c := Change{Plan: &s}
	for i := range orders {
		o := &orders[i]
		o.ID = j.NewID()
		if s.CopiesLogs && o.Kind == backup.Log {
			o.Logs = &logcopy.Progress{}
			c.Steps = append(c.Steps, first(*o, now))
			continue
		}
		o.Name, o.Keys = SetName(s.Job, o.Kind), s.files(*o)
		for _, k := range o.Keys {
			o.Paths = append(o.Paths, place.Path(k))
		}
		c.Steps = append(c.Steps, first(*o, now))
	}
	c.Orders = orders
	c.Steps = append([]run.Step{{Key: stepList, Title: words.Say("Choose databases of %s", s.Server), State: run.StepDone, Started: now, Finished: now, Message: chosen(orders)}}, c.Steps...)
	c.Events = event(now, stepList, run.Info, chosen(orders))
	if uncompressed {
		c.Events = append(c.Events, event(now, stepList, run.Warning, words.Say("These backups are not compressed: at %s a switch of the whole instance decides, and it is off.", s.Server))...)
	}
	return run.Outcome{}, j.Store.Note(ctx, j.claim, j.id, c)
}

// uncompressed reports whether compression was ordered where a switch of the
// instance decides and is off. What cannot be asked is not said.
func uncompressed(ctx context.Context, server backup.Server, s Plan) bool {
	by, ok := server.(backup.CompressionSwitch)
	if !ok || !s.How.Compress || s.Job.Kind == backup.Log {
		return false
	}
	on, err := by.Compression(ctx)
	return err == nil && !on
}

// first is the step of an order when it was just chosen.
func first(o Order, now time.Time) run.Step {
	step := run.Step{Key: stepBackup(o), Title: title(o), State: run.StepPending, Message: o.Note}
	switch o.State {
	case OrderLeftOut:
		step.State, step.Message, step.Finished = run.StepSkipped, o.Message, now
	case OrderFailed:
		step.State, step.Message, step.Finished = run.StepFailed, o.Message, now
	}
	return step
}

// away says that the server cannot be asked: while the window is open the run
// comes back, afterwards it says so.
func (j *job) away(ctx context.Context, s Plan, err error) (run.Outcome, error) {
	if ctx.Err() != nil || !fault.Is(err, fault.Unavailable) {
		return run.Outcome{}, err
	}
	message, fix := fault.Texts(err)
	if wait := run.Backoff(j.run.Tries); j.Now().Add(wait).Before(s.Until) {
		return run.Outcome{State: run.Waiting, WakeAt: j.Now().Add(wait), Tries: j.run.Tries + 1,
			Message: words.Say("%s Asked again until %s.", message, s.Until.UTC().Format("15:04 UTC")), Fix: fix}, nil
	}
	text := words.Say("No backup was taken: %s could not be reached until the window closed at %s. %s", s.Server, s.Until.UTC().Format("2006-01-02 15:04 UTC"), message)
	now := j.Now()
	// A person who retries gives it another window.
	s.Until = now.Add(leastWindow)
	c := Change{Plan: &s, Events: event(now, stepList, run.Problem, text),
		Steps: []run.Step{{Key: stepList, Title: words.Say("Choose databases of %s", s.Server), State: run.StepFailed, Started: now, Finished: now, Message: message}}}
	if err := j.Store.Note(ctx, j.claim, j.id, c); err != nil {
		return run.Outcome{}, err
	}
	return run.Outcome{State: run.Failed, Message: text, Fix: fix}, nil
}

// reopen begins another attempt at what failed. A statement without an answer
// is looked for first, as ever.
func (j *job) reopen(ctx context.Context, s Plan, orders []Order) error {
	now := j.Now()
	s.Closed, s.Attempt = time.Time{}, s.Attempt+1
	s.Pruned = time.Time{} // what is taken now lets go of its own
	s.Longest = cmp.Or(s.Longest, policy.UsualLongest)
	s.Ends = now.Add(s.Longest)
	if again := now.Add(leastWindow); s.Until.Before(again) {
		s.Until = again
	}
	c := Change{Plan: &s, Events: event(now, "", run.Info, words.Say("Attempt %d: what failed is tried again.", s.Attempt))}
	for _, o := range orders {
		if o.State != OrderFailed {
			continue
		}
		if o.Verdict == Refused && !o.SetID.IsZero() { // it was taken, and is no good
			renew(&o, s.Attempt)
		}
		o.State, o.Message, o.Fix, o.Attempts = OrderOpen, words.Text{}, words.Text{}, 0
		c.Orders = append(c.Orders, o)
		c.Steps = append(c.Steps, run.Step{Key: stepBackup(o), Title: title(o), State: run.StepPending, Attempt: s.Attempt})
	}
	return j.Store.Note(ctx, j.claim, j.id, c)
}

// rest waits beside what is going on, or leaves the run until later.
func (j *job) rest(ctx context.Context, until time.Time) (run.Outcome, bool, error) {
	j.mu.Lock()
	busy, progress, waits := len(j.pace.Busy) > 0, j.progress, j.waits
	j.mu.Unlock()
	left := until.Sub(j.Now())
	if until.IsZero() {
		left = time.Minute
	}
	if !busy && left > 2*time.Second {
		message, fix := words.Say("Waiting."), words.Text{}
		if waits != nil {
			message, fix = fault.Texts(waits)
		}
		tries := j.run.Tries + 1
		if progress {
			tries = 1
		}
		return run.Outcome{State: run.Waiting, WakeAt: until, Message: message, Fix: fix, Tries: tries}, true, nil
	}
	timer := time.NewTimer(max(left, time.Millisecond))
	defer timer.Stop()
	select {
	case <-j.ends:
	case <-timer.C:
		j.mu.Lock()
		if !busy {
			j.run.Tries++
		}
		j.mu.Unlock()
	case <-ctx.Done():
		return run.Outcome{}, false, context.Cause(ctx)
	}
	return run.Outcome{}, false, nil
}

// noteError marks an error of our own store.
type noteError struct{ err error }

func (e *noteError) Error() string { return e.err.Error() }
func (e *noteError) Unwrap() error { return e.err }

// note writes about one order.
func (j *job) note(ctx context.Context, o Order, c Change) error {
	c.Orders = append(c.Orders, o)
	if err := j.Store.Note(ctx, j.claim, j.id, c); err != nil {
		return &noteError{err}
	}
	return nil
}

func event(at time.Time, step string, l run.Level, text words.Text) []run.Event {
	return []run.Event{{At: at, Step: step, Level: l, Text: text}}
}

func (j *job) audit(s Plan, action, summary string) []audit.Entry {
	return []audit.Entry{audit.New(audit.Engine, j.Now(), action, "instance/"+s.Job.ServerID, summary)}
}
