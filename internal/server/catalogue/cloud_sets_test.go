package catalogue_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

func TestABackupByHandRunsToItsEnd(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get("/instances/target/logs").Submit("/instances/target/look").Sees(200, "asked just now")
	b.Get("/instances/target/backup").Sees(200, "of 20", "Now it would be", "CreateBackup", "BackupType=FullBackup", "The whole instance")
	b.Submit("/instances/target/backup", "scope", "databases").Sees(422, "No database is chosen.", "crm", "shop")
	b.Submit("/instances/target/backup", "databases", "shop", "retention", "3").Sees(422, "7 to 730")
	b.Submit("/instances/target/backup", "databases", "shop", "retention", "30").Sees(200, "The backup is ordered.", "1 database of Hangzhou")
	b.Until("done")
	b.Get("/instances/target/sets").Submit("/instances/target/look")
	manual := true
	made := h.Sets(t, backup.RecordFilter{Manual: &manual})
	if len(made) != 1 || made[0].Cloud.Expires.Before(time.Now().Add(29*24*time.Hour)) {
		t.Fatalf("%+v", made)
	}
	b.Get("/instances/target/tasks").Sees(200, "Ordered here", "1 database of Hangzhou", "done")

	// Its expiry is moved later, never earlier; one of the policy's not at all.
	set := "/instances/target/sets/" + made[0].ID
	b.Get(set).Sees(200, "by hand", "UTC+8", "Change the expiry…").Follow("Change the expiry…")
	b.Submit(set+"/extend", "expiry", "2026-01-01 00:00:00").Sees(422, "The expiry can only be moved later")
	b.Submit(set+"/extend", "expiry", "9999-01-01 00:00:00").Sees(422, "and the expiry can never be moved back", "Keep it until then")
	b.Get(set+"/extend?until=2031-01-01+00:00:30").Sees(200, "2031-01-01 00:01:00 UTC", "2031-01-01T00:01Z")
	later := made[0].Cloud.Expires.AddDate(0, 2, 0).UTC().Truncate(time.Minute).Format(time.DateTime)
	b.Submit(set+"/extend", "expiry", later).Sees(200, "Read again, the service keeps it until "+later)
	byPolicy := h.Sets(t, backup.RecordFilter{Kind: backup.Full})
	b.Get("/instances/target/sets/"+byPolicy[len(byPolicy)-1].ID+"/extend").Sees(200, "It was taken by the policy: only sets by hand can be kept longer.")
}

func TestSetsAreFoundByWhatTheyAre(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get("/instances/target/sets").Sees(200, "No backup sets are known yet.").Submit("/instances/target/look").Sees(200, "FULL", "DIFF", "by the policy", "physical", "complete", "Full backups", "Size", "Duration")
	fulls := len(h.Sets(t, backup.RecordFilter{Kind: backup.Full}))
	b.Submit("/instances/target/sets", "type", "full").Sees(200, "FULL")
	if n := strings.Count(b.Text(), "FULL"); n != fulls {
		t.Errorf("%d full backups are listed, want %d", n, fulls)
	}
	b.Get("/instances/target/sets").Submit("/instances/target/sets", "mode", "manual").Sees(200, "No set matches.")
	b.Get("/instances/target/sets").Submit("/instances/target/sets", "database", "nowhere").Sees(200, "No set matches.")
	b.Get("/instances/target/sets").Submit("/instances/target/sets", "from", "yesterday").Sees(422, `"yesterday" is not a time.`)
	b.Get("/instances/target/sets/nothing").Sees(404)
}

func TestLinksAreShownOnceAndKeptNowhere(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get("/instances/target/sets").Submit("/instances/target/look")
	set := "/instances/target/sets/" + h.Sets(t, backup.RecordFilter{Kind: backup.Full})[0].ID
	b.Get(set).Submit(set+"/links").Sees(200, "Whoever has one of these links has the data.", "shown this once", "The service does not say until when.")
	link := ""
	servertest.Each(b.Page, func(n *html.Node) {
		if n.Data == "code" && strings.Contains(servertest.Attr(n, "class"), "secretlink") {
			link = servertest.TextOf(n)
		}
	})
	if !strings.Contains(link, "http") {
		t.Fatalf("no link: %s", b.Text())
	}
	secret := strings.TrimSpace(link)
	if u, err := url.Parse(secret); err == nil && u.RawQuery != "" {
		secret = u.RawQuery
	}
	b.Get("/audit").Sees(200, "backup.links", "Asked for the download links of the backup set")
	for _, page := range []string{"/audit", set, "/runs"} {
		if b.Get(page); strings.Contains(b.Text(), secret) {
			t.Errorf("%s holds the link", page)
		}
	}
	if b.Get(set + "/links"); b.Code == 200 {
		t.Error("the links can be read again")
	}
}

func TestASetIsCopiedAndARuleMade(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get("/instances/target/sets").Submit("/instances/target/look")
	r := h.Sets(t, backup.RecordFilter{Kind: backup.Full})[0]
	set := "/instances/target/sets/" + r.ID
	b.Get(set).Follow("Copy…").Sees(200, "SQL backups", "kept nowhere")
	b.Submit(set+"/copy", "bucket", "files").Sees(200, "The copy is ordered.").Until("done")
	b.Get(set).Sees(200, "Copies", "SQL backups")
	found, err := filepath.Glob(filepath.Join(h.Files, "*", "*", "*", "*"))
	if err != nil || len(found) == 0 {
		t.Errorf("no file in the folder: %v %v", found, err)
	}
	b.Get("/instances/target/sets").Follow("Copy rule").Sees(200, "No set of this instance is copied by a rule.")
	b.Submit("/instances/target/copies", "bucket", "files").Sees(200, "New sets are copied from now on.")
	b.Get("/instances/target/copies").Sees(200, "are copied.").Submit("/instances/target/copies", "bucket", "").Sees(200, "copied no more")
}

func TestATimelineLeadsToARestoreToASecond(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get("/instances/target/logs").Sees(200, "No log backups are known yet.").Submit("/instances/target/look").Sees(200, "Newest restorable moment", "Unbroken since", "can be restored", "Worst RPO reached", "30 min")
	at := time.Now().UTC().Add(-26 * time.Hour).Truncate(time.Second).Format(time.DateTime)
	b.Submit("/instances/target/restore", "at", at).Sees(200, "Into the instance", "shop")
	b.Submit("/instances/target/restore/check", "at", "2020-01-01 00:00:00", "databases", "shop", "target", "second").Sees(422, "Nothing can be restored to 2020-01-01")
	b.Get("/instances/target/restore?at="+url.QueryEscape(at)).Submit("/instances/target/restore/check", "databases", "shop", "target", "second", "suffix", "_monday")
	b.Sees(200, "CopyDatabaseBetweenInstances", "RestoreTime="+strings.Replace(at, " ", "T", 1)+"Z", "shop becomes", "Type Second")
	b.Submit("/instances/target/restore", "confirm", "Hangzhou").Sees(422, "The name of the target does not match.")
	b.Submit("/instances/target/restore", "confirm", "Second").Sees(200, "The restore is ordered.").Until("done")
	if in, _ := h.RDS.Instance("rm-test2hangzhou"); in.Databases["shop_monday"] == nil {
		t.Errorf("the second instance holds %v", in.Databases)
	}
	b.Get("/instances/target/restore/check?at="+url.QueryEscape(at)+"&databases=shop&target=second&suffix=_monday").Sees(200, "has a database of this name already")
}

func TestAProgramReadsAndOrdersBackups(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	p := h.Program(t)
	base := "/api/v1/instances/target"
	p.Ask("POST", base+"/look", nil, 204, nil)
	var sets struct {
		Items []struct{ ID, Kind, State string }
		Next  string
	}
	p.Ask("GET", base+"/sets?type=full&method=physical", nil, 200, &sets)
	for _, one := range sets.Items {
		if one.Kind != "full" || one.State != "complete" {
			t.Errorf("%+v", one)
		}
	}
	p.Ask("GET", base+"/sets?limit=1", nil, 200, &sets)
	if len(sets.Items) != 1 || sets.Next == "" {
		t.Fatalf("%+v", sets)
	}
	first := sets.Items[0].ID
	sets.Next = strings.TrimPrefix(sets.Next, h.URL)
	next := sets.Next
	p.Ask("GET", next, nil, 200, &sets)
	if len(sets.Items) != 1 || sets.Items[0].ID == first {
		t.Errorf("the second page is %+v", sets)
	}
	p.Ask("GET", base+"/sets?type=tail", nil, 422, nil)
	var links struct {
		Items []struct{ Public string }
	}
	p.Ask("POST", base+"/sets/"+first+"/links", nil, 200, &links)
	if len(links.Items) == 0 || links.Items[0].Public == "" {
		t.Errorf("%+v", links)
	}
	p.Ask("POST", base+"/sets/"+first+"/extend", map[string]any{"until": time.Now().AddDate(1, 0, 0)}, 422, nil)
	var windows struct {
		Items []struct{ From, To time.Time }
	}
	p.Ask("GET", base+"/windows", nil, 200, &windows)
	if len(windows.Items) == 0 || !windows.Items[0].To.After(windows.Items[0].From) {
		t.Errorf("%+v", windows)
	}
	var r struct{ ID, Kind string }
	p.Ask("POST", base+"/backups", map[string]any{"databases": []string{"shop"}, "retention_days": 3}, 422, nil)
	p.Ask("POST", base+"/backups", map[string]any{"databases": []string{"shop"}, "retention_days": 30}, 202, &r)
	if r.Kind != "cloudbackup" {
		t.Errorf("%+v", r)
	}
	p.Ask("GET", base+"/tasks", nil, 200, nil)
	p.Ask("GET", base+"/logs?limit=5", nil, 200, nil)
	p.Ask("POST", base+"/restores", map[string]any{"at": windows.Items[0].To, "target": "second", "databases": map[string]string{"shop": "shop_2"}, "confirm": "wrong"}, 422, nil)
	p.Ask("POST", base+"/restores", map[string]any{"at": windows.Items[0].To.Format(time.RFC3339), "target": "second", "databases": map[string]string{"shop": "shop_2"}, "confirm": "Second"}, 202, &r)
	p.Ask("GET", "/api/v1/instances/none/sets", nil, 404, nil)
	var rule struct{ Bucket string }
	p.Ask("PUT", base+"/copy-rule", map[string]any{"bucket": "files"}, 200, &rule)
	if rule.Bucket != "files" {
		t.Errorf("%+v", rule)
	}
	var advanced struct {
		On, Writable bool
		Why          string
	}
	p.Ask("GET", base+"/policy/advanced", nil, 200, &advanced)
	if advanced.On || advanced.Writable || advanced.Why == "" {
		t.Errorf("%+v", advanced)
	}
	p.Ask("PUT", base+"/policy/advanced", map[string]any{"hour": 3}, 422, nil)
}

// TestADatabaseOfACloudHasTheSetsOfItsInstance, on its page, in filters and in
// windows, and a way to restore it.
func TestADatabaseOfACloudHasTheSetsOfItsInstance(t *testing.T) {
	h := servertest.NewHouse(t)
	h.BackedUp(t)
	b := h.SignedIn(t)
	b.Get("/instances/target/logs").Submit("/instances/target/look").Sees(200, "Newest restorable moment")
	b.Get("/instances/target/database?name=shop").Sees(200, "any second", "Chain whole")
	for _, wrong := range []string{"cannot be restored to any moment", "No backup set of it is known", "No full backup"} {
		if strings.Contains(b.Text(), wrong) {
			t.Errorf("the page of a healthy database says %q", wrong)
		}
	}
	b.Follow("All sets of it").Sees(200, "LOG whole instance")
	if strings.Contains(b.Text(), "No backup set") {
		t.Error("the filter leaves the sets of the instance out")
	}
	b.Get("/instances/target/database?name=shop").Follow("Restore").Sees(200, "Into the instance", "shop")
	p := h.ProgramOf(t, "admin")
	var sets struct{ Items []struct{ ID string } }
	p.Ask("GET", "/api/v1/sets?instance=target&database=shop", nil, 200, &sets)
	if len(sets.Items) == 0 {
		t.Error("the API leaves the sets of the instance out")
	}
}
