package instances

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/instances"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// fillCompression tells of the switch that has an instance's backups compressed,
// where there is one and it can be read.
func (s *Pages) fillCompression(ctx context.Context, id string, reached backup.Server, v *views.Instance) {
	by, ok := reached.(backup.CompressionSwitch)
	if !ok {
		return
	}
	on, err := by.Compression(ctx)
	if err != nil {
		return
	}
	fact, turn := kit.Fact{Label: "Compression", Value: "off", Note: "of all its backups", Words: true}, kit.Action{Label: "Compress backups", Href: "/instances/" + id + "/compression", Post: true, Fields: []kit.Hidden{{Name: "on", Value: "1"}}}
	if on {
		fact.Value, turn.Label, turn.Fields = "on", "Stop compressing backups", nil
	}
	fact.Title = by.CompressionStatement(!on)
	v.Facts, v.Actions = append(v.Facts, fact), append(v.Actions, turn)
}

// setCompression turns it. The wish is in the audit trail before it is sent.
func (s *Pages) setCompression(c echo.Context) error {
	ctx := c.Request().Context()
	in, err := s.Endpoints.Instance(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	reached, _, err := s.Ports.Server(ctx, in.ID)
	if err != nil {
		return err
	}
	by, ok := reached.(backup.CompressionSwitch)
	if !ok {
		return fault.Newf(fault.NotFound, "%s has no switch for compression.", in.Name).WithFix("Say it at each backup, or in its policy.")
	}
	on := c.FormValue("on") != ""
	word := map[bool]string{true: "on", false: "off"}[on]
	if err := s.Audit.Record(ctx, s.Entry(c, "instance.compression", "instance/"+in.ID, "Turned compression of backups of "+in.Name+" "+word+".")); err != nil {
		return err
	}
	if err := by.SetCompression(ctx, on); err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "Compression of backups of "+in.Name+" is "+word+".")
	return server.SeeOther(c, "/instances/"+in.ID)
}
