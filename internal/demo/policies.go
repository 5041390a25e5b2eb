package demo

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
)

// policies makes two policies of our own, once, as the form would: one whose
// slots come every few minutes, so that its retention can be watched, and one
// that takes too few backups for what it promises, so that a database is late.
func (d Furnisher) policies(ctx context.Context) error {
	k := d.App.Editor()
	if have, err := k.Store.Policies(ctx); err != nil || len(have) > 0 {
		return err
	}
	by := policy.By{Actor: d.By().Actor}
	often, err := k.Save(ctx, policy.Policy{Name: "Every few minutes", Enabled: true, Servers: []string{Server}, Zone: "UTC", Missed: policy.MissedLate, Window: 10 * time.Minute,
		Databases: policy.Selection{Include: []string{"ledger", "web_*"}, Exclude: []string{"*_test"}}, How: policy.How{Compress: true, Verify: true}, Objective: 5 * time.Minute,
		Rules: []policy.Rule{
			{Kind: backup.Full, Cron: "*/10 * * * *", Keep: policy.Keep{Count: 2, Daily: 7, Weekly: 4}},
			{Kind: backup.Differential, Cron: "*/3 * * * *", Keep: policy.Keep{Count: 2}},
			{Kind: backup.Log, Cron: "* * * * *", Keep: policy.Keep{Count: 15}},
		}}, by)
	if err != nil {
		return err
	}
	seldom, err := k.Save(ctx, policy.Policy{Name: "Reports, once a day", Enabled: true, Servers: []string{Server}, Zone: "Asia/Shanghai", Missed: policy.MissedSkip,
		Databases: policy.Selection{Include: []string{"reports"}}, How: policy.How{Compress: true}, Objective: time.Minute,
		Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 1 * * *", Keep: policy.Keep{Weekly: 4, Monthly: 12}}}}, by)
	if err != nil {
		return err
	}
	for _, id := range []string{often.ID, seldom.ID} {
		if _, err := k.RunNow(ctx, id, backup.Full, nil, by); err != nil {
			return err
		}
	}
	return nil
}
