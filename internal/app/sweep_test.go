package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
)

// TestOldAuditEntriesAreExportedByThemselves, before they leave the database.
func TestOldAuditEntriesAreExportedByThemselves(t *testing.T) {
	c := app.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Runs: 1, KeepAudit: 400}
	a, err := app.Open(t.Context(), c, quiet())
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{time.Now().AddDate(0, 0, -500), time.Now().AddDate(0, 0, -450), time.Now()} {
		if err := a.DB.Record(t.Context(), audit.New(audit.Engine, at, "x.y", "x/1", "Something.")); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil { // notes the newest
		t.Fatal(err)
	}
	if a, err = app.Open(t.Context(), c, quiet()); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if begins, err := a.DB.AuditBegins(t.Context()); err != nil || time.Now().After(deadline) {
			t.Fatalf("behind %d, %v", begins, err)
		} else if begins == 2 {
			break
		}
	}
	files, err := os.ReadDir(filepath.Join(c.Data, "audit"))
	if err != nil || len(files) != 1 || !strings.HasPrefix(files[0].Name(), "audit-000000000001-000000000002") {
		t.Fatalf("%v, %v", files, err)
	}
	if w, err := a.DB.VerifyExported(t.Context(), filepath.Join(c.Data, "audit"), func(audit.Entry) {}); err != nil || w.Seq != 2 {
		t.Errorf("up to %d, %v", w.Seq, err)
	}
	if w, err := a.DB.VerifyAudit(t.Context()); err != nil || w.Seq < 4 {
		t.Errorf("up to %d, %v", w.Seq, err)
	}
}
