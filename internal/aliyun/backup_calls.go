package aliyun

import (
	"context"
	"encoding/json"
	"maps"
	"strings"

	rds "github.com/alibabacloud-go/rds-20140815/v13/client"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/backup"
)

// BackupPolicy is the answer of DescribeBackupPolicy. The vendor's type lacks
// the fields of the advanced policy, which the API has since 2026-03. Told keeps
// every scalar of the answer by its name.
type BackupPolicy struct {
	rds.DescribeBackupPolicyResponseBody
	advancedFields
	Told map[string]string `json:"-"`
}

type advancedFields struct {
	AdvancedBackupPolicyEnabled *bool `json:"AdvancedBackupPolicyEnabled"`
	AdvancedDataPolicies        struct {
		AdvancedDataPolicy []AdvancedDataPolicy `json:"AdvancedDataPolicy"`
	} `json:"AdvancedDataPolicies"`
	AdvancedLogPolicies struct {
		AdvancedLogPolicy []AdvancedLogPolicy `json:"AdvancedLogPolicy"`
	} `json:"AdvancedLogPolicies"`
}

// AdvancedDataPolicy is one rule of the advanced policy. The reference names
// the fields and does not describe their values.
type AdvancedDataPolicy struct {
	StrategyID     string `json:"StrategyId"`
	FilterKey      string `json:"FilterKey"`
	FilterValue    string `json:"FilterValue"`
	RetentionType  string `json:"RetentionType"`
	RetentionValue int64  `json:"RetentionValue"`
}

// AdvancedLogPolicy is how long logs are kept under the advanced policy.
type AdvancedLogPolicy struct {
	StrategyID        string `json:"StrategyId"`
	LogRetentionValue int64  `json:"LogRetentionValue"`
}

// Tell keeps all scalars of the answer.
func (r *BackupPolicy) Tell(answer []byte) {
	var all map[string]json.RawMessage
	_ = json.Unmarshal(answer, &all) // it was decoded before
	r.Told = map[string]string{}
	for name, raw := range all {
		var t signedcall.Text
		if len(raw) > 0 && raw[0] != '{' && raw[0] != '[' && t.UnmarshalJSON(raw) == nil && t != "" {
			r.Told[name] = string(t)
		}
	}
	maps.DeleteFunc(r.Told, func(name, _ string) bool { return name == "RequestId" })
}

// DescribeBackupPolicy reads the policy of an instance.
func (c *Client) DescribeBackupPolicy(ctx context.Context, in *rds.DescribeBackupPolicyRequest) (*BackupPolicy, error) {
	return call[BackupPolicy](ctx, c, "DescribeBackupPolicy", signedcall.Reads, in)
}

// policyRequest is ModifyBackupPolicy with the parameters that the vendor's
// type lacks.
type policyRequest struct {
	rds.ModifyBackupPolicyRequest
	advanced []backup.Parameter
}

func (r *policyRequest) more() []backup.Parameter { return r.advanced }

// isAdvanced reports whether a parameter is of the advanced policy.
func isAdvanced(p backup.Parameter) bool {
	return strings.HasPrefix(p.Name, "AdvancedDataPolicies.") || strings.HasPrefix(p.Name, "AdvancedLogPolicies.")
}

// ModifyBackupPolicy sends a call that clouds.StandardCall or AdvancedCall
// made. The whole policy is in it, so it may be repeated.
func (c *Client) ModifyBackupPolicy(ctx context.Context, in backup.Call) (*rds.ModifyBackupPolicyResponseBody, error) {
	request := new(policyRequest)
	var standard []backup.Parameter
	for _, p := range in.Parameters {
		if isAdvanced(p) {
			request.advanced = append(request.advanced, p)
		} else {
			standard = append(standard, p)
		}
	}
	if err := fill(request, standard); err != nil {
		return nil, signedcall.Wrap(in.Action, err)
	}
	return call[rds.ModifyBackupPolicyResponseBody](ctx, c, in.Action, signedcall.Keyed, request)
}

// made sends a call that the ground floor made, as the vendor's request.
func made[Request, Response any](ctx context.Context, c *Client, e signedcall.Effect, in backup.Call) (*Response, error) {
	request := new(Request)
	if err := fill(request, in.Parameters); err != nil {
		return nil, signedcall.Wrap(in.Action, err)
	}
	return call[Response](ctx, c, in.Action, e, request)
}

// DescribeInstanceCrossBackupPolicy reads whether backups are copied to another
// region. BackupEnabled is documented as Enable or Disable; 1 or 0 is read too.
func (c *Client) DescribeInstanceCrossBackupPolicy(ctx context.Context, in *rds.DescribeInstanceCrossBackupPolicyRequest) (*rds.DescribeInstanceCrossBackupPolicyResponseBody, error) {
	return call[rds.DescribeInstanceCrossBackupPolicyResponseBody](ctx, c, "DescribeInstanceCrossBackupPolicy", signedcall.Reads, in)
}

// CreateBackup sends a call that backup.OrderCall made. It has no key against
// repetition and is sent once.
func (c *Client) CreateBackup(ctx context.Context, in backup.Call) (*rds.CreateBackupResponseBody, error) {
	return made[rds.CreateBackupRequest, rds.CreateBackupResponseBody](ctx, c, signedcall.Changes, in)
}

// DescribeBackupTasks lists the jobs under way, or one by its number. Those that
// ended are listed only by number.
func (c *Client) DescribeBackupTasks(ctx context.Context, in *rds.DescribeBackupTasksRequest) (*rds.DescribeBackupTasksResponseBody, error) {
	return call[rds.DescribeBackupTasksResponseBody](ctx, c, "DescribeBackupTasks", signedcall.Reads, in)
}

// CopyDatabaseBetweenInstances sends a call that backup.RestoreCall made. It is
// sent once.
func (c *Client) CopyDatabaseBetweenInstances(ctx context.Context, in backup.Call) (*rds.CopyDatabaseBetweenInstancesResponseBody, error) {
	return made[rds.CopyDatabaseBetweenInstancesRequest, rds.CopyDatabaseBetweenInstancesResponseBody](ctx, c, signedcall.Changes, in)
}

// ModifyBackupSetExpireTime sends a call that backup.ExtendCall made. The same
// expiry may be set again. The answer may refuse with HTTP status 200: only
// Success says that the expiry moved.
func (c *Client) ModifyBackupSetExpireTime(ctx context.Context, in backup.Call) (*rds.ModifyBackupSetExpireTimeResponseBody, error) {
	return made[rds.ModifyBackupSetExpireTimeRequest, rds.ModifyBackupSetExpireTimeResponseBody](ctx, c, signedcall.Keyed, in)
}
