package policies

import (
	"encoding/json"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/policies"
)

// sessionApplied keeps the results of the last order until they are looked at.
const sessionApplied = "applied"

// cloudApplyAsk asks to which instances this one's policy shall go.
func (s *Pages) cloudApplyAsk(c echo.Context) (server.View, error) {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return s.cloudApplyForm(c, in, c.QueryParams()["instances"], nil)
}

func (s *Pages) cloudApplyForm(c echo.Context, in server.CloudSeen, chosen []string, refused error) (server.View, error) {
	if err := in.Answered(); err != nil {
		return server.View{}, err
	}
	z, here := s.Zone(c), server.PolicyHref(in.ID)
	others, err := s.OtherClouds(c.Request().Context(), in.ID)
	if err != nil {
		return server.View{}, err
	}
	v := kit.CloudOrder{Head: server.Inside(s.CloudHead(c, in, "policy"), kit.Link{Text: "Policy", Href: here}, kit.Link{Text: "Apply to others"}), Title: "Apply this policy to other instances",
		Intro:  "What " + in.Name + " has now is written to each instance that you choose, one by one.",
		Points: []string{"Each instance is looked at first; one that has the policy already is left alone.", "What an instance cannot do is refused for it alone, with the reason.", "Which node backups are taken on stays as it is at each instance.", "You see the result of each; every change is a version there."}}
	for _, p := range cloudPairs(z, in.Standing.Standard, clouds.Abilities{}) {
		v.Changes = append(v.Changes, kit.Change{What: p.Key, Before: "as it is there", After: p.Value})
	}
	out := server.CloudPage("Apply a policy", func(f kit.Frame) templ.Component { return kit.CloudOrderPage(f, v) })
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	if len(others) == 0 {
		v.Notes = []kit.Help{{Tone: kit.ToneWarn, Title: "There is no other instance in the cloud.", Fix: "Add those that shall have the same policy.", Actions: []kit.Action{{Label: "Add an instance", Href: "/settings/instances/new"}}}}
		return out, nil
	}
	instances := kit.Field{Name: "instances", Label: "Instances", Type: "checks", Values: chosen}
	for _, o := range others {
		instances.Options = append(instances.Options, kit.Option{Value: o.ID, Label: o.Label() + " · " + o.Region})
	}
	v.Form = &kit.Form{Action: here + "/apply", Submit: "Apply", Cancel: here, Problem: server.ProblemOf(refused), Fields: []kit.Field{instances}}
	if in.Standing.Standard.Method == clouds.Snapshot {
		v.Form.Confirm, v.Form.Danger = server.OneWay, true
		v.Form.Fields = append(v.Form.Fields, kit.Field{Name: "confirm", Label: "Type " + server.OneWay + ": instances with physical backups cannot go back to them by policy", Mono: true, Autocomplete: "off"})
	}
	return out, nil
}

// cloudApply writes, and leads to the results.
func (s *Pages) cloudApply(c echo.Context) error {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	results, err := s.ApplyTo(c, in, form["instances"], form.Get("confirm") == server.OneWay)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.cloudApplyForm(c, in, form["instances"], err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	b, err := json.Marshal(results)
	if err != nil {
		return err
	}
	s.Keep(c, sessionApplied, string(b))
	return server.SeeOther(c, server.PolicyHref(in.ID)+"/applied")
}

// cloudApplied shows what became of the last order, instance by instance.
func (s *Pages) cloudApplied(c echo.Context) (server.View, error) {
	ctx := c.Request().Context()
	in, err := s.Seen(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	var results []server.AppliedJSON
	if text := s.Kept(c, sessionApplied); text == "" || json.Unmarshal([]byte(text), &results) != nil {
		return server.View{}, fault.New(fault.NotFound, "Nothing was applied in this session.", "Every instance's policy page has its versions.")
	}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	v := views.Applied{Head: server.Inside(s.CloudHead(c, in, "policy"), kit.Link{Text: "Policy", Href: server.PolicyHref(in.ID)}, kit.Link{Text: "Applied"})}
	for _, r := range results {
		row := views.AppliedRow{Name: kit.Link{Text: names[r.Instance], Href: server.PolicyHref(r.Instance)}, Text: r.Message, Fix: r.Fix, Badge: kit.Badge{Text: r.Result, Tone: kit.ToneOK}}
		if r.Result == "refused" {
			row.Badge.Tone = kit.ToneBad
		}
		v.Rows = append(v.Rows, row)
	}
	return server.CloudPage("Applied", func(f kit.Frame) templ.Component { return views.AppliedPage(f, v) }), nil
}
