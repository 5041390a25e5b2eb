package sqlserver

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/golang-sql/sqlexp"
	mssql "github.com/microsoft/go-mssqldb"
)

// session is a connection of its own for statements that take their time.
type session struct {
	server *Server
	db     *sql.DB
	conn   *sql.Conn

	mu   sync.Mutex
	lost func(error) // ends the statement that runs
}

// session connects. Statements on it have no time limit.
func (s *Server) session(ctx context.Context) (*session, error) {
	l := &session{server: s}
	own := *s.connector
	own.params.DisableRetry = true
	own.broken = func(err error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.lost != nil {
			l.lost(err)
		}
	}
	l.db = sql.OpenDB(&own)
	limited, cancel := context.WithTimeout(ctx, s.config.timeout())
	defer cancel()
	conn, err := l.db.Conn(limited)
	if err != nil {
		_ = l.db.Close()
		return nil, s.explain(ctx, err)
	}
	l.conn = conn
	return l, nil
}

func (l *session) close() {
	_ = l.conn.Close()
	_ = l.db.Close()
}

// notice is a message of the server that is no error.
type notice func(number int, text string)

// run executes statements without rows and hands their messages on as they
// come. When it returns the server is done with them, or the connection is
// gone, which makes the server stop.
func (l *session) run(ctx context.Context, statement string, hear notice) error {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l.onLoss(cancel)
	defer l.onLoss(nil)
	var messages sqlexp.ReturnMessage
	rows, err := l.conn.QueryContext(inner, statement, &messages)
	if err != nil {
		return l.server.explain(ctx, err)
	}
	said, other := listen(inner, rows, &messages, hear)
	// Close waits until the server has confirmed the end of a canceled one.
	err = errors.Join(rows.Err(), rows.Close(), other)
	switch {
	case len(said) > 0:
		e := said[len(said)-1]
		e.All = said
		return l.server.explain(ctx, e)
	case ctx.Err() != nil, inner.Err() != nil:
		return l.server.explain(ctx, errors.Join(errors.New("the statement did not end"), err))
	}
	return l.server.explain(ctx, err)
}

func (l *session) onLoss(f func(error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = f
}

// listen reads messages until the last result is through. said are the
// server's errors; other is one of the driver's.
func listen(ctx context.Context, rows *sql.Rows, messages *sqlexp.ReturnMessage, hear notice) (said []mssql.Error, other error) {
	for more := true; more; {
		switch m := messages.Message(ctx).(type) {
		case sqlexp.MsgNotice:
			if e, ok := m.Message.(mssql.Error); ok && hear != nil {
				hear(int(e.Number), e.Message)
			}
		case sqlexp.MsgError:
			var e mssql.Error
			if errors.As(m.Error, &e) {
				said = append(said, e)
			} else {
				other = m.Error
			}
		case sqlexp.MsgNext:
			for rows.Next() {
			}
		case sqlexp.MsgNextResultSet:
			more = rows.NextResultSet()
		}
	}
	return said, other
}

// rows executes one statement that answers with rows, without a time limit.
func (l *session) rows(ctx context.Context, statement string, args ...any) ([]row, error) {
	rows, err := readRows(ctx, l.conn, statement, args...)
	return rows, l.server.explain(ctx, err)
}

// run executes one statement on a session of its own.
func (s *Server) run(ctx context.Context, statement string, hear notice) error {
	l, err := s.session(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	return l.run(ctx, statement, hear)
}

// longRows executes one statement with rows on a session of its own.
func (s *Server) longRows(ctx context.Context, statement string) ([]row, error) {
	l, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	defer l.close()
	return l.rows(ctx, statement)
}
