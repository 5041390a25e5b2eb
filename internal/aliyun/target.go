package aliyun

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	rds "github.com/alibabacloud-go/rds-20140815/v13/client"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/words"
)

// RDS is one ApsaraDB RDS for SQL Server instance as a migration target.
type RDS struct {
	client   *Client
	instance string
}

var _ migration.Target = (*RDS)(nil)

// Target binds the client to one instance.
func (c *Client) Target(instanceID string) *RDS { return &RDS{client: c, instance: instanceID} }

// Instance describes the server. TargetInstance.Owner stays empty: no call of
// the RDS API tells the account an instance belongs to.
func (r *RDS) Instance(ctx context.Context) (migration.TargetInstance, error) {
	res, err := r.client.DescribeDBInstanceAttribute(ctx, &rds.DescribeDBInstanceAttributeRequest{DBInstanceId: &r.instance})
	if err != nil {
		return migration.TargetInstance{}, err
	}
	for _, row := range res.Items.DBInstanceAttribute {
		if dara.StringValue(row.DBInstanceId) == r.instance {
			return target(row), nil
		}
	}
	return migration.TargetInstance{}, fault.Newf(fault.NotFound, "The instance %s does not exist in this account and region (request %s).", r.instance, dara.StringValue(res.RequestId)).
		WithFix("Check the instance id, the region and the account.")
}

// Databases lists the names the service shows. Whether it shows a database
// that is still being restored is not documented: a name that is missing here
// may be taken by a task.
func (r *RDS) Databases(ctx context.Context) ([]string, error) {
	return r.databases(ctx, func(*Database) bool { return true })
}

// databases lists the names of those that are wanted.
func (r *RDS) databases(ctx context.Context, wanted func(*Database) bool) ([]string, error) {
	const size = 100
	var names []string
	seen := map[string]bool{}
	for page := int32(1); page <= maxPages; page++ {
		res, err := r.client.DescribeDatabases(ctx, &rds.DescribeDatabasesRequest{DBInstanceId: &r.instance, PageSize: dara.Int32(size), PageNumber: &page})
		if err != nil {
			return nil, err
		}
		fresh := 0
		for _, row := range res.Databases.Database {
			if name := dara.StringValue(row.DBName); name != "" && !seen[name] {
				seen[name] = true
				fresh++
				if wanted(row) {
					names = append(names, name)
				}
			}
		}
		if fresh == 0 || len(res.Databases.Database) < size {
			break
		}
	}
	return names, nil
}

// Restore sends CreateMigrateTask for the full backup file.
func (r *RDS) Restore(ctx context.Context, in migration.RestoreCall) (string, error) {
	position, err := ossPosition(in)
	if err != nil {
		return "", err
	}
	q := &rds.CreateMigrateTaskRequest{DBInstanceId: &r.instance, DBName: &in.Database, OssObjectPositions: &position}
	switch in.Mode {
	case migration.Immediate:
		q.SetBackupMode("FULL").SetIsOnlineDB("True").SetCheckDBMode(checkMode(in.Check))
	case migration.Pending:
		q.SetBackupMode("UPDF").SetIsOnlineDB("False")
	default:
		return "", fault.Newf(fault.Invalid, "%q is no way to restore a database.", in.Mode)
	}
	return r.create(ctx, q)
}

// Import sends CreateMigrateTask for one differential or log backup file.
func (r *RDS) Import(ctx context.Context, taskID string, in migration.RestoreCall) error {
	position, err := ossPosition(in)
	if err != nil {
		return err
	}
	if taskID == "" {
		return fault.New(fault.Invalid, "An increment needs the id of the task that restored the full backup.", "")
	}
	_, err = r.create(ctx, &rds.CreateMigrateTaskRequest{DBInstanceId: &r.instance, DBName: &in.Database,
		BackupMode: dara.String("UPDF"), IsOnlineDB: dara.String("False"), OssObjectPositions: &position, MigrateTaskId: &taskID})
	return err
}

func (r *RDS) create(ctx context.Context, q *rds.CreateMigrateTaskRequest) (string, error) {
	res, err := r.client.CreateMigrateTask(ctx, q)
	if err != nil {
		return "", underWay(err)
	}
	id := dara.StringValue(res.MigrateTaskId)
	if id == "" {
		return "", r.client.Uncertain(signedcall.Changes, fault.Newf(fault.Unavailable, "The RDS API accepted the call without naming a task (request %s).", dara.StringValue(res.RequestId)), words.Text{})
	}
	return id, nil
}

// Open sends CreateOnlineDatabaseTask; key becomes its ClientToken, as a hash
// where it is not 1 to 64 printable ASCII characters.
func (r *RDS) Open(ctx context.Context, taskID, database string, check migration.CheckMode, key string) error {
	_, err := r.client.CreateOnlineDatabaseTask(ctx, &rds.CreateOnlineDatabaseTaskRequest{DBInstanceId: &r.instance,
		DBName: &database, MigrateTaskId: &taskID, CheckDBMode: dara.String(checkMode(check)), ClientToken: dara.String(clientToken(key))})
	return err
}

// Terminate sends TerminateMigrateTask. What it leaves of a half restored
// database is not documented.
func (r *RDS) Terminate(ctx context.Context, taskID string) error {
	_, err := r.client.TerminateMigrateTask(ctx, &rds.TerminateMigrateTaskRequest{DBInstanceId: &r.instance, MigrateTaskId: &taskID})
	return err
}

// window is how far clocks may lie apart: beyond it the service refuses calls.
const window = 15 * time.Minute

// Tasks lists the tasks created at or after since, newest last. since is of
// this machine's clock; the service's clock is read off the answer, so that a
// task just made is found although the clocks differ. A zero since means the
// week that the service keeps.
func (r *RDS) Tasks(ctx context.Context, since time.Time) ([]migration.Task, error) {
	now := time.Now().UTC()
	if week := now.AddDate(0, 0, -7); since.Before(week) {
		since = week
	}
	const size = 100
	q := &rds.DescribeMigrateTasksRequest{DBInstanceId: &r.instance, PageSize: dara.Int32(size),
		StartTime: dara.String(since.UTC().Add(-window).Format(signedcall.TimeMinutes)),
		EndTime:   dara.String(now.Add(window + time.Minute).Format(signedcall.TimeMinutes))}
	var out []migration.Task
	seen := map[string]bool{}
	for page := int32(1); page <= maxPages; page++ {
		res, err := r.client.DescribeMigrateTasks(ctx, q.SetPageNumber(page))
		if err != nil {
			return nil, err
		}
		// CreateTime and Date are cut to the second.
		oldest := since.Add(res.Skew - 2*time.Second)
		fresh := 0
		for _, row := range res.Items.MigrateTask {
			t := task(row)
			if t.ID == "" || seen[t.ID] {
				continue
			}
			seen[t.ID] = true
			fresh++
			if t.Created.IsZero() || !t.Created.Before(oldest) {
				out = append(out, t)
			}
		}
		if fresh == 0 || len(res.Items.MigrateTask) < size {
			break
		}
	}
	// Ids are numbers that grow, as far as was seen: they decide within a second.
	slices.SortStableFunc(out, func(a, b migration.Task) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// Task describes one task.
func (r *RDS) Task(ctx context.Context, taskID string) (migration.Task, error) {
	res, err := r.client.DescribeMigrateTaskById(ctx, &rds.DescribeMigrateTaskByIdRequest{DBInstanceId: &r.instance, MigrateTaskId: &taskID})
	if err != nil {
		return migration.Task{}, err
	}
	if dara.StringValue(res.MigrateTaskId) == "" {
		return migration.Task{}, fault.Newf(fault.NotFound, "The instance %s does not know the migrate task %s (request %s).", r.instance, taskID, dara.StringValue(res.RequestId))
	}
	return task(&MigrateTask{MigrateTaskId: res.MigrateTaskId, DBName: res.DBName, BackupMode: res.BackupMode, Status: res.Status,
		CreateTime: res.CreateTime, EndTime: res.EndTime, Description: res.Description}), nil
}

// TaskFiles lists the files of a task. On 2017 and 2019 Enterprise the service
// does not offer it, which is an Invalid fault.
func (r *RDS) TaskFiles(ctx context.Context, taskID string) ([]migration.TaskFile, error) {
	res, err := r.client.DescribeOssDownloads(ctx, &rds.DescribeOssDownloadsRequest{DBInstanceId: &r.instance, MigrateTaskId: &taskID})
	if err != nil {
		return nil, err
	}
	out := make([]migration.TaskFile, 0, len(res.Items.OssDownload))
	for _, row := range res.Items.OssDownload {
		out = append(out, migration.TaskFile{Name: dara.StringValue(row.FileName), Size: dara.StringValue(row.FileSize), // MB
			BackupMode: dara.StringValue(row.BackupMode), Status: dara.StringValue(row.Status), Created: signedcall.Moment(row.CreateTime),
			Ended: signedcall.Moment(row.EndTime), Available: dara.StringValue(row.IsAvailable), Description: dara.StringValue(row.Description)})
		if f := &out[len(out)-1]; f.Failed() {
			f.Code = descriptionCode(f.Description)
		}
	}
	// The order of the rows is not documented and times have seconds only: an
	// answer that begins with its newest row is turned round first, so that
	// rows of one second keep their order too.
	if n := len(out); n > 1 && out[0].Created.After(out[n-1].Created) {
		slices.Reverse(out)
	}
	slices.SortStableFunc(out, func(a, b migration.TaskFile) int { return a.Created.Compare(b.Created) })
	return out, nil
}

func task(t *MigrateTask) migration.Task {
	out := migration.Task{ID: dara.StringValue(t.MigrateTaskId), Database: dara.StringValue(t.DBName), BackupMode: dara.StringValue(t.BackupMode),
		Status: migration.TaskStatus(dara.StringValue(t.Status)), Created: signedcall.Moment(t.CreateTime), Ended: signedcall.Moment(t.EndTime), Description: dara.StringValue(t.Description)}
	out.Check = checkResult(out.Description)
	switch code := descriptionCode(out.Description); {
	case out.Status == migration.TaskFailed:
		out.Code = code
	case code != explain.Unknown && (out.Status == migration.TaskWaiting || out.Status == migration.TaskSuccess):
		out.Code = code // refused, and ready for another file; or open with something to be said
	}
	return out
}

// ossPosition is the service's way to name an object; the colon separates.
func ossPosition(in migration.RestoreCall) (string, error) {
	if in.Endpoint == "" || in.Bucket == "" || in.Key == "" {
		return "", fault.New(fault.Invalid, "The place of the backup file is incomplete.", "Give the OSS endpoint, the bucket and the object.")
	}
	if strings.Contains(in.Key, ":") || strings.Contains(in.Bucket, ":") || strings.Contains(in.Endpoint, "://") {
		return "", fault.Newf(fault.Invalid, "The object %q cannot be named to the service, which separates endpoint, bucket and object by colons.", in.Key).
			WithFix("Upload the file under a name without a colon.")
	}
	return fmt.Sprintf("%s:%s:%s", in.Endpoint, in.Bucket, in.Key), nil
}

func checkMode(m migration.CheckMode) string {
	if m == migration.CheckSync {
		return "SyncExecuteDBCheck"
	}
	return "AsyncExecuteDBCheck"
}

func clientToken(key string) string {
	if key == "" || len(key) <= 64 && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == "" {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
