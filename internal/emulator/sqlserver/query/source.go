package query

import (
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// table gives the rows of a named query or of the engine.
func (sc *Scope) table(name tsql.Name) (*Relation, error) {
	if len(name) == 1 {
		if r, ok := sc.ctes[strings.ToLower(name.Last())]; ok {
			return r, nil
		}
	}
	return sc.engine.Table(name)
}

// source gives the rows of what stands behind FROM.
func (sc *Scope) source(x any) (*Relation, error) {
	switch s := x.(type) {
	case *tsql.Table:
		r, err := sc.table(s.Name)
		if err != nil {
			return nil, err
		}
		alias := s.Alias
		if alias == "" {
			alias = s.Name.Last()
		}
		return r.as(alias).narrow(sc), sc.spend(len(r.Rows))
	case *tsql.Function:
		var args []any
		for _, a := range s.Args {
			if _, err := sc.infer(a); err != nil {
				return nil, err
			}
			v, err := sc.eval(a)
			if err != nil {
				return nil, err
			}
			args = append(args, v)
		}
		r, err := sc.engine.TableFunction(s.Name, args)
		if err != nil {
			return nil, err
		}
		alias := s.Alias
		if alias == "" {
			alias = s.Name.Last()
		}
		return r.as(alias), sc.spend(len(r.Rows))
	case *tsql.Derived:
		r, err := sc.Select(s.Of)
		if err != nil {
			return nil, err
		}
		return renamed(r, s.Columns).as(s.Alias), nil
	case *tsql.Rows:
		r := &Relation{}
		for _, values := range s.Values {
			var row []any
			for _, x := range values {
				if _, err := sc.infer(x); err != nil {
					return nil, err
				}
				v, err := sc.eval(x)
				if err != nil {
					return nil, err
				}
				row = append(row, v)
			}
			r.Rows = append(r.Rows, row)
		}
		for _, name := range s.Columns {
			r.Columns = append(r.Columns, Column{Name: name})
		}
		r.settle()
		return r.as(s.Alias), nil
	case *tsql.Join:
		return sc.join(s)
	}
	return nil, tds.Refuse(102, 15, "Incorrect syntax near 'FROM'.")
}

func (r *Relation) as(alias string) *Relation {
	out := &Relation{Rows: r.Rows, Stream: r.Stream, By: r.By, Columns: make([]Column, len(r.Columns))}
	for i, c := range r.Columns {
		c.of = strings.ToLower(alias)
		out.Columns[i] = c
	}
	return out
}

func (sc *Scope) join(j *tsql.Join) (*Relation, error) {
	left, err := sc.source(j.L)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(j.Kind, "APPLY") {
		return sc.apply(j, left)
	}
	right, err := sc.source(j.R)
	if err != nil {
		return nil, err
	}
	if left, right, err = sc.held(j, left, right); err != nil {
		return nil, err
	}
	out := &Relation{Columns: append(append([]Column{}, left.Columns...), right.Columns...)}
	own := sc.inner(out.Columns)
	if j.On != nil {
		if _, err := own.infer(j.On); err != nil {
			return nil, err
		}
	}
	index, key := sc.hashJoin(j.On, left, right)
	for _, l := range left.Rows {
		candidates := right.Rows
		if index != nil {
			candidates = nil
			if v := l[key]; v != nil {
				candidates = index[sc.fold.Fold(value.Text(v))]
			}
		}
		if err := sc.spend(len(candidates)); err != nil {
			return nil, err
		}
		matched := false
		for _, r := range candidates {
			row := append(append(make([]any, 0, len(out.Columns)), l...), r...)
			if j.On != nil {
				own.row = row
				v, err := own.eval(j.On)
				if err != nil {
					return nil, err
				}
				if yes, _ := v.(bool); !yes {
					continue
				}
			}
			matched = true
			out.Rows = append(out.Rows, row)
		}
		if !matched && j.Kind == "LEFT" {
			out.Rows = append(out.Rows, append(append([]any{}, l...), make([]any, len(right.Columns))...))
		}
	}
	return out, nil
}

// hashJoin finds an equality of two columns of the same type in the condition
// and indexes the right side by it.
func (sc *Scope) hashJoin(on tsql.Expr, left, right *Relation) (map[string][][]any, int) {
	i, k := equality(on, left, right)
	if i < 0 {
		return nil, 0
	}
	index := map[string][][]any{}
	for _, row := range right.Rows {
		if row[k] != nil {
			v := sc.fold.Fold(value.Text(row[k]))
			index[v] = append(index[v], row)
		}
	}
	return index, i
}

// equality finds two columns of the same type that the condition sets equal,
// -1 when there are none.
func equality(on tsql.Expr, left, right *Relation) (inLeft, inRight int) {
	b, ok := on.(*tsql.Binop)
	if !ok {
		return -1, -1
	}
	if b.Op == "AND" {
		if i, k := equality(b.L, left, right); i >= 0 {
			return i, k
		}
		return equality(b.R, left, right)
	}
	l, ok1 := b.L.(*tsql.Column)
	r, ok2 := b.R.(*tsql.Column)
	if b.Op != "=" || !ok1 || !ok2 {
		return -1, -1
	}
	at := func(of *Relation, c *tsql.Column) int {
		_, i, err := (&Scope{columns: of.Columns}).find(c.Name)
		if err != nil || len(c.Name) < 2 {
			return -1
		}
		return i
	}
	i, k := at(left, l), at(right, r)
	if i < 0 || k < 0 {
		i, k = at(left, r), at(right, l)
	}
	if i < 0 || k < 0 || left.Columns[i].Type != right.Columns[k].Type {
		return -1, -1
	}
	return i, k
}

// maxKeys bounds the keys of one side that narrow a stream on the other.
const maxKeys = 20_000

// held reads the streams of a join, the other side first: its keys are all that
// is wanted of the stream.
func (sc *Scope) held(j *tsql.Join, left, right *Relation) (*Relation, *Relation, error) {
	i, k := equality(j.On, left, right)
	keys := func(of *Relation, place int, into *Relation, column int) (w Wish) {
		if i < 0 || of.Stream != nil || len(of.Rows) > maxKeys {
			return w
		}
		list := []any{}
		for _, row := range of.Rows {
			if row[place] != nil {
				list = append(list, row[place])
			}
		}
		w.In = map[string][]any{strings.ToLower(into.Columns[column].Name): list}
		return w
	}
	var w Wish
	if j.Kind == "INNER" && i >= 0 {
		w = keys(right, k, left, i)
	}
	left, err := left.hold(sc, w)
	if err != nil {
		return nil, nil, err
	}
	w = Wish{}
	if i >= 0 {
		w = keys(left, i, right, k)
	}
	right, err = right.hold(sc, w)
	return left, right, err
}

func (sc *Scope) apply(j *tsql.Join, left *Relation) (*Relation, error) {
	left, err := left.hold(sc, Wish{})
	if err != nil {
		return nil, err
	}
	out := &Relation{Columns: left.Columns}
	own := sc.inner(left.Columns)
	width := 0
	rows := left.Rows
	if len(rows) == 0 {
		rows = [][]any{make([]any, len(left.Columns))} // for the columns alone
	}
	for _, l := range rows {
		own.row = l
		right, err := own.source(j.R)
		if err == nil {
			right, err = right.hold(own, Wish{})
		}
		if err != nil {
			return nil, err
		}
		if width == 0 {
			out.Columns = append(append([]Column{}, left.Columns...), right.Columns...)
			width = len(right.Columns)
		}
		if len(left.Rows) == 0 {
			break
		}
		for _, r := range right.Rows {
			out.Rows = append(out.Rows, append(append([]any{}, l...), r...))
		}
		if len(right.Rows) == 0 && j.Kind == "OUTER APPLY" {
			out.Rows = append(out.Rows, append(append([]any{}, l...), make([]any, width)...))
		}
	}
	return out, nil
}
