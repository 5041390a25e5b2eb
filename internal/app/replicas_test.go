package app_test

import (
	"context"
	"database/sql"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/demo"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/group"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// replicas are two servers of one availability group, each with a folder of its
// own, and a policy over both.
type replicas struct {
	*yard
	group *sqlserveremu.Group
	look  *scan.Collector
	keep  policy.Promising
	rows  int
}

// grouped starts an availability group of the servers one and two, and adds them.
// What is alone is a database of the first that is in no group.
func (h *house) grouped(alone ...sqlserveremu.DatabaseSpec) *sqlserveremu.Group {
	h.t.Helper()
	dirs := []string{h.t.TempDir(), h.t.TempDir()}
	g, err := sqlserveremu.StartGroup(sqlserveremu.GroupConfig{Name: "AG", Databases: []string{"Shop"}, Preference: group.Secondary},
		sqlserveremu.Config{Name: "SQL01", BackupFolder: dirs[0], Databases: append(alone, sqlserveremu.DatabaseSpec{Name: "Shop", Size: 4 << 20, Tables: []sqlserveremu.TableSpec{{Name: "T", Columns: []sqlserveremu.ColumnSpec{{Name: "id", Type: "int"}}, Rows: 1}}})},
		sqlserveremu.Config{Name: "SQL02", BackupFolder: dirs[1]})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = g.Close() })
	for i, one := range g.Replicas {
		id := []string{"one", "two"}[i]
		host, port, err := net.SplitHostPort(one.Address)
		if err != nil {
			h.t.Fatal(err)
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			h.t.Fatal(err)
		}
		name := []string{"SQL01", "SQL02"}[i]
		h.save(func(d demo.Furnisher) error {
			if err := d.App.DB.SaveBucket(h.t.Context(), endpoint.Bucket{ID: id + "-folder", Name: "backups of " + name, Kind: folder.BucketKind, Path: dirs[i]}, d.Entry("bucket")); err != nil {
				return err
			}
			return d.App.DB.SaveInstance(h.t.Context(), endpoint.Instance{ID: id, Name: name, Kind: sqlserver.InstanceKind, Host: host, Port: number, Login: "sa", Password: secret.NewText("Emulated-1"),
				Encrypt: endpoint.EncryptFull, CAPEM: string(one.CA), CertificateHost: name, ServerFolder: dirs[i], FolderID: id + "-folder"}, d.Entry("instance"))
		})
	}
	return g
}

func newReplicas(t *testing.T) *replicas {
	t.Helper()
	r := &replicas{yard: newYard(t)}
	r.group = r.house.grouped()
	db := r.app.DB
	r.look = &scan.Collector{Ports: r.app.Ports, Endpoints: db, Catalogue: db.Catalogue(), Store: db.Scanning(), Now: time.Now}
	r.keep = policy.Promising{Policies: db.Policies(), Sets: db.Catalogue(), Versions: db.Policies(), Instances: db.Instances, Clouds: clouds.Promised, Now: time.Now}
	return r
}

// primary connects through the listener, as an application does.
func (r *replicas) primary() *sql.DB {
	r.t.Helper()
	return behind(r.t, r.group.Listener.Address)
}

// behind is an application that reaches whoever answers at a listener.
func behind(t *testing.T, listener string) *sql.DB {
	t.Helper()
	u := url.URL{Scheme: "sqlserver", User: url.UserPassword("sa", "Emulated-1"), Host: listener, RawQuery: "encrypt=disable"}
	db, err := sql.Open("sqlserver", u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func (r *replicas) count(database string) (n int) {
	r.t.Helper()
	db := r.primary()
	defer db.Close()
	if err := db.QueryRowContext(r.t.Context(), "SELECT COUNT(*) FROM "+database+".dbo.T").Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// write changes the database.
func (r *replicas) write() {
	r.t.Helper()
	db := r.primary()
	defer db.Close()
	r.rows++
	if _, err := db.ExecContext(r.t.Context(), "INSERT INTO Shop.dbo.T (id) VALUES ("+strconv.Itoa(r.rows)+")"); err != nil {
		r.t.Fatal(err)
	}
}

// slot carries a slot of the policy out at both servers and tells what became
// of the database at each.
func (r *replicas) slot(kind backup.Kind, local string) map[string]backupjob.Order {
	r.t.Helper()
	r.write()
	second := time.Now().Unix()
	for time.Now().Unix() == second { // msdb's times have seconds
		time.Sleep(10 * time.Millisecond)
	}
	at, err := time.Parse("2006-01-02T15:04", local)
	if err != nil {
		r.t.Fatal(err)
	}
	d := policy.Decided{Slot: policy.Slot{PolicyID: r.policy.ID, Kind: kind, Local: local, At: at}, Verdict: policy.Fired}
	queued := policy.Queue(r.policy, d, time.Now(), app.NewID)
	if err := r.app.DB.Policies().Decide(r.t.Context(), policy.Batch{Slots: []policy.Decided{d}, Runs: queued}); err != nil {
		r.t.Fatal(err)
	}
	out := map[string]backupjob.Order{}
	for _, q := range queued {
		r.ends(q.Run.ID, run.Succeeded)
		plan, orders := r.orders(q.Run.ID)
		for _, o := range orders {
			if o.Database == "Shop" {
				out[plan.Job.ServerID] = o
			}
		}
	}
	return out
}

// takes fails unless one server takes the backup and the other leaves it out.
func (r *replicas) takes(kind backup.Kind, local, server, says string) backupjob.Order {
	r.t.Helper()
	got := r.slot(kind, local)
	other := map[string]string{"one": "two", "two": "one"}[server]
	if got[server].State != backupjob.OrderDone || got[server].Kind != kind || got[server].CopyOnly || got[other].State != backupjob.OrderLeftOut ||
		!strings.Contains(got[server].Note.String()+got[other].Message.String(), says) {
		r.t.Fatalf("%s at %s: %+v, and the other %+v", kind, server, got[server], got[other])
	}
	return got[server]
}

// known looks at both servers and gives the one row that stands for the group.
func (r *replicas) known() backup.Protection {
	r.t.Helper()
	for _, id := range []string{"one", "two"} {
		if err := r.look.Scan(r.t.Context(), scan.InstanceSubject(id), nil); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := r.keep.Turn(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	all, err := r.app.DB.Catalogue().Protections(r.t.Context(), backup.ProtectionFilter{Now: time.Now(), Limit: 100})
	if err != nil {
		r.t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(p backup.Protection) bool { return p.Database != "Shop" })
	if len(all) != 1 {
		r.t.Fatalf("Shop is shown %d times: %+v", len(all), all)
	}
	return all[0]
}

func TestAPolicyOverTheReplicasOfAGroup(t *testing.T) {
	t.Parallel()
	r := newReplicas(t)
	r.promise(policy.Policy{ID: app.NewID(), Name: "Group", Enabled: true, Servers: []string{"one", "two"}, Zone: "UTC", Missed: policy.MissedSkip, Objective: 15 * time.Minute,
		Databases: policy.Selection{Include: []string{"Shop"}},
		Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * 0", Keep: policy.Keep{Days: 30}}, {Kind: backup.Differential, Cron: "0 3 * * *", Keep: policy.Keep{Days: 7}},
			{Kind: backup.Log, Cron: "*/5 * * * *", Keep: policy.Keep{Days: 7}}}})

	full := r.takes(backup.Full, "2026-03-01T02:00", "one", "before SQL Server 2025")
	r.takes(backup.Log, "2026-03-01T02:05", "two", "prefers another replica")
	r.takes(backup.Differential, "2026-03-01T03:00", "one", "before SQL Server 2025")
	last := r.takes(backup.Log, "2026-03-01T03:05", "two", "prefers another replica")
	holds := func(server string, last backupjob.Order) {
		t.Helper()
		p := r.known()
		if p.InstanceID != server || p.Group != "AG" || !slices.Equal(p.Replicas, []string{"one", "two"}) || p.PolicyID != r.policy.ID || p.Objective != 15*time.Minute {
			t.Fatalf("%+v", p)
		}
		if !p.Whole || !p.LastFull.Equal(full.Finished) || !p.LastLog.Equal(last.Finished) || p.RestorableTo.Before(last.Finished.Add(-time.Second)) || !p.RestorableFrom.Before(last.Finished.Add(-time.Second)) {
			t.Fatalf("%+v, the last log finished at %s", p, last.Finished)
		}
		if p.Late(time.Now()) || !p.Late(last.Finished.Add(time.Hour)) {
			t.Fatalf("late at %s, the last log finished at %s", p.LateAt, last.Finished)
		}
		for _, id := range []string{"one", "two"} {
			sets, err := r.app.DB.Catalogue().Sets(t.Context(), id, "Shop", 0)
			if err != nil || len(sets) != p.Sets {
				t.Fatalf("%s knows %d sets, %d count: %v", id, len(sets), p.Sets, err)
			}
		}
	}
	holds("one", last)

	to := "SQL02"
	if err := r.group.Replicas[0].PatchGroup(sqlserveremu.GroupPatch{Primary: &to}); err != nil {
		t.Fatal(err)
	}
	r.takes(backup.Log, "2026-03-01T03:10", "one", "prefers another replica")
	diff := r.takes(backup.Differential, "2026-03-01T04:00", "two", "before SQL Server 2025") // its own msdb knows no full
	last = r.takes(backup.Log, "2026-03-01T04:05", "one", "prefers another replica")
	holds("two", last)
	if p := r.known(); !p.LastDifferential.Equal(diff.Finished) || p.Sets != 7 {
		t.Errorf("%+v", p)
	}
	// The chain runs over the folders and histories of both servers.
	w := &backupjob.Restoring{Kit: r.kit, Restorers: r.app.Ports}
	id, err := w.Order(t.Context(), backupjob.Restore{InstanceID: "two", Database: "Shop", At: r.known().RestorableTo, TargetID: "two", Name: "Shop_again"}, r.by())
	if err != nil {
		t.Fatal(err)
	}
	r.ends(id, run.Succeeded)
	if got := r.count("Shop_again"); got != r.rows+1 {
		t.Errorf("%d rows are restored, %d were written", got, r.rows+1)
	}
	// The replica that is not shown counts nothing.
	if n, err := r.app.DB.Catalogue().Count(t.Context(), last.Finished.Add(time.Hour)); err != nil || n.Late != 1 {
		t.Errorf("%+v, %v", n, err)
	}
}

// TestASourceInAGroupIsToldWhichFreezeWorks against the emulated servers.
func TestASourceInAGroupIsToldWhichFreezeWorks(t *testing.T) {
	t.Parallel()
	r := newReplicas(t)
	judged := func(server string, freeze migration.Freeze) (bool, string) {
		t.Helper()
		f, err := preflight.CollectSource(context.Background(), r.app.Ports, &migration.LiveSource{ServerID: server, Freeze: freeze, Every: time.Hour}, "Shop", time.Now)
		if err != nil {
			t.Fatal(err)
		}
		findings := preflight.JudgeSource(f, migration.TargetInstance{VersionMajor: 17}, endpoint.Traits{})
		var b strings.Builder
		for _, one := range findings {
			b.WriteString(string(one.Level) + " " + one.Text.String() + " " + one.Fix.String() + "\n")
		}
		return migration.MayStart(findings), b.String()
	}
	const out = "ALTER AVAILABILITY GROUP [AG] REMOVE DATABASE [Shop]"
	for _, tc := range []struct {
		server string
		freeze migration.Freeze
		start  bool
		says   string
	}{
		{"one", migration.FreezeTail, false, out}, {"one", migration.FreezeReadOnly, false, out}, {"one", migration.FreezeStopped, true, "links of the same chain"},
		{"two", migration.FreezeStopped, false, "Add the primary replica, SQL01, as a server"},
	} {
		if start, text := judged(tc.server, tc.freeze); start != tc.start || !strings.Contains(text, tc.says) {
			t.Errorf("%s, %s: may start %v\n%s", tc.server, tc.freeze, start, text)
		}
	}
}
