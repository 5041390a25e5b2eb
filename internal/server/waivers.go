package server

import (
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// Waive writes down a person's word that backups of a database are not needed
// until a day, the end of which counts.
func (s *Kit) Waive(c echo.Context, instanceID, database, why, until string) error {
	w := backup.Waiver{InstanceID: instanceID, Database: database, Why: strings.TrimSpace(why), By: Actor(c).Name}
	if until = strings.TrimSpace(until); until != "" {
		day, err := time.Parse(time.DateOnly, until)
		if err != nil {
			return fault.Newf(fault.Invalid, "%q is not a day.", until).WithFix("Write it as 2026-12-31.")
		}
		w.Until = day.AddDate(0, 0, 1)
	}
	if err := w.Check(s.Now()); err != nil {
		return err
	}
	return s.waive(c, w, "database.not-needed", "Said that "+database+" needs no backups until "+until+": "+w.Why)
}

// Require takes back that backups of a database are not needed.
func (s *Kit) Require(c echo.Context, instanceID, database string) error {
	p, err := s.Catalogue.Protection(c.Request().Context(), instanceID, database)
	if err != nil {
		return err
	}
	switch {
	case !p.Waiver.Holds(s.Now()):
		return fault.Newf(fault.Conflict, "Nobody said that %s needs no backups, or it has ended.", database).WithFix("Nothing is to be taken back.")
	case p.Waiver.PolicyID != "":
		return fault.Newf(fault.Conflict, "It is a policy that leaves %s out.", database).WithFix("Change the patterns of that policy, or make another one that chooses the database.")
	}
	return s.waive(c, backup.Waiver{InstanceID: instanceID, Database: database}, "database.needed", "Took back that "+database+" needs no backups")
}

func (s *Kit) waive(c echo.Context, w backup.Waiver, action, summary string) error {
	if _, err := s.Catalogue.Protection(c.Request().Context(), w.InstanceID, w.Database); err != nil {
		return err
	}
	return s.Catalogue.Waive(c.Request().Context(), w, s.Entry(c, action, "instance/"+w.InstanceID, strings.TrimSuffix(summary, ".")+"."))
}
