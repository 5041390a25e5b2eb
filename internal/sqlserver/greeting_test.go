package sqlserver

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"unicode/utf16"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/fault"
)

// TestAPasswordNeverTravelsInTheClear: "only the password is encrypted" means
// that one who cannot encrypt it does not get it.
func TestAPasswordNeverTravelsInTheClear(t *testing.T) {
	for name, c := range map[string]struct {
		offers tds.Encryption
		in     bool
	}{"can encrypt": {0, true}, "insists on it": {1, true}, "cannot": {2, false}} {
		t.Run(name, func(t *testing.T) {
			l := emulated(t, func(c2 *sqlserveremu.Config) { c2.Encryption = c.offers })
			config := l.config
			config.Encrypt, config.TrustServerCertificate = LoginOnly, true
			sent := tapped(t, &config)
			_, err := opened(t, config).Describe(t.Context())
			if (err == nil) != c.in || !c.in && !fault.Is(err, fault.Denied) {
				t.Errorf("%v", err)
			}
			// LOGIN7 hides the password by swapping half bytes and XOR with 0xA5.
			var readable []byte
			for _, u := range utf16.Encode([]rune(config.Password)) {
				for _, b := range []byte{byte(u), byte(u >> 8)} {
					readable = append(readable, (b<<4|b>>4)^0xa5)
				}
			}
			if bytes.Contains(sent(), readable) {
				t.Error("the password was sent in the clear")
			}
		})
	}
}

// tapped leads a connection past ears, and tells what they heard of the client.
func tapped(t *testing.T, c *Config) func() []byte {
	t.Helper()
	to := net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	var mu sync.Mutex
	var heard bytes.Buffer
	c.Host, c.Port = "127.0.0.1", silent(t, func(client net.Conn) {
		server, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		var both sync.WaitGroup
		both.Go(func() {
			b := make([]byte, 4096)
			for {
				n, err := client.Read(b)
				mu.Lock()
				heard.Write(b[:n])
				mu.Unlock()
				if _, werr := server.Write(b[:n]); err != nil || werr != nil {
					break
				}
			}
			_ = server.Close()
		})
		_, _ = io.Copy(client, server)
		_ = client.Close()
		both.Wait()
	})
	return func() []byte { mu.Lock(); defer mu.Unlock(); return bytes.Clone(heard.Bytes()) }
}

func TestAGreetingThatSaysNothingOfEncryptionIsNoConsent(t *testing.T) {
	for name, c := range map[string]struct {
		options []byte
		cannot  bool
	}{
		"off, the login alone": {[]byte{1, 0, 6, 0, 1, 0xff, 0}, false},
		"on":                   {[]byte{0, 0, 11, 0, 1, 1, 0, 11, 0, 1, 0xff, 1}, false},
		"not supported":        {[]byte{1, 0, 6, 0, 1, 0xff, 2}, true},
		"not told":             {[]byte{0, 0, 6, 0, 1, 0xff, 0}, true},
		"cut off":              {[]byte{1, 0, 60, 0, 1, 0xff}, true},
		"empty":                {[]byte{1, 0, 6, 0, 0, 0xff}, true},
		"nothing":              {nil, true},
	} {
		if got := cannotEncrypt(c.options); got != c.cannot {
			t.Errorf("%s: %v", name, got)
		}
	}
}
