package main

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/migration"
)

// remedied has a remedy done at the source and waits for its end.
func (h *house) remedied(database string, r migration.Remedy) migration.Work {
	h.t.Helper()
	id, err := migration.OrderRemedy(h.t.Context(), h.app.DB.Migrations(), demoServer, database, r, newID, h.by())
	if err != nil {
		h.t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		w, err := h.app.DB.Migrations().Work(h.t.Context(), id)
		if err != nil {
			h.t.Fatal(err)
		}
		if !w.Going() {
			return w
		}
	}
	h.t.Fatal("it did not end in time")
	return migration.Work{}
}

// line is one line of the preflight of a database.
func (h *house) line(database, code string) migration.Finding {
	h.t.Helper()
	m, err := migration.LiveWish{ServerID: demoServer, Source: database, InstanceID: demoInstance, StagingID: demoStaging, Every: time.Hour}.Draft(demoBackups)
	if err != nil {
		h.t.Fatal(err)
	}
	findings, _, err := migration.LivePreflight(h.t.Context(), h.app.Ports, m, time.Now)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range findings {
		if f.Code == code {
			return f
		}
	}
	h.t.Fatalf("no line %s in %+v", code, findings)
	return migration.Finding{}
}

// TestALineOfThePreflightIsMended: what fails is mended by the exact statement
// that was shown, at the server, and passes afterwards.
func TestALineOfThePreflightIsMended(t *testing.T) {
	h := newHouse(t)
	simple := bakfile.RecoverySimple
	h.cloud.sql.PatchDatabase("shop", sqlserveremu.DatabasePatch{Recovery: &simple})
	f := h.line("shop", "recovery")
	if f.Level != migration.Barred || f.Remedy != migration.RemedyRecovery {
		t.Fatalf("%+v", f)
	}
	if w := h.remedied("shop", f.Remedy); w.Why != "" {
		t.Fatalf("%+v", w)
	}
	if f = h.line("shop", "recovery"); f.Level != migration.Passed {
		t.Fatalf("%+v", f)
	}
	heard := false
	for _, s := range h.cloud.sql.Heard() {
		heard = heard || s.Text == migration.RemedyRecovery.Statement("shop")
	}
	if !heard {
		t.Error("the server did not get the statement that is shown")
	}
	// The migration's own full backup begins the log chain.
	id := h.follow("shop", nil)
	h.until(id, "the differential applied", follows)

	f = h.line("stock", "checkdb")
	if f.Level != migration.Warned || f.Remedy != migration.RemedyCheck {
		t.Fatalf("%+v", f)
	}
	if w := h.remedied("stock", f.Remedy); w.Why != "" || len(w.Found) != 0 {
		t.Fatalf("%+v", w)
	}
	if f = h.line("stock", "checkdb"); f.Level != migration.Passed {
		t.Fatalf("%+v", f)
	}
	damaged := 2
	h.cloud.sql.PatchDatabase("billing", sqlserveremu.DatabasePatch{Corrupted: &damaged})
	w := h.remedied("billing", migration.RemedyCheck)
	if len(w.Found) == 0 {
		t.Fatalf("%+v", w)
	}
	says(t, w.Words(), "found")
	if last, err := h.app.DB.Migrations().LastWork(t.Context(), demoServer, "billing", migration.RemedyCheck); err != nil || last == nil || len(last.Found) == 0 {
		t.Fatalf("kept: %+v, %v", last, err)
	}
}
