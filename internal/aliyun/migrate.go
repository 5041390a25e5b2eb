package aliyun

import (
	"context"
	"time"

	rds "github.com/alibabacloud-go/rds-20140815/v13/client"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
)

// CreateMigrateTask restores one backup file from OSS. FULL goes with IsOnlineDB
// True, UPDF with False. It has no idempotency key and is sent once.
func (c *Client) CreateMigrateTask(ctx context.Context, in *rds.CreateMigrateTaskRequest) (*rds.CreateMigrateTaskResponseBody, error) {
	return call[rds.CreateMigrateTaskResponseBody](ctx, c, "CreateMigrateTask", signedcall.Changes, in)
}

// CreateOnlineDatabaseTask opens a pending database. It is repeated while
// unavailable if it has a token.
func (c *Client) CreateOnlineDatabaseTask(ctx context.Context, in *rds.CreateOnlineDatabaseTaskRequest) (*rds.CreateOnlineDatabaseTaskResponseBody, error) {
	e := signedcall.Changes
	if dara.StringValue(in.ClientToken) != "" {
		e = signedcall.Keyed
	}
	return call[rds.CreateOnlineDatabaseTaskResponseBody](ctx, c, "CreateOnlineDatabaseTask", e, in)
}

// MigrateTasks is one page of tasks.
type MigrateTasks struct {
	rds.DescribeMigrateTasksResponseBody

	// Skew is the service's clock minus this machine's, by the Date header.
	Skew time.Duration `json:"-"`
}

// Stamp notes the skew of the service's clock.
func (r *MigrateTasks) Stamp(skew time.Duration) { r.Skew = skew }

// MigrateTask is one restore on the instance.
type MigrateTask = rds.DescribeMigrateTasksResponseBodyItemsMigrateTask

// DescribeMigrateTasks lists one page of tasks; the service keeps about the last
// week.
func (c *Client) DescribeMigrateTasks(ctx context.Context, in *rds.DescribeMigrateTasksRequest) (*MigrateTasks, error) {
	return call[MigrateTasks](ctx, c, "DescribeMigrateTasks", signedcall.Reads, in)
}

// DescribeMigrateTaskById describes one task, whose id is unset when there is
// none.
func (c *Client) DescribeMigrateTaskById(ctx context.Context, in *rds.DescribeMigrateTaskByIdRequest) (*rds.DescribeMigrateTaskByIdResponseBody, error) {
	return call[rds.DescribeMigrateTaskByIdResponseBody](ctx, c, "DescribeMigrateTaskById", signedcall.Reads, in)
}

// DescribeOssDownloads lists the files of a task. The reference names no paging
// for it. It is not offered on 2017 and 2019 Enterprise. BackupMode is Database,
// Differential_Database or Transaction_Log; in older texts FULL, DIFF, LOG.
func (c *Client) DescribeOssDownloads(ctx context.Context, in *rds.DescribeOssDownloadsRequest) (*rds.DescribeOssDownloadsResponseBody, error) {
	return call[rds.DescribeOssDownloadsResponseBody](ctx, c, "DescribeOssDownloads", signedcall.Reads, in)
}

// TerminateMigrateTask ends a task under way.
func (c *Client) TerminateMigrateTask(ctx context.Context, in *rds.TerminateMigrateTaskRequest) (*rds.TerminateMigrateTaskResponseBody, error) {
	return call[rds.TerminateMigrateTaskResponseBody](ctx, c, "TerminateMigrateTask", signedcall.Changes, in)
}
