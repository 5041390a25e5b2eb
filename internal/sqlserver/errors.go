package sqlserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/sqlerror"
	"github.com/bakplane/bakplane/internal/words"
)

// Refusal is what the server answered instead of doing what it was told: its
// whole list of errors, the telling one first.
type Refusal struct{ Errors []ServerError }

// ServerError is one error of the server.
type ServerError struct {
	Number   int
	Severity int
	State    int
	Text     string
}

func (r *Refusal) Error() string {
	said := make([]string, len(r.Errors))
	for i, e := range r.Errors {
		said[i] = fmt.Sprintf("%s (%d)", e.Text, e.Number)
	}
	return strings.Join(said, " ")
}

// Number is the number of the telling error.
func (r *Refusal) Number() int { return r.Errors[0].Number }

// maxErrors bounds the list: CHECKDB may report hundreds.
const maxErrors = 20

// refusal puts the server's errors in order. Errors that only say that the
// statement ended because of the others come last, 3013 at the very end.
func refusal(all []mssql.Error) *Refusal {
	var telling, follow, end []ServerError
	for _, e := range all {
		text := strings.TrimPrefix(strings.TrimSpace(e.Message), "login error: ")
		s := ServerError{Number: int(e.Number), Severity: int(e.Class), State: int(e.State), Text: shorten(text, 1000)}
		switch {
		case e.Number == 3013:
			end = append(end, s)
		case sqlerror.Follows(s.Number):
			follow = append(follow, s)
		default:
			telling = append(telling, s)
		}
	}
	if len(telling) > maxErrors {
		telling = telling[:maxErrors]
	}
	return &Refusal{append(append(telling, follow...), end...)}
}

// refused reports whether the server answered with a refusal, which settles
// the matter; a lost connection does not.
func refused(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && !fault.Is(err, fault.Unavailable)
}

// saidNumber reports whether the server's list holds an error of this number.
func saidNumber(err error, number int) bool {
	var r *Refusal
	if !errors.As(err, &r) {
		return false
	}
	for _, e := range r.Errors {
		if e.Number == number {
			return true
		}
	}
	return false
}

// explain turns an error of the driver into a fault. ctx is the caller's.
func (s *Server) explain(ctx context.Context, err error) error {
	var e mssql.Error
	var never unmade
	var f *fault.Error
	undone := errors.As(err, &never)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return err
	case errors.As(err, &e):
		all := e.All
		if len(all) == 0 {
			all = []mssql.Error{e}
		}
		f = s.words(refusal(all))
		undone = undone || f.Kind == fault.Unavailable && e.Class < 20
	case ctx.Err() != nil:
		f = fault.New(fault.Unavailable, "The statement was canceled.", "").WithCode("connection").Because(errors.Join(context.Cause(ctx), err))
	case undone:
		f = s.connecting(err)
	case errors.Is(err, context.DeadlineExceeded):
		f = fault.Newf(fault.Unavailable, "%s did not answer within %s.", s.config.Address(), words.Span(s.config.timeout())).WithCode("connection").Because(err)
	default:
		f = fault.Newf(fault.Unavailable, "The connection to %s was lost.", s.config.Address()).
			WithFix("If it lasts, look at the server and the network between here and there.").WithCode("connection").Because(err)
	}
	if undone {
		f = f.Because(errors.Join(f.Err, migration.ErrUndone))
	}
	return f
}

// words makes a fault of the server's list: what its first error that is
// explained means.
func (s *Server) words(r *Refusal) *fault.Error {
	first := r.Errors[0]
	for _, e := range r.Errors {
		if _, ok := sqlerror.OfNumber(e.Number); ok {
			first = e
			break
		}
	}
	is, name := sqlerror.OfError(first.Number, first.Text)
	if is.Code == "" {
		is.Code = explain.Unknown
	}
	if first.Severity >= 20 && is.Kind == fault.Conflict {
		is.Kind = fault.Unavailable // it ends the connection as well
	}
	f := explain.Fault(is.Kind, is.Code, explain.AtServer, name).Because(r)
	f.Said = words.Say("SQL Server said: %s", r)
	return f
}

var hostname = regexp.MustCompile(`certificate is valid for (.+), not `)

// connecting explains why no connection was made. Over TLS inside TDS the
// driver keeps the text of the error and drops its type.
func (s *Server) connecting(err error) *fault.Error {
	text, at := err.Error(), s.config.Address()
	has := func(fragment string) bool { return strings.Contains(text, fragment) }
	denied := func(format string, arg ...any) *fault.Error {
		return fault.Newf(fault.Denied, format, arg...).WithCode("tls").Because(err)
	}
	away := func(format string, arg ...any) *fault.Error {
		return fault.Newf(fault.Unavailable, format, arg...).WithCode("unreachable").Because(err)
	}
	var dns *net.DNSError
	switch {
	case has("signed by unknown authority"), has("failed to verify certificate") && has("signed by"):
		return denied("The certificate of %s is not trusted: nobody here knows the authority that signed it.", at).
			WithFix("Give the authority's certificate file (PEM). A server without a certificate of its own makes one at each start that nobody can check: install one, or accept any certificate knowingly.")
	case hostname.MatchString(text):
		return denied("The certificate of %s is made out to %s.", at, hostname.FindStringSubmatch(text)[1]).
			WithFix("Connect under that name, or give it as the host name in the certificate.")
	case has("doesn't contain any IP SANs"), has("not valid for any names"), has("legacy Common Name"):
		return denied("The certificate of %s does not name the host.", at).
			WithFix("Connect under the name the certificate is made out to, or install one that names the host in its alternative names.")
	case has("certificate has expired"):
		return denied("The certificate of %s has expired or is not valid yet.", at).
			WithFix("Renew the server's certificate; compare the clocks.")
	case has("x509:"):
		return denied("The certificate of %s cannot be accepted.", at).
			WithFix("The log of the dashboard has the details. Install another certificate on the server.")
	case has("unsupported protocol version"), has("protocol version not supported"):
		return denied("%s speaks no TLS newer than 1.1.", at).
			WithFix("Install the server's update for TLS 1.2.")
	case errors.Is(err, errClear), has(errClear.Error()):
		return denied("%s cannot encrypt, and your password would travel to it in the clear.", at).
			WithFix("Install a certificate on the server, or let it make its own, and see that nobody stands between who changes what it says. Nothing was sent.")
	case has("server does not support encryption"):
		return denied("%s does not encrypt, and encryption is asked for.", at).
			WithFix("Enable encryption on the server, or choose encryption login-only or false knowingly.")
	case has("first record does not look like a TLS handshake") || has("TLS Handshake failed"):
		return denied("%s could not agree on encryption.", at).
			WithFix("Strict encryption needs SQL Server 2022 or later; choose encryption true for older ones.")
	case errors.As(err, &dns):
		return away("The name %s cannot be resolved.", s.config.Host).WithFix("Check the host and this machine's DNS.")
	case has("no instance matching"):
		return away("SQL Server Browser at %s knows no instance %s with a TCP port, or did not answer.", s.config.Host, s.config.Instance).
			WithFix("Check the instance's name and that SQL Server Browser runs (UDP 1434), or give the port instead.")
	case errors.Is(err, context.DeadlineExceeded):
		return away("%s did not answer within %s.", at, words.Span(s.config.timeout())).WithFix("Check host, port and firewalls between here and there.")
	}
	return away("%s cannot be reached.", at).
		WithFix("Check host and port, that SQL Server accepts TCP connections, and firewalls between here and there.")
}
