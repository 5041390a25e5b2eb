package query

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Relation is rows with names.
type Relation struct {
	Columns []Column
	Rows    [][]any
	// Stream stands in the place of Rows for a long table. By names the column
	// that it goes by.
	Stream Stream
	By     string
}

// Column is a column of a Relation.
type Column struct {
	of   string // alias of its source, lower case
	Name string
	Type tds.Type
	// Hidden columns answer to their name and take no part in *.
	Hidden bool
}

// Scope is where an expression is evaluated.
type Scope struct {
	ctx     context.Context
	engine  Engine
	fold    value.Collation
	columns []Column
	row     []any
	cell    func(int) any // of a row of a stream, in the place of row
	asked   *asked
	places  map[*tsql.Column]place // where columns were found
	sets    map[*tsql.In]map[int64]bool
	index   int     // of the row
	group   [][]any // rows of the group while aggregates are computed
	grouped bool
	windows map[*tsql.Invoke][]any
	outer   *Scope
	ctes    map[string]*Relation
	budget  *int // rows that may still be looked at
}

type place struct {
	in *Scope
	i  int
}

// maxRows bounds the work of one query.
const maxRows = 5_000_000

// New is a Scope outside of any query.
func New(ctx context.Context, e Engine) *Scope {
	budget := maxRows
	return &Scope{ctx: ctx, engine: e, fold: e.Collation(), ctes: map[string]*Relation{}, budget: &budget}
}

func (sc *Scope) inner(columns []Column) *Scope {
	return &Scope{ctx: sc.ctx, engine: sc.engine, fold: sc.fold, columns: columns, outer: sc, ctes: sc.ctes, budget: sc.budget}
}

// Over is a Scope in which a table's columns are known; At puts it on a row.
func (sc *Scope) Over(r *Relation, alias string) *Scope { return sc.inner(r.as(alias).Columns) }

// At puts the Scope on a row.
func (sc *Scope) At(row []any) { sc.row = row }

// spend counts rows looked at.
func (sc *Scope) spend(rows int) error {
	if *sc.budget -= rows; *sc.budget < 0 {
		return tds.Refuse(701, 17, "There is insufficient system memory in resource pool 'default' to run this query.")
	}
	return sc.ctx.Err()
}

// Check refuses names that mean nothing, before any row is looked at.
func (sc *Scope) Check(x tsql.Expr) error {
	_, err := sc.infer(x)
	return err
}

// Value evaluates an expression: a value, or true, false or nil (unknown) for
// a condition. Names that mean nothing are refused, whatever the rows.
func (sc *Scope) Value(x tsql.Expr) (any, error) {
	if _, err := sc.infer(x); err != nil {
		return nil, err
	}
	return sc.eval(x)
}

// find resolves a column to a Scope and a place in its rows.
func (sc *Scope) find(name tsql.Name) (*Scope, int, error) {
	for s := sc; s != nil; s = s.outer {
		found := -1
		for i, c := range s.columns {
			if !sc.fold.Equal(c.Name, name.Last()) || len(name) > 1 && !strings.EqualFold(c.of, name.Part(1)) {
				continue
			}
			if found >= 0 {
				return nil, 0, tds.Refuse(209, 16, "Ambiguous column name '%s'.", name.Last())
			}
			found = i
		}
		if found >= 0 {
			return s, found, nil
		}
	}
	if len(name) > 1 {
		return nil, 0, tds.Refuse(4104, 16, "The multi-part identifier \"%s\" could not be bound.", strings.Join(name, "."))
	}
	return nil, 0, tds.Refuse(207, 16, "Invalid column name '%s'.", name.Last())
}

// eval gives a value, or true, false or nil (unknown) for a condition.
func (sc *Scope) eval(x tsql.Expr) (any, error) {
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
			return sc.engine.Global(e.Name)
		}
		_, v, err := sc.engine.Variable(e.Name)
		return v, err
	case *tsql.Column:
		at, known := sc.places[e]
		if !known {
			var err error
			if at.in, at.i, err = sc.find(e.Name); err != nil {
				return nil, err
			}
			if sc.places == nil {
				sc.places = map[*tsql.Column]place{}
			}
			sc.places[e] = at
		}
		s, i := at.in, at.i
		if s.cell != nil {
			return s.cell(i), nil
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
		r, err := sc.Select(e.Of)
		if err != nil {
			return nil, err
		}
		return len(r.Rows) > 0, nil
	case *tsql.Query:
		r, err := sc.Select(e.Of)
		if err != nil || len(r.Rows) == 0 {
			return nil, err
		}
		if len(r.Rows) > 1 {
			return nil, tds.Refuse(512, 16, "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.")
		}
		return r.Rows[0][0], nil
	case *tsql.Invoke:
		return sc.invoke(e)
	}
	return nil, tds.Refuse(102, 15, "Incorrect syntax near '*'.")
}

func number(s string) (any, error) {
	if strings.ContainsAny(s, "eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, tds.Refuse(168, 15, "The floating point value '%s' is out of the range of computer representation (8 bytes).", s)
		}
		return f, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	d, err := tds.ParseDecimal(s)
	if err != nil || d.Digits() > 38 {
		return nil, tds.Refuse(1007, 15, "The number '%s' is out of the range for numeric representation (maximum precision 38).", s)
	}
	return d, nil
}

func (sc *Scope) cast(e *tsql.Cast) (any, error) {
	v, err := sc.eval(e.X)
	if err != nil || v == nil {
		return nil, err
	}
	t, err := value.TypeOf(e.Type)
	if err != nil {
		return nil, err
	}
	if at, ok := v.(time.Time); ok && t.IsText() && e.Style != nil {
		style, err := sc.eval(e.Style)
		if err != nil {
			return nil, err
		}
		form, ok := map[string]string{"120": "2006-01-02 15:04:05", "121": "2006-01-02 15:04:05.000", "126": "2006-01-02T15:04:05.000",
			"127": "2006-01-02T15:04:05.000Z", "112": "20060102", "23": "2006-01-02", "108": "15:04:05"}[value.Text(style)]
		if !ok {
			return nil, tds.Refuse(281, 16, "%s is not a valid style number when converting from datetime to a character string.", value.Text(style))
		}
		v = at.Format(form)
	}
	out, err := value.Convert(v, t)
	if err != nil && e.Try {
		return nil, nil
	}
	return out, err
}
