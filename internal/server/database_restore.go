package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/web/templates"
)

// wrongs are the refusals inside an error.
func wrongs(err error) []backupjob.Wrong {
	var r *backupjob.Refusals
	if errors.As(err, &r) {
		return r.Wrong
	}
	return nil
}

// ownRestore is a restore as a form or a query sends it.
type ownRestore struct{ url.Values }

// order turns the words into the use case's order.
func (w ownRestore) order(instanceID string) (o backupjob.Restore, err error) {
	o = backupjob.Restore{InstanceID: instanceID, Database: w.Get("name"), TargetID: w.Get("target"), Name: strings.TrimSpace(w.Get("as")), Typed: strings.TrimSpace(w.Get("replace"))}
	if text := w.Get("fork"); text != "" {
		if o.Fork, err = bakfile.ParseGUID(text); err != nil {
			return o, invalid("That is not a recovery fork.", "Choose one of those listed.")
		}
	}
	if w.Get("at") == "" {
		return o, invalid("No moment is chosen.", "Write it in UTC, such as 2026-11-20 13:30:00, or choose it on the picture.")
	}
	o.At, err = stopTime(strings.TrimSpace(w.Get("at")))
	return o, err
}

func (w ownRestore) plain() url.Values {
	v := url.Values{}
	for _, name := range []string{"name", "at", "target", "as", "fork"} {
		if value := strings.TrimSpace(w.Get(name)); value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// databaseRestoreAsk is step 1: to which moment, where to, under which name.
func (s *Server) databaseRestoreAsk(c echo.Context) (view, error) {
	return s.databaseRestoreForm(c, ownRestore{c.QueryParams()}, nil, nil)
}

func (s *Server) databaseRestoreForm(c echo.Context, w ownRestore, wrong map[string]string, refused error) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	in, err := s.ownInstance(c)
	if err != nil {
		return view{}, err
	}
	name := w.Get("name")
	known, err := s.cloudRecovery(ctx, in.ID, name)
	if err != nil {
		return view{}, err
	}
	servers, err := s.instancesThat(ctx, func(t endpoint.Traits) bool { return t.Source })
	if err != nil {
		return view{}, err
	}
	chosen, _ := stopTime(w.Get("at"))
	newest, ok := known.newest()
	if w.Get("at") == "" && ok {
		chosen = newest.To
	}
	here := databaseHref(in.ID, name)
	v := templates.RestorePage{Title: "Restore " + name, Heading: "To which moment, and where to",
		Crumbs:   []templates.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}, {Text: name, Href: here}, {Text: "Restore"}},
		Timeline: known.timeline(z, "window", "f-at", chosen),
		Points:   []string{"The database is restored under a name of its own; what is there stays as it is.", "The sets are taken from wherever they lie; those that the target does not see are fetched.", "Nothing begins before you have seen the exact statements."}}
	at := momentField(firstOf(w.Get("at"), chosenText(chosen)))
	at.Error = wrong[backupjob.FieldTime]
	target := templates.Field{Name: "target", Label: "At the server", Type: "select", Value: firstOf(w.Get("target"), in.ID), Error: wrong[backupjob.FieldServer]}
	for _, i := range servers {
		o := templates.Option{Value: i.ID, Label: i.Name}
		if i.ID == in.ID {
			o.Label += " · where it comes from"
		}
		target.Options = append(target.Options, o)
	}
	as := templates.Field{Name: "as", Label: "Under the name", Value: firstOf(w.Get("as"), name+"_restored"), Mono: true, Autocomplete: "off", Error: wrong[backupjob.FieldName]}
	v.Form = &templates.Form{Action: "/instances/" + in.ID + "/database/restore/check", Method: "get", Submit: "Look at it", Cancel: here, Hidden: []templates.Hidden{{Name: "name", Value: name}}, Fields: []templates.Field{at, target, as}, Problem: problemOf(refused)}
	if n := foreign(known.records); n > 0 {
		v.Notes = append(v.Notes, templates.Help{Tone: templates.ToneRun, Title: fmt.Sprintf("%s of the chain were taken by another tool.", templates.Count(n, "set", "sets")), Cause: "They can be restored from as long as their files are there."})
	}
	if !ok {
		v.Notes = append(v.Notes, templates.Help{Tone: templates.ToneWarn, Title: "No moment can be restored.", Fix: "Take a full backup first.", Actions: []templates.Action{{Label: "Back up now", Href: "/instances/" + in.ID + "/database/backup?" + url.Values{"name": {name}}.Encode(), Small: true}}})
	}
	out := view{title: v.Title, section: "instances", page: func(f templates.Frame) templ.Component { return templates.RestoreShowPage(f, v) }}
	if refused != nil || len(wrong) > 0 {
		out.status = 422
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
func (s *Server) databaseRestoreCheck(c echo.Context) (view, error) {
	return s.databaseRestorePlan(c, ownRestore{c.QueryParams()}, nil)
}

func (s *Server) databaseRestorePlan(c echo.Context, w ownRestore, refused error) (view, error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*patience)
	defer cancel()
	z := s.zone(c)
	in, err := s.ownInstance(c)
	if err != nil {
		return view{}, err
	}
	o, err := w.order(in.ID)
	if err != nil {
		message, fix := fault.Words(err)
		return s.databaseRestoreForm(c, w, map[string]string{backupjob.FieldTime: withFix(message, fix)}, nil)
	}
	d, err := s.Restoring.Draft(ctx, o)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return view{}, err
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
			wrong[bad.Field] = withFix(bad.Message, bad.Fix)
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
		return view{}, err
	}
	v := templates.RestorePage{Title: fmt.Sprintf("Restore %s as %s", o.Database, o.Name), Heading: "Begin",
		Crumbs: []templates.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}, {Text: o.Database, Href: databaseHref(in.ID, o.Database)}, {Text: "Restore", Href: here + "?" + w.plain().Encode()}, {Text: "Look at it"}},
		Facts: []templates.Fact{{Label: "To", Value: z.At(o.At).UTC, Note: "UTC", Title: z.At(o.At).Exact, Words: true}, {Label: "At", Value: target.Name, Note: "as " + o.Name, Words: true},
			{Label: "Sets", Value: templates.Count(len(d.Steps), "set", "sets"), Note: "in this order", Words: true}, {Label: "To read", Value: templates.Bytes(d.Bytes).Text, Title: templates.Bytes(d.Bytes).Exact, Note: "of files", Words: true}}}
	var records []backup.Record
	for _, step := range d.Steps {
		r, err := s.Catalogue.Record(ctx, step.RecordID)
		if err != nil {
			return view{}, err
		}
		records = append(records, r)
		v.Calls = append(v.Calls, restoreCall(o, target, step).Statement())
	}
	v.Calls = append(v.Calls, backup.RecoverStatement(o.Name))
	v.CallNote = "MOVE puts each file of the database into the server's default folders; their paths are asked of the server when its turn comes. Files that lie elsewhere are brought into its backup folder first."
	if v.Steps, err = s.setRows(ctx, z, records); err != nil {
		return view{}, err
	}
	for _, n := range d.Plan.Notes {
		v.Notes = append(v.Notes, templates.Help{Tone: templates.ToneRun, Title: n})
	}
	v.Points = []string{fmt.Sprintf("%s is made at %s out of %s of %s, and opened as it was at %s.", o.Name, target.Name, templates.Count(len(d.Steps), "set", "sets"), o.Database, z.At(o.At).Exact), o.Database + " itself is not touched.", "The run can be canceled; a half-restored database stays then, and nothing else."}
	v.Form = &templates.Form{Action: here, Submit: "Restore", Cancel: here + "?" + w.plain().Encode(), Confirm: target.Name, Danger: true, Hidden: hiddenOf(w.plain()), Problem: problemOf(refused)}
	if taken {
		v.Notes = append(v.Notes, templates.Help{Title: wrong[backupjob.FieldName]})
		v.Form.Fields = append(v.Form.Fields, templates.Field{Name: "replace", Label: "Type " + o.Name + " to replace that database", Mono: true, Autocomplete: "off", Error: wrong[backupjob.FieldName]})
	}
	v.Form.Fields = append(v.Form.Fields, templates.Field{Name: "confirm", Label: "Type " + target.Name + ", the server that it is restored at", Mono: true, Autocomplete: "off"})
	out := view{title: v.Title, section: "instances", page: func(f templates.Frame) templ.Component { return templates.RestoreShowPage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

// restoreCall is the statement of one step, with files as the target will see
// them.
func restoreCall(o backupjob.Restore, target endpoint.Instance, step backupjob.RestoreStep) backup.ApplyCall {
	call := backup.ApplyCall{Database: o.Name, Kind: step.Kind, StopAt: step.StopAt, Replace: step.Kind == backup.Full && o.Typed == o.Name}
	separator := "/"
	if strings.Contains(target.ServerFolder, `\`) {
		separator = `\`
	}
	for _, k := range step.Keys {
		call.Files = append(call.Files, strings.TrimRight(target.ServerFolder, `/\`)+separator+strings.ReplaceAll(k, "/", separator))
	}
	return call
}

// chooseFork asks which history is meant where several hold the moment.
func (s *Server) chooseFork(c echo.Context, in endpoint.Instance, w ownRestore, choice *backup.Choice) (view, error) {
	z := s.zone(c)
	here := "/instances/" + in.ID + "/database/restore"
	fork := templates.Field{Name: "fork", Label: "History", Type: "choices"}
	for _, k := range choice.Candidates {
		fork.Options = append(fork.Options, templates.Option{Value: k.Fork.String(), Label: "Up to " + z.At(k.Finished.Time()).Exact, Hint: fmt.Sprintf("%s of %s at %s", templates.Count(k.Sets, "set", "sets"), k.Database, k.Server)})
	}
	if len(choice.Candidates) > 0 {
		fork.Value = choice.Candidates[0].Fork.String()
	}
	plain := w.plain()
	plain.Del("fork")
	v := templates.Decision{Title: "Which history?", Crumbs: []templates.Link{{Text: in.Name, Href: "/instances/" + in.ID}, {Text: w.Get("name"), Href: databaseHref(in.ID, w.Get("name"))}, {Text: "Restore", Href: here + "?" + plain.Encode()}},
		Intro: choice.Words + " " + choice.Fix, Form: &templates.Form{Action: here + "/check", Method: "get", Submit: "Look at it", Cancel: here + "?" + plain.Encode(), Hidden: hiddenOf(plain), Fields: []templates.Field{fork}}}
	return view{title: v.Title, section: "instances", page: func(f templates.Frame) templ.Component { return templates.DecisionPage(f, v) }}, nil
}

// databaseRestoreOrder begins what step 2 showed.
func (s *Server) databaseRestoreOrder(c echo.Context) error {
	in, err := s.ownInstance(c)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	w := ownRestore{form}
	target, err := s.Endpoints.Instance(c.Request().Context(), form.Get("target"))
	id := ""
	if err == nil {
		err = typed(c, target.Name)
	}
	if err == nil {
		id, err = s.restoreOwn(c, in.ID, w)
	}
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.databaseRestorePlan(c, w, err)
		return s.shownAgain(c, v, viewErr, err)
	}
	s.say(c, templates.ToneOK, "The restore is ordered.")
	return seeOther(c, "/runs/"+id)
}

func (s *Server) restoreOwn(c echo.Context, instanceID string, w ownRestore) (runID string, err error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*patience)
	defer cancel()
	o, err := w.order(instanceID)
	if err != nil {
		return "", err
	}
	return s.Restoring.Order(ctx, o, s.orderedBy(c))
}
