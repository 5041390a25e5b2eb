package policies

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// rulesText writes the rules of an advanced policy, one on a line, as a form
// shows them: the id the service gave, the cycle, the days, how long a set is
// kept.
func rulesText(rows []clouds.Sparse) string {
	var lines []string
	for _, r := range rows {
		var days []string
		for _, d := range r.Days {
			switch {
			case r.Cycle == clouds.Monthly && d == clouds.LastDay:
				days = append(days, "last")
			case r.Cycle == clouds.Yearly:
				days = append(days, fmt.Sprintf("%02d-%02d", d/100, d%100))
			default:
				days = append(days, strconv.Itoa(d))
			}
		}
		keep := strconv.Itoa(r.RetentionDays)
		if r.RetentionDays == clouds.Forever {
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
func readRules(text string) (rows []clouds.Sparse, err error) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		r, err := readRule(line)
		if err != nil {
			return nil, err
		}
		if rows = append(rows, r); len(rows) > maxRules {
			return nil, fault.Newf(fault.Invalid, "There are more than %d rules.", maxRules).
				WithFix("Leave some out.")
		}
	}
	return rows, nil
}

func readRule(line string) (r clouds.Sparse, err error) {
	bad := func(what string) error {
		return fault.Newf(fault.Invalid, "The rule %q cannot be read: %s.", line, what).
			WithFix("Write a rule as: weekly 1,4 keep 30; monthly last keep 365; yearly 12-31 keep forever.")
	}
	if id, rest, found := strings.Cut(line, ": "); found {
		r.ID, line = strings.TrimSpace(id), strings.TrimSpace(rest)
	}
	words := strings.Fields(line)
	if len(words) != 4 || words[2] != "keep" {
		return r, bad("it is not cycle, days, keep, time")
	}
	switch r.Cycle = clouds.Cycle(words[0]); r.Cycle {
	case clouds.Weekly, clouds.Monthly, clouds.Yearly:
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
		r.RetentionDays = clouds.Forever
		return r, nil
	}
	if r.RetentionDays, err = strconv.Atoi(words[3]); err != nil {
		return r, bad("the time is a number of days, or forever")
	}
	return r, nil
}

func readRuleDay(c clouds.Cycle, text string) (int, bool) {
	if c == clouds.Monthly && text == "last" {
		return clouds.LastDay, true
	}
	if c == clouds.Yearly {
		month, day, found := strings.Cut(text, "-")
		m, err1 := strconv.Atoi(month)
		d, err2 := strconv.Atoi(day)
		return m*100 + d, found && err1 == nil && err2 == nil
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// advancedRequest turns a form into an advanced policy, beginning with what is set.
func advancedRequest(v url.Values, now clouds.Advanced) (a clouds.Advanced, wrong map[string]string) {
	a, wrong = now, map[string]string{}
	rows, err := readRules(v.Get(clouds.FieldRows))
	if err != nil {
		message, fix := fault.Words(err)
		wrong[clouds.FieldRows] = server.WithFix(message, fix)
	}
	a.Rows = rows
	for field, to := range map[string]*int{clouds.FieldHour: &a.Hour, clouds.FieldLogKept: &a.LogRetentionDays} {
		if text := strings.TrimSpace(v.Get(field)); text != "" {
			if *to, err = strconv.Atoi(text); err != nil {
				wrong[field] = fmt.Sprintf("%q is not a number.", text)
			}
		}
	}
	return a, wrong
}

// advancedForm is the form that changes the rules.
func advancedForm(z kit.Zone, id string, v url.Values, wrong map[string]string) *kit.Form {
	hour := kit.Field{Name: clouds.FieldHour, Label: "Backups start between", Type: "select", Value: v.Get(clouds.FieldHour), Error: wrong[clouds.FieldHour]}
	for h := range 24 {
		hour.Options = append(hour.Options, kit.Option{Value: strconv.Itoa(h), Label: clouds.HourWords(h, z.Local, z.Now)})
	}
	return &kit.Form{Action: server.PolicyHref(id) + "/advanced/review", Method: "get", Submit: "Review the change", Fields: []kit.Field{
		{Name: clouds.FieldRows, Label: "Rules, one on a line", Type: "area", Mono: true, Value: v.Get(clouds.FieldRows), Error: wrong[clouds.FieldRows],
			Hint: "weekly 1,4 keep 30 (Monday is 1) · monthly 1,last keep 365 · yearly 12-31 keep forever. What stands before the colon is the service's id; a new rule has none. The first rule is weekly and stays."},
		hour,
		{Name: clouds.FieldLogKept, Label: "Keep log backups for (days)", Type: "number", Value: v.Get(clouds.FieldLogKept), Error: wrong[clouds.FieldLogKept], Hint: "7 to 7,300, and no longer than data."}}}
}

// advancedValues are the fields of the form as they are set.
func advancedValues(a clouds.Advanced) url.Values {
	return url.Values{clouds.FieldRows: {rulesText(a.Rows)}, clouds.FieldHour: {strconv.Itoa(a.Hour)}, clouds.FieldLogKept: {strconv.Itoa(a.LogRetentionDays)}}
}

// cloudAdvancedReview shows what a change of the rules will do.
func (s *Pages) cloudAdvancedReview(c echo.Context) (server.View, error) {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return s.cloudAdvancedReviewView(c, in, c.QueryParams(), nil)
}

func (s *Pages) cloudAdvancedReviewView(c echo.Context, in server.CloudSeen, q url.Values, refused error) (server.View, error) {
	if err := in.Answered(); err != nil {
		return server.View{}, err
	}
	z, st, here := s.Zone(c), in.Standing, server.PolicyHref(in.ID)+"/advanced"
	a, wrong := advancedRequest(q, st.Advanced)
	findings := clouds.CheckAdvanced(st, a, true)
	for field, words := range server.Barred(findings) {
		if wrong[field] == "" {
			wrong[field] = words
		}
	}
	for field, words := range server.RefusedFields(refused) {
		wrong[field] = words
	}
	v := kit.CloudOrder{Head: server.Inside(s.CloudHead(c, in, "policy"), kit.Link{Text: "Policy", Href: server.PolicyHref(in.ID)}, kit.Link{Text: "Advanced", Href: here}, kit.Link{Text: "Review"}),
		Title: "Save", Same: "Nothing: the service has exactly these rules.", Changes: changeRows(clouds.DiffAdvanced(st.Advanced, a)), Notes: server.NotesOf(findings)}
	v.Calendar = calendar(z, "year", clouds.Year(a, s.Now().UTC(), server.DaysOfYear), a.Method == clouds.Snapshot, server.DaysOfYear, "Framed days are kept for ever.")
	out := server.CloudPage("Review the advanced policy of "+in.Name, func(f kit.Frame) templ.Component { return kit.CloudOrderPage(f, v) })
	if len(wrong) == 0 {
		call, err := clouds.AdvancedCall(in.InstanceID, st.Advanced, a)
		if err != nil {
			if fault.Of(err) == fault.Unknown {
				return server.View{}, err
			}
			wrong[clouds.FieldRows], _ = fault.Words(err)
		}
		v.Call = server.CallText(call)
	}
	if len(wrong) > 0 {
		v.Title, v.Form = "Change it", advancedForm(z, in.ID, q, wrong)
		v.Form.Problem, v.Form.Cancel = server.ProblemOf(refused), here
		out.Status = 422
		return out, nil
	}
	v.Points = []string{"The call on this page is made as it stands there; rules that stay are not sent.", "Where the service takes no such change it says so, and nothing is changed.", "The policy is read again and compared, and becomes a version."}
	v.Form = &kit.Form{Action: here, Submit: "Save it", Cancel: here, Problem: server.ProblemOf(refused)}
	for _, name := range []string{clouds.FieldRows, clouds.FieldHour, clouds.FieldLogKept} {
		v.Form.Hidden = append(v.Form.Hidden, kit.Hidden{Name: name, Value: q.Get(name)})
	}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// cloudAdvancedSave writes the rules where the service takes them.
func (s *Pages) cloudAdvancedSave(c echo.Context) error {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	if err := in.Answered(); err != nil {
		return err
	}
	a, wrong := advancedRequest(form, in.Standing.Advanced)
	var done clouds.Written
	if err = nil; len(wrong) == 0 {
		done, err = s.WriteAdvanced(c, in, a)
	}
	if err != nil || len(wrong) > 0 {
		if err != nil && fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.cloudAdvancedReviewView(c, in, form, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	tone, words := server.WrittenWords(done)
	s.Say(c, tone, words)
	return server.SeeOther(c, server.PolicyHref(in.ID)+"/advanced")
}
