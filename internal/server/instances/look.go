package instances

import (
	"context"
	"errors"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// cloudLook asks the service now, for its policy and its backups.
func (s *Pages) cloudLook(c echo.Context) error {
	ctx := c.Request().Context()
	i, err := s.CloudInstance(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	back := server.LocalPath(c.FormValue("back"), "")
	if back == "" {
		back = "/instances/" + i.ID + "/policy"
	}
	if _, err = s.AskPolicy(ctx, i); err == nil && s.Collect != nil {
		asking, cancel := context.WithTimeout(ctx, 4*server.Patience)
		defer cancel()
		err = s.Collect(asking, i.ID)
	}
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return err
		}
		h := s.AskedInVain(c, err)
		s.Say(c, kit.ToneBad, h.Title+" "+h.Fix)
		return server.SeeOther(c, back)
	}
	s.Say(c, kit.ToneOK, "The service was asked just now.")
	return server.SeeOther(c, back)
}
