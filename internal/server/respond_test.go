package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/web/templates/kit"
)

func TestNoForeignTextReachesAPageRaw(t *testing.T) {
	e := echo.New()
	e.GET("/", func(c echo.Context) error {
		return Render(c, http.StatusOK, kit.ProblemBox(kit.Problem{Title: "The database or\u202esred\x1b[2J\u200b is late."}))
	})
	answer := httptest.NewRecorder()
	e.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	page := answer.Body.String()
	if strings.ContainsAny(page, "\u202e\x1b\u200b") || !strings.Contains(page, "or&lt;U+202E&gt;sred&lt;U+001B&gt;[2J&lt;U+200B&gt; is late.") {
		t.Errorf("page %s", page)
	}
}
