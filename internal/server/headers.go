package server

import (
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/web/static"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// securityHeaders tells the browser what our pages never do.
func securityHeaders(secure bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("Content-Security-Policy", kit.Policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("X-Frame-Options", "DENY")
			h.Set("Referrer-Policy", "same-origin")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
			if secure {
				h.Set("Strict-Transport-Security", "max-age=31536000")
			}
			if !strings.HasPrefix(c.Request().URL.Path, static.Prefix) {
				h.Set("Cache-Control", "no-store")
			}
			return next(c)
		}
	}
}
