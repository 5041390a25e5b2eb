package server

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// servicePolicyRequest is a standard policy as a form or a program sends it. Empty fields
// stay as they are set.
type servicePolicyRequest struct {
	Retention   string
	Days        []string
	Hour        string
	Method      string
	Incremental string
	Log         string
	Priority    string
	Confirm     string // the one-way change, typed
}

// servicePolicyRequestOf reads a form or a query.
func servicePolicyRequestOf(v url.Values) servicePolicyRequest {
	return servicePolicyRequest{Retention: strings.TrimSpace(v.Get(policy.FieldRetention)), Days: v[policy.FieldDays], Hour: v.Get(policy.FieldHour), Method: v.Get(policy.FieldMethod),
		Incremental: v.Get(policy.FieldIncremental), Log: v.Get(policy.FieldLog), Priority: v.Get(policy.FieldPriority), Confirm: v.Get("confirm")}
}

// asked reports whether the form was sent at all: without days the form was
// opened anew, or every day was taken away.
func (w servicePolicyRequest) asked() bool { return w.Retention != "" || w.Hour != "" }

// requestFor is the request that leads to a policy.
func requestFor(s policy.Standard) servicePolicyRequest {
	w := servicePolicyRequest{Retention: strconv.Itoa(s.RetentionDays), Hour: strconv.Itoa(s.Hour), Method: string(s.Method), Incremental: strconv.FormatBool(s.Incremental), Log: string(s.Log), Priority: strconv.Itoa(int(s.Priority))}
	for _, d := range s.Days {
		w.Days = append(w.Days, d.String())
	}
	return w
}

func onOffWords(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// values are the fields, for links and hidden fields.
func (w servicePolicyRequest) values() url.Values {
	v := url.Values{policy.FieldDays: w.Days}
	for name, value := range map[string]string{policy.FieldRetention: w.Retention, policy.FieldHour: w.Hour, policy.FieldMethod: w.Method, policy.FieldIncremental: w.Incremental, policy.FieldLog: w.Log, policy.FieldPriority: w.Priority} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// hidden are the same as fixed fields.
func (w servicePolicyRequest) hidden() (out []templates.Hidden) {
	for _, name := range []string{policy.FieldRetention, policy.FieldDays, policy.FieldHour, policy.FieldMethod, policy.FieldIncremental, policy.FieldLog, policy.FieldPriority} {
		for _, value := range w.values()[name] {
			out = append(out, templates.Hidden{Name: name, Value: value})
		}
	}
	return out
}

var weekdays = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// standard turns the words into a policy, beginning with what is set. Words
// that cannot be read are told by field; the rules are checked elsewhere.
func (w servicePolicyRequest) standard(now policy.Standard) (s policy.Standard, wrong map[string]string) {
	s, wrong = now, map[string]string{}
	if w.Retention != "" {
		n, err := strconv.Atoi(w.Retention)
		if err != nil {
			wrong[policy.FieldRetention] = fmt.Sprintf("%q is not a number of days.", w.Retention)
		}
		s.RetentionDays = n
	}
	if w.Hour != "" {
		n, err := strconv.Atoi(w.Hour)
		if err != nil {
			wrong[policy.FieldHour] = fmt.Sprintf("%q is not an hour.", w.Hour)
		}
		s.Hour = n
	}
	if w.asked() {
		s.Days = nil
		for _, name := range w.Days {
			i := slices.IndexFunc(weekdays, func(d time.Weekday) bool { return strings.EqualFold(d.String(), name) })
			if i < 0 {
				wrong[policy.FieldDays] = fmt.Sprintf("%q is not a day of the week.", name)
				continue
			}
			s.Days = append(s.Days, weekdays[i])
		}
		slices.SortFunc(s.Days, func(a, b time.Weekday) int { return (int(a)+6)%7 - (int(b)+6)%7 })
		s.Days = slices.Compact(s.Days)
	}
	if w.Method != "" {
		s.Method = policy.Method(w.Method)
	}
	if w.Incremental != "" {
		s.Incremental = w.Incremental == "true"
	}
	if w.Log != "" {
		s.Log = policy.LogFrequency(w.Log)
	}
	if w.Priority != "" {
		n, err := strconv.Atoi(w.Priority)
		if err != nil {
			wrong[policy.FieldPriority] = fmt.Sprintf("%q is not a priority.", w.Priority)
		}
		s.Priority = policy.Priority(n)
	}
	return s, wrong
}

// policyFields are the fields of the form. Values that the rules exclude beside
// the others cannot be chosen and carry the reason.
func policyFields(z templates.Zone, w servicePolicyRequest, s policy.Standard, was policy.Standing, wrong map[string]string) []templates.Field {
	retention := templates.Field{Name: policy.FieldRetention, Label: "Keep data and log backups for (days)", Type: "number", Value: w.Retention, Hint: "7 to 730. Logs are kept as long as data; it cannot be set apart."}
	days := templates.Field{Name: policy.FieldDays, Label: "Days (UTC)", Type: "checks", Hint: "At least two."}
	for _, d := range weekdays {
		days.Options = append(days.Options, templates.Option{Value: d.String(), Label: d.String()[:3]})
		if slices.Contains(s.Days, d) {
			days.Values = append(days.Values, d.String())
		}
	}
	hour := templates.Field{Name: policy.FieldHour, Label: "Backups start between", Type: "select", Value: strconv.Itoa(s.Hour), Hint: "An hour with little to do: physical backups run at full speed, without throttling."}
	for h := range 24 {
		hour.Options = append(hour.Options, templates.Option{Value: strconv.Itoa(h), Label: policy.HourWords(h, z.Local, z.Now)})
	}
	fields := []templates.Field{retention, days, hour,
		{Name: policy.FieldMethod, Label: "Method", Type: "choices", Value: string(s.Method)},
		{Name: policy.FieldIncremental, Label: "Incremental backups", Type: "choices", Value: strconv.FormatBool(s.Incremental)},
		{Name: policy.FieldLog, Label: "Log backups", Type: "choices", Value: string(s.Log), Hint: "They cannot be switched off. More often means more and smaller files, not more bytes."}}
	if was.Can.Cluster || was.Can.SetPriority || s.Priority != policy.PriorityNone {
		fields = append(fields, templates.Field{Name: policy.FieldPriority, Label: "Taken on", Type: "choices", Value: strconv.Itoa(int(s.Priority))})
	}
	for i := range fields {
		f := &fields[i]
		f.Error = wrong[f.Name]
		for _, c := range policy.Choices(was, s) {
			if c.Field != f.Name {
				continue
			}
			o := templates.Option{Value: c.Value, Label: capital(c.Name), Hint: choiceHints[c.Field+" "+c.Value]}
			if c.Why != "" {
				o.Off, o.Hint = true, c.Why
			}
			f.Options = append(f.Options, o)
		}
	}
	return fields
}

// choiceHints say what a choice means.
var choiceHints = map[string]string{
	policy.FieldMethod + " " + string(policy.Physical): "Full and incremental, can be downloaded; slow and hard on the disk.",
	policy.FieldMethod + " " + string(policy.Snapshot): "Quick and light, always full; no download. There is no way back to physical backups by policy.",
	policy.FieldIncremental + " true":                  "A differential when a full backup finished within the last three days, else a full one.",
	policy.FieldIncremental + " false":                 "Every backup is full.",
	policy.FieldLog + " " + string(policy.LogAsData):   "What was written since the last data backup can be lost.",
	policy.FieldPriority + " 1":                        "Spares the primary, and falls back to it. Excludes incremental backups and logs every 5 minutes.",
	policy.FieldPriority + " 2":                        "The load of the backup is on the primary.",
}

// policyPairs word a policy as it is set.
func policyPairs(z templates.Zone, s policy.Standard, can policy.Abilities) []templates.Pair {
	p := []templates.Pair{
		{Key: "Kept for", Value: templates.Count(s.RetentionDays, "day", "days") + ", data and logs"},
		{Key: "Days (UTC)", Value: policy.WeekWords(s.Days)},
		{Key: "Between", Value: policy.HourWords(s.Hour, z.Local, z.Now)},
		{Key: "Method", Value: s.Method.Words()},
		{Key: "Incremental", Value: onOffWords(s.Incremental)},
		{Key: "Log backups", Value: s.Log.Words()},
	}
	if can.Cluster || s.Priority != policy.PriorityNone {
		p = append(p, templates.Pair{Key: "Taken on", Value: s.Priority.Words()})
	}
	return p
}
