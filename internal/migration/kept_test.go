package migration

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
)

// keeping is a target of one's own that answers as it is told.
type keeping struct {
	oneOwn
	is      Keeping
	gives   error
	becomes string // its owner, once given
}

func (k *keeping) OpenKeeping(_ context.Context, _, _ string, _ CheckMode, _ string, write bool) error {
	k.said(map[bool]string{false: "open keeping", true: "open keeping writable"}[write])
	return nil
}
func (k *keeping) Kept(context.Context, string) (Keeping, error) { return k.is, nil }
func (k *keeping) Give(_ context.Context, _, login string) error {
	k.said("give to " + login)
	if k.gives == nil {
		k.is.Owner = k.becomes
	}
	return k.gives
}

// TestWhatIsKeptIsLookedAt, and what is not there is told with its statement.
func TestWhatIsKeptIsLookedAt(t *testing.T) {
	for name, tc := range map[string]struct {
		want    Keeping
		target  keeping
		did     []string
		state   run.StepState
		says    string
		returns bool
	}{
		"nothing was asked for":   {Keeping{}, keeping{}, nil, "", "", false},
		"captured still":          {Keeping{CDC: true}, keeping{is: Keeping{CDC: true, Owner: "sa"}}, nil, run.StepDone, "is on", false},
		"captured no more":        {Keeping{CDC: true}, keeping{}, nil, run.StepFailed, "sp_cdc_enable_db", false},
		"owned already":           {Keeping{Owner: "App"}, keeping{is: Keeping{Owner: "app"}}, nil, run.StepDone, "app owns", false},
		"given":                   {Keeping{Owner: "app"}, keeping{is: Keeping{Owner: "sa"}, becomes: "app"}, []string{"give to app"}, run.StepDone, "app owns", false},
		"given in vain":           {Keeping{Owner: "app"}, keeping{is: Keeping{Owner: "sa"}, becomes: "sa"}, []string{"give to app"}, run.StepFailed, "ALTER AUTHORIZATION ON DATABASE::[orders] TO [app]", false},
		"no such login":           {Keeping{Owner: "app"}, keeping{gives: fault.New(fault.Conflict, "No login.", "Make it.")}, []string{"give to app"}, run.StepFailed, "No login. Give", false},
		"the target does not say": {Keeping{Owner: "app"}, keeping{gives: errLost}, []string{"give to app"}, "", "", true},
	} {
		d, j := at(cutOver(FreezeTail, func(m *Migration) { m.Traits, m.Keep = serverTraits, tc.want }), t0)
		target := tc.target
		target.oneOwn = oneOwn{&d.target}
		j.target = &target
		step, events, err := j.keep(t.Context(), d.m)
		if (err != nil) != tc.returns || step.State != tc.state || !slices.Equal(d.log, tc.did) || (len(events) > 0) != (tc.state != "") || !strings.Contains(step.Message.String(), tc.says) {
			t.Errorf("%s: %v, did %v, %q: %s", name, err, d.log, step.State, step.Message)
		}
	}
	for keep, want := range map[Keeping]string{{}: "open", {Owner: "app"}: "open", {CDC: true}: "open keeping"} {
		d, j := at(cutOver(FreezeTail, func(m *Migration) { m.Traits, m.Keep = serverTraits, keep }), t0)
		j.target = &keeping{oneOwn: oneOwn{&d.target}}
		if err := j.open(t.Context(), d.m); err != nil || !slices.Contains(d.log, want) {
			t.Errorf("%+v: %v, %v", keep, d.log, err)
		}
	}
}

// TestNothingIsKeptWhereNothingCan: said before anything begins.
func TestNothingIsKeptWhereNothingCan(t *testing.T) {
	own := endpoint.Traits{Keeps: true}
	for name, tc := range map[string]struct {
		k    Keeping
		to   endpoint.Traits
		mode AccessMode
		ok   bool
	}{
		"nothing, of a service":         {Keeping{}, endpoint.Traits{}, Pending, true},
		"capture, of a service":         {Keeping{CDC: true}, endpoint.Traits{}, Pending, false},
		"an owner, of a service":        {Keeping{Owner: "app"}, endpoint.Traits{}, Pending, false},
		"both, of a server":             {Keeping{CDC: true, Owner: "app"}, own, Pending, true},
		"opened by the restore":         {Keeping{CDC: true}, own, Immediate, false},
		"a name that no login can have": {Keeping{Owner: strings.Repeat("x", 200)}, own, Pending, false},
	} {
		if err := tc.k.check(tc.to, tc.mode); (err == nil) != tc.ok || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
