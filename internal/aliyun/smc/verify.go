package smc

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// template is the public template that verifies an image.
const template = "ACS-SMC-CreateAndVerifyInstance"

// Verify implements servermigration.Center. Parameters are those of the
// published template; its default folder is one of Linux, so a folder is sent
// always where one is given.
func (c *Center) Verify(ctx context.Context, region string, k servermigration.Check, token string) (string, error) {
	at, err := c.in(region)
	if err != nil {
		return "", err
	}
	p := map[string]any{"regionId": region, "zoneId": k.Zone, "hostName": k.Host, "imageId": k.ImageID, "instanceType": k.Type, "privateIp": k.Private,
		"instancesCount": 1, "isDeleteInstance": !k.Keep, "commandType": "RunShellScript"}
	if k.Windows {
		p["commandType"] = "RunPowerShellScript"
	}
	for name, v := range map[string]string{"commandContent": k.Command, "workingDir": k.Folder, "OOSAssumeRole": k.RoleName} {
		if v != "" {
			p[name] = v
		}
	}
	if k.DiskGiB > 0 {
		p["systemDiskSize"] = k.DiskGiB
	}
	text, err := json.Marshal(p) // sorted by name: the same token comes with the same text
	if err != nil {
		return "", fmt.Errorf("write parameters: %w", err)
	}
	q := ask().text("RegionId", region).text("TemplateName", template).text("Mode", "Automatic").text("Parameters", string(text)).text("ClientToken", token)
	res, err := send[struct {
		Execution struct{ ExecutionId string }
		RequestId string
	}](ctx, at.oos, "StartExecution", signedcall.Keyed, q)
	if err != nil {
		return "", err
	}
	if res.Execution.ExecutionId == "" {
		return "", at.oos.Uncertain(signedcall.Changes, fault.Newf(fault.Unavailable, "The OOS API accepted the call without naming an execution (request %s).", res.RequestId), look)
	}
	return res.Execution.ExecutionId, nil
}

// Verification implements servermigration.Center.
func (c *Center) Verification(ctx context.Context, region, execution string) (servermigration.Verification, error) {
	var none servermigration.Verification
	at, err := c.in(region)
	if err != nil {
		return none, err
	}
	type row struct {
		ExecutionId, Status, StatusMessage, StatusReason string
		StartDate, CreateDate, EndDate                   string
		Outputs                                          any
	}
	res, err := send[struct{ Executions []row }](ctx, at.oos, "ListExecutions", signedcall.Reads, ask().text("RegionId", region).text("ExecutionId", execution))
	if err != nil {
		return none, err
	}
	for _, r := range res.Executions {
		if r.ExecutionId != execution {
			continue
		}
		v := servermigration.Verification{Execution: r.ExecutionId, Status: r.Status, Why: first(r.StatusMessage, r.StatusReason), Results: results(r.Outputs),
			Started: signedcall.Text(first(r.StartDate, r.CreateDate)).Time(), Ended: signedcall.Text(r.EndDate).Time()}
		return v, nil
	}
	return none, fault.Newf(fault.NotFound, "The OOS service does not list the execution %s in %s.", execution, region).WithFix("See it in the OOS console; executions are listed for a limited time.")
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// opened reads what may be an object or list, or a text that holds one as JSON.
func opened(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	var in any
	if json.Unmarshal([]byte(s), &in) != nil {
		return v
	}
	return in
}

// results reads instanceCheckResults. What has another shape than the published
// template's has no results: nothing is taken for checked.
func results(outputs any) (out []servermigration.CheckResult) {
	all, _ := opened(outputs).(map[string]any)
	rows, _ := opened(all["instanceCheckResults"]).([]any)
	for _, r := range rows {
		one, ok := opened(r).(map[string]any)
		if !ok {
			continue
		}
		text := func(name string) string {
			switch v := one[name].(type) {
			case nil:
				return ""
			case string:
				return v
			default:
				b, _ := json.Marshal(v)
				return string(b)
			}
		}
		out = append(out, servermigration.CheckResult{InstanceID: text("instanceId"), Default: text("instanceDefaultCheck"), Own: text("instanceCustomerCheck")})
	}
	return out
}
