package sqlserver

import (
	"context"
	"fmt"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
)

// Headers reads what backup files on the server say of their sets (RESTORE
// HEADERONLY). Several files are the stripes of one media set.
func (s *Server) Headers(ctx context.Context, files []string) ([]backup.Set, error) {
	l, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	defer l.close()
	return l.headers(ctx, files)
}

func (l *session) headers(ctx context.Context, files []string) ([]backup.Set, error) {
	from, err := devices("FROM", files)
	if err != nil {
		return nil, err
	}
	rows, err := l.rows(ctx, "RESTORE HEADERONLY "+from)
	if err != nil {
		return nil, err
	}
	sets := make([]backup.Set, 0, len(rows))
	for _, r := range rows {
		sets = append(sets, headerSet(r, files))
	}
	return sets, nil
}

// headerSet reads a row by names; its times have no zone before 2022.
func headerSet(r row, files []string) backup.Set {
	if r.has("timezone") {
		r["time_zone"] = r.integer("timezone")
	}
	t := bakfile.Type(r.integer("backuptype"))
	set := backup.Set{
		Type: t, ID: r.guid("backupsetguid"), Name: r.text("backupname"), Database: r.text("databasename"),
		Server: r.text("servername"), Machine: r.text("machinename"), Family: r.guid("familyguid"), BindingID: r.guid("bindingid"),
		VersionMajor: int(r.integer("softwareversionmajor")), VersionMinor: int(r.integer("softwareversionminor")), VersionBuild: int(r.integer("softwareversionbuild")),
		DatabaseVersion: int(r.integer("databaseversion")), CompatibilityLevel: int(r.integer("compatibilitylevel")),
		RecoveryModel: bakfile.RecoveryModel(r.text("recoverymodel")),
		First:         r.lsn("firstlsn"), Last: r.lsn("lastlsn"), Checkpoint: r.lsn("checkpointlsn"), DatabaseBackup: r.lsn("databasebackuplsn"),
		DifferentialBase: r.guid("differentialbaseguid"), DifferentialBaseLSN: r.lsn("differentialbaselsn"),
		FirstFork: r.guid("firstrecoveryforkid"), Fork: r.guid("recoveryforkid"), ForkPoint: r.lsn("forkpointlsn"),
		Started: moment(r.date("backupstartdate"), r), Finished: moment(r.date("backupfinishdate"), r), ValidUntil: moment(r.date("lastvalidrestoretime"), r),
		CopyOnly: r.bit("iscopyonly"), Damaged: r.bit("isdamaged"), BulkLogged: r.bit("hasbulkloggeddata"), BeginsLogChain: r.bit("beginslogchain"),
		Snapshot: r.bit("issnapshot"), TailLog: r.bit("isforceoffline"), Compressed: r.bit("compressed"), Checksums: r.bit("hasbackupchecksums"),
		Size: r.integer("backupsize"), CompressedSize: r.integer("compressedbackupsize"),
		Complete: r.has("firstlsn") && r.has("lastlsn"), FamilyCount: len(files),
	}
	switch t {
	case bakfile.TypeFull:
		set.Kind = backup.Full
	case bakfile.TypeDifferential:
		set.Kind = backup.Differential
	case bakfile.TypeLog:
		set.Kind = backup.Log
	default:
		set.Kind = backup.Other
	}
	for i, f := range files {
		set.Files = append(set.Files, backup.SetFile{Name: f, Family: i + 1, Position: int(max(1, r.integer("position")))})
	}
	return set
}

// fileList tells the database files inside the backup at a position of files (RESTORE FILELISTONLY).
// BackupSize is nil where the server does not tell.
func (l *session) fileList(ctx context.Context, files []string, position int) ([]bakfile.DataFile, error) {
	from, err := devices("FROM", files)
	if err != nil {
		return nil, err
	}
	rows, err := l.rows(ctx, fmt.Sprintf("RESTORE FILELISTONLY %s WITH FILE = %d", from, max(position, 1)))
	if err != nil {
		return nil, err
	}
	out := make([]bakfile.DataFile, 0, len(rows))
	for _, r := range rows {
		f := bakfile.DataFile{
			FileID: int(r.integer("fileid")), LogicalName: r.text("logicalname"), PhysicalName: r.text("physicalname"), Type: r.text("type"),
			FilegroupID: int(r.integer("filegroupid")), FilegroupName: r.text("filegroupname"),
			Size: r.integer("size"), MaxSize: r.integer("maxsize"), UniqueID: r.guid("uniqueid"),
			SourceBlockSize: int(r.integer("sourceblocksize")), CreateLSN: r.lsn("createlsn"),
		}
		if r.has("backupsizeinbytes") {
			n := r.integer("backupsizeinbytes")
			f.BackupSize = &n
		}
		out = append(out, f)
	}
	return out, nil
}

// Label reads a file's media header (RESTORE LABELONLY), which tells to which
// stripes of which media set it belongs.
func (s *Server) Label(ctx context.Context, file string) (bakfile.Media, error) {
	from, err := devices("FROM", []string{file})
	if err != nil {
		return bakfile.Media{}, err
	}
	rows, err := s.longRows(ctx, "RESTORE LABELONLY "+from)
	if err != nil {
		return bakfile.Media{}, err
	}
	if len(rows) == 0 {
		return bakfile.Media{}, fault.Newf(fault.Invalid, "SQL Server tells nothing of %s.", file)
	}
	r := rows[0]
	return bakfile.Media{
		SetGUID: r.guid("mediasetid"), FamilyCount: int(r.integer("familycount")), FamilySequence: int(r.integer("familysequencenumber")),
		SequenceNumber: int(r.integer("mediasequencenumber")), Name: r.text("medianame"), Description: r.text("mediadescription"),
		SoftwareName: r.text("softwarename"), SoftwareVendorID: int(r.integer("softwarevendorid")),
		Date: bakfile.LocalTime{Time: r.date("mediadate")},
	}, nil
}
