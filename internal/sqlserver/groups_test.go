package sqlserver

import (
	"fmt"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/group"
	"github.com/bakplane/bakplane/internal/fault"
)

// TestReplicasTellTheirGroup: both name the same database by one key, each with
// its own role, before and after a failover.
func TestReplicasTellTheirGroup(t *testing.T) {
	folder := t.TempDir()
	g, err := sqlserveremu.StartGroup(sqlserveremu.GroupConfig{Name: "AG one", Databases: []string{"Shop"}, Preference: group.Secondary},
		sqlserveremu.Config{Name: "SQL01", BackupFolder: folder, Databases: []sqlserveremu.DatabaseSpec{{Name: "Shop"}, {Name: "Local"}}},
		sqlserveremu.Config{Name: "SQL02", BackupFolder: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	var servers []live
	for _, r := range g.Replicas {
		c := configOf(t, r)
		c.Folder = folder
		servers = append(servers, live{opened(t, c), t, folder, r})
	}
	tells := func(l live) (string, backup.Database) {
		t.Helper()
		all, err := l.Databases(bg)
		if err != nil {
			t.Fatal(err)
		}
		one, err := l.Database(bg, "Shop")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if (d.Member != nil) != (d.Name == "Shop") || d.Name == "Shop" && *d.Member != *one.Member {
				t.Errorf("%s: %+v", d.Name, d.Member)
			}
		}
		m := one.Member
		return fmt.Sprintf("%s %s %s %s %v %v %v", m.Group, m.Role, m.Primary, m.Preference, m.Readable, m.AnyKind, one.PreferredReplica), one
	}
	first, a := tells(servers[0])
	second, b := tells(servers[1])
	if first != "AG one PRIMARY SQL01 SECONDARY false false false" || second != "AG one SECONDARY SQL01 SECONDARY false false true" {
		t.Errorf("%q and %q", first, second)
	}
	if a.Member.Key() == "" || a.Member.Key() != b.Member.Key() || a.Family != b.Family {
		t.Errorf("%q and %q, families %s and %s", a.Member.Key(), b.Member.Key(), a.Family, b.Family)
	}
	// What is decided by these facts is what the replicas take.
	for i, l := range servers {
		d := []backup.Database{a, b}[i]
		for _, c := range []backup.BackupCall{{Kind: backup.Full}, {Kind: backup.Full, CopyOnly: true}, {Kind: backup.Differential}, {Kind: backup.Log}, {Kind: backup.Log, CopyOnly: true}} {
			c.Database, c.Name, c.Files = "Shop", fmt.Sprint(i, c.Kind, c.CopyOnly), []string{fmt.Sprintf("%s/%d%s%v.bak", folder, i, c.Kind, c.CopyOnly)}
			share := d.ShareOf(c.Kind, c.CopyOnly)
			err := l.Backup(bg, c, nil)
			if share.Take && err != nil || err != nil && (fault.CodeOf(err) != "secondary" || d.Member.Role != backup.Secondary) {
				t.Errorf("%s, copy %v, at %s: %+v, and the server says %v", c.Kind, c.CopyOnly, d.Member.Role, share, err)
			}
		}
	}
	to := "SQL02"
	if err := g.Replicas[0].PatchGroup(sqlserveremu.GroupPatch{Primary: &to}); err != nil {
		t.Fatal(err)
	}
	first, _ = tells(servers[0])
	second, d := tells(servers[1])
	if first != "AG one SECONDARY SQL02 SECONDARY false false true" || second != "AG one PRIMARY SQL02 SECONDARY false false false" || d.BaseGUID.IsZero() {
		t.Errorf("after the failover %q and %q, base %s", first, second, d.BaseGUID)
	}
}
