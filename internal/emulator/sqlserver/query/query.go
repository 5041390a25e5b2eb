package query

import (
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Select evaluates a SELECT with everything around it.
func (sc *Scope) Select(q *tsql.Select) (*Relation, error) {
	if len(q.With) > 0 {
		own := sc.inner(nil)
		own.ctes = map[string]*Relation{}
		for k, v := range sc.ctes {
			own.ctes[k] = v
		}
		for _, c := range q.With {
			r, err := own.Select(c.Of)
			if err != nil {
				return nil, err
			}
			own.ctes[strings.ToLower(c.Name)] = renamed(r, c.Columns)
		}
		sc = own
	}
	if len(q.Union) == 0 {
		return sc.core(q, q.OrderBy)
	}
	all, err := sc.core(q, nil)
	if err != nil {
		return nil, err
	}
	for _, u := range q.Union {
		r, err := sc.Select(u.Of)
		if err != nil {
			return nil, err
		}
		if len(r.Columns) != len(all.Columns) {
			return nil, tds.Refuse(205, 16, "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.")
		}
		all.Rows = append(all.Rows, r.Rows...)
		for i := range all.Columns {
			all.Columns[i].Type = value.Wider(all.Columns[i].Type, r.Columns[i].Type)
		}
		if !u.All {
			all.Rows = sc.distinct(all.Rows)
		}
	}
	own := sc.inner(all.Columns)
	keys := make([][]any, len(all.Rows))
	for i, row := range all.Rows {
		own.row = row
		for _, o := range q.OrderBy {
			v, err := own.orderKey(o.By, row, all.Columns)
			if err != nil {
				return nil, err
			}
			keys[i] = append(keys[i], v)
		}
	}
	return all, sc.sortRows(all.Rows, keys, q.OrderBy)
}

func renamed(r *Relation, names []string) *Relation {
	out := &Relation{Columns: slices.Clone(r.Columns), Rows: r.Rows}
	for i := range min(len(names), len(out.Columns)) {
		out.Columns[i].Name = names[i]
	}
	return out
}

// core evaluates one SELECT … FROM … WHERE … GROUP BY … HAVING.
func (sc *Scope) core(q *tsql.Select, order []tsql.Order) (*Relation, error) {
	from := &Relation{Rows: [][]any{{}}}
	if q.From != nil {
		var err error
		outer := sc.asked
		sc.asked = askedBy(q)
		from, err = sc.source(q.From)
		sc.asked = outer
		if err != nil {
			return nil, err
		}
	}
	own := sc.inner(from.Columns)
	most, err := sc.top(q)
	if err != nil {
		return nil, err
	}
	if q.Where != nil {
		if _, err := own.infer(q.Where); err != nil {
			return nil, err
		}
	}
	rows := from.Rows
	if from.Stream != nil {
		if rows, err = own.sift(from, q, order, most); err != nil {
			return nil, err
		}
	} else if q.Where != nil {
		kept, err := own.filter(rows, q.Where)
		if err != nil {
			return nil, err
		}
		rows = kept
	}
	items, err := expand(q.Items, from.Columns)
	if err != nil {
		return nil, err
	}
	out := &Relation{}
	for _, item := range items {
		t, err := own.infer(item.X)
		if err != nil {
			return nil, err
		}
		name := item.As
		if c, ok := item.X.(*tsql.Column); ok && name == "" {
			name = c.Name.Last()
		}
		out.Columns = append(out.Columns, Column{Name: name, Type: t})
	}
	groups, grouped, err := own.groups(q, items, order, rows)
	if err != nil {
		return nil, err
	}
	var keys [][]any
	if !grouped {
		if own.windows, err = own.windowed(items, rows); err != nil {
			return nil, err
		}
		groups = make([][][]any, len(rows))
		for i := range rows {
			groups[i] = rows[i : i+1]
		}
	}
	for i, g := range groups {
		own.grouped, own.group, own.index, own.row = grouped, g, i, nil
		if len(g) > 0 {
			own.row = g[0]
		}
		if q.Having != nil {
			v, err := own.eval(q.Having)
			if err != nil {
				return nil, err
			}
			if yes, _ := v.(bool); !yes {
				continue
			}
		}
		row := make([]any, len(items))
		for k, item := range items {
			if row[k], err = own.eval(item.X); err != nil {
				return nil, err
			}
		}
		var key []any
		for _, o := range order {
			v, err := own.orderKey(o.By, row, out.Columns)
			if err != nil {
				return nil, err
			}
			key = append(key, v)
		}
		out.Rows, keys = append(out.Rows, row), append(keys, key)
	}
	out.settle()
	if q.Distinct {
		if len(order) > 0 {
			// Sorted by what is selected, duplicates lie side by side.
			if err := sc.sortRows(out.Rows, keys, order); err != nil {
				return nil, err
			}
			order = nil
		}
		out.Rows = sc.distinct(out.Rows)
	}
	if len(order) > 0 {
		if err := sc.sortRows(out.Rows, keys, order); err != nil {
			return nil, err
		}
	}
	if most >= 0 {
		out.Rows = out.Rows[:min(most, len(out.Rows))]
	}
	return out, nil
}

// settle gives columns without a type that of their first value.
func (r *Relation) settle() {
	for i := range r.Columns {
		if !r.Columns[i].Type.IsZero() {
			continue
		}
		r.Columns[i].Type = tds.NVarChar(4000)
		for _, row := range r.Rows {
			if row[i] != nil {
				r.Columns[i].Type = value.TypeFor(row[i])
				break
			}
		}
	}
}

func (sc *Scope) filter(rows [][]any, cond tsql.Expr) (kept [][]any, err error) {
	if err := sc.spend(len(rows)); err != nil {
		return nil, err
	}
	for _, row := range rows {
		sc.row = row
		v, err := sc.eval(cond)
		if err != nil {
			return nil, err
		}
		if yes, _ := v.(bool); yes {
			kept = append(kept, row)
		}
	}
	return kept, nil
}

// expand puts the columns in the place of * and t.*.
func expand(items []tsql.Item, columns []Column) (out []tsql.Item, err error) {
	for _, item := range items {
		star, ok := item.X.(*tsql.Star)
		if !ok {
			out = append(out, item)
			continue
		}
		n := 0
		for _, c := range columns {
			if !c.Hidden && (star.Of == "" || strings.EqualFold(star.Of, c.of)) {
				out = append(out, tsql.Item{X: &tsql.Column{Name: tsql.Name{c.of, c.Name}}, As: c.Name})
				n++
			}
		}
		if n == 0 {
			return nil, tds.Refuse(107, 15, "The column prefix '%s' does not match with a table name or alias name used in the query.", star.Of)
		}
	}
	return out, nil
}

// orderKey is what a row is sorted by: an item's name, its number or an
// expression.
func (sc *Scope) orderKey(by tsql.Expr, row []any, columns []Column) (any, error) {
	switch e := by.(type) {
	case *tsql.Number:
		n, err := number(e.Text)
		if i, ok := n.(int64); ok && i >= 1 && int(i) <= len(row) {
			return row[i-1], err
		}
		return nil, tds.Refuse(108, 16, "The ORDER BY position number %s is out of range of the number of items in the select list.", e.Text)
	case *tsql.Column:
		for i, c := range columns {
			if len(e.Name) == 1 && strings.EqualFold(c.Name, e.Name.Last()) {
				return row[i], nil
			}
		}
	}
	return sc.eval(by)
}

func (sc *Scope) sortRows(rows, keys [][]any, order []tsql.Order) (err error) {
	if len(order) == 0 {
		return nil
	}
	place := make([]int, len(rows))
	for i := range place {
		place[i] = i
	}
	slices.SortStableFunc(place, func(a, b int) int {
		for k, o := range order {
			c, e := sc.compareNulls(keys[a][k], keys[b][k])
			if e != nil {
				err = e
			}
			if o.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	sorted := make([][]any, len(rows))
	for i, p := range place {
		sorted[i] = rows[p]
	}
	copy(rows, sorted)
	return err
}

// compareNulls sorts NULL first.
func (sc *Scope) compareNulls(a, b any) (int, error) {
	switch {
	case a == nil && b == nil:
		return 0, nil
	case a == nil:
		return -1, nil
	case b == nil:
		return 1, nil
	}
	return sc.fold.Compare(a, b)
}

// rowKey tells equal rows by equal text.
func (sc *Scope) rowKey(values []any) string {
	var b strings.Builder
	for _, v := range values {
		if v == nil {
			b.WriteByte(0)
			continue
		}
		b.WriteByte(1)
		b.WriteString(sc.fold.Fold(value.Text(v)))
		b.WriteByte(2)
	}
	return b.String()
}

func (sc *Scope) distinct(rows [][]any) (out [][]any) {
	seen := map[string]bool{}
	for _, r := range rows {
		if k := sc.rowKey(r); !seen[k] {
			seen[k] = true
			out = append(out, r)
		}
	}
	return out
}
