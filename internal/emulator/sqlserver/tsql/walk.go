package tsql

// Walk visits an expression, a query or a source of rows and everything in it,
// the outer before the inner; visit says whether to go deeper.
func Walk(x any, visit func(any) bool) {
	each := func(list ...any) {
		for _, x := range list {
			Walk(x, visit)
		}
	}
	if x == nil || !visit(x) {
		return
	}
	switch e := x.(type) {
	case *Unary:
		each(e.X)
	case *Binop:
		each(e.L, e.R)
	case *IsNull:
		each(e.X)
	case *In:
		each(e.X)
		each(anys(e.List)...)
		if e.Of != nil {
			each(e.Of)
		}
	case *Like:
		each(e.X, e.Pattern, e.Escape)
	case *Between:
		each(e.X, e.Low, e.High)
	case *Case:
		each(e.Of, e.Else)
		for _, w := range e.Whens {
			each(w.If, w.Then)
		}
	case *Cast:
		each(e.X, e.Style)
	case *Exists:
		each(e.Of)
	case *Query:
		each(e.Of)
	case *Invoke:
		each(anys(e.Args)...)
		if e.Over != nil {
			each(anys(e.Over.PartitionBy)...)
			orders(e.Over.OrderBy, each)
		}
	case *Select:
		for _, c := range e.With {
			each(c.Of)
		}
		each(e.Top, e.From, e.Where, e.Having)
		for _, item := range e.Items {
			each(item.X)
		}
		each(anys(e.GroupBy)...)
		orders(e.OrderBy, each)
		for _, u := range e.Union {
			each(u.Of)
		}
	case *Join:
		each(e.L, e.R, e.On)
	case *Derived:
		each(e.Of)
	case *Function:
		each(anys(e.Args)...)
	case *Rows:
		for _, row := range e.Values {
			each(anys(row)...)
		}
	}
}

func anys(list []Expr) []any {
	out := make([]any, len(list))
	for i, x := range list {
		out[i] = x
	}
	return out
}

func orders(list []Order, each func(...any)) {
	for _, o := range list {
		each(o.By)
	}
}
