package app_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	mssql "github.com/microsoft/go-mssqldb"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/migration"
)

// written writes a row to the source as an application would, through the
// driver and TLS.
func (h *house) written(database string) error {
	h.t.Helper()
	ca := filepath.Join(h.t.TempDir(), "ca.pem")
	a := h.cloud.Addresses()
	if err := os.WriteFile(ca, []byte(a.SQLCA), 0o600); err != nil {
		h.t.Fatal(err)
	}
	q := url.Values{"database": {database}, "encrypt": {"true"}, "certificate": {ca}, "dial timeout": {"5"}}
	db, err := sql.Open("sqlserver", (&url.URL{Scheme: "sqlserver", User: url.UserPassword(a.SQLLogin, a.SQLPassword), Host: a.SQL, RawQuery: q.Encode()}).String())
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(h.t.Context(), "INSERT INTO dbo.orders (id, name) VALUES (@p1, N'by hand')", 900_000+time.Now().UnixNano()%100_000)
	return err
}

// TestAPersonMovesAndAbortsAWave watches a wave of the demo's databases under
// load in a browser: chosen, put in order, checked, started, cut over and
// aborted while all are frozen, written to again; then once more to the end.
func TestAPersonMovesAndAbortsAWave(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	h := newHouse(t, func(c *app.Config) { c.Runs, c.Backups, c.Uploads, c.Restores = 16, 1, 2, 5 })
	for _, name := range emulators.Databases {
		if err := h.cloud.SQL.Load(name, 50); err != nil {
			t.Fatal(err)
		}
		if err := h.written(name); err != nil {
			t.Fatalf("%s takes no row before anything began: %v", name, err)
		}
	}
	b := openBrowser(t, h.app.URL())
	b.get("/")
	b.sees("administrator")
	b.types("code", h.app.SetUpCode().Reveal())
	b.types("name", "ana")
	b.types("password", "correct horse battery")
	b.types("again", "correct horse battery")
	b.do(chromedp.Click("form button[type=submit]"))
	b.sees("Overview", "New migration")

	begin := func(wave string) {
		b.get("/waves/new")
		b.sees("Begins as", "shop", "billing", "stock")
		b.types("name", wave)
		for i, name := range []string{"stock", "shop", "billing"} {
			b.clicks(name)
			b.types("place:"+name, fmt.Sprint(i+1))
		}
		b.picture("wave-new")
		b.clicks("Run the checks")
		b.sees("The wave as a whole", "Every one can start.", "They begin in this order", "At once", "set by --backups")
		b.picture("wave-checks")
		b.clicks("Start 3 migrations")
		b.sees("all following", "6 of 6", "Writable at")
		b.picture("wave-following")
	}
	begin("trial run")
	h.cloud.RDS.Hang("", true) // the tails are never applied
	b.clicks("Cut over…")
	b.sees("Type trial run to confirm", "Writable now at")
	b.picture("wave-cutover")
	b.types("confirm", "trial run")
	b.clicks("Cut over 3 databases")
	b.sees("3 at neither", "0 of 3")
	b.picture("wave-frozen")
	// A freeze is written down before it is ordered: until the tail is taken the
	// page says that some writes may still be answered.
	started, err := h.app.DB.Migrations().Migrations(t.Context(), migration.Filter{Limit: 10})
	if err != nil || len(started) != len(emulators.Databases) {
		t.Fatalf("%d migrations, %v", len(started), err)
	}
	for _, m := range started {
		h.until(m.ID, "the tail taken", func(m migration.Migration) bool { return !m.LiveSource.Freezing() && !m.LiveSource.Frozen.IsZero() })
	}
	for _, name := range emulators.Databases {
		var refused mssql.Error
		if err := h.written(name); !errors.As(err, &refused) {
			t.Errorf("%s is frozen, and a row was answered with %v", name, err)
		}
	}
	b.clicks("Abort…")
	b.sees("3 databases are given up", "Its source is made writable again")
	b.types("why", "The application team asked for another weekend.")
	b.types("confirm", "trial run")
	b.picture("wave-abort")
	b.clicks("Abort 3 databases")
	b.sees("3 of 3", "0 at the target")
	for _, name := range emulators.Databases {
		if err := h.written(name); err != nil {
			t.Errorf("%s was given back and takes no row: %v", name, err)
		}
	}
	h.cloud.RDS.Hang("", false)
	b.sees("ended", "3 given up", "The source is writable again.")
	b.picture("wave-aborted")
	b.clicks("Report")
	b.sees("The application team asked for another weekend.", "Source writable again", "Foretold")
	b.picture("wave-report-aborted")

	begin("the real one")
	b.clicks("Cut over…")
	b.sees("Type the real one to confirm")
	b.types("confirm", "the real one")
	b.clicks("Cut over 3 databases")
	b.sees("all open", "Writes were stopped for", "3 at the target")
	b.picture("wave-open")
	b.clicks("Report")
	b.sees("Writes were stopped for", "Foretold", "and the target applied it", "How, by hand")
	b.picture("wave-report")
	b.get("/waves")
	b.sees("trial run", "the real one", "all open")
	b.picture("waves")
	for _, name := range emulators.Databases {
		h.sameContents(name)
	}
}
