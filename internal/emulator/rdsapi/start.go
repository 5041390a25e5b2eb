package rdsapi

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Running is a Server on loopback.
type Running struct {
	*Server
	URL     string // of the wire
	servers []*http.Server
}

// Start serves the API on a free loopback port.
func Start(cfg Config) (*Running, error) {
	run := &Running{Server: New(cfg)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	hs := &http.Server{Handler: run.Handler(), ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	run.URL, run.servers = "http://"+l.Addr().String(), []*http.Server{hs}
	go func() { _ = hs.Serve(l) }()
	return run, nil
}

// Close releases what is held and stops serving.
func (run *Running) Close() error {
	run.port.Reset()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, hs := range run.servers {
		if hs.Shutdown(ctx) != nil {
			hs.Close()
		}
	}
	return nil
}
