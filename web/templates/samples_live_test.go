package templates_test

import (
	"github.com/bakplane/bakplane/web/templates/instances"
	"github.com/bakplane/bakplane/web/templates/kit"
	"github.com/bakplane/bakplane/web/templates/migrations"
)

// Pages of a migration that follows a server at work.

func stopBar(title string) kit.Stop {
	return kit.Stop{Title: title, Note: "≈ 40 s for a tail of 38.0 MB · measured on 6 increments", Label: title + ": writes stop for 40 s",
		Parts: []kit.StopPart{{Name: "tail", Class: "tail", Share: 4, Words: "4 s"}, {Name: "upload", Class: "upload", Share: 9, Words: "9 s"}, {Name: "apply", Class: "apply", Share: 19, Words: "19 s"}, {Name: "open", Class: "open", Share: 6, Words: "6 s"}, {Name: "ours", Class: "ours", Share: 2, Words: "2 s"}},
		Why:   "Measured on this migration's own increments and on earlier openings at this instance.",
		Gate:  "Freeze by tail of the log WITH NORECOVERY. The target is opened only if its last LSN equals that of the tail. Until then Abort gives the source back writable."}
}

func cutoverCalls() []kit.Call {
	return []kit.Call{
		{Title: "Freeze, at PROD1", Request: `BACKUP LOG [orders] TO DISK = N'D:\backup\ordersLOG20261120134205064200018.bak' WITH NORECOVERY, CHECKSUM, FORMAT, INIT, NAME = N'bakplane 0198c1f0-2b7c-7e55-9d01-000006420001 8 LOG', COMPRESSION, STATS = 1`, Note: "The name holds the time of the order."},
		{Title: "Import the tail", Request: "CreateMigrateTask DBName=orders BackupMode=UPDF IsOnlineDB=False MigrateTaskId=5652255443 OssObjectPositions=oss-cn-hangzhou.aliyuncs.com:sql-moves:bakplane/ordersLOG20261120134205064200018.bak"},
		{Title: "Open the database, once the gate is open", Request: "CreateOnlineDatabaseTask DBName=orders MigrateTaskId=5652255443 CheckDBMode=AsyncExecuteDBCheck"},
	}
}

func liveMigration() migrations.Migration {
	v := migration()
	stop := stopBar("If you cut over now")
	v.Path, v.Badge = `/a/very/long/path/of/a/share/that/nobody/would/ever/want/to/type/again/ORDERS_of_the_northern_subsidiary_2026 on PROD1 → Hangzhou (rm-bp1x7k9)`, kit.Badge{Text: "following", Tone: kit.ToneRun}
	v.Actions = []kit.Action{{Label: "Pause", Href: "/migrations/1/pause", Post: true}, {Label: "File details", Href: "/migrations/1/details"}, {Label: "Abort…", Href: "/migrations/1/abort", Danger: true}, {Label: "Cut over…", Href: "/migrations/1/cutover", Primary: true}}
	v.Facts = []kit.Fact{{Label: "Writes would stop for", Value: "≈ 40 s", Note: "if you cut over now"}, {Label: "Target is behind by", Value: "2 min 10 s", Note: "38.0 MB of log · asked 13:42:01"},
		{Label: "In the bucket", Value: "430.6 GB", Note: "everything · checksums equal"}, {Label: "Imports today", Value: "7 of 20", Note: "3 kept for the cutover"}}
	v.Chain.NotYet, v.Stop, v.Live = "tail", &stop, true
	v.Needs = []kit.Help{{Title: "Somebody else took a log backup", Said: `D:\other\orders_log_1512.trn`, Cause: `CORP\backup took a log backup of orders at 15:12 UTC, and it is out of reach here. Without it the next log does not join.`,
		Fix: "Copy the file into the server's backup folder under its own name and retry, or stop the other job, abort, and start again.", Actions: []kit.Action{{Label: "Retry from here", Href: "/migrations/1/retry", Post: true, Primary: true}, {Label: "Abort…", Href: "/migrations/1/abort", Danger: true}}}}
	v.Steps = []kit.Step{{State: "done", Title: "Preflight, 14 checks", At: "6 s"}, {State: "done", Title: "Full backup at the source", Note: "ordersFULL20261120010000064200011.bak", At: "1 h 17 min"}, {State: "done", Title: "Upload", Note: "7 of 7 files", At: "3 h 12 min"},
		{State: "done", Title: "Restore the full backup", Note: "task 5652255443", At: "9 h 35 min"}, {State: "now", Title: "Follow logs: log backup", At: "since 13:42:00", Progress: &kit.Progress{Label: "Log backup", Value: 40, Max: 100, Words: "40 %"}},
		{State: "todo", Title: "Cut over", Note: "when you say so: freeze, tail, upload, apply"}, {State: "todo", Title: "Open"}, {State: "todo", Title: "DBCC CHECKDB"}}
	v.Calls = append([]kit.Call{{Title: "Back up ordersFULL20261120010000064200011.bak", Badge: kit.Badge{Text: "accepted", Tone: kit.ToneOK}, When: at(1, 0, 0), Request: `BACKUP DATABASE [orders] TO DISK = N'D:\backup\ordersFULL20261120010000064200011.bak' WITH CHECKSUM, FORMAT, INIT, COMPRESSION, STATS = 1`}}, v.Calls...)
	return v
}

func cutOver() migrations.Migration {
	v := liveMigration()
	stop := stopBar("Writes were stopped for 38 s")
	stop.Note, stop.Gate, stop.Why = "measured", "", "The tail had 38.0 MB."
	v.Stop, v.Badge, v.Chain.NotYet = &stop, kit.Badge{Text: "open", Tone: kit.ToneOK}, ""
	v.Actions = v.Actions[1:2]
	v.Facts[0] = kit.Fact{Label: "Writes were stopped for", Value: "38 s", Note: "from the freeze to the open database", Tone: kit.ToneOK}
	v.Facts[1] = kit.Fact{Label: "Writes have been stopped for", Value: "12 s", Since: "2026-11-20T13:41:53Z", Tone: kit.ToneWarn}
	v.Needs = []kit.Help{{Tone: kit.ToneOK, Title: "The database is open on the target", Fix: "Point the application at it and go through the list of what remains by hand."}}
	v.ByHand = []migrations.Tick{{What: "Logins", How: "They live in master and did not come along.", Statement: "ALTER USER [user] WITH LOGIN = [login]"}, {What: "SQL Server Agent jobs", How: "Script those that touch this database."}, {What: "Statistics", How: "Fresh statistics help a newer version.", Statement: "EXEC [orders].sys.sp_updatestats"}}
	return v
}

func pickLive() migrations.PickLive {
	return migrations.PickLive{From: []kit.Tab{{Label: "From backup files", Href: "/migrations/new", Count: -1}, {Label: "From a server at work", Href: "/migrations/new/live", Count: -1, Current: true}},
		Servers: []kit.Tab{{Label: "PROD1", Href: "?server=1", Count: -1, Current: true}, {Label: "PROD2", Href: "?server=2", Count: -1}},
		Form: &kit.Form{Action: "/migrations/new/live/checks", Method: "get", Submit: "Run the checks", Cancel: "/migrations", Fields: []kit.Field{
			{Name: "source_database", Label: "Database", Type: "select", Options: []kit.Option{{Value: "orders", Label: "orders · 412 GB · FULL"}, {Value: "stock", Label: "stock · RESTORING", Off: true}}},
			{Name: "every", Label: "A log backup every", Type: "choices", Value: "1h36m0s", Options: []kit.Option{{Value: "5m0s", Label: "5 min", Hint: "Uses up the day's imports in 1 h 15 min: for a cutover before that."}, {Value: "1h36m0s", Label: "1 h 36 min", Hint: "The shortest that fits the day's imports."}}}}}}
}

func script() migrations.Script {
	return migrations.Script{From: []kit.Tab{{Label: "From backup files", Href: "/migrations/new", Count: -1}, {Label: "From a server at work", Href: "/migrations/new/live", Count: -1}, {Label: "A wave of databases", Href: "/waves/new", Count: -1}, {Label: "Get the script", Href: "/migrations/new/script", Count: -1, Current: true}},
		Name: "bakplane-full-orders.sql", Download: "/migrations/new/script/file?kind=full", Next: []string{"Run the script at the server, as a sysadmin if you can.", "It names the files it took. Upload them."},
		Text: "DECLARE @kind nvarchar(10) = N'FULL'; -- FULL, DIFF or LOG\nDECLARE @folder nvarchar(260) = N'D:\\backup'; -- as the server sees it; made when missing\nSELECT @line = N'a line that is much longer than the page is wide, so that it has to be scrolled inside its own box and not the page with it, whatever the width of the page is';",
		Form: kit.Form{Action: "/migrations/new/script", Method: "get", Submit: "Get the script", Fields: []kit.Field{{Name: "databases", Label: "Databases", Type: "area", Optional: true, Mono: true, Value: "orders"}, {Name: "folder", Label: "Folder at the server", Value: `D:\backup`, Mono: true}}}}
}

func instance() instances.Instance {
	size := func(gb int64) kit.Size { return kit.Bytes(gb << 30) }
	return instances.Instance{Name: "PROD1", Crumbs: []kit.Link{{Text: "Instances", Href: "/instances"}, {Text: "PROD1"}}, Under: `sql1.corp.example.org\PROD,1433`, Badge: kit.Badge{Text: "answers", Tone: kit.ToneOK},
		Actions: []kit.Action{{Label: "Change", Href: "/settings/servers/1"}, {Label: "Ask again", Href: "/instances/1"}},
		Facts:   []kit.Fact{{Label: "Version", Value: "SQL Server 2016", Note: "13.0.5026.0", Words: true}, {Label: "Edition", Value: "Enterprise Edition: Core-based Licensing (64-bit)", Note: "on SQL1", Words: true}, {Label: "Databases", Value: "14", Note: "1.2 TB of data"}, {Label: "Its clock", Value: "13:41:10", Note: "55 s away", Words: true, Tone: kit.ToneWarn}},
		Databases: []instances.DatabaseRow{
			{Name: "orders", Size: size(412), Note: "38.0 GB log", Badge: kit.Badge{Text: "online", Tone: kit.ToneOK}, Recovery: kit.Badge{Text: "FULL"}, Full: kit.Backed{When: at(1, 0, 0), Ago: "12 h ago"}, Diff: kit.Backed{When: at(13, 0, 0), Ago: "42 min ago"}, Log: kit.Backed{When: at(13, 30, 0), Ago: "12 min ago"}, Action: &kit.Action{Label: "Migrate to…", Href: "?", Small: true}},
			{Name: "a_database_with_a_name_that_somebody_found_telling_in_2009", Size: size(8), Badge: kit.Badge{Text: "online", Tone: kit.ToneOK}, Recovery: kit.Badge{Text: "FULL"}, Marks: []kit.Badge{{Text: "TDE", Tone: kit.ToneWarn}, {Text: "not the preferred replica", Tone: kit.ToneWarn}, {Text: "read-only"}}, Full: kit.Backed{Ago: "never", Tone: kit.ToneWarn}, Diff: kit.Backed{Ago: "never"}, Log: kit.Backed{Ago: "no full backup yet", Tone: kit.ToneWarn}, Action: &kit.Action{Label: "Migrate to…", Href: "?", Small: true}},
			{Name: "stock", Size: size(90), Badge: kit.Badge{Text: "restoring", Tone: kit.ToneWarn}, Recovery: kit.Badge{Text: "SIMPLE", Tone: kit.ToneWarn}, Full: kit.Backed{When: at(1, 0, 0), Ago: "12 h ago"}, Diff: kit.Backed{Ago: "never"}, Log: kit.Backed{Ago: "no log backups"}, Action: &kit.Action{Label: "Migrate to…", Href: "?", Small: true, Off: "It is RESTORING."}},
			{Name: "master", Size: kit.Bytes(6 << 20), Badge: kit.Badge{Text: "online", Tone: kit.ToneOK}, Recovery: kit.Badge{Text: "SIMPLE"}, Off: true, Full: kit.Backed{When: at(1, 0, 0), Ago: "12 h ago"}, Diff: kit.Backed{Ago: "never"}, Log: kit.Backed{Ago: "no log backups"}}}}
}
