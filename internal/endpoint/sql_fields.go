package endpoint

import (
	"strconv"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
)

// SQLHints are what differs between forms that ask how an instance is reached
// over SQL.
type SQLHints struct {
	Full, None string // of the choices Full and None
	Trust      string // of trusting any certificate
	Authority  string // where the authority's certificate comes from
}

// PortField asks for the TCP port; empty is 0.
func PortField(hint string) Field[Instance] {
	return Field[Instance]{Name: "port", Label: "Port", Type: Number, Mono: true, Optional: true, Placeholder: "1433", Hint: hint,
		Get: func(i Instance) string {
			if i.Port == 0 {
				return ""
			}
			return strconv.Itoa(i.Port)
		},
		Set: func(i *Instance, s string) (err error) {
			i.Port = 0
			if s == "" {
				return nil
			}
			if i.Port, err = strconv.Atoi(s); err != nil {
				return fault.Newf(fault.Invalid, "%q is not a port.", s).WithFix("The default is 1433.")
			}
			return nil
		}}
}

// PasswordField takes the password of the login.
func PasswordField(label string, optional bool) Field[Instance] {
	return Field[Instance]{Name: "password", Label: label, Type: Password, Optional: optional,
		Set: func(i *Instance, s string) error { i.Password = secret.NewText(s); return nil }}
}

// ProtectionFields ask how the connection is protected and whom it trusts.
func ProtectionFields(h SQLHints) []Field[Instance] {
	return []Field[Instance]{
		{Name: "encrypt", Label: "Encryption", Type: Choices, Options: []Option{
			{Value: string(EncryptStrict), Label: "Strict", Hint: "TLS from the first byte (TDS 8). SQL Server 2022 and later."},
			{Value: string(EncryptFull), Label: "Full", Hint: h.Full},
			{Value: string(EncryptNone), Label: "None", Hint: h.None}},
			Get: func(i Instance) string {
				if i.Encrypt == "" {
					return string(EncryptFull)
				}
				return string(i.Encrypt)
			},
			Set: func(i *Instance, s string) error { i.Encrypt = Encrypt(s); return nil }},
		{Name: "trust", Label: "Its certificate", Type: Choices, Options: []Option{
			{Value: "", Label: "Must be valid", Hint: "Issued by an authority that this machine trusts, or by the one given below, for the host's name."},
			{Value: "1", Label: "Trust any certificate", Hint: h.Trust}},
			Get: func(i Instance) string {
				if i.Trust {
					return "1"
				}
				return ""
			},
			Set: func(i *Instance, s string) error { i.Trust = s != ""; return nil }},
		Text(Field[Instance]{Name: "ca_pem", Label: "Certificate of the authority", Type: Area, Mono: true, Optional: true, Placeholder: "-----BEGIN CERTIFICATE-----", Hint: h.Authority},
			func(i *Instance) *string { return &i.CAPEM }),
		Text(Field[Instance]{Name: "certificate_host", Label: "Name in the certificate", Mono: true, Optional: true, Hint: "Where it is not the host's."},
			func(i *Instance) *string { return &i.CertificateHost }),
	}
}
