package sqlserver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
)

// maxHistory bounds one page of history.
const maxHistory = 1000

// lookedAt is how many of msdb's newest rows are looked at for what is newest of
// each database: a day of log backups every five minutes of 350 databases. What
// is older the engine itself still knows where it matters.
const lookedAt = 100_000

// Newest implements backup.Server.
func (s *Server) Newest(ctx context.Context) (int64, error) {
	r, err := s.askOne(ctx, `SELECT MAX(backup_set_id) AS newest FROM msdb.dbo.backupset`)
	return r.integer("newest"), err
}

// Recent implements backup.Server. A database that is not open tells no lineage:
// its name alone decides then.
func (s *Server) Recent(ctx context.Context, database string, limit int) ([]backup.HistoryRow, error) {
	if limit < 1 {
		return nil, fault.Newf(fault.Invalid, "%d is no number of rows.", limit)
	}
	newest, err := s.Newest(ctx)
	if err != nil || newest == 0 {
		return nil, err
	}
	where, args := `database_name = @p1 AND backup_set_id > @p2`, []any{database, max(0, newest-s.looked)}
	own, err := s.askIf(ctx, `SELECT family_guid FROM sys.database_recovery_status WHERE database_id = DB_ID(@p1) AND family_guid IS NOT NULL`, database)
	if err != nil {
		return nil, err
	}
	if len(own) > 0 {
		where, args = where+` AND family_guid = @p3`, append(args, own[0].guid("family_guid").String())
	}
	rows, err := s.ask(ctx, fmt.Sprintf(`SELECT TOP (%d) * FROM msdb.dbo.backupset WHERE %s ORDER BY backup_set_id DESC`, min(limit, maxHistory), where), args...)
	if err != nil {
		return nil, err
	}
	return s.withFiles(ctx, rows)
}

// History implements backup.Server.
func (s *Server) History(ctx context.Context, database string, after int64, limit int) ([]backup.HistoryRow, error) {
	if limit < 1 {
		return nil, fault.Newf(fault.Invalid, "%d is no number of rows.", limit)
	}
	where, args := `database_name = @p1 AND backup_set_id > @p2`, []any{database, after}
	if database == "" {
		where, args = `backup_set_id > @p1`, []any{after}
	}
	rows, err := s.ask(ctx, fmt.Sprintf(`SELECT TOP (%d) * FROM msdb.dbo.backupset WHERE %s ORDER BY backup_set_id`, min(limit, maxHistory), where), args...)
	if err != nil {
		return nil, err
	}
	return s.withFiles(ctx, rows)
}

// Named implements backup.Server. The comparison is that of msdb's collation,
// so names that differ in case alone are told apart here. msdb has an index on
// the time a backup ended, in the server's local time, however wrong its clock
// is: so it is asked how long ago by that clock, with a day of slack for clocks
// that were set since and for the hour that summer time moves.
func (s *Server) Named(ctx context.Context, database, name string, since time.Time) ([]backup.HistoryRow, error) {
	rows, err := s.ask(ctx, `SELECT TOP (10) * FROM msdb.dbo.backupset WHERE backup_finish_date >= DATEADD(second, @p3, GETDATE()) AND database_name = @p1 AND name = @p2 ORDER BY backup_set_id DESC`,
		database, name, -int64((min(time.Since(since), 50*365*24*time.Hour)+24*time.Hour)/time.Second))
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return r.text("name") != name })
	return s.withFiles(ctx, rows)
}

// withFiles makes sets of rows of backupset, each with its media family: one
// device, or several for stripes. Mirrors are copies and left out.
func (s *Server) withFiles(ctx context.Context, rows []row) ([]backup.HistoryRow, error) {
	var ids []int64
	for _, r := range rows {
		if id := r.integer("media_set_id"); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	families, err := s.ask(ctx, `SELECT media_set_id, family_sequence_number, physical_device_name, device_type, mirror FROM msdb.dbo.backupmediafamily WHERE media_set_id IN (`+list(ids)+`) ORDER BY media_set_id, family_sequence_number`)
	if err != nil {
		return nil, err
	}
	byMedia := map[int64][]row{}
	for _, f := range families {
		if f.integer("mirror") == 0 {
			byMedia[f.integer("media_set_id")] = append(byMedia[f.integer("media_set_id")], f)
		}
	}
	out := make([]backup.HistoryRow, 0, len(rows))
	for _, r := range rows {
		h := backup.HistoryRow{Set: historySet(r), ID: r.integer("backup_set_id"), User: r.text("user_name")}
		files := byMedia[r.integer("media_set_id")]
		h.Disk = len(files) > 0
		for _, f := range files {
			name := f.text("physical_device_name")
			h.Files = append(h.Files, name)
			h.Set.Files = append(h.Set.Files, backup.SetFile{Name: name, Family: int(f.integer("family_sequence_number")), Position: int(max(1, r.integer("position")))})
			// 2 is disk, 102 a disk behind a logical device. NUL throws
			// everything away, and breaks the chain all the same.
			h.Disk = h.Disk && f.integer("device_type")%100 == 2 && !strings.EqualFold(name, "NUL")
		}
		h.Set.FamilyCount = max(1, len(files))
		out = append(out, h)
	}
	return out, nil
}

func list(ids []int64) string {
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = fmt.Sprint(id)
	}
	return strings.Join(text, ", ")
}

// historySet reads a row of backupset (documentation page "backupset").
func historySet(r row) backup.Set {
	set := backup.Set{
		ID: r.guid("backup_set_uuid"), Name: r.text("name"), Database: r.text("database_name"),
		Server: r.text("server_name"), Machine: r.text("machine_name"),
		Family: r.guid("family_guid"), BindingID: r.guid("database_guid"),
		VersionMajor: int(r.integer("software_major_version")), VersionMinor: int(r.integer("software_minor_version")), VersionBuild: int(r.integer("software_build_version")),
		DatabaseVersion: int(r.integer("database_version")), CompatibilityLevel: int(r.integer("compatibility_level")),
		RecoveryModel: bakfile.RecoveryModel(r.text("recovery_model")),
		First:         r.lsn("first_lsn"), Last: r.lsn("last_lsn"), Checkpoint: r.lsn("checkpoint_lsn"), DatabaseBackup: r.lsn("database_backup_lsn"),
		DifferentialBase: r.guid("differential_base_guid"), DifferentialBaseLSN: r.lsn("differential_base_lsn"),
		FirstFork: r.guid("first_recovery_fork_guid"), Fork: r.guid("last_recovery_fork_guid"), ForkPoint: r.lsn("fork_point_lsn"),
		Started: moment(r.date("backup_start_date"), r), Finished: moment(r.date("backup_finish_date"), r), ValidUntil: moment(r.date("last_valid_restore_time"), r),
		CopyOnly: r.bit("is_copy_only"), Damaged: r.bit("is_damaged"), BulkLogged: r.bit("has_bulk_logged_data"), BeginsLogChain: r.bit("begins_log_chain"),
		Snapshot: r.bit("is_snapshot"), TailLog: r.bit("is_force_offline"), Checksums: r.bit("has_backup_checksums"),
		Size: r.integer("backup_size"), CompressedSize: r.integer("compressed_backup_size"),
		Complete: true,
	}
	set.Compressed = set.CompressedSize > 0 && set.CompressedSize < set.Size
	if set.FirstFork.IsZero() {
		set.FirstFork = set.Fork
	}
	for _, letter := range strings.TrimSpace(r.text("type")) {
		set.Type = bakfile.TypeOf(letter)
	}
	set.Kind = backup.KindOf(set.Type)
	return set
}
