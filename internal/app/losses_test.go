package app_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/demo"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// TestWhatARestoreLosesIsNamed before the full backup is taken, and stands in
// the list of what is left to do by hand.
func TestWhatARestoreLosesIsNamed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.another(nil)
	on := true
	h.cloud.SQL.PatchDatabase("shop", sqlserveremu.DatabasePatch{Broker: &on, CDC: &on})
	if d := h.databaseOf(t, "shop"); !d.Broker || !d.CDC || d.Trustworthy || d.Published {
		t.Errorf("the source tells %+v", d)
	}
	id := h.follow("shop", toOther)
	m := h.until(id, "the differential applied", follows)
	var lost []string
	for _, f := range m.Findings {
		if strings.HasPrefix(f.Code, "lost-") && f.Level == migration.Warned {
			lost = append(lost, f.Code)
		}
	}
	if strings.Join(lost, " ") != "lost-broker lost-cdc" {
		t.Errorf("named before: %v", lost)
	}
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameRows(h.cloud.SQL, "shop", other, "shop")
	h.reader().sees("/migrations/"+id, "Service Broker", "ALTER DATABASE [shop] SET ENABLE_BROKER", "EXEC [shop].sys.sp_cdc_enable_db", "Owner of the database", "ALTER AUTHORIZATION ON DATABASE::[shop]")
}

// TestWhatCanBeKeptIsKept at a server of one's own: change data capture and the
// owner, shown before and looked at afterwards.
func TestWhatCanBeKeptIsKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.another(nil)
	other.PatchLogin("app", sqlserveremu.LoginPatch{})
	on := true
	h.cloud.SQL.PatchDatabase("shop", sqlserveremu.DatabasePatch{CDC: &on, Tracking: &on})
	id := h.follow("shop", func(w *migration.LiveRequest) {
		toOther(w)
		w.Traits, w.Keep = sqlserver.Traits(), migration.Keeping{CDC: true, Owner: "app"}
	})
	m := h.until(id, "the differential applied", follows)
	if m.Keep != (migration.Keeping{CDC: true, Owner: "app"}) {
		t.Fatalf("it is kept %+v", m.Keep)
	}
	h.cutOver(id)
	h.until(id, "the open database", opened)
	h.sameRows(h.cloud.SQL, "shop", other, "shop")
	h.reader().sees("/migrations/"+id, "WITH RECOVERY, KEEP_CDC", "ALTER AUTHORIZATION ON DATABASE::[shop] TO [app]", "Change data capture is on, and app owns the database.", "sp_cdc_add_job", "CHANGE_TRACKING_MIN_VALID_VERSION")
}

// TestAWaveKeepsWhatItsDatabasesWouldLose, as one migration does; a login that
// is to own them must be there first.
func TestAWaveKeepsWhatItsDatabasesWouldLose(t *testing.T) {
	h := newHouse(t)
	other := h.another(nil)
	r := h.reader()
	q := url.Values{"name": {"weekend"}, "server": {demo.Server}, "instance": {otherServer}, "database": {"shop", "stock"}, "every": {"2h"}, "freeze": {"tail"}, "check": {"async"}, "keep_cdc": {"1"}, "owner": {"app"}}
	says(t, r.get("/waves/new?"+q.Encode()), "owner=app", "keep_cdc=1")
	says(t, r.get("/waves/new/checks?"+q.Encode()), "None of them can start yet.", "The target has no login app")
	other.PatchLogin("app", sqlserveremu.LoginPatch{})
	says(t, r.get("/waves/new/checks?"+q.Encode()), "Every one can start.")
	says(t, r.post("/waves", q), "The wave has begun with 2 databases.")
	rows, err := h.app.DB.Migrations().Migrations(t.Context(), migration.Filter{Limit: 10})
	if err != nil || len(rows) < 2 {
		t.Fatalf("%d migrations, %v", len(rows), err)
	}
	for _, row := range rows[:2] {
		if m := h.migration(row.ID); m.Keep != (migration.Keeping{CDC: true, Owner: "app"}) {
			t.Errorf("%s is kept %+v", m.Database, m.Keep)
		}
	}
}

func (h *house) databaseOf(t *testing.T, name string) backup.Database {
	t.Helper()
	server, _, err := h.app.Ports.Server(t.Context(), demo.Server)
	if err != nil {
		t.Fatal(err)
	}
	d, err := server.Database(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
