package sqlserveremu

import (
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// source gives the rows of what stands behind FROM.
func (sc *scope) source(x any) (*relation, error) {
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
		return r.as(alias), sc.spend(len(r.rows))
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
		r, err := sc.n.tableFunction(s.Name, args)
		if err != nil {
			return nil, err
		}
		alias := s.Alias
		if alias == "" {
			alias = s.Name.Last()
		}
		return r.as(alias), sc.spend(len(r.rows))
	case *tsql.Derived:
		r, err := sc.query(s.Of)
		if err != nil {
			return nil, err
		}
		return renamed(r, s.Columns).as(s.Alias), nil
	case *tsql.Rows:
		r := &relation{}
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
			r.rows = append(r.rows, row)
		}
		for _, name := range s.Columns {
			r.columns = append(r.columns, column{name: name})
		}
		r.settle()
		return r.as(s.Alias), nil
	case *tsql.Join:
		return sc.join(s)
	}
	return nil, refusal(102, 15, "Incorrect syntax near 'FROM'.")
}

func (r *relation) as(alias string) *relation {
	out := &relation{rows: r.rows, columns: make([]column, len(r.columns))}
	for i, c := range r.columns {
		c.of = strings.ToLower(alias)
		out.columns[i] = c
	}
	return out
}

func (sc *scope) join(j *tsql.Join) (*relation, error) {
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
	out := &relation{columns: append(append([]column{}, left.columns...), right.columns...)}
	own := sc.inner(out.columns)
	if j.On != nil {
		if _, err := own.infer(j.On); err != nil {
			return nil, err
		}
	}
	index, key := hashJoin(j.On, left, right)
	for _, l := range left.rows {
		candidates := right.rows
		if index != nil {
			candidates = nil
			if v := l[key]; v != nil {
				candidates = index[fold(toText(v))]
			}
		}
		if err := sc.spend(len(candidates)); err != nil {
			return nil, err
		}
		matched := false
		for _, r := range candidates {
			row := append(append(make([]any, 0, len(out.columns)), l...), r...)
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
			out.rows = append(out.rows, row)
		}
		if !matched && j.Kind == "LEFT" {
			out.rows = append(out.rows, append(append([]any{}, l...), make([]any, len(right.columns))...))
		}
	}
	return out, nil
}

// hashJoin finds an equality of two columns of the same type in the condition
// and indexes the right side by it.
func hashJoin(on tsql.Expr, left, right *relation) (map[string][][]any, int) {
	b, ok := on.(*tsql.Binop)
	if !ok {
		return nil, 0
	}
	if b.Op == "AND" {
		if index, key := hashJoin(b.L, left, right); index != nil {
			return index, key
		}
		return hashJoin(b.R, left, right)
	}
	l, ok1 := b.L.(*tsql.Column)
	r, ok2 := b.R.(*tsql.Column)
	if b.Op != "=" || !ok1 || !ok2 {
		return nil, 0
	}
	at := func(of *relation, c *tsql.Column) int {
		_, i, err := (&scope{columns: of.columns}).find(c.Name)
		if err != nil || len(c.Name) < 2 {
			return -1
		}
		return i
	}
	i, k := at(left, l), at(right, r)
	if i < 0 || k < 0 {
		i, k = at(left, r), at(right, l)
	}
	if i < 0 || k < 0 || left.columns[i].typ != right.columns[k].typ {
		return nil, 0
	}
	index := map[string][][]any{}
	for _, row := range right.rows {
		if row[k] != nil {
			v := fold(toText(row[k]))
			index[v] = append(index[v], row)
		}
	}
	return index, i
}

func (sc *scope) apply(j *tsql.Join, left *relation) (*relation, error) {
	out := &relation{columns: left.columns}
	own := sc.inner(left.columns)
	width := 0
	rows := left.rows
	if len(rows) == 0 {
		rows = [][]any{make([]any, len(left.columns))} // for the columns alone
	}
	for _, l := range rows {
		own.row = l
		right, err := own.source(j.R)
		if err != nil {
			return nil, err
		}
		if width == 0 {
			out.columns = append(append([]column{}, left.columns...), right.columns...)
			width = len(right.columns)
		}
		if len(left.rows) == 0 {
			break
		}
		for _, r := range right.rows {
			out.rows = append(out.rows, append(append([]any{}, l...), r...))
		}
		if len(right.rows) == 0 && j.Kind == "OUTER APPLY" {
			out.rows = append(out.rows, append(append([]any{}, l...), make([]any, width)...))
		}
	}
	return out, nil
}
