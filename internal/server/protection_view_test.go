package server

import (
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// TestAWrongClockIsNamedWhereItMatters and a state that allows no backup is the
// badge.
func TestAWrongClockIsNamedWhereItMatters(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	z := kit.Zone{Local: time.UTC, Now: now}
	p := backup.Protection{Promise: backup.Promise{Database: "shop", Objective: time.Hour}, RestorableTo: now.Add(-3 * time.Hour), LateAt: now.Add(-2 * time.Hour), Whole: true}
	for ahead, says := range map[time.Duration]string{0: "", 90 * time.Minute: "ahead of this machine's", -90 * time.Minute: "behind this machine's"} {
		p.ClockAhead = ahead
		if why := protectionWhy(z, p); says == "" && strings.Contains(why, "clock") || !strings.Contains(why, says) {
			t.Errorf("%s: %s", ahead, why)
		}
	}
	p.LateAt = now.Add(time.Hour) // not late: the clock matters to nobody
	if why := protectionWhy(z, p); why != "" {
		t.Error(why)
	}
	p.State, p.NoFull = "in standby", "It is a standby copy."
	if b := protectionBadge(now, p, endpoint.Traits{}); b.Text != "in standby" || protectionWhy(z, p) != p.NoFull {
		t.Errorf("%+v, %s", b, protectionWhy(z, p))
	}
}
