package app_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/control"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
	"github.com/bakplane/bakplane/internal/migration"
)

// troublesAtAWS are those on the way to an instance of Amazon RDS, beside those
// of every source.
var troublesAtAWS = []trouble{
	{name: "none", make: func(*house) {}},
	{name: "connections to the instance are cut", make: func(h *house) { h.cloud.AWS.Cut("") }},
	{name: "an answer of a procedure is lost", make: func(h *house) {
		h.bites(h.cloud.AWS.ControlPort(), control.Rule{Operation: "EXECUTE", CutAnswer: new(int64)})
	}},
	{name: "answers of restores are lost", make: func(h *house) {
		h.bites(h.cloud.AWS.ControlPort(), control.Rule{Match: "^/EXECUTE/rds_restore", CutAnswer: new(int64), Times: 2})
	}},
	{name: "the answer of the finish is lost", make: func(h *house) {
		h.bites(h.cloud.AWS.ControlPort(), control.Rule{Match: "^/EXECUTE/rds_finish_restore", CutAnswer: new(int64)})
	}},
	{name: "tasks stay CREATED for a while", make: func(h *house) { h.cloud.Tasks.Change(func(c *rds.Config) { c.Wait = 700 * time.Millisecond }) }},
	{name: "the option is off for a while", person: true, make: func(h *house) {
		h.cloud.Tasks.Change(func(c *rds.Config) { c.NoOption = true })
		time.Sleep(300 * time.Millisecond)
		h.cloud.Tasks.Change(func(c *rds.Config) { c.NoOption = false })
	}},
	{name: "the role is denied for a while", person: true, make: func(h *house) {
		var allowed rds.Store
		h.cloud.Tasks.Change(func(c *rds.Config) {
			allowed = c.Store
			denied := c.Store.(rds.S3)
			denied.Client.Account.Secret = "of somebody else"
			c.Store = denied
		})
		time.Sleep(300 * time.Millisecond)
		h.cloud.Tasks.Change(func(c *rds.Config) { c.Store = allowed })
	}},
	{name: "an upload to S3 is cut", make: func(h *house) {
		h.bites(h.cloud.S3.ControlPort(), control.Rule{Operation: "PutObject", CutAnswer: new(int64)})
		h.bites(h.cloud.S3.ControlPort(), control.Rule{Operation: "UploadPart", CutAnswer: new(int64)})
	}},
	{name: "connections to the source are cut", make: func(h *house) { h.cloud.SQL.Cut("") }},
	{name: "slow disk at the source", make: func(h *house) { h.cloud.SQL.SetDisk(sqlserveremu.Disk{Rate: 4 << 20}) }},
}

// TestCutoversToAWSInTrouble is TestCutoversInTrouble with an instance of Amazon
// RDS as the target: open with equal contents, or, every fourth, aborted with the
// source writable. BAKPLANE_CUTOVERS says how many.
func TestCutoversToAWSInTrouble(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	n := len(troublesAtAWS)
	if s, err := strconv.Atoi(os.Getenv("BAKPLANE_CUTOVERS")); err == nil {
		n = s
	}
	for i := range n {
		what := troublesAtAWS[i%len(troublesAtAWS)]
		t.Run(fmt.Sprintf("%d %s", i, what.name), func(t *testing.T) {
			random, abort := rand.New(rand.NewPCG(uint64(i), 30)), i%4 == 3
			h := newHouse(t)
			h.person = what.person
			if err := h.cloud.SQL.Load("shop", 100); err != nil {
				t.Fatal(err)
			}
			freeze := []migration.Freeze{migration.FreezeReadOnly, migration.FreezeTail}[random.IntN(2)]
			id := h.follow("shop", func(w *migration.LiveRequest) { h.toAWS(w); w.Freeze = freeze })
			timer := time.AfterFunc(time.Duration(random.IntN(600))*time.Millisecond, func() { what.make(h) })
			defer timer.Stop()
			h.until(id, "the differential applied", follows)
			h.cutOver(id)
			if abort {
				time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond)
				if err := migration.OrderAbort(t.Context(), h.app.DB.Migrations(), id, "shop", h.by()); err != nil {
					abort = false // too late: it goes on to the open database
				}
			}
			m := h.until(id, "the end", func(m migration.Migration) bool { return m.Stage.Ended() })
			if !abort {
				if m.Opened.IsZero() {
					t.Fatalf("ended as %s", m.Stage)
				}
				h.sameAtAWS("shop")
				return
			}
			source, _ := h.cloud.SQL.DatabaseNow("shop")
			if target, there := h.cloud.AWS.DatabaseNow("shop"); there || !source.Writable || !m.Opened.IsZero() {
				t.Fatalf("aborted: source writable %v, target %+v, opened %v", source.Writable, target, m.Opened)
			}
		})
	}
}
