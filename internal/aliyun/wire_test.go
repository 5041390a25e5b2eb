package aliyun

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

func TestRequestsOnTheWire(t *testing.T) {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		fmt.Fprint(w, `{"RequestId":"R1","MigrateTaskId":77,"TaskId":"78"}`)
	}))
	defer server.Close()
	client, err := NewClient(Config{Endpoint: server.URL, Region: "cn-hangzhou", AccessKeyID: "LTAI1", Secret: "s3cr3t", SecurityToken: "tok"})
	if err != nil {
		t.Fatal(err)
	}
	target := client.Target("rm-1")
	in := migration.RestoreCall{Database: "Shop", Endpoint: "oss-cn-hangzhou.aliyuncs.com", Bucket: "bkt", Key: "in/a b+c.bak", Check: migration.CheckSync}
	position := "oss-cn-hangzhou.aliyuncs.com:bkt:in/a b+c.bak"
	for _, c := range []struct {
		action string
		do     func() error
		query  url.Values
	}{
		{"CreateMigrateTask", func() error { in.Mode = migration.Immediate; _, err := target.Restore(t.Context(), in); return err },
			url.Values{"DBInstanceId": {"rm-1"}, "DBName": {"Shop"}, "BackupMode": {"FULL"}, "IsOnlineDB": {"True"}, "CheckDBMode": {"SyncExecuteDBCheck"}, "OssObjectPositions": {position}}},
		{"CreateMigrateTask", func() error { in.Mode = migration.Pending; _, err := target.Restore(t.Context(), in); return err },
			url.Values{"DBInstanceId": {"rm-1"}, "DBName": {"Shop"}, "BackupMode": {"UPDF"}, "IsOnlineDB": {"False"}, "OssObjectPositions": {position}}},
		{"CreateMigrateTask", func() error { return target.Import(t.Context(), "77", in) },
			url.Values{"DBInstanceId": {"rm-1"}, "DBName": {"Shop"}, "BackupMode": {"UPDF"}, "IsOnlineDB": {"False"}, "OssObjectPositions": {position}, "MigrateTaskId": {"77"}}},
		{"CreateOnlineDatabaseTask", func() error { return target.Open(t.Context(), "77", "Shop", migration.CheckAsync, "key-1") },
			url.Values{"DBInstanceId": {"rm-1"}, "DBName": {"Shop"}, "MigrateTaskId": {"77"}, "CheckDBMode": {"AsyncExecuteDBCheck"}, "ClientToken": {"key-1"}}},
		{"DescribeMigrateTaskById", func() error { _, err := target.Task(t.Context(), "77"); return err },
			url.Values{"DBInstanceId": {"rm-1"}, "MigrateTaskId": {"77"}}},
		{"DescribeOssDownloads", func() error { _, err := target.TaskFiles(t.Context(), "77"); return err },
			url.Values{"DBInstanceId": {"rm-1"}, "MigrateTaskId": {"77"}}},
		{"TerminateMigrateTask", func() error { return target.Terminate(t.Context(), "77") },
			url.Values{"DBInstanceId": {"rm-1"}, "MigrateTaskId": {"77"}}},
		{"DescribeDatabases", func() error { _, err := target.Databases(t.Context()); return err },
			url.Values{"DBInstanceId": {"rm-1"}, "PageSize": {"100"}, "PageNumber": {"1"}}},
		{"DescribeDBInstances", func() error { _, err := client.Instances(t.Context()); return err },
			url.Values{"RegionId": {"cn-hangzhou"}, "Engine": {"SQLServer"}, "PageSize": {"100"}, "PageNumber": {"1"}}},
	} {
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", c.action, err)
		}
		if got.Method != http.MethodPost || got.URL.Path != "/" || got.ContentLength != 0 || got.URL.Query().Encode() != c.query.Encode() {
			t.Errorf("%s: got %s %s\nwant %s", c.action, got.Method, got.URL, c.query.Encode())
		}
		h := got.Header
		if h.Get("x-acs-action") != c.action || h.Get("x-acs-version") != "2014-08-15" || h.Get("x-acs-security-token") != "tok" ||
			!strings.HasPrefix(h.Get("Authorization"), "ACS3-HMAC-SHA256 Credential=LTAI1,SignedHeaders=") {
			t.Errorf("%s: headers %v", c.action, h)
		}
	}
}

// Refusals that come from the state of the account, the clock or the instance.
func TestRefusals(t *testing.T) {
	status := func(field, value string) func(*cloud) {
		return func(c *cloud) { patch(c, map[string]any{field: value}) }
	}
	key := func(change func(*Config)) func(*cloud) {
		return func(c *cloud) { c.target = c.client(change).Target(instance) }
	}
	answer := func(code string, status int) func(*cloud) {
		return func(c *cloud) {
			c.bite(control.Rule{Times: -1, Status: status, Code: code, Message: "Told by a rule."})
		}
	}
	for name, r := range map[string]struct {
		prepare func(*cloud)
		kind    fault.Kind
		code    string
		words   string // in the message
	}{
		"key":           {key(func(k *Config) { k.AccessKeyID = "LTAInobody" }), fault.Denied, "InvalidAccessKeyId.NotFound", "LTAInobody"},
		"secret":        {key(func(k *Config) { k.Secret = "wrong" }), fault.Denied, "IncompleteSignature", "secret"},
		"token":         {key(func(k *Config) { k.SecurityToken = "stale" }), fault.Denied, "InvalidSecurityToken.MismatchWithAccessKey", "security token"},
		"clock ahead":   {func(c *cloud) { c.bite(control.Rule{Times: -1, Effects: map[string]string{"clock_skew": "20m"}}) }, fault.Denied, "InvalidTimeStamp.Expired", "clock"},
		"clock behind":  {func(c *cloud) { c.bite(control.Rule{Times: -1, Effects: map[string]string{"clock_skew": "-20m"}}) }, fault.Denied, "InvalidTimeStamp.Expired", "clock"},
		"stopped":       {status("status", "Restarting"), fault.Conflict, "IncorrectDBInstanceState", "Running"},
		"locked":        {status("lock_mode", "LockByDiskQuota"), fault.Conflict, "IncorrectDBInstanceLockMode", "locked"},
		"instance":      {func(c *cloud) { c.target = c.client(func(*Config) {}).Target("rm-none") }, fault.NotFound, "InvalidDBInstanceId.NotFound", "does not exist"},
		"taken name":    {func(c *cloud) { c.hasControl(http.MethodPut, "/instances/"+instance+"/databases/shop", nil) }, fault.Conflict, "InvalidDBName.NotFound", "already has"},
		"not SQL":       {answer("IncorrectDBInstanceType", 400), fault.Invalid, "IncorrectDBInstanceType", "SQL Server"},
		"type":          {answer("IncorrectDBType", 400), fault.Invalid, "IncorrectDBType", "type"},
		"huge restored": {answer("FileSizeExceeded", 400), fault.Invalid, "FileSizeExceeded", "storage"},
		"flow":          {answer("NotInFlowController", 403), fault.Denied, "NotInFlowController", "Told by a rule"},
		"unknown 400":   {answer("Weird.Code", 400), fault.Invalid, "Weird.Code", "Told by a rule"},
		"unknown 403":   {answer("Weird.Code", 403), fault.Denied, "Weird.Code", "Told by a rule"},
		"unknown 404":   {answer("Weird.Code", 404), fault.NotFound, "Weird.Code", "Told by a rule"},
		"unknown 409":   {answer("Weird.Code", 409), fault.Conflict, "Weird.Code", "Told by a rule"},
		"unknown 500":   {answer("Weird.Code", 500), fault.Unavailable, "Weird.Code", "Told by a rule"},
		"replay":        {answer("SignatureNonceUsed", 400), fault.Unavailable, "SignatureNonceUsed", "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			file := c.junk("a.bak")
			r.prepare(c)
			_, err := c.target.Restore(t.Context(), call1("Shop", file, migration.Pending))
			checkRefusal(t, err, r.kind, r.code)
			if message, _ := fault.Words(err); !strings.Contains(message, r.words) {
				t.Errorf("message %q lacks %q", message, r.words)
			}
			if n := c.rds.Created(); n.Tasks != 0 {
				t.Errorf("created %+v", n)
			}
		})
	}
}

// checkRefusal checks kind and code, and that code, request id and no secret
// are in what a person reads.
func checkRefusal(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	var api *signedcall.APIError
	if !fault.Is(err, kind) || !errors.As(err, &api) || api.Code != code {
		t.Fatalf("got %s %v, want %s %s", fault.Of(err), err, kind, code)
	}
	message, _ := fault.Words(err)
	if !strings.Contains(message, code) || api.RequestID == "" || !strings.Contains(message, api.RequestID) {
		t.Errorf("message %q lacks code or request id %q", message, api.RequestID)
	}
	if strings.Contains(err.Error(), "sesame") {
		t.Errorf("a secret in %v", err)
	}
}

// Refusals of a single CreateMigrateTask.
func TestCallRefusals(t *testing.T) {
	c := newCloud(t)
	file := c.junk("a.bak")
	for _, r := range []struct {
		name   string
		change func(*migration.RestoreCall)
		kind   fault.Kind
		code   string
	}{
		{"system database", func(in *migration.RestoreCall) { in.Database = "master" }, fault.Invalid, "InvalidDBName"},
		{"extension", func(in *migration.RestoreCall) { in.Key = "a.zip" }, fault.Invalid, "IncorrectFileExtension"},
		{"bucket name", func(in *migration.RestoreCall) { in.Bucket = "UPPER" }, fault.Invalid, "InvalidOssUrl"},
		{"other region", func(in *migration.RestoreCall) { in.Endpoint = "oss-cn-beijing.aliyuncs.com" }, fault.Invalid, "InvalidOssUrl"},
	} {
		in := call1("Shop", file, migration.Pending)
		r.change(&in)
		_, err := c.target.Restore(t.Context(), in)
		t.Run(r.name, func(t *testing.T) { checkRefusal(t, err, r.kind, r.code) })
	}
	for _, in := range []migration.RestoreCall{call1("Shop", "a:b.bak", migration.Pending), call1("Shop", "", migration.Pending), call1("Shop", file, "soon"), call1("a\nb", file, migration.Pending)} {
		if _, err := c.target.Restore(t.Context(), in); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", in, err)
		}
	}
	if n := c.rds.ControlPort().Counts().Operations["CreateMigrateTask"].Seen; n != 4 {
		t.Errorf("%d calls were sent", n)
	}
}

func TestNoSecondMigrationOfAName(t *testing.T) {
	c := newCloud(t)
	c.hasControl(http.MethodPost, "/hang", nil)
	file := c.sample("sql2016-sp2_restoretime_full.bak")
	id, err := c.target.Restore(t.Context(), call1("Shop", file, migration.Pending))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.target.Restore(t.Context(), call1("SHOP", file, migration.Pending))
	checkRefusal(t, err, fault.Conflict, "IncorrectDBState")
	checkRefusal(t, c.target.Import(t.Context(), id, call1("Shop", file, migration.Pending)), fault.Conflict, "IncorrectDBState")
	checkRefusal(t, c.target.Open(t.Context(), id, "Shop", migration.CheckAsync, "k"), fault.Conflict, "IncorrectDBState")
	checkRefusal(t, c.target.Open(t.Context(), id, "Other", migration.CheckAsync, "k"), fault.NotFound, "InvalidMigrateTaskId.NotFound")
	checkRefusal(t, c.target.Import(t.Context(), "4711", call1("Shop", file, migration.Pending)), fault.NotFound, "InvalidMigrateTaskId.NotFound")
}

func TestDailyLimits(t *testing.T) {
	t.Run("database", func(t *testing.T) {
		c := newCloud(t)
		file := c.junk("a.bak") // each call is accepted, each task fails
		for i := range 20 {
			if got := c.restore(call1("Shop", file, migration.Pending)); got.Status != migration.TaskFailed {
				t.Fatalf("call %d: %+v", i, got)
			}
		}
		_, err := c.target.Restore(t.Context(), call1("Shop", file, migration.Pending))
		checkRefusal(t, err, fault.Conflict, "UploadLimitExceeded")
		if _, err := c.target.Restore(t.Context(), call1("Other", file, migration.Pending)); err != nil {
			t.Error(err)
		}
	})
	t.Run("instance", func(t *testing.T) {
		c := newCloud(t)
		c.hasControl(http.MethodPost, "/hang", nil)
		for i := range 500 {
			if _, err := c.target.Restore(t.Context(), call1(fmt.Sprintf("db%d", i), "none.bak", migration.Pending)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := c.target.Restore(t.Context(), call1("Other", "none.bak", migration.Pending))
		checkRefusal(t, err, fault.Conflict, "ConcurrentTaskExceeded")
	})
}

func TestRAMUserWithoutTheRight(t *testing.T) {
	c := newCloud(t, func(k *aliyunemu.Config) { k.Accounts[0].Keys[0].Denied = []string{"CreateMigrateTask"} })
	_, err := c.target.Restore(t.Context(), call1("Shop", "a.bak", migration.Pending))
	checkRefusal(t, err, fault.Denied, "Forbidden.RAM")
	if _, fix := fault.Words(err); !strings.Contains(fix, "rds:CreateMigrateTask") {
		t.Errorf("the fix %q does not name the right", fix)
	}
	if _, err := c.target.Instance(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTemporaryKeys(t *testing.T) {
	c := newCloud(t, func(k *aliyunemu.Config) { k.Accounts[0].Keys[0].SecurityToken = "token1" })
	if _, err := c.client(func(k *Config) { k.SecurityToken = "token1" }).Target(instance).Instance(t.Context()); err != nil {
		t.Error(err)
	}
	_, err := c.target.Instance(t.Context())
	checkRefusal(t, err, fault.Denied, "InvalidSecurityToken.MismatchWithAccessKey")
}

func TestFilesAreNotToldOnEnterprise(t *testing.T) {
	c := newCloud(t, func(k *aliyunemu.Config) { k.Instances[0].Version = "2019_ent" })
	task := c.restore(call1("Shop", c.junk("a.bak"), migration.Pending))
	_, err := c.target.TaskFiles(t.Context(), task.ID)
	checkRefusal(t, err, fault.Invalid, "Api.NotSupport")
}

// Reads are repeated while the service is unavailable.
func TestReadsAreRepeated(t *testing.T) {
	cut := int64(0)
	half := int64(40)
	for name, rule := range map[string]control.Rule{
		"gateway":   {Status: 502, Body: "<html><h1>502 Bad Gateway</h1></html>", ContentType: "text/html"},
		"throttled": {Status: 400, Code: "Throttling.User", Message: "Request was denied due to user flow control."},
		"429":       {Status: 429, Code: "Throttling.Api", Message: "Request was denied due to api flow control."},
		"internal":  {Status: 500, Code: "InternalError", Message: "The request processing has failed due to some unknown error."},
		"503":       {Status: 503, Code: "ServiceUnavailable", Message: "The request has failed due to a temporary failure of the server."},
		"replay":    {Status: 400, Code: "SignatureNonceUsed", Message: "Specified signature nonce was used already."},
		"cut":       {CutAnswer: &cut},
		"cut half":  {CutAnswer: &half},
		"no JSON":   {Status: 200, Body: "<html>Sign in to the hotel network</html>", ContentType: "text/html"},
		"redirect":  {Status: 302, Headers: map[string]string{"Location": "http://127.0.0.1:1/"}, Body: "Found", ContentType: "text/plain"},
		"empty":     {Status: 200, ContentType: "application/json"},
		"misshapen": {Status: 200, Body: `{"Items":[]}`, ContentType: "application/json"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			rule.Times = 2
			c.bite(rule)
			if got, err := c.target.Instance(t.Context()); err != nil || got.ID != instance {
				t.Errorf("got %+v, %v", got, err)
			}
			if n := c.rds.ControlPort().Counts().Operations["DescribeDBInstanceAttribute"].Seen; n != 3 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

func TestAThrottledReadWaitsAsLongAsItIsTold(t *testing.T) {
	c := newCloud(t)
	c.bite(control.Rule{Status: 400, Code: "Throttling", Message: "Request was denied due to request throttling.",
		Headers: map[string]string{"x-ratelimit-user-api": "Limit:10,Remain:0,TimeLeft:1500,Reset:1234"}})
	begun := time.Now()
	if _, err := c.target.Instance(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begun); d < 1500*time.Millisecond {
		t.Errorf("it took %v", d)
	}
}

func TestReadsGiveUp(t *testing.T) {
	c := newCloud(t)
	c.bite(control.Rule{Times: -1, Status: 502, Body: "<html>", ContentType: "text/html"})
	begun := time.Now()
	_, err := c.client(func(k *Config) { k.Patience = 600 * time.Millisecond }).Target(instance).Instance(t.Context())
	if !fault.Is(err, fault.Unavailable) || time.Since(begun) > 50*time.Second { // a minute without the limit
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
	if message, _ := fault.Words(err); !strings.Contains(message, "502") {
		t.Errorf("message %q", message)
	}
}

func TestAWrongSecretIsNotRepeated(t *testing.T) {
	c := newCloud(t)
	_, err := c.client(func(k *Config) { k.Secret = "wrong" }).Target(instance).Instance(t.Context())
	checkRefusal(t, err, fault.Denied, "IncompleteSignature")
	if n := c.rds.ControlPort().Counts().Operations["DescribeDBInstanceAttribute"].Seen; n != 1 {
		t.Errorf("%d calls", n)
	}
}

// A change is sent once, whatever happens to its answer, and the task that it
// made or did not make is found by looking.
func TestAChangeIsSentOnce(t *testing.T) {
	cut := int64(0)
	for name, r := range map[string]struct {
		rule  control.Rule
		acted bool
		sure  bool // the error says that nothing happened
	}{
		"gateway before":      {control.Rule{Status: 502, Body: "<html>", ContentType: "text/html"}, false, false},
		"gateway after":       {control.Rule{Status: 502, Body: "<html>", ContentType: "text/html", Acted: true}, true, false},
		"cut after":           {control.Rule{CutAnswer: &cut}, true, false},
		"internal error":      {control.Rule{Status: 500, Code: "InternalError", Acted: true}, true, false},
		"silence after":       {control.Rule{Hold: "after"}, true, false},
		"silence before":      {control.Rule{Hold: "before"}, false, false},
		"throttled":           {control.Rule{Status: 400, Code: "Throttling.User"}, false, true},
		"answer without a id": {control.Rule{Status: 200, Body: `{"RequestId":"R1"}`, ContentType: "application/json", Acted: true}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			file := c.junk("a.bak")
			rule := r.rule
			rule.Operation, rule.Times = "CreateMigrateTask", -1
			c.bite(rule)
			begun := time.Now()
			hasty := c.client(func(k *Config) { k.Timeout = 500 * time.Millisecond }).Target(instance)
			_, err := hasty.Restore(t.Context(), call1("Shop", file, migration.Pending))
			if !fault.Is(err, fault.Unavailable) {
				t.Fatalf("got %v", err)
			}
			if _, fix := fault.Words(err); strings.Contains(fix, "not known") == r.sure {
				t.Errorf("fix %q", fix)
			}
			if n := c.rds.ControlPort().Counts().Operations["CreateMigrateTask"].Seen; n != 1 {
				t.Errorf("%d calls", n)
			}
			tasks, err := c.target.Tasks(t.Context(), begun)
			if err != nil || (len(tasks) == 1 && tasks[0].Database == "Shop") != r.acted {
				t.Errorf("tasks: %+v %v", tasks, err)
			}
		})
	}
}

// Opening has a ClientToken and may be repeated.
func TestOpeningIsRepeatedUnderItsKey(t *testing.T) {
	c := newCloud(t)
	task := c.restore(call1("Shop", c.sample("sql2016-sp2_restoretime_full.bak"), migration.Pending))
	c.bite(control.Rule{Operation: "CreateOnlineDatabaseTask", Times: 2, Status: 502, Body: "<html>", ContentType: "text/html", Acted: true})
	if err := c.target.Open(t.Context(), task.ID, "Shop", migration.CheckSync, "k1"); err != nil {
		t.Fatal(err)
	}
	if got := c.settle(task.ID, func(t migration.Task) bool { return t.Status != migration.TaskRunning }); got.Status != migration.TaskSuccess {
		t.Errorf("got %+v", got)
	}
	requests := c.rds.ControlPort().Requests("CreateOnlineDatabaseTask")
	if len(requests) != 3 || requests[0].Target != requests[2].Target {
		t.Errorf("requests: %+v", requests)
	}
	checkRefusal(t, c.target.Open(t.Context(), task.ID, "Shop", migration.CheckAsync, "k1"), fault.Invalid, "IdempotentParameterMismatch")
	checkRefusal(t, c.target.Open(t.Context(), task.ID, "Shop", migration.CheckAsync, "k2"), fault.Conflict, "IncorrectDBState")
}

func TestCancelEndsACallAtOnce(t *testing.T) {
	c := newCloud(t)
	c.bite(control.Rule{Times: -1, Hold: "before"})
	for name, do := range map[string]func(context.Context) error{
		"read":   func(ctx context.Context) error { _, err := c.target.Instance(ctx); return err },
		"change": func(ctx context.Context) error { return c.target.Terminate(ctx, "1") },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		err := do(ctx) // the answer is held for ever
		cancel()
		if !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	for endpoint, kind := range map[string]fault.Kind{
		"http://127.0.0.1:1":          fault.Unavailable,
		"http://no-such-host.invalid": fault.Unavailable,
	} {
		client, err := NewClient(Config{Endpoint: endpoint, AccessKeyID: "a", Secret: "b", Patience: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Target("rm-1").Instance(t.Context()); !fault.Is(err, kind) {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func TestHTTPSOnly(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	defer tls.Close()
	for endpoint, kind := range map[string]fault.Kind{
		"https" + strings.TrimPrefix(plain.URL, "http"): fault.Invalid,
		tls.URL: fault.Denied,
	} {
		client, err := NewClient(Config{Endpoint: endpoint, AccessKeyID: "a", Secret: "b", Patience: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Target("rm-1").Instance(t.Context()); !fault.Is(err, kind) {
			t.Errorf("%s: %s %v", endpoint, fault.Of(err), err)
		}
	}
}

func TestOneClientServesManyGoroutines(t *testing.T) {
	c := newCloud(t)
	errs := make(chan error)
	for range 24 {
		go func() {
			_, err := c.target.Instance(t.Context())
			errs <- err
		}()
	}
	for range 24 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
