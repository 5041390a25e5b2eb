package aliyun

import (
	"errors"
	"testing"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// TestARefusalMayNameTheTaskInTheWay, and nothing else is taken for an id.
func TestARefusalMayNameTheTaskInTheWay(t *testing.T) {
	for message, want := range map[string]string{
		"Current DB state does not support this operation.":         "",
		"The migrate task has ended already.":                       "",
		"A task is running since 12:03.":                            "",
		"The database is used by migrate task 5560001.":             "5560001",
		"MigrateTaskId=rm-bp1842vx0001 is running on this database": "rm-bp1842vx0001",
		"Another task (TaskId: \"77\") is running.":                 "77",
	} {
		c := &Client{}
		err := underWay(c.words(&signedcall.APIError{Status: 400, Code: "IncorrectDBState", Message: message}))
		var told *migration.ErrUnderWay
		if got := errors.As(err, &told); got != (want != "") || got && told.TaskID != want || fault.CodeOf(err) != "under-way" {
			t.Errorf("%q: %v, %+v", message, err, told)
		}
	}
	var told *migration.ErrUnderWay
	if errors.As(underWay((&Client{}).words(&signedcall.APIError{Status: 400, Code: "InvalidDBName", Message: "task 5"})), &told) {
		t.Error("another code names a task")
	}
}
