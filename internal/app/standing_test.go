package app_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
)

// standing is a yard whose server is looked at, with a policy of all three
// kinds for shop.
type standing struct {
	*yard
	look *scan.Collector
}

func newStanding(t *testing.T) *standing {
	t.Helper()
	y := newYard(t)
	db := y.app.DB
	s := &standing{y, &scan.Collector{Ports: y.app.Ports, Endpoints: db, Catalogue: db.Catalogue(), Store: db.Scanning(), Now: time.Now}}
	s.promise(policy.Policy{ID: app.NewID(), Name: "all", Enabled: true, Servers: []string{demo.Server}, Zone: "UTC", Window: time.Hour, Databases: policy.Selection{Include: []string{"shop"}},
		Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *"}, {Kind: backup.Differential, Cron: "0 * * * *"}, {Kind: backup.Log, Cron: "*/15 * * * *"}}})
	return s
}

// known looks at the server and tells of shop.
func (s *standing) known() backup.Protection {
	s.t.Helper()
	if err := s.look.Scan(s.t.Context(), scan.InstanceSubject(demo.Server), nil); err != nil {
		s.t.Fatal(err)
	}
	p, err := s.app.DB.Catalogue().Protection(s.t.Context(), demo.Server, "shop")
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// takes carries a slot out and tells what was taken of shop.
func (s *standing) takes(kind backup.Kind, local string) (backupjob.Order, string) {
	s.t.Helper()
	s.tick()
	id := s.slot(kind, local)
	r := s.ends(id, run.Succeeded)
	_, orders := s.orders(id)
	for _, o := range orders {
		if o.Database == "shop" {
			return o, r.Message.String()
		}
	}
	s.t.Fatalf("shop is not among %+v", orders)
	return backupjob.Order{}, ""
}

// TestADifferentialOnASnapshotOfDisks: its base is nowhere that a restore reads.
func TestADifferentialOnASnapshotOfDisks(t *testing.T) {
	t.Parallel()
	s := newStanding(t)
	s.takes(backup.Full, "2026-11-20T02:00")
	before := s.known()
	s.tick()
	if err := s.cloud.SQL.Snapshot(emulators.Login, "shop", false); err != nil {
		t.Fatal(err)
	}
	if p := s.known(); !p.LastFull.Equal(before.LastFull) || p.Sets <= before.Sets {
		t.Errorf("a snapshot counts as the last full: %+v", p)
	}
	o, said := s.takes(backup.Differential, "2026-11-20T03:00")
	if o.Kind != backup.Full {
		t.Errorf("%+v", o)
	}
	says(t, o.Note.String()+" "+said, "Nothing can be restored from the full backup", "1 full backup in place of differentials")
	if o, _ := s.takes(backup.Differential, "2026-11-20T04:00"); o.Kind != backup.Differential {
		t.Errorf("behind the full: %+v", o)
	}
}

// TestADatabaseThatWasMadeAnew has the name of one with many backups.
func TestADatabaseThatWasMadeAnew(t *testing.T) {
	t.Parallel()
	s := newStanding(t)
	s.takes(backup.Full, "2026-11-20T02:00")
	s.takes(backup.Log, "2026-11-20T02:15")
	if p := s.known(); p.Unprotected() || p.LastLog.IsZero() {
		t.Fatalf("%+v", p)
	}
	s.cloud.SQL.StopLoad("shop")
	s.house.at("ALTER DATABASE [shop] SET SINGLE_USER WITH ROLLBACK IMMEDIATE", "DROP DATABASE [shop]", "CREATE DATABASE [shop]")
	p := s.known()
	if !p.Unprotected() || !p.LastFull.IsZero() || !p.LastLog.IsZero() {
		t.Errorf("it is protected by sets of the one before: %+v", p)
	}
	says(t, p.Words, "another database that had this name before")
	if o, said := s.takes(backup.Log, "2026-11-20T03:15"); o.Kind != backup.Full {
		t.Errorf("%+v, %s", o, said)
	}
	if p := s.known(); p.Unprotected() || p.LastFull.IsZero() {
		t.Errorf("behind its own full: %+v", p)
	}
}

// TestMsdbWasPurged: the engine still knows the base, and the catalogue has it.
func TestMsdbWasPurged(t *testing.T) {
	t.Parallel()
	s := newStanding(t)
	s.takes(backup.Full, "2026-11-20T02:00")
	s.known()
	s.house.at("EXEC msdb.dbo.sp_delete_backuphistory @oldest_date = '2100-01-01'")
	for _, slot := range []struct {
		kind  backup.Kind
		local string
	}{{backup.Differential, "2026-11-20T03:00"}, {backup.Log, "2026-11-20T03:15"}} {
		if o, said := s.takes(slot.kind, slot.local); o.Kind != slot.kind {
			t.Errorf("%+v, %s", o, said)
		}
	}
}

// TestStatesThatAllowNoBackup are left out of runs, said, and not late.
func TestStatesThatAllowNoBackup(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	s := newStanding(t)
	s.takes(backup.Full, "2026-11-20T02:00")
	s.cloud.SQL.StopLoad("shop")
	file := filepath.Join(s.cloud.Backups, "copy.bak")
	s.house.at("BACKUP DATABASE [shop] TO DISK = '" + file + "' WITH COPY_ONLY, FORMAT, INIT")
	for _, c := range []struct{ to, back, state, why, slot string }{
		{"ALTER DATABASE [shop] SET OFFLINE WITH ROLLBACK IMMEDIATE", "ALTER DATABASE [shop] SET ONLINE", "OFFLINE", "set online", "2026-11-21T02:00"},
		{"BACKUP LOG [shop] TO DISK = '" + filepath.Join(s.cloud.Backups, "tail.trn") + "' WITH NORECOVERY", "RESTORE DATABASE [shop] WITH RECOVERY", "RESTORING", "until somebody opens it", "2026-11-22T02:00"},
		{"RESTORE DATABASE [shop] FROM DISK = '" + file + "' WITH REPLACE, STANDBY = '" + filepath.Join(s.cloud.Backups, "undo.dat") + "'", "RESTORE DATABASE [shop] WITH RECOVERY", "in standby", "a standby copy", "2026-11-23T02:00"},
	} {
		s.house.at(c.to)
		p := s.known()
		why, ok := p.NotNeeded()
		if p.State != c.state || !ok || p.Late(time.Now().AddDate(1, 0, 0)) {
			t.Errorf("%s: %+v", c.state, p)
		}
		says(t, why, c.why)
		if tally, err := s.app.DB.Catalogue().Count(t.Context(), time.Now()); err != nil || len(tally.States) != 1 || tally.States[0] != (backup.StateCount{State: c.state, Databases: 1}) {
			t.Errorf("%s: %+v, %v", c.state, tally, err)
		}
		o, said := s.takes(backup.Full, c.slot)
		if o.State != backupjob.OrderLeftOut {
			t.Errorf("%s: %+v, %s", c.state, o, said)
		}
		s.house.at(c.back)
		if p := s.known(); p.State != "" || p.NoFull != "" {
			t.Errorf("behind %s: %+v", c.state, p)
		}
	}
}
