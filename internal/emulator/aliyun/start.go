package aliyunemu

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

// Start serves c on two loopback addresses; an empty one chooses a free port.
func Start(c Config, listen, controlURL string) (*Running, error) {
	s, err := New(c)
	if err != nil {
		return nil, err
	}
	run := &Running{Server: s}
	if run.URL, err = run.listen(listen, s); err == nil {
		run.ControlURL, err = run.listen(controlURL, s.Control())
	}
	if err != nil {
		return nil, errors.Join(err, run.Close())
	}
	return run, nil
}

func (run *Running) listen(address string, h http.Handler) (string, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		l.Close()
		return "", fmt.Errorf("%s is not a loopback address", l.Addr())
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	run.servers = append(run.servers, server)
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), nil
}

// Close releases held requests, stops serving and stops the tasks.
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
