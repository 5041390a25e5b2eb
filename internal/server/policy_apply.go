package server

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// sessionApplied keeps the results of the last order until they are looked at.
const sessionApplied = "applied"

// applyAsk asks to which instances this one's policy shall go.
func (s *Server) applyAsk(c echo.Context) (view, error) {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return s.applyForm(c, in, c.QueryParams()["instances"], nil)
}

func (s *Server) applyForm(c echo.Context, in cloudSeen, chosen []string, refused error) (view, error) {
	if err := in.answered(); err != nil {
		return view{}, err
	}
	z, here := s.zone(c), policyHref(in.ID)
	others, err := s.otherClouds(c.Request().Context(), in.ID)
	if err != nil {
		return view{}, err
	}
	v := templates.CloudOrder{Head: inside(s.cloudHead(c, in, "policy"), templates.Link{Text: "Policy", Href: here}, templates.Link{Text: "Apply to others"}), Title: "Apply this policy to other instances",
		Intro:  "What " + in.Name + " has now is written to each instance that you choose, one by one.",
		Points: []string{"Each instance is looked at first; one that has the policy already is left alone.", "What an instance cannot do is refused for it alone, with the reason.", "Which node backups are taken on stays as it is at each instance.", "You see the result of each; every change is a version there."}}
	for _, p := range policyPairs(z, in.activity.Standard, policy.Abilities{}) {
		v.Changes = append(v.Changes, templates.Change{What: p.Key, Before: "as it is there", After: p.Value})
	}
	out := cloudPage("Apply a policy", func(f templates.Frame) templ.Component { return templates.CloudOrderPage(f, v) })
	if refused != nil {
		out.status = statusOf(refused)
	}
	if len(others) == 0 {
		v.Notes = []templates.Help{{Tone: templates.ToneWarn, Title: "There is no other instance in the cloud.", Fix: "Add those that shall have the same policy.", Actions: []templates.Action{{Label: "Add an instance", Href: "/settings/instances/new"}}}}
		return out, nil
	}
	instances := templates.Field{Name: "instances", Label: "Instances", Type: "checks", Values: chosen}
	for _, o := range others {
		instances.Options = append(instances.Options, templates.Option{Value: o.ID, Label: instanceName(o) + " · " + o.Region})
	}
	v.Form = &templates.Form{Action: here + "/apply", Submit: "Apply", Cancel: here, Problem: problemOf(refused), Fields: []templates.Field{instances}}
	if in.activity.Standard.Method == policy.Snapshot {
		v.Form.Confirm, v.Form.Danger = oneWay, true
		v.Form.Fields = append(v.Form.Fields, templates.Field{Name: "confirm", Label: "Type " + oneWay + ": instances with physical backups cannot go back to them by policy", Mono: true, Autocomplete: "off"})
	}
	return out, nil
}

// otherClouds are the instances of clouds but one.
func (s *Server) otherClouds(ctx context.Context, id string) ([]endpoint.Instance, error) {
	all, err := s.instancesThat(ctx, func(t endpoint.Traits) bool { return t.BacksUpItself })
	return slices.DeleteFunc(all, func(i endpoint.Instance) bool { return i.ID == id }), err
}

// appliedJSON is what became of the policy at one instance.
type appliedJSON struct {
	Instance string `json:"instance"`
	Result   string `json:"result"` // written, unchanged or refused
	Message  string `json:"message"`
	Fix      string `json:"fix,omitempty"`
}

// applyTo writes an instance's standard policy to others.
func (s *Server) applyTo(c echo.Context, in cloudSeen, ids []string, confirmed bool) ([]appliedJSON, error) {
	ctx := c.Request().Context()
	if err := in.answered(); err != nil {
		return nil, err
	}
	others, err := s.otherClouds(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, invalid("No instance is chosen.", "Choose at least one.")
	}
	for _, id := range ids {
		if !slices.ContainsFunc(others, func(o endpoint.Instance) bool { return o.ID == id }) {
			return nil, invalid(fmt.Sprintf("There is no other instance %q in the cloud.", id), "Choose from the list.")
		}
	}
	var out []appliedJSON
	by := policy.By{Actor: actor(c), Note: fmt.Sprintf("applied from %s to %s", in.Name, templates.Count(len(ids), "instance", "instances"))}
	for _, a := range s.clouds().Apply(ctx, ids, in.activity.Standard, confirmed, by) {
		s.looks.forget(a.InstanceID)
		row := appliedJSON{Instance: a.InstanceID, Result: "unchanged"}
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
			_, row.Message = writtenWords(a.Written)
		}
		out = append(out, row)
	}
	return out, nil
}

// policyApply writes, and leads to the results.
func (s *Server) policyApply(c echo.Context) error {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	results, err := s.applyTo(c, in, form["instances"], form.Get("confirm") == oneWay)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.applyForm(c, in, form["instances"], err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	b, err := json.Marshal(results)
	if err != nil {
		return err
	}
	s.keep(c, sessionApplied, string(b))
	return seeOther(c, policyHref(in.ID)+"/applied")
}

// policyApplied shows what became of the last order, instance by instance.
func (s *Server) policyApplied(c echo.Context) (view, error) {
	ctx := c.Request().Context()
	in, err := s.seen(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	var results []appliedJSON
	if text := s.kept(c, sessionApplied); text == "" || json.Unmarshal([]byte(text), &results) != nil {
		return view{}, fault.New(fault.NotFound, "Nothing was applied in this session.", "Every instance's policy page has its versions.")
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return view{}, err
	}
	v := templates.Applied{Head: inside(s.cloudHead(c, in, "policy"), templates.Link{Text: "Policy", Href: policyHref(in.ID)}, templates.Link{Text: "Applied"})}
	for _, r := range results {
		row := templates.AppliedRow{Name: templates.Link{Text: names[r.Instance], Href: policyHref(r.Instance)}, Text: r.Message, Fix: r.Fix, Badge: templates.Badge{Text: r.Result, Tone: templates.ToneOK}}
		if r.Result == "refused" {
			row.Badge.Tone = templates.ToneBad
		}
		v.Rows = append(v.Rows, row)
	}
	return cloudPage("Applied", func(f templates.Frame) templ.Component { return templates.AppliedPage(f, v) }), nil
}
