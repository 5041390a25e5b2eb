package backup

import (
	"io"
	"strings"

	"github.com/bakplane/bakplane/internal/bakfile"
)

// maxHeaders bounds what FromHeaders reads: about 200,000 rows.
const maxHeaders = 512 << 20

// FromHeaders reads rows of RESTORE HEADERONLY as JSON into sets, one per row:
// an array of objects, one object, or objects one after the other, in UTF-8 or
// UTF-16. Columns are found by name, in any case and with or without
// underscores; unknown ones are ignored and absent ones unknown. NULL is null,
// nothing, or {} as PowerShell writes it. Numbers may be strings, as LSNs must
// be where the writer's numbers are floating point. Dates are YYYY-MM-DD with
// hh:mm:ss behind a blank or a T, an optional fraction and an optional distance
// from UTC, or /Date(milliseconds)/.
//
// A column without which the order can be told does not refuse the rows: what
// it says is then unknown.
//
// Beyond HEADERONLY's columns a row may have FileName, and for striped sets
// LABELONLY's MediaSetId, FamilyCount and FamilySequenceNumber: such rows with
// the same BackupSetGUID become one set.
func FromHeaders(r io.Reader) ([]Set, error) {
	rows, err := headerRows(r)
	if err != nil {
		return nil, err
	}
	var sets []Set
	striped := map[GUID]int{}
	for i, columns := range rows {
		r := row{number: i + 1, columns: map[string]any{}}
		for name, v := range columns {
			r.columns[columnKey(name)] = plainValue(v)
		}
		s := r.set()
		if r.err != nil {
			return nil, r.err
		}
		if at, ok := striped[s.ID]; ok && s.FamilyCount > 1 && !sets[at].hasStripe(s.Files[0].Family) {
			join(&sets[at], s, s.Files[0])
			continue
		}
		if s.FamilyCount > 1 && !s.ID.IsZero() {
			striped[s.ID] = len(sets)
		}
		sets = append(sets, s)
	}
	return sets, nil
}

func columnKey(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, "_", ""))
}

// row reads typed values and keeps the first error.
type row struct {
	number  int
	columns map[string]any
	err     error
}

func (r *row) set() Set {
	t := r.backupType()
	offset := r.offset()
	s := Set{
		Kind: KindOf(t), Type: t, ID: r.guid("BackupSetGUID"),
		Name: r.text("BackupName"), Database: r.text("DatabaseName"), Server: r.text("ServerName"), Machine: r.text("MachineName"),
		Family: r.guid("FamilyGUID"), BindingID: r.known("BindingID"),
		VersionMajor: int(r.about("SoftwareVersionMajor")), VersionMinor: int(r.about("SoftwareVersionMinor")),
		VersionBuild: int(r.about("SoftwareVersionBuild")), DatabaseVersion: int(r.about("DatabaseVersion")),
		CompatibilityLevel: int(r.about("CompatibilityLevel")),
		RecoveryModel:      bakfile.RecoveryModel(strings.ReplaceAll(r.text("RecoveryModel"), "_", "-")),
		First:              r.lsn("FirstLSN"), Last: r.lsn("LastLSN"), Checkpoint: r.position("CheckpointLSN"),
		DatabaseBackup: r.position("DatabaseBackupLSN"), Fork: r.guid("RecoveryForkID"),
		Started: r.date("BackupStartDate", offset), Finished: r.date("BackupFinishDate", offset),
		ValidUntil: r.date("LastValidRestoreTime", offset),
		CopyOnly:   r.bit("IsCopyOnly"), Damaged: r.bit("IsDamaged"), BulkLogged: r.bit("HasBulkLoggedData"),
		BeginsLogChain: r.bit("BeginsLogChain"), Snapshot: r.bit("IsSnapshot"), TailLog: r.bit("IsForceOffline"),
		Compressed: r.says("Compressed"), Checksums: r.says("HasBackupChecksums"),
		Size: r.about("BackupSize"), CompressedSize: r.about("CompressedBackupSize"),
		MediaSet: r.guid("MediaSetId"), FamilyCount: r.stripes("FamilyCount"),
	}
	switch s.Kind {
	case Differential:
		s.DifferentialBase = r.guid("DifferentialBaseGUID")
		s.DifferentialBaseLSN = r.position("DifferentialBaseLSN")
		if s.DifferentialBase.IsZero() {
			s.DifferentialBaseLSN = r.lsn("DifferentialBaseLSN")
		}
	case Log:
		s.FirstFork, s.ForkPoint = r.guid("FirstRecoveryForkID"), r.lsn("ForkPointLSN")
	}
	if s.FirstFork.IsZero() {
		s.FirstFork = s.Fork
	}
	s.Complete = r.present("FirstLSN") && r.present("LastLSN")
	s.Files = []SetFile{{Name: r.text("FileName"), Family: r.stripes("FamilySequenceNumber"),
		Position: max(1, int(r.about("Position"))), Row: r.number}}
	return s
}
