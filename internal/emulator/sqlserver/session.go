package sqlserveremu

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/door"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// session is one connection. Its own goroutine runs requests; what other
// sessions may see is guarded by the server's lock.
type session struct {
	server    *Server
	id        int
	link      tds.Link
	login     string
	host, app string
	library   string
	encrypted bool
	started   time.Time
	home      string

	database string    // guarded
	activity *activity // guarded; nil while idle
	last     time.Time // guarded: when the last request began

	vars     map[string]variable
	prepared map[int64]prepared
	handle   int64
	tran     *transaction // changed by its own goroutine with the lock held, like what is in it
	rowCount int64
	failed   int // number of the last statement's error
	reply    *tds.Reply
	inside   bool // of the service itself, past whose rules it is
}

type variable struct {
	typ   tds.Type
	value any
}

// prepared is a statement with its parameters' declaration.
type prepared struct{ sql, declaration string }

// activity is what dm_exec_requests shows of a session.
type activity struct {
	command string
	text    string
	started time.Time
	percent float64
	target  string // database worked on
	wait    string
}

// transaction is open between BEGIN and its end. Others see its changes at
// once: there is no isolation here, only undoing.
type transaction struct {
	id    uint64
	depth int
	began time.Time
	undo  []undo
}

type undo struct {
	database string
	inverse  Change
}

// Database is the current database.
func (n *session) Database() string {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	return n.database
}

// InTransaction reports whether a transaction is open. It is asked by the
// session's own goroutine, the only one that changes it.
func (n *session) InTransaction() bool { return n.tran != nil }

// Reset puts the session back to its login.
func (n *session) Reset() {
	n.rollback()
	n.vars, n.prepared = map[string]variable{}, map[int64]prepared{}
	n.server.mu.Lock()
	n.database = n.home
	n.server.mu.Unlock()
}

// Close undoes what is open and forgets the session.
func (n *session) Close() {
	n.rollback()
	n.server.mu.Lock()
	delete(n.server.sessions, n.id)
	n.server.mu.Unlock()
}

// Run answers a request.
func (n *session) Run(ctx context.Context, r *tds.Request, reply *tds.Reply) {
	s := n.server
	n.reply = reply
	s.mu.Lock()
	n.last = s.now()
	s.mu.Unlock()
	var err error
	switch r.Kind {
	case tds.Batch:
		err = n.batch(ctx, r.SQL)
	case tds.Begin:
		n.begin()
		reply.EnvBegin(n.tran.id)
		reply.Done(0, -1)
	case tds.Commit:
		n.commit()
		reply.Done(0, -1)
	case tds.Rollback:
		n.rollback()
		reply.Done(0, -1)
	case tds.Call:
		if err = n.call(ctx, r); err != nil {
			reply.ReturnStatus(1)
		}
	}
	if err != nil {
		n.tell(err)
	}
	s.mu.Lock()
	n.activity = nil
	s.mu.Unlock()
}

// tell writes an error's messages and ends the statement.
func (n *session) tell(err error) {
	if errors.Is(err, errCut) || errors.Is(err, context.Canceled) {
		n.reply.Failed()
		return
	}
	for i, m := range messages(err) {
		if i == 0 {
			n.failed = m.Number
		}
		n.reply.Message(m)
	}
	n.reply.Failed()
}

// info sends a message at once, while the statement goes on.
func (n *session) info(number int, format string, args ...any) {
	n.reply.Message(tds.Message{Number: number, State: 1, Class: 0, Text: fmt.Sprintf(format, args...)})
	n.reply.Flush()
}

// batch reads and runs statements.
func (n *session) batch(ctx context.Context, sql string) error {
	statements, err := tsql.Parse(sql)
	if err != nil {
		n.hear(sql, err)
		return err
	}
	n.vars = map[string]variable{}
	return n.run(ctx, sql, statements)
}

// Errors that end a batch; after others the next statement runs.
var endsBatch = map[int]bool{1205: true, 137: true, 195: true, 207: true, 208: true, 245: true, 4104: true, 8114: true, 209: true}

func (n *session) run(ctx context.Context, sql string, statements []tsql.Statement) error {
	for _, st := range statements {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		op, target := n.operation(st)
		n.begins(op, sql)
		err := n.visit(ctx, op, target, func(ctx context.Context) error { return n.statement(ctx, st) })
		n.hear(sql, err)
		if err == nil {
			n.failed = 0
			continue
		}
		if errors.Is(err, errCut) {
			return err
		}
		n.tell(err)
		if m := messages(err); endsBatch[m[0].Number] || ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

// begins notes what the session does, for dm_exec_requests.
func (n *session) begins(command, sql string) {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	n.activity = &activity{command: command, text: sql, started: s.now(), target: n.database}
}

// hear remembers a statement for the control door.
func (n *session) hear(sql string, err error) {
	s := n.server
	h := Heard{At: time.Now().UTC(), Session: n.id, Login: n.login, Text: sql[:min(len(sql), maxHeardText)]}
	if err != nil && !errors.Is(err, errCut) {
		h.Error = messages(err)[0].Number
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h.Database = n.database
	if len(s.heard) >= maxHeard {
		s.heard = append(s.heard[:0:0], s.heard[maxHeard/2:]...)
	}
	s.heard = append(s.heard, h)
}

// errCut: a rule of the door broke the connection.
var errCut = errors.New("the connection was cut by a rule")

// visit takes a statement through the control door, whose rules delay, hold,
// refuse or cut it. A rule's code is the number of the error.
func (n *session) visit(ctx context.Context, operation, target string, act func(context.Context) error) (err error) {
	request := (&http.Request{Method: "SQL", URL: &url.URL{Path: "/" + operation + "/" + target}, Header: http.Header{}, Body: http.NoBody}).WithContext(ctx)
	v := &door.Verdict{}
	defer func() {
		if x := recover(); x != nil {
			if x != http.ErrAbortHandler {
				panic(x)
			}
			n.link.Cut()
			err = errCut
		}
	}()
	n.server.controlPort.Wrap(func(*http.Request) string { return operation }, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control.Detail(r.Context(), target)
		status := http.StatusOK
		if err = act(r.Context()); err != nil {
			status = http.StatusConflict
		}
		w.WriteHeader(status)
	})).ServeHTTP(v, request)
	if v.Refused != nil {
		return v.Refused
	}
	return err
}

func (n *session) begin() {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	if n.tran == nil {
		n.tran = &transaction{began: n.server.now(), id: uint64(n.id)<<32 | uint64(time.Now().UnixNano())&0xffffffff}
	}
	n.tran.depth++
}

func (n *session) commit() {
	n.server.mu.Lock()
	t := n.tran
	if t == nil {
		n.server.mu.Unlock()
		return
	}
	t.depth--
	if t.depth == 0 {
		n.tran = nil
	}
	n.server.mu.Unlock()
	if t.depth == 0 {
		n.reply.EnvCommit(t.id)
	}
}

// rollback undoes the open transaction by further changes.
func (n *session) rollback() {
	s := n.server
	s.mu.Lock()
	t := n.tran
	n.tran = nil
	if t == nil {
		s.mu.Unlock()
		return
	}
	for i := len(t.undo) - 1; i >= 0; i-- {
		if db := s.find(t.undo[i].database); db != nil && s.changes(db) == nil {
			c := t.undo[i].inverse
			c.At = s.now()
			db.change(c)
			db.flush()
		}
	}
	s.mu.Unlock()
	if n.reply != nil && n.reply.Err() == nil {
		n.reply.EnvRollback(t.id)
	}
}

// set gives a variable or parameter a value.
func (n *session) set(name string, typ tds.Type, value any) {
	n.vars[n.server.key(name)] = variable{typ, value}
}
