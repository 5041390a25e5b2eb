package migration

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// What a SQL Server says at RESTORE, in its own texts, behind an adapter's words.
func TestExplainServer(t *testing.T) {
	for said, want := range map[string]string{
		"There is no /x/a.bak, as the server sees it. SQL Server said: Cannot open backup device '/x/a.bak'. Operating system error 2(The system cannot find the file specified.). (3201) RESTORE DATABASE is terminating abnormally. (3013)": "device",
		"SQL Server said: Read on \"/x/a.bak\" failed: 38(Reached the end of the file.) (3203)":                                       "read",
		"The backup set holds a backup of a database other than the existing 'shop' database. (3154)":                                 "other-database",
		"The tail of the log for the database \"shop\" has not been backed up. (3159)":                                                "name-exists",
		"The database was backed up on a server running version 16.00.4165. That version is incompatible (3169)":                      "version",
		"The backup of the system database on the device x cannot be restored (3168)":                                                 "system",
		"The media family on device '/x/a.bak' is incorrectly formed. SQL Server cannot process this media family. (3241)":            "unreadable",
		"There is insufficient free space on disk volume '/data' to create the database. (3257) Problems were identified (3119)":      "space",
		"The file '/data/shop_1.mdf' cannot be overwritten. It is being used by database 'other'. (1834)":                             "file-clash",
		"The log in this backup set begins at LSN 39000000059500001, which is too recent to apply to the database. (4305)":            "gap",
		"The log in this backup set terminates at LSN 39000000059500001, which is too early to apply (4326)":                          "covered",
		"The log or differential backup cannot be restored because no files are ready to rollforward. (3117)":                         "not-restoring",
		"Cannot find server certificate with thumbprint '0x1234'. (33111)":                                                            "certificate",
		"CREATE DATABASE permission denied in database 'master'. (262)":                                                               "rights",
		"User does not have permission to RESTORE database 'shop'. (3110)":                                                            "rights",
		"Database 'shop' cannot be opened. It is in the middle of a restore. (927)":                                                   "restoring",
		"This backup set cannot be applied because it is on a recovery path that is inconsistent (4330)":                              "fork",
		"This differential backup cannot be restored because the database has not been restored to the correct earlier state. (3136)": "wrong-base",
		"The media set has 3 media families but only 1 are provided. (3132)":                                                          "stripe",
		"Cannot open backup device '/backups (2016)/a.bak'. Operating system error 5(Access is denied.). (3201)":                      "device",
		"The restore was interrupted: the connection that ran it ended. Restore the full backup again.":                               "interrupted-restore",
		"The connection to sqlb:1433 was lost.":                                                                                       "connection",
		"Asynchronously DBCC CHECKDB failed: 2 errors":                                                                                "check-after",
		"DBCC CHECKDB failed: 2 errors":              "check",
		"something nobody wrote down (49999) (3013)": "unknown",
	} {
		e := ExplainServer(said)
		if e.Code != want {
			t.Errorf("%q is explained as %q, want %q", said, e.Code, want)
		}
		if e.Cause == "" || e.Fix == "" || (len(e.Actions) == 0 && !e.Opened) || strings.Contains(e.Cause+e.Fix, "RDS") || strings.Contains(e.Cause+e.Fix, "console") {
			t.Errorf("%q lacks a cause, a fix or a next action, or speaks of a cloud: %+v", said, e)
		}
	}
}

func TestNoErrorIsExplainedTwice(t *testing.T) {
	seen := map[int]string{}
	for _, row := range serverErrors {
		for _, n := range row.numbers {
			if at := seen[n]; at != "" {
				t.Errorf("%d is explained as %s and as %s", n, at, row.is.Code)
			}
			seen[n] = row.is.Code
		}
	}
}

func TestOnlyOurOwnHalfIsReplaced(t *testing.T) {
	call := func(v Verdict) []Call { return []Call{{Verb: VerbRestore, Intended: noon, Verdict: v}} }
	for name, c := range map[string]struct {
		own     bool
		calls   []Call
		created time.Time
		want    bool
	}{
		"made after the order":             {true, call(Accepted), noon.Add(time.Second), true},
		"made after one without an answer": {true, call(Unknown), noon.Add(time.Second), true},
		"made after one that was void":     {true, call(Void), noon.Add(time.Second), true},
		"there before the order":           {true, call(Accepted), noon.Add(-time.Minute), false},
		"the order was refused":            {true, call(Refused), noon.Add(time.Second), false},
		"no order":                         {true, nil, noon, false},
		"not half-made":                    {true, call(Accepted), time.Time{}, false},
		"in the cloud":                     {false, call(Accepted), noon.Add(time.Second), false},
	} {
		m := Migration{Traits: traitsOf(c.own), Calls: c.calls}
		if got := OurInterrupted(m, c.created); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := RestoresAgain(m, Task{InterruptedRestore: c.created}); got != c.want {
			t.Errorf("%s: again %v", name, got)
		}
	}
	many := Migration{Traits: serverTraits}
	for range restoresByItself + 1 {
		many.Calls = append(many.Calls, call(Void)...)
	}
	if RestoresAgain(many, Task{InterruptedRestore: noon.Add(time.Second)}) || !OurInterrupted(many, noon.Add(time.Second)) {
		t.Error("what is interrupted again and again asks nobody")
	}
}

func TestAFreezeThatTravelledIsNotOpenYet(t *testing.T) {
	frozen := Migration{Traits: serverTraits, Database: "shop", LiveSource: &LiveSource{Freeze: FreezeReadOnly}}
	task := Task{Status: TaskSuccess, ReadOnly: true}
	if got := asWanted(frozen, task); got.Status != TaskWaiting {
		t.Errorf("read-only, and called %s", got.Status)
	}
	if e := ExplainServer(asWanted(frozen, task).Description); e.Code != "read-only" {
		t.Errorf("explained as %s", e.Code)
	}
	for name, m := range map[string]Migration{
		"tail": {Traits: serverTraits, LiveSource: &LiveSource{Freeze: FreezeTail}}, "cloud": {LiveSource: &LiveSource{Freeze: FreezeReadOnly}}, "files": {Traits: serverTraits},
		"open before": {Traits: serverTraits, LiveSource: &LiveSource{Freeze: FreezeReadOnly}, Opened: noon},
	} {
		if got := asWanted(m, task); got.Status != TaskSuccess {
			t.Errorf("%s: %s", name, got.Status)
		}
	}
	if got := asWanted(frozen, Task{Status: TaskSuccess}); got.Status != TaskSuccess {
		t.Errorf("writable: %s", got.Status)
	}
}

// Stripes of one set wait for one another and are told to the target once.
func TestStripesAreOneSet(t *testing.T) {
	set := bakfile.GUID{1}
	m := Migration{Traits: serverTraits, Mode: Pending, Checked: noon, Files: []File{
		{Ord: 1, Kind: "full", SetGUID: set, Key: "a", State: FileStaged, LastLSN: bakfile.LSN{VLF: 1, Block: 5}}, {Ord: 2, Kind: "full", SetGUID: set, Key: "b", State: FileUploading, LastLSN: bakfile.LSN{VLF: 1, Block: 5}},
		{Ord: 3, Kind: "log", SetGUID: bakfile.GUID{2}, Key: "c", State: FilePlanned, FirstLSN: bakfile.LSN{VLF: 1, Block: 5}, LastLSN: bakfile.LSN{VLF: 1, Block: 9}}}}
	if why := gap(m.Live()); why != "" {
		t.Errorf("a gap between stripes: %s", why)
	}
	if act := Next(m, Budget{}, noon, Rules{Poll: time.Second}); act.Do != DoAwait || act.File.Ord != 2 {
		t.Errorf("%+v", act)
	}
	m.Files[1].State = FileStaged
	if act := Next(m, Budget{}, noon, Rules{Poll: time.Second}); act.Do != DoRestore || act.File.Ord != 1 {
		t.Errorf("%+v", act)
	}
	got := applied(m, m.Files[0], noon)
	if len(got.Files) != 2 || got.Files[0].State != FileApplied || got.Files[1].State != FileApplied || m.Files[1].State != FileStaged {
		t.Errorf("%+v", got.Files)
	}
}

func TestJudgeAServerOfOnesOwn(t *testing.T) {
	whole := func() Facts {
		return Facts{Migration: Migration{Traits: serverTraits, Database: "shop", Mode: Pending, Files: []File{{Ord: 1, Kind: "full", Key: "my (own) names.bak", Size: 4 << 40}}},
			Sets:     []SetFacts{{File: File{Kind: "full", Key: "my (own) names.bak", Size: 4 << 40}, VersionMajor: 15, RecoveryModel: "FULL", Position: 1, SetsInFile: 1, FamilyCount: 3, Complete: true}},
			Instance: TargetInstance{VersionMajor: 15, Status: "Running", Edition: "std"}, CallsDay: 1000, CallsHost: 1000,
			Host: &HostCheck{HostFacts: HostFacts{Folder: "/backup", Names: []string{"Readme.txt"}, Moves: []Move{{Logical: "shop", To: "/data/shop_1.mdf", Size: 8 << 20}}, Volumes: []Volume{{Path: "/data", Need: 8 << 20, Free: 9 << 20}}}, Ours: []string{"readme.txt"}}}
	}
	levels := func(fs []Finding) (barred []string) {
		for _, f := range fs {
			if f.Level == Barred {
				barred = append(barred, f.Code)
			}
			if f.Level != Passed && f.Fix == "" {
				t.Errorf("no fix: %+v", f)
			}
		}
		return barred
	}
	if got := levels(Judge(whole())); len(got) > 0 {
		t.Errorf("a cloud's limits bar it: %v", got)
	}
	for want, change := range map[string]func(*Facts){
		"rights":      func(f *Facts) { f.Host.Missing = []backup.MissingRight{{Right: "restore", Grant: "ALTER SERVER ROLE"}} },
		"bucket":      func(f *Facts) { f.Host.Names = []string{"other"} },
		"files-clash": func(f *Facts) { f.Host.Moves[0].Taken = "database x" },
		"space":       func(f *Facts) { f.Host.Volumes[0].Free = 1 },
		"edition":     func(f *Facts) { f.Host.LargestMDF = 1 << 20 },
		"name":        func(f *Facts) { f.Databases = []string{"SHOP"} },
		"version":     func(f *Facts) { f.Instance.VersionMajor = 14 },
		"key":         func(f *Facts) { f.Sets[0].File.Key = `a\b.bak` },
	} {
		f := whole()
		change(&f)
		if got := levels(Judge(f)); len(got) != 1 || got[0] != want {
			t.Errorf("want %s alone, got %v", want, got)
		}
	}
	unseen := whole()
	unseen.Host.FolderSays = errors.New("access denied")
	if got := levels(Judge(unseen)); len(got) != 1 || got[0] != "bucket" {
		t.Errorf("a folder that the target cannot list: %v", got)
	}
}

func TestStripesOfATake(t *testing.T) {
	own, cloud := Migration{ID: "01a1f9d0-a8cc-7a0c-b5af-d7dd7c6e2fdf", Traits: serverTraits, SourceDatabase: "s1of4"}, Migration{SourceDatabase: "shop"}
	for _, c := range []struct {
		m     Migration
		kind  string
		bytes int64
		want  int
	}{
		{own, "full", 0, 1}, {own, "full", StripeBytes - 1, 1}, {own, "full", 2 * StripeBytes, 2}, {own, "full", 1 << 50, MostStripes},
		{own, "differential", 1 << 50, 1}, {own, "log", 1 << 50, 1}, {cloud, "full", 1 << 50, 1},
	} {
		if got := StripesFor(c.m, c.kind, c.bytes, StripeBytes); got != c.want {
			t.Errorf("%s of %d bytes over %d files, want %d", c.kind, c.bytes, got, c.want)
		}
	}
	_, key := SourceBackupName(own, "full", noon)
	if got := StripeKeys(StripedKey(key, 1)); len(got) != 1 || got[0] != key {
		t.Errorf("%q of %q", got, key)
	}
	seen := map[string]bool{}
	for n := 2; n <= MostStripes; n++ {
		keys := StripeKeys(StripedKey(key, n))
		if len(keys) != n || keys[0] != StripedKey(key, n) {
			t.Errorf("%d stripes: %q", n, keys)
		}
		for _, k := range keys {
			if why, _ := refusedKey(serviceTraits.Keys, k); seen[k] || why != "" {
				t.Errorf("%q: %s", k, why)
			}
			seen[k] = true
		}
	}
}
