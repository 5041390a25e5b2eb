package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
)

// waiverJSON is a word that backups of a database are not needed.
type waiverJSON struct {
	Why    string     `json:"why"`
	Until  *time.Time `json:"until"` // null: as long as the policy leaves it out
	By     string     `json:"by,omitempty"`
	Policy string     `json:"policy,omitempty"`
}

// waiverToJSON is nil where none holds.
func waiverToJSON(w backup.Waiver, now time.Time) *waiverJSON {
	if !w.Holds(now) {
		return nil
	}
	j := &waiverJSON{Why: w.Why, By: w.By, Policy: w.PolicyID}
	if w.PolicyID == "" {
		j.Until = moment(w.Until)
	}
	return j
}

// waive writes down that backups of a database are not needed until a day.
func (s *API) waive(c echo.Context) error {
	var in struct {
		Database string `json:"database"`
		Why      string `json:"why"`
		Until    string `json:"until"` // a day, 2026-12-31
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if err := s.Waive(c, c.Param("id"), in.Database, in.Why, in.Until); err != nil {
		return err
	}
	p, err := s.Catalogue.Protection(c.Request().Context(), c.Param("id"), in.Database)
	return answer(c, http.StatusOK, s.protectionToJSON(p), err)
}

// require takes that back.
func (s *API) require(c echo.Context) error {
	if err := s.Require(c, c.Param("id"), c.QueryParam("database")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
