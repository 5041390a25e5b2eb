package servermigration

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Watcher looks at the accounts that are watched, so that pages tell what the
// service told a moment ago: one call for 50 jobs, one for 50 servers.
type Watcher struct {
	Store Store
	Ports Ports
	Log   *slog.Logger
	Now   func() time.Time
	Busy  time.Duration // between two looks while a job is at work or an order goes on; 0 = 30 seconds
	Quiet time.Duration // else; 0 = 5 minutes

	moved   sync.Map // accounts that are looked at in the next turn
	looking sync.Map // accounts that are being looked at
	looks   sync.WaitGroup
}

// Hurry has an account looked at in the next turn: an order has changed something
// there. It is kept nowhere; after a restart its time comes all the same.
func (w *Watcher) Hurry(accountID string) { w.moved.Store(accountID, true) }

// Turn begins to look at every account whose time has come, or where something
// was moved, each beside the others: one that does not answer is told in its
// watch and keeps nobody waiting but itself. Wait waits for the looks.
func (w *Watcher) Turn(ctx context.Context) error {
	all, err := w.Store.Watches(ctx)
	if err != nil {
		return err
	}
	for _, a := range all {
		if _, busy := w.looking.LoadOrStore(a.AccountID, true); busy {
			continue // what was moved meanwhile is looked at behind it
		}
		due, err := w.due(ctx, a)
		if err != nil || !due {
			w.looking.Delete(a.AccountID)
		}
		switch {
		case err != nil:
			return err
		case !due:
			continue
		}
		w.looks.Go(func() {
			defer w.looking.Delete(a.AccountID)
			if err := w.Look(ctx, a.AccountID); err != nil && ctx.Err() == nil {
				w.Log.Warn("look at source servers", "account", a.AccountID, "err", err)
			}
		})
	}
	return ctx.Err()
}

// Wait waits for the looks that turns began.
func (w *Watcher) Wait() { w.looks.Wait() }

// due reports whether the time of an account has come, or something was moved
// there.
func (w *Watcher) due(ctx context.Context, a Watched) (bool, error) {
	if _, moved := w.moved.LoadAndDelete(a.AccountID); moved {
		return true, nil
	}
	every, err := w.every(ctx, a)
	return w.Now().Sub(a.Tried) >= every, err
}

func (w *Watcher) every(ctx context.Context, a Watched) (time.Duration, error) {
	n, err := w.Store.AtWork(ctx, a.AccountID)
	if err != nil || n > 0 {
		return cmp.Or(w.Busy, 30*time.Second), err
	}
	return cmp.Or(w.Quiet, 5*time.Minute), nil
}

// lookFor bounds one look at an account.
const lookFor = 2 * time.Minute

// Look looks at one account now. What it found is kept; a look that failed is
// kept as that, and what was known before stays.
func (w *Watcher) Look(ctx context.Context, accountID string) error {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	s, err := w.see(ctx, accountID)
	if err != nil {
		if ctx.Err() != nil && context.Cause(ctx) == context.Canceled {
			return err
		}
		s.Why, s.Fix = fault.Texts(err)
		if s.Why.IsZero() {
			s.Why = words.Say("The service did not answer.")
		}
	}
	kept := context.WithoutCancel(ctx)
	if noted := w.Store.NoteSeen(kept, accountID, s); noted != nil {
		return noted
	}
	if err != nil {
		return err
	}
	return w.transitions(ctx, accountID)
}

func (w *Watcher) see(ctx context.Context, accountID string) (s Seen, err error) {
	s.At = w.Now()
	center, err := w.Ports.Center(ctx, accountID)
	if err != nil {
		return s, err
	}
	if s.Jobs, err = center.Jobs(ctx); err != nil {
		return s, err
	}
	s.Servers, err = center.Servers(ctx)
	return s, err
}

const (
	transitionsATurn = 100              // intermediate instances looked at in one turn
	transitionsEvery = 10 * time.Minute // at the earliest
)

// transitions looks whether the intermediate instances of jobs that are not at
// work exist: they cost, and a failed job whose instance was released cannot be
// tried again. Where ECS may not be asked, it is not known.
func (w *Watcher) transitions(ctx context.Context, accountID string) error {
	still, err := w.Store.Jobs(ctx, Filter{AccountID: accountID, States: []Status{Waiting, Stopped, InError}, Limit: MostJobs})
	if err != nil {
		return err
	}
	due := slices.DeleteFunc(still, func(k KeptJob) bool {
		return k.TransitionID == "" || k.Target == ToInstance || w.Now().Sub(k.Checked) < transitionsEvery
	})
	if len(due) == 0 {
		return nil
	}
	center, err := w.Ports.Center(ctx, accountID)
	if err != nil {
		return err
	}
	slices.SortFunc(due, func(a, b KeptJob) int { return a.Checked.Compare(b.Checked) })
	in := map[string][]KeptJob{} // by region
	for _, k := range due[:min(len(due), transitionsATurn)] {
		in[k.Region] = append(in[k.Region], k)
	}
	are := map[string]Presence{}
	for region, kept := range in {
		var ids []string
		for _, k := range kept {
			ids = append(ids, k.TransitionID)
		}
		there, err := center.Machines(ctx, region, ids...)
		for _, k := range kept {
			p := Missing
			switch {
			case err != nil:
				p = NotKnown
			case slices.ContainsFunc(there, func(m Machine) bool { return m.ID == k.TransitionID }):
				p = There
			}
			are[k.ID] = p
		}
	}
	return w.Store.NoteTransitions(ctx, accountID, are, w.Now())
}

// Changes tells what happened to a job between two looks; old is nil for one
// that is new.
func Changes(old *Job, now Job) (out []words.Text) {
	if old == nil {
		return []words.Text{words.Say("First seen, %s.", now.StatusWords())}
	}
	switch {
	case old.Status != now.Status && now.Status == InError:
		out = append(out, words.Join(words.Say("Failed."), words.Plain(now.ErrorCode), words.Plain(now.ErrorText)))
	case old.Status != now.Status || (now.Status == Running && old.Phase != now.Phase):
		out = append(out, words.Say("Now %s.", now.StatusWords()))
	}
	for _, c := range now.Cycles {
		if !c.End.IsZero() && !slices.ContainsFunc(old.Cycles, func(o Cycle) bool { return o.ImageID == c.ImageID && !o.End.IsZero() }) {
			out = append(out, words.Say("The image %s is made, after %s.", c.ImageID, words.Roughly(c.End.Sub(c.Start))))
		}
	}
	if old.Every != now.Every || old.Keep != now.Keep {
		out = append(out, words.Say("Every %s, %s kept; before, every %s, %s.", words.Count(now.Every, "hour", "hours"), words.Count(now.Keep, "image", "images"), words.Count(old.Every, "hour", "hours"), words.Count(old.Keep, "image", "images")))
	}
	if old.TransitionID != now.TransitionID && now.TransitionID != "" {
		out = append(out, words.Say("The intermediate instance %s is there, and costs.", now.TransitionID))
	}
	if old.TransitionID != "" && now.TransitionID == "" {
		out = append(out, words.Say("The intermediate instance %s is no longer told.", old.TransitionID))
	}
	return out
}

// Carried adds to what a look found what the one before it knew and the service
// does not tell: runs that it no longer lists, and the interval that still counts.
func Carried(old, now Job) Job {
	now.Cycles = Merged(old.Cycles, now.Cycles)
	before, _ := old.Last()
	last, any := now.Last()
	if counts := cmp.Or(old.Until, old.Every); any && last.End.Equal(before.End) && counts != now.Every {
		now.Until = counts
	}
	return now
}

// Merged keeps the runs of a job that the service no longer lists: they are its
// history.
func Merged(old []Cycle, now []Cycle) []Cycle {
	out := slices.Clone(now)
	for _, c := range old {
		if !slices.ContainsFunc(now, func(n Cycle) bool {
			return n.Start.Equal(c.Start) || (c.ImageID != "" && n.ImageID == c.ImageID)
		}) {
			c.Unlisted = true
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b Cycle) int { return a.Start.Compare(b.Start) })
	return out
}
