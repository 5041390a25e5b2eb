package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/fault"
)

// scripted parses a command line and runs it.
func scripted(t *testing.T, args ...string) (out, next string, err error) {
	t.Helper()
	var c cli
	k, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Parse(append([]string{"script"}, args...)); err != nil {
		return "", "", err
	}
	var o, e bytes.Buffer
	err = c.Script.print(&o, &e)
	return o.String(), e.String(), err
}

func TestScriptPrintsTSQL(t *testing.T) {
	out, next, err := scripted(t, "--databases", "orders; [a;b]", "--folder", `D:\backup`, "--kind", "log", "--run", "--no-compress", "--target", "apsaradb", "--target-version", "2019")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []string{"VALUES (N'orders');", "VALUES (N'a;b');", `@folder nvarchar(260) = N'D:\backup'`, "@kind nvarchar(10) = N'LOG'", "@run bit = 1", "@compress bit = 0", "@target_major int = 15", "@takes_filestream bit = 0"} {
		if !strings.Contains(out, w) {
			t.Errorf("the script does not say %s", w)
		}
	}
	if !strings.HasPrefix(next, "1. Run the script at the server") || strings.Contains(out, "\r") {
		t.Errorf("%q", next)
	}
	out, _, err = scripted(t, "--folder", "/var/backups")
	if err != nil || strings.Contains(out, "INTO @wanted") || !strings.Contains(out, "@run bit = 0") || !strings.Contains(out, "@compress bit = 1") || !strings.Contains(out, "@takes_filestream bit = 1") {
		t.Errorf("%v", err)
	}
}

func TestScriptIsKeptInANewFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.sql")
	out, _, err := scripted(t, "--folder", "/b", "--databases", "数据库", "--out", file)
	text, readErr := os.ReadFile(file)
	if err != nil || readErr != nil || out != "" || !bytes.HasPrefix(text, []byte("\uFEFF/* ")) {
		t.Errorf("%v, %v, %q", err, readErr, out)
	}
	if _, _, err := scripted(t, "--folder", "/b", "--out", file); !fault.Is(err, fault.Conflict) {
		t.Errorf("a file is written over: %v", err)
	}
	if _, _, err := scripted(t, "--folder", "/b", "--out", filepath.Join(file, "y.sql")); !fault.Is(err, fault.Invalid) {
		t.Errorf("no such folder: %v", err)
	}
}

func TestScriptRefusesInSentences(t *testing.T) {
	for _, args := range [][]string{
		{"--folder", "b"}, {"--folder", "/b", "--databases", "[a"}, {"--folder", "/b", "--databases", "master"}, {"--folder", "/b", "--target-version", "2018"}, {"--folder", "/b", "--kind", "diff", "--copy-only"},
		{"--folder", "/b", "--target", "punchcards"},
	} {
		out, _, err := scripted(t, args...)
		if message, _ := fault.Words(err); !fault.Is(err, fault.Invalid) || message == "" || out != "" {
			t.Errorf("%v: %v", args, err)
		}
	}
	for _, args := range [][]string{{}, {"--folder", "/b", "--kind", "tail"}} {
		if _, _, err := scripted(t, args...); err == nil || fault.Of(err) != fault.Unknown {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// TestScriptKnowsEveryKindOfInstance: a new kind is a target too.
func TestScriptKnowsEveryKindOfInstance(t *testing.T) {
	for _, spec := range app.Specs().Instances {
		if _, _, err := scripted(t, "--folder", "/b", "--target", spec.Key); err != nil {
			t.Errorf("%s: %v", spec.Key, err)
		}
	}
}
