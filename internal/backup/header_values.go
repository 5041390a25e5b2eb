package backup

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
)

func (r *row) value(column string) any { return r.columns[columnKey(column)] }

func (r *row) present(column string) bool { return r.typed(column) != "" }

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

// typed is the text of a column that holds no names: there the word NULL, as
// query windows print it, is none.
func (r *row) typed(column string) string {
	s := r.text(column)
	if strings.EqualFold(s, "NULL") {
		return ""
	}
	return s
}

// refuse keeps the first thing that is wrong; fix says how to write it right.
func (r *row) refuse(column, want, fix string) {
	if r.err == nil {
		said := r.text(column)
		if len(said) > 80 {
			said = strings.ToValidUTF8(said[:80], "") + "…"
		}
		r.err = fault.Newf(fault.Invalid, "Row %d of the headers: %s is %q, which is not %s.", r.number, column, said, want).WithFix("%s", fix)
	}
}

const (
	fixRow  = "Export the rows of RESTORE HEADERONLY again, or correct the column."
	fixLSN  = "Give log sequence numbers as strings or whole numbers: a program that reads them as floating point spoils them."
	fixDate = "Write dates as 2026-11-20T01:00:00, on the clock of the server that made the backup, or with a distance from UTC."
	fixType = "Give BackupType as HEADERONLY has it (1, 2, 4 to 8), as msdb has it (D, I, L, F, G, P, Q), or BackupTypeDescription."
)

// whole is the text of a whole number; a fraction of zeros is cut off.
func (r *row) whole(column string) string {
	s := r.typed(column)
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
		r.refuse(column, "a whole number", fixRow)
	}
	return n
}

// stripes is a number of stripes, or of one; BACKUP writes to 64 files at most.
func (r *row) stripes(column string) int {
	n := r.number64(column)
	if n > 64 {
		r.refuse(column, "a number of stripes up to 64", fixRow)
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
		r.refuse(column, "a log sequence number", fixLSN)
	}
	return l
}

func (r *row) guid(column string) GUID {
	s := r.typed(column)
	if s == "" {
		return GUID{}
	}
	g, err := bakfile.ParseGUID(s)
	if err != nil {
		r.refuse(column, "a GUID", fixRow)
	}
	return g
}

func (r *row) bit(column string) bool {
	switch s := strings.ToLower(r.typed(column)); s {
	case "", "0", "false":
		return false
	case "1", "true":
		return true
	}
	r.refuse(column, "0 or 1", fixRow)
	return false
}

// about, says, known and position read what no order depends on: what makes no
// sense there is unknown.
func (r *row) about(column string) int64 { return quietly(r, column, (*row).number64) }

func (r *row) says(column string) bool { return quietly(r, column, (*row).bit) }

func (r *row) known(column string) GUID { return quietly(r, column, (*row).guid) }

func (r *row) position(column string) LSN { return quietly(r, column, (*row).lsn) }

func quietly[T any](r *row, column string, read func(*row, string) T) (v T) {
	alone := row{number: r.number, columns: r.columns}
	if got := read(&alone, column); alone.err == nil {
		v = got
	}
	return v
}

// typeSaid is a kind of backup by the letter of msdb, the words of
// BackupTypeDescription or those that people write; 0 = none of them.
func typeSaid(lower string) bakfile.Type {
	if len(lower) == 1 {
		return bakfile.TypeOf(rune(lower[0] - 'a' + 'A'))
	}
	switch lower {
	case "database", "full", "full database":
		return bakfile.TypeFull
	case "transaction log", "log":
		return bakfile.TypeLog
	case "database differential", "differential database", "differential", "diff":
		return bakfile.TypeDifferential
	case "file or filegroup", "file", "filegroup":
		return bakfile.TypeFile
	case "differential file", "file differential", "file or filegroup differential":
		return bakfile.TypeDifferentialFile
	case "partial":
		return bakfile.TypePartial
	case "partial differential", "differential partial", "file differential partial":
		return bakfile.TypeDifferentialPartial
	}
	return 0
}

// backupType reads BackupType, or where that is absent BackupTypeDescription or
// msdb's type, as a number, a letter or words.
func (r *row) backupType() bakfile.Type {
	for _, column := range []string{"BackupType", "Type", "BackupTypeDescription"} {
		said := strings.ToLower(r.whole(column))
		if said == "" {
			continue
		}
		if t := typeSaid(said); t != 0 {
			return t
		}
		if n, err := strconv.Atoi(said); err == nil && n > 0 {
			return bakfile.Type(n)
		}
		if column != "Type" {
			r.refuse(column, "a backup type", fixType)
			return 0
		}
	}
	r.refuse("BackupType", "a backup type", fixType)
	return 0
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

// toldInUTC is a moment of which a program told UTC; the server's clock is known
// where TimeZone says how far it is from that.
func toldInUTC(utc time.Time, offset *time.Duration) Moment {
	m := Moment{Local: utc, UTC: &utc, Adrift: offset == nil}
	if offset != nil {
		m.Local = utc.Add(*offset)
	}
	return m
}

func (r *row) date(column string, offset *time.Duration) Moment {
	s := r.typed(column)
	if s == "" {
		return Moment{}
	}
	if ms, ok := strings.CutPrefix(s, "/Date("); ok {
		ms = strings.TrimSuffix(ms, ")/")
		if at := strings.LastIndexAny(ms, "+-"); at > 0 {
			ms = ms[:at] // the zone of the writer; the milliseconds are of UTC
		}
		n, err := strconv.ParseInt(ms, 10, 64)
		if err != nil {
			r.refuse(column, "a date", fixDate)
			return Moment{}
		}
		return toldInUTC(time.UnixMilli(n).UTC(), offset)
	}
	s = strings.Replace(s, " ", "T", 1)
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		utc := t.UTC()
		if offset != nil || strings.HasSuffix(s, "Z") { // Z is what programs write of any clock
			return toldInUTC(utc, offset)
		}
		return Moment{Local: time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), UTC: &utc}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return moment(bakfile.LocalTime{Time: t}, offset)
		}
	}
	r.refuse(column, "a date", fixDate)
	return Moment{}
}
