package sqlite

import (
	"database/sql"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// TestSystemDatabasesAreCountedWhereTheyArePromised, and tempdb never.
func TestSystemDatabasesAreCountedWhereTheyArePromised(t *testing.T) {
	d := must[*DB](t)(living(t, t.TempDir()))
	now := time.Now()
	save := func(p protectionRow) {
		t.Helper()
		if err := d.silently(t.Context(), "save", func(tx *sql.Tx) error {
			p.instance, p.name, p.shown = 1, 1, true
			return saveProtection(t.Context(), tx, nil, p)
		}); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, d.folder+"/bakplane.db", `INSERT INTO catalogue_instances (n, instance_id) VALUES (1, 's')`)
	exec(t, d.folder+"/bakplane.db", `INSERT INTO catalogue_names (n, name) VALUES (1, 'x')`)
	for _, name := range []string{"tempdb", "master", "Model", "shop"} {
		save(protectionRow{Protection: backup.Protection{Promise: backup.Promise{InstanceID: "s", Database: name}, LateAt: now.Add(-time.Hour)}})
	}
	promised := backup.Promise{InstanceID: "s", Database: "msdb", PolicyID: "p", Objective: time.Hour}
	save(protectionRow{Protection: backup.Protection{Promise: promised, LateAt: now.Add(-time.Hour)}})
	c, err := d.Catalogue().Count(t.Context(), now)
	if err != nil || c.Databases != 5 || c.Unprotected != 2 || c.Late != 2 {
		t.Errorf("%+v %v, want shop and msdb", c, err)
	}
}
