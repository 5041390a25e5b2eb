package server

import "github.com/labstack/echo/v4"

// PageSize is how many rows a page of a list has.
const PageSize = 50

// NextPage is the address of the following page.
func NextPage(c echo.Context, key, value string) string {
	q := c.QueryParams()
	q.Set(key, value)
	return c.Request().URL.Path + "?" + q.Encode()
}
