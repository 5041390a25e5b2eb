package msdb

import (
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/media"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Columns of the tables, as in CREATE TABLE (public pages "backupset" and its
// neighbours).
const (
	BackupsetColumns   = "backup_set_id int, backup_set_uuid uniqueidentifier, media_set_id int, first_family_number tinyint, first_media_number smallint, last_family_number tinyint, last_media_number smallint, catalog_family_number tinyint, catalog_media_number smallint, position int, expiration_date datetime, software_vendor_id int, name nvarchar(128), description nvarchar(255), user_name nvarchar(128), software_major_version tinyint, software_minor_version tinyint, software_build_version smallint, time_zone smallint, mtf_minor_version tinyint, first_lsn numeric(25,0), last_lsn numeric(25,0), checkpoint_lsn numeric(25,0), database_backup_lsn numeric(25,0), database_creation_date datetime, backup_start_date datetime, backup_finish_date datetime, type char(1), sort_order smallint, code_page smallint, compatibility_level tinyint, database_version int, backup_size numeric(20,0), database_name nvarchar(128), server_name nvarchar(128), machine_name nvarchar(128), flags int, unicode_locale int, unicode_compare_style int, collation_name nvarchar(128), is_password_protected bit, recovery_model nvarchar(60), has_bulk_logged_data bit, is_snapshot bit, is_readonly bit, is_single_user bit, has_backup_checksums bit, is_damaged bit, begins_log_chain bit, has_incomplete_metadata bit, is_force_offline bit, is_copy_only bit, first_recovery_fork_guid uniqueidentifier, last_recovery_fork_guid uniqueidentifier, fork_point_lsn numeric(25,0), database_guid uniqueidentifier, family_guid uniqueidentifier, differential_base_lsn numeric(25,0), differential_base_guid uniqueidentifier, compressed_backup_size numeric(20,0), key_algorithm nvarchar(32), encryptor_thumbprint varbinary(20), encryptor_type nvarchar(32), last_valid_restore_time datetime, compression_algorithm nvarchar(32)"
	MediaFamilyColumns = "media_set_id int, family_sequence_number tinyint, media_family_id uniqueidentifier, media_count int, logical_device_name nvarchar(128), physical_device_name nvarchar(260), device_type tinyint, physical_block_size int, mirror tinyint"
	MediaSetColumns    = "media_set_id int, media_uuid uniqueidentifier, media_family_count tinyint, name nvarchar(128), description nvarchar(255), software_name nvarchar(128), software_vendor_id int, MTF_major_version tinyint, mirror_count tinyint, is_password_protected bit, is_compressed bit, is_encrypted bit"
	BackupFileColumns  = "backup_set_id int, first_family_number tinyint, first_media_number smallint, filegroup_name nvarchar(128), page_size int, file_number numeric(10,0), backed_up_page_count numeric(10,0), file_type char(1), source_file_block_size numeric(10,0), file_size numeric(20,0), logical_name nvarchar(128), physical_drive nvarchar(260), physical_name nvarchar(260), state tinyint, state_desc nvarchar(64), create_lsn numeric(25,0), drop_lsn numeric(25,0), file_guid uniqueidentifier, read_only_lsn numeric(25,0), read_write_lsn numeric(25,0), differential_base_lsn numeric(25,0), differential_base_guid uniqueidentifier, backup_size numeric(20,0), filegroup_guid uniqueidentifier, is_readonly bit, is_present bit"
	RestoreColumns     = "restore_history_id int, restore_date datetime, destination_database_name nvarchar(128), user_name nvarchar(128), backup_set_id int, restore_type char(1), replace bit, recovery bit, restart bit, stop_at datetime, device_count tinyint, stop_at_mark_name nvarchar(128), stop_before bit"
)

// Letters of backupset.type.
var Letters = map[bakfile.Type]string{bakfile.TypeFull: "D", bakfile.TypeDifferential: "I", bakfile.TypeLog: "L"}

// backupset is the row of a set.
func (h *Set) backupset() []any {
	s := h.Set
	var baseLSN, baseGUID, valid, algorithm any
	if s.Type == bakfile.TypeDifferential {
		baseLSN, baseGUID = value.LSN(s.DifferentialBaseLSN), s.DifferentialBaseGUID
	}
	if !h.ValidUntil.IsZero() && h.Major >= 16 {
		valid = h.ValidUntil
	}
	if h.Compressed < s.BackupSize && h.Major >= 16 {
		algorithm = "MS_XPRESS"
	}
	return []any{h.id, s.SetGUID, h.media, int64(1), int64(1), int64(len(h.Families)), int64(1), int64(1), int64(1), int64(s.Position), nil,
		int64(4608), value.TextOrNull(s.Name), value.TextOrNull(s.Description), s.UserName, int64(s.VersionMajor), int64(s.VersionMinor), int64(int16(s.VersionBuild)), h.Zone, int64(0),
		value.LSN(s.FirstLSN), value.LSN(s.LastLSN), value.LSN(s.CheckpointLSN), value.LSN(s.DatabaseBackupLSN), s.DatabaseCreated.Time, s.Started.Time, s.Finished.Time, Letters[s.Type],
		int64(52), int64(0), int64(s.CompatibilityLevel), int64(s.DatabaseVersion), s.BackupSize, s.Database, s.ServerName, s.MachineName, int64(s.Flags), int64(1033), int64(196609),
		h.Collation, false, string(s.RecoveryModel), false, s.IsSnapshot(), s.Flags&media.FlagReadOnly != 0, s.Flags&media.FlagSingleUser != 0, s.HasChecksums, h.Damaged,
		s.BeginsLogChain, false, s.Flags&media.FlagNoRecovery != 0, h.CopyOnly, s.FirstRecoveryForkID, s.RecoveryForkID, value.LSNOrNull(s.ForkPointLSN), s.BindingID, s.FamilyGUID,
		baseLSN, baseGUID, h.Compressed, nil, nil, nil, valid, algorithm}
}

func (h *Set) families() (out [][]any) {
	device := int64(2)
	if h.IsSnapshot() {
		device = 7 // virtual
	}
	for i, path := range h.Families {
		out = append(out, []any{h.media, int64(i + 1), FamilyGUID(h.FamilyIDs[i]), int64(1), nil, path, device, int64(h.BlockSize), int64(0)})
	}
	return out
}

// FamilyGUID shows a media family's number as LABELONLY does.
func FamilyGUID(id uint32) bakfile.GUID {
	return bakfile.GUID{byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}
}

func (h *Set) mediaSet() []any {
	return []any{h.media, h.MediaGUID, int64(len(h.Families)), nil, nil, "Microsoft SQL Server", int64(4608), int64(1), int64(1), false,
		h.Compressed < h.BackupSize, false}
}

func (h *Set) files() (out [][]any) {
	for _, f := range h.Set.Files {
		var baseLSN, baseGUID, group any
		if f.Type == "D" {
			group = "PRIMARY"
			if h.Set.Type == bakfile.TypeDifferential {
				baseLSN, baseGUID = value.LSN(h.Set.DifferentialBaseLSN), h.Set.DifferentialBaseGUID
			}
		}
		size := int64(0)
		if f.BackupSize != nil {
			size = *f.BackupSize
		}
		out = append(out, []any{h.id, int64(1), int64(1), group, int64(8192), int64(f.FileID), size / 8192, f.Type, int64(512), f.Size, f.LogicalName, "/",
			f.PhysicalName, int64(0), "ONLINE", value.LSN(f.CreateLSN), nil, f.UniqueID, nil, nil, baseLSN, baseGUID, size, nil, false, true})
	}
	return out
}

func (r Restore) row(id int) []any {
	return []any{int64(id), r.Began, r.Destination, r.User, r.Set, r.Kind, r.Replace, r.Recovery, false, r.StopAt, r.Devices, nil, false}
}
