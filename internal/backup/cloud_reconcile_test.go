package backup

import (
	"slices"
	"testing"
	"time"
)

// TestWhatWasThereBeforeAnOrder: jobs of any kind, sets by hand alone.
func TestWhatWasThereBeforeAnOrder(t *testing.T) {
	here := time.FixedZone("", 8*3600)
	in := NewOrderIntent(Order{Snapshot: true}, []Job{{ID: "1"}, {ID: "2", Automated: true}}, []CloudSet{{ID: "a", Manual: true}, {ID: "b"}, {ID: "c", Manual: true}}, time.Date(2026, 3, 3, 20, 0, 0, 0, here))
	if !slices.Equal(in.Jobs, []string{"1", "2"}) || !slices.Equal(in.Sets, []string{"a", "c"}) || in.At.Location() != time.UTC || in.At.Hour() != 12 || !in.Order.Snapshot {
		t.Errorf("%+v", in)
	}
}

// TestAnOrderIsGivenUpAtItsTimeAndNotBefore, and never while a job runs that
// may be it.
func TestAnOrderIsGivenUpAtItsTimeAndNotBefore(t *testing.T) {
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	const settle = 30 * time.Second
	other := []Job{{ID: "8", Automated: true}}
	for _, tc := range []struct {
		name  string
		jobs  []Job
		after time.Duration
		want  OrderVerdict
	}{
		{"a moment early", nil, settle - 1, OrderUnknown},
		{"at its time", nil, settle, OrderVoid},
		{"another job runs", other, 100 * settle, OrderUnknown},
		{"a job that ran before", []Job{{ID: "7", Automated: true}}, settle, OrderVoid},
		{"ours behind another", append(other, Job{ID: "9"}), 0, OrderAdopted},
		{"ours before another", append([]Job{{ID: "9"}}, other...), 0, OrderAdopted},
	} {
		in := OrderIntent{Jobs: []string{"7"}, At: at}
		if got := ReconcileOrder(in, tc.jobs, nil, at.Add(tc.after), settle); got.Verdict != tc.want {
			t.Errorf("%s: %+v, want %q", tc.name, got, tc.want)
		}
		r := RestoreOrder{Databases: map[string]string{"a": "b"}}
		if got := ReconcileRestore(r, nil, nil, at, at.Add(tc.after), settle); tc.jobs == nil && got != tc.want {
			t.Errorf("a restore, %s: %q, want %q", tc.name, got, tc.want)
		}
	}
	if got := ReconcileOrder(OrderIntent{At: at}, []Job{{ID: "9", SetID: "3"}}, []CloudSet{{ID: "4", Kind: Full, Manual: true}}, at, settle); got != (FoundOrder{OrderAdopted, "9", "3"}) {
		t.Errorf("a job and a set: %+v", got)
	}
}

// TestWhichSetsFitAnOrder.
func TestWhichSetsFitAnOrder(t *testing.T) {
	two := []string{"a", "b"}
	for _, tc := range []struct {
		name string
		o    Order
		s    CloudSet
		want bool
	}{
		{"full", Order{}, CloudSet{Kind: Full}, true},
		{"a snapshot", Order{}, CloudSet{Kind: Full, Snapshot: true}, false},
		{"a snapshot that was ordered", Order{Snapshot: true}, CloudSet{Kind: Full, Snapshot: true}, true},
		{"a differential", Order{}, CloudSet{Kind: Differential}, false},
		{"either", Order{Automatic: true}, CloudSet{Kind: Full}, true},
		{"the same databases", Order{Databases: two}, CloudSet{Kind: Full, Databases: []string{"B", "A"}}, true},
		{"one of them", Order{Databases: two}, CloudSet{Kind: Full, Databases: []string{"a"}}, false},
		{"one more", Order{Databases: []string{"a"}}, CloudSet{Kind: Full, Databases: two}, false},
		{"another second one", Order{Databases: two}, CloudSet{Kind: Full, Databases: []string{"a", "c"}}, false},
		{"the whole instance was ordered", Order{}, CloudSet{Kind: Full, Databases: two}, true},
	} {
		if got := (OrderIntent{Order: tc.o}).fits(tc.s); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

// TestWhatIsKnownOfAnOrder: what its job and a look tell, and nothing lost.
func TestWhatIsKnownOfAnOrder(t *testing.T) {
	in := &OrderIntent{}
	called := OrderState{Intent: in, Called: true}
	followed := OrderState{Intent: in, Called: true, Known: true, JobID: "8"}
	for _, tc := range []struct {
		name      string
		got, want OrderState
	}{
		{"not found yet", called.Found(FoundOrder{}), called},
		{"a job", called.Found(FoundOrder{Verdict: OrderAdopted, JobID: "8"}), followed},
		{"a set", called.Found(FoundOrder{Verdict: OrderAdopted, SetID: "3"}), OrderState{Intent: in, Called: true, Known: true, SetID: "3"}},
		{"it never arrived", called.Found(FoundOrder{Verdict: OrderVoid}), OrderState{}},
		{"it arrived, and nothing is there", OrderState{Intent: in, Called: true, Known: true}.Found(FoundOrder{Verdict: OrderVoid}), OrderState{Intent: in, Called: true, Known: true, Failed: true}},
		{"the job is forgotten", OrderState{Intent: in, Called: true, JobID: "8"}.Saw(nil), OrderState{Intent: in, Called: true, Known: true}},
		{"the job failed", followed.Saw(&Job{Status: "Failed", SetID: "3"}), OrderState{Intent: in, Called: true, Known: true, JobID: "8", Failed: true}},
		{"the job works on a set", followed.Saw(&Job{Status: "Uploading", SetID: "3"}), followed},
		{"the job ended without one", followed.Saw(&Job{Status: "Finished"}), followed},
		{"the job ended", followed.Saw(&Job{Status: "Finished", SetID: "3"}), OrderState{Intent: in, Called: true, Known: true, JobID: "8", SetID: "3"}},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, tc.got, tc.want)
		}
	}
	for status, want := range map[string]bool{"NoStart": false, "Checking": false, "Uploading": false, "Finished": true, "Failed": true} {
		if (Job{Status: status}).Ended() != want {
			t.Errorf("%s: ended %v", status, !want)
		}
	}
}

// TestBoundsOfOrders: days of retention, names that cannot be told.
func TestBoundsOfOrders(t *testing.T) {
	for days, ok := range map[int]bool{0: true, -1: true, -2: false, 1: false, 6: false, 7: true, 730: true, 731: false} {
		if _, err := OrderCall("rm-1", Order{Databases: []string{"a"}, RetentionDays: days}); (err == nil) != ok {
			t.Errorf("%d days: %v", days, err)
		}
	}
	for name, ok := range map[string]bool{"a": true, "": false, "a,b": false, ",": false} {
		if _, err := OrderCall("rm-1", Order{Databases: []string{"x", name}}); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
	at := time.Date(2026, 3, 3, 12, 34, 56, 0, time.FixedZone("", 8*3600))
	for _, tc := range []struct {
		name string
		r    RestoreOrder
		want string // empty = refused
	}{
		{"a set", RestoreOrder{SetID: "1", Target: "rm-2", Databases: map[string]string{"b": "y", "a": "x"}}, `CopyDatabaseBetweenInstances DBInstanceId=rm-1 TargetDBInstanceId=rm-2 DbNames={"a":"x","b":"y"} BackupId=1 SyncUserPrivilege=NO`},
		{"a moment, in UTC", RestoreOrder{At: at, Target: "rm-2", Databases: map[string]string{"a": "x"}}, `CopyDatabaseBetweenInstances DBInstanceId=rm-1 TargetDBInstanceId=rm-2 DbNames={"a":"x"} RestoreTime=2026-03-03T04:34:56Z SyncUserPrivilege=NO`},
		{"into itself", RestoreOrder{SetID: "1", Target: "rm-1", Databases: map[string]string{"a": "x"}}, ""},
		{"a database without a name", RestoreOrder{SetID: "1", Target: "rm-2", Databases: map[string]string{"": "x"}}, ""},
	} {
		if got, err := RestoreCall("rm-1", tc.r); (err == nil) != (tc.want != "") || err == nil && spelled(got) != tc.want {
			t.Errorf("%s: %s, %v", tc.name, spelled(got), err)
		}
	}
	if got := spelled(ExtendCall("rm-1", "3", at)) + " " + spelled(ExtendCallInSeconds("rm-1", "3", at)); got != "ModifyBackupSetExpireTime DBInstanceId=rm-1 BackupId=3 ExpectExpireTime=2026-03-03T04:35Z ModifyBackupSetExpireTime DBInstanceId=rm-1 BackupId=3 ExpectExpireTime=2026-03-03T04:35:00Z" {
		t.Error(got)
	}
}
