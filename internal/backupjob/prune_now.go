package backupjob

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// RunPrune is the kind of runs that prune by hand.
const RunPrune = "prune"

// pruneRequest is a preview that a person confirmed. What goes is fixed here:
// nothing else is removed, whatever came since.
type pruneRequest struct {
	PolicyID string
	At       time.Time // of the preview: what is due is decided as of then
	Sets     []string  // ids of the records that go
	Places   [][2]string
	Leftover bool // of databases that the policy takes no more of, by its last rule
	All      bool // and of those everything that nothing else needs
}

type pruneProgress struct {
	Done []int // indexes of Places that are through
}

// PruneNow orders what a preview showed. The preview is computed anew as of
// the same moment, and must come to the same digest.
func PruneNow(ctx context.Context, p *Pruner, policyID string, at time.Time, digest string, newID func() string, by By) (runID string, err error) {
	if at.After(by.At) || by.At.Sub(at) > time.Hour {
		return "", fault.New(fault.Conflict, "The preview is too old.", "Look at it again.")
	}
	v, err := p.Preview(ctx, policyID, at)
	if err != nil {
		return "", err
	}
	if v.Digest != digest {
		return "", fault.New(fault.Conflict, "What would be removed is not what the preview showed any more.", "Look at the preview again.")
	}
	if v.Sets == 0 {
		return "", fault.New(fault.Conflict, "Nothing is to be removed.", "")
	}
	pol, err := p.Policies.Policy(ctx, policyID)
	if err != nil {
		return "", err
	}
	w := pruneRequest{PolicyID: policyID, At: at}
	for _, d := range v.Databases {
		w.Places = append(w.Places, [2]string{d.InstanceID, d.Database})
		for _, r := range d.Remove {
			w.Sets = append(w.Sets, r.Record.ID)
		}
	}
	title := words.Say("Prune %s, %s (%s)", words.Count(v.Sets, "set", "sets"), words.Bytes(v.Bytes), pol.Name)
	e := by.entry("backup.prune-order", "policy/"+policyID, title.String()+".").With(nil, map[string]any{"sets": v.Sets, "bytes": v.Bytes, "digest": digest})
	return send(ctx, p.Store, RunPrune, "", w, title, newID, e)
}

var _ run.Worker = (*Pruner)(nil)

// Work implements run.Worker: it drives runs of kind RunPrune.
func (p *Pruner) Work(ctx context.Context, r run.Run, g run.Claim) (run.Outcome, error) {
	j, err := pick[pruneRequest, pruneProgress](ctx, &p.Kit, r, g)
	if err != nil {
		return run.Outcome{}, err
	}
	pol, ended, err := p.Policies.Last(ctx, j.request.PolicyID)
	if fault.Is(err, fault.NotFound) || err == nil && ended && !j.request.Leftover {
		return run.Outcome{}, fault.New(fault.Conflict, "The policy was removed meanwhile: nothing goes by this order.", "Its sets are listed under Policies, left-over backups, and go by its last rule.")
	}
	if err != nil {
		return run.Outcome{}, err
	}
	var all removed
	for i, place := range j.request.Places {
		if slices.Contains(j.progress.Done, i) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return run.Outcome{}, context.Cause(ctx)
		}
		one, err := p.pruneOne(ctx, j, pol, i, place)
		if err != nil {
			return run.Outcome{}, err
		}
		all.add(one)
	}
	text := all.told()
	out := run.Outcome{State: run.Succeeded, Message: text}
	level := run.Info
	if len(all.kept) > 0 {
		out, level = run.Outcome{State: run.Failed, Message: text, Fix: words.Say("What is kept for now goes with the next pruning, or retry.")}, run.Problem
		j.progress.Done = nil
	}
	return out, j.note(ctx, Change{Events: event(j.Now(), "", level, text)})
}

// pruneOne removes what was previewed of one database and still may go.
func (p *Pruner) pruneOne(ctx context.Context, j *operation[pruneRequest, pruneProgress], pol policy.Policy, i int, place [2]string) (done removed, err error) {
	now := j.Now()
	step := run.Step{Key: fmt.Sprintf("prune/%d", i+1), Title: words.Say("Prune %s", place[1]), State: run.StepActive, Started: now}
	if err := j.note(ctx, Change{Steps: []run.Step{step}}); err != nil {
		return done, err
	}
	d, err := p.decideAs(ctx, j.request, pol, place)
	if err != nil {
		return done, err
	}
	var gone []policy.Removal
	for _, r := range d.Remove {
		if slices.Contains(j.request.Sets, r.Record.ID) {
			gone = append(gone, r)
		}
	}
	for _, k := range d.Keep {
		if slices.Contains(j.request.Sets, k.Record.ID) {
			done.kept = append(done.kept, fmt.Sprintf("%s backup of %s (%s)", k.Record.Set.Kind, place[1], bare(k.Why)))
		}
	}
	d.Remove = gone
	d.cleared = j.request.All
	one, err := p.remove(ctx, d)
	done.add(one)
	if err != nil {
		return done, err
	}
	step.State, step.Finished, step.Message = run.StepDone, j.Now(), done.told()
	if len(done.kept) > 0 {
		step.State = run.StepFailed
	} else {
		j.progress.Done = append(j.progress.Done, i)
	}
	return done, j.note(ctx, Change{Steps: []run.Step{step}})
}

// decideAs decides anew what was previewed, as of the same moment.
func (p *Pruner) decideAs(ctx context.Context, w pruneRequest, pol policy.Policy, place [2]string) (DatabasePruning, error) {
	if !w.All {
		return p.decide(ctx, pol, place[0], place[1], w.At)
	}
	return p.clear(ctx, pol, place[0], place[1], w.At)
}
