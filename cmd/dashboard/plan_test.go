package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	"github.com/bakplane/bakplane/internal/fault"
)

// planned runs the command with --json and returns its exit code and output.
func planned(t *testing.T, c PlanCmd) (code int, got plansJSON) {
	t.Helper()
	c.JSON = true
	var out, errs bytes.Buffer
	err := c.print(&out, &errs)
	var e exit
	if err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err, out.String())
	}
	return int(e), got
}

func order(p planJSON) string {
	var names []string
	for _, s := range p.Steps {
		if f := s.Files[0]; f.Name != nil {
			names = append(names, *f.Name)
		} else {
			names = append(names, string(rune('0'+*f.Row)))
		}
	}
	return strings.Join(names, " ")
}

func TestPlanOrdersAChain(t *testing.T) {
	f := chain(t, "orders")
	code, got := planned(t, PlanCmd{Files: []string{f[3], f[1], f[0], f[2]}})
	want := "orders_FULL_20261120010000.bak orders_DIFF_20261120011500.bak orders_LOG_20261120013000.trn orders_LOG_20261120014500.trn"
	if code != 0 || len(got.Plans) != 1 || !got.Plans[0].Whole || order(got.Plans[0]) != want {
		t.Errorf("exit %d: %+v", code, got)
	}
}

func TestPlanExitsWithThreeForAGap(t *testing.T) {
	f := chain(t, "orders")
	code, got := planned(t, PlanCmd{Files: []string{f[0], f[3]}})
	if code != 3 || got.Plans[0].Whole || got.Plans[0].Missing[0].MissingKind != "log" || *got.Plans[0].Missing[0].FromLSN != "34000000110000001" || *got.Plans[0].Missing[0].ToLSN != "34000000200000001" {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
	var out, errs bytes.Buffer
	if err := (&PlanCmd{Files: []string{f[0], f[3]}}).print(&out, &errs); err == nil {
		t.Error("no exit code")
	}
	for _, words := range []string{"apply in this order", "missing:", "from LSN 34000000110000001 to LSN 34000000200000001", "behind a gap"} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("%q is missing from\n%s", words, out.String())
		}
	}
}

func TestPlanStopsAtATimeOfTheServersClock(t *testing.T) {
	f := chain(t, "orders") // one hour ahead of UTC
	for stop, steps := range map[string]int{"2026-11-20 01:20:00": 3, "2026-11-20T00:20:00Z": 3, "2026-11-20T02:20:00+02:00": 3, "2026-11-20T01:35": 4} {
		code, got := planned(t, PlanCmd{Files: f, StopAt: stop})
		if code != 0 || len(got.Plans[0].Steps) != steps {
			t.Errorf("%s: exit %d, %s", stop, code, order(got.Plans[0]))
		}
	}
	code, got := planned(t, PlanCmd{Files: f, StopAt: "2026-11-21"})
	if code != 3 || got.Plans[0].Missing[0].MissingKind != "stop" {
		t.Errorf("exit %d: %+v", code, got.Plans[0].Missing)
	}
}

func TestPlanForSeveralDatabases(t *testing.T) {
	files := append(chain(t, "orders"), chain(t, "billing")...)
	code, got := planned(t, PlanCmd{Files: files})
	if code != 0 || len(got.Plans) != 2 || got.Plans[0].Database != "billing" {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
	code, got = planned(t, PlanCmd{Files: files, Database: "ORDERS"})
	if code != 0 || len(got.Plans) != 1 || got.Plans[0].Database != "orders" {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
	if code, got = planned(t, PlanCmd{Files: files, Database: "payroll"}); code != 1 || len(got.Plans) != 0 {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
}

func TestPlanOfFilesThatCannotBeRead(t *testing.T) {
	f := chain(t, "orders")
	dir := t.TempDir()
	note, broken := filepath.Join(dir, "note.txt"), filepath.Join(dir, "broken.trn")
	for path, text := range map[string]string{note: "remember the milk", broken: "TAPE"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, got := planned(t, PlanCmd{Files: append(f, note)}); code != 0 || len(got.Unreadable) != 1 {
		t.Errorf("a note beside the chain: exit %d, %+v", code, got.Unreadable)
	}
	if code, got := planned(t, PlanCmd{Files: append(f, broken)}); code != 3 || got.Unreadable[0].Fix == "" {
		t.Errorf("a broken backup beside the chain: exit %d, %+v", code, got.Unreadable)
	}
	if code, _ := planned(t, PlanCmd{Files: []string{note}}); code != 1 {
		t.Errorf("nothing but a note: exit %d", code)
	}
}

func TestPlanFromHeaders(t *testing.T) {
	rows := `[
	 {"BackupType": 2, "BackupSetGUID": "00000000-0000-0000-0000-000000000003", "FamilyGUID": "0000000a-0000-0000-0000-000000000000", "DatabaseName": "orders",
	  "FirstLSN": 34000000100000001, "LastLSN": "34000000200000001", "RecoveryForkID": "0000000B-0000-0000-0000-000000000000"},
	 {"BackupType": "1", "BackupSetGUID": "00000000-0000-0000-0000-000000000001", "FamilyGUID": "0000000A-0000-0000-0000-000000000000", "DatabaseName": "orders",
	  "FirstLSN": "34000000100000001", "LastLSN": 34000000110000001, "RecoveryForkID": "0000000B-0000-0000-0000-000000000000", "BackupFinishDate": "2026-11-20T01:01:00"}]`
	path := filepath.Join(t.TempDir(), "headers.json")
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	code, got := planned(t, PlanCmd{Headers: path})
	if code != 0 || order(got.Plans[0]) != "2 1" {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
}

func TestPlanRefusesWhatItCannotMean(t *testing.T) {
	f := chain(t, "orders")
	for name, c := range map[string]PlanCmd{
		"no files":        {},
		"files and rows":  {Files: f, Headers: "x.json"},
		"no such headers": {Headers: filepath.Join(t.TempDir(), "x.json")},
		"no time":         {Files: f, StopAt: "soon"},
		"no base":         {Files: f, Base: "1"},
		"no fork":         {Files: f, Fork: "1"},
	} {
		var out, errs bytes.Buffer
		err := c.print(&out, &errs)
		if message, fix := fault.Words(err); fault.Of(err) == fault.Unknown || message == "" || fix == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlanTellsRestoredCopiesApart(t *testing.T) {
	var files []string
	for _, name := range []string{"sql2008r2_password_full.bak", "sql2008r2_stripe1of2_full.bak", "sql2008r2_stripe2of2_full.bak", "sql2008r2_stripe1of2_log.trn", "sql2008r2_stripe2of2_log.trn"} {
		files = append(files, bakfiletest.Sample(t, name))
	}
	code, got := planned(t, PlanCmd{Files: files})
	if code != 3 || got.Plans[0].Choice == nil || len(got.Plans[0].Choice.Candidates) != 2 {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
	code, got = planned(t, PlanCmd{Files: files, Database: "RestoreTimeStripe"})
	if code != 0 || order(got.Plans[0]) != "sql2008r2_stripe1of2_full.bak sql2008r2_stripe1of2_log.trn" {
		t.Errorf("exit %d: %+v", code, got.Plans)
	}
}
