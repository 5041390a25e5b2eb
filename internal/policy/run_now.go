package policy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// orderFormat is how the local time of an order by hand is written: with
// milliseconds, so that it is never taken for a slot of the cron nor for another
// order.
const orderFormat = "2006-01-02T15:04:05.000"

// ByHand reports whether a slot was made by a person's order instead of the
// cron.
func (s Slot) ByHand() bool { return len(s.Local) == len(orderFormat) }

// RunNow orders a backup of a kind by a policy at once: one run at each of the
// servers, or of all of the policy when none is named. What it takes counts as
// the policy's: it is kept and pruned by its rules.
func (k Editor) RunNow(ctx context.Context, id string, kind backup.Kind, servers []string, by By) (runs []string, err error) {
	p, err := k.Store.Policy(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, ok := p.Rule(kind); !ok {
		return nil, fault.Newf(fault.Invalid, "The policy %s has no rule for %q backups.", p.Name, string(kind)).WithFix("Choose a kind that it takes.")
	}
	if len(servers) == 0 {
		servers = p.Servers
	}
	zone, err := LoadZone(p.Zone)
	if err != nil {
		return nil, err
	}
	at := k.Now().UTC().Truncate(time.Microsecond)
	slot := Slot{PolicyID: p.ID, Kind: kind, Local: reading(zone, at).Format(orderFormat), At: at}
	for _, server := range servers {
		if !slices.Contains(p.Servers, server) {
			return runs, fault.Newf(fault.Invalid, "The policy %s does not look after that server.", p.Name).WithFix("Choose one of its servers.")
		}
	}
	for _, server := range servers {
		w := BackupJob{ID: k.NewID(), RunID: k.NewID(), PolicyID: p.ID, Version: p.Version, Slot: slot, ServerID: server, Kind: kind}
		r := run.Run{ID: w.RunID, Kind: RunKind, Subject: w.ID, Place: server, Title: words.Say("%s · %s · by hand", Title(kind), p.Name), Created: at}
		e := audit.New(by.Actor, at, "policy.run", Subject(p.ID), fmt.Sprintf("Ordered a %s backup by the policy %s.", kind, p.Name)).With(nil, map[string]string{"server": server, "run": r.ID})
		if err := k.Store.Order(ctx, w, r, e); err != nil {
			return runs, err
		}
		runs = append(runs, r.ID)
	}
	return runs, nil
}
