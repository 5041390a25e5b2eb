package server

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
)

// BackupRequest is a manual backup as a form or a program sends it.
type BackupRequest struct {
	Method        string   `json:"method,omitempty"` // physical or snapshot
	Mode          string   `json:"mode,omitempty"`   // full or automatic
	Databases     []string `json:"databases,omitempty"`
	RetentionDays int      `json:"retention_days,omitempty"` // of chosen databases
	Retention     string   // as it was typed
	Scope         string   // instance or databases
}

// Asked reports whether anything was chosen yet.
func (w BackupRequest) Asked() bool { return w.Method != "" || w.Mode != "" }

// Order turns the words into an order. Rules about it are backup.OrderCall's.
func (w BackupRequest) Order(standard clouds.Standard) (o backup.Order, err error) {
	method := w.Method
	if method == "" {
		method = strings.ToLower(string(standard.Method))
	}
	switch method {
	case "physical", "":
	case "snapshot":
		o.Snapshot = true
	default:
		return o, fault.Newf(fault.Invalid, "%q is not a backup method.", w.Method).
			WithFix("Choose physical or snapshot.")
	}
	switch w.Mode {
	case "full", "":
	case "automatic":
		o.Automatic = true
	default:
		return o, fault.Newf(fault.Invalid, "%q is not a way to back up.", w.Mode).
			WithFix("Choose full or automatic.")
	}
	o.Databases, o.RetentionDays = slices.Clone(w.Databases), w.RetentionDays
	if w.Retention != "" && len(w.Databases) > 0 {
		if o.RetentionDays, err = strconv.Atoi(w.Retention); err != nil {
			return o, fault.Newf(fault.Invalid, "%q is not a number of days.", w.Retention).
				WithFix("Write 7 to 730, or choose for ever.")
		}
	}
	if w.Scope == "databases" && len(w.Databases) == 0 {
		return o, Invalid("No database is chosen.", "Choose at least one, or the whole instance.")
	}
	return o, nil
}

// StartBackup orders a manual backup, after the rules that need to know the
// instance's past.
func (s *Kit) StartBackup(c echo.Context, in CloudSeen, w BackupRequest) (runID string, err error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*Patience)
	defer cancel()
	if err := in.Answered(); err != nil {
		return "", err
	}
	o, err := w.Order(in.Standing.Standard)
	if err != nil {
		return "", err
	}
	k, err := s.Known(ctx, in.ID)
	if err != nil {
		return "", err
	}
	jobs, err := s.CloudJobs(ctx, in.ID)
	if err != nil {
		return "", err
	}
	if found := clouds.CheckOrder(o, in.Standing, k.Sets, jobs, s.Now().UTC()); policy.Barred(found) {
		for _, f := range found {
			if f.Bars {
				kind := fault.Conflict // the instance's state or the day's limit
				if f.Field != "" {
					kind = fault.Invalid
				}
				return "", fault.Told(kind, f.Text, f.Fix).Because(&policy.Objection{Findings: found})
			}
		}
	}
	return backupjob.BackUpCloud(ctx, s.Copier.Store, s.Copier.Ports, in.ID, o, s.NewID, s.OrderedBy(c))
}

// CloudJobs are the newest jobs that a service tells of an instance.
func (s *Kit) CloudJobs(ctx context.Context, instanceID string) ([]backup.Job, error) {
	cloud, err := s.Clouds.Cloud(ctx, instanceID)
	if err != nil {
		return nil, err
	}
	return cloud.Jobs(ctx, "")
}

// Known is what the catalogue has of an instance's past, for what is foreseen.
func (s *Kit) Known(ctx context.Context, instanceID string) (k clouds.Known, err error) {
	for _, kind := range []backup.Kind{backup.Full, backup.Differential} {
		rows, err := s.Catalogue.Records(ctx, backup.RecordFilter{InstanceID: instanceID, Origin: backup.InCloud, Kind: kind, State: backup.Complete, Limit: 500})
		if err != nil {
			return k, err
		}
		for _, r := range rows {
			if r.Cloud != nil && r.Gone.IsZero() {
				k.Sets = append(k.Sets, *r.Cloud)
			}
		}
	}
	logs, err := s.Catalogue.Records(ctx, backup.RecordFilter{InstanceID: instanceID, Origin: backup.InCloud, Kind: backup.Log, From: s.Now().Add(-24 * time.Hour), Limit: 500})
	for _, r := range logs {
		k.LogBytesPerDay += r.Bytes()
	}
	return k, err
}
