package app_test

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/rdsapi"
	"github.com/bakplane/bakplane/internal/scan"
)

// TestWhatTheServiceHoldsProtects: a database without a backup of its own is held
// with its instance, is told so everywhere, and is counted when the service holds
// nothing any more. A look that is refused leaves what was known with its age.
func TestWhatTheServiceHoldsProtects(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	y := &yard{house: h, kit: h.app.Kit.Kit}
	y.aws("crm")
	look := func() {
		t.Helper()
		cursor, err := y.app.DB.Scanning().Visit(t.Context(), scan.InstanceSubject(demo.RDS))
		if err != nil {
			t.Fatal(err)
		}
		cursor.Cursor = "" // as when the pause between looks is over
		if err := y.app.DB.Scanning().SaveVisit(t.Context(), cursor); err != nil {
			t.Fatal(err)
		}
		if err := y.app.Collector.Scan(t.Context(), scan.InstanceSubject(demo.RDS), nil); err != nil {
			t.Fatal(err)
		}
	}
	protection := func() backup.Protection {
		t.Helper()
		p, err := y.app.DB.Catalogue().Protection(t.Context(), demo.RDS, "crm")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	counted := func() int {
		t.Helper()
		n, err := y.app.DB.Catalogue().Count(t.Context(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return n.Unprotected
	}
	look()
	before := counted()
	if p := protection(); !p.ByService() || p.Unprotected() || time.Since(p.RestorableTo) > 20*time.Minute {
		t.Errorf("held: %+v", p)
	}
	r := y.reader()
	r.sees("/instances/"+demo.RDS, "Held by its service", "looked at", "before-the-move", "by hand", "It holds the whole instance", "kept for 7 days")
	r.sees("/instances/"+demo.RDS+"/database?name=crm", "with its instance", "With the whole instance", "this database alone cannot be restored", "It cannot be restored alone.")

	y.cloud.AWSAPI.Change(func(c *rdsapi.Config) { c.Users[0].Allow = []string{"rds:DescribeDBInstances"} })
	look()
	if p := protection(); !p.ByService() {
		t.Errorf("a look that was refused: %+v", p)
	}
	r.sees("/instances/"+demo.RDS, "could not be looked at", "rds:DescribeDBInstanceAutomatedBackups", "before-the-move")

	y.cloud.AWSAPI.Change(func(c *rdsapi.Config) {
		c.Users[0].Allow, c.Snapshots = nil, nil
		for i := range c.Instances {
			c.Instances[i].BackupDays = 0
		}
	})
	look()
	if p := protection(); !p.Unprotected() || p.ByService() {
		t.Errorf("nothing is held: %+v", p)
	}
	if n := counted(); n != before+1 {
		t.Errorf("%d databases cannot be restored, before %d", n, before)
	}
	r.sees("/instances/"+demo.RDS, "there is no usable snapshot", "nothing there can be restored to a moment")

	in, err := y.app.DB.Instance(t.Context(), demo.RDS)
	if err != nil {
		t.Fatal(err)
	}
	in.AccountID = ""
	y.save(func(d demo.Furnisher) error { return d.App.DB.SaveInstance(t.Context(), in, d.Entry("instance")) })
	look()
	r.sees("/instances/"+demo.RDS, "is not looked at", "Change it")
}
