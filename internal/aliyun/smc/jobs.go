package smc

import (
	"context"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/servermigration"
)

type (
	jobRun struct {
		StartTime, EndTime, ImageId, Type signedcall.Text
	}
	replicationJob struct {
		JobId, SourceId, Name, Description, RegionId, TargetType, ImageName, ImageId, InstanceId signedcall.Text
		Status, BusinessStatus, StatusInfo, ErrorCode                                            signedcall.Text
		Progress                                                                                 signedcall.Text // percent
		RunOnce                                                                                  signedcall.Text
		Frequency, MaxNumberOfImageToKeep                                                        signedcall.Number
		CreationTime, ScheduledStartTime, StartTime, EndTime, ValidTime                          signedcall.Text
		NetMode                                                                                  signedcall.Number
		VpcId, VSwitchId, TransitionInstanceId                                                   signedcall.Text
		ReplicationJobRuns                                                                       struct{ ReplicationJobRun []jobRun }
	}
	replicationJobs struct {
		ReplicationJobs struct{ ReplicationJob []replicationJob }
		TotalCount      signedcall.Number
	}
)

// Plain implements signedcall.Plain.
func (*replicationJobs) Plain() {}

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
	j := servermigration.Job{ID: string(r.JobId), SourceID: string(r.SourceId), Name: string(r.Name), Description: string(r.Description), Region: string(r.RegionId), Target: servermigration.Target(r.TargetType), Status: servermigration.Status(r.Status),
		Progress: percent(string(r.Progress)), ErrorCode: string(r.ErrorCode), ErrorText: inner(string(r.StatusInfo)), Once: r.RunOnce == "" || signedcall.Yes(r.RunOnce), ImageName: string(r.ImageName), ImageID: string(r.ImageId), InstanceID: string(r.InstanceId),
		TransitionID: string(r.TransitionInstanceId), Network: servermigration.Network(r.NetMode), VPC: string(r.VpcId), VSwitch: string(r.VSwitchId),
		Created: r.CreationTime.Time(), Scheduled: r.ScheduledStartTime.Time(), Started: r.StartTime.Time(), Ended: r.EndTime.Time(), ValidTill: r.ValidTime.Time()}
	if j.Status == servermigration.Running {
		j.Phase = servermigration.Phase(r.BusinessStatus)
	}
	if !j.Once {
		j.Every, j.Keep = int(r.Frequency), int(r.MaxNumberOfImageToKeep)
	}
	for _, run := range r.ReplicationJobRuns.ReplicationJobRun {
		j.Cycles = append(j.Cycles, servermigration.Cycle{ImageID: string(run.ImageId), Start: run.StartTime.Time(), End: run.EndTime.Time(), Manual: equal(string(run.Type), "Manual")})
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
