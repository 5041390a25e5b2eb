package sqlserveremu

import (
	"context"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// selects runs a SELECT and sends its rows, or sets variables.
func (n *session) selects(ctx context.Context, q *tsql.Select) error {
	sc := n.scope(ctx)
	r, err := sc.query(q)
	if err != nil {
		return err
	}
	if q.Items[0].Into != "" {
		for i, item := range q.Items {
			v, ok := n.vars[strings.ToLower(item.Into)]
			if !ok {
				return errNoVariable(item.Into)
			}
			if len(r.rows) == 0 {
				continue
			}
			x, err := convert(r.rows[len(r.rows)-1][i], v.typ)
			if err != nil {
				return err
			}
			n.set(item.Into, v.typ, x)
		}
		return nil
	}
	columns := make([]tds.Column, len(r.columns))
	for i, c := range r.columns {
		columns[i] = tds.Column{Name: c.name, Type: c.typ}
	}
	n.reply.Columns(columns)
	for _, row := range r.rows {
		out := make([]any, len(row))
		for i, v := range row {
			if out[i], err = convert(v, columns[i].Type); err != nil {
				return err
			}
		}
		if err := n.reply.Row(out); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	n.rowCount = int64(len(r.rows))
	n.reply.Done(tds.CommandSelect, n.rowCount)
	return nil
}

// query evaluates a SELECT with everything around it.
func (sc *scope) query(q *tsql.Select) (*relation, error) {
	if len(q.With) > 0 {
		own := sc.inner(nil)
		own.ctes = map[string]*relation{}
		for k, v := range sc.ctes {
			own.ctes[k] = v
		}
		for _, c := range q.With {
			r, err := own.query(c.Of)
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
		r, err := sc.query(u.Of)
		if err != nil {
			return nil, err
		}
		if len(r.columns) != len(all.columns) {
			return nil, refusal(205, 16, "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.")
		}
		all.rows = append(all.rows, r.rows...)
		for i := range all.columns {
			all.columns[i].typ = wider(all.columns[i].typ, r.columns[i].typ)
		}
		if !u.All {
			all.rows = distinct(all.rows)
		}
	}
	own := sc.inner(all.columns)
	keys := make([][]any, len(all.rows))
	for i, row := range all.rows {
		own.row = row
		for _, o := range q.OrderBy {
			v, err := own.orderKey(o.By, row, all.columns)
			if err != nil {
				return nil, err
			}
			keys[i] = append(keys[i], v)
		}
	}
	return all, sortRows(all.rows, keys, q.OrderBy)
}

func renamed(r *relation, names []string) *relation {
	out := &relation{columns: slices.Clone(r.columns), rows: r.rows}
	for i := range min(len(names), len(out.columns)) {
		out.columns[i].name = names[i]
	}
	return out
}

// core evaluates one SELECT … FROM … WHERE … GROUP BY … HAVING.
func (sc *scope) core(q *tsql.Select, order []tsql.Order) (*relation, error) {
	from := &relation{rows: [][]any{{}}}
	if q.From != nil {
		var err error
		if from, err = sc.source(q.From); err != nil {
			return nil, err
		}
	}
	own := sc.inner(from.columns)
	rows := from.rows
	if q.Where != nil {
		if _, err := own.infer(q.Where); err != nil {
			return nil, err
		}
		kept, err := own.filter(rows, q.Where)
		if err != nil {
			return nil, err
		}
		rows = kept
	}
	items, err := expand(q.Items, from.columns)
	if err != nil {
		return nil, err
	}
	out := &relation{}
	for _, item := range items {
		t, err := own.infer(item.X)
		if err != nil {
			return nil, err
		}
		name := item.As
		if c, ok := item.X.(*tsql.Column); ok && name == "" {
			name = c.Name.Last()
		}
		out.columns = append(out.columns, column{name: name, typ: t})
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
			v, err := own.orderKey(o.By, row, out.columns)
			if err != nil {
				return nil, err
			}
			key = append(key, v)
		}
		out.rows, keys = append(out.rows, row), append(keys, key)
	}
	out.settle()
	if q.Distinct {
		if len(order) > 0 {
			// Sorted by what is selected, duplicates lie side by side.
			if err := sortRows(out.rows, keys, order); err != nil {
				return nil, err
			}
			order = nil
		}
		out.rows = distinct(out.rows)
	}
	if len(order) > 0 {
		if err := sortRows(out.rows, keys, order); err != nil {
			return nil, err
		}
	}
	if q.Top != nil {
		v, err := sc.eval(q.Top)
		if err != nil {
			return nil, err
		}
		n, ok := v.(int64)
		if !ok || n < 0 {
			return nil, refusal(1060, 15, "The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.")
		}
		out.rows = out.rows[:min(int(n), len(out.rows))]
	}
	return out, nil
}

// settle gives columns without a type that of their first value.
func (r *relation) settle() {
	for i := range r.columns {
		if !r.columns[i].typ.IsZero() {
			continue
		}
		r.columns[i].typ = tds.NVarChar(4000)
		for _, row := range r.rows {
			if row[i] != nil {
				r.columns[i].typ = typeOfValue(row[i])
				break
			}
		}
	}
}

func (sc *scope) filter(rows [][]any, cond tsql.Expr) (kept [][]any, err error) {
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
func expand(items []tsql.Item, columns []column) (out []tsql.Item, err error) {
	for _, item := range items {
		star, ok := item.X.(*tsql.Star)
		if !ok {
			out = append(out, item)
			continue
		}
		n := 0
		for _, c := range columns {
			if star.Of == "" || strings.EqualFold(star.Of, c.of) {
				out = append(out, tsql.Item{X: &tsql.Column{Name: tsql.Name{c.of, c.name}}, As: c.name})
				n++
			}
		}
		if n == 0 {
			return nil, refusal(107, 15, "The column prefix '%s' does not match with a table name or alias name used in the query.", star.Of)
		}
	}
	return out, nil
}

// orderKey is what a row is sorted by: an item's name, its number or an
// expression.
func (sc *scope) orderKey(by tsql.Expr, row []any, columns []column) (any, error) {
	switch e := by.(type) {
	case *tsql.Number:
		n, err := number(e.Text)
		if i, ok := n.(int64); ok && i >= 1 && int(i) <= len(row) {
			return row[i-1], err
		}
		return nil, refusal(108, 16, "The ORDER BY position number %s is out of range of the number of items in the select list.", e.Text)
	case *tsql.Column:
		for i, c := range columns {
			if len(e.Name) == 1 && strings.EqualFold(c.name, e.Name.Last()) {
				return row[i], nil
			}
		}
	}
	return sc.eval(by)
}

func sortRows(rows, keys [][]any, order []tsql.Order) (err error) {
	if len(order) == 0 {
		return nil
	}
	place := make([]int, len(rows))
	for i := range place {
		place[i] = i
	}
	slices.SortStableFunc(place, func(a, b int) int {
		for k, o := range order {
			c, e := compareNulls(keys[a][k], keys[b][k])
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
func compareNulls(a, b any) (int, error) {
	switch {
	case a == nil && b == nil:
		return 0, nil
	case a == nil:
		return -1, nil
	case b == nil:
		return 1, nil
	}
	return compare(a, b)
}

// rowKey tells equal rows by equal text.
func rowKey(values []any) string {
	var b strings.Builder
	for _, v := range values {
		if v == nil {
			b.WriteByte(0)
			continue
		}
		b.WriteByte(1)
		b.WriteString(fold(toText(v)))
		b.WriteByte(2)
	}
	return b.String()
}

func distinct(rows [][]any) (out [][]any) {
	seen := map[string]bool{}
	for _, r := range rows {
		if k := rowKey(r); !seen[k] {
			seen[k] = true
			out = append(out, r)
		}
	}
	return out
}
