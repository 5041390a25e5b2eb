package smc

import (
	"net/http"
	"strings"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// table is what is special about the refusals of one service.
type table struct {
	rights fault.Code // of Forbidden.RAM there
	smc    bool       // its codes are those of SMC
}

var (
	smcRefusals = table{smc: true}
	oosRefusals = table{rights: "smc-oos-rights"}
	ecsRefusals = table{rights: "smc-ecs-rights"}
)

// words makes faults of refusals; the service's own words stay beside them.
func (t table) words(api signedcall.API, keyID string) func(*signedcall.APIError) *fault.Error {
	return func(e *signedcall.APIError) *fault.Error {
		kind, code := t.meaning(e)
		var f *fault.Error
		switch code {
		case explain.Unknown:
			f = fault.Newf(kind, "The %s refused the call.", api.Name).WithCode(code)
		case "key-id":
			f = explain.Fault(kind, code, explain.AtService, keyID)
		default:
			f = explain.Fault(kind, code, explain.AtService, "")
		}
		if e.Action != "" && kind == fault.Denied {
			f = f.WithFix("Grant the RAM user %s.", e.Action)
		}
		f.Said = api.Said(e)
		return f.Because(e)
	}
}

// meaning is what a refusal is to us. Codes that SMC gives for everything stand
// before those of the gateway, so that three kinds of missing rights stay three.
func (t table) meaning(e *signedcall.APIError) (fault.Kind, fault.Code) {
	if t.rights != "" && strings.EqualFold(e.Code, "Forbidden.RAM") {
		return fault.Denied, t.rights
	}
	if strings.EqualFold(e.Code, "SourceServerState.Invalid") && strings.Contains(e.Message, "status: InUse") {
		return fault.Conflict, "smc-unfinished" // its agent is there: a job holds it
	}
	if code := servermigration.Refusal(e.Code); code != "" {
		return kindOf(code), code
	}
	if kind, code, ok := signedcall.Gateway(e); ok {
		return kind, code
	}
	switch {
	case strings.Contains(e.Code, ".NotFound") || e.Status == http.StatusNotFound:
		return fault.NotFound, explain.Unknown
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		return fault.Denied, explain.Unknown
	case e.Status == http.StatusConflict:
		return fault.Conflict, explain.Unknown
	}
	return fault.Invalid, explain.Unknown
}

// kindOf tells what a caller can do about a code of SMC: rights are denied;
// what the input names must be changed; everything else lies in how things stand
// there.
func kindOf(code fault.Code) fault.Kind {
	switch code {
	case "smc-role", "smc-real-name", "smc-rights", "smc-ecs-rights", "smc-may-not-buy":
		return fault.Denied
	case "smc-job-name", "smc-image-name", "smc-disk", "smc-network", "smc-target":
		return fault.Invalid
	}
	return fault.Conflict
}
