package main

import (
	"strings"
	"testing"
)

func TestHealthAsksTheDashboardOnThisMachine(t *testing.T) {
	p := startProcess(t, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0")
	at := strings.TrimPrefix(p.line(t), "Bakplane is at http://")
	if err := (&healthCmd{Listen: at}).Run(); err != nil {
		t.Errorf("a dashboard at work: %v", err)
	}
	if err := (&healthCmd{Listen: at, TLSCert: "cert.pem"}).Run(); err == nil {
		t.Error("asked with TLS, a dashboard without it passes for well")
	}
	if err := (&healthCmd{Listen: "127.0.0.1:1"}).Run(); err == nil {
		t.Error("nobody passes for well")
	}
}

func TestHealthAsksOverLoopback(t *testing.T) {
	for _, tc := range []struct{ listen, cert, url string }{
		{"127.0.0.1:8620", "", "http://127.0.0.1:8620/healthz"},
		{"0.0.0.0:8620", "", "http://localhost:8620/healthz"},
		{":8620", "cert.pem", "https://localhost:8620/healthz"},
		{"[::]:8620", "", "http://localhost:8620/healthz"},
		{"10.1.2.3:80", "", "http://10.1.2.3:80/healthz"},
		{"8620", "", ""},
	} {
		got, err := (&healthCmd{Listen: tc.listen, TLSCert: tc.cert}).url()
		if got != tc.url || (err != nil) != (tc.url == "") {
			t.Errorf("%s: %q, %v; want %q", tc.listen, got, err, tc.url)
		}
	}
}
