package aliyun

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/words"
)

// APIError is a refusal by the service itself.
type APIError struct {
	Status    int    // HTTP status
	Code      string // such as IncorrectDBInstanceState
	Message   string // the service's own words, shortened
	RequestID string
	Action    string        // the right that is missing, when the service tells
	Wait      time.Duration // how long a throttled caller is asked to wait
}

func (e *APIError) Error() string {
	return fmt.Sprintf("%s (HTTP %d, request %s): %s", e.Code, e.Status, e.RequestID, e.Message)
}

// throttled reports that the call was turned away before it did anything.
func (e *APIError) throttled() bool {
	return e.Code == "Throttling" || strings.HasPrefix(e.Code, "Throttling.") || e.Status == http.StatusTooManyRequests
}

// unreadable is an answer whose JSON does not have the documented shape.
type unreadable struct {
	Action string
	Err    error
}

func (e *unreadable) Error() string { return "decode answer of " + e.Action + ": " + e.Err.Error() }
func (e *unreadable) Unwrap() error { return e.Err }

// explain turns an error of the SDK into a fault.
func (c *Client) explain(e effect, err error) error {
	if api := c.apiError(err); api != nil {
		f := c.words(api)
		switch {
		case f.Kind == fault.Unavailable && api.throttled():
			return undone(f)
		case f.Kind == fault.Unavailable:
			return uncertain(e, f, f.Fix)
		}
		return f
	}
	var unread *unreadable
	var gateway *gatewayError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	switch {
	case errors.As(err, &gateway):
		f := fault.Newf(fault.Unavailable, "Something between here and the RDS API at %s answered with HTTP status %d and no API answer.", c.host, gateway.Status)
		return uncertain(e, f, words.Say("If it lasts, check the endpoint and any proxy in between.")).Because(err)
	case errors.As(err, &unread):
		return uncertain(e, fault.Newf(fault.Unavailable, "The RDS API at %s answered with something this version cannot read.", c.host),
			words.Say("If it lasts, check that the endpoint is the RDS API.")).Because(err)
	case errors.As(err, &certificate):
		return fault.Newf(fault.Denied, "The certificate of %s is not trusted.", c.host).
			WithFix("Check the endpoint, or add the certificate authority of your proxy to this machine.").Because(err)
	case errors.As(err, &record) || err != nil && strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fault.Newf(fault.Invalid, "%s does not speak HTTPS.", c.host).
			WithFix("Check the endpoint; write http:// before it when plain HTTP is meant.").Because(err)
	case errors.As(err, &dns):
		return fault.Newf(fault.Unavailable, "The name %s cannot be resolved.", c.host).
			WithFix("Check the endpoint, the region and this machine's DNS.").Because(errors.Join(err, migration.ErrUndone))
	case neverConnected(err):
		return fault.Newf(fault.Unavailable, "The RDS API at %s cannot be reached.", c.host).
			WithFix("Check the endpoint and the network between here and there.").Because(errors.Join(err, migration.ErrUndone))
	case errors.Is(err, context.Canceled):
		return uncertain(e, fault.New(fault.Unavailable, "The call to the RDS API was canceled.", ""), words.Text{}).Because(err)
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return uncertain(e, fault.Newf(fault.Unavailable, "The RDS API at %s did not answer in time.", c.host), words.Text{}).Because(err)
	}
	return uncertain(e, fault.Newf(fault.Unavailable, "The connection to the RDS API at %s was lost or could not be made.", c.host),
		words.Say("Check the endpoint and the network between here and there.")).Because(err)
}

// undone marks a fault of a call that was turned away before it did anything.
func undone(f *fault.Error) *fault.Error { return f.Because(errors.Join(f.Err, migration.ErrUndone)) }

// neverConnected reports that no connection was made, so nothing was sent.
func neverConnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// uncertain adds what a person must know when a change may have happened.
func uncertain(e effect, f *fault.Error, fix words.Text) *fault.Error {
	if e == changes {
		fix = words.Join(words.Say("It is not known whether the call took effect: look at the instance's tasks and backups before repeating it."), fix)
	}
	f.Fix = fix
	return f
}

// apiError recovers code, request id and the wait from the SDK's error types.
func (c *Client) apiError(err error) *APIError {
	var out *APIError
	var throttled *openapi.ThrottlingError
	var client *openapi.ClientError
	var server *openapi.ServerError
	var data map[string]any
	switch {
	case errors.As(err, &throttled):
		data = throttled.Data
		out = &APIError{Status: dara.IntValue(throttled.StatusCode), Code: dara.StringValue(throttled.Code), RequestID: dara.StringValue(throttled.RequestId)}
		out.Wait = min(time.Duration(dara.Int64Value(throttled.RetryAfter))*time.Millisecond, time.Minute)
	case errors.As(err, &client):
		data = client.Data
		out = &APIError{Status: dara.IntValue(client.StatusCode), Code: dara.StringValue(client.Code), RequestID: dara.StringValue(client.RequestId)}
		if action, ok := client.AccessDeniedDetail["AuthAction"].(string); ok {
			out.Action = action
		}
	case errors.As(err, &server):
		data = server.Data
		out = &APIError{Status: dara.IntValue(server.StatusCode), Code: dara.StringValue(server.Code), RequestID: dara.StringValue(server.RequestId)}
	default:
		return nil
	}
	if out.Status == 0 { // made by the SDK itself, before or after the wire
		return nil
	}
	message, _ := data["Message"].(string)
	out.Message, out.Code, out.RequestID = c.clean(message, 500), c.clean(out.Code, 100), c.clean(out.RequestID, 64)
	if out.Code == "" || out.Code == "<nil>" {
		out.Code = fmt.Sprintf("HTTP %d %s", out.Status, http.StatusText(out.Status))
	}
	if out.RequestID == "<nil>" {
		out.RequestID = ""
	}
	return out
}

// clean shortens foreign text and takes out secrets that it may quote.
func (c *Client) clean(s string, limit int) string {
	for _, secret := range c.hidden {
		s = strings.ReplaceAll(s, secret, "•••")
	}
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}

// toldToWait is how long the service asked a throttled caller to wait.
func toldToWait(err error) time.Duration {
	var api *APIError
	if errors.As(err, &api) {
		return api.Wait
	}
	return 0
}
