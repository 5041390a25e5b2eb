package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/fault"
)

// hostile is a name that clears the screen, colours it, forges a line and
// turns the direction of writing.
const hostile = "or\x1b[2J\x1b[31m\u009b1m\r\n  The chain is whole.\tx\u202ekab\u200b\ufeff\u2028\x7f"

// quiet reports what a terminal would obey, or a person not see; the lines of
// the output itself are no offence, a line of a name is.
func quiet(t *testing.T, what, text string) {
	t.Helper()
	for at, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == utf8.RuneError) {
			t.Fatalf("%s: %U in %q", what, r, text[max(0, at-40):min(len(text), at+40)])
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "  The chain is whole.\tx") || strings.HasPrefix(line, "  The chain is whole.x") {
			t.Fatalf("%s: a name forged the line %q", what, line)
		}
	}
}

// hostileFiles are a full backup and a later log with a gap between, every
// string in them hostile, and the names of the files as well.
func hostileFiles(t *testing.T) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	zone := time.Hour
	for i, kind := range []bakfile.Type{bakfile.TypeFull, bakfile.TypeLog} {
		at := time.Date(2026, 11, 20, 1, i, 0, 0, time.UTC)
		s := bakfile.Set{
			Type: kind, Database: hostile, ServerName: hostile, MachineName: hostile, UserName: hostile, Name: hostile, Description: hostile,
			VersionMajor: 13, VersionBuild: 1601, Flags: 0x401 * uint32(1-i),
			FirstLSN: bakfile.LSN{VLF: 30, Block: uint32(100 + 200*i), Slot: 1}, LastLSN: bakfile.LSN{VLF: 30, Block: uint32(200 + 200*i), Slot: 1},
			Started: bakfile.LocalTime{Time: at}, Finished: bakfile.LocalTime{Time: at.Add(time.Second)}, UTCOffset: &zone,
			Files: []bakfile.DataFile{{FileID: 1, LogicalName: hostile, PhysicalName: hostile, Type: "D", FilegroupID: 1, FilegroupName: hostile, Size: 8 << 20}},
		}
		s.SetGUID[15], s.FamilyGUID[0], s.RecoveryForkID[0] = byte(i+1), 10, 11
		var b bytes.Buffer
		if err := mtf.Write(&b, mtf.Spec{Media: bakfile.Media{Name: hostile, Description: hostile}, Sets: []mtf.Set{{Set: s, PayloadSize: 20_000}}}); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, write(t, filepath.Join(dir, string(rune('a'+i))+hostile+".bak"), b.Bytes()))
	}
	return append(paths, write(t, filepath.Join(dir, hostile+"\x9b.txt"), []byte("no backup")), write(t, filepath.Join(dir, "cut"+hostile), []byte("TAPE")))
}

func write(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestForeignTextNeverReachesTheTerminalRaw(t *testing.T) {
	files := hostileFiles(t)
	rows, err := json.Marshal([]map[string]any{
		{"BackupType": 1, "BackupSetGUID": "00000000-0000-0000-0000-000000000001", "DatabaseName": hostile, "ServerName": hostile, "FileName": hostile, "FirstLSN": 1, "LastLSN": 2},
		{"BackupType": 2, "BackupSetGUID": "00000000-0000-0000-0000-000000000002", "DatabaseName": hostile, "ServerName": hostile, "FileName": "b" + hostile, "FirstLSN": 5, "LastLSN": 7},
	})
	if err != nil {
		t.Fatal(err)
	}
	headers := write(t, filepath.Join(t.TempDir(), "headers.json"), rows)
	for name, run := range map[string]func(out, errs *bytes.Buffer) error{
		"inspect":        func(out, errs *bytes.Buffer) error { return (&InspectCmd{Files: files}).print(out, errs) },
		"inspect --json": func(out, errs *bytes.Buffer) error { return (&InspectCmd{Files: files, JSON: true}).print(out, errs) },
		"plan":           func(out, errs *bytes.Buffer) error { return (&PlanCmd{Files: files}).print(out, errs) },
		"plan --json":    func(out, errs *bytes.Buffer) error { return (&PlanCmd{Files: files, JSON: true}).print(out, errs) },
		"plan --database": func(out, errs *bytes.Buffer) error {
			return (&PlanCmd{Files: files, Database: "x" + hostile}).print(out, errs)
		},
		"plan --headers":        func(out, errs *bytes.Buffer) error { return (&PlanCmd{Headers: headers}).print(out, errs) },
		"plan --headers --json": func(out, errs *bytes.Buffer) error { return (&PlanCmd{Headers: headers, JSON: true}).print(out, errs) },
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if err := run(&out, &errs); err == nil {
				t.Error("nothing is wrong with it")
			}
			if out.Len()+errs.Len() == 0 {
				t.Error("nothing was said")
			}
			quiet(t, "output", out.String())
			quiet(t, "errors", errs.String())
			if strings.HasSuffix(name, "json") && !strings.Contains(out.String(), `\u202ekab`) {
				t.Errorf("the name is not what it was: %s", out.String())
			}
		})
	}
}

// TestJSONKeepsNamesExact: programs read the same name, and only the sentences
// for people spell out what cannot be seen.
func TestJSONKeepsNamesExact(t *testing.T) {
	_, got := planned(t, PlanCmd{Files: hostileFiles(t)})
	if len(got.Plans) != 1 || got.Plans[0].Database != hostile || len(got.Plans[0].Missing) == 0 {
		t.Fatalf("%+v", got)
	}
	for _, m := range got.Plans[0].Missing {
		quiet(t, "words of what is missing", m.Words+m.Fix)
	}
}

func TestErrorsSayForeignTextVisibly(t *testing.T) {
	headers := write(t, filepath.Join(t.TempDir(), "headers.json"), []byte(`[{"BackupType": 1, "FirstLSN": "\u001b[2J\u202e"}]`))
	for name, c := range map[string]PlanCmd{"a value of a row": {Headers: headers}, "a time": {Files: chain(t, "orders"), StopAt: hostile}} {
		var out, errs bytes.Buffer
		err := c.print(&out, &errs)
		message, fix := fault.Words(err)
		if message == "" {
			t.Errorf("%s: %v", name, err)
		}
		quiet(t, name, message+fix)
	}
}
