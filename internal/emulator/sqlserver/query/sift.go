package query

import (
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// sift keeps the rows of a stream that meet the condition: of a query that
// sorts by the column the stream goes by, no more than it wants; of one that
// sorts otherwise and wants few, only the best so far; of one that asks groups
// for their least and greatest alone, the rows that have them.
func (sc *Scope) sift(r *Relation, q *tsql.Select, order []tsql.Order, most int) (kept [][]any, err error) {
	extremes, few := extremesOf(q), most >= 0 && len(order) > 0 && !q.Distinct && !sc.groupsAny(q, order)
	few = few && !slices.ContainsFunc(order, func(o tsql.Order) bool { return !sc.isColumn(o.By, "") || !means(q, o) })
	var w Wish
	room := 4096
	inOrder := few && len(order) == 1 && sc.isColumn(order[0].By, r.By)
	if inOrder {
		w.Descending = order[0].Descending
	}
	defer func() { sc.cell = nil }()
	r.Stream.Each(w, func(cell func(int) any) bool {
		if inOrder && len(kept) >= most {
			return false
		}
		if err = sc.spend(1); err != nil {
			return false
		}
		if q.Where != nil {
			sc.cell = cell
			var v any
			if v, err = sc.eval(q.Where); err != nil {
				return false
			}
			if yes, _ := v.(bool); !yes {
				return true
			}
		}
		kept = append(kept, rowOf(cell, len(r.Columns)))
		switch {
		case few && !inOrder && len(kept) >= 2*most+1000:
			sc.cell = nil
			kept, err = sc.best(kept, order, most)
		case len(extremes) > 0 && len(kept) >= room:
			sc.cell = nil
			if kept, err = sc.outermost(kept, q.GroupBy, extremes); err == nil {
				room = max(room, 2*len(kept))
			}
		}
		return err == nil
	})
	return kept, err
}

// isColumn reports whether an expression is a column of the scope's own, the
// named one unless the name is empty.
func (sc *Scope) isColumn(x tsql.Expr, name string) bool {
	c, ok := x.(*tsql.Column)
	if !ok || name != "" && !strings.EqualFold(c.Name.Last(), name) {
		return false
	}
	s, _, err := sc.find(c.Name)
	return err == nil && s == sc
}

// means reports whether ORDER BY a column's name means the column and not an
// item that took its name.
func means(q *tsql.Select, o tsql.Order) bool {
	c, ok := o.By.(*tsql.Column)
	return ok && !slices.ContainsFunc(q.Items, func(item tsql.Item) bool {
		of, same := item.X.(*tsql.Column)
		return strings.EqualFold(item.As, c.Name.Last()) && !(same && strings.EqualFold(of.Name.Last(), c.Name.Last()))
	})
}

func (sc *Scope) best(rows [][]any, order []tsql.Order, most int) ([][]any, error) {
	keys := make([][]any, len(rows))
	for i, row := range rows {
		sc.row = row
		for _, o := range order {
			v, err := sc.eval(o.By)
			if err != nil {
				return nil, err
			}
			keys[i] = append(keys[i], v)
		}
	}
	err := sc.sortRows(rows, keys, order)
	return rows[:min(most, len(rows))], err
}

// top is the number behind TOP, -1 without one.
func (sc *Scope) top(q *tsql.Select) (int, error) {
	if q.Top == nil {
		return -1, nil
	}
	v, err := sc.eval(q.Top)
	if err != nil {
		return 0, err
	}
	n, ok := v.(int64)
	if !ok || n < 0 {
		return 0, tds.Refuse(1060, 15, "The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.")
	}
	return int(n), nil
}

// extremesOf lists the aggregates of a query that asks for MIN and MAX only;
// nil for any other.
func extremesOf(q *tsql.Select) (out []*tsql.Invoke) {
	others := len(q.OrderBy) > 0 || q.Having != nil
	for _, item := range q.Items {
		tsql.Walk(item.X, func(x any) bool {
			e, ok := x.(*tsql.Invoke)
			if !ok {
				return true
			}
			if name := strings.ToUpper(e.Name.Last()); e.Over == nil && (name == "MAX" || name == "MIN") && len(e.Args) == 1 {
				out = append(out, e)
			} else {
				others = others || e.Over != nil || aggregates[name]
			}
			return false
		})
	}
	if others {
		return nil
	}
	return out
}

// outermost keeps of each group the rows that have an extreme.
func (sc *Scope) outermost(rows [][]any, by []tsql.Expr, extremes []*tsql.Invoke) (kept [][]any, err error) {
	type best struct {
		v   any
		row []any
	}
	groups := map[string][]best{}
	for _, row := range rows {
		sc.row = row
		key := make([]any, len(by))
		for i, x := range by {
			if key[i], err = sc.eval(x); err != nil {
				return nil, err
			}
		}
		k := sc.rowKey(key)
		g, ok := groups[k]
		if !ok {
			g = make([]best, len(extremes))
			for i := range g {
				g[i].row = row
			}
			groups[k] = g
		}
		for i, e := range extremes {
			v, err := sc.eval(e.Args[0])
			if err != nil {
				return nil, err
			}
			if v == nil {
				continue
			}
			more := 1
			if g[i].v != nil {
				if more, err = sc.fold.Compare(v, g[i].v); err != nil {
					return nil, err
				}
				if strings.EqualFold(e.Name.Last(), "MIN") {
					more = -more
				}
			}
			if more > 0 {
				g[i] = best{v, row}
			}
		}
	}
	for _, g := range groups {
		for _, b := range g {
			kept = append(kept, b.row)
		}
	}
	return kept, nil
}
