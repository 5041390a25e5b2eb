package app_test

import (
	"database/sql"
	"net/url"
	"slices"
	"testing"
	"time"

	_ "github.com/microsoft/go-mssqldb"

	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
)

// followStopped follows a database whose application a person will stop.
func (h *house) followStopped(database string) string {
	h.t.Helper()
	if err := h.cloud.SQL.Load(database, 200); err != nil {
		h.t.Fatal(err)
	}
	id := h.follow(database, func(w *migration.LiveRequest) { w.Freeze = migration.FreezeStopped })
	h.until(id, "the differential applied", follows)
	return id
}

// application is a session of somebody else at the source.
func (h *house) application(database string) *sql.DB {
	h.t.Helper()
	u := url.URL{Scheme: "sqlserver", User: url.UserPassword(emulators.Login, emulators.Password), Host: h.cloud.SQL.Address,
		RawQuery: url.Values{"encrypt": {"true"}, "TrustServerCertificate": {"true"}, "database": {database}, "app name": {"Order desk"}}.Encode()}
	db, err := sql.Open("sqlserver", u.String())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { db.Close() })
	return db
}

func stands(m migration.Migration) bool { return m.Problem != nil }

// TestAStoppedApplicationIsCutOver: with the application stopped the target is
// opened on the proof that nothing was written, and contents are equal.
func TestAStoppedApplicationIsCutOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.followStopped("shop")
	h.cloud.SQL.StopLoad("shop")
	h.cutOver(id)
	m := h.until(id, "the open database", opened)
	if m.LiveSource.Proven.IsZero() || m.LiveSource.Proven.After(m.Opened) || m.AppliedTo() != m.LiveSource.Tail {
		t.Errorf("proven %s, opened %s, applied %s, tail %s", m.LiveSource.Proven, m.Opened, m.AppliedTo(), m.LiveSource.Tail)
	}
	says(t, m.LiveSource.Proof, "no statement changed a row", m.LiveSource.Tail.String())
	c := h.compared(id)
	if c.Verdict() != compare.Equal {
		t.Fatalf("%s", c.Words())
	}
	says(t, c.Source.Note, "nothing was written")
	t.Log(m.LiveSource.Proof)
}

// TestAnApplicationThatWasNotStopped: the load goes on, so the target is not
// opened. The person stops it, takes one more log, and it ends equal.
func TestAnApplicationThatWasNotStopped(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.followStopped("shop")
	h.cutOver(id)
	m := h.until(id, "a problem", stands)
	if m.Problem.Code != migration.CodeWritten || !slices.Contains(m.Problem.Actions, migration.ButtonOneMore) || !m.Opened.IsZero() {
		t.Fatalf("%+v, opened %s", m.Problem, m.Opened)
	}
	says(t, m.Problem.Cause.String(), "statements changed rows", "not opened")
	if open, _ := migration.Gate(m, time.Now()); open {
		t.Error("the gate is open")
	}
	if in, _ := h.cloud.RDS.Instance(emulators.Instance); in.Databases["shop"].Restored {
		t.Error("the target is open")
	}
	t.Log(m.Problem.Cause)
	// Still at work: one more log finds the same.
	h.oneMore(id)
	h.until(id, "work", func(m migration.Migration) bool { return m.Problem == nil })
	m = h.until(id, "a problem again", stands)
	if m.Problem.Code != migration.CodeWritten {
		t.Fatalf("%+v", m.Problem)
	}
	h.cloud.SQL.StopLoad("shop")
	h.oneMore(id)
	h.until(id, "the open database", opened)
	if c := h.compared(id); c.Verdict() != compare.Equal {
		t.Fatalf("%s", c.Words())
	}
}

func (h *house) oneMore(id string) {
	h.t.Helper()
	if err := migration.OrderOneMore(h.t.Context(), h.app.DB.Migrations(), id, h.by()); err != nil {
		h.t.Fatal(err)
	}
}

// TestATransactionIsOpenAtTheFreeze: what it commits later would be lost, so
// the last log is not taken before it has ended.
func TestATransactionIsOpenAtTheFreeze(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	h := newHouse(t)
	id := h.followStopped("shop")
	h.cloud.SQL.StopLoad("shop")
	tx, err := h.application("shop").BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO dbo.orders (id, name) VALUES (9001, N'late')"); err != nil {
		t.Fatal(err)
	}
	h.cutOver(id)
	m := h.until(id, "a problem", stands)
	if m.Problem.Code != migration.CodeNotStopped || !m.LiveSource.Frozen.IsZero() {
		t.Fatalf("%+v, frozen %s", m.Problem, m.LiveSource.Frozen)
	}
	says(t, m.Problem.Cause.String(), "open transaction", "Order desk", emulators.Login)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := migration.OrderRetry(t.Context(), h.app.DB.Migrations(), id, h.by()); err != nil {
		t.Fatal(err)
	}
	h.until(id, "the open database", opened)
	if c := h.compared(id); c.Verdict() != compare.Equal {
		t.Fatalf("%s", c.Words())
	}
}

// TestWritesBehindTheLastLogAreSeen: whatever is written while the target
// applies the last log keeps it closed, and an abort leaves the source as it is.
func TestWritesBehindTheLastLogAreSeen(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	for _, tc := range []struct{ name, write, seen string }{
		{"a row is inserted", "INSERT INTO dbo.orders (id, name) VALUES (9001, N'late')", "orders"},
		{"an update that meets nothing", "UPDATE dbo.customers SET name = N'x' WHERE id = -5", "customers"},
		{"a table is made", "CREATE TABLE dbo.late (id int)", "made, changed or dropped"},
		{"a table is dropped", "DROP TABLE dbo.customers", "made, changed or dropped"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t)
			id := h.followStopped("shop")
			h.cloud.SQL.StopLoad("shop")
			h.cloud.RDS.Hang("", true)
			h.cutOver(id)
			h.until(id, "the last log", func(m migration.Migration) bool { return !m.LiveSource.Tail.IsZero() })
			if _, err := h.application("shop").ExecContext(t.Context(), tc.write); err != nil {
				t.Fatal(err)
			}
			h.cloud.RDS.Hang("", false)
			m := h.until(id, "a problem", stands)
			if m.Problem.Code != migration.CodeWritten {
				t.Fatalf("%+v", m.Problem)
			}
			t.Log(m.Problem.Cause)
			if tc.name != "a table is dropped" { // its rows are gone too
				says(t, m.Problem.Cause.String(), tc.seen)
			}
			if err := migration.OrderAbort(t.Context(), h.app.DB.Migrations(), id, "shop", h.by()); err != nil {
				t.Fatal(err)
			}
			h.until(id, "the end", func(m migration.Migration) bool { return m.Stage == migration.StageTerminated })
			if d, _ := h.cloud.SQL.DatabaseNow("shop"); !d.Writable {
				t.Fatal("the source takes no writes")
			}
		})
	}
}

// TestALogOfOthersBehindTheLast: somebody takes a log backup after ours; the
// chain goes on from theirs, so the proof fails and one more log is wanted.
func TestALogOfOthersBehindTheLast(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	h := newHouse(t)
	id := h.followStopped("shop")
	h.cloud.SQL.StopLoad("shop")
	h.cloud.RDS.Hang("", true)
	h.cutOver(id)
	h.until(id, "the last log", func(m migration.Migration) bool { return !m.LiveSource.Tail.IsZero() })
	if err := h.cloud.SQL.Backup(t.Context(), emulators.Login, "shop", h.cloud.Backups+"/behind.trn", true); err != nil {
		t.Fatal(err)
	}
	h.cloud.RDS.Hang("", false)
	m := h.until(id, "a problem", stands)
	says(t, m.Problem.Cause.String(), "Somebody else took a log backup")
	h.oneMore(id)
	h.until(id, "the open database", opened)
	if c := h.compared(id); c.Verdict() != compare.Equal {
		t.Fatalf("%s", c.Words())
	}
}
