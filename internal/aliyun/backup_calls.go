package aliyun

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/bakplane/bakplane/internal/backup"
)

// DescribeBackupPolicyRequest asks for one instance's policy (RDS API
// DescribeBackupPolicy).
type DescribeBackupPolicyRequest struct{ DBInstanceId string }

// DescribeBackupPolicyResponse is the policy as far as it concerns SQL Server.
// Told keeps every scalar of the answer by its name.
type DescribeBackupPolicyResponse struct {
	RequestId                                                           Text
	BackupRetentionPeriod                                               Number // days
	PreferredBackupPeriod, PreferredBackupTime, PreferredNextBackupTime Text
	BackupMethod                                                        Text
	BackupInterval                                                      Text // minutes between log backups
	LogBackupFrequency                                                  Text // LogInterval = every 30 minutes
	SupportsHighFrequencyBackup, SupportVolumeShadowCopy                Text // 0 or 1
	EnableIncrementDataBackup                                           Text
	BackupPriority                                                      Number
	SupportModifyBackupPriority                                         Text
	LogBackupRetentionPeriod                                            Number // days
	AdvancedBackupPolicyEnabled                                         Text
	AdvancedDataPolicies                                                struct{ AdvancedDataPolicy []AdvancedDataPolicy }
	AdvancedLogPolicies                                                 struct{ AdvancedLogPolicy []AdvancedLogPolicy }

	Told map[string]string `json:"-"`
}

// AdvancedDataPolicy is one rule of the advanced policy. The reference names
// the fields and does not describe their values.
type AdvancedDataPolicy struct {
	StrategyId, BakType, FilterType, FilterKey, FilterValue, RetentionType Text
	RetentionValue                                                         Number
	SrcType, DestType                                                      Text
}

// AdvancedLogPolicy is how long logs are kept under the advanced policy.
type AdvancedLogPolicy struct {
	StrategyId, LogRetentionType Text
	EnableLogBackup              Text
	LogRetentionValue            Number
}

// UnmarshalJSON decodes the fields and keeps all scalars beside them.
func (r *DescribeBackupPolicyResponse) UnmarshalJSON(b []byte) error {
	type plain DescribeBackupPolicyResponse
	if err := json.Unmarshal(b, (*plain)(r)); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	r.Told = map[string]string{}
	for name, raw := range all {
		var t Text
		if len(raw) > 0 && raw[0] != '{' && raw[0] != '[' && t.UnmarshalJSON(raw) == nil && t != "" {
			r.Told[name] = string(t)
		}
	}
	maps.DeleteFunc(r.Told, func(name, _ string) bool { return name == "RequestId" })
	return nil
}

// DescribeBackupPolicy reads the policy of an instance.
func (c *Client) DescribeBackupPolicy(ctx context.Context, in DescribeBackupPolicyRequest) (*DescribeBackupPolicyResponse, error) {
	return call[DescribeBackupPolicyResponse](ctx, c, "DescribeBackupPolicy", reads, in)
}

// Accepted is the answer of a call that tells nothing else we use.
type Accepted struct{ RequestId Text }

// ModifyBackupPolicy sends a call that policy.StandardCall or AdvancedCall
// made (RDS API ModifyBackupPolicy). The whole policy is in it, so it may be
// repeated.
func (c *Client) ModifyBackupPolicy(ctx context.Context, in backup.Call) (*Accepted, error) {
	return call[Accepted](ctx, c, in.Action, keyed, in)
}

// DescribeInstanceCrossBackupPolicyRequest asks whether backups are copied to
// another region (RDS API DescribeInstanceCrossBackupPolicy).
type DescribeInstanceCrossBackupPolicyRequest struct{ RegionId, DBInstanceId string }

// DescribeInstanceCrossBackupPolicyResponse says so.
type DescribeInstanceCrossBackupPolicyResponse struct {
	RequestId                                          Text
	BackupEnabled, LogBackupEnabled, CrossBackupRegion Text // Enable or Disable; 1 or 0 is read too
	Retention                                          Number
}

// DescribeInstanceCrossBackupPolicy reads the cross-region policy.
func (c *Client) DescribeInstanceCrossBackupPolicy(ctx context.Context, in DescribeInstanceCrossBackupPolicyRequest) (*DescribeInstanceCrossBackupPolicyResponse, error) {
	return call[DescribeInstanceCrossBackupPolicyResponse](ctx, c, "DescribeInstanceCrossBackupPolicy", reads, in)
}

// CreateBackupResponse names the job.
type CreateBackupResponse struct{ RequestId, BackupJobId Text }

// CreateBackup sends a call that backup.OrderCall made (RDS API CreateBackup).
// It has no key against repetition and is sent once.
func (c *Client) CreateBackup(ctx context.Context, in backup.Call) (*CreateBackupResponse, error) {
	return call[CreateBackupResponse](ctx, c, in.Action, changes, in)
}

// DescribeBackupTasksRequest asks for the jobs under way, or for one by its
// number (RDS API DescribeBackupTasks).
type DescribeBackupTasksRequest struct{ DBInstanceId, BackupJobId string }

// DescribeBackupTasksResponse lists jobs.
type DescribeBackupTasksResponse struct {
	RequestId Text
	Items     struct{ BackupJob []BackupJob }
}

// BackupJob is a backup at work.
type BackupJob struct {
	BackupJobId, BackupId, BackupProgressStatus, BackupStatus, JobMode, Process, TaskAction Text
}

// DescribeBackupTasks lists jobs. Those that ended are listed only by number.
func (c *Client) DescribeBackupTasks(ctx context.Context, in DescribeBackupTasksRequest) (*DescribeBackupTasksResponse, error) {
	return call[DescribeBackupTasksResponse](ctx, c, "DescribeBackupTasks", reads, in)
}

// CopyDatabaseBetweenInstances sends a call that backup.RestoreCall made (RDS
// API CopyDatabaseBetweenInstances). It is sent once.
func (c *Client) CopyDatabaseBetweenInstances(ctx context.Context, in backup.Call) (*Accepted, error) {
	return call[Accepted](ctx, c, in.Action, changes, in)
}

// ModifyBackupSetExpireTimeResponse may refuse with HTTP status 200: only
// Success says that the expiry moved.
type ModifyBackupSetExpireTimeResponse struct {
	RequestId, Code, Message, Success, Data Text
}

// ModifyBackupSetExpireTime sends a call that backup.ExtendCall made (RDS API
// ModifyBackupSetExpireTime). The same expiry may be set again.
func (c *Client) ModifyBackupSetExpireTime(ctx context.Context, in backup.Call) (*ModifyBackupSetExpireTimeResponse, error) {
	return call[ModifyBackupSetExpireTimeResponse](ctx, c, in.Action, keyed, in)
}
