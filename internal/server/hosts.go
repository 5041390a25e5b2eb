package server

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// hosts lets requests through that name us as we are called: the host of the
// public address, an IP address, or localhost. A page of a stranger whose name
// was pointed at this machine (DNS rebinding) asks in the stranger's name and is
// refused, for to the browser it would be a page of the same site. The question
// whether we are well is answered under any name: it tells nothing.
func hosts(public *url.URL) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.Request().URL.Path != "/healthz" && !ours(c.Request().Host, public) {
				return echo.NewHTTPError(http.StatusMisdirectedRequest)
			}
			return next(c)
		}
	}
}

// ours reports whether a Host header names us.
func ours(host string, public *url.URL) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if public != nil && name == strings.ToLower(public.Hostname()) {
		return true
	}
	if name == "localhost" {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil
}
