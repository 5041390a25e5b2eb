package instances

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
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates/kit"
)

func backupRequestOf(v url.Values) server.BackupRequest {
	w := server.BackupRequest{Method: v.Get(clouds.FieldMethod), Mode: v.Get(clouds.FieldMode), Databases: v[policy.FieldDatabases], Retention: strings.TrimSpace(v.Get(clouds.FieldRetention)), Scope: v.Get("scope")}
	if v.Get("forever") != "" {
		w.Retention = strconv.Itoa(backup.ForEver)
	}
	if w.Scope == "instance" {
		w.Databases = nil
	}
	return w
}

// backupAsk asks what shall be backed up now.
func (s *Pages) backupAsk(c echo.Context) (server.View, error) {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return s.backupForm(c, in, backupRequestOf(c.QueryParams()), nil)
}

func (s *Pages) backupForm(c echo.Context, in server.CloudSeen, w server.BackupRequest, refused error) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	k, err := s.Known(ctx, in.ID)
	if err != nil {
		return server.View{}, err
	}
	here, st, now := "/instances/"+in.ID+"/backup", in.Standing, s.Now().UTC()
	v := kit.CloudOrder{Head: server.Inside(s.CloudHead(c, in, "tasks"), kit.Link{Text: "Back up now"}), Title: "Back up now", Recheck: here,
		Form: &kit.Form{Action: here, Submit: "Back up now", Cancel: "/instances/" + in.ID + "/sets", Problem: server.ProblemOf(refused)}}
	asking, cancel := context.WithTimeout(ctx, server.Patience)
	defer cancel()
	jobs, err := s.CloudJobs(asking, in.ID)
	if err != nil {
		v.Notes = append(v.Notes, s.AskedInVain(c, err))
	}
	v.Facts = []kit.Fact{todayFact(z, k.Sets, jobs), lastFullFact(z, k.Sets)}
	names, err := s.namesAt(ctx, in.Instance, in.InstanceID)
	if err != nil && len(v.Notes) == 0 {
		v.Notes = append(v.Notes, s.AskedInVain(c, err))
	}
	o, wrong := w.Order(st.Standard)
	var findings []policy.Finding
	fields := map[string]string{}
	if wrong == nil {
		var call backup.Call
		if call, wrong = backup.OrderCall(in.InstanceID, o); wrong == nil {
			v.Call = server.CallText(call)
		}
		findings = clouds.CheckOrder(o, st, k.Sets, jobs, now)
		fields = server.Barred(findings)
	} else if w.Asked() && refused == nil {
		v.Form.Problem = server.ProblemOf(wrong)
	}
	v.Notes = append(v.Notes, server.NotesOf(findings)...)
	v.Form.Fields = backupFields(w, st, k.Sets, names, fields, now)
	v.Points = []string{"The service is asked once. Whether it took the order is looked up before anything is repeated.", "The page of the run shows its progress, and ends with the set."}
	out := server.CloudPage("Back up now", func(f kit.Frame) templ.Component { return kit.CloudOrderPage(f, v) })
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// todayFact counts against the service's limit.
func todayFact(z kit.Zone, sets []backup.CloudSet, jobs []backup.Job) kit.Fact {
	made, frees := clouds.Today(sets, jobs, z.Now)
	f := kit.Fact{Label: "Sets in 24 hours", Value: fmt.Sprintf("%d of %d", made, backup.OrdersADay), Note: "the service makes no more of an instance in a day"}
	if made >= backup.OrdersADay {
		f.Tone, f.Note = kit.ToneBad, "the next one from "+z.At(frees).UTC+" UTC on"
	}
	return f
}

func lastFullFact(z kit.Zone, sets []backup.CloudSet) kit.Fact {
	var at time.Time
	for _, s := range sets {
		if s.Kind == backup.Full && !s.Failed && s.Finished.After(at) {
			at = s.Finished
		}
	}
	if at.IsZero() {
		return kit.Fact{Label: "Newest full backup", Value: "none is known", Words: true, Tone: kit.ToneWarn}
	}
	return kit.Fact{Label: "Newest full backup", Value: z.Ago(at), Note: z.At(at).UTC + " UTC", Title: z.At(at).Exact, Words: true}
}

// backupFields are the fields of the form, with what the instance and the
// other choices exclude switched off and why.
func backupFields(w server.BackupRequest, st clouds.Standing, sets []backup.CloudSet, names []string, wrong map[string]string, now time.Time) []kit.Field {
	method := kit.Field{Name: clouds.FieldMethod, Label: "Method", Type: "choices", Value: w.Method, Error: wrong[clouds.FieldMethod], Options: []kit.Option{
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
	kind, why, no := clouds.Automatic(st, sets, now)
	if method.Value == "snapshot" {
		no = words.Say("A snapshot is always full.")
	}
	mode := kit.Field{Name: clouds.FieldMode, Label: "What", Type: "choices", Value: w.Mode, Error: wrong[clouds.FieldMode], Options: []kit.Option{
		{Value: "full", Label: "Full"}, {Value: "automatic", Label: "Automatic", Hint: "Now it would be " + string(kind) + ". " + why.String()}}}
	if !no.IsZero() {
		mode.Options[1].Off, mode.Options[1].Hint, mode.Value = true, no.String(), "full"
	}
	if mode.Value == "" {
		mode.Value = "full"
	}
	scope := kit.Field{Name: "scope", Label: "Of", Type: "choices", Value: w.Scope, Options: []kit.Option{
		{Value: "instance", Label: "The whole instance", Hint: "Kept as long as the policy says."}, {Value: "databases", Label: "Chosen databases", Hint: "Kept as long as you say; the expiry can be moved later."}}}
	if scope.Value == "" {
		scope.Value = "instance"
	}
	if method.Value == "snapshot" || mode.Value == "automatic" {
		scope.Value = "instance"
		scope.Options[1].Off, scope.Options[1].Hint = true, "Single databases are backed up by physical full backups only."
	}
	fields := []kit.Field{method, mode, scope}
	if scope.Value != "databases" {
		return fields
	}
	databases := kit.Field{Name: policy.FieldDatabases, Label: "Databases", Type: "checks", Values: w.Databases, Error: wrong[policy.FieldDatabases]}
	slices.Sort(names)
	for _, n := range names {
		databases.Options = append(databases.Options, kit.Option{Value: n, Label: n})
	}
	kept := kit.Field{Name: clouds.FieldRetention, Label: "Keep it for (days)", Type: "number", Value: w.Retention, Optional: true, Error: wrong[clouds.FieldRetention], Hint: fmt.Sprintf("%d to %d; empty: as long as the policy says.", backup.LeastRetention, backup.MostRetention)}
	ever := kit.Field{Name: "forever", Label: "Or", Type: "checks", Options: []kit.Option{{Value: "1", Label: "keep it for ever"}}}
	if w.Retention == strconv.Itoa(backup.ForEver) {
		kept.Value, ever.Values = "", []string{"1"}
	}
	return append(fields, databases, kept, ever)
}

// backupOrder orders what the form says.
func (s *Pages) backupOrder(c echo.Context) error {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	w := backupRequestOf(form)
	id, err := s.StartBackup(c, in, w)
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.backupForm(c, in, w, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	s.Say(c, kit.ToneOK, "The backup is ordered.")
	return server.SeeOther(c, "/runs/"+id)
}
