package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/migration/drafting"
)

// script writes T-SQL for a server that cannot be reached. Nothing is asked of
// anybody, and nothing is kept.
func (s *API) script(c echo.Context) error {
	var w drafting.ScriptRequest
	if err := readJSON(c, &w); err != nil {
		return err
	}
	made, err := s.Drafting.Script(c.Request().Context(), w)
	return answer(c, http.StatusOK, map[string]any{"name": made.Name, "script": made.Text, "next": made.Next}, err)
}
