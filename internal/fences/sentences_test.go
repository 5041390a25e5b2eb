package fences

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// sources calls f with every file of the module that is neither a test nor
// generated.
func sources(t *testing.T, f func(fset *token.FileSet, path string, file *ast.File)) {
	t.Helper()
	root, files := filepath.Join("..", ".."), 0
	for _, folder := range []string{"internal", "cmd", "web"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
				return err
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err == nil {
				files++
				f(fset, path, file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Fatalf("only %d files were found", files)
	}
}

func TestSentencesKeepFormatAndArguments(t *testing.T) {
	sources(t, func(fset *token.FileSet, _ string, file *ast.File) {
		for _, breach := range Sentences(fset, file) {
			t.Error(breach)
		}
	})
}

func TestBuiltSentencesAreFound(t *testing.T) {
	const head = "package p\nfunc f(x string) { "
	for code, want := range map[string]int{
		`fault.New(k, "A.", "B.")`:                          0,
		`fault.New(k, "A " + "b.", "B.")`:                   0,
		`fault.New(k, "A " + x + ".", "B.")`:                1,
		`fault.New(k, fmt.Sprintf("A %s.", x), "B " + x)`:   2,
		`fault.Newf(k, "A %s.", "b" + x)`:                   0,
		`fault.Newf(k, "A " + x)`:                           1,
		`fault.Newf(k, "A %s.", x).WithFix(("B " + x))`:     1,
		`invalid("A.", fmt.Sprint(x))`:                      1,
		`_ = words.Say("A " + x)`:                           1,
		`_ = words.Plain(fmt.Sprintf("A %s.", x))`:          1,
		`_ = words.Plain(x)`:                                0,
		`_ = words.Text{Format: "A " + x}`:                  1,
		`_ = run.Event{Text: words.Say("A %s.", "b " + x)}`: 0,
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "p.go", head+code+" }", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := Sentences(fset, file); len(got) != want {
			t.Errorf("%s: %q, want %d", code, got, want)
		}
	}
}
