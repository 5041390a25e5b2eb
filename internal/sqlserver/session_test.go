package sqlserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// scripted is a server whose sessions do what a function says.
type scripted struct {
	port int
	ca   string
}

type script func(ctx context.Context, q *tds.Request, r *tds.Reply, cut func())

type scriptedSession struct {
	run script
	cut func()
}

func (s scriptedSession) Run(ctx context.Context, q *tds.Request, r *tds.Reply) {
	s.run(ctx, q, r, s.cut)
}
func (s scriptedSession) Reset()              {}
func (s scriptedSession) Close()              {}
func (s scriptedSession) Database() string    { return "master" }
func (s scriptedSession) InTransaction() bool { return false }

func serve(t *testing.T, offer tds.Encryption, name string, run script) scripted {
	t.Helper()
	config, ca, err := tds.Certificate(name)
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.Map // by SPID; closed at once, where the link's own cut takes a moment
	server := &tds.Server{Name: "S", TLS: config, Encryption: offer, Version: func() [4]byte { return [4]byte{16, 0, 16, 0} },
		Open: func(_ context.Context, login *tds.Login, link tds.Link) (tds.Session, error) {
			if login.Password != "right" {
				return nil, errors.New("wrong")
			}
			conn, _ := conns.Load(link.SPID)
			return scriptedSession{run, func() { _ = conn.(net.Conn).Close() }}, nil
		}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		for spid := 51; ; spid++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Store(spid, conn)
			all.Go(func() { _ = server.Serve(ctx, conn, spid) })
		}
	})
	t.Cleanup(func() { stop(); _ = l.Close(); all.Wait() })
	return scripted{l.Addr().(*net.TCPAddr).Port, string(ca)}
}

func (s scripted) config() Config {
	return Config{Host: "127.0.0.1", Port: s.port, Login: "u", Password: "right", CAPEM: s.ca, Timeout: 10 * time.Second}
}

var anyBackup = backup.BackupCall{Database: "d", Kind: backup.Full, Name: "n", Files: []string{"/x"}}

func percent(r *tds.Reply, p int) {
	r.Message(tds.Message{Number: 3211, Class: 10, Text: fmt.Sprintf("%d percent processed.", p)})
	r.Flush()
}

func TestProgressComesWhileTheStatementRuns(t *testing.T) {
	heard := make(chan float64, 200)
	s := opened(t, serve(t, tds.EncryptionOffered, "S", func(_ context.Context, _ *tds.Request, r *tds.Reply, _ func()) {
		for p := 1; p <= 100; p++ {
			percent(r, p)
			if p == 50 {
				for len(heard) < 50 { // goes on when the client has heard of it
					time.Sleep(time.Millisecond)
				}
			}
		}
		r.Message(tds.Message{Number: 3014, Class: 10, Text: "BACKUP DATABASE successfully processed 10 pages."})
		r.Done(0, 0)
	}).config())
	if err := s.Backup(context.Background(), anyBackup, func(p float64) { heard <- p }); err != nil {
		t.Fatal(err)
	}
	close(heard)
	var all []float64
	for p := range heard {
		all = append(all, p)
	}
	if len(all) != 100 || !slices.IsSorted(all) {
		t.Errorf("heard %v", all)
	}
}

// TestASilentEndIsNoSuccess: only the server's own message says that a backup
// is complete.
func TestASilentEndIsNoSuccess(t *testing.T) {
	s := opened(t, serve(t, tds.EncryptionOffered, "S", func(_ context.Context, _ *tds.Request, r *tds.Reply, _ func()) { r.Done(0, 0) }).config())
	if err := s.Backup(context.Background(), anyBackup, nil); !fault.Is(err, fault.Unavailable) || errors.Is(err, migration.ErrUndone) {
		t.Fatalf("%v; want unavailable, outcome unknown", err)
	}
}

func TestLostConnectionIsNoticed(t *testing.T) {
	for name, run := range map[string]script{
		"before the first byte": func(_ context.Context, _ *tds.Request, _ *tds.Reply, cut func()) { cut() },
		"in the middle": func(_ context.Context, _ *tds.Request, r *tds.Reply, cut func()) {
			percent(r, 10)
			percent(r, 20)
			cut()
		},
	} {
		s := opened(t, serve(t, tds.EncryptionOffered, "S", run).config())
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		err := s.Backup(ctx, anyBackup, func(float64) {})
		if ctx.Err() != nil {
			t.Fatalf("%s: never noticed", name)
		}
		cancel()
		if !fault.Is(err, fault.Unavailable) || errors.Is(err, migration.ErrUndone) {
			t.Errorf("%s: %v; nobody knows whether it happened", name, err)
		}
		if _, err := s.CheckDB(context.Background(), "d", false); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: rows: %v", name, err)
		}
	}
}

func TestCancelReachesTheServer(t *testing.T) {
	stopped := make(chan struct{}, 10)
	run := func(ctx context.Context, _ *tds.Request, r *tds.Reply, _ func()) {
		for p := 1; ctx.Err() == nil; p++ {
			percent(r, p%100)
			select {
			case <-ctx.Done():
			case <-time.After(time.Millisecond):
			}
		}
		stopped <- struct{}{}
		r.Failed()
	}
	s := opened(t, serve(t, tds.EncryptionOffered, "S", run).config())
	for range 5 {
		ctx, cancel := context.WithCancel(context.Background())
		err := s.Backup(ctx, anyBackup, func(p float64) {
			if p == 20 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || !fault.Is(err, fault.Unavailable) {
			t.Errorf("canceled: %v", err)
		}
		<-stopped // it would go on for ever
	}
}

func TestTheWholeListOfErrorsArrives(t *testing.T) {
	s := opened(t, serve(t, tds.EncryptionOffered, "S", func(_ context.Context, _ *tds.Request, r *tds.Reply, _ func()) {
		percent(r, 5)
		r.Message(tds.Message{Number: 3202, Class: 16, Text: `Write on "/b/x.bak" failed: 112(There is not enough space on the disk.)`})
		r.Message(tds.Message{Number: 3013, Class: 16, Text: "BACKUP DATABASE is terminating abnormally."})
		r.Failed()
	}).config())
	err := s.Backup(context.Background(), anyBackup, nil)
	var refusal *Refusal
	if !errors.As(err, &refusal) || len(refusal.Errors) != 2 || refusal.Number() != 3202 || !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
}

func TestCertificates(t *testing.T) {
	done := func(_ context.Context, _ *tds.Request, r *tds.Reply, _ func()) {
		r.Message(tds.Message{Number: 3014, Class: 10, Text: "BACKUP DATABASE successfully processed 10 pages."})
		r.Done(0, 0)
	}
	here, elsewhere := serve(t, tds.EncryptionOffered, "S", done), serve(t, tds.EncryptionOffered, "S", done)
	forced, missing := serve(t, tds.EncryptionForced, "S", done), serve(t, tds.EncryptionMissing, "S", done)
	for _, c := range []struct {
		name   string
		server scripted
		change func(*Config)
		kind   fault.Kind // empty = works
		words  string
	}{
		{"its own authority", here, func(*Config) {}, "", ""},
		{"strict", here, func(c *Config) { c.Encrypt = Strict }, "", ""},
		{"login only", here, func(c *Config) { c.Encrypt = LoginOnly }, "", ""},
		{"nothing", here, func(c *Config) { c.Encrypt = None }, "", ""},
		{"any certificate", here, func(c *Config) { c.CAPEM, c.TrustServerCertificate = "", true }, "", ""},
		{"no authority given", here, func(c *Config) { c.CAPEM = "" }, fault.Denied, "not trusted"},
		{"no authority given, strict", here, func(c *Config) { c.CAPEM, c.Encrypt = "", Strict }, fault.Denied, "not trusted"},
		{"no authority given, login only", here, func(c *Config) { c.CAPEM, c.Encrypt = "", LoginOnly }, fault.Denied, "not trusted"},
		{"another server's authority", here, func(c *Config) { c.CAPEM = elsewhere.ca }, fault.Denied, "not trusted"},
		{"another name", here, func(c *Config) { c.HostNameInCertificate = "db.example.com" }, fault.Denied, "made out to"},
		{"the server insists", forced, func(c *Config) { c.Encrypt = LoginOnly }, "", ""},
		{"the server cannot", missing, func(*Config) {}, fault.Denied, "does not encrypt"},
		{"wrong password", here, func(c *Config) { c.Password = "wrong" }, fault.Denied, "password is wrong"},
		{"wrong password, login only", here, func(c *Config) { c.Password, c.Encrypt = "wrong", LoginOnly }, fault.Denied, "password is wrong"},
	} {
		config := c.server.config()
		c.change(&config)
		s := opened(t, config)
		err := s.Backup(context.Background(), anyBackup, nil)
		message, _ := fault.Words(err)
		if fault.Of(err) != c.kind || err != nil && !strings.Contains(message, c.words) {
			t.Errorf("%s: %v; want %s, %q", c.name, err, c.kind, c.words)
		}
		if err != nil && (strings.Contains(err.Error(), "right") || strings.Contains(message, "wrong'")) {
			t.Errorf("%s: the password stands in %v", c.name, err)
		}
		if err != nil && !errors.Is(err, migration.ErrUndone) {
			t.Errorf("%s: not marked as without effect: %v", c.name, err)
		}
	}
}
