package awsaccount_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/awsaccount"
	"github.com/bakplane/bakplane/internal/emulator/control"
	"github.com/bakplane/bakplane/internal/emulator/rdsapi"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
)

// TestWhatTheServiceHolds: window and snapshots of the instance that is there
// now, page by page, and nothing of others.
func TestWhatTheServiceHolds(t *testing.T) {
	run, a := api(t)
	day := time.Now().UTC().Truncate(time.Second)
	run.Change(func(c *rdsapi.Config) {
		shop := instance("shop")
		shop.Resource, shop.Since = "db-NEW", day.AddDate(0, 0, -3)
		off := instance("off")
		off.BackupDays = 0
		made := instance("made")
		made.Resource = "db-MADE"
		c.Instances = []rdsapi.Instance{shop, off, made}
		c.Retained = []rdsapi.Retained{{Instance: "shop", Resource: "db-OLD", From: day.AddDate(0, -2, 0), To: day.AddDate(0, -1, 0)}}
		for n := range 230 {
			c.Snapshots = append(c.Snapshots, rdsapi.Snapshot{ID: fmt.Sprintf("rds:shop-%d", n), Instance: "shop", Kind: "automated", Status: "available", Created: day.Add(-time.Duration(n) * time.Hour), StorageGB: 200, Key: "k"})
		}
		c.Snapshots = append(c.Snapshots, rdsapi.Snapshot{ID: "mine", Instance: "shop", Kind: "manual", Status: "creating"}, rdsapi.Snapshot{ID: "theirs", Instance: "off", Kind: "manual", Status: "available", Created: day})
	})
	h, err := awsaccount.Holdings(t.Context(), a, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Snapshots) != 231 || h.More || h.Retention != 7 || h.Automated != "active" || !h.Earliest.Equal(day.AddDate(0, 0, -3)) || time.Since(h.Latest) > 10*time.Minute || h.Window != "02:00-02:30" {
		t.Errorf("%d snapshots, %+v", len(h.Snapshots), h.Held())
	}
	if s := h.Snapshots[0]; !s.Usable() || s.Manual || s.Bytes != 200<<30 || !s.Encrypted {
		t.Errorf("%+v", s)
	}
	if s := h.Snapshots[230]; s.ID != "mine" || !s.Manual || s.Usable() {
		t.Errorf("%+v", s)
	}
	if h, err = awsaccount.Holdings(t.Context(), a, "off"); err != nil || h.Retention != 0 || h.Automated != "" || len(h.Snapshots) != 1 || h.Held().To != day {
		t.Errorf("without automated backups: %+v, %v", h, err)
	}
	if h, err = awsaccount.Holdings(t.Context(), a, "made"); err != nil || h.Automated != "creating" || !h.Held().To.IsZero() {
		t.Errorf("before its first backup: %+v, %v", h, err)
	}
	if _, err := awsaccount.Holdings(t.Context(), a, "nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an instance that is not there: %v", err)
	}
	if _, err := awsaccount.Holdings(t.Context(), endpoint.Account{Kind: "other", Name: "ours"}, "shop"); !fault.Is(err, fault.Invalid) {
		t.Errorf("an account of another cloud: %v", err)
	}
}

// TestALookIsRefusedByName: each call that the policy forbids is named, and an
// answer that is lost is no answer.
func TestALookIsRefusedByName(t *testing.T) {
	run, a := api(t)
	run.Change(func(c *rdsapi.Config) { c.Instances = []rdsapi.Instance{instance("shop")} })
	all := []string{"rds:DescribeDBInstances", "rds:DescribeDBInstanceAutomatedBackups", "rds:DescribeDBSnapshots"}
	for n, want := range all {
		run.Change(func(c *rdsapi.Config) {
			for i := range c.Users {
				c.Users[i].Allow = append([]string{}, all[:n]...)
			}
		})
		_, err := awsaccount.Holdings(t.Context(), a, "shop")
		message, fix := fault.Words(err)
		if !fault.Is(err, fault.Denied) || !strings.Contains(message, want+".") || !strings.Contains(fix, want) {
			t.Errorf("%s: %q %q", want, message, fix)
		}
	}
	run.Change(func(c *rdsapi.Config) { c.Users[0].Allow = nil })
	if _, err := run.ControlPort().Add(control.Rule{Operation: "rds", Code: "Throttling", Status: 400, Times: -1}); err != nil {
		t.Fatal(err)
	}
	if _, err := awsaccount.Holdings(t.Context(), a, "shop"); !fault.Is(err, fault.Unavailable) || fault.CodeOf(err) != "slow-down" {
		t.Errorf("throttled: %v", err)
	}
}
