package sqlite

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// TestAWaiverHoldsUntilItsEnd: the database is late and cannot be restored, which
// is counted and listed before and after, and not while somebody said that its
// backups are not needed.
func TestAWaiverHoldsUntilItsEnd(t *testing.T) {
	d, ctx := open(t), t.Context()
	c := d.Catalogue()
	for _, name := range []string{"shop", "stock"} {
		if err := c.Exist(ctx, "s", []string{"shop", "stock"}, "", noon); err != nil {
			t.Fatal(err)
		}
		if err := c.Promise(ctx, []backup.Promise{{InstanceID: "s", Database: name, PolicyID: "p", Due: noon}}); err != nil {
			t.Fatal(err)
		}
	}
	later := noon.Add(time.Hour)
	seen := func(now time.Time, late, unprotected, waived int) {
		t.Helper()
		n, err := c.Count(ctx, now)
		if err != nil || n.Databases != 2 || n.Late != late || n.Unprotected != unprotected || n.Waived != waived {
			t.Errorf("%s: %+v, %v, want %d late, %d unprotected, %d waived", now, n, err, late, unprotected, waived)
		}
		for want, f := range map[int]backup.ProtectionFilter{late: {OnlyLate: true}, unprotected: {OnlyUnprotected: true}, waived: {OnlyWaived: true}, 2: {}} {
			f.Now, f.Limit = now, 10
			if got, err := c.Protections(ctx, f); err != nil || len(got) != want && !(late == unprotected && len(got) == late) {
				t.Errorf("%s: %d in %+v, %v, want %d", now, len(got), f, err, want)
			}
		}
	}
	seen(later, 2, 2, 0)
	end := later.Add(24 * time.Hour)
	if err := c.Waive(ctx, backup.Waiver{InstanceID: "s", Database: "shop", Why: "a copy", By: "Anna", Until: end}, entry("database.not-needed")); err != nil {
		t.Fatal(err)
	}
	seen(later, 1, 1, 1)
	p, err := c.Protection(ctx, "s", "shop")
	if why, ok := p.Waived(later); err != nil || !ok || why != "Anna said that it needs no backups: a copy." || p.Late(later) || !p.Late(end) {
		t.Errorf("%q %v %+v, %v", why, ok, p.Waiver, err)
	}
	if at, err := c.NextLate(ctx, later); err != nil || !at.Equal(end) {
		t.Errorf("the bell rings at %s, %v", at, err)
	}
	seen(end, 2, 2, 0)

	// A policy's word does not take the place of a person's, and is taken back.
	left := backup.Waiver{InstanceID: "s", Database: "shop", Why: "left out", PolicyID: "q"}
	d.Now = func() time.Time { return later }
	if err := c.LeaveOut(ctx, []backup.Waiver{left}); err != nil {
		t.Fatal(err)
	}
	if p, _ := c.Protection(ctx, "s", "shop"); p.Waiver.By != "Anna" {
		t.Errorf("a policy took the place of a person: %+v", p.Waiver)
	}
	if err := c.Waive(ctx, backup.Waiver{InstanceID: "s", Database: "shop"}, entry("database.not-needed")); err != nil {
		t.Fatal(err)
	}
	seen(later, 2, 2, 0)
	if err := c.LeaveOut(ctx, []backup.Waiver{left}); err != nil {
		t.Fatal(err)
	}
	seen(later, 1, 1, 1)
	if at, err := c.NextLate(ctx, later); err != nil || !at.IsZero() {
		t.Errorf("a policy's word ends at %s, %v", at, err)
	}
	left.PolicyID = ""
	if err := c.LeaveOut(ctx, []backup.Waiver{left}); err != nil {
		t.Fatal(err)
	}
	seen(later, 2, 2, 0)
}
