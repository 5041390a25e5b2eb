package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/scan"
)

// TestADatabaseIsNotLateForLogsItDoesNotGet: what a run leaves out is not
// missed, and is missed again when the database gets it again.
func TestADatabaseIsNotLateForLogsItDoesNotGet(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	me := scan.InstanceSubject(demo.Server)
	s.take(backup.Full, "full.bak")
	s.take(backup.Log, "one.trn")
	s.at(me)
	rarely := fmt.Sprintf("0 2 1 %d *", time.Now().AddDate(0, 5, 0).Month())
	p := policy.Policy{ID: app.NewID(), Name: "Logs", Enabled: true, Servers: []string{demo.Server}, Zone: "UTC", Missed: policy.MissedSkip, Objective: 15 * time.Minute,
		Rules: []policy.Rule{{Kind: backup.Full, Cron: rarely, Keep: policy.Keep{Days: 30}}, {Kind: backup.Differential, Cron: "0 * * * *", Keep: policy.Keep{Days: 7}}, {Kind: backup.Log, Cron: "*/5 * * * *", Keep: policy.Keep{Days: 7}}}}
	if _, err := s.store.Policies().Save(t.Context(), p, "", demo.Furnisher{}.Entry("policy")); err != nil {
		t.Fatal(err)
	}
	keep := policy.Promising{Policies: s.store.Policies(), Sets: s.store.Catalogue(), Versions: s.store.Policies(), Instances: s.store.Instances, Clouds: clouds.Promised, Now: time.Now}
	later := time.Now().Add(30 * time.Minute)
	for _, step := range []struct {
		order     string
		late      bool
		objective time.Duration
		why       string
	}{
		{"", true, 15 * time.Minute, ""},
		{"ALTER DATABASE [shop] SET READ_ONLY WITH ROLLBACK IMMEDIATE", false, 0, "It is read-only: there is no new log."},
		{"ALTER DATABASE [shop] SET READ_WRITE WITH ROLLBACK IMMEDIATE", true, 15 * time.Minute, ""},
		{"ALTER DATABASE [shop] SET RECOVERY SIMPLE", false, 0, "Recovery model SIMPLE has no log backups."},
	} {
		if step.order != "" {
			s.house.at(step.order)
		}
		s.at(me)
		if err := keep.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := s.protection(demo.Server, "shop")
		at := later
		if step.why != "" && got.NoDifferential == "" {
			at = time.Now() // its differentials are still expected, each hour
		}
		if got.Late(at) != step.late || got.Objective != step.objective || got.NoLog != step.why || got.PolicyID != p.ID {
			t.Errorf("after %q: %+v", step.order, got)
		}
	}
	s.take(backup.Differential, "diff.bak") // a new set judges the database anew
	s.at(me)
	if got := s.protection(demo.Server, "shop"); got.NoLog == "" {
		t.Errorf("%+v", got)
	}
}
