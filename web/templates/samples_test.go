package templates_test

import (
	"time"

	"github.com/a-h/templ"

	"github.com/bakplane/bakplane/web/static"
	"github.com/bakplane/bakplane/web/templates/activity"
	"github.com/bakplane/bakplane/web/templates/instances"
	"github.com/bakplane/bakplane/web/templates/kit"
	"github.com/bakplane/bakplane/web/templates/migrations"
	"github.com/bakplane/bakplane/web/templates/settings"
)

// The figures in these views are made up; the shapes are what the server sends.

var (
	now  = time.Date(2026, 11, 20, 13, 42, 5, 0, time.UTC)
	zone = kit.Zone{Local: time.FixedZone("", 8*3600), Now: now}
)

func at(hour, minute, second int) kit.When {
	return zone.At(time.Date(2026, 11, 20, hour, minute, second, 0, time.UTC))
}

func clock(hour, minute, second int) kit.When {
	return zone.Clock(time.Date(2026, 11, 20, hour, minute, second, 0, time.UTC))
}

func frame(files *static.Files, title, section, theme string) kit.Frame {
	return kit.Frame{
		Title: title, Section: section, Theme: theme, Who: "dba@example.org", Zone: "Asia/Shanghai",
		Clock: kit.When{Machine: "2026-11-20T13:42:05Z", UTC: "13:42", Local: "21:42", Exact: "2026-11-20 13:42:05 UTC"},
		Here:  "/", Stream: "/",
		Nav: []kit.NavItem{
			{Key: "overview", Label: "Overview", Href: "/", Count: 2, Tone: kit.ToneBad, CountWords: "2 need a person"},
			{Key: "instances", Label: "Instances", Href: "/instances"},
			{Key: "migrations", Label: "Migrations", Href: "/migrations", Count: 3, CountWords: "3 on their way"},
			{Key: "storage", Label: "Storage", Href: "/storage"},
			{Key: "runs", Label: "Runs", Href: "/runs", Count: 3, CountWords: "3 at work"},
			{Key: "audit", Label: "Audit", Href: "/audit"},
			{Key: "settings", Label: "Settings", Href: "/settings"},
		},
		Assets: kit.Assets{
			Pico: files.URL("pico.min.css"), CSS: files.URL("app.css"), HTMX: files.URL("htmx.min.js"), SSE: files.URL("htmx-ext-sse.min.js"),
			Morph: files.URL("idiomorph-ext.min.js"), JS: files.URL("app.js"), Icon: files.URL("icon.svg"),
			Plot: files.URL("uPlot.iife.min.js"), PlotCSS: files.URL("uPlot.min.css"), Chart: files.URL("chart.js"),
		},
	}
}

func chain() kit.Chain {
	set := func(k kit.Kind, s kit.SetState, text, short, first, last string) kit.ChainSet {
		return kit.ChainSet{Kind: k, State: s, Text: text, Short: short, FirstLSN: first, LastLSN: last, Title: short + ", LSN " + first + " to " + last}
	}
	c := kit.Chain{ID: "chain", Label: "Full, differential and four logs; the target has applied three of them", Here: 5, HereText: "target is here · 20 Nov 14:30", NotYet: "next log",
		Sets: []kit.ChainSet{
			set(kit.KindFull, kit.SetApplied, "20 Nov 01:00 · 412 GB · applied", "01:00", "39000000048800071", "39000000051800001"),
			{Kind: kit.KindLog, State: kit.SetCovered, Count: 9, Text: "9 logs not needed: the differential covers them", Short: "9 logs not needed", Title: "9 logs"},
			set(kit.KindDiff, kit.SetApplied, "20 Nov 13:00 · 18.2 GB · applied", "13:00", "39000000055100001", "39000000059800001"),
			set(kit.KindLog, kit.SetApplied, "13:30 · 88 MB", "13:30", "39000000059700001", "39000000060400001"),
			set(kit.KindLog, kit.SetApplied, "14:00 · 90 MB", "14:00", "39000000060400001", "39000000061300001"),
			set(kit.KindLog, kit.SetApplied, "14:30 · 212 MB", "14:30", "39000000061300001", "39000000062500001"),
			set(kit.KindLog, kit.SetRunning, "15:00 · 38 MB", "15:00", "39000000062500001", "39000000064200001"),
		}}
	return c
}

func brokenChain() kit.Chain {
	c := chain()
	c.ID, c.Here, c.HereText, c.NotYet = "plan", -1, "", ""
	for i := range c.Sets {
		if c.Sets[i].State != kit.SetCovered {
			c.Sets[i].State = kit.SetPlanned
		}
	}
	c.Sets[5] = kit.ChainSet{Kind: kit.KindLog, State: kit.SetMissing, Text: "missing", Short: "missing", FirstLSN: "39000000061300001", LastLSN: "39000000062500001", Title: "A log from LSN 39000000061300001 to 39000000062500001 is missing"}
	return c
}

func calls() []kit.Call {
	return []kit.Call{
		{Title: "CreateMigrateTask, full backup", Badge: kit.Badge{Text: "accepted", Tone: kit.ToneOK}, When: at(3, 12, 8),
			Request: "DBInstanceId=rm-bp1x7k9  DBName=orders  BackupMode=UPDF  IsOnlineDB=False\nOssObjectPositions=oss-cn-hangzhou.aliyuncs.com:sql-moves:orders/orders_FULL_20261120010000.bak"},
		{Title: "CreateMigrateTask, differential", Badge: kit.Badge{Text: "accepted", Tone: kit.ToneOK}, When: at(12, 48, 0),
			Request: "DBInstanceId=rm-bp1x7k9  DBName=orders  BackupMode=UPDF  IsOnlineDB=False  MigrateTaskId=5652255443\nOssObjectPositions=oss-cn-hangzhou.aliyuncs.com:sql-moves:orders/orders_DIFF_20261120130000.bak"},
	}
}

func migration() migrations.Migration {
	return migrations.Migration{
		Name: "orders", Crumbs: []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: "orders"}},
		Path: "/var/backups/orders → rm-bp1x7k9 (cn-hangzhou)", Badge: kit.Badge{Text: "importing · 1 log behind", Tone: kit.ToneRun},
		Actions: []kit.Action{{Label: "Add files", Href: "/migrations/1/files"}, {Label: "Pause", Href: "/migrations/1/pause", Post: true}, {Label: "File details", Href: "/migrations/1/details"},
			{Label: "Terminate…", Href: "/migrations/1/terminate", Danger: true}, {Label: "Open…", Href: "/migrations/1/open", Primary: true}},
		Facts: []kit.Fact{
			{Label: "Files applied", Value: "5 of 6", Note: "1 log to go"},
			{Label: "Target stands at", Value: "14:30", Note: "UTC, 20 Nov · 22:30 local"},
			{Label: "Uploaded", Value: "430.6 GB", Note: "96 MB/s · checksum equal"},
			{Label: "Calls today", Value: "7 of 20", Note: "the cloud allows 20 a day", Tone: kit.ToneWarn},
		},
		Chain: chain(), Joined: "by LSN · one fork · no gap",
		Files: []migrations.MigrationFile{
			{Name: "orders_FULL_20261120010000.bak", Kind: kit.KindFull, Taken: at(1, 0, 0), Size: kit.Bytes(412 << 30), LastLSN: "39000000051800001", Badge: kit.Badge{Text: "applied", Tone: kit.ToneOK}},
			{Name: "orders_DIFF_20261120130000.bak", Kind: kit.KindDiff, Taken: at(13, 0, 0), Size: kit.Bytes(19541000000), LastLSN: "39000000059800001", Badge: kit.Badge{Text: "applied", Tone: kit.ToneOK}},
			{Name: "orders@LOG#20261120143000.bak", Note: "in the bucket as orders_LOG_20261120143000.bak", Kind: kit.KindLog, Taken: at(14, 30, 0), Size: kit.Bytes(212 << 20), LastLSN: "39000000062500001", Badge: kit.Badge{Text: "applied", Tone: kit.ToneOK}},
			{Name: "orders_LOG_20261120150000.bak", Kind: kit.KindLog, Taken: at(15, 0, 0), Size: kit.Bytes(38 << 20), LastLSN: "39000000064200001", Badge: kit.Badge{Text: "uploading", Tone: kit.ToneRun}, Progress: kit.Transfer("Upload of orders_LOG_20261120150000.bak", 24<<20, 38<<20, 9.6*(1<<20))},
		},
		Needs: []kit.Help{{Title: "A log is missing before orders_LOG_20261120150000.bak", Said: "The log in this backup set begins at LSN 39000000064200001, which is too recent to apply to the database. RESTORE LOG is terminating abnormally.",
			Cause: "The target stands at LSN 39000000062500001. The log that covers what lies between was not imported.", Fix: "Add the file that holds it, then go on from here. Nothing already imported is lost.",
			Actions: []kit.Action{{Label: "Add the missing log", Href: "/migrations/1/files", Primary: true}, {Label: "Retry from here", Href: "/migrations/1/retry", Post: true}}}},
		Steps: []kit.Step{
			{State: "done", Title: "Preflight, 14 checks", At: "00:41"}, {State: "done", Title: "Upload", Note: "3,297 parts", At: "3 h 12 min"}, {State: "done", Title: "Restore", Note: "task 5652255443", At: "9 h 35 min"},
			{State: "now", Title: "Import increments", Note: "4 of 5", At: "now", Progress: &kit.Progress{Label: "Import", Value: 4, Max: 5}}, {State: "todo", Title: "Open and check"},
		},
		Calls:  calls(),
		Events: []kit.Event{{ID: 9, Text: "Importing orders_LOG_20261120150000.bak", When: clock(15, 1, 12)}, {ID: 8, Text: "The cloud answered 502, asked again after 4 s", Tone: kit.ToneWarn, When: clock(15, 0, 58)}, {ID: 7, Text: "CRC64 equal, 38 MB in 0.6 s", When: clock(15, 0, 4)}},
		More:   &kit.Action{Label: "All events", Href: "/runs/1", Small: true},
	}
}

func signIn() kit.Form {
	return kit.Form{Action: "/sign-in", Submit: "Sign in", Fields: []kit.Field{
		{Name: "name", Label: "Name", Autocomplete: "username", Focus: true}, {Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password"}}}
}

func planFiles() migrations.PlanFiles {
	c := brokenChain()
	file := func(order, name string, k kit.Kind, hour, minute int, size int64, badge kit.Badge, why string) migrations.PlanFile {
		return migrations.PlanFile{Order: order, Name: name, Kind: k, Database: "orders", Taken: at(hour, minute, 0), Size: kit.Bytes(size), FirstLSN: "39000000059700001", LastLSN: "39000000060400001", Badge: badge, Why: why}
	}
	odd := file("3", "orders@LOG#1330.bak", kit.KindLog, 13, 30, 88<<20, kit.Badge{Text: "will be applied", Tone: kit.ToneOK}, "Named .bak, is a log backup.")
	odd.NewName = "orders_LOG_1330.bak"
	foreign := file("", "stock.bak", kit.KindFull, 2, 0, 8<<30, kit.Badge{Text: "another database", Tone: kit.ToneIdle}, "It is a backup of stock.")
	foreign.Database = "stock"
	return migrations.PlanFiles{
		Crumbs: []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: "New", Href: "/migrations/new"}, {Text: "Files"}}, Path: "/var/backups/orders → rm-bp1x7k9 through bucket sql-moves",
		Databases: []kit.Tab{{Label: "orders", Href: "?database=orders", Count: 14, Current: true}, {Label: "stock", Href: "?database=stock", Count: 1}},
		Facts: []kit.Fact{{Label: "Would be applied", Value: "5 files", Note: "1 full · 1 differential · 3 logs"}, {Label: "To upload", Value: "430.6 GB", Title: "462,352,875,520 bytes", Note: "12 files stay here"},
			{Label: "Brings the target to", Value: "20 Nov 15:00", Note: "UTC · 23:00 local", Words: true}, {Label: "Needs on the target", Value: "1.2 TB", Note: "data and log files"}},
		Problems: []kit.Help{{Title: "A log is missing", Cause: "orders_LOG_1400.bak ends at LSN 39000000061300001, the next log begins at 39000000062500001.", Fix: "Put the log taken between 14:00 and 14:30 UTC into the folder and look again, or start without the later log.",
			Actions: []kit.Action{{Label: "Look again", Href: "?again=1"}}}},
		Chain: &c, Joined: "by LSN · one fork · one gap", Read: "17 files, 3.1 MB read",
		Order: []migrations.PlanFile{file("1", "orders_FULL_20261120010000.bak", kit.KindFull, 1, 0, 412<<30, kit.Badge{Text: "will be applied", Tone: kit.ToneOK}, ""), file("2", "orders_DIFF_20261120130000.trn", kit.KindDiff, 13, 0, 18<<30, kit.Badge{Text: "will be applied", Tone: kit.ToneOK}, "Named .trn, is a differential."), odd},
		Left:  []migrations.PlanFile{file("", "orders_LOG_0130.trn", kit.KindLog, 1, 30, 44<<20, kit.Badge{Text: "already covered", Tone: kit.ToneIdle}, "The differential contains what it holds."), foreign, {Name: "readme.txt", Badge: kit.Badge{Text: "not a backup", Tone: kit.ToneIdle}, Kind: kit.Kind{Text: "—", Class: "none"}, Size: kit.Bytes(912), Why: "It does not begin with a backup header."}},
		Calls: calls(),
		Form: &kit.Form{Action: "/migrations/new/checks", Method: "get", Submit: "Run the checks", Cancel: "/migrations/new", Fields: []kit.Field{
			{Name: "name", Label: "Database name on the target", Value: "orders", Mono: true},
			{Name: "mode", Label: "After the full backup", Type: "choices", Value: "pending", Options: []kit.Option{{Value: "pending", Label: "Keep it restoring (access pending)", Hint: "Differential and log backups follow; opened by you. UPDF."}, {Value: "immediate", Label: "Open at once (immediate access)", Hint: "Not with increments to follow.", Off: true}}},
			{Name: "check", Label: "DBCC CHECKDB", Type: "choices", Value: "async", Options: []kit.Option{{Value: "async", Label: "After opening", Hint: "Opens in about a minute."}, {Value: "sync", Label: "Before opening", Hint: "Opens only when the check is done."}}},
			{Name: "names", Label: "File names the cloud may refuse", Type: "select", Value: "safe", Options: []kit.Option{{Value: "safe", Label: "Give them safe names in the bucket"}, {Value: "keep", Label: "Keep them"}}},
		}},
	}
}

// page is one page with its sample.
type page struct {
	name, title, section string
	draw                 func(kit.Frame) templ.Component
	want                 []string // texts a person would look for
}

func pages() []page {
	first := signIn()
	first.Submit, first.Fields = "Make the account", append(first.Fields, kit.Field{Name: "again", Label: "Password again", Type: "password", Error: "The two passwords differ."})
	rejected := kit.Help{Title: "The name or the password is not right.", Fix: "Try again; after five tries in a minute the door stays shut for a while."}
	return append(append(wavePages(), cloudPages()...), []page{
		{"signin", "Sign in", "", func(f kit.Frame) templ.Component {
			v := signIn()
			v.Problem = &rejected
			return kit.SignInPage(f, kit.SignIn{Form: v})
		}, []string{"Sign in", "The name or the password is not right."}},
		{"first", "Welcome", "", func(f kit.Frame) templ.Component { return kit.FirstStartPage(f, kit.FirstStart{Form: first}) }, []string{"Who looks after this dashboard?", "The two passwords differ."}},
		{"overview", "Overview", "overview", func(f kit.Frame) templ.Component {
			return activity.OverviewPage(f, activity.Overview{Under: "checked just now",
				Facts: []kit.Fact{{Label: "Needs a person", Value: "2", Tone: kit.ToneBad, Note: "1 failed · 1 paused"}, {Label: "Running", Value: "3", Note: "2 uploads · 1 restore"}, {Label: "Waiting for increments", Value: "4", Note: "oldest since 2 d"}, {Label: "Opened this week", Value: "12", Tone: kit.ToneOK, Note: "11 checks passed · 1 running"}},
				Needs: []activity.Need{{Name: kit.Link{Text: "billing", Href: "/migrations/2"}, Where: "→ rm-bp1x7k9", Badge: kit.Badge{Text: "gap in the chain", Tone: kit.ToneBad}, What: "a log taken at 02:14 was not imported", Since: "13 h", Action: &kit.Action{Label: "Add the missing log", Href: "/migrations/2/files"}},
					{Name: kit.Link{Text: "hr", Href: "/migrations/3"}, Where: "→ rm-bp1x7k9", Badge: kit.Badge{Text: "no space", Tone: kit.ToneWarn}, What: "the instance has 38 GB left, 61 GB are needed", Since: "17 min", Action: &kit.Action{Label: "Retry from here", Href: "/migrations/3/retry", Post: true}}},
				Running: []activity.Moving{{Name: kit.Link{Text: "orders", Href: "/migrations/1"}, What: "importing log 4", Progress: &kit.Progress{Label: "orders", Value: 62, Max: 100, Words: "62 % · about 9 s left"}, Badge: kit.Badge{Text: "importing", Tone: kit.ToneRun}},
					{Name: kit.Link{Text: "stock", Href: "/migrations/4"}, What: "uploading the full backup", Progress: kit.Transfer("stock", 128<<30, 412<<30, 96*(1<<20)), Badge: kit.Badge{Text: "uploading", Tone: kit.ToneRun}},
					{Name: kit.Link{Text: "crm", Href: "/migrations/5"}, What: "restoring, the cloud gives no percentage", Progress: &kit.Progress{Label: "crm", Words: "for 2 h 10 min"}, Badge: kit.Badge{Text: "restoring", Tone: kit.ToneRun}}},
				Recent: migration().Events})
		}, []string{"Overview", "billing", "gap in the chain", "Retry from here", "31 % · 128 GB of 412 GB · 96.0 MB/s · about 50 min left"}},
		{"overview-empty", "Overview", "overview", func(f kit.Frame) templ.Component {
			return activity.OverviewPage(f, activity.Overview{First: []activity.FirstStep{{Done: true, Title: "A cloud account", Text: "An access key with rights on RDS and OSS."}, {Title: "An instance", Text: "Where databases go.", Action: &kit.Action{Label: "Add", Href: "/settings/instances/new"}}}})
		}, []string{"Before the first migration", "Nothing waits for you."}},
		{"migrations", "Migrations", "migrations", func(f kit.Frame) templ.Component {
			return migrations.MigrationsPage(f, migrations.Migrations{Under: "3 on their way", Tabs: []kit.Tab{{Label: "All", Href: "/migrations", Count: 14, Current: true}, {Label: "On their way", Href: "?state=active", Count: 3}, {Label: "Need a person", Href: "?state=needs", Count: 1}, {Label: "Ended", Href: "?state=ended", Count: 10}},
				Rows: []migrations.MigrationRow{{Name: kit.Link{Text: "orders", Href: "/migrations/1"}, From: "/var/backups/orders", To: "rm-bp1x7k9", Badge: kit.Badge{Text: "importing", Tone: kit.ToneRun}, Progress: kit.Transfer("orders", 24<<20, 38<<20, 9<<20), Next: "import log 4 of 4", Begun: at(0, 41, 0)},
					{Name: kit.Link{Text: "billing", Href: "/migrations/2"}, From: "oss sql-moves/billing/", To: "rm-bp1x7k9", Badge: kit.Badge{Text: "needs a person", Tone: kit.ToneBad}, Next: "a log is missing", Begun: at(0, 12, 0)}},
				Pager: kit.Pager{Older: "?before=1", Words: "2 of 14"}})
		}, []string{"Migrations", "orders", "a log is missing", "Older →"}},
		{"migrations-empty", "Migrations", "migrations", func(f kit.Frame) templ.Component {
			return migrations.MigrationsPage(f, migrations.Migrations{Empty: kit.Empty{Title: "No migrations yet.", Text: "Choose a folder with backup files; Bakplane reads what they really are and shows what it would do.", Actions: []kit.Action{{Label: "New migration", Href: "/migrations/new"}}}})
		}, []string{"No migrations yet."}},
		{"new", "New migration", "migrations", func(f kit.Frame) templ.Component {
			return migrations.PickFilesPage(f, migrations.PickFiles{Form: kit.Form{Action: "/migrations/new/files", Method: "get", Submit: "Look at the files", Fields: []kit.Field{
				{Name: "source", Label: "Where the backup files are", Type: "choices", Value: "b1", Options: []kit.Option{{Value: "b1", Label: "SQL backups", Hint: "folder /var/backups/sql"}, {Value: "b2", Label: "sql-moves", Hint: "OSS bucket sql-moves, cn-hangzhou"}}},
				{Name: "prefix", Label: "Folder or prefix in it", Optional: true, Placeholder: "orders/", Mono: true, Hint: "Only files whose path begins with this are read."},
				{Name: "target", Label: "Instance the database goes to", Type: "select", Options: []kit.Option{{Value: "i1", Label: "rm-bp1x7k9 · cn-hangzhou"}}},
				{Name: "staging", Label: "Bucket the cloud reads from", Type: "select", Options: []kit.Option{{Value: "b2", Label: "sql-moves · cn-hangzhou"}}, Hint: "Same region and account as the instance, storage class Standard, not encrypted."},
			}}})
		}, []string{"Where the backup files are", "Look at the files"}},
		{"plan", "New migration", "migrations", func(f kit.Frame) templ.Component { return migrations.PlanFilesPage(f, planFiles()) }, []string{"What is in the way", "already covered", "another database", "goes up as orders_LOG_1330.bak", "Run the checks", "CreateMigrateTask, differential"}},
		{"preflight", "New migration", "migrations", func(f kit.Frame) templ.Component {
			return migrations.PreflightPage(f, migrations.Preflight{Crumbs: planFiles().Crumbs, Path: "orders → rm-bp1x7k9", Verdict: kit.Help{Tone: kit.ToneWarn, Title: "It can start. One thing deserves a look.", Cause: "13 checks are green, 1 is a warning."},
				Checks: []migrations.Check{{Badge: kit.Badge{Text: "ok", Tone: kit.ToneOK}, Title: "Bucket", Found: "Standard, not encrypted, cn-hangzhou"}, {Badge: kit.Badge{Text: "ok", Tone: kit.ToneOK}, Title: "Instance", Found: "Running, unlocked, SQL Server 2019"},
					{Badge: kit.Badge{Text: "warning", Tone: kit.ToneWarn}, Title: "Last increment", Found: "612 MB", Cause: "The cloud advises at most 500 MB for the last one, so that the stop stays short.", Fix: "Take one more log backup right before the cutover."},
					{Badge: kit.Badge{Text: "stop", Tone: kit.ToneBad}, Title: "Free space", Found: "38 GB left, 61 GB needed", Fix: "Enlarge the storage of the instance.", Action: &kit.Action{Label: "Check again", Href: "?again=1", Small: true}}},
				Calls: calls(), Form: &kit.Form{Action: "/migrations", Submit: "Start the migration", Cancel: "/migrations/new"}})
		}, []string{"It can start. One thing deserves a look.", "Free space", "Start the migration"}},
		{"migration", "orders", "migrations", func(f kit.Frame) templ.Component { return migrations.MigrationPage(f, migration()) }, []string{"orders", "What needs you", "Add the missing log", "target is here · 20 Nov 14:30", "39000000064200001", "All events"}},
		{"open", "Open orders", "migrations", func(f kit.Frame) templ.Component {
			return kit.DecisionPage(f, kit.Decision{Title: "Open orders", Crumbs: []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: "orders", Href: "/migrations/1"}, {Text: "Open"}}, Intro: "The target has applied everything that is known.", Points: []string{"The cloud recovers the database and brings it online.", "No further increment can be imported."},
				Notes: []kit.Help{{Tone: kit.ToneWarn, Title: "Were writes stopped before the last log was taken?", Cause: "What was written after it will not be on the target."}},
				Calls: []kit.Call{{Title: "CreateOnlineDatabaseTask", Request: "DBInstanceId=rm-bp1x7k9  DBName=orders  MigrateTaskId=5652255443  CheckDBMode=AsyncExecuteDBCheck"}},
				Form:  &kit.Form{Action: "/migrations/1/open", Submit: "Open the database", Cancel: "/migrations/1", Fields: []kit.Field{planFiles().Form.Fields[2]}}})
		}, []string{"Open orders", "CreateOnlineDatabaseTask", "Open the database"}},
		{"terminate", "Terminate orders", "migrations", func(f kit.Frame) templ.Component {
			return kit.DecisionPage(f, kit.Decision{Title: "Terminate orders", Crumbs: []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: "orders", Href: "/migrations/1"}, {Text: "Terminate"}}, Points: []string{"The restore task is ended and what it restored is thrown away.", "The files in the bucket stay."},
				Form: &kit.Form{Action: "/migrations/1/terminate", Submit: "Terminate the migration", Cancel: "/migrations/1", Danger: true, Confirm: "orders", Fields: []kit.Field{{Name: "confirm", Label: "Type orders to confirm", Mono: true, Autocomplete: "off"}}}})
		}, []string{"Terminate the migration", "Type orders to confirm"}},
		{"details", "File details", "migrations", func(f kit.Frame) templ.Component {
			return migrations.CloudFilesPage(f, migrations.CloudFiles{Title: "File details of orders", Crumbs: []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: "orders", Href: "/migrations/1"}, {Text: "File details"}}, Age: "asked 12 s ago", AgeTone: kit.ToneOK, Refresh: kit.Action{Label: "Ask again", Href: "?"},
				Pairs: []kit.Pair{{Key: "Task", Value: "5652255443"}, {Key: "Status", Badge: kit.Badge{Text: "Waiting", Tone: kit.ToneWarn}}, {Key: "Created", When: at(3, 12, 0)}}, Said: "waiting for upload log or differential backup",
				Rows: []migrations.CloudFile{{Name: "orders_FULL_20261120010000.bak", Kind: kit.KindFull, Size: "421888", Badge: kit.Badge{Text: "Restored", Tone: kit.ToneOK}, Available: "yes", Created: at(3, 12, 8), Ended: at(12, 47, 0), Said: "Restored"}}})
		}, []string{"File details of orders", "asked 12 s ago", "Restored"}},
		{"live", "orders", "migrations", func(f kit.Frame) templ.Component { return migrations.MigrationPage(f, liveMigration()) }, []string{"Writes would stop for ≈ 40 s", "If you cut over now", "upload 9 s", "Follow logs", "Cut over…"}},
		{"livedone", "orders", "migrations", func(f kit.Frame) templ.Component { return migrations.MigrationPage(f, cutOver()) }, []string{"Writes were stopped for 38 s", "By hand, after the cutover", "EXEC [orders].sys.sp_updatestats"}},
		{"script", "Get the script", "migrations", func(f kit.Frame) templ.Component { return migrations.ScriptPage(f, script()) }, []string{"bakplane-full-orders.sql", "DECLARE @kind", "What to do next", "Download"}},
		{"livenew", "New migration", "migrations", func(f kit.Frame) templ.Component { return migrations.PickLivePage(f, pickLive()) }, []string{"From a server at work", "PROD1", "Uses up the day's imports in 1 h 15 min"}},
		{"livechecks", "New migration", "migrations", func(f kit.Frame) templ.Component {
			return migrations.PreflightPage(f, migrations.Preflight{Live: true, Crumbs: []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: "New", Href: "/migrations/new/live"}, {Text: "Checks"}}, Path: "orders on PROD1 → orders on Hangzhou (rm-bp1x7k9)",
				Verdict: kit.Help{Tone: kit.ToneWarn, Title: "It can start. Look at the warnings first.", Cause: "11 checks passed, 1 warning, 0 stops."},
				Checks: []migrations.Check{{Badge: kit.Badge{Text: "ok", Tone: kit.ToneOK}, Title: "Recovery model", Found: "FULL: log backups can follow."},
					{Badge: kit.Badge{Text: "warning", Tone: kit.ToneWarn}, Title: "Other log backups", Found: `CORP\backup took 48 log backups in the last day, the last at 13:30 UTC. Each is a link of the same chain.`, Fix: "They are followed when their files lie in the backup folder. Better: pause that job until the cutover."}},
				Order: []string{"PROD1 takes a full backup of orders into its backup folder.", "It is uploaded to the bucket sql-moves, and Hangzhou restores it and keeps it restoring.", "A log backup every 30 min follows, shipped and applied unattended, for as long as you like."},
				Calls: cutoverCalls(), Form: &kit.Form{Action: "/migrations/live", Submit: "Start the migration", Cancel: "/migrations/new/live"}})
		}, []string{"What will be done", "BACKUP LOG [orders]", "Start the migration"}},
		{"cutover", "Cut over orders", "migrations", func(f kit.Frame) templ.Component {
			stop := stopBar("How long writes would stop")
			return kit.DecisionPage(f, kit.Decision{Title: "Cut over orders", Crumbs: []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: "orders", Href: "/migrations/1"}, {Text: "Cut over"}}, Intro: "Writes to orders on PROD1 stop, and its last log goes to the target.",
				Points: []string{"What is still on its way is applied.", "The tail of the log is taken WITH NORECOVERY. From that instant on nobody can read or write the source: its connections end.", "The tail is uploaded and applied.", "The gate: the target's last LSN must be that of the tail. If it is not, nothing is opened.", "The target is opened."},
				Notes:  []kit.Help{{Tone: kit.ToneRun, Title: "Stop the application first, if it cannot bear a refused write", Fix: "Until the order to open is given, Abort makes the source writable again."}},
				Stop:   &stop, Calls: cutoverCalls(), Form: &kit.Form{Action: "/migrations/1/cutover", Submit: "Cut over now", Cancel: "/migrations/1"}})
		}, []string{"Cut over now", "WITH NORECOVERY", "The exact statements and calls", "How long writes would stop"}},
		{"instances", "Instances", "instances", func(f kit.Frame) templ.Component {
			return instances.InstancesPage(f, instances.Instances{Rows: []instances.InstanceRow{{Name: kit.Link{Text: "PROD1", Href: "/instances/1"}, Kind: "SQL Server", Where: `sql1.corp.example.org\PROD,1433`, Role: "databases come from here", Action: &kit.Action{Label: "Migrate from here", Href: "/migrations/new/live?server=1", Small: true}},
				{Name: kit.Link{Text: "Hangzhou", Href: "/instances/2"}, Kind: "ApsaraDB RDS", Where: "rm-bp1x7k9 · cn-hangzhou", Role: "databases go here", Moves: "3 on their way"}}})
		}, []string{"PROD1", "databases come from here", "3 on their way"}},
		{"instance", "PROD1", "instances", func(f kit.Frame) templ.Component { return instances.InstancePage(f, instance()) }, []string{"SQL Server 2016", "Enterprise Edition", "no full backup yet", "not the preferred replica", "Migrate to…"}},
		{"instancedown", "PROD1", "instances", func(f kit.Frame) templ.Component {
			v := instance()
			v.Facts, v.Databases, v.Badge = nil, nil, kit.Badge{Text: "no answer", Tone: kit.ToneBad}
			v.Trouble = &kit.Help{Title: "Login failed for user 'bakplane'.", Fix: "Give the password again under Settings.", Actions: []kit.Action{{Label: "Ask again", Href: "/instances/1"}, {Label: "Change it", Href: "/settings/servers/1"}}}
			return instances.InstancePage(f, v)
		}, []string{"no answer", "Login failed for user"}},
		{"server", "Add a SQL Server", "settings", func(f kit.Frame) templ.Component {
			return settings.FormPageView(f, settings.FormPage{Title: "Add a SQL Server", Crumbs: []kit.Link{{Text: "Settings", Href: "/settings"}, {Text: "SQL Server"}}, Intro: "A self-managed SQL Server, at work.", Form: kit.Form{Action: "/settings/servers", Submit: "Save", Cancel: "/settings#servers", Fields: []kit.Field{
				{Name: "host", Label: "Host", Mono: true}, {Name: "port", Label: "Port", Type: "number", Optional: true, Placeholder: "1433"},
				{Name: "encrypt", Label: "Encryption", Type: "choices", Value: "full", Options: []kit.Option{{Value: "strict", Label: "Strict", Hint: "TLS from the first byte (TDS 8)."}, {Value: "full", Label: "Full", Hint: "TLS after the greeting."}, {Value: "none", Label: "None", Hint: "Only the password is encrypted."}}},
				{Name: "ca_pem", Label: "Certificate of the authority", Type: "area", Mono: true, Optional: true, Placeholder: "-----BEGIN CERTIFICATE-----", Hint: "PEM."}}}})
		}, []string{"Add a SQL Server", "Certificate of the authority"}},
		{"storage", "Storage", "storage", func(f kit.Frame) templ.Component {
			return settings.StoragePage(f, settings.Storage{Rows: []settings.Place{{Name: kit.Link{Text: "sql-moves", Href: "/storage/b2"}, Kind: "OSS bucket", Where: "sql-moves · oss-cn-hangzhou.aliyuncs.com", Class: "Standard", Badge: kit.Badge{Text: "fit for migrations", Tone: kit.ToneOK}, Uploads: "2 unfinished", UploadsT: kit.ToneWarn},
				{Name: kit.Link{Text: "archive", Href: "/storage/b3"}, Kind: "OSS bucket", Where: "sql-old · oss-cn-beijing.aliyuncs.com", Class: "IA", Badge: kit.Badge{Text: "not Standard", Tone: kit.ToneBad}, Note: "The cloud restores from buckets of class Standard only."},
				{Name: kit.Link{Text: "SQL backups", Href: "/storage/b1"}, Kind: "folder", Where: "/var/backups/sql", Badge: kit.Badge{Text: "readable", Tone: kit.ToneOK}}}})
		}, []string{"Storage", "fit for migrations", "2 unfinished"}},
		{"files", "sql-moves", "storage", func(f kit.Frame) templ.Component {
			return settings.PlaceFilesPage(f, settings.PlaceFiles{Name: "sql-moves", Crumbs: []kit.Link{{Text: "Storage", Href: "/storage"}, {Text: "sql-moves"}}, Under: "OSS bucket in cn-hangzhou", Badge: kit.Badge{Text: "fit for migrations", Tone: kit.ToneOK}, Filter: kit.Form{Action: "/storage/b2", Submit: "Show", Fields: []kit.Field{{Name: "prefix", Label: "Path begins with", Optional: true, Mono: true}}},
				Rows: []settings.StoredFile{{Name: "orders/orders_FULL_20261120010000.bak", Size: kit.Bytes(412 << 30), Modified: at(3, 12, 0), Kind: kit.KindFull, Database: "orders", Says: "SQL Server 2016 on PROD1 · to LSN 39000000051800001"},
					{Name: "orders/notes.bak", Size: kit.Bytes(912), Modified: at(3, 14, 0), Kind: kit.Kind{Text: "—", Class: "none"}, Says: "Not a backup file: it does not begin with a backup header.", Tone: kit.ToneWarn}},
				Uploads: []settings.Upload{{Name: "stock/stock.bak", ID: "0004B9894A22E5B1", Begun: at(2, 0, 0), Action: &kit.Action{Label: "Abort", Href: "/storage/b2/uploads/abort", Post: true, Danger: true, Small: true}}}})
		}, []string{"orders/notes.bak", "0004B9894A22E5B1", "Abort"}},
		{"trial", "Test of sql-moves", "storage", func(f kit.Frame) templ.Component {
			return settings.TrialPage(f, settings.Trial{Name: "sql-moves", Crumbs: []kit.Link{{Text: "Storage", Href: "/storage"}, {Text: "sql-moves", Href: "/storage/b2"}, {Text: "Test"}}, Badge: kit.Badge{Text: "1 step fails", Tone: kit.ToneBad},
				Actions: []kit.Action{{Label: "Test again", Href: "/storage/b2/test", Post: true}},
				Rows: []settings.Tried{{What: "List files", Badge: kit.Badge{Text: "works", Tone: kit.ToneOK}},
					{What: "Write a file", Badge: kit.Badge{Text: "fails", Tone: kit.ToneBad}, Note: "The access key AKIAEXAMPLE may not do this in the bucket sql-moves: s3:PutObject is refused. Allow s3:PutObject on arn:aws:s3:::sql-moves/* in its policy, and check the bucket's own policy."},
					{What: "Read it", Badge: kit.Badge{Text: "not tried", Tone: kit.ToneIdle}}},
				Notes: []kit.Help{{Tone: kit.ToneWarn, Title: "A rule of the bucket's life cycle (tidy) deletes files 14 days after they came, whatever still needs them.", Fix: "Let the retention of a policy remove backups, or make the rule longer than everything that is kept."}}})
		}, []string{"Test of sql-moves", "s3:PutObject is refused", "not tried", "Test again"}},
		{"runs", "Runs", "runs", func(f kit.Frame) templ.Component {
			return activity.RunsPage(f, kit.Runs{Tabs: []kit.Tab{{Label: "All", Href: "/runs", Count: -1, Current: true}}, Rows: []kit.RunRow{{Title: kit.Link{Text: "Migrate orders", Href: "/runs/1"}, Kind: "migration", Badge: kit.Badge{Text: "running", Tone: kit.ToneRun}, Now: "importing log 4", Progress: &kit.Progress{Label: "orders", Value: 4, Max: 5}, Begun: at(0, 41, 0), Took: "14 h"}}})
		}, []string{"Migrate orders", "importing log 4"}},
		{"run", "Migrate orders", "runs", func(f kit.Frame) templ.Component {
			return activity.RunPage(f, activity.Run{Title: "Migrate orders", Crumbs: []kit.Link{{Text: "Runs", Href: "/runs"}, {Text: "Migrate orders"}}, Badge: kit.Badge{Text: "failed", Tone: kit.ToneBad}, Actions: []kit.Action{{Label: "Retry from here", Href: "/runs/1/retry", Post: true, Primary: true}},
				Pairs: []kit.Pair{{Key: "Begun", When: at(0, 41, 0)}, {Key: "For", Value: "orders"}}, Needs: migration().Needs,
				Steps:  []activity.RunStep{{State: "done", Title: "Preflight", Attempts: "1", Begun: at(0, 41, 0), Took: "6 s"}, {State: "failed", Title: "Upload of the full backup", Note: "the network was unreachable", Attempts: "3", Begun: at(0, 41, 6), Took: "3 h 12 min", Progress: kit.Transfer("Upload", 100<<30, 412<<30, 0)}},
				Events: migration().Events})
		}, []string{"Migrate orders", "Upload of the full backup", "Retry from here"}},
		{"audit", "Audit", "audit", func(f kit.Frame) templ.Component {
			return activity.AuditPage(f, activity.Audit{Verdict: kit.Help{Tone: kit.ToneOK, Title: "The chain of 1,204 entries is whole.", Cause: "Checked just now, from the first to the last."}, Check: kit.Action{Label: "Check again", Href: "/audit?check=1"},
				Rows:  []activity.AuditRow{{Seq: "1204", When: at(13, 40, 2), Who: "dba@example.org", From: "web · 192.0.2.7", Action: "migration.open", Summary: "Asked to open orders.", Subject: kit.Link{Text: "orders", Href: "/migrations/1"}, Before: `{"stage":"following"}`, After: `{"stage":"opening"}`, Hash: "9f2c41d07be1", HashAll: "9f2c41d07be1"}},
				Pager: kit.Pager{Older: "?before=1155", Words: "50 of 1,204"}})
		}, []string{"The chain of 1,204 entries is whole.", "migration.open", "192.0.2.7"}},
		{"settings", "Settings", "settings", func(f kit.Frame) templ.Component {
			return settings.SettingsPage(f, settings.Settings{Groups: []settings.Group{
				{ID: "accounts", Title: "Cloud accounts", Columns: []string{"Name", "Access key", "Region"}, Rows: []settings.GroupRow{{Cells: []string{"moves", "LTAI5t…7k9Q", "cn-hangzhou"}, Actions: []kit.Action{{Label: "Change", Href: "/settings/accounts/a1", Small: true}}}}, Add: &kit.Action{Label: "Add an account", Href: "/settings/accounts/new", Small: true}},
				{ID: "tokens", Title: "API tokens", Columns: []string{"Name"}, Empty: kit.Empty{Title: "No tokens yet.", Text: "A token lets a script use the API in your name."}, Secret: &settings.Secret{Title: "The token, shown once", Value: "bkp_example", Note: "Copy it now."}},
			}})
		}, []string{"Cloud accounts", "LTAI5t…7k9Q", "bkp_example"}},
		{"account", "Add an account", "settings", func(f kit.Frame) templ.Component {
			return settings.FormPageView(f, settings.FormPage{Title: "Add a cloud account", Crumbs: []kit.Link{{Text: "Settings", Href: "/settings"}, {Text: "Account"}}, Form: kit.Form{Action: "/settings/accounts", Submit: "Save", Cancel: "/settings", Problem: &kit.Help{Title: `"hangzhou" is not a region id.`, Fix: "Write it as the cloud does, such as cn-hangzhou."}, Fields: []kit.Field{{Name: "name", Label: "Name"}, {Name: "secret", Label: "Access key secret", Type: "password", Autocomplete: "off"}, {Name: "region", Label: "Region", Value: "hangzhou", Error: "Such as cn-hangzhou."}}}})
		}, []string{"Add a cloud account", "Such as cn-hangzhou."}},
		{"notfound", "Not found", "", func(f kit.Frame) templ.Component {
			return kit.ProblemPage(f, kit.Problem{Status: 404, Title: "There is no such page", Message: "The migration may have been removed, or the address has a slip in it.", Fix: "Look for it in the list.", Actions: []kit.Action{{Label: "Migrations", Href: "/migrations"}}, Ref: "req-7f3a"})
		}, []string{"404", "There is no such page", "req-7f3a"}},
	}...)
}
