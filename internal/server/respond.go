package server

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/static"
)

// Render writes one component as the answer.
func Render(c echo.Context, status int, component templ.Component) error {
	buf := templ.GetBuffer()
	defer templ.ReleaseBuffer(buf)
	if err := component.Render(c.Request().Context(), buf); err != nil {
		return err
	}
	return c.HTMLBlob(status, words.VisiblePage(buf.Bytes()))
}

// SeeOther sends the browser on after a POST that succeeded.
func SeeOther(c echo.Context, to string) error { return c.Redirect(http.StatusSeeOther, to) }

// LocalPath is the path and query of an address of our own, else empty: the
// browser is never sent to a place that a stranger wrote into a link.
func LocalPath(address, host string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Host != "" && u.Host != host) || u.Opaque != "" || (u.Host == "" && u.Scheme != "") {
		return ""
	}
	p := u.EscapedPath()
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.Contains(p, `\`) {
		return ""
	}
	if u.RawQuery != "" {
		p += "?" + u.RawQuery
	}
	return p
}

// requestID is the name under which the log speaks of this request.
func requestID(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }

// observe gives the request a name for the log and counts it.
func (s *Kit) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		b := make([]byte, 6)
		rand.Read(b)
		c.Response().Header().Set(echo.HeaderXRequestID, hex.EncodeToString(b))
		began := s.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := s.Now().Sub(began)
		if !wantsStream(c) {
			s.metrics.seen(c, took)
		}
		s.logAccess(c, took)
		return nil
	}
}

// logAccess writes a line about a request that was answered; of a stream it is
// written when it ends. Our own files and the question whether we are well are
// left out. What stands behind the question mark is too: it may hold what was
// typed.
func (s *Kit) logAccess(c echo.Context, took time.Duration) {
	path := c.Request().URL.Path
	if strings.HasPrefix(path, static.Prefix) || path == "/healthz" {
		return
	}
	who, _ := Who(c)
	method, _ := labels(c)
	s.Log.Info("request", "ref", requestID(c), "from", c.RealIP(), "who", who.Name, "method", method, "path", Clip(path, 200), "status", c.Response().Status, "bytes", c.Response().Size, "took", took.Round(time.Millisecond))
}

// recover turns a panic into an error of this one request.
func (s *Kit) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		return next(c)
	}
}

// health answers whether the dashboard lives and its database answers.
func (s *Kit) health(c echo.Context) error {
	if _, err := s.Runs.LastEvent(c.Request().Context()); err != nil {
		s.Log.Error("health", "err", err)
		return c.JSON(http.StatusServiceUnavailable, map[string]string{"status": "the database does not answer"})
	}
	if wrong := s.troubled(); len(wrong) > 0 {
		// Not an error: who restarts what answers one would help nobody.
		titles := make([]string, len(wrong))
		for i, t := range wrong {
			titles[i] = t.Title
		}
		return c.JSON(http.StatusOK, map[string]any{"status": "degraded", "trouble": titles, "version": s.Config.Version, "time": s.Now().UTC().Format(time.RFC3339)})
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "ok", "version": s.Config.Version, "time": s.Now().UTC().Format(time.RFC3339)})
}
