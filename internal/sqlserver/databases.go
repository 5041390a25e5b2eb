package sqlserver

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/tsql"
)

// One question per concern, however many databases there are; {…} stands only
// when one database is asked for. Only the first must be answered; a login that
// may not see the others leaves facts unknown.
const (
	allDatabases = `SELECT * FROM sys.databases WHERE source_database_id IS NULL AND name <> N'tempdb' { AND name = @p1 } ORDER BY name`

	// type 0 data, 1 log, 2 FILESTREAM and memory-optimised containers.
	fileSizes = `SELECT database_id, type, SUM(CONVERT(bigint, size)) AS pages FROM sys.master_files { WHERE database_id = DB_ID(@p1) } GROUP BY database_id, type`

	tracked = `SELECT database_id FROM sys.change_tracking_databases { WHERE database_id = DB_ID(@p1) }`

	lineages = `SELECT * FROM sys.database_recovery_status { WHERE database_id = DB_ID(@p1) }`

	// What a differential would build on, as the engine knows it: it stays true
	// when msdb is purged, the server renamed or a copy-only full taken.
	bases = `SELECT database_id, file_id, differential_base_guid, differential_base_time, DATEDIFF(second, GETUTCDATE(), GETDATE()) AS utc_offset FROM sys.master_files WHERE type = 0 { AND database_id = DB_ID(@p1) } ORDER BY database_id, file_id`

	// backup_set_id grows with time; the row of the newest has its time zone.
	// RESTORE writes sets of other servers into msdb too, perhaps under a name
	// that exists here: lineage and fork tell, and names are those of the
	// server's collation. Which rows are looked at is filled in.
	newestBackups = `SELECT DB_ID(b.database_name) AS database_id, b.type, b.family_guid, b.last_recovery_fork_guid, b.backup_finish_date, b.time_zone FROM msdb.dbo.backupset AS b
 JOIN (SELECT MAX(backup_set_id) AS newest FROM msdb.dbo.backupset WHERE %s AND is_snapshot = 0 AND (type = 'I' OR type IN ('D', 'L') AND is_copy_only = 0) GROUP BY database_name, type, family_guid, last_recovery_fork_guid) AS m ON m.newest = b.backup_set_id
 ORDER BY b.backup_set_id`

	// 2016 SP2 and later; local time, 1900-01-01 for never.
	goodChecks = `SELECT name, CONVERT(datetime, DATABASEPROPERTYEX(name, 'LastGoodCheckDbTime')) AS checked, DATEDIFF(second, GETUTCDATE(), GETDATE()) AS utc_offset FROM sys.databases { WHERE name = @p1 }`
)

// Databases implements backup.Server. EditionFeatures and
// LogBytesSinceBackup must be asked from each database by itself: they are
// there for Database alone, and LastDiff and LastLog for Databases alone.
func (s *Server) Databases(ctx context.Context) ([]backup.Database, error) {
	return s.databases(ctx, "")
}

// about asks a question on all databases, or on one.
type about struct {
	server *Server
	name   string // empty = all
}

var condition = regexp.MustCompile(`{(.*?)}`)

func (a about) ask(ctx context.Context, question string) ([]row, error) {
	if a.name == "" {
		return a.server.ask(ctx, condition.ReplaceAllString(question, ""))
	}
	return a.server.ask(ctx, condition.ReplaceAllString(question, "$1"), a.name)
}

// askIf takes a refusal for an empty answer.
func (a about) askIf(ctx context.Context, question string) ([]row, error) {
	rows, err := a.ask(ctx, question)
	if refused(err) {
		return nil, nil
	}
	return rows, err
}

func (s *Server) databases(ctx context.Context, only string) ([]backup.Database, error) {
	of := about{s, only}
	rows, err := of.ask(ctx, allDatabases)
	if err != nil {
		return nil, err
	}
	list := make([]backup.Database, 0, len(rows))
	byName, byID := map[string]int{}, map[int64]int{}
	grouped := false
	for _, r := range rows {
		d := database(r)
		byName[d.Name], byID[int64(d.ID)] = len(list), len(list)
		grouped = grouped || d.InAvailabilityGroup
		list = append(list, d)
	}
	if err := of.addFiles(ctx, list, byID); err != nil {
		return nil, err
	}
	if err := of.addBackups(ctx, list, byName, byID); err != nil {
		return nil, err
	}
	if grouped {
		if err := of.addGroups(ctx, list, byName); err != nil {
			return nil, err
		}
	}
	free, err := s.freeAtFolder(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].FreeBackupBytes = free
	}
	return list, nil
}

func database(r row) backup.Database {
	return backup.Database{
		ID: int(r.integer("database_id")), Name: r.text("name"), State: r.text("state_desc"),
		RecoveryModel: r.text("recovery_model_desc"), ReadOnly: r.bit("is_read_only"), Standby: r.bit("is_in_standby"), Asleep: r.text("state_desc") == "ONLINE" && r.bit("is_auto_close_on") && !r.has("collation_name"), UserAccess: r.text("user_access_desc"),
		Encrypted: r.bit("is_encrypted"), PageVerify: r.text("page_verify_option_desc"), CompatibilityLevel: int(r.integer("compatibility_level")),
		Broker: r.bit("is_broker_enabled"), Trustworthy: r.bit("is_trustworthy_on"), CDC: r.bit("is_cdc_enabled"), Published: r.bit("is_published") || r.bit("is_merge_published"),
		PreferredReplica: true, InAvailabilityGroup: r.has("replica_id"),
		FreeBackupBytes: -1, LogBytesSinceBackup: -1,
	}
}

// addFiles adds sizes and lineages.
func (a about) addFiles(ctx context.Context, list []backup.Database, byID map[int64]int) error {
	rows, err := a.askIf(ctx, fileSizes)
	if err != nil {
		return err
	}
	for _, r := range rows {
		i, ok := byID[r.integer("database_id")]
		if !ok {
			continue
		}
		switch bytes := r.integer("pages") * 8192; r.integer("type") {
		case 0:
			list[i].DataBytes += bytes
		case 1:
			list[i].LogBytes += bytes
		case 2:
			list[i].Filestream = true // or of memory-optimised tables: its filegroup tells
		}
	}
	for i := range list {
		if list[i].Filestream && list[i].State == "ONLINE" {
			if err := a.containers(ctx, &list[i]); err != nil {
				return err
			}
		}
	}
	if rows, err = a.askIf(ctx, tracked); err != nil {
		return err
	}
	for _, r := range rows {
		if i, ok := byID[r.integer("database_id")]; ok {
			list[i].Tracking = true
		}
	}
	if rows, err = a.askIf(ctx, lineages); err != nil {
		return err
	}
	for _, r := range rows {
		if i, ok := byID[r.integer("database_id")]; ok {
			list[i].Family, list[i].Fork = r.guid("family_guid"), r.guid("recovery_fork_guid")
			list[i].FirstFork, list[i].ForkPoint = r.guid("first_recovery_fork_guid"), r.lsn("fork_point_lsn")
			list[i].LastLogBackupLSN = r.lsn("last_log_backup_lsn")
		}
	}
	return nil
}

// containers tells FILESTREAM from memory-optimised tables, whose files have one
// type (documentation page "sys.data_spaces").
func (a about) containers(ctx context.Context, d *backup.Database) error {
	in, err := tsql.Name(d.Name)
	if err != nil {
		return err
	}
	rows, err := a.server.askIf(ctx, "SELECT type FROM "+in+".sys.data_spaces WHERE type IN ('FD', 'FX')")
	if err != nil || len(rows) == 0 {
		return err
	}
	d.Filestream = false
	for _, r := range rows {
		switch r.text("type") {
		case "FD":
			d.Filestream = true
		case "FX":
			d.MemoryOptimised = true
		}
	}
	return nil
}

// addNewest adds the newest backups of each lineage. It looks through a hundred
// thousand rows of msdb, which has no index for it: with a database alone, which
// a cutover asks about often, the base by its key is enough. A read-only database
// gets no new log: its last one, behind which nothing is missing, may lie further
// back, and is looked for there.
func (a about) addNewest(ctx context.Context, list []backup.Database, byID map[int64]int) error {
	newest, err := a.server.Newest(ctx)
	if refused(err) {
		newest, err = 0, nil
	}
	if err != nil {
		return err
	}
	from := max(0, newest-a.server.looked)
	if err := a.addRows(ctx, list, byID, fmt.Sprintf("backup_set_id > %d", from)); err != nil || from == 0 {
		return err
	}
	var quiet []string
	for _, d := range list {
		if d.ReadOnly && d.LastLog.IsZero() && !d.LastLogBackupLSN.IsZero() {
			name, err := tsql.Text(d.Name, tsql.MaxName)
			if err != nil {
				return err
			}
			quiet = append(quiet, name)
		}
	}
	if len(quiet) == 0 {
		return nil
	}
	return a.addRows(ctx, list, byID, fmt.Sprintf("backup_set_id <= %d AND type = 'L' AND database_name IN (%s)", from, strings.Join(quiet, ", ")))
}

// addRows adds the newest backups of each lineage among some rows of msdb.
func (a about) addRows(ctx context.Context, list []backup.Database, byID map[int64]int, which string) error {
	rows, err := a.server.askIf(ctx, fmt.Sprintf(newestBackups, which))
	if err != nil {
		return err
	}
	for _, r := range rows {
		i, ok := byID[r.integer("database_id")]
		if !ok || !list[i].Family.IsZero() && (r.guid("family_guid") != list[i].Family || r.guid("last_recovery_fork_guid") != list[i].Fork) {
			continue
		}
		finished := moment(r.date("backup_finish_date"), r).Time()
		switch strings.TrimSpace(r.text("type")) {
		case "D":
			list[i].LastFull = finished
		case "I":
			list[i].LastDiff = finished
		case "L":
			list[i].LastLog = finished
		}
	}
	return nil
}

// addBackups adds what the engine, msdb and the boot pages remember.
func (a about) addBackups(ctx context.Context, list []backup.Database, byName map[string]int, byID map[int64]int) error {
	rows, err := a.askIf(ctx, bases)
	if err != nil {
		return err
	}
	for _, r := range rows {
		i, ok := byID[r.integer("database_id")]
		if ok {
			list[i].BaseTold = !list[i].Asleep
		}
		if ok && list[i].BaseGUID.IsZero() && r.has("differential_base_guid") {
			list[i].BaseGUID = r.guid("differential_base_guid")
			list[i].BaseAt = r.date("differential_base_time").Add(-quarters(r.integer("utc_offset"))).UTC()
		}
	}
	if a.name == "" {
		if err := a.addNewest(ctx, list, byID); err != nil {
			return err
		}
	}
	if err := a.addOldFulls(ctx, list); err != nil {
		return err
	}
	if rows, err = a.askIf(ctx, goodChecks); err != nil {
		return err
	}
	for _, r := range rows {
		if i, ok := byName[r.text("name")]; ok && r.date("checked").Year() > 1900 {
			list[i].LastGoodCheck = r.date("checked").Add(-quarters(r.integer("utc_offset"))).UTC()
		}
	}
	return nil
}
