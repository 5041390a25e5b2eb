package aliyun

import (
	"errors"
	"regexp"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// taskNamed finds the id of a task in the service's words. The documented
// message of IncorrectDBState names none; whether any edition does is not
// confirmed. What is read here is held to the file before it is believed.
var taskNamed = regexp.MustCompile(`(?i)task(?:[ _]?id)?[ :=\["'(]+([a-z-]*[0-9][a-z0-9-]*)`)

// underWay adds the task that is in the way to a refusal that names it.
func underWay(err error) error {
	var api *signedcall.APIError
	if !errors.As(err, &api) || api.Code != "IncorrectDBState" {
		return err
	}
	found := taskNamed.FindStringSubmatch(api.Message)
	if found == nil {
		return err
	}
	f := *fault.From(err)
	return f.Because(errors.Join(f.Err, &migration.ErrUnderWay{TaskID: found[1]}))
}
