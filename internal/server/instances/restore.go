package instances

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// restoreRequestOf reads a form or a query.
func restoreRequestOf(v url.Values) server.RestoreRequest {
	w := server.RestoreRequest{Set: v.Get("set"), At: strings.TrimSpace(v.Get("at")), Target: v.Get("target"), Suffix: strings.TrimSpace(v.Get("suffix")), Databases: map[string]string{}}
	if !v.Has("suffix") {
		w.Suffix = "_restored"
	}
	for _, name := range v["databases"] {
		if w.Databases[name] = strings.TrimSpace(v.Get(server.NameAt + name)); w.Databases[name] == "" {
			w.Databases[name] = name + w.Suffix
		}
	}
	return w
}

// restoreAsk is step 1: what, to which moment, where to.
func (s *Pages) restoreAsk(c echo.Context) (server.View, error) {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return s.restoreForm(c, in, restoreRequestOf(c.QueryParams()), nil)
}

func (s *Pages) restoreForm(c echo.Context, in server.CloudSeen, w server.RestoreRequest, refused error) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	v := kit.CloudOrder{Head: server.Inside(s.CloudHead(c, in, "logs"), kit.Link{Text: "Restore"}), Title: "What is restored",
		Form: &kit.Form{Action: "/instances/" + in.ID + "/restore/check", Method: "get", Submit: "Look at it", Cancel: "/instances/" + in.ID + "/logs", Problem: server.ProblemOf(refused)},
		Points: []string{"The databases are copied into an instance that exists, under other names. What is there stays as it is.",
			"Logins do not come along: make them at the target.", "Nothing begins before you have seen the exact call and typed the target's name."}}
	known, err := s.CloudRecovery(ctx, in.ID, "")
	if err != nil {
		return server.View{}, err
	}
	names := []string{}
	if w.Set != "" {
		r, err := s.Catalogue.Record(ctx, w.Set)
		if err != nil {
			return server.View{}, err
		}
		v.Intro = "From the backup set of " + z.At(r.Finished()).Exact + "."
		v.Form.Hidden = append(v.Form.Hidden, kit.Hidden{Name: "set", Value: w.Set})
		if r.Cloud != nil {
			names = append(names, r.Cloud.Databases...)
		}
		if r.Database != "" {
			names = []string{r.Database}
		}
	} else {
		chosen, _ := backup.ReadStopTime(w.At)
		if newest, ok := known.Newest(); ok && w.At == "" {
			chosen = newest.To
			w.At = chosen.UTC().Format(time.DateTime)
		}
		v.Timeline = known.Timeline(z, "window", "f-at", chosen)
		v.Form.Fields = append(v.Form.Fields, server.MomentField(w.At))
	}
	if len(names) == 0 {
		if names, err = s.namesAt(ctx, in.Instance, in.InstanceID); err != nil {
			h := s.AskedInVain(c, err)
			v.Notes = append(v.Notes, h)
		}
	}
	targets, err := s.restoreTargets(ctx, in.Instance)
	if err != nil {
		return server.View{}, err
	}
	target := kit.Field{Name: "target", Label: "Into the instance", Type: "select", Value: w.Target, Hint: "Of the same account and region. The service does not restore into the instance that the backup is of."}
	for _, i := range targets {
		target.Options = append(target.Options, kit.Option{Value: i.ID, Label: i.Label()})
	}
	if len(targets) == 0 {
		target.Error = "There is no other instance of this account and region here: add one under Settings."
	}
	databases := kit.Field{Name: "databases", Label: "Databases", Type: "checks", Values: w.Names()}
	slices.Sort(names)
	for _, n := range names {
		databases.Options = append(databases.Options, kit.Option{Value: n, Label: n})
	}
	if len(names) == 0 {
		databases.Hint = "The service does not say which databases there are."
	}
	v.Form.Fields = append(v.Form.Fields, target, databases,
		kit.Field{Name: "suffix", Label: "Added to each name", Value: w.Suffix, Mono: true, Optional: true, Autocomplete: "off", Hint: "Each name can be changed on the next page."})
	out := server.CloudPage("Restore", func(f kit.Frame) templ.Component { return kit.CloudOrderPage(f, v) })
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// namesAt lists the databases of an instance of the same account.
func (s *Pages) namesAt(ctx context.Context, from endpoint.Instance, cloudID string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, server.Patience)
	defer cancel()
	cloud, err := s.Clouds.Cloud(ctx, from.ID)
	if err != nil {
		return nil, err
	}
	return cloud.Names(ctx, cloudID)
}

// restoreTargets are the other instances of the same account and region.
func (s *Pages) restoreTargets(ctx context.Context, from endpoint.Instance) ([]endpoint.Instance, error) {
	all, err := s.InstancesThat(ctx, func(t endpoint.Traits) bool { return t.BacksUpItself })
	return slices.DeleteFunc(all, func(i endpoint.Instance) bool {
		return i.InstanceID == from.InstanceID || i.AccountID != from.AccountID || i.Region != from.Region
	}), err
}

// restoreCheck is step 2: the exact call, what is at the target, and the name
// to be typed.
func (s *Pages) restoreCheck(c echo.Context) (server.View, error) {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return s.restoreCheckView(c, in, restoreRequestOf(c.QueryParams()), nil)
}

func (s *Pages) restoreCheckView(c echo.Context, in server.CloudSeen, w server.RestoreRequest, refused error) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	p, err := s.PlanRestore(ctx, in, w)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return server.View{}, err
		}
		return s.restoreForm(c, in, w, err)
	}
	here := "/instances/" + in.ID + "/restore"
	v := kit.CloudOrder{Head: server.Inside(s.CloudHead(c, in, "logs"), kit.Link{Text: "Restore", Href: here + "?" + w.Values().Encode()}, kit.Link{Text: "Look at it"}),
		Title: "Restore into " + p.Target.Label(), Call: server.CallText(p.Call)}
	v.Form = &kit.Form{Action: here, Submit: "Restore", Cancel: here + "?" + w.Values().Encode(), Confirm: p.Target.Name, Problem: server.ProblemOf(refused), Danger: true}
	for _, h := range []kit.Hidden{{Name: "set", Value: w.Set}, {Name: "at", Value: w.At}, {Name: "target", Value: w.Target}, {Name: "suffix", Value: w.Suffix}} {
		if h.Value != "" {
			v.Form.Hidden = append(v.Form.Hidden, h)
		}
	}
	there, err := s.namesAt(ctx, in.Instance, p.Target.InstanceID)
	if err != nil {
		v.Notes = append(v.Notes, s.AskedInVain(c, err))
	}
	for _, name := range w.Names() {
		field := kit.Field{Name: server.NameAt + name, Label: name + " becomes", Value: w.Databases[name], Mono: true, Autocomplete: "off"}
		if slices.ContainsFunc(there, func(t string) bool { return strings.EqualFold(t, w.Databases[name]) }) {
			field.Error = p.Target.Name + " has a database of this name already."
		}
		v.Form.Hidden = append(v.Form.Hidden, kit.Hidden{Name: "databases", Value: name})
		v.Form.Fields = append(v.Form.Fields, field)
	}
	v.Form.Fields = append(v.Form.Fields, kit.Field{Name: "confirm", Label: "Type " + p.Target.Name + ", the instance that it goes into", Mono: true, Autocomplete: "off", Value: c.QueryParam("confirm")})
	v.Points = []string{"The service copies " + strings.Join(w.Names(), ", ") + " from " + restoreSource(z, p) + " into " + p.Target.Label() + ".", "What is at the target stays; a name that is taken is refused."}
	if len(there) > 0 {
		slices.Sort(there)
		v.Points = append(v.Points, "The target holds now: "+strings.Join(there, ", ")+".")
	}
	v.Recheck = here + "/check"
	out := server.CloudPage("Restore", func(f kit.Frame) templ.Component { return kit.CloudOrderPage(f, v) })
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

func restoreSource(z kit.Zone, p server.RestorePlan) string {
	if p.Record != nil {
		return "the set of " + z.At(p.Record.Finished()).Exact
	}
	return z.At(p.At).Exact
}

// restoreOrder begins what step 2 showed.
func (s *Pages) restoreOrder(c echo.Context) error {
	ctx := c.Request().Context()
	in, err := s.Seen(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	w := restoreRequestOf(form)
	p, err := s.PlanRestore(ctx, in, w)
	var id string
	if err == nil {
		id, err = s.StartRestore(c, p, form.Get("confirm"))
	}
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.restoreCheckView(c, in, w, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	s.Say(c, kit.ToneOK, "The restore is ordered.")
	return server.SeeOther(c, "/runs/"+id)
}
