package policies

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// servicePolicyRequestOf reads a form or a query.
func servicePolicyRequestOf(v url.Values) server.ServicePolicyRequest {
	return server.ServicePolicyRequest{Retention: strings.TrimSpace(v.Get(clouds.FieldRetention)), Days: v[clouds.FieldDays], Hour: v.Get(clouds.FieldHour), Method: v.Get(clouds.FieldMethod),
		Incremental: v.Get(clouds.FieldIncremental), Log: v.Get(clouds.FieldLog), Priority: v.Get(clouds.FieldPriority), Every: v.Get(clouds.FieldEvery), Confirm: v.Get("confirm")}
}

// cloudFields are the fields of the form. Values that the rules exclude beside
// the others cannot be chosen and carry the reason.
func cloudFields(z kit.Zone, w server.ServicePolicyRequest, s clouds.Standard, was clouds.Standing, wrong map[string]string) []kit.Field {
	retention := kit.Field{Name: clouds.FieldRetention, Label: "Keep data and log backups for (days)", Type: "number", Value: w.Retention, Hint: "7 to 730. Logs are kept as long as data; it cannot be set apart."}
	days := kit.Field{Name: clouds.FieldDays, Label: "Days (UTC)", Type: "checks", Hint: "At least two."}
	for _, d := range server.Weekdays {
		days.Options = append(days.Options, kit.Option{Value: d.String(), Label: d.String()[:3]})
		if slices.Contains(s.Days, d) {
			days.Values = append(days.Values, d.String())
		}
	}
	hour := kit.Field{Name: clouds.FieldHour, Label: "Backups start between", Type: "select", Value: strconv.Itoa(s.Hour), Hint: "An hour with little to do: physical backups run at full speed, without throttling."}
	for h := range 24 {
		hour.Options = append(hour.Options, kit.Option{Value: strconv.Itoa(h), Label: clouds.HourWords(h, z.Local, z.Now)})
	}
	fields := []kit.Field{retention, days, hour,
		{Name: clouds.FieldMethod, Label: "Method", Type: "choices", Value: string(s.Method)},
		{Name: clouds.FieldIncremental, Label: "Incremental backups", Type: "choices", Value: strconv.FormatBool(s.Incremental)},
		{Name: clouds.FieldLog, Label: "Log backups", Type: "choices", Value: string(s.Log), Hint: "They cannot be switched off. More often means more and smaller files, not more bytes."}}
	if was.Can.Snapshot || s.Method == clouds.Snapshot {
		fields = append(fields, kit.Field{Name: clouds.FieldEvery, Label: "More snapshots", Type: "select", Value: strconv.Itoa(s.SnapshotMinutes), Hint: "With the method Snapshot: besides the one at the hour."})
	}
	if was.Can.Cluster || was.Can.SetPriority || s.Priority != clouds.PriorityNone {
		fields = append(fields, kit.Field{Name: clouds.FieldPriority, Label: "Taken on", Type: "choices", Value: strconv.Itoa(int(s.Priority))})
	}
	for i := range fields {
		f := &fields[i]
		f.Error = wrong[f.Name]
		for _, c := range clouds.Choices(was, s) {
			if c.Field != f.Name {
				continue
			}
			o := kit.Option{Value: c.Value, Label: server.Capital(c.Name), Hint: choiceHints[c.Field+" "+c.Value]}
			if !c.Why.IsZero() {
				o.Off, o.Hint = true, c.Why.String()
			}
			f.Options = append(f.Options, o)
		}
	}
	return fields
}

// choiceHints say what a choice means.
var choiceHints = map[string]string{
	clouds.FieldMethod + " " + string(clouds.Physical): "Full and incremental, can be downloaded; slow and hard on the disk.",
	clouds.FieldMethod + " " + string(clouds.Snapshot): "Quick and light, always full; no download. There is no way back to physical backups by policy.",
	clouds.FieldIncremental + " true":                  "A differential when a full backup finished within the last three days, else a full one.",
	clouds.FieldIncremental + " false":                 "Every backup is full.",
	clouds.FieldLog + " " + string(clouds.LogAsData):   "What was written since the last data backup can be lost.",
	clouds.FieldPriority + " 1":                        "Spares the primary, and falls back to it. Excludes incremental backups and logs every 5 minutes.",
	clouds.FieldPriority + " 2":                        "The load of the backup is on the primary.",
}

// cloudPairs word a policy as it is set.
func cloudPairs(z kit.Zone, s clouds.Standard, can clouds.Abilities) []kit.Pair {
	p := []kit.Pair{
		{Key: "Kept for", Value: kit.Count(s.RetentionDays, "day", "days") + ", data and logs"},
		{Key: "Days (UTC)", Value: clouds.WeekWords(s.Days)},
		{Key: "Between", Value: clouds.HourWords(s.Hour, z.Local, z.Now)},
		{Key: "Method", Value: s.Method.Words()},
		{Key: "Incremental", Value: policy.OnOff(s.Incremental)},
		{Key: "Log backups", Value: s.Log.Words()},
	}
	if s.SnapshotMinutes > 0 {
		p = append(p, kit.Pair{Key: "More snapshots", Value: clouds.EveryWords(s.SnapshotMinutes)})
	}
	if can.Cluster || s.Priority != clouds.PriorityNone {
		p = append(p, kit.Pair{Key: "Taken on", Value: s.Priority.Words()})
	}
	return p
}
