package query

import (
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// Stream gives the rows of a table that is too long to hold, one by one, until
// yield says no. The cells of a row are computed as they are asked for; the row
// is gone when yield returns.
type Stream interface {
	Each(w Wish, yield func(cell func(column int) any) bool)
}

// Wish tells what rows the query will keep, by columns in lower case. A stream
// may leave out others and need not. Descending is no wish but an order, for a
// stream that goes by a column.
type Wish struct {
	In          map[string][]any // one of these values
	Least, Most map[string]any
	Descending  bool
}

// asked is what a query wants of its sources.
type asked struct {
	names map[string]bool // columns that it names anywhere; nil = all
	where tsql.Expr
}

func askedBy(q *tsql.Select) *asked {
	a := &asked{names: map[string]bool{}, where: q.Where}
	all := false
	tsql.Walk(q, func(x any) bool {
		switch e := x.(type) {
		case *tsql.Column:
			a.names[strings.ToLower(e.Name.Last())] = true
		case *tsql.Star:
			all = true
		case *tsql.Invoke:
			return !strings.HasPrefix(strings.ToUpper(e.Name.Last()), "COUNT") || len(e.Args) != 1 || !isStar(e.Args[0])
		}
		return true
	})
	if all {
		a.names = nil
	}
	return a
}

func isStar(x tsql.Expr) bool { _, ok := x.(*tsql.Star); return ok }

// narrow leaves a stream the columns that the query names, and tells it what
// the query will keep.
func (r *Relation) narrow(sc *Scope) *Relation {
	if r.Stream == nil || sc.asked == nil {
		return r
	}
	n := &narrowed{of: r.Stream, wish: Wish{In: map[string][]any{}, Least: map[string]any{}, Most: map[string]any{}}}
	out := &Relation{Stream: n, By: r.By}
	for i, c := range r.Columns {
		if sc.asked.names == nil || sc.asked.names[strings.ToLower(c.Name)] {
			out.Columns, n.places = append(out.Columns, c), append(n.places, i)
		}
	}
	sc.wishes(out, sc.asked.where, &n.wish)
	return out
}

type narrowed struct {
	of     Stream
	places []int
	wish   Wish
}

func (n *narrowed) Each(w Wish, yield func(func(int) any) bool) {
	own := n.wish
	own.Descending = w.Descending
	if len(w.In) > 0 {
		own.In = w.In // of a join, and the narrower one
	}
	n.of.Each(own, func(cell func(int) any) bool {
		return yield(func(i int) any { return cell(n.places[i]) })
	})
}

// wishes reads what a condition's parts, which must all be true, say of the
// relation's columns by literals and variables.
func (sc *Scope) wishes(r *Relation, cond tsql.Expr, w *Wish) {
	constant := func(x tsql.Expr) (any, bool) {
		plain := true
		tsql.Walk(x, func(x any) bool {
			switch x.(type) {
			case *tsql.Column, *tsql.Query, *tsql.Exists, *tsql.Star:
				plain = false
			}
			return plain
		})
		if !plain {
			return nil, false
		}
		v, err := sc.eval(x)
		return v, err == nil && v != nil
	}
	column := func(x tsql.Expr) (string, bool) {
		c, ok := x.(*tsql.Column)
		if !ok {
			return "", false
		}
		_, i, err := (&Scope{columns: r.Columns}).find(c.Name)
		if err != nil {
			return "", false
		}
		return strings.ToLower(r.Columns[i].Name), true
	}
	switch e := cond.(type) {
	case *tsql.In:
		name, ok := column(e.X)
		if !ok || e.Not || e.Of != nil {
			return
		}
		values := []any{}
		for _, x := range e.List {
			v, ok := constant(x)
			if !ok {
				return
			}
			values = append(values, v)
		}
		w.In[name] = values
	case *tsql.Binop:
		if e.Op == "AND" {
			sc.wishes(r, e.L, w)
			sc.wishes(r, e.R, w)
			return
		}
		name, ok := column(e.L)
		v, fixed := constant(e.R)
		if !ok || !fixed {
			return
		}
		switch e.Op {
		case "=":
			w.In[name] = []any{v}
		case ">", ">=":
			w.Least[name] = v
		case "<", "<=":
			w.Most[name] = v
		}
	}
}

// hold reads a stream into rows.
func (r *Relation) hold(sc *Scope, w Wish) (*Relation, error) {
	if r.Stream == nil {
		return r, nil
	}
	out := &Relation{Columns: r.Columns}
	var err error
	r.Stream.Each(w, func(cell func(int) any) bool {
		out.Rows = append(out.Rows, rowOf(cell, len(r.Columns)))
		err = sc.spend(1)
		return err == nil
	})
	return out, err
}

func rowOf(cell func(int) any, n int) []any {
	row := make([]any, n)
	for i := range row {
		row[i] = cell(i)
	}
	return row
}
