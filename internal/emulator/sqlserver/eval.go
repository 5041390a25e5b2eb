package sqlserveremu

import (
	"context"
	"encoding/hex"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// relation is rows with names.
type relation struct {
	columns []column
	rows    [][]any
}

type column struct {
	of   string // alias of its source, lower case
	name string
	typ  tds.Type
}

// scope is where an expression is evaluated.
type scope struct {
	ctx     context.Context
	n       *session
	columns []column
	row     []any
	index   int     // of the row
	group   [][]any // rows of the group while aggregates are computed
	grouped bool
	windows map[*tsql.Invoke][]any
	outer   *scope
	ctes    map[string]*relation
	budget  *int // rows that may still be looked at
}

// maxRows bounds the work of one query.
const maxRows = 5_000_000

func (n *session) scope(ctx context.Context) *scope {
	budget := maxRows
	return &scope{ctx: ctx, n: n, ctes: map[string]*relation{}, budget: &budget}
}

func (sc *scope) inner(columns []column) *scope {
	return &scope{ctx: sc.ctx, n: sc.n, columns: columns, outer: sc, ctes: sc.ctes, budget: sc.budget}
}

// spend counts rows looked at.
func (sc *scope) spend(rows int) error {
	if *sc.budget -= rows; *sc.budget < 0 {
		return refusal(701, 17, "There is insufficient system memory in resource pool 'default' to run this query.")
	}
	return sc.ctx.Err()
}

// value evaluates an expression outside of any query.
func (n *session) value(ctx context.Context, x tsql.Expr) (any, error) {
	sc := n.scope(ctx)
	if _, err := sc.infer(x); err != nil {
		return nil, err
	}
	return sc.eval(x)
}

// constant evaluates a literal or a variable.
func (n *session) constant(x tsql.Expr) (any, error) { return n.value(context.Background(), x) }

func (n *session) condition(ctx context.Context, x tsql.Expr) (bool, error) {
	v, err := n.value(ctx, x)
	yes, ok := v.(bool)
	return yes && ok, err
}

func errNoVariable(name string) error {
	return refusal(137, 15, "Must declare the scalar variable \"%s\".", name)
}

// find resolves a column to a scope and a place in its rows.
func (sc *scope) find(name tsql.Name) (*scope, int, error) {
	for s := sc; s != nil; s = s.outer {
		found := -1
		for i, c := range s.columns {
			if !strings.EqualFold(c.name, name.Last()) || len(name) > 1 && !strings.EqualFold(c.of, name.Part(1)) {
				continue
			}
			if found >= 0 {
				return nil, 0, refusal(209, 16, "Ambiguous column name '%s'.", name.Last())
			}
			found = i
		}
		if found >= 0 {
			return s, found, nil
		}
	}
	if len(name) > 1 {
		return nil, 0, refusal(4104, 16, "The multi-part identifier \"%s\" could not be bound.", strings.Join(name, "."))
	}
	return nil, 0, errNoColumn(name.Last())
}

// eval gives a value, or true, false or nil (unknown) for a condition.
func (sc *scope) eval(x tsql.Expr) (any, error) {
	switch e := x.(type) {
	case *tsql.Null:
		return nil, nil
	case *tsql.String:
		return e.Value, nil
	case *tsql.Number:
		return number(e.Text)
	case *tsql.Binary:
		h := e.Hex
		if len(h)%2 == 1 {
			h = "0" + h
		}
		return hex.DecodeString(h)
	case *tsql.Var:
		if strings.HasPrefix(e.Name, "@@") {
			return sc.n.global(e.Name)
		}
		v, ok := sc.n.vars[strings.ToLower(e.Name)]
		if !ok {
			return nil, errNoVariable(e.Name)
		}
		return v.value, nil
	case *tsql.Column:
		s, i, err := sc.find(e.Name)
		if err != nil {
			return nil, err
		}
		if s.row == nil {
			return nil, nil
		}
		return s.row[i], nil
	case *tsql.Unary:
		return sc.unary(e)
	case *tsql.Binop:
		return sc.binop(e)
	case *tsql.IsNull:
		v, err := sc.eval(e.X)
		return (v == nil) != e.Not, err
	case *tsql.In:
		return sc.in(e)
	case *tsql.Like:
		return sc.like(e)
	case *tsql.Between:
		low := &tsql.Binop{Op: "<=", L: e.Low, R: e.X}
		high := &tsql.Binop{Op: "<=", L: e.X, R: e.High}
		v, err := sc.eval(&tsql.Binop{Op: "AND", L: low, R: high})
		if yes, ok := v.(bool); ok && e.Not {
			return !yes, err
		}
		return v, err
	case *tsql.Case:
		for _, w := range e.Whens {
			cond := w.If
			if e.Of != nil {
				cond = &tsql.Binop{Op: "=", L: e.Of, R: w.If}
			}
			v, err := sc.eval(cond)
			if err != nil {
				return nil, err
			}
			if yes, _ := v.(bool); yes {
				return sc.eval(w.Then)
			}
		}
		if e.Else == nil {
			return nil, nil
		}
		return sc.eval(e.Else)
	case *tsql.Cast:
		return sc.cast(e)
	case *tsql.Exists:
		r, err := sc.query(e.Of)
		if err != nil {
			return nil, err
		}
		return len(r.rows) > 0, nil
	case *tsql.Query:
		r, err := sc.query(e.Of)
		if err != nil || len(r.rows) == 0 {
			return nil, err
		}
		if len(r.rows) > 1 {
			return nil, refusal(512, 16, "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.")
		}
		return r.rows[0][0], nil
	case *tsql.Invoke:
		return sc.invoke(e)
	}
	return nil, refusal(102, 15, "Incorrect syntax near '*'.")
}

func number(s string) (any, error) {
	if strings.ContainsAny(s, "eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, refusal(168, 15, "The floating point value '%s' is out of the range of computer representation (8 bytes).", s)
		}
		return f, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	d, err := tds.ParseDecimal(s)
	if err != nil || d.Digits() > 38 {
		return nil, refusal(1007, 15, "The number '%s' is out of the range for numeric representation (maximum precision 38).", s)
	}
	return d, nil
}

func (sc *scope) unary(e *tsql.Unary) (any, error) {
	v, err := sc.eval(e.X)
	if err != nil || v == nil {
		return nil, err
	}
	switch e.Op {
	case "NOT":
		yes, _ := v.(bool)
		return !yes, nil
	case "~":
		if n, ok := v.(int64); ok {
			return ^n, nil
		}
	}
	return arithmetic("-", int64(0), v)
}

func (sc *scope) binop(e *tsql.Binop) (any, error) {
	l, err := sc.eval(e.L)
	if err != nil {
		return nil, err
	}
	if e.Op == "AND" || e.Op == "OR" {
		stop := e.Op == "OR"
		if yes, ok := l.(bool); ok && yes == stop {
			return stop, nil
		}
		r, err := sc.eval(e.R)
		if err != nil {
			return nil, err
		}
		if yes, ok := r.(bool); ok && yes == stop {
			return stop, nil
		}
		if l == nil || r == nil {
			return nil, nil
		}
		return !stop, nil
	}
	r, err := sc.eval(e.R)
	if err != nil || l == nil || r == nil {
		return nil, err
	}
	switch e.Op {
	case "=", "<>", "<", "<=", ">", ">=":
		c, err := compare(l, r)
		if err != nil {
			return nil, err
		}
		return map[string]bool{"=": c == 0, "<>": c != 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[e.Op], nil
	}
	return arithmetic(e.Op, l, r)
}

func arithmetic(op string, l, r any) (any, error) {
	if a, ok := l.(string); ok && op == "+" {
		if b, ok := r.(string); ok {
			return a + b, nil
		}
	}
	if at, ok := l.(time.Time); ok {
		f, ok := toFloat(r)
		if !ok || op != "+" && op != "-" {
			return nil, refusal(8117, 16, "Operand data type datetime is invalid for %s operator.", op)
		}
		if op == "-" {
			f = -f
		}
		return at.Add(time.Duration(f * 24 * float64(time.Hour))), nil
	}
	_, lf := l.(float64)
	_, rf := r.(float64)
	if lf || rf {
		a, ok1 := toFloat(l)
		b, ok2 := toFloat(r)
		if !ok1 || !ok2 {
			return nil, refusal(8114, 16, "Error converting data type nvarchar to float.")
		}
		switch op {
		case "+":
			return a + b, nil
		case "-":
			return a - b, nil
		case "*":
			return a * b, nil
		case "/":
			if b == 0 {
				return nil, errDivide
			}
			return a / b, nil
		}
		return nil, refusal(402, 16, "The data types float and float are incompatible in the %s operator.", op)
	}
	a, ok1 := toDecimal(l)
	b, ok2 := toDecimal(r)
	if !ok1 || !ok2 {
		return nil, refusal(245, 16, "Conversion failed when converting the nvarchar value '%s' to data type int.", toText(r))
	}
	whole := a.Scale == 0 && b.Scale == 0
	scale := max(a.Scale, b.Scale)
	out := new(big.Int)
	x, y := a.Rescale(scale).Int, b.Rescale(scale).Int
	switch op {
	case "+":
		out.Add(x, y)
	case "-":
		out.Sub(x, y)
	case "*":
		out, scale = out.Mul(a.Int, b.Int), a.Scale+b.Scale
	case "/", "%":
		if y.Sign() == 0 {
			return nil, errDivide
		}
		if op == "%" {
			out.Rem(x, y)
			break
		}
		if !whole || !isInt(l) || !isInt(r) {
			scale = 6
			x = new(big.Int).Mul(x, big.NewInt(1_000_000))
		}
		out.Quo(x, y)
	case "&":
		out.And(x, y)
	case "|":
		out.Or(x, y)
	case "^":
		out.Xor(x, y)
	}
	if isInt(l) && isInt(r) {
		if !out.IsInt64() {
			return nil, refusal(8115, 16, "Arithmetic overflow error converting expression to data type bigint.")
		}
		return out.Int64(), nil
	}
	return tds.Decimal{Int: out, Scale: scale}, nil
}

var errDivide = refusal(8134, 16, "Divide by zero error encountered.")

func isInt(v any) bool {
	switch v.(type) {
	case int64, bool:
		return true
	}
	return false
}

func (sc *scope) in(e *tsql.In) (any, error) {
	v, err := sc.eval(e.X)
	if err != nil || v == nil {
		return nil, err
	}
	var list []any
	if e.Of != nil {
		r, err := sc.query(e.Of)
		if err != nil {
			return nil, err
		}
		for _, row := range r.rows {
			list = append(list, row[0])
		}
	}
	for _, x := range e.List {
		y, err := sc.eval(x)
		if err != nil {
			return nil, err
		}
		list = append(list, y)
	}
	unknown := false
	for _, y := range list {
		if y == nil {
			unknown = true
			continue
		}
		c, err := compare(v, y)
		if err != nil {
			return nil, err
		}
		if c == 0 {
			return !e.Not, nil
		}
	}
	if unknown {
		return nil, nil
	}
	return e.Not, nil
}

func (sc *scope) like(e *tsql.Like) (any, error) {
	v, err := sc.eval(e.X)
	if err != nil {
		return nil, err
	}
	p, err := sc.eval(e.Pattern)
	if err != nil || v == nil || p == nil {
		return nil, err
	}
	var escape rune
	if e.Escape != nil {
		x, err := sc.eval(e.Escape)
		if err != nil {
			return nil, err
		}
		if r := []rune(toText(x)); len(r) == 1 {
			escape = r[0]
		}
	}
	return likes([]rune(fold(toText(v))), []rune(strings.ToLower(toText(p))), escape) != e.Not, nil
}

// likes matches a pattern of LIKE: %, _, [a-z], [^a].
func likes(s, p []rune, escape rune) bool {
	for len(p) > 0 {
		switch {
		case escape != 0 && p[0] == escape && len(p) > 1:
			p = p[1:]
			if len(s) == 0 || s[0] != p[0] {
				return false
			}
		case p[0] == '%':
			for len(p) > 0 && p[0] == '%' {
				p = p[1:]
			}
			for i := 0; i <= len(s); i++ {
				if likes(s[i:], p, escape) {
					return true
				}
			}
			return false
		case len(s) == 0:
			return false
		case p[0] == '_':
		case p[0] == '[':
			end := 1
			for end < len(p) && p[end] != ']' {
				end++
			}
			if end == len(p) {
				return false
			}
			set, not := p[1:end], false
			if len(set) > 0 && set[0] == '^' {
				set, not = set[1:], true
			}
			hit := false
			for i := 0; i < len(set); i++ {
				if i+2 < len(set) && set[i+1] == '-' {
					hit = hit || s[0] >= set[i] && s[0] <= set[i+2]
					i += 2
				} else {
					hit = hit || s[0] == set[i]
				}
			}
			if hit == not {
				return false
			}
			p = p[end:]
		case p[0] != s[0]:
			return false
		}
		s, p = s[1:], p[1:]
	}
	return len(s) == 0
}

func (sc *scope) cast(e *tsql.Cast) (any, error) {
	v, err := sc.eval(e.X)
	if err != nil || v == nil {
		return nil, err
	}
	t, err := typeOf(e.Type)
	if err != nil {
		return nil, err
	}
	if at, ok := v.(time.Time); ok && t.IsText() && e.Style != nil {
		style, err := sc.eval(e.Style)
		if err != nil {
			return nil, err
		}
		form, ok := map[string]string{"120": "2006-01-02 15:04:05", "121": "2006-01-02 15:04:05.000", "126": "2006-01-02T15:04:05.000",
			"127": "2006-01-02T15:04:05.000Z", "112": "20060102", "23": "2006-01-02", "108": "15:04:05"}[toText(style)]
		if !ok {
			return nil, refusal(281, 16, "%s is not a valid style number when converting from datetime to a character string.", toText(style))
		}
		v = at.Format(form)
	}
	out, err := convert(v, t)
	if err != nil && e.Try {
		return nil, nil
	}
	return out, err
}
