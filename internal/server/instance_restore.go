package server

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
	"github.com/bakplane/bakplane/web/templates"
)

// restoreRequest is a restore as a form or a program sends it.
type restoreRequest struct {
	Set       string            `json:"set,omitempty"`    // id of a backup set, or
	At        string            `json:"at,omitempty"`     // a moment, UTC, to the second
	Target    string            `json:"target"`           // id of the instance to restore into
	Databases map[string]string `json:"databases"`        // name in the backup → name at the target
	Suffix    string            `json:"suffix,omitempty"` // of names that were not given
}

const nameAt = "name-" // begins the name of the field that holds a database's name at the target

// restoreRequestOf reads a form or a query.
func restoreRequestOf(v url.Values) restoreRequest {
	w := restoreRequest{Set: v.Get("set"), At: strings.TrimSpace(v.Get("at")), Target: v.Get("target"), Suffix: strings.TrimSpace(v.Get("suffix")), Databases: map[string]string{}}
	if !v.Has("suffix") {
		w.Suffix = "_restored"
	}
	for _, name := range v["databases"] {
		if w.Databases[name] = strings.TrimSpace(v.Get(nameAt + name)); w.Databases[name] == "" {
			w.Databases[name] = name + w.Suffix
		}
	}
	return w
}

// names are the chosen databases in order.
func (w restoreRequest) names() []string {
	var out []string
	for name := range w.Databases {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (w restoreRequest) values() url.Values {
	v := url.Values{"suffix": {w.Suffix}}
	for name, value := range map[string]string{"set": w.Set, "at": w.At, "target": w.Target} {
		if value != "" {
			v.Set(name, value)
		}
	}
	for _, name := range w.names() {
		v.Add("databases", name)
		v.Set(nameAt+name, w.Databases[name])
	}
	return v
}

// restorePlan is a request with what it names.
type restorePlan struct {
	in      cloudSeen
	request restoreRequest
	record  *backup.Record // the set, when one was chosen
	at      time.Time
	target  endpoint.Instance
	order   backup.RestoreOrder
	call    backup.Call
}

// planRestore reads a request and refuses what cannot be done whatever the target
// holds.
func (s *Server) planRestore(ctx context.Context, in cloudSeen, w restoreRequest) (p restorePlan, err error) {
	p = restorePlan{in: in, request: w, order: backup.RestoreOrder{Databases: w.Databases}}
	if w.Set != "" {
		r, err := s.Catalogue.Record(ctx, w.Set)
		if err != nil || r.InstanceID != in.ID || r.Cloud == nil {
			return p, invalid("There is no such backup set of this instance.", "Choose one from the list.")
		}
		p.record, p.order.SetID = &r, r.Cloud.ID
	} else {
		if w.At == "" {
			return p, invalid("No moment is chosen.", "Write it in UTC, such as 2026-11-20 13:30:00, or choose it on the picture.")
		}
		if p.at, err = stopTime(w.At); err != nil {
			return p, err
		}
		known, err := s.cloudRecovery(ctx, in.ID, "")
		if err != nil {
			return p, err
		}
		if _, ok := known.at(p.at); !ok {
			return p, invalid("Nothing can be restored to "+p.at.Format(time.DateTime)+" UTC.", "Choose a moment inside a window of the picture.")
		}
		p.order.At = p.at
	}
	if w.Target == "" {
		return p, invalid("No instance to restore into is chosen.", "Choose one.")
	}
	if p.target, err = s.cloudInstance(ctx, w.Target); err != nil {
		return p, err
	}
	if p.target.AccountID != in.AccountID || p.target.Region != in.Region {
		return p, invalid(p.target.Name+" is in another account or region.", "The service copies between instances of one account in one region.")
	}
	p.order.Target = p.target.InstanceID
	p.call, err = backup.RestoreCall(in.InstanceID, p.order)
	return p, err
}

// restoreAsk is step 1: what, to which moment, where to.
func (s *Server) restoreAsk(c echo.Context) (view, error) {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return s.restoreForm(c, in, restoreRequestOf(c.QueryParams()), nil)
}

func (s *Server) restoreForm(c echo.Context, in cloudSeen, w restoreRequest, refused error) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	v := templates.CloudOrder{Head: inside(s.cloudHead(c, in, "logs"), templates.Link{Text: "Restore"}), Title: "What is restored",
		Form: &templates.Form{Action: "/instances/" + in.ID + "/restore/check", Method: "get", Submit: "Look at it", Cancel: "/instances/" + in.ID + "/logs", Problem: problemOf(refused)},
		Points: []string{"The databases are copied into an instance that exists, under other names. What is there stays as it is.",
			"Logins do not come along: make them at the target.", "Nothing begins before you have seen the exact call and typed the target's name."}}
	known, err := s.cloudRecovery(ctx, in.ID, "")
	if err != nil {
		return view{}, err
	}
	names := []string{}
	if w.Set != "" {
		r, err := s.Catalogue.Record(ctx, w.Set)
		if err != nil {
			return view{}, err
		}
		v.Intro = "From the backup set of " + z.At(r.Finished()).Exact + "."
		v.Form.Hidden = append(v.Form.Hidden, templates.Hidden{Name: "set", Value: w.Set})
		if r.Cloud != nil {
			names = append(names, r.Cloud.Databases...)
		}
		if r.Database != "" {
			names = []string{r.Database}
		}
	} else {
		chosen, _ := stopTime(w.At)
		if newest, ok := known.newest(); ok && w.At == "" {
			chosen = newest.To
			w.At = chosen.UTC().Format(time.DateTime)
		}
		v.Timeline = known.timeline(z, "window", "f-at", chosen)
		v.Form.Fields = append(v.Form.Fields, momentField(w.At))
	}
	if len(names) == 0 {
		if names, err = s.namesAt(ctx, in.Instance, in.InstanceID); err != nil {
			h := s.askedInVain(c, err)
			v.Notes = append(v.Notes, h)
		}
	}
	targets, err := s.restoreTargets(ctx, in.Instance)
	if err != nil {
		return view{}, err
	}
	target := templates.Field{Name: "target", Label: "Into the instance", Type: "select", Value: w.Target, Hint: "Of the same account and region."}
	for _, i := range targets {
		o := templates.Option{Value: i.ID, Label: instanceName(i)}
		if i.ID == in.ID {
			o.Label += " · this one"
		}
		target.Options = append(target.Options, o)
	}
	databases := templates.Field{Name: "databases", Label: "Databases", Type: "checks", Values: w.names()}
	slices.Sort(names)
	for _, n := range names {
		databases.Options = append(databases.Options, templates.Option{Value: n, Label: n})
	}
	if len(names) == 0 {
		databases.Hint = "The service does not say which databases there are."
	}
	v.Form.Fields = append(v.Form.Fields, target, databases,
		templates.Field{Name: "suffix", Label: "Added to each name", Value: w.Suffix, Mono: true, Optional: true, Autocomplete: "off", Hint: "Each name can be changed on the next page."})
	out := cloudPage("Restore", func(f templates.Frame) templ.Component { return templates.CloudOrderPage(f, v) })
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

// namesAt lists the databases of an instance of the same account.
func (s *Server) namesAt(ctx context.Context, from endpoint.Instance, cloudID string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cloud, err := s.Clouds.Cloud(ctx, from.ID)
	if err != nil {
		return nil, err
	}
	return cloud.Names(ctx, cloudID)
}

// restoreTargets are the instances of the same account and region.
func (s *Server) restoreTargets(ctx context.Context, from endpoint.Instance) ([]endpoint.Instance, error) {
	all, err := s.instancesThat(ctx, func(t endpoint.Traits) bool { return t.BacksUpItself })
	return slices.DeleteFunc(all, func(i endpoint.Instance) bool { return i.AccountID != from.AccountID || i.Region != from.Region }), err
}

// restoreCheck is step 2: the exact call, what is at the target, and the name
// to be typed.
func (s *Server) restoreCheck(c echo.Context) (view, error) {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return s.restoreCheckView(c, in, restoreRequestOf(c.QueryParams()), nil)
}

func (s *Server) restoreCheckView(c echo.Context, in cloudSeen, w restoreRequest, refused error) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	p, err := s.planRestore(ctx, in, w)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return view{}, err
		}
		return s.restoreForm(c, in, w, err)
	}
	here := "/instances/" + in.ID + "/restore"
	v := templates.CloudOrder{Head: inside(s.cloudHead(c, in, "logs"), templates.Link{Text: "Restore", Href: here + "?" + w.values().Encode()}, templates.Link{Text: "Look at it"}),
		Title: "Restore into " + instanceName(p.target), Call: callText(p.call)}
	v.Form = &templates.Form{Action: here, Submit: "Restore", Cancel: here + "?" + w.values().Encode(), Confirm: p.target.Name, Problem: problemOf(refused), Danger: true}
	for _, h := range []templates.Hidden{{Name: "set", Value: w.Set}, {Name: "at", Value: w.At}, {Name: "target", Value: w.Target}, {Name: "suffix", Value: w.Suffix}} {
		if h.Value != "" {
			v.Form.Hidden = append(v.Form.Hidden, h)
		}
	}
	there, err := s.namesAt(ctx, in.Instance, p.target.InstanceID)
	if err != nil {
		v.Notes = append(v.Notes, s.askedInVain(c, err))
	}
	for _, name := range w.names() {
		field := templates.Field{Name: nameAt + name, Label: name + " becomes", Value: w.Databases[name], Mono: true, Autocomplete: "off"}
		if slices.ContainsFunc(there, func(t string) bool { return strings.EqualFold(t, w.Databases[name]) }) {
			field.Error = p.target.Name + " has a database of this name already."
		}
		v.Form.Hidden = append(v.Form.Hidden, templates.Hidden{Name: "databases", Value: name})
		v.Form.Fields = append(v.Form.Fields, field)
	}
	v.Form.Fields = append(v.Form.Fields, templates.Field{Name: "confirm", Label: "Type " + p.target.Name + ", the instance that it goes into", Mono: true, Autocomplete: "off", Value: c.QueryParam("confirm")})
	v.Points = []string{"The service copies " + strings.Join(w.names(), ", ") + " from " + restoreSource(z, p) + " into " + instanceName(p.target) + ".", "What is at the target stays; a name that is taken is refused."}
	if len(there) > 0 {
		slices.Sort(there)
		v.Points = append(v.Points, "The target holds now: "+strings.Join(there, ", ")+".")
	}
	v.Recheck = here + "/check"
	out := cloudPage("Restore", func(f templates.Frame) templ.Component { return templates.CloudOrderPage(f, v) })
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

func restoreSource(z templates.Zone, p restorePlan) string {
	if p.record != nil {
		return "the set of " + z.At(p.record.Finished()).Exact
	}
	return z.At(p.at).Exact
}

// callText is a call as it will be made, a parameter on each line.
func callText(c backup.Call) string {
	lines := []string{c.Action}
	for _, p := range c.Parameters {
		lines = append(lines, p.Name+"="+p.Value)
	}
	return strings.Join(lines, "\n")
}

// restoreOrder begins what step 2 showed.
func (s *Server) restoreOrder(c echo.Context) error {
	ctx := c.Request().Context()
	in, err := s.seen(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	w := restoreRequestOf(form)
	p, err := s.planRestore(ctx, in, w)
	var id string
	if err == nil {
		id, err = s.startRestore(c, p, form.Get("confirm"))
	}
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.restoreCheckView(c, in, w, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	s.say(c, templates.ToneOK, "The restore is ordered.")
	return seeOther(c, "/runs/"+id)
}
