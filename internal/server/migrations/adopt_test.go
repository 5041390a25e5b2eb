package migrations_test

import (
	"testing"

	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

// TestAPersonSaysWhichTaskIsOurs after the answer to CreateMigrateTask was lost
// at a service that does not list pending tasks.
func TestAPersonSaysWhichTaskIsOurs(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Live(t)
	hide := true
	h.RDS.Settings(aliyunemu.SettingsPatch{HidePending: &hide})
	if _, err := h.RDS.ControlPort().Add(control.Rule{Operation: "CreateMigrateTask", Status: 502, Acted: true, Body: "<html>bad gateway</html>", ContentType: "text/html"}); err != nil {
		t.Fatal(err)
	}
	b := h.SignedIn(t)
	b.Get("/migrations/new/live/checks" + liveQuery).Submit("/migrations/live").Until("Task probably ours")
	page := b.At.Path
	b.Get(page+"/abort").Sees(200, "Type orders to confirm")
	b.Get(page).Follow("This one is ours…").Sees(200, "Id of the task", "its database must be orders")
	b.Submit(page+"/adopt", "task", "no id").Sees(422, "That is no id of a task.")
	b.Submit(page+"/adopt", "task", "999").Until("The target does not know a task 999.")

	p := h.ProgramOf(t, "admin")
	var m struct {
		Problem struct {
			Code    string
			Actions []string
		}
	}
	p.Ask("GET", "/api/v1"+page, nil, 200, &m)
	if m.Problem.Code != "own-task" || len(m.Problem.Actions) != 3 || m.Problem.Actions[0] != "adopt" {
		t.Errorf("the API tells %+v", m.Problem)
	}
	p.Ask("POST", "/api/v1"+page+"/adopt", map[string]string{"task_id": ""}, 422, nil)
	p.Ask("POST", "/api/v1"+page+"/adopt", map[string]string{"task_id": h.RDS.Tasks()[0].ID}, 202, nil)
	b.Get(page).Until("It follows the source unattended")
	p.Ask("POST", "/api/v1"+page+"/adopt", map[string]string{"task_id": "1"}, 409, nil)
	b.Get(page+"/adopt").Sees(200, "There is no task to take over now.")
	b.Get("/audit").Sees(200, "migration.adopt")
}
