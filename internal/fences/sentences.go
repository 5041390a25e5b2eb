package fences

import (
	"fmt"
	"go/ast"
	"go/token"
)

// makers are the calls that make sentences for people, with the arguments that
// must be constants: they are the keys of a translation.
var makers = map[string][]int{
	"fault.New": {1, 2}, "fault.Newf": {1}, "fault.Told": {}, "words.Say": {0}, "words.Plain": {0}, "WithFix": {0}, "invalid": {0, 1},
}

// Sentences returns one line for each sentence of a file that is put together
// before it is made: by + with something that is no constant, by fmt.Sprintf
// or fmt.Sprint. What varies in a sentence is an argument of its format.
func Sentences(fset *token.FileSet, file *ast.File) (out []string) {
	check := func(maker string, e ast.Expr) {
		if built(e) {
			out = append(out, fmt.Sprintf("%s: %s gets a text that was put together; give a format and its arguments", fset.Position(e.Pos()), maker))
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch v := n.(type) {
		case *ast.CallExpr:
			name := called(v.Fun)
			for _, i := range makers[name] {
				if i < len(v.Args) {
					check(name, v.Args[i])
				}
			}
		case *ast.CompositeLit:
			if s, ok := v.Type.(*ast.SelectorExpr); !ok || called(s) != "words.Text" {
				return true
			}
			for _, el := range v.Elts {
				if kv, ok := el.(*ast.KeyValueExpr); ok {
					check("words.Text", kv.Value)
				}
			}
		}
		return true
	})
	return out
}

// called is the name of a call as makers has it: with its package, or of a
// method alone.
func called(e ast.Expr) string {
	switch f := e.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			if _, known := makers[x.Name+"."+f.Sel.Name]; known || x.Name == "words" {
				return x.Name + "." + f.Sel.Name
			}
		}
		return f.Sel.Name
	}
	return ""
}

// built reports whether a text is made of parts that are no constants.
func built(e ast.Expr) bool {
	switch v := e.(type) {
	case *ast.ParenExpr:
		return built(v.X)
	case *ast.BinaryExpr:
		return v.Op == token.ADD && !(constant(v.X) && constant(v.Y))
	case *ast.CallExpr:
		if s, ok := v.Fun.(*ast.SelectorExpr); ok {
			x, ok := s.X.(*ast.Ident)
			return ok && x.Name == "fmt" && (s.Sel.Name == "Sprintf" || s.Sel.Name == "Sprint")
		}
	}
	return false
}

func constant(e ast.Expr) bool {
	switch v := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.ParenExpr:
		return constant(v.X)
	case *ast.BinaryExpr:
		return constant(v.X) && constant(v.Y)
	}
	return false
}
