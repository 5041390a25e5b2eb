package servermigration

import (
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
)

// Texts as the service's FAQ and its agents' logs have them, with what each is
// recognised as and what a person is told to do.
func TestTextsOfRealTroublesAreRecognised(t *testing.T) {
	for _, c := range []struct {
		name, code, text string
		want             fault.Code
		fix              string // a word of it
		not              string // a word that would mislead
	}{
		{"copy cut, protocol", "InternalError", "Do Rsync Disk 0 Failed, return: 3072", "smc-copy-cut", "Stop the database service", "new job"},
		{"copy cut, time-out", "", "Do Rsync Disk 1 Failed return: 7680", "smc-copy-cut", "try again", "disk failed"},
		{"no shadow copy", "", "VssSnapshotul::VssSnapshotul GetSnapshotul Failed:0x80042308", "smc-vss", "Volume Shadow Copy", ""},
		{"standing before the first disk", "", "Prepare For Rsync Disk 0", "smc-vss", "VSS provider", ""},
		{"agent gone", "SourceServer.Offline", "", "smc-agent", "Start the client", ""},
		{"too many VPCs", "InternalError", "Create transition vpc failed ... QuotaExceeded.Vpc: VPC quota exceeded.", "smc-vpcs", "one VPC and switch", ""},
		{"no money", "InvalidAccountStatus.NotEnoughBalance", "", "smc-balance", "Pay in", ""},
		{"may not buy", "Forbidden.SubUser", "", "smc-may-not-buy", "owner of the account", "Full"},
		{"no right at ECS", "Forbidden.RAM", "", "smc-ecs-rights", "AliyunECSFullAccess and AliyunVPCFullAccess", "SMCFull"},
		{"no right at SMC", "Forbidden.Unauthorized", "", "smc-rights", "AliyunSMCFullAccess", "ECSFull"},
		{"clock of the source", "IllegalTimestamp", "", "smc-clock", "on the source server", "key"},
		{"image name taken", "", "InvalidImageName.Duplicated: the name is used", "smc-image-name", "another name", ""},
		{"not prepared", "S1", "Rsync not found. Please install rsync.", "smc-linux", "Install", ""},
		{"no role", "", "Your Account Haven't Authorized For SMC RAM Role", "smc-role", "AliyunServiceRoleForSMC", ""},
		{"nobody verified it", "", "Please finish real-name authentication", "smc-real-name", "Verify the account", ""},
		{"not reached", "InternalError", "Connect to Server Failed", "smc-connect", "8703", ""},
		{"something else", "M199", "check failed", CodeUnknown, "", ""},
		{"nothing", "", "", "", "", ""},
	} {
		got := CauseOf(c.code, c.text)
		if got != c.want {
			t.Errorf("%s: taken for %q, want %q", c.name, got, c.want)
		}
		if c.want == "" {
			continue
		}
		r := explain.Of(got)
		if !strings.Contains(r.Fix, c.fix) || c.not != "" && strings.Contains(strings.ToLower(r.Cause+r.Fix), strings.ToLower(c.not)) {
			t.Errorf("%s: told as %q %q", c.name, r.Cause, r.Fix)
		}
	}
}

// What a person may order where things have gone wrong.
func TestOrdersInRealTroubles(t *testing.T) {
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	cycle := Cycle{ImageID: "m-1", Start: at.Add(-2 * time.Hour), End: at.Add(-time.Hour)}
	job := func(s Status, p Phase) Job {
		return Job{ID: "j-1", Name: "move", Status: s, Phase: p, Every: 6, Keep: 3, Cycles: []Cycle{cycle}, ImageID: "m-1"}
	}
	away, there := &Server{State: ServerUnavailable, ErrorCode: "SourceServer.Offline"}, &Server{State: ServerInUse}
	for _, c := range []struct {
		name string
		what What
		f    Facts
		ok   bool
		code fault.Code
		says string
	}{
		{"the agent is away: start", Start, Facts{Job: job(Ready, ""), Server: away}, false, "smc-agent", ""},
		{"the agent is away: synchronise", Sync, Facts{Job: job(Waiting, ""), Server: away}, false, "smc-agent", ""},
		{"the agent is away: complete", Complete, Facts{Job: job(Waiting, ""), Server: away}, false, "smc-agent", ""},
		{"the agent is back", Retry, Facts{Job: job(InError, ""), Server: there, Transition: There}, true, "", ""},
		{"the intermediate instance was released", Retry, Facts{Job: job(InError, ""), Server: there, Transition: Missing}, false, "smc-transition-gone", ""},
		{"whether it was is not known", Retry, Facts{Job: job(InError, ""), Server: there}, true, "", ""},
		{"the 51st waits", Start, Facts{Job: job(Ready, ""), Server: there, AtWork: 50, Cap: 50}, false, "", "at most 50"},
		{"delete while it prepares", Delete, Facts{Job: job(Running, Preparing)}, false, "", ""},
		{"delete while it copies", Delete, Facts{Job: job(Running, Syncing)}, false, "", ""},
		{"delete what is being deleted", Delete, Facts{Job: job(Deleting, "")}, false, "", ""},
		{"delete while it waits", Delete, Facts{Job: job(Waiting, "")}, true, "", ""},
		{"delete what failed", Delete, Facts{Job: job(InError, "")}, true, "", ""},
		{"delete what is ready", Delete, Facts{Job: job(Ready, "")}, true, "", ""},
		{"delete what has expired", Delete, Facts{Job: job(Expired, "")}, true, "", ""},
		{"delete what is complete", Delete, Facts{Job: job(Finished, "")}, true, "", ""},
		{"pause outside the copy", Pause, Facts{Job: job(Running, Processing)}, false, "", "only the copying"},
		{"complete at work", Complete, Facts{Job: job(Running, Syncing)}, false, "", "while it waits"},
		{"after it was deleted in the console", Start, Facts{Job: job(Gone, "")}, false, "smc-gone", ""},
		{"an image of what is gone", Verify, Facts{Job: job(Gone, "")}, true, "", ""},
		{"a word that nobody knows", Complete, Facts{Job: job("Hibernating", "")}, false, "", "Hibernating"},
	} {
		c.f.Now = at
		v := Allowed(c.what, c.f)
		if v.OK != c.ok || v.Code != c.code || !strings.Contains(v.Why.String(), c.says) || !v.OK && v.Why.IsZero() {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
	if v := Allowed(Start, Facts{Now: at, Job: job(Ready, ""), Server: there, AtWork: 50, Cap: 50}); !v.Later {
		t.Errorf("the 51st is refused instead of queued: %+v", v)
	}
	if v := Allowed(Sync, Facts{Now: at, Job: job(Waiting, ""), Server: there}); !v.OK || !v.Unsure || v.Why.IsZero() {
		t.Errorf("what no page names is tried without a word: %+v", v)
	}
	if Complete.Undone() || Delete.Undone() || Complete.Title().String() == Delete.Title().String() {
		t.Error("finishing and deleting are one thing, or can be undone")
	}
}

// Expiry goes by the state, and what is not documented is not asserted.
func TestExpiryIsToldByState(t *testing.T) {
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status Status
		left   time.Duration
		soon   bool
		says   string
		not    string
	}{
		{Running, -time.Hour, false, "left alone", "expires"},
		{Waiting, -time.Hour, true, "not documented", ""},
		{Waiting, 24 * time.Hour, true, "not documented", ""},
		{Stopped, 24 * time.Hour, true, "deleted seven days later", ""},
		{Ready, 20 * 24 * time.Hour, false, "Expires in", ""},
		{InError, -time.Minute, true, "it expires", ""},
		{Expired, -time.Hour, true, "its images stay", ""},
	} {
		text, soon := Validity(Job{Status: c.status, ValidTill: at.Add(c.left)}, at)
		if soon != c.soon || !strings.Contains(text.String(), c.says) || c.not != "" && strings.Contains(text.String(), c.not) {
			t.Errorf("%s, %s left: %q, soon %v", c.status, c.left, text, soon)
		}
	}
	if text, _ := Validity(Job{Status: Ready}, at); !strings.Contains(text.String(), "30 days") {
		t.Errorf("without a time: %q", text)
	}
}

// The image that goes next is the oldest that nobody uses, more of them than are
// kept are nothing wrong, and a progress that begins anew is no step back.
func TestImagesAndProgressOfRealJobs(t *testing.T) {
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	j := Job{Status: Waiting, Every: 6, Keep: 2}
	for n := range 3 {
		end := at.Add(-time.Duration(20-7*n) * time.Hour)
		j.Cycles = append(j.Cycles, Cycle{ImageID: "m-" + string(rune('1'+n)), Start: end.Add(-time.Hour), End: end})
	}
	if c, ok := DropsNext(j, nil); !ok || c.ImageID != "m-2" {
		t.Errorf("goes next: %+v", c)
	}
	if c, ok := DropsNext(j, map[string]bool{"m-2": true}); !ok || c.ImageID != "m-3" {
		t.Errorf("goes next beside a used one: %+v", c)
	}
	if n := len(Kept(j, map[string]bool{"m-1": true})); n != 3 {
		t.Errorf("%d are kept with an old one in use", n)
	}
	if next := NextSync(j); !next.Equal(j.Cycles[2].End.Add(6 * time.Hour)) {
		t.Errorf("next at %s: the interval counts from the end", next)
	}
	// A changed interval counts from the end of the next synchronisation.
	changed := j
	changed.Every = 1
	seen := Carried(Carried(j, changed), changed)
	if next := NextSync(seen); !next.Equal(j.Cycles[2].End.Add(6 * time.Hour)) {
		t.Errorf("next at %s after a change", next)
	}
	ended := changed
	ended.Cycles = append(append([]Cycle{}, j.Cycles...), Cycle{ImageID: "m-4", Start: at.Add(-time.Minute), End: at})
	if seen = Carried(seen, ended); seen.Until != 0 || !NextSync(seen).Equal(at.Add(time.Hour)) {
		t.Errorf("next at %s after the next one", NextSync(seen))
	}
	if back := Carried(Carried(j, changed), j); back.Until != 0 {
		t.Errorf("changed and changed back: %+v", back)
	}
	run := func(p Phase, percent float64) Job { return Job{Status: Running, Phase: p, Progress: percent} }
	s := Sampled(nil, run(Processing, 75), at)
	s = Sampled(s, run(Preparing, 0), at.Add(time.Minute)) // a new run
	if len(s) != 1 {
		t.Errorf("samples of two runs are mixed: %+v", s)
	}
	still := Sampled(nil, run(Syncing, 10), at)
	for n := range 50 {
		still = Sampled(still, run(Syncing, 10), at.Add(time.Duration(n)*time.Minute))
	}
	p := PaceOf(run(Syncing, 10), still, at.Add(50*time.Minute))
	if text := Standstill(run(Syncing, 10), &Server{Platform: "Windows Server 2019"}, p); p.Rate != 0 || !strings.Contains(text.String(), "Volume Shadow Copy") {
		t.Errorf("a copy that stands: %+v, %q", p, text)
	}
	if text := Standstill(run(Syncing, 10), &Server{Platform: "CentOS"}, p); strings.Contains(text.String(), "Shadow") || text.IsZero() {
		t.Errorf("on Linux: %q", text)
	}
}

// Drafts that the service would refuse, or take and cost for.
func TestDraftsInRealTroubles(t *testing.T) {
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	windows := Server{ID: "s-1", State: ServerAvailable, Platform: "Windows Server 2019", Disks: []Disk{{GiB: 60}}}
	good := Draft{SourceID: "s-1", Region: "cn-hangzhou", Name: "move", Target: ToImage, ImageName: "moved", Every: 6, Keep: 3, ValidTill: at.AddDate(0, 0, 30), Disks: []DraftDisk{{GiB: 80}}, Network: Private, VSwitch: "vsw-bp1x", VPC: "vpc-bp1x"}
	if all := Review(good, Around{Now: at, Server: &windows}); len(all) != 0 {
		t.Fatalf("a good one: %+v", all)
	}
	for _, c := range []struct {
		name   string
		change func(*Draft)
		field  string
		bars   bool
		code   fault.Code
		says   string
	}{
		{"no end of validity", func(d *Draft) { d.ValidTill = time.Time{} }, "valid_till", true, "", "two ways"},
		{"valid for 6 days", func(d *Draft) { d.ValidTill = at.AddDate(0, 0, 6) }, "valid_till", true, "", ""},
		{"a VPC of its own", func(d *Draft) { d.Network, d.VSwitch, d.VPC = Internet, "", "" }, "network", false, "", "at most 10"},
		{"VPC without a switch", func(d *Draft) { d.VSwitch = "" }, "vswitch", true, "", "switch"},
		{"Windows to an instance abroad", func(d *Draft) { d.Target, d.InstanceID, d.Region = ToInstance, "i-bp1abcd", "eu-central-1" }, "target", true, "smc-windows-abroad", ""},
		{"Windows to an instance in Hong Kong", func(d *Draft) { d.Target, d.InstanceID, d.Region = ToInstance, "i-bp1abcd", "cn-hongkong" }, "target", true, "smc-windows-abroad", ""},
		{"a container of Windows", func(d *Draft) { d.Target, d.Namespace, d.Repository, d.Tag = ToContainer, "n", "r", "t" }, "target", true, "", "Windows"},
		{"interval of 8 days", func(d *Draft) { d.Every = 192 }, "every_hours", true, "", ""},
		{"11 images", func(d *Draft) { d.Keep = 11 }, "keep_images", true, "", ""},
		{"start in 5 minutes", func(d *Draft) { d.Start = at.Add(5 * time.Minute) }, "start", true, "", "10 minutes"},
	} {
		d := good
		c.change(&d)
		found := false
		for _, f := range Review(d, Around{Now: at, Server: &windows}) {
			found = found || f.Field == c.field && f.Bars == c.bars && f.Code == c.code && strings.Contains(f.Text.String(), c.says) && !f.Fix.IsZero()
		}
		if !found {
			t.Errorf("%s: %+v", c.name, Review(d, Around{Now: at, Server: &windows}))
		}
	}
}

// What stays behind and what nobody does for a person is listed.
func TestWhatIsLeftToDo(t *testing.T) {
	o := Order{What: Verify, Made: "exec-1", Ask: Ask{Check: &Check{}}}
	left := LeftBehind(o)
	if len(left) != 2 || !strings.Contains(left[0].String(), "OOS-exec-1") || !strings.Contains(left[1].String(), "oos-generated") {
		t.Errorf("after a verification: %v", left)
	}
	o.Ask.Check.Keep = true
	if costs := Costs(Job{}, There, []Order{o}); len(costs) != 1 || costs[0].ID != "OOS-exec-1" {
		t.Errorf("an instance that is kept costs: %+v", costs)
	}
	for _, s := range []Status{Waiting, Stopped, InError} {
		if costs := Costs(Job{Status: s, TransitionID: "i-1"}, There, nil); len(costs) != 1 || costs[0].ID != "i-1" {
			t.Errorf("%s costs: %+v", s, costs)
		}
	}
	list := ""
	for _, i := range AfterMove(Server{Platform: "Windows Server 2019"}, true) {
		list += i.Text.String() + "\n"
	}
	for _, wanted := range []string{`go2aliyun_restore.exe`, "Drive letters", "slmgr /upk", "databases are online"} {
		if !strings.Contains(list, wanted) {
			t.Errorf("after a move of Windows nothing is said of %q", wanted)
		}
	}
}
