package query

import (
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// infer finds the type of an expression and refuses names that mean nothing,
// before any row is looked at. The zero Type is that of whatever comes.
func (sc *Scope) infer(x tsql.Expr) (tds.Type, error) {
	switch e := x.(type) {
	case nil, *tsql.Null:
		return tds.Type{}, nil
	case *tsql.String:
		n := len(e.Value)
		if n > 4000 {
			return tds.NVarChar(tds.Max), nil
		}
		return tds.NVarChar(max(n, 1)), nil
	case *tsql.Number:
		v, err := number(e.Text)
		if d, ok := v.(tds.Decimal); ok {
			return tds.Numeric(max(d.Digits(), d.Scale), d.Scale), nil
		}
		return value.TypeFor(v), err
	case *tsql.Binary:
		return tds.VarBinary(max(1, len(e.Hex)/2+1)), nil
	case *tsql.Var:
		if strings.HasPrefix(e.Name, "@@") {
			v, err := sc.engine.Global(e.Name)
			return value.TypeFor(v), err
		}
		t, _, err := sc.engine.Variable(e.Name)
		return t, err
	case *tsql.Column:
		s, i, err := sc.find(e.Name)
		if err != nil {
			return tds.Type{}, err
		}
		return s.columns[i].Type, nil
	case *tsql.Unary:
		return sc.infer(e.X)
	case *tsql.Binop:
		l, err := sc.infer(e.L)
		if err != nil {
			return l, err
		}
		r, err := sc.infer(e.R)
		if err != nil {
			return r, err
		}
		switch e.Op {
		case "=", "<>", "<", "<=", ">", ">=", "AND", "OR":
			return tds.Bit, nil
		case "*", "/":
			if l.IsDecimal() || r.IsDecimal() {
				return tds.Numeric(38, 6), nil
			}
		case "+":
			if l.IsText() && r.IsText() {
				if l.Size == tds.Max || r.Size == tds.Max || l.Size+r.Size > 4000 {
					return tds.NVarChar(tds.Max), nil
				}
				return tds.NVarChar(l.Size + r.Size), nil
			}
		}
		if l.IsTime() {
			return l, nil
		}
		return value.Wider(l, r), nil
	case *tsql.IsNull:
		_, err := sc.infer(e.X)
		return tds.Bit, err
	case *tsql.In:
		return tds.Bit, sc.inferAll(append([]tsql.Expr{e.X}, e.List...))
	case *tsql.Like:
		return tds.Bit, sc.inferAll([]tsql.Expr{e.X, e.Pattern})
	case *tsql.Between:
		return tds.Bit, sc.inferAll([]tsql.Expr{e.X, e.Low, e.High})
	case *tsql.Case:
		var t tds.Type
		for _, w := range append(e.Whens, tsql.When{If: e.Of, Then: e.Else}) {
			if _, err := sc.infer(w.If); err != nil {
				return t, err
			}
			next, err := sc.infer(w.Then)
			if err != nil {
				return t, err
			}
			t = value.Wider(t, next)
		}
		return t, nil
	case *tsql.Cast:
		if _, err := sc.infer(e.X); err != nil {
			return tds.Type{}, err
		}
		return value.TypeOf(e.Type)
	case *tsql.Query:
		// Its columns may lean on rows outside, which are not there yet.
		probe := sc.inner(nil)
		budget := maxRows
		probe.budget = &budget
		r, err := probe.Select(e.Of)
		if err != nil {
			return tds.Type{}, err
		}
		return r.Columns[0].Type, nil
	case *tsql.Exists:
		return tds.Bit, nil
	case *tsql.Invoke:
		return sc.inferInvoke(e)
	}
	return tds.Type{}, nil
}

func (sc *Scope) inferAll(list []tsql.Expr) error {
	for _, x := range list {
		if _, err := sc.infer(x); err != nil {
			return err
		}
	}
	return nil
}

func (sc *Scope) inferInvoke(e *tsql.Invoke) (tds.Type, error) {
	name := strings.ToUpper(e.Name.Last())
	var args []tds.Type
	for _, a := range e.Args {
		if _, ok := a.(*tsql.Star); ok {
			args = append(args, tds.Int)
			continue
		}
		t, err := sc.infer(a)
		if err != nil {
			return t, err
		}
		args = append(args, t)
	}
	switch name {
	case "COUNT", "CHECKSUM_AGG", "CHECKSUM", "BINARY_CHECKSUM":
		return tds.Int, nil
	case "COUNT_BIG", "ROW_NUMBER":
		return tds.BigInt, nil
	case "STRING_AGG":
		return tds.NVarChar(tds.Max), nil
	case "SUM", "AVG":
		if len(args) == 1 && args[0].IsDecimal() {
			return tds.Numeric(38, max(args[0].Scale, map[string]int{"AVG": 6}[name])), nil
		}
		fallthrough
	case "MAX", "MIN", "LAG", "LEAD", "ISNULL", "NULLIF", "ABS", "CEILING", "FLOOR", "ROUND":
		if len(args) > 0 {
			if name == "ISNULL" && args[0].IsZero() && len(args) > 1 {
				return args[1], nil
			}
			return args[0], nil
		}
	case "COALESCE":
		var t tds.Type
		for _, a := range args {
			t = value.Wider(t, a)
		}
		return t, nil
	case "IIF":
		if len(args) == 3 {
			return value.Wider(args[1], args[2]), nil
		}
	case "DATEADD":
		if len(args) == 3 && args[2].IsTime() {
			return args[2], nil
		}
		return tds.DateTime, nil
	}
	f, ok := sc.function(name)
	if !ok {
		if aggregates[name] {
			return tds.Type{}, tds.Refuse(174, 15, "The %s function requires 1 argument(s).", strings.ToLower(name))
		}
		return tds.Type{}, tds.Refuse(195, 15, "'%s' is not a recognized built-in function name.", e.Name.Last())
	}
	if len(e.Args) < f.Least || len(e.Args) > f.Most {
		return tds.Type{}, tds.Refuse(174, 15, "The %s function requires %d argument(s).", strings.ToLower(name), f.Least)
	}
	return f.Type, nil
}
