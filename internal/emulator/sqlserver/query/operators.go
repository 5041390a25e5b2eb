package query

import (
	"math/big"
	"strconv"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

func (sc *Scope) unary(e *tsql.Unary) (any, error) {
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

func (sc *Scope) binop(e *tsql.Binop) (any, error) {
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
		c, err := sc.fold.Compare(l, r)
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
		f, ok := value.Float(r)
		if !ok || op != "+" && op != "-" {
			return nil, tds.Refuse(8117, 16, "Operand data type datetime is invalid for %s operator.", op)
		}
		if op == "-" {
			f = -f
		}
		return at.Add(time.Duration(f * 24 * float64(time.Hour))), nil
	}
	_, lf := l.(float64)
	_, rf := r.(float64)
	if lf || rf {
		a, ok1 := value.Float(l)
		b, ok2 := value.Float(r)
		if !ok1 || !ok2 {
			return nil, tds.Refuse(8114, 16, "Error converting data type nvarchar to float.")
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
		return nil, tds.Refuse(402, 16, "The data types float and float are incompatible in the %s operator.", op)
	}
	a, ok1 := value.Decimal(l)
	b, ok2 := value.Decimal(r)
	if !ok1 || !ok2 {
		return nil, tds.Refuse(245, 16, "Conversion failed when converting the nvarchar value '%s' to data type int.", value.Text(r))
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
			return nil, tds.Refuse(8115, 16, "Arithmetic overflow error converting expression to data type bigint.")
		}
		return out.Int64(), nil
	}
	return tds.Decimal{Int: out, Scale: scale}, nil
}

var errDivide = tds.Refuse(8134, 16, "Divide by zero error encountered.")

func isInt(v any) bool {
	switch v.(type) {
	case int64, bool:
		return true
	}
	return false
}

func (sc *Scope) in(e *tsql.In) (any, error) {
	v, err := sc.eval(e.X)
	if err != nil || v == nil {
		return nil, err
	}
	if n, ok := v.(int64); ok && len(e.List) > 10 {
		if set := sc.set(e); set != nil {
			return set[n] != e.Not, nil
		}
	}
	var list []any
	if e.Of != nil {
		r, err := sc.Select(e.Of)
		if err != nil {
			return nil, err
		}
		for _, row := range r.Rows {
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
		c, err := sc.fold.Compare(v, y)
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

// set gives the whole numbers of a list that has nothing else; nil otherwise.
func (sc *Scope) set(e *tsql.In) map[int64]bool {
	set, known := sc.sets[e]
	if known {
		return set
	}
	set = map[int64]bool{}
	for _, x := range e.List {
		text, ok := x.(*tsql.Number)
		if !ok {
			set = nil
			break
		}
		n, err := strconv.ParseInt(text.Text, 10, 64)
		if err != nil {
			set = nil
			break
		}
		set[n] = true
	}
	if sc.sets == nil {
		sc.sets = map[*tsql.In]map[int64]bool{}
	}
	sc.sets[e] = set
	return set
}

func (sc *Scope) like(e *tsql.Like) (any, error) {
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
		if r := []rune(value.Text(x)); len(r) == 1 {
			escape = r[0]
		}
	}
	return likes([]rune(sc.fold.Fold(value.Text(v))), []rune(sc.fold.Pattern(value.Text(p))), escape) != e.Not, nil
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
