package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// listen refuses to be reachable from elsewhere in the clear by accident.
func listen(c Config, log *slog.Logger) (net.Listener, *certificates, error) {
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, nil, fault.Newf(fault.Conflict, "Cannot listen on %s.", c.Listen).WithFix("Choose another address with --listen, or stop what uses it.").Because(err)
	}
	if u := c.PublicURL; u != nil && (u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "") {
		return nil, nil, errors.Join(fault.Newf(fault.Invalid, "%q is no address at which people reach a dashboard.", u.Redacted()).WithFix("Give --public-url a scheme and a host alone, such as https://backups.example.com."), l.Close())
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return nil, nil, errors.Join(fault.New(fault.Invalid, "TLS needs both a certificate and its key.", "Give --tls-cert and --tls-key."), l.Close())
	}
	if c.TLSCert != "" {
		pairs := &certificates{chain: c.TLSCert, key: c.TLSKey, log: log}
		if err := pairs.load(); err != nil {
			return nil, nil, errors.Join(err, l.Close())
		}
		return tls.NewListener(l, &tls.Config{GetCertificate: pairs.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}), pairs, nil
	}
	if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() && !c.Insecure {
		return nil, nil, errors.Join(fault.Newf(fault.Invalid, "%s can be reached from other machines, and passwords would travel in the clear.", c.Listen).
			WithFix("Give --tls-cert and --tls-key, or --insecure when a proxy in front adds TLS."), l.Close())
	}
	return l, nil, nil
}

// certificates are the chain and key that the listener shows. They are read
// again when a file changed and when somebody asks for it; what cannot be read
// leaves the ones before in use.
type certificates struct {
	chain, key string
	log        *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	seen   [2]time.Time // when the files were changed, as they were read last
	failed [2]time.Time // the same of files that could not be read: they are not tried again
}

func (c *certificates) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read(c.changed())
}

func (c *certificates) read(at [2]time.Time) error {
	pair, err := tls.LoadX509KeyPair(c.chain, c.key)
	if err != nil {
		c.failed = at
		return fmt.Errorf("read certificate: %w", err)
	}
	c.pair, c.seen, c.failed = &pair, at, [2]time.Time{}
	return nil
}

func (c *certificates) changed() (at [2]time.Time) {
	for i, path := range []string{c.chain, c.key} {
		if f, err := os.Stat(path); err == nil {
			at[i] = f.ModTime()
		}
	}
	return at
}

// get is what the listener shows at each handshake.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.changed(); at != c.seen && at != c.failed {
		if err := c.read(at); err != nil {
			c.log.Error("the certificate changed and cannot be read; the one before stays in use", "err", err)
		} else {
			c.log.Info("the certificate was read anew")
		}
	}
	return c.pair, nil
}
