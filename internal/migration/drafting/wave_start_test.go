package drafting

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/migration/wave"
)

// TestAWaveOfWhichNothingCanStart says of each database why, in the order asked.
func TestAWaveOfWhichNothingCanStart(t *testing.T) {
	w := WaveRequest{Name: "spring", Server: "server", Instance: "cloud", Staging: "oss", Databases: []string{"stock", "ORDERS", "master", "stock"}}
	v, err := drafts().StartWave(t.Context(), w, migration.By{})
	if !fault.Is(err, fault.Invalid) || v.Wave.ID != "" || len(v.Results) != 3 {
		t.Fatalf("%+v, %v", v.Results, err)
	}
	for i, kind := range []fault.Kind{fault.Unavailable, fault.Conflict, fault.Invalid} {
		if r := v.Results[i]; r.Database != w.Databases[i] || r.ID != "" || fault.Of(r.Err) != kind {
			t.Errorf("%d: %+v", i, r)
		}
	}
}

// TestWhichDatabasesOfAWaveAreCounted: those that may start; where none may,
// nobody is asked, and a target that does not answer bars the way.
func TestWhichDatabasesOfAWaveAreCounted(t *testing.T) {
	now := func() time.Time { return time.Unix(1_000_000, 0) }
	member := func(name string, err error, level migration.Level) WaveCheck {
		return WaveCheck{Database: name, Err: err, Findings: []migration.Finding{{Level: level}}, Plan: LivePlan{M: migration.Migration{Database: name, LiveSource: &migration.LiveSource{Every: time.Hour}}}}
	}
	good, warned := member("a", nil, migration.Passed), member("b", nil, migration.Warned)
	barred, broken := member("c", nil, migration.Barred), member("d", errors.New("no"), migration.Passed)
	for _, tc := range []struct {
		name    string
		ports   migration.Ports
		members []WaveCheck
		counted int
		lines   bool
		fits    bool
	}{
		{"all that may", answering{}, []WaveCheck{good, barred, warned, broken}, 2, true, true},
		{"none may", deaf{}, []WaveCheck{barred, broken}, 0, false, true},
		{"the target does not answer", deaf{}, []WaveCheck{good}, 0, true, false},
		{"the target fails oddly", deaf{odd: true}, []WaveCheck{good}, 0, true, false},
	} {
		store := many{of: map[string]migration.Migration{}}
		s := &Drafting{Ports: tc.ports, Migrations: store, Progress: &progress.Reader{Migrations: store, Now: now}, Now: now, Log: slog.New(slog.DiscardHandler)}
		f, whole, err := s.wholeChecks(t.Context(), WaveChecked{Places: LivePlan{Instance: endpoint.Instance{ID: "cloud"}}, Found: tc.members})
		if err != nil || len(f.Members) != tc.counted || (len(whole) > 0) != tc.lines || migration.MayStart(whole) != tc.fits {
			t.Errorf("%s: %d are counted, %+v, %v", tc.name, len(f.Members), whole, err)
		}
		if !tc.fits && (whole[0].Text.IsZero() || whole[0].Text.String() == "odd") {
			t.Errorf("%s: %q", tc.name, whole[0].Text)
		}
	}
}

// deaf are targets that cannot be asked.
type deaf struct {
	migration.Ports
	odd bool
}

func (d deaf) Target(context.Context, string) (migration.Target, error) {
	if d.odd {
		return nil, errors.New("odd")
	}
	return nil, fault.New(fault.Unavailable, "It does not answer.", "Wait.")
}

// TestAnotherIntervalIsOfferedOnlyWhereCallsAreTooMany.
func TestAnotherIntervalIsOfferedOnlyWhereCallsAreTooMany(t *testing.T) {
	limits := endpoint.Calls{Database: 1000, Instance: 100}
	facts := wave.Facts{Every: 15 * time.Minute, Members: make([]wave.Need, 2)}
	facts.Traits.Calls = limits
	fitting, can := facts.FittingEvery()
	for _, tc := range []struct {
		code  string
		level migration.Level
		want  bool
	}{{"wave-calls", migration.Barred, can}, {"wave-calls", migration.Warned, can}, {"wave-calls", migration.Passed, false}, {"wave-space", migration.Barred, false}} {
		v := WaveChecked{Facts: facts, Whole: []migration.Finding{{Code: "first"}, {Code: tc.code, Level: tc.level}}}
		if every, ok := v.FittingEvery(); ok != tc.want || ok && every != fitting {
			t.Errorf("%s %s: %s, %v", tc.code, tc.level, every, ok)
		}
	}
	if !can {
		t.Error("nothing fits: the rows above show nothing")
	}
}

// TestWhereACallReads: a self-managed server its own folder, the cloud a bucket
// under the host that its kind tells.
func TestWhereACallReads(t *testing.T) {
	s := drafts()
	s.Ports = deaf{}
	s.Kinds = endpoint.Kinds{Buckets: []endpoint.BucketSpec{{Spec: endpoint.Spec[endpoint.Bucket]{Key: "oss"}, Host: func(b endpoint.Bucket) string { return b.Region + ".example" }}, {Spec: endpoint.Spec[endpoint.Bucket]{Key: "dumb"}}}}
	cloud, _ := town{}.Instance(t.Context(), "cloud")
	own, _ := town{}.Instance(t.Context(), "server")
	own.ServerFolder = "/b"
	for _, tc := range []struct {
		name                 string
		target               endpoint.Instance
		kind                 endpoint.BucketKind
		folder, bucket, host string
	}{{"the cloud", cloud, "oss", "", "moves", "north.example"}, {"of a kind that tells no host", cloud, "dumb", "", "moves", ""}, {"of an unknown kind", cloud, "x", "", "moves", ""}, {"our own", own, "oss", "/b", "", ""}} {
		got := s.PlaceFor(t.Context(), tc.target, endpoint.Bucket{Kind: tc.kind, Bucket: "moves", Region: "north"}, "d", nil)
		if got.Folder != tc.folder || got.Bucket != tc.bucket || got.Endpoint != tc.host {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}

// TestAnEqualNameInAnyCase is a system's, and comes last.
func TestAnEqualNameInAnyCase(t *testing.T) {
	for name, want := range map[string]bool{"master": true, "MASTER": true, "msdb": true, "model": true, "tempdb": true, "orders": false} {
		if System(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	in := []backup.Database{{Name: "b"}, {Name: "A"}}
	if out := UserFirst(in); out[0].Name != "A" || in[0].Name != "b" {
		t.Errorf("%v, was %v", out, in)
	}
}
