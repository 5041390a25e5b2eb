package aliyun

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

func TestRealChainBecomesAnOpenDatabase(t *testing.T) {
	c := newCloud(t)
	full, log1, log2, diff := c.sample("sql2016-sp2_restoretime_full.bak"), c.sample("sql2016-sp2_restoretime_log1.trn"),
		c.sample("sql2016-sp2_restoretime_log2.trn"), c.sample("sql2016-sp2_restoretime_diff.bak")
	begun := time.Now()
	task := c.restore(call1("Shop", full, migration.Pending))
	if task.Status != migration.TaskWaiting || task.Database != "Shop" || task.BackupMode != "UPDF" || task.Created.IsZero() {
		t.Fatalf("after the full backup: %+v", task)
	}
	// A gap is told, and the right file may follow.
	if got := c.increment(task.ID, "Shop", log2); got.Status != migration.TaskWaiting ||
		!strings.Contains(got.Description, "begins at LSN 39000000054100001, which is too recent to apply to the database") ||
		!strings.Contains(got.Description, "RESTORE LOG is terminating abnormally.") {
		t.Fatalf("after a gap: %+v", got)
	}
	for _, key := range []string{log1, log2, diff} {
		if got := c.increment(task.ID, "Shop", key); got.Status != migration.TaskWaiting || got.Description != "" {
			t.Fatalf("after %s: %+v", key, got)
		}
	}
	if names, err := c.target.Databases(t.Context()); err != nil || !slices.Equal(names, []string{"Shop"}) {
		t.Errorf("databases while pending: %v %v", names, err)
	}
	for range 2 { // the key makes the repetition harmless
		if err := c.target.Open(t.Context(), task.ID, "Shop", migration.CheckAsync, "run 1, open"); err != nil {
			t.Fatal(err)
		}
	}
	done := c.settle(task.ID, func(t migration.Task) bool { return strings.Contains(t.Description, "DBCC") })
	if done.Status != migration.TaskSuccess || done.Description != "Success to DBCC checkdb asynchronously" || done.Ended.IsZero() {
		t.Errorf("after opening: %+v", done)
	}
	tasks, err := c.target.Tasks(t.Context(), begun)
	if err != nil || len(tasks) != 1 || tasks[0].ID != task.ID {
		t.Errorf("tasks: %+v %v", tasks, err)
	}
	files, err := c.target.TaskFiles(t.Context(), task.ID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Name+" "+f.BackupMode+" "+f.Status)
	}
	want := []string{full + " Database Restored", log2 + " Transaction_Log RestoreFailed", log1 + " Transaction_Log Restored",
		log2 + " Transaction_Log Restored", diff + " Differential_Database Restored"}
	if !slices.Equal(got, want) {
		t.Errorf("files:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if files[0].Size != "3" || files[0].Created.IsZero() || files[0].Ended.IsZero() || !files[1].Failed() {
		t.Errorf("first files: %+v", files[:2])
	}
	in, _ := c.rds.Instance(instance)
	db := in.Databases["Shop"]
	if db == nil || !db.Restored || db.LastLSN.String() != "39000000059800001" || len(db.AppliedSets) != 4 ||
		db.AppliedSets[0].SetGUID.String() != "c6c44151-8a2c-4c6c-9bf5-2e02090c8ebc" {
		t.Errorf("the database: %+v", db)
	}
	if n := c.rds.Created(); n.Tasks != 1 || n.Files != 5 {
		t.Errorf("created %+v", n)
	}
}

func TestImmediateAccess(t *testing.T) {
	for _, check := range []migration.CheckMode{migration.CheckAsync, migration.CheckSync} {
		t.Run(string(check), func(t *testing.T) {
			c := newCloud(t)
			in := call1("School", c.sample("sql2014-rtm_school_full.bak"), migration.Immediate)
			in.Check = check
			if task := c.restore(in); task.Status != migration.TaskSuccess || task.BackupMode != "FULL" {
				t.Errorf("got %+v", task)
			}
			if db, _ := c.rds.Instance(instance); !db.Databases["School"].Restored {
				t.Error("the database is not open")
			}
		})
	}
}

func TestInstance(t *testing.T) {
	c := newCloud(t)
	got, err := c.target.Instance(t.Context())
	want := migration.TargetInstance{ID: instance, Description: "target", Region: "cn-hangzhou", Status: "Running", LockMode: "Unlock",
		Engine: "SQLServer", VersionMajor: 15, Version: "2019_std_ha", Edition: "std", Category: "HighAvailability",
		StorageBytes: 100 << 30, UsedBytes: 1 << 30, MaxDatabases: 50, Collation: "Chinese_PRC_CI_AS"}
	if err != nil || got != want {
		t.Errorf("got %+v %v\nwant %+v", got, err, want)
	}
	client := c.client(func(*Config) {})
	if _, err := client.Target("rm-nobody").Instance(t.Context()); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown instance: %v", err)
	}
	list, err := client.Instances(t.Context())
	if err != nil || len(list) != 1 || list[0].ID != instance || list[0].VersionMajor != 15 {
		t.Errorf("instances: %+v %v", list, err)
	}
	if list, err := c.client(func(k *Config) { k.Region = "cn-beijing" }).Instances(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("instances elsewhere: %+v %v", list, err)
	}
}

func TestManyDatabasesAreReadPageByPage(t *testing.T) {
	c := newCloud(t)
	for i := range 230 {
		c.rds.SetDatabase(instance, "db"+string(rune('a'+i/26%26))+string(rune('a'+i%26))+strings.Repeat("x", i/676), true)
	}
	names, err := c.target.Databases(t.Context())
	if err != nil || len(names) != 230 {
		t.Errorf("got %d names, %v", len(names), err)
	}
	if n := c.rds.ControlPort().Counts().Operations["DescribeDatabases"].Seen; n != 3 {
		t.Errorf("%d calls", n)
	}
}

func TestManyTasksAreReadPageByPage(t *testing.T) {
	c := newCloud(t)
	c.hasControl(http.MethodPost, "/hang", nil)
	key := c.junk("a.bak")
	for i := range 130 {
		if _, err := c.target.Restore(t.Context(), call1("d"+string(rune('a'+i/26))+string(rune('a'+i%26)), key, migration.Pending)); err != nil {
			t.Fatal(err)
		}
	}
	tasks, err := c.target.Tasks(t.Context(), time.Time{})
	if err != nil || len(tasks) != 130 {
		t.Fatalf("got %d tasks, %v", len(tasks), err)
	}
	if tasks[0].Database != "daa" || tasks[129].Database != "dez" {
		t.Errorf("order: %s … %s", tasks[0].Database, tasks[129].Database)
	}
	if tasks, err := c.target.Tasks(t.Context(), time.Now().Add(time.Minute)); err != nil || len(tasks) != 0 {
		t.Errorf("tasks of the future: %d %v", len(tasks), err)
	}
}

// The service may leave pending tasks out of its list; they are still known by id.
func TestHiddenPendingTasks(t *testing.T) {
	c := newCloud(t)
	c.hasControl(http.MethodPatch, "/settings", map[string]any{"hide_pending": true, "hide_restoring": true})
	task := c.restore(call1("Shop", c.sample("sql2016-sp2_restoretime_full.bak"), migration.Pending))
	if tasks, err := c.target.Tasks(t.Context(), time.Time{}); err != nil || len(tasks) != 0 {
		t.Errorf("tasks: %+v %v", tasks, err)
	}
	if names, err := c.target.Databases(t.Context()); err != nil || len(names) != 0 {
		t.Errorf("databases: %v %v", names, err)
	}
	if task.Status != migration.TaskWaiting {
		t.Errorf("task: %+v", task)
	}
}

func TestATaskIsFoundAlthoughTheClocksDiffer(t *testing.T) {
	for _, skew := range []string{"12m", "-12m"} {
		t.Run(skew, func(t *testing.T) {
			c := newCloud(t)
			c.bite(control.Rule{Times: -1, Effects: map[string]string{"clock_skew": skew}})
			c.hasControl(http.MethodPost, "/hang", nil)
			key := c.junk("a.bak")
			if _, err := c.target.Restore(t.Context(), call1("earlier", key, migration.Pending)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(4100 * time.Millisecond) // service times have seconds only
			begun := time.Now()
			if _, err := c.target.Restore(t.Context(), call1("later", key, migration.Pending)); err != nil {
				t.Fatal(err)
			}
			tasks, err := c.target.Tasks(t.Context(), begun)
			if err != nil || len(tasks) != 1 || tasks[0].Database != "later" {
				t.Errorf("skew %s: %+v %v", skew, tasks, err)
			}
		})
	}
}

func TestTerminate(t *testing.T) {
	c := newCloud(t)
	key := c.sample("sql2016-sp2_restoretime_full.bak")
	task := c.restore(call1("Shop", key, migration.Pending))
	if err := c.target.Terminate(t.Context(), task.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := c.target.Task(t.Context(), task.ID); err != nil || got.Status != migration.TaskFailed {
		t.Errorf("got %+v %v", got, err)
	}
	if err := c.target.Terminate(t.Context(), task.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second time: %v", err)
	}
	if got := c.restore(call1("Shop", key, migration.Pending)); got.Status != migration.TaskWaiting {
		t.Errorf("the name is not free: %+v", got)
	}
	if err := c.target.Terminate(t.Context(), "4711"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown task: %v", err)
	}
	if _, err := c.target.Task(t.Context(), "4711"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown task: %v", err)
	}
}

func TestAHangingTaskIsTerminated(t *testing.T) {
	c := newCloud(t)
	c.hasControl(http.MethodPost, "/hang", nil)
	id, err := c.target.Restore(t.Context(), call1("Shop", c.sample("sql2016-sp2_restoretime_full.bak"), migration.Pending))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.target.Task(t.Context(), id); err != nil || rests(got) {
		t.Errorf("while it hangs: %+v %v", got, err)
	}
	if err := c.target.Terminate(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c.hasControl(http.MethodPost, "/resume", nil)
	if got := c.settle(id, rests); got.Status != migration.TaskFailed {
		t.Errorf("got %+v", got)
	}
}
