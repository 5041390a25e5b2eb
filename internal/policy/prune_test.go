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

// TestAFullDatedAheadTakesNoFreshOneAway: a server's clock was a year ahead for
// one night. The fresh ones are of higher LSNs, whatever their dates.
func TestAFullDatedAheadTakesNoFreshOneAway(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	full := func(id string, n int, label, known time.Time) backup.Record {
		return backup.Record{ID: id, Origin: backup.ByUs, PolicyID: "p", State: backup.Complete, Known: known, Set: backup.Set{Kind: backup.Full, ID: guid(n), Family: guid(90), Fork: guid(91), FirstFork: guid(91), Complete: true,
			First: lsn(n), Last: lsn(n + 1), Started: backup.Moment{Local: label, UTC: &label}, Finished: backup.Moment{Local: label, UTC: &label}}}
	}
	day := func(n int) time.Time { return now.AddDate(0, 0, n) }
	for _, c := range []struct {
		what string
		keep Keep
		sets []backup.Record
		goes []string
	}{
		{"by number", Keep{Count: 2}, []backup.Record{full("a", 10, day(-3), day(-3)), full("ahead", 20, day(362), day(-2)), full("c", 30, day(-1), day(-1)), full("d", 40, day(0), day(0))}, []string{"a", "ahead"}},
		{"by days: it goes in its turn", Keep{Days: 2}, []backup.Record{full("ahead", 20, day(362), day(-3)), full("c", 30, day(-1), day(-1)), full("d", 40, day(0), day(0))}, []string{"ahead"}},
		{"nobody noted when it became known: what is fresh stays", Keep{Count: 1}, []backup.Record{full("ahead", 20, day(362), time.Time{}), full("d", 40, day(0), time.Time{})}, nil},
		{"a fresh one dated back", Keep{Count: 1}, []backup.Record{full("a", 10, day(-1), day(-1)), full("back", 20, day(-400), day(0))}, nil},
		{"and behind it one of the right time", Keep{Count: 1}, []backup.Record{full("a", 10, day(-2), day(-2)), full("back", 20, day(-400), day(-1)), full("c", 30, day(0), day(0))}, []string{"a", "back"}},
	} {
		p := Policy{ID: "p", Zone: "UTC", Rules: []Rule{{Kind: backup.Full, Keep: c.keep}}}
		got, err := Prune(p, c.sets, now)
		if err != nil {
			t.Fatal(err)
		}
		var goes []string
		for _, r := range got.Remove {
			goes = append(goes, r.Record.ID)
		}
		if !slices.Equal(goes, c.goes) {
			t.Errorf("%s: %v goes, want %v", c.what, goes, c.goes)
		}
	}
}
