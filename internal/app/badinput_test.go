package app_test

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/words"
)

// TestFilesThatAreNoBackups: each gets a sentence that says what it is and
// what to do, and the chain beside them is planned all the same.
func TestFilesThatAreNoBackups(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.sample(restoretime...)
	h.write("cut.bak", h.read(restoretime[1])[:300_000])
	if err := os.Remove(filepath.Join(h.files, restoretime[1])); err != nil {
		t.Fatal(err)
	}
	h.write("empty.bak", nil)
	h.write("notes.bak", []byte("these are only notes\n"))
	h.write("page.bak", []byte("<!doctype html><html><body>502 Bad Gateway</body></html>"))
	d := h.draft(nil)
	if d.Plan == nil || len(d.Files) != 3 {
		t.Fatalf("the chain beside them: %+v", d.Plan)
	}
	told := map[string]string{}
	for _, s := range d.NotBackups() {
		told[s.Name] = s.Trouble + " " + s.Fix
	}
	says(t, told["empty.bak"], "empty", "copy")
	says(t, told["notes.bak"], "text", "not a SQL Server backup")
	says(t, told["page.bak"], "HTML", "not a SQL Server backup")
	for _, l := range d.Plan.LeftOut {
		if l.Set.FileName() == "cut.bak" {
			told["cut.bak"] = l.Words
		}
	}
	says(t, told["cut.bak"], "cut off", "copy it again")
	// Something newer may be in the cut file, so a person must agree to begin
	// without it.
	if _, err := migration.Start(t.Context(), h.app.DB.Migrations(), d, nil, app.NewID, h.by()); err == nil {
		t.Error("started without a word about the cut file")
	}
	d.Request.Partly = true
	h.until(h.start(d), "every file applied", following)
}

// TestChainsThatAreNotWhole: what is missing is named, with what to do.
func TestChainsThatAreNotWhole(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		files []string
		says  []string
	}{
		"a gap in the chain":           {[]string{"sql2008r2_stopat_full.bak", "sql2008r2_stopat_log1.trn", "sql2008r2_stopat_log3.trn"}, []string{"sql2008r2_stopat_log3.trn", "missing"}},
		"no full backup":               {[]string{"sql2008r2_stopat_log1.trn"}, []string{"full"}},
		"a differential without base":  {[]string{"sql2016-sp2_restoretime_diff.bak"}, []string{"full"}},
		"a stripe is missing":          {[]string{"sql2008r2_stripe1of2_full.bak"}, []string{"stripe 2", "Add the missing files"}},
		"a differential on other base": {[]string{"sql2008r2_stopat_full.bak", "sql2008r2_doublediff_diff1.bak"}, []string{"full"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.sample(tc.files...)
			d := h.draft(nil)
			var all strings.Builder
			for _, p := range d.Databases {
				for _, m := range p.Missing {
					all.WriteString(m.Words + " " + m.Fix + "\n")
				}
				for _, l := range p.LeftOut {
					all.WriteString(l.Words + "\n")
				}
			}
			says(t, all.String(), tc.says...)
			t.Log("\n" + all.String())
			if _, err := migration.Start(t.Context(), h.app.DB.Migrations(), d, nil, app.NewID, h.by()); err == nil && name != "a differential on other base" {
				t.Error("it was started all the same")
			}
		})
	}
}

// TestPreflightNamesWhatIsWrong: everything the cloud side can have wrong
// before the start is one failed line with its fix.
func TestPreflightNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	for name, tc := range map[string]struct {
		wrong func(*testing.T, *house)
		code  string
		says  []string
	}{
		"instance locked": {func(t *testing.T, h *house) {
			h.patch(`{"lock_mode":"LockByDiskQuota","lock_reason":"storage is full"}`)
		}, "instance-lock", []string{"locked", "storage"}},
		"not running": {func(t *testing.T, h *house) { h.patch(`{"status":"Restarting"}`) }, "instance-state", []string{"Restarting"}},
		"no space":    {func(t *testing.T, h *house) { h.patch(`{"storage_gb":1,"used_bytes":1073741000}`) }, "space", []string{"free", "Enlarge"}},
		"count limit": {func(t *testing.T, h *house) {
			h.patch(`{"max_databases":0}`)
			h.cloud.RDS.SetDatabase(emulators.Instance, "one", true)
			h.patch(`{"max_databases":1}`)
		}, "instance-count", []string{"may hold 1"}},
		"name taken":    {func(t *testing.T, h *house) { h.cloud.RDS.SetDatabase(emulators.Instance, "RestoreTimeClean", true) }, "name", []string{"already has a database"}},
		"older version": {func(t *testing.T, h *house) { h.patch(`{"version":"2012_std_ha"}`) }, "version", []string{"2016", "2012", "newer"}},
		"archive bucket": {func(t *testing.T, h *house) {
			h.bucket(`{"name":"` + emulators.Bucket + `","storage_class":"Archive"}`)
		}, "bucket-class", []string{"Archive", "Standard"}},
		"encrypted": {func(t *testing.T, h *house) { h.bucket(`{"name":"` + emulators.Bucket + `","encryption":"KMS"}`) }, "bucket-encryption", []string{"KMS"}},
		"bucket is gone": {func(t *testing.T, h *house) {
			if err := h.cloud.OSS.DropBucket(emulators.Bucket); err != nil {
				t.Fatal(err)
			}
		}, "bucket", []string{"bucket", emulators.Bucket}},
		"wrong secret": {func(t *testing.T, h *house) {
			h.account(func(a *endpoint.Account) { a.Secret = secret.NewText("wrong") })
		}, "bucket", []string{"secret"}},
		"unknown key": {func(t *testing.T, h *house) { h.account(func(a *endpoint.Account) { a.AccessKeyID = "LTAInobody" }) }, "bucket", []string{"access key"}},
		"wrong region": {func(t *testing.T, h *house) {
			b, err := h.app.DB.Bucket(t.Context(), demo.Staging)
			if err != nil {
				t.Fatal(err)
			}
			b.Region = "cn-beijing"
			h.save(func(d demo.Furnisher) error { return d.App.DB.SaveBucket(t.Context(), b, d.Entry("bucket")) })
		}, "bucket", []string{"region"}},
		"clock 20 minutes off": {func(t *testing.T, h *house) { h.cloud.OSS.SetSkew(20 * time.Minute) }, "bucket", []string{"clock", "time synchronisation"}},
		"RDS clock off": {func(t *testing.T, h *house) {
			if _, err := h.cloud.RDS.ControlPort().Add(control.Rule{Times: -1, Effects: map[string]string{"clock_skew": "20m"}}); err != nil {
				t.Fatal(err)
			}
		}, "instance", []string{"clock"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.sample(restoretime...)
			d := h.draft(nil)
			tc.wrong(t, h)
			target, err := h.app.Ports.Target(t.Context(), demo.Instance)
			if err != nil {
				t.Fatal(err)
			}
			findings, err := preflight.Files(t.Context(), h.app.Ports, target, d.Migration, migration.Budget{}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if migration.MayStart(findings) {
				t.Fatalf("nothing bars the way: %+v", findings)
			}
			for _, f := range findings {
				if f.Level == migration.Barred && f.Code == tc.code {
					says(t, words.Join(f.Text, f.Fix).String(), tc.says...)
					t.Log(f.Text, "→", f.Fix)
					return
				}
			}
			t.Errorf("no failed line %q in %+v", tc.code, findings)
		})
	}
}

// TestProblemsOnTheWay: each stops the migration beside the step it belongs
// to, with cause and fix, and goes on from there when the fix was made.
func TestProblemsOnTheWay(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	stopat := []string{"sql2008r2_stopat_full.bak", "sql2008r2_stopat_log1.trn", "sql2008r2_stopat_log2.trn", "sql2008r2_stopat_log3.trn"}
	problem := func(m migration.Migration) bool { return m.Problem != nil }
	retry := func(t *testing.T, h *house, id string) {
		if err := migration.OrderRetry(t.Context(), h.app.DB.Migrations(), id, h.by()); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("a file vanishes and comes back", func(t *testing.T) {
		h := newHouse(t)
		h.sample(stopat...)
		d := h.draft(nil)
		gone := h.read(stopat[2])
		if err := os.Remove(filepath.Join(h.files, stopat[2])); err != nil {
			t.Fatal(err)
		}
		id := h.start(d)
		m := h.until(id, "a problem", problem)
		says(t, words.Join(m.Problem.Cause, m.Problem.Fix).String(), stopat[2])
		h.write(stopat[2], gone)
		retry(t, h, id)
		h.until(id, "every file applied", following)
	})
	t.Run("another file under the name", func(t *testing.T) {
		h := newHouse(t)
		h.sample(stopat...)
		d := h.draft(nil)
		h.write(stopat[1], h.read(stopat[2]))
		id := h.start(d)
		m := h.until(id, "a problem", problem)
		says(t, m.Problem.Cause.String(), stopat[1], "no longer")
	})
	t.Run("no space at the instance", func(t *testing.T) {
		h := newHouse(t)
		h.sample(stopat...)
		id := func() string {
			if _, err := h.cloud.RDS.ControlPort().Add(control.Rule{Operation: "CreateMigrateTask", DelayMS: 300}); err != nil {
				t.Fatal(err)
			}
			return h.start(h.draft(nil))
		}()
		h.until(id, "preflight", func(m migration.Migration) bool { return !m.Checked.IsZero() })
		h.patch(`{"storage_gb":1,"used_bytes":1073741000}`)
		m := h.until(id, "a problem", problem)
		if m.Problem.Code != "space" {
			t.Fatalf("problem %+v", m.Problem)
		}
		h.patch(`{"storage_gb":100}`)
		retry(t, h, id)
		h.until(id, "every file applied", following)
	})
	t.Run("a gap, then the missing log", func(t *testing.T) {
		h := newHouse(t)
		h.sample(stopat[0], stopat[1])
		id := h.start(h.draft(nil))
		h.until(id, "every file applied", following)
		h.sample(stopat[3])
		err := migration.OrderFiles(t.Context(), h.app.DB.Migrations(), id, h.look(demo.Folder, ""), false, h.by())
		if err == nil {
			t.Fatal("a log behind a gap was taken")
		}
		says(t, err.Error(), "missing")
		h.sample(stopat[2])
		if err := migration.OrderFiles(t.Context(), h.app.DB.Migrations(), id, h.look(demo.Folder, ""), false, h.by()); err != nil {
			t.Fatal(err)
		}
		m := h.until(id, "all four applied", func(m migration.Migration) bool { return following(m) && len(m.Chain()) == 4 })
		if n := len(m.Chain()); n != 4 {
			t.Fatalf("%d files", n)
		}
	})
	t.Run("the answer to CreateMigrateTask is lost", func(t *testing.T) {
		h := newHouse(t)
		h.sample(stopat...)
		for range 2 {
			if _, err := h.cloud.RDS.ControlPort().Add(control.Rule{Operation: "CreateMigrateTask", Status: 502, Acted: true, Body: "<html>bad gateway</html>", ContentType: "text/html"}); err != nil {
				t.Fatal(err)
			}
		}
		id := h.start(h.draft(nil))
		h.until(id, "every file applied", following)
		if n := h.cloud.RDS.Created(); n.Tasks != 1 || n.Files != 4 {
			t.Fatalf("created %+v, want one task with four files", n)
		}
	})
	t.Run("CreateMigrateTask never arrives", func(t *testing.T) {
		h := newHouse(t)
		h.sample(stopat...)
		if _, err := h.cloud.RDS.ControlPort().Add(control.Rule{Operation: "CreateMigrateTask", Status: 502, Body: "<html>bad gateway</html>", ContentType: "text/html"}); err != nil {
			t.Fatal(err)
		}
		id := h.start(h.draft(nil))
		m := h.until(id, "every file applied", following)
		if m.Calls[0].Verdict != migration.Void {
			t.Fatalf("first call %+v, want void", m.Calls[0])
		}
	})
	t.Run("throttled", func(t *testing.T) {
		h := newHouse(t)
		h.sample(stopat...)
		if _, err := h.cloud.RDS.ControlPort().Add(control.Rule{Operation: "CreateMigrateTask", Status: 400, Code: "Throttling.User", Message: "Request was denied due to user flow control."}); err != nil {
			t.Fatal(err)
		}
		id := h.start(h.draft(nil))
		h.until(id, "every file applied", following)
	})
	t.Run("the check finds errors", func(t *testing.T) {
		h := newHouse(t)
		h.sample(stopat...)
		h.patch(`{"async_check_errors":true}`)
		id := h.start(h.draft(func(w *migration.FilesRequest) { w.OpenWhenApplied = true }))
		m := h.until(id, "the open database", opened)
		if m.CheckResult != migration.CheckFailed {
			t.Fatalf("check %q %q", m.CheckResult, m.CheckText)
		}
	})
	t.Run("terminate", func(t *testing.T) {
		h := newHouse(t)
		h.sample(stopat...)
		id := h.start(h.draft(nil))
		h.until(id, "every file applied", following)
		err := migration.OrderTerminate(t.Context(), h.app.DB.Migrations(), id, "other", h.by())
		if err == nil {
			t.Fatal("terminated under a wrong name")
		}
		if err := migration.OrderTerminate(t.Context(), h.app.DB.Migrations(), id, h.migration(id).Database, h.by()); err != nil {
			t.Fatal(err)
		}
		h.until(id, "the end", func(m migration.Migration) bool { return m.Stage == migration.StageTerminated })
	})
}

// TestZipLogFromTheConsole: the RDS console's .zip.log becomes a usable log.
func TestZipLogFromTheConsole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.sample("sql2008r2_stopat_full.bak", "sql2008r2_stopat_log1.trn")
	log := h.read("sql2008r2_stopat_log1.trn")
	if err := os.Remove(filepath.Join(h.files, "sql2008r2_stopat_log1.trn")); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(h.files, "backup_20260301.zip.log"))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	w, err := z.Create("stopat.lbak")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(log); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	d := h.draft(nil)
	if len(d.Files) != 2 || d.Files[1].Kind != "log" {
		t.Fatalf("files %+v", d.Files)
	}
	id := h.start(d)
	h.until(id, "every file applied", following)
}

// TestManyDemoChainsAtOnce: migrations do not disturb one another.
func TestManyChainsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var ids []string
	for _, name := range []string{"alpha", "beta", "gamma", "delta", "epsilon"} {
		dir := filepath.Join(h.files, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := mtf.Chain(dir, mtf.Options{Database: name, Started: time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC), DataSize: 2 << 20}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, h.start(h.draft(func(w *migration.FilesRequest) { w.SourcePrefix, w.OpenWhenApplied = name+"/", true })))
	}
	for _, id := range ids {
		h.until(id, "the open database", opened)
	}
	if n := h.cloud.RDS.Created(); n.Tasks != 5 {
		t.Fatalf("%d tasks, want 5", n.Tasks)
	}
}
