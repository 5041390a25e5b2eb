package servermigration

import (
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// sent is an order whose call was made a minute ago; answered tells whether the
// service took it.
func sent(w What, answered bool, ask Ask) Order {
	o := Order{ID: "o", JobID: "j-1", What: w, Ask: ask, Ordered: noon.Add(-time.Minute), Sent: noon.Add(-time.Minute), Sends: 1}
	if answered {
		o.Answered = o.Sent
	}
	return o
}

func fresh(w What, ask Ask) Order {
	return Order{ID: "o", JobID: "j-1", What: w, Ask: ask, Ordered: noon.Add(-time.Second)}
}

// TestWhatAnOrderDoesNext: look before the call, nothing twice, done only when
// the service shows it.
func TestWhatAnOrderDoesNext(t *testing.T) {
	online := &Server{ID: "s-1", State: ServerInUse}
	cycle := Cycle{ImageID: "m-1", Start: noon.Add(-time.Hour), End: noon.Add(-30 * time.Minute)}
	job := func(s Status, p Phase, cycles ...Cycle) *Job {
		return &Job{ID: "j-1", Name: "move", Status: s, Phase: p, Every: 6, Keep: 3, Cycles: cycles}
	}
	before := func(o Order, j Job) Order { o.Before = MarkOf(j); return o }
	old := fresh(Complete, Ask{})
	old.Ordered = noon.Add(-time.Hour)
	just := sent(Complete, false, Ask{})
	just.Sent = noon.Add(-time.Second)
	often := sent(Start, false, Ask{})
	often.Sends = sends
	for _, c := range []struct {
		name  string
		order Order
		look  Look
		do    Do
		code  fault.Code
		says  string
	}{
		{"a ready job is started", fresh(Start, Ask{}), Look{Job: job(Ready, "")}, Call, "", ""},
		{"started elsewhere", fresh(Start, Ask{}), Look{Job: job(Running, Syncing)}, Done, "", "elsewhere"},
		{"agent away", fresh(Start, Ask{}), Look{Job: job(Ready, ""), Server: &Server{State: ServerUnavailable}}, Fail, "smc-agent", ""},
		{"as many at work as may be", fresh(Start, Ask{}), Look{Job: job(Ready, ""), AtWork: 50, Cap: 50}, Wait, "", "50 jobs"},
		{"answer lost, nothing seen", sent(Start, false, Ask{}), Look{Job: job(Ready, "")}, Call, "", ""},
		{"answer lost, it runs", sent(Start, false, Ask{}), Look{Job: job(Running, Preparing)}, Done, "", ""},
		{"lost again and again", often, Look{Job: job(Ready, "")}, Fail, "smc-unanswered", ""},
		{"taken and not begun", sent(Start, true, Ask{}), Look{Job: job(Ready, "")}, Wait, "", "not begun"},
		{"taken and failed", sent(Start, true, Ask{}), Look{Job: &Job{Status: InError, ErrorText: "VssSnapshotul::GetSnapshotul Failed:0x80042308"}}, Fail, "smc-vss", ""},
		{"retry, its instance released", fresh(Retry, Ask{}), Look{Job: job(InError, ""), Transition: Missing}, Fail, "smc-transition-gone", ""},
		{"paused while it copies", fresh(Pause, Ask{}), Look{Job: job(Running, Syncing)}, Call, "", ""},
		{"not while the image is built", fresh(Pause, Ask{}), Look{Job: job(Running, Processing)}, Fail, "", "only the copying"},
		{"paused", sent(Pause, true, Ask{}), Look{Job: job(Stopped, "")}, Done, "", ""},
		{"synchronised by hand", fresh(Sync, Ask{}), Look{Job: job(Waiting, "", cycle)}, Call, "", ""},
		{"answer lost, a synchronisation at work", sent(Sync, false, Ask{}), Look{Job: job(Running, Syncing, cycle)}, Wait, "", ""},
		{"its image is made", before(sent(Sync, true, Ask{}), *job(Waiting, "")), Look{Job: job(Waiting, "", cycle)}, Done, "", "m-1"},
		{"completion, as it waits", fresh(Complete, Ask{}), Look{Job: job(Waiting, "", cycle)}, Call, "", ""},
		{"completion is not sent an hour later", old, Look{Job: job(Waiting, "", cycle)}, Fail, "", "ago and not sent"},
		{"its answer was lost a second ago", just, Look{Job: job(Waiting, "", cycle)}, Wait, "", "lost"},
		{"its answer was lost, it still waits", sent(Complete, false, Ask{}), Look{Job: job(Waiting, "", cycle)}, Call, "", ""},
		{"taken, and it still waits: not sent again", sent(Complete, true, Ask{}), Look{Job: job(Waiting, "", cycle)}, Wait, "", "still waits"},
		{"completed", sent(Complete, true, Ask{}), Look{Job: job(Finished, "", cycle)}, Done, "", "completed"},
		{"completed in the console", fresh(Complete, Ask{}), Look{Job: job(Finished, "", cycle)}, Done, "", "elsewhere"},
		{"not while it runs", fresh(Complete, Ask{}), Look{Job: job(Running, Syncing, cycle)}, Fail, "", "waits between"},
		{"deleted in the console", fresh(Complete, Ask{}), Look{}, Fail, "smc-gone", ""},
		{"settings changed", sent(Adjust, true, Ask{Change: &Change{Every: 6, Keep: 3}}), Look{Job: job(Waiting, "")}, Done, "", "6 hours"},
		{"settings not shown yet", sent(Adjust, true, Ask{Change: &Change{Every: 2, Keep: 3}}), Look{Job: job(Waiting, "")}, Wait, "", ""},
		{"deletion lasts", sent(Delete, true, Ask{}), Look{Job: job(Deleting, "")}, Wait, "", ""},
		{"and ends", sent(Delete, true, Ask{}), Look{}, Done, "", "images stay"},
		{"none while it runs", fresh(Delete, Ask{}), Look{Job: job(Running, Syncing)}, Fail, "", "cannot be deleted"},
		{"a state nobody knows", fresh(Complete, Ask{}), Look{Job: job("Drilling", "")}, Fail, "", "not known here"},
		{"created", fresh(Create, Ask{Draft: &Draft{}}), Look{Server: &Server{State: ServerAvailable}}, Call, "", ""},
		{"source at work", fresh(Create, Ask{Draft: &Draft{}}), Look{Server: online}, Fail, "smc-unfinished", ""},
		{"found after a lost answer", sent(Create, false, Ask{Draft: &Draft{}}), Look{Job: job(Ready, "")}, Done, "", "j-1"},
	} {
		c.look.At = noon
		s := Next(c.order, c.look)
		if s.Do != c.do || s.Code != c.code || !strings.Contains(s.Text.String(), c.says) {
			t.Errorf("%s: %+v %s", c.name, s, s.Text)
		}
		if s.Do == Fail && s.Text.IsZero() {
			t.Errorf("%s fails without a word", c.name)
		}
	}
}

// TestASuccessWithNothingCheckedIsNone: an execution that ends well proves only
// what its checks printed.
func TestASuccessWithNothingCheckedIsNone(t *testing.T) {
	all := "DISK_DEVICE_OK\nPRIVATE_NET_OK\nPUBLIC_NET_OK"
	for _, c := range []struct {
		name string
		v    *Verification
		do   Do
		code fault.Code
	}{
		{"at work", &Verification{Status: "Running"}, Wait, ""},
		{"not listed yet", nil, Wait, ""},
		{"all marks", &Verification{Status: "Success", Results: []CheckResult{{Default: all}}}, Done, ""},
		{"no results", &Verification{Status: "Success"}, Fail, "smc-unchecked"},
		{"one mark missing", &Verification{Status: "Success", Results: []CheckResult{{Default: "DISK_DEVICE_OK\nPRIVATE_NET_OK"}}}, Fail, "smc-unchecked"},
		{"one of two instances", &Verification{Status: "Success", Results: []CheckResult{{Default: all}, {}}}, Fail, "smc-unchecked"},
		{"failed", &Verification{Status: "Failed", Why: "stack"}, Fail, "smc-verify-failed"},
		{"cancelled", &Verification{Status: "Cancelled"}, Fail, "smc-verify-failed"},
	} {
		o := sent(Verify, true, Ask{Check: &Check{}})
		o.Made = "exec-1"
		if s := Next(o, Look{At: noon, Verification: c.v}); s.Do != c.do || s.Code != c.code {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
}

// TestTextsOfTheServiceAreExplained: the fragments of the FAQ, wherever they stand.
func TestTextsOfTheServiceAreExplained(t *testing.T) {
	for _, c := range []struct {
		code, text string
		want       fault.Code
	}{
		{"", "", ""},
		{"", "Do Rsync Disk 1 Failed, return: 3072", "smc-copy-cut"},
		{"InternalError", "Do Rsync Disk x Failed return: 7680", "smc-copy-cut"},
		{"", "Prepare For Rsync Disk 0", "smc-vss"},
		{"SourceServer.Offline", "", "smc-agent"},
		{"Forbidden.SubUser", "", "smc-may-not-buy"},
		{"Forbidden.RAM", "", "smc-ecs-rights"},
		{"Forbidden.Unauthorized", "", "smc-rights"},
		{"", "Create transition vpc failed code: QuotaExceeded.Vpc msg: VPC quota exceeded.", "smc-vpcs"},
		{"InvalidAccountStatus.NotEnoughBalance", "", "smc-balance"},
		{"InvalidImageName.Duplicated", "", "smc-image-name"},
		{"IllegalTimestamp", "", "smc-clock"},
		{"S1", "Rsync not found. Please install rsync.", "smc-linux"},
		{"M199", "system check", CodeUnknown},
	} {
		if got := CauseOf(c.code, c.text); got != c.want {
			t.Errorf("%s %s: %s", c.code, c.text, got)
		}
	}
}
