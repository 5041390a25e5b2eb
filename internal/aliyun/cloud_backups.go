package aliyun

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	rds "github.com/alibabacloud-go/rds-20140815/v13/client"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy/clouds"
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
	id := dara.StringValue(res.BackupJobId)
	if id == "" {
		return "", c.client.Uncertain(signedcall.Changes, fault.Newf(fault.Unavailable, "The RDS API accepted the call without naming a job (request %s).", dara.StringValue(res.RequestId)), words.Text{})
	}
	return id, nil
}

// noDatabase reads a code that means in CreateMigrateTask that a name is taken.
func noDatabase(err error) error {
	var api *signedcall.APIError
	if !errors.As(err, &api) || api.Code != "InvalidDBName.NotFound" {
		return err
	}
	return fault.Newf(fault.NotFound, "There is no database of one of these names (%s, request %s).", api.Code, api.RequestID).
		WithFix("Read the list of databases again.").Because(api)
}

// Jobs sends DescribeBackupTasks. The service takes a job's id as a number.
func (c *Cloud) Jobs(ctx context.Context, jobID string) ([]backup.Job, error) {
	q := &rds.DescribeBackupTasksRequest{DBInstanceId: &c.instance}
	if jobID != "" {
		n, err := strconv.ParseInt(jobID, 10, 32)
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "%q is not the id of a backup job.", jobID)
		}
		q.SetBackupJobId(int32(n))
	}
	res, err := c.client.DescribeBackupTasks(ctx, q)
	if err != nil {
		return nil, told(err)
	}
	out := make([]backup.Job, 0, len(res.Items.BackupJob))
	for _, row := range res.Items.BackupJob {
		out = append(out, job(row))
	}
	return out, nil
}

// job reads a row. BackupStatus counts where it is told: the progress status
// may lag behind the end.
func job(j *rds.DescribeBackupTasksResponseBodyItemsBackupJob) backup.Job {
	out := backup.Job{ID: dara.StringValue(j.BackupJobId), SetID: dara.StringValue(j.BackupId), Status: dara.StringValue(j.BackupProgressStatus), Percent: -1,
		Automated: strings.EqualFold(dara.StringValue(j.JobMode), "Automated")}
	switch dara.StringValue(j.BackupStatus) {
	case "Finished", "Success":
		out.Status = "Finished"
	case "Failed":
		out.Status = "Failed"
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(dara.StringValue(j.Process)), "%")); err == nil && n >= 0 && n <= 100 {
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
	total, _ := strconv.Atoi(dara.StringValue(res.TotalRecordCount)) // a text in this answer alone
	page := backup.SetPage{Total: total}
	for _, row := range res.Items.Backup {
		page.Sets = append(page.Sets, set(row))
	}
	return page, nil
}

func (c *Cloud) backups(ctx context.Context, q backup.SetQuery) (*rds.DescribeBackupsResponseBody, error) {
	res, err := c.client.DescribeBackups(ctx, &rds.DescribeBackupsRequest{DBInstanceId: &c.instance, BackupId: &q.ID,
		StartTime: dara.String(minute(q.From)), EndTime: dara.String(minute(q.To)), PageSize: dara.Int32(setsAPage), PageNumber: dara.Int32(int32(max(q.Page, 1)))})
	return res, told(err)
}

// minute writes a query time; the zero time is left out.
func minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(signedcall.TimeMinutes)
}

func set(b *Backup) backup.CloudSet {
	s := backup.CloudSet{ID: dara.StringValue(b.BackupId), Failed: strings.EqualFold(dara.StringValue(b.BackupStatus), "Failed"), Kind: backup.Full,
		Manual: dara.StringValue(b.BackupMode) == "Manual", Snapshot: dara.StringValue(b.BackupMethod) == "Snapshot", CopyOnly: dara.StringValue(b.CopyOnlyBackup) == "1",
		Started: signedcall.Moment(b.BackupStartTime), Finished: signedcall.Moment(b.BackupEndTime), Size: dara.Int64Value(b.BackupSize), Expires: signedcall.Moment(b.ExpectExpireTime),
		Usable: b.IsAvail == nil || *b.IsAvail != 0, Kept: dara.StringValue(b.StoreStatus) == "Disabled", Archived: dara.StringValue(b.StorageClass) == "1",
		Checksum: dara.StringValue(b.Checksum), Downloads: linked(b.BackupDownloadURL, b.BackupIntranetDownloadURL)}
	switch dara.StringValue(b.BackupType) {
	case "IncrementalBackup", "I": // the lists of copies in other regions have F and I
		s.Kind = backup.Differential
	}
	if b.BackupDownloadLinkByDB != nil {
		for _, link := range b.BackupDownloadLinkByDB.BackupDownloadLinkByDB {
			s.Databases = append(s.Databases, dara.StringValue(link.DataBase))
			s.Downloads = s.Downloads || linked(link.DownloadLink, link.IntranetDownloadLink)
		}
	}
	return s
}

// linked reports whether there is a link among these.
func linked(links ...*string) bool {
	return slices.ContainsFunc(links, func(link *string) bool { return dara.StringValue(link) != "" })
}

// SetDatabases sends DescribeBackupDatabase. Where the service does not offer
// it, nothing is told.
func (c *Cloud) SetDatabases(ctx context.Context, setID string) (names []string, err error) {
	res, err := c.client.DescribeBackupDatabase(ctx, &rds.DescribeBackupDatabaseRequest{DBInstanceId: &c.instance, BackupId: &setID})
	if fault.Is(err, fault.Invalid) {
		return nil, nil
	}
	if err != nil {
		return nil, told(err)
	}
	for name := range strings.SplitSeq(dara.StringValue(res.DatabaseNames), ",") {
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
	out := backup.LogPage{Total: int(dara.Int32Value(res.TotalRecordCount)), Bytes: dara.Int64Value(res.TotalFileSize)}
	for _, row := range res.Items.BinLogFile {
		out.Logs = append(out.Logs, backup.CloudLog{From: signedcall.Moment(row.LogBeginTime), To: signedcall.Moment(row.LogEndTime), Size: dara.Int64Value(row.FileSize)})
	}
	return out, nil
}

func (c *Cloud) logs(ctx context.Context, from, to time.Time, page int) (*rds.DescribeLogBackupFilesResponseBody, error) {
	res, err := c.client.DescribeLogBackupFiles(ctx, &rds.DescribeLogBackupFilesRequest{DBInstanceId: &c.instance,
		StartTime: dara.String(minute(from)), EndTime: dara.String(minute(to)), PageSize: dara.Int32(logsAPage), PageNumber: dara.Int32(int32(max(page, 1)))})
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
		if dara.StringValue(row.BackupId) != setID {
			continue
		}
		var out []backup.Link
		add := func(database, public, intranet *string) {
			if linked(public, intranet) {
				out = append(out, backup.Link{Database: dara.StringValue(database), Public: secret.NewText(dara.StringValue(public)), Intranet: secret.NewText(dara.StringValue(intranet))})
			}
		}
		add(nil, row.BackupDownloadURL, row.BackupIntranetDownloadURL)
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
			if signedcall.Moment(row.LogBeginTime).Equal(from.UTC()) && signedcall.Moment(row.LogEndTime).Equal(to.UTC()) && linked(row.DownloadLink, row.IntranetDownloadLink) {
				out = append(out, backup.Link{Public: secret.NewText(dara.StringValue(row.DownloadLink)), Intranet: secret.NewText(dara.StringValue(row.IntranetDownloadLink)),
					Expires: signedcall.Moment(row.LinkExpiredTime)})
			}
		}
		if len(out) > 0 {
			return out, nil
		}
		if len(res.Items.BinLogFile) < logsAPage {
			break
		}
	}
	return nil, fault.Newf(fault.NotFound, "The instance has no log backup from %s to %s any more.", from.UTC().Format(signedcall.TimeSeconds), to.UTC().Format(signedcall.TimeSeconds)).
		WithFix("Read the list of log backups again: it may have expired.")
}

// Extend sends ModifyBackupSetExpireTime and looks at Success, since the call
// may refuse with HTTP status 200.
func (c *Cloud) Extend(ctx context.Context, setID string, until time.Time) error {
	res, err := c.client.ModifyBackupSetExpireTime(ctx, backup.ExtendCall(c.instance, setID, until))
	if api := (*signedcall.APIError)(nil); errors.As(err, &api) && api.Code == "InvalidExpectExpireTime.Format" {
		res, err = c.client.ModifyBackupSetExpireTime(ctx, backup.ExtendCallInSeconds(c.instance, setID, until))
	}
	if err != nil {
		return told(err)
	}
	code := dara.StringValue(res.Code)
	if dara.BoolValue(res.Success) || res.Success == nil && (code == "" || code == "200") {
		return nil
	}
	api := &signedcall.APIError{Status: 200, Code: c.client.Clean(code, 100), Message: c.client.Clean(dara.StringValue(res.Message), 500), RequestID: dara.StringValue(res.RequestId)}
	f := explain.Fault(fault.Conflict, "expiry", explain.AtService, "").Because(api)
	f.Said = rdsAPI.Said(api)
	return f.Because(&clouds.Refusal{Code: api.Code, Said: api.Message, Request: api.RequestID, Field: clouds.FieldExpiry})
}

// CrossRegion sends DescribeCrossRegionBackups, whose times have seconds.
func (c *Cloud) CrossRegion(ctx context.Context, from, to time.Time, page int) (backup.SetPage, error) {
	res, err := c.client.DescribeCrossRegionBackups(ctx, &rds.DescribeCrossRegionBackupsRequest{RegionId: &c.client.region, DBInstanceId: &c.instance,
		StartTime: dara.String(from.UTC().Format(signedcall.TimeSeconds)), EndTime: dara.String(to.UTC().Format(signedcall.TimeSeconds)), PageSize: dara.Int32(setsAPage), PageNumber: dara.Int32(int32(max(page, 1)))})
	if err != nil {
		return backup.SetPage{}, told(err)
	}
	out := backup.SetPage{Total: int(dara.Int32Value(res.TotalRecordCount))}
	for _, row := range res.Items.Item {
		s := set(&Backup{BackupId: row.CrossBackupId, BackupType: row.BackupType, BackupMethod: row.BackupMethod, BackupStartTime: row.BackupStartTime,
			BackupEndTime: row.BackupEndTime, BackupSize: row.CrossBackupSetSize, BackupDownloadURL: row.CrossBackupDownloadLink})
		status := dara.StringValue(row.BackupSetStatus)
		s.Failed = status == "1" || strings.EqualFold(status, "Failed")
		s.Region = dara.StringValue(row.CrossBackupRegion)
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
	return c.client.Target(instanceID).databases(ctx, func(d *Database) bool { return dara.StringValue(d.DBStatus) == "Running" })
}
