package tsql

import "strings"

// expr reads an expression or a condition; which of the two stands where is
// judged when it is evaluated.
func (p *parser) expr() Expr {
	defer p.deeper()()
	x := p.and()
	for p.take("OR") {
		x = &Binop{"OR", x, p.and()}
	}
	return x
}

func (p *parser) and() Expr {
	x := p.not()
	for p.take("AND") {
		x = &Binop{"AND", x, p.not()}
	}
	return x
}

func (p *parser) not() Expr {
	if p.take("NOT") {
		defer p.deeper()()
		return &Unary{"NOT", p.not()}
	}
	return p.comparison()
}

func (p *parser) comparison() Expr {
	x := p.sum()
	t := p.peek()
	if t.is("=", "<>", "!=", "<", "<=", ">", ">=", "!<", "!>") {
		p.at++
		op := map[string]string{"!=": "<>", "!<": ">=", "!>": "<="}[t.text]
		if op == "" {
			op = t.text
		}
		return &Binop{op, x, p.sum()}
	}
	if p.take("IS") {
		not := p.take("NOT")
		p.want("NULL")
		return &IsNull{x, not}
	}
	not := p.peek().is("NOT") && p.ahead(1).is("IN", "LIKE", "BETWEEN") && p.take("NOT")
	switch {
	case p.take("IN"):
		p.want("(")
		in := &In{X: x, Not: not}
		if p.peek().is("SELECT") {
			in.Of = p.query()
		} else {
			in.List = p.list()
		}
		p.want(")")
		return in
	case p.take("LIKE"):
		l := &Like{X: x, Pattern: p.sum(), Not: not}
		if p.take("ESCAPE") {
			l.Escape = p.sum()
		}
		return l
	case p.take("BETWEEN"):
		b := &Between{X: x, Low: p.sum(), Not: not}
		p.want("AND")
		b.High = p.sum()
		return b
	}
	return x
}

func (p *parser) sum() Expr {
	x := p.product()
	for p.peek().is("+", "-", "&", "|", "^") {
		op := p.next().text
		x = &Binop{op, x, p.product()}
	}
	return x
}

func (p *parser) product() Expr {
	x := p.unary()
	for p.peek().is("*", "/", "%") {
		op := p.next().text
		x = &Binop{op, x, p.unary()}
	}
	return x
}

func (p *parser) unary() Expr {
	if t := p.peek(); t.is("-", "+", "~") {
		defer p.deeper()()
		p.at++
		x := p.unary()
		if t.text == "+" {
			return x
		}
		return &Unary{t.text, x}
	}
	x := p.primary()
	for p.take("COLLATE") {
		p.identifier() // one collation is like another here
	}
	return x
}

func (p *parser) list() (out []Expr) {
	for {
		out = append(out, p.expr())
		if !p.take(",") {
			return out
		}
	}
}

func (p *parser) primary() Expr {
	defer p.deeper()()
	t := p.peek()
	switch t.kind {
	case number:
		p.at++
		return &Number{t.text}
	case text:
		p.at++
		return &String{t.text}
	case binary:
		p.at++
		return &Binary{t.text[2:]}
	case variable:
		p.at++
		return &Var{t.text}
	}
	switch {
	case p.take("NULL"):
		return &Null{}
	case p.take("("):
		if p.peek().is("SELECT") {
			q := &Query{p.query()}
			p.want(")")
			return q
		}
		x := p.expr()
		p.want(")")
		return x
	case p.take("EXISTS"):
		p.want("(")
		q := &Exists{p.query()}
		p.want(")")
		return q
	case p.take("CASE"):
		return p.caseExpr()
	case t.is("CAST", "TRY_CAST") && p.ahead(1).is("("):
		p.at += 2
		c := &Cast{X: p.expr(), Try: t.is("TRY_CAST")}
		p.want("AS")
		c.Type = p.typeName()
		p.want(")")
		return c
	case t.is("CONVERT", "TRY_CONVERT") && p.ahead(1).is("("):
		p.at += 2
		c := &Cast{Type: p.typeName(), Try: t.is("TRY_CONVERT")}
		p.want(",")
		c.X = p.expr()
		if p.take(",") {
			c.Style = p.expr()
		}
		p.want(")")
		return c
	case t.is("CURRENT_TIMESTAMP", "SYSTEM_USER", "CURRENT_USER", "SESSION_USER", "USER"):
		p.at++
		return &Invoke{Name: Name{t.upper()}}
	case t.is("LEFT", "RIGHT", "COALESCE", "NULLIF") && p.ahead(1).is("("):
		p.at++
		return p.invoke(Name{t.upper()})
	}
	n := p.name()
	if p.peek().is("(") {
		return p.invoke(n)
	}
	return &Column{n}
}

func (p *parser) caseExpr() Expr {
	c := &Case{}
	if !p.peek().is("WHEN") {
		c.Of = p.expr()
	}
	for p.take("WHEN") {
		w := When{If: p.expr()}
		p.want("THEN")
		w.Then = p.expr()
		c.Whens = append(c.Whens, w)
	}
	if len(c.Whens) == 0 {
		p.refuse()
	}
	if p.take("ELSE") {
		c.Else = p.expr()
	}
	p.want("END")
	return c
}

// dateParts come unquoted as the first argument of these functions.
var dateParts = addKeywords("DATEDIFF", "DATEDIFF_BIG", "DATEADD", "DATEPART", "DATENAME")

func (p *parser) invoke(n Name) Expr {
	p.want("(")
	f := &Invoke{Name: n}
	switch {
	case p.peek().is(")"):
	case p.peek().is("*"):
		p.at++
		f.Args = []Expr{&Star{}}
	default:
		f.Distinct = p.take("DISTINCT")
		if dateParts[strings.ToUpper(n.Last())] {
			f.Args = []Expr{&String{p.identifier()}}
			p.want(",")
		}
		for {
			if p.take("DEFAULT") {
				f.Args = append(f.Args, &Null{})
			} else {
				f.Args = append(f.Args, p.expr())
			}
			if !p.take(",") {
				break
			}
		}
	}
	p.want(")")
	if p.take("OVER") {
		p.want("(")
		f.Over = &Over{}
		if p.take("PARTITION") {
			p.want("BY")
			f.Over.PartitionBy = p.list()
		}
		if p.take("ORDER") {
			p.want("BY")
			f.Over.OrderBy = p.orders()
		}
		p.want(")")
	}
	return f
}
