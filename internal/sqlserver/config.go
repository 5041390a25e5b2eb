package sqlserver

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Encryption says how a connection is protected. The driver's own default
// (login alone, any certificate) is never used: one of these is always set.
type Encryption string

const (
	// Strict is TLS from the first byte (TDS 8, SQL Server 2022 and later).
	Strict Encryption = "strict"
	// Full encrypts everything. It is what an empty value means.
	Full Encryption = "true"
	// LoginOnly encrypts the login; data travels readable.
	LoginOnly Encryption = "login-only"
	// None encrypts nothing: who listens on the way can read the password.
	None Encryption = "false"
)

// Config says where a server is and how to trust it. It can be compared, and
// prints without the password.
type Config struct {
	Host     string // name or IP address
	Port     int    // 0: asked from SQL Server Browser (UDP 1434) with an Instance, 1433 without
	Instance string // named instance; not needed beside a Port
	Login    string
	Password string `json:"-"`

	Encrypt               Encryption
	CAFile                string // PEM file of the authority, or of the server's own certificate
	CAPEM                 string // the same as text
	HostNameInCertificate string // where it is not Host
	// TrustServerCertificate takes any certificate: the connection is then
	// encrypted, but nobody knows with whom.
	TrustServerCertificate bool

	AppName string        // shown by sys.dm_exec_sessions; empty = Bakplane
	Timeout time.Duration // of connecting and of a short question; 0 = 30 seconds

	// Folder is where backup files lie, as the server sees it. As a target it
	// is what RestoreCall.Key is relative to. Empty = the server's default.
	Folder string
}

// String leaves the password out.
func (c Config) String() string {
	return fmt.Sprintf("host %q port %d instance %q login %q encrypt %q", c.Host, c.Port, c.Instance, c.Login, c.Encrypt)
}

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Address is the server as people write it.
func (c Config) Address() string {
	s := c.Host
	if c.Instance != "" {
		s += `\` + c.Instance
	}
	if c.Port != 0 {
		s += fmt.Sprintf(",%d", c.Port)
	}
	return s
}

// check refuses what cannot work. The lengths are those of LOGIN7's fields.
func (c Config) check() error {
	invalid := func(message, fix string) error { return fault.New(fault.Invalid, message, fix) }
	bad := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) })
	}
	switch {
	case c.Host == "" || bad(c.Host) || strings.ContainsAny(c.Host, `,;\/@`) || len(c.Host) > 255:
		return fault.Newf(fault.Invalid, "%q is not the name or address of a server.", c.Host).
			WithFix("Write the host alone; port and instance have fields of their own.")
	case c.Port < 0 || c.Port > 65535:
		return fault.Newf(fault.Invalid, "%d is not a port.", c.Port).
			WithFix("Leave it empty for 1433, or write the port the instance listens on.")
	case bad(c.Instance) || strings.ContainsAny(c.Instance, `,;\/`) || len(c.Instance) > 16:
		return fault.Newf(fault.Invalid, "%q is not the name of an instance.", c.Instance).
			WithFix("Write the part behind the backslash, such as SQLEXPRESS.")
	case c.Login == "" || tsql.Units(c.Login) > 128 || strings.ContainsRune(c.Login, 0):
		return invalid("The login is missing or too long.", "Give a SQL Server login; Windows logins are not supported.")
	case strings.Contains(c.Login, `\`):
		return fault.Newf(fault.Invalid, "%s is a Windows login, which is not supported.", c.Login).
			WithFix("Give a SQL Server login.")
	case tsql.Units(c.Password) > 128:
		return invalid("The password is longer than 128 characters.", "")
	case c.Encrypt == Strict && c.TrustServerCertificate:
		return invalid("Strict encryption always checks the certificate.", "Give the certificate authority's file, or choose encryption true.")
	case c.CAFile != "" && c.CAPEM != "":
		return invalid("Two certificate authorities are given.", "Give the file or the text.")
	}
	return nil
}

// params are the driver's settings, made without a connection string: nothing
// in a name or password can become an option.
func (c Config) params() (msdsn.Config, error) {
	if err := c.check(); err != nil {
		return msdsn.Config{}, err
	}
	p, err := msdsn.Parse("sqlserver://?encrypt=true")
	if err != nil {
		return p, fmt.Errorf("read driver defaults: %w", err)
	}
	switch c.Encrypt {
	case Strict:
		p.Encryption = msdsn.EncryptionStrict
	case Full, "":
		p.Encryption = msdsn.EncryptionRequired
	case LoginOnly:
		p.Encryption = msdsn.EncryptionOff
	case None:
		p.Encryption = msdsn.EncryptionDisabled
	default:
		return p, fault.Newf(fault.Invalid, "%q is not a way to encrypt.", c.Encrypt).WithFix("Choose strict, true, login-only or false.")
	}
	p.Host, p.Port, p.Instance, p.User, p.Password = c.Host, uint64(c.Port), c.Instance, c.Login, c.Password
	p.AppName = c.AppName
	if p.AppName == "" {
		p.AppName = "Bakplane"
	}
	p.Database = "master"
	p.DialTimeout = c.timeout()
	p.TrustServerCertificate = c.TrustServerCertificate
	p.HostInCertificateProvided = c.HostNameInCertificate != ""
	p.TLSConfig = nil
	if c.Encrypt != None {
		p.TLSConfig, err = c.tls()
	}
	return p, err
}

func (c Config) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return 30 * time.Second
}

func (c Config) tls() (*tls.Config, error) {
	t := &tls.Config{ServerName: c.HostNameInCertificate, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify:          c.TrustServerCertificate, // chosen by a person, see Config
		DynamicRecordSizingDisabled: true,                     // the driver's request: one record per packet
	}
	if t.ServerName == "" {
		t.ServerName = c.Host
	}
	pem := []byte(c.CAPEM)
	if c.CAFile != "" {
		var err error
		if pem, err = os.ReadFile(c.CAFile); err != nil {
			return nil, fault.Newf(fault.Invalid, "The certificate file %s cannot be read.", c.CAFile).
				WithFix("Check the path and its rights as the dashboard sees them.").Because(err)
		}
	}
	if len(pem) > 0 {
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Invalid, "The certificate authority holds no certificate in PEM form.", "Give text that begins with -----BEGIN CERTIFICATE-----.")
		}
	}
	return t, nil
}
