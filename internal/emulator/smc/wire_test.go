package smcemu

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/bakplane/bakplane/internal/emulator/acs"
	"github.com/bakplane/bakplane/internal/emulator/control"
)

const (
	keyID   = "LTAItest"
	secret  = "open+sesame/1"
	windows = "s-bp1windows"
	linux   = "s-bp1linux"
)

func yes(b bool) *bool { return &b }

func config() Config {
	return Config{
		Accounts: []Account{
			{ID: "1", Keys: []acs.Key{{ID: keyID, Secret: secret}, {ID: "LTAIreader", Secret: secret, Denied: []string{"StartReplicationJob", "RunInstances"}}}},
			{ID: "2", Keys: []acs.Key{{ID: "LTAIother", Secret: secret}}},
		},
		Switches: map[string]string{"vsw-1": "vpc-1"},
		Sources: []Source{
			{ID: windows, Account: "1", Name: "sqldemo", Platform: "Windows Server 2019 64-bit", Arch: "x86_64", Agent: "2.8.6", Windows: true, Created: time.Now(), Disks: []Disk{
				{SizeGiB: 60, Parts: []Part{{Device: "0_0", Path: "C:", SizeBytes: 60 << 30, UsedBytes: 30 << 30, Need: true, CanBlock: true}}},
				{Index: 1, SizeGiB: 100, Parts: []Part{{Device: "1_0", Path: "D:", SizeBytes: 100 << 30, UsedBytes: 40 << 30, CanBlock: true}}}}},
			{ID: linux, Account: "1", Name: "web", Platform: "CentOS", Arch: "x86_64", Agent: "2.8.6", Created: time.Now().Add(-time.Hour), Disks: []Disk{
				{SizeGiB: 40, Parts: []Part{{Device: "0_0", Path: "/", SizeBytes: 40 << 30, UsedBytes: 10 << 30, Need: true}}}}},
			{ID: "s-bp1other", Account: "2", Name: "other", Disks: []Disk{{SizeGiB: 40}}},
		},
	}
}

type cloud struct {
	*Running
	t *testing.T
}

func start(t *testing.T, change func(*Config)) *cloud {
	t.Helper()
	c := config()
	if change != nil {
		change(&c)
	}
	run, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run.Close(); err != nil {
			t.Error(err)
		}
	})
	return &cloud{run, t}
}

// as calls an action with the vendor's generic client; code is empty for success.
func (c *cloud) as(key, version, action string, pairs ...string) (body map[string]any, code, message string) {
	c.t.Helper()
	client, err := openapi.NewClient(&openapiutil.Config{Endpoint: dara.String(strings.TrimPrefix(c.URL, "http://")), Protocol: dara.String("HTTP"), AccessKeyId: &key, AccessKeySecret: dara.String(secret)})
	if err != nil {
		c.t.Fatal(err)
	}
	client.DisableSDKError = dara.Bool(true)
	query := map[string]*string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if query[pairs[i]] = &pairs[i+1]; pairs[i+1] == "" { // a later pair takes an earlier one away
			delete(query, pairs[i])
		}
	}
	res, err := client.CallApi(&openapiutil.Params{Action: &action, Version: &version, Protocol: dara.String("HTTPS"), Pathname: dara.String("/"), Method: dara.String("POST"), AuthType: dara.String("AK"),
		Style: dara.String("RPC"), ReqBodyType: dara.String("formData"), BodyType: dara.String("json")}, &openapiutil.OpenApiRequest{Query: query}, &dara.RuntimeOptions{})
	var refused *openapi.ClientError
	var throttled *openapi.ThrottlingError
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		body, _ = res["body"].(map[string]any)
		return body, "", ""
	case errors.As(err, &refused):
		message, _ = refused.Data["Message"].(string)
		return nil, dara.StringValue(refused.Code), message
	case errors.As(err, &throttled):
		return nil, dara.StringValue(throttled.Code), ""
	case errors.As(err, &syntax):
		return nil, "not JSON", ""
	}
	return nil, err.Error(), ""
}

func (c *cloud) smc(action string, pairs ...string) (map[string]any, string) {
	c.t.Helper()
	body, code, _ := c.as(keyID, "2019-06-01", action, pairs...)
	return body, code
}

func (c *cloud) ecs(action string, pairs ...string) (map[string]any, string) {
	c.t.Helper()
	body, code, _ := c.as(keyID, "2014-05-26", action, pairs...)
	return body, code
}

// must calls and fails the test when it is refused.
func (c *cloud) must(action string, pairs ...string) map[string]any {
	c.t.Helper()
	body, code := c.smc(action, pairs...)
	if code != "" {
		c.t.Fatalf("%s: %s", action, code)
	}
	return body
}

// want calls and looks for a code.
func (c *cloud) want(code, action string, pairs ...string) {
	c.t.Helper()
	if _, got := c.smc(action, pairs...); got != code {
		c.t.Errorf("%s %v: got %q, want %q", action, pairs, got, code)
	}
}

var incremental = []string{"RegionId", "cn-hangzhou", "SourceId", windows, "Name", "move", "TargetType", "image", "ImageName", "moved", "SystemDiskSize", "80", "DataDisk.1.Index", "1", "DataDisk.1.Size", "120",
	"RunOnce", "false", "Frequency", "6", "MaxNumberOfImageToKeep", "2"}

func (c *cloud) create(pairs ...string) string {
	c.t.Helper()
	id, _ := c.must("CreateReplicationJob", append(append([]string{}, incremental...), pairs...)...)["JobId"].(string)
	return id
}

func (c *cloud) job(id string) map[string]any {
	c.t.Helper()
	rows := c.must("DescribeReplicationJobs", "JobId.1", id)["ReplicationJobs"].(map[string]any)["ReplicationJob"].([]any)
	if len(rows) != 1 {
		return nil
	}
	return rows[0].(map[string]any)
}

func (c *cloud) runs(id string) []any {
	c.t.Helper()
	return c.job(id)["ReplicationJobRuns"].(map[string]any)["ReplicationJobRun"].([]any)
}

func (c *cloud) stands(id, status, phase string) {
	c.t.Helper()
	if j := c.job(id); j == nil || j["Status"] != status || j["BusinessStatus"] != phase {
		c.t.Fatalf("the job stands at %v/%v (%v), want %s/%s", j["Status"], j["BusinessStatus"], j["StatusInfo"], status, phase)
	}
}

func TestSignaturesAndAnswersOfTheWire(t *testing.T) {
	c := start(t, nil)
	for _, k := range []struct{ key, version, action, code string }{
		{keyID, "2019-06-01", "DescribeSourceServers", ""},
		{"nobody", "2019-06-01", "DescribeSourceServers", "InvalidAccessKeyId.NotFound"},
		{keyID, "2018-01-01", "DescribeSourceServers", "InvalidVersion"},
		{keyID, "2019-06-01", "DescribeSourceServerDetail", "InvalidAction.NotFound"},
		{keyID, "2019-06-01", "RunInstances", "InvalidAction.NotFound"},
		{"LTAIreader", "2019-06-01", "StartReplicationJob", "Forbidden.Unauthorized"},
		{"LTAIreader", "2014-05-26", "RunInstances", "Forbidden.RAM"},
		{keyID, "2019-06-01", "StartReplicationJob", "MissingParameter"},
	} {
		if _, code, _ := c.as(k.key, k.version, k.action); code != k.code {
			t.Errorf("%+v: got %q", k, code)
		}
	}
	for _, page := range [][]string{{"PageSize", "51"}, {"PageSize", "0"}, {"PageNumber", "0"}, {"PageNumber", "x"}} {
		c.want("InvalidParameter."+page[0], "DescribeReplicationJobs", page...)
		c.want("InvalidParameter."+page[0], "DescribeSourceServers", page...)
	}
	body, _, _ := c.as("LTAIother", "2019-06-01", "DescribeSourceServers")
	if n, _ := body["TotalCount"].(json.Number); n != "1" {
		t.Errorf("the other account sees %v sources", body["TotalCount"])
	}
	// What the control door does to a call.
	for _, r := range []struct {
		rule control.Rule
		code string
	}{
		{control.Rule{Status: 502, Body: "<html>Bad Gateway</html>", ContentType: "text/html"}, "not JSON"},
		{control.Rule{Status: http.StatusBadRequest, Code: "Throttling.User", Message: "Request was denied due to user flow control."}, "Throttling.User"},
	} {
		if _, err := c.ControlPort().Add(r.rule); err != nil {
			t.Fatal(err)
		}
		c.want(r.code, "DescribeReplicationJobs")
	}
}

func TestPagesAndFilters(t *testing.T) {
	c := start(t, func(c *Config) {
		for n := range 120 {
			id := string(rune('a'+n/26)) + string(rune('a'+n%26))
			c.Jobs = append(c.Jobs, Job{ID: "j-" + id, Account: "1", Region: "cn-hangzhou", Source: "s-" + id, Name: "job" + id, Status: "Finished"})
		}
	})
	seen := map[string]bool{}
	for page := 1; page <= 3; page++ {
		rows := c.must("DescribeReplicationJobs", "PageSize", "50", "PageNumber", string(rune('0'+page)))["ReplicationJobs"].(map[string]any)["ReplicationJob"].([]any)
		for _, r := range rows {
			seen[r.(map[string]any)["JobId"].(string)] = true
		}
	}
	if len(seen) != 120 {
		t.Errorf("three pages show %d jobs", len(seen))
	}
	var many []string
	for n := 1; n <= 51; n++ {
		many = append(many, "JobId."+itoa(n), "j-aa")
	}
	c.want("InvalidParameter.JobId", "DescribeReplicationJobs", many...)
	for _, f := range [][]string{{"JobId.1", "j-ab"}, {"SourceId.1", "s-ab"}, {"Name", "jobab"}} {
		if n := c.must("DescribeReplicationJobs", f...)["TotalCount"]; n != json.Number("1") {
			t.Errorf("%v finds %v", f, n)
		}
	}
	for _, f := range [][]string{{"Status", "Ready"}, {"RegionId", "cn-beijing"}, {"JobId.1", "j-ab", "Name", "jobaa"}} {
		if n := c.must("DescribeReplicationJobs", f...)["TotalCount"]; n != json.Number("0") {
			t.Errorf("%v finds %v", f, n)
		}
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }
