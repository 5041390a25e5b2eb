package sqlserver

import (
	"context"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Database implements backup.Server.
func (s *Server) Database(ctx context.Context, name string) (backup.Database, error) {
	quotedName, err := tsql.Name(name)
	if err != nil {
		return backup.Database{}, err
	}
	list, err := s.databases(ctx, name)
	if err != nil {
		return backup.Database{}, err
	}
	d, err := named(list, name)
	if err != nil || d.State != "ONLINE" {
		return d, err
	}
	if d.Files, err = s.filesOf(ctx, name); err != nil {
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

// filesOf lists the files of a database. Sizes are in pages of 8 KB; type is 0
// data, 1 log, 2 FILESTREAM, 4 full-text (documentation page
// "sys.master_files").
func (s *Server) filesOf(ctx context.Context, name string) (out []bakfile.DataFile, err error) {
	rows, err := s.askIf(ctx, `SELECT file_id, name, physical_name, type, size FROM sys.master_files WHERE database_id = DB_ID(@p1) ORDER BY file_id`, name)
	letters := map[int64]string{0: "D", 1: "L", 2: "S", 4: "F"}
	for _, r := range rows {
		out = append(out, bakfile.DataFile{FileID: int(r.integer("file_id")), LogicalName: r.text("name"), PhysicalName: r.text("physical_name"), Type: letters[r.integer("type")], Size: r.integer("size") * 8192})
	}
	return out, err
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
	return backup.Database{}, fault.Newf(fault.NotFound, "The server has no database %s that this login can see.", name).WithCode("no-database").
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
