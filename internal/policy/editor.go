package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Editor changes policies of our own for people: look first, check, save with
// its version and its entry in the audit trail.
type Editor struct {
	Store       Store
	Sets        Sets
	Environment Environment
	Now         func() time.Time
	NewID       func() string
}

// Sets is the part of backup.Catalogue by which changes are foreseen.
type Sets interface {
	Sets(ctx context.Context, instanceID, database string, limit int) ([]backup.Record, error)
	Protections(ctx context.Context, f backup.ProtectionFilter) ([]backup.Protection, error)
}

// Environment finds out what a policy meets. It asks no server: what is not known
// stays empty.
type Environment interface {
	Facts(ctx context.Context, p Policy) (Facts, error)
}

// Subject names a policy of our own in versions and in the audit trail.
func Subject(id string) string { return "policy/" + id }

// Judge checks a policy against the world as it is.
func (k Editor) Judge(ctx context.Context, p Policy) ([]Finding, error) {
	f, err := k.Environment.Facts(ctx, p)
	if err != nil {
		return nil, err
	}
	if out := Check(p, f, k.Now()); Barred(out) || ctx.Err() != nil {
		return out, ctx.Err()
	}
	if f.Overlaps, err = k.overlaps(ctx, p); err != nil {
		return nil, err
	}
	return Check(p, f, k.Now()), nil
}

// Save makes a policy (empty ID) or replaces the version it was read at.
// Invalid with an *Objection where a rule bars it; Conflict when somebody else
// changed it meanwhile. Saving what is there already writes nothing.
func (k Editor) Save(ctx context.Context, p Policy, by By) (Policy, error) {
	findings, err := k.Judge(ctx, p)
	if err != nil {
		return p, err
	}
	if o := (&Objection{findings}); Barred(findings) {
		return p, fault.Told(fault.Invalid, o.Text(), words.Say("See the messages beside the fields.")).Because(o)
	}
	at := k.Now().UTC().Truncate(time.Microsecond)
	if p.ID == "" {
		p.ID, p.Version = k.NewID(), 0
		e := audit.New(by.Actor, at, "policy.make", Subject(p.ID), fmt.Sprintf("Made the policy %s.", p.Name)).With(nil, p)
		return k.Store.Save(ctx, p, by.Note, e)
	}
	was, err := k.Store.Policy(ctx, p.ID)
	if err != nil {
		return p, err
	}
	changes := DiffPolicies(was, p)
	if len(changes) == 0 && was.Version == p.Version {
		return was, nil
	}
	e := audit.New(by.Actor, at, "policy.change", Subject(p.ID), fmt.Sprintf("Changed the policy %s: %s.", p.Name, ChangesWords(changes))).With(was, p)
	return k.Store.Save(ctx, p, by.Note, e)
}

// Remove takes a policy out of use. Its sets stay where they are: nothing
// prunes them any more.
func (k Editor) Remove(ctx context.Context, id string, by By) error {
	p, err := k.Store.Policy(ctx, id)
	if err != nil {
		return err
	}
	e := audit.New(by.Actor, k.Now(), "policy.remove", Subject(id), fmt.Sprintf("Removed the policy %s; its backup sets stay.", p.Name)).With(p, nil)
	return k.Store.Remove(ctx, id, e)
}

// RollBack saves an older version as the newest one. What the world no longer
// allows is refused as in Save.
func (k Editor) RollBack(ctx context.Context, id string, number int, by By) (Policy, error) {
	is, err := k.Store.Policy(ctx, id)
	if err != nil {
		return is, err
	}
	old, err := k.At(ctx, id, number)
	if err != nil {
		return is, err
	}
	old.ID, old.Version = is.ID, is.Version
	by.Note = fmt.Sprintf("rolled back to version %d", number)
	return k.Save(ctx, old, by)
}

// At reads a policy as it stood in one of its versions.
func (k Editor) At(ctx context.Context, id string, number int) (p Policy, err error) {
	v, err := k.Store.Version(ctx, Subject(id), number)
	if err != nil {
		return p, err
	}
	return ReadVersion(v)
}

// ReadVersion reads the policy of our own that a version holds.
func ReadVersion(v Version) (p Policy, err error) {
	if err := json.Unmarshal(v.Content, &p); err != nil {
		return p, fmt.Errorf("read version %d of %s: %w", v.Number, v.Subject, err)
	}
	p.ID = strings.TrimPrefix(v.Subject, "policy/")
	p.Version = v.Number
	return p, nil
}

// Enrolled is what became of a policy at one of many servers.
type Enrolled struct {
	ServerID string
	Err      error // Conflict: another policy in use looks after the server already
}

// Apply has a policy look after more servers. One that another policy in use
// already looks after, for the same databases, is left out and told: two that
// take full backups of one database would take each other's differentials
// their base.
func (k Editor) Apply(ctx context.Context, id string, servers []string, by By) (Policy, []Enrolled, error) {
	p, err := k.Store.Policy(ctx, id)
	if err != nil {
		return p, nil, err
	}
	all, err := k.Store.Policies(ctx)
	if err != nil {
		return p, nil, err
	}
	var out []Enrolled
	p.Servers = slices.Clone(p.Servers)
	for _, s := range servers {
		e := Enrolled{ServerID: s}
		i := slices.IndexFunc(all, func(o Policy) bool {
			return o.ID != id && o.Enabled && slices.Contains(o.Servers, s) && same(o.Databases, p.Databases) && !o.How.CopyOnly && !p.How.CopyOnly
		})
		if i >= 0 {
			e.Err = fault.Newf(fault.Conflict, "The policy %s looks after the same databases of this server.", all[i].Name).WithFix("Take the server out of that policy first, or choose other databases.")
		} else if !slices.Contains(p.Servers, s) {
			p.Servers = append(p.Servers, s)
		}
		out = append(out, e)
	}
	p, err = k.Save(ctx, p, by)
	return p, out, err
}

func same(a, b Selection) bool {
	return slices.Equal(a.Include, b.Include) && slices.Equal(a.Exclude, b.Exclude) && a.System == b.System
}
