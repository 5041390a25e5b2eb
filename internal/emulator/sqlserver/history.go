package sqlserveremu

import (
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// history is what msdb remembers of backups and restores.
type history struct {
	sets     []historySet
	restores []historyRestore
	nextSet  int64
}

// historySet is a row of backupset with those of the tables around it.
type historySet struct {
	id, media  int64
	set        bakfile.Set
	mediaGUID  bakfile.GUID
	families   []string // device paths by family
	familyIDs  []uint32
	blockSize  int
	user       string
	copyOnly   bool
	zone       int64 // quarter hours
	compressed int64
	damaged    bool
	validUntil time.Time
	features   int // major version of this server
}

type historyRestore struct {
	id, set     int64
	at          time.Time
	destination string
	user        string
	kind        string
	replace     bool
	recovery    bool
	stopAt      any
	devices     int64
}

const maxHistory = 100_000

// record adds a backup; the lock is held.
func (h *history) record(s historySet) int64 {
	h.nextSet++
	s.id, s.media = h.nextSet, h.nextSet
	if len(h.sets) >= maxHistory {
		h.sets = append(h.sets[:0:0], h.sets[maxHistory/2:]...)
	}
	h.sets = append(h.sets, s)
	return s.id
}

// setID finds the row of a backup set, adding one for a set of another server
// as RESTORE does.
func (h *history) setID(s historySet) int64 {
	for _, have := range h.sets {
		if have.set.SetGUID == s.set.SetGUID {
			return have.id
		}
	}
	return h.record(s)
}

const backupsetColumns = "backup_set_id int, backup_set_uuid uniqueidentifier, media_set_id int, first_family_number tinyint, first_media_number smallint, last_family_number tinyint, last_media_number smallint, catalog_family_number tinyint, catalog_media_number smallint, position int, expiration_date datetime, software_vendor_id int, name nvarchar(128), description nvarchar(255), user_name nvarchar(128), software_major_version tinyint, software_minor_version tinyint, software_build_version smallint, time_zone smallint, mtf_minor_version tinyint, first_lsn numeric(25,0), last_lsn numeric(25,0), checkpoint_lsn numeric(25,0), database_backup_lsn numeric(25,0), database_creation_date datetime, backup_start_date datetime, backup_finish_date datetime, type char(1), sort_order smallint, code_page smallint, compatibility_level tinyint, database_version int, backup_size numeric(20,0), database_name nvarchar(128), server_name nvarchar(128), machine_name nvarchar(128), flags int, unicode_locale int, unicode_compare_style int, collation_name nvarchar(128), is_password_protected bit, recovery_model nvarchar(60), has_bulk_logged_data bit, is_snapshot bit, is_readonly bit, is_single_user bit, has_backup_checksums bit, is_damaged bit, begins_log_chain bit, has_incomplete_metadata bit, is_force_offline bit, is_copy_only bit, first_recovery_fork_guid uniqueidentifier, last_recovery_fork_guid uniqueidentifier, fork_point_lsn numeric(25,0), database_guid uniqueidentifier, family_guid uniqueidentifier, differential_base_lsn numeric(25,0), differential_base_guid uniqueidentifier, compressed_backup_size numeric(20,0), key_algorithm nvarchar(32), encryptor_thumbprint varbinary(20), encryptor_type nvarchar(32), last_valid_restore_time datetime, compression_algorithm nvarchar(32)"

var typeLetters = map[bakfile.Type]string{bakfile.TypeFull: "D", bakfile.TypeDifferential: "I", bakfile.TypeLog: "L"}

func backupsetView(n *session, _ *database) (out [][]any) {
	for _, h := range n.server.history.sets {
		s := h.set
		var baseLSN, baseGUID, valid, algorithm any
		if s.Type == bakfile.TypeDifferential {
			baseLSN, baseGUID = lsn(s.DifferentialBaseLSN), s.DifferentialBaseGUID
		}
		if !h.validUntil.IsZero() && h.features >= 16 {
			valid = h.validUntil
		}
		if h.compressed < s.BackupSize && h.features >= 16 {
			algorithm = "MS_XPRESS"
		}
		out = append(out, []any{h.id, s.SetGUID, h.media, int64(1), int64(1), int64(len(h.families)), int64(1), int64(1), int64(1), int64(s.Position), nil,
			int64(4608), text0(s.Name), text0(s.Description), s.UserName, int64(s.VersionMajor), int64(s.VersionMinor), int64(int16(s.VersionBuild)), h.zone, int64(0),
			lsn(s.FirstLSN), lsn(s.LastLSN), lsn(s.CheckpointLSN), lsn(s.DatabaseBackupLSN), s.DatabaseCreated.Time, s.Started.Time, s.Finished.Time, typeLetters[s.Type],
			int64(52), int64(0), int64(s.CompatibilityLevel), int64(s.DatabaseVersion), s.BackupSize, s.Database, s.ServerName, s.MachineName, int64(s.Flags), int64(1033), int64(196609),
			collationName, false, string(s.RecoveryModel), false, false, s.Flags&flagReadOnly != 0, s.Flags&flagSingleUser != 0, s.HasChecksums, h.damaged,
			s.BeginsLogChain, false, s.Flags&flagNoRecovery != 0, h.copyOnly, s.FirstRecoveryForkID, s.RecoveryForkID, lsnOrNull(s.ForkPointLSN), s.BindingID, s.FamilyGUID,
			baseLSN, baseGUID, h.compressed, nil, nil, nil, valid, algorithm})
	}
	return out
}

// text0 is NULL for an empty text.
func text0(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func mediaFamilyView(n *session, _ *database) (out [][]any) {
	for _, h := range n.server.history.sets {
		for i, path := range h.families {
			out = append(out, []any{h.media, int64(i + 1), familyGUID(h.familyIDs[i]), int64(1), nil, path, int64(2), int64(h.blockSize), int64(0)})
		}
	}
	return out
}

// familyGUID shows a media family's number as LABELONLY does.
func familyGUID(id uint32) bakfile.GUID {
	return bakfile.GUID{byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}
}

func mediaSetView(n *session, _ *database) (out [][]any) {
	for _, h := range n.server.history.sets {
		out = append(out, []any{h.media, h.mediaGUID, int64(len(h.families)), nil, nil, "Microsoft SQL Server", int64(4608), int64(1), int64(1), false,
			h.compressed < h.set.BackupSize, false})
	}
	return out
}

func backupFileView(n *session, _ *database) (out [][]any) {
	for _, h := range n.server.history.sets {
		for _, f := range h.set.Files {
			var baseLSN, baseGUID, group any
			if f.Type == "D" {
				group = "PRIMARY"
				if h.set.Type == bakfile.TypeDifferential {
					baseLSN, baseGUID = lsn(h.set.DifferentialBaseLSN), h.set.DifferentialBaseGUID
				}
			}
			size := int64(0)
			if f.BackupSize != nil {
				size = *f.BackupSize
			}
			out = append(out, []any{h.id, int64(1), int64(1), group, int64(8192), int64(f.FileID), size / 8192, f.Type, int64(512), f.Size, f.LogicalName, "/",
				f.PhysicalName, int64(0), "ONLINE", lsn(f.CreateLSN), nil, f.UniqueID, nil, nil, baseLSN, baseGUID, size, nil, false, true})
		}
	}
	return out
}

func restoreHistoryView(n *session, _ *database) (out [][]any) {
	for _, r := range n.server.history.restores {
		out = append(out, []any{r.id, r.at, r.destination, r.user, r.set, r.kind, r.replace, r.recovery, false, r.stopAt, r.devices, nil, false})
	}
	return out
}
