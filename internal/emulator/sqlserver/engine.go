package sqlserveremu

import (
	"context"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/query"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

var _ query.Engine = (*session)(nil)

// Variable gives a declared variable.
func (n *session) Variable(name string) (tds.Type, any, error) {
	v, ok := n.vars[n.server.key(name)]
	if !ok {
		return tds.Type{}, nil, errNoVariable(name)
	}
	return v.typ, v.value, nil
}

// Function binds a function of the server to the session.
func (n *session) Function(name string) (query.Function, bool) {
	f, ok := functions[name]
	return query.Function{Type: f.typ, Least: f.least, Most: f.most, Do: func(a []any) (any, error) { return f.do(n, a) }}, ok
}

// Collation is the server's.
func (n *session) Collation() value.Collation { return n.server.fold }

// value evaluates an expression outside of any query.
func (n *session) value(ctx context.Context, x tsql.Expr) (any, error) {
	return query.New(ctx, n).Value(x)
}

// constant evaluates a literal or a variable.
func (n *session) constant(x tsql.Expr) (any, error) { return n.value(context.Background(), x) }

func (n *session) condition(ctx context.Context, x tsql.Expr) (bool, error) {
	v, err := n.value(ctx, x)
	yes, ok := v.(bool)
	return yes && ok, err
}

func errNoVariable(name string) error {
	return refusal(137, 15, "Must declare the scalar variable \"%s\".", name)
}

// selects runs a SELECT and sends its rows, or sets variables.
func (n *session) selects(ctx context.Context, q *tsql.Select) error {
	sc := query.New(ctx, n)
	r, err := sc.Select(q)
	if err != nil {
		return err
	}
	if q.Items[0].Into != "" {
		for i, item := range q.Items {
			v, ok := n.vars[n.server.key(item.Into)]
			if !ok {
				return errNoVariable(item.Into)
			}
			if len(r.Rows) == 0 {
				continue
			}
			x, err := value.Convert(r.Rows[len(r.Rows)-1][i], v.typ)
			if err != nil {
				return err
			}
			n.set(item.Into, v.typ, x)
		}
		return nil
	}
	columns := make([]tds.Column, len(r.Columns))
	for i, c := range r.Columns {
		columns[i] = tds.Column{Name: c.Name, Type: c.Type}
	}
	n.reply.Columns(columns)
	for _, row := range r.Rows {
		out := make([]any, len(row))
		for i, v := range row {
			if out[i], err = value.Convert(v, columns[i].Type); err != nil {
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
	n.rowCount = int64(len(r.Rows))
	n.reply.Done(tds.CommandSelect, n.rowCount)
	return nil
}
