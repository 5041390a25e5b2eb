package smcemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Running is a Server on its own listeners.
type Running struct {
	*Server
	URL        string // of the API, http://127.0.0.1:port
	ControlURL string
	servers    []*http.Server
}

// Start serves c on two free ports of loopback.
func Start(c Config) (*Running, error) {
	s, err := New(c)
	if err != nil {
		return nil, err
	}
	run := &Running{Server: s}
	if run.URL, err = run.listen(s); err == nil {
		run.ControlURL, err = run.listen(s.Control())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), run.Close())
	}
	return run, nil
}

func (run *Running) listen(h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	run.servers = append(run.servers, server)
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), nil
}

// Close releases held requests and stops serving.
func (run *Running) Close() error {
	run.controlPort.Release("")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, server := range run.servers {
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}
	return run.Server.Close()
}
