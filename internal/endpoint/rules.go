package endpoint

import (
	"net"
	"net/url"
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
)

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// CheckSQL refuses a way to reach an instance over SQL that cannot work. What
// the login is needed for is the fix when it is missing.
func (i Instance) CheckSQL(login string) error {
	switch {
	case blank(i.Host) || strings.ContainsAny(i.Host, "/;\\ "):
		return fault.Newf(fault.Invalid, "%q is not a host.", i.Host).WithFix("Write the server's name or address alone; port and instance name have fields of their own.")
	case i.Port < 0 || i.Port > 65535:
		return fault.Newf(fault.Invalid, "%d is not a port.", i.Port).WithFix("The default is 1433.")
	case i.Login == "":
		return fault.New(fault.Invalid, "The login is empty.", login)
	case i.Encrypt != EncryptStrict && i.Encrypt != EncryptFull && i.Encrypt != EncryptNone:
		return fault.Newf(fault.Invalid, "%q is not a way to encrypt.", i.Encrypt).WithFix("Choose strict, full or none.")
	}
	return nil
}

// CheckAddress takes host, host:port or an http(s) address without path. A
// plain http address is taken only where nothing on the way can listen: on
// this machine itself.
func CheckAddress(s string) error {
	if s == "" {
		return nil
	}
	bad := fault.Newf(fault.Invalid, "%q is not an address.", s).WithFix("Write a host, host:port, or https://host:port without a path.")
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		if u, err = url.Parse("https://" + s); err != nil || u.Host == "" {
			return bad
		}
	}
	if (u.Path != "" && u.Path != "/") || u.User != nil || u.RawQuery != "" || (u.Scheme != "https" && u.Scheme != "http") {
		return bad
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fault.Newf(fault.Invalid, "%q would send requests unencrypted over the network.", s).WithFix("Use https://; plain http is taken on loopback only.")
	}
	return nil
}
