package policies_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server/servertest"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// policyQuery is the form of a policy as a browser sends it.
func policyQuery(change ...string) string {
	v := url.Values{"name": {"Nightly"}, "servers": {"left"}, "zone": {"Asia/Shanghai"}, "missed": {"late"}, "window": {"4h"}, "objective": {"30m"}, "enabled": {"1"}, "version": {"0"},
		"full.cron": {"0 2 * * 0"}, "full.weekly": {"5"}, "log.cron": {"*/15 * * * *"}, "log.days": {"14"}, "how": {"verify"}, "stripes": {"1"}, "bucket": {""}, "exclude": {"*_test"}}
	for i := 0; i < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v.Encode()
}

// record is a set as a run of ours leaves it in the catalogue.
func record(policyID, database string, kind backup.Kind, at time.Time, n uint32) backup.Record {
	lsn := func(n uint32) backup.LSN { return backup.LSN{VLF: 1, Block: n, Slot: 1} }
	s := backup.Set{Kind: kind, ID: backup.GUID{1, byte(n >> 8), byte(n)}, Database: database, Family: backup.GUID{9}, Fork: backup.GUID{9}, FirstFork: backup.GUID{9}, Complete: true,
		First: lsn(n), Last: lsn(n + 1), Checkpoint: lsn(n), Started: backup.Moment{Local: at, UTC: &at}, Finished: backup.Moment{Local: at, UTC: &at}}
	if kind != backup.Full {
		s.DatabaseBackup = lsn(1)
	}
	return backup.Record{InstanceID: "left", Database: database, Origin: backup.ByUs, PolicyID: policyID, State: backup.Complete, Set: s, Seen: at, Verified: at,
		Copies: []backup.Copy{{BucketID: "left-folder", Keys: []string{uuid.NewString() + ".bak"}, Size: 1 << 20, At: at}}}
}

func TestWhatIsWrongWithAPolicyLandsAtItsField(t *testing.T) {
	h := servertest.NewHouse(t, servertest.BetweenSlots)
	h.Own(t, "left", servertest.WithShop)
	b := h.SignedIn(t)
	for _, tc := range []struct{ field, value, says string }{
		{"full.cron", "0 0 30 2 *", "never comes"},
		{"full.cron", "TZ=0 0 2 * * *", "the zone has a field of its own"},
		{"full.cron", "0 2 * *", "is not a cron line"},
		{"full.cron", "", "Without full backups nothing can be restored"},
		{"log.cron", "@every 5m", "has no times on a clock"},
		{"zone", "Mars/Base", `There is no time zone "Mars/Base"`},
		{"zone", "Local", "names no time zone"},
		{"name", "", "needs a name"},
		{"exclude", "*", "excludes every database"},
		{"full.weekly", "many", `"many" is not a whole number`},
		{"full.days", "-1", "is not a number of days"},
		{"window", "soon", `"soon" is not a time span`},
		{"window", "0", "needs a window"},
		{"stripes", "65", "1 to 64 stripes"},
		{"missed", "never", "not a way to deal with missed times"},
		{"bucket", "gone", "does not exist any more"},
		{"servers", "gone", "do not exist any more"},
	} {
		b.Get("/policies/review?"+policyQuery(tc.field, tc.value)).Sees(422, tc.says, "What it promises")
		if tc.value != "" && tc.field != "servers" && tc.field != "missed" && tc.field != "bucket" && !strings.Contains(valueOf(b, tc.field), tc.value) {
			t.Errorf("%s: what was typed is gone: %q", tc.field, valueOf(b, tc.field))
		}
	}
	// Nothing is saved by looking.
	b.Get("/policies").Sees(200, "No policies yet.")
	// What bars nothing is said before.
	b.Get("/policies/review?"+policyQuery("full.weekly", "", "full.days", "3")).Sees(200, "the last one would go before the next is there", "Make the policy")
}

func valueOf(b *servertest.Browser, name string) (value string) {
	servertest.Each(b.Page, func(n *html.Node) {
		switch {
		case servertest.Attr(n, "name") != name:
		case n.Data == "input":
			value = servertest.Attr(n, "value")
		case n.Data == "textarea":
			value = servertest.TextOf(n)
		}
	})
	return value
}

func TestAPolicyIsMadeChangedAndRolledBack(t *testing.T) {
	h := servertest.NewHouse(t, servertest.BetweenSlots)
	h.Own(t, "left", servertest.WithShop)
	b := h.SignedIn(t)
	b.Get("/policies/new?servers=left").Sees(200, "New policy", "What matches now", "shop", "system databases are not chosen", "At 02:00 on Sunday")
	b.Get("/policies/review?"+policyQuery()).Sees(200, "New policy Nightly", "Worst-case RPO", "15 min", "Sets kept", "Log backups come every 15 minutes and are not drawn")
	b.Submit("/policies").Sees(200, "is saved", "at 02:00 on Sunday", "version 1")
	id := strings.TrimPrefix(b.At.Path, "/policies/")

	// Sets that the rules in force keep and a changed rule would not.
	now := h.Now().UTC().Truncate(time.Second)
	var sets []backup.Record
	for week := range 4 {
		sets = append(sets, record(id, "shop", backup.Full, now.AddDate(0, 0, -7*(4-week)), uint32(week*10+1)))
	}
	if err := h.DB.Catalogue().Put(t.Context(), sets); err != nil {
		t.Fatal(err)
	}
	b.Get("/policies/"+id+"/review?"+policyQuery("version", "1", "full.weekly", "", "full.count", "1")).Sees(200, "3 sets of 1 database", "Lost: the moment", "the first of each of 5 weeks", "the newest", "Type Nightly to confirm")
	b.Submit("/policies/"+id).Sees(422, "What was typed is not Nightly")
	b.Submit("/policies/"+id, "confirm", "Nightly").Sees(200, "version 2", "Full backups kept: the first of each of 5 weeks → the newest")

	// The preview of the pruning is what goes, and only that.
	b.Get("/policies/"+id+"/prune").Sees(200, "3 sets", "Remove exactly these")
	b.Submit("/policies/"+id+"/prune", "confirm", "nightly").Sees(422, "What was typed is not Nightly")
	b.Submit("/policies/"+id+"/prune", "confirm", "Nightly", "digest", "other").Sees(422, "not what the preview showed")

	// Somebody else's change in between is not overwritten.
	b.Get("/policies/"+id+"/review?"+policyQuery("version", "1", "full.count", "1")).Sees(200, "What changes")
	b.Submit("/policies/"+id).Sees(422, "changed meanwhile")

	b.Get("/policies/"+id+"/rollback?number=1").Sees(200, "Roll Nightly back to version 1")
	b.Submit("/policies/"+id+"/rollback").Sees(200, "Version 1 is in force again", "rolled back to version 1", "version 3")
	b.Do("POST", "/policies/"+id+"/disable", "").Sees(200, "takes no backups", "disabled")
	b.Do("POST", "/policies/"+id+"/enable", "").Sees(200, "begins with its next slot")
	b.Get("/policies/"+id+"/remove").Submit("/policies/"+id+"/remove", "confirm", "x").Sees(422, "What was typed is not Nightly")
	b.Submit("/policies/"+id+"/remove", "confirm", "Nightly").Sees(200, "No policies yet.")
}

func TestTheCatalogueIsSearchedAndASetTellsItsChain(t *testing.T) {
	h := servertest.NewHouse(t, servertest.BetweenSlots)
	h.Own(t, "left", servertest.WithShop)
	b := h.SignedIn(t)
	now := h.Now().UTC().Truncate(time.Second).Add(-time.Hour)
	log := record("", "shop", backup.Log, now.Add(2*time.Minute), 3)
	log.Set.First = backup.LSN{VLF: 1, Block: 1, Slot: 1}
	foreign := record("", "shop", backup.Log, now.Add(4*time.Minute), 4)
	foreign.Origin = backup.ByOthers
	if err := h.DB.Catalogue().Put(t.Context(), []backup.Record{record("", "shop", backup.Full, now, 1), log, foreign}); err != nil {
		t.Fatal(err)
	}
	b.Get("/sets").Sees(200, "3 sets", "another tool", "LEFT")
	b.Get("/sets?kind=log&origin=us").Sees(200, "1 set")
	if n := strings.Count(b.Text(), "complete"); n != 2 { // the row, and the choice
		t.Errorf("%d rows: %s", n-1, b.Text())
	}
	b.Get("/sets?kind=half").Sees(422, `"half" is none of the choices`)
	b.Get("/sets?from=yesterday").Sees(422, "is not a time")
	b.Get("/sets?database=none").Sees(200, "No set matches.")

	rows, err := h.DB.Catalogue().Records(t.Context(), backup.RecordFilter{Kind: backup.Full, Limit: 1})
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	set := "/sets/" + rows[0].ID
	b.Get(set).Sees(200, "What needs it", "2 sets", "1 set in its chain", "nothing prunes it")
	b.Submit(set+"/pin", "note", "").Sees(422, "A pin needs a reason")
	b.Submit(set+"/pin", "note", "before the upgrade").Sees(200, "Pinned", "it stays until it is unpinned")
	b.Submit(set+"/pin").Sees(200, "no longer pinned")

	b.Get("/instances/left/database?name=shop").Sees(200, "Recovery window", "whole", "nothing is promised", "another tool")
	b.Get("/instances/left/database/restore?name=shop").Sees(200, "1 set of the chain were taken by another tool")
	b.Get("/instances/left/database/restore/check?name=shop&target=left&as=shop2&at="+url.QueryEscape(now.AddDate(0, 0, -1).Format(time.DateTime))).Sees(422, "To which moment")
	at := url.QueryEscape(now.Add(time.Minute).Format(time.DateTime))
	b.Get("/instances/left/database/restore/check?name=shop&target=left&as=shop2&at="+at).Sees(200, "RESTORE DATABASE [shop2]", "RESTORE LOG [shop2]", "STOPAT", "Type LEFT")
	b.Submit("/instances/left/database/restore", "confirm", "RIGHT").Sees(422, "What was typed is not LEFT")
	b.Get("/instances/left/database/restore/check?name=shop&target=left&as=shop&at="+at).Sees(200, "has a database shop already", "to replace that database")
	b.Submit("/instances/left/database/restore", "confirm", "LEFT").Sees(422, "has a database shop already")
	b.Get("/sets/collect").Submit("/sets/collect", "subject", "bucket/nowhere").Sees(422, "does not exist any more")
}

func TestTheOverviewNamesWhoIsLate(t *testing.T) {
	h := servertest.NewHouse(t, servertest.BetweenSlots)
	h.Own(t, "left", servertest.WithShop)
	b := h.SignedIn(t)
	now := h.Now().UTC().Truncate(time.Second)
	c := h.DB.Catalogue()
	if err := c.Put(t.Context(), []backup.Record{record("", "shop", backup.Full, now.Add(-2*time.Hour), 1)}); err != nil {
		t.Fatal(err)
	}
	k := policy.Editor{Store: h.DB.Policies(), Sets: c, Environment: policy.KnownFacts{Places: h.DB, Records: c}, Now: h.Now, NewID: uuid.NewString}
	p, err := k.Save(t.Context(), policy.Policy{Name: "Hourly", Enabled: true, Servers: []string{"left"}, Zone: "UTC", Missed: policy.MissedSkip, Objective: time.Hour,
		Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 * * * *", Keep: policy.Keep{Count: 3}}}}, policy.By{Actor: audit.Actor{Name: "test", Via: "command"}})
	if err != nil {
		t.Fatal(err)
	}
	promising := policy.Promising{Policies: h.DB.Policies(), Sets: c, Now: h.Now, Instances: func(context.Context) ([]endpoint.Instance, error) {
		return []endpoint.Instance{{ID: "left", Kind: sqlserver.InstanceKind}}, nil
	}}
	if err := promising.Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Get("/").Sees(200, "Not protected", "shop", "late", "older than the objective of 1 h", "Its policy", "of 1 database")
	b.Get("/protection?show=late").Sees(200, "shop", "Late 1")
	b.Get("/protection?show=no").Sees(422, "none of the lists")
	b.Get("/policies/"+p.ID).Sees(200, "shop", "late")

	// A person says that nobody needs backups of it, and takes it back.
	page, form := "/instances/left/database?name=shop", "/instances/left/database/waiver"
	until := h.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly)
	b.Get(page).Sees(200, "Not needed…")
	b.Get(form+"?name=shop").Sees(200, "shop needs no backups", "At most a year from now")
	b.Submit(form, "why", "", "until", until).Sees(422, "It has no reason.")
	b.Submit(form, "why", "moved away", "until", "soon").Sees(422, "is not a day")
	b.Submit(form, "why", "moved away", "until", "2199-01-01").Sees(422, "more than a year away")
	b.Submit(form, "why", "moved away", "until", until).Sees(200, "Nobody is told of missing backups of shop", "Not needed until", "said that it needs no backups: moved away.", "It is needed again")
	b.Get("/").Sees(200, "Every database that is known is protected as promised", "1 not needed")
	b.Get("/protection?show=not-needed").Sees(200, "shop", "moved away", "Not needed 1")
	b.Get("/audit").Sees(200, "Said that shop needs no backups until "+until+": moved away.")
	r := h.ProgramOf(t, personOf(t, h))
	var said struct {
		Items []struct {
			Database  string
			Late      bool
			NotNeeded *struct{ Why, By string } `json:"not_needed"`
		}
	}
	r.Ask("GET", "/api/v1/protections?show=not-needed", nil, 200, &said)
	if len(said.Items) != 1 || said.Items[0].Late || said.Items[0].NotNeeded == nil || said.Items[0].NotNeeded.Why != "moved away" {
		t.Errorf("%+v", said)
	}
	r.Ask("DELETE", "/api/v1/instances/left/waiver?database=shop", nil, 204, nil)
	r.Ask("DELETE", "/api/v1/instances/left/waiver?database=shop", nil, 409, nil)
	b.Get("/protection?show=late").Sees(200, "shop", "Late 1")
	r.Ask("PUT", "/api/v1/instances/left/waiver", map[string]string{"database": "nothing", "why": "x", "until": until}, 404, nil)
	r.Ask("PUT", "/api/v1/instances/left/waiver", map[string]string{"database": "shop", "why": "moved", "until": until}, 200, nil)
	b.Get(page).Submit(form+"?name=shop&needed=1").Sees(200, "Backups of shop are needed again.")
	if err := c.Put(t.Context(), []backup.Record{record("", "shop", backup.Full, now, 11)}); err != nil {
		t.Fatal(err)
	}
	b.Get("/").Sees(200, "Every database that is known is protected as promised")

	var tally map[string]int64
	q := r
	q.Ask("GET", "/api/v1/protections/tally", nil, 200, &tally)
	if tally["databases"] != 1 || tally["late"] != 0 {
		t.Errorf("%v", tally)
	}
	var one struct {
		Name  string
		Rules []struct{ Cron string }
	}
	q.Ask("GET", "/api/v1/policies/"+p.ID, nil, 200, &one)
	if one.Name != "Hourly" || len(one.Rules) != 1 || one.Rules[0].Cron != "0 * * * *" {
		t.Errorf("%+v", one)
	}
	var review struct {
		Findings []struct {
			Field string
			Bars  bool
		}
	}
	q.Ask("POST", "/api/v1/policies/review", map[string]any{"name": "x", "servers": []string{"left"}, "zone": "Nowhere", "missed": "skip"}, 200, &review)
	barred := map[string]bool{}
	for _, f := range review.Findings {
		barred[f.Field] = f.Bars
	}
	if !barred["zone"] || !barred["full.cron"] {
		t.Errorf("%+v", review)
	}
	q.Ask("POST", "/api/v1/policies", map[string]any{"name": "x", "servers": []string{"left"}, "zone": "Nowhere", "missed": "skip"}, 422, nil)
}

// personOf is the administrator who signed in.
func personOf(t *testing.T, h *servertest.House) string {
	t.Helper()
	p, err := h.DB.PersonNamed(t.Context(), servertest.AdminName)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}
