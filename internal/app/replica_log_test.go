package app_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/migration"
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
	u := url.URL{Scheme: "sqlserver", User: url.UserPassword("sa", "Emulated-1"), Host: g.Listener.Address, RawQuery: "encrypt=disable"}
	db, err := sql.Open("sqlserver", u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
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
	h.reader().sees("/migrations/"+id, "another replica has taken it", "Pause log backups at the other replicas")
}
