package awsaccount_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/awsaccount"
	"github.com/bakplane/bakplane/internal/emulator/rdsapi"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/secret"
)

const role = "arn:aws:iam::100000000001:role/backups"

func api(t *testing.T) (*rdsapi.Running, endpoint.Account) {
	t.Helper()
	run, err := rdsapi.Start(rdsapi.Config{Region: "eu-central-1", Owner: "100000000001",
		Users:  []rdsapi.User{{KeyID: "AKIATEST", Secret: "secret", Name: "ana"}, {KeyID: "AKIANONE", Secret: "secret", Name: "bo", Allow: []string{"rds:DescribeDBInstances"}}, {KeyID: "AKIALESS", Secret: "secret", Name: "cy", Allow: []string{}}},
		Groups: []rdsapi.Group{{Name: "with", Backup: true, Role: role}, {Name: "without"}, {Name: "roleless", Backup: true}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	return run, endpoint.Account{Kind: awsaccount.Kind, Region: "eu-central-1", AccessKeyID: "AKIATEST", Secret: secret.NewText("secret"), Address: run.URL}
}

func instance(id string) rdsapi.Instance {
	return rdsapi.Instance{ID: id, Engine: "sqlserver-se", EngineVersion: "15.00.4430.1.v1", Class: "db.m6i.large", Status: "available", Master: "admin", Host: id + ".abc.eu-central-1.rds.amazonaws.com", Port: 1433, StorageGB: 200,
		BackupDays: 7, BackupWindow: "02:00-02:30", Group: "with", GroupStatus: "in-sync"}
}

// told is what a person reads of something found.
func told(f endpoint.Found) string {
	var b strings.Builder
	for _, v := range f.Facts {
		fmt.Fprintf(&b, "%s: %s\n", v.Name, v.Value)
	}
	for _, n := range f.Notes {
		fmt.Fprintf(&b, "bad=%t %s %s\n", n.Bad, n.Text, n.Fix)
	}
	return b.String()
}

// TestInstancesAreListedWithWhatBackupsNeed: more than a page of them, and no
// other engines.
func TestInstancesAreListedWithWhatBackupsNeed(t *testing.T) {
	run, a := api(t)
	changed := map[string]func(*rdsapi.Instance){
		"plain":     nil,
		"sealed":    func(i *rdsapi.Instance) { i.MultiAZ, i.Key = true, "arn:aws:kms:eu-central-1:1:key/k" },
		"ungrouped": func(i *rdsapi.Instance) { i.Group = "" },
		"without":   func(i *rdsapi.Instance) { i.Group = "without" },
		"roleless":  func(i *rdsapi.Instance) { i.Group = "roleless" },
		"applying":  func(i *rdsapi.Instance) { i.GroupStatus = "applying" },
		"gone":      func(i *rdsapi.Instance) { i.Group = "dropped" },
		"unkept":    func(i *rdsapi.Instance) { i.BackupDays = 0 },
		"made":      func(i *rdsapi.Instance) { i.Host, i.Status = "", "creating" },
		"other":     func(i *rdsapi.Instance) { i.Engine = "postgres" },
	}
	run.Change(func(c *rdsapi.Config) {
		for name, change := range changed {
			i := instance(name)
			if change != nil {
				change(&i)
			}
			c.Instances = append(c.Instances, i)
		}
		for n := range 150 {
			c.Instances = append(c.Instances, instance(fmt.Sprintf("n%d", n)))
		}
	})
	all, err := awsaccount.Instances().List(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 150+len(changed)-1 {
		t.Errorf("%d found", len(all))
	}
	for name, want := range map[string][]string{
		"plain":     {"Engine: SQL Server Standard, 15.00.4430.1.v1", "State: available", "Class: db.m6i.large, in one zone", "Storage: 200 GB, not encrypted", "Backups by the service: kept for 7 days, taken 02:00-02:30 UTC", "Restorable there until: 20", "Native backup and restore: as " + role + ", by the group with"},
		"sealed":    {"Multi-AZ", "encrypted with arn:aws:kms:eu-central-1:1:key/k"},
		"ungrouped": {"bad=true Native backup and restore is off"},
		"without":   {"bad=true Native backup and restore is off: no option group of it has SQLSERVER_BACKUP_RESTORE."},
		"roleless":  {"bad=true The option SQLSERVER_BACKUP_RESTORE of the group roleless names no role."},
		"applying":  {"bad=false The group with is not in force yet: applying."},
		"gone":      {"bad=false Whether native backup and restore is on cannot be told", "dropped not found"},
		"unkept":    {"bad=false The service takes no backups by itself"},
		"made":      {"bad=true It has no address yet."},
	} {
		at := slices.IndexFunc(all, func(f endpoint.Found) bool { return f.Name == name })
		if at < 0 {
			t.Errorf("%s is not listed", name)
			continue
		}
		got := told(all[at])
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("%s: %q is not in\n%s", name, part, got)
			}
		}
		if form := all[at].Form; all[at].Page != "aws" || form["login"] != "admin" || form["region"] != "eu-central-1" || (form["host"] == "") != (name == "made") || name != "made" && form["port"] != "1433" {
			t.Errorf("%s: %+v", name, all[at])
		}
	}
	if at := slices.IndexFunc(all, func(f endpoint.Found) bool { return f.Name == "plain" }); strings.Contains(told(all[at]), "bad=") {
		t.Errorf("plain has notes: %s", told(all[at]))
	}
}

// TestRefusalsOfTheAPIAreSentences, each with what to do.
func TestRefusalsOfTheAPIAreSentences(t *testing.T) {
	for name, value := range map[string]string{"AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"} {
		t.Setenv(name, value) // of this machine nothing is known
	}
	run, a := api(t)
	run.Change(func(c *rdsapi.Config) { c.Instances = []rdsapi.Instance{instance("plain")} })
	for name, c := range map[string]struct {
		change func(*endpoint.Account)
		code   string
		say    string
	}{
		"key":     {func(a *endpoint.Account) { a.AccessKeyID = "AKIAUNKNOWN" }, "key-id", "AKIAUNKNOWN is not known to AWS"},
		"secret":  {func(a *endpoint.Account) { a.Secret = secret.NewText("other") }, "secret", "The secret of AKIATEST is wrong"},
		"policy":  {func(a *endpoint.Account) { a.AccessKeyID = "AKIALESS" }, "role", "does not allow rds:DescribeDBInstances"},
		"silence": {func(a *endpoint.Account) { a.Address = "http://127.0.0.1:1" }, "unreachable", "does not answer"},
		"profile": {func(a *endpoint.Account) {
			a.AccessKeyID, a.Secret, a.More = "", secret.Text{}, map[string]string{awsaccount.ProfileField: "no-such-profile"}
		}, "key-id", "has no profile no-such-profile"},
		"machine": {func(a *endpoint.Account) { a.AccessKeyID, a.Secret = "", secret.Text{} }, "key-id", "This machine has no AWS credentials"},
	} {
		with := a
		c.change(&with)
		_, err := awsaccount.Instances().List(t.Context(), with)
		message, fix := fault.Words(err)
		if string(fault.CodeOf(err)) != c.code || !strings.Contains(message, c.say) || fix == "" {
			t.Errorf("%s: %s %q %q", name, fault.CodeOf(err), message, fix)
		}
	}
	a.AccessKeyID = "AKIANONE" // lists instances and may not look at groups
	all, err := awsaccount.Instances().List(t.Context(), a)
	if err != nil || len(all) != 1 || !strings.Contains(told(all[0]), "does not allow rds:DescribeOptionGroups") {
		t.Errorf("%v %v", all, err)
	}
}
