package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// healthCmd asks the dashboard on this machine whether it works: a container
// without a shell has nothing else to ask with.
type healthCmd struct {
	Listen  string `help:"Address the dashboard listens on." env:"BAKPLANE_LISTEN" default:"127.0.0.1:8620"`
	TLSCert string `help:"Set when it listens with TLS." env:"BAKPLANE_TLS_CERT"`
}

// Run exits with 1 unless the dashboard answers within three seconds that it
// is well.
func (c *healthCmd) Run() error {
	url, err := c.url()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// The certificate names the host people use, not this machine's loopback.
	// Nothing secret is sent and nothing but the status believed.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	res, err := client.Do(req)
	if err != nil {
		return fault.Newf(fault.Unavailable, "Nobody answers at %s.", url).WithFix("Start the dashboard, or name the address it listens on with --listen.").Because(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fault.Newf(fault.Unavailable, "The dashboard answers %s.", res.Status).WithFix("See its log.")
	}
	var said struct{ Trouble []string }
	if err := json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&said); err == nil && len(said.Trouble) > 0 {
		return fault.Newf(fault.Unavailable, "The dashboard works, but: %s", strings.Join(said.Trouble, " ")).WithFix("Every page of it says what to do.")
	}
	return nil
}

// url is where it can be asked from this machine: an address that means every
// interface is asked over loopback.
func (c *healthCmd) url() (string, error) {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "", fault.Newf(fault.Invalid, "%s is not an address with a port.", c.Listen).WithFix("Write it as in 127.0.0.1:8620.").Because(err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s/healthz", scheme, net.JoinHostPort(host, port)), nil
}
