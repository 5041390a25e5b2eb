package templates_test

import . "github.com/bakplane/bakplane/web/templates"

// Pages of a migration that follows a server at work.

func stopBar(title string) Stop {
	return Stop{Title: title, Note: "≈ 40 s for a tail of 38.0 MB · measured on 6 increments", Label: title + ": writes stop for 40 s",
		Parts: []StopPart{{"tail", "tail", 4, "4 s"}, {"upload", "upload", 9, "9 s"}, {"apply", "apply", 19, "19 s"}, {"open", "open", 6, "6 s"}, {"ours", "ours", 2, "2 s"}},
		Why:   "Measured on this migration's own increments and on earlier openings at this instance.",
		Gate:  "Freeze by tail of the log WITH NORECOVERY. The target is opened only if its last LSN equals that of the tail. Until then Abort gives the source back writable."}
}

func cutoverCalls() []Call {
	return []Call{
		{Title: "Freeze, at PROD1", Request: `BACKUP LOG [orders] TO DISK = N'D:\backup\ordersLOG20261120134205064200018.bak' WITH NORECOVERY, CHECKSUM, FORMAT, INIT, NAME = N'bakplane 0198c1f0-2b7c-7e55-9d01-000006420001 8 LOG', COMPRESSION, STATS = 1`, Note: "The name holds the time of the order."},
		{Title: "Import the tail", Request: "CreateMigrateTask DBName=orders BackupMode=UPDF IsOnlineDB=False MigrateTaskId=5652255443 OssObjectPositions=oss-cn-hangzhou.aliyuncs.com:sql-moves:bakplane/ordersLOG20261120134205064200018.bak"},
		{Title: "Open the database, once the gate is open", Request: "CreateOnlineDatabaseTask DBName=orders MigrateTaskId=5652255443 CheckDBMode=AsyncExecuteDBCheck"},
	}
}

func liveMigration() Migration {
	v := migration()
	stop := stopBar("If you cut over now")
	v.Path, v.Badge = `/a/very/long/path/of/a/share/that/nobody/would/ever/want/to/type/again/ORDERS_of_the_northern_subsidiary_2026 on PROD1 → Hangzhou (rm-bp1x7k9)`, Badge{"following", ToneRun}
	v.Actions = []Action{{Label: "Pause", Href: "/migrations/1/pause", Post: true}, {Label: "File details", Href: "/migrations/1/details"}, {Label: "Abort…", Href: "/migrations/1/abort", Danger: true}, {Label: "Cut over…", Href: "/migrations/1/cutover", Primary: true}}
	v.Facts = []Fact{{Label: "Writes would stop for", Value: "≈ 40 s", Note: "if you cut over now"}, {Label: "Target is behind by", Value: "2 min 10 s", Note: "38.0 MB of log · asked 13:42:01"},
		{Label: "In the bucket", Value: "430.6 GB", Note: "everything · checksums equal"}, {Label: "Imports today", Value: "7 of 20", Note: "3 kept for the cutover"}}
	v.Chain.NotYet, v.Stop, v.Live = "tail", &stop, true
	v.Needs = []Help{{Title: "Somebody else took a log backup", Said: `D:\other\orders_log_1512.trn`, Cause: `CORP\backup took a log backup of orders at 15:12 UTC, and it is out of reach here. Without it the next log does not join.`,
		Fix: "Copy the file into the server's backup folder under its own name and retry, or stop the other job, abort, and start again.", Actions: []Action{{Label: "Retry from here", Href: "/migrations/1/retry", Post: true, Primary: true}, {Label: "Abort…", Href: "/migrations/1/abort", Danger: true}}}}
	v.Steps = []Step{{State: "done", Title: "Preflight, 14 checks", At: "6 s"}, {State: "done", Title: "Full backup at the source", Note: "ordersFULL20261120010000064200011.bak", At: "1 h 17 min"}, {State: "done", Title: "Upload", Note: "7 of 7 files", At: "3 h 12 min"},
		{State: "done", Title: "Restore the full backup", Note: "task 5652255443", At: "9 h 35 min"}, {State: "now", Title: "Follow logs: log backup", At: "since 13:42:00", Progress: &Progress{Label: "Log backup", Value: 40, Max: 100, Words: "40 %"}},
		{State: "todo", Title: "Cut over", Note: "when you say so: freeze, tail, upload, apply"}, {State: "todo", Title: "Open"}, {State: "todo", Title: "DBCC CHECKDB"}}
	v.Calls = append([]Call{{Title: "Back up ordersFULL20261120010000064200011.bak", Badge: Badge{"accepted", ToneOK}, When: at(1, 0, 0), Request: `BACKUP DATABASE [orders] TO DISK = N'D:\backup\ordersFULL20261120010000064200011.bak' WITH CHECKSUM, FORMAT, INIT, COMPRESSION, STATS = 1`}}, v.Calls...)
	return v
}

func cutOver() Migration {
	v := liveMigration()
	stop := stopBar("Writes were stopped for 38 s")
	stop.Note, stop.Gate, stop.Why = "measured", "", "The tail had 38.0 MB."
	v.Stop, v.Badge, v.Chain.NotYet = &stop, Badge{"open", ToneOK}, ""
	v.Actions = v.Actions[1:2]
	v.Facts[0] = Fact{Label: "Writes were stopped for", Value: "38 s", Note: "from the freeze to the open database", Tone: ToneOK}
	v.Facts[1] = Fact{Label: "Writes have been stopped for", Value: "12 s", Since: "2026-11-20T13:41:53Z", Tone: ToneWarn}
	v.Needs = []Help{{Tone: ToneOK, Title: "The database is open on the target", Fix: "Point the application at it and go through the list of what remains by hand."}}
	v.ByHand = []Tick{{What: "Logins", How: "They live in master and did not come along.", Statement: "ALTER USER [user] WITH LOGIN = [login]"}, {What: "SQL Server Agent jobs", How: "Script those that touch this database."}, {What: "Statistics", How: "Fresh statistics help a newer version.", Statement: "EXEC [orders].sys.sp_updatestats"}}
	return v
}

func pickLive() PickLive {
	return PickLive{From: []Tab{{Label: "From backup files", Href: "/migrations/new", Count: -1}, {Label: "From a server at work", Href: "/migrations/new/live", Count: -1, Current: true}},
		Servers: []Tab{{Label: "PROD1", Href: "?server=1", Count: -1, Current: true}, {Label: "PROD2", Href: "?server=2", Count: -1}},
		Form: &Form{Action: "/migrations/new/live/checks", Method: "get", Submit: "Run the checks", Cancel: "/migrations", Fields: []Field{
			{Name: "source_database", Label: "Database", Type: "select", Options: []Option{{Value: "orders", Label: "orders · 412 GB · FULL"}, {Value: "stock", Label: "stock · RESTORING", Off: true}}},
			{Name: "every", Label: "A log backup every", Type: "choices", Value: "1h36m0s", Options: []Option{{Value: "5m0s", Label: "5 min", Hint: "Uses up the day's imports in 1 h 15 min: for a cutover before that."}, {Value: "1h36m0s", Label: "1 h 36 min", Hint: "The shortest that fits the day's imports."}}}}}}
}

func instance() Instance {
	size := func(gb int64) Size { return Bytes(gb << 30) }
	return Instance{Name: "PROD1", Crumbs: []Link{{"Instances", "/instances"}, {Text: "PROD1"}}, Under: `sql1.corp.example.org\PROD,1433`, Badge: Badge{"answers", ToneOK},
		Actions: []Action{{Label: "Change", Href: "/settings/servers/1"}, {Label: "Ask again", Href: "/instances/1"}},
		Facts:   []Fact{{Label: "Version", Value: "SQL Server 2016", Note: "13.0.5026.0", Words: true}, {Label: "Edition", Value: "Enterprise Edition: Core-based Licensing (64-bit)", Note: "on SQL1", Words: true}, {Label: "Databases", Value: "14", Note: "1.2 TB of data"}, {Label: "Its clock", Value: "13:41:10", Note: "55 s away", Words: true, Tone: ToneWarn}},
		Databases: []DatabaseRow{
			{Name: "orders", Size: size(412), Note: "38.0 GB log", Badge: Badge{"online", ToneOK}, Recovery: Badge{Text: "FULL"}, Full: Backed{When: at(1, 0, 0), Ago: "12 h ago"}, Diff: Backed{When: at(13, 0, 0), Ago: "42 min ago"}, Log: Backed{When: at(13, 30, 0), Ago: "12 min ago"}, Action: &Action{Label: "Migrate to…", Href: "?", Small: true}},
			{Name: "a_database_with_a_name_that_somebody_found_telling_in_2009", Size: size(8), Badge: Badge{"online", ToneOK}, Recovery: Badge{Text: "FULL"}, Marks: []Badge{{"TDE", ToneWarn}, {"not the preferred replica", ToneWarn}, {Text: "read-only"}}, Full: Backed{Ago: "never", Tone: ToneWarn}, Diff: Backed{Ago: "never"}, Log: Backed{Ago: "no full backup yet", Tone: ToneWarn}, Action: &Action{Label: "Migrate to…", Href: "?", Small: true}},
			{Name: "stock", Size: size(90), Badge: Badge{"restoring", ToneWarn}, Recovery: Badge{"SIMPLE", ToneWarn}, Full: Backed{When: at(1, 0, 0), Ago: "12 h ago"}, Diff: Backed{Ago: "never"}, Log: Backed{Ago: "no log backups"}, Action: &Action{Label: "Migrate to…", Href: "?", Small: true, Off: "It is RESTORING."}},
			{Name: "master", Size: Bytes(6 << 20), Badge: Badge{"online", ToneOK}, Recovery: Badge{Text: "SIMPLE"}, Off: true, Full: Backed{When: at(1, 0, 0), Ago: "12 h ago"}, Diff: Backed{Ago: "never"}, Log: Backed{Ago: "no log backups"}}}}
}
