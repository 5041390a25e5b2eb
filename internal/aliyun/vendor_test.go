package aliyun

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	rds "github.com/alibabacloud-go/rds-20140815/v13/client"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/policy/clouds"
)

// vendorRequests are the vendor's types of the calls that we send.
var vendorRequests = map[string]any{
	"CopyDatabaseBetweenInstances":      rds.CopyDatabaseBetweenInstancesRequest{},
	"CreateBackup":                      rds.CreateBackupRequest{},
	"CreateMigrateTask":                 rds.CreateMigrateTaskRequest{},
	"CreateOnlineDatabaseTask":          rds.CreateOnlineDatabaseTaskRequest{},
	"DescribeBackupDatabase":            rds.DescribeBackupDatabaseRequest{},
	"DescribeBackupPolicy":              rds.DescribeBackupPolicyRequest{},
	"DescribeBackupTasks":               rds.DescribeBackupTasksRequest{},
	"DescribeBackups":                   rds.DescribeBackupsRequest{},
	"DescribeCrossRegionBackups":        rds.DescribeCrossRegionBackupsRequest{},
	"DescribeDBInstanceAttribute":       rds.DescribeDBInstanceAttributeRequest{},
	"DescribeDBInstances":               rds.DescribeDBInstancesRequest{},
	"DescribeDatabases":                 rds.DescribeDatabasesRequest{},
	"DescribeInstanceCrossBackupPolicy": rds.DescribeInstanceCrossBackupPolicyRequest{},
	"DescribeLogBackupFiles":            rds.DescribeLogBackupFilesRequest{},
	"DescribeMigrateTaskById":           rds.DescribeMigrateTaskByIdRequest{},
	"DescribeMigrateTasks":              rds.DescribeMigrateTasksRequest{},
	"DescribeOssDownloads":              rds.DescribeOssDownloadsRequest{},
	"ModifyBackupPolicy":                rds.ModifyBackupPolicyRequest{},
	"ModifyBackupSetExpireTime":         rds.ModifyBackupSetExpireTimeRequest{},
	"TerminateMigrateTask":              rds.TerminateMigrateTaskRequest{},
}

// notOfTheVendor are the parameters that we send and v13 of the vendor's types
// lacks: those of the advanced policy in ModifyBackupPolicy, which are younger.
var notOfTheVendor = []string{
	"AdvancedDataPolicies.StrategyId", "AdvancedDataPolicies.ActionType", "AdvancedDataPolicies.BakType", "AdvancedDataPolicies.FilterType",
	"AdvancedDataPolicies.FilterKey", "AdvancedDataPolicies.FilterValue", "AdvancedDataPolicies.RetentionType", "AdvancedDataPolicies.RetentionValue",
	"AdvancedDataPolicies.SrcType", "AdvancedDataPolicies.DestType",
	"AdvancedLogPolicies.StrategyId", "AdvancedLogPolicies.ActionType", "AdvancedLogPolicies.EnableLogBackup", "AdvancedLogPolicies.LogRetentionType",
	"AdvancedLogPolicies.LogRetentionValue",
}

type sentCall struct {
	action string
	query  url.Values
}

// everyCall makes each call of the room, and with each way to make it, against
// a server that notes what arrives.
func everyCall(t *testing.T) []sentCall {
	t.Helper()
	var mu sync.Mutex
	var sent []sentCall
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		sent = append(sent, sentCall{r.Header.Get("x-acs-action"), r.URL.Query()})
		mu.Unlock()
		fmt.Fprint(w, `{"RequestId":"R1","MigrateTaskId":77,"BackupJobId":5,"Success":true,"Code":"200","Items":{"DBInstanceAttribute":[{"DBInstanceId":"rm-1"}]}}`)
	}))
	t.Cleanup(server.Close)
	client, err := NewClient(Config{Endpoint: server.URL, Region: "cn-hangzhou", AccessKeyID: "k", Secret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	target, cloud, ctx := client.Target("rm-1"), client.Cloud("rm-1"), t.Context()
	at := time.Date(2026, 7, 15, 12, 10, 23, 0, time.UTC)
	file := migration.RestoreCall{Database: "Shop", Endpoint: "oss-cn-hangzhou.aliyuncs.com", Bucket: "bkt", Key: "a.bak", Check: migration.CheckSync}
	now, later := file, file
	now.Mode, later.Mode = migration.Immediate, migration.Pending
	standard := clouds.Standard{RetentionDays: 7, Days: []time.Weekday{time.Monday, time.Sunday}, Hour: 3, Method: clouds.Physical, Incremental: true, Log: clouds.LogEvery30, Priority: clouds.PrimaryOnly}
	weekly, ok := clouds.ReadRow("1", "dayOfWeek", "1,3", "delay", 30)
	if !ok {
		t.Fatal("a row of the advanced policy cannot be read")
	}
	kept, gone, fresh := weekly, weekly, weekly
	kept.RetentionDays, gone.ID, fresh.ID, fresh.RetentionDays = 60, "2", "", clouds.Forever
	was := clouds.Advanced{Rows: []clouds.Sparse{weekly, gone}, Method: clouds.Physical, LogRetentionDays: 7, LogID: "9"}
	becomes := clouds.Advanced{Rows: []clouds.Sparse{kept, fresh}, Method: clouds.Physical, Log: clouds.LogEvery30, LogRetentionDays: 14, LogID: "9"}
	names := map[string]string{"a": "A2"}
	for i, do := range []func() error{
		func() error { _, err := client.Instances(ctx); return err },
		func() error { _, err := target.Instance(ctx); return err },
		func() error { _, err := target.Databases(ctx); return err },
		func() error { _, err := target.Restore(ctx, now); return err },
		func() error { _, err := target.Restore(ctx, later); return err },
		func() error { return target.Import(ctx, "77", file) },
		func() error { return target.Open(ctx, "77", "Shop", migration.CheckAsync, "key") },
		func() error { return target.Terminate(ctx, "77") },
		func() error { _, err := target.Tasks(ctx, time.Now()); return err },
		func() error { _, err := target.Task(ctx, "77"); return err },
		func() error { _, err := target.TaskFiles(ctx, "77"); return err },
		func() error { _, err := cloud.Policy(ctx); return err },
		func() error { return cloud.SetPolicy(ctx, standard, clouds.Abilities{}) },
		func() error {
			return cloud.SetPolicy(ctx, standard, clouds.Abilities{Cluster: true, SetPriority: true, Snapshot: true})
		},
		func() error { return cloud.SetAdvanced(ctx, was, becomes) },
		func() error { _, err := cloud.Order(ctx, backup.Order{Automatic: true}); return err },
		func() error { _, err := cloud.Order(ctx, backup.Order{Snapshot: true}); return err },
		func() error {
			_, err := cloud.Order(ctx, backup.Order{Databases: []string{"a"}, RetentionDays: backup.ForEver})
			return err
		},
		func() error { _, err := cloud.Jobs(ctx, ""); return err },
		func() error { _, err := cloud.Jobs(ctx, "5"); return err },
		func() error { _, err := cloud.Sets(ctx, backup.SetQuery{ID: "7", From: at, To: at}); return err },
		func() error { _, err := cloud.SetDatabases(ctx, "7"); return err },
		func() error { _, err := cloud.Logs(ctx, at, at, 1); return err },
		func() error { _, err := cloud.CrossRegion(ctx, at, at, 1); return err },
		func() error { return cloud.Extend(ctx, "7", at) },
		func() error {
			return cloud.Restore(ctx, backup.RestoreOrder{SetID: "7", Target: "rm-2", Databases: names})
		},
		func() error {
			return cloud.Restore(ctx, backup.RestoreOrder{At: at, Target: "rm-2", Databases: names})
		},
	} {
		if err := do(); err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	return sent
}

// What we send, the vendor's own client could send: every parameter is a field
// of its request, in a form that the field takes, and none is missing that its
// reference demands.
func TestCallsAreThoseOfTheVendor(t *testing.T) {
	required := vendorDemands(t)
	seen := map[string]bool{}
	for _, c := range everyCall(t) {
		request, ok := vendorRequests[c.action]
		if !ok {
			t.Errorf("%s is sent and compared with nothing", c.action)
			continue
		}
		seen[c.action] = true
		fields := map[string]reflect.Type{}
		for f := range reflect.TypeOf(request).Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields[name] = f.Type.Elem()
		}
		for name, values := range c.query {
			field, ok := fields[name]
			if without := withoutNumber(name); !ok && c.action == "ModifyBackupPolicy" && slices.Contains(notOfTheVendor, without) {
				seen[without] = true
				continue
			}
			if !ok {
				t.Errorf("%s has no parameter %s", c.action, name)
			} else if !takes(field, values) {
				t.Errorf("%s %s is %s and was sent as %q", c.action, name, field, values)
			}
		}
		for _, name := range required[c.action] {
			if c.query.Get(name) == "" {
				t.Errorf("%s was sent without %s: %v", c.action, name, c.query)
			}
		}
	}
	for action := range vendorRequests {
		if !seen[action] {
			t.Errorf("%s was not sent", action)
		}
		if len(required[action]) == 0 {
			t.Errorf("the vendor's comments demand no parameter of %s", action)
		}
	}
	for _, name := range notOfTheVendor {
		if !seen[name] {
			t.Errorf("%s was not sent", name)
		}
	}
}

// withoutNumber is a parameter's name without the number of its row.
func withoutNumber(name string) string {
	if parts := strings.Split(name, "."); len(parts) == 3 {
		return parts[0] + "." + parts[2]
	}
	return name
}

func takes(field reflect.Type, values []string) bool {
	if len(values) != 1 || values[0] == "" {
		return false
	}
	var err error
	switch field.Kind() {
	case reflect.String:
	case reflect.Int32, reflect.Int64:
		_, err = strconv.ParseInt(values[0], 10, field.Bits())
	case reflect.Bool:
		_, err = strconv.ParseBool(values[0])
	default:
		return false
	}
	return err == nil
}

// vendorDemands reads from the comments of the vendor's types which parameters
// are required: nothing else in them says so.
func vendorDemands(t *testing.T) map[string][]string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", reflect.TypeFor[rds.Client]().PkgPath()).Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "client.go"), nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			one := spec.(*ast.TypeSpec)
			action, isRequest := strings.CutSuffix(one.Name.Name, "Request")
			form, isStruct := one.Type.(*ast.StructType)
			if !isRequest || !isStruct {
				continue
			}
			for _, f := range form.Fields.List {
				if slices.Contains(strings.Split(f.Doc.Text(), "\n"), "This parameter is required.") { // a condition is told in a line of its own
					out[action] = append(out[action], f.Names[0].Name)
				}
			}
		}
	}
	return out
}

// A call of the ground floor with a parameter that the vendor does not know, or
// in a form that it does not take, is not sent.
func TestCallsThatTheVendorDoesNotKnowAreRefused(t *testing.T) {
	client, err := NewClient(Config{Endpoint: "http://127.0.0.1:1", Region: "cn-hangzhou", AccessKeyID: "k", Secret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, value string
		kind        fault.Kind
	}{{"BackupMetod", "Physical", fault.Unknown}, {"BackupRetentionPeriod", "a week", fault.Invalid}, {"DBName", "a\nb", fault.Invalid}} {
		if _, err := client.CreateBackup(t.Context(), backup.Call{Action: "CreateBackup"}.With(c.name, c.value)); err == nil || fault.Of(err) != c.kind {
			t.Errorf("%s=%q: %v", c.name, c.value, err)
		}
	}
}
