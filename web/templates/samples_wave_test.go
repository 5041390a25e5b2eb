package templates_test

import (
	"github.com/a-h/templ"

	"github.com/bakplane/bakplane/web/templates/kit"
	"github.com/bakplane/bakplane/web/templates/migrations"
)

// wavePages are the pages of many databases that move together.
func wavePages() []page {
	const long = "ORDERS_of_the_northern_subsidiary_2026_archive_of_all_closed_years"
	crumbs := func(last string) []kit.Link {
		return []kit.Link{{Text: "Waves", Href: "/waves"}, {Text: "billing weekend", Href: "/waves/1"}, {Text: last}}
	}
	tabs := []kit.Tab{{Label: "All", Href: "/migrations", Count: -1}, {Label: "On their way", Href: "?state=active", Count: 3}, {Label: "Waves", Href: "/waves", Count: -1, Current: true}}
	return []page{
		{"waves", "Waves", "migrations", func(f kit.Frame) templ.Component {
			return migrations.WavesPage(f, migrations.Waves{Tabs: tabs, Rows: []migrations.WaveRow{
				{Name: kit.Link{Text: "billing weekend", Href: "/waves/1"}, Databases: "50 databases", Badge: kit.Badge{Text: "1 needs you", Tone: kit.ToneBad}, Progress: &kit.Progress{Label: "Files", Value: 131, Max: 152, Words: "131 of 152 files applied"}, Next: "49 following · 1 waiting for a person", Begun: at(0, 41, 0)},
				{Name: kit.Link{Text: "crm", Href: "/waves/2"}, Databases: "3 databases", Badge: kit.Badge{Text: "all open", Tone: kit.ToneOK}, Next: "3 open", Begun: at(0, 12, 0)}}})
		}, []string{"Waves", "billing weekend", "49 following"}},
		{"waves-empty", "Waves", "migrations", func(f kit.Frame) templ.Component {
			return migrations.WavesPage(f, migrations.Waves{Tabs: tabs, Empty: kit.Empty{Title: "No waves yet.", Text: "A wave takes many databases of a server together.", Actions: []kit.Action{{Label: "New wave", Href: "/waves/new"}}}})
		}, []string{"No waves yet."}},
		{"wavenew", "New wave", "migrations", func(f kit.Frame) templ.Component {
			live := pickLive()
			form := *live.Form
			form.Action, form.Fields = "/waves/new/checks", append([]kit.Field{{Name: "name", Label: "Name of the wave", Hint: "You type it again before the joint cutover."}}, form.Fields[1:]...)
			form.Problem = &kit.Help{Title: "No database is chosen.", Fix: "Choose at least one of the server's databases."}
			return migrations.PickWavePage(f, migrations.PickWave{From: append(live.From[:1:1], kit.Tab{Label: "A wave of databases", Href: "/waves/new", Count: -1, Current: true}), Servers: live.Servers, Form: &form, Databases: []migrations.WaveChoice{
				{Name: "billing", PlaceField: "place:billing", Place: "1", Size: kit.Bytes(412 << 30), Recovery: "FULL", State: kit.Badge{Text: "online", Tone: kit.ToneOK}, On: true},
				{Name: long, Size: kit.Bytes(18 << 30), Recovery: "FULL", State: kit.Badge{Text: "online", Tone: kit.ToneOK}, On: true},
				{Name: "archive", Size: kit.Bytes(8 << 30), Recovery: "SIMPLE", State: kit.Badge{Text: "online", Tone: kit.ToneOK}},
				{Name: "hr", Size: kit.Bytes(2 << 30), Recovery: "FULL", State: kit.Badge{Text: "restoring", Tone: kit.ToneWarn}, Off: true}}})
		}, []string{"Select all", "billing", "SIMPLE", "No database is chosen."}},
		{"wavechecks", "New wave", "migrations", func(f kit.Frame) templ.Component {
			return migrations.WaveChecksPage(f, migrations.WaveChecks{Crumbs: crumbs("Checks"), Path: "billing weekend: 3 databases on PROD1 → Hangzhou (rm-bp1x7k9)",
				Verdict: kit.Help{Tone: kit.ToneWarn, Title: "2 can start, 1 cannot.", Cause: "Left out as things stand: archive.", Fix: "Mend what is marked red and check again, or start without them.", Actions: []kit.Action{{Label: "Check again", Href: "?"}}},
				Blocks: []migrations.WaveBlock{
					{Name: "archive", Badge: kit.Badge{Text: "left out", Tone: kit.ToneBad}, Words: "26 checks passed", Checks: []migrations.Check{{Badge: kit.Badge{Text: "stop", Tone: kit.ToneBad}, Title: "Recovery model", Found: "SIMPLE: there are no log backups, so nothing could follow the full backup.", Fix: "ALTER DATABASE [archive] SET RECOVERY FULL."}}},
					{Name: long, Badge: kit.Badge{Text: "can start", Tone: kit.ToneWarn}, Words: "27 checks passed", Checks: []migrations.Check{{Badge: kit.Badge{Text: "warning", Tone: kit.ToneWarn}, Title: "DBCC CHECKDB", Found: "Last good one 41 days ago.", Fix: "Run it now, or accept that age."}}},
					{Name: "billing", Badge: kit.Badge{Text: "can start", Tone: kit.ToneOK}, Words: "28 checks passed"}},
				Whole:  []migrations.Check{{Badge: kit.Badge{Text: "ok", Tone: kit.ToneOK}, Title: "Names", Found: "Each has a name of its own on the target."}, {Badge: kit.Badge{Text: "stop", Tone: kit.ToneBad}, Title: "Space on the target", Found: "The databases need 180 GB together, 150 GB are free there.", Fix: "Enlarge its storage by 30 GB or more."}},
				Bounds: []kit.Pair{{Key: "Uploads", Value: "4 at once, set by --uploads (4 unless set)."}}, Begin: []string{"billing", long},
				Order: []string{"PROD1 takes a full backup into its backup folder.", "A log backup every 30 min follows."}, Form: &kit.Form{Action: "/waves", Submit: "Start 2 migrations", Cancel: "/waves/new", Hidden: []kit.Hidden{{Name: "database", Value: "billing"}, {Name: "database", Value: long}}}})
		}, []string{"2 can start, 1 cannot.", "Left out as things stand: archive.", "Start 2 migrations"}},
		{"wave", "billing weekend", "migrations", func(f kit.Frame) templ.Component { return migrations.WavePage(f, wave(long)) }, []string{"billing weekend", "Behind at most", "crm stands still", "38.0 MB of log"}},
		{"wavecutover", "Cut over billing weekend", "migrations", func(f kit.Frame) templ.Component {
			row := func(name string, stop string) migrations.WaveVerdict {
				return migrations.WaveVerdict{Name: kit.Link{Text: name, Href: "/migrations/1"}, Badge: kit.Badge{Text: "ready", Tone: kit.ToneOK}, Stop: stop, Tail: "38.0 MB", Parts: "tail 4 s, upload 9 s, apply 19 s, open 6 s, ours 2 s"}
			}
			return migrations.WaveDecisionPage(f, migrations.WaveDecision{Timed: true, Title: "Cut over billing weekend", Crumbs: crumbs("Cut over"), Intro: "Writes to 3 databases stop, and their last logs go to the target.",
				Points: []string{"What is still on its way is applied.", "The tail of the log is taken WITH NORECOVERY.", "The gate: the target's last LSN must be that of the tail. If it is not, nothing is opened."},
				Facts:  []kit.Fact{{Label: "Databases", Value: "3", Note: "3 ready"}, {Label: "Writes stop at most", Value: "≈ 40 s", Note: "the longest of them, alone"}, {Label: "One after the other", Value: "≈ 1 min 30 s", Note: "if nothing could run side by side"}},
				Notes:  []kit.Help{{Tone: kit.ToneRun, Title: "Each has its own gate", Cause: "A target is opened only if its last LSN equals that of its tail."}},
				Rows: []migrations.WaveVerdict{row("billing", "≈ 40 s"), row(long, "≈ 31 s"),
					{Name: kit.Link{Text: "crm", Href: "/migrations/3"}, Badge: kit.Badge{Text: "not ready", Tone: kit.ToneWarn}, Why: "The target has not applied the full backup yet. Order the cutover when it follows."}},
				Form: &kit.Form{Action: "/waves/1/cutover", Submit: "Cut over 3 databases", Cancel: "/waves/1", Danger: true, Confirm: "billing weekend", Fields: []kit.Field{{Name: "confirm", Label: "Type billing weekend to confirm", Mono: true, Autocomplete: "off"}}}})
		}, []string{"Writes stop at most", "≈ 40 s", "Type billing weekend to confirm"}},
		{"waveabort", "Abort billing weekend", "migrations", func(f kit.Frame) templ.Component {
			row := func(name string, badge, writable kit.Badge, why string) migrations.WaveVerdict {
				return migrations.WaveVerdict{Name: kit.Link{Text: name, Href: "/migrations/1"}, Badge: badge, Writable: writable, WritableWhy: "The source is frozen; the target is not open.", Why: why}
			}
			return migrations.WaveDecisionPage(f, migrations.WaveDecision{Title: "Abort billing weekend", Crumbs: crumbs("Abort"), Intro: "2 databases are given up; after it their sources are writable.",
				Points: []string{"A backup that is being taken is stopped.", "A source that was frozen is made writable again."},
				Facts:  []kit.Fact{{Label: "Databases", Value: "3", Note: "2 are aborted"}, {Label: "Writable at the source", Value: "1 of 3", Note: "1 at the target · 1 at neither", Tone: kit.ToneWarn}},
				Notes:  []kit.Help{{Tone: kit.ToneWarn, Title: "1 database stays open or opening", Cause: "They are written to on the target: billing."}},
				Rows: []migrations.WaveVerdict{row("billing", kit.Badge{Text: "open", Tone: kit.ToneOK}, kit.Badge{Text: "target", Tone: kit.ToneOK}, "Stays open."), row(long, kit.Badge{Text: "cutting over", Tone: kit.ToneWarn}, kit.Badge{Text: "neither", Tone: kit.ToneWarn}, "Its source is made writable again; what the target holds is given up."),
					row("crm", kit.Badge{Text: "following", Tone: kit.ToneRun}, kit.Badge{Text: "source"}, "Its source stays writable; what the target holds is given up.")},
				Form: &kit.Form{Action: "/waves/1/abort", Submit: "Abort 2 databases", Cancel: "/waves/1", Danger: true, Confirm: "billing weekend", Fields: []kit.Field{{Name: "why", Label: "Why", Optional: true, Hint: "Kept with each, and printed in the report."}, {Name: "confirm", Label: "Type billing weekend to confirm", Mono: true, Autocomplete: "off"}}}})
		}, []string{"Abort 2 databases", "Writable now at", "Stays open."}},
		{"waveorder", "Order of billing weekend", "migrations", func(f kit.Frame) templ.Component {
			return migrations.WaveOrderPage(f, migrations.WaveOrder{Title: "Order of billing weekend", Crumbs: crumbs("Order"), Waiting: 2, Form: &kit.Form{Action: "/waves/1/order", Submit: "Keep this order", Cancel: "/waves/1"},
				Rows: []migrations.WavePlace{{Name: kit.Link{Text: "billing", Href: "/migrations/1"}, Badge: kit.Badge{Text: "restoring", Tone: kit.ToneRun}, Place: "1", Fixed: true}, {Name: kit.Link{Text: long, Href: "/migrations/2"}, Badge: kit.Badge{Text: "queued"}, Place: "2", Field: "place:2"}, {Name: kit.Link{Text: "crm", Href: "/migrations/3"}, Badge: kit.Badge{Text: "queued"}, Place: "3", Field: "place:3"}}})
		}, []string{"Keep this order", "Begins as"}},
		{"wavereport", "Report", "migrations", func(f kit.Frame) templ.Component {
			account := func(name string) migrations.WaveAccount {
				return migrations.WaveAccount{Name: name, Badge: kit.Badge{Text: "open", Tone: kit.ToneOK}, Hand: []string{"Logins", "SQL Server Agent jobs", "Connection strings", "Statistics"}, Pairs: []kit.Pair{{Key: "Source", Value: name + " on PROD1"}, {Key: "Target", Value: name + " on Hangzhou (rm-bp1x7k9)"},
					{Key: "Files", Value: "9 of 9 applied, 430.6 GB"}, {Key: "Begun (UTC)", When: at(0, 41, 0)}, {Key: "First and last LSN", Value: "39000000048800071 to 39000000064200001"}, {Key: "Gate", Value: "tail ends at LSN 39000000064200001, and the target applied it"},
					{Key: "Writes were stopped for", Value: "38 s: tail 4 s, upload 9 s, apply 19 s, open 6 s, ours 0 s"}, {Key: "DBCC CHECKDB", Badge: kit.Badge{Text: "no errors", Tone: kit.ToneOK}, Value: "Success to DBCC checkdb asynchronously"}}}
			}
			return migrations.WaveReportPage(f, migrations.WaveReport{Name: "Report of billing weekend", Crumbs: crumbs("Report"), Under: "as of 20 Nov 13:42 UTC · print or save this page", Facts: []kit.Fact{{Label: "Databases", Value: "2", Note: "2 open"}, {Label: "Writes stopped at most", Value: "38 s"}},
				Members: []migrations.WaveAccount{account("billing"), account(long)}, ByHand: cutOver().ByHand})
		}, []string{"Report of billing weekend", "the target applied it", "How, by hand"}},
	}
}

func wave(long string) migrations.Wave {
	member := func(name string, badge kit.Badge, applied int64) migrations.WaveMember {
		return migrations.WaveMember{Name: kit.Link{Text: name, Href: "/migrations/1"}, Badge: badge, Place: "2", Writable: kit.Badge{Text: "source"}, WritableWhy: "Writes were never stopped.", Behind: "4 min 10 s", Log: "38.0 MB of log", Progress: &kit.Progress{Label: name, Value: applied, Max: 6, Words: "5 of 6 files applied"}, Next: "The next log backup is due at 14:00."}
	}
	opened := member("hr", kit.Badge{Text: "open", Tone: kit.ToneOK}, 6)
	opened.Behind, opened.Log, opened.Progress, opened.Next, opened.Stop = "", "", nil, "", "Writes were stopped for 38 s."
	return migrations.Wave{Name: "billing weekend", Crumbs: []kit.Link{{Text: "Waves", Href: "/waves"}, {Text: "billing weekend"}}, Path: "begun 20 Nov 00:41 UTC", Badge: kit.Badge{Text: "1 needs you", Tone: kit.ToneBad},
		Actions: []kit.Action{{Label: "Report", Href: "/waves/1/report"}, {Label: "Cut over…", Href: "/waves/1/cutover", Off: "1 database cannot be cut over yet: all go together."}},
		Facts:   []kit.Fact{{Label: "Databases", Value: "4", Note: "2 following · 1 open · 1 waiting for a person"}, {Label: "Following", Value: "2 of 4", Note: "ready for the cutover"}, {Label: "Behind at most", Value: "4 min 10 s", Note: long}, {Label: "Files applied", Value: "21 of 24", Note: "over all databases"}},
		Needs:   []kit.Help{{Title: "crm stands still", Cause: "Cannot open backup device. Operating system error 5 (Access is denied.).", Fix: "Let the service account write to the folder.", Actions: []kit.Action{{Label: "Look at it", Href: "/migrations/3"}}}},
		Checks:  []migrations.Check{{Badge: kit.Badge{Text: "warning", Tone: kit.ToneWarn}, Title: "Calls a day", Found: "A log backup every 96 min makes up to 1000 calls a day for 50 databases; 500 of 500 are left for the wave at the instance.", Fix: "Choose a log backup every 4 h 48 min or more."}},
		Bounds:  []kit.Pair{{Key: "Backups at the server", Value: "3 at once, set by --backups (3 unless set)."}},
		Members: []migrations.WaveMember{member("billing", kit.Badge{Text: "following", Tone: kit.ToneRun}, 5), member(long, kit.Badge{Text: "following", Tone: kit.ToneRun}, 5), member("crm", kit.Badge{Text: "backup refused", Tone: kit.ToneBad}, 0), opened}}
}
