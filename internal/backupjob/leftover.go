package backupjob

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/words"
)

// Owned is one database of which a policy has sets, with what is known of it
// that says whether the policy takes further ones.
type Owned struct {
	ID       string // of policy and database
	PolicyID string
	Sets     int
	Is       backup.Protection // InstanceID, Database, Collation, Replicas, Dropped and Family
	Was      policy.Leftover   // as it was last judged
	Found    Found
}

// Leftover tells of backups that a policy took of a database of which it takes
// no more.
type Leftover struct {
	ID                             string
	PolicyID, InstanceID, Database string
	Sets                           int
	Reason                         policy.Leftover
	Judged                         time.Time // UTC
	Found                          Found
}

// Found is what was found when it was judged.
type Found struct {
	Policy    string     // its name
	Why       words.Text // the reason, a sentence
	Bytes     int64      // of all copies of all sets
	Goes      int        // sets that the policy's last rule lets go of now
	GoesBytes int64
	RunID     string    // that was ordered to remove those; empty = none yet
	Ordered   time.Time // UTC, when
}

// LeftoverStore keeps which policies have sets of what. Lists are in the order
// of their ids; after is the id of the last row of the page before.
type LeftoverStore interface {
	Owned(ctx context.Context, after string, limit int) ([]Owned, error)
	// Relative is a database of the same family that some server has, other than
	// the named one; nil = none is known.
	Relative(ctx context.Context, family backup.GUID, instanceID, database string) (*policy.Family, error)
	// Judge writes Reason, Judged and Found by id; rows that are gone stay gone.
	Judge(ctx context.Context, all []Leftover) error
	// Leftovers lists those that have a reason.
	Leftovers(ctx context.Context, after string, limit int) ([]Leftover, error)
	// Leftover reads one; NotFound when the policy has no sets of it any more.
	Leftover(ctx context.Context, id string) (Leftover, error)
}

// Leftovers sees to backups that no rule takes any more. The sets of a dropped
// database go with the runs of its policy as before; those of which no run comes
// by any more, as their server left the policy or the policy was removed, go by
// runs that are ordered here. The newest chain of each stays until a person lets
// go of it.
type Leftovers struct {
	Pruner *Pruner
	Store  LeftoverStore

	looked atomic.Int64
}

const (
	ownedPage = 500
	// anew is how long after an order the next one may follow, where the first
	// left something.
	anew = 24 * time.Hour
	// mostOrdered bounds the databases of one order.
	mostOrdered = 200
)

// Looked is when everything was last judged, UTC; zero = not since this program
// began.
func (l *Leftovers) Looked() time.Time {
	if us := l.looked.Load(); us > 0 {
		return time.UnixMicro(us).UTC()
	}
	return time.Time{}
}

// Turn judges every database that any policy has sets of, and orders what has
// to go.
func (l *Leftovers) Turn(ctx context.Context) error {
	last := map[string]lastPolicy{}
	due := map[string][]dueLeftover{} // by policy
	after := ""
	for {
		page, err := l.Store.Owned(ctx, after, ownedPage)
		if err != nil {
			return err
		}
		var changed []Leftover
		for _, o := range page {
			p, err := l.lastOf(ctx, last, o.PolicyID)
			if err != nil {
				return err
			}
			one, goes, err := l.judge(ctx, p, o)
			if err != nil {
				return err
			}
			if one.Reason != "" || o.Was != "" {
				changed = append(changed, one)
			}
			if (p.removed || p.Enabled) && l.orders(ctx, one) && len(due[o.PolicyID]) < mostOrdered {
				due[o.PolicyID] = append(due[o.PolicyID], dueLeftover{one, goes})
			}
		}
		if err := l.Store.Judge(ctx, changed); err != nil {
			return err
		}
		if len(page) < ownedPage {
			break
		}
		after = page[len(page)-1].ID
	}
	for id, some := range due {
		if err := l.order(ctx, last[id].Policy, some); err != nil {
			return err
		}
	}
	l.looked.Store(l.Pruner.Now().UnixMicro())
	return nil
}

type lastPolicy struct {
	policy.Policy
	removed bool
}

type dueLeftover struct {
	Leftover
	goes policy.Pruning
}

func (l *Leftovers) lastOf(ctx context.Context, known map[string]lastPolicy, id string) (p lastPolicy, err error) {
	if p, ok := known[id]; ok {
		return p, nil
	}
	p.Policy, p.removed, err = l.Pruner.Policies.Last(ctx, id)
	if fault.Is(err, fault.NotFound) { // sets of a house that was before this one: nobody's rule
		p, err = lastPolicy{removed: true}, nil
	}
	known[id] = p
	return p, err
}

// judge says why the policy takes no further backups of a database, and what
// its last rule lets go of.
func (l *Leftovers) judge(ctx context.Context, p lastPolicy, o Owned) (out Leftover, goes policy.Pruning, err error) {
	out = Leftover{ID: o.ID, PolicyID: o.PolicyID, InstanceID: o.Is.InstanceID, Database: o.Is.Database, Sets: o.Sets, Judged: l.Pruner.Now().UTC()}
	var moved *policy.Family
	if !o.Is.Dropped.IsZero() {
		if moved, err = l.Store.Relative(ctx, o.Is.Family, o.Is.InstanceID, o.Is.Database); err != nil {
			return out, goes, err
		}
	}
	if out.Reason = policy.LeftoverOf(p.Policy, p.removed, o.Is, moved); out.Reason == policy.InUse {
		return out, goes, nil
	}
	out.Found = Found{Policy: p.Name, Why: out.Reason.Words(p.Policy, o.Is, moved), RunID: o.Found.RunID, Ordered: o.Found.Ordered}
	if p.ID == "" {
		out.Found.Why = words.Say("The policy that took them is not known here.")
		return out, goes, nil
	}
	d, err := l.Pruner.decide(ctx, p.Policy, out.InstanceID, out.Database, l.Pruner.Now())
	if err != nil {
		return out, goes, err
	}
	for _, k := range d.Keep {
		out.Found.Bytes += k.Record.Bytes()
	}
	out.Found.Bytes += d.Bytes
	out.Found.Goes, out.Found.GoesBytes = len(d.Remove), d.Bytes
	return out, d.Pruning, nil
}

// orders reports whether a run has to be ordered for what goes.
func (l *Leftovers) orders(ctx context.Context, o Leftover) bool {
	if !o.Reason.Unattended() || o.Found.Goes == 0 {
		return false
	}
	if o.Found.RunID == "" {
		return true
	}
	r, err := l.Pruner.Runs.Run(ctx, o.Found.RunID)
	over := fault.Is(err, fault.NotFound) || err == nil && (r.State.Ended() || r.State.NeedsPerson())
	return over && l.Pruner.Now().Sub(o.Found.Ordered) >= anew
}

// order queues one run for what the last rule of a policy lets go of.
func (l *Leftovers) order(ctx context.Context, p policy.Policy, some []dueLeftover) error {
	now := l.Pruner.Now().UTC()
	w := pruneRequest{PolicyID: p.ID, At: now, Leftover: true}
	sets, bytes := 0, int64(0)
	for _, d := range some {
		w.Places = append(w.Places, [2]string{d.InstanceID, d.Database})
		for _, r := range d.goes.Remove {
			w.Sets = append(w.Sets, r.Record.ID)
		}
		sets, bytes = sets+d.Found.Goes, bytes+d.Found.GoesBytes
	}
	title := words.Say("Prune %s, %s, by the last rule of %s", words.Count(sets, "set", "sets"), words.Bytes(bytes), p.Name)
	e := audit.New(audit.Engine, now, "backup.prune-order", "policy/"+p.ID, title.String()+".").With(nil, map[string]any{"sets": sets, "bytes": bytes, "databases": len(some)})
	id, err := send(ctx, l.Pruner.Store, RunPrune, "", w, title, l.Pruner.NewID, e)
	if err != nil {
		return fmt.Errorf("order what the last rule of %s lets go of: %w", p.Name, err)
	}
	noted := make([]Leftover, len(some))
	for i, d := range some {
		d.Found.RunID, d.Found.Ordered = id, now
		noted[i] = d.Leftover
	}
	return l.Store.Judge(ctx, noted)
}
