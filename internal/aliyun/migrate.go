package aliyun

import (
	"context"
	"time"
)

// CreateMigrateTaskRequest restores one backup file from OSS (RDS API
// CreateMigrateTask). FULL goes with IsOnlineDB True, UPDF with False.
type CreateMigrateTaskRequest struct {
	DBInstanceId       string // required
	DBName             string // required; the name on the instance
	BackupMode         string // required; FULL or UPDF
	IsOnlineDB         string // required; True or False
	CheckDBMode        string // AsyncExecuteDBCheck or SyncExecuteDBCheck; read with True only
	OssObjectPositions string // endpoint:bucket:key
	OSSUrls            string // 2008 R2 with local disks only
	MigrateTaskId      string // increments: the task of the full file
}

// CreateMigrateTaskResponse names the task.
type CreateMigrateTaskResponse struct {
	RequestId, MigrateTaskId, TaskId, DBInstanceId, DBName, BackupMode Text
}

// CreateMigrateTask has no idempotency key and is sent once.
func (c *Client) CreateMigrateTask(ctx context.Context, in CreateMigrateTaskRequest) (*CreateMigrateTaskResponse, error) {
	return call[CreateMigrateTaskResponse](ctx, c, "CreateMigrateTask", changes, in)
}

// CreateOnlineDatabaseTaskRequest opens a pending database (RDS API
// CreateOnlineDatabaseTask). All fields but ClientToken are required.
type CreateOnlineDatabaseTaskRequest struct {
	DBInstanceId, DBName, MigrateTaskId string
	CheckDBMode                         string // AsyncExecuteDBCheck or SyncExecuteDBCheck
	ClientToken                         string // ASCII, at most 64 characters
}

// CreateOnlineDatabaseTaskResponse says nothing but that it was accepted.
type CreateOnlineDatabaseTaskResponse struct{ RequestId Text }

// CreateOnlineDatabaseTask is repeated while unavailable if it has a token.
func (c *Client) CreateOnlineDatabaseTask(ctx context.Context, in CreateOnlineDatabaseTaskRequest) (*CreateOnlineDatabaseTaskResponse, error) {
	e := changes
	if in.ClientToken != "" {
		e = keyed
	}
	return call[CreateOnlineDatabaseTaskResponse](ctx, c, "CreateOnlineDatabaseTask", e, in)
}

// DescribeMigrateTasksRequest asks for a page of tasks (RDS API
// DescribeMigrateTasks); the service keeps about the last week.
type DescribeMigrateTasksRequest struct {
	DBInstanceId       string
	StartTime, EndTime string // yyyy-MM-ddTHH:mmZ, required
	PageSize           int32  // 30–100
	PageNumber         int32
}

// DescribeMigrateTasksResponse is one page of tasks.
type DescribeMigrateTasksResponse struct {
	RequestId, DBInstanceId                       Text
	PageNumber, PageRecordCount, TotalRecordCount Number
	Items                                         struct{ MigrateTask []MigrateTask }

	// Skew is the service's clock minus this machine's, by the Date header.
	Skew time.Duration `json:"-"`
}

func (r *DescribeMigrateTasksResponse) stamp(skew time.Duration) { r.Skew = skew }

// MigrateTask is one restore on the instance.
type MigrateTask struct {
	MigrateTaskId, DBName, BackupMode, Status Text
	CreateTime, EndTime                       Text
	IsDBReplaced                              Text // True or False
	Description                               Text
}

// DescribeMigrateTasks lists one page of tasks.
func (c *Client) DescribeMigrateTasks(ctx context.Context, in DescribeMigrateTasksRequest) (*DescribeMigrateTasksResponse, error) {
	return call[DescribeMigrateTasksResponse](ctx, c, "DescribeMigrateTasks", reads, in)
}

// DescribeMigrateTaskByIdRequest names one task (RDS API
// DescribeMigrateTaskById).
type DescribeMigrateTaskByIdRequest struct{ DBInstanceId, MigrateTaskId string }

// DescribeMigrateTaskByIdResponse is the task in a flat body.
type DescribeMigrateTaskByIdResponse struct {
	RequestId, DBInstanceName Text
	MigrateTask
}

// DescribeMigrateTaskById describes one task.
func (c *Client) DescribeMigrateTaskById(ctx context.Context, in DescribeMigrateTaskByIdRequest) (*DescribeMigrateTaskByIdResponse, error) {
	return call[DescribeMigrateTaskByIdResponse](ctx, c, "DescribeMigrateTaskById", reads, in)
}

// DescribeOssDownloadsRequest names one task (RDS API DescribeOssDownloads).
type DescribeOssDownloadsRequest struct{ DBInstanceId, MigrateTaskId string }

// DescribeOssDownloadsResponse lists the files of a task. The reference names
// no paging for it.
type DescribeOssDownloadsResponse struct {
	RequestId, DBInstanceId, MigrateTaskId Text
	Items                                  struct{ OssDownload []OssDownload }
}

// OssDownload is one file of a task.
type OssDownload struct {
	FileName            Text
	FileSize            Text // MB
	BackupMode          Text // Database, Differential_Database, Transaction_Log; in older texts FULL, DIFF, LOG
	Status              Text
	CreateTime, EndTime Text
	IsAvailable         Text // True or False
	Description         Text
}

// DescribeOssDownloads lists the files of a task. It is not offered on 2017
// and 2019 Enterprise.
func (c *Client) DescribeOssDownloads(ctx context.Context, in DescribeOssDownloadsRequest) (*DescribeOssDownloadsResponse, error) {
	return call[DescribeOssDownloadsResponse](ctx, c, "DescribeOssDownloads", reads, in)
}

// TerminateMigrateTaskRequest names one task (RDS API TerminateMigrateTask).
type TerminateMigrateTaskRequest struct{ DBInstanceId, MigrateTaskId string }

// TerminateMigrateTaskResponse says nothing but that it was accepted.
type TerminateMigrateTaskResponse struct{ RequestId Text }

// TerminateMigrateTask ends a task under way.
func (c *Client) TerminateMigrateTask(ctx context.Context, in TerminateMigrateTaskRequest) (*TerminateMigrateTaskResponse, error) {
	return call[TerminateMigrateTaskResponse](ctx, c, "TerminateMigrateTask", changes, in)
}
