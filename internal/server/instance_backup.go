package server

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// backupRequest is a manual backup as a form or a program sends it.
type backupRequest struct {
	Method        string   `json:"method,omitempty"` // physical or snapshot
	Mode          string   `json:"mode,omitempty"`   // full or automatic
	Databases     []string `json:"databases,omitempty"`
	RetentionDays int      `json:"retention_days,omitempty"` // of chosen databases
	retention     string   // as it was typed
	scope         string   // instance or databases
}

func backupRequestOf(v url.Values) backupRequest {
	w := backupRequest{Method: v.Get(policy.FieldMethod), Mode: v.Get(policy.FieldMode), Databases: v[policy.FieldDatabases], retention: strings.TrimSpace(v.Get(policy.FieldRetention)), scope: v.Get("scope")}
	if v.Get("forever") != "" {
		w.retention = strconv.Itoa(backup.ForEver)
	}
	if w.scope == "instance" {
		w.Databases = nil
	}
	return w
}

// order turns the words into an order. Rules about it are backup.OrderCall's.
func (w backupRequest) order(standard policy.Standard) (o backup.Order, err error) {
	method := w.Method
	if method == "" {
		method = strings.ToLower(string(standard.Method))
	}
	switch method {
	case "physical", "":
	case "snapshot":
		o.Snapshot = true
	default:
		return o, invalid(fmt.Sprintf("%q is not a backup method.", w.Method), "Choose physical or snapshot.")
	}
	switch w.Mode {
	case "full", "":
	case "automatic":
		o.Automatic = true
	default:
		return o, invalid(fmt.Sprintf("%q is not a way to back up.", w.Mode), "Choose full or automatic.")
	}
	o.Databases, o.RetentionDays = slices.Clone(w.Databases), w.RetentionDays
	if w.retention != "" && len(w.Databases) > 0 {
		if o.RetentionDays, err = strconv.Atoi(w.retention); err != nil {
			return o, invalid(fmt.Sprintf("%q is not a number of days.", w.retention), "Write 7 to 730, or choose for ever.")
		}
	}
	if w.scope == "databases" && len(w.Databases) == 0 {
		return o, invalid("No database is chosen.", "Choose at least one, or the whole instance.")
	}
	return o, nil
}

// backupAsk asks what shall be backed up now.
func (s *Server) backupAsk(c echo.Context) (view, error) {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return s.backupForm(c, in, backupRequestOf(c.QueryParams()), nil)
}

func (s *Server) backupForm(c echo.Context, in cloudSeen, w backupRequest, refused error) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	k, err := s.known(ctx, in.ID)
	if err != nil {
		return view{}, err
	}
	here, st, now := "/instances/"+in.ID+"/backup", in.activity, s.Now().UTC()
	v := templates.CloudOrder{Head: inside(s.cloudHead(c, in, "tasks"), templates.Link{Text: "Back up now"}), Title: "Back up now", Recheck: here,
		Form: &templates.Form{Action: here, Submit: "Back up now", Cancel: "/instances/" + in.ID + "/sets", Problem: problemOf(refused)}}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	jobs, err := s.cloudJobs(asking, in.ID)
	if err != nil {
		v.Notes = append(v.Notes, s.askedInVain(c, err))
	}
	v.Facts = []templates.Fact{todayFact(z, k.Sets, jobs), lastFullFact(z, k.Sets)}
	names, err := s.namesAt(ctx, in.Instance, in.InstanceID)
	if err != nil && len(v.Notes) == 0 {
		v.Notes = append(v.Notes, s.askedInVain(c, err))
	}
	o, wrong := w.order(st.Standard)
	var findings []policy.Finding
	fields := map[string]string{}
	if wrong == nil {
		var call backup.Call
		if call, wrong = backup.OrderCall(in.InstanceID, o); wrong == nil {
			v.Call = callText(call)
		}
		findings = policy.CheckOrder(o, st, k.Sets, jobs, now)
		fields = barred(findings)
	} else if w.asked() && refused == nil {
		v.Form.Problem = problemOf(wrong)
	}
	v.Notes = append(v.Notes, notesOf(findings)...)
	v.Form.Fields = backupFields(w, st, k.Sets, names, fields, now)
	v.Points = []string{"The service is asked once. Whether it took the order is looked up before anything is repeated.", "The page of the run shows its progress, and ends with the set."}
	out := cloudPage("Back up now", func(f templates.Frame) templ.Component { return templates.CloudOrderPage(f, v) })
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

func (w backupRequest) asked() bool { return w.Method != "" || w.Mode != "" }

// todayFact counts against the service's limit.
func todayFact(z templates.Zone, sets []backup.CloudSet, jobs []backup.Job) templates.Fact {
	made, frees := policy.Today(sets, jobs, z.Now)
	f := templates.Fact{Label: "Sets in 24 hours", Value: fmt.Sprintf("%d of %d", made, backup.OrdersADay), Note: "the service makes no more of an instance in a day"}
	if made >= backup.OrdersADay {
		f.Tone, f.Note = templates.ToneBad, "the next one from "+z.At(frees).UTC+" UTC on"
	}
	return f
}

func lastFullFact(z templates.Zone, sets []backup.CloudSet) templates.Fact {
	var at time.Time
	for _, s := range sets {
		if s.Kind == backup.Full && !s.Failed && s.Finished.After(at) {
			at = s.Finished
		}
	}
	if at.IsZero() {
		return templates.Fact{Label: "Newest full backup", Value: "none is known", Words: true, Tone: templates.ToneWarn}
	}
	return templates.Fact{Label: "Newest full backup", Value: z.Ago(at), Note: z.At(at).UTC + " UTC", Title: z.At(at).Exact, Words: true}
}

// backupFields are the fields of the form, with what the instance and the
// other choices exclude switched off and why.
func backupFields(w backupRequest, st policy.Standing, sets []backup.CloudSet, names []string, wrong map[string]string, now time.Time) []templates.Field {
	method := templates.Field{Name: policy.FieldMethod, Label: "Method", Type: "choices", Value: w.Method, Error: wrong[policy.FieldMethod], Options: []templates.Option{
		{Value: "physical", Label: "Physical", Hint: "Can be downloaded, and can be of single databases. Runs at full speed: hard on the disk."},
		{Value: "snapshot", Label: "Snapshot", Hint: "The state of the disk: quick, always full, no download."}}}
	if method.Value == "" {
		method.Value = strings.ToLower(string(st.Standard.Method))
	}
	if !st.At.IsZero() && !st.Can.Snapshot {
		method.Options[1].Off, method.Options[1].Hint = true, "The instance's disk has no snapshots: that takes a cloud disk."
	}
	if method.Value == "" {
		method.Value = "physical"
	}
	kind, why, no := policy.Automatic(st, sets, now)
	if method.Value == "snapshot" {
		no = "A snapshot is always full."
	}
	mode := templates.Field{Name: policy.FieldMode, Label: "What", Type: "choices", Value: w.Mode, Error: wrong[policy.FieldMode], Options: []templates.Option{
		{Value: "full", Label: "Full"}, {Value: "automatic", Label: "Automatic", Hint: "Now it would be " + string(kind) + ". " + why}}}
	if no != "" {
		mode.Options[1].Off, mode.Options[1].Hint, mode.Value = true, no, "full"
	}
	if mode.Value == "" {
		mode.Value = "full"
	}
	scope := templates.Field{Name: "scope", Label: "Of", Type: "choices", Value: w.scope, Options: []templates.Option{
		{Value: "instance", Label: "The whole instance", Hint: "Kept as long as the policy says."}, {Value: "databases", Label: "Chosen databases", Hint: "Kept as long as you say; the expiry can be moved later."}}}
	if scope.Value == "" {
		scope.Value = "instance"
	}
	if method.Value == "snapshot" || mode.Value == "automatic" {
		scope.Value = "instance"
		scope.Options[1].Off, scope.Options[1].Hint = true, "Single databases are backed up by physical full backups only."
	}
	fields := []templates.Field{method, mode, scope}
	if scope.Value != "databases" {
		return fields
	}
	databases := templates.Field{Name: policy.FieldDatabases, Label: "Databases", Type: "checks", Values: w.Databases, Error: wrong[policy.FieldDatabases]}
	slices.Sort(names)
	for _, n := range names {
		databases.Options = append(databases.Options, templates.Option{Value: n, Label: n})
	}
	kept := templates.Field{Name: policy.FieldRetention, Label: "Keep it for (days)", Type: "number", Value: w.retention, Optional: true, Error: wrong[policy.FieldRetention], Hint: fmt.Sprintf("%d to %d; empty: as long as the policy says.", backup.LeastRetention, backup.MostRetention)}
	ever := templates.Field{Name: "forever", Label: "Or", Type: "checks", Options: []templates.Option{{Value: "1", Label: "keep it for ever"}}}
	if w.retention == strconv.Itoa(backup.ForEver) {
		kept.Value, ever.Values = "", []string{"1"}
	}
	return append(fields, databases, kept, ever)
}

// backupOrder orders what the form says.
func (s *Server) backupOrder(c echo.Context) error {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	w := backupRequestOf(form)
	id, err := s.startBackup(c, in, w)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.backupForm(c, in, w, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	s.say(c, templates.ToneOK, "The backup is ordered.")
	return seeOther(c, "/runs/"+id)
}
