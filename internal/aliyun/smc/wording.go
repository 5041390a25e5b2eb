package smc

import (
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/servermigration"
)

// Wording is the call that an order makes, with its parameters as they are sent,
// a line each. from is the source server of a job to be made; nil where it is
// not known. The token with which something is made once is left out.
func Wording(o servermigration.Order, from *servermigration.Server) string {
	action, q := "", ask()
	switch o.What {
	case servermigration.Create:
		action, q = "CreateReplicationJob", request(*o.Ask.Draft)
		if from != nil {
			if err := choose(q, *o.Ask.Draft, *from); err != nil {
				return err.Error()
			}
		}
	case servermigration.Start, servermigration.Resume, servermigration.Retry, servermigration.Sync:
		action = "StartReplicationJob"
	case servermigration.Pause:
		action = "StopReplicationJob"
	case servermigration.Delete:
		action = "DeleteReplicationJob"
	case servermigration.Complete:
		action = "CutOverReplicationJob"
		q.yes("SyncData", o.Ask.Last)
	case servermigration.Adjust:
		action = "ModifyReplicationJobAttribute"
		if c := o.Ask.Change; c != nil {
			q.number("Frequency", c.Every).number("MaxNumberOfImageToKeep", c.Keep)
		}
	case servermigration.Verify:
		action = "StartExecution (OOS)"
		q.text("RegionId", o.Ask.Region).text("TemplateName", template)
		if c := o.Ask.Check; c != nil {
			q.text("imageId", c.ImageID).text("zoneId", c.Zone).text("hostName", c.Host).text("instanceType", c.Type).text("privateIp", c.Private).yes("isDeleteInstance", !c.Keep)
		}
	case servermigration.Try:
		action = "RunInstances (ECS)"
		q.text("RegionId", o.Ask.Region)
		if m := o.Ask.Machine; m != nil {
			q.text("ImageId", m.ImageID).text("InstanceType", m.Type).text("VSwitchId", m.VSwitch).text("SecurityGroupId", m.Security).text("InstanceName", m.Name)
		}
	case servermigration.Release:
		action = "DeleteInstance (ECS)"
		q.text("InstanceId", o.Ask.Name).yes("Force", true)
	default:
		return ""
	}
	if o.JobID != "" && strings.HasSuffix(action, "ReplicationJob") || o.What == servermigration.Adjust {
		q.text("JobId", o.JobID)
	}
	lines := []string{action}
	for name, value := range q.all {
		lines = append(lines, "  "+name+"="+*value)
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n")
}
