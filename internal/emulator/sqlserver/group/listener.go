package group

import (
	"io"
	"net"
	"sync"
)

// Listener takes connections for whoever is the primary and passes them on.
type Listener struct {
	Address string
	listen  net.Listener
	primary func() string // address; empty while there is none
	work    sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

// Listen listens on a free port of loopback.
func Listen(primary func() string) (*Listener, error) {
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Listener{Address: in.Addr().String(), listen: in, primary: primary, open: map[net.Conn]bool{}}
	l.work.Add(1)
	go l.accept()
	return l, nil
}

// Port is the number of its port.
func (l *Listener) Port() int { return l.listen.Addr().(*net.TCPAddr).Port }

func (l *Listener) accept() {
	defer l.work.Done()
	for {
		client, err := l.listen.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.primary())
		if err != nil {
			client.Close()
			continue
		}
		if !l.keep(client, server) {
			return
		}
		l.work.Add(2)
		go l.pass(client, server)
		go l.pass(server, client)
	}
}

func (l *Listener) keep(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		if l.closed {
			_ = c.Close()
		} else {
			l.open[c] = true
		}
	}
	return !l.closed
}

// pass copies one way and closes both when it ends.
func (l *Listener) pass(from, to net.Conn) {
	defer l.work.Done()
	_, _ = io.Copy(to, from)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range []net.Conn{from, to} {
		_ = c.Close()
		delete(l.open, c)
	}
}

// Close ends it and everything that goes through it.
func (l *Listener) Close() error {
	err := l.listen.Close()
	l.mu.Lock()
	l.closed = true
	for c := range l.open {
		_ = c.Close()
	}
	l.mu.Unlock()
	l.work.Wait()
	return err
}
