package sqlserveremu

import (
	"context"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/managed"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/query"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// Manage puts a service before the engine, before any client comes.
func (s *Server) Manage(by managed.Service) { s.service = by }

// Execute carries out statements inside the engine as a login, past the
// service. What they answer is not heard; the first error ends them. percent is
// told now and then how far a BACKUP or RESTORE is; it may be nil.
func (s *Server) Execute(ctx context.Context, login, sql string, percent func(int)) error {
	statements, err := tsql.Parse(sql)
	if err != nil {
		return err
	}
	n := &session{server: s, login: login, database: "master", home: "master", vars: map[string]variable{}, reply: tds.Unheard(), inside: true}
	if percent != nil {
		stop := make(chan struct{})
		defer close(stop)
		go n.follow(percent, stop)
	}
	for _, st := range statements {
		op, _ := n.operation(st)
		n.begins(op, sql)
		if err := n.statement(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

// follow tells how far a session's statement is, until stop.
func (n *session) follow(percent func(int), stop <-chan struct{}) {
	t := time.NewTicker(10 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
		}
		n.server.mu.Lock()
		done := 0
		if n.activity != nil {
			done = int(n.activity.percent)
		}
		n.server.mu.Unlock()
		percent(done)
	}
}

// Message is an error's first message, as a client would read it.
func Message(err error) (number int, text string) {
	m := messages(err)[0]
	return m.Number, m.Text
}

func (n *session) caller() managed.Caller {
	return managed.Caller{Login: n.login, InTransaction: n.tran != nil, Owns: func(database string) bool {
		n.server.mu.Lock()
		defer n.server.mu.Unlock()
		db := n.server.find(database)
		return db != nil && n.rights().role(db)
	}}
}

// stopped asks the service about a client's statement.
func (n *session) stopped(st tsql.Statement) error {
	if n.inside || n.server.service == nil {
		return nil
	}
	op, target := n.operation(st)
	return n.server.service.Refuses(n.caller(), op, target)
}

// serviced lets the service carry out a procedure.
func (n *session) serviced(name tsql.Name, args []argument) (known bool, err error) {
	if n.server.service == nil {
		return false, nil
	}
	given := make([]managed.Argument, len(args))
	for i, a := range args {
		given[i] = managed.Argument{Name: a.name, Value: a.value}
	}
	r, known, err := n.server.service.Procedure(n.caller(), strings.ToLower(name.Last()), given)
	if !known || err != nil {
		return known, err
	}
	for _, line := range r.Prints {
		n.info(0, "%s", line)
	}
	if r.Columns != "" {
		return true, n.give(r.Columns, r.Rows)
	}
	n.reply.Done(0, -1)
	return true, nil
}

// servicedRows lets the service give the rows of a function.
func (n *session) servicedRows(name tsql.Name, args []any) (*query.Relation, bool, error) {
	if n.server.service == nil {
		return nil, false, nil
	}
	r, known, err := n.server.service.Function(n.caller(), strings.ToLower(name.Last()), args)
	if !known || err != nil {
		return nil, known, err
	}
	return &query.Relation{Columns: query.ColumnsOf(r.Columns), Rows: r.Rows}, true, nil
}

// Now is the server's local time.
func (s *Server) Now() time.Time { return s.now() }

// ForgetHistory removes a database's rows from msdb.
func (s *Server) ForgetHistory(database string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history.Forget(func(name string) bool { return s.fold.Equal(name, database) })
}

// UTC is the server's clock.
func (s *Server) UTC() time.Time { return s.utc() }
