package server

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// rulesText writes the rules of an advanced policy, one on a line, as a form
// shows them: the id the service gave, the cycle, the days, how long a set is
// kept.
func rulesText(rows []policy.Sparse) string {
	var lines []string
	for _, r := range rows {
		var days []string
		for _, d := range r.Days {
			switch {
			case r.Cycle == policy.Monthly && d == policy.LastDay:
				days = append(days, "last")
			case r.Cycle == policy.Yearly:
				days = append(days, fmt.Sprintf("%02d-%02d", d/100, d%100))
			default:
				days = append(days, strconv.Itoa(d))
			}
		}
		keep := strconv.Itoa(r.RetentionDays)
		if r.RetentionDays == policy.Forever {
			keep = "forever"
		}
		line := fmt.Sprintf("%s %s keep %s", r.Cycle, strings.Join(days, ","), keep)
		if r.ID != "" {
			line = r.ID + ": " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// maxRules bounds what a form can bring.
const maxRules = 50

// readRules reads what rulesText writes. A line without an id is a new rule.
func readRules(text string) (rows []policy.Sparse, err error) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		r, err := readRule(line)
		if err != nil {
			return nil, err
		}
		if rows = append(rows, r); len(rows) > maxRules {
			return nil, invalid(fmt.Sprintf("There are more than %d rules.", maxRules), "Leave some out.")
		}
	}
	return rows, nil
}

func readRule(line string) (r policy.Sparse, err error) {
	bad := func(what string) error {
		return invalid(fmt.Sprintf("The rule %q cannot be read: %s.", line, what), "Write a rule as: weekly 1,4 keep 30; monthly last keep 365; yearly 12-31 keep forever.")
	}
	if id, rest, found := strings.Cut(line, ": "); found {
		r.ID, line = strings.TrimSpace(id), strings.TrimSpace(rest)
	}
	words := strings.Fields(line)
	if len(words) != 4 || words[2] != "keep" {
		return r, bad("it is not cycle, days, keep, time")
	}
	switch r.Cycle = policy.Cycle(words[0]); r.Cycle {
	case policy.Weekly, policy.Monthly, policy.Yearly:
	default:
		return r, bad("the cycle is weekly, monthly or yearly")
	}
	for text := range strings.SplitSeq(words[1], ",") {
		d, ok := readRuleDay(r.Cycle, text)
		if !ok {
			return r, bad(fmt.Sprintf("%q is not a day of a %s rule", text, r.Cycle))
		}
		r.Days = append(r.Days, d)
	}
	if words[3] == "forever" {
		r.RetentionDays = policy.Forever
		return r, nil
	}
	if r.RetentionDays, err = strconv.Atoi(words[3]); err != nil {
		return r, bad("the time is a number of days, or forever")
	}
	return r, nil
}

func readRuleDay(c policy.Cycle, text string) (int, bool) {
	if c == policy.Monthly && text == "last" {
		return policy.LastDay, true
	}
	if c == policy.Yearly {
		month, day, found := strings.Cut(text, "-")
		m, err1 := strconv.Atoi(month)
		d, err2 := strconv.Atoi(day)
		return m*100 + d, found && err1 == nil && err2 == nil
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// advancedRequest turns a form into an advanced policy, beginning with what is set.
func advancedRequest(v url.Values, now policy.Advanced) (a policy.Advanced, wrong map[string]string) {
	a, wrong = now, map[string]string{}
	rows, err := readRules(v.Get(policy.FieldRows))
	if err != nil {
		message, fix := fault.Words(err)
		wrong[policy.FieldRows] = sentences(message, fix)
	}
	a.Rows = rows
	for field, to := range map[string]*int{policy.FieldHour: &a.Hour, policy.FieldLogKept: &a.LogRetentionDays} {
		if text := strings.TrimSpace(v.Get(field)); text != "" {
			if *to, err = strconv.Atoi(text); err != nil {
				wrong[field] = fmt.Sprintf("%q is not a number.", text)
			}
		}
	}
	return a, wrong
}

// advancedForm is the form that changes the rules.
func advancedForm(z templates.Zone, id string, v url.Values, wrong map[string]string) *templates.Form {
	hour := templates.Field{Name: policy.FieldHour, Label: "Backups start between", Type: "select", Value: v.Get(policy.FieldHour), Error: wrong[policy.FieldHour]}
	for h := range 24 {
		hour.Options = append(hour.Options, templates.Option{Value: strconv.Itoa(h), Label: policy.HourWords(h, z.Local, z.Now)})
	}
	return &templates.Form{Action: policyHref(id) + "/advanced/review", Method: "get", Submit: "Review the change", Fields: []templates.Field{
		{Name: policy.FieldRows, Label: "Rules, one on a line", Type: "area", Mono: true, Value: v.Get(policy.FieldRows), Error: wrong[policy.FieldRows],
			Hint: "weekly 1,4 keep 30 (Monday is 1) · monthly 1,last keep 365 · yearly 12-31 keep forever. What stands before the colon is the service's id; a new rule has none. The first rule is weekly and stays."},
		hour,
		{Name: policy.FieldLogKept, Label: "Keep log backups for (days)", Type: "number", Value: v.Get(policy.FieldLogKept), Error: wrong[policy.FieldLogKept], Hint: "7 to 7,300, and no longer than data."}}}
}

// advancedValues are the fields of the form as they are set.
func advancedValues(a policy.Advanced) url.Values {
	return url.Values{policy.FieldRows: {rulesText(a.Rows)}, policy.FieldHour: {strconv.Itoa(a.Hour)}, policy.FieldLogKept: {strconv.Itoa(a.LogRetentionDays)}}
}

// advancedReview shows what a change of the rules will do.
func (s *Server) advancedReview(c echo.Context) (view, error) {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return s.advancedReviewView(c, in, c.QueryParams(), nil)
}

func (s *Server) advancedReviewView(c echo.Context, in cloudSeen, q url.Values, refused error) (view, error) {
	if err := in.answered(); err != nil {
		return view{}, err
	}
	z, st, here := s.zone(c), in.activity, policyHref(in.ID)+"/advanced"
	a, wrong := advancedRequest(q, st.Advanced)
	findings := policy.CheckAdvanced(st, a, true)
	for field, words := range barred(findings) {
		if wrong[field] == "" {
			wrong[field] = words
		}
	}
	for field, words := range refusedFields(refused) {
		wrong[field] = words
	}
	v := templates.CloudOrder{Head: inside(s.cloudHead(c, in, "policy"), templates.Link{Text: "Policy", Href: policyHref(in.ID)}, templates.Link{Text: "Advanced", Href: here}, templates.Link{Text: "Review"}),
		Title: "Save", Same: "Nothing: the service has exactly these rules.", Changes: changeRows(policy.DiffAdvanced(st.Advanced, a)), Notes: notesOf(findings)}
	v.Calendar = calendar(z, "year", policy.Year(a, s.Now().UTC(), daysOfYear), a.Method == policy.Snapshot, daysOfYear, "Framed days are kept for ever.")
	out := cloudPage("Review the advanced policy of "+in.Name, func(f templates.Frame) templ.Component { return templates.CloudOrderPage(f, v) })
	if len(wrong) == 0 {
		call, err := policy.AdvancedCall(in.InstanceID, st.Advanced, a)
		if err != nil {
			if fault.Of(err) == fault.Unknown {
				return view{}, err
			}
			wrong[policy.FieldRows], _ = fault.Words(err)
		}
		v.Call = callText(call)
	}
	if len(wrong) > 0 {
		v.Title, v.Form = "Change it", advancedForm(z, in.ID, q, wrong)
		v.Form.Problem, v.Form.Cancel = problemOf(refused), here
		out.status = 422
		return out, nil
	}
	v.Points = []string{"The call on this page is made as it stands there; rules that stay are not sent.", "Where the service takes no such change it says so, and nothing is changed.", "The policy is read again and compared, and becomes a version."}
	v.Form = &templates.Form{Action: here, Submit: "Save it", Cancel: here, Problem: problemOf(refused)}
	for _, name := range []string{policy.FieldRows, policy.FieldHour, policy.FieldLogKept} {
		v.Form.Hidden = append(v.Form.Hidden, templates.Hidden{Name: name, Value: q.Get(name)})
	}
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

// advancedSave writes the rules where the service takes them.
func (s *Server) advancedSave(c echo.Context) error {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	if err := in.answered(); err != nil {
		return err
	}
	a, wrong := advancedRequest(form, in.activity.Advanced)
	var done policy.Written
	if err = nil; len(wrong) == 0 {
		done, err = s.writeAdvanced(c, in, a)
	}
	if err != nil || len(wrong) > 0 {
		if err != nil && fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.advancedReviewView(c, in, form, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	tone, words := writtenWords(done)
	s.say(c, tone, words)
	return seeOther(c, policyHref(in.ID)+"/advanced")
}

// writeAdvanced makes the rules true. What is off is never switched on by
// writing into it.
func (s *Server) writeAdvanced(c echo.Context, in cloudSeen, a policy.Advanced) (policy.Written, error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 6*patience)
	defer cancel()
	defer s.looks.forget(in.ID)
	for _, f := range policy.CheckAdvanced(in.activity, a, true) {
		if f.Bars {
			return policy.Written{}, fault.New(fault.Invalid, f.Text, f.Fix).Because(&policy.Objection{Findings: []policy.Finding{f}})
		}
	}
	return s.clouds().Write(ctx, in.ID, policy.EditRequest{Advanced: &a}, policy.By{Actor: actor(c)})
}
