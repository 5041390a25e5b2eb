package fences

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// Names lists the functions and types of a file whose doc comment begins with
// another name: it stayed behind when they were renamed, and tells of something
// that is not there.
func Names(fset *token.FileSet, file *ast.File) (breaches []string) {
	look := func(name *ast.Ident, doc *ast.CommentGroup) {
		first, _, _ := strings.Cut(strings.TrimSpace(doc.Text()), " ")
		if first = strings.TrimSuffix(strings.TrimRight(first, ",:"), "'s"); doc != nil && first != name.Name {
			breaches = append(breaches, fmt.Sprintf("%s: the comment of %s begins with %q", fset.Position(name.Pos()), name.Name, first))
		}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			look(d.Name, d.Doc)
		case *ast.GenDecl:
			if len(d.Specs) != 1 {
				continue
			}
			if s, ok := d.Specs[0].(*ast.TypeSpec); ok {
				look(s.Name, d.Doc)
			}
		}
	}
	return breaches
}
