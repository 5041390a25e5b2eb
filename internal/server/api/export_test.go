package api

import "github.com/labstack/echo/v4"

// Routes lists the routes of a server without anything behind it.
func Routes() []*echo.Route {
	e := echo.New()
	(&API{}).Routes(e)
	return e.Routes()
}
