package templates_test

import (
	"github.com/a-h/templ"

	. "github.com/bakplane/bakplane/web/templates"
)

// wavePages are the pages of many databases that move together.
func wavePages() []page {
	const long = "ORDERS_of_the_northern_subsidiary_2026_archive_of_all_closed_years"
	crumbs := func(last string) []Link {
		return []Link{{"Waves", "/waves"}, {"billing weekend", "/waves/1"}, {Text: last}}
	}
	tabs := []Tab{{Label: "All", Href: "/migrations", Count: -1}, {Label: "On their way", Href: "?state=active", Count: 3}, {Label: "Waves", Href: "/waves", Count: -1, Current: true}}
	return []page{
		{"waves", "Waves", "migrations", func(f Frame) templ.Component {
			return WavesPage(f, Waves{Tabs: tabs, Rows: []WaveRow{
				{Name: Link{"billing weekend", "/waves/1"}, Databases: "50 databases", Badge: Badge{"1 needs you", ToneBad}, Progress: &Progress{Label: "Files", Value: 131, Max: 152, Words: "131 of 152 files applied"}, Next: "49 following · 1 waiting for a person", Begun: at(0, 41, 0)},
				{Name: Link{"crm", "/waves/2"}, Databases: "3 databases", Badge: Badge{"all open", ToneOK}, Next: "3 open", Begun: at(0, 12, 0)}}})
		}, []string{"Waves", "billing weekend", "49 following"}},
		{"waves-empty", "Waves", "migrations", func(f Frame) templ.Component {
			return WavesPage(f, Waves{Tabs: tabs, Empty: Empty{Title: "No waves yet.", Text: "A wave takes many databases of a server together.", Actions: []Action{{Label: "New wave", Href: "/waves/new"}}}})
		}, []string{"No waves yet."}},
		{"wavenew", "New wave", "migrations", func(f Frame) templ.Component {
			live := pickLive()
			form := *live.Form
			form.Action, form.Fields = "/waves/new/checks", append([]Field{{Name: "name", Label: "Name of the wave", Hint: "You type it again before the joint cutover."}}, form.Fields[1:]...)
			form.Problem = &Help{Title: "No database is chosen.", Fix: "Choose at least one of the server's databases."}
			return PickWavePage(f, PickWave{From: append(live.From[:1:1], Tab{Label: "A wave of databases", Href: "/waves/new", Count: -1, Current: true}), Servers: live.Servers, Form: &form, Databases: []WaveChoice{
				{Name: "billing", PlaceField: "place:billing", Place: "1", Size: Bytes(412 << 30), Recovery: "FULL", State: Badge{"online", ToneOK}, On: true},
				{Name: long, Size: Bytes(18 << 30), Recovery: "FULL", State: Badge{"online", ToneOK}, On: true},
				{Name: "archive", Size: Bytes(8 << 30), Recovery: "SIMPLE", State: Badge{"online", ToneOK}},
				{Name: "hr", Size: Bytes(2 << 30), Recovery: "FULL", State: Badge{"restoring", ToneWarn}, Off: true}}})
		}, []string{"Select all", "billing", "SIMPLE", "No database is chosen."}},
		{"wavechecks", "New wave", "migrations", func(f Frame) templ.Component {
			return WaveChecksPage(f, WaveChecks{Crumbs: crumbs("Checks"), Path: "billing weekend: 3 databases on PROD1 → Hangzhou (rm-bp1x7k9)",
				Verdict: Help{Tone: ToneWarn, Title: "2 can start, 1 cannot.", Cause: "Left out as things stand: archive.", Fix: "Mend what is marked red and check again, or start without them.", Actions: []Action{{Label: "Check again", Href: "?"}}},
				Blocks: []WaveBlock{
					{Name: "archive", Badge: Badge{"left out", ToneBad}, Words: "26 checks passed", Checks: []Check{{Badge: Badge{"stop", ToneBad}, Title: "Recovery model", Found: "SIMPLE: there are no log backups, so nothing could follow the full backup.", Fix: "ALTER DATABASE [archive] SET RECOVERY FULL."}}},
					{Name: long, Badge: Badge{"can start", ToneWarn}, Words: "27 checks passed", Checks: []Check{{Badge: Badge{"warning", ToneWarn}, Title: "DBCC CHECKDB", Found: "Last good one 41 days ago.", Fix: "Run it now, or accept that age."}}},
					{Name: "billing", Badge: Badge{"can start", ToneOK}, Words: "28 checks passed"}},
				Whole:  []Check{{Badge: Badge{"ok", ToneOK}, Title: "Names", Found: "Each has a name of its own on the target."}, {Badge: Badge{"stop", ToneBad}, Title: "Space on the target", Found: "The databases need 180 GB together, 150 GB are free there.", Fix: "Enlarge its storage by 30 GB or more."}},
				Bounds: []Pair{{Key: "Uploads", Value: "4 at once, set by --uploads (4 unless set)."}}, Begin: []string{"billing", long},
				Order: []string{"PROD1 takes a full backup into its backup folder.", "A log backup every 30 min follows."}, Form: &Form{Action: "/waves", Submit: "Start 2 migrations", Cancel: "/waves/new", Hidden: []Hidden{{"database", "billing"}, {"database", long}}}})
		}, []string{"2 can start, 1 cannot.", "Left out as things stand: archive.", "Start 2 migrations"}},
		{"wave", "billing weekend", "migrations", func(f Frame) templ.Component { return WavePage(f, wave(long)) }, []string{"billing weekend", "Behind at most", "crm stands still", "38.0 MB of log"}},
		{"wavecutover", "Cut over billing weekend", "migrations", func(f Frame) templ.Component {
			row := func(name string, stop string) WaveVerdict {
				return WaveVerdict{Name: Link{name, "/migrations/1"}, Badge: Badge{"ready", ToneOK}, Stop: stop, Tail: "38.0 MB", Parts: "tail 4 s, upload 9 s, apply 19 s, open 6 s, ours 2 s"}
			}
			return WaveDecisionPage(f, WaveDecision{Timed: true, Title: "Cut over billing weekend", Crumbs: crumbs("Cut over"), Intro: "Writes to 3 databases stop, and their last logs go to the target.",
				Points: []string{"What is still on its way is applied.", "The tail of the log is taken WITH NORECOVERY.", "The gate: the target's last LSN must be that of the tail. If it is not, nothing is opened."},
				Facts:  []Fact{{Label: "Databases", Value: "3", Note: "3 ready"}, {Label: "Writes stop at most", Value: "≈ 40 s", Note: "the longest of them, alone"}, {Label: "One after the other", Value: "≈ 1 min 30 s", Note: "if nothing could run side by side"}},
				Notes:  []Help{{Tone: ToneRun, Title: "Each has its own gate", Cause: "A target is opened only if its last LSN equals that of its tail."}},
				Rows: []WaveVerdict{row("billing", "≈ 40 s"), row(long, "≈ 31 s"),
					{Name: Link{"crm", "/migrations/3"}, Badge: Badge{"not ready", ToneWarn}, Why: "The target has not applied the full backup yet. Order the cutover when it follows."}},
				Form: &Form{Action: "/waves/1/cutover", Submit: "Cut over 3 databases", Cancel: "/waves/1", Danger: true, Confirm: "billing weekend", Fields: []Field{{Name: "confirm", Label: "Type billing weekend to confirm", Mono: true, Autocomplete: "off"}}}})
		}, []string{"Writes stop at most", "≈ 40 s", "Type billing weekend to confirm"}},
		{"waveabort", "Abort billing weekend", "migrations", func(f Frame) templ.Component {
			row := func(name string, badge, writable Badge, why string) WaveVerdict {
				return WaveVerdict{Name: Link{name, "/migrations/1"}, Badge: badge, Writable: writable, WritableWhy: "The source is frozen; the target is not open.", Why: why}
			}
			return WaveDecisionPage(f, WaveDecision{Title: "Abort billing weekend", Crumbs: crumbs("Abort"), Intro: "2 databases are given up; after it their sources are writable.",
				Points: []string{"A backup that is being taken is stopped.", "A source that was frozen is made writable again."},
				Facts:  []Fact{{Label: "Databases", Value: "3", Note: "2 are aborted"}, {Label: "Writable at the source", Value: "1 of 3", Note: "1 at the target · 1 at neither", Tone: ToneWarn}},
				Notes:  []Help{{Tone: ToneWarn, Title: "1 database stays open or opening", Cause: "They are written to on the target: billing."}},
				Rows: []WaveVerdict{row("billing", Badge{"open", ToneOK}, Badge{"target", ToneOK}, "Stays open."), row(long, Badge{"cutting over", ToneWarn}, Badge{"neither", ToneWarn}, "Its source is made writable again; what the target holds is given up."),
					row("crm", Badge{"following", ToneRun}, Badge{Text: "source"}, "Its source stays writable; what the target holds is given up.")},
				Form: &Form{Action: "/waves/1/abort", Submit: "Abort 2 databases", Cancel: "/waves/1", Danger: true, Confirm: "billing weekend", Fields: []Field{{Name: "why", Label: "Why", Optional: true, Hint: "Kept with each, and printed in the report."}, {Name: "confirm", Label: "Type billing weekend to confirm", Mono: true, Autocomplete: "off"}}}})
		}, []string{"Abort 2 databases", "Writable now at", "Stays open."}},
		{"waveorder", "Order of billing weekend", "migrations", func(f Frame) templ.Component {
			return WaveOrderPage(f, WaveOrder{Title: "Order of billing weekend", Crumbs: crumbs("Order"), Waiting: 2, Form: &Form{Action: "/waves/1/order", Submit: "Keep this order", Cancel: "/waves/1"},
				Rows: []WavePlace{{Name: Link{"billing", "/migrations/1"}, Badge: Badge{"restoring", ToneRun}, Place: "1", Fixed: true}, {Name: Link{long, "/migrations/2"}, Badge: Badge{Text: "queued"}, Place: "2", Field: "place:2"}, {Name: Link{"crm", "/migrations/3"}, Badge: Badge{Text: "queued"}, Place: "3", Field: "place:3"}}})
		}, []string{"Keep this order", "Begins as"}},
		{"wavereport", "Report", "migrations", func(f Frame) templ.Component {
			account := func(name string) WaveAccount {
				return WaveAccount{Name: name, Badge: Badge{"open", ToneOK}, Hand: []string{"Logins", "SQL Server Agent jobs", "Connection strings", "Statistics"}, Pairs: []Pair{{Key: "Source", Value: name + " on PROD1"}, {Key: "Target", Value: name + " on Hangzhou (rm-bp1x7k9)"},
					{Key: "Files", Value: "9 of 9 applied, 430.6 GB"}, {Key: "Begun (UTC)", When: at(0, 41, 0)}, {Key: "First and last LSN", Value: "39000000048800071 to 39000000064200001"}, {Key: "Gate", Value: "tail ends at LSN 39000000064200001, and the target applied it"},
					{Key: "Writes were stopped for", Value: "38 s: tail 4 s, upload 9 s, apply 19 s, open 6 s, ours 0 s"}, {Key: "DBCC CHECKDB", Badge: Badge{"no errors", ToneOK}, Value: "Success to DBCC checkdb asynchronously"}}}
			}
			return WaveReportPage(f, WaveReport{Name: "Report of billing weekend", Crumbs: crumbs("Report"), Under: "as of 20 Nov 13:42 UTC · print or save this page", Facts: []Fact{{Label: "Databases", Value: "2", Note: "2 open"}, {Label: "Writes stopped at most", Value: "38 s"}},
				Members: []WaveAccount{account("billing"), account(long)}, ByHand: cutOver().ByHand})
		}, []string{"Report of billing weekend", "the target applied it", "How, by hand"}},
	}
}

func wave(long string) Wave {
	member := func(name string, badge Badge, applied int64) WaveMember {
		return WaveMember{Name: Link{name, "/migrations/1"}, Badge: badge, Place: "2", Writable: Badge{Text: "source"}, WritableWhy: "Writes were never stopped.", Behind: "4 min 10 s", Log: "38.0 MB of log", Progress: &Progress{Label: name, Value: applied, Max: 6, Words: "5 of 6 files applied"}, Next: "The next log backup is due at 14:00."}
	}
	opened := member("hr", Badge{"open", ToneOK}, 6)
	opened.Behind, opened.Log, opened.Progress, opened.Next, opened.Stop = "", "", nil, "", "Writes were stopped for 38 s."
	return Wave{Name: "billing weekend", Crumbs: []Link{{"Waves", "/waves"}, {Text: "billing weekend"}}, Path: "begun 20 Nov 00:41 UTC", Badge: Badge{"1 needs you", ToneBad},
		Actions: []Action{{Label: "Report", Href: "/waves/1/report"}, {Label: "Cut over…", Href: "/waves/1/cutover", Off: "1 database cannot be cut over yet: all go together."}},
		Facts:   []Fact{{Label: "Databases", Value: "4", Note: "2 following · 1 open · 1 waiting for a person"}, {Label: "Following", Value: "2 of 4", Note: "ready for the cutover"}, {Label: "Behind at most", Value: "4 min 10 s", Note: long}, {Label: "Files applied", Value: "21 of 24", Note: "over all databases"}},
		Needs:   []Help{{Title: "crm stands still", Cause: "Cannot open backup device. Operating system error 5 (Access is denied.).", Fix: "Let the service account write to the folder.", Actions: []Action{{Label: "Look at it", Href: "/migrations/3"}}}},
		Checks:  []Check{{Badge: Badge{"warning", ToneWarn}, Title: "Calls a day", Found: "A log backup every 96 min makes up to 1000 calls a day for 50 databases; 500 of 500 are left for the wave at the instance.", Fix: "Choose a log backup every 4 h 48 min or more."}},
		Bounds:  []Pair{{Key: "Backups at the server", Value: "3 at once, set by --backups (3 unless set)."}},
		Members: []WaveMember{member("billing", Badge{"following", ToneRun}, 5), member(long, Badge{"following", ToneRun}, 5), member("crm", Badge{"backup refused", ToneBad}, 0), opened}}
}
