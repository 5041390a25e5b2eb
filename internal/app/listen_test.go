package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// pair writes a certificate and its key.
func pair(t *testing.T, name, chain, key string, at time.Time) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(at.Unix()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	kder, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range map[string]*pem.Block{chain: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: kder}} {
		if err := errors.Join(os.WriteFile(path, pem.EncodeToMemory(b), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestACertificateIsReadAnew when its file changes and when it is asked for; one
// that cannot be read leaves the one before in use.
func TestACertificateIsReadAnew(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c := Config{Listen: "127.0.0.1:0", TLSCert: filepath.Join(folder, "chain.pem"), TLSKey: filepath.Join(folder, "key.pem")}
	began := time.Now().Add(-time.Hour).Truncate(time.Second)
	pair(t, "first", c.TLSCert, c.TLSKey, began)
	l, pairs, err := listen(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).Handshake()
			_ = conn.Close()
		}
	}()
	shows := func(want string) {
		t.Helper()
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if got := conn.ConnectionState().PeerCertificates[0].Subject.CommonName; got != want {
			t.Errorf("shows %s, want %s", got, want)
		}
	}
	shows("first")
	pair(t, "second", c.TLSCert, c.TLSKey, began.Add(time.Minute))
	shows("second")
	if err := errors.Join(os.WriteFile(c.TLSKey, []byte("no key"), 0o600), os.Chtimes(c.TLSKey, began, began.Add(2*time.Minute))); err != nil {
		t.Fatal(err)
	}
	shows("second")
	if err := pairs.load(); err == nil {
		t.Error("what cannot be read was read")
	}
	shows("second")
	pair(t, "third", c.TLSCert, c.TLSKey, began.Add(time.Minute)) // as old as the one in use
	if err := pairs.load(); err != nil {
		t.Fatal(err)
	}
	shows("third")
}

func TestWhatIsNoPublicAddressIsRefused(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{"https://backups.example.com": true, "http://backups:8620/": true, "backups.example.com": false, "ftp://x": false, "https://u:p@x": false, "https://x/path": false, "https://x?q": false} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		l, _, err := listen(Config{Listen: "127.0.0.1:0", PublicURL: u}, slog.New(slog.DiscardHandler))
		if l != nil {
			l.Close()
		}
		if (err == nil) != ok || err != nil && (!fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), ":p@")) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
