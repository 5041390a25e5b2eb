package server

import (
	"context"
	"errors"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// Patience is how long a page waits for a server or a cloud to answer.
const Patience = 5 * time.Second

// AskedInVain words why something outside could not be asked.
func (s *Kit) AskedInVain(c echo.Context, err error) kit.Help {
	if errors.Is(err, context.DeadlineExceeded) && fault.Of(err) == fault.Unknown {
		return kit.Help{Title: "It did not answer within " + kit.Span(Patience) + ".", Fix: "Look whether it runs and can be reached from this machine, then ask again."}
	}
	if fault.Of(err) == fault.Unknown {
		s.Log.Error("ask outside", "ref", requestID(c), "path", c.Request().URL.Path, "err", err)
	}
	message, fix := fault.Words(err)
	return kit.Help{Title: message, Fix: fix}
}
