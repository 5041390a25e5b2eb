package smc

import (
	"context"
	"slices"
	"strconv"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// Create implements servermigration.Center. Of partitions the service wants the
// device and its size together, so the source is looked at when some are chosen.
func (c *Center) Create(ctx context.Context, d servermigration.Draft, token string) (string, error) {
	q := request(d)
	if slices.ContainsFunc(d.Disks, func(k servermigration.DraftDisk) bool { return len(k.Parts) > 0 }) {
		sources, err := c.Servers(ctx, d.SourceID)
		if err != nil {
			return "", err
		}
		if len(sources) == 0 {
			return "", fault.Newf(fault.NotFound, "The service does not list the source server %s.", d.SourceID).WithFix("Look whether its agent is registered with this account.")
		}
		if err := choose(q, d, sources[0]); err != nil {
			return "", err
		}
	}
	q.text("ClientToken", token)
	res, err := send[struct{ JobId, RequestId string }](ctx, c.smc, "CreateReplicationJob", signedcall.Keyed, q)
	if err != nil {
		return "", err
	}
	if res.JobId == "" {
		return "", c.smc.Uncertain(signedcall.Changes, fault.Newf(fault.Unavailable, "The SMC API accepted the call without naming a job (request %s).", res.RequestId), look)
	}
	return res.JobId, nil
}

// request are the parameters of CreateReplicationJob without its token and its
// partitions. What is assumed when a parameter is missing is told in two ways
// for some, so those are always sent.
func request(d servermigration.Draft) *query {
	q := ask().text("RegionId", d.Region).text("SourceId", d.SourceID).text("Name", d.Name).text("Description", d.Description).text("TargetType", string(d.Target)).
		text("ImageName", d.ImageName).text("InstanceId", d.InstanceID).text("ContainerNamespace", d.Namespace).text("ContainerRepository", d.Repository).text("ContainerTag", d.Tag).
		text("InstanceRamRole", d.Role).text("InstanceType", d.Type).number("NetMode", int(d.Network)).text("VpcId", d.VPC).text("VSwitchId", d.VSwitch).
		yes("RunOnce", d.Once).moment("ScheduledStartTime", d.Start).moment("ValidTime", d.ValidTill)
	if !d.Once {
		q.number("Frequency", d.Every).number("MaxNumberOfImageToKeep", d.Keep)
	}
	if d.OwnLicense {
		q.text("LicenseType", "BYOL")
	}
	n := 0
	for _, k := range d.Disks {
		if k.Index == 0 {
			q.number("SystemDiskSize", k.GiB)
			continue
		}
		n++
		q.number("DataDisk."+strconv.Itoa(n)+".Index", k.Index).number("DataDisk."+strconv.Itoa(n)+".Size", k.GiB)
	}
	return q
}

// choose adds the partitions that go along.
func choose(q *query, d servermigration.Draft, from servermigration.Server) error {
	data := 0
	for _, k := range d.Disks {
		prefix := "SystemDiskPart."
		if k.Index > 0 {
			data++
			prefix = "DataDisk." + strconv.Itoa(data) + ".Part."
		}
		at := slices.IndexFunc(from.Disks, func(o servermigration.Disk) bool { return o.Index == k.Index })
		for n, device := range k.Parts {
			part := -1
			if at >= 0 {
				part = slices.IndexFunc(from.Disks[at].Parts, func(p servermigration.Part) bool { return p.Device == device })
			}
			if part < 0 {
				return fault.Newf(fault.Invalid, "The source server has no partition %s on disk %d.", device, k.Index).WithFix("Choose its partitions again.")
			}
			name := prefix + strconv.Itoa(n+1)
			q.text(name+".Device", device).text(name+".SizeBytes", strconv.FormatInt(from.Disks[at].Parts[part].Bytes, 10))
		}
	}
	return nil
}
