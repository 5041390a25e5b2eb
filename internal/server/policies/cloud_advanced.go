package policies

import (
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/policies"
)

// cloudAdvanced shows the advanced policy, a year of it, and why it can or
// cannot be written from here.
func (s *Pages) cloudAdvanced(c echo.Context) (server.View, error) {
	z := s.Zone(c)
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	v := views.AdvancedPolicy{Head: s.CloudHead(c, in, "policy")}
	v.Head.Crumbs = append(v.Head.Crumbs, kit.Link{Text: "Policy", Href: server.PolicyHref(in.ID)}, kit.Link{Text: "Advanced"})
	if err := in.Answered(); err != nil {
		return server.View{}, err
	}
	st := in.Standing
	a := st.Advanced
	v.Gate = advancedGate(st)
	v.Empty = kit.Empty{Title: "There are no rules: the standard policy is in force.", Text: "Several sparse rules, weekly, monthly and yearly, with a retention of up to 7,300 days or for ever each, are made in the service's console. They appear here."}
	if !st.AdvancedOn {
		return server.CloudPage("Advanced policy of "+in.Name, func(f kit.Frame) templ.Component { return views.AdvancedPolicyPage(f, v) }), nil
	}
	for _, r := range a.Rows {
		cycle, days := sparseRow(r)
		v.Rows = append(v.Rows, views.SparseRow{Cycle: cycle, Days: days, Keep: keepWords(r.RetentionDays), ID: r.ID})
	}
	v.Pairs = []kit.Pair{{Key: "Between", Value: clouds.HourWords(a.Hour, z.Local, z.Now)}, {Key: "Method", Value: a.Method.Words()}, {Key: "Incremental", Value: policy.OnOff(a.Incremental)},
		{Key: "Log backups", Value: a.Log.Words()}, {Key: "Logs kept", Value: keepWords(a.LogRetentionDays) + ", never longer than data"}}
	slots := clouds.Year(a, s.Now().UTC(), server.DaysOfYear)
	v.Calendar = calendar(z, "year", slots, a.Method == clouds.Snapshot, server.DaysOfYear, "Framed days are kept for ever. Which sets are full and which differential is not documented for sparse rules; all are drawn as full.")
	forever := 0
	for _, slot := range slots {
		if slot.Keep == clouds.Forever {
			forever++
		}
	}
	rpo := kit.Fact{Label: "Log backups", Value: a.Log.Words(), Note: "kept " + keepWords(a.LogRetentionDays), Words: true}
	v.Facts = []kit.Fact{{Label: "Rules", Value: fmt.Sprint(len(a.Rows)), Note: fmt.Sprintf("%d more could not be read", a.Unread)},
		{Label: "Sets in a year", Value: fmt.Sprint(len(slots)), Note: fmt.Sprintf("%d of them for ever", forever)}, rpo}
	if a.Unread == 0 {
		v.Facts[0].Note = "all of them read"
	}
	if !policy.Barred(clouds.CheckAdvanced(st, a, true)) {
		v.Form = advancedForm(z, in.ID, advancedValues(a), nil)
	}
	return server.CloudPage("Advanced policy of "+in.Name, func(f kit.Frame) templ.Component { return views.AdvancedPolicyPage(f, v) }), nil
}

// advancedGate says why writing is open or closed.
func advancedGate(st clouds.Standing) kit.Help {
	findings := clouds.CheckAdvanced(st, st.Advanced, true)
	h := kit.Help{Tone: kit.ToneOK, Title: "The service tells the ids of the rules, by which they can be written.", Cause: "Whether it takes the write on SQL Server is known only once it was tried: its documentation refused it for years (IncorrectBackupPolicy)."}
	for _, f := range findings {
		if f.Bars {
			return kit.Help{Tone: kit.ToneWarn, Title: "It is shown, not written: " + f.Text.String(), Fix: f.Fix.String()}
		}
	}
	return h
}

// sparseRow are the cycle and the days of a rule.
func sparseRow(r clouds.Sparse) (cycle, days string) {
	words := r.Words() // weekly on Mon, Thu, kept 30 days
	cycle = map[clouds.Cycle]string{clouds.Weekly: "week", clouds.Monthly: "month", clouds.Yearly: "year"}[r.Cycle]
	if i := len(string(r.Cycle)) + len(" on "); len(words) > i {
		days = words[i:]
	}
	if i := len(days) - len(", kept "+keepWords(r.RetentionDays)); i > 0 {
		days = days[:i]
	}
	return cycle, days
}
