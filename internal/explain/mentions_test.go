package explain

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/fault"
)

// givers are the calls that take a code, with the argument it is; literals are
// the composite types that hold one, with the field or position.
var (
	givers   = map[string]int{"Fault": 1, "WithCode": 0, "problem": 0, "notStill": 2, "verdict": 2, "Explain": 0, "Title": 0, "problemWords": 0, "failWith": 0, "refuseWith": 0, "barWith": 1}
	literals = map[string]string{"Problem": "Code", "Task": "Code", "TaskFile": "Code", "Meaning": "1", "meaning": "1", "Sentence": "Code", "refusal": "Code"}
	named    = regexp.MustCompile(`^Code[A-Z]`) // constants of packages that speak of a code often
)

// TestEveryCodeThatIsMentionedHasARow reads the sources of the product: a code
// is written where a number, text or state is recognised, far from this table.
func TestEveryCodeThatIsMentionedHasARow(t *testing.T) {
	mentioned := map[fault.Code]string{}
	note := func(fset *token.FileSet, e ast.Expr) {
		l, ok := e.(*ast.BasicLit)
		if !ok || l.Kind != token.STRING {
			return
		}
		if code, err := strconv.Unquote(l.Value); err == nil && code != "" {
			mentioned[fault.Code(code)] = fset.Position(e.Pos()).String()
		}
	}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") {
			return err
		}
		if d.IsDir() || strings.Contains(filepath.ToSlash(path), "/emulator/") {
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			mentions(n, func(e ast.Expr) { note(fset, e) })
			if slash := filepath.ToSlash(path); strings.Contains(slash, "/migration/") || strings.Contains(slash, "/awsrds/") {
				lines(n, func(line string) { mentioned[Preflight(line)] = path })
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for code, at := range mentioned {
		if !Known(code) {
			t.Errorf("%s: the code %q has no row", at, code)
		}
	}
	if len(mentioned) < 100 {
		t.Errorf("only %d codes are mentioned anywhere: is the test blind?", len(mentioned))
	}
	for _, r := range All() {
		if _, ok := mentioned[r.Code]; !ok && r.Code != Unknown && r.Code != "preflight/wave" {
			t.Errorf("nobody mentions the code %q", r.Code)
		}
	}
}

// lines are the codes of a preflight's lines.
func lines(n ast.Node, note func(string)) {
	c, ok := n.(*ast.CallExpr)
	if !ok || len(c.Args) < 3 {
		return
	}
	switch last(c.Fun) {
	case "add", "once", "bar":
		if l, ok := c.Args[0].(*ast.BasicLit); ok && l.Kind == token.STRING {
			if line, err := strconv.Unquote(l.Value); err == nil && isLine.MatchString(line) {
				note(line)
			}
		}
	}
}

var isLine = regexp.MustCompile(`^[a-z][a-z-]*$`)

func mentions(n ast.Node, note func(ast.Expr)) {
	switch v := n.(type) {
	case *ast.CallExpr:
		if i, ok := givers[last(v.Fun)]; ok && i < len(v.Args) {
			note(v.Args[i])
		}
	case *ast.CompositeLit:
		key := v.Type
		elem := ""
		switch typ := key.(type) {
		case *ast.ArrayType:
			elem = last(typ.Elt)
		case *ast.MapType:
			elem = last(typ.Value)
		default:
			literal(v, literals[last(key)], note)
			return
		}
		for _, e := range v.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				e = kv.Value
			}
			if inner, ok := e.(*ast.CompositeLit); ok && inner.Type == nil {
				literal(inner, literals[elem], note)
			}
		}
	case *ast.AssignStmt:
		for i, l := range v.Lhs {
			if s, ok := l.(*ast.SelectorExpr); ok && s.Sel.Name == "Code" && len(v.Rhs) == len(v.Lhs) {
				note(v.Rhs[i])
			}
		}
	case *ast.ValueSpec:
		for i, name := range v.Names {
			if named.MatchString(name.Name) && i < len(v.Values) {
				note(v.Values[i])
			}
		}
	case *ast.ReturnStmt:
		for _, r := range v.Results {
			if c, ok := r.(*ast.CallExpr); ok {
				mentions(c, note)
			}
		}
	}
}

func literal(c *ast.CompositeLit, field string, note func(ast.Expr)) {
	if field == "" {
		return
	}
	for i, e := range c.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if k, ok := kv.Key.(*ast.Ident); ok && k.Name == field {
				note(kv.Value)
			}
		} else if strconv.Itoa(i) == field {
			note(e)
		}
	}
}

func last(e ast.Expr) string {
	switch v := e.(type) {
	case *ast.Ident:
		return v.Name
	case *ast.SelectorExpr:
		return v.Sel.Name
	}
	return ""
}
