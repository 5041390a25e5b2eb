package backup_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/fault"
)

func readAll(t *testing.T, paths ...string) (files []backup.ReadFile) {
	t.Helper()
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		read, err := bakfile.Read(f, info.Size())
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		files = append(files, backup.ReadFile{Name: filepath.Base(path), File: read})
	}
	return files
}

// steps draws a plan's steps by file, stripes joined by a plus.
func steps(p backup.Plan) string {
	var words []string
	for _, s := range p.Steps {
		var names []string
		for _, f := range s.Set.Files {
			names = append(names, f.Name)
		}
		words = append(words, strings.Join(names, "+"))
	}
	return strings.Join(words, " ")
}

func TestRealChains(t *testing.T) {
	stop := time.Date(2019, 5, 2, 20, 8, 0, 0, time.UTC)
	later := stop.Add(24 * time.Hour)
	tests := []struct {
		name  string
		files []string
		o     backup.Options
		want  string
		whole bool
	}{
		{"restoretime", []string{"sql2016-sp2_restoretime_log2.trn", "sql2016-sp2_restoretime_log1.trn", "sql2016-sp2_restoretime_diff.bak", "sql2016-sp2_restoretime_full.bak"}, backup.Options{},
			"sql2016-sp2_restoretime_full.bak sql2016-sp2_restoretime_diff.bak", true}, // the differential was taken after both logs
		{"restoretime before the differential", []string{"sql2016-sp2_restoretime_*"}, backup.Options{StopAt: &stop},
			"sql2016-sp2_restoretime_full.bak sql2016-sp2_restoretime_log1.trn sql2016-sp2_restoretime_log2.trn", true},
		{"restoretime to a moment behind it", []string{"sql2016-sp2_restoretime_*"}, backup.Options{StopAt: &later},
			"sql2016-sp2_restoretime_full.bak sql2016-sp2_restoretime_diff.bak", false},
		{"restoretime without its full", []string{"sql2016-sp2_restoretime_[dl]*"}, backup.Options{}, "", false},
		{"stopat", []string{"sql2008r2_stopat_*"}, backup.Options{},
			"sql2008r2_stopat_full.bak sql2008r2_stopat_log1.trn sql2008r2_stopat_log2.trn sql2008r2_stopat_log3.trn", true},
		{"stopat with a gap", []string{"sql2008r2_stopat_full.bak", "sql2008r2_stopat_log1.trn", "sql2008r2_stopat_log3.trn"}, backup.Options{},
			"sql2008r2_stopat_full.bak sql2008r2_stopat_log1.trn", false},
		{"ola", []string{"sql2008r2_ola_*"}, backup.Options{},
			"sql2008r2_ola_full_141300.bak sql2008r2_ola_log_141310.trn sql2008r2_ola_log_141330.trn", true},
		{"doublediff", []string{"sql2008r2_doublediff_*"}, backup.Options{},
			"sql2008r2_doublediff_full.bak sql2008r2_doublediff_diff2.bak", true},
		{"stripes", []string{"sql2008r2_stripe?of2_*"}, backup.Options{},
			"sql2008r2_stripe1of2_full.bak+sql2008r2_stripe2of2_full.bak sql2008r2_stripe1of2_log.trn+sql2008r2_stripe2of2_log.trn", true},
		{"one stripe of the log", []string{"sql2008r2_stripe?of2_full.bak", "sql2008r2_stripe2of2_log.trn"}, backup.Options{},
			"sql2008r2_stripe1of2_full.bak+sql2008r2_stripe2of2_full.bak", false},
		{"orphan users", []string{"sql2008r2_orphanusers_*"}, backup.Options{},
			"sql2008r2_orphanusers_checksum_full.bak sql2008r2_orphanusers_checksum_diff.bak sql2008r2_orphanusers_checksum_log1.trn", true},
		{"SIMPLE", []string{"sql2008r2_simple-recovery_*"}, backup.Options{},
			"sql2008r2_simple-recovery_full.bak sql2008r2_simple-recovery_diff.bak", true},
		{"logs and a differential alone", []string{"sql2008r2_db1-three-files_*"}, backup.Options{}, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var paths []string
			for _, pattern := range tt.files {
				found, err := filepath.Glob(bakfiletest.Sample(t, pattern))
				if err != nil || len(found) == 0 {
					t.Fatal(pattern, err)
				}
				paths = append(paths, found...)
			}
			plans := backup.Plans(backup.FromFiles(readAll(t, paths...)), tt.o)
			if len(plans) != 1 {
				t.Fatalf("%d plans", len(plans))
			}
			if got := steps(plans[0]); got != tt.want || plans[0].Whole() != tt.whole {
				t.Errorf("whole %v: %s\nleft out %+v\nmissing %+v", plans[0].Whole(), got, plans[0].LeftOut, plans[0].Missing)
			}
		})
	}
}

func TestWrittenChainIsWhole(t *testing.T) {
	paths, err := mtf.Chain(t.TempDir(), mtf.Options{Database: "orders", Started: time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	plans := backup.Plans(backup.FromFiles(readAll(t, paths...)), backup.Options{})
	if len(plans) != 1 || !plans[0].Whole() || len(plans[0].Steps) != 4 || plans[0].Database != "orders" {
		t.Errorf("%+v", plans)
	}
}

// headerRow is a set as RESTORE HEADERONLY would print it.
func headerRow(s *bakfile.Set) map[string]any {
	bit := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return map[string]any{
		"BackupType": int(s.Type), "BackupSetGUID": s.SetGUID, "DatabaseName": s.Database, "FamilyGUID": s.FamilyGUID,
		"FirstLSN": json.Number(s.FirstLSN.String()), "LastLSN": s.LastLSN, "CheckpointLSN": s.CheckpointLSN,
		"DatabaseBackupLSN": s.DatabaseBackupLSN, "RecoveryForkID": strings.ToUpper(s.RecoveryForkID.String()),
		"FirstRecoveryForkID": s.FirstRecoveryForkID, "ForkPointLSN": nil,
		"DifferentialBaseGUID": s.DifferentialBaseGUID, "BackupStartDate": s.Started.Format("2006-01-02T15:04:05.000"),
		"BackupFinishDate": s.Finished.Format(time.DateTime), "BeginsLogChain": s.BeginsLogChain, "HasBulkLoggedData": bit(s.HasBulkLoggedData()),
		"RecoveryModel": s.RecoveryModel, "Position": s.Position, "TimeZone": 4, "SoftwareVersionMajor": "13",
	}
}

func TestHeadersSayWhatFilesSay(t *testing.T) {
	paths, err := mtf.Chain(t.TempDir(), mtf.Options{Database: "orders", Started: time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	for _, f := range readAll(t, paths...) {
		rows = append(rows, headerRow(&f.File.Sets[0]))
	}
	b, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	sets, err := backup.FromHeaders(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	p := backup.Plans(sets, backup.Options{})[0]
	if !p.Whole() || len(p.Steps) != 4 {
		t.Fatalf("%+v", p)
	}
	for i, s := range p.Steps {
		if s.Set.Files[0].Row != i+1 {
			t.Errorf("step %d is row %d", i+1, s.Set.Files[0].Row)
		}
	}
	if got := p.Steps[0].Set.Started; got.UTC == nil || !got.UTC.Equal(got.Local.Add(-time.Hour)) {
		t.Errorf("time zone ignored: %+v", got)
	}
}

func TestHeadersThatMakeNoSense(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":       `BackupName`,
		"no object":     `[1]`,
		"nothing":       ``,
		"no type":       `[{"FirstLSN": 1}]`,
		"floating LSN":  `[{"BackupType": 1, "FirstLSN": 2.4e16}]`,
		"bad GUID":      `[{"BackupType": 1, "BackupSetGUID": "x"}]`,
		"bad date":      `[{"BackupType": 1, "BackupStartDate": "yesterday"}]`,
		"bad bit":       `[{"BackupType": 1, "IsDamaged": "perhaps"}]`,
		"many stripes":  `[{"BackupType": 1, "FamilyCount": 9000000000000}]`,
		"no such type":  `[{"BackupType": "X"}]`,
		"no such words": `[{"BackupTypeDescription": "Mirror"}]`,
		"endless value": `[{"BackupType": 1, "FirstLSN": {"a": {}}}]`,
	} {
		_, err := backup.FromHeaders(strings.NewReader(text))
		message, fix := fault.Words(err)
		if !fault.Is(err, fault.Invalid) || message == "" || fix == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzFromHeaders(f *testing.F) {
	f.Add([]byte(`[{"BackupType": 1, "FirstLSN": "1", "LastLSN": 2.0, "BackupFinishDate": "/Date(1556828155000)/", "TimeZone": 4}]`))
	f.Add([]byte(`[{"BackupType": "L", "first_lsn": 34000000100000001, "LastLSN": "34000000200000001", "FamilyCount": 3, "BackupSetGUID": "{0000000A-0000-0000-0000-000000000000}"}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		sets, err := backup.FromHeaders(bytes.NewReader(b))
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Error(err)
			}
			return
		}
		told := 0
		for _, p := range backup.Plans(sets, backup.Options{}) {
			told += len(p.Steps) + len(p.LeftOut)
		}
		if told != len(sets) {
			t.Errorf("%d of %d sets told", told, len(sets))
		}
	})
}
