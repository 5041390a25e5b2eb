package policies

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// servicePolicyRequestOf reads a form or a query.
func servicePolicyRequestOf(v url.Values) server.ServicePolicyRequest {
	return server.ServicePolicyRequest{Retention: strings.TrimSpace(v.Get(policy.FieldRetention)), Days: v[policy.FieldDays], Hour: v.Get(policy.FieldHour), Method: v.Get(policy.FieldMethod),
		Incremental: v.Get(policy.FieldIncremental), Log: v.Get(policy.FieldLog), Priority: v.Get(policy.FieldPriority), Every: v.Get(policy.FieldEvery), Confirm: v.Get("confirm")}
}

func onOffWords(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// cloudFields are the fields of the form. Values that the rules exclude beside
// the others cannot be chosen and carry the reason.
func cloudFields(z kit.Zone, w server.ServicePolicyRequest, s policy.Standard, was policy.Standing, wrong map[string]string) []kit.Field {
	retention := kit.Field{Name: policy.FieldRetention, Label: "Keep data and log backups for (days)", Type: "number", Value: w.Retention, Hint: "7 to 730. Logs are kept as long as data; it cannot be set apart."}
	days := kit.Field{Name: policy.FieldDays, Label: "Days (UTC)", Type: "checks", Hint: "At least two."}
	for _, d := range server.Weekdays {
		days.Options = append(days.Options, kit.Option{Value: d.String(), Label: d.String()[:3]})
		if slices.Contains(s.Days, d) {
			days.Values = append(days.Values, d.String())
		}
	}
	hour := kit.Field{Name: policy.FieldHour, Label: "Backups start between", Type: "select", Value: strconv.Itoa(s.Hour), Hint: "An hour with little to do: physical backups run at full speed, without throttling."}
	for h := range 24 {
		hour.Options = append(hour.Options, kit.Option{Value: strconv.Itoa(h), Label: policy.HourWords(h, z.Local, z.Now)})
	}
	fields := []kit.Field{retention, days, hour,
		{Name: policy.FieldMethod, Label: "Method", Type: "choices", Value: string(s.Method)},
		{Name: policy.FieldIncremental, Label: "Incremental backups", Type: "choices", Value: strconv.FormatBool(s.Incremental)},
		{Name: policy.FieldLog, Label: "Log backups", Type: "choices", Value: string(s.Log), Hint: "They cannot be switched off. More often means more and smaller files, not more bytes."}}
	if was.Can.Snapshot || s.Method == policy.Snapshot {
		fields = append(fields, kit.Field{Name: policy.FieldEvery, Label: "Snapshots besides", Type: "select", Value: strconv.Itoa(s.SnapshotMinutes), Hint: "More snapshots than the one at the hour."})
	}
	if was.Can.Cluster || was.Can.SetPriority || s.Priority != policy.PriorityNone {
		fields = append(fields, kit.Field{Name: policy.FieldPriority, Label: "Taken on", Type: "choices", Value: strconv.Itoa(int(s.Priority))})
	}
	for i := range fields {
		f := &fields[i]
		f.Error = wrong[f.Name]
		for _, c := range policy.Choices(was, s) {
			if c.Field != f.Name {
				continue
			}
			o := kit.Option{Value: c.Value, Label: server.Capital(c.Name), Hint: choiceHints[c.Field+" "+c.Value]}
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

// cloudPairs word a policy as it is set.
func cloudPairs(z kit.Zone, s policy.Standard, can policy.Abilities) []kit.Pair {
	p := []kit.Pair{
		{Key: "Kept for", Value: kit.Count(s.RetentionDays, "day", "days") + ", data and logs"},
		{Key: "Days (UTC)", Value: policy.WeekWords(s.Days)},
		{Key: "Between", Value: policy.HourWords(s.Hour, z.Local, z.Now)},
		{Key: "Method", Value: s.Method.Words()},
		{Key: "Incremental", Value: onOffWords(s.Incremental)},
		{Key: "Log backups", Value: s.Log.Words()},
	}
	if s.SnapshotMinutes > 0 {
		p = append(p, kit.Pair{Key: "Snapshots besides", Value: policy.EveryWords(s.SnapshotMinutes)})
	}
	if can.Cluster || s.Priority != policy.PriorityNone {
		p = append(p, kit.Pair{Key: "Taken on", Value: s.Priority.Words()})
	}
	return p
}
