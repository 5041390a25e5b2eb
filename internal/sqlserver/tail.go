package sqlserver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

// tail takes a tail-log backup of a database that others use. BACKUP LOG …
// WITH NORECOVERY needs it for itself (error 3101), so they are put out, which
// rolls their open transactions back. Applications come back at once:
//
//   - twice everybody is put out and let in again in one batch with the backup
//     behind it. The batch stands in the database until everybody is let in, so
//     that nobody takes the only place of SINGLE_USER between two statements.
//     Who is slower than the backup finds the database restoring, and the
//     option, which travels in backups, is as it was;
//   - then only owners and administrators are let in (RESTRICTED_USER), which
//     has no place to be taken. That option stands at the end of the log: a
//     target that is opened has it too, until somebody sets MULTI_USER.
//     Target.Open and Recover do.
//
// Every attempt looks at the database first. One in RESTRICTED_USER is left as
// it is; SINGLE_USER is what an attempt left behind whose connection was cut,
// for the preflight wants a database that is open to others.
func (s *Server) tail(ctx context.Context, l *session, database, statement string, hear notice) error {
	name, err := tsql.Name(database)
	if err != nil {
		return err
	}
	out := "USE " + name + "; ALTER DATABASE " + name + " SET "
	again := "ALTER DATABASE " + name + " SET MULTI_USER; USE [master]; " + statement
	for _, batch := range []string{
		out + "SINGLE_USER WITH ROLLBACK IMMEDIATE; " + again,
		out + "SINGLE_USER WITH ROLLBACK IMMEDIATE; " + again,
		out + "RESTRICTED_USER WITH ROLLBACK IMMEDIATE; USE [master]; " + statement,
	} {
		d, looked := s.state(ctx, database)
		if looked != nil {
			return looked
		}
		switch d.text("user_access_desc") {
		case "RESTRICTED_USER":
			return l.run(ctx, statement, hear)
		case "SINGLE_USER":
			if err := s.letIn(ctx, l, database); err != nil {
				return err
			}
		}
		if err = l.run(ctx, batch, hear); !saidNumber(err, 3101) {
			break
		}
	}
	if err != nil {
		if left := s.letIn(ctx, l, database); left != nil {
			return left
		}
	}
	return err
}

// letIn undoes what was done in vain, also when the caller has given up: while
// a database is online and not open to everybody, MULTI_USER is set again and
// again. SINGLE_USER cannot be left while another connection has its only
// place (error 5064), which an application may take the moment it is free; the
// attempt takes it itself where it can. The holder, which may be nil, is the
// session that put others out: when its batch ended in between, as that of a
// deadlock's victim (1205), it has the place itself. In the end a person is told
// what to type.
func (s *Server) letIn(ctx context.Context, holder *session, database string) error {
	name, err := tsql.Name(database)
	if err != nil {
		return err
	}
	literal, err := tsql.Text(database, tsql.MaxName)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.letInFor)
	defer cancel()
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 20*time.Millisecond, time.Second
	_, err = backoff.Retry(ctx, func() (struct{}, error) {
		d, err := s.state(ctx, database)
		switch {
		case fault.Is(err, fault.NotFound):
			return struct{}{}, nil // dropped meanwhile: nobody is kept out
		case err != nil:
			return struct{}{}, err
		case d.text("state_desc") != "ONLINE" || d.text("user_access_desc") == "MULTI_USER":
			return struct{}{}, nil
		}
		open := "USE " + name + "; ALTER DATABASE " + name + " SET MULTI_USER"
		if holder != nil && holder.run(ctx, open+"; USE [master]", nil) == nil {
			return struct{}{}, errors.New("not seen open yet")
		}
		if err := s.run(ctx, open, nil); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, errors.New("not seen open yet")
	}, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(s.letInFor))
	if err == nil {
		return nil
	}
	return fault.Newf(fault.Conflict, "%s is not open to everybody, and could not be opened: another connection may have the only place of SINGLE_USER.", database).WithCode("single-user").
		WithFix("On the server, in a query window: SELECT session_id FROM sys.dm_exec_sessions WHERE database_id = DB_ID(%s); then KILL with each number that it shows; then ALTER DATABASE %s SET MULTI_USER.", literal, name).
		Because(fmt.Errorf("let everybody into %s: %w", database, err))
}
