package app_test

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/demo"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
)

// TestAServerWhoseClockIsWrong: its backups are found again, the older goes and
// not the fresher, and a date in the future hides no lateness.
func TestAServerWhoseClockIsWrong(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{"400 days ahead": 400 * 24 * time.Hour, "40 days behind": -40 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			y, dir := newYard(t), t.TempDir()
			y.save(func(d demo.Furnisher) error {
				return d.App.DB.SaveBucket(t.Context(), endpoint.Bucket{ID: "its", Name: "its", Kind: folder.BucketKind, Path: dir}, d.Entry("bucket"))
			})
			y.serves("odd", "its", dir, sqlserveremu.Config{Name: "ODD", Clock: off, Databases: []sqlserveremu.DatabaseSpec{{Name: "shop", Size: 4 << 20}}})
			y.promise(policy.Policy{ID: app.NewID(), Name: "nightly", Enabled: true, Servers: []string{"odd"}, Zone: "UTC", Window: time.Hour, How: policy.How{Verify: true}, Objective: 30 * time.Minute,
				Databases: policy.Selection{Include: []string{"shop"}}, Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *", Keep: policy.Keep{Count: 1}}}})
			for _, local := range []string{"2026-11-20T02:00", "2026-11-21T02:00"} {
				y.tick()
				y.ends(y.slot(backup.Full, local), run.Succeeded)
			}
			sets, err := y.app.DB.Catalogue().Sets(t.Context(), "odd", "shop", 10)
			if err != nil || len(sets) != 1 {
				t.Fatalf("%d sets stay: %v", len(sets), err)
			}
			says(t, sets[0].Copies[0].Keys[0], "20261121T0200")
			db := y.app.DB
			look := &scan.Collector{Ports: y.app.Ports, Endpoints: db, Catalogue: db.Catalogue(), Store: db.Scanning(), Now: time.Now}
			keep := policy.Promising{Policies: db.Policies(), Sets: db.Catalogue(), Versions: db.Policies(), Instances: db.Instances, Clouds: clouds.Promised, Now: time.Now}
			for range 2 { // what was noted of the clock stays as it was
				if err := look.Scan(t.Context(), scan.InstanceSubject("odd"), nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := keep.Turn(t.Context()); err != nil {
				t.Fatal(err)
			}
			p, err := db.Catalogue().Protection(t.Context(), "odd", "shop")
			if err != nil || p.Unprotected() || p.RestorableTo.After(time.Now()) || p.LastFull.After(time.Now()) || !p.Late(time.Now().Add(2*time.Hour)) {
				t.Errorf("%+v, %v", p, err)
			}
			if (p.ClockAhead - off).Abs() > 2*time.Minute {
				t.Errorf("its clock is noted as %s ahead", p.ClockAhead)
			}
			if off > 0 {
				says(t, p.Words, "the clock of its server was ahead")
			}
		})
	}
}
