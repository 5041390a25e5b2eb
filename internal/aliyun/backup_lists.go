package aliyun

import "context"

// DescribeBackupsRequest asks for a page of backup sets (RDS API
// DescribeBackups).
type DescribeBackupsRequest struct {
	DBInstanceId, BackupId string
	StartTime, EndTime     string // minutes
	PageSize               int32  // 30, 50 or 100
	PageNumber             int32
}

// DescribeBackupsResponse is one page.
type DescribeBackupsResponse struct {
	RequestId                                     Text
	PageNumber, PageRecordCount, TotalRecordCount Number
	TotalEcsSnapshotSize                          Number // bytes
	Items                                         struct{ Backup []Backup }
}

// Backup is a backup set. Its links are bearer secrets: they are read only to
// be handed on, and no row is ever logged.
type Backup struct {
	BackupId, BackupStatus, BackupType, BackupMode, BackupMethod Text
	BackupStartTime, BackupEndTime, ExpectExpireTime             Text
	BackupSize                                                   Number // bytes
	BackupInitiator, StoreStatus, MetaStatus, StorageClass       Text
	IsAvail, CopyOnlyBackup                                      Text // 0 or 1
	Checksum                                                     Text
	BackupDownloadURL, BackupIntranetDownloadURL                 Text
	BackupDownloadLinkByDB                                       struct{ BackupDownloadLinkByDB []DownloadLink }
}

// DownloadLink is where one database of a set can be downloaded.
type DownloadLink struct{ DataBase, DownloadLink, IntranetDownloadLink Text }

// DescribeBackups lists one page of backup sets.
func (c *Client) DescribeBackups(ctx context.Context, in DescribeBackupsRequest) (*DescribeBackupsResponse, error) {
	return call[DescribeBackupsResponse](ctx, c, "DescribeBackups", reads, in)
}

// DescribeBackupDatabaseRequest names a set (RDS API DescribeBackupDatabase).
type DescribeBackupDatabaseRequest struct{ DBInstanceId, BackupId string }

// DescribeBackupDatabaseResponse names its databases, separated by commas.
type DescribeBackupDatabaseResponse struct{ RequestId, DatabaseNames Text }

// DescribeBackupDatabase lists the databases of a set.
func (c *Client) DescribeBackupDatabase(ctx context.Context, in DescribeBackupDatabaseRequest) (*DescribeBackupDatabaseResponse, error) {
	return call[DescribeBackupDatabaseResponse](ctx, c, "DescribeBackupDatabase", reads, in)
}

// DescribeLogBackupFilesRequest asks for a page of log backups (RDS API
// DescribeLogBackupFiles); all fields are required but the page.
type DescribeLogBackupFilesRequest struct {
	DBInstanceId, StartTime, EndTime string // minutes
	PageSize                         int32  // 30–1000
	PageNumber                       int32
}

// DescribeLogBackupFilesResponse is one page.
type DescribeLogBackupFilesResponse struct {
	RequestId                                     Text
	PageNumber, PageRecordCount, TotalRecordCount Number
	TotalFileSize                                 Number // bytes
	Items                                         struct{ BinLogFile []BinLogFile }
}

// BinLogFile is one log backup. It has no id.
type BinLogFile struct {
	LogBeginTime, LogEndTime, LinkExpiredTime Text
	FileSize                                  Number // bytes
	DownloadLink, IntranetDownloadLink        Text
}

// DescribeLogBackupFiles lists one page of log backups.
func (c *Client) DescribeLogBackupFiles(ctx context.Context, in DescribeLogBackupFilesRequest) (*DescribeLogBackupFilesResponse, error) {
	return call[DescribeLogBackupFilesResponse](ctx, c, "DescribeLogBackupFiles", reads, in)
}

// DescribeCrossRegionBackupsRequest asks for a page of copies in other regions
// (RDS API DescribeCrossRegionBackups).
type DescribeCrossRegionBackupsRequest struct {
	RegionId, DBInstanceId, StartTime, EndTime string // seconds
	PageSize                                   int32  // 30, 50 or 100
	PageNumber                                 int32
}

// DescribeCrossRegionBackupsResponse is one page.
type DescribeCrossRegionBackupsResponse struct {
	RequestId                                     Text
	PageNumber, PageRecordCount, TotalRecordCount Number
	Items                                         struct{ Item []CrossRegionBackup }
}

// CrossRegionBackup is a copy of a set in another region.
type CrossRegionBackup struct {
	CrossBackupId, BackupSetStatus, BackupType, BackupMethod Text
	BackupStartTime, BackupEndTime                           Text
	CrossBackupSetSize                                       Number // bytes
	CrossBackupRegion, CrossBackupDownloadLink               Text
	RestoreRegions                                           struct{ RestoreRegion []Text }
}

// DescribeCrossRegionBackups lists one page of copies.
func (c *Client) DescribeCrossRegionBackups(ctx context.Context, in DescribeCrossRegionBackupsRequest) (*DescribeCrossRegionBackupsResponse, error) {
	return call[DescribeCrossRegionBackupsResponse](ctx, c, "DescribeCrossRegionBackups", reads, in)
}
