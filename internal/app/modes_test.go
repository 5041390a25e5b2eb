package app_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/migration"
)

// TestImmediateAccess: the full backup alone, opened at once.
func TestImmediateAccess(t *testing.T) {
	t.Parallel()
	for _, check := range []migration.CheckMode{migration.CheckAsync, migration.CheckSync} {
		t.Run(string(check), func(t *testing.T) {
			h := newHouse(t)
			h.sample(restoretime[0])
			id := h.start(h.draft(func(w *migration.FilesRequest) { w.Mode, w.Check, w.Database = migration.Immediate, check, "sold here" }))
			m := h.until(id, "the open database", opened)
			if m.CheckResult != migration.CheckPassed || len(m.Calls) != 1 {
				t.Fatalf("check %q, calls %+v", m.CheckResult, m.Calls)
			}
			if in, _ := h.cloud.RDS.Instance(emulators.Instance); in.Databases["sold here"] == nil {
				t.Fatalf("the instance holds %v", in.Databases)
			}
		})
	}
}

// TestFilesThatLieInTheBucketAreNotUploaded: the target reads them where they
// are, except for those whose names it would refuse.
func TestFilesThatLieInTheBucketAreNotUploaded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.sample(restoretime...)
	staging, err := h.app.Ports.Bucket(t.Context(), demo.Staging)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range restoretime {
		f, err := os.Open(filepath.Join(h.files, name))
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			name = "diff (second try).bak"
		}
		if _, err := staging.Put(t.Context(), "incoming/"+name, f, info.Size()); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	id := h.start(h.draft(func(w *migration.FilesRequest) {
		w.SourceID, w.SourcePrefix, w.OpenWhenApplied = demo.Staging, "incoming/", true
	}))
	m := h.until(id, "the open database", opened)
	if got := m.Files[0].Key; got != "incoming/"+restoretime[0] {
		t.Errorf("the full backup was copied to %s", got)
	}
	if got := m.Files[1].Key; got == m.Files[1].Source {
		t.Errorf("a name that the target refuses was kept: %s", got)
	}
}

// TestABusyInstanceIsWaitedFor: a state that passes by itself asks nobody.
func TestABusyInstanceIsWaitedFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.sample(restoretime...)
	if _, err := h.cloud.RDS.ControlPort().Add(control.Rule{Operation: "CreateMigrateTask", Status: 403, Code: "IncorrectDBInstanceState", Message: "Current DB instance state does not support this operation."}); err != nil {
		t.Fatal(err)
	}
	id := h.start(h.draft(nil))
	m := h.until(id, "every file applied", following)
	if m.Calls[0].Verdict != migration.Refused || time.Since(m.Created) < time.Second {
		t.Fatalf("first call %+v", m.Calls[0])
	}
}

// TestAServiceThatTurnsCallsAway by chance, as it does when other programs of the
// account call it too: nothing is lost, and nothing is created twice.
func TestAServiceThatTurnsCallsAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if _, err := h.cloud.RDS.ControlPort().Add(control.Rule{Times: -1, Share: 0.1, Status: 400, Code: "Throttling.User", Message: "Request was denied due to user flow control."}); err != nil {
		t.Fatal(err)
	}
	h.sample(restoretime...)
	id := h.start(h.draft(func(w *migration.FilesRequest) { w.OpenWhenApplied = true }))
	m := h.until(id, "the open database", opened)
	in, _ := h.cloud.RDS.Instance(emulators.Instance)
	if len(in.Databases) != 1 || len(m.Chain()) == 0 {
		t.Errorf("%d databases, %d files", len(in.Databases), len(m.Chain()))
	}
	taken := 0
	for _, c := range m.Calls {
		if (c.Verb == migration.VerbRestore || c.Verb == migration.VerbImport) && c.Happened() {
			taken++
		}
	}
	if taken != len(m.Chain()) {
		t.Errorf("%d calls took effect for %d files", taken, len(m.Chain()))
	}
}
