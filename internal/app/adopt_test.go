package app_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// unlisted starts a migration whose order to restore loses its answer, at a
// service that does not list pending tasks. A second order is turned away until
// the rule of that id is gone.
func unlisted(t *testing.T) (h *house, id, held, task string) {
	t.Helper()
	h = newHouse(t)
	h.sample(restoretime...)
	h.control(http.MethodPatch, h.cloud.RDS.ControlURL+"/settings", `{"hide_pending":true}`)
	for _, r := range []control.Rule{
		{Operation: "CreateMigrateTask", Status: 502, Acted: true, Body: "<html>bad gateway</html>", ContentType: "text/html"},
		{Operation: "CreateMigrateTask", Times: -1, Status: 400, Code: "Throttling.User", Message: "Request was denied due to user flow control."},
	} {
		r, err := h.cloud.RDS.ControlPort().Add(r)
		if err != nil {
			t.Fatal(err)
		}
		held = r.ID
	}
	id = h.start(h.draft(nil))
	h.until(id, "the task", func(migration.Migration) bool { return len(h.cloud.RDS.Tasks()) == 1 })
	return h, id, held, h.cloud.RDS.Tasks()[0].ID
}

// asked waits until a person is asked which task is ours.
func (h *house) asked(id string) migration.Migration {
	h.t.Helper()
	m := h.until(id, "the question", func(m migration.Migration) bool { return m.Problem != nil && m.Problem.Code == migration.CodeOwnTask })
	h.problemHas(id, migration.CodeOwnTask, migration.ButtonAdopt, migration.ButtonRetry, migration.ButtonTerminate)
	return m
}

// whole waits until every file is applied, by one task.
func (h *house) whole(id string) {
	h.t.Helper()
	m := h.until(id, "every file applied", func(m migration.Migration) bool {
		return m.Problem == nil && following(m)
	})
	if n := h.cloud.RDS.Created(); n.Tasks != 1 || n.Files != len(m.Chain()) || !slices.ContainsFunc(m.Calls, func(c migration.Call) bool { return c.Verdict == migration.Adopted }) {
		h.t.Fatalf("created %+v, calls %+v; want one task with each file once, adopted", n, m.Calls)
	}
}

func TestATaskThatNoListShowsIsTakenOver(t *testing.T) {
	t.Parallel()
	t.Run("a person says which", func(t *testing.T) {
		h, id, held, task := unlisted(t)
		h.cloud.RDS.ControlPort().Remove(held)
		h.asked(id)
		adopt := func(task string) error {
			return migration.OrderAdopt(t.Context(), h.app.DB.Migrations(), id, task, h.by())
		}
		if err := adopt("no id"); !fault.Is(err, fault.Invalid) {
			t.Fatalf("no id at all: %v", err)
		}
		if err := adopt("999"); err != nil {
			t.Fatal(err)
		}
		h.until(id, "the answer", func(m migration.Migration) bool {
			return m.Problem != nil && m.Problem.Cause.String() == "The target does not know a task 999."
		})
		if err := adopt(task); err != nil {
			t.Fatal(err)
		}
		h.whole(id)
		if w, err := h.app.DB.VerifyAudit(t.Context()); err != nil || w.Seq < 5 {
			t.Errorf("audit: %d entries, %v", w.Seq, err)
		}
	})
	t.Run("the refusal says which", func(t *testing.T) {
		h, id, held, task := unlisted(t)
		if _, err := h.cloud.RDS.ControlPort().Add(control.Rule{Operation: "CreateMigrateTask", Status: 400, Code: "IncorrectDBState", Message: "The database is used by migrate task " + task + "."}); err != nil {
			t.Fatal(err)
		}
		h.cloud.RDS.ControlPort().Remove(held)
		h.whole(id)
	})
	t.Run("it is listed later", func(t *testing.T) {
		h, id, held, _ := unlisted(t)
		h.cloud.RDS.ControlPort().Remove(held)
		h.asked(id)
		h.control(http.MethodPatch, h.cloud.RDS.ControlURL+"/settings", `{"hide_pending":false}`)
		if err := migration.OrderRetry(t.Context(), h.app.DB.Migrations(), id, h.by()); err != nil {
			t.Fatal(err)
		}
		h.whole(id)
	})
}
