package sqlserver

import (
	"context"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// One question per concern, however many databases there are. Only the first
// must be answered; a login that may not see the others leaves facts unknown.
const (
	allDatabases = `SELECT * FROM sys.databases WHERE source_database_id IS NULL AND name <> N'tempdb' ORDER BY name`

	// type 0 data, 1 log, 2 FILESTREAM and memory-optimised containers.
	fileSizes = `SELECT database_id, type, SUM(CONVERT(bigint, size)) AS pages FROM sys.master_files GROUP BY database_id, type`

	lineages = `SELECT * FROM sys.database_recovery_status`

	// backup_set_id grows with time; the row of the newest has its time zone.
	newestBackups = `SELECT b.database_name, b.type, b.backup_finish_date, b.time_zone FROM msdb.dbo.backupset AS b
 JOIN (SELECT MAX(backup_set_id) AS newest FROM msdb.dbo.backupset WHERE type IN ('D', 'I', 'L') GROUP BY database_name, type) AS m ON m.newest = b.backup_set_id`

	// 2016 SP2 and later; local time, 1900-01-01 for never.
	goodChecks = `SELECT name, CONVERT(datetime, DATABASEPROPERTYEX(name, 'LastGoodCheckDbTime')) AS checked, DATEDIFF(second, GETUTCDATE(), GETDATE()) AS utc_offset FROM sys.databases`

	preferred = `SELECT name, sys.fn_hadr_backup_is_preferred_replica(name) AS is_preferred FROM sys.databases WHERE replica_id IS NOT NULL`
)

// Databases implements backup.Server. EditionFeatures and
// LogBytesSinceBackup must be asked from each database by itself: they are
// there for Database alone.
func (s *Server) Databases(ctx context.Context) ([]backup.Database, error) {
	rows, err := s.ask(ctx, allDatabases)
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
	if err := s.addFiles(ctx, list, byID); err != nil {
		return nil, err
	}
	if err := s.addBackups(ctx, list, byName); err != nil {
		return nil, err
	}
	if grouped {
		rows, err := s.askIf(ctx, preferred)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if i, ok := byName[r.text("name")]; ok {
				list[i].PreferredReplica = r.bit("is_preferred")
			}
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
		RecoveryModel: r.text("recovery_model_desc"), ReadOnly: r.bit("is_read_only"), UserAccess: r.text("user_access_desc"),
		Encrypted: r.bit("is_encrypted"), PageVerify: r.text("page_verify_option_desc"), CompatibilityLevel: int(r.integer("compatibility_level")),
		PreferredReplica: true, InAvailabilityGroup: r.has("replica_id"),
		FreeBackupBytes: -1, LogBytesSinceBackup: -1,
	}
}

// addFiles adds sizes and lineages.
func (s *Server) addFiles(ctx context.Context, list []backup.Database, byID map[int64]int) error {
	rows, err := s.askIf(ctx, fileSizes)
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
			list[i].Filestream = true
		}
	}
	if rows, err = s.askIf(ctx, lineages); err != nil {
		return err
	}
	for _, r := range rows {
		if i, ok := byID[r.integer("database_id")]; ok {
			list[i].Family, list[i].Fork = r.guid("family_guid"), r.guid("recovery_fork_guid")
			list[i].LastLogBackupLSN = r.lsn("last_log_backup_lsn")
		}
	}
	return nil
}

// addBackups adds what msdb and the boot pages remember.
func (s *Server) addBackups(ctx context.Context, list []backup.Database, byName map[string]int) error {
	rows, err := s.askIf(ctx, newestBackups)
	if err != nil {
		return err
	}
	for _, r := range rows {
		i, ok := byName[r.text("database_name")]
		if !ok {
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
	if rows, err = s.askIf(ctx, goodChecks); err != nil {
		return err
	}
	for _, r := range rows {
		if i, ok := byName[r.text("name")]; ok && r.date("checked").Year() > 1900 {
			list[i].LastGoodCheck = r.date("checked").Add(-quarters(r.integer("utc_offset"))).UTC()
		}
	}
	return nil
}

// Database implements backup.Server.
func (s *Server) Database(ctx context.Context, name string) (backup.Database, error) {
	quotedName, err := quoteName(name)
	if err != nil {
		return backup.Database{}, err
	}
	list, err := s.Databases(ctx)
	if err != nil {
		return backup.Database{}, err
	}
	d, err := named(list, name)
	if err != nil || d.State != "ONLINE" {
		return d, err
	}
	rows, err := s.askIf(ctx, `SELECT feature_name FROM `+quotedName+`.sys.dm_db_persisted_sku_features`)
	if err != nil {
		return d, err
	}
	for _, r := range rows {
		d.EditionFeatures = append(d.EditionFeatures, r.text("feature_name"))
	}
	d.LogBytesSinceBackup, err = s.logSinceBackup(ctx, d.ID, quotedName)
	return d, err
}

// named finds a database as the server would, whose names mostly ignore case;
// of two that differ in case alone the exact one is meant.
func named(list []backup.Database, name string) (backup.Database, error) {
	found := -1
	for i, d := range list {
		if d.Name == name {
			return d, nil
		}
		if strings.EqualFold(d.Name, name) {
			found = i
		}
	}
	if found >= 0 {
		return list[found], nil
	}
	return backup.Database{}, fault.Newf(fault.NotFound, "The server has no database %s that this login can see.", name).
		WithFix("It was dropped or renamed, or the login lacks the right to see it.")
}

// logSinceBackup is how much log the next log backup has to write: in bytes
// since 2014, in megabytes from another view since 2016 SP2.
func (s *Server) logSinceBackup(ctx context.Context, id int, quotedName string) (int64, error) {
	rows, err := s.askIf(ctx, `SELECT log_space_in_bytes_since_last_backup AS bytes FROM `+quotedName+`.sys.dm_db_log_space_usage`)
	if err != nil {
		return -1, err
	}
	if len(rows) > 0 && rows[0].has("bytes") {
		return rows[0].integer("bytes"), nil
	}
	if rows, err = s.askIf(ctx, `SELECT log_since_last_log_backup_mb AS mb FROM sys.dm_db_log_stats(@p1)`, id); err != nil {
		return -1, err
	}
	if len(rows) > 0 && rows[0].has("mb") {
		return int64(rows[0].float("mb") * (1 << 20)), nil
	}
	return -1, nil
}

// moment is a time of msdb: the server's local time, with time_zone in quarter
// hours beside it, 127 for unknown (documentation page "backupset").
func moment(local time.Time, r row) backup.Moment {
	if local.IsZero() {
		return backup.Moment{}
	}
	m := backup.Moment{Local: local}
	if q := r.integer("time_zone"); r.has("time_zone") && q >= -48 && q <= 56 {
		utc := local.Add(-time.Duration(q) * 15 * time.Minute).UTC()
		m.UTC = &utc
	}
	return m
}
