package smc

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/emulator/acs"
	"github.com/bakplane/bakplane/internal/emulator/control"
	smcemu "github.com/bakplane/bakplane/internal/emulator/smc"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/servermigration"
)

const (
	region  = "cn-hangzhou"
	windows = "s-bp1windows"
	linux   = "s-bp1linux"
)

// cloud is the emulated service with a center of its account.
type cloud struct {
	*smcemu.Running
	*Center
	t *testing.T
}

func begin(t *testing.T, changes ...func(*smcemu.Config)) *cloud {
	t.Helper()
	t.Parallel()
	c := smcemu.Config{
		Accounts: []smcemu.Account{{ID: "1", Keys: []acs.Key{{ID: "LTAIdashboard", Secret: "sesame"}, {ID: "LTAInone", Secret: "sesame", Denied: []string{"*"}}}}},
		Switches: map[string]string{"vsw-1": "vpc-1"},
		Sources: []smcemu.Source{
			{ID: windows, Account: "1", Name: "sqldemo", Description: "shop", Platform: "Windows Server 2019", Arch: "x86_64", Agent: "2.8.6", Windows: true, Created: time.Now().Add(-time.Hour),
				System: `{\"hostname\":\"SQLDEMO\",\"ipv4\":\"10.0.0.1\",\"ipv6\":\"fe80::1/64,2001:db8::1\",\"cores\":\"4\",\"memory\":\"8.00\"}`,
				Disks: []smcemu.Disk{
					{SizeGiB: 60, Parts: []smcemu.Part{{Device: "0_0", Path: "C:", SizeBytes: 60 << 30, UsedBytes: 30 << 30, Need: true, CanBlock: true}}},
					{Index: 1, SizeGiB: 100, Parts: []smcemu.Part{{Device: "1_0", Path: "D:", SizeBytes: 100 << 30, UsedBytes: 40 << 30, CanBlock: true}}}}},
			{ID: linux, Account: "1", Name: "web", Platform: "CentOS", Arch: "x86_64", Created: time.Now().Add(-2 * time.Hour), Disks: []smcemu.Disk{
				{SizeGiB: 40, Parts: []smcemu.Part{{Device: "0_0", Path: "/", SizeBytes: 40 << 30, UsedBytes: 10 << 30, Need: true}}}}},
		},
	}
	for _, change := range changes {
		change(&c)
	}
	run, err := smcemu.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run.Close(); err != nil {
			t.Error(err)
		}
	})
	return &cloud{run, center(t, run.URL, "LTAIdashboard"), t}
}

func center(t *testing.T, url, key string) *Center {
	t.Helper()
	c, err := New(Config{SMC: url, OOS: url, ECS: url, Region: region, AccessKeyID: key, Secret: "sesame"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func draft() servermigration.Draft {
	return servermigration.Draft{SourceID: windows, Region: region, Name: "move", Target: servermigration.ToImage, ImageName: "moved", Every: 6, Keep: 2, ValidTill: time.Now().Add(30 * 24 * time.Hour),
		Disks: []servermigration.DraftDisk{{GiB: 80, Parts: []string{"0_0"}}, {Index: 1, GiB: 120}}}
}

func (c *cloud) create(d servermigration.Draft) string {
	c.t.Helper()
	id, err := c.Create(c.t.Context(), d, "t-"+d.Name)
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

func (c *cloud) job(id string) servermigration.Job {
	c.t.Helper()
	jobs, err := c.Jobs(c.t.Context(), id)
	if err != nil || len(jobs) != 1 {
		c.t.Fatalf("job %s: %v %v", id, jobs, err)
	}
	return jobs[0]
}

func (c *cloud) round(id string) servermigration.Job {
	c.t.Helper()
	for range 400 {
		if j := c.job(id); j.Status != servermigration.Running {
			return j
		}
		c.Forward(time.Minute)
	}
	c.t.Fatal("the run does not end")
	return servermigration.Job{}
}

func TestSourceServersInOurWords(t *testing.T) {
	c := begin(t)
	all, err := c.Servers(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("%v %v", all, err)
	}
	s := all[0]
	if s.ID != windows || s.Host != "SQLDEMO" || !slices.Equal(s.Addresses, []string{"10.0.0.1", "fe80::1", "2001:db8::1"}) || s.Cores != 4 || s.MemoryMB != 8192 || s.Agent != "2.8.6" ||
		s.Heartbeat != 30*time.Second || !s.Windows() || s.State != servermigration.ServerAvailable || s.Created.IsZero() || s.Description != "shop" {
		t.Errorf("got %+v", s)
	}
	if len(s.Disks) != 2 || s.Disks[1].Index != 1 || s.Disks[1].GiB != 100 || s.Disks[0].Parts[0] != (servermigration.Part{Device: "0_0", Path: "C:", Bytes: 60 << 30, Needed: true, Blocks: true}) {
		t.Errorf("disks %+v", s.Disks)
	}
	code, info := "SourceServer.InError", `{"error_code": "S1", "error_msg": "Rsync not found. Please install rsync."}`
	c.Source(linux, smcemu.SourcePatch{ErrorCode: &code, Status: &info})
	some, err := c.Servers(t.Context(), linux, "s-none")
	if err != nil || len(some) != 1 || some[0].State != servermigration.ServerUnavailable || some[0].ErrorCode != code || some[0].ErrorText != "S1: Rsync not found. Please install rsync." {
		t.Errorf("in error: %+v %v", some, err)
	}
	if err := c.Rename(t.Context(), linux, "web-1", "the shop"); err != nil {
		t.Error(err)
	}
	if err := c.Rename(t.Context(), linux, "sqldemo", ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("a taken name: %v", err)
	}
	if err := c.Remove(t.Context(), linux, false); err != nil {
		t.Error(err)
	}
}

func TestAJobFromCreationToItsEnd(t *testing.T) {
	c := begin(t)
	d := draft()
	id := c.create(d)
	if again := c.create(d); again != id {
		t.Errorf("one token made %s and %s", id, again)
	}
	other := d
	other.Name, other.ImageName = "second", "second"
	if _, err := c.Create(t.Context(), other, "t-second"); fault.CodeOf(err) != "smc-unfinished" {
		t.Errorf("a second job of a source: %v", err)
	}
	j := c.job(id)
	if j.Status != servermigration.Ready || j.SourceID != windows || j.Name != "move" || j.Target != servermigration.ToImage || j.Once || j.Every != 6 || j.Keep != 2 || j.ImageName != "moved" ||
		!j.ValidTill.Equal(d.ValidTill.UTC().Truncate(time.Second)) || !j.Started.IsZero() {
		t.Errorf("made %+v", j)
	}
	if st := c.State().Jobs[id]; len(st.SystemParts) != 1 || st.SystemParts[0].SizeBytes != 60<<30 || len(st.DataDisks) != 1 || st.DataDisks[0].SizeGiB != 120 || st.SystemDisk != 80 {
		t.Errorf("the service has %+v", st)
	}
	if err := c.Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(t.Context(), id); fault.CodeOf(err) != "smc-phase" || !fault.Is(err, fault.Conflict) {
		t.Errorf("paused in Preparing: %v", err)
	}
	c.Forward(30 * time.Minute)
	if j = c.job(id); j.Phase != servermigration.Syncing || j.Progress <= 10 || j.Progress >= 70 || j.TransitionID == "" || j.Started.IsZero() {
		t.Errorf("at work: %+v", j)
	}
	m, err := c.Machines(t.Context(), region, j.TransitionID, "i-none")
	if err != nil || len(m) != 1 || m[0].ID != j.TransitionID || m[0].Status != "Running" || m[0].Created.IsZero() {
		t.Errorf("intermediate instance %+v %v", m, err)
	}
	if m, err := c.Machines(t.Context(), region); err != nil || len(m) != 0 {
		t.Errorf("nobody asked for %+v, %v", m, err)
	}
	for _, do := range []func() error{func() error { return c.Stop(t.Context(), id) }, func() error { return c.Start(t.Context(), id) }} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	if j = c.round(id); j.Status != servermigration.Waiting || j.Progress != 100 || j.Phase != "" || len(j.Cycles) != 1 || !j.Cycles[0].Manual || j.Cycles[0].ImageID != j.ImageID || j.Cycles[0].End.IsZero() {
		t.Errorf("after a run: %+v", j)
	}
	if err := c.Start(t.Context(), id); fault.CodeOf(err) != "smc-status" {
		t.Errorf("a synchronisation by hand: %v", err)
	}
	if err := c.Change(t.Context(), id, servermigration.Change{Every: 1, Keep: 3}); err != nil {
		t.Error(err)
	}
	if err := c.Remove(t.Context(), windows, false); fault.CodeOf(err) != "smc-source-job" {
		t.Errorf("removed with a job: %v", err)
	}
	machine := servermigration.MachineDraft{ImageID: j.ImageID, Type: "ecs.g7.large", VSwitch: "vsw-1", Name: "try"}
	made, err := c.NewMachine(t.Context(), region, machine, "m1")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.NewMachine(t.Context(), region, machine, "m1"); err != nil || again != made {
		t.Errorf("one token made %s and %s, %v", made, again, err)
	}
	if m, err := c.Machines(t.Context(), region, made); err != nil || len(m) != 1 || m[0].ImageID != j.ImageID || m[0].Private == "" {
		t.Errorf("made %+v %v", m, err)
	}
	if err := c.RemoveMachine(t.Context(), region, made); err != nil {
		t.Error(err)
	}
	if m, err := c.Machines(t.Context(), region, made); err != nil || len(m) != 0 {
		t.Errorf("a released instance: %+v %v", m, err)
	}
	if err := c.RemoveMachine(t.Context(), region, made); !fault.Is(err, fault.NotFound) {
		t.Errorf("released again: %v", err)
	}
	if err := c.Complete(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	if j = c.round(id); j.Status != servermigration.Finished || len(j.Cycles) != 2 || j.Every != 1 || j.Ended.IsZero() || j.TransitionID != "" {
		t.Errorf("complete: %+v", j)
	}
	if err := c.Delete(t.Context(), id); err != nil {
		t.Error(err)
	}
	if j = c.job(id); j.Status != servermigration.Deleting {
		t.Errorf("deleted: %+v", j)
	}
	c.Forward(time.Hour)
	if jobs, err := c.Jobs(t.Context(), id); err != nil || len(jobs) != 0 {
		t.Errorf("gone: %v %v", jobs, err)
	}
	if err := c.Delete(t.Context(), id); !fault.Is(err, fault.NotFound) {
		t.Errorf("deleted again: %v", err)
	}
}

func TestVerificationsAndTheirMarkers(t *testing.T) {
	c := begin(t)
	id := c.create(draft())
	if err := c.Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	image := c.round(id).ImageID
	k := servermigration.Check{ImageID: image, Zone: "cn-hangzhou-i", Host: "verify-1", Type: "ecs.g7.large", Private: "172.16.0.10", Windows: true, Folder: `C:\`, Command: "Get-Service MSSQLSERVER", DiskGiB: 80}
	verify := func(k servermigration.Check, token string) servermigration.Verification {
		t.Helper()
		run, err := c.Verify(t.Context(), region, k, token)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := c.Verify(t.Context(), region, k, token); err != nil || again != run {
			t.Errorf("one token began %s and %s, %v", run, again, err)
		}
		c.Forward(time.Hour)
		v, err := c.Verification(t.Context(), region, run)
		if err != nil || v.Started.IsZero() || v.Ended.IsZero() {
			t.Fatalf("%+v %v", v, err)
		}
		return v
	}
	if v := verify(k, "v1"); v.Status != "Success" || len(v.Results) != 1 || !strings.Contains(v.Results[0].Default, "DISK_DEVICE_OK") || v.Results[0].Own == "" || v.Results[0].InstanceID == "" {
		t.Errorf("a good one: %+v", v)
	}
	k.Folder = ""
	if v := verify(k, "v2"); v.Status != "Success" || len(v.Results) != 1 || v.Results[0].Default != "" {
		t.Errorf("with the template's own folder: %+v", v)
	}
	yes := true
	c.Settings(smcemu.SettingsPatch{VerifyFails: &yes})
	if v := verify(k, "v3"); v.Status != "Failed" || v.Why == "" || len(v.Results) != 0 {
		t.Errorf("a failed one: %+v", v)
	}
	if _, err := c.Verification(t.Context(), region, "exec-none"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown one: %v", err)
	}
	if _, err := c.Verify(t.Context(), "Evil.example/", k, "v4"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a region with a path: %v", err)
	}
}

func TestOutputsInTheirShapes(t *testing.T) {
	for _, out := range []any{
		map[string]any{"instanceCheckResults": []any{map[string]any{"instanceId": "i-1", "instanceDefaultCheck": "OK"}}},
		`{"instanceCheckResults":[{"instanceId":"i-1","instanceDefaultCheck":"OK"}]}`,
		map[string]any{"instanceCheckResults": []any{`{"instanceId":"i-1","instanceDefaultCheck":"OK"}`}},
		map[string]any{"instanceCheckResults": `[{"instanceId":"i-1","instanceDefaultCheck":"OK"}]`},
	} {
		if got := results(out); len(got) != 1 || got[0].InstanceID != "i-1" || got[0].Default != "OK" {
			t.Errorf("%v: %+v", out, got)
		}
	}
	for _, out := range []any{nil, "", "OK", []any{"DISK_DEVICE_OK"}, map[string]any{"instanceCheckResults": "DISK_DEVICE_OK"}, map[string]any{"instanceCheckResults": []any{1.0}}} {
		if got := results(out); len(got) != 0 {
			t.Errorf("%v: %+v", out, got)
		}
	}
}

func TestActivationCodesAreToldOnce(t *testing.T) {
	c := begin(t)
	id, code, err := c.NewToken(t.Context(), servermigration.TokenDraft{Name: "office", Description: "third floor", Count: 7, Days: 3})
	if err != nil || code.Reveal() == "" {
		t.Fatal(err)
	}
	all, err := c.Tokens(t.Context())
	if err != nil || len(all) != 1 || all[0].ID != id || all[0].Count != 7 || all[0].Registered != 0 || all[0].Days != 3 || all[0].Status != "activated" || all[0].Created.IsZero() {
		t.Errorf("%+v %v", all, err)
	}
	if err := c.DisableToken(t.Context(), id); err != nil {
		t.Error(err)
	}
	if all, err = c.Tokens(t.Context()); err != nil || all[0].Status != "unactivated" {
		t.Errorf("%+v %v", all, err)
	}
	if err := c.DeleteToken(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, _, err := c.NewToken(t.Context(), servermigration.TokenDraft{Count: 1001, Days: 3}); !fault.Is(err, fault.Invalid) {
		t.Errorf("too many: %v", err)
	}
}

// A list longer than a page comes whole, and one call looks at 50 jobs.
func TestListsLongerThanAPage(t *testing.T) {
	c := begin(t, func(c *smcemu.Config) {
		for n := range 120 {
			c.Jobs = append(c.Jobs, smcemu.Job{ID: "j-" + strconv.Itoa(n), Account: "1", Region: region, Source: "s-x", Name: "job" + strconv.Itoa(n), Status: "Finished"})
		}
	})
	all, err := c.Jobs(t.Context())
	if err != nil || len(all) != 120 {
		t.Fatalf("%d jobs, %v", len(all), err)
	}
	if n := c.ControlPort().Counts().Operations["DescribeReplicationJobs"].Seen; n != 3 {
		t.Errorf("%d calls for 120 jobs", n)
	}
	var ids []string
	for _, j := range all[:100] {
		ids = append(ids, j.ID)
	}
	if some, err := c.Jobs(t.Context(), ids...); err != nil || len(some) != 100 {
		t.Errorf("%d jobs, %v", len(some), err)
	}
	if n := c.ControlPort().Counts().Operations["DescribeReplicationJobs"].Seen; n != 5 {
		t.Errorf("%d calls for 100 more", n-3)
	}
}

// Refusals keep the meaning that the public lists give their codes.
func TestRefusalsKeepTheirMeaning(t *testing.T) {
	c := begin(t)
	for said, want := range map[string]struct {
		kind fault.Kind
		code fault.Code
	}{
		"ReplicationJob.InvalidStatus":           {fault.Conflict, "smc-status"},
		"ReplicationJob.InvalidBusinessStatus":   {fault.Conflict, "smc-phase"},
		"SourceServerState.Invalid":              {fault.Conflict, "smc-agent"},
		"ReplicationJobName.Duplicate":           {fault.Invalid, "smc-job-name"},
		"ImageName.UsedByReplicationJob":         {fault.Invalid, "smc-image-name"},
		"ReplicationJobDataDiskIndex.Invalid":    {fault.Invalid, "smc-disk"},
		"DataDisk.DuplicateIndex":                {fault.Invalid, "smc-disk"},
		"VSwitchIdVpcId.Mismatch":                {fault.Invalid, "smc-network"},
		"QuotaExceeded.ReplicationJob":           {fault.Conflict, "smc-quota"},
		"EntityNotExist.Role":                    {fault.Denied, "smc-role"},
		"RealNameAuthenticationError":            {fault.Denied, "smc-real-name"},
		"Forbidden.Unauthorized":                 {fault.Denied, "smc-rights"},
		"Forbidden.RAM":                          {fault.Denied, "smc-ecs-rights"},
		"Forbidden.SubUser":                      {fault.Denied, "smc-may-not-buy"},
		"IllegalTimestamp":                       {fault.Conflict, "smc-clock"},
		"InvalidAccountStatus.NotEnoughBalance":  {fault.Conflict, "smc-balance"},
		"SourceServer.WithRunningReplicationJob": {fault.Conflict, "smc-source-running"},
		"InvalidAccessKeyId.NotFound":            {fault.Denied, "key-id"},
		"SignatureDoesNotMatch":                  {fault.Denied, "secret"},
		"InvalidTimeStamp.Expired":               {fault.Denied, "clock"},
		"Something.New":                          {fault.Invalid, explain.Unknown},
		"Something.NotFound":                     {fault.NotFound, explain.Unknown},
		"Throttling.User":                        {fault.Unavailable, "throttled"},
		"ServiceUnavailable":                     {fault.Unavailable, "service-down"},
		"InternalError":                          {fault.Unavailable, "service-down"},
	} {
		if _, err := c.ControlPort().Add(control.Rule{Operation: "StopReplicationJob", Status: http.StatusBadRequest, Code: said, Message: "Said so."}); err != nil {
			t.Fatal(err)
		}
		err := c.Stop(t.Context(), "j-1")
		f := fault.From(err)
		if f.Kind != want.kind || f.Code != want.code || f.Message.IsZero() || !strings.Contains(f.Said.String(), said) && want.code != "throttled" {
			t.Errorf("%s: %v %s, %q", said, f.Kind, f.Code, err)
		}
		if want.kind != fault.Unavailable && strings.Contains(f.Fix.String(), "not known") {
			t.Errorf("%s is taken for uncertain: %s", said, f.Fix)
		}
	}
	none := center(t, c.URL, "LTAInone")
	if err := none.Start(t.Context(), "j-1"); fault.CodeOf(err) != "smc-rights" || !strings.Contains(fault.From(err).Fix.String(), "smc:StartReplicationJob") {
		t.Errorf("without rights: %v", err)
	}
	if _, err := none.Machines(t.Context(), region, "i-1"); fault.CodeOf(err) != "smc-ecs-rights" {
		t.Errorf("without rights at ECS: %v", err)
	}
	if _, err := none.Verification(t.Context(), region, "exec-1"); fault.CodeOf(err) != "smc-oos-rights" {
		t.Errorf("without rights at OOS: %v", err)
	}
}

// What nobody knows is never told as done or as refused, and what may be sent
// again is.
func TestAnswersThatAreLost(t *testing.T) {
	c := begin(t)
	bite := func(r control.Rule) {
		t.Helper()
		if _, err := c.ControlPort().Add(r); err != nil {
			t.Fatal(err)
		}
	}
	gateway := control.Rule{Status: 502, Body: "<html>Bad Gateway</html>", ContentType: "text/html", Acted: true}
	cut := control.Rule{CutAnswer: new(int64)}
	for name, r := range map[string]control.Rule{"gateway": gateway, "cut": cut} {
		r.Operation = "CreateReplicationJob"
		bite(r)
		d := draft()
		d.Name, d.ImageName = name, name
		id := c.create(d) // it was made the first time, and told the second
		if n := len(c.State().Jobs); n != 1 {
			t.Errorf("%s: %d jobs", name, n)
		}
		r.Operation = "StartReplicationJob"
		bite(r)
		seen := c.ControlPort().Counts().Operations["StartReplicationJob"].Seen
		err := c.Start(t.Context(), id)
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.From(err).Fix.String(), "not known") {
			t.Errorf("%s: %v", name, err)
		}
		if n := c.ControlPort().Counts().Operations["StartReplicationJob"].Seen - seen; n != 1 {
			t.Errorf("%s: sent %d times", name, n)
		}
		if j := c.job(id); j.Status != servermigration.Running {
			t.Errorf("%s: it stands at %s", name, j.Status)
		}
		c.DropJob(id)
	}
	// Looks are repeated, and one that fails is no empty list.
	g := gateway
	g.Times, g.Operation = 2, "DescribeReplicationJobs"
	bite(g)
	if _, err := c.Jobs(t.Context()); err != nil {
		t.Error(err)
	}
	c.ControlPort().Reset()
	bite(control.Rule{Operation: "DescribeReplicationJobs", Status: http.StatusForbidden, Code: "Forbidden.Unauthorized"})
	if jobs, err := c.Jobs(t.Context()); err == nil || jobs != nil {
		t.Errorf("a refused look: %v", jobs)
	}
}

func TestWordsThatNobodyKnowsAreKept(t *testing.T) {
	answer := `{"TotalCount":"1","ReplicationJobs":{"ReplicationJob":[{"JobId":"j-1","Status":"Hibernating","BusinessStatus":"Dreaming","Progress":"42.5","RunOnce":"false","Frequency":"6","MaxNumberOfImageToKeep":2.0,` +
		`"ReplicationParameters":"BandWidthLimit:0","NetMode":"2","ReplicationJobRuns":{"ReplicationJobRun":[{"ImageId":"m-2","StartTime":"2026-11-02T00:00:00Z","EndTime":""},{"ImageId":"m-1","StartTime":"2026-11-01T00:00:00Z","EndTime":"2026-11-01T01:00:00Z","Type":"manual"}]},"New":[1]}]}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, answer) }))
	t.Cleanup(server.Close)
	jobs, err := center(t, server.URL, "LTAI").Jobs(t.Context())
	if err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	j := jobs[0]
	if j.Status != "Hibernating" || j.Status.Known() || j.Phase != "" || j.Progress != 42.5 || j.Once || j.Every != 6 || j.Keep != 2 || j.Network != servermigration.Private {
		t.Errorf("read as %+v", j)
	}
	if len(j.Cycles) != 2 || j.Cycles[0].ImageID != "m-1" || !j.Cycles[0].Manual || !j.Cycles[1].End.IsZero() {
		t.Errorf("runs %+v", j.Cycles)
	}
	answer = `{"TotalCount":1,"ReplicationJobs":{"ReplicationJob":[{"JobId":7,"Status":null,"Progress":"soon","RunOnce":"","Frequency":"","ReplicationJobRuns":""}]}}` // an empty text where a list lies
	if jobs, err = center(t, server.URL, "LTAI").Jobs(t.Context()); err != nil || jobs[0].ID != "7" || jobs[0].Progress != 0 || !jobs[0].Once || len(jobs[0].Cycles) != 0 {
		t.Errorf("%+v %v", jobs, err)
	}
	answer = `{"ReplicationJobs":{"ReplicationJob":[{"JobId":"j-1","Progress":"soon"}]}}`
	if jobs, err = center(t, server.URL, "LTAI").Jobs(t.Context()); err != nil || jobs[0].Progress != 0 || !jobs[0].Once {
		t.Errorf("%+v %v", jobs, err)
	}
}

// A list that changes with every look is no list.
func TestAListThatNeverHoldsStillIsAnError(t *testing.T) {
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		var rows []string
		for i := range 50 {
			rows = append(rows, fmt.Sprintf(`{"JobId":"j-%d-%d"}`, n, i))
		}
		fmt.Fprintf(w, `{"TotalCount":%d,"ReplicationJobs":{"ReplicationJob":[%s]}}`, 100+n, strings.Join(rows, ","))
	}))
	t.Cleanup(server.Close)
	if jobs, err := center(t, server.URL, "LTAI").Jobs(t.Context()); !fault.Is(err, fault.Unavailable) || jobs != nil {
		t.Errorf("%d jobs, %v", len(jobs), err)
	}
}

func TestAddressesOfTheServices(t *testing.T) {
	c, err := New(Config{AccessKeyID: "LTAI1", Secret: "topsecret"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.in("eu-central-1"); err != nil {
		t.Error(err)
	}
	if s := fmt.Sprintf("%v %+v %#v", c.config, c.config, c.config); strings.Contains(s, "topsecret") {
		t.Error("a secret is printed")
	}
	if _, err := New(Config{SMC: "ftp://x", AccessKeyID: "LTAI1", Secret: "s"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("an odd address: %v", err)
	}
	if _, err := New(Config{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a key: %v", err)
	}
	var api *signedcall.APIError
	if errors.As(err, &api) {
		t.Error("an answer without a call")
	}
}
