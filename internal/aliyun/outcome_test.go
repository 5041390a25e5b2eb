package aliyun

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/migration"
)

// What a task says of a full file that cannot become a database.
func TestFullFilesThatFail(t *testing.T) {
	for name, r := range map[string]struct {
		file    func(*cloud) string
		prepare func(*cloud)
		text    string // in the task's Description
		status  string // of the file
	}{
		"differential": {func(c *cloud) string { return c.sample("sql2016-sp2_restoretime_diff.bak") }, nil,
			"Backup set (sql2016-sp2_restoretime_diff.bak) is a Database Differential backup, we only accept a FULL Backup.", "CheckFailed"},
		"log": {func(c *cloud) string { return c.sample("sql2016-sp2_restoretime_log1.trn") }, nil,
			"is a Transaction Log backup, we only accept a FULL Backup.", "CheckFailed"},
		"no backup": {func(c *cloud) string { return c.junk("in/junk.bak") }, nil,
			"Failed to verify junk.bak, backup file was corrupted or newer edition than RDS.", "CheckFailed"},
		"truncated": {truncated, nil, "Failed to verify truncated.bak, backup file was corrupted", "CheckFailed"},
		"newer": {func(c *cloud) string { return c.sample("sql2019-gdr_school_full.bak") },
			func(c *cloud) { patch(c, map[string]any{"version": "2017_std_ha"}) }, "corrupted or newer edition than RDS", "CheckFailed"},
		"password": {func(c *cloud) string { return c.sample("sql2008r2_password_full.bak") }, nil, "Failed to verify", "CheckFailed"},
		"stripe": {func(c *cloud) string { return c.sample("sql2008r2_stripe1of2_full.bak") }, nil,
			"The media set has 2 media families but only 1 are provided. All members must be provided.", "CheckFailed"},
		"gone":   {func(*cloud) string { return "gone.bak" }, nil, "NoSuchKey", "DownloadFailed"},
		"bucket": {full, func(c *cloud) { c.oss.DropBucket(bucket) }, "Failed to download", "DownloadFailed"},
		"role":   {full, func(c *cloud) { c.hasControl(http.MethodDelete, "/accounts/"+account+"/role", nil) }, "AliyunRDSImportRole", "DownloadFailed"},
		"role's key": {full, func(c *cloud) {
			c.hasControl(http.MethodPut, "/accounts/"+account+"/role", aliyunemu.Credential{AccessKeyID: "STSimportrole", Secret: "changed"})
		}, "Failed to download", "DownloadFailed"},
		"exists": {full, func(c *cloud) {
			patch(c, map[string]any{"late_name_check": true})
			c.hasControl(http.MethodPut, "/instances/"+instance+"/databases/Shop", nil)
		}, "The database (Shop) is already exist on RDS, please backup and drop it, then try again.", "RestoreFailed"},
		"count": {full, func(c *cloud) {
			patch(c, map[string]any{"max_databases": 1})
			c.hasControl(http.MethodPut, "/instances/"+instance+"/databases/Other", nil)
		}, "The database (Shop) migration failed due to databases count limitation.", "RestoreFailed"},
		"no space for the file": {full, func(c *cloud) { patch(c, map[string]any{"used_bytes": 100<<30 - 1<<20}) },
			"Not Enough Disk Space, space left 1 MB < bak file 3 MB.", "DownloadFailed"},
		"no space for the data": {full, func(c *cloud) { patch(c, map[string]any{"used_bytes": 100<<30 - 4<<20}) },
			"Not Enough Disk Space for restoring, space left (4 MB) < needed (9 MB).", "RestoreFailed"},
	} {
		t.Run(name, func(t *testing.T) {
			bakfiletest.Samples(t)
			c := newCloud(t)
			file := r.file(c)
			if r.prepare != nil {
				r.prepare(c)
			}
			got := c.restore(call1("Shop", file, migration.Pending))
			if got.Status != migration.TaskFailed || !strings.Contains(got.Description, r.text) || got.Ended.IsZero() {
				t.Errorf("got %+v\nwant %q", got, r.text)
			}
			files, err := c.target.TaskFiles(t.Context(), got.ID)
			if err != nil || len(files) != 1 || files[0].Status != r.status || !files[0].Failed() || files[0].Description != got.Description {
				t.Errorf("files: %+v %v", files, err)
			}
			if in, _ := c.rds.Instance(instance); in.Databases["Shop"] != nil && in.Databases["Shop"].Task != "" {
				t.Error("something of the database stayed")
			}
		})
	}
}

func full(c *cloud) string { return c.sample("sql2016-sp2_restoretime_full.bak") }

func truncated(c *cloud) string {
	c.t.Helper()
	b, err := os.ReadFile(bakfiletest.Sample(c.t, "sql2016-sp2_restoretime_full.bak"))
	if err != nil {
		c.t.Fatal(err)
	}
	p := filepath.Join(c.t.TempDir(), "truncated.bak")
	if err := os.WriteFile(p, b[:len(b)*2/3], 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.put("truncated.bak", p)
	return "truncated.bak"
}

// An increment that does not fit leaves the task waiting for the right one.
func TestIncrementsThatDoNotFit(t *testing.T) {
	bakfiletest.Samples(t)
	c := newCloud(t)
	log1, log2 := c.sample("sql2016-sp2_restoretime_log1.trn"), c.sample("sql2016-sp2_restoretime_log2.trn")
	task := c.restore(call1("Shop", full(c), migration.Pending))
	for _, r := range []struct{ key, text string }{
		{full(c), "Backup set (sql2016-sp2_restoretime_full.bak) is a Database FULL backup, we only accept transaction log or differential backup."},
		{log2, "which is too recent to apply to the database"},
		{log1, ""},
		{log1, "The log in this backup set terminates at LSN 39000000054100001, which is too early to apply to the database."},
		{c.sample("sql2008r2_stopat_log1.trn"), "The backup set holds a backup of a database other than the existing 'Shop' database."},
		{c.junk("junk.trn"), "Failed to verify junk.trn"},
		{"gone.trn", "NoSuchKey"},
		{log2, ""},
	} {
		got := c.increment(task.ID, "Shop", r.key)
		if got.Status != migration.TaskWaiting || !strings.Contains(got.Description, r.text) || r.text == "" && got.Description != "" {
			t.Errorf("%s: got %+v\nwant %q", r.key, got, r.text)
		}
	}
	if in, _ := c.rds.Instance(instance); in.Databases["Shop"].LastLSN.String() != "39000000057100001" {
		t.Errorf("the database is at %s", in.Databases["Shop"].LastLSN)
	}
}

func TestADifferentialOfAnotherFullBackup(t *testing.T) {
	bakfiletest.Samples(t)
	c := newCloud(t)
	task := c.restore(call1("Double", c.sample("sql2008r2_doublediff_full.bak"), migration.Pending))
	if got := c.increment(task.ID, "Double", c.sample("sql2008r2_orphanusers_checksum_diff.bak")); !strings.Contains(got.Description, "RESTORE DATABASE is terminating abnormally.") {
		t.Errorf("a differential of another database: %+v", got)
	}
	for _, key := range []string{"sql2008r2_doublediff_diff1.bak", "sql2008r2_doublediff_diff2.bak"} {
		if got := c.increment(task.ID, "Double", c.sample(key)); got.Description != "" {
			t.Errorf("%s: %+v", key, got)
		}
	}
	if got := c.increment(task.ID, "Double", "sql2008r2_doublediff_diff1.bak"); !strings.Contains(got.Description, "has not been restored to the correct earlier state") {
		t.Errorf("an older differential: %+v", got)
	}
}

func TestStripedLog(t *testing.T) {
	bakfiletest.Samples(t)
	c := newCloud(t)
	task := c.restore(call1("Shop", full(c), migration.Pending))
	if got := c.increment(task.ID, "Shop", c.sample("sql2008r2_stripe1of2_log.trn")); !strings.Contains(got.Description, "All members must be provided") {
		t.Errorf("got %+v", got)
	}
}

// A written chain behaves as a real one does, and can leave the path.
func TestWrittenChain(t *testing.T) {
	c := newCloud(t)
	keys := c.chain(mtf.Options{Database: "Demo", Version: 15})
	task := c.restore(call1("Demo", keys[0], migration.Pending))
	for _, key := range keys[1:] {
		if got := c.increment(task.ID, "Demo", key); got.Status != migration.TaskWaiting || got.Description != "" {
			t.Errorf("%s: %+v", key, got)
		}
	}
	path := filepath.Join(t.TempDir(), "fork.trn")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	in, _ := c.rds.Instance(instance)
	db := in.Databases["Demo"]
	other := db.Fork
	other[0] ^= 0xff
	err = mtf.Write(out, mtf.Spec{Sets: []mtf.Set{{Set: bakfile.Set{Type: bakfile.TypeLog, Database: "Demo", VersionMajor: 15, DatabaseVersion: 904,
		RecoveryModel: bakfile.RecoveryFull, FirstLSN: db.LastLSN, LastLSN: bakfile.LSN{VLF: 34, Block: 9000, Slot: 1}, CheckpointLSN: db.LastLSN,
		SetGUID: bakfile.GUID{9}, BindingID: bakfile.GUID{8}, RecoveryForkID: other, FirstRecoveryForkID: other, FamilyGUID: db.Family}, PayloadSize: 4096}}})
	if err != nil || out.Close() != nil {
		t.Fatal(err)
	}
	c.put("fork.trn", path)
	if got := c.increment(task.ID, "Demo", "fork.trn"); got.Status != migration.TaskWaiting || !strings.Contains(got.Description, "recovery path that is inconsistent with the database") {
		t.Errorf("another fork: %+v", got)
	}
}

// How opening ends.
func TestOpening(t *testing.T) {
	for name, r := range map[string]struct {
		patch  map[string]any
		check  migration.CheckMode
		status migration.TaskStatus
		text   string
		open   bool
	}{
		"sync":                 {nil, migration.CheckSync, migration.TaskSuccess, "", true},
		"sync with errors":     {map[string]any{"sync_check_errors": true}, migration.CheckSync, migration.TaskFailed, "DBCC checkdb failed", false},
		"async with errors":    {map[string]any{"async_check_errors": true}, migration.CheckAsync, migration.TaskSuccess, "asynchronously DBCC checkdb failed: CHECKDB found 0 allocation errors and 2 consistency errors in table 'Demo'", true},
		"features of editions": {map[string]any{"open_fails": true}, migration.CheckAsync, migration.TaskFailed, "Failed to open database Demo.", false},
		"no account":           {map[string]any{"no_account": true}, migration.CheckSync, migration.TaskSuccess, "Your RDS doesn't have any init account yet, please create one", true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			task := c.restore(call1("Demo", c.chain(mtf.Options{Database: "Demo"})[0], migration.Pending))
			if r.patch != nil {
				patch(c, r.patch)
			}
			if err := c.target.Open(t.Context(), task.ID, "Demo", r.check, "k"); err != nil {
				t.Fatal(err)
			}
			got := c.settle(task.ID, func(t migration.Task) bool {
				return t.Status == r.status && strings.Contains(t.Description, r.text)
			})
			in, _ := c.rds.Instance(instance)
			if db := in.Databases["Demo"]; (db != nil && db.Restored) != r.open {
				t.Errorf("%+v: database %+v", got, db)
			}
		})
	}
}

// The service takes up a lost download where it was lost.
func TestADownloadIsTakenUpAgain(t *testing.T) {
	c := newCloud(t)
	key := c.chain(mtf.Options{Database: "Demo"})[0]
	cut := int64(300_000)
	if _, err := c.oss.ControlPort().Add(control.Rule{Method: http.MethodGet, Times: 1, CutAnswer: &cut}); err != nil {
		t.Fatal(err)
	}
	if got := c.restore(call1("Demo", key, migration.Pending)); got.Status != migration.TaskWaiting {
		t.Errorf("got %+v", got)
	}
}

// Control by HTTP shows what the database has become.
func TestControlDoorTellsTheDatabase(t *testing.T) {
	c := newCloud(t)
	c.restore(call1("Demo", c.chain(mtf.Options{Database: "Demo"})[0], migration.Pending))
	var in aliyunemu.Instance
	if err := (control.Remote{URL: c.rds.ControlURL}).Call(t.Context(), http.MethodGet, "/instances/"+instance, nil, &in); err != nil {
		t.Fatal(err)
	}
	if db := in.Databases["Demo"]; db == nil || db.Restored || len(db.AppliedSets) != 1 || db.LastLSN.IsZero() {
		t.Errorf("got %+v", db)
	}
	var n aliyunemu.Created
	if err := (control.Remote{URL: c.rds.ControlURL}).Call(t.Context(), http.MethodGet, "/created", nil, &n); err != nil || n.Tasks != 1 || n.Files != 1 {
		t.Errorf("created %+v %v", n, err)
	}
}
