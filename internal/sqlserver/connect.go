package sqlserver

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"sync"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/bakplane/bakplane/internal/backup"
)

// Server is one SQL Server. It may be used from several goroutines. Keep one
// for as long as restores begun with it as a Target may last: what they say
// while they run is remembered here.
type Server struct {
	config    Config
	connector *connector
	pool      *sql.DB

	ctx   context.Context // of restores that outlast the call that began them
	end   context.CancelFunc
	works works
	room  room

	letInFor time.Duration // how long letting everybody in again is tried
	looked   int64         // how many of msdb's newest rows are looked at for what is newest
}

var _ backup.Server = (*Server)(nil)

// Open checks the configuration. It does not connect yet: Describe does.
func Open(c Config) (*Server, error) {
	params, err := c.params()
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, connector: &connector{params: params, tls: params.TLSConfig}}
	s.letInFor, s.looked = 30*time.Second, lookedAt
	s.ctx, s.end = context.WithCancel(context.Background())
	s.pool = sql.OpenDB(s.connector)
	s.pool.SetMaxOpenConns(4)
	s.pool.SetMaxIdleConns(2)
	s.pool.SetConnMaxIdleTime(time.Minute)
	return s, nil
}

// Close ends what still runs here, waits for it and closes all connections.
func (s *Server) Close() error {
	s.works.mu.Lock()
	s.end() // begin looks at it under the same lock
	s.works.mu.Unlock()
	s.works.running.Wait()
	return s.pool.Close()
}

// connector makes connections. The driver reads its settings while it
// connects and even writes to the TLS part, so each connection gets a copy.
type connector struct {
	params msdsn.Config
	tls    *tls.Config
	broken func(error) // told when reading from a connection fails; may be nil
}

// unmade is the error of a connection that was never made: whatever was to be
// done over it had no effect.
type unmade struct{ error }

func (u unmade) Unwrap() error { return u.error }

// Connect implements driver.Connector. The driver heeds the context while it
// dials, but not during the TLS handshake and the login: there the end of the
// context ends the network connection.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	p := c.params
	if c.tls != nil {
		p.TLSConfig = c.tls.Clone()
	}
	d := &dialer{broken: c.broken, guarded: p.Encryption == msdsn.EncryptionOff}
	one := mssql.NewConnectorConfig(p)
	one.Dialer = d
	stop := context.AfterFunc(ctx, d.cut)
	conn, err := one.Connect(ctx)
	if !stop() && err == nil {
		_ = conn.Close() // cut in the very moment it was made
		err = ctx.Err()
	}
	if err != nil {
		return nil, unmade{errors.Join(err, ctx.Err())}
	}
	return conn, nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return &mssql.Driver{} }

// dialer makes the network connections of one login. It resolves names itself
// (mssql.HostDialer), because the driver's lookup ignores the context.
type dialer struct {
	broken  func(error)
	guarded bool // only the login is encrypted: a server that cannot is refused

	mu    sync.Mutex
	conns []net.Conn
	ended bool
}

// HostName marks the dialer as one that resolves names; nobody reads it.
func (d *dialer) HostName() string { return "" }

// DialContext implements mssql.Dialer. A peer that vanished without a word is
// noticed after about 90 seconds.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	nd := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 6}}
	conn, err := nd.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns = append(d.conns, conn)
	if d.ended {
		_ = conn.SetDeadline(time.Unix(1, 0))
	}
	if d.guarded {
		conn = &greeted{Conn: conn}
	}
	return watched{conn, d.broken}, nil
}

// cut makes every read and write fail at once.
func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	for _, c := range d.conns {
		_ = c.SetDeadline(time.Unix(1, 0))
	}
}

// watched tells when reading fails. The driver does not tell those who wait
// for messages when the connection breaks before the first byte of an answer.
type watched struct {
	net.Conn
	broken func(error)
}

func (w watched) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if err != nil && w.broken != nil {
		w.broken(err)
	}
	return n, err
}
