package sourcescript_test

import (
	"context"
	"database/sql"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/sourcescript"
	"github.com/bakplane/bakplane/internal/tsql"
)

var hangzhou = sourcescript.Target{Label: "Hangzhou", Traits: &cloud}

// emulated is a server with databases, and a connection that stays one session,
// as a client's window does.
func emulated(t *testing.T, change func(*sqlserveremu.Config)) (*sqlserveremu.Running, *sql.DB, string) {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := sqlserveremu.Config{Name: "SQL01", BackupFolder: folder, Databases: []sqlserveremu.DatabaseSpec{spec("Shop")}}
	if change != nil {
		change(&c)
	}
	run, err := sqlserveremu.Start(c, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.Close() })
	return run, window(t, run, "sa", "Emulated-1"), folder
}

func spec(name string) sqlserveremu.DatabaseSpec {
	return sqlserveremu.DatabaseSpec{Name: name, Size: 128 << 10, Tables: []sqlserveremu.TableSpec{{Name: "Orders", Rows: 20}}}
}

func window(t *testing.T, run *sqlserveremu.Running, login, password string) *sql.DB {
	t.Helper()
	u := url.URL{Scheme: "sqlserver", User: url.UserPassword(login, password), Host: run.Address, RawQuery: "encrypt=disable"}
	db, err := sql.Open("sqlserver", u.String())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func do(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func script(t *testing.T, r sourcescript.Request) string {
	t.Helper()
	s, err := sourcescript.New(r)
	if err != nil {
		t.Fatal(err)
	}
	return s.Text
}

func (s *server) expect(t *testing.T, refused bool, outcomes map[string]string, said ...string) {
	t.Helper()
	all := strings.Join(s.said, "\n")
	if got := s.outcomes(); !maps.Equal(got, outcomes) || (s.refused != "") != refused {
		t.Errorf("outcomes %v, want %v; refused: %q\n%s", got, outcomes, s.refused, all)
	}
	for _, w := range said {
		if !strings.Contains(all+"\n"+s.refused, w) {
			t.Errorf("it does not say %q:\n%s\n%s", w, all, s.refused)
		}
	}
	for _, statement := range s.sent {
		checkBackup(t, statement)
	}
	if strings.Contains(all, "could not be looked") {
		t.Errorf("a check did not work:\n%s", all)
	}
}

func TestWhatTheScriptTakesIsAChain(t *testing.T) {
	_, db, folder := emulated(t, nil)
	var read []backup.ReadFile
	for _, kind := range sourcescript.Kinds() {
		do(t, db, "INSERT INTO Shop.dbo.Orders (id, name) SELECT MAX(id) + 1, N'x' FROM Shop.dbo.Orders")
		in := sourcescript.Request{Databases: []string{"SHOP", "shop"}, Kind: kind, Folder: folder + "/it's [a new]/folder", Run: true, Compress: true, Target: hangzhou}
		got := carry(t, db, script(t, in))
		got.expect(t, false, map[string]string{"Shop": "taken"}, "Summary: 1 taken, 0 failed, 0 left out.", "COMPRESSION", "to one folder of a bucket that Hangzhou reads")
		for _, path := range got.files() {
			name := filepath.Base(path)
			if !regexp.MustCompile(`^Shop(FULL|DIFF|LOG)\d{14}[0-9A-F]{8}\.bak$`).MatchString(name) || filepath.Dir(path) != in.Folder {
				t.Error(path)
			}
			if why, _ := migration.RefusedKey(cloud.Keys, name); !why.IsZero() {
				t.Errorf("%s: %s", name, why)
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			b, err := bakfile.Read(f, info.Size())
			if err != nil || len(b.Sets) != 1 {
				t.Fatalf("%s: %d sets, %v", name, len(b.Sets), err)
			}
			read = append(read, backup.ReadFile{Name: name, File: b})
		}
	}
	plans := backup.Plans(backup.FromFiles(read), backup.Options{})
	if len(plans) != 1 || !plans[0].Whole() || len(plans[0].Steps) != 3 {
		t.Fatalf("%+v", plans)
	}
	for i, want := range []backup.Kind{backup.Full, backup.Differential, backup.Log} {
		if s := plans[0].Steps[i].Set; s.Kind != want || !s.Checksums {
			t.Errorf("step %d: %s, checksums %v", i, s.Kind, s.Checksums)
		}
	}
}

// TestOddNamesAreBackedUp takes every odd database there can be, named and as
// one of all.
func TestOddNamesAreBackedUp(t *testing.T) {
	_, db, folder := emulated(t, nil)
	want := map[string]string{"Shop": "taken"}
	for _, n := range oddNames {
		quoted, err := tsql.Name(n)
		if err != nil {
			t.Fatal(err)
		}
		do(t, db, "CREATE DATABASE "+quoted)
		want[n] = "taken"
	}
	all := carry(t, db, script(t, sourcescript.Request{Kind: sourcescript.Full, Folder: folder, Run: true}))
	all.expect(t, false, want)
	named := carry(t, db, script(t, sourcescript.Request{Databases: oddNames, Kind: sourcescript.Diff, Folder: folder, Run: true}))
	delete(want, "Shop")
	named.expect(t, false, want)
	seen := map[string]bool{}
	for _, path := range slices.Concat(all.files(), named.files()) {
		if _, err := os.Stat(path); err != nil || seen[path] {
			t.Errorf("%s: %v, twice: %v", path, err, seen[path])
		}
		seen[path] = true
		if why, _ := migration.RefusedKey(cloud.Keys, filepath.Base(path)); !why.IsZero() {
			t.Errorf("%s: %s", path, why)
		}
	}
}

// TestTheScriptSaysWhatStandsAgainst looks at everything that the vendor's own
// script leaves out or passes over.
func TestTheScriptSaysWhatStandsAgainst(t *testing.T) {
	_, db, folder := emulated(t, func(c *sqlserveremu.Config) {
		unbacked, fd, fx, tde, simple := spec("Unbacked"), spec("Files"), spec("Memory"), spec("Secret"), spec("Simple")
		unbacked.Unbacked, tde.Encrypted, simple.Recovery = true, true, bakfile.RecoverySimple
		fd.Containers = []sqlserveremu.Container{{Name: "blobs", Kind: "FD"}}
		fx.Containers = []sqlserveremu.Container{{Name: "imoltp", Kind: "FX"}}
		c.Databases = append(c.Databases, unbacked, fd, fx, tde, simple, spec("Away"), spec("rdscore"))
	})
	do(t, db, "ALTER DATABASE Away SET OFFLINE WITH ROLLBACK IMMEDIATE")
	do(t, db, "ALTER DATABASE Shop SET PAGE_VERIFY TORN_PAGE_DETECTION")
	const taken, left = "taken", "left out"
	ask := func(kind sourcescript.Kind, names ...string) *server {
		return carry(t, db, script(t, sourcescript.Request{Databases: names, Kind: kind, Folder: folder, Run: true, Target: hangzhou}))
	}
	full := ask(sourcescript.Full)
	full.expect(t, true, map[string]string{"Shop": taken, "Unbacked": taken, "Files": left, "Memory": taken, "Secret": left, "Simple": taken, "Away": left, "rdscore": taken},
		"Summary: 5 taken, 0 failed, 3 left out.", "It is OFFLINE", "FILESTREAM data, which Hangzhou does not take", "memory-optimised file group", "encrypted (TDE), and Hangzhou does not have its certificate",
		"recovery model is SIMPLE: no log backup can follow", "page verify is TORN_PAGE_DETECTION", "The target keeps this name for itself", "knows of no DBCC CHECKDB without errors", "Not everything is as asked for: 0 failed, 3 left out.")
	ask(sourcescript.Log, "Shop", "Simple", "Nobody", "rdscore").expect(t, true, map[string]string{"Shop": taken, "Simple": left, "Nobody": left, "rdscore": taken},
		"error 4208", "no database of this name")
	do(t, db, "CREATE DATABASE Fresh")
	ask(sourcescript.Log, "Fresh").expect(t, true, map[string]string{"Fresh": left}, "error 4214")
	ask(sourcescript.Diff, "Fresh", "Shop").expect(t, true, map[string]string{"Fresh": left, "Shop": taken}, "error 3035", "builds on the full backup of", "ShopFULL")

	do(t, db, "DBCC CHECKDB (N'Shop') WITH NO_INFOMSGS")
	do(t, db, "ALTER DATABASE Shop SET PAGE_VERIFY CHECKSUM")
	do(t, db, "BACKUP LOG Shop TO DISK = N'"+folder+"/theirs.trn'")
	do(t, db, "BACKUP DATABASE Shop TO DISK = N'"+folder+"/theirs.bak'")
	again := ask(sourcescript.Full, "Shop")
	again.expect(t, false, map[string]string{"Shop": taken}, "1 log backups of the last 7 days are not by this script", "Others take full or differential backups too (1 in the last 7 days")
	for _, line := range again.said {
		if strings.Contains(line, "CHECKDB") || strings.Contains(line, "page verify") {
			t.Errorf("a check that passes is told: %s", line)
		}
	}
}

func TestCheckOnlyChangesNothing(t *testing.T) {
	_, db, folder := emulated(t, nil)
	got := carry(t, db, script(t, sourcescript.Request{Kind: sourcescript.Full, Folder: folder + "/new", CopyOnly: true, Target: hangzhou}))
	got.expect(t, false, map[string]string{"Shop": "could be taken"}, "Check only", "it will be made", "would run: BACKUP DATABASE [Shop]", "COPY_ONLY, CHECKSUM, FORMAT, INIT", "set @run = 1")
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestOneFailsAndTheOthersGoOn also shows that a row missing in msdb is no
// failure, and that both errors of a failed backup are seen.
func TestOneFailsAndTheOthersGoOn(t *testing.T) {
	run, db, folder := emulated(t, func(c *sqlserveremu.Config) { c.Databases = append(c.Databases, spec("Bad"), spec("Zoo")) })
	for _, r := range []control.Rule{{Operation: "BACKUP DATABASE", Match: "/Bad$", Status: 500, Code: "3201", Message: "Cannot open backup device."}, {Operation: "BACKUP DATABASE", Match: "/Zoo$", Effects: map[string]string{"msdb": "full"}}} {
		if _, err := run.ControlPort().Add(r); err != nil {
			t.Fatal(err)
		}
	}
	got := carry(t, db, script(t, sourcescript.Request{Kind: sourcescript.Full, Folder: folder, Run: true}))
	got.expect(t, true, map[string]string{"Bad": "failed", "Shop": "taken", "Zoo": "taken"}, "Msg 3201", "error 3009", "Summary: 2 taken, 1 failed, 0 left out.", "1 failed, 0 left out")
}

func TestTheScriptStopsBeforeAnythingIsTaken(t *testing.T) {
	small := func(c *sqlserveremu.Config) { c.DataFree, c.Edition = 1<<10, "express" }
	old := func(c *sqlserveremu.Config) { c.Version = "15.0.4430.1" }
	for name, o := range map[string]struct {
		change func(*sqlserveremu.Config)
		text   func(string) string
		says   string
	}{
		"no room": {small, nil, "too little free space"},
		"an older target": {nil, func(s string) string {
			return strings.NewReplacer("@target_major int = 0", "@target_major int = 15", "N'not known'", "N'SQL Server 2019'").Replace(s)
		}, "the target is older (SQL Server 2019). SQL Server never restores to an older version"},
		"an older server": {old, func(s string) string { return strings.Replace(s, "@major < 10 ", "@major < 16 ", 1) }, "is for SQL Server 2008 R2"},
		"a kind by hand":  {nil, func(s string) string { return strings.Replace(s, "N'FULL'; --", "N'ALL'; --", 1) }, "@kind is none of"},
		"a folder by hand": {nil, func(s string) string {
			return regexp.MustCompile(`(@folder nvarchar\(260\) = )N'[^']*'`).ReplaceAllString(s, "${1}N'backup'")
		}, "is not a whole path"},
		"a folder by hand2": {nil, func(s string) string {
			return regexp.MustCompile(`(@folder nvarchar\(260\) = )N'[^']*'`).ReplaceAllString(s, "${1}NULL")
		}, "is not a whole path"},
	} {
		t.Run(name, func(t *testing.T) {
			_, db, folder := emulated(t, o.change)
			s := script(t, sourcescript.Request{Kind: sourcescript.Full, Folder: folder, Run: true})
			if o.text != nil {
				changed := o.text(s)
				if changed == s {
					t.Fatal("the script has no such place")
				}
				s = changed
			}
			got := carry(t, db, s)
			if !strings.Contains(got.refused, o.says) || got.rows != nil {
				t.Errorf("%q, %v", got.refused, got.rows)
			}
			if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
				t.Errorf("%v, %v", entries, err)
			}
		})
	}
}

// TestRoomThatMayNotSufficeStopsNoIncrement: how much of its bound a
// differential or a log holds is not known before.
func TestRoomThatMayNotSufficeStopsNoIncrement(t *testing.T) {
	_, db, folder := emulated(t, func(c *sqlserveremu.Config) { c.DataFree, c.Edition = 1, "express" })
	ask := func(kind sourcescript.Kind) *server {
		return carry(t, db, script(t, sourcescript.Request{Kind: kind, Folder: folder, Run: true}))
	}
	do(t, db, "BACKUP DATABASE Shop TO DISK = N'"+folder+"/before.bak'")
	for _, kind := range []sourcescript.Kind{sourcescript.Diff, sourcescript.Log} {
		do(t, db, "INSERT INTO Shop.dbo.Orders (id, name) SELECT MAX(id) + 1, N'x' FROM Shop.dbo.Orders")
		ask(kind).expect(t, false, map[string]string{"Shop": "taken"}, "they may not fit")
	}
	if got := ask(sourcescript.Full); !strings.Contains(got.refused, "too little free space") {
		t.Errorf("%q", got.refused)
	}
}

func TestReplicasOfAnAvailabilityGroup(t *testing.T) {
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g, err := sqlserveremu.StartGroup(sqlserveremu.GroupConfig{Name: "AG", Databases: []string{"Shop"}},
		sqlserveremu.Config{Name: "SQL01", BackupFolder: folder, Databases: []sqlserveremu.DatabaseSpec{spec("Shop")}}, sqlserveremu.Config{Name: "SQL02", BackupFolder: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	one, two := window(t, g.Replicas[0], "sa", "Emulated-1"), window(t, g.Replicas[1], "sa", "Emulated-1")
	in := sourcescript.Request{Kind: sourcescript.Full, Folder: folder, Run: true, Databases: []string{"Shop"}}
	carry(t, one, script(t, in)).expect(t, false, map[string]string{"Shop": "taken"}, "availability group [AG] (primary replica)")
	carry(t, two, script(t, in)).expect(t, true, map[string]string{"Shop": "left out"}, "secondary replica of the availability group [AG]", "Run the script on the primary")
	in.CopyOnly = true
	carry(t, two, script(t, in)).expect(t, false, map[string]string{"Shop": "taken"}, "secondary replica")
	in.CopyOnly, in.Kind = false, sourcescript.Log
	carry(t, two, script(t, in)).expect(t, false, map[string]string{"Shop": "taken"}, "are one chain")
}

// TestALoginWithoutRights is told so before anything is ordered.
func TestALoginWithoutRights(t *testing.T) {
	run, _, folder := emulated(t, func(c *sqlserveremu.Config) {
		c.Databases = append(c.Databases, spec("Zoo"))
		c.Logins = []sqlserveremu.Login{{Name: "sa", Password: "Emulated-1", Sysadmin: true}, {Name: "clerk", Password: "Emulated-1", Roles: map[string][]string{"Zoo": {"db_owner"}, "tempdb": {"db_owner"}}}}
	})
	got := carry(t, window(t, run, "clerk", "Emulated-1"), script(t, sourcescript.Request{Kind: sourcescript.Full, Folder: folder, Run: true}))
	if all := strings.Join(got.said, "\n"); got.outcomes()["Shop"] != "left out" || got.outcomes()["Zoo"] != "taken" || !strings.Contains(all, "This login may not back it up") || !strings.Contains(all, "no sysadmin") {
		t.Errorf("%v\n%s", got.outcomes(), all)
	}
}

// TestOldServersAndDrivesOfWindows take the ways that the emulator has no answer
// for; the test gives it.
func TestOldServersAndDrivesOfWindows(t *testing.T) {
	_, db, _ := emulated(t, func(c *sqlserveremu.Config) {
		c.Version, c.Databases = "12.0.6024.0", []sqlserveremu.DatabaseSpec{spec("it's")}
	})
	for folder, says := range map[string]string{`D:\backup`: `Folder D:\backup: 51200 MB free on D:;`, `E:\`: "does not tell how much is free", `\\host\share\x`: "does not tell how much is free"} {
		text := script(t, sourcescript.Request{Kind: sourcescript.Full, Folder: folder})
		// Before 2016 SP2 the property does not exist and is NULL; the emulator has it in every version.
		old := strings.Replace(text, "DATABASEPROPERTYEX(@name, 'LastGoodCheckDbTime')", "NULL", 1)
		if old == text {
			t.Fatal("the script has no such place")
		}
		got := carry(t, db, old)
		got.expect(t, false, map[string]string{"it's": "could be taken"}, says, "The last DBCC CHECKDB without errors was on 2019-03-04")
		if all := strings.Join(got.said, "\n"); !strings.Contains(all, "TO DISK = N'"+strings.TrimSuffix(folder, `\`)+`\itsFULL`) {
			t.Errorf("%s: %s", folder, all)
		}
	}
}
