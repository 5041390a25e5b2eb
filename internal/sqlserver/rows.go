package sqlserver

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
)

// maxRows bounds what one question may bring.
const maxRows = 200_000

// row is one row of an answer, by lower-case column name. Values are what the
// driver gives: decimals and GUIDs as bytes.
type row map[string]any

// querier is what a pool and a single connection have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// ask puts a short question through the pool, within the time limit.
func (s *Server) ask(ctx context.Context, query string, args ...any) ([]row, error) {
	limited, cancel := context.WithTimeout(ctx, s.config.timeout())
	defer cancel()
	rows, err := readRows(limited, s.pool, query, args...)
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	return rows, nil
}

// askIf is ask for facts that a version or a login may not have: when the
// server answers with a refusal there are no rows.
func (s *Server) askIf(ctx context.Context, query string, args ...any) ([]row, error) {
	rows, err := s.ask(ctx, query, args...)
	if refused(err) {
		return nil, nil
	}
	return rows, err
}

// askOne is ask for one row.
func (s *Server) askOne(ctx context.Context, query string, args ...any) (row, error) {
	rows, err := s.ask(ctx, query, args...)
	if err == nil && len(rows) == 0 {
		return row{}, nil
	}
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// readRows reads every result set of an answer: DBCC CHECKDB of master has one
// of its own for the Resource database.
func readRows(ctx context.Context, from querier, query string, args ...any) ([]row, error) {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []row
	for more := true; more; more = rows.NextResultSet() {
		names, err := rows.Columns()
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			if len(out) == maxRows {
				return nil, fmt.Errorf("the answer has more than %d rows", maxRows)
			}
			r, err := scan(rows, names)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
	}
	return out, rows.Err()
}

func scan(rows *sql.Rows, names []string) (row, error) {
	values := make([]any, len(names))
	into := make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	r := make(row, len(names))
	for i, n := range names {
		r[strings.ToLower(n)] = values[i]
	}
	return r, nil
}

// has reports whether the column exists and is not NULL.
func (r row) has(column string) bool { return r[column] != nil }

func (r row) text(column string) string {
	switch v := r[column].(type) {
	case nil:
		return ""
	case []byte:
		return strings.TrimSpace(string(v))
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// integer reads whole numbers of any type; what is none counts as 0.
func (r row) integer(column string) int64 {
	switch v := r[column].(type) {
	case int64:
		return v
	case float64:
		return int64(v)
	case bool:
		if v {
			return 1
		}
		return 0
	case nil:
		return 0
	}
	whole, _, _ := strings.Cut(r.text(column), ".")
	n, _ := strconv.ParseInt(whole, 10, 64)
	return n
}

func (r row) float(column string) float64 {
	if v, ok := r[column].(float64); ok {
		return v
	}
	f, _ := strconv.ParseFloat(r.text(column), 64)
	return f
}

func (r row) bit(column string) bool { return r.integer(column) != 0 }

func (r row) date(column string) time.Time {
	t, _ := r[column].(time.Time)
	return t
}

// lsn reads a numeric(25,0), which the driver gives as its digits.
func (r row) lsn(column string) backup.LSN {
	whole, _, _ := strings.Cut(r.text(column), ".")
	l, _ := bakfile.ParseLSN(whole)
	return l
}

// guid reads a uniqueidentifier, which the driver gives in wire order.
func (r row) guid(column string) backup.GUID {
	switch v := r[column].(type) {
	case []byte:
		if len(v) == 16 {
			return bakfile.GUIDFromWire(v)
		}
		g, _ := bakfile.ParseGUID(string(v))
		return g
	case string:
		g, _ := bakfile.ParseGUID(v)
		return g
	}
	return backup.GUID{}
}
