package smc

import (
	"context"
	"encoding/json"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// Machine implements servermigration.Center (ECS API DescribeInstances).
func (c *Center) Machine(ctx context.Context, region, id string) (servermigration.Machine, error) {
	var none servermigration.Machine
	at, err := c.in(region)
	if err != nil {
		return none, err
	}
	ids, err := json.Marshal([]string{id})
	if err != nil {
		return none, err
	}
	type addresses struct{ IpAddress []string }
	type row struct {
		InstanceId, Status, ImageId, CreationTime string
		VpcAttributes                             struct{ PrivateIpAddress addresses }
		InnerIpAddress, PublicIpAddress           addresses
		EipAddress                                struct{ IpAddress string }
	}
	res, err := send[struct{ Instances struct{ Instance []row } }](ctx, at.ecs, "DescribeInstances", signedcall.Reads, ask().text("RegionId", region).text("InstanceIds", string(ids)))
	if err != nil {
		return none, err
	}
	for _, r := range res.Instances.Instance {
		if r.InstanceId == id {
			return servermigration.Machine{ID: id, Status: r.Status, ImageID: r.ImageId, Private: first(append(r.VpcAttributes.PrivateIpAddress.IpAddress, r.InnerIpAddress.IpAddress...)...),
				Public: first(append([]string{r.EipAddress.IpAddress}, r.PublicIpAddress.IpAddress...)...), Created: signedcall.Text(r.CreationTime).Time()}, nil
		}
	}
	return none, fault.Newf(fault.NotFound, "The instance %s does not exist in %s.", id, region).WithFix("Look in the ECS console whether somebody released it.")
}

// NewMachine implements servermigration.Center (ECS API RunInstances).
func (c *Center) NewMachine(ctx context.Context, region string, d servermigration.MachineDraft, token string) (string, error) {
	at, err := c.in(region)
	if err != nil {
		return "", err
	}
	q := ask().text("RegionId", region).text("ImageId", d.ImageID).text("InstanceType", d.Type).text("VSwitchId", d.VSwitch).text("SecurityGroupId", d.Security).text("InstanceName", d.Name).
		text("InstanceChargeType", "PostPaid").number("Amount", 1).text("ClientToken", token)
	res, err := send[struct {
		InstanceIdSets struct{ InstanceIdSet []string }
		RequestId      string
	}](ctx, at.ecs, "RunInstances", signedcall.Keyed, q)
	if err != nil {
		return "", err
	}
	if len(res.InstanceIdSets.InstanceIdSet) == 0 {
		return "", at.ecs.Uncertain(signedcall.Changes, fault.Newf(fault.Unavailable, "The ECS API accepted the call without naming an instance (request %s).", res.RequestId), look)
	}
	return res.InstanceIdSets.InstanceIdSet[0], nil
}

// RemoveMachine implements servermigration.Center (ECS API DeleteInstance).
func (c *Center) RemoveMachine(ctx context.Context, region, id string) error {
	at, err := c.in(region)
	if err != nil {
		return err
	}
	_, err = send[done](ctx, at.ecs, "DeleteInstance", signedcall.Changes, ask().text("InstanceId", id).yes("Force", true))
	return err
}
