package server

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

func (s *Server) orderedBy(c echo.Context) backupjob.By {
	return backupjob.By{Actor: actor(c), At: s.Now().UTC()}
}

// startBackup orders a manual backup, after the rules that need to know the
// instance's past.
func (s *Server) startBackup(c echo.Context, in cloudSeen, w backupRequest) (runID string, err error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*patience)
	defer cancel()
	if err := in.answered(); err != nil {
		return "", err
	}
	o, err := w.order(in.activity.Standard)
	if err != nil {
		return "", err
	}
	k, err := s.known(ctx, in.ID)
	if err != nil {
		return "", err
	}
	jobs, err := s.cloudJobs(ctx, in.ID)
	if err != nil {
		return "", err
	}
	if found := policy.CheckOrder(o, in.activity, k.Sets, jobs, s.Now().UTC()); policy.Barred(found) {
		for _, f := range found {
			if f.Bars {
				kind := fault.Conflict // the instance's state or the day's limit
				if f.Field != "" {
					kind = fault.Invalid
				}
				return "", fault.New(kind, f.Text, f.Fix).Because(&policy.Objection{Findings: found})
			}
		}
	}
	return backupjob.BackUpCloud(ctx, s.Copier.Store, s.Copier.Ports, in.ID, o, s.NewID, s.orderedBy(c))
}

// startRestore orders what was planned; typed is the name of the target as the
// person typed it.
func (s *Server) startRestore(c echo.Context, p restorePlan, typed string) (runID string, err error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*patience)
	defer cancel()
	return backupjob.RestoreCloud(ctx, &s.Copier.CloudKit, backupjob.CloudRestore{InstanceID: p.in.ID, SetID: p.order.SetID, At: p.order.At, TargetID: p.target.ID, Databases: p.order.Databases, Typed: typed}, s.orderedBy(c))
}

// runInstance is the instance that one of our runs about backups is for; empty
// for others.
func (s *Server) runInstance(ctx context.Context, r run.Run) string {
	switch r.Kind {
	case backupjob.RunCloudBackup, backupjob.RunCloudRestore, backupjob.RunCopy:
		e, err := s.Copier.Store.Operation(ctx, r.Subject)
		if err == nil {
			return e.InstanceID
		}
		s.Log.Warn("read errand", "run", r.ID, "err", err)
	}
	return ""
}
