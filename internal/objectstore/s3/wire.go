package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxAnswer bounds every answer but an object's bytes; a page of 1000 keys of
// 1024 bytes, written as entities, stays below.
const maxAnswer = 16 << 20

// newHTTP is a transport with bounded answers, errors that keep their status
// when a gateway answers in HTML, and a time-out that measures silence instead
// of duration.
func newHTTP(silence time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: min(silence, 15*time.Second), KeepAlive: 30 * time.Second}
	return &http.Client{
		Transport: &wire{&http.Transport{
			Proxy: http.ProxyFromEnvironment,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := dialer.DialContext(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return &conn{Conn: c, silence: silence}, nil
			},
			TLSHandshakeTimeout:   min(silence, 15*time.Second),
			ResponseHeaderTimeout: silence,
			ExpectContinueTimeout: time.Second,
			IdleConnTimeout:       50 * time.Second,
			MaxIdleConns:          32,
			MaxIdleConnsPerHost:   16,
			WriteBufferSize:       64 << 10,
			DisableCompression:    true, // backups are bytes, and sizes must be exact
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// conn breaks off after a silence. Sending counts as life for reading too:
// while a long part goes out nothing comes in.
type conn struct {
	net.Conn
	silence time.Duration
}

func (c *conn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.silence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.silence)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

var outgoing = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// ReadFrom sends bodies in large steps; net/http would take 32 KiB ones.
func (c *conn) ReadFrom(r io.Reader) (n int64, err error) {
	buf := outgoing.Get().(*[]byte)
	defer outgoing.Put(buf)
	for {
		got, readErr := r.Read(*buf)
		if got > 0 {
			sent, err := c.Write((*buf)[:got])
			n += int64(sent)
			if err != nil {
				return n, err
			}
		}
		if errors.Is(readErr, io.EOF) {
			return n, nil
		}
		if readErr != nil {
			return n, readErr
		}
	}
}

type (
	exchangeKey   struct{}
	longAnswerKey struct{}
)

// exchange is what an error needs to know of the last answer.
type exchange struct {
	mu     sync.Mutex
	off    time.Duration // how far the service's clock is ahead of ours
	saw    bool
	region string // in which the bucket lies, as the answer says
}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

func withLongAnswer(ctx context.Context) context.Context {
	return context.WithValue(ctx, longAnswerKey{}, true)
}

// clock returns how far the service's clock is ahead, when it told.
func (x *exchange) clock() (time.Duration, bool) {
	if x == nil {
		return 0, false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.off, x.saw
}

// elsewhere is the region that the last answer told.
func (x *exchange) elsewhere() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.region
}

func (x *exchange) note(h http.Header) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		x.off, x.saw = time.Until(t), true
	}
	x.region = h.Get("X-Amz-Bucket-Region")
}

// statusError is an answer that is not the service's own.
type statusError struct {
	status int
	text   string // content type or location
}

func (e *statusError) Error() string { return fmt.Sprintf("answer %d (%s)", e.status, e.text) }

type wire struct{ *http.Transport }

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		x.note(res.Header)
	}
	if foreign(r, res) {
		text := res.Header.Get("Content-Type")
		if res.StatusCode < 400 {
			text = "to " + res.Header.Get("Location")
		}
		res.Body.Close()
		return nil, &statusError{res.StatusCode, text}
	}
	if res.StatusCode >= 300 || r.Context().Value(longAnswerKey{}) == nil {
		res.Body = &bounded{ReadCloser: res.Body, left: maxAnswer}
	}
	return res, nil
}

// foreign reports whether something in between answered. Stores that speak S3
// write XML, or at least tell the number of the request.
func foreign(r *http.Request, res *http.Response) bool {
	kind := res.Header.Get("Content-Type")
	switch {
	case res.StatusCode < 300, res.StatusCode == http.StatusNotModified, strings.Contains(kind, "xml"):
		return false
	case strings.Contains(kind, "html"):
		return true
	case r.Method == http.MethodHead && res.StatusCode == http.StatusNotFound:
		return false
	}
	return res.Header.Get("X-Amz-Request-Id") == "" && res.Header.Get("X-Amz-Bucket-Region") == ""
}

// CloseIdleConnections is found by http.Client.
func (w *wire) CloseIdleConnections() { w.Transport.CloseIdleConnections() }

type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("the answer is longer than any answer of the service")
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
