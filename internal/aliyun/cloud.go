package aliyun

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	rds "github.com/alibabacloud-go/rds-20140815/v13/client"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy/clouds"
)

// Cloud is one ApsaraDB RDS for SQL Server instance with its backup policy and
// its backups.
type Cloud struct {
	client   *Client
	instance string
}

var (
	_ clouds.Cloud = (*Cloud)(nil)
	_ backup.Cloud = (*Cloud)(nil)
)

// Cloud binds the client to the backups of one instance.
func (c *Client) Cloud(instanceID string) *Cloud { return &Cloud{client: c, instance: instanceID} }

// Policy reads the policy and what the instance can do: two calls, and a third
// whose refusal is noted among Raw and otherwise passed over.
func (c *Cloud) Policy(ctx context.Context) (clouds.Standing, error) {
	in, err := c.attribute(ctx)
	if err != nil {
		return clouds.Standing{}, err
	}
	res, err := c.client.DescribeBackupPolicy(ctx, &rds.DescribeBackupPolicyRequest{DBInstanceId: &c.instance})
	if err != nil {
		return clouds.Standing{}, told(err)
	}
	s := res.standing()
	s.At = time.Now().UTC()
	s.Can.Cluster = strings.EqualFold(dara.StringValue(in.Category), "AlwaysOn")
	s.Can.StorageGB, s.Can.Status = int(dara.Int32Value(in.DBInstanceStorage)), dara.StringValue(in.DBInstanceStatus)
	s.Can.Running = s.Can.Status == "Running"
	if lock := dara.StringValue(in.LockMode); lock != "" && lock != "Unlock" {
		s.Can.Locked = strings.TrimSpace(lock + " " + dara.StringValue(in.LockReason))
	}
	cross, err := c.client.DescribeInstanceCrossBackupPolicy(ctx, &rds.DescribeInstanceCrossBackupPolicyRequest{RegionId: &c.client.region, DBInstanceId: &c.instance})
	switch {
	case err == nil:
		s.Can.CrossRegion = signedcall.Yes(signedcall.Text(dara.StringValue(cross.BackupEnabled)))
	case fault.Is(err, fault.Unavailable):
		return clouds.Standing{}, err
	default:
		s.Raw["CrossRegion"] = "not told" // an account without the right, or a region without the function
	}
	return s, nil
}

// attribute describes the instance.
func (c *Cloud) attribute(ctx context.Context) (*DBInstanceAttribute, error) {
	res, err := c.client.DescribeDBInstanceAttribute(ctx, &rds.DescribeDBInstanceAttributeRequest{DBInstanceId: &c.instance})
	if err != nil {
		return nil, err
	}
	for _, row := range res.Items.DBInstanceAttribute {
		if dara.StringValue(row.DBInstanceId) == c.instance {
			return row, nil
		}
	}
	return nil, fault.Newf(fault.NotFound, "The instance %s does not exist in this account and region (request %s).", c.instance, dara.StringValue(res.RequestId)).
		WithFix("Check the instance id, the region and the account.")
}

// standing reads the answer. How often logs are backed up is told by
// BackupInterval, in minutes; BackupLog and EnableBackupLog are not believed of
// physical backups, since the reference's own sample has them beside an interval
// of 30. With snapshots BackupInterval may be that of snapshots, which have no 5:
// there LogInterval is 30 minutes, and BackupLog Enable is 5, because logs of
// snapshots are not backed up with data.
func (r *BackupPolicy) standing() clouds.Standing {
	s := clouds.Standing{Raw: maps.Clone(r.Told), Next: signedcall.Moment(r.PreferredNextBackupTime)}
	p := &s.Standard
	p.RetentionDays, p.Days = int(dara.Int32Value(r.BackupRetentionPeriod)), clouds.ReadDays(dara.StringValue(r.PreferredBackupPeriod))
	p.Hour, _ = clouds.ReadHour(dara.StringValue(r.PreferredBackupTime))
	p.Method = clouds.Physical
	if strings.EqualFold(dara.StringValue(r.BackupMethod), "Snapshot") {
		p.Method = clouds.Snapshot
	}
	p.Incremental = dara.BoolValue(r.EnableIncrementDataBackup)
	interval, every30 := dara.StringValue(r.BackupInterval), dara.StringValue(r.LogBackupFrequency) == "LogInterval"
	switch {
	case interval == "5":
		p.Log = clouds.LogEvery5
	case every30, interval == "30" && p.Method == clouds.Physical:
		p.Log = clouds.LogEvery30
	case p.Method == clouds.Snapshot && (signedcall.Yes(signedcall.Text(dara.StringValue(r.BackupLog))) || signedcall.Yes(signedcall.Text(dara.StringValue(r.EnableBackupLog)))):
		p.Log = clouds.LogEvery5
	default:
		p.Log = clouds.LogAsData
	}
	// An interval of 30 beside LogInterval may be that of the logs.
	if n, err := strconv.Atoi(interval); err == nil && p.Method == clouds.Snapshot && slices.Contains(clouds.SnapshotIntervals, n) && (n != 30 || !every30) {
		p.SnapshotMinutes = n
	}
	s.Can.SetPriority = dara.BoolValue(r.SupportModifyBackupPriority)
	if n := dara.Int32Value(r.BackupPriority); n == 1 || n == 2 {
		p.Priority = clouds.Priority(n)
	}
	s.Can.Snapshot, s.Can.FiveMinuteLog = dara.Int32Value(r.SupportVolumeShadowCopy) == 1, dara.Int64Value(r.SupportsHighFrequencyBackup) == 1
	if s.AdvancedOn = dara.BoolValue(r.AdvancedBackupPolicyEnabled); s.AdvancedOn {
		s.Advanced = r.advanced(*p)
		s.Can.WriteAdvanced = len(s.Advanced.Rows) > 0 && s.Advanced.Unread == 0
		for _, row := range s.Advanced.Rows {
			s.Can.WriteAdvanced = s.Can.WriteAdvanced && row.ID != ""
		}
	}
	for _, name := range []string{"BackupRetentionPeriod", "PreferredBackupPeriod", "PreferredBackupTime", "PreferredNextBackupTime",
		"BackupMethod", "EnableIncrementDataBackup", "BackupPriority", "SupportModifyBackupPriority", "SupportsHighFrequencyBackup",
		"SupportVolumeShadowCopy", "AdvancedBackupPolicyEnabled"} {
		delete(s.Raw, name)
	}
	return s
}

func (r *BackupPolicy) advanced(p clouds.Standard) clouds.Advanced {
	a := clouds.Advanced{Hour: p.Hour, Method: p.Method, Incremental: p.Incremental, Log: p.Log, LogRetentionDays: int(dara.Int32Value(r.LogBackupRetentionPeriod))}
	for _, row := range r.AdvancedDataPolicies.AdvancedDataPolicy {
		s, ok := clouds.ReadRow(row.StrategyID, row.FilterKey, row.FilterValue, row.RetentionType, int(row.RetentionValue))
		if !ok {
			a.Unread++
			continue
		}
		a.Rows = append(a.Rows, s)
	}
	for _, row := range r.AdvancedLogPolicies.AdvancedLogPolicy {
		a.LogID = row.StrategyID
		if row.LogRetentionValue > 0 {
			a.LogRetentionDays = int(row.LogRetentionValue)
		}
	}
	return a
}

// SetPolicy sends ModifyBackupPolicy as clouds.StandardCall makes it.
func (c *Cloud) SetPolicy(ctx context.Context, s clouds.Standard, can clouds.Abilities) error {
	_, err := c.client.ModifyBackupPolicy(ctx, clouds.StandardCall(c.instance, s, can))
	return told(err)
}

// SetAdvanced sends ModifyBackupPolicy as clouds.AdvancedCall makes it.
func (c *Cloud) SetAdvanced(ctx context.Context, was, a clouds.Advanced) error {
	q, err := clouds.AdvancedCall(c.instance, was, a)
	if err != nil {
		return err
	}
	_, err = c.client.ModifyBackupPolicy(ctx, q)
	return told(err)
}

// told adds the Refusal with its field to a fault that the service caused.
func told(err error) error {
	var api *signedcall.APIError
	var f *fault.Error
	if !errors.As(err, &api) || !errors.As(err, &f) {
		return err
	}
	return f.Because(errors.Join(&clouds.Refusal{Code: api.Code, Said: api.Message, Request: api.RequestID, Field: fields[api.Code]}, f.Err))
}
