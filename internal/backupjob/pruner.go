package backupjob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/identity"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// mostSets is how many sets of one database retention looks at, the newest:
// log backups of each minute for six weeks. What is older than those stays.
const mostSets = 60_000

// Pruner removes sets that a policy lets go of. What goes is decided by
// policy.Prune; here it is done, with care: nothing of a database goes while
// what stays cannot be seen where it should lie.
type Pruner struct {
	Kit
	Policies Policies
}

// DatabasePruning is what retention makes of one database's sets.
type DatabasePruning struct {
	InstanceID, Database string
	policy.Pruning

	cleared bool // a person lets go of all: no newer full has to stay
}

// Preview is what pruning by a policy would do at a moment.
type Preview struct {
	PolicyID  string
	At        time.Time
	Databases []DatabasePruning // those of which something goes
	Sets      int
	Bytes     int64
	Digest    string // of what goes: an order repeats it
}

// Preview shows what pruning would remove, over every server of the policy. It
// changes nothing.
func (p *Pruner) Preview(ctx context.Context, policyID string, now time.Time) (Preview, error) {
	pol, err := p.Policies.Policy(ctx, policyID)
	if err != nil {
		return Preview{}, err
	}
	v := Preview{PolicyID: policyID, At: now}
	for _, server := range pol.Servers {
		names, err := p.databases(ctx, server)
		if err != nil {
			return v, err
		}
		for _, name := range names {
			one, err := p.decide(ctx, pol, server, name, now)
			if err != nil {
				return v, err
			}
			if len(one.Remove) > 0 {
				v.Databases = append(v.Databases, one)
				v.Sets += len(one.Remove)
				v.Bytes += one.Bytes
			}
		}
	}
	v.Digest = digest(v.Databases)
	return v, nil
}

func (p *Pruner) decide(ctx context.Context, pol policy.Policy, instanceID, database string, now time.Time) (DatabasePruning, error) {
	sets, err := p.Catalogue.Sets(ctx, instanceID, database, mostSets)
	if err != nil {
		return DatabasePruning{}, err
	}
	decided, err := policy.Prune(pol, sets, now)
	return DatabasePruning{InstanceID: instanceID, Database: database, Pruning: decided}, err
}

// databases lists the databases of a server that the catalogue knows, those that
// were dropped among them: their sets are there still.
func (p *Pruner) databases(ctx context.Context, instanceID string) (names []string, err error) {
	for _, dropped := range []bool{false, true} {
		f := backup.ProtectionFilter{InstanceID: instanceID, OnlyDropped: dropped, Now: p.Now(), Limit: 500}
		for {
			page, err := p.Catalogue.Protections(ctx, f)
			if err != nil {
				return nil, err
			}
			for _, one := range page {
				names = append(names, one.Database)
			}
			if len(page) < f.Limit {
				break
			}
			f.After = page[len(page)-1].Key()
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// digest names exactly what goes: sets and where their files lie.
func digest(all []DatabasePruning) string {
	h := sha256.New()
	for _, d := range all {
		for _, r := range d.Remove {
			fmt.Fprintf(h, "%s\n", r.Record.ID)
			for _, c := range r.Record.Copies {
				fmt.Fprintf(h, "\t%s %q\n", c.BucketID, c.Keys)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// removed is what became of one database's pruning.
type removed struct {
	sets, files int
	bytes       int64
	kept        []string // sentences: what should have gone and did not
}

func (r *removed) add(o removed) {
	r.sets, r.files, r.bytes = r.sets+o.sets, r.files+o.files, r.bytes+o.bytes
	r.kept = append(r.kept, o.kept...)
}

func (r removed) told() words.Text {
	text := words.Say("Nothing had to go.")
	if r.sets > 0 {
		text = words.Say("Removed %s, %s.", words.Count(r.sets, "set", "sets"), words.Bytes(r.bytes))
	}
	if len(r.kept) > 0 {
		text = words.Join(text, words.Say("Kept for now: %s.", few(r.kept)))
	}
	return text
}

// remove carries one database's pruning out. The newest goes first, so that
// whatever is interrupted leaves no set without what it stands on.
func (p *Pruner) remove(ctx context.Context, d DatabasePruning) (done removed, err error) {
	if len(d.Remove) == 0 {
		return done, nil
	}
	if !d.cleared {
		if why, err := p.unsafe(ctx, d); err != nil || why != "" {
			done.kept = append(done.kept, why)
			return done, err
		}
	}
	gone := &removals{pruner: p, of: d}
	for _, r := range slices.Backward(d.Remove) {
		one, err := p.removeSet(ctx, r, gone)
		done.add(one)
		if err != nil {
			return done, errors.Join(err, gone.note(ctx))
		}
	}
	return done, gone.note(ctx)
}

// unsafe says why nothing of a database may go now: the newest data backup
// that stays is not seen whole where the catalogue says.
func (p *Pruner) unsafe(ctx context.Context, d DatabasePruning) (string, error) {
	newest := -1
	for i, k := range d.Keep {
		if k.Record.Set.Kind == backup.Full && k.Record.State == backup.Complete && k.Record.Gone.IsZero() {
			newest = i
		}
	}
	if newest < 0 {
		return d.Database + ": no full backup stays", nil
	}
	stays := d.Keep[newest].Record
	for _, c := range stays.Copies {
		whole, err := p.whole(ctx, stays, c)
		if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Denied) || fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return "", err
		}
		if whole {
			return "", nil
		}
	}
	return d.Database + ": its newest full backup is not seen where it should lie", nil
}

// whole reports whether every file of a copy is there and holds the set.
func (p *Pruner) whole(ctx context.Context, r backup.Record, c backup.Copy) (bool, error) {
	bucket, err := p.Ports.Bucket(ctx, c.BucketID)
	if err != nil {
		return false, err
	}
	v, err := identity.Compare(ctx, bucket, identity.Of(&r, c), c.Keys)
	return err == nil && v.Stands(), err
}

// removeSet looks, removes, looks again and hands over to be noted, one place
// after the other. A set that a person pinned meanwhile stays.
func (p *Pruner) removeSet(ctx context.Context, r policy.Removal, gone *removals) (done removed, err error) {
	now, err := p.Catalogue.Record(ctx, r.Record.ID)
	if fault.Is(err, fault.NotFound) {
		return done, nil
	}
	if err != nil {
		return done, err
	}
	name := fmt.Sprintf("%s backup of %s of %s", now.Set.Kind, now.Database, now.Finished().UTC().Format("2006-01-02 15:04 UTC"))
	if now.Pinned || now.Expires.After(p.Now()) {
		done.kept = append(done.kept, name+" (pinned meanwhile)")
		return done, nil
	}
	for _, c := range now.Copies {
		why, err := p.removeCopy(ctx, now, c)
		switch {
		case ctx.Err() != nil:
			return done, context.Cause(ctx)
		case fault.Is(err, fault.Unavailable), fault.Is(err, fault.Denied), fault.Is(err, fault.Conflict), fault.Is(err, fault.NotFound):
			message, _ := fault.Words(err)
			done.kept = append(done.kept, name+" ("+bare(message)+")")
			return done, nil
		case err != nil:
			return done, err
		case why != "":
			done.kept = append(done.kept, name+" ("+why+")")
			return done, nil
		}
		if err := gone.add(ctx, now.ID, c, r.Why); err != nil {
			return done, err
		}
		done.files += len(c.Keys)
		done.bytes += c.Size
	}
	done.sets++
	return done, nil
}

func (p *Pruner) removeCopy(ctx context.Context, r backup.Record, c backup.Copy) (why string, err error) {
	bucket, err := p.Ports.Bucket(ctx, c.BucketID)
	if err != nil {
		return "", err
	}
	if _, err := bucket.Info(ctx); err != nil {
		return "", err
	}
	v, err := identity.Compare(ctx, bucket, identity.Of(&r, c), c.Keys)
	if err != nil {
		return "", err
	}
	if err := v.Removable(); err != nil {
		return "", err
	}
	for _, k := range c.Keys {
		if k == "" {
			continue
		}
		if err := bucket.Delete(ctx, k); err != nil {
			return "", err
		}
		if _, err := bucket.Stat(ctx, k); err == nil {
			return k + " is still there after it was removed", nil
		} else if !fault.Is(err, fault.NotFound) {
			return "", err
		}
	}
	return "", nil
}

// prune is the last step of a run: what the databases that were backed up no
// longer need goes, by the policy as it stands now. Of one whose backup failed
// nothing goes, and one whose files cannot be looked at keeps no other. After
// logs nothing is looked at:
// a set goes only when a newer full or differential has come.
func (j *job) prune(ctx context.Context, s Plan, orders []Order) error {
	now := j.Now()
	s.Pruned = now
	pol, err := j.Policies.Policy(ctx, s.Job.PolicyID)
	if fault.Is(err, fault.NotFound) || err == nil && !pol.Enabled || s.Job.Kind == backup.Log || j.Pruner == nil {
		return j.Store.Note(ctx, j.claim, j.id, Change{Plan: &s}) // nobody's promise any more: nothing goes
	}
	if err != nil {
		return err
	}
	step := run.Step{Key: stepPrune, Title: words.Say("Remove what retention lets go of"), State: run.StepActive, Started: now, Total: int64(len(orders))}
	if err := j.Store.Note(ctx, j.claim, j.id, Change{Steps: []run.Step{step}}); err != nil {
		return err
	}
	var all removed
	names, err := j.prunable(ctx, s, orders)
	if err != nil {
		return err
	}
	step.Total = int64(len(names))
	for i, name := range names {
		d, err := j.Pruner.decide(ctx, pol, s.Job.ServerID, name, now)
		if err != nil {
			return err
		}
		one, err := j.Pruner.remove(ctx, d)
		all.add(one)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			message, _ := fault.Words(err)
			all.kept = append(all.kept, name+" ("+bare(message)+")")
		}
		_ = j.Runs.Progress(ctx, j.claim, stepPrune, int64(i+1), step.Total, 0)
	}
	step.State, step.Finished, step.Done, step.Message = run.StepDone, j.Now(), step.Total, all.told()
	return j.Store.Note(ctx, j.claim, j.id, Change{Plan: &s, Steps: []run.Step{step}, Events: event(step.Finished, stepPrune, run.Info, all.told())})
}

// prunable are the databases at which a run carries retention out: those that it
// backed up, and those of the server that it had nothing to do with, as they were
// dropped, moved or left out: their sets are still the policy's, and go by its
// last rule, but for the newest chain.
func (j *job) prunable(ctx context.Context, s Plan, orders []Order) (names []string, err error) {
	taken := map[string]bool{} // as the server compares names: how a job typed one lets nothing go
	for _, o := range orders {
		if o.State == OrderDone {
			names = append(names, o.Database)
		}
		name := s.Collation.Key(o.Database)
		taken[name] = taken[name] || o.State != OrderLeftOut // it is among names, or keeps everything
	}
	known, err := j.Pruner.databases(ctx, s.Job.ServerID)
	for _, name := range known {
		if !taken[s.Collation.Key(name)] {
			names = append(names, name)
		}
	}
	return names, err
}
