package catalogue

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/catalogue"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// databaseRestoreAsk is step 1: to which moment, where to, under which name.
func (s *Pages) databaseRestoreAsk(c echo.Context) (server.View, error) {
	return s.databaseRestoreForm(c, server.OwnRestore{Values: c.QueryParams()}, nil, nil)
}

func (s *Pages) databaseRestoreForm(c echo.Context, w server.OwnRestore, wrong map[string]string, refused error) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	in, err := s.ownInstance(c)
	if err != nil {
		return server.View{}, err
	}
	name := w.Get("name")
	known, err := s.CloudRecovery(ctx, in.ID, name)
	if err != nil {
		return server.View{}, err
	}
	servers, err := s.InstancesThat(ctx, func(t endpoint.Traits) bool { return t.Source })
	if err != nil {
		return server.View{}, err
	}
	chosen, _ := backup.ReadStopTime(w.Get("at"))
	newest, ok := known.Newest()
	if w.Get("at") == "" && ok {
		chosen = newest.To
	}
	here := server.DatabaseHref(in.ID, name)
	v := views.RestorePage{Title: "Restore " + name, Heading: "To which moment, and where to",
		Crumbs:   []kit.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}, {Text: name, Href: here}, {Text: "Restore"}},
		Timeline: known.Timeline(z, "window", "f-at", chosen),
		Points:   []string{"The database is restored under a name of its own; what is there stays as it is.", "The sets are taken from wherever they lie; those that the target does not see are fetched.", "Nothing begins before you have seen the exact statements."}}
	at := server.MomentField(server.FirstOf(w.Get("at"), chosenText(chosen)))
	at.Error = wrong[backupjob.FieldTime]
	target := kit.Field{Name: "target", Label: "At the server", Type: "select", Value: server.FirstOf(w.Get("target"), in.ID), Error: wrong[backupjob.FieldServer]}
	for _, i := range servers {
		o := kit.Option{Value: i.ID, Label: i.Name}
		if i.ID == in.ID {
			o.Label += " · where it comes from"
		}
		target.Options = append(target.Options, o)
	}
	as := kit.Field{Name: "as", Label: "Under the name", Value: server.FirstOf(w.Get("as"), name+"_restored"), Mono: true, Autocomplete: "off", Error: wrong[backupjob.FieldName]}
	v.Form = &kit.Form{Action: "/instances/" + in.ID + "/database/restore/check", Method: "get", Submit: "Look at it", Cancel: here, Hidden: []kit.Hidden{{Name: "name", Value: name}}, Fields: []kit.Field{at, target, as}, Problem: server.ProblemOf(refused)}
	if n := foreign(known.Records); n > 0 {
		v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneRun, Title: fmt.Sprintf("%s of the chain were taken by another tool.", kit.Count(n, "set", "sets")), Cause: "They can be restored from as long as their files are there."})
	}
	if !ok {
		v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: "No moment can be restored.", Fix: "Take a full backup first.", Actions: []kit.Action{{Label: "Back up now", Href: "/instances/" + in.ID + "/database/backup?" + url.Values{"name": {name}}.Encode(), Small: true}}})
	}
	out := server.View{Title: v.Title, Section: "instances", Page: func(f kit.Frame) templ.Component { return views.RestoreShowPage(f, v) }}
	if refused != nil || len(wrong) > 0 {
		out.Status = 422
	}
	return out, nil
}

func chosenText(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.DateTime)
}

// databaseRestoreCheck is step 2: the exact sets and statements, and the name
// of the target to be typed.
func (s *Pages) databaseRestoreCheck(c echo.Context) (server.View, error) {
	return s.databaseRestorePlan(c, server.OwnRestore{Values: c.QueryParams()}, nil)
}

func (s *Pages) databaseRestorePlan(c echo.Context, w server.OwnRestore, refused error) (server.View, error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*server.Patience)
	defer cancel()
	z := s.Zone(c)
	in, err := s.ownInstance(c)
	if err != nil {
		return server.View{}, err
	}
	o, err := w.Order(in.ID)
	if err != nil {
		message, fix := fault.Words(err)
		return s.databaseRestoreForm(c, w, map[string]string{backupjob.FieldTime: server.WithFix(message, fix)}, nil)
	}
	d, err := s.Restoring.Draft(ctx, o)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return server.View{}, err
		}
		return s.databaseRestoreForm(c, w, nil, err)
	}
	here := "/instances/" + in.ID + "/database/restore"
	wrong, taken := map[string]string{}, false
	for _, bad := range d.Wrong {
		if bad.Field == backupjob.FieldName && len(d.Steps) > 0 {
			taken = true // the plan stands, the name is in use
		}
		if wrong[bad.Field] == "" {
			wrong[bad.Field] = server.WithFix(bad.Message.String(), bad.Fix.String())
		}
	}
	if d.Plan.Choice != nil {
		return s.chooseFork(c, in, w, d.Plan.Choice)
	}
	if len(wrong) > 0 && !taken {
		return s.databaseRestoreForm(c, w, wrong, nil)
	}
	target, err := s.Endpoints.Instance(ctx, o.TargetID)
	if err != nil {
		return server.View{}, err
	}
	v := views.RestorePage{Title: fmt.Sprintf("Restore %s as %s", o.Database, o.Name), Heading: "Begin",
		Crumbs: []kit.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}, {Text: o.Database, Href: server.DatabaseHref(in.ID, o.Database)}, {Text: "Restore", Href: here + "?" + w.Plain().Encode()}, {Text: "Look at it"}},
		Facts: []kit.Fact{{Label: "To", Value: z.At(o.At).UTC, Note: "UTC", Title: z.At(o.At).Exact, Words: true}, {Label: "At", Value: target.Name, Note: "as " + o.Name, Words: true},
			{Label: "Sets", Value: kit.Count(len(d.Steps), "set", "sets"), Note: "in this order", Words: true}, {Label: "To read", Value: kit.Bytes(d.Bytes).Text, Title: kit.Bytes(d.Bytes).Exact, Note: "of files", Words: true}}}
	var records []backup.Record
	for _, step := range d.Steps {
		r, err := s.Catalogue.Record(ctx, step.RecordID)
		if err != nil {
			return server.View{}, err
		}
		records = append(records, r)
	}
	if v.Calls, err = s.Restoring.Statements(ctx, o, d.Steps); err != nil {
		return server.View{}, err
	}
	v.CallNote = "Files that lie elsewhere are brought to where the target reads them first."
	if target.Traits.OwnFolder() {
		v.CallNote = "MOVE puts each file of the database into the server's default folders; their paths are asked of the server when its turn comes. Files that lie elsewhere are brought into its backup folder first."
	}
	if v.Steps, err = s.setRows(ctx, z, records); err != nil {
		return server.View{}, err
	}
	for _, n := range d.Plan.Notes {
		v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneRun, Title: n})
	}
	v.Points = []string{fmt.Sprintf("%s is made at %s out of %s of %s, and opened as it was at %s.", o.Name, target.Name, kit.Count(len(d.Steps), "set", "sets"), o.Database, z.At(o.At).Exact), o.Database + " itself is not touched.", "The run can be canceled; a half-restored database stays then, and nothing else."}
	v.Form = &kit.Form{Action: here, Submit: "Restore", Cancel: here + "?" + w.Plain().Encode(), Confirm: target.Name, Danger: true, Hidden: server.HiddenOf(w.Plain()), Problem: server.ProblemOf(refused)}
	if taken {
		v.Notes = append(v.Notes, kit.Help{Title: wrong[backupjob.FieldName]})
		v.Form.Fields = append(v.Form.Fields, kit.Field{Name: "replace", Label: "Type " + o.Name + " to replace that database", Mono: true, Autocomplete: "off", Error: wrong[backupjob.FieldName]})
	}
	v.Form.Fields = append(v.Form.Fields, kit.Field{Name: "confirm", Label: "Type " + target.Name + ", the server that it is restored at", Mono: true, Autocomplete: "off"})
	out := server.View{Title: v.Title, Section: "instances", Page: func(f kit.Frame) templ.Component { return views.RestoreShowPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// chooseFork asks which history is meant where several hold the moment.
func (s *Pages) chooseFork(c echo.Context, in endpoint.Instance, w server.OwnRestore, choice *backup.Choice) (server.View, error) {
	z := s.Zone(c)
	here := "/instances/" + in.ID + "/database/restore"
	fork := kit.Field{Name: "fork", Label: "History", Type: "choices"}
	for _, k := range choice.Candidates {
		fork.Options = append(fork.Options, kit.Option{Value: k.Fork.String(), Label: "Up to " + z.At(k.Finished.Time()).Exact, Hint: fmt.Sprintf("%s of %s at %s", kit.Count(k.Sets, "set", "sets"), k.Database, k.Server)})
	}
	if len(choice.Candidates) > 0 {
		fork.Value = choice.Candidates[0].Fork.String()
	}
	plain := w.Plain()
	plain.Del("fork")
	v := kit.Decision{Title: "Which history?", Crumbs: []kit.Link{{Text: in.Name, Href: "/instances/" + in.ID}, {Text: w.Get("name"), Href: server.DatabaseHref(in.ID, w.Get("name"))}, {Text: "Restore", Href: here + "?" + plain.Encode()}},
		Intro: choice.Words + " " + choice.Fix, Form: &kit.Form{Action: here + "/check", Method: "get", Submit: "Look at it", Cancel: here + "?" + plain.Encode(), Hidden: server.HiddenOf(plain), Fields: []kit.Field{fork}}}
	return server.View{Title: v.Title, Section: "instances", Page: func(f kit.Frame) templ.Component { return kit.DecisionPage(f, v) }}, nil
}

// databaseRestoreOrder begins what step 2 showed.
func (s *Pages) databaseRestoreOrder(c echo.Context) error {
	in, err := s.ownInstance(c)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	w := server.OwnRestore{Values: form}
	target, err := s.Endpoints.Instance(c.Request().Context(), form.Get("target"))
	id := ""
	if err == nil {
		err = server.Typed(c, target.Name)
	}
	if err == nil {
		id, err = s.RestoreOwn(c, in.ID, w)
	}
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.databaseRestorePlan(c, w, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	s.Say(c, kit.ToneOK, "The restore is ordered.")
	return server.SeeOther(c, "/runs/"+id)
}
