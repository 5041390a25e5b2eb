package templates_test

import (
	"time"

	"github.com/a-h/templ"

	. "github.com/bakplane/bakplane/web/templates"
)

func cloudHead(here string) CloudHead {
	h := CloudHead{Name: "Hangzhou", Crumbs: []Link{{"Instances", "/instances"}, {"Hangzhou", "/instances/1"}}, Under: "rm-bp1x7k9 · cn-hangzhou", Badge: Badge{"Running", ToneOK},
		Seen: at(13, 41, 50), Age: "15 s ago", Look: &Action{Label: "Look now", Href: "/instances/1/look", Post: true, Small: true}}
	for _, t := range []string{"Databases", "Policy", "Backup sets", "Log backups"} {
		h.Tabs = append(h.Tabs, Tab{Label: t, Href: "/instances/1", Count: -1, Current: t == here})
	}
	return h
}

func coming(days int) *Calendar {
	c := &Calendar{ID: "coming", Label: "Coming backups", From: now, Today: now, Days: days}
	for i := 1; i < days; i += 3 {
		t := now.Truncate(24*time.Hour).AddDate(0, 0, i).Add(18 * time.Hour)
		c.Marks = append(c.Marks, CalendarMark{At: t, Kind: KindDiff, When: zone.At(t), Keep: "30 days"})
	}
	return c
}

// cloudPages are the pages of the backups of an instance of a cloud.
func cloudPages() []page {
	stored := Quota{ID: "storage", Label: "Storage", Parts: []QuotaPart{{"full", "full", 180 << 30}, {"log", "log", 2 << 30}}, Free: 250 << 30, Words: "It fits into the part without charge."}
	line := Timeline{ID: "window", Label: "One window", From: now.AddDate(0, 0, -9), To: now, Now: now, Field: "f-at",
		Windows: []Stretch{{From: now.AddDate(0, 0, -7), To: now, Text: "any second", Title: "Any second.", Begin: at(1, 0, 0), Ends: at(13, 30, 0)}}}
	moment := Field{Name: "at", Label: "Moment to restore to (UTC)", Value: "2026-11-20 13:30:00", Mono: true}
	days := Field{Name: "days", Label: "Days", Type: "checks", Values: []string{"Monday"}, Error: "The service takes backups on at least two days a week.", Options: []Option{{Value: "Monday", Label: "Mon"}, {Value: "Tuesday", Label: "Tue", Off: true, Hint: "not now"}}}
	figures := Chart{ID: "sizes", Title: "Size", Unit: "bytes", Series: []ChartSeries{{Name: "Full", Class: "full"}}, Rows: []ChartRow{{When: at(1, 0, 0), Unix: 1, Values: []ChartValue{{"4.0 GB", 4 << 30}}}}}
	return []page{
		{"cloud-policy", "Policy", "instances", func(f Frame) templ.Component {
			return CloudPolicyPage(f, CloudPolicy{Head: cloudHead("Policy"), Facts: []Fact{{Label: "Worst-case RPO", Value: "30 min", Words: true}}, Calendar: coming(28), Quota: &stored, Advanced: "It is not in force.",
				Notes: []Help{{Tone: ToneWarn, Title: "Changed elsewhere: Kept: 7 days → 30 days.", Actions: []Action{{Label: "Accept it as a new version", Href: "/instances/1/policy/accept", Post: true}}}},
				Pairs: []Pair{{Key: "Kept for", Value: "30 days"}}, Raw: []Pair{{Key: "ReleasedKeepPolicy", Value: "Lastest"}},
				Versions: []PolicyVersion{{Number: "2", When: at(13, 30, 0), Who: "seen in the cloud", Changes: []string{"Kept: 7 days → 30 days"}, Current: true}, {Number: "1", When: at(9, 0, 0), Who: "dba@example.org", Action: &Action{Label: "Roll back…", Href: "/instances/1/policy/review?version=1", Small: true}}}})
		}, []string{"As the service said 15 s ago.", "Changed elsewhere", "Kept: 7 days → 30 days", "Roll back…", "It fits into the part without charge.", "250 GB free of charge", "in force"}},
		{"cloud-order", "Change", "instances", func(f Frame) templ.Component {
			return CloudOrderPage(f, CloudOrder{Head: cloudHead("Policy"), Title: "Backup policy", Changes: []Change{{"Kept", "7 days", "30 days"}}, Timeline: &line, Calendar: coming(28), Quota: &stored, Call: "ModifyBackupPolicy\nBackupLog=Enable",
				Points: []string{"The policy is read again."}, Notes: []Help{{Title: "A backup may start about two minutes after."}}, Recheck: "/instances/1/policy/edit", Form: &Form{Action: "/instances/1/policy", Submit: "Save it", Fields: []Field{days, moment}}})
		}, []string{"7 days", "30 days", "ModifyBackupPolicy", "at least two days a week", "not now", "Save it", "A backup may start"}},
		{"cloud-sets", "Sets", "instances", func(f Frame) templ.Component {
			return CloudSetsPage(f, CloudSets{Head: cloudHead("Backup sets"), Filter: Form{Action: "/instances/1/sets", Submit: "Show", Fields: []Field{{Name: "database", Label: "Database"}}}, Charts: []Chart{figures},
				Rows: []CloudSetRow{{Name: Link{"20 Nov 01:00", "/instances/1/sets/2"}, Kind: KindFull, Method: "physical", Mode: "by hand", Badge: Badge{"complete", ToneOK}, Database: "orders", Size: Bytes(4 << 30), Began: at(1, 0, 0), Took: "7 min", Expires: at(1, 0, 0), Left: "in 29 d"}}})
		}, []string{"20 Nov 01:00", "09:00 local", "by hand", "4.0 GB", "in 29 d", "Over time"}},
		{"cloud-set", "Set", "instances", func(f Frame) templ.Component {
			return CloudSetPage(f, CloudSet{Head: cloudHead("Backup sets"), Title: "Backup set of 20 Nov 01:00", Kind: KindSnapshot, Pairs: []Pair{{Key: "Taken", Value: "by the policy"}}, Copies: []Pair{{Key: "cellar", Value: "4.0 GB"}},
				Doing: []Doing{{Title: "Download", Text: "Links are shown once.", Action: Action{Label: "Show the links", Href: "/x", Post: true, Off: "A snapshot has no download."}}}})
		}, []string{"SNAP", "by the policy", "cellar", "A snapshot has no download."}},
		{"cloud-links", "Links", "instances", func(f Frame) templ.Component {
			return DownloadLinksPage(f, DownloadLinks{Head: cloudHead("Backup sets"), What: "Backup set", Warn: Help{Tone: ToneWarn, Title: "Whoever has one of these links has the data."}, Links: []DownloadLink{{Name: "orders", Public: "https://example.org/a", Intranet: "https://example.org/b", Left: "in 1 h"}}, Back: Action{Label: "Back", Href: "/instances/1/sets/2"}})
		}, []string{"Whoever has one", "https://example.org/a", "https://example.org/b", "in 1 h"}},
		{"cloud-logs", "Logs", "instances", func(f Frame) templ.Component {
			return CloudLogsPage(f, CloudLogs{Head: cloudHead("Log backups"), Timeline: &line, Form: &Form{Action: "/instances/1/restore", Method: "get", Submit: "Restore to this second…", Fields: []Field{moment}},
				Rows: []CloudLogRow{{From: at(13, 0, 0), To: at(13, 30, 0), Covers: "30 min", Size: Bytes(38 << 20), Action: &Action{Label: "Links", Href: "/instances/1/logs/links", Post: true, Small: true}}}})
		}, []string{"Recovery window", "Restore to this second…", "30 min", "38.0 MB"}},
		{"cloud-advanced", "Advanced", "instances", func(f Frame) templ.Component {
			return AdvancedPolicyPage(f, AdvancedPolicy{Head: cloudHead("Policy"), Gate: Help{Tone: ToneWarn, Title: "It is shown, not written."}, Rows: []SparseRow{{Cycle: "month", Days: "the last day", Keep: Forever, ID: "s-1"}}, Calendar: coming(366)})
		}, []string{"It is shown, not written.", "the last day", "for ever", "The coming year"}},
		{"cloud-applied", "Applied", "instances", func(f Frame) templ.Component {
			return AppliedPage(f, Applied{Head: cloudHead("Policy"), Rows: []AppliedRow{{Name: Link{"Beijing", "/instances/2/policy"}, Badge: Badge{"refused", ToneBad}, Text: "The instance is locked.", Fix: "Enlarge the storage."}}})
		}, []string{"Beijing", "refused", "Enlarge the storage."}},
		{"cloud-tasks", "Tasks", "instances", func(f Frame) templ.Component {
			return CloudTasksPage(f, CloudTasks{Head: cloudHead("Tasks"), Jobs: []CloudJob{{ID: "78", Badge: Badge{"Uploading", ToneRun}, Mode: "by the policy", Progress: &Progress{Label: "Backup 78", Value: 40, Max: 100, Words: "40 %"}}}, None: Empty{Title: "Nothing was ordered here yet."}})
		}, []string{"Uploading", "40 %", "Nothing was ordered here yet."}},
		{"cloud-migrations", "Migrations", "instances", func(f Frame) templ.Component {
			return CloudMigrationsPage(f, CloudMigrations{Head: cloudHead("Migrations"), Migrations: Migrations{Empty: Empty{Title: "No database was brought here yet."}}})
		}, []string{"No database was brought here yet."}},
	}
}
