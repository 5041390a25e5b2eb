package tsql

import "strings"

type parser struct {
	tokens []token
	at     int
	depth  int
}

// Parse reads a batch. Nothing of a batch with an error is to be run.
func Parse(batch string) (out []Statement, err error) {
	tokens, e := lex(batch)
	if e != nil {
		return nil, e
	}
	p := &parser{tokens: tokens}
	defer func() {
		if err != nil {
			out = nil
		}
	}()
	defer p.recover(&err)
	for {
		for p.take(";") {
		}
		if p.peek().kind == end {
			return out, nil
		}
		out = append(out, p.statement())
	}
}

// stop is how the parser leaves from deep inside.
type stop struct{ err *Error }

func (p *parser) recover(err *error) {
	switch x := recover().(type) {
	case nil:
	case stop:
		*err = x.err
	default:
		panic(x)
	}
}

func (p *parser) fail(e *Error) { panic(stop{e}) }
func (p *parser) refuse()       { p.fail(syntax(p.peek())) }

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) ahead(n int) token { return p.tokens[min(p.at+n, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

// take steps over the words when they come next, all of them.
func (p *parser) take(words ...string) bool {
	for i, w := range words {
		if !p.ahead(i).is(w) {
			return false
		}
	}
	p.at += len(words)
	return true
}

// want is take for what must come.
func (p *parser) want(words ...string) {
	for _, w := range words {
		if !p.take(w) {
			p.refuse()
		}
	}
}

func (p *parser) deeper() func() {
	if p.depth++; p.depth > maxDepth {
		p.fail(&Error{191, 1, 15, "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into smaller queries.", p.peek().line})
	}
	return func() { p.depth-- }
}

// identifier reads one part of a name.
func (p *parser) identifier() string {
	t := p.peek()
	if t.kind == quoted || t.kind == word && !keywords[t.upper()] {
		p.at++
		return t.text
	}
	p.refuse()
	return ""
}

// name reads a name of up to four parts; db..t leaves out one.
func (p *parser) name() Name {
	n := Name{p.identifier()}
	for p.take(".") {
		if p.peek().is(".") {
			n = append(n, "")
			continue
		}
		n = append(n, p.identifier())
	}
	if len(n) > 4 {
		p.refuse()
	}
	return n
}

func (p *parser) statement() Statement {
	defer p.deeper()()
	t := p.peek()
	switch {
	case t.is("SELECT", "WITH"):
		return p.query()
	case t.is("("):
		return p.query()
	case p.take("SET"):
		return p.set()
	case p.take("DECLARE"):
		return p.declare()
	case p.take("USE"):
		return &Use{p.identifier()}
	case p.take("PRINT"):
		return &Print{p.expr()}
	case p.take("WAITFOR"):
		p.want("DELAY")
		return &Wait{p.expr()}
	case p.take("IF"):
		s := &If{Cond: p.expr(), Then: p.statement()}
		p.take(";")
		if p.take("ELSE") {
			s.Else = p.statement()
		}
		return s
	case p.take("BEGIN"):
		return p.begin()
	case p.take("COMMIT"):
		p.tran()
		return &Commit{}
	case p.take("ROLLBACK"):
		p.tran()
		return &Rollback{}
	case p.take("RETURN"):
		return &Return{}
	case p.take("RAISERROR"):
		return p.raise()
	case p.take("THROW"):
		s := &Raise{Severity: &Number{"16"}}
		s.Number = p.expr()
		p.want(",")
		s.Text = p.expr()
		p.want(",")
		s.State = p.expr()
		return s
	case p.take("INSERT"):
		return p.insert()
	case p.take("UPDATE"):
		return p.update()
	case p.take("DELETE"):
		p.take("FROM")
		s := &Delete{From: p.name()}
		if p.take("WHERE") {
			s.Where = p.expr()
		}
		return s
	case p.take("CREATE"):
		return p.create()
	case p.take("DROP"):
		return p.drop()
	case p.take("ALTER"):
		return p.alter()
	case p.take("BACKUP"):
		return p.backup()
	case p.take("RESTORE"):
		return p.restore()
	case p.take("DBCC"):
		return p.dbcc()
	case p.take("KILL"):
		return &Kill{p.primary()}
	case p.take("EXEC"), p.take("EXECUTE"):
		return p.exec()
	case t.kind == word && !keywords[t.upper()] && p.at == 0:
		return p.exec() // a batch may begin with a procedure's name
	}
	p.refuse()
	return nil
}

func (p *parser) tran() {
	if p.take("TRAN") || p.take("TRANSACTION") || p.take("WORK") {
		if t := p.peek(); t.kind == word && !keywords[t.upper()] || t.kind == quoted || t.kind == variable {
			p.at++
		}
	}
}

func (p *parser) begin() Statement {
	if p.peek().is("TRAN", "TRANSACTION") {
		p.tran()
		return &Begin{}
	}
	s := &Block{}
	for {
		for p.take(";") {
		}
		if p.take("END") {
			if len(s.Statements) == 0 {
				p.refuse()
			}
			return s
		}
		s.Statements = append(s.Statements, p.statement())
	}
}

// set reads SET @x = …, SET option ON, and SETs with values.
func (p *parser) set() Statement {
	if t := p.peek(); t.kind == variable {
		p.at++
		p.want("=")
		return &SetVar{t.text, p.expr()}
	}
	if p.take("TRANSACTION") {
		p.want("ISOLATION", "LEVEL")
		switch {
		case p.take("READ", "COMMITTED"), p.take("READ", "UNCOMMITTED"), p.take("REPEATABLE", "READ"), p.take("SNAPSHOT"), p.take("SERIALIZABLE"):
			return &SetOption{"TRANSACTION ISOLATION LEVEL"}
		}
		p.refuse()
	}
	first := p.next()
	name := first.upper()
	for p.take(",") { // SET ANSI_NULLS, ANSI_PADDING ON
		name = p.next().upper()
		if !setOptions[name] {
			p.fail(&Error{195, 5, 15, "'" + name + "' is not a recognized SET option.", first.line})
		}
	}
	switch {
	case !setOptions[name]:
		p.fail(&Error{195, 5, 15, "'" + first.text + "' is not a recognized SET option.", first.line})
	case name == "STATISTICS":
		p.next()
		p.onOff()
	case setValues[name]:
		p.primary()
	case p.take("ON"), p.take("OFF"):
	default:
		p.refuse()
	}
	return &SetOption{name}
}

func (p *parser) onOff() {
	if !p.take("ON") && !p.take("OFF") {
		p.refuse()
	}
}

func (p *parser) declare() Statement {
	b := &Block{}
	for {
		t := p.next()
		if t.kind != variable {
			p.at--
			p.refuse()
		}
		p.take("AS")
		d := &Declare{Name: t.text, Type: p.typeName()}
		if p.take("=") {
			d.X = p.expr()
		}
		b.Statements = append(b.Statements, d)
		if !p.take(",") {
			return b
		}
	}
}

func (p *parser) raise() Statement {
	p.want("(")
	s := &Raise{Text: p.expr()}
	p.want(",")
	s.Severity = p.expr()
	p.want(",")
	s.State = p.expr()
	for p.take(",") {
		p.expr()
	}
	p.want(")")
	if p.take("WITH") {
		p.want("NOWAIT")
	}
	return s
}

func (p *parser) exec() Statement {
	s := &Exec{}
	if p.take("(") {
		s.String = p.expr()
		p.want(")")
		return s
	}
	if t := p.peek(); t.kind == variable && p.ahead(1).is("=") {
		p.at += 2
		s.Into = t.text
	}
	s.Name = p.name()
	for {
		t := p.peek()
		if t.kind == end || t.is(";") || t.kind == word && len(s.Args) == 0 && statementWords[t.upper()] {
			return s
		}
		a := Arg{}
		if t.kind == variable && p.ahead(1).is("=") {
			a.Name = t.text
			p.at += 2
		}
		if t := p.peek(); t.kind == word && !t.is("NULL", "N") { // an unquoted word is a string here
			p.at++
			a.X = &String{t.text}
		} else {
			a.X = p.expr()
		}
		if p.take("OUTPUT") || p.take("OUT") {
			a.Output = true
		}
		s.Args = append(s.Args, a)
		if !p.take(",") {
			return s
		}
	}
}

// typeName reads decimal(25,0), nvarchar(max), sysname.
func (p *parser) typeName() TypeName {
	t := TypeName{Name: strings.ToLower(p.name().Last())}
	if t.Name == "double" && p.take("PRECISION") {
		t.Name = "float"
	}
	if p.take("(") {
		for {
			n := p.next()
			switch {
			case n.is("max"):
				t.Args = append(t.Args, -1)
			case n.kind == number:
				v := 0
				for _, c := range n.text {
					if c < '0' || c > '9' || v > 1<<20 {
						p.at--
						p.refuse()
					}
					v = 10*v + int(c-'0')
				}
				t.Args = append(t.Args, v)
			default:
				p.at--
				p.refuse()
			}
			if !p.take(",") {
				break
			}
		}
		p.want(")")
	}
	return t
}
