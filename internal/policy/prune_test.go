package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// takenOn is a full of a day of May, verified and in the bucket b.
func takenOn(id string, day int) backup.Record {
	at := time.Date(2026, 5, day, 2, 0, 0, 0, time.UTC)
	m := backup.Moment{Local: at, UTC: &at}
	return backup.Record{ID: id, Database: "shop", Origin: backup.ByUs, PolicyID: "p", State: backup.Complete, Verified: at, Copies: []backup.Copy{{BucketID: "folder", Size: 1}, {BucketID: "b", Size: 2}},
		Set: backup.Set{Kind: backup.Full, ID: guid(day), Family: guid(1), First: lsn(day * 10), Last: lsn(day*10 + 1), Fork: guid(1), FirstFork: guid(1), Started: m, Finished: m, Complete: true}}
}

func TestWhatGoesAtEachBoundary(t *testing.T) {
	now := time.Date(2026, 5, 20, 2, 0, 0, 0, time.UTC)
	newest := func(r *[3]backup.Record, change func(*backup.Record)) { change(&r[2]) }
	for _, c := range []struct {
		what   string
		change func(p *Policy, r *[3]backup.Record)
		gone   []string
	}{
		{"older than its days", func(*Policy, *[3]backup.Record) {}, []string{"a", "b"}},
		{"just as old as its days", func(p *Policy, _ *[3]backup.Record) { p.Rules[0].Keep.Days = 15 }, []string{"a"}},
		{"a day too old", func(p *Policy, _ *[3]backup.Record) { p.Rules[0].Keep.Days = 14 }, []string{"a", "b"}},
		{"two by number", func(p *Policy, _ *[3]backup.Record) { p.Rules[0].Keep = Keep{Count: 2} }, []string{"a"}},
		{"as new as the newest: none is newer", func(p *Policy, r *[3]backup.Record) {
			p.Rules[0].Keep, r[1].Set.Finished = Keep{Count: 1}, r[2].Set.Finished
		}, []string{"a"}},
		{"for ever", func(p *Policy, _ *[3]backup.Record) { p.Rules[0].Keep = Keep{} }, nil},
		{"pinned", func(_ *Policy, r *[3]backup.Record) { r[0].Pinned = true }, []string{"b"}},
		{"with an expiry to come", func(_ *Policy, r *[3]backup.Record) { r[0].Expires = now.Add(1) }, []string{"b"}},
		{"with an expiry that is reached", func(_ *Policy, r *[3]backup.Record) { r[0].Expires = now }, []string{"a", "b"}},
		{"by hand, without expiry", func(_ *Policy, r *[3]backup.Record) { r[0].PolicyID = "" }, []string{"b"}},
		{"by hand, expired", func(_ *Policy, r *[3]backup.Record) { r[0].PolicyID, r[0].Expires = "", now }, []string{"a", "b"}},
		{"of another policy", func(_ *Policy, r *[3]backup.Record) { r[0].PolicyID = "q" }, []string{"b"}},
		{"taken by others", func(_ *Policy, r *[3]backup.Record) { r[0].Origin = backup.ByOthers }, []string{"b"}},
		{"found in a bucket", func(_ *Policy, r *[3]backup.Record) { r[0].Origin = backup.InBucket }, []string{"a", "b"}},
		{"of the cloud", func(_ *Policy, r *[3]backup.Record) { r[0].Origin = backup.InCloud }, []string{"b"}},
		{"removed already", func(_ *Policy, r *[3]backup.Record) { r[0].State = backup.Removed }, []string{"b"}},
		{"gone already", func(_ *Policy, r *[3]backup.Record) { r[0].Gone = now }, []string{"b"}},
		{"broken, with relief", func(_ *Policy, r *[3]backup.Record) { r[1].State = backup.Broken }, []string{"a", "b"}},
		{"the newest is broken", func(_ *Policy, r *[3]backup.Record) { newest(r, func(n *backup.Record) { n.State = backup.Broken }) }, []string{"a"}},
		{"the newest is not verified", func(_ *Policy, r *[3]backup.Record) { newest(r, func(n *backup.Record) { n.Verified = time.Time{} }) }, []string{"a"}},
		{"nobody asks that it is", func(p *Policy, r *[3]backup.Record) { p.How.Verify = false; r[2].Verified = time.Time{} }, []string{"a", "b"}},
		{"the newest is not in the bucket", func(_ *Policy, r *[3]backup.Record) { newest(r, func(n *backup.Record) { n.Copies = n.Copies[:1] }) }, []string{"a"}},
		{"nobody asks that it is there", func(p *Policy, r *[3]backup.Record) { p.BucketID = ""; r[2].Copies = r[2].Copies[:1] }, []string{"a", "b"}},
		{"the newest was taken by others", func(_ *Policy, r *[3]backup.Record) { newest(r, func(n *backup.Record) { n.Origin = backup.ByOthers }) }, []string{"a"}},
	} {
		p := Policy{ID: "p", Zone: "UTC", How: How{Verify: true}, BucketID: "b", Rules: []Rule{{Kind: backup.Full, Keep: Keep{Days: 7}}}}
		sets := [3]backup.Record{takenOn("a", 1), takenOn("b", 5), takenOn("c", 19)}
		c.change(&p, &sets)
		got, err := Prune(p, sets[:], now)
		if err != nil {
			t.Fatal(err)
		}
		var gone []string
		for _, r := range got.Remove {
			gone = append(gone, r.Record.ID)
		}
		if !slices.Equal(gone, c.gone) {
			t.Errorf("%s: %v go, want %v", c.what, gone, c.gone)
		}
	}
}
