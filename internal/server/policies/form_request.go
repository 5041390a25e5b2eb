package policies

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server"
)

// ruleKinds are the kinds of backups a policy has rules for, in the order of a
// chain.
var ruleKinds = []backup.Kind{backup.Full, backup.Differential, backup.Log}

// keepParts are the numbers that say how long sets are kept.
var keepParts = []struct {
	name, label string
	of          func(*policy.Keep) *int
}{
	{"days", "Days", func(k *policy.Keep) *int { return &k.Days }},
	{"count", "Newest", func(k *policy.Keep) *int { return &k.Count }},
	{"daily", "Daily", func(k *policy.Keep) *int { return &k.Daily }},
	{"weekly", "Weekly", func(k *policy.Keep) *int { return &k.Weekly }},
	{"monthly", "Monthly", func(k *policy.Keep) *int { return &k.Monthly }},
	{"yearly", "Yearly", func(k *policy.Keep) *int { return &k.Yearly }},
}

// policyRequest is a policy as a form sends it: what a person typed, as it was typed.
type policyRequest struct{ url.Values }

func (w policyRequest) text(name string) string { return strings.TrimSpace(w.Get(name)) }

// requestOfPolicy is a policy as its form would send it.
func requestOfPolicy(p policy.Policy) policyRequest {
	v := url.Values{"name": {p.Name}, "zone": {p.Zone}, "missed": {string(p.Missed)}, "bucket": {p.BucketID}, "servers": p.Servers,
		"include": {strings.Join(p.Databases.Include, "\n")}, "exclude": {strings.Join(p.Databases.Exclude, "\n")}, "enabled": {server.Flag(p.Enabled)},
		"version": {strconv.Itoa(p.Version)}, "window": {spanText(p.Window)}, "longest": {spanText(p.Longest)}, "objective": {spanText(p.Objective)}, "stripes": {strconv.Itoa(max(p.How.Stripes, 1))}}
	for name, on := range map[string]bool{"compress": p.How.Compress, "copyonly": p.How.CopyOnly, "verify": p.How.Verify} {
		if on {
			v.Add("how", name)
		}
	}
	slices.Sort(v["how"])
	server.HowValues(p.How, v)
	if p.Databases.System {
		v.Set("system", "1")
	}
	for _, r := range p.Rules {
		v.Set(policy.RuleField(r.Kind, "cron"), r.Cron)
		for _, part := range keepParts {
			if n := *part.of(&r.Keep); n != 0 {
				v.Set(policy.RuleField(r.Kind, part.name), strconv.Itoa(n))
			}
		}
	}
	return policyRequest{v}
}

// newServicePolicyRequest is what a new policy begins with.
func newServicePolicyRequest(zone string) policyRequest {
	return requestOfPolicy(policy.Policy{Enabled: true, Zone: zone, Missed: policy.MissedLate, Window: 4 * time.Hour, Objective: 30 * time.Minute,
		How: policy.How{Compress: true, Verify: true},
		Rules: []policy.Rule{
			{Kind: backup.Full, Cron: "0 2 * * 0", Keep: policy.Keep{Weekly: 5, Monthly: 12}},
			{Kind: backup.Differential, Cron: "0 2 * * 1-6", Keep: policy.Keep{Days: 14}},
			{Kind: backup.Log, Cron: "*/15 * * * *", Keep: policy.Keep{Days: 14}},
		}})
}

// policy turns the words into a policy. What cannot be read is told by field.
func (w policyRequest) policy() (p policy.Policy, wrong map[string]string) {
	wrong = map[string]string{}
	number := func(name string, to *int) {
		text := w.text(name)
		if text == "" {
			return
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			wrong[name] = fmt.Sprintf("%q is not a whole number.", text)
			return
		}
		*to = n
	}
	span := func(name string, to *time.Duration) {
		d, err := readSpan(w.text(name))
		if err != nil {
			wrong[name], _ = fault.Words(err)
		}
		*to = d
	}
	p = policy.Policy{Name: w.text("name"), Enabled: w.text("enabled") != "", Servers: w.Values["servers"], Zone: w.text("zone"), Missed: policy.Missed(w.text("missed")), BucketID: w.text("bucket"),
		Databases: policy.Selection{Include: patterns(w.Get("include")), Exclude: patterns(w.Get("exclude")), System: w.text("system") != ""},
		How:       policy.How{Compress: slices.Contains(w.Values["how"], "compress"), CopyOnly: slices.Contains(w.Values["how"], "copyonly"), Verify: slices.Contains(w.Values["how"], "verify")}}
	number("stripes", &p.How.Stripes)
	server.HowOf(w.Values, &p.How, func(field, message string) { wrong[field] = message })
	number("version", &p.Version)
	if p.How.Stripes == 1 {
		p.How.Stripes = 0
	}
	span("window", &p.Window)
	span("longest", &p.Longest)
	span("objective", &p.Objective)
	for _, kind := range ruleKinds {
		r := policy.Rule{Kind: kind, Cron: w.text(policy.RuleField(kind, "cron"))}
		for _, part := range keepParts {
			number(policy.RuleField(kind, part.name), part.of(&r.Keep))
		}
		if r.Cron != "" {
			p.Rules = append(p.Rules, r)
		}
	}
	return p, wrong
}

// patterns are the lines of a text, or its parts between commas.
func patterns(text string) (out []string) {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ',' || r == '\r' }) {
		if p := strings.TrimSpace(line); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// readSpan reads a duration as people write it: 15m, 4h, 1d, 1h30m; a number
// alone is minutes.
func readSpan(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	bad := func() error {
		return fault.Newf(fault.Invalid, "%q is not a time span.", text).
			WithFix("Write it such as 15m, 4h or 1d.")
	}
	if n, err := strconv.Atoi(text); err == nil {
		text = strconv.Itoa(n) + "m"
	}
	var days time.Duration
	if before, rest, found := strings.Cut(text, "d"); found {
		n, err := strconv.Atoi(strings.TrimSpace(before))
		if err != nil || n < 0 || n > 36500 {
			return 0, bad()
		}
		if days, text = time.Duration(n)*24*time.Hour, strings.TrimSpace(rest); text == "" {
			return days, nil
		}
	}
	d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
	if err != nil || d < 0 {
		return 0, bad()
	}
	return days + d, nil
}

// spanText is a duration as readSpan reads it; empty for none.
func spanText(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	var out string
	if days := d / (24 * time.Hour); days > 0 {
		out, d = fmt.Sprintf("%dd", days), d%(24*time.Hour)
	}
	if h := d / time.Hour; h > 0 {
		out += fmt.Sprintf("%dh", h)
	}
	if m := d % time.Hour / time.Minute; m > 0 {
		out += fmt.Sprintf("%dm", m)
	}
	if s := d % time.Minute / time.Second; s > 0 {
		out += fmt.Sprintf("%ds", s)
	}
	return out
}
