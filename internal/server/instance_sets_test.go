package server_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/bakplane/bakplane/internal/backup"
)

func TestABackupByHandRunsToItsEnd(t *testing.T) {
	h := newHouse(t)
	h.backedUp(t)
	b := h.signedIn(t)
	b.get("/instances/target/logs").submit("/instances/target/look").sees(200, "asked just now")
	b.get("/instances/target/backup").sees(200, "of 20", "Now it would be", "CreateBackup", "BackupType=FullBackup", "The whole instance")
	b.submit("/instances/target/backup", "scope", "databases").sees(422, "No database is chosen.", "crm", "shop")
	b.submit("/instances/target/backup", "databases", "shop", "retention", "3").sees(422, "7 to 730")
	b.submit("/instances/target/backup", "databases", "shop", "retention", "30").sees(200, "The backup is ordered.", "1 database of Hangzhou")
	b.until("done")
	b.get("/instances/target/sets").submit("/instances/target/look")
	manual := true
	made := h.sets(t, backup.RecordFilter{Manual: &manual})
	if len(made) != 1 || made[0].Cloud.Expires.Before(time.Now().Add(29*24*time.Hour)) {
		t.Fatalf("%+v", made)
	}
	b.get("/instances/target/tasks").sees(200, "Ordered here", "1 database of Hangzhou", "done")

	// Its expiry is moved later, never earlier; one of the policy's not at all.
	set := "/instances/target/sets/" + made[0].ID
	b.get(set).sees(200, "by hand", "UTC+8", "Change the expiry…").follow("Change the expiry…")
	b.submit(set+"/extend", "expiry", "2026-01-01 00:00:00").sees(422, "The expiry can only be moved later")
	later := made[0].Cloud.Expires.AddDate(0, 2, 0).UTC().Format(time.DateTime)
	b.submit(set+"/extend", "expiry", later).sees(200, "Read again, the service keeps it until "+later)
	byPolicy := h.sets(t, backup.RecordFilter{Kind: backup.Full})
	b.get("/instances/target/sets/"+byPolicy[len(byPolicy)-1].ID+"/extend").sees(200, "It was taken by the policy: only sets by hand can be kept longer.")
}

func TestSetsAreFoundByWhatTheyAre(t *testing.T) {
	h := newHouse(t)
	h.backedUp(t)
	b := h.signedIn(t)
	b.get("/instances/target/sets").sees(200, "No backup sets are known yet.").submit("/instances/target/look").sees(200, "FULL", "DIFF", "by the policy", "physical", "complete", "Full backups", "Size", "Duration")
	fulls := len(h.sets(t, backup.RecordFilter{Kind: backup.Full}))
	b.submit("/instances/target/sets", "type", "full").sees(200, "FULL")
	if n := strings.Count(b.text(), "FULL"); n != fulls {
		t.Errorf("%d full backups are listed, want %d", n, fulls)
	}
	b.get("/instances/target/sets").submit("/instances/target/sets", "mode", "manual").sees(200, "No set matches.")
	b.get("/instances/target/sets").submit("/instances/target/sets", "database", "nowhere").sees(200, "No set matches.")
	b.get("/instances/target/sets").submit("/instances/target/sets", "from", "yesterday").sees(422, `"yesterday" is not a time.`)
	b.get("/instances/target/sets/nothing").sees(404)
}

func TestLinksAreShownOnceAndKeptNowhere(t *testing.T) {
	h := newHouse(t)
	h.backedUp(t)
	b := h.signedIn(t)
	b.get("/instances/target/sets").submit("/instances/target/look")
	set := "/instances/target/sets/" + h.sets(t, backup.RecordFilter{Kind: backup.Full})[0].ID
	b.get(set).submit(set+"/links").sees(200, "Whoever has one of these links has the data.", "shown this once", "The service does not say until when.")
	link := ""
	each(b.page, func(n *html.Node) {
		if n.Data == "code" && strings.Contains(attr(n, "class"), "secretlink") {
			link = textOf(n)
		}
	})
	if !strings.Contains(link, "http") {
		t.Fatalf("no link: %s", b.text())
	}
	secret := strings.TrimSpace(link)
	if u, err := url.Parse(secret); err == nil && u.RawQuery != "" {
		secret = u.RawQuery
	}
	b.get("/audit").sees(200, "backup.links", "Asked for the download links of the backup set")
	for _, page := range []string{"/audit", set, "/runs"} {
		if b.get(page); strings.Contains(b.text(), secret) {
			t.Errorf("%s holds the link", page)
		}
	}
	if b.get(set + "/links"); b.code == 200 {
		t.Error("the links can be read again")
	}
}

func TestASetIsCopiedAndARuleMade(t *testing.T) {
	h := newHouse(t)
	h.backedUp(t)
	b := h.signedIn(t)
	b.get("/instances/target/sets").submit("/instances/target/look")
	r := h.sets(t, backup.RecordFilter{Kind: backup.Full})[0]
	set := "/instances/target/sets/" + r.ID
	b.get(set).follow("Copy…").sees(200, "SQL backups", "kept nowhere")
	b.submit(set+"/copy", "bucket", "files").sees(200, "The copy is ordered.").until("done")
	b.get(set).sees(200, "Copies", "SQL backups")
	found, err := filepath.Glob(filepath.Join(h.files, "*", "*", "*", "*"))
	if err != nil || len(found) == 0 {
		t.Errorf("no file in the folder: %v %v", found, err)
	}
	b.get("/instances/target/sets").follow("Copy rule").sees(200, "No set of this instance is copied by a rule.")
	b.submit("/instances/target/copies", "bucket", "files").sees(200, "New sets are copied from now on.")
	b.get("/instances/target/copies").sees(200, "are copied.").submit("/instances/target/copies", "bucket", "").sees(200, "copied no more")
}

func TestATimelineLeadsToARestoreToASecond(t *testing.T) {
	h := newHouse(t)
	h.backedUp(t)
	b := h.signedIn(t)
	b.get("/instances/target/logs").sees(200, "No log backups are known yet.").submit("/instances/target/look").sees(200, "Newest restorable moment", "Unbroken since", "can be restored", "Worst RPO reached", "30 min")
	at := time.Now().UTC().Add(-26 * time.Hour).Truncate(time.Second).Format(time.DateTime)
	b.submit("/instances/target/restore", "at", at).sees(200, "Into the instance", "shop")
	b.submit("/instances/target/restore/check", "at", "2020-01-01 00:00:00", "databases", "shop", "target", "second").sees(422, "Nothing can be restored to 2020-01-01")
	b.get("/instances/target/restore?at="+url.QueryEscape(at)).submit("/instances/target/restore/check", "databases", "shop", "target", "second", "suffix", "_monday")
	b.sees(200, "CopyDatabaseBetweenInstances", "RestoreTime="+strings.Replace(at, " ", "T", 1)+"Z", "shop becomes", "Type Second")
	b.submit("/instances/target/restore", "confirm", "Hangzhou").sees(422, "The name of the target does not match.")
	b.submit("/instances/target/restore", "confirm", "Second").sees(200, "The restore is ordered.").until("done")
	if in, _ := h.rds.Instance("rm-test2hangzhou"); in.Databases["shop_monday"] == nil {
		t.Errorf("the second instance holds %v", in.Databases)
	}
	b.get("/instances/target/restore/check?at="+url.QueryEscape(at)+"&databases=shop&target=second&suffix=_monday").sees(200, "has a database of this name already")
}

func TestAProgramReadsAndOrdersBackups(t *testing.T) {
	h := newHouse(t)
	h.backedUp(t)
	p := h.program(t)
	base := "/api/v1/instances/target"
	p.ask("POST", base+"/look", nil, 204, nil)
	var sets struct {
		Items []struct{ ID, Kind, State string }
		Next  string
	}
	p.ask("GET", base+"/sets?type=full&method=physical", nil, 200, &sets)
	for _, one := range sets.Items {
		if one.Kind != "full" || one.State != "complete" {
			t.Errorf("%+v", one)
		}
	}
	p.ask("GET", base+"/sets?limit=1", nil, 200, &sets)
	if len(sets.Items) != 1 || sets.Next == "" {
		t.Fatalf("%+v", sets)
	}
	first := sets.Items[0].ID
	sets.Next = strings.TrimPrefix(sets.Next, h.URL)
	next := sets.Next
	p.ask("GET", next, nil, 200, &sets)
	if len(sets.Items) != 1 || sets.Items[0].ID == first {
		t.Errorf("the second page is %+v", sets)
	}
	p.ask("GET", base+"/sets?type=tail", nil, 422, nil)
	var links struct {
		Items []struct{ Public string }
	}
	p.ask("POST", base+"/sets/"+first+"/links", nil, 200, &links)
	if len(links.Items) == 0 || links.Items[0].Public == "" {
		t.Errorf("%+v", links)
	}
	p.ask("POST", base+"/sets/"+first+"/extend", map[string]any{"until": time.Now().AddDate(1, 0, 0)}, 422, nil)
	var windows struct {
		Items []struct{ From, To time.Time }
	}
	p.ask("GET", base+"/windows", nil, 200, &windows)
	if len(windows.Items) == 0 || !windows.Items[0].To.After(windows.Items[0].From) {
		t.Errorf("%+v", windows)
	}
	var r struct{ ID, Kind string }
	p.ask("POST", base+"/backups", map[string]any{"databases": []string{"shop"}, "retention_days": 3}, 422, nil)
	p.ask("POST", base+"/backups", map[string]any{"databases": []string{"shop"}, "retention_days": 30}, 202, &r)
	if r.Kind != "cloudbackup" {
		t.Errorf("%+v", r)
	}
	p.ask("GET", base+"/tasks", nil, 200, nil)
	p.ask("GET", base+"/logs?limit=5", nil, 200, nil)
	p.ask("POST", base+"/restores", map[string]any{"at": windows.Items[0].To, "target": "second", "databases": map[string]string{"shop": "shop_2"}, "confirm": "wrong"}, 422, nil)
	p.ask("POST", base+"/restores", map[string]any{"at": windows.Items[0].To.Format(time.RFC3339), "target": "second", "databases": map[string]string{"shop": "shop_2"}, "confirm": "Second"}, 202, &r)
	p.ask("GET", "/api/v1/instances/none/sets", nil, 404, nil)
	var rule struct{ Bucket string }
	p.ask("PUT", base+"/copy-rule", map[string]any{"bucket": "files"}, 200, &rule)
	if rule.Bucket != "files" {
		t.Errorf("%+v", rule)
	}
	var advanced struct {
		On, Writable bool
		Why          string
	}
	p.ask("GET", base+"/policy/advanced", nil, 200, &advanced)
	if advanced.On || advanced.Writable || advanced.Why == "" {
		t.Errorf("%+v", advanced)
	}
	p.ask("PUT", base+"/policy/advanced", map[string]any{"hour": 3}, 422, nil)
}
