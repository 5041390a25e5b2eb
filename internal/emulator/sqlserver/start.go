package sqlserveremu

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Running is a Server on its own listeners.
type Running struct {
	*Server
	Address    string // host:port of the server
	ControlURL string // http://127.0.0.1:port
	// CA is the certificate, in PEM, that clients must trust.
	CA []byte

	listener   net.Listener
	controlURL *http.Server
	accept     sync.WaitGroup
}

// maxConnections bounds the clients at one time, as SQL Server does.
const maxConnections = 2000

// Start serves c on two loopback addresses; an empty one chooses a free port.
func Start(c Config, listen, controlURL string) (*Running, error) {
	s, err := New(c)
	if err != nil {
		return nil, err
	}
	return serve(s, listen, controlURL)
}

func serve(s *Server, listen, controlURL string) (_ *Running, err error) {
	run := &Running{Server: s, CA: s.ca}
	if run.listener, err = loopback(listen); err != nil {
		return nil, errors.Join(err, run.Close())
	}
	run.Address = run.listener.Addr().String()
	controls, err := loopback(controlURL)
	if err != nil {
		return nil, errors.Join(err, run.Close())
	}
	run.ControlURL = "http://" + controls.Addr().String()
	run.controlURL = &http.Server{Handler: s.Control(), ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = run.controlURL.Serve(controls) }()
	run.accept.Add(1)
	go run.take()
	return run, nil
}

func loopback(address string) (net.Listener, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		l.Close()
		return nil, fmt.Errorf("%s is not a loopback address", l.Addr())
	}
	return l, nil
}

func (run *Running) take() {
	defer run.accept.Done()
	s := run.Server
	room := make(chan struct{}, maxConnections)
	for {
		conn, err := run.listener.Accept()
		if err != nil {
			return
		}
		select {
		case room <- struct{}{}:
		default:
			conn.Close()
			continue
		}
		s.mu.Lock()
		spid := s.nextSPID
		s.nextSPID++
		if s.nextSPID > 32000 {
			s.nextSPID = 51
		}
		for s.sessions[spid] != nil {
			spid++
		}
		s.mu.Unlock()
		s.work.Add(1)
		go func() {
			defer s.work.Done()
			defer func() { <-room }()
			_ = s.wire.Serve(s.ctx, conn, spid) // clients that break off are no news
		}()
	}
}

// Close releases held statements, breaks all connections and stops the loads.
func (run *Running) Close() error {
	run.stop()
	run.controlPort.Release("")
	var err error
	if run.listener != nil {
		err = run.listener.Close()
	}
	run.accept.Wait()
	run.work.Wait()
	if run.controlURL != nil {
		err = errors.Join(err, run.controlURL.Close())
	}
	return err
}
