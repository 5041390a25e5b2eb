package backup

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
)

// maxHeaders bounds what FromHeaders reads: about 200,000 rows.
const maxHeaders = 512 << 20

// FromHeaders reads a JSON array of rows of RESTORE HEADERONLY into sets, one
// per row. Columns are found by name, in any case and with or without
// underscores; unknown ones are ignored and absent ones unknown. Numbers may
// be strings, as LSNs must be where the writer's numbers are floating point.
// Dates are YYYY-MM-DD with hh:mm:ss behind a blank or a T, an optional
// fraction and an optional distance from UTC, or /Date(milliseconds)/.
//
// Beyond HEADERONLY's columns a row may have FileName, and for striped sets
// LABELONLY's MediaSetId, FamilyCount and FamilySequenceNumber: such rows with
// the same BackupSetGUID become one set.
func FromHeaders(r io.Reader) ([]Set, error) {
	d := json.NewDecoder(io.LimitReader(r, maxHeaders))
	d.UseNumber()
	var rows []map[string]any
	if err := d.Decode(&rows); err != nil {
		return nil, fault.New(fault.Invalid, "The headers are not a JSON array of objects.",
			"Give the rows of RESTORE HEADERONLY as [{\"BackupType\": 1, \"FirstLSN\": \"…\", …}, …].").Because(err)
	}
	var sets []Set
	striped := map[GUID]int{}
	for i, columns := range rows {
		r := row{number: i + 1, columns: map[string]any{}}
		for name, v := range columns {
			r.columns[columnKey(name)] = v
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
		Kind: kindOf(t), Type: t, ID: r.guid("BackupSetGUID"),
		Name: r.text("BackupName"), Database: r.text("DatabaseName"), Server: r.text("ServerName"), Machine: r.text("MachineName"),
		Family: r.guid("FamilyGUID"), BindingID: r.guid("BindingID"),
		VersionMajor: int(r.number64("SoftwareVersionMajor")), VersionMinor: int(r.number64("SoftwareVersionMinor")),
		VersionBuild: int(r.number64("SoftwareVersionBuild")), DatabaseVersion: int(r.number64("DatabaseVersion")),
		CompatibilityLevel: int(r.number64("CompatibilityLevel")),
		RecoveryModel:      bakfile.RecoveryModel(strings.ReplaceAll(r.text("RecoveryModel"), "_", "-")),
		First:              r.lsn("FirstLSN"), Last: r.lsn("LastLSN"), Checkpoint: r.lsn("CheckpointLSN"),
		DatabaseBackup: r.lsn("DatabaseBackupLSN"), DifferentialBaseLSN: r.lsn("DifferentialBaseLSN"),
		DifferentialBase: r.guid("DifferentialBaseGUID"),
		FirstFork:        r.guid("FirstRecoveryForkID"), Fork: r.guid("RecoveryForkID"), ForkPoint: r.lsn("ForkPointLSN"),
		Started: r.date("BackupStartDate", offset), Finished: r.date("BackupFinishDate", offset),
		ValidUntil: r.date("LastValidRestoreTime", offset),
		CopyOnly:   r.bit("IsCopyOnly"), Damaged: r.bit("IsDamaged"), BulkLogged: r.bit("HasBulkLoggedData"),
		BeginsLogChain: r.bit("BeginsLogChain"), Snapshot: r.bit("IsSnapshot"), TailLog: r.bit("IsForceOffline"),
		Compressed: r.bit("Compressed"), Checksums: r.bit("HasBackupChecksums"),
		Size: r.number64("BackupSize"), CompressedSize: r.number64("CompressedBackupSize"),
		MediaSet: r.guid("MediaSetId"), FamilyCount: r.stripes("FamilyCount"),
	}
	if s.FirstFork.IsZero() {
		s.FirstFork = s.Fork
	}
	s.Complete = r.present("FirstLSN") && r.present("LastLSN")
	s.Files = []SetFile{{Name: r.text("FileName"), Family: r.stripes("FamilySequenceNumber"),
		Position: max(1, int(r.number64("Position"))), Row: r.number}}
	return s
}

func (r *row) value(column string) any { return r.columns[columnKey(column)] }

func (r *row) present(column string) bool { return r.text(column) != "" }

func (r *row) text(column string) string {
	switch v := r.value(column).(type) {
	case nil:
		return ""
	case string:
		return strings.TrimSpace(v)
	default:
		return fmt.Sprint(v)
	}
}

func (r *row) refuse(column, want string) {
	if r.err == nil {
		r.err = fault.Newf(fault.Invalid, "Row %d of the headers: %s is %q, which is not %s.", r.number, column, r.text(column), want).
			WithFix("Export the rows of RESTORE HEADERONLY again; give log sequence numbers as strings or whole numbers.")
	}
}

// whole is the text of a whole number; a fraction of zeros is cut off.
func (r *row) whole(column string) string {
	s := r.text(column)
	if at := strings.IndexByte(s, '.'); at > 0 && strings.Trim(s[at+1:], "0") == "" {
		s = s[:at]
	}
	return s
}

func (r *row) number64(column string) int64 {
	s := r.whole(column)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		r.refuse(column, "a whole number")
	}
	return n
}

// stripes is a number of stripes, or of one; BACKUP writes to 64 files at most.
func (r *row) stripes(column string) int {
	n := r.number64(column)
	if n > 64 {
		r.refuse(column, "a number of stripes up to 64")
		return 1
	}
	return max(1, int(n))
}

func (r *row) lsn(column string) LSN {
	s := r.whole(column)
	if s == "" {
		return LSN{}
	}
	l, err := bakfile.ParseLSN(s)
	if err != nil {
		r.refuse(column, "a log sequence number")
	}
	return l
}

func (r *row) guid(column string) GUID {
	s := r.text(column)
	if s == "" {
		return GUID{}
	}
	g, err := bakfile.ParseGUID(s)
	if err != nil {
		r.refuse(column, "a GUID")
	}
	return g
}

func (r *row) bit(column string) bool {
	switch s := strings.ToLower(r.text(column)); s {
	case "", "0", "false":
		return false
	case "1", "true":
		return true
	}
	r.refuse(column, "0 or 1")
	return false
}

func (r *row) backupType() bakfile.Type {
	switch s := r.text("BackupType"); strings.ToUpper(s) {
	case "D":
		return bakfile.TypeFull
	case "I":
		return bakfile.TypeDifferential
	case "L":
		return bakfile.TypeLog
	case "":
		r.refuse("BackupType", "a backup type")
		return 0
	}
	return bakfile.Type(r.number64("BackupType"))
}

// offset is the distance of the server's clock from UTC, in quarter hours;
// servers show it in a column that may also hold a name, which tells nothing.
func (r *row) offset() *time.Duration {
	n, err := strconv.Atoi(r.whole("TimeZone"))
	if err != nil || n < -48 || n > 56 {
		return nil
	}
	d := time.Duration(n) * 15 * time.Minute
	return &d
}

func (r *row) date(column string, offset *time.Duration) Moment {
	s := r.text(column)
	if s == "" {
		return Moment{}
	}
	if ms, ok := strings.CutPrefix(s, "/Date("); ok {
		n, err := strconv.ParseInt(strings.TrimSuffix(ms, ")/"), 10, 64)
		if err != nil {
			r.refuse(column, "a date")
		}
		utc := time.UnixMilli(n).UTC()
		return Moment{Local: utc, UTC: &utc}
	}
	s = strings.Replace(s, " ", "T", 1)
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		utc := t.UTC()
		return Moment{Local: time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), UTC: &utc}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return moment(bakfile.LocalTime{Time: t}, offset)
		}
	}
	r.refuse(column, "a date")
	return Moment{}
}
