package tsql

// insert reads INSERT INTO … VALUES or SELECT.
func (p *parser) insert() Statement {
	p.take("INTO")
	s := &Insert{Into: p.name()}
	if p.peek().is("(") {
		s.Columns = p.names()
	}
	switch {
	case p.take("DEFAULT", "VALUES"):
		s.Rows = [][]Expr{{}}
	case p.take("VALUES"):
		s.Rows = p.values()
	case p.peek().is("SELECT"):
		s.From = p.query()
	default:
		p.refuse()
	}
	return s
}

func (p *parser) update() Statement {
	s := &Update{Of: p.name()}
	p.want("SET")
	for {
		column := p.name().Last()
		t := p.next()
		var x Expr
		switch {
		case t.is("="):
			x = p.expr()
		case t.is("+=", "-="):
			x = &Binop{t.text[:1], &Column{Name{column}}, p.expr()}
		default:
			p.at--
			p.refuse()
		}
		s.Sets = append(s.Sets, Assignment{column, x})
		if !p.take(",") {
			break
		}
	}
	if p.take("WHERE") {
		s.Where = p.expr()
	}
	return s
}

func (p *parser) create() Statement {
	if p.take("DATABASE") {
		return &CreateDatabase{p.identifier()}
	}
	p.want("TABLE")
	s := &CreateTable{Name: p.name()}
	p.want("(")
	for {
		if p.take("CONSTRAINT") {
			p.identifier()
		}
		if p.take("PRIMARY", "KEY") {
			_ = p.take("CLUSTERED") || p.take("NONCLUSTERED")
			for _, name := range p.names() {
				for i := range s.Columns {
					if s.Columns[i].Name == name {
						s.Columns[i].Key, s.Columns[i].NotNull = true, true
					}
				}
			}
		} else {
			s.Columns = append(s.Columns, p.columnDef())
		}
		if !p.take(",") {
			break
		}
	}
	p.want(")")
	return s
}

func (p *parser) columnDef() ColumnDef {
	c := ColumnDef{Name: p.identifier(), Type: p.typeName()}
	for {
		switch {
		case p.take("NOT", "NULL"):
			c.NotNull = true
		case p.take("NULL"):
		case p.take("PRIMARY", "KEY"):
			_ = p.take("CLUSTERED") || p.take("NONCLUSTERED")
			c.Key, c.NotNull = true, true
		case p.take("IDENTITY"):
			c.Identity, c.NotNull = true, true
			if p.take("(") {
				p.list()
				p.want(")")
			}
		default:
			return c
		}
	}
}

func (p *parser) drop() Statement {
	database := p.take("DATABASE")
	if !database {
		p.want("TABLE")
	}
	exists := p.take("IF", "EXISTS")
	if !database {
		return &DropTable{p.name(), exists}
	}
	s := &DropDatabase{IfExists: exists}
	for {
		s.Names = append(s.Names, p.identifier())
		if !p.take(",") {
			return s
		}
	}
}

// Words behind ALTER DATABASE … SET. Those with a list take one of its words.
var settings = map[string][]string{
	"RECOVERY": {"FULL", "SIMPLE", "BULK_LOGGED"}, "PAGE_VERIFY": {"CHECKSUM", "TORN_PAGE_DETECTION", "NONE"},
	"AUTO_CLOSE": {"ON", "OFF"}, "AUTO_SHRINK": {"ON", "OFF"}, "READ_COMMITTED_SNAPSHOT": {"ON", "OFF"},
	"ALLOW_SNAPSHOT_ISOLATION": {"ON", "OFF"},
	"READ_ONLY":                nil, "READ_WRITE": nil, "SINGLE_USER": nil, "RESTRICTED_USER": nil, "MULTI_USER": nil, "ONLINE": nil,
	"OFFLINE": nil, "EMERGENCY": nil,
}

func (p *parser) alter() Statement {
	s := &AlterDatabase{}
	if p.take("AUTHORIZATION") {
		p.want("ON", "DATABASE", "::")
		s.Name = p.identifier()
		p.want("TO")
		s.Owner = p.identifier()
		return s
	}
	if p.take("AVAILABILITY", "GROUP") {
		g := &AlterGroup{Group: p.identifier()}
		if g.Add = p.take("ADD"); !g.Add {
			p.want("REMOVE")
		}
		p.want("DATABASE")
		g.Database = p.identifier()
		return g
	}
	p.want("DATABASE")
	if !p.take("CURRENT") {
		s.Name = p.identifier()
	}
	if p.take("MODIFY") {
		p.want("NAME", "=")
		s.Rename = p.identifier()
		return s
	}
	p.want("SET")
	for {
		t := p.next()
		values, known := settings[t.upper()]
		if !known || t.kind != word {
			p.at--
			p.refuse()
		}
		set := Setting{Word: t.upper()}
		if values != nil {
			p.take("=")
			v := p.next()
			if !v.is(values...) {
				p.at--
				p.refuse()
			}
			set.Value = v.upper()
		}
		s.Sets = append(s.Sets, set)
		if !p.take(",") {
			break
		}
	}
	if p.take("WITH") {
		switch {
		case p.take("NO_WAIT"):
			s.NoWait = true
		case p.take("ROLLBACK", "IMMEDIATE"):
			s.Rolling = true
		case p.take("ROLLBACK", "AFTER"):
			p.primary()
			p.take("SECONDS")
			s.Rolling = true
		default:
			p.refuse()
		}
	}
	return s
}

// Options of DBCC CHECKDB.
var checkOptions = addKeywords("NO_INFOMSGS", "ALL_ERRORMSGS", "PHYSICAL_ONLY", "TABLERESULTS", "TABLOCK", "DATA_PURITY",
	"EXTENDED_LOGICAL_CHECKS", "ESTIMATEONLY")

func (p *parser) dbcc() Statement {
	t := p.next()
	if !t.is("CHECKDB") {
		p.fail(&Error{2526, 3, 16, "Incorrect DBCC statement. Check the documentation for the correct DBCC syntax and options.", t.line})
	}
	s := &CheckDB{Options: map[string]bool{}}
	if p.take("(") {
		s.Database = p.device()
		if p.take(",") {
			p.want("NOINDEX")
		}
		p.want(")")
	}
	if p.take("WITH") {
		for {
			o := p.next()
			if o.is("MAXDOP") {
				p.want("=")
				p.primary()
			} else if !checkOptions[o.upper()] || o.kind != word {
				p.fail(&Error{155, 1, 15, "'" + o.text + "' is not a recognized DBCC option.", o.line})
			}
			s.Options[o.upper()] = true
			if !p.take(",") {
				break
			}
		}
	}
	return s
}

// device reads a name, a string, a number or a variable where all are allowed.
func (p *parser) device() Expr {
	switch t := p.peek(); t.kind {
	case text, variable, number:
		return p.primary()
	}
	return &String{p.identifier()}
}
