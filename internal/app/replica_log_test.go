package app_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
	"github.com/bakplane/bakplane/internal/scan"
)

// TestAnotherReplicaTakesALogMeanwhile: its msdb alone knows of it. The page
// names the group as the reason, and offers the differential that leads over the
// gap.
func TestAnotherReplicaTakesALogMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.another(nil)
	g := h.grouped()
	id := h.followFast("Shop", time.Second, func(w *migration.LiveRequest) { toOther(w); w.ServerID, w.Freeze = "one", migration.FreezeStopped })
	h.until(id, "a log applied", func(m migration.Migration) bool { return following(m) && len(m.Chain()) >= 3 })
	db := behind(t, g.Listener.Address)
	// Whoever is quicker takes what was written: in the end it is the other one.
	for i := 0; h.migration(id).Problem == nil; i++ {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO Shop.dbo.T (id) VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		if err := g.Replicas[1].Backup(t.Context(), "sa", "Shop", fmt.Sprintf("theirs-%d.trn", i), true); err != nil && !strings.Contains(err.Error(), "must be serialized") {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		if i > 2000 {
			t.Fatal("nothing is missed")
		}
	}
	m := h.migration(id)
	if m.Problem.Code != migration.CodeLogLost || !slices.Contains(m.Problem.Actions, migration.ButtonGapDifferential) {
		t.Fatalf("%+v", m.Problem)
	}
	h.reader().sees("/migrations/"+id, "another replica has taken it", "Add the other replicas as servers")
}

// TestLogsOfAReplicaThatIsKnownAreFollowed: its msdb alone knows of them, and it
// is a server of the dashboard.
func TestLogsOfAReplicaThatIsKnownAreFollowed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	h := newHouse(t)
	other := h.another(nil)
	g := h.grouped()
	look := &scan.Collector{Ports: h.app.Ports, Endpoints: h.app.DB, Catalogue: h.app.DB.Catalogue(), Store: h.app.DB.Scanning(), Now: time.Now}
	for _, id := range []string{"one", "two"} {
		if err := look.Scan(t.Context(), scan.InstanceSubject(id), nil); err != nil {
			t.Fatal(err)
		}
	}
	id := h.followFast("Shop", time.Second, func(w *migration.LiveRequest) { toOther(w); w.ServerID, w.Freeze = "one", migration.FreezeStopped })
	h.until(id, "a log applied", func(m migration.Migration) bool { return following(m) && len(m.Chain()) >= 3 })
	db := behind(t, g.Listener.Address)
	theirs := func(m migration.Migration) (n int) {
		for _, f := range m.Chain() {
			if f.From == "two-folder" && f.State == migration.FileApplied {
				n++
			}
		}
		return n
	}
	for i := 0; theirs(h.migration(id)) < 3; i++ {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO Shop.dbo.T (id) VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		if err := g.Replicas[1].Backup(t.Context(), "sa", "Shop", fmt.Sprintf("theirs-%d.trn", i), true); err != nil && !strings.Contains(err.Error(), "must be serialized") {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		if p := h.migration(id).Problem; p != nil || i > 2000 {
			t.Fatalf("after %d logs: %+v", i, p)
		}
	}
	h.cutOver(id)
	h.until(id, "the open database", opened)
	if c := h.compared(id); c.Verdict() != compare.Equal {
		t.Errorf("%+v", c)
	}
	if d, ok := other.DatabaseNow("Shop"); !ok || !d.Writable {
		t.Errorf("%+v", d)
	}
}

// TestADatabaseJoinsAGroupUnderWay: its tail is not tried there, the source takes
// writes as before, and once it is out of the group the cutover goes on.
func TestADatabaseJoinsAGroupUnderWay(t *testing.T) {
	t.Parallel()
	for _, freeze := range []migration.Freeze{migration.FreezeTail, migration.FreezeReadOnly} {
		t.Run(string(freeze), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			other := h.another(nil)
			g := h.grouped(sqlserveremu.DatabaseSpec{Name: "Late", Size: 1 << 20, Tables: []sqlserveremu.TableSpec{{Name: "T", Rows: 20}}})
			id := h.followFast("Late", time.Hour, func(w *migration.LiveRequest) { toOther(w); w.ServerID, w.Freeze = "one", freeze })
			h.until(id, "the differential applied", follows)
			u := url.URL{Scheme: "sqlserver", User: url.UserPassword("sa", "Emulated-1"), Host: g.Replicas[0].Address, RawQuery: "encrypt=disable"}
			db, err := sql.Open("sqlserver", u.String())
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			say := func(statement string) {
				t.Helper()
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			say("ALTER AVAILABILITY GROUP AG ADD DATABASE Late")
			h.cutOver(id)
			m := h.problemHas(id, "group", migration.ButtonRetry, migration.ButtonAbort)
			if !m.LiveSource.Frozen.IsZero() {
				t.Errorf("it counts as frozen since %s", m.LiveSource.Frozen)
			}
			h.reader().sees("/migrations/"+id, "Late is a member of the availability group AG", "ALTER AVAILABILITY GROUP [AG] REMOVE DATABASE [Late]", "Nothing was tried, and it takes writes as before.")
			for _, s := range g.Replicas[0].Heard() {
				if strings.Contains(s.Text, "WITH NORECOVERY") && strings.Contains(s.Text, "BACKUP LOG") || strings.Contains(s.Text, "SINGLE_USER") || strings.Contains(s.Text, "READ_ONLY") {
					t.Errorf("tried: %s", s.Text)
				}
			}
			say("INSERT INTO Late.dbo.T (id) VALUES (9999)")
			say("ALTER AVAILABILITY GROUP AG REMOVE DATABASE Late")
			h.retry(id)
			h.until(id, "the open database", opened)
			h.sameRows(g.Replicas[0], "Late", other, "Late")
		})
	}
}
