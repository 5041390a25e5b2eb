package aliyun

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/words"
)

// Page sizes that the service allows.
const (
	setsAPage = 100 // 30, 50 or 100
	logsAPage = 500 // 30–1000
)

// Order sends CreateBackup as backup.OrderCall makes it.
func (c *Cloud) Order(ctx context.Context, o backup.Order) (string, error) {
	q, err := backup.OrderCall(c.instance, o)
	if err != nil {
		return "", err
	}
	res, err := c.client.CreateBackup(ctx, q)
	if err != nil {
		return "", told(noDatabase(err))
	}
	if res.BackupJobId == "" {
		return "", uncertain(changes, fault.Newf(fault.Unavailable, "The RDS API accepted the call without naming a job (request %s).", res.RequestId), words.Text{})
	}
	return string(res.BackupJobId), nil
}

// noDatabase reads a code that means in CreateMigrateTask that a name is taken.
func noDatabase(err error) error {
	var api *APIError
	if !errors.As(err, &api) || api.Code != "InvalidDBName.NotFound" {
		return err
	}
	return fault.Newf(fault.NotFound, "There is no database of one of these names (%s, request %s).", api.Code, api.RequestID).
		WithFix("Read the list of databases again.").Because(api)
}

// Jobs sends DescribeBackupTasks. The service takes a job's id as a number.
func (c *Cloud) Jobs(ctx context.Context, jobID string) ([]backup.Job, error) {
	if _, err := strconv.ParseInt(jobID, 10, 32); jobID != "" && err != nil {
		return nil, fault.Newf(fault.Invalid, "%q is not the id of a backup job.", jobID)
	}
	res, err := c.client.DescribeBackupTasks(ctx, DescribeBackupTasksRequest{DBInstanceId: c.instance, BackupJobId: jobID})
	if err != nil {
		return nil, told(err)
	}
	out := make([]backup.Job, 0, len(res.Items.BackupJob))
	for _, row := range res.Items.BackupJob {
		out = append(out, row.job())
	}
	return out, nil
}

// job reads a row. BackupStatus counts where it is told: the progress status
// may lag behind the end.
func (j BackupJob) job() backup.Job {
	out := backup.Job{ID: string(j.BackupJobId), SetID: string(j.BackupId), Status: string(j.BackupProgressStatus), Percent: -1,
		Automated: strings.EqualFold(string(j.JobMode), "Automated")}
	switch j.BackupStatus {
	case "Finished", "Success":
		out.Status = "Finished"
	case "Failed":
		out.Status = "Failed"
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(j.Process)), "%")); err == nil && n >= 0 && n <= 100 {
		out.Percent = n
	}
	return out
}

// Sets sends DescribeBackups.
func (c *Cloud) Sets(ctx context.Context, q backup.SetQuery) (backup.SetPage, error) {
	res, err := c.backups(ctx, q)
	if err != nil {
		return backup.SetPage{}, err
	}
	page := backup.SetPage{Total: int(res.TotalRecordCount)}
	for _, row := range res.Items.Backup {
		page.Sets = append(page.Sets, row.set())
	}
	return page, nil
}

func (c *Cloud) backups(ctx context.Context, q backup.SetQuery) (*DescribeBackupsResponse, error) {
	res, err := c.client.DescribeBackups(ctx, DescribeBackupsRequest{DBInstanceId: c.instance, BackupId: q.ID,
		StartTime: minute(q.From), EndTime: minute(q.To), PageSize: setsAPage, PageNumber: int32(max(q.Page, 1))})
	return res, told(err)
}

// minute writes a query time; the zero time is left out.
func minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeMinutes)
}

func (b Backup) set() backup.CloudSet {
	s := backup.CloudSet{ID: string(b.BackupId), Failed: strings.EqualFold(string(b.BackupStatus), "Failed"), Kind: backup.Full,
		Manual: b.BackupMode == "Manual", Snapshot: b.BackupMethod == "Snapshot", CopyOnly: b.CopyOnlyBackup == "1",
		Started: b.BackupStartTime.Time(), Finished: b.BackupEndTime.Time(), Size: int64(b.BackupSize), Expires: b.ExpectExpireTime.Time(),
		Usable: b.IsAvail != "0", Kept: b.StoreStatus == "Disabled", Archived: b.StorageClass == "1", Checksum: string(b.Checksum),
		Downloads: b.BackupDownloadURL != "" || b.BackupIntranetDownloadURL != ""}
	if b.BackupType == "IncrementalBackup" {
		s.Kind = backup.Differential
	}
	for _, link := range b.BackupDownloadLinkByDB.BackupDownloadLinkByDB {
		s.Databases = append(s.Databases, string(link.DataBase))
		s.Downloads = s.Downloads || link.DownloadLink != "" || link.IntranetDownloadLink != ""
	}
	return s
}

// SetDatabases sends DescribeBackupDatabase. Where the service does not offer
// it, nothing is told.
func (c *Cloud) SetDatabases(ctx context.Context, setID string) (names []string, err error) {
	res, err := c.client.DescribeBackupDatabase(ctx, DescribeBackupDatabaseRequest{DBInstanceId: c.instance, BackupId: setID})
	if fault.Is(err, fault.Invalid) {
		return nil, nil
	}
	if err != nil {
		return nil, told(err)
	}
	for name := range strings.SplitSeq(string(res.DatabaseNames), ",") {
		if name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}

// Logs sends DescribeLogBackupFiles.
func (c *Cloud) Logs(ctx context.Context, from, to time.Time, page int) (backup.LogPage, error) {
	res, err := c.logs(ctx, from, to, page)
	if err != nil {
		return backup.LogPage{}, err
	}
	out := backup.LogPage{Total: int(res.TotalRecordCount), Bytes: int64(res.TotalFileSize)}
	for _, row := range res.Items.BinLogFile {
		out.Logs = append(out.Logs, backup.CloudLog{From: row.LogBeginTime.Time(), To: row.LogEndTime.Time(), Size: int64(row.FileSize)})
	}
	return out, nil
}

func (c *Cloud) logs(ctx context.Context, from, to time.Time, page int) (*DescribeLogBackupFilesResponse, error) {
	res, err := c.client.DescribeLogBackupFiles(ctx, DescribeLogBackupFilesRequest{DBInstanceId: c.instance,
		StartTime: minute(from), EndTime: minute(to), PageSize: logsAPage, PageNumber: int32(max(page, 1))})
	return res, told(err)
}

// SetLinks fetches the set's row again: links are made with each answer.
func (c *Cloud) SetLinks(ctx context.Context, setID string, at time.Time) ([]backup.Link, error) {
	q := backup.SetQuery{ID: setID}
	if !at.IsZero() { // short ranges are advised
		q.From, q.To = at.Add(-24*time.Hour), at.Add(24*time.Hour)
	}
	res, err := c.backups(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, row := range res.Items.Backup {
		if string(row.BackupId) != setID {
			continue
		}
		var out []backup.Link
		add := func(database, public, intranet Text) {
			if public != "" || intranet != "" {
				out = append(out, backup.Link{Database: string(database), Public: secret.NewText(string(public)), Intranet: secret.NewText(string(intranet))})
			}
		}
		add("", row.BackupDownloadURL, row.BackupIntranetDownloadURL)
		for _, link := range row.BackupDownloadLinkByDB.BackupDownloadLinkByDB {
			add(link.DataBase, link.DownloadLink, link.IntranetDownloadLink)
		}
		if len(out) == 0 {
			return nil, fault.Newf(fault.Conflict, "The backup set %s cannot be downloaded.", setID).WithFix("Only physical backups that are still kept have links; a snapshot has none.")
		}
		return out, nil
	}
	return nil, fault.Newf(fault.NotFound, "The instance has no backup set %s any more.", setID).WithFix("Read the list of sets again: it may have expired.")
}

// LogLinks fetches the rows again and takes those with exactly these times.
func (c *Cloud) LogLinks(ctx context.Context, from, to time.Time) ([]backup.Link, error) {
	for page := 1; page <= maxPages; page++ {
		res, err := c.logs(ctx, from.Add(-time.Minute), to.Add(time.Minute), page)
		if err != nil {
			return nil, err
		}
		var out []backup.Link
		for _, row := range res.Items.BinLogFile {
			if row.LogBeginTime.Time().Equal(from.UTC()) && row.LogEndTime.Time().Equal(to.UTC()) && row.DownloadLink+row.IntranetDownloadLink != "" {
				out = append(out, backup.Link{Public: secret.NewText(string(row.DownloadLink)), Intranet: secret.NewText(string(row.IntranetDownloadLink)),
					Expires: row.LinkExpiredTime.Time()})
			}
		}
		if len(out) > 0 {
			return out, nil
		}
		if len(res.Items.BinLogFile) < logsAPage {
			break
		}
	}
	return nil, fault.Newf(fault.NotFound, "The instance has no log backup from %s to %s any more.", from.UTC().Format(timeSeconds), to.UTC().Format(timeSeconds)).
		WithFix("Read the list of log backups again: it may have expired.")
}

// Extend sends ModifyBackupSetExpireTime and looks at Success, since the call
// may refuse with HTTP status 200.
func (c *Cloud) Extend(ctx context.Context, setID string, until time.Time) error {
	res, err := c.client.ModifyBackupSetExpireTime(ctx, backup.ExtendCall(c.instance, setID, until))
	if err != nil {
		return told(err)
	}
	if yes(res.Success) || res.Success == "" && (res.Code == "" || res.Code == "200") {
		return nil
	}
	api := &APIError{Status: 200, Code: c.client.clean(string(res.Code), 100), Message: c.client.clean(string(res.Message), 500), RequestID: string(res.RequestId)}
	f := explain.Fault(fault.Conflict, "expiry", explain.AtService, "").Because(api)
	f.Said = said(api)
	return f.Because(&policy.Refusal{Code: api.Code, Said: api.Message, Request: api.RequestID, Field: policy.FieldExpiry})
}

// CrossRegion sends DescribeCrossRegionBackups, whose times have seconds.
func (c *Cloud) CrossRegion(ctx context.Context, from, to time.Time, page int) (backup.SetPage, error) {
	res, err := c.client.DescribeCrossRegionBackups(ctx, DescribeCrossRegionBackupsRequest{RegionId: c.client.region, DBInstanceId: c.instance,
		StartTime: from.UTC().Format(timeSeconds), EndTime: to.UTC().Format(timeSeconds), PageSize: setsAPage, PageNumber: int32(max(page, 1))})
	if err != nil {
		return backup.SetPage{}, told(err)
	}
	out := backup.SetPage{Total: int(res.TotalRecordCount)}
	for _, row := range res.Items.Item {
		s := Backup{BackupId: row.CrossBackupId, BackupType: row.BackupType, BackupMethod: row.BackupMethod, BackupStartTime: row.BackupStartTime,
			BackupEndTime: row.BackupEndTime, BackupSize: row.CrossBackupSetSize, BackupDownloadURL: row.CrossBackupDownloadLink}.set()
		// BackupSetStatus is 0 for success and 1 for failure in the reference's sample.
		s.Failed = row.BackupSetStatus == "1" || strings.EqualFold(string(row.BackupSetStatus), "Failed")
		s.Region = string(row.CrossBackupRegion)
		out.Sets = append(out.Sets, s)
	}
	return out, nil
}

// Restore sends CopyDatabaseBetweenInstances as backup.RestoreCall makes it.
func (c *Cloud) Restore(ctx context.Context, r backup.RestoreOrder) error {
	q, err := backup.RestoreCall(c.instance, r)
	if err != nil {
		return err
	}
	_, err = c.client.CopyDatabaseBetweenInstances(ctx, q)
	return told(noDatabase(err))
}

// Names lists the databases of an instance.
func (c *Cloud) Names(ctx context.Context, instanceID string) ([]string, error) {
	return c.client.Target(instanceID).Databases(ctx)
}

// Usable lists the databases of an instance whose DBStatus is Running.
func (c *Cloud) Usable(ctx context.Context, instanceID string) ([]string, error) {
	return c.client.Target(instanceID).databases(ctx, func(d Database) bool { return d.DBStatus == "Running" })
}
