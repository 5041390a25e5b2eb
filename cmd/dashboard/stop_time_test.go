package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/fault"
)

// quietRows are rows as servers before SQL Server 2022 show them: without a
// zone. They end with a log in which nothing had changed.
const quietRows = `[
 {"BackupType": 1, "BackupSetGUID": "00000000-0000-0000-0000-000000000001", "DatabaseName": "orders", "FirstLSN": "10", "LastLSN": "20",
  "BackupStartDate": "2026-11-20T01:00:00", "BackupFinishDate": "2026-11-20T01:01:00"},
 {"BackupType": 2, "BackupSetGUID": "00000000-0000-0000-0000-000000000002", "DatabaseName": "orders", "FirstLSN": "15", "LastLSN": "40",
  "BackupStartDate": "2026-11-20T02:00:00", "BackupFinishDate": "2026-11-20T02:00:30"},
 {"BackupType": 2, "BackupSetGUID": "00000000-0000-0000-0000-000000000003", "DatabaseName": "orders", "FirstLSN": "40", "LastLSN": "40",
  "BackupStartDate": "2026-11-20T05:00:00", "BackupFinishDate": "2026-11-20T05:00:30"}%s]`

func TestAStopTimeWithAZoneNeedsBackupsThatTellTheirs(t *testing.T) {
	plain := write(t, filepath.Join(t.TempDir(), "headers.json"), []byte(strings.Replace(quietRows, "%s", "", 1)))
	for _, stop := range []string{"2026-11-20T01:30:00Z", "2026-11-20T01:30:00+08:00"} {
		var out, errs bytes.Buffer
		err := (&PlanCmd{Headers: plain, StopAt: stop}).print(&out, &errs)
		message, fix := fault.Words(err)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(message, "zone") || !strings.Contains(fix, "without a zone") || out.Len() > 0 {
			t.Errorf("%s: %v, %q, %q", stop, err, fix, out.String())
		}
	}
	code, got := planned(t, PlanCmd{Headers: plain, StopAt: "2026-11-20 01:30:00"})
	if code != 0 || order(got.Plans[0]) != "1 2" || !got.Plans[0].Steps[1].StopAt || len(got.Plans[0].Notes) != 0 {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
	// One row that tells its zone makes the others no clearer.
	mixed := write(t, filepath.Join(t.TempDir(), "headers.json"), []byte(strings.Replace(quietRows, "%s", `,
 {"BackupType": 2, "BackupSetGUID": "00000000-0000-0000-0000-000000000004", "DatabaseName": "orders", "FirstLSN": "40", "LastLSN": "60", "TimeZone": 32,
  "BackupStartDate": "2026-11-20T06:00:00", "BackupFinishDate": "2026-11-20T06:00:30"}`, 1)))
	if code, got := planned(t, PlanCmd{Headers: mixed, StopAt: "2026-11-20 05:30:00"}); code != 0 || order(got.Plans[0]) != "1 2 4" {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
	var out, errs bytes.Buffer
	if err := (&PlanCmd{Headers: mixed, StopAt: "2026-11-20T05:30:00Z"}).print(&out, &errs); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}

// TestAStopTimeWithoutAZoneNeedsTheServersClock: rows of a program that writes
// UTC do not tell what the server's clock showed.
func TestAStopTimeWithoutAZoneNeedsTheServersClock(t *testing.T) {
	inUTC := strings.ReplaceAll(strings.ReplaceAll(quietRows, ":00\"", ":00Z\""), ":30\"", ":30Z\"")
	rows := write(t, filepath.Join(t.TempDir(), "headers.json"), []byte(strings.Replace(inUTC, "%s", "", 1)))
	var out, errs bytes.Buffer
	err := (&PlanCmd{Headers: rows, StopAt: "2026-11-20 01:30:00"}).print(&out, &errs)
	message, fix := fault.Words(err)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(message, "has no zone") || !strings.Contains(fix, "TimeZone") || out.Len() > 0 {
		t.Errorf("%v, %q, %q", err, fix, out.String())
	}
	if code, got := planned(t, PlanCmd{Headers: rows, StopAt: "2026-11-20T01:30:00Z"}); code != 0 || order(got.Plans[0]) != "1 2" || got.Plans[0].Steps[0].FinishDate != nil || *got.Plans[0].Steps[0].FinishUTC != "2026-11-20 01:01:00" {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
	out.Reset()
	if err := (&PlanCmd{Headers: rows}).print(&out, &errs); err != nil || strings.Contains(out.String(), "local") || !strings.Contains(out.String(), "2026-11-20 01:01:00 UTC") {
		t.Errorf("%v\n%s", err, out.String())
	}
	zoned := strings.ReplaceAll(strings.Replace(inUTC, "%s", "", 1), `"DatabaseName"`, `"TimeZone": 32, "DatabaseName"`)
	rows = write(t, filepath.Join(t.TempDir(), "headers.json"), []byte(zoned))
	if code, got := planned(t, PlanCmd{Headers: rows, StopAt: "2026-11-20 09:30:00"}); code != 0 || order(got.Plans[0]) != "1 2" {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
}

func TestPlanKnowsAQuietHour(t *testing.T) {
	rows := write(t, filepath.Join(t.TempDir(), "headers.json"), []byte(strings.Replace(quietRows, "%s", "", 1)))
	code, got := planned(t, PlanCmd{Headers: rows, StopAt: "2026-11-20 04:00"})
	if code != 0 || order(got.Plans[0]) != "1 2" || !*got.Plans[0].ReachesStop || got.Plans[0].Steps[1].StopAt {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
	if code, got = planned(t, PlanCmd{Headers: rows, StopAt: "2026-11-20 05:30"}); code != 3 || got.Plans[0].Whole {
		t.Errorf("a time of which nothing tells: exit %d: %+v", code, got.Plans)
	}
}

// TestPlanIsNotWholeBehindANewerPartialBackup: exit 0 means that the newest
// backup is reached.
func TestPlanIsNotWholeBehindANewerPartialBackup(t *testing.T) {
	for kind, words := range map[string]string{"4": "file, filegroup or partial", "7": "file, filegroup or partial", `"Q"`: "file, filegroup or partial", "5": "no single full backup"} {
		rows := write(t, filepath.Join(t.TempDir(), "headers.json"), []byte(strings.Replace(quietRows, "%s", `,
 {"BackupType": `+kind+`, "BackupSetGUID": "00000000-0000-0000-0000-000000000005", "DatabaseName": "orders", "FirstLSN": "70", "LastLSN": "80", "FileName": "newer.bak"}`, 1)))
		var out, errs bytes.Buffer
		err := (&PlanCmd{Headers: rows}).print(&out, &errs)
		if err == nil || err.Error() != "exit 3" || strings.Contains(out.String(), "The chain is whole") || !strings.Contains(out.String(), words) || !strings.Contains(out.String(), "newer.bak") {
			t.Errorf("%s: %v\n%s", kind, err, out.String())
		}
	}
}
