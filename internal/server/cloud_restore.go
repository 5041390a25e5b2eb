package server

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

// RestoreRequest is a restore as a form or a program sends it.
type RestoreRequest struct {
	Set       string            `json:"set,omitempty"`    // id of a backup set, or
	At        string            `json:"at,omitempty"`     // a moment, UTC, to the second
	Target    string            `json:"target"`           // id of the instance to restore into
	Databases map[string]string `json:"databases"`        // name in the backup → name at the target
	Suffix    string            `json:"suffix,omitempty"` // of names that were not given
}

// Names are the chosen databases in order.
func (w RestoreRequest) Names() []string {
	var out []string
	for name := range w.Databases {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Values are the fields that are set, for links and hidden fields.
func (w RestoreRequest) Values() url.Values {
	v := url.Values{"suffix": {w.Suffix}}
	for name, value := range map[string]string{"set": w.Set, "at": w.At, "target": w.Target} {
		if value != "" {
			v.Set(name, value)
		}
	}
	for _, name := range w.Names() {
		v.Add("databases", name)
		v.Set(NameAt+name, w.Databases[name])
	}
	return v
}

// NameAt begins the name of the field that holds a database's name at the
// target.
const NameAt = "name-" // begins the name of the field that holds a database's name at the target

// RestorePlan is a request with what it names.
type RestorePlan struct {
	in      CloudSeen
	request RestoreRequest
	Record  *backup.Record // the set, when one was chosen
	At      time.Time
	Target  endpoint.Instance
	order   backup.RestoreOrder
	Call    backup.Call
}

// PlanRestore reads a request and refuses what cannot be done whatever the target
// holds.
func (s *Kit) PlanRestore(ctx context.Context, in CloudSeen, w RestoreRequest) (p RestorePlan, err error) {
	p = RestorePlan{in: in, request: w, order: backup.RestoreOrder{Databases: w.Databases}}
	if w.Set != "" {
		r, err := s.Catalogue.Record(ctx, w.Set)
		if err != nil || r.InstanceID != in.ID || r.Cloud == nil {
			return p, Invalid("There is no such backup set of this instance.", "Choose one from the list.")
		}
		p.Record, p.order.SetID = &r, r.Cloud.ID
	} else {
		if w.At == "" {
			return p, Invalid("No moment is chosen.", "Write it in UTC, such as 2026-11-20 13:30:00, or choose it on the picture.")
		}
		if p.At, err = backup.ReadStopTime(w.At); err != nil {
			return p, err
		}
		known, err := s.CloudRecovery(ctx, in.ID, "")
		if err != nil {
			return p, err
		}
		if _, ok := known.at(p.At); !ok {
			return p, fault.Newf(fault.Invalid, "Nothing can be restored to %s UTC.", p.At.Format(time.DateTime)).
				WithFix("Choose a moment inside a window of the picture.")
		}
		p.order.At = p.At
	}
	if w.Target == "" {
		return p, Invalid("No instance to restore into is chosen.", "Choose one.")
	}
	if p.Target, err = s.CloudInstance(ctx, w.Target); err != nil {
		return p, err
	}
	if p.Target.AccountID != in.AccountID || p.Target.Region != in.Region {
		return p, fault.Newf(fault.Invalid, "%s is in another account or region.", p.Target.Name).
			WithFix("The service copies between instances of one account in one region.")
	}
	p.order.Target = p.Target.InstanceID
	p.Call, err = backup.RestoreCall(in.InstanceID, p.order)
	return p, err
}

// StartRestore orders what was planned; typed is the name of the target as the
// person typed it.
func (s *Kit) StartRestore(c echo.Context, p RestorePlan, typed string) (runID string, err error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*Patience)
	defer cancel()
	return backupjob.RestoreCloud(ctx, &s.Copier.CloudKit, backupjob.CloudRestore{InstanceID: p.in.ID, SetID: p.order.SetID, At: p.order.At, TargetID: p.Target.ID, Databases: p.order.Databases, Typed: typed}, s.OrderedBy(c))
}
