package backupjob

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/words"
)

// Clearing is what a person would let go of: all that a policy has of a database
// of which it takes no more, but for what is held or needed by others.
type Clearing struct {
	Leftover
	At     time.Time
	Stays  policy.Pruning // by the last rule: what keeps each set today
	Goes   DatabasePruning
	Digest string // of what goes: an order repeats it
}

// Clearing looks at one left-over database as of a moment. It changes nothing.
func (l *Leftovers) Clearing(ctx context.Context, id string, now time.Time) (c Clearing, err error) {
	if c.Leftover, err = l.Store.Leftover(ctx, id); err != nil {
		return c, err
	}
	if c.Reason == policy.InUse {
		return c, fault.Newf(fault.Conflict, "Backups of %s are taken by the policy: nothing of it is left over.", c.Database).WithFix("See the policy.")
	}
	p, _, err := l.Pruner.Policies.Last(ctx, c.PolicyID)
	if err != nil {
		return c, err
	}
	stays, err := l.Pruner.decide(ctx, p, c.InstanceID, c.Database, now)
	if err != nil {
		return c, err
	}
	if c.Goes, err = l.Pruner.clear(ctx, p, c.InstanceID, c.Database, now); err != nil {
		return c, err
	}
	c.At, c.Stays, c.Digest = now, stays.Pruning, digest([]DatabasePruning{c.Goes})
	return c, nil
}

func (p *Pruner) clear(ctx context.Context, pol policy.Policy, instanceID, database string, now time.Time) (DatabasePruning, error) {
	sets, err := p.Catalogue.Sets(ctx, instanceID, database, mostSets)
	if err != nil {
		return DatabasePruning{}, err
	}
	decided, err := policy.Clear(pol, sets, now)
	return DatabasePruning{InstanceID: instanceID, Database: database, Pruning: decided}, err
}

// Clear orders what a person was shown. It is judged anew whether the policy
// takes further backups of the database by now.
func (l *Leftovers) Clear(ctx context.Context, id string, at time.Time, seen string, by By) (runID string, err error) {
	if at.After(by.At) || by.At.Sub(at) > time.Hour {
		return "", fault.New(fault.Conflict, "What was shown is too old.", "Look at it again.")
	}
	if err := l.Turn(ctx); err != nil {
		return "", err
	}
	c, err := l.Clearing(ctx, id, at)
	if err != nil {
		return "", err
	}
	if c.Digest != seen {
		return "", fault.New(fault.Conflict, "What would be removed is not what was shown any more.", "Look at it again.")
	}
	if len(c.Goes.Remove) == 0 {
		return "", fault.New(fault.Conflict, "Nothing can go: everything is held or needed.", "Take the pins off first, or wait until the day it was kept to.")
	}
	w := pruneRequest{PolicyID: c.PolicyID, At: at, Leftover: true, All: true, Places: [][2]string{{c.InstanceID, c.Database}}}
	for _, r := range c.Goes.Remove {
		w.Sets = append(w.Sets, r.Record.ID)
	}
	title := words.Say("Remove the left-over backups of %s: %s, %s", c.Database, words.Count(len(c.Goes.Remove), "set", "sets"), words.Bytes(c.Goes.Bytes))
	e := by.entry("backup.clear-order", "policy/"+c.PolicyID, title.String()+".").
		With(nil, map[string]any{"database": c.Database, "instance": c.InstanceID, "sets": len(c.Goes.Remove), "bytes": c.Goes.Bytes, "digest": seen})
	return send(ctx, l.Pruner.Store, RunPrune, "", w, title, l.Pruner.NewID, e)
}
