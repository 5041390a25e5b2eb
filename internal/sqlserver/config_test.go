package sqlserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/bakplane/bakplane/internal/fault"
)

func TestConfigIsExplicit(t *testing.T) {
	for encrypt, want := range map[Encryption]msdsn.Encryption{
		Strict: msdsn.EncryptionStrict, Full: msdsn.EncryptionRequired, "": msdsn.EncryptionRequired,
		LoginOnly: msdsn.EncryptionOff, None: msdsn.EncryptionDisabled,
	} {
		p, err := Config{Host: "db1", Login: "sa", Encrypt: encrypt}.params()
		if err != nil {
			t.Fatal(err)
		}
		if p.Encryption != want || p.TrustServerCertificate || p.TLSConfig != nil && p.TLSConfig.InsecureSkipVerify {
			t.Errorf("%q: encryption %d, trusts any certificate: %v", encrypt, p.Encryption, p.TrustServerCertificate)
		}
		if (p.TLSConfig == nil) != (encrypt == None) {
			t.Errorf("%q: TLS settings %v", encrypt, p.TLSConfig)
		}
	}
}

func TestConfigRefusesWhatCannotWork(t *testing.T) {
	for _, c := range []Config{
		{Login: "sa"}, {Host: "a b", Login: "sa"}, {Host: `h\i`, Login: "sa"}, {Host: "h,1433", Login: "sa"}, {Host: "h;encrypt=disable", Login: "sa"},
		{Host: "h"}, {Host: "h", Login: `DOM\user`}, {Host: "h", Login: strings.Repeat("x", 129)}, {Host: "h", Login: "sa", Password: strings.Repeat("x", 129)},
		{Host: "h", Login: "sa", Port: 70000}, {Host: "h", Login: "sa", Port: -1}, {Host: "h", Login: "sa", Instance: "a;b"},
		{Host: "h", Login: "sa", Encrypt: "maybe"}, {Host: "h", Login: "sa", Encrypt: Strict, TrustServerCertificate: true},
		{Host: "h", Login: "sa", CAFile: "x", CAPEM: "y"}, {Host: "h", Login: "sa", CAPEM: "nonsense"}, {Host: "h", Login: "sa", CAFile: t.TempDir() + "/none.pem"},
	} {
		if _, err := Open(c); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v is not refused: %v", c, err)
		}
	}
}

// Whatever stands in a name or password, it cannot become another setting.
func FuzzConfig(f *testing.F) {
	f.Add("host", "INST", "sa", "p")
	f.Add("h;encrypt=disable", "a?trustservercertificate=true", "sa;x=y", "p&encrypt=disable#/:@\"';")
	f.Fuzz(func(t *testing.T, host, instance, login, password string) {
		p, err := Config{Host: host, Instance: instance, Login: login, Password: password}.params()
		if err != nil {
			return
		}
		if p.Encryption != msdsn.EncryptionRequired || p.TrustServerCertificate || p.TLSConfig.InsecureSkipVerify {
			t.Errorf("%q %q %q %q weakens the connection", host, instance, login, password)
		}
		if p.Host != host || p.Instance != instance || p.User != login || p.Password != password || p.Port != 0 || p.LogFlags != 0 || p.FailOverPartner != "" {
			t.Errorf("%q %q %q %q became %+v", host, instance, login, password, p)
		}
	})
}

func TestConfigPrintsNoPassword(t *testing.T) {
	c := Config{Host: "h", Login: "sa", Password: "hunter2"}
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s", c, c, c, c), fmt.Sprint(&c), fmt.Sprintf("%+v", []Config{c}), c.LogValue().String()} {
		if strings.Contains(s, "hunter2") {
			t.Errorf("the password stands in %s", s)
		}
	}
}
