package aliyun

import (
	"context"

	rds "github.com/alibabacloud-go/rds-20140815/v13/client"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
)

// Backup is a backup set. Its links are bearer secrets: they are read only to
// be handed on, and no row is ever logged.
type Backup = rds.DescribeBackupsResponseBodyItemsBackup

// DescribeBackups lists one page of backup sets.
func (c *Client) DescribeBackups(ctx context.Context, in *rds.DescribeBackupsRequest) (*rds.DescribeBackupsResponseBody, error) {
	return call[rds.DescribeBackupsResponseBody](ctx, c, "DescribeBackups", signedcall.Reads, in)
}

// DescribeBackupDatabase names the databases of a set, separated by commas.
func (c *Client) DescribeBackupDatabase(ctx context.Context, in *rds.DescribeBackupDatabaseRequest) (*rds.DescribeBackupDatabaseResponseBody, error) {
	return call[rds.DescribeBackupDatabaseResponseBody](ctx, c, "DescribeBackupDatabase", signedcall.Reads, in)
}

// DescribeLogBackupFiles lists one page of log backups, which have no id.
func (c *Client) DescribeLogBackupFiles(ctx context.Context, in *rds.DescribeLogBackupFilesRequest) (*rds.DescribeLogBackupFilesResponseBody, error) {
	return call[rds.DescribeLogBackupFilesResponseBody](ctx, c, "DescribeLogBackupFiles", signedcall.Reads, in)
}

// CrossRegionBackups is one page of copies in other regions.
type CrossRegionBackups struct {
	rds.DescribeCrossRegionBackupsResponseBody
	Items struct {
		Item []CrossRegionBackup `json:"Item"`
	} `json:"Items"`
}

// CrossRegionBackup is a copy of a set in another region. Id and status are
// 32-bit numbers in the vendor's type; ids of sets come as texts elsewhere and
// need not stay below 2^31, and one odd row must not hide the page.
type CrossRegionBackup struct {
	rds.DescribeCrossRegionBackupsResponseBodyItemsItem
	CrossBackupId   *string `json:"CrossBackupId"`
	BackupSetStatus *string `json:"BackupSetStatus"` // 0 success, 1 failure
}

// DescribeCrossRegionBackups lists one page of copies.
func (c *Client) DescribeCrossRegionBackups(ctx context.Context, in *rds.DescribeCrossRegionBackupsRequest) (*CrossRegionBackups, error) {
	return call[CrossRegionBackups](ctx, c, "DescribeCrossRegionBackups", signedcall.Reads, in)
}
