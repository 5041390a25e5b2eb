package signedcall

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

// Throttled reports that the call was turned away before it did anything.
func (e *APIError) Throttled() bool {
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
func (c *Client) explain(e Effect, err error) error {
	if api := c.apiError(err); api != nil {
		f := c.api.Words(api)
		switch {
		case f.Kind == fault.Unavailable && api.Throttled():
			return c.undone(f)
		case f.Kind == fault.Unavailable:
			return c.Uncertain(e, f, f.Fix)
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
		f := fault.Newf(fault.Unavailable, "Something between here and the %s at %s answered with HTTP status %d and no API answer.", c.api.Name, c.host, gateway.Status)
		return c.Uncertain(e, f, words.Say("If it lasts, check the endpoint and any proxy in between.")).Because(err)
	case errors.As(err, &unread):
		return c.Uncertain(e, fault.Newf(fault.Unavailable, "The %s at %s answered with something this version cannot read.", c.api.Name, c.host),
			words.Say("If it lasts, check that the endpoint is the %s.", c.api.Name)).Because(err)
	case errors.As(err, &certificate):
		return fault.Newf(fault.Denied, "The certificate of %s is not trusted.", c.host).
			WithFix("Check the endpoint, or add the certificate authority of your proxy to this machine.").Because(err)
	case errors.As(err, &record) || err != nil && strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fault.Newf(fault.Invalid, "%s does not speak HTTPS.", c.host).
			WithFix("Check the endpoint; write http:// before it when plain HTTP is meant.").Because(err)
	case errors.As(err, &dns):
		return fault.Newf(fault.Unavailable, "The name %s cannot be resolved.", c.host).
			WithFix("Check the endpoint, the region and this machine's DNS.").Because(errors.Join(err, c.api.Undone))
	case neverConnected(err):
		return fault.Newf(fault.Unavailable, "The %s at %s cannot be reached.", c.api.Name, c.host).
			WithFix("Check the endpoint and the network between here and there.").Because(errors.Join(err, c.api.Undone))
	case errors.Is(err, context.Canceled):
		return c.Uncertain(e, fault.Newf(fault.Unavailable, "The call to the %s was canceled.", c.api.Name), words.Text{}).Because(err)
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return c.Uncertain(e, fault.Newf(fault.Unavailable, "The %s at %s did not answer in time.", c.api.Name, c.host), words.Text{}).Because(err)
	}
	return c.Uncertain(e, fault.Newf(fault.Unavailable, "The connection to the %s at %s was lost or could not be made.", c.api.Name, c.host),
		words.Say("Check the endpoint and the network between here and there.")).Because(err)
}

// undone marks a fault of a call that was turned away before it did anything.
func (c *Client) undone(f *fault.Error) *fault.Error {
	return f.Because(errors.Join(f.Err, c.api.Undone))
}

// neverConnected reports that no connection was made, so nothing was sent.
func neverConnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// Uncertain adds what a person must know when a change may have happened.
func (c *Client) Uncertain(e Effect, f *fault.Error, fix words.Text) *fault.Error {
	if e == Changes {
		fix = words.Join(c.api.Look, fix)
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
	out.Message, out.Code, out.RequestID = c.Clean(message, 500), c.Clean(out.Code, 100), c.Clean(out.RequestID, 64)
	if out.Code == "" || out.Code == "<nil>" {
		out.Code = fmt.Sprintf("HTTP %d %s", out.Status, http.StatusText(out.Status))
	}
	if out.RequestID == "<nil>" {
		out.RequestID = ""
	}
	return out
}

// Clean shortens foreign text and takes out secrets that it may quote.
func (c *Client) Clean(s string, limit int) string {
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
