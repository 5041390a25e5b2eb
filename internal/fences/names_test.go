package fences

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

func TestCommentsBeginWithTheNameTheyDescribe(t *testing.T) {
	sources(t, func(fset *token.FileSet, _ string, file *ast.File) {
		for _, breach := range Names(fset, file) {
			t.Error(breach)
		}
	})
}

func TestNamesOfOtherThingsAreFound(t *testing.T) {
	for code, want := range map[string]int{
		"// f does.\nfunc f() {}":                    0,
		"// f's result is one.\nfunc f() {}":         0,
		"// f: does.\nfunc f() {}":                   0,
		"func f() {}":                                0,
		"// g does.\nfunc f() {}":                    1,
		"// F does.\nfunc f() {}":                    1,
		"// Old is.\ntype T struct{}":                1,
		"// T is.\ntype T struct{}":                  0,
		"// Several.\ntype (\n\tT int\n\tU int\n)":   0,
		"type T int\n// M does.\nfunc (T) N() {}":    1,
		"// Limits of it.\nconst (\n\ta = 1\n)":      0,
		"//go:generate x\n\n// f does.\nfunc f() {}": 0,
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "p.go", "package p\n"+code, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if got := Names(fset, file); len(got) != want {
			t.Errorf("%s: %q, want %d", code, got, want)
		}
	}
}
