package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/remedy"
)

// migrationWritable has the target of a cutover take writes, where it came up
// read-only.
func (s *API) migrationWritable(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	id, err := remedy.OrderWritable(ctx, s.Remedies, m, s.NewID, s.By(c))
	if err != nil {
		return err
	}
	r, err := s.Runs.Run(ctx, id)
	c.Response().Header().Set("Location", "/api/v1/runs/"+id)
	return answer(c, http.StatusAccepted, runToJSON(r), err)
}

// remedy has a remedy done at a source; its run tells how far it is.
func (s *API) remedy(c echo.Context) error {
	ctx := c.Request().Context()
	var in struct {
		Database string `json:"database"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	i, err := s.Endpoints.Instance(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if !i.Traits.Source {
		return fault.New(fault.Invalid, "This instance is not a self-managed SQL Server.", "Remedies are done at the servers that databases come from.")
	}
	id, err := remedy.Order(ctx, s.Remedies, i.ID, in.Database, migration.Remedy(c.Param("remedy")), s.NewID, s.By(c))
	if err != nil {
		return err
	}
	r, err := s.Runs.Run(ctx, id)
	c.Response().Header().Set("Location", "/api/v1/runs/"+id)
	return answer(c, http.StatusAccepted, runToJSON(r), err)
}
