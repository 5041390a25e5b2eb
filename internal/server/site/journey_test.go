package site_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/server/servertest"
)

// TestAPersonTakesADatabaseToTheCloud walks from the first start to the open
// database with forms and links alone, no script running.
func TestAPersonTakesADatabaseToTheCloud(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Cloud(t)
	// The last log comes later, while the migration waits for it.
	logs, err := filepath.Glob(filepath.Join(h.Files, "orders", "*LOG*"))
	if err != nil || len(logs) != 2 {
		t.Fatalf("%d logs in the chain: %v", len(logs), err)
	}
	later := filepath.Join(t.TempDir(), "later")
	if err := os.Rename(logs[1], later); err != nil {
		t.Fatal(err)
	}

	b := h.Browser(t)
	b.Get("/").Sees(200, "Who looks after this dashboard?")
	b.Submit("/welcome", "code", h.App.SetUpCode().Reveal(), "name", servertest.AdminName, "password", servertest.AdminPassword, "again", servertest.AdminPassword).Sees(200, "Overview", "Before the first migration")
	b.Get("/storage").Sees(200, "sql-moves", "fit for migrations", "SQL backups", "readable")
	b.Get("/storage/files?prefix=orders/").Sees(200, "FULL", "DIFF", "LOG", "SQL1", "This is a text file")

	b.Get("/migrations/new").Sees(200, "Where the backup files are")
	b.Submit("/migrations/new/files", "source", "files", "prefix", "orders/", "instance", "target", "staging", "staging")
	b.Sees(200, "will be applied", "by LSN · one fork · no gap", "not usable", "CreateMigrateTask DBName=orders BackupMode=UPDF", "3 files")
	b.Submit("/migrations/new/checks").Sees(200, "It can start", "Recovery model", "Start the migration")
	b.Submit("/migrations").Sees(200, "The migration of orders has begun.")
	b.Until("Every known file is applied")
	b.Sees(200, "waiting for increments", "target is here", "accepted")
	b.Follow("File details").Sees(200, "Restored", "Waiting")
	b.Follow("Ask the cloud now").Sees(200, "asked just now")

	if err := os.Rename(later, logs[1]); err != nil {
		t.Fatal(err)
	}
	b.Follow("orders").Follow("Add files").Sees(200, "What would be applied next")
	b.Submit(b.At.Path).Sees(200, "The files are added")
	b.Until("Every known file is applied")

	b.Follow("Open…").Sees(200, "What will happen", "CreateOnlineDatabaseTask")
	b.Submit(b.At.Path, "check", "sync").Sees(200, "the target is told to open the database")
	b.Until("The database is open")
	b.Get("/").Sees(200, "Opened 1")
	b.Get("/runs").Until("done").Sees(200, "Migrate orders")
	b.Get("/audit").Sees(200, "is whole", "Ordered to open orders", "web · 127.0.0.1", "migration.start")
	if walk, err := h.DB.VerifyAudit(t.Context()); err != nil || walk.Seq < 8 {
		t.Errorf("%d audit entries: %v", walk.Seq, err)
	}
}

func TestTerminatingAsksForTheName(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Cloud(t)
	b := h.SignedIn(t)
	b.Get("/migrations/new/checks?source=files&prefix=orders/&instance=target&staging=staging").Submit("/migrations").Until("Every known file is applied")
	b.Follow("Terminate…").Sees(200, "Type orders to confirm", "TerminateMigrateTask")
	at := b.At.Path
	b.Submit(at, "confirm", "order").Sees(422, "The name typed is not orders.")
	b.Submit(at, "confirm", "orders").Sees(200, "the migration ends")
	b.Until("terminated")
	b.Get(at).Sees(200, "has ended")
}

func TestAGapIsShownBeforeAnythingIsDone(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Cloud(t)
	for _, pattern := range []string{"*DIFF*", "*LOG*"} {
		found, err := filepath.Glob(filepath.Join(h.Files, "orders", pattern))
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		if err := os.Remove(found[0]); err != nil {
			t.Fatal(err)
		}
	}
	b := h.SignedIn(t)
	b.Get("/migrations/new/files?source=files&prefix=orders/&instance=target&staging=staging")
	b.Sees(200, "What is in the way", "A log backup is missing", "behind a gap", "Begin with what is here")
	b.Get("/migrations/new/checks?source=files&prefix=orders/&instance=target&staging=staging").Sees(422, "the chain is not whole")
}

func TestFormsThatAreRefusedComeBackAsTheyWere(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	b.Get("/settings/accounts/new").Submit("/settings/accounts", "name", "moves", "access_key_id", "key-one", "secret", "s3cret", "region", "Hangzhou")
	b.Sees(422, `"Hangzhou" is not a region id.`, "Write it as the cloud does")
	kept := false
	servertest.Each(b.Page, func(n *servertest.Node) {
		if n.Data == "input" && servertest.Attr(n, "name") == "name" && servertest.Attr(n, "value") == "moves" {
			kept = true
		}
		if servertest.Attr(n, "value") == "s3cret" {
			t.Error("the secret came back")
		}
	})
	if !kept {
		t.Error("what was typed is lost")
	}
	b.Submit("/settings/accounts", "region", "cn-hangzhou", "secret", "s3cret").Sees(200, "The cloud account is saved.", "key-one")
	if strings.Contains(b.Text(), "s3cret") {
		t.Error("the secret is shown")
	}
	b.Follow("Remove…").Sees(200, "Type moves to confirm")
	b.Submit(b.At.Path, "confirm", "wrong").Sees(422, "What was typed is not moves.")
	b.Submit(b.At.Path, "confirm", "moves").Sees(200, "is removed", "No account yet.")
	b.Get("/migrations/new/files?source=none&instance=none").Sees(404, "does not exist")
	b.Get("/migrations/new/files").Sees(422, "No place with backup files is chosen.")
}
