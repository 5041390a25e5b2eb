package sqlserveremu

import (
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

func typeOfValue(v any) tds.Type {
	switch x := v.(type) {
	case int64:
		if x == int64(int32(x)) {
			return tds.Int
		}
		return tds.BigInt
	case bool:
		return tds.Bit
	case float64:
		return tds.Float
	case tds.Decimal:
		return tds.Numeric(38, x.Scale)
	case time.Time:
		return tds.DateTime2(7)
	case bakfile.GUID:
		return tds.GUID
	case []byte:
		return tds.VarBinary(tds.Max)
	case string:
		if len(x) > 4000 {
			return tds.NVarChar(tds.Max)
		}
	}
	return tds.NVarChar(4000)
}

// infer finds the type of an expression and refuses names that mean nothing,
// before any row is looked at. The zero Type is that of whatever comes.
func (sc *scope) infer(x tsql.Expr) (tds.Type, error) {
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
		return typeOfValue(v), err
	case *tsql.Binary:
		return tds.VarBinary(max(1, len(e.Hex)/2+1)), nil
	case *tsql.Var:
		if strings.HasPrefix(e.Name, "@@") {
			v, err := sc.n.global(e.Name)
			return typeOfValue(v), err
		}
		v, ok := sc.n.vars[strings.ToLower(e.Name)]
		if !ok {
			return tds.Type{}, errNoVariable(e.Name)
		}
		return v.typ, nil
	case *tsql.Column:
		s, i, err := sc.find(e.Name)
		if err != nil {
			return tds.Type{}, err
		}
		return s.columns[i].typ, nil
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
		return wider(l, r), nil
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
			t = wider(t, next)
		}
		return t, nil
	case *tsql.Cast:
		if _, err := sc.infer(e.X); err != nil {
			return tds.Type{}, err
		}
		return typeOf(e.Type)
	case *tsql.Query:
		// Its columns may lean on rows outside, which are not there yet.
		probe := sc.inner(nil)
		budget := maxRows
		probe.budget = &budget
		r, err := probe.query(e.Of)
		if err != nil {
			return tds.Type{}, err
		}
		return r.columns[0].typ, nil
	case *tsql.Exists:
		return tds.Bit, nil
	case *tsql.Invoke:
		return sc.inferInvoke(e)
	}
	return tds.Type{}, nil
}

func (sc *scope) inferAll(list []tsql.Expr) error {
	for _, x := range list {
		if _, err := sc.infer(x); err != nil {
			return err
		}
	}
	return nil
}

func (sc *scope) inferInvoke(e *tsql.Invoke) (tds.Type, error) {
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
			t = wider(t, a)
		}
		return t, nil
	case "IIF":
		if len(args) == 3 {
			return wider(args[1], args[2]), nil
		}
	case "DATEADD":
		if len(args) == 3 && args[2].IsTime() {
			return args[2], nil
		}
		return tds.DateTime, nil
	}
	f, ok := functions[name]
	if !ok {
		if aggregates[name] {
			return tds.Type{}, refusal(174, 15, "The %s function requires 1 argument(s).", strings.ToLower(name))
		}
		return tds.Type{}, refusal(195, 15, "'%s' is not a recognized built-in function name.", e.Name.Last())
	}
	if len(e.Args) < f.least || len(e.Args) > f.most {
		return tds.Type{}, refusal(174, 15, "The %s function requires %d argument(s).", strings.ToLower(name), f.least)
	}
	return f.typ, nil
}
