package smcemu

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	day  = 24 * time.Hour
	some = 6 * time.Minute // longer than preparing, shorter than any copy
)

// round lets a run at work end.
func (c *cloud) round(id string) {
	c.t.Helper()
	for range 400 {
		if c.job(id)["Status"] != "Running" {
			return
		}
		c.Forward(time.Minute)
	}
	c.t.Fatalf("the run of %s does not end: %v", id, c.job(id))
}

func TestAnIncrementalJobRunsAgainAndIsCompleted(t *testing.T) {
	c := start(t, nil)
	id := c.create()
	c.stands(id, "Ready", "")
	c.want("ReplicationJob.InvalidStatus", "StopReplicationJob", "JobId", id)
	c.want("ReplicationJob.InvalidStatus", "CutOverReplicationJob", "JobId", id)
	c.must("StartReplicationJob", "JobId", id)
	c.stands(id, "Running", "Preparing")
	c.want("ReplicationJob.InvalidBusinessStatus", "StopReplicationJob", "JobId", id)
	c.want("ReplicationJob.InvalidStatus", "DeleteReplicationJob", "JobId", id)
	c.Forward(some)
	c.stands(id, "Running", "Syncing")
	helper, _ := c.job(id)["TransitionInstanceId"].(string)
	if _, there := c.State().Instances[helper]; !there {
		t.Fatalf("no intermediate instance %q", helper)
	}
	first := c.job(id)["Progress"]
	c.Forward(20 * time.Minute)
	if again := c.job(id)["Progress"]; again == first {
		t.Errorf("the progress stays at %v", again)
	}
	c.must("StopReplicationJob", "JobId", id)
	c.stands(id, "Stopped", "Syncing")
	at := c.job(id)["Progress"]
	c.Forward(3 * time.Hour)
	if now := c.job(id); now["Progress"] != at || now["TransitionInstanceId"] != helper {
		t.Errorf("a stopped job moved to %v, or lost its instance", now["Progress"])
	}
	c.must("StartReplicationJob", "JobId", id)
	c.round(id)
	c.stands(id, "Waiting", "")
	if _, there := c.State().Instances[helper]; !there {
		t.Error("the intermediate instance is gone in Waiting")
	}
	c.want("ReplicationJob.InvalidStatus", "StartReplicationJob", "JobId", id)
	c.must("ModifyReplicationJobAttribute", "JobId", id, "Frequency", "1")
	ended := c.State().Jobs[id].Runs[0].End
	c.Forward(2 * time.Hour)
	c.stands(id, "Waiting", "") // the old interval still counts for this run
	c.Forward(ended.Add(6 * time.Hour).Sub(c.Now()))
	c.stands(id, "Running", "Preparing")
	c.round(id)
	if r := c.State().Jobs[id]; len(r.Runs) != 2 || !r.Next.Equal(r.Runs[1].End.Add(time.Hour)) || r.Runs[1].Type != "Schedule" || r.Runs[0].Type != "Manual" {
		t.Errorf("after two runs: %+v, next %v", r.Runs, r.Next)
	}
	st := c.State()
	if n := st.Images[st.Jobs[id].Runs[0].ImageID].Name; n != "moved_CYCLE_1" {
		t.Errorf("the first image is called %q", n)
	}
	c.must("CutOverReplicationJob", "JobId", id, "SyncData", "true")
	c.want("ReplicationJob.InvalidStatus", "CutOverReplicationJob", "JobId", id, "SyncData", "true")
	c.round(id)
	c.stands(id, "Finished", "")
	st = c.State()
	if len(st.Instances) != 0 || len(st.Jobs[id].Runs) != 3 || c.job(id)["TransitionInstanceId"] != "" {
		t.Errorf("after the end: instances %v, runs %v", st.Instances, st.Jobs[id].Runs)
	}
	if len(st.Images) != 2 {
		t.Errorf("%d images are kept", len(st.Images))
	}
	c.must("DeleteReplicationJob", "JobId", id)
	c.stands(id, "Deleting", "")
	c.want("ReplicationJob.InvalidStatus", "DeleteReplicationJob", "JobId", id)
	c.Forward(10 * time.Minute)
	if c.job(id) != nil || len(c.State().Images) != 2 {
		t.Error("the job is still there, or its images are not")
	}
	c.want("ReplicationJob.NotFound", "StartReplicationJob", "JobId", id)
}

// waiting is a job after its first run.
func (c *cloud) waiting(pairs ...string) string {
	c.t.Helper()
	id := c.create(pairs...)
	c.must("StartReplicationJob", "JobId", id)
	c.round(id)
	c.stands(id, "Waiting", "")
	return id
}

func TestCompletingWithoutASynchronisationMakesNoImage(t *testing.T) {
	c := start(t, nil)
	id := c.waiting()
	c.must("CutOverReplicationJob", "JobId", id)
	c.stands(id, "Running", "Cleaning")
	c.round(id)
	c.stands(id, "Finished", "")
	if n := len(c.runs(id)); n != 1 {
		t.Errorf("%d runs", n)
	}
	c.must("StartReplicationJob", "JobId", c.create("Name", "again", "ImageName", "again")) // the source is free
}

func TestOnlyTheOldestUnusedImageIsDropped(t *testing.T) {
	c := start(t, nil)
	c.Settings(SettingsPatch{StartWaiting: yes(true)})
	id := c.waiting()
	image := c.State().Jobs[id].ImageID
	made, code := c.ecs("RunInstances", "RegionId", "cn-hangzhou", "ImageId", image, "InstanceType", "ecs.g7.large", "VSwitchId", "vsw-1", "ClientToken", "t1")
	if code != "" {
		t.Fatal(code)
	}
	if again, _ := c.ecs("RunInstances", "RegionId", "cn-hangzhou", "ImageId", image, "InstanceType", "ecs.g7.large", "VSwitchId", "vsw-1", "ClientToken", "t1"); list(again, "InstanceIdSets", "InstanceIdSet")[0] != list(made, "InstanceIdSets", "InstanceIdSet")[0] {
		t.Error("the token made two instances")
	}
	var second string
	for range 3 {
		c.must("StartReplicationJob", "JobId", id)
		c.round(id)
		if second == "" {
			second = c.State().Jobs[id].ImageID
		}
	}
	st := c.State()
	if _, used := st.Images[image]; !used || len(st.Jobs[id].Images) != 2 {
		t.Errorf("images %v of %v are left", st.Jobs[id].Images, st.Jobs[id].Runs)
	}
	if _, there := st.Images[second]; there {
		t.Error("the oldest unused one is still there")
	}
	instance := list(made, "InstanceIdSets", "InstanceIdSet")[0].(string)
	if _, code := c.ecs("DeleteInstance", "InstanceId", instance); code != "IncorrectInstanceStatus" {
		t.Errorf("a running instance: %q", code)
	}
	if _, code := c.ecs("DeleteInstance", "InstanceId", instance, "Force", "true"); code != "" {
		t.Error(code)
	}
	if body, _ := c.ecs("DescribeInstances", "RegionId", "cn-hangzhou", "InstanceIds", `["`+instance+`"]`); len(list(body, "Instances", "Instance")) != 0 {
		t.Error("a released instance is listed")
	}
	if body, _ := c.ecs("DescribeImages", "RegionId", "cn-hangzhou", "ImageId", image+",m-none"); len(list(body, "Images", "Image")) != 1 {
		t.Error("the image is not listed")
	}
	if _, code := c.ecs("RunInstances", "RegionId", "cn-hangzhou", "ImageId", second, "InstanceType", "ecs.g7.large"); code != "InvalidImageId.NotFound" {
		t.Errorf("of a dropped image: %q", code)
	}
}

func list(body map[string]any, outer, inner string) []any {
	shell, _ := body[outer].(map[string]any)
	rows, _ := shell[inner].([]any)
	return rows
}

func TestErrorsInsideAJob(t *testing.T) {
	for name, k := range map[string]struct {
		prepare     func(*cloud, string)
		code, info  string
		repair      func(*cloud, string)
		after       string // a retry
		startedCode string
	}{
		"balance": {func(c *cloud, _ string) { c.Settings(SettingsPatch{NoBalance: yes(true)}) }, "InvalidAccountStatus.NotEnoughBalance", "", func(c *cloud, _ string) { c.Settings(SettingsPatch{NoBalance: yes(false)}) }, "Waiting", ""},
		"vpc": {func(c *cloud, _ string) { n := 10; c.Settings(SettingsPatch{OwnVPCs: &n}) }, "QuotaExceeded.Vpc", "Create transition vpc failed",
			func(c *cloud, _ string) { n := 9; c.Settings(SettingsPatch{OwnVPCs: &n}) }, "Waiting", ""},
		"rsync": {func(c *cloud, id string) {
			c.Job(id, JobPatch{Trouble: &Trouble{Phase: "Syncing", Code: "InternalError", Info: "Do Rsync Disk 0 Failed, return: 3072"}})
		}, "InternalError", "return: 3072", func(*cloud, string) {}, "Waiting", ""},
		"image name": {func(c *cloud, _ string) {
			c.AddImage(Image{Account: "1", Region: "cn-hangzhou", Name: "moved_CYCLE_1"})
		}, "InvalidImageName.Duplicated", "", func(*cloud, string) {}, "InError", ""},
		"agent": {func(c *cloud, id string) { c.Forward(some); c.Source(windows, SourcePatch{Offline: yes(true)}) }, "SourceServer.Offline", "offline",
			func(c *cloud, id string) {
				c.want("SourceServerState.Invalid", "StartReplicationJob", "JobId", id)
				c.Source(windows, SourcePatch{Offline: yes(false)})
			}, "Waiting", ""},
		"intermediate instance": {func(c *cloud, id string) { c.Forward(some); c.ReleaseInstance(c.State().Jobs[id].Transition) }, "InternalError", "Connect to Server Failed", func(*cloud, string) {}, "InError", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, nil)
			id := c.create()
			c.must("StartReplicationJob", "JobId", id)
			k.prepare(c, id)
			c.round(id)
			j := c.job(id)
			if j["Status"] != "InError" || j["ErrorCode"] != k.code || !strings.Contains(j["StatusInfo"].(string), k.info) {
				t.Fatalf("stands at %v: %v %v", j["Status"], j["ErrorCode"], j["StatusInfo"])
			}
			k.repair(c, id)
			c.must("StartReplicationJob", "JobId", id)
			c.round(id)
			if got := c.job(id)["Status"]; got != k.after {
				t.Errorf("after a retry: %v, want %s", got, k.after)
			}
		})
	}
}

func TestExpiryGoesByState(t *testing.T) {
	c := start(t, nil)
	soon := func(id string) { at := c.Now().Add(time.Hour); c.Job(id, JobPatch{Valid: &at}) }
	id := c.create()
	soon(id)
	c.must("StartReplicationJob", "JobId", id)
	c.Job(id, JobPatch{Hangs: yes(true)})
	c.Forward(2 * day)
	c.stands(id, "Running", "Preparing") // left alone
	c.Job(id, JobPatch{Hangs: yes(false)})
	c.round(id)
	c.stands(id, "Waiting", "") // not known; by default it stays
	c.Settings(SettingsPatch{ExpireWaiting: yes(true)})
	c.stands(id, "Expired", "")
	if n := len(c.State().Instances); n != 0 {
		t.Errorf("%d instances of an expired job", n)
	}
	c.want("ReplicationJob.InvalidStatus", "StartReplicationJob", "JobId", id)

	other := c.create("SourceId", linux, "Name", "other", "ImageName", "other", "DataDisk.1.Index", "", "DataDisk.1.Size", "")
	soon(other)
	c.Forward(2 * time.Hour)
	c.stands(other, "Expired", "")
	c.Forward(6 * day)
	c.stands(other, "Expired", "")
	c.Forward(2 * day)
	if c.job(other) != nil {
		t.Error("an expired job is listed after more than seven days")
	}
}

func TestCreationIsSingleAndJudged(t *testing.T) {
	c := start(t, nil)
	id := c.create("ClientToken", "once", "ValidTime", text(c.Now().Add(20*day)), "Tag.1.Key", "k", "Tag.1.Value", "v")
	if again := c.create("ClientToken", "once", "ValidTime", text(mustTime(t, c.job(id)["ValidTime"])), "Tag.1.Key", "k", "Tag.1.Value", "v"); again != id {
		t.Errorf("the token made %s and %s", id, again)
	}
	create := func(pairs ...string) (string, []string) {
		return "CreateReplicationJob", append(append([]string{}, incremental...), pairs...)
	}
	refuse := func(code string, pairs ...string) {
		t.Helper()
		action, all := create(pairs...)
		c.want(code, action, all...)
	}
	refuse("IdempotentParameterMismatch", "ClientToken", "once", "Frequency", "7")
	refuse("SourceServerState.Invalid", "Name", "second") // one unfinished job
	onLinux := []string{"SourceId", linux, "Name", "linux-1", "ImageName", "linux-1", "DataDisk.1.Index", ""}
	with := func(pairs ...string) []string { return append(slices.Clone(onLinux), pairs...) }
	refuse("SourceServer.NotFound", "SourceId", "s-bp1other")
	refuse("ReplicationJobName.Duplicate", with("Name", "move")...)
	refuse("ImageName.UsedByReplicationJob", with("ImageName", "moved")...)
	refuse("ReplicationJobDataDiskIndex.Invalid", with("DataDisk.1.Index", "1")...)
	refuse("InvalidParameter.Frequency", with("Frequency", "169")...)
	refuse("InvalidParameter.Frequency", with("Frequency", "0")...)
	refuse("InvalidParameter.MaxNumberOfImageToKeep", with("MaxNumberOfImageToKeep", "11")...)
	refuse("MissingParameter", with("Frequency", "")...)
	refuse("InvalidParameter.SystemDiskSize", with("SystemDiskSize", "19")...)
	refuse("InvalidParameter.SystemDiskSize", with("SystemDiskSize", "2049")...)
	refuse("InvalidParameter.Name", with("Name", "1abc")...)
	refuse("InvalidParameter.Name", with("Name", "http://x")...)
	refuse("InvalidParameter.ValidTime", with("ValidTime", text(c.Now().Add(6*day)))...)
	refuse("InvalidParameter.ValidTime", with("ValidTime", text(c.Now().Add(91*day)))...)
	refuse("InvalidParameter.ScheduledStartTime", with("ScheduledStartTime", text(c.Now().Add(31*day)))...)
	refuse("MissingParameter", with("NetMode", "2")...)
	refuse("InvalidVSwitchId.NotFound", with("NetMode", "2", "VSwitchId", "vsw-9")...)
	refuse("VSwitchIdVpcId.Mismatch", with("NetMode", "2", "VSwitchId", "vsw-1", "VpcId", "vpc-2")...)
	refuse("MissingParameter", with("TargetType", "TargetInstance")...)
	refuse("InvalidParameter.ReplicationParameters", with("ReplicationParameters", "BandWidthLimit:0")...)
	refuse("InvalidParameter.SystemDiskPart.1.SizeBytes", with("SystemDiskPart.1.Device", "0_0")...)
	used := int64(50 << 30)
	c.Source(linux, SourcePatch{UsedBytes: &used})
	refuse("InvalidParameter.SystemDiskSize", with("SystemDiskSize", "40")...)
	one := 1
	c.Settings(SettingsPatch{Jobs: &one})
	refuse("QuotaExceeded.ReplicationJob", onLinux...)
	many := 1000
	c.Settings(SettingsPatch{Jobs: &many, NoRole: yes(true)})
	refuse("EntityNotExist.Role", onLinux...)
	c.Settings(SettingsPatch{NoRole: yes(false), Unverified: yes(true)})
	refuse("RealNameAuthenticationError", onLinux...)
	c.Settings(SettingsPatch{Unverified: yes(false)})
	c.Source(linux, SourcePatch{Offline: yes(true)})
	refuse("SourceServerState.Invalid", onLinux...)

	c.must("DeleteReplicationJob", "JobId", id)
	c.Forward(time.Hour)
	refuse("InvalidParameter.TargetType", "TargetType", "ContainerImage")
	refuse("InvalidParameter.TargetType", "TargetType", "TargetInstance", "InstanceId", "i-1", "RegionId", "cn-hongkong")
	refuse("InvalidParameter.TargetType", "TargetType", "TargetInstance", "InstanceId", "i-1", "RegionId", "eu-central-1")
	refuse("DataDisk.DuplicateIndex", "DataDisk.2.Index", "1", "DataDisk.2.Size", "120")
	refuse("InvalidParameter.DataDisk", "DataDisk.1.Size", "39")
	c.AddImage(Image{Account: "1", Region: "cn-hangzhou", Name: "moved"})
	if j := c.job(c.create()); j["ImageName"] != "moved_"+j["JobId"].(string) {
		t.Errorf("the taken name became %v", j["ImageName"])
	}
}

func mustTime(t *testing.T, v any) time.Time {
	t.Helper()
	at, err := time.Parse(stamp, v.(string))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestChangesAreAllowedWhereAJobStands(t *testing.T) {
	c := start(t, nil)
	id := c.create()
	c.must("ModifyReplicationJobAttribute", "JobId", id, "SystemDiskSize", "90", "Name", "renamed", "MaxNumberOfImageToKeep", "3")
	c.want("InvalidParameter.SystemDiskSize", "ModifyReplicationJobAttribute", "JobId", id, "SystemDiskSize", "501")
	c.want("InvalidParameter.RunOnce", "ModifyReplicationJobAttribute", "JobId", id, "RunOnce", "true")
	c.must("StartReplicationJob", "JobId", id)
	c.must("ModifyReplicationJobAttribute", "JobId", id, "Name", "again", "ValidTime", text(c.Now().Add(50*day)))
	c.want("ReplicationJob.InvalidStatus", "ModifyReplicationJobAttribute", "JobId", id, "Frequency", "2")
	c.want("ReplicationJob.InvalidStatus", "ModifyReplicationJobAttribute", "JobId", id, "SystemDiskSize", "100")
	c.round(id)
	c.want("ReplicationJob.InvalidStatus", "ModifyReplicationJobAttribute", "JobId", id, "SystemDiskSize", "100")
	c.must("ModifyReplicationJobAttribute", "JobId", id, "Frequency", "168", "MaxNumberOfImageToKeep", "10")
	if j := c.State().Jobs[id]; j.SystemDisk != 90 || j.Name != "again" || j.Frequency != 168 || j.Keep != 10 || len(j.DataDisks) != 1 {
		t.Errorf("became %+v", j)
	}
}

func TestJobsAtWorkAreLimited(t *testing.T) {
	c := start(t, nil)
	one := 1
	c.Settings(SettingsPatch{Running: &one})
	first := c.create()
	second := c.create("SourceId", linux, "Name", "linux-1", "ImageName", "linux-1", "DataDisk.1.Index", "", "ScheduledStartTime", text(c.Now().Add(time.Minute)))
	c.must("StartReplicationJob", "JobId", first)
	c.want("QuotaExceeded.RunningReplicationJob", "StartReplicationJob", "JobId", second)
	c.Forward(some)
	c.stands(second, "Ready", "") // its time has come, and there is no room
	c.round(first)
	c.Forward(2 * time.Minute)
	if got := c.job(second)["Status"]; got != "Running" {
		t.Errorf("with room it is %v", got)
	}
}

func TestSourcesAreRenamedAndRemoved(t *testing.T) {
	c := start(t, nil)
	c.must("ModifySourceServerAttribute", "SourceId", linux, "Name", "web-1", "Description", "shop's web server")
	c.want("SourceServerName.Duplicate", "ModifySourceServerAttribute", "SourceId", linux, "Name", "sqldemo")
	id := c.create()
	c.want("ReplicationJob.Related", "DeleteSourceServer", "SourceId", windows)
	c.must("StartReplicationJob", "JobId", id)
	c.want("SourceServer.WithRunningReplicationJob", "DeleteSourceServer", "SourceId", windows, "Force", "true")
	row := list(c.must("DescribeSourceServers", "SourceId.1", windows), "SourceServers", "SourceServer")[0].(map[string]any)
	if row["State"] != "InUse" || row["JobId"] != id || len(list(row, "DataDisks", "DataDisk")) != 1 {
		t.Errorf("source %v", row)
	}
	c.round(id)
	c.must("DeleteSourceServer", "SourceId", windows, "Force", "true")
	c.want("SourceServerState.Invalid", "DeleteSourceServer", "SourceId", windows, "Force", "true")
	c.Forward(time.Hour)
	if st := c.State(); len(st.Jobs) != 0 || len(st.Instances) != 0 || len(st.Images) != 1 {
		t.Errorf("left: %v %v %v", st.Jobs, st.Instances, st.Images)
	}
	c.want("SourceServer.NotFound", "DeleteSourceServer", "SourceId", windows)
	c.Source(linux, SourcePatch{Offline: yes(true)})
	row = list(c.must("DescribeSourceServers", "Name", "web-1"), "SourceServers", "SourceServer")[0].(map[string]any)
	if row["State"] != "Unavailable" || row["ErrorCode"] != "SourceServer.Offline" {
		t.Errorf("offline: %v", row)
	}
}

func TestActivationCodes(t *testing.T) {
	c := start(t, nil)
	c.want("InvalidParameter.Count", "CreateAccessToken", "Count", "1001")
	c.want("InvalidParameter.TimeToLiveInDays", "CreateAccessToken", "TimeToLiveInDays", "91")
	made := c.must("CreateAccessToken", "Name", "office", "Count", "5", "TimeToLiveInDays", "10")
	id, _ := made["AccessTokenId"].(string)
	if code, _ := made["AccessTokenCode"].(string); len(code) < 10 {
		t.Errorf("code %q", code)
	}
	c.Register(Source{ID: "s-new", Account: "1", Name: "new", Token: id})
	row := list(c.must("ListAccessTokens"), "AccessTokens", "AccessToken")[0].(map[string]any)
	if row["Count"] != "5" || row["RegisteredCount"] != "1" || row["Status"] != "activated" || row["AccessTokenCode"] != nil {
		t.Errorf("listed %v", row)
	}
	c.must("DisableAccessToken", "AccessTokenId", id)
	if n := len(list(c.must("ListAccessTokens", "Status", "activated"), "AccessTokens", "AccessToken")); n != 0 {
		t.Errorf("%d activated", n)
	}
	c.Forward(11 * day)
	if n := len(list(c.must("ListAccessTokens", "Status", "expired"), "AccessTokens", "AccessToken")); n != 1 {
		t.Errorf("%d expired", n)
	}
	c.must("DeleteAccessToken", "AccessTokenId", id)
	c.want("AccessToken.NotFound", "DisableAccessToken", "AccessTokenId", id)
}

func TestVerificationGoesOnAfterACheckThatFails(t *testing.T) {
	c := start(t, nil)
	id := c.waiting()
	image := c.State().Jobs[id].ImageID
	parameters := func(more string) string {
		return `{"zoneId":"cn-hangzhou-i","hostName":"verify-1","instanceType":"ecs.g7.large","privateIp":"172.16.0.10","imageId":"` + image + `"` + more + `}`
	}
	run := func(more string) map[string]any {
		t.Helper()
		e := c.must("StartExecution", "RegionId", "cn-hangzhou", "TemplateName", Template, "Parameters", parameters(more), "ClientToken", "v"+itoa(len(c.State().Executions)))["Execution"].(map[string]any)
		if e["Status"] != "Running" {
			t.Errorf("begins as %v", e["Status"])
		}
		c.Forward(time.Hour)
		rows, _ := c.must("ListExecutions", "RegionId", "cn-hangzhou", "ExecutionId", e["ExecutionId"].(string))["Executions"].([]any)
		return rows[0].(map[string]any)
	}
	check := func(e map[string]any) string {
		out, _ := e["Outputs"].(map[string]any)
		rows, _ := out["instanceCheckResults"].([]any)
		if len(rows) == 0 {
			return ""
		}
		s, _ := rows[0].(map[string]any)["instanceDefaultCheck"].(string)
		return s
	}
	if e := run(`,"workingDir":"C:\\","commandType":"RunPowerShellScript"`); e["Status"] != "Success" || !strings.Contains(check(e), "PRIVATE_NET_OK") {
		t.Errorf("a good one: %v", e)
	}
	if e := run(``); e["Status"] != "Success" || check(e) != "" {
		t.Errorf("in a folder that Windows does not have: %v", e)
	}
	if n := len(c.State().Instances); n != 1 {
		t.Errorf("%d instances are left", n)
	}
	run(`,"isDeleteInstance":false`)
	if n := len(c.State().Instances); n != 2 {
		t.Errorf("%d instances are left when they were to stay", n)
	}
	c.Settings(SettingsPatch{VerifyFails: yes(true)})
	if e := run(``); e["Status"] != "Failed" {
		t.Errorf("ends as %v", e["Status"])
	}
	c.Settings(SettingsPatch{VerifyFails: yes(false), VerifyHangs: yes(true)})
	if e := run(``); e["Status"] != "Running" {
		t.Errorf("ends as %v", e["Status"])
	}
	for _, bad := range []string{`,"hostName":"-x"`, `,"privateIp":"8.8.8.8"`, `,"systemDiskSize":"40"`, `,"commandType":"Bash"`, `,"unheard":1`, `,"imageId":"m-none"`} {
		c.want("InvalidParameter", "StartExecution", "RegionId", "cn-hangzhou", "TemplateName", Template, "Parameters", parameters(bad))
	}
	c.want("EntityNotExists.Template", "StartExecution", "RegionId", "cn-hangzhou", "TemplateName", "Other")
}

func TestTheStateOutlivesTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "smc.json")
	c := start(t, func(c *Config) { c.File = file })
	id := c.create()
	c.must("StartReplicationJob", "JobId", id)
	c.Forward(some)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, func(c *Config) { c.File = file })
	again.stands(id, "Running", "Syncing")
	again.round(id)
	again.stands(id, "Waiting", "")
}
