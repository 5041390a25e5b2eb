package oss

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
// 1023 bytes, encoded, stays well below.
const maxAnswer = 16 << 20

// newHTTP is the SDK's transport with what it lacks: bounded answers, errors
// that keep their status when a gateway answers in HTML, and a time-out that
// measures silence instead of duration.
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
			IdleConnTimeout:       50 * time.Second,
			MaxIdleConns:          32,
			MaxIdleConnsPerHost:   16,
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

// exchange is what an error needs to know of the answer.
type exchange struct {
	mu  sync.Mutex
	off time.Duration // how far the service's clock is ahead of ours
	saw bool
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
		if t, err := http.ParseTime(res.Header.Get("Date")); err == nil {
			x.mu.Lock()
			x.off, x.saw = time.Until(t), true
			x.mu.Unlock()
		}
	}
	kind := res.Header.Get("Content-Type")
	foreign := res.StatusCode >= 400 && !strings.Contains(kind, "xml") && (res.Header.Get("x-oss-request-id") == "" || strings.Contains(kind, "html")) ||
		res.StatusCode >= 300 && res.StatusCode < 400
	if foreign {
		if res.StatusCode < 400 {
			kind = "to " + res.Header.Get("Location")
		}
		res.Body.Close()
		return nil, &statusError{res.StatusCode, kind}
	}
	if res.StatusCode >= 300 || r.Context().Value(longAnswerKey{}) == nil {
		res.Body = &bounded{ReadCloser: res.Body, left: maxAnswer}
	}
	return res, nil
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
