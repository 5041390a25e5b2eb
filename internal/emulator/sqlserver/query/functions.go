package query

import (
	"math"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Function is a scalar function: the type of its result, how many arguments it
// takes, and what it does. A zero type is that of whatever comes.
type Function struct {
	Type        tds.Type
	Least, Most int
	Do          func(a []any) (any, error)
}

// function looks one up: those that compute are here, those that know
// something are the engine's.
func (sc *Scope) function(name string) (Function, bool) {
	if name == "NULLIF" {
		return Function{tds.Type{}, 2, 2, func(a []any) (any, error) { return nullIf(sc.fold, a) }}, true
	}
	if f, ok := functions[name]; ok {
		return f, true
	}
	return sc.engine.Function(name)
}

func plain(f func(a []any) any) func([]any) (any, error) {
	return func(a []any) (any, error) {
		for _, v := range a {
			if v == nil {
				return nil, nil
			}
		}
		return f(a), nil
	}
}

var functions = map[string]Function{
	"ISNULL":   {tds.Type{}, 2, 2, func(a []any) (any, error) { return firstOf(a), nil }},
	"COALESCE": {tds.Type{}, 1, 50, func(a []any) (any, error) { return firstOf(a), nil }},
	"IIF": {tds.Type{}, 3, 3, func(a []any) (any, error) {
		if yes, _ := a[0].(bool); yes {
			return a[1], nil
		}
		return a[2], nil
	}},
	"LEN":        {tds.Int, 1, 1, plain(func(a []any) any { return int64(len([]rune(strings.TrimRight(value.Text(a[0]), " ")))) })},
	"DATALENGTH": {tds.Int, 1, 1, plain(func(a []any) any { return int64(2 * len([]rune(value.Text(a[0])))) })},
	"UPPER":      {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return strings.ToUpper(value.Text(a[0])) })},
	"LOWER":      {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return strings.ToLower(value.Text(a[0])) })},
	"LTRIM":      {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return strings.TrimLeft(value.Text(a[0]), " ") })},
	"RTRIM":      {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return strings.TrimRight(value.Text(a[0]), " ") })},
	"TRIM":       {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return strings.Trim(value.Text(a[0]), " ") })},
	"REVERSE":    {tds.NVarChar(4000), 1, 1, plain(func(a []any) any { return reverse(value.Text(a[0])) })},
	"LEFT":       {tds.NVarChar(4000), 2, 2, plain(func(a []any) any { return part(value.Text(a[0]), 1, value.Whole(a[1])) })},
	"RIGHT":      {tds.NVarChar(4000), 2, 2, plain(func(a []any) any { return reverse(part(reverse(value.Text(a[0])), 1, value.Whole(a[1]))) })},
	"SUBSTRING":  {tds.NVarChar(4000), 3, 3, plain(func(a []any) any { return part(value.Text(a[0]), value.Whole(a[1]), value.Whole(a[2])) })},
	"REPLACE":    {tds.NVarChar(4000), 3, 3, plain(func(a []any) any { return strings.ReplaceAll(value.Text(a[0]), value.Text(a[1]), value.Text(a[2])) })},
	"REPLICATE": {tds.NVarChar(4000), 2, 2, plain(func(a []any) any {
		return part(strings.Repeat(value.Text(a[0]), int(min(max(value.Whole(a[1]), 0), 4000))), 1, 4000)
	})},
	"CHARINDEX": {tds.Int, 2, 3, plain(func(a []any) any { return charIndex(value.Text(a[0]), value.Text(a[1])) })},
	"QUOTENAME": {tds.NVarChar(258), 1, 2, plain(func(a []any) any { return quoteName(a) })},
	"CONCAT":    {tds.NVarChar(4000), 2, 50, func(a []any) (any, error) { return concat(a), nil }},
	"ABS":       {tds.Type{}, 1, 1, func(a []any) (any, error) { return absolute(a[0]) }},
	"CEILING":   {tds.Type{}, 1, 1, plain(func(a []any) any { return rounded(a[0], math.Ceil) })},
	"FLOOR":     {tds.Type{}, 1, 1, plain(func(a []any) any { return rounded(a[0], math.Floor) })},
	"ROUND":     {tds.Type{}, 2, 3, plain(func(a []any) any { return roundTo(a[0], value.Whole(a[1])) })},

	"DATEDIFF":     {tds.Int, 3, 3, dateDiff},
	"DATEDIFF_BIG": {tds.BigInt, 3, 3, dateDiff},
	"DATEADD":      {tds.Type{}, 3, 3, dateAdd},
	"DATEPART":     {tds.Int, 2, 2, datePart},
}

// invoke evaluates a function, an aggregate or a window function.
func (sc *Scope) invoke(e *tsql.Invoke) (any, error) {
	name := strings.ToUpper(e.Name.Last())
	switch {
	case e.Over != nil:
		values, ok := sc.windows[e]
		if !ok || sc.index >= len(values) {
			return nil, tds.Refuse(4108, 15, "Windowed functions can only appear in the SELECT or ORDER BY clauses.")
		}
		return values[sc.index], nil
	case aggregates[name]:
		if !sc.grouped {
			return nil, tds.Refuse(147, 15, "An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING clause or a select list, and the column being aggregated is an outer reference.")
		}
		return sc.aggregate(e, sc.group)
	case name == "BINARY_CHECKSUM" || name == "CHECKSUM":
		return sc.checksumOf(e, name == "BINARY_CHECKSUM")
	}
	f, ok := sc.function(name)
	if !ok {
		return nil, tds.Refuse(195, 15, "'%s' is not a recognized built-in function name.", e.Name.Last())
	}
	if len(e.Args) < f.Least || len(e.Args) > f.Most {
		return nil, tds.Refuse(174, 15, "The %s function requires %d argument(s).", strings.ToLower(name), f.Least)
	}
	args := make([]any, 0, len(e.Args))
	for _, a := range e.Args {
		v, err := sc.eval(a)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	return f.Do(args)
}

func (sc *Scope) checksumOf(e *tsql.Invoke, binary bool) (any, error) {
	var values []any
	for _, a := range e.Args {
		if _, star := a.(*tsql.Star); star {
			for i, v := range sc.row {
				if !sc.columns[i].Hidden {
					values = append(values, v)
				}
			}
			continue
		}
		v, err := sc.eval(a)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return sc.checksum(values, binary), nil
}
