package servermigration

import (
	"cmp"
	"context"

	"github.com/bakplane/bakplane/internal/fault"
)

// look sees what an order is about. Before a call, and after one whose answer
// was lost, the service is asked; what goes on afterwards is read from the looks
// that are taken at the whole account anyway.
func (w *Worker) look(ctx context.Context, center Center, o Order) (l Look, err error) {
	l = Look{At: w.Now(), Settle: w.Settle, Cap: cmp.Or(w.Cap, MostAtWork)}
	switch o.What {
	case Create:
		return w.lookBeforeCreate(ctx, center, o, l)
	case Rename, Remove:
		l.Server, err = one(center.Servers(ctx, o.SourceID))
		return l, err
	case Verify:
		if o.Made != "" {
			v, err := center.Verification(ctx, o.Ask.Region, o.Made)
			if fault.Is(err, fault.NotFound) {
				return l, nil
			}
			l.Verification = &v
			return l, err
		}
		return l, nil
	case Try, Release:
		id := o.Made
		if o.What == Release {
			id = o.Ask.Name
		}
		if id == "" {
			return l, nil
		}
		l.Machine, err = machine(ctx, center, o.Ask.Region, id)
		return l, err
	}
	if !o.Answered.IsZero() {
		kept, err := w.Store.Job(ctx, o.AccountID, o.JobID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return l, err
		}
		if err == nil && kept.Looked.After(o.Answered) {
			l.Job = &kept.Job
			return l, nil
		}
	}
	if l.Job, err = one(center.Jobs(ctx, o.JobID)); err != nil || l.Job == nil {
		return l, err
	}
	if o.Answered.IsZero() {
		err = w.around(ctx, center, o, &l)
	}
	return l, err
}

// around adds what decides whether a call is allowed.
func (w *Worker) around(ctx context.Context, center Center, o Order, l *Look) (err error) {
	if l.Server, err = one(center.Servers(ctx, l.Job.SourceID)); err != nil {
		return err
	}
	if o.What == Retry && l.Job.TransitionID != "" && l.Job.Target != ToInstance {
		m, err := machine(ctx, center, l.Job.Region, l.Job.TransitionID)
		switch {
		case err != nil: // it may be that only ECS may not be asked
			l.Transition = NotKnown
		case m == nil:
			l.Transition = Missing
		default:
			l.Transition = There
		}
	}
	l.AtWork, err = w.Store.AtWork(ctx, o.AccountID)
	if o.Unsure() && begins(o.What) {
		l.AtWork-- // itself
	}
	return err
}

// lookBeforeCreate sees the source server and, once a call was sent, whether the
// job is there: by source and name, for nobody tells its token.
func (w *Worker) lookBeforeCreate(ctx context.Context, center Center, o Order, l Look) (Look, error) {
	if o.Made != "" {
		return l, nil
	}
	if o.Unsure() {
		jobs, err := center.Jobs(ctx)
		if err != nil {
			return l, err
		}
		for _, j := range jobs {
			if j.SourceID == o.SourceID && j.Name == o.Ask.Draft.Name && j.Status.Unfinished() {
				l.Job = &j
			}
		}
		return l, nil
	}
	s, err := one(center.Servers(ctx, o.SourceID))
	l.Server = s
	return l, err
}

func one[T any](all []T, err error) (*T, error) {
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// machine is nil where the instance does not exist.
func machine(ctx context.Context, center Center, region, id string) (*Machine, error) {
	return one(center.Machines(ctx, region, id))
}
