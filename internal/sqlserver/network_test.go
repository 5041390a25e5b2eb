package sqlserver

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// silent listens and handles each connection.
func silent(t *testing.T, handle func(net.Conn)) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			handle(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-ended })
	return l.Addr().(*net.TCPAddr).Port
}

func opened(t *testing.T, c Config) *Server {
	t.Helper()
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestServersThatDoNotAnswer(t *testing.T) {
	mute := silent(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_, _ = c.Read(make([]byte, 4096))
		_, _ = c.Read(make([]byte, 1))
	})
	rude := silent(t, func(net.Conn) {})
	web := silent(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	for name, c := range map[string]Config{
		"never speaks":   {Host: "127.0.0.1", Port: mute},
		"hangs up":       {Host: "127.0.0.1", Port: rude},
		"speaks HTTP":    {Host: "127.0.0.1", Port: web},
		"nobody listens": {Host: "127.0.0.1", Port: closed},
		"no such name":   {Host: "no-such-host.invalid", Port: 1433},
		"no browser":     {Host: "127.0.0.1", Instance: "NONE"},
	} {
		for _, e := range []Encryption{Full, Strict} {
			c.Login, c.Encrypt, c.Timeout = "sa", e, 300*time.Millisecond
			s := opened(t, c)
			began := time.Now()
			err := s.Backup(context.Background(), backup.BackupCall{Database: "d", Kind: backup.Full, Name: "n", Files: []string{"/x"}}, nil)
			if took := time.Since(began); took > 25*time.Second { // without the limit of 300 ms it takes 30 s
				t.Errorf("%s (%s): %s until it was given up", name, e, took)
			}
			message, fix := fault.Words(err)
			if k := fault.Of(err); k != fault.Unavailable && !(e == Strict && k == fault.Denied) {
				t.Errorf("%s (%s): kind %q: %v", name, e, k, err)
			}
			if !errors.Is(err, migration.ErrUndone) || message == "" || fix == "" || strings.Contains(message, "mssql") {
				t.Errorf("%s (%s): undone %v, %q, %q", name, e, errors.Is(err, migration.ErrUndone), message, fix)
			}
		}
	}
}

func TestCancelWhileConnecting(t *testing.T) {
	mute := silent(t, func(c net.Conn) {
		for n := 1; n > 0; {
			n, _ = c.Read(make([]byte, 4096))
		}
	})
	s := opened(t, Config{Host: "127.0.0.1", Port: mute, Login: "sa", Timeout: time.Hour})
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := s.Describe(ctx); !errors.Is(err, context.Canceled) || !fault.Is(err, fault.Unavailable) {
		t.Errorf("canceled while connecting: %v", err)
	}
}
