// Package storetest is what any store of the dashboard must pass: a claim has
// one owner, a lost one writes nothing, a person's decision is never slept
// over, a slot fires once, a name belongs to one person.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

// Store is a store as the suite meets it: the ports of the floors below.
type Store interface {
	endpoint.Store
	run.Store
	person.Store
	Migrations() wave.Store
	Policies() policy.Store
	// ReleaseOthers queues the runs that other owners hold, whose lives are over.
	ReleaseOthers(ctx context.Context, owner string) (int, error)
	// VerifyAudit walks over the whole audit trail.
	VerifyAudit(ctx context.Context) (audit.Walk, error)
}

// Open makes an empty store that knows Kinds, and closes it with the test.
type Open func(t testing.TB) Store

// Kinds are those that the suite uses: a service that counts calls and reads
// buckets, and a server with a folder of its own.
func Kinds() endpoint.Kinds {
	kind := func(key string, t endpoint.Traits) endpoint.InstanceSpec {
		return endpoint.InstanceSpec{Spec: endpoint.Spec[endpoint.Instance]{Key: key}, Traits: t}
	}
	return endpoint.Kinds{Instances: []endpoint.InstanceSpec{
		kind("service", endpoint.Traits{Calls: endpoint.Calls{Database: 20, Instance: 500}, BacksUpItself: true}), kind("server", endpoint.Traits{Source: true, Restores: true})},
		Buckets: []endpoint.BucketSpec{{Spec: endpoint.Spec[endpoint.Bucket]{Key: "folder"}}, {Spec: endpoint.Spec[endpoint.Bucket]{Key: "bucket"}, Service: true}}}
}

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for _, tc := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"one run has one owner", oneRunHasOneOwner},
		{"a lost claim writes nothing", aLostClaimWritesNothing},
		{"runs of a dead life go on at once", runsOfADeadLifeGoOnAtOnce},
		{"a decision is not slept over", aDecisionIsNotSleptOver},
		{"a request is not lost", aRequestIsNotLost},
		{"hands are shared by place", handsAreSharedByPlace},
		{"a decision overtakes the engine", aDecisionOvertakesTheEngine},
		{"a file is not taken back from the target", aFileIsNotTakenBackFromTheTarget},
		{"a refused decision leaves no trace", aRefusedDecisionLeavesNoTrace},
		{"the ledger survives", ledgerSurvives},
		{"of two first people one wins", ofTwoFirstPeopleOneWins},
		{"names are found without regard to case and taken once", namesAreFoundWithoutRegardToCaseAndTakenOnce},
		{"tokens leave with their person", tokensLeaveWithTheirPerson},
		{"the last person stays", theLastPersonStays},
		{"a session lasts until it is ended", aSessionLastsUntilItIsEnded},
		{"a token is its person's own, and its use is noted hourly", aTokenIsItsPersonsOwnAndItsUseIsNotedHourly},
		{"policies keep their versions", policiesKeepTheirVersions},
		{"a slot queues its runs once", aSlotQueuesItsRunsOnce},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.test(t, open) })
	}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func entry(action string) audit.Entry {
	return audit.New(audit.Actor{Name: "ana", Via: "web"}, noon, action, "thing/1", "Did it.")
}

func entryAt(at time.Time) audit.Entry {
	return audit.New(audit.Actor{Name: "ana", Via: "web"}, at, "person.add", "person/1", "Added somebody.")
}
