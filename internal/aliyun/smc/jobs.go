package smc

import (
	"context"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/servermigration"
)

type (
	jobRun struct {
		StartTime, EndTime, ImageId, Type string
	}
	replicationJob struct {
		JobId, SourceId, Name, Description, RegionId, TargetType, ImageName, ImageId, InstanceId string
		Status, BusinessStatus, StatusInfo, ErrorCode                                            string
		Progress                                                                                 string // percent
		RunOnce                                                                                  *bool
		Frequency, MaxNumberOfImageToKeep                                                        int64
		CreationTime, ScheduledStartTime, StartTime, EndTime, ValidTime                          string
		NetMode                                                                                  int64
		VpcId, VSwitchId, TransitionInstanceId                                                   string
		ReplicationJobRuns                                                                       struct{ ReplicationJobRun []jobRun }
	}
	replicationJobs struct {
		ReplicationJobs struct{ ReplicationJob []replicationJob }
		TotalCount      int64
	}
)

// Jobs implements servermigration.Center.
func (c *Center) Jobs(ctx context.Context, ids ...string) ([]servermigration.Job, error) {
	return walk(ctx, "jobs", ids, func(ctx context.Context, ids []string, page int) ([]servermigration.Job, int, error) {
		res, err := send[replicationJobs](ctx, c.smc, "DescribeReplicationJobs", signedcall.Reads, ask().list("JobId", ids).number("PageNumber", page).number("PageSize", pageSize))
		if err != nil {
			return nil, 0, err
		}
		var out []servermigration.Job
		for _, row := range res.ReplicationJobs.ReplicationJob {
			out = append(out, row.job())
		}
		return out, int(res.TotalCount), nil
	}, func(j servermigration.Job) string { return j.ID })
}

// job turns a row into our words. A progress that cannot be read is none: a
// display detail must not fail a look.
func (r replicationJob) job() servermigration.Job {
	at := func(s string) signedcall.Text { return signedcall.Text(s) }
	j := servermigration.Job{ID: r.JobId, SourceID: r.SourceId, Name: r.Name, Description: r.Description, Region: r.RegionId, Target: servermigration.Target(r.TargetType), Status: servermigration.Status(r.Status),
		Progress: percent(r.Progress), ErrorCode: r.ErrorCode, ErrorText: inner(r.StatusInfo), Once: r.RunOnce == nil || *r.RunOnce, ImageName: r.ImageName, ImageID: r.ImageId, InstanceID: r.InstanceId,
		TransitionID: r.TransitionInstanceId, Network: servermigration.Network(r.NetMode), VPC: r.VpcId, VSwitch: r.VSwitchId,
		Created: at(r.CreationTime).Time(), Scheduled: at(r.ScheduledStartTime).Time(), Started: at(r.StartTime).Time(), Ended: at(r.EndTime).Time(), ValidTill: at(r.ValidTime).Time()}
	if j.Status == servermigration.Running {
		j.Phase = servermigration.Phase(r.BusinessStatus)
	}
	if !j.Once {
		j.Every, j.Keep = int(r.Frequency), int(r.MaxNumberOfImageToKeep)
	}
	for _, run := range r.ReplicationJobRuns.ReplicationJobRun {
		j.Cycles = append(j.Cycles, servermigration.Cycle{ImageID: run.ImageId, Start: at(run.StartTime).Time(), End: at(run.EndTime).Time(), Manual: equal(run.Type, "Manual")})
	}
	oldestFirst(j.Cycles)
	return j
}

// Start implements servermigration.Center.
func (c *Center) Start(ctx context.Context, id string) error { return c.order(ctx, "Start", id) }

// Stop implements servermigration.Center.
func (c *Center) Stop(ctx context.Context, id string) error { return c.order(ctx, "Stop", id) }

// Delete implements servermigration.Center.
func (c *Center) Delete(ctx context.Context, id string) error { return c.order(ctx, "Delete", id) }

func (c *Center) order(ctx context.Context, verb, id string) error {
	_, err := send[done](ctx, c.smc, verb+"ReplicationJob", signedcall.Changes, ask().text("JobId", id))
	return err
}

// Complete implements servermigration.Center.
func (c *Center) Complete(ctx context.Context, id string, last bool) error {
	_, err := send[done](ctx, c.smc, "CutOverReplicationJob", signedcall.Changes, ask().text("JobId", id).yes("SyncData", last))
	return err
}

// Change implements servermigration.Center. The same change made twice is one.
func (c *Center) Change(ctx context.Context, id string, to servermigration.Change) error {
	q := ask().text("JobId", id).number("Frequency", to.Every).number("MaxNumberOfImageToKeep", to.Keep)
	_, err := send[done](ctx, c.smc, "ModifyReplicationJobAttribute", signedcall.Keyed, q)
	return err
}
