package app_test

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
	"github.com/bakplane/bakplane/internal/migration"
)

// TestCDCIsKeptAtAWS: the tail opens the database with change data capture kept,
// however writes were stopped, and though the answer to it is lost.
func TestCDCIsKeptAtAWS(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		freeze migration.Freeze
		lost   bool
	}{{migration.FreezeReadOnly, false}, {migration.FreezeTail, true}, {migration.FreezeStopped, false}} {
		t.Run(string(tc.freeze), func(t *testing.T) {
			h := newHouse(t)
			on := true
			h.cloud.SQL.PatchDatabase("shop", sqlserveremu.DatabasePatch{CDC: &on})
			id := h.followFast("shop", 300*time.Millisecond, func(w *migration.LiveRequest) {
				h.toAWS(w)
				w.Freeze, w.Keep = tc.freeze, migration.Keeping{CDC: true}
			})
			h.until(id, "a log applied", func(m migration.Migration) bool { return follows(m) && len(m.Chain()) >= 3 })
			h.reader().sees("/migrations/"+id+"/cutover", "Import the tail, which opens the database", "@with_norecovery = 0, @keep_cdc = 1")
			if tc.lost {
				h.bites(h.cloud.AWS.ControlPort(), control.Rule{Match: "^/EXECUTE/rds_restore_log", CutAnswer: new(int64), Times: 2})
			}
			h.cutOver(id)
			m := h.until(id, "the open database", opened)
			target, ok := h.cloud.AWS.DatabaseNow("shop")
			server, _, err := h.app.Ports.Server(t.Context(), demo.RDS)
			if err != nil {
				t.Fatal(err)
			}
			if d, err := server.Database(t.Context(), "shop"); err != nil || !d.CDC || !ok || !target.Writable {
				t.Errorf("the target: %+v, %+v, %v", d, target, err)
			}
			if m.AppliedTo() != m.LiveSource.Tail {
				t.Errorf("frozen at %s, applied to %s", m.LiveSource.Tail, m.AppliedTo())
			}
			kinds := map[string]int{}
			for _, k := range h.cloud.Tasks.Tasks() {
				if k.Lifecycle != rds.Success {
					t.Errorf("task %+v", k)
				}
				kinds[k.Type]++
			}
			if kinds["RESTORE_DB_LOG"] != 1 || kinds["FINISH_RESTORE"] != 0 || kinds["RESTORE_DB_LOG_NORECOVERY"] != len(m.Chain())-3 {
				t.Errorf("%d files, tasks %v", len(m.Chain()), kinds)
			}
			h.reader().sees("/migrations/"+id, "Change data capture is on.")
			if _, err := h.app.DB.VerifyAudit(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
