package servertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	aliyunemu "github.com/bakplane/bakplane/internal/emulator/aliyun"
	"github.com/bakplane/bakplane/internal/endpoint"
)

// CloudInstance is the id of the instance in the emulated cloud.
const CloudInstance = "rm-test1hangzhou"

// BackedUp is a cloud whose service has backed two instances up for nine days.
func (h *House) BackedUp(t *testing.T) {
	t.Helper()
	h.cloudWith(t, func(c *aliyunemu.Config) {
		databases := func() map[string]*aliyunemu.Database {
			return map[string]*aliyunemu.Database{"shop": {DataBytes: 8 << 20}, "crm": {DataBytes: 4 << 20}}
		}
		since := time.Now().Add(-9 * 24 * time.Hour)
		c.Instances[0].Databases, c.Instances[0].Backups = databases(), aliyunemu.Backups{Since: since, Policy: aliyunemu.BackupPolicy{LogMinutes: 30}}
		second := c.Instances[0]
		second.ID, second.Databases, second.Backups = "rm-test2hangzhou", nil, aliyunemu.Backups{Since: since, LocalDisk: true}
		c.Instances = append(c.Instances, second)
		c.BackupStep = 20 * time.Millisecond
	})
	err := h.DB.SaveInstance(t.Context(), endpoint.Instance{ID: "second", Name: "Second", Kind: aliyun.InstanceKind, AccountID: "account", Region: "cn-hangzhou", InstanceID: "rm-test2hangzhou"},
		audit.New(audit.Actor{Name: "test", Via: "command"}, time.Now(), "instance.add", "instance/second", "Added."))
	if err != nil {
		t.Fatal(err)
	}
}

// Sets are the manual sets of the instance, as the catalogue has them.
func (h *House) Sets(t *testing.T, f backup.RecordFilter) []backup.Record {
	t.Helper()
	f.InstanceID, f.Limit = "target", 100
	got, err := h.DB.Catalogue().Records(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Elsewhere changes the policy as somebody would in the console.
func (h *House) Elsewhere(t *testing.T, p aliyunemu.BackupPolicy) {
	t.Helper()
	if !h.RDS.PatchBackups(CloudInstance, aliyunemu.BackupsPatch{Policy: &p}) {
		t.Fatal(fmt.Errorf("there is no instance %s", CloudInstance))
	}
}
