package aliyun

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	osssdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/bakplane/bakplane/internal/bakfile/bakfiletest"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	ossemu "github.com/bakplane/bakplane/internal/emulator/oss"
	"github.com/bakplane/bakplane/internal/migration"
)

const (
	account  = "1234567890123456"
	instance = "rm-bp1target0000001"
	bucket   = "migratetest"
)

// cloud is an emulated account: one bucket, one instance, one key.
type cloud struct {
	t      *testing.T
	rds    *aliyunemu.Running
	oss    *ossemu.Running
	target *RDS
}

func newCloud(t *testing.T, changes ...func(*aliyunemu.Config)) *cloud {
	t.Helper()
	t.Parallel()
	store, err := ossemu.Start(ossemu.Config{Dir: t.TempDir(), Region: "cn-hangzhou",
		Accounts: []ossemu.Account{{KeyID: "LTAIdashboard", Secret: "sesame", Owner: account}, {KeyID: "STSimportrole", Secret: "roleroom", Owner: account}},
		Buckets:  []ossemu.Bucket{{Name: bucket, Region: "cn-hangzhou", Owner: account}}}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	config := aliyunemu.Config{
		Accounts: []aliyunemu.Account{{ID: account, ImportRole: &aliyunemu.Credential{AccessKeyID: "STSimportrole", Secret: "roleroom"},
			Keys: []aliyunemu.Key{{ID: "LTAIdashboard", Secret: "sesame"}}}},
		Instances: []aliyunemu.Instance{{ID: instance, Description: "target", Account: account, Region: "cn-hangzhou",
			Version: "2019_std_ha", Category: "HighAvailability", StorageGB: 100, UsedBytes: 1 << 30, MaxDatabases: 50}},
		Endpoints: map[string]string{"oss-cn-hangzhou.aliyuncs.com": store.URL, "oss-cn-hangzhou-internal.aliyuncs.com": store.URL},
		Step:      5 * time.Millisecond,
	}
	for _, change := range changes {
		change(&config)
	}
	api, err := aliyunemu.Start(config, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &cloud{t: t, rds: api, oss: store}
	c.target = c.client(func(*Config) {}).Target(instance)
	return c
}

// client makes a client with the account's key.
func (c *cloud) client(change func(*Config)) *Client {
	c.t.Helper()
	config := Config{Endpoint: c.rds.URL, Region: "cn-hangzhou", AccessKeyID: "LTAIdashboard", Secret: "sesame"}
	change(&config)
	client, err := NewClient(config)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(client.Close)
	return client
}

// bite adds a rule at the control door, over HTTP as another process would.
func (c *cloud) bite(r control.Rule) {
	c.t.Helper()
	if _, err := (control.Remote{URL: c.rds.ControlURL}).Add(c.t.Context(), r); err != nil {
		c.t.Fatal(err)
	}
}

// control calls one of the emulator's own paths.
func (c *cloud) hasControl(method, path string, in any) {
	c.t.Helper()
	if err := (control.Remote{URL: c.rds.ControlURL}).Call(c.t.Context(), method, path, in, nil); err != nil {
		c.t.Fatal(err)
	}
}

// put uploads a file.
func (c *cloud) put(key, file string) {
	c.t.Helper()
	client, err := osssdk.New(c.oss.URL, "LTAIdashboard", "sesame", osssdk.AuthVersion(osssdk.AuthV4), osssdk.Region("cn-hangzhou"))
	if err != nil {
		c.t.Fatal(err)
	}
	b, err := client.Bucket(bucket)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := b.PutObjectFromFile(key, file); err != nil {
		c.t.Fatal(err)
	}
}

// sample uploads a sample backup file under its own name.
func (c *cloud) sample(name string) string {
	c.t.Helper()
	c.put(name, bakfiletest.Sample(c.t, name))
	return name
}

// chain writes and uploads a full, a differential and two logs.
func (c *cloud) chain(o mtf.Options) []string {
	c.t.Helper()
	paths, err := mtf.Chain(c.t.TempDir(), o)
	if err != nil {
		c.t.Fatal(err)
	}
	keys := make([]string, len(paths))
	for i, p := range paths {
		keys[i] = "in/" + filepath.Base(p)
		c.put(keys[i], p)
	}
	return keys
}

// junk uploads a few bytes that are no backup.
func (c *cloud) junk(key string) string {
	c.t.Helper()
	p := filepath.Join(c.t.TempDir(), "junk")
	if err := os.WriteFile(p, []byte(strings.Repeat("no backup ", 1000)), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.put(key, p)
	return key
}

func call1(db, key string, mode migration.AccessMode) migration.RestoreCall {
	return migration.RestoreCall{Database: db, Endpoint: "oss-cn-hangzhou.aliyuncs.com", Bucket: bucket, Key: key, Mode: mode, Check: migration.CheckAsync}
}

// settle polls a task until want holds of it.
func (c *cloud) settle(id string, want func(migration.Task) bool) migration.Task {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Minute)
	defer cancel()
	for {
		task, err := c.target.Task(ctx, id)
		if err != nil {
			c.t.Fatalf("wait for task %s: %v", id, err)
		}
		if want(task) {
			return task
		}
		time.Sleep(3 * time.Millisecond)
	}
}

func rests(t migration.Task) bool {
	return t.Status == migration.TaskWaiting || t.Status == migration.TaskSuccess || t.Status == migration.TaskFailed
}

// restore begins a task and waits until it rests.
func (c *cloud) restore(in migration.RestoreCall) migration.Task {
	c.t.Helper()
	id, err := c.target.Restore(c.t.Context(), in)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.settle(id, rests)
}

// increment imports one file and waits until the task rests.
func (c *cloud) increment(id, db, key string) migration.Task {
	c.t.Helper()
	if err := c.target.Import(c.t.Context(), id, call1(db, key, migration.Pending)); err != nil {
		c.t.Fatal(err)
	}
	return c.settle(id, rests)
}

func patch(c *cloud, fields map[string]any) {
	c.hasControl(http.MethodPatch, "/instances/"+instance, fields)
}
