package migrations_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server/servertest"
)

const waveQuery = "?name=billing+weekend&server=source&instance=target&staging=staging&every=15m"

// TestAPersonMovesAWave walks from the list of waves to the printed report.
func TestAPersonMovesAWave(t *testing.T) {
	h := servertest.NewHouse(t)
	b := h.SignedIn(t)
	b.Get("/waves").Sees(200, "No waves yet.").Follow("New wave").Sees(200, "There is no SQL Server to migrate from yet.")
	f := h.Fleet(t, "billing", "crm", "hr")
	f.Sources["hr"].State = "OFFLINE"
	b.Get("/migrations").Follow("Waves").Follow("New wave").Sees(200, "billing", "64.0 MB", "FULL", "offline", "Select all", "A wave of databases")
	b.Submit("/waves/new/checks", "name", "x").Sees(422, "No database is chosen.")
	b.Get("/waves/new"+waveQuery+"&pick=all").Submit("/waves/new/checks", "name", "").Sees(422, "The wave has no name.")

	// hr is not online and cannot be ticked; an address may name it all the same.
	b.Get("/waves/new/checks"+waveQuery+"&database=billing&database=hr&database=crm&database=billing&database=gone").
		Sees(200, "2 can start, 2 cannot.", "Left out as things stand: hr, gone.", "There is no database gone.", "left out", "can start", "Start 2 migrations", "What will be done")
	b.Submit("/waves").Sees(200, "The wave has begun with 2 databases.", "Left out: hr", "billing weekend", "billing", "crm")
	page := b.At.Path
	b.Follow("crm").Follow("billing weekend")
	b.Until("all following").Sees(200, "2 of 2", "ready for the cutover", "Behind at most", "2.0 MB of log")
	b.Get("/waves").Until("2 following").Sees(200, "billing weekend", "2 databases") // their differentials may be on their way
	b.Do("POST", "/waves", strings.TrimPrefix(waveQuery, "?")+"&database=crm&database=billing").Sees(422, "None of them can start yet.", "crm is being migrated to this instance already.")
	b.Get("/waves/new/checks"+waveQuery+"&database=crm").Sees(200, "crm is being migrated to this instance already.", "None of them can start yet.")

	b.Get(page + "/cutover").Until("≈")
	b.Get(page).Follow("Cut over…").Sees(200, "Cut over billing weekend", "The gate: the target's last LSN must be that of the tail.", "Writes stop at most", "≈", "Type billing weekend to confirm", "tail")
	b.Submit(page+"/cutover", "confirm", "billing").Sees(422, "The name typed is not billing weekend.")
	b.Submit(page+"/cutover", "confirm", "billing weekend").Sees(200, "Ordered: the cutover of 2 databases begins.")
	b.Until("all open").Sees(200, "Writes stopped at most", "Writes were stopped for")
	b.Get(page+"/cutover").Sees(200, "It cannot be cut over now.")
	b.Get(page).Follow("Report").Sees(200, "Report of billing weekend", "billing on SQL1", "Hangzhou (rm-test1hangzhou)", "Writes were stopped for", "First and last LSN", "tail ends at LSN", "and the target applied it", "DBCC CHECKDB", "Logins", "EXEC [database].sys.sp_updatestats")
	for _, name := range []string{"billing", "crm"} {
		f.Sources[name].With(func() {
			if s := f.Sources[name].State; s != "RESTORING" {
				t.Errorf("%s is %s after the cutover", name, s)
			}
		})
	}
}

// TestAWaveWaitsForItsLast shows that the joint cutover is all or none.
func TestAWaveWaitsForItsLast(t *testing.T) {
	h := servertest.NewHouse(t)
	f := h.Fleet(t, "billing", "crm")
	f.Sources["crm"].Refuses = fault.New(fault.Invalid, "Cannot open backup device.", "Let the service account write to the folder.")
	p := h.Program(t)
	request := map[string]any{"name": "billing weekend", "server": "source", "databases": []string{"billing", "crm", "nothing"}, "instance": "target", "staging": "staging", "every": "15m"}
	type result struct{ Database, ID, Error, Fix string }
	var begun struct {
		ID        string
		Databases []result
	}
	p.Ask("POST", "/api/v1/waves", map[string]any{"name": "x", "server": "source", "databases": []string{}, "instance": "target", "staging": "staging"}, 422, nil)
	p.Ask("POST", "/api/v1/waves", request, 201, &begun)
	if ds := begun.Databases; len(ds) != 3 || ds[0].ID == "" || ds[0].Error != "" || ds[1].ID == "" || ds[2].ID != "" || ds[2].Error != "There is no database nothing." {
		t.Fatalf("%+v", begun)
	}
	var refused struct {
		Error, Kind string
		Databases   []result
	}
	p.Ask("POST", "/api/v1/waves", request, 422, &refused)
	if len(refused.Databases) != 3 || !strings.Contains(refused.Databases[0].Error, "already") {
		t.Errorf("%+v", refused)
	}
	var w struct {
		Total, Following, Open int
		Needs                  int `json:"need_a_person"`
		Ready                  bool
		Members                []struct {
			Database, Stage string
			Behind          float64 `json:"behind_seconds"`
			Waiting         int64   `json:"log_bytes_since_backup"`
			NotReady        string  `json:"not_ready"`
			Measured        *struct {
				Total float64 `json:"total_seconds"`
			}
		}
	}
	wait := func(what string, met func() bool) {
		t.Helper()
		deadline := time.Now().Add(5 * time.Minute)
		look := func() {
			w.Members = nil
			p.Ask("GET", "/api/v1/waves/"+begun.ID, nil, 200, &w)
		}
		for look(); !met(); look() {
			if time.Now().After(deadline) {
				t.Fatalf("it never came to this: %s: %+v", what, w)
			}
			h.ANotice()
		}
	}
	wait("one follows, one needs a person", func() bool { return w.Following == 1 && w.Needs == 1 })
	if w.Ready || w.Total != 2 || w.Members[0].Database != "billing" || w.Members[0].NotReady != "" || w.Members[0].Waiting != 2<<20 || w.Members[0].Behind <= 0 || w.Members[1].NotReady == "" {
		t.Errorf("%+v", w)
	}
	refused.Databases = nil
	p.Ask("POST", "/api/v1/waves/"+begun.ID+"/cutover", nil, 409, &refused)
	if refused.Kind != "conflict" || len(refused.Databases) != 2 || refused.Databases[0].ID == "" || refused.Error == "" {
		t.Errorf("%+v", refused)
	}
	for _, d := range refused.Databases {
		if (d.Database == "crm") != (d.Error != "") {
			t.Errorf("%+v", d)
		}
	}
	f.Sources["billing"].With(func() {
		if s := f.Sources["billing"].State; s != "ONLINE" {
			t.Errorf("billing is %s although the order was refused", s)
		}
	})
	f.Sources["crm"].With(func() { f.Sources["crm"].Refuses = nil })
	p.Ask("POST", "/api/v1/migrations/"+begun.Databases[1].ID+"/retry", nil, 202, nil)
	wait("both follow", func() bool { return w.Following == 2 && w.Ready })
	p.Ask("POST", "/api/v1/waves/"+begun.ID+"/cutover", nil, 202, nil)
	wait("both are open", func() bool { return w.Open == 2 })
	for _, m := range w.Members {
		if m.Measured == nil || m.Measured.Total <= 0 {
			t.Errorf("%+v", m)
		}
	}
	var list struct {
		Items []struct {
			Name        string
			Total, Open int
		}
	}
	p.Ask("GET", "/api/v1/waves", nil, 200, &list)
	if len(list.Items) != 1 || list.Items[0].Open != 2 || list.Items[0].Total != 2 {
		t.Errorf("%+v", list)
	}
	p.Ask("GET", "/api/v1/waves/none", nil, 404, nil)
	p.Ask("POST", "/api/v1/waves/none/cutover", nil, 404, nil)
}

// TestFiftyDatabasesKeepToTheCaps takes a wave of fifty to its joint cutover:
// the server is never asked for more backups at once than allowed (tails do not
// wait for their turn, writes stand still), the
// instance never holds more files than allowed, and nobody is left behind.
func TestFiftyDatabasesKeepToTheCaps(t *testing.T) {
	if testing.Short() {
		t.Skip("a long journey")
	}
	const databases, backups, restores = 50, 3, 5
	h := servertest.NewHouseWith(t, 64, migration.Rules{Restores: restores}, migration.Caps{Backups: backups, Uploads: 4})
	var names []string
	q := url.Values{"name": {"fifty"}, "server": {"source"}, "instance": {"target"}, "staging": {"staging"}, "every": {"1h"}}
	for i := range databases {
		names = append(names, fmt.Sprintf("db%02d", i))
	}
	q["database"] = names
	f := h.Fleet(t, names...)
	f.SourceBackups = 5 * time.Millisecond

	var mu sync.Mutex
	held, cutting := 0, false
	h.Ports.Count(func() {
		mu.Lock()
		defer mu.Unlock()
		if !cutting { // a frozen source does not wait for its turn
			held = max(held, h.AtTheInstance())
		}
	})
	b := h.SignedIn(t)
	b.Get("/waves/new/checks?"+q.Encode()).Sees(200, "50 databases", "Start 50 migrations").Submit("/waves").Sees(200, "The wave has begun with 50 databases.")
	page := b.At.Path
	b.Until("all following").Sees(200, "50 of 50")
	mu.Lock()
	if held > restores || held < 2 {
		t.Errorf("the instance held %d files at once, want 2 to %d", held, restores)
	}
	cutting = true
	mu.Unlock()
	b.Get(page+"/cutover").Submit(page+"/cutover", "confirm", "fifty").Sees(200, "Ordered: the cutover of 50 databases begins.").Until("all open")
	f.Mu.Lock()
	if f.Most > backups || f.Most < 2 {
		t.Errorf("%d backups at once, want 2 to %d", f.Most, backups)
	}
	f.Mu.Unlock()
	left := 0
	for _, name := range names {
		f.Sources[name].With(func() {
			if s := f.Sources[name]; s.State != "RESTORING" || len(s.Rows) < 3 {
				t.Errorf("%s: %s after %d backups", name, s.State, len(s.Rows))
				left++
			}
		})
	}
	// Read by cmd/bench.
	t.Logf("WAVE open=%d backups=%d backups_cap=%d files=%d files_cap=%d", databases-left, f.Most, backups, held, restores)
}
