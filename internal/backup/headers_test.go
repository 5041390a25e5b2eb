package backup_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
)

// asUTF16 writes text as PowerShell's redirection does.
func asUTF16(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func TestHeadersAreReadAsPeopleWriteThem(t *testing.T) {
	const row = `{"BackupType": 1, "DatabaseName": "订单", "FirstLSN": "34000000100000001", "LastLSN": "34000000110000001", "BackupFinishDate": "2026-11-20T01:01:00"}`
	for name, text := range map[string]string{
		"an array":             "[" + row + "]",
		"one object":           row,
		"a mark":               "\xef\xbb\xbf[" + row + "]",
		"UTF-16":               asUTF16(binary.LittleEndian, "\ufeff["+row+"]\r\n"),
		"UTF-16 big-endian":    asUTF16(binary.BigEndian, "\ufeff"+row),
		"UTF-16 without mark":  asUTF16(binary.LittleEndian, row),
		"UTF-16BE, no mark":    asUTF16(binary.BigEndian, "["+row+"]"),
		"value and Count":      `{"value": [` + row + `], "Count": 1}`,
		"NULL as {}":           strings.Replace(row, "{", `{"ForkPointLSN": {}, "DifferentialBaseGUID": {}, "FamilyGUID": {}, "IsDamaged": {}, "BackupSize": {}, "LastValidRestoreTime": {},`, 1),
		"NULL as a word":       strings.Replace(row, "{", `{"ForkPointLSN": "NULL", "DifferentialBaseGUID": "NULL", "LastValidRestoreTime": "NULL",`, 1),
		"a date in an object":  strings.Replace(row, `"2026-11-20T01:01:00"`, `{"value": "\/Date(1795136460000)\/", "DisplayHint": 2, "DateTime": "Friday"}`, 1),
		"a date of PowerShell": strings.Replace(row, `"2026-11-20T01:01:00"`, `"\/Date(1795136460000+0100)\/"`, 1),
		"description alone":    strings.Replace(row, `"BackupType": 1`, `"BackupTypeDescription": "Database"`, 1),
		"letter":               strings.Replace(row, `"BackupType": 1`, `"BackupType": "D"`, 1),
		"letter of msdb":       strings.Replace(row, `"BackupType": 1`, `"type": "D"`, 1),
		"type as 1.0":          strings.Replace(row, `"BackupType": 1`, `"BackupType": 1.0`, 1),
		"bad unused columns": strings.Replace(row, "{", `{"BackupSize": -1, "CompressedBackupSize": "12 MB", "CompatibilityLevel": "x", "DatabaseVersion": 1.5, "SoftwareVersionMajor": "?",
			"BindingID": "none", "CheckpointLSN": "x", "DatabaseBackupLSN": 1e20, "DifferentialBaseLSN": "x", "DifferentialBaseGUID": "x", "FirstRecoveryForkID": "x", "ForkPointLSN": "x",
			"Compressed": "perhaps", "HasBackupChecksums": 7, "Position": "first", "ExpirationDate": "never", "Collation": 5,`, 1),
	} {
		sets, err := backup.FromHeaders(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(sets) != 1 || sets[0].Kind != backup.Full || sets[0].Database != "订单" || sets[0].Last.String() != "34000000110000001" || !sets[0].Complete ||
			!sets[0].Finished.Local.Equal(time.Date(2026, 11, 20, 1, 1, 0, 0, time.UTC)) {
			t.Errorf("%s: %+v", name, sets)
		}
	}
}

// TestUTCDoesNotTellTheServersClock: programs write UTC of any clock. Where the
// rows say how far that clock is, both are known.
func TestUTCDoesNotTellTheServersClock(t *testing.T) {
	utc := time.Date(2026, 11, 20, 1, 1, 0, 0, time.UTC)
	for _, tt := range []struct {
		row    string
		local  int // hours after UTC
		adrift bool
	}{
		{`"BackupFinishDate": "\/Date(1795136460000)\/"`, 0, true},
		{`"BackupFinishDate": "\/Date(1795136460000)\/", "TimeZone": 32`, 8, false},
		{`"BackupFinishDate": "2026-11-20T01:01:00Z"`, 0, true},
		{`"BackupFinishDate": "2026-11-20T01:01:00Z", "TimeZone": "32"`, 8, false},
		{`"BackupFinishDate": "2026-11-20T09:01:00+08:00"`, 8, false},
		{`"BackupFinishDate": "2026-11-19T20:01:00-05:00", "TimeZone": 32`, 8, false},
		{`"BackupFinishDate": "2026-11-20T09:01:00", "TimeZone": 32`, 8, false},
		{`"BackupFinishDate": "2026-11-20T01:01:00+00:00"`, 0, false},
	} {
		sets, err := backup.FromHeaders(strings.NewReader(`{"BackupType": 1, ` + tt.row + `}`))
		if err != nil || len(sets) != 1 {
			t.Fatalf("%s: %v", tt.row, err)
		}
		m := sets[0].Finished
		if m.UTC == nil || !m.UTC.Equal(utc) || m.Adrift != tt.adrift || !m.Local.Equal(utc.Add(time.Duration(tt.local)*time.Hour)) {
			t.Errorf("%s: %+v, UTC %v", tt.row, m, m.UTC)
		}
	}
}

func TestKindsOfBackupsInEveryWriting(t *testing.T) {
	for kind, said := range map[bakfile.Type][]string{
		bakfile.TypeFull:                {"1", `"D"`, `"DATABASE"`, `"Full"`},
		bakfile.TypeLog:                 {"2", `"L"`, `"Transaction Log"`, `"TRANSACTION LOG"`},
		bakfile.TypeFile:                {"4", `"F"`, `"File or Filegroup"`},
		bakfile.TypeDifferential:        {"5", `"I"`, `"i"`, `"Database Differential"`, `"Diff"`},
		bakfile.TypeDifferentialFile:    {"6", `"G"`, `"Differential File"`},
		bakfile.TypePartial:             {"7", `"P"`, `"Partial"`},
		bakfile.TypeDifferentialPartial: {"8", `"Q"`, `"Partial Differential"`},
	} {
		for _, word := range said {
			for _, column := range []string{"BackupType", "BackupTypeDescription", "backup_type_description"} {
				sets, err := backup.FromHeaders(strings.NewReader(`{"` + column + `": ` + word + `}`))
				if err != nil || len(sets) != 1 || sets[0].Type != kind {
					t.Errorf("%s %s: %+v, %v", column, word, sets, err)
				}
			}
		}
	}
}

// TestWhatIsWrongInAHeaderIsSaidOfThatColumn: a date that cannot be read has
// nothing to do with log sequence numbers.
func TestWhatIsWrongInAHeaderIsSaidOfThatColumn(t *testing.T) {
	for text, want := range map[string]string{
		`{"BackupType": 1, "BackupFinishDate": "20.11.2026 um eins"}`: "2026-11-20T01:00:00",
		`{"BackupType": 1, "LastLSN": 2.4e16}`:                        "log sequence numbers",
		`{"BackupType": "Z"}`:                                         "BackupTypeDescription",
	} {
		_, err := backup.FromHeaders(strings.NewReader(text))
		_, fix := fault.Words(err)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fix, want) || strings.Contains(fix, "log sequence") != (want == "log sequence numbers") {
			t.Errorf("%s: %v, fix %q", text, err, fix)
		}
	}
}
