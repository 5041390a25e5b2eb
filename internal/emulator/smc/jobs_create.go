package smcemu

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/acs"
)

// mainland are the regions in the Chinese mainland. A list is not published in
// one place; cn-hongkong is none of them.
func mainland(region string) bool {
	return strings.HasPrefix(region, "cn-") && region != "cn-hongkong" && !strings.HasPrefix(region, "cn-hongkong-")
}

func (q *request) createReplicationJob() (answer, *refusal) {
	set := q.st.Settings
	if set.NoRole {
		return nil, acs.Refuse(http.StatusForbidden, "EntityNotExist.Role", "The account is unauthorized. Please assign the role AliyunServiceRoleForSMC to your account.")
	}
	if set.Unverified {
		return nil, acs.Refuse(http.StatusForbidden, "RealNameAuthenticationError", "You must perform real-name verification for your account.")
	}
	region, refused := q.need("RegionId")
	if refused != nil {
		return nil, refused
	}
	id, refused := q.need("SourceId")
	if refused != nil {
		return nil, refused
	}
	src, refused := q.source(id)
	if refused != nil {
		return nil, refused
	}
	token := q.get("ClientToken")
	if token != "" && !tokenForm.MatchString(token) {
		return nil, badValue("ClientToken", "it must have 1 to 64 ASCII characters")
	}
	asked, _ := json.Marshal(q.params) // sorted by name
	for _, j := range q.st.jobs(q.caller.Account) {
		if token == "" || j.Token != token {
			continue
		}
		if j.Asked != string(asked) {
			return nil, acs.Refuse(http.StatusBadRequest, "IdempotentParameterMismatch", "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical.")
		}
		return answer{"JobId": j.ID}, nil
	}
	if state := q.st.stateOf(src); state != "Available" {
		return nil, sourceState(state, "Available")
	}
	if q.st.unfinished(src.ID) != nil {
		return nil, sourceState("InUse", "Available")
	}
	if len(q.st.jobs(q.caller.Account)) >= or(set.Jobs, 1000) {
		return nil, acs.Refuse(http.StatusBadRequest, "QuotaExceeded.ReplicationJob", "The maximum number of replication jobs is exceeded. Please submit a ticket to raise the quota.")
	}
	j := &Job{Account: q.caller.Account, Source: src.ID, Token: token, Asked: string(asked), Region: region, Target: "Image", RunOnce: true,
		Created: q.now, Status: "Ready", Valid: q.now.Add(30 * 24 * time.Hour)}
	if j.RunOnce, refused = q.yes("RunOnce", true); refused != nil {
		return nil, refused
	}
	if refused := q.number("JobType", 0, 3, &j.JobType); refused != nil {
		return nil, refused
	}
	if j.License = q.get("LicenseType"); j.License != "" && j.License != "BYOL" {
		return nil, badValue("LicenseType", "it must be empty or BYOL")
	}
	if j.Tags, refused = q.tags(); refused != nil {
		return nil, refused
	}
	if refused := q.fill(j, src, 2048, true); refused != nil {
		return nil, refused
	}
	if j.Name == "" {
		j.Name = "Job_" + src.ID
	}
	j.ID = q.st.id("j")
	if j.Target == "Image" && q.st.imageNamed(j.Account, region, j.ImageName) != nil {
		j.ImageName += "_" + j.ID
	}
	j.Number = q.st.Next
	q.st.Jobs[j.ID], src.Job, q.wrote = j, j.ID, true
	return answer{"JobId": j.ID}, nil
}

// fill reads what creation and modification have in common. systemMost is the
// largest system disk: the two pages differ.
func (q *request) fill(j *Job, src *Source, systemMost int, create bool) *refusal {
	for _, name := range []string{"Name", "Description", "ImageName"} {
		if name == "Description" {
			if v := q.get(name); len(v) > 256 || strings.HasPrefix(v, "http://") || strings.HasPrefix(v, "https://") {
				return badValue(name, "it must have at most 256 characters and not begin with http:// or https://")
			}
			continue
		}
		if refused := q.name(name); refused != nil {
			return refused
		}
	}
	for _, o := range q.st.jobs(j.Account) {
		if o == j {
			continue
		}
		if v := q.get("Name"); v != "" && o.Name == v {
			return acs.Refuse(http.StatusBadRequest, "ReplicationJobName.Duplicate", "The specified replication job name already exists.")
		}
		if v := q.get("ImageName"); v != "" && o.ImageName == v && o.Region == j.Region && o.Status != "Finished" {
			return acs.Refuse(http.StatusBadRequest, "ImageName.UsedByReplicationJob", "The specified imageName: %q was used by another replication job in the current region.", v)
		}
	}
	if v := q.get("TargetType"); v != "" {
		at := slices.IndexFunc(targets, func(t string) bool { return strings.EqualFold(t, v) })
		if at < 0 {
			return badValue("TargetType", "it must be Image, ContainerImage or TargetInstance")
		}
		j.Target = targets[at]
	}
	for name, into := range map[string]*string{"Name": &j.Name, "Description": &j.Description, "ImageName": &j.ImageName, "InstanceId": &j.Instance, "VpcId": &j.VPC, "VSwitchId": &j.VSwitch,
		"InstanceType": &j.InstanceType, "InstanceRamRole": &j.Role, "LaunchTemplateId": &j.Template, "LaunchTemplateVersion": &j.TemplateVersion, "ContainerNamespace": &j.Namespace,
		"ContainerRepository": &j.Repository, "ContainerTag": &j.ContainerTag, "ReplicationParameters": &j.Replication, "ResourceGroupId": &j.Group} {
		if q.params.Has(name) {
			*into = q.get(name)
		}
	}
	for _, n := range []struct {
		name      string
		low, high int
		into      *int
	}{{"SystemDiskSize", 20, systemMost, &j.SystemDisk}, {"NetMode", 0, 2, &j.NetMode}, {"Frequency", 1, 168, &j.Frequency}, {"MaxNumberOfImageToKeep", 1, 10, &j.Keep}} {
		if refused := q.number(n.name, n.low, n.high, n.into); refused != nil {
			return refused
		}
	}
	if len(j.Replication) > 2048 || j.Replication != "" && !json.Valid([]byte(j.Replication)) {
		return badValue("ReplicationParameters", "it must be JSON of at most 2048 characters")
	}
	if refused := q.times(j); refused != nil {
		return refused
	}
	if refused := q.disks(j, src); refused != nil {
		return refused
	}
	return whole(j, src, q.server.config.Switches[j.VSwitch], create)
}

var targets = []string{"Image", "ContainerImage", "TargetInstance"}

// times reads ScheduledStartTime (within 30 days) and ValidTime (7 to 90 days
// after creation).
func (q *request) times(j *Job) *refusal {
	at, refused := q.moment("ScheduledStartTime")
	if refused != nil {
		return refused
	}
	if !at.IsZero() {
		if at.Before(q.now) || at.After(q.now.Add(30*24*time.Hour)) {
			return badValue("ScheduledStartTime", "it must lie within the next 30 days")
		}
		j.Scheduled = at
	}
	if at, refused = q.moment("ValidTime"); refused != nil {
		return refused
	}
	if !at.IsZero() {
		const slack = time.Minute // of the way here
		if d := at.Sub(j.Created); d < 7*24*time.Hour-slack || d > 90*24*time.Hour+slack {
			return badValue("ValidTime", "it must lie 7 to 90 days after the creation of the job")
		}
		j.Valid = at
	}
	return nil
}

// disks reads the system disk's partitions, the data disks and the newer form.
func (q *request) disks(j *Job, src *Source) *refusal {
	at := func(prefix string, n int, field string) string { return prefix + "." + strconv.Itoa(n) + "." + field }
	if q.params.Has("SystemDiskPart.1.Device") || q.params.Has("SystemDiskPart.1.SizeBytes") {
		j.SystemParts = nil
	}
	for n := 1; q.params.Has(at("SystemDiskPart", n, "Device")) || q.params.Has(at("SystemDiskPart", n, "SizeBytes")); n++ {
		p, refused := q.part(at("SystemDiskPart", n, ""))
		if refused != nil {
			return refused
		}
		j.SystemParts = append(j.SystemParts, p)
	}
	if q.params.Has("DataDisk.1.Index") {
		j.DataDisks = nil
	}
	for n := 1; q.params.Has(at("DataDisk", n, "Index")); n++ {
		var d Disk
		if n > 16 {
			return badValue("DataDisk", "at most 16 are allowed")
		}
		if refused := q.number(at("DataDisk", n, "Index"), 1, 16, &d.Index); refused != nil {
			return refused
		}
		if refused := q.number(at("DataDisk", n, "Size"), 20, 32768, &d.SizeGiB); refused != nil {
			return refused
		}
		prefix := at("DataDisk", n, "Part")
		for m := 1; q.params.Has(at(prefix, m, "Device")) || q.params.Has(at(prefix, m, "SizeBytes")); m++ {
			p, refused := q.part(at(prefix, m, ""))
			if refused != nil {
				return refused
			}
			d.Parts = append(d.Parts, p)
		}
		if slices.ContainsFunc(j.DataDisks, func(o Disk) bool { return o.Index == d.Index }) {
			return acs.Refuse(http.StatusBadRequest, "DataDisk.DuplicateIndex", "The source server data disk cannot contain the same index.")
		}
		if !slices.ContainsFunc(src.Disks, func(o Disk) bool { return o.Index == d.Index }) {
			return acs.Refuse(http.StatusBadRequest, "ReplicationJobDataDiskIndex.Invalid", "The specified replication job contains data disk index not found in source server.")
		}
		j.DataDisks = append(j.DataDisks, d)
	}
	for name, v := range q.params {
		if strings.HasPrefix(name, "Disks.") {
			if strings.HasSuffix(name, ".LVM") && v[0] == "true" && src.Windows {
				return badValue(name, "LVM is not supported for Windows")
			}
			if j.NewDisks == nil {
				j.NewDisks = map[string]string{}
			}
			j.NewDisks[name] = v[0]
		}
	}
	return nil
}

func (q *request) part(prefix string) (p Part, _ *refusal) {
	p.Device = q.get(prefix + "Device")
	n, err := strconv.ParseInt(q.get(prefix+"SizeBytes"), 10, 64)
	if p.Device == "" || err != nil || n <= 0 {
		return p, badValue(prefix+"SizeBytes", "Device and SizeBytes must be given both or neither")
	}
	p.SizeBytes = n
	var refused *refusal
	p.Block, refused = q.yes(prefix+"Block", true)
	return p, refused
}

// whole judges a job as it would stand; vpc is that of its vSwitch.
func whole(j *Job, src *Source, vpc string, create bool) *refusal {
	missing := func(name string) *refusal {
		return acs.Refuse(http.StatusBadRequest, "MissingParameter", "The input parameter %q that is mandatory for processing this request is not supplied.", name)
	}
	switch {
	case j.Target == "Image" && j.ImageName == "":
		return missing("ImageName")
	case j.Target == "Image" && j.SystemDisk == 0:
		return missing("SystemDiskSize")
	case j.Target == "TargetInstance" && j.Instance == "":
		return missing("InstanceId")
	case j.Target == "ContainerImage" && (src.Windows || strings.HasPrefix(strings.ToLower(src.Arch), "a")): // arm64, aarch64
		return badValue("TargetType", "a container image cannot be made of a Windows or ARM server")
	case j.Target == "ContainerImage" && (j.Namespace == "" || j.Repository == ""):
		return missing("ContainerNamespace")
	case j.Target == "TargetInstance" && src.Windows && !mainland(j.Region):
		return badValue("TargetType", "Windows servers cannot be migrated to an instance outside the Chinese mainland")
	case j.NetMode == 2 && j.VSwitch == "":
		return missing("VSwitchId")
	case j.VSwitch != "" && vpc == "":
		return acs.Refuse(http.StatusNotFound, "InvalidVSwitchId.NotFound", "The specified VSwitchId does not exist.")
	case j.VSwitch != "" && j.VPC != "" && j.VPC != vpc:
		return acs.Refuse(http.StatusBadRequest, "VSwitchIdVpcId.Mismatch", "The specified VSwitchId and VpcId does not match.")
	case create && !j.RunOnce && j.Frequency == 0:
		return missing("Frequency")
	case create && !j.RunOnce && j.Keep == 0:
		return missing("MaxNumberOfImageToKeep")
	}
	if j.Target != "Image" {
		return nil
	}
	for _, d := range src.Disks {
		var used int64
		for _, p := range d.Parts {
			used += p.UsedBytes
		}
		size, name := j.SystemDisk, "SystemDiskSize"
		if d.Index > 0 {
			at := slices.IndexFunc(j.DataDisks, func(o Disk) bool { return o.Index == d.Index })
			if at < 0 {
				continue // left out
			}
			size, name = j.DataDisks[at].SizeGiB, "DataDisk"
		}
		if int64(size)<<30 <= used {
			return badValue(name, "it must be larger than the space in use on the source server")
		}
	}
	return nil
}
