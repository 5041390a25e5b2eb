package backupjob

import (
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/words"
)

func TestNext(t *testing.T) {
	listed := Plan{Job: policy.BackupJob{PolicyID: "p", Kind: backup.Full}, Listed: noon}
	open, done, failed, left := Order{Ord: 1, State: OrderOpen}, Order{Ord: 2, State: OrderDone}, Order{Ord: 3, State: OrderFailed}, Order{Ord: 4, State: OrderLeftOut}
	closed, pruned, byHand := listed, listed, listed
	closed.Closed, pruned.Pruned, byHand.Job.PolicyID = noon, noon, ""
	soon := noon.Add(time.Minute)
	for _, c := range []struct {
		what   string
		s      Plan
		orders []Order
		pace   Pace
		want   Do
	}{
		{"nothing chosen yet", Plan{}, nil, Pace{}, DoList},
		{"a retry", closed, []Order{failed}, Pace{}, DoReopen},
		{"one is open", listed, []Order{open, done}, Pace{}, DoStart},
		{"one is under way", listed, []Order{open}, Pace{Busy: map[int]bool{1: true}}, DoRest},
		{"one rests", listed, []Order{open, failed}, Pace{Later: map[int]time.Time{1: soon}}, DoRest},
		{"its rest is over", listed, []Order{open}, Pace{Later: map[int]time.Time{1: noon}}, DoStart},
		{"all done", listed, []Order{done, left}, Pace{}, DoPrune},
		{"one failed: what the others let go of is removed", listed, []Order{done, failed}, Pace{}, DoPrune},
		{"pruned", pruned, []Order{done}, Pace{}, DoFinish},
		{"by hand nothing is removed", byHand, []Order{done}, Pace{}, DoFinish},
		{"no database", listed, nil, Pace{}, DoPrune},
	} {
		if got := Next(c.s, c.orders, c.pace, noon, Rules{}); got.Do != c.want {
			t.Errorf("%s: %s, want %s", c.what, got.Do, c.want)
		}
	}
	many := make([]Order, 20)
	for i := range many {
		many[i] = Order{Ord: i + 1, State: OrderOpen}
	}
	if got := Next(listed, many, Pace{Busy: map[int]bool{1: true, 2: true}}, noon, Rules{Backups: 2}); len(got.Orders) != 3 || got.Orders[0] != 3 {
		t.Errorf("%+v", got)
	}
}

func TestNextPart(t *testing.T) {
	s := Plan{How: policy.How{Verify: true}, BucketID: "b"}
	for _, c := range []struct {
		what string
		o    Order
		want Part
	}{
		{"new", Order{}, PartBackUp},
		{"without an answer", Order{Intended: noon}, PartReconcile},
		{"never carried out", Order{Intended: noon, Verdict: Void, Attempts: 1}, PartBackUp},
		{"never carried out, again and again", Order{Intended: noon, Verdict: Void, Attempts: maxStatements}, PartGiveUp},
		{"without an answer, the last time", Order{Intended: noon, Attempts: maxStatements}, PartReconcile},
		{"refused, retried", Order{Intended: noon, Verdict: Refused}, PartBackUp},
		{"taken", Order{Intended: noon, Verdict: Accepted}, PartVerify},
		{"verified", Order{Intended: noon, Verdict: Adopted, Verified: noon}, PartCopy},
		{"copied", Order{Intended: noon, Verdict: Adopted, Verified: noon, Copied: noon}, PartDone},
	} {
		if got := NextPart(s, c.o); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
	if got := NextPart(Plan{}, Order{Intended: noon, Verdict: Accepted}); got != PartDone {
		t.Errorf("neither verified nor copied: %s", got)
	}
}

func TestSummaryNamesWhatIsMissing(t *testing.T) {
	s := Plan{Server: "SQL1", Job: policy.BackupJob{Kind: backup.Full}}
	text, fix, whole := Summary(s, []Order{{Database: "a", State: OrderDone, Size: 1 << 20}, {Database: "b", State: OrderFailed, Message: words.Say("The disk is full."), Fix: words.Say("Make room.")}, {Database: "c", State: OrderLeftOut, Message: words.Say("It is OFFLINE.")}})
	if want := "1 of 2 databases of SQL1 backed up (full). Not: b (The disk is full). Left out: c (It is OFFLINE)."; text.String() != want || fix.String() != "Make room." || whole {
		t.Errorf("%q %q %v", text, fix, whole)
	}
	if text, _, whole := Summary(s, nil); text.String() != "No database of SQL1 is chosen." || !whole {
		t.Errorf("%q %v", text, whole)
	}
}

func TestWhatIsStartedAndWhenItIsLookedAtAgain(t *testing.T) {
	s := Plan{Job: policy.BackupJob{PolicyID: "p"}, Listed: noon}
	order := func(states ...OrderState) (all []Order) {
		for i, st := range states {
			all = append(all, Order{Ord: i + 1, State: st})
		}
		return all
	}
	soon, later := noon.Add(time.Minute), noon.Add(time.Hour)
	for _, c := range []struct {
		what   string
		orders []Order
		pace   Pace
		rules  Rules
		want   Do
		starts []int
		until  time.Time
	}{
		{"the earlier rest counts", order(OrderOpen, OrderOpen), Pace{Later: map[int]time.Time{1: later, 2: soon}}, Rules{}, DoRest, nil, soon},
		{"in either order", order(OrderOpen, OrderOpen), Pace{Later: map[int]time.Time{1: soon, 2: later}}, Rules{}, DoRest, nil, soon},
		{"beside what rests another starts", order(OrderOpen, OrderOpen), Pace{Later: map[int]time.Time{1: soon}}, Rules{}, DoStart, []int{2}, time.Time{}},
		{"what ended is left", order(OrderDone, OrderOpen, OrderLeftOut, OrderFailed, OrderOpen), Pace{}, Rules{}, DoStart, []int{2, 5}, time.Time{}},
		{"one is left of four lanes", order(OrderOpen, OrderOpen, OrderOpen, OrderOpen, OrderOpen), Pace{Busy: map[int]bool{1: true, 2: true, 3: true}}, Rules{Backups: 1}, DoStart, []int{4}, time.Time{}},
		{"four lanes are full", order(OrderOpen, OrderOpen, OrderOpen, OrderOpen, OrderOpen), Pace{Busy: map[int]bool{1: true, 2: true, 3: true, 4: true}}, Rules{Backups: 1}, DoRest, nil, time.Time{}},
		{"what is in hand ended on paper", order(OrderDone), Pace{Busy: map[int]bool{1: true}}, Rules{}, DoRest, nil, time.Time{}},
		{"a failure beside one at work", order(OrderFailed, OrderOpen), Pace{Busy: map[int]bool{2: true}}, Rules{}, DoRest, nil, time.Time{}},
	} {
		got := Next(s, c.orders, c.pace, noon, c.rules)
		if got.Do != c.want || !slices.Equal(got.Orders, c.starts) || !got.Until.Equal(c.until) {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
	if n := (Rules{}).lanes(); n != 8 {
		t.Errorf("%d lanes without a bound", n)
	}
}

func TestPartsInTheirOrder(t *testing.T) {
	taken := Order{Intended: noon, Verdict: Accepted, Attempts: maxStatements}
	verified := taken
	verified.Verified = noon
	for _, c := range []struct {
		what string
		s    Plan
		o    Order
		want Part
	}{
		{"one statement is left", Plan{}, Order{Intended: noon, Verdict: Void, Attempts: maxStatements - 1}, PartBackUp},
		{"none is left", Plan{}, Order{Intended: noon, Verdict: Refused, Attempts: maxStatements}, PartGiveUp},
		{"taken with the last", Plan{}, taken, PartDone},
		{"verified before it is copied", Plan{How: policy.How{Verify: true}, BucketID: "b"}, taken, PartVerify},
		{"copied where nobody verifies", Plan{BucketID: "b"}, taken, PartCopy},
		{"verified, and stays", Plan{How: policy.How{Verify: true}}, verified, PartDone},
		{"one whose check failed is taken anew", Plan{How: policy.How{Verify: true}}, Order{Intended: noon, Verdict: Refused, SetID: guid(1), Attempts: 1}, PartBackUp},
	} {
		if got := NextPart(c.s, c.o); got != c.want {
			t.Errorf("%s: %s", c.what, got)
		}
	}
}
