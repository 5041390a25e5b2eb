package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// AppliedJSON is what became of the policy at one instance.
type AppliedJSON struct {
	Instance string `json:"instance"`
	Result   string `json:"result"` // written, unchanged or refused
	Message  string `json:"message"`
	Fix      string `json:"fix,omitempty"`
}

// ApplyTo writes an instance's standard policy to others.
func (s *Kit) ApplyTo(c echo.Context, in CloudSeen, ids []string, confirmed bool) ([]AppliedJSON, error) {
	ctx := c.Request().Context()
	if err := in.Answered(); err != nil {
		return nil, err
	}
	others, err := s.OtherClouds(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, Invalid("No instance is chosen.", "Choose at least one.")
	}
	for _, id := range ids {
		if !slices.ContainsFunc(others, func(o endpoint.Instance) bool { return o.ID == id }) {
			return nil, fault.Newf(fault.Invalid, "There is no other instance %q in the cloud.", id).
				WithFix("Choose from the list.")
		}
	}
	var out []AppliedJSON
	by := policy.By{Actor: Actor(c), Note: fmt.Sprintf("applied from %s to %s", in.Name, kit.Count(len(ids), "instance", "instances"))}
	for _, a := range s.clouds().Apply(ctx, ids, in.Standing.Standard, confirmed, by) {
		s.looks.forget(a.InstanceID)
		row := AppliedJSON{Instance: a.InstanceID, Result: "unchanged"}
		if len(a.Written.Changes) > 0 {
			row.Result = "written"
		}
		if a.Err != nil {
			row.Result = "refused"
			if fault.Of(a.Err) == fault.Unknown {
				s.Log.Error("apply policy", "ref", requestID(c), "instance", a.InstanceID, "err", a.Err)
			}
			row.Message, row.Fix = fault.Words(a.Err)
		} else {
			_, row.Message = WrittenWords(a.Written)
		}
		out = append(out, row)
	}
	return out, nil
}

// OtherClouds are the instances of clouds but one.
func (s *Kit) OtherClouds(ctx context.Context, id string) ([]endpoint.Instance, error) {
	all, err := s.InstancesThat(ctx, func(t endpoint.Traits) bool { return t.BacksUpItself })
	return slices.DeleteFunc(all, func(i endpoint.Instance) bool { return i.ID == id }), err
}
