package smc

import (
	"context"
	"encoding/json"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/servermigration"
)

type (
	addresses struct{ IpAddress []string }
	instance  struct {
		InstanceId, Status, ImageId, CreationTime string
		VpcAttributes                             struct{ PrivateIpAddress addresses }
		InnerIpAddress, PublicIpAddress           addresses
		EipAddress                                struct{ IpAddress string }
	}
)

// Machines implements servermigration.Center (ECS API DescribeInstances). Its
// list of ids is JSON, and a page has 10 rows unless more are asked for.
func (c *Center) Machines(ctx context.Context, region string, ids ...string) ([]servermigration.Machine, error) {
	if len(ids) == 0 { // without ids the service lists all
		return nil, nil
	}
	at, err := c.in(region)
	if err != nil {
		return nil, err
	}
	return walk(ctx, "instances", ids, func(ctx context.Context, ids []string, page int) ([]servermigration.Machine, int, error) {
		named, err := json.Marshal(ids)
		if err != nil {
			return nil, 0, err
		}
		res, err := send[struct{ Instances struct{ Instance []instance } }](ctx, at.ecs, "DescribeInstances", signedcall.Reads,
			ask().text("RegionId", region).text("InstanceIds", string(named)).number("PageNumber", page).number("PageSize", pageSize))
		if err != nil {
			return nil, 0, err
		}
		var out []servermigration.Machine
		for _, r := range res.Instances.Instance {
			out = append(out, r.machine())
		}
		return out, len(out), nil
	}, func(m servermigration.Machine) string { return m.ID })
}

func (r instance) machine() servermigration.Machine {
	return servermigration.Machine{ID: r.InstanceId, Status: r.Status, ImageID: r.ImageId, Private: first(append(r.VpcAttributes.PrivateIpAddress.IpAddress, r.InnerIpAddress.IpAddress...)...),
		Public: first(append([]string{r.EipAddress.IpAddress}, r.PublicIpAddress.IpAddress...)...), Created: signedcall.Text(r.CreationTime).Time()}
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
