package fences

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/bakplane/bakplane"

// graph asks the go command for every package of the module and everything
// they stand on.
func graph(t *testing.T) []Package {
	t.Helper()
	notice(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-json=ImportPath,Standard,Imports", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []Package
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Standard   bool
			Imports    []string
		}
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Package{Path: p.ImportPath, Imports: p.Imports, Library: p.Standard})
	}
}

// notice looks into every folder of the module: what a child process reads is
// unknown to the cache of test results, what the test itself reads is not.
func notice(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEverybodyStaysBehindTheFences(t *testing.T) {
	house := graph(t)
	ours := 0
	for _, p := range house {
		if strings.HasPrefix(p.Path, module+"/") {
			ours++
		}
	}
	if ours < 20 {
		t.Fatalf("go list found %d packages of the module; the house has more", ours)
	}
	for _, breach := range Check(module, House(), house) {
		t.Error(breach)
	}
}

func TestFencesHaveReasons(t *testing.T) {
	for _, f := range House() {
		if f.Name == "" || len(f.Packages) == 0 || len(f.Why) < 20 {
			t.Errorf("fence %q around %v gives no reason", f.Name, f.Packages)
		}
	}
}

// TestCheck walks an invented house in which every kind of breach stands
// beside the import that is allowed.
func TestCheck(t *testing.T) {
	fences := []Fence{
		{Name: "low", Packages: []string{"low"}, Never: []string{"net/http/..."}, Why: "reasons"},
		{Name: "room", Packages: []string{"rooms/..."}, House: []string{"low"}, Outside: []string{"example.org/sdk/..."}, Why: "reasons"},
		{Name: "roof", Packages: []string{"roof"}, House: []string{"low", "rooms/..."}, Outside: []string{"/..."}, Why: "reasons"},
	}
	library := []Package{{Path: "fmt", Library: true}, {Path: "net/http", Library: true}, {Path: "net/http/httputil", Library: true}}
	for _, tc := range []struct {
		name    string
		imports []string
		breach  string // a part of the sentence; empty = none
	}{
		// Go's own library
		{"low", []string{"fmt"}, ""},
		{"low", []string{"net/http"}, "low imports net/http"},
		{"low", []string{"net/http/httputil"}, "low imports net/http/httputil"},
		{"rooms/a", []string{"net/http"}, ""},
		// others' libraries
		{"low", []string{"example.org/sdk"}, "low imports example.org/sdk"},
		{"rooms/a", []string{"example.org/sdk/oss"}, ""},
		{"rooms/a", []string{"example.org/sdkother"}, "rooms/a imports example.org/sdkother"},
		{"rooms/a", []string{"unknown/of/any/host"}, "rooms/a imports unknown/of/any/host"},
		{"roof", []string{"example.org/anything"}, ""},
		// the house itself
		{"low", []string{"example.com/house/rooms/a"}, "low imports rooms/a"},
		{"rooms/a", []string{"example.com/house/low"}, ""},
		{"rooms/a", []string{"example.com/house/rooms/b"}, "rooms/a imports rooms/b"},
		{"roof", []string{"example.com/house/rooms/b", "example.com/house/low"}, ""},
		{"roof", []string{"example.com/house/shed"}, "roof imports shed"},
		// nobody's
		{"shed", nil, "shed belongs to no floor"},
		{"lowest", nil, "lowest belongs to no floor"},
	} {
		t.Run(tc.name+" "+strings.Join(tc.imports, " "), func(t *testing.T) {
			got := Check("example.com/house", fences, append(slices.Clone(library), Package{Path: "example.com/house/" + tc.name, Imports: tc.imports}))
			switch {
			case tc.breach == "" && len(got) > 0:
				t.Errorf("found %q, want nothing", got)
			case tc.breach != "" && (len(got) != 1 || !strings.Contains(got[0], tc.breach)):
				t.Errorf("found %q, want one with %q", got, tc.breach)
			}
		})
	}
}
