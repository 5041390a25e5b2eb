package app_test

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/demo"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/migration"
)

// TestWhatARestoreLosesIsNamed before the full backup is taken, and stands in
// the list of what is left to do by hand.
func TestWhatARestoreLosesIsNamed(t *testing.T) {
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
