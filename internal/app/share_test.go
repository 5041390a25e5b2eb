package app_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/demo"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// sharing is a yard with two servers whose backup folder is one share. Both have
// a database shop: that of one has a row, that of two has three.
type sharing struct {
	*yard
	servers map[string]*sqlserveremu.Running
	share   string // folder
	look    *scan.Collector
}

func newSharing(t *testing.T) *sharing {
	t.Helper()
	s := &sharing{yard: newYard(t), servers: map[string]*sqlserveremu.Running{}, share: t.TempDir()}
	s.save(func(d demo.Furnisher) error {
		return d.App.DB.SaveBucket(t.Context(), endpoint.Bucket{ID: "share", Name: "share", Kind: folder.BucketKind, Path: s.share}, d.Entry("bucket"))
	})
	for id, rows := range map[string]int64{"one": 1, "two": 3} {
		s.servers[id] = s.serves(id, "share", s.share, sqlserveremu.Config{Name: "SQL-" + strings.ToUpper(id),
			Databases: []sqlserveremu.DatabaseSpec{{Name: "shop", Size: 4 << 20, Tables: []sqlserveremu.TableSpec{{Name: "T", Columns: []sqlserveremu.ColumnSpec{{Name: "id", Type: "int"}}, Rows: int(rows)}}}}})
	}
	db := s.app.DB
	s.look = &scan.Collector{Ports: s.app.Ports, Endpoints: db, Catalogue: db.Catalogue(), Store: db.Scanning(), Now: time.Now}
	s.promise(policy.Policy{ID: app.NewID(), Name: "nightly", Enabled: true, Servers: []string{"one", "two"}, Zone: "UTC", Window: time.Hour, How: policy.How{Verify: true},
		Databases: policy.Selection{Include: []string{"shop"}}, Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *", Keep: policy.Keep{Count: 1}}}})
	return s
}

// serves starts a server with a backup folder, and adds it.
func (y *yard) serves(id, bucket, dir string, c sqlserveremu.Config) *sqlserveremu.Running {
	y.t.Helper()
	c.BackupFolder, c.Logins = dir, []sqlserveremu.Login{{Name: "sa", Password: "Emulated-1", Sysadmin: true}}
	one, err := sqlserveremu.Start(c, "", "")
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() { _ = one.Close() })
	host, port, err := net.SplitHostPort(one.Address)
	if err != nil {
		y.t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		y.t.Fatal(err)
	}
	y.save(func(d demo.Furnisher) error {
		return d.App.DB.SaveInstance(y.t.Context(), endpoint.Instance{ID: id, Name: c.Name, Kind: sqlserver.InstanceKind, Host: host, Port: number, Login: "sa", Password: secret.NewText("Emulated-1"),
			Encrypt: endpoint.EncryptFull, CAPEM: string(one.CA), CertificateHost: c.Name, ServerFolder: dir, FolderID: bucket}, d.Entry("instance"))
	})
	return one
}

// nightly carries a slot out at both servers.
func (s *sharing) nightly(local string) {
	s.t.Helper()
	s.tick()
	at, err := time.Parse("2006-01-02T15:04", local)
	if err != nil {
		s.t.Fatal(err)
	}
	d := policy.Decided{Slot: policy.Slot{PolicyID: s.policy.ID, Kind: backup.Full, Local: local, At: at}, Verdict: policy.Fired}
	queued := policy.Queue(s.policy, d, time.Now(), app.NewID)
	if err := s.app.DB.Policies().Decide(s.t.Context(), policy.Batch{Slots: []policy.Decided{d}, Runs: queued}); err != nil {
		s.t.Fatal(err)
	}
	for _, q := range queued {
		s.ends(q.Run.ID, run.Succeeded)
	}
}

// of are the sets of a server's shop that are there, oldest first.
func (s *sharing) of(id string) []backup.Record {
	s.t.Helper()
	all, err := s.app.DB.Catalogue().Sets(s.t.Context(), id, "shop", 100)
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func (s *sharing) file(r backup.Record) string { return filepath.Join(s.share, r.Copies[0].Keys[0]) }

// stands puts the file of one set in the place of another's, with its name and
// its time.
func (s *sharing) stands(r, instead backup.Record) {
	s.t.Helper()
	is, err := os.Stat(s.file(instead))
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := os.ReadFile(s.file(r))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.file(instead), b, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Chtimes(s.file(instead), is.ModTime(), is.ModTime()); err != nil {
		s.t.Fatal(err)
	}
}

// TestTwoServersShareAFolder, with a database of one name under one policy: each
// has its own files, and a restore brings what its server held.
func TestTwoServersShareAFolder(t *testing.T) {
	s := newSharing(t)
	s.nightly("2026-11-20T02:00")
	one, two := s.of("one"), s.of("two")
	if len(one) != 1 || len(two) != 1 || one[0].Copies[0].Keys[0] == two[0].Copies[0].Keys[0] || one[0].Verified.IsZero() || two[0].Verified.IsZero() {
		t.Fatalf("one has %+v\ntwo has %+v", one, two)
	}
	says(t, one[0].Copies[0].Keys[0]+" "+two[0].Copies[0].Keys[0], "SQL-ONE_shop_FULL_", "SQL-TWO_shop_FULL_")
	w := &backupjob.Restoring{Kit: s.kit, Restorers: s.app.Ports}
	id, err := w.Order(t.Context(), backupjob.Restore{InstanceID: "one", Database: "shop", At: one[0].Finished(), TargetID: "one", Name: "shop2"}, s.by())
	if err != nil {
		t.Fatal(err)
	}
	s.ends(id, run.Succeeded)
	if d, ok := s.servers["one"].DatabaseNow("shop2"); !ok || rowsOf(d) != 1 {
		t.Errorf("the restore at one brought %+v", d)
	}
}

// TestAnothersFileUnderOurName: whatever came between, nothing is restored from
// it, nothing is removed of it or beside it, and the catalogue lets go.
func TestAnothersFileUnderOurName(t *testing.T) {
	s := newSharing(t)
	s.nightly("2026-11-20T02:00")
	first := s.of("one")[0]
	s.stands(s.of("two")[0], first)

	w := &backupjob.Restoring{Kit: s.kit, Restorers: s.app.Ports}
	id, err := w.Order(t.Context(), backupjob.Restore{InstanceID: "one", Database: "shop", At: first.Finished(), TargetID: "one", Name: "shop", Typed: "shop"}, s.by())
	if err != nil {
		t.Fatal(err)
	}
	says(t, s.ends(id, run.Failed).Message.String(), "not the backup that is meant", "shop of SQL-TWO", "Nothing was done")
	if d, ok := s.servers["one"].DatabaseNow("shop"); !ok || rowsOf(d) != 1 || !d.Writable {
		t.Errorf("shop of one is %+v", d)
	}

	t.Log("the next night: the policy keeps one, and the place of the first is not its own")
	s.nightly("2026-11-21T02:00")
	if _, err := os.Stat(s.file(first)); err != nil {
		t.Errorf("the file of another set was removed: %v", err)
	}
	says(t, s.told("one"), "Kept for now", "shop of SQL-TWO")
	if n := len(s.of("two")); n != 1 {
		t.Errorf("two keeps %d sets", n)
	}

	t.Log("nothing goes either while what stays is another's")
	latest := s.of("one")[1]
	s.stands(s.of("two")[0], latest)
	now := time.Now()
	v, err := s.pruner.Preview(t.Context(), s.policy.ID, now)
	if err != nil || v.Sets != 1 {
		t.Fatalf("%+v, %v", v, err)
	}
	id, err = backupjob.PruneNow(t.Context(), s.pruner, s.policy.ID, now, v.Digest, app.NewID, s.by())
	if err != nil {
		t.Fatal(err)
	}
	says(t, s.ends(id, run.Failed).Message.String(), "not seen where it should lie")

	t.Log("a look at the share finds it out, and msdb cannot bring it back")
	for range 2 {
		if err := s.look.Scan(t.Context(), scan.BucketSubject("share"), nil); err != nil {
			t.Fatal(err)
		}
		if err := s.look.Scan(t.Context(), scan.InstanceSubject("one"), nil); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.app.DB.Catalogue().Protection(t.Context(), "one", "shop")
	if err != nil || !p.Unprotected() || p.Sets != 0 {
		t.Errorf("one is protected by files of two: %+v, %v", p, err)
	}
	if p, err := s.app.DB.Catalogue().Protection(t.Context(), "two", "shop"); err != nil || p.Unprotected() {
		t.Errorf("two: %+v, %v", p, err)
	}
}

// told is what the newest run of a server said of its pruning.
func (s *sharing) told(id string) string {
	s.t.Helper()
	jobs, err := s.app.DB.Policies().Recent(s.t.Context(), s.policy.ID, 10)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, j := range jobs {
		if j.ServerID == id {
			return s.tale(j.RunID)
		}
	}
	return ""
}

// rowsOf counts the rows of a database's one table.
func rowsOf(d sqlserveremu.DatabaseState) (n int) {
	for _, t := range d.Tables {
		n += t.Rows
	}
	return n
}
