package awsaccount

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

// Holdings tells what the service holds of an instance: its automated backups
// (RDS API DescribeDBInstances and DescribeDBInstanceAutomatedBackups) and its
// snapshots (DescribeDBSnapshots). All of them only read.
func Holdings(ctx context.Context, a endpoint.Account, instance string) (h backup.Holdings, err error) {
	if a.Kind != Kind {
		return h, fault.Newf(fault.Invalid, "%s is no account of AWS.", a.Name).WithFix("Choose one under Settings, at the instance.")
	}
	client, err := dial(a)
	if err != nil {
		return h, err
	}
	known, err := client.DescribeDBInstances(ctx, &sdk.DescribeDBInstancesInput{DBInstanceIdentifier: &instance})
	var none *types.DBInstanceNotFoundFault
	switch {
	case errors.As(err, &none), err == nil && len(known.DBInstances) == 0:
		return h, fault.Newf(fault.NotFound, "The account of %s has no instance %s there.", a.Name, instance).
			WithFix("Write the DB identifier as the console shows it, and choose the account and region that hold it.").WithCode("gone").Because(err)
	case err != nil:
		return h, refused(a, err)
	}
	i := known.DBInstances[0]
	h.Retention, h.Window = int(aws.ToInt32(i.BackupRetentionPeriod)), aws.ToString(i.PreferredBackupWindow)
	if h.Retention > 0 {
		if err := automated(ctx, client, a, instance, aws.ToString(i.DbiResourceId), &h); err != nil {
			return h, err
		}
	}
	return h, snapshots(ctx, client, a, instance, &h)
}

// automated reads the window of the instance that is there now: backups that are
// retained of one that was deleted have its name too.
func automated(ctx context.Context, client *sdk.Client, a endpoint.Account, instance, resource string, h *backup.Holdings) error {
	pages := sdk.NewDescribeDBInstanceAutomatedBackupsPaginator(client, &sdk.DescribeDBInstanceAutomatedBackupsInput{DBInstanceIdentifier: &instance, MaxRecords: aws.Int32(100)})
	for range mostPages {
		if !pages.HasMorePages() {
			break
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return refused(a, err)
		}
		for _, b := range page.DBInstanceAutomatedBackups {
			if resource != "" && aws.ToString(b.DbiResourceId) != resource {
				continue
			}
			h.Automated = aws.ToString(b.Status)
			if w := b.RestoreWindow; w != nil {
				h.Earliest, h.Latest = aws.ToTime(w.EarliestTime).UTC(), aws.ToTime(w.LatestTime).UTC()
			}
		}
	}
	return nil
}

func snapshots(ctx context.Context, client *sdk.Client, a endpoint.Account, instance string, h *backup.Holdings) error {
	pages := sdk.NewDescribeDBSnapshotsPaginator(client, &sdk.DescribeDBSnapshotsInput{DBInstanceIdentifier: &instance, MaxRecords: aws.Int32(100)})
	for range mostPages {
		if !pages.HasMorePages() {
			return nil
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return refused(a, err)
		}
		for _, s := range page.DBSnapshots {
			h.Snapshots = append(h.Snapshots, backup.HeldSnapshot{ID: aws.ToString(s.DBSnapshotIdentifier), Manual: aws.ToString(s.SnapshotType) == "manual", Status: aws.ToString(s.Status),
				Created: aws.ToTime(s.SnapshotCreateTime).UTC(), Bytes: int64(aws.ToInt32(s.AllocatedStorage)) << 30, Encrypted: aws.ToBool(s.Encrypted)})
		}
	}
	h.More = pages.HasMorePages()
	return nil
}
