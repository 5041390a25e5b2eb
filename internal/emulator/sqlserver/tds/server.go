package tds

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Server speaks TDS to clients. Its fields are set before the first Serve.
type Server struct {
	Name       string      // in messages
	TLS        *tls.Config // nil: no encryption
	Encryption Encryption
	// Version is asked at each connection: major, minor and the build.
	Version func() [4]byte
	// Open checks a login and returns its session; a refusal is a Message.
	Open func(ctx context.Context, login *Login, link Link) (Session, error)
}

// Session runs the requests of one connection, one after the other.
type Session interface {
	// Run answers a request. Its context ends with an attention and with the
	// connection.
	Run(ctx context.Context, request *Request, reply *Reply)
	// Reset puts the session back to where its login began.
	Reset()
	// Close is called once, when the connection is gone.
	Close()
	// Database and Language are told to the client after its login.
	Database() string
	// InTransaction reports whether a transaction is open.
	InTransaction() bool
}

// Link is the connection as a session sees it.
type Link struct {
	SPID   int
	Remote net.Addr
	// Cut breaks the connection at once.
	Cut func()
}

// Times after which a silent client is given up.
const (
	loginTime = 30 * time.Second
	writeTime = 2 * time.Minute
)

// Serve talks to one client until it leaves, and closes the connection.
func (s *Server) Serve(ctx context.Context, conn net.Conn, spid int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(loginTime))
	l, login, err := s.greet(conn, spid)
	if err != nil {
		return err
	}
	link := Link{SPID: spid, Remote: conn.RemoteAddr(), Cut: func() { conn.Close(); cancel() }}
	session, err := s.Open(ctx, login, link)
	r := l.reply(nil)
	if err != nil {
		m := Message{Number: 18456, State: 1, Class: 14, Text: "Login failed for user '" + login.User + "'."}
		if errors.As(err, &m); m.Number != 18456 {
			r.Message(m)
			m = Message{Number: 18456, State: 1, Class: 14, Text: "Login failed for user '" + login.User + "'."}
		}
		r.Message(m)
		r.Failed()
		return errors.Join(err, r.end())
	}
	defer session.Close()
	r.accept(login, session.Database(), "us_english")
	if err := r.end(); err != nil {
		return err
	}
	l.out.size = login.packetSize
	_ = conn.SetDeadline(time.Time{})
	return l.serve(ctx, session)
}

// greet goes through prelogin, TLS and LOGIN7.
func (s *Server) greet(conn net.Conn, spid int) (*line, *Login, error) {
	version := s.Version()
	inner, isStrict, err := strict(conn, s.TLS)
	if err != nil {
		return nil, nil, err
	}
	m, err := readMessage(inner, maxLoginMessage)
	if err != nil {
		return nil, nil, err
	}
	if m.kind != packetPrelogin {
		return nil, nil, fmt.Errorf("packet type %#x before PRELOGIN: %w", m.kind, errMalformed)
	}
	client, err := prelogin(m.body)
	if err != nil {
		return nil, nil, err
	}
	offer := s.Encryption
	if s.TLS == nil {
		offer = EncryptionMissing
	}
	answer, refused := offer.agree(client)
	if isStrict {
		answer, refused = wireOff, false
	}
	out := &packets{w: inner, kind: packetReply, size: defaultPacketSize, spid: uint16(spid)}
	out.write(preloginReply(version, answer))
	if err := out.end(); err != nil || refused {
		return nil, nil, errors.Join(err, fmt.Errorf("client without encryption refused: %v", refused))
	}
	rest, login := inner, inner
	if !isStrict && answer != wireNotSup {
		secured, err := secure(inner, s.TLS)
		if err != nil {
			return nil, nil, err
		}
		login = secured
		if answer == wireOn {
			rest = secured
		}
	}
	if m, err = readMessage(login, maxLoginMessage); err != nil {
		return nil, nil, err
	}
	if m.kind != packetLogin {
		return nil, nil, fmt.Errorf("packet type %#x instead of LOGIN7: %w", m.kind, errMalformed)
	}
	l, err := parseLogin(m.body)
	if err != nil {
		return nil, nil, err
	}
	l.Encrypted = isStrict || answer == wireOn
	out.w = &patient{rest}
	return &line{server: s, conn: rest, in: bufio.NewReaderSize(rest, 16<<10), out: out, version: version}, l, nil
}

// patient gives every write a time limit.
type patient struct{ net.Conn }

func (p *patient) Write(b []byte) (int, error) {
	_ = p.SetWriteDeadline(time.Now().Add(writeTime))
	return p.Conn.Write(b)
}

// line is a connection after its login.
type line struct {
	server  *Server
	conn    net.Conn
	in      *bufio.Reader
	out     *packets
	version [4]byte

	mu        sync.Mutex
	cancel    context.CancelFunc // of the request under way
	attention bool               // asked while it was under way
}

func (l *line) reply(session Session) *Reply {
	r := &Reply{out: l.out, server: l.server.Name, version: l.version}
	if session != nil {
		r.inTran = session.InTransaction
	}
	return r
}

// serve reads in one goroutine, so that an attention is seen while a request
// runs in the other.
func (l *line) serve(ctx context.Context, session Session) error {
	requests := make(chan message)
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		for {
			m, err := readMessage(l.in, maxMessage)
			if err != nil {
				cancel(err)
				return
			}
			if m.ignored || m.kind == packetAttention && l.interrupt() {
				continue
			}
			select {
			case requests <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() { l.conn.Close() }()
	for {
		select {
		case m := <-requests:
			if err := l.answer(ctx, session, m); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// interrupt cancels the request under way and reports whether there was one;
// its acknowledgement then follows its own reply.
func (l *line) interrupt() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel == nil {
		return false
	}
	l.attention = true
	l.cancel()
	return true
}

func (l *line) answer(ctx context.Context, session Session, m message) error {
	if m.kind == packetAttention {
		return l.acknowledge()
	}
	requests, err := parseRequest(m)
	var refusal Message
	if errors.As(err, &refusal) {
		r := l.reply(session)
		r.Message(refusal)
		r.Failed()
		return r.end()
	}
	if err != nil {
		return err
	}
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	l.mu.Lock()
	l.cancel, l.attention = cancel, false
	l.mu.Unlock()

	r := l.reply(session)
	if m.reset {
		session.Reset()
		r.env(18, []byte{0}, []byte{0})
	}
	for i := range requests {
		r.call = requests[i].Kind == Call
		session.Run(own, &requests[i], r)
		if r.call {
			r.endCall()
		}
		if own.Err() != nil {
			break
		}
	}
	err = r.end()

	l.mu.Lock()
	attention := l.attention
	l.cancel, l.attention = nil, false
	l.mu.Unlock()
	if attention && err == nil {
		return l.acknowledge()
	}
	return err
}

// acknowledge answers an attention in a message of its own.
func (l *line) acknowledge() error {
	b := le.AppendUint16([]byte{tokenDone}, doneAttention)
	l.out.write(append(b, make([]byte, 10)...))
	return l.out.end()
}
