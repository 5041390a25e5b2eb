package sqlserver

import (
	"context"
	"errors"
	"fmt"

	"github.com/golang-sql/sqlexp"
	mssql "github.com/microsoft/go-mssqldb"
)

// Batch carries out statements on a connection of their own, outside of any
// transaction, for services that are ordered by procedures. Every result set and
// every message is read to the end: closing early may abort what a procedure
// began. row is told the columns and values of each row, said what the server
// prints; either may be nil. Decimals and GUIDs come as bytes, NULL as nil.
//
// An error after rows arrived is returned as well: whoever needs to know whether
// a call had an effect has the rows already.
func (s *Server) Batch(ctx context.Context, query string, args []any, row func(columns []string, values []any), said func(text string)) error {
	limited, cancel := context.WithTimeout(ctx, s.config.timeout())
	defer cancel()
	l, err := s.session(limited)
	if err != nil {
		return err
	}
	defer l.close()
	var messages sqlexp.ReturnMessage
	rows, err := l.conn.QueryContext(limited, query, append([]any{&messages}, args...)...)
	if err != nil {
		return s.explain(ctx, err)
	}
	var refused []mssql.Error
	var failed error
	count := 0
	for more := true; more && failed == nil; {
		switch m := messages.Message(limited).(type) {
		case sqlexp.MsgNotice:
			if said != nil {
				said(m.Message.String())
			}
		case sqlexp.MsgError:
			var e mssql.Error
			if errors.As(m.Error, &e) {
				refused = append(refused, e)
			} else {
				failed = m.Error
			}
		case sqlexp.MsgNext:
			columns, err := rows.Columns()
			if err != nil {
				failed = err
			}
			for failed == nil && rows.Next() {
				if count++; count > maxRows {
					failed = fmt.Errorf("the answer has more than %d rows", maxRows)
					break
				}
				values, into := make([]any, len(columns)), make([]any, len(columns))
				for i := range values {
					into[i] = &values[i]
				}
				if failed = rows.Scan(into...); failed == nil && row != nil {
					row(columns, values)
				}
			}
		case sqlexp.MsgNextResultSet:
			more = rows.NextResultSet()
		}
	}
	err = errors.Join(failed, rows.Err(), rows.Close())
	if len(refused) > 0 {
		e := refused[len(refused)-1]
		e.All = refused
		return s.explain(ctx, e)
	}
	if limited.Err() != nil && err == nil {
		err = limited.Err()
	}
	return s.explain(ctx, err)
}
