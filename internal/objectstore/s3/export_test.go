package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
)

// Regions makes a bucket of a service whose regions have these endpoints.
func Regions(b *Bucket, endpoints map[string]string) *Bucket {
	b.regions = func(region string) string { return endpoints[region] }
	b.settle(b.cfg.Region)
	return b
}

// Local trusts a certificate and finds names below localhost on this machine.
func Local(b *Bucket, ca []byte) *Bucket {
	t := b.http.Transport.(*wire).Transport
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	t.TLSClientConfig = &tls.Config{RootCAs: pool}
	dial := t.DialContext
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(host, "localhost") {
			address = net.JoinHostPort("127.0.0.1", port)
		}
		return dial(ctx, network, address)
	}
	return b
}
