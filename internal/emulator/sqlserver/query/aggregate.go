package query

import (
	"hash/fnv"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

var aggregates = map[string]bool{"COUNT": true, "COUNT_BIG": true, "SUM": true, "MAX": true, "MIN": true, "AVG": true,
	"CHECKSUM_AGG": true, "STRING_AGG": true}

// groups puts rows together when the query aggregates.
func (sc *Scope) groups(q *tsql.Select, items []tsql.Item, order []tsql.Order, rows [][]any) (out [][][]any, grouped bool, err error) {
	grouped = len(q.GroupBy) > 0 || q.Having != nil
	for _, item := range items {
		grouped = grouped || hasAggregate(item.X)
	}
	for _, o := range order {
		grouped = grouped || hasAggregate(o.By)
	}
	if !grouped {
		return nil, false, nil
	}
	if len(q.GroupBy) == 0 {
		for _, item := range items {
			if c, ok := item.X.(*tsql.Column); ok {
				return nil, true, tds.Refuse(8120, 16, "Column '%s' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.", strings.Join(c.Name, "."))
			}
		}
		return [][][]any{rows}, true, nil
	}
	place := map[string]int{}
	for _, row := range rows {
		sc.row = row
		var key []any
		for _, by := range q.GroupBy {
			v, err := sc.eval(by)
			if err != nil {
				return nil, true, err
			}
			key = append(key, v)
		}
		k := sc.rowKey(key)
		i, ok := place[k]
		if !ok {
			i = len(out)
			place[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], row)
	}
	return out, true, nil
}

// groupsAny reports whether the query puts rows together or numbers them.
func (sc *Scope) groupsAny(q *tsql.Select, order []tsql.Order) bool {
	grouped := len(q.GroupBy) > 0 || q.Having != nil
	for _, item := range q.Items {
		if e, ok := item.X.(*tsql.Invoke); ok && e.Over != nil {
			return true
		}
		grouped = grouped || hasAggregate(item.X)
	}
	return grouped || slices.ContainsFunc(order, func(o tsql.Order) bool { return hasAggregate(o.By) })
}

func hasAggregate(x tsql.Expr) (found bool) {
	tsql.Walk(x, func(x any) bool {
		switch e := x.(type) {
		case *tsql.Select, *tsql.Query, *tsql.Exists:
			return false // aggregates of its own
		case *tsql.Invoke:
			found = found || e.Over == nil && aggregates[strings.ToUpper(e.Name.Last())]
		}
		return !found
	})
	return found
}

// aggregate computes one over the rows of the group.
func (sc *Scope) aggregate(e *tsql.Invoke, rows [][]any) (any, error) {
	name := strings.ToUpper(e.Name.Last())
	if len(e.Args) == 0 {
		return nil, tds.Refuse(174, 15, "The %s function requires 1 argument(s).", strings.ToLower(name))
	}
	each := &Scope{ctx: sc.ctx, engine: sc.engine, fold: sc.fold, columns: sc.columns, outer: sc.outer, ctes: sc.ctes, budget: sc.budget}
	if err := sc.spend(len(rows)); err != nil {
		return nil, err
	}
	var values []any
	_, star := e.Args[0].(*tsql.Star)
	for _, row := range rows {
		each.row = row
		if star {
			values = append(values, int64(1))
			continue
		}
		v, err := each.eval(e.Args[0])
		if err != nil {
			return nil, err
		}
		if v != nil {
			values = append(values, v)
		}
	}
	if e.Distinct {
		seen := map[string]bool{}
		values = slices.DeleteFunc(values, func(v any) bool {
			k := sc.rowKey([]any{v})
			defer func() { seen[k] = true }()
			return seen[k]
		})
	}
	switch name {
	case "COUNT", "COUNT_BIG":
		return int64(len(values)), nil
	case "CHECKSUM_AGG":
		var sum int64
		for _, v := range values {
			n, _ := v.(int64)
			sum ^= n
		}
		if len(values) == 0 {
			return nil, nil
		}
		return int64(int32(sum)), nil
	case "STRING_AGG":
		var parts []string
		for _, v := range values {
			parts = append(parts, value.Text(v))
		}
		separator, err := each.eval(e.Args[min(1, len(e.Args)-1)])
		if err != nil || len(parts) == 0 {
			return nil, err
		}
		return strings.Join(parts, value.Text(separator)), nil
	}
	if len(values) == 0 {
		return nil, nil
	}
	out := values[0]
	for _, v := range values[1:] {
		var err error
		switch name {
		case "SUM", "AVG":
			out, err = arithmetic("+", out, v)
		default:
			var c int
			if c, err = sc.fold.Compare(v, out); c > 0 == (name == "MAX") && c != 0 {
				out = v
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if name == "AVG" {
		return arithmetic("/", out, int64(len(values)))
	}
	return out, nil
}

// windowed computes the window functions of the items for every row.
func (sc *Scope) windowed(items []tsql.Item, rows [][]any) (map[*tsql.Invoke][]any, error) {
	out := map[*tsql.Invoke][]any{}
	for _, item := range items {
		e, ok := item.X.(*tsql.Invoke)
		if !ok || e.Over == nil {
			continue
		}
		parts := map[string][]int{}
		keys := make([][]any, len(rows))
		for i, row := range rows {
			sc.row = row
			var part []any
			for _, by := range e.Over.PartitionBy {
				v, err := sc.eval(by)
				if err != nil {
					return nil, err
				}
				part = append(part, v)
			}
			for _, o := range e.Over.OrderBy {
				v, err := sc.eval(o.By)
				if err != nil {
					return nil, err
				}
				keys[i] = append(keys[i], v)
			}
			parts[sc.rowKey(part)] = append(parts[sc.rowKey(part)], i)
		}
		out[e] = make([]any, len(rows))
		for _, places := range parts {
			if err := sc.window(e, rows, keys, places, out[e]); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// window computes one function over the rows of one partition.
func (sc *Scope) window(e *tsql.Invoke, rows, keys [][]any, places []int, out []any) error {
	index := make([][]any, len(places))
	order := make([][]any, len(places))
	for i, p := range places {
		index[i], order[i] = []any{int64(p)}, keys[p]
	}
	if err := sc.sortRows(index, order, e.Over.OrderBy); err != nil {
		return err
	}
	at := func(i int) int { return int(index[i][0].(int64)) }
	name := strings.ToUpper(e.Name.Last())
	step := map[string]int{"LAG": -1, "LEAD": 1}[name]
	for i := range index {
		switch {
		case name == "ROW_NUMBER":
			out[at(i)] = int64(i + 1)
		case step != 0 && len(e.Args) > 0:
			if k := i + step; k >= 0 && k < len(index) {
				sc.row = rows[at(k)]
				v, err := sc.eval(e.Args[0])
				if err != nil {
					return err
				}
				out[at(i)] = v
			}
		case aggregates[name] && len(e.Over.OrderBy) == 0:
			var part [][]any
			for _, p := range places {
				part = append(part, rows[p])
			}
			v, err := sc.aggregate(e, part)
			if err != nil {
				return err
			}
			for _, p := range places {
				out[p] = v
			}
			return nil
		default:
			return tds.Refuse(10753, 15, "The function '%s' is not a valid windowing function here, and cannot be used with the OVER clause.", name)
		}
	}
	return nil
}

// checksum is a row's, as BINARY_CHECKSUM and CHECKSUM stand for: equal rows
// give equal numbers. The numbers are not those of SQL Server.
func (sc *Scope) checksum(values []any, binary bool) int64 {
	h := fnv.New32a()
	for _, v := range values {
		s := value.Text(v)
		if !binary {
			s = sc.fold.Fold(s)
		}
		if v == nil {
			s = "\x00"
		}
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0x1f})
	}
	return int64(int32(h.Sum32()))
}
