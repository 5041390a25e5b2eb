package sqlserveremu

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// operation names a statement for the control door and dm_exec_requests, and
// what it is about.
func (n *session) operation(st tsql.Statement) (op, target string) {
	name := func(x tsql.Expr) string {
		if v, err := n.constant(x); err == nil {
			return value.Text(v)
		}
		return ""
	}
	switch s := st.(type) {
	case *tsql.Select:
		return "SELECT", ""
	case *tsql.Backup:
		if s.Log {
			return "BACKUP LOG", name(s.Database)
		}
		return "BACKUP DATABASE", name(s.Database)
	case *tsql.Restore:
		op = "RESTORE " + s.Kind
		if s.Database != nil {
			return op, name(s.Database)
		}
		return op, ""
	case *tsql.CheckDB:
		if s.Database == nil {
			return "DBCC CHECKDB", n.Database()
		}
		return "DBCC CHECKDB", name(s.Database)
	case *tsql.AlterDatabase:
		return "ALTER DATABASE", s.Name
	case *tsql.AlterGroup:
		return "ALTER AVAILABILITY GROUP", s.Database
	case *tsql.CreateDatabase:
		return "CREATE DATABASE", s.Name
	case *tsql.DropDatabase:
		return "DROP DATABASE", strings.Join(s.Names, ",")
	case *tsql.Insert:
		return "INSERT", n.Database()
	case *tsql.Update:
		return "UPDATE", n.Database()
	case *tsql.Delete:
		return "DELETE", n.Database()
	case *tsql.Exec:
		if s.Name != nil {
			return "EXECUTE", s.Name.Last()
		}
		return "EXECUTE", ""
	case *tsql.Kill:
		return "KILL", ""
	case *tsql.Wait:
		return "WAITFOR", ""
	}
	return "OTHER", ""
}

// statement runs one statement and ends it, unless it fails.
func (n *session) statement(ctx context.Context, st tsql.Statement) error {
	if err := n.stopped(st); err != nil {
		return err
	}
	switch s := st.(type) {
	case *tsql.Select:
		return n.selects(ctx, s)
	case *tsql.Backup:
		return n.backup(ctx, s)
	case *tsql.Restore:
		return n.restore(ctx, s)
	case *tsql.AlterDatabase:
		return n.alter(ctx, s)
	case *tsql.AlterGroup:
		return n.alterGroup(s)
	case *tsql.CheckDB:
		return n.checkDB(ctx, s)
	case *tsql.Insert:
		return n.insert(ctx, s)
	case *tsql.Update:
		return n.update(ctx, s)
	case *tsql.Delete:
		return n.remove(ctx, s)
	case *tsql.CreateTable:
		return n.createTable(s)
	case *tsql.DropTable:
		return n.dropTable(s)
	case *tsql.CreateDatabase:
		return n.createDatabase(s)
	case *tsql.DropDatabase:
		return n.dropDatabase(s)
	case *tsql.Kill:
		return n.kill(s)
	case *tsql.Exec:
		return n.execute(ctx, s)
	case *tsql.SetOption:
		return nil
	case *tsql.SetVar:
		v, ok := n.vars[n.server.key(s.Name)]
		if !ok {
			return errNoVariable(s.Name)
		}
		x, err := n.value(ctx, s.X)
		if err != nil {
			return err
		}
		if x, err = value.Convert(x, v.typ); err != nil {
			return err
		}
		n.set(s.Name, v.typ, x)
		return nil
	case *tsql.Declare:
		return n.declare(ctx, s)
	case *tsql.Use:
		return n.use(s.Database)
	case *tsql.Print:
		v, err := n.value(ctx, s.X)
		if err != nil {
			return err
		}
		n.info(0, "%s", value.Text(v))
		return nil
	case *tsql.Wait:
		return n.wait(ctx, s)
	case *tsql.If:
		yes, err := n.condition(ctx, s.Cond)
		if err != nil {
			return err
		}
		if yes {
			return n.statement(ctx, s.Then)
		}
		if s.Else != nil {
			return n.statement(ctx, s.Else)
		}
		return nil
	case *tsql.Block:
		for _, inner := range s.Statements {
			if err := n.statement(ctx, inner); err != nil {
				return err
			}
		}
		return nil
	case *tsql.Begin:
		first := n.tran == nil
		n.begin()
		if first {
			n.reply.EnvBegin(n.tran.id)
		}
		return nil
	case *tsql.Commit:
		if n.tran == nil {
			return refusal(3902, 16, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.")
		}
		n.commit()
		return nil
	case *tsql.Rollback:
		if n.tran == nil {
			return refusal(3903, 16, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.")
		}
		n.rollback()
		return nil
	case *tsql.Raise:
		return n.raise(ctx, s)
	case *tsql.Return:
		return nil
	}
	return fmt.Errorf("statement %T is not emulated", st)
}

func (n *session) declare(ctx context.Context, s *tsql.Declare) error {
	typ, err := value.TypeOf(s.Type)
	if err != nil {
		return err
	}
	var v any
	if s.X != nil {
		if v, err = n.value(ctx, s.X); err == nil {
			v, err = value.Convert(v, typ)
		}
		if err != nil {
			return err
		}
	}
	n.set(s.Name, typ, v)
	return nil
}

func (n *session) use(name string) error {
	s := n.server
	s.mu.Lock()
	db := s.find(name)
	var err error = errNoDatabase(name)
	before := n.database
	if db != nil {
		if err = s.enter(n, db); err == nil {
			n.database = db.name
			name = db.name
		}
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	n.reply.EnvDatabase(name, before)
	n.reply.Message(tds.Message{Number: 5701, State: 1, Text: "Changed database context to '" + name + "'."})
	n.reply.Done(0, -1)
	return nil
}

func (n *session) wait(ctx context.Context, s *tsql.Wait) error {
	v, err := n.value(ctx, s.Delay)
	if err != nil {
		return err
	}
	var h, m int
	var sec float64
	if _, err := fmt.Sscanf(value.Text(v), "%d:%d:%g", &h, &m, &sec); err != nil {
		return refusal(148, 15, "Incorrect time syntax in time string '%s' used with WAITFOR.", value.Text(v))
	}
	if err := sleep(ctx, time.Duration(h)*time.Hour+time.Duration(m)*time.Minute+time.Duration(sec*float64(time.Second))); err != nil {
		return err
	}
	n.reply.Done(0, -1)
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (n *session) raise(ctx context.Context, s *tsql.Raise) error {
	number := int64(50000)
	var values [4]any
	for i, x := range []tsql.Expr{s.Number, s.Text, s.Severity, s.State} {
		if x == nil {
			continue
		}
		v, err := n.value(ctx, x)
		if err != nil {
			return err
		}
		values[i] = v
	}
	if v, ok := values[0].(int64); ok {
		number = v
	}
	class, _ := values[2].(int64)
	m := tds.Message{Number: int(number), State: 1, Class: int(min(max(class, 0), 18)), Text: value.Text(values[1])}
	if m.IsError() {
		return m
	}
	n.reply.Message(m)
	n.reply.Flush()
	return nil
}

func (n *session) execute(ctx context.Context, s *tsql.Exec) error {
	if s.String != nil {
		v, err := n.value(ctx, s.String)
		if err != nil {
			return err
		}
		inner, err := tsql.Parse(value.Text(v))
		if err != nil {
			return err
		}
		return n.statement(ctx, &tsql.Block{Statements: inner})
	}
	var args []argument
	for _, a := range s.Args {
		v, err := n.value(ctx, a.X)
		if err != nil {
			return err
		}
		args = append(args, argument{a.Name, v})
	}
	if err := n.procedure(ctx, s.Name, args); err != nil {
		return err
	}
	if s.Into != "" {
		n.set(s.Into, tds.Int, int64(0))
	}
	return nil
}

func (n *session) kill(k *tsql.Kill) error {
	v, err := n.constant(k.Session)
	if err != nil {
		return err
	}
	id, ok := v.(int64)
	if !ok {
		return refusal(102, 15, "Incorrect syntax near '%s'.", value.Text(v))
	}
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	switch o := s.sessions[int(id)]; {
	case !n.rights().server("ALTER ANY CONNECTION") && !n.rights().server("processadmin"):
		return refusal(6102, 14, "User does not have permission to use the KILL statement.")
	case o == nil:
		return refusal(6106, 16, "Process ID %d is not an active process ID.", id)
	case o == n:
		return refusal(6104, 16, "Cannot use KILL to kill your own process.")
	default:
		o.link.Cut()
	}
	n.reply.Done(0, -1)
	return nil
}
