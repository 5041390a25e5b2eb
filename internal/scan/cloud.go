package scan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

const (
	cloudDays   = 730                 // the longest retention of a standard policy
	setChunk    = 30 * 24 * time.Hour // DescribeBackups advises short ranges against timeouts
	logChunk    = 7 * 24 * time.Hour
	cloudAgain  = 26 * time.Hour // what may still change: sets under way, expiries
	relistAfter = 24 * time.Hour
	namesAfter  = time.Hour
	cloudPages  = 500 // of one range
)

// cloudCursor is up to when sets and logs were listed.
type cloudCursor struct {
	Sets     time.Time `json:"sets,omitzero"`
	Logs     time.Time `json:"logs,omitzero"`
	Relisted time.Time `json:"relisted,omitzero"` // when everything was listed anew
	Named    time.Time `json:"named,omitzero"`    // when the databases were listed
	Differs  bool      `json:"differs,omitempty"` // the policy was not as it was last noted
}

// cloud lists what the service has of an instance: first everything, then what
// is new or may have changed, and once a day everything again.
func (c *Collector) cloud(ctx context.Context, l *Visit, in endpoint.Instance, step Step) error {
	at, now := cursor[cloudCursor](l), c.Now().UTC()
	cloud, err := c.Ports.Cloud(ctx, in.ID)
	if err != nil {
		return err
	}
	if now.Sub(at.Named) >= namesAfter {
		names, err := cloud.Names(ctx, in.InstanceID)
		if err != nil {
			return fmt.Errorf("list databases: %w", err)
		}
		if err := c.Catalogue.Exist(ctx, in.ID, names, tsql.Told("", names), now); err != nil {
			return err
		}
		at.Named = now
	}
	if now.Sub(at.Relisted) >= relistAfter {
		oldest := now.AddDate(0, 0, -cloudDays)
		if known, err := c.Catalogue.Sets(ctx, in.ID, "", 0); err != nil {
			return err
		} else if len(known) > 0 && !at.Relisted.IsZero() {
			oldest = known[0].Finished().Add(-cloudAgain)
		}
		at.Sets, at.Logs, at.Relisted = oldest, oldest, now
	} else {
		at.Sets, at.Logs = at.Sets.Add(-cloudAgain), at.Logs.Add(-cloudAgain)
	}
	total := int64(now.Sub(at.Sets) / time.Hour)
	for at.Sets.Before(now) {
		to := earlier(at.Sets.Add(setChunk), now)
		if err := c.cloudSets(ctx, cloud, in.ID, at.Sets, to); err != nil {
			return err
		}
		at.Sets = to
		if err := c.keep(ctx, l, at); err != nil {
			return err
		}
		step("sets", words.Say("Backup sets of the service"), total-int64(now.Sub(to)/time.Hour), total)
	}
	total = int64(now.Sub(at.Logs) / time.Hour)
	for at.Logs.Before(now) {
		to := earlier(at.Logs.Add(logChunk), now)
		if err := c.cloudLogs(ctx, cloud, in.ID, at.Logs, to); err != nil {
			return err
		}
		at.Logs = to
		if err := c.keep(ctx, l, at); err != nil {
			return err
		}
		step("logs", words.Say("Log backups of the service"), total-int64(now.Sub(to)/time.Hour), total)
	}
	if c.Policies == nil {
		return nil
	}
	if at.Differs, err = c.Policies.See(ctx, in.ID, at.Differs); err != nil {
		return err
	}
	return c.keep(ctx, l, at)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (c *Collector) cloudSets(ctx context.Context, cloud backup.Cloud, instanceID string, from, to time.Time) error {
	listed := map[string]bool{}
	for page, seen := 1, 0; page <= cloudPages; page++ {
		p, err := cloud.Sets(ctx, backup.SetQuery{From: from, To: to.Add(time.Minute), Page: page})
		if err != nil {
			return fmt.Errorf("list backup sets: %w", err)
		}
		var records []backup.Record
		for i := range p.Sets {
			s := p.Sets[i]
			listed[s.ID] = true
			if s.Finished.IsZero() { // not complete yet: a later look has it
				continue
			}
			records = append(records, CloudRecord(instanceID, s, c.Now()))
		}
		if err := c.Catalogue.Put(ctx, records); err != nil {
			return err
		}
		if seen += len(p.Sets); len(p.Sets) == 0 || seen >= p.Total {
			return c.forget(ctx, instanceID, from, to, listed)
		}
	}
	return nil
}

func (c *Collector) cloudLogs(ctx context.Context, cloud backup.Cloud, instanceID string, from, to time.Time) error {
	listed := map[string]bool{}
	for page, seen := 1, 0; page <= cloudPages; page++ {
		p, err := cloud.Logs(ctx, from, to.Add(time.Minute), page)
		if err != nil {
			return fmt.Errorf("list log backups: %w", err)
		}
		var records []backup.Record
		for _, log := range p.Logs {
			s := backup.CloudSet{ID: backup.CloudLogID(log), Kind: backup.Log, Started: log.From, Finished: log.To, Size: log.Size, Usable: true}
			listed[s.ID] = true
			records = append(records, CloudRecord(instanceID, s, c.Now()))
		}
		if err := c.Catalogue.Put(ctx, records); err != nil {
			return err
		}
		if seen += len(p.Logs); len(p.Logs) == 0 || seen >= p.Total {
			return c.forgetLogs(ctx, instanceID, from, to, listed)
		}
	}
	return nil
}

// CloudRecord is a set of the service as a record.
func CloudRecord(instanceID string, s backup.CloudSet, now time.Time) backup.Record {
	moment := func(t time.Time) backup.Moment {
		if t.IsZero() {
			return backup.Moment{}
		}
		u := t.UTC()
		return backup.Moment{Local: u, UTC: &u}
	}
	r := backup.Record{InstanceID: instanceID, Origin: backup.InCloud, State: backup.Complete, Expires: s.Expires, Seen: now.UTC(), Cloud: &s,
		Set: backup.Set{Kind: s.Kind, CopyOnly: s.CopyOnly, Snapshot: s.Snapshot, Started: moment(s.Started), Finished: moment(s.Finished), Size: s.Size, Complete: true, FamilyCount: 0}}
	if s.Failed {
		r.State = backup.Broken
	}
	return r
}

func (c *Collector) forget(ctx context.Context, instanceID string, from, to time.Time, listed map[string]bool) error {
	return c.forgetKind(ctx, instanceID, from, to, listed, func(k backup.Kind) bool { return k != backup.Log })
}

func (c *Collector) forgetLogs(ctx context.Context, instanceID string, from, to time.Time, listed map[string]bool) error {
	return c.forgetKind(ctx, instanceID, from, to, listed, func(k backup.Kind) bool { return k == backup.Log })
}

// forgetKind notes which known sets of a time were not listed any more. Those
// near its ends stay: the service's ranges go by when a set began.
func (c *Collector) forgetKind(ctx context.Context, instanceID string, from, to time.Time, listed map[string]bool, wanted func(backup.Kind) bool) error {
	const margin = time.Hour
	f := backup.RecordFilter{InstanceID: instanceID, Origin: backup.InCloud, From: from.Add(margin), To: to.Add(-margin), Limit: 500}
	var gone []string
	for {
		page, err := c.Catalogue.Records(ctx, f)
		if err != nil {
			return err
		}
		for _, r := range page {
			if r.State != backup.Removed && r.Cloud != nil && wanted(r.Set.Kind) && !listed[r.Cloud.ID] && r.Cloud.Started.After(from.Add(margin)) && (r.Cloud.Usable || len(r.Copies) == 0) {
				gone = append(gone, r.ID)
			}
		}
		if len(page) < f.Limit {
			break
		}
		f.Before = page[len(page)-1].ID
	}
	for ids := range slices.Chunk(gone, 200) {
		err := c.Catalogue.Forget(ctx, ids, c.Now().UTC(), c.engineEntry("set.gone", "instance/"+instanceID, fmt.Sprintf("%d backup sets are no longer at the service.", len(ids))))
		if err != nil {
			return err
		}
	}
	return nil
}
