package s3

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Running is a Server on its own listeners.
type Running struct {
	*Server
	URL        string // of the wire, http://127.0.0.1:port, or https://localhost:port
	ControlURL string
	CA         []byte // PEM of the certificate to trust, with TLS
	servers    []*http.Server
}

// Start serves cfg on two loopback addresses, such as 127.0.0.1:0; empty
// addresses choose a free port.
func Start(cfg Config, listen, controlURL string) (*Running, error) {
	s, err := New(cfg)
	if err != nil {
		return nil, err
	}
	run := &Running{Server: s}
	var secure *tls.Config
	if cfg.TLS {
		if secure, run.CA, err = certificate(); err != nil {
			return nil, err
		}
	}
	if run.URL, err = run.Serve(listen, s, secure); err == nil {
		run.ControlURL, err = run.listen(controlURL, s.port.Control(), nil, nil)
	}
	if err != nil {
		run.Close()
		return nil, err
	}
	return run, nil
}

// Serve adds a listener, such as that of another region's Endpoint.
func (run *Running) Serve(address string, h http.Handler, secure *tls.Config) (string, error) {
	return run.listen(address, h, run.port.ConnState, secure)
}

func (run *Running) listen(addr string, h http.Handler, watch func(net.Conn, http.ConnState), secure *tls.Config) (string, error) {
	l, err := net.Listen("tcp", or(addr, "127.0.0.1:0"))
	if err != nil {
		return "", err
	}
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok || !a.IP.IsLoopback() {
		l.Close()
		return "", fmt.Errorf("%s is not a loopback address", l.Addr())
	}
	url := "http://" + l.Addr().String()
	if secure != nil {
		l, url = tls.NewListener(l, secure), fmt.Sprintf("https://localhost:%d", a.Port)
	}
	hs := &http.Server{Handler: h, ConnState: watch, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	run.servers = append(run.servers, hs)
	go func() { _ = hs.Serve(l) }()
	return url, nil
}

// certificate is of localhost and names below it.
func certificate() (*tls.Config, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	like := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		DNSNames: []string{"localhost", "*.localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	raw, err := x509.CreateCertificate(rand.Reader, like, like, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}, MinVersion: tls.VersionTLS12},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), nil
}

// Close releases what is held, stops serving and ends the journal.
func (run *Running) Close() error {
	run.port.Reset()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, hs := range run.servers {
		if hs.Shutdown(ctx) != nil {
			hs.Close()
		}
	}
	return run.Server.Close()
}
