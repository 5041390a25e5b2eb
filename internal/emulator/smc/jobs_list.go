package smcemu

import "strconv"

func (q *request) describeReplicationJobs() (answer, *refusal) {
	number, size, refused := q.page()
	if refused != nil {
		return nil, refused
	}
	var ids, sources, instances []string
	for name, into := range map[string]*[]string{"JobId": &ids, "SourceId": &sources, "InstanceId": &instances} {
		if *into, refused = q.list(name, 50); refused != nil {
			return nil, refused
		}
	}
	tags, refused := q.tags()
	if refused != nil {
		return nil, refused
	}
	var found []*Job
	for _, j := range q.st.jobs(q.caller.Account) {
		if fits(j.ID, ids...) && fits(j.Source, sources...) && fits(j.Instance, instances...) && fits(j.Name, q.get("Name")) && fits(j.Region, q.get("RegionId")) &&
			fits(j.Status, q.get("Status")) && fits(j.Phase, q.get("BusinessStatus")) && fits(strconv.Itoa(j.JobType), q.get("JobType")) && fits(j.Group, q.get("ResourceGroupId")) && holds(j.Tags, tags) {
			found = append(found, j)
		}
	}
	var rows []answer
	for _, j := range cut(found, number, size) {
		rows = append(rows, q.row(j))
	}
	return answer{"ReplicationJobs": nest("ReplicationJob", rows), "TotalCount": len(found), "PageNumber": number, "PageSize": size}, nil
}

// row is a job as the API tells it. BusinessStatus is told of one at work, and
// of one that was stopped or failed there.
func (q *request) row(j *Job) answer {
	var runs []answer
	for _, r := range j.Runs {
		runs = append(runs, answer{"StartTime": text(r.Start), "EndTime": text(r.End), "ImageId": r.ImageID, "Type": r.Type})
	}
	return answer{
		"JobId": j.ID, "SourceId": j.Source, "Name": j.Name, "Description": j.Description, "RegionId": j.Region, "TargetType": j.Target,
		"ImageName": j.ImageName, "ImageId": j.ImageID, "InstanceId": j.Instance, "Status": j.Status, "BusinessStatus": j.Phase,
		"StatusInfo": j.StatusInfo, "ErrorCode": j.ErrorCode, "Progress": q.server.progress(j, q.now),
		"RunOnce": j.RunOnce, "Frequency": j.Frequency, "MaxNumberOfImageToKeep": j.Keep,
		"CreationTime": text(j.Created), "ScheduledStartTime": text(j.Scheduled), "StartTime": text(j.Started), "EndTime": text(j.Ended), "ValidTime": text(j.Valid),
		"JobType": j.JobType, "NetMode": j.NetMode, "VpcId": j.VPC, "VSwitchId": j.VSwitch, "TransitionInstanceId": j.Transition,
		"InstanceType": j.InstanceType, "InstanceRamRole": j.Role, "LaunchTemplateId": j.Template, "LaunchTemplateVersion": j.TemplateVersion,
		"LicenseType": j.License, "ReplicationParameters": j.Replication, "ContainerNamespace": j.Namespace, "ContainerRepository": j.Repository, "ContainerTag": j.ContainerTag,
		"SystemDiskSize": j.SystemDisk, "SystemDiskParts": nest("SystemDiskPart", partRows(j.SystemParts)), "DataDisks": diskRows(j.DataDisks),
		"Tags": tagRows(j.Tags), "ResourceGroupId": j.Group, "ReplicationJobRuns": nest("ReplicationJobRun", runs),
	}
}

func partRows(parts []Part) (rows []answer) {
	for _, p := range parts {
		rows = append(rows, answer{"Device": p.Device, "Path": p.Path, "SizeBytes": p.SizeBytes, "Need": p.Need, "CanBlock": p.CanBlock, "Block": p.Block})
	}
	return rows
}

func diskRows(disks []Disk) answer {
	var rows []answer
	for _, d := range disks {
		rows = append(rows, answer{"Index": d.Index, "Path": d.Path, "Size": d.SizeGiB, "Parts": nest("Part", partRows(d.Parts))})
	}
	return nest("DataDisk", rows)
}
