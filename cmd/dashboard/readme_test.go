package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestReadmeNamesEverySetting keeps the table of the README and the flags of
// serve in step: no flag without a row, no row without a flag.
func TestReadmeNamesEverySetting(t *testing.T) {
	duePolicy, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(duePolicy), "\n## Configuration\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("README.md has no section of the configuration")
	}
	told := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^(\\| `--([a-z-]+)` \\|[^|]*\\|[^|]*\\|)").FindAllStringSubmatch(section, -1) {
		told[row[2]] = row[1]
	}
	known := settings(t)
	for _, flag := range slices.Sorted(maps.Keys(known)) {
		if told[flag] != known[flag] {
			t.Errorf("README.md says %q, and serve has %q", told[flag], known[flag])
		}
	}
	for _, flag := range slices.Sorted(maps.Keys(told)) {
		if known[flag] == "" {
			t.Errorf("README.md has a row of --%s, which serve does not know", flag)
		}
	}
}

// settings are the flags of serve as rows: flag, variable, default.
func settings(t *testing.T) map[string]string {
	t.Helper()
	k, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, command := range k.Model.Children {
		if command.Name != "serve" {
			continue
		}
		for _, f := range command.Flags {
			byDefault := " "
			switch {
			case f.Target.Kind() == reflect.Bool && !f.HasDefault:
				byDefault = " off "
			case f.HasDefault:
				byDefault = " `" + f.Default + "` "
			}
			rows[f.Name] = fmt.Sprintf("| `--%s` | `%s` |%s|", f.Name, strings.Join(f.Envs, "` `"), byDefault)
		}
	}
	if len(rows) == 0 {
		t.Fatal("serve has no flags")
	}
	return rows
}

// TestReadmeNamesEveryFlagOfTheScript keeps the table of a server out of reach
// and the flags of script in step, both ways.
func TestReadmeNamesEveryFlagOfTheScript(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## A server out of reach\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("README.md has no section of a server out of reach")
	}
	told := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `--([a-z-]+)` \\|([^|]*)\\|").FindAllStringSubmatch(section, -1) {
		told[row[1]] = strings.Trim(row[2], " `")
	}
	k, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for _, command := range k.Model.Children {
		if command.Name != "script" {
			continue
		}
		for _, f := range command.Flags {
			known[f.Name] = f.Default
			if f.Target.Kind() == reflect.Bool {
				known[f.Name] = map[bool]string{true: "on", false: "off"}[f.Default == "true"]
			}
		}
	}
	if len(known) == 0 || !maps.Equal(told, known) {
		t.Errorf("README.md says %v, and script has %v", told, known)
	}
}
