package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAPersonTakesADatabaseToTheCloud walks from the first start to the open
// database with forms and links alone, no script running.
func TestAPersonTakesADatabaseToTheCloud(t *testing.T) {
	h := newHouse(t)
	h.cloud(t)
	// The last log comes later, while the migration waits for it.
	logs, err := filepath.Glob(filepath.Join(h.files, "orders", "*LOG*"))
	if err != nil || len(logs) != 2 {
		t.Fatalf("%d logs in the chain: %v", len(logs), err)
	}
	later := filepath.Join(t.TempDir(), "later")
	if err := os.Rename(logs[1], later); err != nil {
		t.Fatal(err)
	}

	b := h.browser(t)
	b.get("/").sees(200, "Who looks after this dashboard?")
	b.submit("/welcome", "name", adminName, "password", adminPassword, "again", adminPassword).sees(200, "Overview", "Before the first migration")
	b.get("/storage").sees(200, "sql-moves", "fit for migrations", "SQL backups", "readable")
	b.get("/storage/files?prefix=orders/").sees(200, "FULL", "DIFF", "LOG", "SQL1", "This is a text file")

	b.get("/migrations/new").sees(200, "Where the backup files are")
	b.submit("/migrations/new/files", "source", "files", "prefix", "orders/", "instance", "target", "staging", "staging")
	b.sees(200, "will be applied", "by LSN · one fork · no gap", "not usable", "CreateMigrateTask DBName=orders BackupMode=UPDF", "3 files")
	b.submit("/migrations/new/checks").sees(200, "It can start", "Recovery model", "Start the migration")
	b.submit("/migrations").sees(200, "The migration of orders has begun.")
	b.until("Every known file is applied")
	b.sees(200, "waiting for increments", "target is here", "accepted")
	b.follow("File details").sees(200, "Restored", "Waiting")
	b.follow("Ask the cloud now").sees(200, "asked just now")

	if err := os.Rename(later, logs[1]); err != nil {
		t.Fatal(err)
	}
	b.follow("orders").follow("Add files").sees(200, "What would be applied next")
	b.submit(b.at.Path).sees(200, "The files are added")
	b.until("Every known file is applied")

	b.follow("Open…").sees(200, "What will happen", "CreateOnlineDatabaseTask")
	b.submit(b.at.Path, "check", "sync").sees(200, "the target is told to open the database")
	b.until("The database is open")
	b.get("/").sees(200, "Opened 1")
	b.get("/runs").until("done").sees(200, "Migrate orders")
	b.get("/audit").sees(200, "is whole", "Ordered to open orders", "web · 127.0.0.1", "migration.start")
	if walk, err := h.db.VerifyAudit(t.Context()); err != nil || walk.Seq < 8 {
		t.Errorf("%d audit entries: %v", walk.Seq, err)
	}
}

func TestTerminatingAsksForTheName(t *testing.T) {
	h := newHouse(t)
	h.cloud(t)
	b := h.signedIn(t)
	b.get("/migrations/new/checks?source=files&prefix=orders/&instance=target&staging=staging").submit("/migrations").until("Every known file is applied")
	b.follow("Terminate…").sees(200, "Type orders to confirm", "TerminateMigrateTask")
	at := b.at.Path
	b.submit(at, "confirm", "order").sees(422, "The name typed is not orders.")
	b.submit(at, "confirm", "orders").sees(200, "the migration ends")
	b.until("terminated")
	b.get(at).sees(200, "has ended")
}

func TestAGapIsShownBeforeAnythingIsDone(t *testing.T) {
	h := newHouse(t)
	h.cloud(t)
	for _, pattern := range []string{"*DIFF*", "*LOG*"} {
		found, err := filepath.Glob(filepath.Join(h.files, "orders", pattern))
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		if err := os.Remove(found[0]); err != nil {
			t.Fatal(err)
		}
	}
	b := h.signedIn(t)
	b.get("/migrations/new/files?source=files&prefix=orders/&instance=target&staging=staging")
	b.sees(200, "What is in the way", "A log backup is missing", "behind a gap", "Begin with what is here")
	b.get("/migrations/new/checks?source=files&prefix=orders/&instance=target&staging=staging").sees(422, "the chain is not whole")
}

func TestFormsThatAreRefusedComeBackAsTheyWere(t *testing.T) {
	h := newHouse(t)
	b := h.signedIn(t)
	b.get("/settings/accounts/new").submit("/settings/accounts", "name", "moves", "access_key_id", "key-one", "secret", "s3cret", "region", "Hangzhou")
	b.sees(422, `"Hangzhou" is not a region id.`, "Write it as the cloud does")
	kept := false
	each(b.page, func(n *node) {
		if n.Data == "input" && attr(n, "name") == "name" && attr(n, "value") == "moves" {
			kept = true
		}
		if attr(n, "value") == "s3cret" {
			t.Error("the secret came back")
		}
	})
	if !kept {
		t.Error("what was typed is lost")
	}
	b.submit("/settings/accounts", "region", "cn-hangzhou", "secret", "s3cret").sees(200, "The cloud account is saved.", "key-one")
	if strings.Contains(b.text(), "s3cret") {
		t.Error("the secret is shown")
	}
	b.follow("Remove…").sees(200, "Type moves to confirm")
	b.submit(b.at.Path, "confirm", "wrong").sees(422, "What was typed is not moves.")
	b.submit(b.at.Path, "confirm", "moves").sees(200, "is removed", "No account yet.")
	b.get("/migrations/new/files?source=none&instance=none").sees(404, "does not exist")
	b.get("/migrations/new/files").sees(422, "No place with backup files is chosen.")
}
