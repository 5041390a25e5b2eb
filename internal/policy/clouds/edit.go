package clouds

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/words"
)

// Ports finds the policy of an instance by the id of its endpoint.
type Ports interface {
	CloudPolicy(ctx context.Context, instanceID string) (Cloud, error)
}

// Versions is the part of Store that keeps versions.
type Versions interface {
	Versions(ctx context.Context, subject string, limit int) ([]policy.Version, error)
	Version(ctx context.Context, subject string, number int) (policy.Version, error)
	AddVersion(ctx context.Context, v policy.Version, e *audit.Entry) error
}

// Editor reads and writes policies of instances in the cloud. Each write is
// preceded by a look, because somebody may have changed the policy elsewhere,
// and followed by one, because the answer of the service does not repeat it.
type Editor struct {
	Ports    Ports
	Versions Versions
	Now      func() time.Time
	// Pause lies between two looks after a write, of which there are at most
	// four; zero means a second.
	Pause time.Duration
}

// Looked is a policy as it is now, with what is known of its past.
type Looked struct {
	Standing Standing
	Versions []policy.Version // newest first
	Drift    *Drifted         // nil = as it was left here
}

// keptVersions is how far back drift is looked for.
const keptVersions = 50

// Look reads an instance's policy. One that differs from the newest version is
// noted as a version that was seen: a change made elsewhere, or one made here
// whose note a crash took.
func (c Editor) Look(ctx context.Context, instanceID string) (Looked, error) {
	cloud, err := c.Ports.CloudPolicy(ctx, instanceID)
	if err != nil {
		return Looked{}, err
	}
	s, err := cloud.Policy(ctx)
	if err != nil {
		return Looked{}, fmt.Errorf("read policy of %s: %w", instanceID, err)
	}
	return c.noted(ctx, instanceID, s)
}

func (c Editor) noted(ctx context.Context, instanceID string, s Standing) (l Looked, err error) {
	l.Standing = s
	list := func() error {
		l.Versions, err = c.Versions.Versions(ctx, policy.InstanceSubject(instanceID), keptVersions)
		return err
	}
	if err := list(); err != nil {
		return l, err
	}
	now := s.Content()
	v := now.version(instanceID, c.Now())
	differs := len(l.Versions) == 0
	v.Note = "first seen"
	if !differs {
		last, err := ReadContent(l.Versions[0])
		changed := DiffContent(last, now)
		if differs = err != nil || len(changed) > 0; differs {
			v.Note = "changed elsewhere: " + policy.ChangesWords(changed)
		}
	}
	if differs {
		if err := c.Versions.AddVersion(ctx, v, nil); err != nil {
			return l, err
		}
		if err := list(); err != nil {
			return l, err
		}
	}
	if d, drifted := Drift(l.Versions, now); drifted {
		l.Drift = &d
	}
	return l, nil
}

// See reads an instance's policy and notes one that was never read. One that
// differs from the newest version is noted when the look before this one saw
// that as well (again): in between, a change made here may have been written
// and not yet noted. It tells whether the policy differs still.
func (c Editor) See(ctx context.Context, instanceID string, again bool) (differs bool, err error) {
	cloud, err := c.Ports.CloudPolicy(ctx, instanceID)
	if err != nil {
		return again, err
	}
	s, err := cloud.Policy(ctx)
	if err != nil {
		return again, fmt.Errorf("read policy of %s: %w", instanceID, err)
	}
	last, err := c.Versions.Versions(ctx, policy.InstanceSubject(instanceID), 1)
	if err != nil {
		return again, err
	}
	if len(last) > 0 {
		was, err := ReadContent(last[0])
		if differs = err != nil || len(DiffContent(was, s.Content())) > 0; !differs || !again {
			return differs, nil
		}
	}
	_, err = c.noted(ctx, instanceID, s)
	return err != nil, err
}

// Acknowledge takes a change made elsewhere for right: from now on drift is
// told against it. The policy is not written.
func (c Editor) Acknowledge(ctx context.Context, instanceID string, by policy.By) error {
	l, err := c.Look(ctx, instanceID)
	if err != nil {
		return err
	}
	if l.Drift == nil {
		return fault.New(fault.Conflict, "The policy is as it was left here.", "")
	}
	v := l.Standing.Content().version(instanceID, c.Now())
	v.Note = "acknowledged: " + policy.ChangesWords(l.Drift.Changes)
	return c.add(ctx, v, by, "policy.acknowledge", "Took over a change made elsewhere: "+policy.ChangesWords(l.Drift.Changes)+".", l.Drift.Changes)
}

func (c Editor) add(ctx context.Context, v policy.Version, by policy.By, action, summary string, changed []policy.Change) error {
	v.Actor, v.Via = by.Actor.Name, by.Actor.Via
	before, after := map[string]string{}, map[string]string{}
	for _, one := range changed {
		before[one.Name], after[one.Name] = one.Before, one.After
	}
	e := audit.New(by.Actor, c.Now(), action, v.Subject, summary).With(before, after)
	return c.Versions.AddVersion(ctx, v, &e)
}

// EditRequest is a policy that a person wants for an instance. Exactly one of Standard
// and Advanced is set.
type EditRequest struct {
	Seen      *Content // as the person saw it; nil = whatever it is
	Standard  *Standard
	Advanced  *Advanced
	Confirmed bool // the confirmation that OneWay asks for was typed
}

// Written is what became of a request.
type Written struct {
	Changes []policy.Change // that were asked for; none = it was so already, and nothing was sent
	Differ  []policy.Change // from what was asked for to what the service says now
	Now     Standing
}

// Write makes a request true: look, compare with what the person saw, check, call,
// look again, note. Asking for what is so already sends nothing, so that a
// repetition is harmless. Errors: Conflict when the policy changed since the
// person saw it, Invalid with an *Objection where a rule bars it, and those of
// Cloud, with a *Refusal where the service names a field.
func (c Editor) Write(ctx context.Context, instanceID string, w EditRequest, by policy.By) (Written, error) {
	cloud, err := c.Ports.CloudPolicy(ctx, instanceID)
	if err != nil {
		return Written{}, err
	}
	was, err := cloud.Policy(ctx)
	if err != nil {
		return Written{}, fmt.Errorf("read policy of %s: %w", instanceID, err)
	}
	if _, err := c.noted(ctx, instanceID, was); err != nil {
		return Written{}, err
	}
	if w.Seen != nil {
		if changed := DiffContent(*w.Seen, was.Content()); len(changed) > 0 {
			return Written{Now: was}, fault.Newf(fault.Conflict, "The policy was changed elsewhere since this page was read: %s.", policy.ChangesWords(changed)).
				WithFix("Look at it as it is now, then decide again.")
		}
	}
	if w.Standard != nil && w.Standard.Priority == PriorityNone {
		own := *w.Standard
		own.Priority = was.Standard.Priority // the service keeps what is not sent, as far as is known; so it is sent
		w.Standard = &own
	}
	wanted := w.content(was)
	out := Written{Changes: DiffContent(was.Content(), wanted), Now: was}
	if len(out.Changes) == 0 {
		return out, nil
	}
	if found := w.check(was); policy.Barred(found) {
		o := &policy.Objection{Findings: found}
		return out, fault.Told(fault.Invalid, o.Text(), words.Say("See the reasons beside the fields.")).Because(o)
	}
	send := func() error {
		if w.Advanced != nil {
			return cloud.SetAdvanced(ctx, was.Advanced, *w.Advanced)
		}
		return cloud.SetPolicy(ctx, *w.Standard, was.Can)
	}
	sent := send()
	if sent != nil && !fault.Is(sent, fault.Unavailable) {
		return out, fmt.Errorf("write policy of %s: %w", instanceID, sent)
	}
	// A lost answer is looked after as well: the call may have happened.
	out.Now, err = c.reread(ctx, cloud, wanted)
	if err != nil {
		return out, errors.Join(sent, fmt.Errorf("read policy of %s again: %w", instanceID, err))
	}
	out.Differ = DiffContent(wanted, out.Now.Content())
	if sent != nil && len(out.Differ) > 0 {
		return out, fmt.Errorf("write policy of %s: %w", instanceID, sent)
	}
	v := out.Now.Content().version(instanceID, c.Now())
	v.Note = by.Note
	summary := "Changed the backup policy: " + policy.ChangesWords(out.Changes) + "."
	if len(out.Differ) > 0 {
		summary += " The service says otherwise: " + policy.ChangesWords(out.Differ) + "."
	}
	if by.Note != "" {
		summary += " " + sentence(by.Note)
	}
	return out, c.add(ctx, v, by, "policy.write", summary, out.Changes)
}

func sentence(s string) string {
	if s == "" || s[len(s)-1] == '.' {
		return s
	}
	return s + "."
}

// content is what the instance would say if the request were true.
func (w EditRequest) content(was Standing) Content {
	c := was.Content()
	if w.Advanced != nil {
		a := *w.Advanced
		c.Advanced = &a
	}
	if w.Standard != nil {
		c.Standard = *w.Standard
	}
	return c
}

func (w EditRequest) check(was Standing) []policy.Finding {
	if w.Advanced != nil {
		return CheckAdvanced(was, *w.Advanced, w.Confirmed)
	}
	return CheckStandard(was, *w.Standard, w.Confirmed)
}

// reread looks until the service says what was asked for, a few times.
func (c Editor) reread(ctx context.Context, cloud Cloud, wanted Content) (s Standing, err error) {
	pause := c.Pause
	if pause <= 0 {
		pause = time.Second
	}
	for try := 1; ; try++ {
		s, err = cloud.Policy(ctx)
		if err == nil && len(DiffContent(wanted, s.Content())) == 0 || try == 4 || err != nil && !fault.Is(err, fault.Unavailable) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return s, errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// RollBack writes a version again, by the same way as any other request. What has
// no way back stays: its reason is told.
func (c Editor) RollBack(ctx context.Context, instanceID string, number int, confirmed bool, by policy.By) (Written, error) {
	v, err := c.Versions.Version(ctx, policy.InstanceSubject(instanceID), number)
	if err != nil {
		return Written{}, err
	}
	old, err := ReadContent(v)
	if err != nil {
		return Written{}, err
	}
	w := EditRequest{Confirmed: confirmed, Standard: &old.Standard}
	if old.AdvancedOn {
		w.Standard, w.Advanced = nil, old.Advanced
	}
	if w.Standard == nil && w.Advanced == nil {
		return Written{}, fault.Newf(fault.Invalid, "Version %d has nothing that could be written.", number)
	}
	by.Note = fmt.Sprintf("rolled back to version %d", number)
	return c.Write(ctx, instanceID, w, by)
}

// Applied is what became of a policy at one of many instances.
type Applied struct {
	InstanceID string
	Written    Written
	Err        error
}

// applyAtOnce bounds how many instances are asked at the same time.
const applyAtOnce = 4

// Apply writes one standard policy to many instances, each on its own: one that
// refuses does not hold the others. Instances that have it already are not
// written to, so that after a crash the same order goes on where it stood. Each
// keeps its priority of nodes, which is about the instance and not the policy.
func (c Editor) Apply(ctx context.Context, instanceIDs []string, s Standard, confirmed bool, by policy.By) []Applied {
	out := make([]Applied, len(instanceIDs))
	gate := make(chan struct{}, applyAtOnce)
	var work sync.WaitGroup
	for i, id := range instanceIDs {
		out[i].InstanceID = id
		select {
		case gate <- struct{}{}:
		case <-ctx.Done():
			out[i].Err = ctx.Err()
			continue
		}
		work.Add(1)
		go func() {
			defer func() { <-gate; work.Done() }()
			own := s
			own.Priority = PriorityNone
			out[i].Written, out[i].Err = c.Write(ctx, id, EditRequest{Standard: &own, Confirmed: confirmed}, by)
		}()
	}
	work.Wait()
	return out
}
