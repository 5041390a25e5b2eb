package server

import (
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// daysOfYear are drawn of an advanced policy.
const daysOfYear = 366

// policyAdvanced shows the advanced policy, a year of it, and why it can or
// cannot be written from here.
func (s *Server) policyAdvanced(c echo.Context) (view, error) {
	z := s.zone(c)
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	v := templates.AdvancedPolicy{Head: s.cloudHead(c, in, "policy")}
	v.Head.Crumbs = append(v.Head.Crumbs, templates.Link{Text: "Policy", Href: policyHref(in.ID)}, templates.Link{Text: "Advanced"})
	if err := in.answered(); err != nil {
		return view{}, err
	}
	st := in.activity
	a := st.Advanced
	v.Gate = advancedGate(st)
	v.Empty = templates.Empty{Title: "There are no rules: the standard policy is in force.", Text: "Several sparse rules, weekly, monthly and yearly, with a retention of up to 7,300 days or for ever each, are made in the service's console. They appear here."}
	if !st.AdvancedOn {
		return cloudPage("Advanced policy of "+in.Name, func(f templates.Frame) templ.Component { return templates.AdvancedPolicyPage(f, v) }), nil
	}
	for _, r := range a.Rows {
		cycle, days := ruleWords(r)
		v.Rows = append(v.Rows, templates.SparseRow{Cycle: cycle, Days: days, Keep: keepWords(r.RetentionDays), ID: r.ID})
	}
	v.Pairs = []templates.Pair{{Key: "Between", Value: policy.HourWords(a.Hour, z.Local, z.Now)}, {Key: "Method", Value: a.Method.Words()}, {Key: "Incremental", Value: onOffWords(a.Incremental)},
		{Key: "Log backups", Value: a.Log.Words()}, {Key: "Logs kept", Value: keepWords(a.LogRetentionDays) + ", never longer than data"}}
	slots := policy.Year(a, s.Now().UTC(), daysOfYear)
	v.Calendar = calendar(z, "year", slots, a.Method == policy.Snapshot, daysOfYear, "Framed days are kept for ever. Which sets are full and which differential is not documented for sparse rules; all are drawn as full.")
	forever := 0
	for _, slot := range slots {
		if slot.Keep == policy.Forever {
			forever++
		}
	}
	rpo := templates.Fact{Label: "Log backups", Value: a.Log.Words(), Note: "kept " + keepWords(a.LogRetentionDays), Words: true}
	v.Facts = []templates.Fact{{Label: "Rules", Value: fmt.Sprint(len(a.Rows)), Note: fmt.Sprintf("%d more could not be read", a.Unread)},
		{Label: "Sets in a year", Value: fmt.Sprint(len(slots)), Note: fmt.Sprintf("%d of them for ever", forever)}, rpo}
	if a.Unread == 0 {
		v.Facts[0].Note = "all of them read"
	}
	if !policy.Barred(policy.CheckAdvanced(st, a, true)) {
		v.Form = advancedForm(z, in.ID, advancedValues(a), nil)
	}
	return cloudPage("Advanced policy of "+in.Name, func(f templates.Frame) templ.Component { return templates.AdvancedPolicyPage(f, v) }), nil
}

// advancedGate says why writing is open or closed.
func advancedGate(st policy.Standing) templates.Help {
	findings := policy.CheckAdvanced(st, st.Advanced, true)
	h := templates.Help{Tone: templates.ToneOK, Title: "The service tells the ids of the rules, by which they can be written.", Cause: "Whether it takes the write on SQL Server is known only once it was tried: its documentation refused it for years (IncorrectBackupPolicy)."}
	for _, f := range findings {
		if f.Bars {
			return templates.Help{Tone: templates.ToneWarn, Title: "It is shown, not written: " + f.Text, Fix: f.Fix}
		}
	}
	return h
}

// ruleWords are the cycle and the days of a rule.
func ruleWords(r policy.Sparse) (cycle, days string) {
	words := r.Words() // weekly on Mon, Thu, kept 30 days
	cycle = map[policy.Cycle]string{policy.Weekly: "week", policy.Monthly: "month", policy.Yearly: "year"}[r.Cycle]
	if i := len(string(r.Cycle)) + len(" on "); len(words) > i {
		days = words[i:]
	}
	if i := len(days) - len(", kept "+keepWords(r.RetentionDays)); i > 0 {
		days = days[:i]
	}
	return cycle, days
}
