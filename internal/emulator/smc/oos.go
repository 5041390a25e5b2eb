package smcemu

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/acs"
)

// Template is the public template that verifies an image.
const Template = "ACS-SMC-CreateAndVerifyInstance"

var hostForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9]$`)

// startExecution begins a run of the template. Its parameters are judged as the
// published file declares them; those it does not declare are refused.
func (q *request) startExecution() (answer, *refusal) {
	name, refused := q.need("TemplateName")
	if refused != nil {
		return nil, refused
	}
	region, refused := q.need("RegionId")
	if refused != nil {
		return nil, refused
	}
	if name != Template {
		return nil, acs.Refuse(http.StatusNotFound, "EntityNotExists.Template", "The specified template (%s) does not exist.", name)
	}
	token := q.get("ClientToken")
	if token != "" && !tokenForm.MatchString(token) {
		return nil, badValue("ClientToken", "it must have 1 to 64 ASCII characters")
	}
	for _, e := range q.st.Executions {
		if token != "" && e.Token == token && e.Account == q.caller.Account {
			return answer{"Execution": e.row()}, nil
		}
	}
	p := map[string]any{}
	if v := q.get("Parameters"); v != "" && json.Unmarshal([]byte(v), &p) != nil {
		return nil, acs.Refuse(http.StatusBadRequest, "InvalidParameter", "The parameter Parameters must be a JSON object.")
	}
	if why := q.judge(region, p); why != "" {
		return nil, acs.Refuse(http.StatusBadRequest, "InvalidParameter", "%s", why)
	}
	set := q.st.Settings
	e := &Execution{ID: "exec-" + strings.TrimPrefix(q.st.id("e"), "e-"), Account: q.caller.Account, Region: region, Template: name, Parameters: p, Token: token, Status: "Running",
		Created: q.now, Ends: q.now.Add(q.server.paced(verifying))}
	if set.VerifyHangs {
		e.Ends = time.Time{}
	}
	q.st.Executions[e.ID], q.wrote = e, true
	return answer{"Execution": e.row()}, nil
}

var declared = map[string]string{"regionId": "string", "zoneId": "string", "hostName": "string", "imageId": "string", "instanceType": "string", "privateIp": "string", "systemDiskSize": "number",
	"instancesCount": "number", "isDeleteInstance": "bool", "commandType": "string", "commandContent": "string", "timeout": "number", "workingDir": "string", "passwordInherit": "bool",
	"rateControl": "any", "OOSAssumeRole": "string"}

// judge tells what is wrong with the parameters; empty means nothing.
func (q *request) judge(region string, p map[string]any) string {
	for name, v := range p {
		ok := false
		switch declared[name] {
		case "string":
			_, ok = v.(string)
		case "number":
			_, ok = v.(float64)
		case "bool":
			_, ok = v.(bool)
		case "any":
			ok = true
		}
		if !ok {
			return fmt.Sprintf("The parameter %s is not one of the template, or has another type.", name)
		}
	}
	word := func(name string) string { s, _ := p[name].(string); return s }
	for _, name := range []string{"zoneId", "hostName", "imageId", "instanceType", "privateIp"} {
		if word(name) == "" {
			return fmt.Sprintf("The parameter %s of the template is required.", name)
		}
	}
	if r := word("regionId"); r != "" {
		region = r
	}
	i := q.st.Images[word("imageId")]
	host, ip := word("hostName"), word("privateIp")
	switch {
	case i == nil || i.Account != q.caller.Account || i.Region != region:
		return fmt.Sprintf("The image %s does not exist in %s.", word("imageId"), region)
	case len(host) < 2 || !hostForm.MatchString(host) || strings.Contains(host, "..") || strings.Contains(host, "--"):
		return "The parameter hostName must have at least 2 letters, digits, dots and hyphens, and neither begin nor end with a dot or a hyphen."
	case !strings.HasPrefix(ip, "10.") && !strings.HasPrefix(ip, "172.") && !strings.HasPrefix(ip, "192."):
		return "The parameter privateIp must begin with 10., 172. or 192."
	}
	for name, b := range map[string][2]float64{"systemDiskSize": {19, 500}, "instancesCount": {1, 999}} {
		if v, given := p[name].(float64); given && (v < b[0] || v > b[1]) {
			return fmt.Sprintf("The parameter %s must lie between %g and %g.", name, b[0], b[1])
		}
	}
	if c := word("commandType"); c != "" && c != "RunShellScript" && c != "RunBatScript" && c != "RunPowerShellScript" {
		return "The parameter commandType must be RunShellScript, RunBatScript or RunPowerShellScript."
	}
	return ""
}

// settle ends a run whose time has come, with the outputs of the published
// template: a check that fails does not fail the run.
func (s *Server) settle(e *Execution, now time.Time) bool {
	if e.Status != "Running" || e.Ends.IsZero() || e.Ends.After(now) {
		return false
	}
	set := s.st.Settings
	word := func(name, standard string) string {
		if v, ok := e.Parameters[name].(string); ok && v != "" {
			return v
		}
		return standard
	}
	if set.VerifyFails {
		e.Status, e.Message = "Failed", "A resource stack could not be created: ROS reports that instances of the type are sold out in the zone."
		return true
	}
	count := 1
	if v, ok := e.Parameters["instancesCount"].(float64); ok {
		count = int(v)
	}
	remove, given := e.Parameters["isDeleteInstance"].(bool)
	remove = remove || !given
	image := s.st.Images[word("imageId", "")]
	windows := image != nil && image.Windows
	folder := word("workingDir", "/root")
	markers := "DISK_DEVICE_OK\nPRIVATE_NET_OK\nPUBLIC_NET_OK\n"
	if set.VerifyUnmarked || windows && strings.HasPrefix(folder, "/") {
		markers = "" // the folder does not exist on Windows, so nothing ran
	}
	var results []any
	for n := range count {
		id := s.st.id("i")
		if !remove {
			s.st.Instances[id] = &Instance{ID: id, Account: e.Account, Region: e.Region, Name: fmt.Sprintf("%s-%d", word("hostName", "host"), n+1), Type: word("instanceType", ""), Image: word("imageId", ""), IP: word("privateIp", ""), Created: e.Ends}
			e.Instances = append(e.Instances, id)
		}
		one := map[string]any{"instanceId": id, "instanceDefaultCheck": markers}
		if command := word("commandContent", ""); command != "" {
			one["instanceCustomerCheck"] = ""
			if markers != "" {
				one["instanceCustomerCheck"] = "ran\n"
			}
		}
		results = append(results, one)
	}
	e.Status, e.Outputs = "Success", map[string]any{"instanceCheckResults": results}
	return true
}

// row is an execution as the API tells it. Parameters and outputs are objects
// in its model, and texts with JSON in the answers of older clients; here they
// are objects.
func (e *Execution) row() answer {
	out := answer{"ExecutionId": e.ID, "TemplateName": e.Template, "Status": e.Status, "StatusMessage": e.Message, "Mode": "Automatic", "CreateDate": text(e.Created), "StartDate": text(e.Created), "UpdateDate": text(e.Created),
		"Parameters": e.Parameters, "Outputs": e.Outputs, "ExecutedBy": e.Account}
	if e.Status != "Running" {
		out["EndDate"] = text(e.Ends)
	}
	return out
}

func (q *request) listExecutions() (answer, *refusal) {
	region, refused := q.need("RegionId")
	if refused != nil {
		return nil, refused
	}
	most := 50
	if refused := q.number("MaxResults", 10, 100, &most); refused != nil {
		return nil, refused
	}
	rows := []answer{} // one list: OOS does not nest doubly
	for _, e := range q.st.Executions {
		if e.Account == q.caller.Account && e.Region == region && fits(e.ID, q.get("ExecutionId")) && fits(e.Status, q.get("Status")) && strings.Contains(e.Template, q.get("TemplateName")) && len(rows) < most {
			rows = append(rows, e.row())
		}
	}
	return answer{"Executions": rows, "MaxResults": most}, nil
}
