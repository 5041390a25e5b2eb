package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
)

func TestInspectPrintsWhatRestoreCommandsSay(t *testing.T) {
	want := map[string]any{}
	b, err := os.ReadFile(bakfiletest.Sample(t, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	c := InspectCmd{JSON: true}
	for name := range want {
		c.Files = append(c.Files, bakfiletest.Sample(t, name))
	}
	var out, errs bytes.Buffer
	if err := c.print(&out, &errs); err != nil || errs.Len() > 0 {
		t.Fatal(err, errs.String())
	}
	got := map[string]any{}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if !reflect.DeepEqual(got[name], want[name]) {
			t.Errorf("%s differs", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
}

// chain writes the emulator's chain and returns its files.
func chain(t *testing.T, database string) []string {
	t.Helper()
	paths, err := mtf.Chain(t.TempDir(), mtf.Options{Database: database, Started: time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC), UTCOffset: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestInspectGoesOnBehindABadFile(t *testing.T) {
	files := chain(t, "orders")
	bad := filepath.Join(t.TempDir(), "page.bak")
	if err := os.WriteFile(bad, []byte("<html>not here</html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	err := (&InspectCmd{Files: []string{bad, files[0]}}).print(&out, &errs)
	var code exit
	if !errors.As(err, &code) || code != 1 {
		t.Errorf("ends with %v", err)
	}
	if !strings.Contains(errs.String(), "HTML page") || !strings.Contains(errs.String(), "Download") {
		t.Errorf("says %q", errs.String())
	}
	for _, words := range []string{"Database of orders", "2026-11-20 01:00:00 local, 2026-11-20 00:00:00 UTC", "first 34000000100000001"} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("%q is missing from\n%s", words, out.String())
		}
	}

	out.Reset()
	if err := (&InspectCmd{JSON: true, Files: []string{bad, files[0]}}).print(&out, &errs); err == nil {
		t.Error("no exit code")
	}
	var got map[string]map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got["page.bak"]["error"] == nil || got["page.bak"]["fix"] == nil || got[filepath.Base(files[0])]["sets"] == nil {
		t.Errorf("%v", got)
	}
}

func TestInspectSaysWhatACutFileDoesNotTell(t *testing.T) {
	b, err := os.ReadFile(chain(t, "orders")[0])
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.bak")
	if err := os.WriteFile(cut, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if err := (&InspectCmd{Files: []string{cut}}).print(&out, &errs); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"truncated", "finished        unknown", "size            unknown", "cut off"} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("%q is missing from\n%s", words, out.String())
		}
	}
}

func TestInspectNamesWhatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	for path, words := range map[string]string{filepath.Join(dir, "nowhere.bak"): "no such file", dir: "folder"} {
		var out, errs bytes.Buffer
		if err := (&InspectCmd{Files: []string{path}}).print(&out, &errs); err == nil || !strings.Contains(errs.String(), words) {
			t.Errorf("%s: %v, %q", path, err, errs.String())
		}
	}
}

// TestInspectTellsWhatABackupWasTakenWith: the kinds of a log's end are two,
// and copy-only is a fact; blanks that fill a path up are not shown.
func TestInspectTellsWhatABackupWasTakenWith(t *testing.T) {
	at := time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)
	for flags, want := range map[uint32][]string{
		0x40:  {"tail of the log"},
		0x100: {"taken WITH NORECOVERY"},
		0x140: {"tail of the log", "taken WITH NORECOVERY"},
		0x400: {"copy-only"},
	} {
		s := bakfile.Set{Type: bakfile.TypeLog, Database: "orders", ServerName: "S", UserName: "u", VersionMajor: 13, Flags: flags, FirstLSN: bakfile.LSN{VLF: 1}, LastLSN: bakfile.LSN{VLF: 2},
			Started: bakfile.LocalTime{Time: at}, Finished: bakfile.LocalTime{Time: at},
			Files: []bakfile.DataFile{{FileID: 1, LogicalName: "orders", PhysicalName: `C:\orders.mdf` + strings.Repeat(" ", 200), Type: "D"}}}
		var b, out, errs bytes.Buffer
		if err := mtf.Write(&b, mtf.Spec{Sets: []mtf.Set{{Set: s, PayloadSize: 1000}}}); err != nil {
			t.Fatal(err)
		}
		if err := (&InspectCmd{Files: []string{write(t, filepath.Join(t.TempDir(), "x.trn"), b.Bytes())}}).print(&out, &errs); err != nil {
			t.Fatal(err)
		}
		notes := ""
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "    notes") {
				notes = line
			}
			if strings.HasSuffix(line, " \n") {
				t.Errorf("blanks at the end of %q", line)
			}
		}
		for _, words := range []string{"tail of the log", "taken WITH NORECOVERY", "copy-only"} {
			if strings.Contains(notes, words) != slices.Contains(want, words) {
				t.Errorf("flags %#x: %q", flags, notes)
			}
		}
	}
}
