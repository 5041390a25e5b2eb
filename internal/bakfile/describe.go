package bakfile

import (
	"fmt"
	"time"
)

// Description is a File in the words of the RESTORE information commands, for
// JSON. What the file does not tell, or not truthfully, is null. Log sequence
// numbers are decimal strings, "0" where HEADERONLY shows zero; dates are the
// source server's local time as YYYY-MM-DD hh:mm:ss; sizes are bytes.
type Description struct {
	Container      Container `json:"container"`
	FileSize       int64     `json:"file_size"`
	BackupSetCount *int      `json:"backup_set_count"` // null in a truncated file: more may have followed
	Truncated      bool      `json:"truncated,omitempty"`

	TDEThumbprint string `json:"tde_thumbprint,omitempty"` // hexadecimal, of the certificate that the database needs

	Media MediaDescription `json:"media"`
	Sets  []SetDescription `json:"sets"`
}

// MediaDescription is LABELONLY's row.
type MediaDescription struct {
	MediaSetGUID         GUID    `json:"media_set_guid"`
	FamilyCount          int     `json:"family_count"`
	FamilySequenceNumber int     `json:"family_sequence_number"`
	MediaFamilyID        string  `json:"media_family_id_u32"`
	MediaSequenceNumber  int     `json:"media_sequence_number"`
	MediaName            string  `json:"media_name"`
	MediaDescription     string  `json:"media_description"`
	SoftwareName         string  `json:"software_name"`
	SoftwareVendorID     int     `json:"software_vendor_id"`
	MediaDate            *string `json:"media_date"`
	PhysicalBlockSize    int     `json:"physical_block_size"`
}

// SetDescription is HEADERONLY's row; FlagsRaw is as stored in the file, which
// may differ from HEADERONLY's column.
type SetDescription struct {
	Position               int               `json:"position"`
	BackupType             *Type             `json:"backup_type"`
	BackupTypeDescription  *string           `json:"backup_type_description"`
	BackupName             string            `json:"backup_name"`
	BackupDescription      string            `json:"backup_description"`
	DatabaseName           string            `json:"database_name"`
	ServerName             string            `json:"server_name"`
	MachineName            string            `json:"machine_name"`
	UserName               string            `json:"user_name"`
	SoftwareVersion        string            `json:"software_version"`
	DatabaseVersion        int               `json:"database_version"`
	CompatibilityLevel     int               `json:"compatibility_level"`
	RecoveryModel          *RecoveryModel    `json:"recovery_model"`
	DatabaseCreationDate   *string           `json:"database_creation_date"`
	BackupStartDate        *string           `json:"backup_start_date"`
	BackupFinishDate       *string           `json:"backup_finish_date"`
	UTCOffsetMinutes       *int              `json:"utc_offset_minutes"`
	FirstLSN               *LSN              `json:"first_lsn"`
	LastLSN                *LSN              `json:"last_lsn"`
	CheckpointLSN          *LSN              `json:"checkpoint_lsn"`
	DatabaseBackupLSN      LSN               `json:"database_backup_lsn"`
	DifferentialBaseLSN    *LSN              `json:"differential_base_lsn"`
	DifferentialBaseGUID   *GUID             `json:"differential_base_guid"`
	BackupSetGUID          GUID              `json:"backup_set_guid"`
	BindingID              GUID              `json:"binding_id"`
	RecoveryForkID         GUID              `json:"recovery_fork_id"`
	FamilyGUID             GUID              `json:"family_guid"`
	FlagsRaw               uint32            `json:"flags_raw"`
	HasBackupChecksums     bool              `json:"has_backup_checksums"`
	Compressed             bool              `json:"compressed"`
	BackupSize             *int64            `json:"backup_size"`
	CompressedBackupSize   *int64            `json:"compressed_backup_size"`
	SortOrder              int               `json:"sort_order"`
	UnicodeLocaleID        int               `json:"unicode_locale_id"`
	UnicodeComparisonStyle int               `json:"unicode_comparison_style"`
	Files                  []FileDescription `json:"files"`
	BeginsLogChain         *bool             `json:"begins_log_chain,omitempty"` // logs only
	CopyOnly               bool              `json:"copy_only,omitempty"`
	TailLog                bool              `json:"tail_log,omitempty"`
	NoRecovery             bool              `json:"no_recovery,omitempty"` // HEADERONLY's IsForceOffline
}

// FileDescription is FILELISTONLY's row.
type FileDescription struct {
	FileID            int     `json:"file_id"`
	LogicalName       string  `json:"logical_name"`
	PhysicalName      string  `json:"physical_name"`
	Type              *string `json:"type"`
	FilegroupID       int     `json:"filegroup_id"`
	FilegroupName     *string `json:"filegroup_name"`
	Size              int64   `json:"size"`
	MaxSize           int64   `json:"max_size"`
	UniqueID          GUID    `json:"unique_id"`
	BackupSizeInBytes *int64  `json:"backup_size_in_bytes"`
	SourceBlockSize   int     `json:"source_block_size"`
	CreateLSN         LSN     `json:"create_lsn"`
}

// Describe puts the file into the words of the RESTORE commands.
func (f *File) Describe() Description {
	m := f.Media
	d := Description{
		Container: f.Container,
		FileSize:  f.Size,
		Truncated: f.Truncated,

		TDEThumbprint: f.TDEThumbprint,
		Media: MediaDescription{
			MediaSetGUID: m.SetGUID, FamilyCount: m.FamilyCount, FamilySequenceNumber: m.FamilySequence,
			MediaFamilyID: fmt.Sprintf("0x%08x", m.FamilyID), MediaSequenceNumber: m.SequenceNumber,
			MediaName: m.Name, MediaDescription: m.Description,
			SoftwareName: m.SoftwareName, SoftwareVendorID: m.SoftwareVendorID,
			MediaDate: m.Date.describe(), PhysicalBlockSize: m.PhysicalBlockSize,
		},
		Sets: []SetDescription{},
	}
	if !f.Truncated {
		n := len(f.Sets)
		d.BackupSetCount = &n
	}
	for i := range f.Sets {
		d.Sets = append(d.Sets, f.Sets[i].describe())
	}
	return d
}

func (s *Set) describe() SetDescription {
	d := SetDescription{
		Position:   s.Position,
		BackupName: s.Name, BackupDescription: s.Description, DatabaseName: s.Database,
		ServerName: s.ServerName, MachineName: s.MachineName, UserName: s.UserName,
		SoftwareVersion: s.Version(), DatabaseVersion: s.DatabaseVersion,
		CompatibilityLevel: s.CompatibilityLevel, RecoveryModel: known(s.RecoveryModel),
		DatabaseCreationDate: s.DatabaseCreated.describe(), BackupStartDate: s.Started.describe(),
		BackupFinishDate:  s.Finished.describe(),
		DatabaseBackupLSN: s.DatabaseBackupLSN,
		BackupSetGUID:     s.SetGUID, BindingID: s.BindingID, RecoveryForkID: s.RecoveryForkID,
		FamilyGUID: s.FamilyGUID,
		FlagsRaw:   s.Flags, HasBackupChecksums: s.HasChecksums, Compressed: s.IsCompressed,
		CompressedBackupSize: known(s.CompressedSize),
		SortOrder:            s.SortOrder, UnicodeLocaleID: s.UnicodeLocale, UnicodeComparisonStyle: s.UnicodeCompare,
		CopyOnly: s.LooksCopyOnly(), TailLog: s.IsTailLog(), NoRecovery: s.HasNoRecovery(),
		Files: []FileDescription{},
	}
	if s.Type != 0 {
		words := s.Type.String()
		d.BackupType, d.BackupTypeDescription = &s.Type, &words
	}
	if s.UTCOffset != nil {
		minutes := int(*s.UTCOffset / time.Minute)
		d.UTCOffsetMinutes = &minutes
	}
	if s.LSNsTrustworthy {
		d.FirstLSN, d.LastLSN, d.CheckpointLSN = &s.FirstLSN, &s.LastLSN, &s.CheckpointLSN
	}
	if s.Type.IsDifferential() {
		d.DifferentialBaseLSN, d.DifferentialBaseGUID = known(s.DifferentialBaseLSN), known(s.DifferentialBaseGUID)
	}
	if s.Complete {
		d.BackupSize = &s.BackupSize
	}
	if s.Type == TypeLog && s.LSNsTrustworthy {
		d.BeginsLogChain = &s.BeginsLogChain
	}
	for _, f := range s.Files {
		d.Files = append(d.Files, f.describe())
	}
	return d
}

func (f DataFile) describe() FileDescription {
	d := FileDescription{
		FileID: f.FileID, LogicalName: f.LogicalName, PhysicalName: f.PhysicalName,
		Type: known(f.Type), FilegroupID: f.FilegroupID, Size: f.Size, MaxSize: f.MaxSize,
		UniqueID: f.UniqueID, BackupSizeInBytes: f.BackupSize, SourceBlockSize: f.SourceBlockSize,
		CreateLSN: f.CreateLSN,
	}
	if f.Type != "L" {
		d.FilegroupName = known(f.FilegroupName)
	}
	return d
}

// IsDifferential reports whether a set of this type needs a base.
func (t Type) IsDifferential() bool {
	return t == TypeDifferential || t == TypeDifferentialFile || t == TypeDifferentialPartial
}

// known is nil for the zero value, which stands for unknown.
func known[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func (t LocalTime) describe() *string {
	if t.IsZero() {
		return nil
	}
	s := t.Format(time.DateTime)
	return &s
}
