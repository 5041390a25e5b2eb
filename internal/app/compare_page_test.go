package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/demo"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/migration"
)

// TestTheCardOfComparedContents says what a person looks for: equal, different
// with the table, or why nothing was compared and what proves equality then.
func TestTheCardOfComparedContents(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.reader()
	says(t, r.get("/settings/instances/"+demo.Instance), "Reading contents", "Left empty, nothing is compared", "Login for reading", "Leave empty to keep the stored one")

	id := h.follow("shop", func(w *migration.LiveRequest) { w.Freeze = migration.FreezeReadOnly })
	h.until(id, "the differential applied", follows)
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.compared(id)
	r.sees("/migrations/"+id, "Contents compared", "are equal in rows and sums", "dbo.orders", "200 rows", "Compare again", "strong evidence and no proof")

	// The target came up as the source was frozen: that is said, and mended.
	r.sees("/migrations/"+id, "The database is open, and takes no writes yet", "SET READ_WRITE", "Set the target READ_WRITE")
	r.sees("/migrations/"+id+"/writable", "The target takes writes from then on", "ALTER DATABASE [shop] SET READ_WRITE")
	becomes := func(text string, there bool) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Minute); strings.Contains(r.get("/migrations/"+id), text) != there; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%q: want %v", text, there)
			}
		}
	}
	r.post("/migrations/"+id+"/writable", nil) // the login may only read
	becomes("It was tried and failed: The login may not do this.", true)
	h.cloud.Reading.PatchDatabase("shop", sqlserveremu.DatabasePatch{ReadOnly: new(bool)}) // somebody runs the statement there
	r.post("/migrations/"+id+"/writable", nil)
	becomes("takes no writes yet", false)
	r.sees("/migrations/"+id, "The database is open", "point the application at it")

	h.at("ALTER DATABASE shop SET READ_WRITE")
	if _, err := h.application("shop").ExecContext(t.Context(), "INSERT INTO dbo.orders (id, name) VALUES (90010, N'late')"); err != nil {
		t.Fatal(err)
	}
	r.post("/migrations/"+id+"/compare", nil)
	r.sees("/migrations/"+id, "Source and target do not hold the same", "1 of 2 tables differ", "201 rows", "rows differ", "It took writes while it was read")

	id = h.follow("billing", nil)
	h.until(id, "the differential applied", follows)
	h.cutOver(id)
	h.until(id, "the open database", opened)
	r.sees("/migrations/"+id, "Contents compared", "not compared", "The tail of the log closed the source", "What proves equality here is the LSN", "freeze by READ_ONLY or by stopping the application")
}
