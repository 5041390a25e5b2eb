package sqlserveremu

import (
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/media"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/msdb"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/order"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/query"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Columns of the information commands, after the public pages "RESTORE
// HEADERONLY", "RESTORE FILELISTONLY" and "RESTORE LABELONLY". From version on
// (16) there are three more in the first.
const (
	headerColumns   = "BackupName nvarchar(128), BackupDescription nvarchar(255), BackupType smallint, ExpirationDate datetime, Compressed bit, Position smallint, DeviceType tinyint, UserName nvarchar(128), ServerName nvarchar(128), DatabaseName nvarchar(128), DatabaseVersion int, DatabaseCreationDate datetime, BackupSize numeric(20,0), FirstLSN numeric(25,0), LastLSN numeric(25,0), CheckpointLSN numeric(25,0), DatabaseBackupLSN numeric(25,0), BackupStartDate datetime, BackupFinishDate datetime, SortOrder smallint, CodePage smallint, UnicodeLocaleId int, UnicodeComparisonStyle int, CompatibilityLevel tinyint, SoftwareVendorId int, SoftwareVersionMajor int, SoftwareVersionMinor int, SoftwareVersionBuild int, MachineName nvarchar(128), Flags int, BindingID uniqueidentifier, RecoveryForkID uniqueidentifier, Collation nvarchar(128), FamilyGUID uniqueidentifier, HasBulkLoggedData bit, IsSnapshot bit, IsReadOnly bit, IsSingleUser bit, HasBackupChecksums bit, IsDamaged bit, BeginsLogChain bit, HasIncompleteMetaData bit, IsForceOffline bit, IsCopyOnly bit, FirstRecoveryForkID uniqueidentifier, ForkPointLSN numeric(25,0), RecoveryModel nvarchar(60), DifferentialBaseLSN numeric(25,0), DifferentialBaseGUID uniqueidentifier, BackupTypeDescription nvarchar(60), BackupSetGUID uniqueidentifier, CompressedBackupSize bigint, Containment tinyint, KeyAlgorithm nvarchar(32), EncryptorThumbprint varbinary(20), EncryptorType nvarchar(32)"
	headerColumns16 = ", LastValidRestoreTime datetime, TimeZone nvarchar(32), CompressionAlgorithm nvarchar(32)"
	listColumns     = "LogicalName nvarchar(128), PhysicalName nvarchar(260), Type char(1), FileGroupName nvarchar(128), Size numeric(20,0), MaxSize numeric(20,0), FileId bigint, CreateLSN numeric(25,0), DropLSN numeric(25,0), UniqueId uniqueidentifier, ReadOnlyLSN numeric(25,0), ReadWriteLSN numeric(25,0), BackupSizeInBytes bigint, SourceBlockSize int, FileGroupId int, LogGroupGUID uniqueidentifier, DifferentialBaseLSN numeric(25,0), DifferentialBaseGUID uniqueidentifier, IsReadOnly bit, IsPresent bit, TDEThumbprint varbinary(32), SnapshotUrl nvarchar(360)"
	labelColumns    = "MediaName nvarchar(128), MediaSetId uniqueidentifier, FamilyCount int, FamilySequenceNumber int, MediaFamilyId uniqueidentifier, MediaSequenceNumber int, MediaLabelPresent tinyint, MediaDescription nvarchar(255), SoftwareName nvarchar(128), SoftwareVendorId int, MediaDate datetime, Mirror_Count int, IsCompressed bit"
)

// containmentPlace is the column Containment of HEADERONLY.
const containmentPlace = 52

// information answers HEADERONLY, FILELISTONLY and LABELONLY.
func (n *session) information(kind string, o order.Restore) error {
	if err := n.mayLook(); err != nil {
		return err
	}
	files, err := n.gather(o, true)
	if err != nil {
		return err
	}
	file := files[0].Headers
	r := &query.Relation{}
	switch kind {
	case "HEADERONLY":
		columns := headerColumns
		n.server.mu.Lock()
		modern := n.server.version[0] >= 16
		n.server.mu.Unlock()
		if modern {
			columns += headerColumns16
		}
		r.Columns = query.ColumnsOf(columns)
		for _, s := range file.Sets {
			if o.Position > 0 && o.Position != s.Position {
				continue
			}
			row := headerRow(&s, n.server.config.Collation)
			if p, err := (media.Source{Set: s, Media: files}).Contents(); err == nil && p.Contained {
				row[containmentPlace] = int64(1)
			}
			if modern {
				var algorithm any
				if s.CompressedSize < s.BackupSize {
					algorithm = "MS_XPRESS"
				}
				row = append(row, s.Started.Time, nil, algorithm)
			}
			r.Rows = append(r.Rows, row)
		}
	case "FILELISTONLY":
		src, err := media.Pick(files, o.Position)
		if err != nil {
			return err
		}
		r.Columns = query.ColumnsOf(listColumns)
		p, _ := src.Contents()
		for _, f := range src.Set.Files {
			if p.Spaces[f.FilegroupName] != "" {
				f.Type = "S" // which code says so in a file is unknown: there it is D
			}
			r.Rows = append(r.Rows, listRow(&src.Set, f))
		}
	case "LABELONLY":
		r.Columns = query.ColumnsOf(labelColumns)
		m := file.Media
		compressed := len(file.Sets) > 0 && file.Sets[0].CompressedSize < file.Sets[0].BackupSize
		r.Rows = [][]any{{value.TextOrNull(m.Name), m.SetGUID, int64(m.FamilyCount), int64(m.FamilySequence), msdb.FamilyGUID(m.FamilyID), int64(m.SequenceNumber), int64(0),
			value.TextOrNull(m.Description), m.SoftwareName, int64(m.SoftwareVendorID), m.Date.Time, int64(1), compressed}}
	}
	if kind == "HEADERONLY" && len(r.Rows) == 0 {
		_, err := media.Pick(files, o.Position)
		return err
	}
	columns := make([]tds.Column, len(r.Columns))
	for i, c := range r.Columns {
		columns[i] = tds.Column{Name: c.Name, Type: c.Type}
	}
	n.reply.Columns(columns)
	for _, row := range r.Rows {
		for i := range row {
			if row[i], err = value.Convert(row[i], columns[i].Type); err != nil {
				return err
			}
		}
		if err := n.reply.Row(row); err != nil {
			return err
		}
	}
	n.reply.Done(tds.CommandSelect, int64(len(r.Rows)))
	return nil
}

func headerRow(s *bakfile.Set, collation string) []any {
	var baseLSN, baseGUID any
	if s.Type == bakfile.TypeDifferential {
		baseLSN, baseGUID = value.LSN(s.DifferentialBaseLSN), s.DifferentialBaseGUID
	}
	return []any{value.TextOrNull(s.Name), value.TextOrNull(s.Description), int64(s.Type), nil, s.CompressedSize > 0 && s.CompressedSize < s.BackupSize, int64(s.Position), int64(2), s.UserName, s.ServerName, s.Database,
		int64(s.DatabaseVersion), s.DatabaseCreated.Time, s.BackupSize, value.LSN(s.FirstLSN), value.LSN(s.LastLSN), value.LSN(s.CheckpointLSN), value.LSN(s.DatabaseBackupLSN), s.Started.Time, s.Finished.Time,
		int64(s.SortOrder), int64(0), int64(s.UnicodeLocale), int64(s.UnicodeCompare), int64(s.CompatibilityLevel), int64(4608), int64(s.VersionMajor), int64(s.VersionMinor), int64(s.VersionBuild),
		s.MachineName, int64(s.Flags &^ 0x800), s.BindingID, s.RecoveryForkID, collation, s.FamilyGUID, s.HasBulkLoggedData(), s.IsSnapshot(), s.Flags&media.FlagReadOnly != 0, s.Flags&media.FlagSingleUser != 0,
		s.HasChecksums, s.IsDamaged(), s.BeginsLogChain, s.HasIncompleteMetadata(), s.Flags&media.FlagNoRecovery != 0, s.LooksCopyOnly(), s.FirstRecoveryForkID, value.LSNOrNull(s.ForkPointLSN),
		string(s.RecoveryModel), baseLSN, baseGUID, s.Type.String(), s.SetGUID, s.CompressedSize, int64(0), nil, nil, nil}
}

func listRow(s *bakfile.Set, f bakfile.DataFile) []any {
	var group, baseLSN, baseGUID any
	size := int64(0)
	if f.Type != "L" {
		group, baseLSN, baseGUID = f.FilegroupName, value.LSN(s.DatabaseBackupLSN), s.DifferentialBaseGUID
		if s.Type != bakfile.TypeLog {
			size = s.BackupSize
		}
	}
	return []any{f.LogicalName, f.PhysicalName, f.Type, group, f.Size, f.MaxSize, int64(f.FileID), value.LSN(f.CreateLSN), nil, f.UniqueID, nil, nil,
		size, int64(f.SourceBlockSize), int64(f.FilegroupID), nil, baseLSN, baseGUID, false, true, nil, nil}
}
