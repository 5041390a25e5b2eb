package server

import (
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/web/templates"
)

// readingFields are those of the SQL login with which a cloud instance is read
// after a cutover. All of them may stay empty.
func readingFields(i endpoint.Instance) []templates.Field {
	encrypt := i.Encrypt
	if encrypt == "" {
		encrypt = endpoint.EncryptFull
	}
	port, password := "", "Stored sealed; nobody can read it here afterwards."
	if i.Port != 0 {
		port = strconv.Itoa(i.Port)
	}
	if i.Readable() {
		password = "Leave empty to keep the stored one."
	}
	return []templates.Field{
		{Name: "host", Label: "Host for reading", Value: i.Host, Mono: true, Optional: true, Placeholder: "rm-bp1x….sqlserver.rds.aliyuncs.com",
			Heading: "Reading contents", Under: "With host and login given, contents are read over SQL and compared with the source's after a cutover. Left empty, nothing is compared; everything else works without it."},
		{Name: "port", Label: "Port", Value: port, Type: "number", Mono: true, Optional: true, Placeholder: "1433", Hint: "The console's page Database Connection shows it."},
		{Name: "login", Label: "Login for reading", Value: i.Login, Mono: true, Optional: true, Autocomplete: "off", Hint: "A SQL login that may read the migrated databases (db_datareader). It changes nothing."},
		{Name: "password", Label: "Its password", Type: "password", Autocomplete: "off", Optional: true, Hint: password},
		{Name: "encrypt", Label: "Encryption", Type: "choices", Value: string(encrypt), Options: []templates.Option{
			{Value: string(endpoint.EncryptStrict), Label: "Strict", Hint: "TLS from the first byte (TDS 8). SQL Server 2022 and later."},
			{Value: string(endpoint.EncryptFull), Label: "Full", Hint: "TLS after the greeting. Switch on SSL for the instance."},
			{Value: string(endpoint.EncryptNone), Label: "None", Hint: "Only the password is encrypted; rows do not travel, their sums can be read on the way."}}},
		{Name: "trust", Label: "Its certificate", Type: "choices", Value: flag(i.Trust), Options: []templates.Option{
			{Value: "", Label: "Must be valid", Hint: "Issued by an authority that this machine trusts, or by the one given below, for the host's name."},
			{Value: "1", Label: "Trust any certificate", Hint: "Whoever stands between can pretend to be the instance and learn the password."}}},
		{Name: "ca_pem", Label: "Certificate of the authority", Type: "area", Value: i.CAPEM, Mono: true, Optional: true, Placeholder: "-----BEGIN CERTIFICATE-----", Hint: "PEM; the console offers it for download where SSL is switched on."},
		{Name: "certificate_host", Label: "Name in the certificate", Value: i.CertificateHost, Mono: true, Optional: true, Hint: "Where it is not the host's."},
	}
}

// readingLogin reads those fields; without host and login nothing is kept.
func readingLogin(c echo.Context, i *endpoint.Instance) error {
	form := func(name string) string { return strings.TrimSpace(c.FormValue(name)) }
	i.Host, i.Login = form("host"), form("login")
	if i.Host == "" && i.Login == "" {
		return nil
	}
	i.Password, i.Encrypt, i.CAPEM = secret.NewText(c.FormValue("password")), endpoint.Encrypt(form("encrypt")), form("ca_pem")
	i.CertificateHost, i.Trust = form("certificate_host"), form("trust") != ""
	if text := form("port"); text != "" {
		var err error
		if i.Port, err = strconv.Atoi(text); err != nil {
			return fault.Newf(fault.Invalid, "%q is not a port.", text).WithFix("The default is 1433.")
		}
	}
	return nil
}
