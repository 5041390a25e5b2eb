package backup

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

func spelled(c Call) string {
	var out []string
	for _, p := range c.Parameters {
		out = append(out, p.Name+"="+p.Value)
	}
	return c.Action + " " + strings.Join(out, " ")
}

func TestOrdersAsCalls(t *testing.T) {
	for _, c := range []struct {
		o    Order
		want string // empty = refused
	}{
		{Order{}, "CreateBackup DBInstanceId=rm-1 BackupMethod=Physical BackupType=FullBackup BackupStrategy=instance"},
		{Order{Automatic: true}, "CreateBackup DBInstanceId=rm-1 BackupMethod=Physical BackupType=Auto BackupStrategy=instance"},
		{Order{Snapshot: true}, "CreateBackup DBInstanceId=rm-1 BackupMethod=Snapshot BackupStrategy=instance"},
		{Order{Databases: []string{"a"}}, "CreateBackup DBInstanceId=rm-1 BackupMethod=Physical BackupType=FullBackup BackupStrategy=db DBName=a"},
		{Order{Databases: []string{"a"}, RetentionDays: 730}, "CreateBackup DBInstanceId=rm-1 BackupMethod=Physical BackupType=FullBackup BackupStrategy=db DBName=a BackupRetentionPeriod=730"},
		{Order{Databases: []string{"a"}, RetentionDays: 731}, ""},
		{Order{Databases: []string{"a"}, RetentionDays: 6}, ""},
		{Order{Databases: []string{"a"}, Snapshot: true}, ""},
		{Order{Databases: []string{"a"}, Automatic: true}, ""},
		{Order{Databases: []string{"a,b"}}, ""},
		{Order{Snapshot: true, Automatic: true}, ""},
		{Order{RetentionDays: 30}, ""},
	} {
		got, err := OrderCall("rm-1", c.o)
		if c.want == "" && !fault.Is(err, fault.Invalid) || c.want != "" && (err != nil || spelled(got) != c.want) {
			t.Errorf("%+v: %s %v", c.o, spelled(got), err)
		}
	}
}

func TestRestoresAsCalls(t *testing.T) {
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	for i, r := range []RestoreOrder{
		{SetID: "1", Databases: map[string]string{"a": "b"}},
		{SetID: "1", Target: "rm-2"},
		{Target: "rm-2", Databases: map[string]string{"a": "b"}},
		{SetID: "1", At: at, Target: "rm-2", Databases: map[string]string{"a": "b"}},
		{SetID: "1", Target: "rm-2", Databases: map[string]string{"a": "x", "b": "X"}},
		{SetID: "1", Target: "rm-2", Databases: map[string]string{"a": ""}},
	} {
		if _, err := RestoreCall("rm-1", r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// What is known after a lost answer decides; nothing is ordered twice while
// the first may still appear.
func TestSeekingALostOrder(t *testing.T) {
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	old := CloudSet{ID: "1", Kind: Full, Manual: true}
	in := NewOrderIntent(Order{}, []Job{{ID: "7"}}, []CloudSet{old, {ID: "2", Kind: Full}}, at)
	for name, c := range map[string]struct {
		order Order
		jobs  []Job
		sets  []CloudSet
		after time.Duration
		want  FoundOrder
	}{
		"nothing yet":            {Order{}, nil, []CloudSet{old}, time.Second, FoundOrder{}},
		"nothing":                {Order{}, nil, []CloudSet{old}, time.Minute, FoundOrder{Verdict: OrderVoid}},
		"job":                    {Order{}, []Job{{ID: "8", Status: "Checking"}}, nil, time.Second, FoundOrder{Verdict: OrderAdopted, JobID: "8"}},
		"job known before":       {Order{}, []Job{{ID: "7"}}, nil, time.Minute, FoundOrder{Verdict: OrderVoid}},
		"scheduled job":          {Order{}, []Job{{ID: "8", Automated: true}}, nil, time.Hour, FoundOrder{}},
		"set":                    {Order{}, nil, []CloudSet{{ID: "3", Kind: Full, Manual: true}, old}, time.Second, FoundOrder{Verdict: OrderAdopted, SetID: "3"}},
		"scheduled set":          {Order{}, nil, []CloudSet{{ID: "3", Kind: Full}, old}, time.Minute, FoundOrder{Verdict: OrderVoid}},
		"set of another method":  {Order{Snapshot: true}, nil, []CloudSet{{ID: "3", Kind: Full, Manual: true}}, time.Minute, FoundOrder{Verdict: OrderVoid}},
		"differential for auto":  {Order{Automatic: true}, nil, []CloudSet{{ID: "3", Kind: Differential, Manual: true}}, 0, FoundOrder{Verdict: OrderAdopted, SetID: "3"}},
		"differential for full":  {Order{}, nil, []CloudSet{{ID: "3", Kind: Differential, Manual: true}}, time.Minute, FoundOrder{Verdict: OrderVoid}},
		"other databases":        {Order{Databases: []string{"a"}}, nil, []CloudSet{{ID: "3", Kind: Full, Manual: true, Databases: []string{"b"}}}, time.Minute, FoundOrder{Verdict: OrderVoid}},
		"databases in any case":  {Order{Databases: []string{"a"}}, nil, []CloudSet{{ID: "3", Kind: Full, Manual: true, Databases: []string{"A"}}}, 0, FoundOrder{Verdict: OrderAdopted, SetID: "3"}},
		"databases are not told": {Order{Databases: []string{"a"}}, nil, []CloudSet{{ID: "3", Kind: Full, Manual: true}}, 0, FoundOrder{Verdict: OrderAdopted, SetID: "3"}},
	} {
		in.Order = c.order
		if got := ReconcileOrder(in, c.jobs, c.sets, at.Add(c.after), 30*time.Second); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestWhatAnOrderDoesNext(t *testing.T) {
	in := &OrderIntent{}
	for _, c := range []struct {
		s    OrderState
		want OrderAction
	}{
		{OrderState{}, OrderLook},
		{OrderState{Intent: in}, OrderMake},
		{OrderState{Intent: in, Called: true}, OrderReconcile},
		{OrderState{Intent: in, Called: true, JobID: "8"}, OrderFollow},
		{OrderState{Intent: in, Called: true, JobID: "8", SetID: "3"}, OrderDone},
		{OrderState{Intent: in, Called: true, JobID: "8", Failed: true}, OrderFailed},
		{OrderState{Intent: in, Called: true}.Found(FoundOrder{Verdict: OrderVoid}), OrderLook},
		{OrderState{Intent: in, Called: true}.Found(FoundOrder{}), OrderReconcile},
		{OrderState{Intent: in, Called: true}.Found(FoundOrder{Verdict: OrderAdopted, SetID: "3"}), OrderDone},
		{OrderState{Intent: in, Called: true, JobID: "8"}.Saw(&Job{ID: "8", Status: "Uploading"}), OrderFollow},
		{OrderState{Intent: in, Called: true, JobID: "8"}.Saw(&Job{ID: "8", Status: "Failed"}), OrderFailed},
		{OrderState{Intent: in, Called: true, JobID: "8"}.Saw(&Job{ID: "8", Status: "Finished", SetID: "3"}), OrderDone},
		{OrderState{Intent: in, Called: true, JobID: "8"}.Saw(nil), OrderReconcile},
		// A job that was named and vanished without a set is not ordered again.
		{OrderState{Intent: in, Called: true, JobID: "8"}.Saw(nil).Found(FoundOrder{Verdict: OrderVoid}), OrderFailed},
	} {
		if got := NextOrder(c.s); got != c.want {
			t.Errorf("%+v: %s, want %s", c.s, got, c.want)
		}
	}
}

func TestSeekingALostRestore(t *testing.T) {
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	r := RestoreOrder{Databases: map[string]string{"shop": "Shop_old"}}
	for _, c := range []struct {
		before, now []string
		after       time.Duration
		want        OrderVerdict
	}{
		{[]string{"shop"}, []string{"shop", "shop_OLD"}, 0, OrderAdopted},
		{[]string{"shop"}, []string{"shop"}, time.Second, OrderUnknown},
		{[]string{"shop"}, []string{"shop"}, time.Minute, OrderVoid},
		{[]string{"shop", "shop_old"}, []string{"shop", "shop_old"}, time.Minute, OrderVoid},
	} {
		if got := ReconcileRestore(r, c.before, c.now, at, at.Add(c.after), 30*time.Second); got != c.want {
			t.Errorf("%v → %v after %v: %q, want %q", c.before, c.now, c.after, got, c.want)
		}
	}
}

func TestWindowOfACloudInstance(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 3, 3, hour, 0, 0, 0, time.UTC) }
	set := func(id string, hour int, change ...func(*CloudSet)) CloudSet {
		s := CloudSet{ID: id, Kind: Full, Usable: true, Started: at(hour), Finished: at(hour)}
		for _, f := range change {
			f(&s)
		}
		return s
	}
	logs := func(from, to int) (out []CloudLog) {
		for h := from; h < to; h++ {
			out = append(out, CloudLog{From: at(h), To: at(h + 1)})
		}
		return out
	}
	failed := func(s *CloudSet) { s.Failed = true }
	diff := func(s *CloudSet) { s.Kind = Differential }
	for name, c := range map[string]struct {
		sets []CloudSet
		logs []CloudLog
		want string
	}{
		"nothing":              {nil, logs(0, 5), ""},
		"a set alone":          {[]CloudSet{set("1", 3)}, nil, "3-3"},
		"with logs":            {[]CloudSet{set("1", 3)}, logs(0, 9), "3-9"},
		"a gap":                {[]CloudSet{set("1", 1), set("2", 8)}, append(logs(0, 4), logs(6, 10)...), "1-4 8-10"},
		"two sets, no gap":     {[]CloudSet{set("1", 1), set("2", 5)}, logs(0, 9), "1-9"},
		"failed":               {[]CloudSet{set("1", 1, failed)}, logs(0, 9), ""},
		"a differential alone": {[]CloudSet{set("1", 1, diff)}, logs(0, 9), ""},
	} {
		var got []string
		for _, w := range Windows(cloudRecords(c.sets, c.logs)) {
			got = append(got, fmt.Sprintf("%d-%d", w.From.Hour(), w.To.Hour()))
		}
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

// cloudRecords are sets and logs as the catalogue has them.
func cloudRecords(sets []CloudSet, logs []CloudLog) (out []Record) {
	for _, l := range logs {
		sets = append(sets, CloudSet{ID: CloudLogID(l), Kind: Log, Started: l.From, Finished: l.To, Size: l.Size, Usable: true})
	}
	for i := range sets {
		r := Record{Origin: InCloud, State: Complete, Set: Set{Kind: sets[i].Kind}, Cloud: &sets[i]}
		if sets[i].Failed {
			r.State = Broken
		}
		out = append(out, r)
	}
	return out
}
