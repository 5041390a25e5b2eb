package templates_test

import (
	"time"

	"github.com/a-h/templ"

	"github.com/bakplane/bakplane/web/templates/catalogue"
	"github.com/bakplane/bakplane/web/templates/instances"
	"github.com/bakplane/bakplane/web/templates/kit"
	"github.com/bakplane/bakplane/web/templates/migrations"
	"github.com/bakplane/bakplane/web/templates/policies"
)

func cloudHead(here string) kit.CloudHead {
	h := kit.CloudHead{Name: "Hangzhou", Crumbs: []kit.Link{{Text: "Instances", Href: "/instances"}, {Text: "Hangzhou", Href: "/instances/1"}}, Under: "rm-bp1x7k9 · cn-hangzhou", Badge: kit.Badge{Text: "Running", Tone: kit.ToneOK},
		Seen: at(13, 41, 50), Age: "15 s ago", Look: &kit.Action{Label: "Look now", Href: "/instances/1/look", Post: true, Small: true}}
	for _, t := range []string{"Databases", "Policy", "Backup sets", "Log backups"} {
		h.Tabs = append(h.Tabs, kit.Tab{Label: t, Href: "/instances/1", Count: -1, Current: t == here})
	}
	return h
}

func coming(days int) *kit.Calendar {
	c := &kit.Calendar{ID: "coming", Label: "Coming backups", From: now, Today: now, Days: days}
	for i := 1; i < days; i += 3 {
		t := now.Truncate(24*time.Hour).AddDate(0, 0, i).Add(18 * time.Hour)
		c.Marks = append(c.Marks, kit.CalendarMark{At: t, Kind: kit.KindDiff, When: zone.At(t), Keep: "30 days"})
	}
	return c
}

// cloudPages are the pages of the backups of an instance of a cloud.
func cloudPages() []page {
	stored := kit.Quota{ID: "storage", Label: "Storage", Parts: []kit.QuotaPart{{Name: "full", Class: "full", Bytes: 180 << 30}, {Name: "log", Class: "log", Bytes: 2 << 30}}, Free: 250 << 30, Words: "It fits into the part without charge."}
	line := kit.Timeline{ID: "window", Label: "One window", From: now.AddDate(0, 0, -9), To: now, Now: now, Field: "f-at",
		Windows: []kit.Stretch{{From: now.AddDate(0, 0, -7), To: now, Text: "any second", Title: "Any second.", Begin: at(1, 0, 0), Ends: at(13, 30, 0)}}}
	moment := kit.Field{Name: "at", Label: "Moment to restore to (UTC)", Value: "2026-11-20 13:30:00", Mono: true}
	days := kit.Field{Name: "days", Label: "Days", Type: "checks", Values: []string{"Monday"}, Error: "The service takes backups on at least two days a week.", Options: []kit.Option{{Value: "Monday", Label: "Mon"}, {Value: "Tuesday", Label: "Tue", Off: true, Hint: "not now"}}}
	figures := kit.Chart{ID: "sizes", Title: "Size", Unit: "bytes", Series: []kit.ChartSeries{{Name: "Full", Class: "full"}}, Rows: []kit.ChartRow{{When: at(1, 0, 0), Unix: 1, Values: []kit.ChartValue{{Text: "4.0 GB", Raw: 4 << 30}}}}}
	return []page{
		{"cloud-policy", "Policy", "instances", func(f kit.Frame) templ.Component {
			return policies.CloudPolicyPage(f, policies.CloudPolicy{Head: cloudHead("Policy"), Facts: []kit.Fact{{Label: "Worst-case RPO", Value: "30 min", Words: true}}, Calendar: coming(28), Quota: &stored, Advanced: "It is not in force.",
				Notes: []kit.Help{{Tone: kit.ToneWarn, Title: "Changed elsewhere: Kept: 7 days → 30 days.", Actions: []kit.Action{{Label: "Accept it as a new version", Href: "/instances/1/policy/accept", Post: true}}}},
				Pairs: []kit.Pair{{Key: "Kept for", Value: "30 days"}}, Raw: []kit.Pair{{Key: "ReleasedKeepPolicy", Value: "Lastest"}},
				Versions: []policies.CloudVersion{{Number: "2", When: at(13, 30, 0), Who: "seen in the cloud", Changes: []string{"Kept: 7 days → 30 days"}, Current: true}, {Number: "1", When: at(9, 0, 0), Who: "dba@example.org", Action: &kit.Action{Label: "Roll back…", Href: "/instances/1/policy/review?version=1", Small: true}}}})
		}, []string{"As the service said 15 s ago.", "Changed elsewhere", "Kept: 7 days → 30 days", "Roll back…", "It fits into the part without charge.", "250 GB free of charge", "in force"}},
		{"cloud-order", "Change", "instances", func(f kit.Frame) templ.Component {
			return kit.CloudOrderPage(f, kit.CloudOrder{Head: cloudHead("Policy"), Title: "Backup policy", Changes: []kit.Change{{What: "Kept", Before: "7 days", After: "30 days"}}, Timeline: &line, Calendar: coming(28), Quota: &stored, Call: "ModifyBackupPolicy\nBackupLog=Enable",
				Points: []string{"The policy is read again."}, Notes: []kit.Help{{Title: "A backup may start about two minutes after."}}, Recheck: "/instances/1/policy/edit", Form: &kit.Form{Action: "/instances/1/policy", Submit: "Save it", Fields: []kit.Field{days, moment}}})
		}, []string{"7 days", "30 days", "ModifyBackupPolicy", "at least two days a week", "not now", "Save it", "A backup may start"}},
		{"cloud-sets", "Sets", "instances", func(f kit.Frame) templ.Component {
			return catalogue.CloudSetsPage(f, catalogue.CloudSets{Head: cloudHead("Backup sets"), Filter: kit.Form{Action: "/instances/1/sets", Submit: "Show", Fields: []kit.Field{{Name: "database", Label: "Database"}}}, Charts: []kit.Chart{figures},
				Rows: []catalogue.CloudSetRow{{Name: kit.Link{Text: "20 Nov 01:00", Href: "/instances/1/sets/2"}, Kind: kit.KindFull, Method: "physical", Mode: "by hand", Badge: kit.Badge{Text: "complete", Tone: kit.ToneOK}, Database: "orders", Size: kit.Bytes(4 << 30), Began: at(1, 0, 0), Took: "7 min", Expires: at(1, 0, 0), Left: "in 29 d"}}})
		}, []string{"20 Nov 01:00", "09:00 local", "by hand", "4.0 GB", "in 29 d", "Over time"}},
		{"cloud-set", "Set", "instances", func(f kit.Frame) templ.Component {
			return catalogue.CloudSetPage(f, catalogue.CloudSet{Head: cloudHead("Backup sets"), Title: "Backup set of 20 Nov 01:00", Kind: kit.KindSnapshot, Pairs: []kit.Pair{{Key: "Taken", Value: "by the policy"}}, Copies: []kit.Pair{{Key: "cellar", Value: "4.0 GB"}},
				Doing: []catalogue.Doing{{Title: "Download", Text: "Links are shown once.", Action: kit.Action{Label: "Show the links", Href: "/x", Post: true, Off: "A snapshot has no download."}}}})
		}, []string{"SNAP", "by the policy", "cellar", "A snapshot has no download."}},
		{"cloud-links", "Links", "instances", func(f kit.Frame) templ.Component {
			return catalogue.DownloadLinksPage(f, catalogue.DownloadLinks{Head: cloudHead("Backup sets"), What: "Backup set", Warn: kit.Help{Tone: kit.ToneWarn, Title: "Whoever has one of these links has the data."}, Links: []catalogue.DownloadLink{{Name: "orders", Public: "https://example.org/a", Intranet: "https://example.org/b", Left: "in 1 h"}}, Back: kit.Action{Label: "Back", Href: "/instances/1/sets/2"}})
		}, []string{"Whoever has one", "https://example.org/a", "https://example.org/b", "in 1 h"}},
		{"cloud-logs", "Logs", "instances", func(f kit.Frame) templ.Component {
			return catalogue.CloudLogsPage(f, catalogue.CloudLogs{Head: cloudHead("Log backups"), Timeline: &line, Form: &kit.Form{Action: "/instances/1/restore", Method: "get", Submit: "Restore to this second…", Fields: []kit.Field{moment}},
				Rows: []catalogue.CloudLogRow{{From: at(13, 0, 0), To: at(13, 30, 0), Covers: "30 min", Size: kit.Bytes(38 << 20), Action: &kit.Action{Label: "Links", Href: "/instances/1/logs/links", Post: true, Small: true}}}})
		}, []string{"Recovery window", "Restore to this second…", "30 min", "38.0 MB"}},
		{"cloud-advanced", "Advanced", "instances", func(f kit.Frame) templ.Component {
			return policies.AdvancedPolicyPage(f, policies.AdvancedPolicy{Head: cloudHead("Policy"), Gate: kit.Help{Tone: kit.ToneWarn, Title: "It is shown, not written."}, Rows: []policies.SparseRow{{Cycle: "month", Days: "the last day", Keep: kit.Forever, ID: "s-1"}}, Calendar: coming(366)})
		}, []string{"It is shown, not written.", "the last day", "for ever", "The coming year"}},
		{"cloud-applied", "Applied", "instances", func(f kit.Frame) templ.Component {
			return policies.AppliedPage(f, policies.Applied{Head: cloudHead("Policy"), Rows: []policies.AppliedRow{{Name: kit.Link{Text: "Beijing", Href: "/instances/2/policy"}, Badge: kit.Badge{Text: "refused", Tone: kit.ToneBad}, Text: "The instance is locked.", Fix: "Enlarge the storage."}}})
		}, []string{"Beijing", "refused", "Enlarge the storage."}},
		{"cloud-tasks", "Tasks", "instances", func(f kit.Frame) templ.Component {
			return instances.CloudTasksPage(f, instances.CloudTasks{Head: cloudHead("Tasks"), Jobs: []instances.CloudJob{{ID: "78", Badge: kit.Badge{Text: "Uploading", Tone: kit.ToneRun}, Mode: "by the policy", Progress: &kit.Progress{Label: "Backup 78", Value: 40, Max: 100, Words: "40 %"}}}, None: kit.Empty{Title: "Nothing was ordered here yet."}})
		}, []string{"Uploading", "40 %", "Nothing was ordered here yet."}},
		{"cloud-migrations", "Migrations", "instances", func(f kit.Frame) templ.Component {
			return migrations.CloudMigrationsPage(f, migrations.CloudMigrations{Head: cloudHead("Migrations"), Migrations: migrations.Migrations{Empty: kit.Empty{Title: "No database was brought here yet."}}})
		}, []string{"No database was brought here yet."}},
	}
}
