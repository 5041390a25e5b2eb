package signedcall

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// maxBody bounds what is read of one answer. A full page of 100 rows stays
// far below it.
const maxBody = 8 << 20

// httpClient carries the SDK's requests. It reads the whole bounded body
// before the SDK sees it, and turns answers that are not JSON — a gateway's
// HTML, a redirect, a sign-in page of a proxy — into a gatewayError with the
// status, which the SDK alone would report as a syntax error without one.
type httpClient struct{ client *http.Client }

// HTTPClient is the client that carries the requests: it follows no redirect,
// and lets idle connections go within a minute.
func HTTPClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			IdleConnTimeout:        50 * time.Second,
			MaxIdleConnsPerHost:    8,
			MaxResponseHeaderBytes: 256 << 10,
			ForceAttemptHTTP2:      true,
		},
		// A signed request must not be replayed to another address.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Call implements the SDK's port for HTTP clients. The transport it proposes
// is made anew for each request and would never reuse a connection.
func (h httpClient) Call(request *http.Request, _ *http.Transport) (*http.Response, error) {
	res, err := h.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, &gatewayError{Status: res.StatusCode, Reason: "the answer is larger than 8 MiB"}
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, &gatewayError{Status: res.StatusCode, Reason: "the answer is not JSON"}
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// gatewayError is an answer that did not come from the API itself.
type gatewayError struct {
	Status int
	Reason string
}

func (e *gatewayError) Error() string { return fmt.Sprintf("HTTP status %d: %s", e.Status, e.Reason) }
