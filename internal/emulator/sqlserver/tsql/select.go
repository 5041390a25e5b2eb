package tsql

// query reads a SELECT with its CTEs, unions and order.
func (p *parser) query() *Select {
	defer p.deeper()()
	var ctes []CTE
	if p.take("WITH") {
		for {
			c := CTE{Name: p.identifier()}
			if p.peek().is("(") {
				c.Columns = p.names()
			}
			p.want("AS", "(")
			c.Of = p.query()
			p.want(")")
			ctes = append(ctes, c)
			if !p.take(",") {
				break
			}
		}
	}
	s := p.selectCore()
	s.With = ctes
	for p.take("UNION") {
		all := p.take("ALL")
		s.Union = append(s.Union, Union{all, p.selectCore()})
	}
	if p.take("ORDER") {
		p.want("BY")
		s.OrderBy = p.orders()
	}
	if p.take("OPTION") {
		p.want("(")
		for !p.take(")") {
			if p.next().kind == end {
				p.refuse()
			}
		}
	}
	return s
}

func (p *parser) names() (out []string) {
	p.want("(")
	for {
		out = append(out, p.identifier())
		if !p.take(",") {
			break
		}
	}
	p.want(")")
	return out
}

func (p *parser) orders() (out []Order) {
	for {
		o := Order{By: p.expr()}
		if p.take("DESC") {
			o.Descending = true
		} else {
			p.take("ASC")
		}
		out = append(out, o)
		if !p.take(",") {
			return out
		}
	}
}

func (p *parser) selectCore() *Select {
	if p.take("(") {
		s := p.query()
		p.want(")")
		return s
	}
	p.want("SELECT")
	s := &Select{}
	if p.take("DISTINCT") {
		s.Distinct = true
	} else {
		p.take("ALL")
	}
	if p.take("TOP") {
		if p.take("(") {
			s.Top = p.expr()
			p.want(")")
		} else {
			s.Top = p.primary()
		}
	}
	for {
		s.Items = append(s.Items, p.item())
		if !p.take(",") {
			break
		}
	}
	if p.take("FROM") {
		s.From = p.sources()
	}
	if p.take("WHERE") {
		s.Where = p.expr()
	}
	if p.take("GROUP") {
		p.want("BY")
		s.GroupBy = p.list()
	}
	if p.take("HAVING") {
		s.Having = p.expr()
	}
	return s
}

func (p *parser) item() Item {
	t := p.peek()
	switch {
	case p.take("*"):
		return Item{X: &Star{}}
	case t.kind == variable && p.ahead(1).is("="):
		p.at += 2
		return Item{X: p.expr(), Into: t.text}
	case (t.kind == word || t.kind == quoted) && p.ahead(1).is(".") && p.ahead(2).is("*"):
		p.at += 3
		return Item{X: &Star{t.text}}
	case (t.kind == word && !keywords[t.upper()] || t.kind == quoted) && p.ahead(1).is("="):
		p.at += 2
		return Item{X: p.expr(), As: t.text}
	}
	i := Item{X: p.expr()}
	i.As = p.alias(true)
	return i
}

// alias reads AS x, or x alone; a string may name a column.
func (p *parser) alias(column bool) string {
	as := p.take("AS")
	t := p.peek()
	switch {
	case t.kind == quoted, t.kind == text && column, t.kind == word && !keywords[t.upper()] && (as || !statementWords[t.upper()]):
		p.at++
		return t.text
	case as:
		p.refuse()
	}
	return ""
}

// sources reads what stands behind FROM.
func (p *parser) sources() any {
	left := p.source()
	for {
		j := &Join{L: left}
		switch {
		case p.take(","):
			j.Kind = "CROSS"
		case p.take("CROSS", "APPLY"):
			j.Kind = "CROSS APPLY"
		case p.take("OUTER", "APPLY"):
			j.Kind = "OUTER APPLY"
		case p.take("CROSS", "JOIN"):
			j.Kind = "CROSS"
		case p.take("JOIN"), p.take("INNER", "JOIN"):
			j.Kind = "INNER"
		case p.take("LEFT", "JOIN"), p.take("LEFT", "OUTER", "JOIN"):
			j.Kind = "LEFT"
		default:
			return left
		}
		j.R = p.source()
		if j.Kind == "INNER" || j.Kind == "LEFT" {
			p.want("ON")
			j.On = p.expr()
		}
		left = j
	}
}

func (p *parser) source() any {
	defer p.deeper()()
	if p.take("(") {
		switch {
		case p.peek().is("SELECT", "WITH"):
			d := &Derived{Of: p.query()}
			p.want(")")
			if d.Alias = p.alias(false); d.Alias == "" {
				p.refuse()
			}
			if p.peek().is("(") {
				d.Columns = p.names()
			}
			return d
		case p.take("VALUES"):
			r := &Rows{Values: p.values()}
			p.want(")")
			if r.Alias = p.alias(false); r.Alias == "" {
				p.refuse()
			}
			r.Columns = p.names()
			for _, v := range r.Values {
				if len(v) != len(r.Columns) {
					p.fail(&Error{8158, 1, 16, "'" + r.Alias + "' has more columns than were specified in the column list.", p.peek().line})
				}
			}
			return r
		}
		j := p.sources()
		p.want(")")
		return j
	}
	n := p.name()
	if p.peek().is("(") && !p.ahead(1).is("NOLOCK", "READUNCOMMITTED", "READPAST") {
		f := p.invoke(n).(*Invoke)
		return &Function{Name: n, Args: f.Args, Alias: p.alias(false)}
	}
	t := &Table{Name: n}
	p.hints()
	t.Alias = p.alias(false)
	p.hints()
	return t
}

func (p *parser) values() (rows [][]Expr) {
	for {
		p.want("(")
		rows = append(rows, p.list())
		p.want(")")
		if !p.take(",") {
			return rows
		}
	}
}

// hints steps over WITH (NOLOCK).
func (p *parser) hints() {
	if p.peek().is("(") && p.ahead(1).is("NOLOCK", "READUNCOMMITTED", "READPAST") && p.ahead(2).is(")") {
		p.at += 3
		return
	}
	if !p.peek().is("WITH") || !p.ahead(1).is("(") {
		return
	}
	p.at += 2
	for {
		if !p.peek().is("NOLOCK", "READUNCOMMITTED", "READPAST", "ROWLOCK", "TABLOCK", "UPDLOCK", "HOLDLOCK", "NOWAIT") {
			p.refuse()
		}
		p.at++
		if !p.take(",") {
			break
		}
	}
	p.want(")")
}
