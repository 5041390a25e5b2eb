package awsrds

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
)

// SQL is an instance as SQL clients reach it.
type SQL interface {
	backup.Server
	// Batch carries out statements on a connection of their own, outside of any
	// transaction, and reads every row and message to the end.
	Batch(ctx context.Context, query string, args []any, row func(columns []string, values []any), said func(text string)) error
}

// Dial reaches the instance that an endpoint tells of. It connects to nobody.
type Dial func(endpoint.Instance) (SQL, error)

// record is one row, by normalised column names: lower case, letters, digits
// and underscores alone, so that "duration (mins)", "duration(mins)" and
// "% complete" are told whatever their spelling is today.
type record map[string]any

func normalised(column string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
			return r
		case r >= 'A' && r <= 'Z':
			return r + ('a' - 'A')
		}
		return -1
	}, column)
}

func recordOf(columns []string, values []any) record {
	r := make(record, len(columns))
	for i, c := range columns {
		if _, twice := r[normalised(c)]; !twice {
			r[normalised(c)] = values[i]
		}
	}
	return r
}

func (r record) has(column string) bool { return r[column] != nil }

func (r record) text(column string) string {
	switch v := r[column].(type) {
	case nil:
		return ""
	case string:
		return strings.TrimSpace(v)
	case []byte:
		return strings.TrimSpace(string(v))
	default:
		return fmt.Sprint(v)
	}
}

// number reads a whole number of any type, a sign of percent or a fraction left
// out; otherwise is what NULL and everything else stands for.
func (r record) number(column string, otherwise int64) int64 {
	switch v := r[column].(type) {
	case int64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	}
	whole, _, _ := strings.Cut(strings.TrimRight(r.text(column), "% "), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}

func (r record) date(column string) time.Time {
	if t, ok := r[column].(time.Time); ok {
		return t
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999", "2006-01-02T15:04:05.999"} {
		if t, err := time.Parse(layout, r.text(column)); err == nil {
			return t
		}
	}
	return time.Time{}
}

// argument is one given to a procedure by name; an empty value is left out.
type argument struct {
	name  string
	value any // string, int64, or nil = not given
}

// procedure words a call: EXEC name @a=@p1, …, with its values.
func procedure(name string, args []argument) (statement string, values []any) {
	var b strings.Builder
	b.WriteString("EXEC " + name)
	for _, a := range args {
		if a.value == nil {
			continue
		}
		values = append(values, a.value)
		if len(values) > 1 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, " %s = @p%d", a.name, len(values))
	}
	return b.String(), values
}

// shown words a call as a person would type it.
func shown(name string, args []argument) string {
	var b strings.Builder
	b.WriteString("EXEC " + name)
	between := " "
	for _, a := range args {
		switch v := a.value.(type) {
		case nil:
			continue
		case string:
			fmt.Fprintf(&b, "%s%s = N'%s'", between, a.name, strings.ReplaceAll(v, "'", "''"))
		default:
			fmt.Fprintf(&b, "%s%s = %v", between, a.name, v)
		}
		between = ", "
	}
	return b.String()
}
