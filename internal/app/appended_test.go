package app_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
)

// appendsLog is another job that keeps its log backups of a day in one file, as
// BACKUP does that is not told WITH INIT.
func (h *house) appendsLog(database string) {
	h.t.Helper()
	h.at("BACKUP LOG " + database + " TO DISK = N'" + filepath.ToSlash(filepath.Join(h.cloud.Backups, database+"-day.trn")) + "'")
}

func appendedFiles(m migration.Migration) (out []migration.File) {
	for _, f := range m.Chain() {
		if strings.HasSuffix(f.Source, "-day.trn") {
			out = append(out, f)
		}
	}
	return out
}

// TestLogsOfOthersInOneFile are followed to the end: each set is restored from
// its position.
func TestLogsOfOthersInOneFile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.another(nil)
	if err := h.cloud.SQL.Load("shop", 100); err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", fastLog, toOther)
	h.until(id, "the differential applied", follows)
	for range 3 {
		h.appendsLog("shop")
	}
	for n := 3; n <= 6; n++ {
		h.until(id, "the logs of others", func(m migration.Migration) bool {
			files := appendedFiles(m)
			return following(m) && len(files) == n && files[n-1].State == migration.FileApplied
		})
		if n < 6 {
			h.appendsLog("shop")
		}
	}
	h.cutOver(id)
	m := h.until(id, "the open database", opened)
	h.sameRows(h.cloud.SQL, "shop", other, "shop")
	files := appendedFiles(m)
	for i, f := range files {
		if f.Position != i+1 {
			t.Errorf("position %d of %s, want %d", f.Position, f.Source, i+1)
		}
	}
	if len(files) != 6 {
		t.Errorf("%d sets of others", len(files))
	}
	sent := map[string]bool{}
	for _, s := range other.Heard() {
		sent[s.Text] = true
	}
	for _, c := range m.Calls {
		for line := range strings.SplitSeq(c.Request, "\n") {
			if !sent[line] {
				t.Errorf("written down and not sent: %s", line)
			}
		}
	}
	if !slices.ContainsFunc(m.Calls, func(c migration.Call) bool { return strings.Contains(c.Request, "WITH FILE = 6, NORECOVERY") }) {
		t.Error("no call names the sixth set")
	}
}

// TestALogAppendedBehindItsUpload: the file grows between the look and the copy.
func TestALogAppendedBehindItsUpload(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.another(nil)
	if err := h.cloud.SQL.Load("shop", 100); err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", fastLog, toOther)
	h.until(id, "the differential applied", follows)
	h.appendsLog("shop")
	h.until(id, "the first log of others", func(m migration.Migration) bool { return len(appendedFiles(m)) > 0 })
	for range 3 {
		h.appendsLog("shop")
	}
	h.cutOver(id)
	m := h.until(id, "the open database", opened)
	if len(appendedFiles(m)) != 4 {
		t.Errorf("%d sets of others", len(appendedFiles(m)))
	}
	h.sameRows(h.cloud.SQL, "shop", other, "shop")
}

// TestAppendedLogsAndACloud: the cloud takes the first set of a file only. That
// is told with what to do, and a differential goes on.
func TestAppendedLogsAndACloud(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if err := h.cloud.SQL.Load("shop", 100); err != nil {
		t.Fatal(err)
	}
	id := h.followFast("shop", fastLog)
	h.until(id, "the differential applied", follows)
	h.appendsLog("shop")
	h.appendsLog("shop")
	m := h.problemHas(id, "foreign-log", migration.ButtonGapDifferential, migration.ButtonRetry, migration.ButtonAbort)
	says(t, m.Problem.Cause.String(), "backup number 2 of", "shop-day.trn", "takes the first")
	says(t, m.Problem.Fix.String(), "a file of its own", "WITH INIT", "differential")
	if err := migration.OrderGapDifferential(t.Context(), h.app.DB.Migrations(), id, h.by()); err != nil {
		t.Fatal(err)
	}
	h.until(id, "it follows again", following)
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameContents("shop")
}

// TestAWholeChainInOneFile is chosen by hand: another server takes each set by
// its position, a cloud does not, and that is told before anything begins.
func TestAWholeChainInOneFile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.another(nil)
	server, _, err := h.app.Ports.Server(t.Context(), demo.Server)
	if err != nil {
		t.Fatal(err)
	}
	take := func(kind backup.Kind) {
		c := backup.BackupCall{Database: "stock", Kind: kind, Name: "appended", Files: []string{filepath.Join(h.cloud.Backups, "device.bak")}}
		h.at("BACKUP " + map[backup.Kind]string{backup.Full: "DATABASE", backup.Log: "LOG"}[kind] + " stock TO DISK = N'" + filepath.ToSlash(c.Files[0]) + "'")
	}
	take(backup.Full)
	if err := h.cloud.SQL.Load("stock", 200); err != nil {
		t.Fatal(err)
	}
	h.loaded("stock", 10)
	take(backup.Log)
	h.loaded("stock", 10)
	h.cloud.SQL.StopLoad("stock")
	take(backup.Log)
	if err := server.SetReadOnly(t.Context(), "stock", true); err != nil {
		t.Fatal(err)
	}
	for _, to := range []struct{ staging, instance string }{{demo.Staging, demo.Instance}, {otherFolder, otherServer}} {
		d := h.draft(func(w *migration.FilesRequest) {
			w.SourceID, w.SourcePrefix, w.StagingID, w.InstanceID, w.OpenWhenApplied = demo.Backups, "device", to.staging, to.instance, true
		})
		if len(d.Files) != 3 {
			t.Fatalf("planned %+v", d.Files)
		}
		target, err := h.app.Ports.Target(t.Context(), to.instance)
		if err != nil {
			t.Fatal(err)
		}
		findings, err := preflight.Files(t.Context(), h.app.Ports, target, d.Migration, migration.Budget{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		told := slices.ContainsFunc(findings, func(f migration.Finding) bool {
			return f.Code == "position" && strings.Contains(f.Fix.String(), "WITH INIT")
		})
		if told == d.Migration.Traits.Positions || migration.MayStart(findings) != d.Migration.Traits.Positions {
			t.Errorf("%s: %+v", to.instance, findings)
		}
		if !d.Migration.Traits.Positions {
			continue
		}
		m := h.until(h.start(d), "the open database", opened)
		h.sameRows(h.cloud.SQL, "stock", other, "stock")
		if m.Files[0].Key != m.Files[1].Key || m.Files[1].Key != m.Files[2].Key {
			t.Errorf("the file was brought more than once: %+v", m.Files)
		}
		for i, r := range d.Requests(mustRequests(t, h, otherServer), migration.RestoreCall{}) {
			if want := []string{"FILE = 1,", "FILE = 2,", "FILE = 3,"}; i < len(want) && (!strings.Contains(r.Text, want[i]) || !strings.Contains(m.Calls[i].Request, want[i])) {
				t.Errorf("shown %s, written down %s, want %s", r.Text, m.Calls[i].Request, want[i])
			}
		}
	}
}

func mustRequests(t *testing.T, h *house, id string) migration.Requests {
	t.Helper()
	r, err := h.app.Ports.Requests(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
